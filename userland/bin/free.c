/*
 * free.c - how much memory there is, in KiB, from /proc/meminfo
 */
#include "lib.h"

static long field(const char *meminfo, const char *name) {
  const char *line = strstr(meminfo, name);
  long value = 0;
  if (!line) return 0;
  for (line += strlen(name); *line == ' '; line++) {}
  while (*line >= '0' && *line <= '9') value = value * 10 + *line++ - '0';
  return value;
}

int main(void) {
  struct text text = {0};
  int fd = (int)open("/proc/meminfo", O_RDONLY, 0);
  if (fd < 0) return complain("free", "/proc/meminfo", fd);
  text_read_all(&text, fd);

  long total = field(text.data, "MemTotal:"), unused = field(text.data, "MemFree:");
  long cache = field(text.data, "\nBuffers:") + field(text.data, "\nCached:");
  printf("%18s %11s %11s %11s %11s\n", "total", "used", "free", "buff/cache", "available");
  printf("Mem:   %11ld %11ld %11ld %11ld %11ld\n", total, total - unused - cache, unused, cache,
         field(text.data, "MemAvailable:"));
  return 0;
}
