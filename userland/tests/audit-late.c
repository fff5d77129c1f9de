/*
 * audit-late.c - auditing that is switched on while the machine runs
 *
 * Linux: kernel/auditsc.c (audit_alloc)
 */
#include "audit.h"

static volatile int *go;

/* Waits for its turn, and makes a call that fits the rule. */
static long start(long argument) {
  long pid = fork();
  if (pid) return pid;
  while (!*go) sched_yield();
  syscall(__NR_getsid, argument);
  exit(0);
}

static bool status_is(unsigned enabled) {
  struct audit_status status;
  ask(AUDIT_GET, NULL, 0);
  memcpy(&status, NLMSG_DATA(answer()), sizeof(status));
  return status.enabled == enabled;
}

static void run_both(long first, long second) {
  *go = 1;
  wait4((pid_t)first, NULL, 0, NULL);
  wait4((pid_t)second, NULL, 0, NULL);
  *go = 0;
  recorded();
}

int main(void) {
  struct audit_status enable = {.mask = AUDIT_STATUS_ENABLED, .enabled = 1};
  go = shared_page();
  check_is(open_audit(), 0, "a socket reads every record");
  check(status_is(0), "auditing is off unless the command line says otherwise");
  long early = start(0x1111);
  check_is(ask(AUDIT_SET, &enable, sizeof(enable)), 0, "it can be switched on");
  check(status_is(1), "then it is on");
  new_rule(__NR_getsid);
  check_is(change(AUDIT_ADD_RULE), 0, "a rule");
  long late = start(0x2222);
  recorded();
  run_both(early, late);
  check(has(" syscall=156 success=no exit=-3 a0=2222 "), "check 253: a process that was made since is recorded");
  check(!has(" a0=1111 "), "check 253: one that was made before is not");

  enable.enabled = 0;
  early = start(0x3333);
  check_is(ask(AUDIT_SET, &enable, sizeof(enable)), 0, "it can be switched off again");
  late = start(0x4444);
  recorded();
  run_both(early, late);
  check(!has(" syscall=156 "), "then nothing is recorded");
  change(AUDIT_DEL_RULE);
  return checked();
}
