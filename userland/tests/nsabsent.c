/*
 * nsabsent.c - kinds of namespaces that this kernel is built without
 *
 * Linux: kernel/nsproxy.c, kernel/cgroup/cgroup.c
 */
#include "check.h"

int main(void) {
  mkdir("/proc", 0555);
  mount("proc", "/proc", "proc", 0, NULL);
  check_is(syscall(__NR_unshare, CLONE_NEWIPC), -EINVAL, "there are no IPC namespaces");
  check_is(syscall(__NR_unshare, CLONE_NEWNET), -EINVAL, "there are no network namespaces");
  check_is(syscall(__NR_unshare, CLONE_NEWCGROUP), -EINVAL, "there are no cgroup namespaces");
  check_is(open("/proc/self/ns/net", O_RDONLY, 0), -ENOENT, "nor files that stand for one");
  struct clone_args args = {.flags = CLONE_INTO_CGROUP, .exit_signal = SIGCHLD, .cgroup = 0};
  check_is(syscall(__NR_clone3, &args, sizeof args), -EBADF, "a terminal is no cgroup to be born into");
  return checked();
}
