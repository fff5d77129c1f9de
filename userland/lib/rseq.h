/*
 * rseq.h - a restartable sequence, for tests
 */
#pragma once
#include "check.h"
#include <linux/rseq.h>

enum { SIGNATURE = 0xd428bc00, COMMITTED = 1, ABORTED = 2, RSEQ_SIZE = 32 };

/*
 * The critical section: makes the system call `nr` (none below 0), then waits while *spin is not zero.
 * The word before the address of abort is the signature.
 */
extern long critical(struct rseq *rseq, struct rseq_cs *cs, long nr, volatile int *spin, const void *argument);
extern char critical_start[], critical_end[], critical_abort[];
__asm__(".text\n"
        "critical:\n"
        "  str x1, [x0, #8]\n" // rseq_cs: from here on
        "critical_start:\n"
        "  tbnz x2, #63, 1f\n"
        "  mov x8, x2\n"
        "  mov x0, x4\n"
        "  mov x1, #0\n"
        "  svc #0\n"
        "1: ldr w9, [x3]\n"
        "  cbnz w9, 1b\n"
        "critical_end:\n" //       the commit is done: too late to abort
        "  mov x0, #1\n"
        "  ret\n"
        "  .inst 0xd428bc00\n"
        "critical_abort:\n"
        "  mov x0, #2\n"
        "  ret\n");

static inline struct rseq_cs section(void) {
  return (struct rseq_cs){.start_ip = (unsigned long)critical_start,
                          .post_commit_offset = (unsigned long)(critical_end - critical_start),
                          .abort_ip = (unsigned long)critical_abort};
}

static inline long rseq(const void *at, unsigned length, int flags, unsigned signature) {
  return syscall(__NR_rseq, at, length, flags, signature);
}

static struct rseq mine __attribute__((aligned(32)));
static struct rseq_cs cs __attribute__((aligned(32)));
static volatile int spin;

static inline void register_mine(void) {
  rseq(&mine, RSEQ_SIZE, 0, SIGNATURE);
  cs = section();
}

/* SIGALRM in so many milliseconds of real time. */
static inline void alarm_ms(long ms) {
  struct { struct { long sec, usec; } interval, value; } timer = {{0, 0}, {0, ms * 1000}};
  syscall(__NR_setitimer, 0, &timer, NULL);
}
