/*
 * rseq-abort.c - when a critical section is aborted, and when not
 *
 * Linux: kernel/rseq.c, include/linux/rseq_entry.h
 */
#include "rseq.h"

static volatile int alarms;
static volatile unsigned long pc_seen;

static void on_alarm(int sig, siginfo_t *info, void *context) {
  (void)sig, (void)info;
  alarms++;
  pc_seen = ((struct ucontext *)context)->uc_mcontext.pc;
  spin = 0; // or who is not aborted would wait for ever
}

/* Until the alarm: another task may have had the CPU before. */
static long interrupted(void) {
  long got;
  alarms = 0;
  alarm_ms(20);
  do {
    spin = !alarms;
    got = critical(&mine, &cs, -1, &spin, NULL);
  } while (!alarms);
  return got;
}
/* Makes the call inside the section; somebody else may come in between, but not always. */
static long calling(long nr, const void *argument) {
  long got = 0;
  spin = 0;
  for (int i = 0; i < 10 && got != COMMITTED; i++) got = critical(&mine, &cs, nr, &spin, argument);
  return got;
}

static void compete(void) {
  for (;;) {}
}

static long preempted(void) {
  long pid = fork();
  if (pid == 0) compete();
  alarms = 0;
  spin = 1;
  alarm_ms(5000);
  long got = critical(&mine, &cs, -1, &spin, NULL);
  alarm_ms(0);
  kill((pid_t)pid, SIGKILL);
  wait4((pid_t)pid, NULL, 0, NULL);
  return got;
}

static void outside(void) {
  mine.rseq_cs = (unsigned long)&cs;
  alarms = 0;
  alarm_ms(20);
  while (!alarms) {}
}

static void in_a_bad_section(void) { exit((int)interrupted()); }
static void bad_signature(void) {
  cs.abort_ip += 4; // before it is an instruction
  in_a_bad_section();
}
static void abort_inside(void) {
  cs.abort_ip = cs.start_ip + 4;
  in_a_bad_section();
}
static void abort_nowhere(void) {
  cs.abort_ip = 1UL << 48;
  in_a_bad_section();
}
static void bad_pointer(void) {
  spin = 1;
  alarm_ms(20);
  exit((int)critical(&mine, (struct rseq_cs *)32, -1, &spin, NULL));
}
static void kernel_pointer(void) {
  spin = 1;
  alarm_ms(20);
  exit((int)critical(&mine, (struct rseq_cs *)-64L, -1, &spin, NULL));
}
static void unmapped(void) {
  char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  rseq(&mine, RSEQ_SIZE, 1, SIGNATURE);
  rseq(page, RSEQ_SIZE, 0, SIGNATURE);
  syscall(__NR_munmap, page, 4096);
  alarms = 0;
  alarm_ms(20);
  while (!alarms) {}
  exit(1);
}

int main(void) {
  set_handler(SIGALRM, on_alarm, 0);
  register_mine();
  check_is(critical(&mine, &cs, -1, &spin, NULL), COMMITTED, "a section that nobody disturbs commits");
  check_is(interrupted(), ABORTED, "check 263: a signal aborts it");
  check(pc_seen == (unsigned long)critical_abort, "check 263: its handler sees the address it goes on at");
  check(mine.rseq_cs == 0, "check 263: it has left the section");
  check_is(preempted(), ABORTED, "check 264: so does another task that gets the CPU");
  check_is(alarms, 0, "check 264: without any signal");
  check_is(calling(__NR_getpid, NULL), COMMITTED, "check 265: a system call does not");
  struct timespec nap = {0, 20000000};
  check_is(calling(__NR_nanosleep, &nap), COMMITTED,
           "check 265: a call that sleeps in a section does not abort it, either");
  outside();
  check(mine.rseq_cs == 0, "check 268: who is interrupted elsewhere has left the section");
  mine.flags = 1;
  outside();
  check(mine.rseq_cs == 0, "check 268: with flags, too");
  mine.flags = 0;
  check_is(in_child(bad_signature) & 0x7f, SIGSEGV, "check 266: without the signature before the address it may not go there");
  check_is(in_child(bad_pointer) & 0x7f, SIGSEGV, "check 266: a section that cannot be read");
  check_is(in_child(kernel_pointer) & 0x7f, SIGSEGV, "check 266: or that is not in user space");
  check_is(in_child(abort_inside) & 0x7f, SIGSEGV, "check 266: or aborts to where it is");
  check_is(in_child(abort_nowhere) & 0x7f, SIGSEGV, "check 266: or to nowhere");
  check_is(in_child(unmapped) & 0x7f, SIGSEGV, "check 266: a struct rseq that is gone");
  return checked();
}
