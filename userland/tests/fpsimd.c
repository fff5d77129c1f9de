/*
 * fpsimd.c - the vector registers are the program's own, whatever comes between two instructions
 *
 * Linux: arch/arm64/kernel/fpsimd.c, arch/arm64/include/uapi/asm/sigcontext.h (struct fpsimd_context)
 *
 * The compiler is told not to use them, so what a function here puts into them stays until the next one.
 */
#include "thread.h"
#include "trace.h"

/* What every CPU has of FPCR and FPSR: FZ, DN and the rounding mode; the cumulative flags. */
enum { FPCR_BITS = 0x03c00000, FPSR_BITS = 0x0800009f };

/*
 * Loads all registers from `in` unless that is NULL, goes round a loop n times, makes a system call unless `nr` is -1,
 * and stores them to `out`. Returns what the call did.
 */
extern long registers(const struct user_fpsimd_state *in, struct user_fpsimd_state *out, long n, long nr, long a, long b);
__asm__(".text\n.arch_extension fp\n.arch_extension simd\n"
        ".macro pair insn, first, second, at\n \\insn q\\first, q\\second, [x9, #\\at]\n.endm\n"
        ".macro all insn\n"
        "  pair \\insn, 0, 1, 0\n pair \\insn, 2, 3, 32\n pair \\insn, 4, 5, 64\n pair \\insn, 6, 7, 96\n"
        "  pair \\insn, 8, 9, 128\n pair \\insn, 10, 11, 160\n pair \\insn, 12, 13, 192\n pair \\insn, 14, 15, 224\n"
        "  pair \\insn, 16, 17, 256\n pair \\insn, 18, 19, 288\n pair \\insn, 20, 21, 320\n pair \\insn, 22, 23, 352\n"
        "  pair \\insn, 24, 25, 384\n pair \\insn, 26, 27, 416\n pair \\insn, 28, 29, 448\n pair \\insn, 30, 31, 480\n"
        ".endm\n"
        ".globl registers\nregisters:\n"
        "  mov x9, x0\n mov x10, x1\n mov x11, x2\n mov x8, x3\n"
        "  cbz x9, 1f\n"
        "  all ldp\n ldr w12, [x9, #512]\n ldr w13, [x9, #516]\n msr fpsr, x12\n msr fpcr, x13\n"
        "1: mov x0, x4\n mov x1, x5\n mov x2, #0\n mov x3, #0\n mov x4, #0\n"
        "2: cbz x11, 3f\n sub x11, x11, #1\n b 2b\n"
        "3: cmn x8, #1\n b.eq 4f\n svc #0\n"
        "4: mov x9, x10\n all stp\n mrs x12, fpsr\n mrs x13, fpcr\n str w12, [x9, #512]\n str w13, [x9, #516]\n"
        "  ret\n");

static unsigned long random_state = 88172645463325252;

static unsigned long next(void) {
  random_state ^= random_state << 13, random_state ^= random_state >> 7, random_state ^= random_state << 17;
  return random_state;
}

static struct user_fpsimd_state random_registers(void) {
  struct user_fpsimd_state state = {0};
  for (int i = 0; i < 32; i++) state.vregs[i] = (__uint128_t)next() << 64 | next();
  state.fpsr = (unsigned int)next() & FPSR_BITS;
  state.fpcr = (unsigned int)next() & FPCR_BITS;
  return state;
}

static bool same(const struct user_fpsimd_state *a, const struct user_fpsimd_state *b) {
  return memcmp(a, b, offsetof(struct user_fpsimd_state, __reserved)) == 0;
}

static struct user_fpsimd_state mine, found;

static void check_calls(void) {
  mine = random_registers();
  registers(&mine, &found, 0, __NR_getppid, 0, 0);
  check(same(&mine, &found), "check 11: a system call leaves all 32 registers, FPSR and FPCR alone");
  registers(&mine, &found, 0, __NR_sched_yield, 0, 0);
  check(same(&mine, &found), "so does one that gives the processor away");
  struct timespec time = {0, 1000000};
  registers(&mine, &found, 0, __NR_nanosleep, (long)&time, 0);
  check(same(&mine, &found), "so does one that sleeps");

  long pid = registers(&mine, &found, 0, __NR_clone, SIGCHLD, 0);
  if (pid == 0) {
    bool good = same(&mine, &found);
    registers(NULL, &found, 0, __NR_sched_yield, 0, 0);
    exit(good && same(&mine, &found) ? 0 : 1);
  }
  int status = -1;
  wait4((pid_t)pid, &status, 0, NULL);
  check(same(&mine, &found), "fork leaves the parent's alone");
  check_is(status, 0, "and the child has the same");
}

static volatile int thread_alive;
static struct user_fpsimd_state thread_found;
static void thread(void) {
  registers(NULL, &thread_found, 0, -1, 0, 0);
  struct user_fpsimd_state others = random_registers();
  registers(&others, &found, 0, __NR_sched_yield, 0, 0);
}

static void check_thread(void) {
  mine = random_registers();
  registers(&mine, &found, 0, -1, 0, 0);
  thread_alive = 1;
  start_thread(thread, CLONE_CHILD_CLEARTID | CLONE_CHILD_SETTID, &thread_alive, 0);
  wait_until_zero(&thread_alive);
  check(same(&mine, &thread_found), "a new thread starts with its maker's registers");
  registers(NULL, &found, 0, -1, 0, 0);
  check(same(&mine, &found), "and what it does with them is its own affair");
}

