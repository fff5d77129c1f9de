/*
 * ptrace-random.c - a tracer that asks for anything at every stop: what it is told, and where the tracee stops next
 *
 * Linux: kernel/ptrace.c, arch/arm64/kernel/ptrace.c, kernel/signal.c, Manual: ptrace(2)
 *
 * Each line is one tracee's life: the stops that it came to, and in the end a number that is made of every answer. What
 * differs from run to run (process numbers, the stack) is left out, as is what tests/DIFFERENCES.md says of 6.12.
 */
#include "random-filter.h"
#include "stopkind.h"
#include "thread.h"

enum { LIVES = 200, STOPS = 40 };
static const char letters[KINDS + 1] = "fvcxwXsenSiGlgANuFDPtThbH";
static unsigned long told;
static short last_request;

static bool aloud; // to find where two kernels differ
static void note(unsigned long value) {
  told = (told ^ value) * 0x100000001b3ul;
  if (aloud) printf("# %lx\n", value);
}

/* Addresses of the program are the same everywhere; those of the stack are not, nor are the numbers of processes. */
enum { FIRST_PID = 300, LAST_PID = 32768 };
static unsigned long plain(unsigned long value) {
  if (value >= FIRST_PID && value <= LAST_PID) return FIRST_PID;
  return value < 0x2000000 || value > -4096ul ? value : aloud ? 0x7000 + (value & 0xfff) : 0x77;
}
static void use_up_numbers(void) {
  for (long pid = 0; pid < FIRST_PID;) {
    pid = fork();
    if (pid == 0) exit(0);
    wait4((pid_t)pid, NULL, 0, NULL);
  }
}

/* ---- the tracee ---- */

/* The way back from a handler is in the program: what is behind the vDSO's own, should the call be skipped, nobody knows. */
extern char comes_back[];
__asm__(".text\n"
        "comes_back: mov x8, #139\n"
        "  svc #0\n"
        "  udf #0\n");

static void catch(int sig, void *handler, unsigned long flags) {
  struct sigaction action = {.sa_handler = (__sighandler_t)handler, .sa_flags = flags | SA_RESTORER, .sa_restorer = (__sigrestore_t)(void *)comes_back};
  rt_sigaction(sig, &action, NULL);
}

static void nothing(int sig) { (void)sig; }
static void step_over_brk(int sig, siginfo_t *info, void *context) {
  struct sigcontext *regs = &((struct ucontext *)context)->uc_mcontext;
  (void)sig;
  if (info->si_code == TRAP_BRKPT) regs->pc += 4;
}

static void tracee_main(void) {
  static const short calls[] = {__NR_getppid, __NR_close, __NR_sched_yield, __NR_sigaltstack, __NR_getpgid, 470, -1};
  for (int sig = 1; sig < 65; sig++)
    if (sig != SIGILL && sig != SIGSEGV) catch(sig, nothing, sig & 1 ? SA_RESTART : 0);
  catch(SIGTRAP, step_over_brk, SA_SIGINFO);
  set_signal(SIGTSTP, SIG_DFL, 0);
  for (int i = 0; i < 40; i++) switch (pick(10)) {
      case 0:
        raise(one_in(3) ? SIGSTOP : 1 + (int)pick(40));
        break;
      case 1:
        __asm__ volatile("brk #7");
        break;
      case 2:
        if (syscall(__NR_clone, 0) == 0) exit(0); // and no signal when that ends, whenever it does
        break;
      case 3:
        if (one_in(3)) filter_call(__NR_getpgid, filter_action(), 0);
        break;
      case 4: {
        sigset_t some = {{random_word() & 0xffff}};
        rt_sigprocmask((int)pick(3), &some, NULL);
        break;
      }
      default:
        syscall(calls[pick(countof(calls))], -1 - (long)pick(20), 77); // numbers that nobody has
    }
  exit(5);
}

/* ---- the tracer ---- */

