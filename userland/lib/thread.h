/*
 * thread.h - threads for tests: clone(2) as it is, and futexes to wait for them
 */
#pragma once
#include "lib.h"

enum { THREAD_STACK = 65536 };
#define THREAD_FLAGS (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM)

/*
 * The new thread starts with the parent's registers but with the stack that was given, so it must not return
 * through the parent's frames: it calls the function and ends.
 */
extern long clone_on_stack(unsigned long flags, void *top, void (*run)(void), volatile int *tid, unsigned long tls);
__asm__(".text\n"
        ".globl clone_on_stack\n"
        "clone_on_stack:\n"
        "  mov x9, x2\n" //   the function
        "  mov x2, x3\n" //   parent_tid
        "  mov x10, x4\n"
        "  mov x4, x3\n" //   child_tid
        "  mov x3, x10\n" //  tls
        "  mov x8, #220\n" // clone
        "  svc #0\n"
        "  cbz x0, 1f\n"
        "  ret\n"
        "1: blr x9\n"
        "  mov x0, #0\n"
        "  mov x8, #93\n" // exit: this thread only
        "  svc #0\n");

/* Its number, or an errno. The stack is never given back: tests are short. */
static inline long start_thread(void (*run)(void), unsigned long flags, volatile int *tid, unsigned long tls) {
  char *stack = mmap(NULL, THREAD_STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return clone_on_stack(THREAD_FLAGS | flags, stack + THREAD_STACK, run, tid, tls);
}

static inline long futex(volatile int *at, int operation, long value, const struct timespec *timeout) {
  return syscall(__NR_futex, at, operation, value, timeout, NULL, 0);
}

/* Until the kernel has cleared the word of a thread with CLONE_CHILD_CLEARTID. */
static inline void wait_until_zero(volatile int *tid) {
  for (int value; (value = *tid);) futex(tid, FUTEX_WAIT, value, NULL);
}
