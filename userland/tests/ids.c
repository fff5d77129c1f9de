/*
 * ids.c - users and groups, and what root gives up with them
 *
 * Linux: kernel/sys.c, kernel/groups.c, fs/namei.c (generic_permission)
 */
#include "check.h"

static bool users_are(unsigned real, unsigned effective, unsigned saved) {
  unsigned r, e, s;
  syscall(__NR_getresuid, &r, &e, &s);
  return r == real && e == effective && s == saved;
}

static bool groups_are(unsigned real, unsigned effective, unsigned saved) {
  unsigned r, e, s;
  syscall(__NR_getresgid, &r, &e, &s);
  return r == real && e == effective && s == saved;
}

static void check_root(void) {
  unsigned groups[3] = {7, 5, 6}, read_back[3] = {0};
  check(users_are(0, 0, 0) && groups_are(0, 0, 0), "the test starts as root");
  check_is(syscall(__NR_setgroups, 3, groups), 0, "root can join groups");
  check_is(syscall(__NR_getgroups, 0, NULL), 3, "and ask how many there are");
  check_is(syscall(__NR_getgroups, 3, read_back), 3, "and which");
  check(read_back[0] == 5 && read_back[1] == 6 && read_back[2] == 7, "in order");
  check_is(syscall(__NR_getgroups, 2, read_back), -EINVAL, "with too little room it is EINVAL");
  check_is(syscall(__NR_setgroups, 70000, groups), -EINVAL, "65536 groups are enough");

  check_is(syscall(__NR_setresgid, 10, 20, 30), 0, "root can be in any group");
  check(groups_are(10, 20, 30), "really, effectively, and later");
  check_is(syscall(__NR_setregid, -1, 10), 0, "-1 leaves one as it is");
  check(groups_are(10, 10, 30), "setregid sets the saved one only with the real one");
  check_is(syscall(__NR_setresuid, -1, 1000, -1), 0, "root can be somebody else for a while");
  check(users_are(0, 1000, 0), "effectively");
  check_is(geteuid(), 1000, "geteuid says so");
  check_is(getuid(), 0, "getuid tells who it really is");
}

/* As user 1000, effectively: root's privileges are asleep. */
static void check_user(void) {
  struct rlimit64 limit = {100, 100};
  check_is(open("/tmp/ids-test/secret", O_RDONLY, 0), -EACCES, "a file that only root may read is EACCES");
  check_is(open("/tmp/ids-test/group", O_RDONLY, 0) >= 0, 1, "a file that the group may read can be opened");
  check_is(open("/tmp/ids-test/closed/x", O_RDONLY, 0), -EACCES, "a directory without permission to search hides its files");
  check_is(open("/tmp/ids-test/new", O_WRONLY | O_CREAT, 0644), -EACCES, "nothing can be made in a directory that is not writable");
  check_is(unlink("/tmp/ids-test/secret"), -EACCES, "nor removed");
  check_is(chmod("/tmp/ids-test/secret", 0777), -EPERM, "another's permissions cannot be changed");
  check_is(kill(1, 0), 0, "process 1 can be sent signals, since the real user is the same");
  check_is(syscall(__NR_setuid, 2000), -EPERM, "one cannot become anybody");
  check_is(syscall(__NR_setgroups, 0, NULL), -EPERM, "nor leave groups");
  check_is(mount("proc", "/tmp", "proc", 0, NULL), -EPERM, "nor mount");
  check_is(syscall(__NR_setpriority, PRIO_PROCESS, 0, -5), -EACCES, "nor be more important");
  check_is(prlimit(0, RLIMIT_NOFILE, &limit, NULL), 0, "limits can be lowered");
  limit.rlim_max = 200;
  check_is(prlimit(0, RLIMIT_NOFILE, &limit, NULL), -EPERM, "and not raised again");
  int fd = (int)open("/tmp/ids-own", O_WRONLY | O_CREAT | O_EXCL, 0644);
  struct stat st;
  fstat(fd, &st);
  check(st.st_uid == 1000 && st.st_gid == 10, "a new file belongs to the effective user and group");
  check_is(unlink("/tmp/ids-own"), 0, "who may remove it");
}

static void check_return(void) {
  check_is(syscall(__NR_setresuid, -1, 0, -1), 0, "the way back to root is open while the saved user is root");
  check_is(syscall(__NR_setuid, 1000), 0, "setuid as root");
  check(users_are(1000, 1000, 1000), "changes all three");
  check_is(syscall(__NR_setuid, 0), -EPERM, "then there is no way back");
  check_is(syscall(__NR_setresuid, 1000, 1000, 0), -EPERM, "nowhere");
  check_is(kill(1, 0), -EPERM, "and process 1 is another's");
}

static void make(const char *path, int mode, int gid) {
  close((int)open(path, O_WRONLY | O_CREAT, 0600));
  syscall(__NR_fchownat, AT_FDCWD, path, 0, gid, 0);
  chmod(path, mode);
}

int main(void) {
  mkdir("/tmp/ids-test", 0755);
  mkdir("/tmp/ids-test/closed", 0700);
  make("/tmp/ids-test/closed/x", 0644, 0);
  make("/tmp/ids-test/secret", 0600, 0);
  make("/tmp/ids-test/group", 0640, 6);
  umask(022);
  check_root();
  check_user();
  check_return();
  return checked();
}
