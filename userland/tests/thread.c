/*
 * thread.c - threads made with clone, and futexes
 *
 * Linux: kernel/fork.c, kernel/futex/
 */
#include "check.h"

enum { STACK = 65536 };
#define THREAD (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM)

static volatile int word, ready, result, thread_id, got_signal;
static long main_tid;

/*
 * The new thread starts with the parent's registers but with the stack that was given, so it must not return
 * through the parent's frames: it calls the function and ends.
 */
extern long start_on_stack(unsigned long flags, void *top, void (*run)(void), volatile int *tid, unsigned long tls);
__asm__(".text\n"
        ".globl start_on_stack\n"
        "start_on_stack:\n"
        "  mov x9, x2\n" //  the function
        "  mov x2, x3\n" //  parent_tid
        "  mov x10, x4\n"
        "  mov x4, x3\n" //  child_tid
        "  mov x3, x10\n" // tls
        "  mov x8, #220\n" // clone
        "  svc #0\n"
        "  cbz x0, 1f\n"
        "  ret\n"
        "1: blr x9\n"
        "  mov x0, #0\n"
        "  mov x8, #93\n" // exit: this thread only
        "  svc #0\n");

static long start(void (*run)(void), unsigned long flags, volatile int *tid, unsigned long tls) {
  char *stack = mmap(NULL, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return start_on_stack(THREAD | flags, stack + STACK, run, tid, tls);
}

static long futex(volatile int *at, int operation, int value, const struct timespec *timeout) {
  return syscall(__NR_futex, at, operation, value, timeout, NULL, 0);
}

static void wait_until_zero(volatile int *at) {
  for (int value; (value = *at);) futex(at, FUTEX_WAIT, value, NULL);
}

static void look_around(void) {
  unsigned long tls;
  __asm__("mrs %0, tpidr_el0" : "=r"(tls));
  result = getpid() == main_tid && gettid() != main_tid && gettid() == thread_id && tls == 0x1230 ? 1 : 2;
  chdir("/tmp");
}

static void check_start(void) {
  char path[64];
  long tid = start(look_around, CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID, &thread_id, 0x1230);
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

static void wait_at_word(void) {
  ready++;
  result = (int)futex(&word, FUTEX_WAIT_PRIVATE, 1, NULL);
}

static void check_futex(void) {
  struct timespec soon = {0, 20000000}, bad = {0, 1000000000};
  word = 1;
  check_is(futex(&word, FUTEX_WAIT, 2, NULL), -EAGAIN, "a wait for another value than is there does not wait");
  check_is(futex(&word, FUTEX_WAIT, 1, &soon), -ETIMEDOUT, "a wait can end by time");
  check_is(futex(&word, FUTEX_WAIT, 1, &bad), -EINVAL, "a second has fewer nanoseconds");
  check_is(futex(&word, FUTEX_WAKE, 9, NULL), 0, "waking nobody wakes 0");
  check_is(futex((int *)((long)&word + 1), FUTEX_WAIT, 1, NULL), -EINVAL, "a futex is aligned");
  check_is(futex((int *)16, FUTEX_WAIT, 1, NULL), -EFAULT, "and mapped");
  check_is(futex(&word, 99, 0, NULL), -ENOSYS, "unknown operations are ENOSYS");

  ready = 0, result = 99;
  thread_id = 1;
  start(wait_at_word, CLONE_CHILD_CLEARTID, &thread_id, 0);
  while (!ready) sleep_ms(1);
  sleep_ms(20);
  check_is(futex(&word, FUTEX_WAKE_PRIVATE, 9, NULL), 1, "waking tells how many were woken");
  wait_until_zero(&thread_id);
  check_is(result, 0, "who is woken returns 0");
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
  long tid = start(wait_for_signal, CLONE_CHILD_CLEARTID, &thread_id, 0);
  while (!ready) sleep_ms(1);
  check_is(tgkill((pid_t)main_tid, (pid_t)tid, SIGUSR1), 0, "a signal can go to one thread");
  wait_until_zero(&thread_id);
  check_is(got_signal, tid, "which runs the handler");

  sigset_t usr1 = signal_set(SIGUSR1);
  ready = got_signal = 0;
  thread_id = 1;
  tid = start(wait_for_signal, CLONE_CHILD_CLEARTID, &thread_id, 0);
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
  start(sleep_long, 0, &thread_id, 0);
  start(end_process, 0, &thread_id, 0);
  sleep_ms(5000);
}

static void leave_alone(void) {
  start(sleep_long, 0, &thread_id, 0);
  start(end_process, 0, &thread_id, 0);
  syscall(__NR_exit, 0); // the first thread ends, the process does not
}

static void crash_in_thread(void) {
  start(crash, 0, &thread_id, 0);
  sleep_ms(5000);
}

static void exec_in_thread(void) {
  char *argv[] = {"exit5", NULL};
  execve("/proc/self/exe", argv, environ);
}

static void exec_from_thread(void) {
  start(exec_in_thread, 0, &thread_id, 0);
  sleep_ms(5000);
}

int main(int argc, char **argv) {
  if (argc == 1 && strcmp(argv[0], "exit5") == 0) return getpid() == gettid() ? 5 : 6;
  main_tid = getpid();
  check_start();
  check_futex();
  check_signals();
  check_is(in_child(leave_by_group), 3 << 8, "exit_group of one thread ends all");
  check_is(in_child(leave_alone), 3 << 8, "exit of the first thread does not end the process");
  check_is(in_child(crash_in_thread), SIGSEGV, "a fault of one thread ends all");
  check_is(in_child(exec_from_thread), 5 << 8, "execve of one thread ends the others, and it takes the process's number");
  return checked();
}
