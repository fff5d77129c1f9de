/*
 * oom.c - more memory than there is
 *
 * Linux: mm/oom_kill.c, mm/util.c (__vm_enough_memory)
 */
#include "check.h"

#define MEGABYTE (1UL << 20)
#define RW (PROT_READ | PROT_WRITE)

static void fill(int flags) {
  for (;;) {
    char *p = mmap(NULL, MEGABYTE, RW, flags | MAP_ANONYMOUS, -1, 0);
    if (is_error(p)) exit(1);
    for (unsigned long i = 0; i < MEGABYTE; i += 4096) p[i] = 1;
  }
}

static void fill_private(void) { fill(MAP_PRIVATE); }
static void fill_shared(void) { fill(MAP_SHARED); }

/* The kernel fills it, page by page, in one call. */
static void fill_by_reading(void) {
  int zero = (int)open("/dev/zero", O_RDONLY, 0);
  for (;;) {
    char *p = mmap(NULL, 64 * MEGABYTE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (is_error(p)) exit(1);
    if (read(zero, p, 64 * MEGABYTE) < 0) exit(2);
  }
}

static void use_some(void) {
  char *p = mmap(NULL, 16 * MEGABYTE, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  for (unsigned long i = 0; i < 16 * MEGABYTE; i += 4096) p[i] = 1;
  exit(42);
}

int main(void) {
  char *p = mmap(NULL, 1UL << 40, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  check_is((long)p, -ENOMEM, "what could never be had is refused");
  p = mmap(NULL, 1UL << 40, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  check(!is_error(p), "unless the program does not insist");
  munmap(p, 1UL << 40);
  p = mmap(NULL, 1UL << 40, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  check(!is_error(p), "or does not write");
  munmap(p, 1UL << 40);

  check_is(in_child(fill_private), SIGKILL, "who uses more memory than there is is killed");
  check_is(in_child(use_some), 42 << 8, "and its memory is there for others");
  check_is(in_child(fill_shared), SIGKILL, "shared memory, too");
  check_is(in_child(use_some), 42 << 8, "is there again");
  check_is(in_child(fill_by_reading), SIGKILL, "it does not matter that the kernel did it");
  check_is(in_child(use_some), 42 << 8, "the others go on");
  return checked();
}
