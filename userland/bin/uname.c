/*
 * uname.c - what system this is; -a: all of it
 */
#include "lib.h"

int main(int argc, char **argv) {
  bool seen[7] = {false};
  if (options(argc, argv, "asnrvmo", seen) < 0) return 1;
  struct new_utsname name;
  uname(&name);

  const char *fields[] = {name.sysname, name.nodename, name.release, name.version, name.machine, "GNU/Linux"};
  bool any = false;
  for (int i = 0; i < 7; i++) any |= seen[i];
  for (int i = 0, shown = 0; i < 6; i++)
    if (seen[0] || seen[i + 1] || (!any && i == 0)) printf("%s%s", shown++ ? " " : "", fields[i]);
  printf("\n");
  return 0;
}
