/*
 * mmap.c - mapping memory and files
 *
 * Linux: mm/mmap.c, mm/mremap.c, mm/mprotect.c
 */
#include "check.h"

#define PAGE 4096
#define ANONYMOUS (MAP_PRIVATE | MAP_ANONYMOUS)
#define RW (PROT_READ | PROT_WRITE)

static char *map(size_t length) { return mmap(NULL, length, RW, ANONYMOUS, -1, 0); }
static bool is_mapped(const void *page) { return syscall(__NR_mincore, page, PAGE, (char[1]){0}) == 0; }
static long error_of(const void *p) { return is_error(p) ? (long)p : 0; }

static void check_anonymous(void) {
  char *p = map(3 * PAGE);
  check(!is_error(p) && ((unsigned long)p & (PAGE - 1)) == 0, "the kernel chooses an address that starts a page");
  bool zero = true;
  for (int i = 0; i < 3 * PAGE; i++) zero &= p[i] == 0;
  check(zero, "new memory is zero");
  check_is(munmap(p + PAGE, PAGE), 0, "a page in the middle can be unmapped");
  check(is_mapped(p) && !is_mapped(p + PAGE) && is_mapped(p + 2 * PAGE), "and its neighbours stay");
  check_is(munmap(p, 3 * PAGE), 0, "a range with a hole can be unmapped");
  check_is(munmap(p, PAGE), 0, "and so can nothing at all");
  check_is(munmap(p + 1, PAGE), -EINVAL, "an address that does not start a page is EINVAL");
  check_is(munmap(p, 0), -EINVAL, "and so is a length of zero");

  check_is(error_of(mmap(NULL, 0, RW, ANONYMOUS, -1, 0)), -EINVAL, "mapping nothing is EINVAL");
  check_is(error_of(mmap(NULL, PAGE, RW, MAP_ANONYMOUS, -1, 0)), -EINVAL, "a mapping must be private or shared");
  check_is(error_of(mmap(NULL, PAGE, RW, MAP_PRIVATE, -1, 0)), -EBADF, "without MAP_ANONYMOUS a file is needed");
  check_is(error_of(mmap(NULL, 1UL << 60, RW, ANONYMOUS, -1, 0)), -ENOMEM, "too much is ENOMEM");
}

static void check_fixed(void) {
  char *p = map(4 * PAGE);
  munmap(p, 4 * PAGE);
  check(mmap(p, PAGE, RW, ANONYMOUS, -1, 0) == p, "a free address that is wished for is used");
  check(mmap(p, PAGE, RW, ANONYMOUS, -1, 0) != p, "one that is taken is not");
  p[0] = 1;
  check(mmap(p, PAGE, RW, ANONYMOUS | MAP_FIXED, -1, 0) == p, "but MAP_FIXED replaces what is there");
  check_is(p[0], 0, "with new memory");
  check_is(error_of(mmap(p, 2 * PAGE, RW, ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0)), -EEXIST, "MAP_FIXED_NOREPLACE does not: EEXIST");
  check(mmap(p + PAGE, PAGE, RW, ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) == p + PAGE, "on free addresses it is like MAP_FIXED");
  check_is(error_of(mmap(p + 1, PAGE, RW, ANONYMOUS | MAP_FIXED, -1, 0)), -EINVAL, "a fixed address must start a page");
  check_is(error_of(mmap((void *)(1UL << 52), PAGE, RW, ANONYMOUS | MAP_FIXED, -1, 0)), -ENOMEM, "and be user space's");
}

static void check_protection(void) {
  char *p = map(3 * PAGE);
  check_is(mprotect(p, 3 * PAGE, PROT_READ), 0, "protection can be changed");
  check_is(mprotect(p + 1, PAGE, PROT_READ), -EINVAL, "of whole pages only");
  check_is(mprotect(p, PAGE, 0x100), -EINVAL, "to known permissions only");
  munmap(p + PAGE, PAGE);
  check_is(mprotect(p, 3 * PAGE, RW), -ENOMEM, "a hole is ENOMEM");
  p[0] = 1;
  check_is(p[0], 1, "but what lies before the hole has been changed");
}

static void check_remap(void) {
  char *p = map(2 * PAGE);
  p[0] = 'a', p[PAGE] = 'b';
  char *q = mremap(p, 2 * PAGE, 64 * PAGE, MREMAP_MAYMOVE, NULL);
  check(!is_error(q) && q[0] == 'a' && q[PAGE] == 'b' && q[63 * PAGE] == 0, "a mapping can grow, and takes its contents along");
  check(mremap(q, 64 * PAGE, PAGE, 0, NULL) == q && !is_mapped(q + PAGE), "and shrink where it is");
  char *wall = mmap(q + PAGE, PAGE, RW, ANONYMOUS | MAP_FIXED, -1, 0);
  check_is(error_of(mremap(q, PAGE, 2 * PAGE, 0, NULL)), -ENOMEM, "it cannot grow into its neighbour");
  char *r = mremap(q, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, wall);
  check(r == wall && r[0] == 'a' && !is_mapped(q), "MREMAP_FIXED moves it over what is there");
  check_is(error_of(mremap(q, PAGE, 2 * PAGE, MREMAP_MAYMOVE, NULL)), -EFAULT, "what is not mapped cannot be moved: EFAULT");
}

static void check_files(void) {
  int fd = (int)open("/tmp/mmap-test", O_RDWR | O_CREAT | O_TRUNC, 0600);
  int read_only = (int)open("/tmp/mmap-test", O_RDONLY, 0);
  char byte = 0;
  write(fd, "hello", 5);
  ftruncate(fd, 2 * PAGE);
  char *shared = mmap(NULL, 2 * PAGE, RW, MAP_SHARED, fd, 0), *private = mmap(NULL, 2 * PAGE, RW, MAP_PRIVATE, fd, 0);
  check(memcmp(shared, "hello", 6) == 0, "a mapped file shows its contents, and zeros behind them");
  private[0] = 'P';
  pread(fd, &byte, 1, 0);
  check(byte == 'h' && shared[0] == 'h', "writing into a private mapping leaves the file alone");
  shared[1] = 'S';
  pread(fd, &byte, 1, 1);
  check_is(byte, 'S', "writing into a shared mapping writes the file");
  pwrite(fd, "W", 1, 2);
  check_is(shared[2], 'W', "and writing the file shows in it");
  check_is(private[1], 'e', "a private page keeps its copy");
  check_is(error_of(mmap(NULL, PAGE, RW, MAP_SHARED, read_only, 0)), -EACCES, "a file that is open for reading cannot be mapped shared for writing");
  check_is(error_of(mmap(NULL, PAGE, RW, MAP_PRIVATE, read_only, 0)), 0, "but private");
  check_is(error_of(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 100)), -EINVAL, "the offset must be a multiple of a page");
  close(fd);
  shared[PAGE] = 1;
  check_is(shared[PAGE], 1, "a mapping outlives its descriptor");
  unlink("/tmp/mmap-test");
}

static void check_shared_with_child(void) {
  volatile int *shared = shared_page();
  if (fork() == 0) {
    shared[0] = 42;
    exit(0);
  }
  wait4(-1, NULL, 0, NULL);
  check_is(shared[0], 42, "shared anonymous memory is shared with children");
}

int main(void) {
  check_anonymous();
  check_fixed();
  check_protection();
  check_remap();
  check_files();
  check_shared_with_child();
  return checked();
}
