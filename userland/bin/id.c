/*
 * id.c - who one is; -u -g: only that number
 */
#include "lib.h"

static const char *name(long id) { return id == 0 ? "(root)" : ""; }

int main(int argc, char **argv) {
  bool seen[2] = {false};
  if (options(argc, argv, "ug", seen) < 0) return 1;
  long uid = geteuid(), gid = getegid();
  if (seen[0] || seen[1]) printf("%ld\n", seen[0] ? uid : gid);
  else printf("uid=%ld%s gid=%ld%s\n", uid, name(uid), gid, name(gid));
  return 0;
}
