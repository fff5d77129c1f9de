/*
 * random-tracee.h - a task that makes calls, forks, makes threads, executes itself, installs filters and arms dispatch
 */
#pragma once
#include "random-filter.h"
#include "stopkind.h"
#include "sud.h"
#include "thread.h"

enum { CALLS_OF_TRACEE = 120, TIDS = 16 };
enum { FILTERS, DISPATCHES, REQUESTS, ASKED };

struct shared {
  volatile int tids[TIDS]; // some of who can be traced
  int reaper;              // the process that plays the rounds
  volatile int victim;     // whom the sender shall kill
  volatile long stops[KINDS], kills[KINDS], deaths[KINDS];
  volatile long granted[ASKED], refused[ASKED], odd;
};
static struct shared *shared;

/* Calls that cost little, sleep but shortly and concern nobody outside the group. */
static const short cheap[] = {
  __NR_getpid, __NR_gettid, __NR_getppid, __NR_sched_yield, __NR_close, __NR_dup, __NR_rt_sigpending,
  __NR_sigaltstack, __NR_clock_gettime, __NR_times, __NR_getrandom, __NR_uname, __NR_restart_syscall, __NR_rt_sigreturn, __NR_exit, 470, 4000, -1};
static long cheap_call(void) { return cheap[pick(countof(cheap) - (one_in(8) ? 0 : 5))]; }

static void note_self(void) {
  int tid = (int)gettid(); // or what a filter or a tracer makes of it, which must not be who keeps the rounds going
  if (tid > shared->reaper) shared->tids[pick(TIDS)] = tid;
}
static int somebody(void) {
  int tid = 0;
  for (int i = 0; i < 4 && tid == 0; i++) tid = shared->tids[pick(TIDS)];
  return tid;
}

/* The kind of stop in which this tracer strikes next. A tracee that it makes helps. */
static enum stop_kind wanted;
static long strikes_at(enum stop_kind kind) { return shared->kills[kind] + shared->deaths[kind]; }
static void want_another(void) { // rather one that was seldom struck at
  for (int i = 0; i < 4; i++) {
    enum stop_kind other = (enum stop_kind)pick(KINDS);
    if (i == 0 || strikes_at(other) < strikes_at(wanted)) wanted = other;
  }
}

static long random_filter(void) {
  struct sock_filter program[FILTER_ROOM];
  size_t length = random_program(program, (unsigned)cheap_call());
  return install_program(program, length, one_in(3) ? (unsigned)pick(64) : 0);
}

/* A handler that returns to what caused its signal would run for ever: one time too many, and it returns to a death. */
static void live_on(void *context) {
  static int left = 60;
  struct ucontext *frame_of = context;
  if (--left > 0) return;
  frame_of->uc_mcontext.pc = 0;
  memset(&frame_of->uc_sigmask, 0xff, sizeof(frame_of->uc_sigmask));
}
static void handled(int sig, siginfo_t *info, void *context) {
  (void)sig, (void)info;
  live_on(context);
}

static void foreign(int sig, siginfo_t *info, void *context) {
  selector = ALLOW;
  keep_shut = one_in(3);
  foreign_call(sig, info, context);
  if (one_in(2)) selector = (char)pick(2);
  live_on(context);
}

static void random_dispatch(void) {
  set_handler(SIGSYS, foreign, one_in(2) ? SA_NODEFER : 0);
  dispatch((long)pick(4), one_in(2) ? (long)stub_start : argument(), one_in(2) ? stub_end - stub_start : (long)pick(4096), one_in(10) ? NULL : &selector);
  if (one_in(2)) selector = one_in(10) ? 2 : BLOCK;
}

static void calls(int n);
static void thread_body(void) {
  note_self();
  calls(10);
  if (one_in(4)) exit(3); // with all others
}

static long random_fork(void) {
  static const int flags[] = {SIGCHLD, CLONE_VFORK | SIGCHLD, CLONE_PTRACE | SIGCHLD, CLONE_UNTRACED | SIGCHLD, SIGUSR1, 0};
  return syscall(__NR_clone, flags[pick(countof(flags))]);
}

