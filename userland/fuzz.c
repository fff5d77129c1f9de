/*
 * fuzz.c - random system calls with random arguments: the kernel may refuse, kill or ignore, but must not fall
 *
 *   fuzz SEED ROUNDS
 *
 * Each round is a process of its own, as many of them end badly. The same seed makes the same calls.
 */
#include "lib.h"

#define CALLS_A_ROUND 64
#define LAST_NR 470

static unsigned long state;
static char memory[8192] __attribute__((aligned(4096)));

/* xorshift64* */
static unsigned long random_word(void) {
  state ^= state >> 12;
  state ^= state << 25;
  state ^= state >> 27;
  return state * 0x2545f4914f6cdd1dul;
}

static unsigned long pick(unsigned long n) {
  return random_word() % n;
}

/* Numbers that mean something to somebody: small ones, edges, addresses good and bad. */
static long argument(void) {
  static const long edges[] = {-1, -100, 0x7fffffff, -0x80000000l, 0x7fffffffffffffffl, -0x7fffffffffffffffl - 1, 4095, 4096, 1l << 48};
  switch (pick(8)) {
    case 0:
      return (long)pick(8);
    case 1:
      return (long)pick(300);
    case 2:
      return edges[pick(countof(edges))];
    case 3:
      return 1l << pick(64);
    case 4:
      return (long)random_word();
    case 5:
      return (long)(memory + sizeof(memory) - pick(64)); // runs off its end
    default:
      return (long)(memory + pick(sizeof(memory)));
  }
}

/* Calls that would end the round or the machine rather than test it. */
static bool spared(long nr) {
  switch (nr) {
    case __NR_exit:
    case __NR_exit_group:
    case __NR_reboot:
    case __NR_kill:
    case __NR_tkill:
    case __NR_tgkill:
    case __NR_rt_sigqueueinfo:
    case __NR_rt_tgsigqueueinfo:
    case __NR_pidfd_send_signal:
    case __NR_rt_sigaction: // the alarm below must stay
    case __NR_rt_sigprocmask:
    case __NR_setitimer:
      return true;
    default:
      return false;
  }
}

static void wake_up(int sig) {
  (void)sig;
}

/* Calls that sleep are woken after a while, and again. */
static void interrupt_every(long microseconds) {
  struct __kernel_old_itimerval often = {{0, microseconds}, {0, microseconds}};
  set_signal(SIGALRM, wake_up, 0);
  syscall(__NR_setitimer, ITIMER_REAL, &often, NULL);
}

static void one_round(void) {
  for (size_t i = 0; i < sizeof(memory); i += 8)
    *(unsigned long *)(memory + i) = pick(4) ? (unsigned long)argument() : 0;
  interrupt_every(2000);
  for (int i = 0; i < CALLS_A_ROUND; i++) {
    long nr = (long)pick(LAST_NR);
    if (!spared(nr))
      syscall(nr, argument(), argument(), argument(), argument(), argument(), argument());
  }
  exit(0);
}

/* Until no child is left. One that stopped (it asked to be traced, say) would wait for ever to be told to go on. */
static void reap(void) {
  for (;;) {
    int status;
    long pid = wait4(-1, &status, __WALL | WUNTRACED, NULL);
    if (pid < 0)
      return;
    if (WIFSTOPPED(status))
      kill((pid_t)pid, SIGKILL);
  }
}

int main(int argc, char **argv) {
  long seed, rounds;
  if (argc != 3 || !parse_long(argv[1], &seed) || !parse_long(argv[2], &rounds))
    return 2;
  state = (unsigned long)seed * 0x9e3779b97f4a7c15ul + 1;
  while (rounds-- > 0) {
    random_word();
    pid_t child = fork();
    if (child == 0)
      one_round();
    reap();
  }
  printf("the kernel stands\n");
  return 0;
}
