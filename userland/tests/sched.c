/*
 * sched.c - priorities, policies, processors
 *
 * Linux: kernel/sched/syscalls.c, kernel/sys.c
 */
#include "check.h"

enum { NOBODY = 99999, BAD = 16 };
enum { NORMAL, FIFO, RR, BATCH, IDLE = 5, DEADLINE, RESET = 0x40000000 };

struct attr {
  unsigned size, policy;
  unsigned long flags;
  int nice;
  unsigned priority;
  unsigned long runtime, deadline, period;
  unsigned min, max;
};

static long set_policy(int pid, int policy, int priority) {
  return syscall(__NR_sched_setscheduler, pid, policy, &priority);
}
static long policy(void) { return syscall(__NR_sched_getscheduler, 0); }
static long nice_of(int which, int who) { return 20 - syscall(__NR_getpriority, which, who); }
static long set_nice(int which, int who, int nice) { return syscall(__NR_setpriority, which, who, nice); }

/* Of input and output: kept, and told. */
static void check_ioprio(void) {
  enum { RT = 1 << 13, BE = 2 << 13, IO_IDLE = 3 << 13, ME = 1, GROUP, USER };
  check_is(syscall(__NR_ioprio_get, ME, 0), 0, "nobody has asked for an I/O priority");
  syscall(__NR_setpgid, 0, 0); /* away from the threads of the kernel */
  check_is(syscall(__NR_ioprio_get, GROUP, 0), BE | 4, "so it follows the niceness");
  check_is(syscall(__NR_ioprio_set, ME, 0, BE | 7), 0, "one can ask");
  check_is(syscall(__NR_ioprio_get, ME, getpid()), BE | 7, "and gets it");
  check_is(syscall(__NR_ioprio_set, ME, 0, IO_IDLE), 0, "or for none at all");
  check_is(syscall(__NR_ioprio_set, ME, 0, 1), -EINVAL, "a level without a class is EINVAL");
  check_is(syscall(__NR_ioprio_set, ME, 0, 5 << 13), -EINVAL, "an unknown class, too");
  check_is(syscall(__NR_ioprio_set, 0, 0, BE), -EINVAL, "and nobody in particular");
  check_is(syscall(__NR_ioprio_get, ME, NOBODY), -ESRCH, "nobody at all is ESRCH");
  check_is(syscall(__NR_ioprio_set, ME, 0, 0), 0, "one can forget it");
}

static void check_nice(void) {
  check_is(nice_of(0, 0), 0, "one starts in the middle");
  check_is(set_nice(0, 0, 100), 0, "too nice");
  check_is(nice_of(0, 0), 19, "is as nice as can be");
  check_is(set_nice(0, 0, -100), 0, "root can be as important");
  check_is(nice_of(0, 0), -20, "as it wants");
  check_is(set_nice(1, 0, 3), 0, "a group can be set");
  check_is(nice_of(1, 0), 3, "and asked for its most important member");
  check_is(set_nice(0, 0, 0), 0, "back to the middle");
  check_is(syscall(__NR_getpriority, 3, 0), -EINVAL, "there are processes, groups and users");
  check_is(syscall(__NR_setpriority, -1, 0, 0), -EINVAL, "nothing else");
  check_is(syscall(__NR_getpriority, 0, NOBODY), -ESRCH, "a process must exist");
  check_is(syscall(__NR_getpriority, 1, NOBODY), -ESRCH, "a group, too");
  check_is(syscall(__NR_getpriority, 2, NOBODY), -ESRCH, "a user must have processes");
}

static void check_policies(void) {
  int priority = -1;
  struct timespec slice;
  check_is(policy(), NORMAL, "the policy is the usual one");
  check_is(set_policy(0, BATCH, 0), 0, "it can be another");
  check_is(policy(), BATCH, "as is told");
  check_is(set_policy(0, IDLE | RESET, 0), 0, "children need not have it");
  check_is(policy(), IDLE | RESET, "which is told, too");
  check_is(set_policy(0, NORMAL, 1), -EINVAL, "the usual policy has no priorities");
  check_is(set_policy(0, FIFO, 0), -EINVAL, "a real-time policy needs one");
  check_is(set_policy(0, FIFO, 100), -EINVAL, "of at most 99");
  check_is(set_policy(0, 4, 0), -EINVAL, "a policy must exist");
  check_is(set_policy(0, DEADLINE, 0), -EINVAL, "deadlines cannot be had this way");
  check_is(set_policy(0, -1, 0), -EINVAL, "nor a policy below zero");
  check_is(set_policy(NOBODY, NORMAL, 0), -ESRCH, "nobody has no policy");
  check_is(syscall(__NR_sched_setscheduler, 0, NORMAL, NULL), -EINVAL, "the priority has to be given");
  check_is(syscall(__NR_sched_setscheduler, 0, NORMAL, BAD), -EFAULT, "in memory");

  check_is(set_policy(0, RR, 5), 0, "root can be real-time");
  check_is(syscall(__NR_sched_getparam, 0, &priority), 0, "with a priority");
  check_is(priority, 5, "that can be asked for");
  check_is(syscall(__NR_sched_rr_get_interval, 0, &slice), 0, "its turn takes");
  check_is(slice.tv_sec * 1000000000 + slice.tv_nsec, 100000000, "a tenth of a second");
  priority = 9;
  check_is(syscall(__NR_sched_setparam, 0, &priority), 0, "the priority alone can be set");
  priority = 0;
  check_is(syscall(__NR_sched_setparam, 0, &priority), -EINVAL, "to one that the policy allows");
  check_is(set_policy(0, NORMAL, 0), 0, "back to the usual");
  check_is(syscall(__NR_sched_get_priority_max, FIFO), 99, "real-time priorities end at 99");
  check_is(syscall(__NR_sched_get_priority_min, RR), 1, "and begin at 1");
  check_is(syscall(__NR_sched_get_priority_max, NORMAL), 0, "others have none");
  check_is(syscall(__NR_sched_get_priority_max, 4), -EINVAL, "and some do not exist");
}

