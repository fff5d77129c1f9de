/*
 * pidns.c - processes that have a number at every level, and worlds of their own
 *
 * Linux: kernel/pid_namespace.c, kernel/nsproxy.c, kernel/user_namespace.c, kernel/utsname.c, kernel/time/namespace.c
 */
#include "check.h"

static int *seen;

static long in_namespace(long flags) {
  struct clone_args args = {.flags = (unsigned long)flags, .exit_signal = SIGCHLD};
  return syscall(__NR_clone3, &args, sizeof args);
}

/* The child's exit status, or its signal and 256. */
static int ended(long pid) {
  int status = -1;
  wait4((pid_t)pid, &status, 0, NULL);
  return status & 0x7f ? 256 + (status & 0x7f) : status >> 8;
}

static long read_file(const char *path, char *into, long size) {
  long fd = open(path, O_RDONLY, 0);
  if (fd < 0) return fd;
  long got = read((int)fd, into, (size_t)size - 1);
  close((int)fd);
  if (got >= 0) into[got] = 0;
  return got;
}

static void first_process(void) {
  seen[0] = (int)getpid();
  seen[1] = (int)getppid();
  long child = fork();
  if (child == 0) exit(getpid() == 2 && getppid() == 1 ? 3 : 4);
  seen[2] = (int)child;
  seen[3] = ended(child);
  seen[4] = (int)kill(1, SIGTERM); // ignored: it has no handler for it
  seen[5] = (int)kill(77, 0);
  seen[6] = (int)syscall(__NR_getsid, 0);
  exit(5);
}

static void check_numbers(void) {
  long pid = in_namespace(CLONE_NEWPID);
  if (pid == 0) first_process();
  check_is(ended(pid), 5, "the first process of a namespace ends as any other");
  check_is(seen[0], 1, "and has been number 1 there");
  check_is(seen[1], 0, "with no parent that it could name");
  check_is(seen[2], 2, "its child was number 2");
  check_is(seen[3], 3, "and saw itself and its parent so");
  check_is(seen[4], 0, "a signal without a handler does nothing to number 1");
  check_is(seen[5], -ESRCH, "other numbers are nobody's");
  check_is(seen[6], 0, "its session is outside");
}

static void orphans(void) {
  if (fork() == 0) {
    if (fork() == 0) {
      sleep_ms(30);
      exit(getppid() == 1 ? 6 : 7);
    }
    exit(0);
  }
  int first = -1, second = -1;
  wait4(-1, &first, 0, NULL);
  wait4(-1, &second, 0, NULL);
  exit(first == 0 && second == 6 << 8 ? 1 : 2);
}

static void leaves_a_child(void) {
  long child = fork();
  if (child == 0)
    for (;;) sleep_ms(1000);
  seen[0] = (int)child;
  exit(9);
}

static void check_end(void) {
  int fds[2];
  long pid = in_namespace(CLONE_NEWPID);
  if (pid == 0) orphans();
  check_is(ended(pid), 1, "orphans go to number 1 of their namespace");

  pipe2(fds, 0);
  pid = in_namespace(CLONE_NEWPID);
  if (pid == 0) leaves_a_child();
  close(fds[1]);
  check_is(ended(pid), 9, "number 1 may end before the others");
  char none;
  check_is(read(fds[0], &none, 1), 0, "who are all dead by then");
  close(fds[0]);

  pid = in_namespace(CLONE_NEWPID);
  if (pid == 0)
    for (;;) sleep_ms(1000);
  kill((pid_t)pid, SIGTERM);
  sleep_ms(20);
  check_is(kill((pid_t)pid, 0), 0, "from outside, too, SIGTERM without a handler does nothing to number 1");
  kill((pid_t)pid, SIGKILL);
  check_is(ended(pid), 256 + SIGKILL, "but SIGKILL from outside does");
}

static void unshares(void) {
  if (syscall(__NR_unshare, CLONE_NEWPID) != 0) exit(1);
  if (syscall(__NR_unshare, CLONE_NEWPID) != -EINVAL) exit(2);
  long first = fork();
  if (first == 0) exit(getpid() == 1 ? 0 : 1);
  if (ended(first) != 0) exit(3);
  exit(fork() == -ENOMEM ? 0 : 4);
}

