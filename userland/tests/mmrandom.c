/*
 * mmrandom.c - random calls about memory: each result, every mapping and every page, as Linux has them
 *
 * Linux: mm/mmap.c, mm/vma.c, mm/mprotect.c, mm/mremap.c, mm/madvise.c, mm/mlock.c, mm/msync.c, mm/mincore.c, mm/memory.c
 *
 *   mmrandom             a line for every hundred calls: a sum of all that was seen
 *   mmrandom SEED COUNT  every call and what came of it, to find the first difference
 */
#include "check.h"

#define PAGE 4096UL
#define BASE 0x10000000UL
#define PAGES 40

static bool loud;
static unsigned long state, sum;
static int file, reader;

/* xorshift64* */
static unsigned long pick(unsigned long n) {
  state ^= state >> 12, state ^= state << 25, state ^= state >> 27;
  return (state * 0x2545f4914f6cdd1dul >> 8) % n;
}

/* Now and then something that is not a whole page, or nothing. */
static unsigned long place(void) {
  unsigned long at = BASE + pick(PAGES) * PAGE;
  return pick(30) == 0 ? at + pick(PAGE) : at;
}

static unsigned long length(void) {
  if (pick(30) == 0) return pick(20000);
  return pick(40) == 0 ? 0 : (1 + pick(8)) * PAGE;
}

static void see(const char *text) {
  if (loud) printf("%s", text);
  for (; *text; text++) sum = (sum ^ (unsigned char)*text) * 0x100000001b3ul;
}

static void tell(const char *call, unsigned long at, unsigned long size, long x, long y, long result) {
  char line[160], answer[32];
  bool ours = result >= (long)BASE && result < (long)BASE + 0x1000000;
  if (is_error((void *)result)) snprintf(answer, sizeof(answer), "%s", errno_name((int)-result));
  else snprintf(answer, sizeof(answer), "%lx", result > 0x100000 && !ours ? 1 : result); // elsewhere is anywhere
  snprintf(line, sizeof(line), "%s %lx %lx %lx %lx = %s\n", call, at, size, x, y, answer);
  see(line);
}

/* The lines of /proc/self/maps that are about the area, up to the offset. */
static void see_maps(void) {
  static struct text text;
  int fd = (int)open("/proc/self/maps", O_RDONLY, 0);
  text_clear(&text);
  text_read_all(&text, fd);
  close(fd);
  for (char *line = text.data, *end; (end = strchr(line, '\n')); line = end + 1) {
    if (!starts_with(line, "10") || line[8] != '-') continue;
    line[31] = '\n', line[32] = 0;
    see(line);
  }
}

/* What every page begins with, read by the kernel, so that nothing is in the way. */
static void see_pages(void) {
  int ends[2];
  char line[32], byte = 0, present;
  pipe2(ends, 0);
  for (int i = 0; i < PAGES + 8; i++) {
    char *at = (char *)(BASE + (unsigned long)i * PAGE);
    if (syscall(__NR_mincore, at, PAGE, &present) < 0) continue;
    long result = write(ends[1], at, 1);
    if (result == 1) read(ends[0], &byte, 1);
    snprintf(line, sizeof(line), " %d:%d", i, result == 1 ? byte : (int)result);
    see(line);
  }
  see("\n");
  close(ends[0]), close(ends[1]);
}

/* The kernel writes a byte there. */
static long store(unsigned long at, char byte) {
  int ends[2];
  pipe2(ends, 0);
  write(ends[1], &byte, 1);
  long result = read(ends[0], (char *)at, 1);
  close(ends[0]), close(ends[1]);
  return result;
}

static long lock(unsigned long at, unsigned long size) {
  switch (pick(6)) {
    case 0: return syscall(__NR_mlock, at, size);
    case 1: return syscall(__NR_munlock, at, size);
    case 2: return syscall(__NR_mlock2, at, size, MLOCK_ONFAULT);
    case 3: return pick(4) == 0 ? syscall(__NR_mlockall, 1 + pick(3)) : syscall(__NR_munlockall);
    default: return syscall(__NR_munlockall);
  }
}

/* A child writes where it can; its parent must not notice. */
static long child(void) {
  int status = 0;
  long pid = fork();
  if (pid == 0) {
    for (int i = 0; i < 6; i++) store(place(), 'Z');
    exit(0);
  }
  wait4((pid_t)pid, &status, 0, NULL);
  return status;
}

