/*
 * personality.c - a program of another system, served from user space
 *
 * Usage: personality
 *
 * Linux: kernel/entry/syscall_user_dispatch.c, Manual: Documentation/admin-guide/syscall-user-dispatch.rst
 *
 * To Linux, system call 4 is io_cancel; in Unix, Seventh Edition, it is write. When foreign code runs in a Linux
 * process, the number does not say whose call it is, but the address of the svc does. The kernel is told where the
 * foreign code lies, and gives every call from there back: as a signal, with all registers as they were. The handler
 * is the foreign system's kernel. It answers by changing the registers that the signal's return puts back.
 */
#include "lib.h"

#ifndef PR_SYS_DISPATCH_INCLUSIVE_ON
#define PR_SYS_DISPATCH_INCLUSIVE_ON 2
#endif

/* ---- Somebody else's program: everything in the section `foreign` ---- */

#define FOREIGN __attribute__((section("foreign"), noinline))
extern char __start_foreign[], __stop_foreign[]; // by the linker

enum { V7_EXIT = 1, V7_WRITE = 4, V7_TIME = 13, V7_GETPID = 20, V7_SYNC = 36, V7_NONE = 63 };

/* Its calling convention: the number in x8, as here; but an error is a set carry flag, and the errno in x0. */
static inline __attribute__((always_inline)) long v7(long nr, long a, long b, long c, bool *failed) {
  register long x8 __asm__("x8") = nr;
  register long x0 __asm__("x0") = a;
  register long x1 __asm__("x1") = b;
  register long x2 __asm__("x2") = c;
  long carry;
  __asm__ volatile("svc #0\n  cset %1, cs" : "+r"(x0), "=r"(carry) : "r"(x8), "r"(x1), "r"(x2) : "memory", "cc");
  *failed = carry;
  return x0;
}

FOREIGN static void foreign_program(void) {
  bool failed;
  char line[80];
  static const char hello[] = "hello from 1979\n";
  v7(V7_WRITE, 1, (long)hello, sizeof(hello) - 1, &failed);

  long later = v7(V7_TIME, 0, 0, 0, &failed) > 300000000;
  int n = snprintf(line, sizeof(line), "process %ld, %s\n", v7(V7_GETPID, 0, 0, 0, &failed), later ? "much later" : "in time");
  v7(V7_WRITE, 1, (long)line, n, &failed);

  long err = v7(V7_WRITE, 99, (long)hello, 1, &failed);
  n = snprintf(line, sizeof(line), "write to 99: %s %ld\n", failed ? "error" : "no error,", err);
  v7(V7_WRITE, 1, (long)line, n, &failed);

  err = v7(V7_NONE, 0, 0, 0, &failed);
  n = snprintf(line, sizeof(line), "call 63: %s %ld\n", failed ? "error" : "no error,", err);
  v7(V7_WRITE, 1, (long)line, n, &failed);
  v7(V7_EXIT, 7, 0, 0, &failed);
}

/* ---- Its kernel: a table of system calls ---- */

static int served;

static long v7_exit(__u64 *a) {
  printf("personality: %d foreign calls\n", served);
  exit((int)a[0]);
}
static long v7_write(__u64 *a) { return write((int)a[0], (void *)a[1], a[2]); }
static long v7_getpid(__u64 *a) { return (void)a, getpid(); }
static long v7_sync(__u64 *a) { return (void)a, sync(); }
static long v7_time(__u64 *a) {
  struct timespec now;
  (void)a;
  syscall(__NR_clock_gettime, CLOCK_REALTIME, &now);
  return now.tv_sec;
}

static long (*const calls[64])(__u64 *args) = {
    [V7_EXIT] = v7_exit, [V7_WRITE] = v7_write, [V7_TIME] = v7_time, [V7_GETPID] = v7_getpid, [V7_SYNC] = v7_sync};

enum { CARRY = 1 << 29 };

/* Our own calls, and the return from here, come from outside the foreign code: to Linux. */
static void foreign_kernel(int sig, siginfo_t *info, void *context) {
  struct sigcontext *regs = &((struct ucontext *)context)->uc_mcontext;
  unsigned long nr = (unsigned)info->si_syscall; // also in x8
  (void)sig;
  served++;
  long answer = nr < countof(calls) && calls[nr] ? calls[nr](regs->regs) : -EINVAL;
  regs->regs[0] = (unsigned long)(answer < 0 ? -answer : answer);
  regs->pstate = answer < 0 ? regs->pstate | CARRY : regs->pstate & ~(unsigned long)CARRY;
}

int main(void) {
  set_handler(SIGSYS, foreign_kernel, 0);
  // No selector: with one (a byte in our memory) the gate could be opened and shut without a system call.
  long err = prctl(PR_SET_SYSCALL_USER_DISPATCH, PR_SYS_DISPATCH_INCLUSIVE_ON, (long)__start_foreign,
                   __stop_foreign - __start_foreign, 0);
  if (err < 0) return complain("personality", "Syscall User Dispatch", (int)-err);
  foreign_program();
  return 1;
}
