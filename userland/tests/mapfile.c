/*
 * mapfile.c - mapped files: their ends, their permissions, and what moves them
 *
 * Linux: mm/mmap.c, mm/mremap.c, mm/mprotect.c, mm/filemap.c, mm/truncate.c
 */
#include "check.h"

#define PAGE 4096
#define RW (PROT_READ | PROT_WRITE)
#define ANONYMOUS (MAP_PRIVATE | MAP_ANONYMOUS)

static const char name[] = "/tmp/mapfile-test";
static volatile char *touched;
static int how;

static long error_of(const void *p) { return is_error(p) ? (long)p : 0; }

static void touch_it(void) {
  if (how == 'w') touched[0] = 1;
  else if (how == 'x') ((void (*)(void))touched)();
  else (void)touched[0];
  exit(0);
}

/* The signal that an access brings, 0 for none. */
static int touch(char *p, int access) {
  touched = p, how = access;
  return in_child(touch_it) & 0x7f;
}

static int file_of(int pages) {
  int fd = (int)open(name, O_RDWR | O_CREAT | O_TRUNC, 0700);
  for (int i = 0; i < pages; i++) pwrite(fd, &(char){(char)('a' + i)}, 1, i * PAGE);
  return fd;
}

static void check_ends(void) {
  int fd = file_of(3);
  ftruncate(fd, 2 * PAGE + 100);
  char *shared = mmap(NULL, 4 * PAGE, RW, MAP_SHARED, fd, 0), *private = mmap(NULL, 4 * PAGE, RW, MAP_PRIVATE, fd, 0);
  check(shared[2 * PAGE + 200] == 0 && private[3 * PAGE - 1] == 0, "behind the end of a file its last page is zero");
  check_is(touch(shared + 3 * PAGE, 'r'), SIGBUS, "the next page is SIGBUS");
  check_is(touch(private + 3 * PAGE, 'w'), SIGBUS, "for a private mapping too");
  private[PAGE] = 'P';
  shared[2 * PAGE + 300] = 'x';
  ftruncate(fd, PAGE);
  check_is(touch(shared + PAGE, 'r'), SIGBUS, "pages cut off are gone from mappings");
  check_is(touch(private + PAGE, 'r'), SIGBUS, "private copies of them, too");
  ftruncate(fd, 4 * PAGE);
  check(shared[PAGE] == 0 && private[PAGE] == 0 && shared[2 * PAGE + 300] == 0, "a file that grows again grows zeroes");
  shared[PAGE] = 'n';
  check_is(private[PAGE], 'n', "an untouched private page shows what is written to the file");
  unlink(name);
  check_is(shared[0], 'a', "an unlinked file stays as long as it is mapped");
  close(fd);
  munmap(shared, 4 * PAGE);
  munmap(private, 4 * PAGE);
}

static void check_permissions(void) {
  int fd = file_of(2), reader = (int)open(name, O_RDONLY, 0), writer = (int)open(name, O_WRONLY, 0);
  check_is(error_of(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, writer, 0)), -EACCES, "a file open for writing only cannot be mapped");
  check_is(error_of(mmap(NULL, PAGE, PROT_WRITE, MAP_SHARED, writer, 0)), -EACCES, "not even to write: writing implies reading");
  char *p = mmap(NULL, 2 * PAGE, PROT_READ, MAP_SHARED, reader, 0);
  check_is(mprotect(p, PAGE, RW), -EACCES, "a shared mapping of a read-only descriptor cannot be made writable");
  check_is(mprotect(p, PAGE, PROT_READ | PROT_EXEC), 0, "but executable");
  p = mmap(NULL, 2 * PAGE, PROT_READ, MAP_PRIVATE, reader, 0);
  check_is(mprotect(p, PAGE, RW), 0, "a private one can");
  p[0] = 'X';
  char byte;
  pread(fd, &byte, 1, 0);
  check(byte == 'a' && p[0] == 'X', "and is written without the file");
  check_is(touch(p + PAGE, 'w'), SIGSEGV, "its other page still cannot");
  check_is(touch(p, 'x'), SIGSEGV, "and none can be executed");
  check_is(error_of(mmap(NULL, PAGE, PROT_READ, MAP_SHARED_VALIDATE, fd, 0)), 0, "MAP_SHARED_VALIDATE is MAP_SHARED");
  check_is(error_of(mmap(NULL, PAGE, PROT_READ, MAP_SHARED_VALIDATE | 0x200000, fd, 0)), -EOPNOTSUPP, "that refuses flags it does not know");
  check_is(error_of(mmap(NULL, PAGE, PROT_READ, MAP_SHARED | 0x200000, fd, 0)), 0, "MAP_SHARED does not");
  check_is(error_of(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_GROWSDOWN, fd, 0)), -EINVAL, "files do not grow down");
  check_is(error_of(mmap(NULL, PAGE, PROT_READ, 0, fd, 0)), -EINVAL, "a mapping is private or shared");
  check_is(error_of(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, -PAGE)), -EOVERFLOW, "an offset below the file is EOVERFLOW");
  check_is(error_of(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, 99, 0)), -EBADF, "a descriptor that is not open is EBADF");
  int dir = (int)open("/tmp", O_RDONLY, 0), path = (int)open(name, O_PATH, 0), ends[2];
  pipe2(ends, 0);
  check_is(error_of(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, dir, 0)), -ENODEV, "a directory is ENODEV");
  check_is(error_of(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, ends[0], 0)), -ENODEV, "a pipe is ENODEV");
  check_is(error_of(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, path, 0)), -EBADF, "a descriptor that is only a path is EBADF");
  close(dir), close(path), close(ends[0]), close(ends[1]);
  close(fd), close(reader), close(writer);
  unlink(name);
}

