/*
 * sud-life.c - Syscall User Dispatch among forks, programs, tracers and filters
 *
 * Linux: kernel/entry/syscall_user_dispatch.c, kernel/fork.c, fs/exec.c
 */
#include "trace.h"
#include "sud.h"
#include "thread.h"

/* Is this task's getpid dispatched? The handler of the parent is still there. */
static long dispatched(void) {
  int before = traps;
  selector = BLOCK;
  syscall(__NR_getpid, 1);
  selector = ALLOW;
  return traps - before;
}
static long after_fork(void) {
  arm(EXCLUSIVE, 0, 0, 0);
  long child = try_in_child(dispatched), here = dispatched();
  return child * 10 + here;
}
static volatile int tid;
static volatile long threads_answer;
static void ask_in_thread(void) { threads_answer = dispatched(); }
static long after_clone(void) {
  arm(EXCLUSIVE, 0, 0, 0);
  tid = -1;
  start_thread(ask_in_thread, CLONE_CHILD_CLEARTID | CLONE_CHILD_SETTID, &tid, 0);
  wait_until_zero(&tid);
  return threads_answer * 10 + dispatched();
}
static void exec_armed(void) {
  arm(EXCLUSIVE, (long)stub_start, stub_end - stub_start, 0);
  dispatch(EXCLUSIVE, (long)stub_start, stub_end - stub_start, NULL); // all but the stub
  static char *args[] = {"again", "again", NULL};
  stub_call(__NR_execve, (long)"/proc/self/exe", (long)args); // and x2 is still that list
}

static long filtered(void) { // the filter kills what the dispatch must have kept from it
  install(0, LOAD_NR, IF_EQUAL(0x12345, 0, 1), ANSWER(SECCOMP_RET_KILL_PROCESS), IF_EQUAL(__NR_getuid, 0, 1),
          ANSWER(SECCOMP_RET_ERRNO | 9), ANSWER(SECCOMP_RET_ALLOW));
  arm(EXCLUSIVE, 0, 0, 0);
  selector = BLOCK;
  long got = stub_call(0x12345, 1, 0);
  disarm();
  return got == 0x12345 * 1000 + 1 && getuid() == -9;
}

static void one_foreign_call(void) {
  arm(EXCLUSIVE, 0, 0, 0);
  raise(SIGSTOP);
  selector = BLOCK;
  stub_call(0x12345, 1, 0);
  disarm();
  exit(traps == 1 ? 21 : 22);
}
/* Runs to the first stop after the call was dispatched. */
static void check_silence(long request, const char *first, const char *then) {
  long pid = tracee(one_foreign_call, SYSGOOD);
  run_to_stop(PTRACE_CONT, pid, 0);
  int status = run_to_stop(request, pid, 0);
  for (int i = 0; i < 4 && status == AT_SYSCALL && get_nr(pid) != 0x12345; i++) // raise()'s own way out
    status = run_to_stop(PTRACE_SYSCALL, pid, 0);
  siginfo_t info = get_siginfo(pid);
  check(status == (SIGSYS << 8 | 0x7f) && info.si_code == 2, first);
  check_is(run_to_stop(PTRACE_CONT, pid, SIGSYS), 21 << 8, then);
}

struct config { unsigned long mode, selector, offset, len; };
static long get_config(long pid, struct config *config, unsigned long size) {
  return ptrace(PTRACE_GET_SYSCALL_USER_DISPATCH_CONFIG, (pid_t)pid, size, config);
}
static long set_config(long pid, struct config config, unsigned long size) {
  return ptrace(PTRACE_SET_SYSCALL_USER_DISPATCH_CONFIG, (pid_t)pid, size, &config);
}
static void arm_inclusive(void) {
  dispatch(INCLUSIVE, 0x1000, 0x500, &selector);
  raise(SIGSTOP);
}
static void check_ptrace(void) {
  struct config config = {9, 9, 9, 9};
  long pid = tracee(arm_inclusive, 0);
  check_is(get_config(pid, &config, 32), 0, "check 238: a tracer reads the configuration");
  check(config.mode == 0 && config.selector == 0 && config.offset == 0 && config.len == 0, "check 238: off: all is zero");
  check_is(get_config(pid, &config, 31), -EINVAL, "check 238: it has 32 bytes");
  check_is(set_config(pid, config, 33), -EINVAL, "check 238: neither more nor less");
  check_is(get_config(pid, (void *)8, 32), -EFAULT, "check 238: and a place");
  check_is(set_config(pid, (struct config){1, (unsigned long)&selector, 0x10, 0x20}, 32), 0, "check 238: it can be set");
  get_config(pid, &config, 32);
  check(config.mode == 1 && config.selector == (unsigned long)&selector && config.offset == 0x10 && config.len == 0x20,
        "check 238: and read back");
  check_is(set_config(pid, (struct config){1, 0, 1, -1UL}, 32), -EINVAL, "check 238: with the checks of prctl");
  check_is(set_config(pid, (struct config){0, 0, 0, 0}, 32), 0, "check 238: and switched off");
  run_to_stop(PTRACE_CONT, pid, 0);
  get_config(pid, &config, 32);
  check(config.mode == 1 && config.offset == 0x1500 && config.len == -0x500UL, "check 239: INCLUSIVE reads as mode 1, inside out");
  check_is(set_config(pid, config, 32), -EINVAL, "check 239: which cannot be written back");
  end(pid);
}

int main(int argc, char **argv) {
  (void)argv;
  if (argc > 1) return getppid() > 0 ? 51 : 52;
  check_is(try_in_child(after_fork), 1, "check 234: a child does not inherit it");
  check_is(try_in_child(after_clone), 1, "check 234: nor does a thread");
  check_is(in_child(exec_armed), 51 << 8, "check 234: nor the next program");
  check_is(try_in_child(filtered), 1, "check 236: filters do not see a dispatched call");
  check_silence(PTRACE_SYSCALL, "check 235: a tracer of calls sees no stop but the signal's", "check 235: and the program goes on");
  check_silence(PTRACE_SYSEMU, "check 243: SYSEMU does not see it either", "check 243: and the program goes on");
  check_ptrace();
  return checked();
}
