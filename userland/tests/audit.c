/*
 * audit.c - system calls on record: rules, records, and the socket that has both
 *
 * Linux: kernel/audit.c, kernel/auditsc.c, kernel/auditfilter.c
 * Guest: the kernel's command line has audit=1
 */
#include "audit.h"
#include <asm/ptrace.h>
#include <linux/elf.h>
#include <linux/filter.h>
#include <linux/ptrace.h>
#include <linux/seccomp.h>
#include <linux/uio.h>

static void check_requests(void) {
  struct audit_status status;
  check_is(ask(AUDIT_GET, NULL, 0), 0, "the status can be asked for");
  memcpy(&status, NLMSG_DATA(answer()), sizeof(status));
  check(status.enabled == 1 && status.failure == 1 && status.pid == 0 && status.backlog_limit == 64, "with audit=1 it is enabled, and has no daemon");
  check_is(ask(AUDIT_LIST, NULL, 0), -EOPNOTSUPP, "the oldest requests are EOPNOTSUPP");
  check_is(ask(1099, NULL, 0), -EINVAL, "what is no request is EINVAL");
  new_rule(__NR_getsid);
  check_is(change(AUDIT_ADD_RULE), 0, "a rule is added");
  check_is(change(AUDIT_ADD_RULE), -EEXIST, "but not twice");
  check_is(ask(AUDIT_LIST_RULES, NULL, 0), 0, "rules are listed");
  struct nlmsghdr *header = answer();
  check(header->nlmsg_type == AUDIT_LIST_RULES && !memcmp(NLMSG_DATA(header), &rule, sizeof(rule.rule) + 4), "as they were given");
  check_is(answer()->nlmsg_type, NLMSG_DONE, "and then there is an end");
  rule.rule.action = AUDIT_POSSIBLE;
  check_is(change(AUDIT_ADD_RULE), -EINVAL, "there are no rules for what is possible");
  rule.rule.action = AUDIT_ALWAYS, rule.rule.fieldflags[0] = 7;
  check_is(change(AUDIT_ADD_RULE), -EINVAL, "nor operators that do not exist");
  status = (struct audit_status){.mask = AUDIT_STATUS_PID, .pid = 1};
  check_is(ask(AUDIT_SET, &status, sizeof(status)), -EINVAL, "nobody can make another process the daemon");
  check_is(ask(1107, "hello", 6), 0, "a program may have something to say");
}

static void on_alarm(int sig) { (void)sig; }
static void interrupted(void) {
  set_signal(SIGALRM, on_alarm, 0);
  struct itimerval soon = {.it_value = {0, 20000}};
  struct timespec time = {1, 0};
  setitimer(ITIMER_REAL, &soon, NULL);
  nanosleep(&time, NULL);
}
static void faults(void) { *(volatile int *)8 = 1; }
static void calls(void) { syscall(__NR_getsid, 0x1111, 0x2222, 0x3333, 0x4444, 5, 6); }

/* getsid is answered by a filter, in that way. */
static void filtered(unsigned action, unsigned flags) {
  struct sock_filter code[] = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_getsid, 0, 1),
                               BPF_STMT(BPF_RET | BPF_K, action), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
  struct sock_fprog program = {countof(code), code};
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  syscall(__NR_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
  calls();
}
static void refused(void) { filtered(SECCOMP_RET_ERRNO | 5, 0); }
static void refused_and_logged(void) { filtered(SECCOMP_RET_ERRNO | 5, SECCOMP_FILTER_FLAG_LOG); }
static void logged(void) { filtered(SECCOMP_RET_LOG, 0); }
static void killed(void) { filtered(SECCOMP_RET_KILL_PROCESS, 0); }

/* Its tracer changes the first argument at entry and the result at exit. */
static void traced(void) {
  struct user_pt_regs regs;
  struct iovec iov = {&regs, sizeof(regs)};
  long pid = fork();
  if (pid == 0) {
    ptrace(PTRACE_TRACEME, 0, 0, NULL);
    raise(SIGSTOP);
    calls();
    exit(0);
  }
  wait4((pid_t)pid, NULL, 0, NULL);
  for (unsigned long value = 0x5151; value <= 0x5152; value++) {
    ptrace(PTRACE_SYSCALL, (pid_t)pid, 0, NULL);
    wait4((pid_t)pid, NULL, 0, NULL);
    ptrace(PTRACE_GETREGSET, (pid_t)pid, NT_PRSTATUS, &iov);
    regs.regs[0] = value;
    ptrace(PTRACE_SETREGSET, (pid_t)pid, NT_PRSTATUS, &iov);
  }
  ptrace(PTRACE_CONT, (pid_t)pid, 0, NULL);
  wait4((pid_t)pid, NULL, 0, NULL);
}

