/*
 * memory.c - memory that comes by itself: copies on write, the heap, the stack
 *
 * Linux: mm/memory.c (do_wp_page), mm/mmap.c (brk, expand_stack)
 */
#include "check.h"

#define PAGE 4096

static int in_data = 1;
static int in_bss;

static void write_everywhere(void) {
  in_data = in_bss = 2;
  exit(in_data + in_bss);
}

static void check_copy_on_write(void) {
  int *page = mmap(NULL, 64 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  int fds[2], answer = 0;
  for (int i = 0; i < 64; i++) page[i * 1024] = i;
  pipe2(fds, 0);
  if (fork() == 0) {
    char go;
    read(fds[0], &go, 1); // the parent writes first
    int sum = 0;
    for (int i = 0; i < 64; i++) sum += page[i * 1024];
    exit(sum == 63 * 64 / 2 ? 0 : 1);
  }
  for (int i = 0; i < 64; i++) page[i * 1024] = -1;
  write(fds[1], "x", 1);
  wait4(-1, &answer, 0, NULL);
  check_is(answer, 0, "a child keeps the pages of the fork when the parent writes");
  check_is(in_child(write_everywhere), 4 << 8, "a child can write");
  check(in_data == 1 && in_bss == 0, "and the parent keeps its pages");

  // The kernel's own writes copy, too.
  char *buffer = (char *)page;
  long pid = fork();
  if (pid == 0) exit(pread((int)open("/proc/self/stat", O_RDONLY, 0), buffer, 20, 0) != 20);
  wait4((pid_t)pid, &answer, 0, NULL);
  check(answer == 0 && page[0] == -1, "what a read puts into a child's page does not show in the parent's");
}

static void check_zero_page(void) {
  char *p = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  int before = p[0];
  p[1] = 5;
  check(before == 0 && p[0] == 0 && p[1] == 5, "a page that was read before it is written works like any other");
  check_is(syscall(__NR_madvise, p, PAGE, MADV_DONTNEED), 0, "MADV_DONTNEED gives pages back");
  check_is(p[1], 0, "and they are zero when they are used again");
}

static void check_heap(void) {
  long start = brk(NULL);
  check_is(brk((void *)(start + 3 * PAGE)), start + 3 * PAGE, "the heap can grow, and the answer is its end");
  char *heap = (char *)start;
  heap[0] = heap[3 * PAGE - 1] = 1;
  check_is(brk((void *)start), start, "and shrink");
  check_is(brk((void *)(start + PAGE)), start + PAGE, "and grow again");
  check_is(heap[0], 0, "with new memory");
  check_is(brk((void *)16), start + PAGE, "an impossible end changes nothing: the answer is the old one");
  check_is(brk((void *)-1L), start + PAGE, "whichever way");
  char *wall = mmap((void *)((start + 16 * PAGE) & -PAGE), PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  check_is(brk(wall + PAGE), start + PAGE, "the heap does not grow over other mappings");
  munmap(wall, PAGE);
}

/* Each call uses more than a page of stack, and uses it again after the next call. */
static __attribute__((noinline)) int dig(int depth) {
  char room[6000];
  __asm__ volatile("strb wzr, [%0]" : : "r"(room) : "memory");
  int deeper = depth == 0 ? 0 : dig(depth - 1) + 1;
  __asm__ volatile("" : : "r"(room) : "memory");
  return deeper;
}

static void overflow(void) {
  static char alternate[16384];
  stack_t stack = {.ss_sp = alternate, .ss_size = sizeof(alternate)};
  sigaltstack(&stack, NULL);
  dig(1000000);
}

static void limit_stack(void) {
  struct rlimit64 limit = {256 * 1024, RLIM64_INFINITY};
  prlimit(0, RLIMIT_STACK, &limit, NULL);
  exit(dig(100) == 100 ? 7 : 8);
}

static void check_stack(void) {
  check_is(in_child(limit_stack), SIGSEGV, "the stack does not grow above its limit, even a new one: SIGSEGV");
  check_is(dig(300), 300, "below its limit it grows by itself");
  check_is(in_child(overflow), SIGSEGV, "but not for ever");
}

int main(void) {
  check_copy_on_write();
  check_zero_page();
  check_heap();
  check_stack();
  return checked();
}
