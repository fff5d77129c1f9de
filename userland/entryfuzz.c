/*
 * entryfuzz.c - ptrace, seccomp, Syscall User Dispatch and signals at random, from several tasks at once
 *
 *   entryfuzz SEED ROUNDS
 *
 * Each round is a process group: tracees that make cheap calls, fork, make threads, execute themselves, install filters
 * and arm dispatch; tracers, each with a kind of stop in mind, that ask for anything at every stop, and kill their tracee
 * or die when they see that one; a task that sends signals; one that installs filters and arms dispatch at random and
 * looks at the answers. What is left of it after a while is killed. That no task remains is the reaper's wait4 coming to
 * its end. What was reached is told by kind.
 */
#include "random-tracee.h"

enum { TRACEES = 2, TRACERS = 6, STOPS_OF_TRACER = 200, SIGNALS = 40, PROGRAMS = 6 };
enum { TICK = 500, PATIENCE = 7 }; // microseconds, and ticks of ten of these until a round is over

static short last_request[64]; // how this tracer let each tracee go

static void nothing(int sig) { (void)sig; }
static void interrupt_every(long microseconds) {
  struct __kernel_old_itimerval often = {{0, microseconds}, {0, microseconds}};
  set_signal(SIGALRM, nothing, 0);
  syscall(__NR_setitimer, ITIMER_REAL, &often, NULL);
}

/* ---- tracers ---- */

/* A system call with random arguments does it, or says which errno it has for that. */
static void note_answer(int what, long answer, const char *allowed) {
  if (answer >= 0) shared->granted[what]++;
  else shared->refused[what]++;
  for (; answer < 0 && *allowed; allowed++)
    if (answer == -*allowed) return;
  if (answer < 0) shared->odd = what * 10000 - answer;
}

static long random_options(void) {
  long options = (long)random_word() & 0xff; // all events
  if (one_in(6)) options |= PTRACE_O_EXITKILL;
  if (one_in(6)) options |= PTRACE_O_SUSPEND_SECCOMP;
  if (wanted < CALL_ENTRY) options |= 1 << (wanted + 1); // the event's own
  if (wanted == EXEC_TRAP) options &= ~PTRACE_O_TRACEEXEC;
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
      note_answer(REQUESTS, ptrace((long)(one_in(2) ? 0x4200 + pick(0x14) : pick(40)), (pid_t)pid, one_in(2) ? pick(300) : (unsigned long)argument(), one_in(2) ? word : (void *)argument()),
                  (const char[]){EPERM, ESRCH, EIO, EACCES, EFAULT, EINVAL, ENOENT, ERANGE, E2BIG, 0});
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
  short request = leads_to[wanted].request ? leads_to[wanted].request : PTRACE_CONT;
  if (one_in(2)) request = requests[pick(countof(requests))];
  if (one_in(20)) request = PTRACE_DETACH;
  last_request[pid % countof(last_request)] = request;
  if (ptrace(request, (pid_t)pid, 0, (void *)pass) < 0) ptrace(PTRACE_SINGLESTEP, (pid_t)pid, 0, NULL);
}

