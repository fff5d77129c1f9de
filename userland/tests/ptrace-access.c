/*
 * ptrace-access.c - who may trace whom: ids, dumpability, Yama
 *
 * Linux: kernel/ptrace.c (__ptrace_may_access), security/yama/yama_lsm.c, Manual: ptrace(2), "Ptrace access mode checking"
 */
#include "trace.h"

static volatile int *shared;
enum { UID = 1000 };
static const char scope_file[] = "/proc/sys/kernel/yama/ptrace_scope";

static void become(unsigned uid) {
  syscall(__NR_setresgid, uid, uid, uid);
  syscall(__NR_setresuid, uid, uid, uid);
  prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
}

static long set_scope(const char *text) {
  int fd = (int)open(scope_file, O_WRONLY, 0);
  if (fd < 0) return fd;
  long n = write(fd, text, 1);
  close(fd);
  return n;
}
static int get_scope(void) {
  char c = 0;
  int fd = (int)open(scope_file, O_RDONLY, 0);
  read(fd, &c, 1);
  close(fd);
  return c - '0';
}

/* A child that sleeps, after it has prepared itself. */
static long target(void (*prepare)(void)) {
  long pid = fork();
  *shared = 0;
  if (pid == 0) {
    if (prepare) prepare();
    *shared = 1;
    for (;;) sleep_ms(1000);
  }
  sleep_ms(20);
  return pid;
}

/* What seizing it answers to somebody who runs `prepare` first; `tracer` is a child, so no ancestor of the target's. */
static long answer_to(void (*prepare)(void), long pid) {
  long tracer = fork();
  if (tracer == 0) {
    if (prepare) prepare();
    exit((int)-ptrace(PTRACE_SEIZE, (pid_t)pid, 0, NULL));
  }
  return -WEXITSTATUS(wait_for(tracer));
}

static void as_user(void) { become(UID); }
static void as_other(void) { become(UID + 1); }
static void as_hidden_user(void) {
  become(UID);
  prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}
static void half_user(void) {
  syscall(__NR_setresuid, UID, UID, 0);
  prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
}
static void undumpable(void) { syscall(__NR_setresuid, UID, UID, UID), syscall(__NR_setresgid, UID, UID, UID); }
static void names_anybody(void) {
  become(UID);
  prctl(PR_SET_PTRACER, -1, 0, 0, 0);
}
static void names_nobody(void) {
  names_anybody();
  prctl(PR_SET_PTRACER, 0, 0, 0, 0);
}

static void check_ids(void) {
  set_scope("0");
  long pid = target(as_user);
  check_is(answer_to(as_user, pid), 0, "a user may trace its own process");
  check_is(answer_to(as_other, pid), -EPERM, "check 156: but nobody else's");
  check_is(answer_to(NULL, pid), 0, "root may trace everybody");
  end(pid);
  pid = target(NULL);
  check_is(answer_to(as_user, pid), -EPERM, "and nobody may trace root's");
  end(pid);
  pid = target(half_user);
  check_is(answer_to(as_user, pid), -EPERM, "check 156: all three ids count");
  end(pid);
  pid = target(as_hidden_user);
  check_is(answer_to(as_user, pid), -EPERM, "check 156: a process that is not dumpable is root's to trace");
  check_is(answer_to(NULL, pid), 0, "root may");
  end(pid);
  pid = target(undumpable);
  check_is(answer_to(as_user, pid), -EPERM, "check 156: to change ids makes it undumpable");
  end(pid);
}

/* A user's process that traces its own child: asks, then attaches. */
static void traces_child(void) {
  become(UID);
  long pid = fork();
  if (pid == 0) {
    *shared = (int)ptrace(PTRACE_TRACEME, 0, 0, NULL);
    for (;;) sleep_ms(1000);
  }
  sleep_ms(20);
  long attached = *shared == 0 ? 0 : ptrace(PTRACE_SEIZE, (pid_t)pid, 0, NULL);
  kill((pid_t)pid, SIGKILL);
  exit(*shared == 0 ? 1 : attached == 0 ? 2 : 3);
}

static void check_yama(void) {
  long pid = target(as_user);
  check_is(set_scope("1"), 1, "ptrace_scope 1");
  check_is(answer_to(as_user, pid), -EPERM, "check 157: only ancestors trace");
  check_is(answer_to(NULL, pid), 0, "or CAP_SYS_PTRACE");
  check_is(in_child(traces_child), 1 << 8, "check 157: a child may ask for its parent");
  end(pid);
  pid = target(names_anybody);
  check_is(answer_to(as_user, pid), 0, "check 158: who was named may, too: anybody");
  end(pid);
  pid = target(names_nobody);
  check_is(answer_to(as_user, pid), -EPERM, "check 158: until that is taken back");
  end(pid);
  check_is(prctl(PR_SET_PTRACER, 99999, 0, 0, 0), -EINVAL, "nobody who is not there can be named");

  pid = target(as_user);
  check_is(set_scope("2"), 1, "ptrace_scope 2");
  check_is(in_child(traces_child), 3 << 8, "check 157: without CAP_SYS_PTRACE nobody traces, not even if asked");
  check_is(answer_to(NULL, pid), 0, "with it");
  end(pid);
  check_is(set_scope("4"), -EINVAL, "there is no 4");
  check_is(set_scope("0"), 1, "back to 0");
  pid = target(NULL);
  check_is(set_scope("3"), 1, "ptrace_scope 3");
  check_is(answer_to(NULL, pid), -EPERM, "check 157: nobody at all");
  check_is(set_scope("0"), -EINVAL, "check 159: and there is no way back");
  check_is(get_scope(), 3, "check 159: it is 3");
  end(pid);
}

static void check_status(void) {
  char path[32], text[1024];
  long pid = tracee(as_user, 0);
  snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
  int fd = (int)open(path, O_RDONLY, 0);
  long n = read(fd, text, sizeof(text) - 1), tracer = 0;
  text[n > 0 ? n : 0] = 0;
  char *line = strstr(text, "TracerPid:\t"), *state = strstr(text, "State:\tt");
  for (char *c = line ? line + 11 : text + n; *c >= '0' && *c <= '9'; c++) tracer = tracer * 10 + *c - '0';
  check(line && tracer == getpid(), "check 160: /proc/<pid>/status names the tracer");
  check(state != NULL, "and the state: t");
  close(fd);
  end(pid);
}

int main(void) {
  shared = shared_page();
  check_status();
  check_ids();
  check_yama();
  return checked();
}
