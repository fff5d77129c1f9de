/*
 * sandbox.c - a program that may look, but not touch
 *
 * Usage: sandbox program [args...]
 *
 * Linux: kernel/seccomp.c, Manual: seccomp(2), seccomp_unotify(2)
 *
 * A filter is a small program that the kernel runs before every system call of a task, its children, and whatever they
 * execute: no one can get rid of it. It sees numbers only. Whether /etc/passwd may be read is not for it to judge, as
 * the name is a pointer: that question goes to us. We do not let the call go on either (the name could change after we
 * have read it), but open the file ourselves and hand over the descriptor.
 */
#include "lib.h"
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define ANSWER(action) BPF_STMT(BPF_RET | BPF_K, action)
/* Is it this one? If not, skip the answer. */
#define CALL(nr, action) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, nr, 0, 1), ANSWER(action)
#define FORBIDDEN (SECCOMP_RET_ERRNO | EPERM)

static struct sock_filter filter[] = {
    LOAD(arch), // numbers mean something on one architecture only
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_AARCH64, 1, 0),
    ANSWER(SECCOMP_RET_KILL_PROCESS),
    LOAD(nr),
    CALL(__NR_openat, SECCOMP_RET_USER_NOTIF),
    CALL(__NR_openat2, FORBIDDEN),
    CALL(__NR_unlinkat, FORBIDDEN),
    CALL(__NR_mkdirat, FORBIDDEN),
    CALL(__NR_renameat2, FORBIDDEN),
    CALL(__NR_fchmodat, FORBIDDEN),
    CALL(__NR_chdir, FORBIDDEN), // we open files for it, from where we are
    CALL(__NR_reboot, SECCOMP_RET_KILL_PROCESS),
    ANSWER(SECCOMP_RET_ALLOW),
};

/* In the child: from here on the filter is over us. */
static void run(char *path, char **argv, int told) {
  struct sock_fprog program = {countof(filter), filter};
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); // or a set-user-ID program would be fooled by its own system calls
  int listener = (int)syscall(__NR_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
  write(told, &listener, sizeof(listener));
  long err = execve(path, argv, environ);
  exit(complain("sandbox", path, (int)-err));
}

static bool may_open(const char *name, int flags) {
  return (flags & O_ACCMODE) == O_RDONLY && !(flags & O_CREAT) && !starts_with(name, "/etc/");
}

/* One question: openat(directory, name, flags, mode), asked by a task that waits for the answer. */
static void answer(int listener, const struct seccomp_notif *question) {
  char name[256] = "";
  struct iovec here = {name, sizeof(name) - 1}, there = {(void *)question->data.args[1], sizeof(name) - 1};
  syscall(__NR_process_vm_readv, question->pid, &here, 1, &there, 1, 0);
  // Was that its memory? It could have been killed, and its number be another's by now.
  if (ioctl(listener, SECCOMP_IOCTL_NOTIF_ID_VALID, (void *)&question->id) < 0) return;

  int flags = (int)question->data.args[2];
  long fd = may_open(name, flags) ? open(name, flags, 0) : -EACCES;
  fdprintf(2, "sandbox: open %s: %s\n", name, fd < 0 ? strerror((int)-fd) : "here you are");
  if (fd < 0) {
    struct seccomp_notif_resp response = {question->id, 0, (int)fd, 0};
    ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response);
    return;
  }
  struct seccomp_notif_addfd gift = {question->id, SECCOMP_ADDFD_FLAG_SEND, (unsigned)fd, 0, (unsigned)flags & O_CLOEXEC};
  ioctl(listener, SECCOMP_IOCTL_NOTIF_ADDFD, &gift); // its openat returns the number it has there
  close((int)fd);
}

int main(int argc, char **argv) {
  if (argc < 2) {
    fdprintf(2, "usage: sandbox program [args...]\n");
    return 2;
  }
  char path[256];
  join_path(path, sizeof(path), strchr(argv[1], '/') ? "" : "/bin", argv[1]);

  int told[2], listener = -1, status = 0;
  pipe2(told, O_CLOEXEC);
  // One table of descriptors until the program runs: the listener that the child makes is ours, too.
  long child = syscall(__NR_clone, SIGCHLD | CLONE_FILES);
  if (child == 0) run(path, argv + 1, told[1]);
  read(told[0], &listener, sizeof(listener));
  if (listener < 0) return complain("sandbox", "seccomp", -listener);

  for (struct pollfd poll = {listener, POLLIN, 0};;) {
    struct seccomp_notif question = {0};
    ppoll(&poll, 1, NULL, NULL);
    if (poll.revents & POLLHUP) break; // nobody is left who could ask
    if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &question) == 0) answer(listener, &question);
  }
  wait4((pid_t)child, &status, 0, NULL);
  if (WIFSIGNALED(status)) fdprintf(2, "sandbox: killed by SIG%s\n", signal_name(WTERMSIG(status)));
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
