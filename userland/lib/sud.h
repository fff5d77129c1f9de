/*
 * sud.h - Syscall User Dispatch, for tests
 *
 * Everything between arm() and disarm() is dispatched: a child's own checks must wait until then.
 */
#pragma once
#include "filter.h"

enum { OFF = 0, EXCLUSIVE = 1, INCLUSIVE = 2 };
enum { ALLOW = 0, BLOCK = 1 };

static volatile char selector;
static siginfo_t seen;
static struct sigcontext frame;
static int traps;
static bool keep_shut; // the handler returns with the gate shut

/* A system call whose address is known: its svc lies between stub_start and stub_end. */
extern long stub_call(long nr, long a, long b);
extern char stub_start[], stub_end[];
__asm__(".text\n"
        "stub_start:\n"
        "stub_call:\n"
        "  mov x8, x0\n"
        "  mov x0, x1\n"
        "  mov x1, x2\n"
        "  svc #0\n"
        "  ret\n"
        "stub_end:\n");

static inline long dispatch(long mode, long offset, long len, volatile void *at) {
  return prctl(PR_SET_SYSCALL_USER_DISPATCH, mode, offset, len, (long)at);
}

/* The foreign system: a call's answer is its number and its first argument. */
static inline void foreign_call(int sig, siginfo_t *info, void *context) {
  struct sigcontext *regs = &((struct ucontext *)context)->uc_mcontext;
  (void)sig;
  if (!keep_shut) selector = ALLOW;
  seen = *info;
  frame = *regs;
  traps++;
  regs->regs[0] += 1000 * regs->regs[8];
}

static inline long arm(long mode, long offset, long len, unsigned long handler_flags) {
  set_handler(SIGSYS, foreign_call, handler_flags);
  return dispatch(mode, offset, len, &selector);
}
static inline void disarm(void) {
  selector = ALLOW;
  dispatch(OFF, 0, 0, NULL);
}