static void ask(long pid) {
  unsigned long word[4] = {random_word(), pick(70), random_word(), pick(4)};
  struct user_pt_regs regs = get_regs(pid);
  unsigned long what = pick(12);
  if (aloud) printf("# ask %lu\n", what);
  switch (what) {
    case 0:
      regs.pstate = one_in(2) ? regs.pstate ^ (1ul << pick(64)) : random_word();
      note((unsigned long)put_regs(pid, &regs));
      return;
    case 1:
      regs.regs[0] = one_in(2) ? pick(100) : -(4ul + 508 * pick(2) + pick(4));
      note((unsigned long)put_regs(pid, &regs));
      return;
    case 2:
      if (get_nr(pid) != __NR_rt_sigreturn) put_nr(pid, one_in(2) ? -1 : __NR_getuid); // behind that one there is no program
      return;
    case 3:
      note((unsigned long)set_options(pid, (long)(random_word() & (one_in(4) ? -1ul : 0x10ff)) & ~(long)PTRACE_O_EXITKILL));
      return;
    case 4:
      note((unsigned long)kill((pid_t)pid, one_in(3) ? SIGCONT : 1 + (int)pick(64) % 64));
      return;
    case 5:
      note((unsigned long)get_set(pid, pick(3) == 0 ? 0x400 + pick(8) : pick(3), memory, pick(600)));
      return;
    case 6:
      note((unsigned long)ptrace(PTRACE_SETSIGMASK, (pid_t)pid, 8 * pick(2) + pick(2) * 0, word));
      return;
    case 7:
      note((unsigned long)ptrace(PTRACE_GETSIGMASK, (pid_t)pid, 8, word)), note(word[0]);
      return;
    case 8:
      note((unsigned long)ptrace(PTRACE_PEEKDATA, (pid_t)pid, (unsigned long)argument(), word));
      return;
    case 9: {
      struct {
        unsigned long off;
        unsigned flags;
        int nr;
      } which = {pick(3), (unsigned)pick(3), (int)pick(5) - 1};
      note((unsigned long)ptrace(PTRACE_PEEKSIGINFO, (pid_t)pid, (unsigned long)&which, memory));
      return;
    }
    case 10:
      note((unsigned long)ptrace(PTRACE_INTERRUPT, (pid_t)pid, 0, NULL));
      return;
    default: {
      static const short others[] = {PTRACE_TRACEME, PTRACE_KILL, PTRACE_DETACH, PTRACE_CONT, PTRACE_SYSCALL, PTRACE_LISTEN, PTRACE_SINGLESTEP,
                                     PTRACE_SYSEMU, PTRACE_SYSEMU_SINGLESTEP, PTRACE_POKEDATA, PTRACE_POKETEXT, PTRACE_SETSIGINFO,
                                     PTRACE_SETREGSET, PTRACE_SETOPTIONS};
      short request = (short)(one_in(2) ? pick(40) : 0x4200 + pick(0x10));
      for (size_t i = 0; i < countof(others); i++)
        if (request == others[i]) return; // it would go on, or not be the same any more
      note((unsigned long)ptrace(request, (pid_t)pid, pick(4) * 8, memory));
    }
  }
}

static void look(long pid, int status) {
  struct user_pt_regs regs = get_regs(pid);
  struct ptrace_syscall_info info = get_info(pid);
  note((unsigned long)status);
  note((unsigned long)get_nr(pid));
  note(plain(regs.pc)), note(plain(regs.regs[0])), note(regs.regs[8] & 0xfff), note(regs.pstate & ~0x1000ul); // SSBS is the processor's affair
  note(info.op), note(info.op == PTRACE_SYSCALL_INFO_SECCOMP ? info.seccomp.ret_data : 0);
}

static long go_on(long pid, int status) {
  static const short requests[] = {PTRACE_CONT, PTRACE_SYSCALL, PTRACE_SYSCALL, PTRACE_SYSEMU, PTRACE_SINGLESTEP, PTRACE_SINGLESTEP};
  int sig = WSTOPSIG(status);
  long pass = one_in(10) ? (long)pick(66) : status >> 16 || sig & 0x80 ? 0 : sig;
  short request = requests[pick(countof(requests))];
  long err = resume(request, pid, pass);
  last_request = request;
  return err < 0 ? resume(request, pid, 0) : err;
}

static const char *one_life(unsigned long seed) {
  static char line[STOPS + 64];
  size_t length = 0;
  int status = 0;
  state = 0, told = 0;
  seed_with(seed);
  bool seize = one_in(2);
  long pid = fork();
  if (pid == 0) {
    setpgid(0, 0);
    seed_with(1);
    if (!seize) ptrace(PTRACE_TRACEME, 0, 0, NULL);
    raise(SIGSTOP);
    tracee_main();
  }
  if (seize) {
    wait4((pid_t)pid, &status, WUNTRACED, NULL);
    ptrace(PTRACE_SEIZE, (pid_t)pid, 0, (void *)(SYSGOOD | PTRACE_O_TRACEEXIT));
    kill((pid_t)pid, SIGCONT);
  }
  struct __kernel_old_itimerval patience = {{0, 0}, {4, 0}}; // it may run in a circle
  syscall(__NR_setitimer, ITIMER_REAL, &patience, NULL);
  while (length < STOPS) {
    status = wait_for(pid);
    if (status < 0 || !WIFSTOPPED(status)) break;
    line[length++] = letters[kind_of_stop(pid, status, last_request == PTRACE_SYSEMU)];
    look(pid, status);
    while (one_in(2)) ask(pid);
    if (go_on(pid, status) < 0) break;
  }
  kill((pid_t)-pid, SIGKILL);
  for (int left; (pid = wait4(-1, &left, __WALL, NULL)) != -ECHILD;)
    if (pid > 0 && WIFSTOPPED(left)) resume(PTRACE_CONT, pid, 0); // from its last event
  snprintf(line + length, sizeof(line) - length, " %x %lx", WIFSTOPPED(status) ? 0 : status, told);
  return line;
}

static int tracer_main(int argc, char **argv) {
  long seed;
  set_signal(SIGALRM, nothing, 0);
  if (argc == 2 && parse_long(argv[1], &seed)) {
    aloud = true;
    return check(true, one_life((unsigned long)seed)) ? 0 : 1;
  }
  for (unsigned long i = 0; i < LIVES; i++) check(true, one_life(i));
  return checked();
}

int main(int argc, char **argv) {
  int status = -1;
  use_up_numbers();
  long pid = fork();
  if (pid == 0) exit(tracer_main(argc, argv));
  wait4((pid_t)pid, &status, 0, NULL);
  return status >> 8;
}
