/*
 * rseq-checked.c - a system call inside a critical section, where the kernel looks for it
 *
 * Linux: kernel/rseq.c (rseq_debug_syscall_return)
 * Guest: the kernel's command line has rseq_debug=1
 */
#include "rseq.h"
#include "trace.h"

static long section_with(long nr) {
  register_mine();
  return critical(&mine, &cs, nr, &spin, NULL);
}
static void calls(void) { exit((int)section_with(__NR_getppid)); }
static void computes(void) {
  long got = section_with(-1);
  getppid();
  exit((int)got);
}

/* At the exit of the call in the section. */
static long at_exit_inside(void) {
  long pid = tracee(calls, SYSGOOD);
  while (to_syscall(pid) == AT_SYSCALL && get_nr(pid) != __NR_getppid) {}
  check_is(to_syscall(pid), AT_SYSCALL, "a call in a section has its stop at the exit");
  return pid;
}

static void check_traced(void) {
  long pid = at_exit_inside();
  check_is(run_to_stop(PTRACE_CONT, pid, 0), SIGSEGV << 8 | 0x7f, "check 271: and then SIGSEGV");
  check_is(get_code(pid), 0x80, "check 271: which the kernel has sent");
  end(pid);

  pid = at_exit_inside();
  struct user_pt_regs regs = get_regs(pid);
  regs.pc = (unsigned long)critical_abort;
  put_regs(pid, &regs);
  check_is(run_to_stop(PTRACE_CONT, pid, 0), SIGSEGV << 8 | 0x7f, "check 271: even if the tracer leads it out of the section there");
  end(pid);
}

int main(void) {
  check_is(in_child(computes), COMMITTED << 8, "a section without a call commits, and a call behind it is none inside");
  check_is(in_child(calls) & 0x7f, SIGSEGV, "check 271: a call inside is SIGSEGV, traced or not");
  check_traced();
  return checked();
}
