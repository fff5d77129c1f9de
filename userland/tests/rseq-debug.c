/*
 * rseq-debug.c - what is a mistake, and found only by a kernel booted with rseq_debug=1
 *
 * Linux: kernel/rseq.c, include/linux/rseq_entry.h
 */
#include "rseq.h"

enum { BY_KERNEL = 80 };

static void on_segv(int sig, siginfo_t *info, void *context) {
  (void)sig, (void)context;
  exit(info->si_code == SI_KERNEL ? BY_KERNEL : 81);
}

/* Somebody else may come in between, but not always. */
static void call_inside(void) {
  long got = 0;
  register_mine();
  for (int i = 0; i < 10 && got != COMMITTED; i++) got = critical(&mine, &cs, __NR_getpid, &spin, NULL);
  exit((int)got);
}

static void stop_waiting(int sig) { (void)sig, spin = 0; }
static void new_version(void) {
  register_mine();
  set_signal(SIGALRM, stop_waiting, 0);
  cs.version = 1;
  spin = 1;
  alarm_ms(20);
  exit((int)critical(&mine, &cs, -1, &spin, NULL));
}

int main(void) {
  set_handler(SIGSEGV, on_segv, 0);
  check_is(in_child(call_inside), COMMITTED << 8, "check 271: a system call in a critical section is not looked for");
  check_is(in_child(new_version), ABORTED << 8, "check 267: the version of a section is not looked at");
  return checked();
}