static void self_again(void) {
  char word[24];
  snprintf(word, sizeof(word), "%ld", (long)(random_word() >> 1));
  char *argv[] = {"entryfuzz", "again", word, NULL}, *envp[] = {NULL};
  execve("/proc/self/exe", argv, envp);
}

static void calls(int n) {
  struct timespec shortly = {0, 200000};
  while (n-- > 0) {
    if (one_in(8)) note_self();
    switch (pick(24)) {
      case 0:
        if (one_in(2) && random_fork() == 0) {
          seed_with((unsigned long)getpid());
          note_self();
          calls(10);
          exit(0);
        }
        break;
      case 1:
        if (one_in(2)) start_thread(thread_body, 0, NULL, 0);
        break;
      case 2:
        if (one_in(4)) self_again();
        break;
      case 3:
      case 4:
        raise(one_in(8) ? (int)pick(65) : 10 + (int)pick(8));
        break;
      case 5:
        random_filter();
        break;
      case 6:
        random_dispatch();
        break;
      case 7:
        nanosleep(&shortly, NULL);
        break;
      case 8:
        wait4(-1, NULL, WNOHANG | __WALL, NULL);
        break;
      case 9:
        ptrace((long)pick(32) == 0 ? PTRACE_TRACEME : PTRACE_CONT, 0, 0, NULL);
        break;
      case 10: {
        sigset_t some = {{random_word()}};
        rt_sigprocmask((int)pick(3), &some, NULL);
        break;
      }
      case 11:
        if (one_in(2)) __asm__ volatile("brk #1");
        else if (one_in(2)) set_signal(1 + (int)pick(31), one_in(2) ? SIG_DFL : SIG_IGN, 0);
        else set_handler(1 + (int)pick(31), handled, one_in(2) ? SA_RESTART : SA_NODEFER);
        break;
      case 12:
        prctl((int)pick(70), argument(), argument(), 0, 0);
        break;
      case 13:
      case 14:
        stub_call(cheap_call(), argument(), argument());
        break;
      case 15:
        futex((volatile int *)memory, FUTEX_WAIT, 0, &shortly);
        break;
      default:
        syscall(cheap_call(), argument(), argument(), argument(), argument(), argument(), argument());
    }
  }
}

static void tracee_main(void) {
  for (int sig = 1; sig < 65; sig++)
    if (!one_in(8)) set_handler(sig, handled, SA_RESTART);
  note_self();
  if (one_in(2)) sched_yield();
  calls(CALLS_OF_TRACEE);
  exit(0);
}

/* Does what has a stop of the wanted kind, if it is traced in that way. */
static void helps(void) {
  static const int signals[KINDS] = {[SIGNALLED] = SIGUSR1, [HANDLER_STEP] = SIGUSR1, [GROUP_STOP] = SIGSTOP,
                                     [GROUP_STOP_SEIZED] = SIGTSTP, [LISTENING] = SIGSTOP};
  if (signals[wanted]) raise(signals[wanted]);
  switch (wanted) {
    case FORK_EVENT:
    case VFORK_EVENT:
    case VFORK_DONE_EVENT:
      if (syscall(__NR_clone, SIGCHLD | (wanted == FORK_EVENT ? 0 : CLONE_VFORK)) == 0) exit(0);
      return;
    case CLONE_EVENT:
      start_thread(thread_body, 0, NULL, 0);
      return;
    case EXEC_EVENT:
    case EXEC_TRAP:
      return self_again();
    case EXIT_EVENT:
      if (one_in(2)) exit(0);
      syscall(__NR_exit, 0);
      return;
    case SECCOMP_EVENT:
    case FILTER_SIGSYS:
      filter_call(__NR_getsid, wanted == SECCOMP_EVENT ? SECCOMP_RET_TRACE : SECCOMP_RET_TRAP, 0);
      getsid(0);
      return;
    case DISPATCH_SIGSYS:
      set_handler(SIGSYS, foreign, 0);
      dispatch(INCLUSIVE, (long)stub_start, stub_end - stub_start, &selector);
      selector = BLOCK;
      break;
    case BREAK_INSTRUCTION:
      __asm__ volatile("brk #1");
      break;
    default:
      break;
  }
  stub_call(__NR_getsid, 0, 0);
  for (size_t i = 0; i < 64; i++) ((volatile long *)memory)[i]++;
}