static void host_name(void) {
  struct new_utsname name;
  if (syscall(__NR_unshare, CLONE_NEWUTS) != 0) exit(1);
  if (syscall(__NR_sethostname, "elsewhere", 9) != 0) exit(2);
  uname(&name);
  exit(strcmp(name.nodename, "elsewhere") == 0 ? 0 : 3);
}

static void clocks(void) {
  struct timespec before, after;
  static const char shift[] = "monotonic 1000 0\n";
  if (syscall(__NR_unshare, CLONE_NEWTIME) != 0) exit(1);
  long fd = open("/proc/self/timens_offsets", O_WRONLY, 0);
  if (write((int)fd, shift, sizeof shift - 1) != sizeof shift - 1) exit(2);
  syscall(__NR_clock_gettime, CLOCK_MONOTONIC, &before);
  long child = fork();
  if (child == 0) {
    syscall(__NR_clock_gettime, CLOCK_MONOTONIC, &after);
    exit(after.tv_sec - before.tv_sec >= 1000 && after.tv_sec - before.tv_sec < 1010 ? 0 : 3);
  }
  if (ended(child) != 0) exit(3);
  exit(write((int)fd, shift, sizeof shift - 1) == -EACCES ? 0 : 4);
}

static long digits(const char *at) {
  long value = 0;
  while (*at >= '0' && *at <= '9') value = value * 10 + (*at++ - '0');
  return value;
}

/* Seconds since boot, when that was, and when the process began, in seconds since boot. */
static struct told { long uptime, boot, start; } told(void) {
  static char text[65536];
  struct told told;
  read_file("/proc/uptime", text, sizeof text);
  told.uptime = digits(text);
  read_file("/proc/stat", text, sizeof text);
  told.boot = digits(strstr(text, "btime ") + 6);
  read_file("/proc/self/stat", text, sizeof text);
  const char *field = strchr(text, ')') + 2;
  for (int i = 3; i < 22; i++) field = strchr(field, ' ') + 1;
  told.start = digits(field) / 100;
  return told;
}

static bool near(long value, long want) { return value - want >= -1 && value - want <= 10; }

/* The kind of clock that /proc tells of is boottime; what the wall showed then moves the other way. */
static void boot_times(void) {
  static const char shift[] = "boottime 5000 0\n";
  struct told before = told();
  if (syscall(__NR_unshare, CLONE_NEWTIME) != 0) exit(1);
  long fd = open("/proc/self/timens_offsets", O_WRONLY, 0);
  if (write((int)fd, shift, sizeof shift - 1) != sizeof shift - 1) exit(2);
  long child = fork();
  if (child == 0) {
    struct told after = told();
    exit(near(after.uptime, before.uptime + 5000) && near(after.boot, before.boot - 5000) && near(after.start, before.start + 5000) ? 0 : 3);
  }
  exit(ended(child));
}

static void own_mounts(void) {
  if (syscall(__NR_unshare, CLONE_NEWNS) != 0) exit(1);
  mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
  mkdir("/tmp/pidns", 0755);
  if (mount("none", "/tmp/pidns", "tmpfs", 0, NULL) != 0) exit(2);
  exit(mkdir("/tmp/pidns/only-here", 0755) == 0 ? 0 : 3);
}

static void check_others(void) {
  struct new_utsname before, after;
  uname(&before);
  check_is(in_child(unshares), 0, "unshare(CLONE_NEWPID) is for children, once, until the first of them ends");
  check_is(in_child(host_name), 0, "a UTS namespace has its own host name");
  uname(&after);
  check(strcmp(before.nodename, after.nodename) == 0, "which is nobody else's");
  check_is(in_child(clocks) >> 8, 0, "a time namespace shifts the monotonic clock for children");
  check_is(in_child(boot_times) >> 8, 0, "and the time since boot, also where /proc tells of it");
  mkdir("/tmp", 0755);
  check_is(in_child(own_mounts) >> 8, 0, "a mount namespace has mounts of its own");
  check_is(open("/tmp/pidns/only-here", O_RDONLY, 0), -ENOENT, "that others do not see");
}