static long remap(unsigned long at, unsigned long size, unsigned long *larger, long *flags) {
  unsigned long to = place();
  *larger = length(), *flags = (long)pick(8);
  long result = syscall(__NR_mremap, at, size, *larger, *flags, to);
  bool away = result > 0x100000 && (result < (long)BASE || result > (long)BASE + 0x1000000);
  if (away) munmap((void *)result, (*larger + PAGE - 1) & -PAGE);
  return result;
}

static void random_call(void) {
  // Not MADV_FREE: when it frees is the kernel's business.
  static const char advice[] = {0, 1, 2, 3, 4, 9, 10, 11, 16, 17, 18, 19, 20, 21, 22, 23, 24, 30};
  unsigned long at = place(), size = length(), larger = 0;
  long x = 0, y = 0;
  switch (pick(13)) {
    case 0:
    case 1:
      x = (long)pick(8);
      y = (long)(MAP_ANONYMOUS | MAP_FIXED | (1 + pick(2)) | (pick(6) == 0 ? MAP_GROWSDOWN : 0) | (pick(8) == 0 ? MAP_NORESERVE : 0) | (pick(12) == 0 ? MAP_LOCKED : 0));
      return tell("anonymous", at, size, x, y, (long)mmap((void *)at, size, (int)x, (int)y, -1, 0));
    case 2:
      x = (long)pick(8), y = (long)(MAP_FIXED | (1 + pick(3)));
      return tell("file", at, size, x, y, (long)mmap((void *)at, size, (int)x, (int)y, pick(4) ? file : reader, (long)(pick(16) * PAGE)));
    case 3: return tell("munmap", at, size, x, y, munmap((void *)at, size));
    case 4:
    case 5:
      x = (long)(pick(8) | (pick(20) == 0 ? PROT_GROWSDOWN : 0));
      return tell("mprotect", at, size, x, y, mprotect((void *)at, size, (int)x));
    case 6:
      x = advice[pick(countof(advice))];
      return tell("madvise", at, size, x, y, syscall(__NR_madvise, at, size, x));
    case 7:
      y = remap(at, size, &larger, &x);
      return tell("mremap", at, size, x, (long)larger, y);
    case 8:
      x = (long)pick(8);
      return tell("msync", at, size, x, y, syscall(__NR_msync, at, size, x));
    case 9: return tell("mincore", at, size, x, y, syscall(__NR_mincore, at, size, (char[16]){0}));
    case 10: return tell("store", at, 0, x, y, store(at, (char)pick(128)));
    case 11: return tell("lock", at, size, x, y, lock(at, size));
    default:
      if (pick(4) == 0) return tell("truncate", 0, 0, x, y, ftruncate(file, (long)(pick(24) * PAGE + (pick(3) ? 0 : pick(PAGE)))));
      if (pick(3) == 0) return tell("fork", 0, 0, x, y, child());
  }
}

static void run(unsigned long seed, long count) {
  state = seed * 0x9e3779b97f4a7c15ul + 1;
  for (int i = 0; i < 9; i++) pick(2);
  munmap((void *)BASE, 0x1000000);
  syscall(__NR_munlockall);
  ftruncate(file, 0);
  for (int i = 0; i < 20; i++) pwrite(file, &(char){(char)(100 + i)}, 1, (long)((unsigned long)i * PAGE));
  sum = 0xcbf29ce484222325ul;
  for (long i = 0; i < count; i++) {
    random_call();
    if (i % 3 == 2) see_maps();
    if (i % 5 == 4) see_pages();
  }
}

int main(int argc, char **argv) {
  long seed = 0, count = 0;
  file = (int)open("/tmp/mmrandom", O_RDWR | O_CREAT | O_TRUNC, 0600);
  reader = (int)open("/tmp/mmrandom", O_RDONLY, 0);
  unlink("/tmp/mmrandom");
  if (argc == 3 && parse_long(argv[1], &seed) && parse_long(argv[2], &count)) {
    loud = true;
    run((unsigned long)seed, count);
    return 0;
  }
  for (unsigned long s = 1; s <= 20; s++) {
    char sentence[80];
    run(s, 100);
    snprintf(sentence, sizeof(sentence), "seed %lu: a hundred calls come to %lx", s, sum);
    check(true, sentence);
  }
  return checked();
}
