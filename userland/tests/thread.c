/*
 * thread.c - threads made with clone
 *
 * Linux: kernel/fork.c, kernel/exit.c, kernel/signal.c
 */
#include "check.h"
#include "thread.h"

static volatile int ready, result, thread_id, got_signal;
static long main_tid;

static void look_around(void) {
  unsigned long tls;
  __asm__("mrs %0, tpidr_el0" : "=r"(tls));
  result = getpid() == main_tid && gettid() != main_tid && gettid() == thread_id && tls == 0x1230 ? 1 : 2;
  chdir("/tmp");
}

static void check_start(void) {
  char path[64];
  long tid = start_thread(look_around, CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID, &thread_id, 0x1230);
  check(tid > 0 && tid != main_tid, "clone makes a thread with a number of its own");
  wait_until_zero(&thread_id);
  check_is(result, 1, "it has its process's number, its own thread number, and the TLS pointer it was given");
  check_is(thread_id, 0, "at its end CLONE_CHILD_CLEARTID clears a word, and wakes who waits there");
  getcwd(path, sizeof(path));
  check(strcmp(path, "/tmp") == 0, "with CLONE_FS the working directory is shared");
  check_is(wait4(-1, NULL, __WALL, NULL), -ECHILD, "a thread is nobody's child");
  check_is(syscall(__NR_clone, CLONE_THREAD | SIGCHLD, 0), -EINVAL, "CLONE_THREAD needs CLONE_SIGHAND");
  check_is(syscall(__NR_clone, CLONE_SIGHAND | SIGCHLD, 0), -EINVAL, "and that needs CLONE_VM");
}

static void on_signal(int sig) { got_signal = sig ? (int)gettid() : 0; }

static void wait_for_signal(void) {
  ready++;
  while (!got_signal) sleep_ms(1);
}

static void check_signals(void) {
  ready = got_signal = 0;
  thread_id = 1;
  set_signal(SIGUSR1, on_signal, 0);
  long tid = start_thread(wait_for_signal, CLONE_CHILD_CLEARTID, &thread_id, 0);
  while (!ready) sleep_ms(1);
  check_is(tgkill((pid_t)main_tid, (pid_t)tid, SIGUSR1), 0, "a signal can go to one thread");
  wait_until_zero(&thread_id);
  check_is(got_signal, tid, "which runs the handler");

  sigset_t usr1 = signal_set(SIGUSR1);
  ready = got_signal = 0;
  thread_id = 1;
  tid = start_thread(wait_for_signal, CLONE_CHILD_CLEARTID, &thread_id, 0);
  while (!ready) sleep_ms(1);
  rt_sigprocmask(SIG_BLOCK, &usr1, NULL); // in this thread only
  kill((pid_t)main_tid, SIGUSR1);
  wait_until_zero(&thread_id);
  check_is(got_signal, tid, "a signal to the process goes to a thread that does not block it");
}

static void sleep_long(void) { sleep_ms(10000); }
static void end_process(void) { exit(3); }
static void crash(void) { *(volatile int *)16 = 1; }

static void leave_by_group(void) {
  start_thread(sleep_long, 0, &thread_id, 0);
  start_thread(end_process, 0, &thread_id, 0);
  sleep_ms(5000);
}

static void leave_alone(void) {
  start_thread(sleep_long, 0, &thread_id, 0);
  start_thread(end_process, 0, &thread_id, 0);
  syscall(__NR_exit, 0); // the first thread ends, the process does not
}

static void crash_in_thread(void) {
  start_thread(crash, 0, &thread_id, 0);
  sleep_ms(5000);
}

static void exec_in_thread(void) {
  char *argv[] = {"exit5", NULL};
  execve("/proc/self/exe", argv, environ);
}

static void exec_from_thread(void) {
  start_thread(exec_in_thread, 0, &thread_id, 0);
  sleep_ms(5000);
}

int main(int argc, char **argv) {
  if (argc == 1 && strcmp(argv[0], "exit5") == 0) return getpid() == gettid() ? 5 : 6;
  main_tid = getpid();
  check_start();
  check_signals();
  check_is(in_child(leave_by_group), 3 << 8, "exit_group of one thread ends all");
  check_is(in_child(leave_alone), 3 << 8, "exit of the first thread does not end the process");
  check_is(in_child(crash_in_thread), SIGSEGV, "a fault of one thread ends all");
  check_is(in_child(exec_from_thread), 5 << 8, "execve of one thread ends the others, and it takes the process's number");
  return checked();
}