static void new_user(void) {
  seen[0] = (int)getuid();
  seen[1] = (int)syscall(__NR_sethostname, "x", 1);
  seen[2] = (int)syscall(__NR_unshare, CLONE_NEWUTS);
  seen[3] = (int)syscall(__NR_sethostname, "x", 1);
  seen[4] = (int)syscall(__NR_reboot, 0, 0, 0, 0);
  long fd = open("/proc/self/uid_map", O_WRONLY, 0);
  seen[5] = (int)write((int)fd, "7 0 1\n", 6);
  close((int)fd);
  seen[6] = (int)getuid();
  fd = open("/proc/self/uid_map", O_WRONLY, 0);
  seen[7] = (int)write((int)fd, "7 0 1\n", 6);
  seen[8] = (int)syscall(__NR_setuid, 0);
  seen[9] = (int)syscall(__NR_setuid, 7);
  exit(0);
}

static void check_user(void) {
  long pid = in_namespace(CLONE_NEWUSER);
  if (pid == 0) new_user();
  check_is(ended(pid), 0, "a user namespace");
  check_is(seen[0], 65534, "without a map everybody in it is nobody");
  check_is(seen[1], -EPERM, "and has no power outside");
  check_is(seen[2], 0, "but may make other namespaces");
  check_is(seen[3], 0, "and has power in those");
  check_is(seen[4], -EPERM, "not over the machine");
  check_is(seen[5], 6, "he may map himself");
  check_is(seen[6], 7, "and is who the map says");
  check_is(seen[7], -EPERM, "a map is written once");
  check_is(seen[8], -EINVAL, "who is not in it does not exist");
  check_is(seen[9], 0, "who is does");
}

static void check_files(void) {
  char line[64], other[64];
  long got = readlink("/proc/self/ns/uts", line, 63);
  check(got > 0 && strncmp(line, "uts:[", 5) == 0, "/proc/self/ns/uts names the namespace");
  line[got > 0 ? got : 0] = 0;
  long pid = in_namespace(CLONE_NEWUTS | CLONE_NEWPID);
  if (pid == 0)
    for (;;) sleep_ms(1000);
  char path[40];
  snprintf(path, sizeof path, "/proc/%d/ns/uts", (int)pid);
  got = readlink(path, other, 63);
  other[got > 0 ? got : 0] = 0;
  check(got > 0 && strcmp(line, other) != 0, "another one has another name");
  int fd = (int)open(path, O_RDONLY, 0);
  check_is(syscall(__NR_setns, fd, CLONE_NEWNS), -EINVAL, "setns() wants the kind it is told");
  check_is(syscall(__NR_setns, fd, 0), 0, "or any");
  got = readlink("/proc/self/ns/uts", line, 63);
  line[got > 0 ? got : 0] = 0;
  check(strcmp(line, other) == 0, "and there we are");
  check_is(syscall(__NR_setns, 99, 0), -EBADF, "setns() wants a descriptor");
  check_is(syscall(__NR_setns, 0, CLONE_NEWUTS), -EINVAL, "of a namespace");
  int pidfd = (int)syscall(__NR_pidfd_open, pid, 0);
  check_is(syscall(__NR_setns, pidfd, 0), -EINVAL, "or of a process, and what of it");
  check_is(syscall(__NR_setns, pidfd, CLONE_NEWUTS | CLONE_NEWPID), 0, "several at once");
  kill((pid_t)pid, SIGKILL);
  ended(pid);
  check_is(syscall(__NR_setns, pidfd, CLONE_NEWUTS), -ESRCH, "who is gone is nowhere");
  read_file("/proc/self/setgroups", line, sizeof line);
  check(strcmp(line, "allow\n") == 0, "setgroups() is allowed");
}

int main(void) {
  seen = shared_page();
  mkdir("/proc", 0555);
  mount("proc", "/proc", "proc", 0, NULL);
  check_numbers();
  check_end();
  check_others();
  check_user();
  check_files();
  return checked();
}
