/*
 * fuzz.c - random system calls with random arguments: the kernel may refuse, kill or ignore, but must not fall
 *
 *   fuzz SEED ROUNDS
 *
 * Each round is a process and a mount namespace of its own, so that whoever is left of it ends with it, and in it are some
 * processes that share descriptors, memory and files. Of the calls whose arguments are known (calls.h) most are made with
 * such; all others, and the rest of these, with anything. The same seed makes the same calls.
 */
#include "calls.h"
#include "random.h"

enum { CALLS_A_TASK = 64, TASKS = 3, LAST_NR = 470, FDS = 16, NAMES = 6 };
enum { TICK = 2000, PATIENCE = 50 }; // microseconds of the alarm; milliseconds until a round is over

static char *shared; // by the tasks of a round
enum { SHARED_SIZE = 16384 };
static const char *const names[NAMES] = {"/tmp/a", "/tmp/b", "/tmp/folder", "/tmp/folder/c", "/proc/self/maps", "/tmp"};

/* ---- arguments ---- */

static long pointer(void) { return (long)(one_in(2) ? shared + pick(SHARED_SIZE) : memory + pick(sizeof(memory))); }

static long plausible(char letter) {
  switch (letter) {
    case 'f': return (long)pick(FDS);
    case 'd': return one_in(2) ? AT_FDCWD : (long)pick(FDS);
    case 'p': case 'P': case 'D': return (long)names[pick(NAMES)];
    case 'b': case 'v': case 't': case 'x': case 'a': return pointer() & ~15l;
    case 'z': return one_in(2) ? 0 : pointer() & ~7l;
    case 'l': return (long)pick(one_in(4) ? 100000 : 300);
    case 'n': return (long)pick(5);
    case 'm': case 'g': return one_in(2) ? 0 : 1l << pick(20);
    case 'c': return (long)pick(one_in(3) ? 64 : 8);
    case 'F': return 1;
    case 's': return 8;
    case 'i': return (long)pick(TASKS + 2);
    case 'k': return (long)pick(65);
    case 'o': return (long)pick(20000);
    default: return 0;
  }
}

static bool spared(long nr);

static void random_call(void) {
  const struct call *call = &calls[pick(countof(calls))];
  long nr = one_in(4) ? (long)pick(LAST_NR) : call->nr;
  long a[6];
  for (int i = 0; i < 6; i++) a[i] = argument();
  if (nr == call->nr)
    for (size_t i = 0; call->letters[i]; i++)
      if (!one_in(8)) a[i] = plausible(call->letters[i]);
  if (!spared(nr)) syscall(nr, a[0], a[1], a[2], a[3], a[4], a[5]);
}

/* Calls that would end the round, or reach beyond it. */
static bool spared(long nr) {
  switch (nr) {
    case __NR_exit:
    case __NR_exit_group:
    case __NR_reboot:
    case __NR_vhangup:
    case __NR_rt_sigaction: // the alarm must stay
    case __NR_rt_sigprocmask:
    case __NR_setitimer:
      return true;
    default:
      return false;
  }
}

/* ---- a round ---- */

static void wake_up(int sig) { (void)sig; }

/* Calls that sleep are woken after a while, and again. */
static void interrupt_every(long microseconds) {
  struct __kernel_old_itimerval often = {{0, microseconds}, {0, microseconds}};
  set_signal(SIGALRM, wake_up, 0);
  syscall(__NR_setitimer, ITIMER_REAL, &often, NULL);
}

/* Descriptors of all kinds, none of the console's. */
static void open_files(void) {
  int pair[2];
  for (int fd = 0; fd < 3; fd++) close(fd);
  syscall(__NR_mkdirat, AT_FDCWD, "/tmp/folder", 0755);
  open("/tmp/a", O_RDWR | O_CREAT, 0644);
  open("/tmp/folder", O_RDONLY | O_DIRECTORY, 0);
  open("/dev/zero", O_RDWR, 0);
  open("/proc/self/status", O_RDONLY, 0);
  pipe2(pair, 0);
  syscall(__NR_socketpair, 1, 1, 0, pair);
  syscall(__NR_socket, 1, 2, 0);
  syscall(__NR_eventfd2, 3, 0);
  syscall(__NR_epoll_create1, 0);
  syscall(__NR_timerfd_create, CLOCK_MONOTONIC, 0);
  syscall(__NR_memfd_create, "m", 0);
  syscall(__NR_pidfd_open, 1, 0);
  open("/dev/ptmx", O_RDWR | O_NOCTTY, 0);
}

static void one_task(unsigned long salt) {
  seed_with(salt);
  for (size_t i = 0; i < SHARED_SIZE; i += 8)
    *(unsigned long *)(shared + i) = one_in(4) ? (unsigned long)argument() : pick(3);
  interrupt_every(TICK);
  for (int i = 0; i < CALLS_A_TASK; i++) random_call();
  exit(0);
}

/* The first process of a namespace: when it ends, so do all others in there. */
static void one_round(void) {
  struct timespec tick = {0, 1000000};
  setsid(); // its group reaches beyond the namespace
  open_files();
  for (unsigned long i = 1; i <= TASKS; i++)
    if (fork() == 0) one_task(i);
  for (int i = 0; i < PATIENCE; i++) {
    while (wait4(-1, NULL, __WALL | WNOHANG, NULL) > 0) {}
    nanosleep(&tick, NULL);
  }
  exit(0);
}

/* Somebody in there may have traced it: stopped, it would wait for ever to be told to go on. */
static void reap(pid_t child) {
  int status;
  do {
    wait4(child, &status, WUNTRACED, NULL);
    if (WIFSTOPPED(status)) kill(child, SIGKILL);
  } while (WIFSTOPPED(status));
}

int main(int argc, char **argv) {
  long seed, rounds;
  if (argc != 3 || !parse_long(argv[1], &seed) || !parse_long(argv[2], &rounds)) return 2;
  seed_with((unsigned long)seed);
  shared = mmap(NULL, SHARED_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  while (rounds-- > 0) {
    random_word();
    long child = syscall(__NR_clone, CLONE_NEWPID | CLONE_NEWNS | SIGCHLD, 0, 0, 0, 0);
    if (child == 0) one_round();
    if (child < 0) return 1;
    reap((pid_t)child);
  }
  printf("the kernel stands\n");
  return 0;
}
