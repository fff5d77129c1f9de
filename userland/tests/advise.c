/*
 * advise.c - madvise, mincore, msync, mlock: what may be said about memory
 *
 * Linux: mm/madvise.c, mm/mincore.c, mm/msync.c, mm/mlock.c
 */
#include "check.h"

#define PAGE 4096
#define RW (PROT_READ | PROT_WRITE)

static char *map(int pages) { return mmap(NULL, (size_t)pages * PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0); }
static char *map_shared(int pages) { return mmap(NULL, (size_t)pages * PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0); }
static long madvise(void *p, size_t size, int advice) { return syscall(__NR_madvise, p, size, advice); }
static long mincore(void *p, size_t size, void *vec) { return syscall(__NR_mincore, p, size, vec); }
static long msync(void *p, size_t size, int flags) { return syscall(__NR_msync, p, size, flags); }
static long mlock(void *p, size_t size) { return syscall(__NR_mlock, p, size); }
static long mlock2(void *p, size_t size, int flags) { return syscall(__NR_mlock2, p, size, flags); }
static long munlock(void *p, size_t size) { return syscall(__NR_munlock, p, size); }
static long mlockall(int flags) { return syscall(__NR_mlockall, flags); }
static long munlockall(void) { return syscall(__NR_munlockall); }

/* Three pages, the middle one unmapped. */
static char *map_with_hole(void) {
  char *p = map(3);
  munmap(p + PAGE, PAGE);
  return p;
}

static char *left_to_child;
static void child_reads(void) { exit(left_to_child[0]); }

static void check_madvise(void) {
  char *p = map(3), *shared = map_shared(2), *hole = map_with_hole();
  p[0] = p[PAGE] = shared[0] = 7;
  check_is(madvise(p, 0, MADV_NORMAL), 0, "advice about nothing is taken");
  check_is(madvise(p + 1, PAGE, MADV_NORMAL), -EINVAL, "an address inside a page is EINVAL");
  check_is(madvise(p, PAGE, 99), -EINVAL, "unknown advice is EINVAL");
  check_is(madvise(p, 0, 99), -EINVAL, "even about nothing");
  check_is(madvise(p, -1UL, MADV_NORMAL), -EINVAL, "a length that wraps around is EINVAL");
  check_is(madvise(hole, 3 * PAGE, MADV_DONTNEED), -ENOMEM, "a hole is ENOMEM");
  check_is(madvise(NULL, PAGE, MADV_DONTNEED), -ENOMEM, "and so is what is not mapped at all");
  check_is(madvise(p, PAGE, MADV_WILLNEED), 0, "memory can be asked for ahead of time");
  check_is(madvise(p, PAGE, MADV_DONTNEED), 0, "private memory can be dropped");
  check_is(p[0], 0, "and is zero when it comes back");
  check_is(madvise(shared, PAGE, MADV_DONTNEED), 0, "shared memory can be dropped");
  check_is(shared[0], 7, "but somebody keeps it");
  check_is(madvise(shared, PAGE, MADV_FREE), -EINVAL, "only private memory can be freed lazily");
  check_is(madvise(p, PAGE, MADV_REMOVE), -EINVAL, "only a file can get a hole");
  check_is(madvise(shared, PAGE, MADV_REMOVE), 0, "and shared memory is one");
  check_is(shared[0], 0, "the hole reads as zero");
  check_is(madvise(shared, PAGE, MADV_WIPEONFORK), -EINVAL, "shared memory is not wiped for children");

  left_to_child = p + PAGE;
  check_is(in_child(child_reads), 7 << 8, "a child has its parent's memory");
  check_is(madvise(p + PAGE, PAGE, MADV_WIPEONFORK), 0, "unless it is to be wiped");
  check_is(in_child(child_reads), 0, "then it is zero");
  check_is(madvise(p + PAGE, PAGE, MADV_KEEPONFORK), 0, "or kept again");
  check_is(in_child(child_reads), 7 << 8, "then it is there");
  check_is(madvise(p + PAGE, PAGE, MADV_DONTFORK), 0, "or not to be had at all");
  check_is(in_child(child_reads), SIGSEGV, "then it is not mapped");
  check_is(madvise(p + PAGE, PAGE, MADV_DOFORK), 0, "this can be taken back");
  check_is(in_child(child_reads), 7 << 8, "too");

  char *read_only = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  char *none = mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  check_is(madvise(p + 2 * PAGE, PAGE, MADV_POPULATE_WRITE), 0, "pages can be had before they are used");
  check_is(madvise(read_only, PAGE, MADV_POPULATE_READ), 0, "for reading where they can be read");
  check_is(madvise(read_only, PAGE, MADV_POPULATE_WRITE), -EINVAL, "not for writing: EINVAL");
  check_is(madvise(none, PAGE, MADV_POPULATE_READ), -EINVAL, "and not at all where nothing is allowed");
  check_is(madvise(map_with_hole(), 3 * PAGE, MADV_POPULATE_READ), -ENOMEM, "nor where nothing is");
}