/* Killed in the entry stop of a call. Its filter logs what has no number. */
static void killed_at_entry(void) {
  long pid = fork();
  if (pid == 0) {
    ptrace(PTRACE_TRACEME, 0, 0, NULL);
    struct sock_filter code[] = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, -1U, 0, 1),
                                 BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_LOG), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
    struct sock_fprog program = {countof(code), code};
    syscall(__NR_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program);
    raise(SIGSTOP);
    calls();
    exit(0);
  }
  wait4((pid_t)pid, NULL, 0, NULL);
  ptrace(PTRACE_SYSCALL, (pid_t)pid, 0, NULL);
  wait4((pid_t)pid, NULL, 0, NULL);
  kill((pid_t)pid, SIGKILL);
  wait4((pid_t)pid, NULL, 0, NULL);
}

/* What is recorded of a child that does that. */
static void record(void (*run)(void)) {
  recorded();
  in_child(run);
  recorded();
}

static void check_calls(void) {
  record(calls);
  check(has("arch=c00000b7 syscall=156 success=no exit=-3 a0=1111 a1=2222 a2=3333 a3=4444 items=0 ppid="), "244: a call that fits a rule");
  check(has(" auid=4294967295 uid=0 gid=0 euid=0 suid=0 fsuid=0 egid=0 sgid=0 fsgid=0 tty=") && has(" ses=4294967295 comm=\"audit\" exe=\""),
        "244: and who made it");
  check(has(" key=\"mykk\"\n") && has("\n1327 ") && has(" proctitle=\"") && has("\n1320 "), "244: then its title, and the end of the event");
  record(traced);
  check(has("syscall=156 success=no exit=-3 a0=5151 a1=2222 "), "247: an argument is what the tracer made of it, the result is not");
  record(refused);
  check(!has("syscall=156"), "246: a call that a filter refuses is not recorded");
  check(!has("1326 audit("), "250: and neither is the filter's action");
  record(refused_and_logged);
  check(has("1326 audit(") && has(" sig=0 arch=c00000b7 syscall=156 compat=0 ip=0x") && has(" code=0x50000\n"), "250: unless its flag says so");
  record(logged);
  check(has(" sig=0 arch=c00000b7 syscall=156 compat=0 ip=0x") && has(" code=0x7ffc0000\n"), "249: LOG is recorded");
  check(has("syscall=156 success=no exit=-3 a0=1111"), "249: and then the call");
  record(killed);
  check(has(" comm=\"audit\" exe=\"") && has(" sig=31 arch=c00000b7 syscall=156 compat=0 ip=0x") && has(" code=0x80000000\n"), "249: killing is recorded");
  check(has("1701 audit(") && has(" sig=31 res=1\n"), "251: and so is the signal it died of");
  record(killed_at_entry);
  check(!has("1326 audit("), "check 252: a call whose task is killed in the entry stop is not judged");
  record(faults);
  check(has("1701 audit(") && has(" comm=\"audit\" exe=\"") && has(" sig=11 res=1\n"), "251: as is any that dumps core");
}

int main(void) {
  check_is(open_audit(), 0, "a socket bound to group 1 reads every record");
  check_requests();
  recorded();
  check(has("op=add_rule key=\"mykk\" list=4 res=1") && has("op=add_rule key=\"mykk\" list=4 res=0"), "changes of rules are recorded");
  check(has(" msg='hello'\n"), "and so is what programs say");
  check_calls();

  new_rule(__NR_nanosleep);
  rule.rule.mask[AUDIT_WORD(__NR_rt_sigreturn)] |= AUDIT_BIT(__NR_rt_sigreturn);
  change(AUDIT_ADD_RULE);
  record(interrupted);
  check(has("syscall=101 success=no exit=-4 "), "245: a call that a signal interrupted");
  check(has("syscall=139 success=no exit=-4 "), "248: and the handler's return, with the result that it gave back");
  change(AUDIT_DEL_RULE);
  new_rule(__NR_getsid);
  check_is(change(AUDIT_DEL_RULE), 0, "a rule is taken back");
  check_is(change(AUDIT_DEL_RULE), -ENOENT, "but not twice");
  record(calls);
  check(!has("syscall=156"), "and then nothing is recorded");
  return checked();
}
