/*
 * waitid.c - waiting in detail: what happened to the child, and SIGCHLD's account of the same
 *
 * Linux: kernel/exit.c (waitid), kernel/signal.c (do_notify_parent)
 */
#include "check.h"

static siginfo_t told; // what came with the last SIGCHLD
static volatile int tellings;

static void on_child(int sig, siginfo_t *info, void *context) {
  (void)sig;
  (void)context;
  told = *info;
  tellings++;
}

static void exit_5(void) { exit(5); }
static void die(void) { kill(getpid(), SIGTERM); }
static void pause(void) {
  for (;;) sleep_ms(1000);
}

static pid_t start(void (*run)(void)) {
  long pid = fork();
  if (pid == 0) {
    run();
    exit(0);
  }
  return (pid_t)pid;
}

static void check_info(const siginfo_t *info, pid_t pid, int code, int status, const char *sentence) {
  bool good = info->si_signo == SIGCHLD && info->si_errno == 0 && info->si_code == code && info->si_pid == pid &&
              info->si_uid == (unsigned)getuid() && info->si_status == status;
  if (!check(good, sentence)) printf("# signo %d, code %d, status %d\n", info->si_signo, info->si_code, info->si_status);
}

static void check_endings(void) {
  siginfo_t info = {0};
  pid_t pid = start(exit_5);
  check_is(waitid(P_PID, pid, &info, WEXITED), 0, "waitid returns 0");
  check_info(&info, pid, CLD_EXITED, 5, "CLD_EXITED comes with the exit status");
  check_info(&told, pid, CLD_EXITED, 5, "SIGCHLD said the same");

  pid = start(die);
  waitid(P_PID, pid, &info, WEXITED);
  check_info(&info, pid, CLD_KILLED, SIGTERM, "CLD_KILLED comes with the signal");
  check_info(&told, pid, CLD_KILLED, SIGTERM, "SIGCHLD said the same");
}

static void check_stops(void) {
  siginfo_t info = {0};
  int status = 0;
  pid_t pid = start(pause);
  kill(pid, SIGSTOP);
  check_is(waitid(P_PID, pid, &info, WSTOPPED | WNOWAIT), 0, "WSTOPPED waits for a stop");
  check_info(&info, pid, CLD_STOPPED, SIGSTOP, "CLD_STOPPED comes with the signal");
  check_info(&told, pid, CLD_STOPPED, SIGSTOP, "check 292: SIGCHLD said the same");
  check_is(wait4(pid, &status, WUNTRACED, NULL), pid, "WNOWAIT has left it to be told again");
  check_is(status, SIGSTOP << 8 | 0x7f, "wait4 shows a stop as the signal in bits 15 to 8 and 0x7f");
  check_is(wait4(pid, &status, WUNTRACED | WNOHANG, NULL), 0, "but a stop is told only once without it");

  kill(pid, SIGCONT);
  check_is(waitid(P_PID, pid, &info, WCONTINUED), 0, "WCONTINUED waits for it to go on");
  check_info(&info, pid, CLD_CONTINUED, SIGCONT, "CLD_CONTINUED comes with SIGCONT");
  while (told.si_code != CLD_CONTINUED) sleep_ms(1); // the child sends it, when it runs again
  check_info(&told, pid, CLD_CONTINUED, SIGCONT, "check 292: SIGCHLD said the same");

  setpgid(pid, pid); // the terminal's stop signals do nothing to an orphaned group, which ours may be
  kill(pid, SIGTSTP);
  check_is(wait4(pid, &status, WUNTRACED, NULL), pid, "SIGTSTP stops, too");
  check_is(status, SIGTSTP << 8 | 0x7f, "and is told by its own number");
  kill(pid, SIGCONT);
  wait4(pid, &status, WCONTINUED, NULL);
  check_is(status, 0xffff, "wait4 shows a continuation as 0xffff");
  kill(pid, SIGSTOP);
  kill(pid, SIGKILL);
  check_is(wait4(pid, &status, 0, NULL), pid, "a stopped process can be killed");
  check_is(status, SIGKILL, "and was killed by SIGKILL");
}

static void check_arguments(void) {
  siginfo_t info = {0};
  check_is(waitid(P_ALL, 0, &info, WEXITED), -ECHILD, "without children waitid is ECHILD");
  check_is(waitid(P_ALL, 0, &info, 0), -EINVAL, "waiting for nothing is EINVAL");
  check_is(waitid(P_PID, 0, &info, WEXITED), -EINVAL, "P_PID wants a number above zero");
  check_is(waitid(9, 1, &info, WEXITED), -EINVAL, "an unknown kind of number is EINVAL");

  pid_t pid = start(pause);
  info.si_pid = info.si_signo = 77;
  check_is(waitid(P_PID, pid, &info, WEXITED | WNOHANG), 0, "WNOHANG returns 0 even if nothing has happened");
  check_is(info.si_signo, 0, "and shows it by a signal number 0");
  check_is(info.si_pid, 0, "and a process number 0");
  check_is(waitid(P_PGID, (int)getpgid(0), NULL, WEXITED | WNOHANG), 0, "the place for the answer may be NULL");
  kill(pid, SIGKILL);
  check_is(waitid(P_ALL, 0, &info, WEXITED | WNOWAIT), 0, "P_ALL takes any child");
  check_is(info.si_pid, pid, "and tells which");
  check_is(waitid(P_PID, pid, NULL, WEXITED), 0, "WNOWAIT has left it a zombie");
}

static void check_no_stop_notice(void) {
  set_handler(SIGCHLD, on_child, SA_NOCLDSTOP);
  pid_t pid = start(pause);
  int before = tellings;
  kill(pid, SIGSTOP);
  waitid(P_PID, pid, NULL, WSTOPPED);
  check_is(tellings, before, "with SA_NOCLDSTOP a stop sends no SIGCHLD");
  kill(pid, SIGKILL);
  waitid(P_PID, pid, NULL, WEXITED);
  check_is(tellings, before + 1, "but an end does");
}

int main(void) {
  set_handler(SIGCHLD, on_child, SA_RESTART);
  check_endings();
  check_stops();
  check_arguments();
  check_no_stop_notice();
  return checked();
}
