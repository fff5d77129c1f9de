/*
 * entryfuzz.c - ptrace, seccomp, Syscall User Dispatch and signals at random, from several tasks at once
 *
 *   entryfuzz SEED ROUNDS
 *
 * Each round is a process group: tracees that make cheap calls, fork, make threads, execute themselves, install filters
 * and arm dispatch; two tracers that ask for anything at every stop, kill there, or die there; a task that sends
 * signals. What is left of it after a while is killed. That no task remains is the reaper's wait4 coming to its end.
 */
#include "sud.h"
#include "thread.h"
#include "trace.h"

enum { TRACEES = 2, CALLS_OF_TRACEE = 120, STOPS_OF_TRACER = 200, SIGNALS = 40, TIDS = 16 };
enum { TICK = 500, PATIENCE = 12 }; // microseconds, and ticks of ten of these until a round is over

/* Where a tracee was killed, and where a tracer died. */
enum { AT_CALL, AT_SIGNAL, AT_GROUP_STOP, AT_AN_EVENT, KINDS };
static const char *const kind_names[KINDS] = {"syscall", "signal", "group", "event"};

struct shared {
  volatile int tids[TIDS]; // some of who can be traced
  volatile long stops[KINDS], kills[KINDS], deaths[KINDS];
};
static struct shared *shared;
static unsigned long state;
static char memory[8192] __attribute__((aligned(4096)));

/* xorshift64* */
static unsigned long random_word(void) {
  state ^= state >> 12;
  state ^= state << 25;
  state ^= state >> 27;
  return state * 0x2545f4914f6cdd1dul;
}
static unsigned long pick(unsigned long n) { return random_word() % n; }
static bool one_in(unsigned long n) { return pick(n) == 0; }

/* From here on this task's numbers are others than its parent's. */
static void seed_with(unsigned long salt) {
  state = (state ^ salt * 0x9e3779b97f4a7c15ul) | 1;
  random_word();
}

static long argument(void) {
  static const long edges[] = {0, 1, -1, 0x7fffffff, -0x80000000l, 0x7fffffffffffffffl, 1l << 48};
  switch (pick(5)) {
    case 0:
      return (long)pick(70);
    case 1:
      return edges[pick(countof(edges))];
    case 2:
      return (long)random_word();
    default:
      return (long)(memory + pick(sizeof(memory)));
  }
}

/* Calls that cost little, sleep but shortly and concern nobody outside the group. */
static const short cheap[] = {
  __NR_getpid, __NR_gettid, __NR_getppid, __NR_sched_yield, __NR_close, __NR_dup, __NR_rt_sigpending,
  __NR_sigaltstack, __NR_clock_gettime, __NR_times, __NR_getrandom, __NR_uname, __NR_restart_syscall, __NR_rt_sigreturn, __NR_exit, 470, 4000, -1};
static long cheap_call(void) { return cheap[pick(countof(cheap) - (one_in(8) ? 0 : 5))]; }

static void note_self(void) { shared->tids[pick(TIDS)] = (int)gettid(); }
static int somebody(void) {
  int tid = 0;
  for (int i = 0; i < 4 && tid == 0; i++) tid = shared->tids[pick(TIDS)];
  return tid;
}

static void nothing(int sig) { (void)sig; }
static void interrupt_every(long microseconds) {
  struct __kernel_old_itimerval often = {{0, microseconds}, {0, microseconds}};
  set_signal(SIGALRM, nothing, 0);
  syscall(__NR_setitimer, ITIMER_REAL, &often, NULL);
}

/* ---- tracees ---- */