/* Four processes, preempting each other wherever the time slice ends. */
static void spin(void) {
  random_state += (unsigned long)getpid() * 0x9e3779b97f4a7c15;
  for (int i = 0; i < 60; i++) {
    mine = random_registers();
    registers(&mine, &found, (long)(next() % 60000), next() & 1 ? __NR_sched_yield : -1, 0, 0);
    if (!same(&mine, &found)) exit(1);
  }
}

static void check_preemption(void) {
  int failures = 0, status;
  for (int i = 0; i < 4; i++) {
    if (fork() != 0) continue;
    spin();
    exit(0);
  }
  while (wait4(-1, &status, 0, NULL) > 0) failures += status != 0;
  check_is(failures, 0, "four processes that preempt each other at random keep theirs");
}

static struct user_fpsimd_state in_handler, in_frame, to_return;
static bool edits;
static int handled;

static void on_signal(int sig, siginfo_t *info, void *uc) {
  (void)sig, (void)info;
  registers(NULL, &in_handler, 0, -1, 0, 0);
  struct fpsimd_context *record = (struct fpsimd_context *)((struct ucontext *)uc)->uc_mcontext.__reserved;
  memcpy(in_frame.vregs, record->vregs, sizeof(in_frame.vregs));
  in_frame.fpsr = record->fpsr, in_frame.fpcr = record->fpcr;
  if (edits) {
    memcpy(record->vregs, to_return.vregs, sizeof(record->vregs));
    record->fpsr = to_return.fpsr, record->fpcr = to_return.fpcr;
  }
  struct user_fpsimd_state others = random_registers();
  registers(&others, &found, 0, -1, 0, 0);
  handled++;
}

static void check_signals(void) {
  struct user_fpsimd_state after;
  set_handler(SIGUSR1, on_signal, 0);
  set_handler(SIGALRM, on_signal, 0);
  mine = random_registers();
  registers(&mine, &after, 0, __NR_kill, getpid(), SIGUSR1);
  check(same(&mine, &in_handler), "a handler starts with the registers of whom it interrupted");
  check(same(&mine, &in_frame), "its frame has them too");
  check(same(&mine, &after), "and they come back when it returns");
  edits = true;
  to_return = random_registers();
  registers(&mine, &after, 0, __NR_kill, getpid(), SIGUSR1);
  check(same(&to_return, &after), "check 285: what it writes into the frame is what comes back");
  edits = false;

  struct __kernel_old_itimerval every = {{0, 1000}, {0, 1000}}, never = {{0, 0}, {0, 0}};
  int failures = 0;
  handled = 0;
  syscall(__NR_setitimer, ITIMER_REAL, &every, NULL);
  for (int i = 0; i < 400 && (i < 20 || handled < 5); i++) {
    mine = random_registers();
    registers(&mine, &after, 100000, -1, 0, 0);
    failures += !same(&mine, &after);
  }
  syscall(__NR_setitimer, ITIMER_REAL, &never, NULL);
  check_is(failures, 0, "signals at random instructions change nothing");
  check(handled >= 5, "and there were some");
}

static void stop_with_registers(void) {
  struct user_fpsimd_state first = random_registers();
  registers(&first, &found, 0, __NR_kill, getpid(), SIGSTOP);
  to_return = first;
  to_return.vregs[7] = ~(__uint128_t)5;
  to_return.fpcr = 0x00400000;
  exit(same(&found, &to_return) ? 0 : 1);
}

static void check_ptrace(void) {
  mine = random_registers();
  random_state ^= 0x5555;
  unsigned long saved = random_state;
  struct user_fpsimd_state first = random_registers();
  random_state = saved;
  long pid = tracee(stop_with_registers, 0);
  registers(&mine, &found, 0, -1, 0, 0);
  run_to_stop(PTRACE_CONT, pid, 0);
  struct user_fpsimd_state theirs;
  check_is(get_set(pid, NT_PRFPREG, &theirs, sizeof(theirs)), 0, "a tracer may ask for the set NT_PRFPREG");
  check(same(&theirs, &first), "it is what the other process had when it stopped");
  theirs.vregs[7] = ~(__uint128_t)5;
  check_is(put_set(pid, NT_PRFPREG, &theirs, 8 * sizeof(theirs.vregs[0])), 0, "a part of it may be written");
  theirs.fpcr = 0x00400000;
  put_set(pid, NT_PRFPREG, &theirs, sizeof(theirs));
  memset(&found, 0, sizeof(found));
  get_set(pid, NT_PRFPREG, &found, sizeof(found));
  check(same(&theirs, &found), "and is read back");
  registers(NULL, &found, 0, -1, 0, 0);
  check(same(&mine, &found), "the tracer's own have not changed");
  check_is(run_to_stop(PTRACE_CONT, pid, 0), 0, "check 108: the process goes on with what was written");
}

static bool are_zero(void) {
  static const struct user_fpsimd_state zero;
  registers(NULL, &found, 0, -1, 0, 0);
  return same(&zero, &found);
}

int main(int argc, char **argv) {
  if (argc > 1) return are_zero() ? 0 : 1;
  check(are_zero(), "a program starts with all registers zero");
  check_calls();
  check_thread();
  check_preemption();
  check_signals();
  check_ptrace();

  mine = random_registers();
  char *args[] = {argv[0], "zero", NULL};
  int status = -1;
  long pid = fork();
  if (pid == 0) {
    registers(&mine, &found, 0, __NR_execve, (long)"/proc/self/exe", (long)args);
    exit(9);
  }
  wait4((pid_t)pid, &status, 0, NULL);
  check_is(status, 0, "and so does the next one");
  return checked();
}