static void check_mincore(void) {
  char *p = map(3), *hole = map_with_hole(), vec[3] = {9, 9, 9};
  p[PAGE] = 1;
  check_is(mincore(p, 3 * PAGE, vec), 0, "mincore tells which pages there are");
  check((vec[0] & 1) == 0 && (vec[1] & 1) == 1 && (vec[2] & 1) == 0, "a page is there once it was written");
  check_is(mincore(p, 2 * PAGE + 1, vec), 0, "a part of a page is a page");
  check_is(mincore(p + 1, PAGE, vec), -EINVAL, "an address inside a page is EINVAL");
  check_is(mincore(hole, 3 * PAGE, vec), -ENOMEM, "a hole is ENOMEM");
  check_is(mincore(p, 3 * PAGE, NULL), -EFAULT, "there must be room for the answer: EFAULT");
  check_is(mincore(p, -1UL, vec), -ENOMEM, "a length beyond user space is ENOMEM");
  check_is(mincore(p, 0, vec), 0, "no pages are no question");
}

static void check_msync(void) {
  char *p = map(3), *hole = map_with_hole();
  check_is(msync(p, 3 * PAGE, MS_SYNC), 0, "any memory can be synchronised");
  check_is(msync(p, PAGE, MS_ASYNC), 0, "now or later");
  check_is(msync(p, PAGE, 0), 0, "or just like that");
  check_is(msync(p, PAGE, MS_SYNC | MS_ASYNC), -EINVAL, "but not both");
  check_is(msync(p, PAGE, 8), -EINVAL, "an unknown flag is EINVAL");
  check_is(msync(p + 1, PAGE, MS_SYNC), -EINVAL, "an address inside a page is EINVAL");
  check_is(msync(hole, 3 * PAGE, MS_SYNC), -ENOMEM, "a hole is ENOMEM");
  check_is(msync(p, 0, MS_SYNC), 0, "nothing is always synchronised");
  mlock(p, PAGE);
  check_is(msync(p, PAGE, MS_INVALIDATE), -EBUSY, "locked memory cannot be invalidated: EBUSY");
  munlock(p, PAGE);
}

static void small_limit(void) {
  struct rlimit64 limit = {2 * PAGE, 2 * PAGE};
  char *p = map(4);
  prlimit(0, RLIMIT_MEMLOCK, &limit, NULL);
  syscall(__NR_setresuid, 1000, 1000, 1000);
  if (mlock(p, 3 * PAGE) != -ENOMEM) exit(1);
  if (mlock(p, 2 * PAGE) != 0) exit(2);
  if (mlock(p, 2 * PAGE) != 0) exit(3);
  if (mlock(p + 2 * PAGE, 1) != -ENOMEM) exit(4);
  if ((long)mmap(NULL, PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED, -1, 0) != -EAGAIN) exit(5);
  if (munlock(p, PAGE) != 0 || mlock(p + 3 * PAGE, 1) != 0) exit(6);
  if (mlockall(MCL_CURRENT) != -ENOMEM) exit(7);
  if (munlockall() != 0 || mlockall(MCL_FUTURE) != 0) exit(8);
  if ((long)mmap(NULL, 3 * PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != -EAGAIN) exit(9);
  exit(42);
}

static void no_limit(void) {
  struct rlimit64 limit = {0, 0};
  char *p = map(1);
  prlimit(0, RLIMIT_MEMLOCK, &limit, NULL);
  syscall(__NR_setresuid, 1000, 1000, 1000);
  if (mlock(p, PAGE) != -EPERM || mlockall(MCL_CURRENT) != -EPERM) exit(1);
  if ((long)mmap(NULL, PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED, -1, 0) != -EPERM) exit(2);
  exit(42);
}

static bool resident(char *p) {
  char vec;
  return mincore(p, PAGE, &vec) == 0 && (vec & 1);
}

static void check_mlock(void) {
  char *p = map(3), *hole = map_with_hole();
  check_is(mlock(p + 1, PAGE), 0, "mlock rounds to pages");
  check(resident(p) && resident(p + PAGE) && !resident(p + 2 * PAGE), "and brings them in");
  check_is(munlock(p, 3 * PAGE), 0, "munlock undoes it, also where nothing was locked");
  check_is(mlock(hole, 3 * PAGE), -ENOMEM, "a hole is ENOMEM");
  check_is(munlock(hole, 3 * PAGE), -ENOMEM, "for munlock too");
  check_is(mlock(p, 0), 0, "nothing can be locked");
  check_is(mlock(p, -1UL), 0, "a length that wraps to nothing is nothing");
  check_is(mlock(p, -PAGE), -EINVAL, "one that wraps around is EINVAL");
  check_is(munlock(p, -PAGE), -EINVAL, "for munlock too");
  check_is(mlock2(p + 2 * PAGE, PAGE, MLOCK_ONFAULT), 0, "pages can be locked as they come");
  check(!resident(p + 2 * PAGE), "then they need not come");
  check_is(mlock2(p, PAGE, 2), -EINVAL, "an unknown flag is EINVAL");
  check_is(madvise(p + 2 * PAGE, PAGE, MADV_DONTNEED), -EINVAL, "locked memory is needed");
  check_is(mlockall(0), -EINVAL, "mlockall must be told what");
  check_is(mlockall(MCL_ONFAULT), -EINVAL, "not only how");
  check_is(mlockall(8), -EINVAL, "in words that it knows");
  check_is(mlockall(MCL_FUTURE), 0, "memory can be locked before it is there");
  check(resident(map(1)), "then it comes at once");
  check_is(munlockall(), 0, "munlockall unlocks everything");
  check(!resident(map(1)), "also what comes later");
  check_is(in_child(small_limit), 42 << 8, "RLIMIT_MEMLOCK limits users, page by page");
  check_is(in_child(no_limit), 42 << 8, "who may not lock anything gets EPERM");
}

int main(void) {
  check_madvise();
  check_mincore();
  check_msync();
  check_mlock();
  return checked();
}