static void random_filter(void) {
  static const unsigned actions[] = {SECCOMP_RET_ALLOW, SECCOMP_RET_ERRNO | 7, SECCOMP_RET_TRAP | 5, SECCOMP_RET_TRACE | 9, SECCOMP_RET_LOG,
                                     SECCOMP_RET_USER_NOTIF, SECCOMP_RET_KILL_THREAD, SECCOMP_RET_KILL_PROCESS, 0x12340000};
  unsigned flags = one_in(3) ? (unsigned)pick(64) : 0;
  unsigned action = actions[pick(one_in(10) ? countof(actions) : 5)];
  struct sock_filter program[] = {LOAD_NR, IF_EQUAL((unsigned)cheap_call(), 0, 1), ANSWER(action), ANSWER(SECCOMP_RET_ALLOW)};
  switch (pick(4)) {
    case 0: { // random bytes
      struct sock_filter garbage[8];
      for (size_t i = 0; i < sizeof(garbage) / 8; i++) ((unsigned long *)garbage)[i] = random_word();
      install_program(garbage, pick(countof(garbage) + 1), flags);
      break;
    }
    case 1: // one byte of a good one is another
      ((char *)program)[pick(sizeof(program))] = (char)random_word();
      install_program(program, countof(program), flags);
      break;
    default:
      install_program(program, countof(program), flags);
  }
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
        if (one_in(2) && fork() == 0) {
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
        if (one_in(8)) self_again();
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

/* ---- tracers ---- */

static int kind_of(int status) {
  if (status >> 16 == PTRACE_EVENT_STOP) return AT_GROUP_STOP;
  if (status >> 16) return AT_AN_EVENT;
  return WSTOPSIG(status) & 0x80 ? AT_CALL : AT_SIGNAL;
}

static long random_options(void) {
  long options = (long)random_word() & 0xff; // all events
  if (one_in(6)) options |= PTRACE_O_EXITKILL;
  if (one_in(6)) options |= PTRACE_O_SUSPEND_SECCOMP;
  return one_in(10) ? (long)random_word() : options;
}

static void change_registers(long pid) {
  struct user_pt_regs regs = get_regs(pid);
  switch (pick(6)) {
    case 0:
      regs.pstate = one_in(2) ? random_word() : regs.pstate ^ (1ul << pick(32));
      break;
    case 1:
      regs.pc = one_in(8) ? random_word() : one_in(2) ? (unsigned long)stub_start : regs.pc - 4;
      break;
    case 2:
      regs.sp = one_in(2) ? random_word() : (unsigned long)memory;
      break;
    case 3:
      regs.regs[8] = (unsigned long)cheap_call();
      break;
    case 4:
      regs.regs[0] = -(4ul + 508 * pick(2) + pick(4)); // an errno, perhaps one that restarts
      break;
    default:
      regs.regs[pick(31)] = random_word();
  }
  if (one_in(8)) put_set(pid, NT_PRSTATUS, &regs, pick(sizeof(regs) + 16));
  else put_regs(pid, &regs);
}

static void change_debug(long pid) {
  struct {
    unsigned info, pad;
    struct {
      unsigned long addr;
      unsigned ctrl, pad;
    } regs[2];
  } debug = {0};
  bool watch = one_in(2);
  for (int i = 0; i < 2; i++) {
    debug.regs[i].addr = one_in(3) ? (unsigned long)argument() : one_in(2) ? (unsigned long)stub_start + 4 * pick(4) : get_regs(pid).pc;
    debug.regs[i].ctrl = one_in(4) ? (unsigned)random_word() : watch ? 0x1ff5 : 0x1e5;
  }
  if (watch) debug.regs[0].addr = (unsigned long)memory + 8 * pick(64);
  put_set(pid, watch ? 0x403 : 0x402, &debug, 8 + 16 * pick(3));
}

static void ask(long pid) {
  unsigned long word[16];
  for (size_t i = 0; i < countof(word); i++) word[i] = one_in(2) ? random_word() : pick(300);
  switch (pick(12)) {
    case 0:
    case 1:
      return change_registers(pid);
    case 2:
      return put_nr(pid, (int)cheap_call());
    case 3:
      set_options(pid, random_options());
      return;
    case 4:
      return change_debug(pid);
    case 5:
      ptrace(PTRACE_SETSIGINFO, (pid_t)pid, 0, word);
      return;
    case 6:
      ptrace(PTRACE_SETSIGMASK, (pid_t)pid, 8, word);
      return;
    case 7: {
      struct ptrace_syscall_info info = get_info(pid);
      if (one_in(2)) ((char *)&info)[pick(sizeof(info))] = (char)random_word();
      ptrace(PTRACE_SET_SYSCALL_INFO, (pid_t)pid, sizeof(info), &info);
      return;
    }
    case 8:
      ptrace(PTRACE_POKEDATA, (pid_t)pid, (unsigned long)argument(), (void *)word[0]);
      return;
    case 9:
      put_set(pid, one_in(2) ? 0x401 : NT_PRFPREG, word, pick(sizeof(word)));
      return;
    case 10:
      ptrace((long)(one_in(2) ? 0x4200 + pick(0x14) : pick(40)), (pid_t)pid, pick(64), word);
      return;
    default:
      word[0] = one_in(4) ? (unsigned long)-1 : 0; // mode, then offset, length, selector, as prctl has them
      ptrace(one_in(2) ? PTRACE_SET_SYSCALL_USER_DISPATCH_CONFIG : PTRACE_GET_SYSCALL_USER_DISPATCH_CONFIG, (pid_t)pid, 32, word);
  }
}

static void let_go(long pid, int status) {
  static const short requests[] = {PTRACE_CONT, PTRACE_SYSCALL, PTRACE_SYSCALL, PTRACE_SYSEMU, PTRACE_SYSEMU_SINGLESTEP,
                                   PTRACE_SINGLESTEP, PTRACE_SINGLESTEP, PTRACE_LISTEN};
  int sig = WSTOPSIG(status);
  long pass = one_in(8) ? (long)pick(66) : status >> 16 || sig == SIGTRAP || sig & 0x80 ? 0 : sig;
  long request = one_in(20) ? PTRACE_DETACH : requests[pick(countof(requests))];
  if (ptrace(request, (pid_t)pid, 0, (void *)pass) < 0) ptrace(PTRACE_SINGLESTEP, (pid_t)pid, 0, NULL);
}

static void die(int kind) {
  shared->deaths[kind]++;
  switch (pick(4)) {
    case 0:
      kill((pid_t)getpid(), SIGKILL);
      exit(0);
    case 1:
      self_again();
      exit(0);
    case 2: // this thread only
      syscall(__NR_exit, 0);
      exit(0);
    default:
      exit(0);
  }
}

static void take(int pid) {
  if (pid <= 0) return;
  if (one_in(3)) ptrace(PTRACE_ATTACH, pid, 0, NULL);
  else ptrace(PTRACE_SEIZE, pid, 0, (void *)random_options());
}

static void traces(void) {
  for (int i = 0; i < STOPS_OF_TRACER; i++) {
    int status, who = somebody();
    if (one_in(2)) take(who);
    if (one_in(3) && who > 0) ptrace(PTRACE_INTERRUPT, who, 0, NULL);
    if (one_in(16) && who > 0) ask(who); // stopped or not, ours or not
    long pid = wait4(-1, &status, __WALL | (one_in(4) ? WNOHANG : 0), NULL);
    if (pid == -ECHILD) sched_yield();
    if (pid <= 0 || !WIFSTOPPED(status)) continue;
    int kind = kind_of(status);
    shared->stops[kind]++;
    if (one_in(kind == AT_SIGNAL ? 100 : 30)) die(kind);
    if (one_in(kind == AT_SIGNAL ? 80 : 25)) {
      shared->kills[kind]++;
      kill((pid_t)pid, SIGKILL);
      if (one_in(2)) continue;
    }
    while (one_in(3)) ask(pid);
    let_go(pid, status);
  }
}

static void tracer_main(void) {
  interrupt_every(TICK);
  if (fork() == 0) { // one that is traced from the start
    seed_with(77);
    ptrace(PTRACE_TRACEME, 0, 0, NULL);
    if (one_in(2)) raise(SIGSTOP);
    tracee_main();
  }
  if (one_in(3)) start_thread(traces, 0, NULL, 0); // tracees belong to a thread
  traces();
  die((int)pick(KINDS));
}

static void sender_main(void) {
  static const char usual[] = {SIGCONT, SIGSTOP, SIGTRAP, SIGSYS, SIGUSR1, SIGCHLD, SIGTSTP, 34};
  struct timespec shortly = {0, 100000};
  for (int i = 0; i < SIGNALS; i++) {
    int who = somebody();
    int sig = one_in(12) ? (int)pick(65) : usual[pick(sizeof(usual))];
    if (who > 0) one_in(2) ? kill(who, sig) : syscall(__NR_tkill, who, sig);
    nanosleep(&shortly, NULL);
  }
  exit(0);
}

/* ---- rounds ---- */

static pid_t member(void (*run)(void), unsigned long salt, pid_t group) {
  pid_t pid = (pid_t)fork();
  if (pid == 0) {
    seed_with(salt);
    for (int fd = 0; fd < 3; fd++) close(fd);
    setpgid(0, group);
    run();
    exit(0);
  }
  setpgid(pid, group ? group : pid);
  return pid;
}

static void one_round(void) {
  memset((void *)shared->tids, 0, sizeof(shared->tids));
  pid_t group = member(tracee_main, 1, 0);
  for (unsigned long i = 0; i < TRACEES; i++) member(tracee_main, 10 + i, group);
  member(tracer_main, 2, group);
  member(tracer_main, 3, group);
  member(sender_main, 4, group);
  interrupt_every(TICK * 10);
  for (int ticks = 0;;) {
    long pid = wait4(-1, NULL, __WALL, NULL);
    if (pid == -ECHILD) return;
    if (pid == -EINTR && ++ticks >= PATIENCE) kill(-group, SIGKILL);
  }
}

static void tell(const char *what, volatile long *counts) {
  printf("%s:", what);
  for (int i = 0; i < KINDS; i++) printf(" %s %ld", kind_names[i], counts[i]);
  printf("\n");
}

int main(int argc, char **argv) {
  long seed, rounds;
  shared = shared_page();
  if (argc == 3 && strcmp(argv[1], "again") == 0 && parse_long(argv[2], &seed)) {
    state = (unsigned long)seed | 1;
    calls(20);
    return 0;
  }
  if (argc != 3 || !parse_long(argv[1], &seed) || !parse_long(argv[2], &rounds)) return 2;
  state = (unsigned long)seed * 0x9e3779b97f4a7c15ul + 1;
  prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); // whoever loses its parent is ours
  while (rounds-- > 0) {
    random_word();
    one_round();
  }
  tell("stops", shared->stops);
  tell("kills", shared->kills);
  tell("deaths", shared->deaths);
  printf("the entry path stands\n");
  return 0;
}