static void check_devices(void) {
  int zero = (int)open("/dev/zero", O_RDWR, 0), null = (int)open("/dev/null", O_RDWR, 0);
  char *private = mmap(NULL, PAGE, RW, MAP_PRIVATE, zero, 0), *shared = mmap(NULL, PAGE, RW, MAP_SHARED, zero, 0);
  check(!is_error(private) && private[5] == 0, "/dev/zero can be mapped");
  private[5] = 1;
  check_is(private[5], 1, "and written");
  check_is(touch(shared, 'w'), 0, "also shared");
  check_is(shared[0], 1, "with children");
  check_is(error_of(mmap(NULL, PAGE, RW, MAP_PRIVATE, null, 0)), -ENODEV, "/dev/null is ENODEV");
  close(zero), close(null);
}

static void check_remap(void) {
  int fd = file_of(4);
  char *p = mmap(NULL, 2 * PAGE, RW, MAP_SHARED, fd, PAGE);
  char *q = mremap(p, 2 * PAGE, 3 * PAGE, MREMAP_MAYMOVE, NULL);
  check(q[0] == 'b' && q[2 * PAGE] == 'd', "a mapped file that grows shows more of the file");
  char *twin = mremap(q, 0, PAGE, MREMAP_MAYMOVE, NULL);
  twin[0] = 'T';
  check(twin != q && q[0] == 'T', "an old size of 0 maps the pages of a shared mapping a second time");
  char *private = mmap(NULL, PAGE, RW, ANONYMOUS, -1, 0);
  check_is(error_of(mremap(private, 0, PAGE, MREMAP_MAYMOVE, NULL)), -EINVAL, "not those of a private one: EINVAL");
  check_is(error_of(mremap(private, 2 * PAGE, 4 * PAGE, MREMAP_MAYMOVE, NULL)), -EFAULT, "what is larger than its mapping is EFAULT");
  check_is(error_of(mremap(private, PAGE, 0, MREMAP_MAYMOVE, NULL)), -EINVAL, "nothing cannot be moved");
  check_is(error_of(mremap(private + 1, PAGE, PAGE, MREMAP_MAYMOVE, NULL)), -EINVAL, "nor half a page");
  check_is(error_of(mremap(private, PAGE, PAGE, 8, NULL)), -EINVAL, "an unknown flag is EINVAL");
  check_is(error_of(mremap(private, PAGE, PAGE, MREMAP_FIXED, private + PAGE)), -EINVAL, "MREMAP_FIXED needs MREMAP_MAYMOVE");
  check_is(error_of(mremap(private, PAGE, PAGE, MREMAP_FIXED | MREMAP_MAYMOVE, private)), -EINVAL, "old and new may not overlap");
  check_is(error_of(mremap(private, PAGE, PAGE, MREMAP_FIXED | MREMAP_MAYMOVE, private + 1)), -EINVAL, "the new place starts a page");
  check_is(error_of(mremap(private, PAGE, PAGE, MREMAP_FIXED | MREMAP_MAYMOVE, (void *)(1UL << 50))), -EINVAL, "in user space");
  check_is(error_of(mremap(private, PAGE, 1UL << 49, MREMAP_MAYMOVE, NULL)), -ENOMEM, "where there is room");
  check_is(error_of(mremap(private, PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, NULL)), -EINVAL, "MREMAP_DONTUNMAP does not change the size");
  private[0] = 'x';
  char *moved = mremap(private, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, NULL);
  check(moved != private && moved[0] == 'x' && private[0] == 0, "it leaves an empty mapping behind");
  check_is(error_of(mremap((void *)0x123000, PAGE, 2 * PAGE, MREMAP_MAYMOVE, NULL)), -EFAULT, "what is not mapped is EFAULT");
  close(fd);
  unlink(name);
}

