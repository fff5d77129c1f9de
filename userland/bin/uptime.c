/*
 * uptime.c - how long the machine has been running
 */
#include "lib.h"

int main(void) {
  struct sysinfo info;
  long err = sysinfo(&info);
  if (err < 0) return complain("uptime", "sysinfo", (int)err);
  printf("up %ld:%02ld:%02ld, %d processes\n", info.uptime / 3600, info.uptime / 60 % 60, info.uptime % 60,
         info.procs);
  return 0;
}