static void die(void) {
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

static void kill_it(long pid) {
  switch (pick(4)) {
    case 0:
      ptrace(PTRACE_KILL, (pid_t)pid, 0, NULL);
      return;
    case 1:
      syscall(__NR_tkill, pid, SIGKILL);
      return;
    case 2: // somebody else does it
      shared->victim = (int)pid;
      return;
    default:
      kill((pid_t)pid, SIGKILL);
  }
}

static void take(int pid) {
  if (pid <= 0) return;
  char by = leads_to[wanted].by;
  if (by == ATTACHING || (by == ANYHOW && one_in(3))) ptrace(PTRACE_ATTACH, pid, 0, NULL);
  else ptrace(PTRACE_SEIZE, pid, 0, (void *)random_options());
}

static void helper_main(void) {
  seed_with(77);
  if (leads_to[wanted].by == SEIZING) sched_yield();
  else if (wanted != ATTACHED) ptrace(PTRACE_TRACEME, 0, 0, NULL), raise(SIGSTOP);
  for (int i = 0; i < 8; i++) helps(), calls(1);
  tracee_main();
}
static void make_tracee(void) {
  long pid = fork();
  if (pid == 0) helper_main();
  if (leads_to[wanted].by == SEIZING || wanted == ATTACHED) take((int)pid);
}

/* The tracee is killed, or the tracer dies, where it wanted to. */
static void strike(enum stop_kind kind, long pid) {
  if (one_in(4) ? one_in(2) : shared->deaths[kind] <= shared->kills[kind]) {
    shared->deaths[kind]++;
    die();
  }
  shared->kills[kind]++;
  kill_it(pid);
  want_another();
  make_tracee();
}

static void stopped(long pid, int status) {
  short last = last_request[pid % countof(last_request)];
  enum stop_kind kind = kind_of_stop(pid, status, last == PTRACE_SYSEMU || last == PTRACE_SYSEMU_SINGLESTEP);
  if (kind == GROUP_STOP_SEIZED && wanted == LISTENING && ptrace(PTRACE_LISTEN, (pid_t)pid, 0, NULL) == 0) kind = LISTENING;
  shared->stops[kind]++;
  if (kind == wanted ? !one_in(4) : one_in(200)) strike(kind, pid);
  else if (WSTOPSIG(status) == SIGSTOP) set_options(pid, random_options());
  if (wanted == HARDWARE_BREAK) change_debug(pid);
  if (one_in(30)) return; // it stays there
  while (one_in(3)) ask(pid);
  let_go(pid, status);
}

static void traces(void) {
  for (int i = 0; i < STOPS_OF_TRACER; i++) {
    int status, who = somebody();
    if (one_in(2)) take(who);
    if (one_in(3) && who > 0) ptrace(PTRACE_INTERRUPT, who, 0, NULL);
    if (one_in(16) && who > 0) ask(who); // stopped or not, ours or not
    long pid = wait4(-1, &status, __WALL | (one_in(4) ? WNOHANG : 0), NULL);
    if (pid == -ECHILD) sched_yield();
    if (pid > 0 && WIFSTOPPED(status)) stopped(pid, status);
  }
}

static void tracer_main(void) {
  interrupt_every(TICK);
  want_another();
  make_tracee();
  if (one_in(3)) start_thread(traces, 0, NULL, 0); // tracees belong to a thread
  traces();
  die();
}

/* ---- who installs programs and arms dispatch without anybody around who would change the answer ---- */

static void asks_once(void) {
  if (one_in(2)) note_answer(FILTERS, random_filter(), (const char[]){EINVAL, EBUSY, ENOMEM, EFAULT, 0});
  else note_answer(DISPATCHES, dispatch((long)pick(4), argument(), argument(), one_in(2) ? &selector : (void *)argument()), (const char[]){EINVAL, EFAULT, 0});
  while (!one_in(8)) syscall(cheap_call(), argument(), argument(), argument(), argument(), argument(), argument());
}

static void asker_main(void) {
  for (unsigned long i = 0; i < PROGRAMS; i++) {
    if (fork() > 0) continue;
    seed_with(i);
    asks_once();
    exit(0);
  }
}

static void sender_main(void) {
  static const char usual[] = {SIGCONT, SIGSTOP, SIGTRAP, SIGSYS, SIGUSR1, SIGCHLD, SIGTSTP, 34};
  struct timespec shortly = {0, 100000};
  for (int i = 0; i < SIGNALS; i++) {
    int who = somebody();
    if (shared->victim > 0) kill(shared->victim, SIGKILL), shared->victim = 0;
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

/* Somebody looks at every call, or nobody. */
static void trace_calls(bool on) {
  int fd = (int)open("/sys/kernel/tracing/events/raw_syscalls/enable", O_WRONLY, 0);
  write(fd, on ? "1" : "0", 1);
  close(fd);
}

static void one_round(void) {
  trace_calls(one_in(3));
  memset((void *)shared->tids, 0, sizeof(shared->tids));
  pid_t group = member(tracee_main, 1, 0);
  for (unsigned long i = 0; i < TRACEES; i++) member(tracee_main, 10 + i, group);
  member(sender_main, 4, group);
  member(asker_main, 5, group);
  long tracers[TRACERS] = {member(tracer_main, 20, group), member(tracer_main, 21, group)};
  unsigned long n = 2;
  interrupt_every(TICK * 10);
  for (int ticks = 0;;) {
    long pid = wait4(-1, NULL, __WALL, NULL);
    if (pid == -ECHILD) return;
    for (unsigned long i = 0; i < n && n < TRACERS && ticks < PATIENCE; i++)
      if (pid == tracers[i]) tracers[n] = member(tracer_main, 20 + n, group), n++; // the next one
    if (pid == -EINTR && ++ticks >= PATIENCE) kill(-group, SIGKILL);
  }
}

static long tasks(void) {
  struct sysinfo info;
  sysinfo(&info);
  return info.procs;
}

static void tell(void) {
  for (int i = 0; i < KINDS; i++) printf("%s: %ld stops, %ld kills, %ld deaths\n", kind_names[i], shared->stops[i], shared->kills[i], shared->deaths[i]);
  static const char *const asked[ASKED] = {"filters", "dispatches", "requests"};
  for (int i = 0; i < ASKED; i++) printf("%s: %ld granted, %ld refused\n", asked[i], shared->granted[i], shared->refused[i]);
  if (shared->odd) printf("an odd answer: %ld\n", shared->odd);
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
  shared->reaper = (int)getpid();
  long before = tasks();
  while (rounds-- > 0) {
    random_word();
    one_round();
  }
  tell();
  if (tasks() != before) printf("%ld tasks are left\n", tasks() - before);
  printf("the entry path stands\n");
  return 0;
}