static void check_attributes(void) {
  struct attr attr = {.size = sizeof(attr)}, big[2];
  check_is(syscall(__NR_sched_getattr, 0, &attr, sizeof(attr), 0), 0, "attributes tell all at once");
  check(attr.size == sizeof(attr) && attr.policy == NORMAL && attr.nice == 0, "size, policy, niceness");
  check_is(syscall(__NR_sched_getattr, 0, big, sizeof(big), 0), 0, "a program from the future may ask");
  check_is(big[0].size, sizeof(attr), "and learns how much there is");
  check_is(syscall(__NR_sched_getattr, 0, &attr, 47, 0), -EINVAL, "there never were fewer");
  check_is(syscall(__NR_sched_getattr, 0, &attr, 48, 1), -EINVAL, "flags are for later");
  attr = (struct attr){.size = 40};
  check_is(syscall(__NR_sched_setattr, 0, &attr, 0), -E2BIG, "a size that is none is refused");
  check_is(attr.size, sizeof(attr), "and corrected");
  attr = (struct attr){.size = 48, .nice = 7};
  check_is(syscall(__NR_sched_setattr, 0, &attr, 0), 0, "attributes can be set");
  check_is(nice_of(0, 0), 7, "niceness among them");
  attr.nice = 0;
  syscall(__NR_sched_setattr, 0, &attr, 0);
  attr.flags = 0x100;
  check_is(syscall(__NR_sched_setattr, 0, &attr, 0), -EINVAL, "unknown flags are refused");
}

static void check_processors(void) {
  unsigned long mask = 0;
  check_is(syscall(__NR_sched_getaffinity, 0, sizeof(mask), &mask), 8, "a mask of processors has eight bytes");
  check_is(mask & 1, 1, "processor 0 may be used");
  check_is(syscall(__NR_sched_getaffinity, 0, 4, &mask), -EINVAL, "half a word is not enough");
  check_is(syscall(__NR_sched_getaffinity, 0, 0, &mask), -EINVAL, "nothing even less");
  check_is(syscall(__NR_sched_setaffinity, 0, sizeof(mask), &mask), 0, "what is allowed can be set");
  mask = 0;
  check_is(syscall(__NR_sched_setaffinity, 0, sizeof(mask), &mask), -EINVAL, "one needs a processor");
  mask = 1UL << 63;
  check_is(syscall(__NR_sched_setaffinity, 0, sizeof(mask), &mask), -EINVAL, "that exists");
  check_is(syscall(__NR_sched_setaffinity, NOBODY, sizeof(mask), &mask), -ESRCH, "nobody runs nowhere");
}

static void become_user(void) {
  struct rlimit64 limit = {25, 25};
  prlimit(0, RLIMIT_NICE, &limit, NULL); // down to -5
  syscall(__NR_setresuid, 1000, 1000, 1000);
}

static int failures;
static void expect(long got, long want) { failures += got != want; }

static void be_ordinary(void) {
  become_user();
  expect(set_nice(0, 0, 5), 0);
  expect(set_nice(0, 0, -5), 0);
  expect(set_nice(0, 0, -6), -EACCES);
  expect(set_nice(0, 1, 5), -EPERM);
  expect(set_policy(0, FIFO, 1), -EPERM);
  expect(set_policy(1, NORMAL, 0), -EPERM);
  expect(set_policy(0, IDLE, 0), 0);
  expect(set_policy(0, NORMAL, 0), 0);
  expect(set_policy(0, NORMAL | RESET, 0), 0);
  expect(set_policy(0, NORMAL, 0), -EPERM);
  exit(failures);
}

int main(void) {
  check_ioprio();
  check_nice();
  check_policies();
  check_attributes();
  check_processors();
  check_is(in_child(be_ordinary), 0, "others may only do less, within their limits, and to themselves");
  return checked();
}
