/*
 * caps.c - capabilities, and what changing one's user does to them
 *
 * Linux: kernel/capability.c, security/commoncap.c
 */
#include "check.h"

enum { VERSION_1 = 0x19980330, VERSION_3 = 0x20080522, BAD = 16 };
enum { KILL = 5, SETUID = 7, NICE = 23, LAST = 40 };

struct header {
  unsigned version;
  int pid;
};

struct sets {
  unsigned effective, permitted, inheritable;
};

static int failures;
static void expect(long got, long want) { failures += got != want; }

static long get_of(int pid, struct sets *sets) {
  struct header header = {VERSION_3, pid};
  return syscall(__NR_capget, &header, sets);
}

static long set_of(int pid, const struct sets *sets) {
  struct header header = {VERSION_3, pid};
  return syscall(__NR_capset, &header, sets);
}

static long get(struct sets *sets) { return get_of(0, sets); }
static long set(const struct sets *sets) { return set_of(0, sets); }

static unsigned effective(void) {
  struct sets sets[2];
  get(sets);
  return sets[0].effective;
}

static void check_reading(void) {
  struct sets sets[2] = {0};
  struct header header = {1, 0};
  check_is(get(sets), 0, "capabilities can be asked for");
  check(sets[0].effective == ~0u && sets[0].permitted == ~0u && sets[0].inheritable == 0, "root has all");
  check(sets[1].effective == (1u << (LAST - 31)) - 1, "up to the last");
  check_is(syscall(__NR_capget, &header, NULL), 0, "the version can be asked for");
  check_is(header.version, VERSION_3, "it is the third");
  header.version = 1;
  check_is(syscall(__NR_capget, &header, sets), -EINVAL, "others are refused");
  header.version = VERSION_1;
  check_is(syscall(__NR_capget, &header, sets), 0, "but for the first, with half the bits");
  check_is(get_of(99999, sets), -ESRCH, "nobody has none");
  check_is(get_of(-1, sets), -EINVAL, "-1 is nobody at all");
  check_is(set_of(1, sets), -EPERM, "others' cannot be changed");
  check_is(syscall(__NR_capget, BAD, sets), -EFAULT, "the header must be readable");
  check_is(get((struct sets *)BAD), -EFAULT, "the sets must have room");
}

static void give_up(void) {
  struct sets sets[2];
  get(sets);
  sets[0].effective &= ~(1u << NICE);
  expect(set(sets), 0);
  expect(syscall(__NR_setpriority, 0, 0, -1), -EACCES);
  sets[0].effective |= 1u << NICE;
  expect(set(sets), 0);
  expect(syscall(__NR_setpriority, 0, 0, -1), 0);
  sets[0].effective &= ~(1u << NICE);
  sets[0].permitted &= ~(1u << NICE);
  expect(set(sets), 0);
  sets[0].effective |= 1u << NICE;
  expect(set(sets), -EPERM);
  sets[0].permitted |= 1u << NICE;
  expect(set(sets), -EPERM);
  exit(failures);
}

static void leave_root(void) {
  expect(syscall(__NR_setresuid, -1, 1000, -1), 0); // for a while
  expect(effective(), 0);
  expect(syscall(__NR_setresuid, -1, 0, -1), 0);
  expect(effective(), ~0u);
  expect(syscall(__NR_setuid, 1000), 0); // for good
  expect(effective(), 0);
  expect(syscall(__NR_setuid, 0), -EPERM);
  exit(failures);
}

static void keep(void) {
  struct sets sets[2];
  expect(syscall(__NR_prctl, PR_SET_KEEPCAPS, 1), 0);
  expect(syscall(__NR_prctl, PR_GET_KEEPCAPS), 1);
  expect(syscall(__NR_setuid, 1000), 0);
  expect(get(sets), 0);
  expect(sets[0].permitted, ~0u);
  expect(sets[0].effective, 0);
  sets[0].effective = 1u << SETUID;
  sets[1].effective = 0;
  expect(set(sets), 0);
  expect(syscall(__NR_setuid, 0), 0);
  exit(failures);
}

static void keep_files(void) {
  expect(syscall(__NR_setfsuid, 1000), 0);
  expect(effective() & 1, 0); // CAP_CHOWN goes with the file system's user
  expect(effective() >> KILL & 1, 1); // CAP_KILL does not
  expect(syscall(__NR_setfsuid, 0), 1000);
  expect(effective(), ~0u);
  exit(failures);
}

static void bound(void) {
  struct sets sets[2];
  expect(syscall(__NR_prctl, PR_CAPBSET_READ, KILL), 1);
  expect(syscall(__NR_prctl, PR_CAPBSET_DROP, KILL), 0);
  expect(syscall(__NR_prctl, PR_CAPBSET_READ, KILL), 0);
  expect(syscall(__NR_prctl, PR_CAPBSET_READ, LAST + 1), -EINVAL);
  expect(syscall(__NR_prctl, PR_CAPBSET_DROP, 99), -EINVAL);
  get(sets);
  sets[0].inheritable = 1u << NICE;
  expect(set(sets), 0);
  expect(syscall(__NR_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, NICE, 0, 0), 0);
  expect(syscall(__NR_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, NICE, 0, 0), 1);
  expect(syscall(__NR_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, SETUID, 0, 0), -EPERM);
  expect(syscall(__NR_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0), 0);
  expect(syscall(__NR_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, NICE, 0, 0), 0);
  expect(syscall(__NR_prctl, PR_CAP_AMBIENT, 9, 0, 0, 0), -EINVAL);
  expect(syscall(__NR_prctl, PR_SET_SECUREBITS, 0x2f), 0);
  expect(syscall(__NR_prctl, PR_GET_SECUREBITS), 0x2f);
  expect(syscall(__NR_prctl, PR_SET_SECUREBITS, 0), -EPERM);
  expect(syscall(__NR_prctl, PR_SET_KEEPCAPS, 1), -EPERM);
  exit(failures);
}

int main(void) {
  check_reading();
  check_is(in_child(give_up), 0, "an effective one can be given up and taken back, a permitted one only given up");
  check_is(in_child(leave_root), 0, "who leaves root leaves its capabilities, for a while or for good");
  check_is(in_child(keep), 0, "unless it said that it wants to keep them");
  check_is(in_child(keep_files), 0, "the file system's user takes those about files along");
  check_is(in_child(bound), 0, "there are bounds, ambient ones, and bits that can be locked");
  return checked();
}