static void check_growing(void) {
  char *area = mmap(NULL, 1024 * PAGE, RW, ANONYMOUS, -1, 0);
  munmap(area, 1024 * PAGE);
  char *stack = mmap(area + 1000 * PAGE, PAGE, RW, ANONYMOUS | MAP_GROWSDOWN | MAP_FIXED, -1, 0);
  check_is(touch(stack - PAGE, 'w'), 0, "a mapping that grows down grows when the page below is touched");
  check_is(touch(stack - 20 * PAGE, 'w'), 0, "or one further down");
  mmap(area + 700 * PAGE, PAGE, RW, ANONYMOUS | MAP_FIXED, -1, 0);
  check_is(touch(area + 957 * PAGE, 'w'), 0, "up to 256 pages before the next mapping");
  check_is(touch(area + 956 * PAGE, 'w'), SIGSEGV, "and not nearer");
  stack[-PAGE] = 1;
  check_is(mprotect(stack, PAGE, PROT_READ | PROT_GROWSDOWN), 0, "PROT_GROWSDOWN means all of it");
  check_is(touch(stack - PAGE, 'w'), SIGSEGV, "down to where it begins");
  char *p = mmap(NULL, PAGE, RW, ANONYMOUS, -1, 0);
  check_is(mprotect(p, PAGE, PROT_READ | PROT_GROWSDOWN), -EINVAL, "other mappings have no such thing");
  check_is(mprotect(p, PAGE, PROT_READ | PROT_GROWSDOWN | PROT_GROWSUP), -EINVAL, "and nothing grows both ways");
  munmap(area, 1024 * PAGE);
}

static void check_kernel_access(void) {
  int fd = file_of(2);
  char *p = mmap(NULL, PAGE, PROT_READ, ANONYMOUS, -1, 0), *none = mmap(NULL, PAGE, PROT_NONE, ANONYMOUS, -1, 0);
  char *execute = mmap(NULL, PAGE, PROT_EXEC, ANONYMOUS, -1, 0), *write_only = mmap(NULL, PAGE, PROT_WRITE, ANONYMOUS, -1, 0);
  check_is(pread(fd, p, 1, 0), -EFAULT, "the kernel does not write where the program may not");
  check_is(pwrite(fd, none, 1, 0), -EFAULT, "nor read");
  check_is(pwrite(fd, p, 1, 0), 1, "what the program may read it may read");
  check_is(pwrite(fd, execute, 1, 0), 1, "executable memory can be read");
  check_is(pwrite(fd, write_only, 1, 0), 1, "and so can writable memory");
  char *end = mmap(NULL, 2 * PAGE, RW, MAP_SHARED, fd, 0);
  ftruncate(fd, PAGE);
  check_is(pwrite(fd, end + PAGE, 1, 0), -EFAULT, "a page behind the end of its file is EFAULT for the kernel");
  char *two = mmap(NULL, 2 * PAGE, RW, ANONYMOUS, -1, 0);
  munmap(two + PAGE, PAGE);
  check_is(pwrite(fd, two + PAGE - 10, 20, 0), 10, "what can be read is written before the fault counts");
  check_is(pread(fd, two + PAGE - 10, 20, 0), 10, "and the other way round");
  close(fd);
  unlink(name);
}

int main(void) {
  check_ends();
  check_permissions();
  check_devices();
  check_remap();
  check_growing();
  check_kernel_access();
  return checked();
}
