/*
 * syscall.h - the system calls of arm64 Linux, one line each
 *
 * The number goes into x8, up to six arguments into x0 to x5, `svc` traps into the
 * kernel, and the answer comes back in x0: a value, or an errno below zero. No
 * wrapper here hides that: `open("/none", O_RDONLY, 0)` returns -ENOENT.
 */
#pragma once
#include <stddef.h>
#include <asm/sigcontext.h>
#include <asm/siginfo.h>
#include <asm/signal.h>
#include <asm/poll.h>
#include <asm/stat.h>
#include <asm/statfs.h>
#include <asm/termios.h>
#include <asm/ucontext.h>
#include <asm/unistd.h>
#include <linux/auxvec.h>
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/futex.h>
#include <linux/limits.h>
#include <linux/mman.h>
#include <linux/mount.h>
#include <linux/prctl.h>
#include <linux/ptrace.h>
#include <linux/random.h>
#include <linux/reboot.h>
#include <linux/resource.h>
#include <linux/sched.h>
#include <linux/stat.h>
#include <linux/sysinfo.h>
#include <linux/time.h>
#include <linux/uio.h>
#include <linux/utsname.h>
#include <linux/wait.h>

typedef long ssize_t;
typedef int pid_t;

static inline long syscall6(long nr, long a, long b, long c, long d, long e, long f) {
  register long x8 __asm__("x8") = nr;
  register long x0 __asm__("x0") = a;
  register long x1 __asm__("x1") = b;
  register long x2 __asm__("x2") = c;
  register long x3 __asm__("x3") = d;
  register long x4 __asm__("x4") = e;
  register long x5 __asm__("x5") = f;
  __asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory", "cc");
  return x0;
}

/* syscall(nr, arguments...): the arguments that are missing are passed as zero. */
#define syscall(...) SYSCALL_PADDED(__VA_ARGS__, 0, 0, 0, 0, 0, 0, 0)
#define SYSCALL_PADDED(nr, a, b, c, d, e, f, ...) \
  syscall6(nr, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))

#define SYSCALL static inline long

/* files */
SYSCALL openat(int dir, const char *path, int flags, int mode) { return syscall(__NR_openat, dir, path, flags, mode); }
SYSCALL open(const char *path, int flags, int mode) { return openat(AT_FDCWD, path, flags, mode); }
SYSCALL close(int fd) { return syscall(__NR_close, fd); }
SYSCALL read(int fd, void *buf, size_t count) { return syscall(__NR_read, fd, buf, count); }
SYSCALL write(int fd, const void *buf, size_t count) { return syscall(__NR_write, fd, buf, count); }
SYSCALL pread(int fd, void *buf, size_t count, long pos) { return syscall(__NR_pread64, fd, buf, count, pos); }
SYSCALL pwrite(int fd, const void *buf, size_t count, long pos) { return syscall(__NR_pwrite64, fd, buf, count, pos); }
SYSCALL readv(int fd, const struct iovec *iov, int n) { return syscall(__NR_readv, fd, iov, n); }
SYSCALL writev(int fd, const struct iovec *iov, int n) { return syscall(__NR_writev, fd, iov, n); }
SYSCALL lseek(int fd, long offset, int whence) { return syscall(__NR_lseek, fd, offset, whence); }
SYSCALL ftruncate(int fd, long length) { return syscall(__NR_ftruncate, fd, length); }
SYSCALL truncate(const char *path, long length) { return syscall(__NR_truncate, path, length); }
SYSCALL dup(int fd) { return syscall(__NR_dup, fd); }
SYSCALL dup3(int from, int to, int flags) { return syscall(__NR_dup3, from, to, flags); }
SYSCALL fcntl(int fd, int cmd, long arg) { return syscall(__NR_fcntl, fd, cmd, arg); }
SYSCALL ioctl(int fd, unsigned int cmd, void *arg) { return syscall(__NR_ioctl, fd, cmd, arg); }
SYSCALL pipe2(int fds[2], int flags) { return syscall(__NR_pipe2, fds, flags); }
SYSCALL fsync(int fd) { return syscall(__NR_fsync, fd); }
SYSCALL sync(void) { return syscall(__NR_sync); }
SYSCALL ppoll(struct pollfd *fds, unsigned n, const struct timespec *timeout, const sigset_t *mask) {
  return syscall(__NR_ppoll, fds, n, timeout, mask, sizeof(*mask));
}

/* names and directories */
SYSCALL getdents64(int fd, void *buf, size_t size) { return syscall(__NR_getdents64, fd, buf, size); }
SYSCALL fstat(int fd, struct stat *st) { return syscall(__NR_fstat, fd, st); }
SYSCALL fstatat(int dir, const char *path, struct stat *st, int flags) {
  return syscall(__NR_newfstatat, dir, path, st, flags);
}
SYSCALL stat(const char *path, struct stat *st) { return fstatat(AT_FDCWD, path, st, 0); }
SYSCALL lstat(const char *path, struct stat *st) { return fstatat(AT_FDCWD, path, st, AT_SYMLINK_NOFOLLOW); }
SYSCALL statx(int dir, const char *path, int flags, unsigned mask, struct statx *stx) {
  return syscall(__NR_statx, dir, path, flags, mask, stx);
}
SYSCALL statfs(const char *path, struct statfs *st) { return syscall(__NR_statfs, path, st); }
SYSCALL access(const char *path, int mode) { return syscall(__NR_faccessat, AT_FDCWD, path, mode); }
SYSCALL mkdir(const char *path, int mode) { return syscall(__NR_mkdirat, AT_FDCWD, path, mode); }
SYSCALL mknod(const char *path, int mode, int dev) { return syscall(__NR_mknodat, AT_FDCWD, path, mode, dev); }
SYSCALL unlink(const char *path) { return syscall(__NR_unlinkat, AT_FDCWD, path, 0); }
SYSCALL rmdir(const char *path) { return syscall(__NR_unlinkat, AT_FDCWD, path, AT_REMOVEDIR); }
SYSCALL rename(const char *from, const char *to) {
  return syscall(__NR_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
}
SYSCALL link(const char *from, const char *to) { return syscall(__NR_linkat, AT_FDCWD, from, AT_FDCWD, to, 0); }
SYSCALL symlink(const char *target, const char *path) { return syscall(__NR_symlinkat, target, AT_FDCWD, path); }
SYSCALL readlink(const char *path, char *buf, size_t size) {
  return syscall(__NR_readlinkat, AT_FDCWD, path, buf, size);
}
SYSCALL chmod(const char *path, int mode) { return syscall(__NR_fchmodat, AT_FDCWD, path, mode); }
SYSCALL utimensat(int dir, const char *path, const struct timespec times[2], int flags) {
  return syscall(__NR_utimensat, dir, path, times, flags);
}
SYSCALL chdir(const char *path) { return syscall(__NR_chdir, path); }
SYSCALL fchdir(int fd) { return syscall(__NR_fchdir, fd); }
SYSCALL getcwd(char *buf, size_t size) { return syscall(__NR_getcwd, buf, size); }
SYSCALL umask(int mask) { return syscall(__NR_umask, mask); }
SYSCALL mount(const char *dev, const char *dir, const char *type, unsigned long flags, const void *data) {
  return syscall(__NR_mount, dev, dir, type, flags, data);
}
SYSCALL umount2(const char *dir, int flags) { return syscall(__NR_umount2, dir, flags); }

/* processes */
SYSCALL fork(void) { return syscall(__NR_clone, SIGCHLD); }
SYSCALL execve(const char *path, char *const *argv, char *const *envp) {
  return syscall(__NR_execve, path, argv, envp);
}
SYSCALL wait4(pid_t pid, int *status, int options, struct rusage *usage) {
  return syscall(__NR_wait4, pid, status, options, usage);
}
SYSCALL waitid(int which, pid_t pid, siginfo_t *info, int options) {
  return syscall(__NR_waitid, which, pid, info, options, NULL);
}
SYSCALL getpid(void) { return syscall(__NR_getpid); }
SYSCALL getppid(void) { return syscall(__NR_getppid); }
SYSCALL gettid(void) { return syscall(__NR_gettid); }
SYSCALL getuid(void) { return syscall(__NR_getuid); }
SYSCALL geteuid(void) { return syscall(__NR_geteuid); }
SYSCALL getgid(void) { return syscall(__NR_getgid); }
SYSCALL getegid(void) { return syscall(__NR_getegid); }
SYSCALL setpgid(pid_t pid, pid_t pgid) { return syscall(__NR_setpgid, pid, pgid); }
SYSCALL getpgid(pid_t pid) { return syscall(__NR_getpgid, pid); }
SYSCALL setsid(void) { return syscall(__NR_setsid); }
SYSCALL getsid(pid_t pid) { return syscall(__NR_getsid, pid); }
SYSCALL sched_yield(void) { return syscall(__NR_sched_yield); }
SYSCALL prctl(int option, long a, long b, long c, long d) { return syscall(__NR_prctl, option, a, b, c, d); }
SYSCALL prlimit(pid_t pid, int what, const struct rlimit64 *to, struct rlimit64 *from) {
  return syscall(__NR_prlimit64, pid, what, to, from);
}
SYSCALL ptrace(long request, pid_t pid, unsigned long addr, const void *data) {
  return syscall(__NR_ptrace, request, pid, addr, data);
}

static inline _Noreturn void exit(int status) {
  for (;;) syscall(__NR_exit_group, status);
}

/* signals */
SYSCALL kill(pid_t pid, int sig) { return syscall(__NR_kill, pid, sig); }
SYSCALL tgkill(pid_t tgid, pid_t tid, int sig) { return syscall(__NR_tgkill, tgid, tid, sig); }
SYSCALL raise(int sig) { return tgkill(getpid(), gettid(), sig); }
SYSCALL rt_sigaction(int sig, const struct sigaction *to, struct sigaction *from) {
  return syscall(__NR_rt_sigaction, sig, to, from, sizeof(sigset_t));
}
SYSCALL rt_sigprocmask(int how, const sigset_t *to, sigset_t *from) {
  return syscall(__NR_rt_sigprocmask, how, to, from, sizeof(sigset_t));
}
SYSCALL rt_sigpending(sigset_t *set) { return syscall(__NR_rt_sigpending, set, sizeof(*set)); }
SYSCALL rt_sigsuspend(const sigset_t *mask) { return syscall(__NR_rt_sigsuspend, mask, sizeof(*mask)); }
SYSCALL rt_sigtimedwait(const sigset_t *set, siginfo_t *info, const struct timespec *timeout) {
  return syscall(__NR_rt_sigtimedwait, set, info, timeout, sizeof(*set));
}
SYSCALL sigaltstack(const stack_t *to, stack_t *from) { return syscall(__NR_sigaltstack, to, from); }

/* memory */
static inline void *mmap(void *addr, size_t length, int prot, int flags, int fd, long offset) {
  return (void *)syscall(__NR_mmap, addr, length, prot, flags, fd, offset);
}
SYSCALL munmap(void *addr, size_t length) { return syscall(__NR_munmap, addr, length); }
SYSCALL mprotect(void *addr, size_t length, int prot) { return syscall(__NR_mprotect, addr, length, prot); }
static inline void *mremap(void *addr, size_t from, size_t to, int flags, void *fixed) {
  return (void *)syscall(__NR_mremap, addr, from, to, flags, fixed);
}
SYSCALL brk(void *end) { return syscall(__NR_brk, end); }

/* time */
SYSCALL clock_gettime(int clock, struct timespec *ts) { return syscall(__NR_clock_gettime, clock, ts); }
SYSCALL nanosleep(const struct timespec *want, struct timespec *left) {
  return syscall(__NR_nanosleep, want, left);
}
SYSCALL setitimer(int which, const struct itimerval *to, struct itimerval *from) {
  return syscall(__NR_setitimer, which, to, from);
}

/* the system */
SYSCALL uname(struct new_utsname *name) { return syscall(__NR_uname, name); }
SYSCALL sysinfo(struct sysinfo *info) { return syscall(__NR_sysinfo, info); }
SYSCALL reboot(unsigned cmd) { return syscall(__NR_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, cmd, NULL); }
SYSCALL getrandom(void *buf, size_t size, unsigned flags) { return syscall(__NR_getrandom, buf, size, flags); }

#undef SYSCALL

/* A pointer-returning call failed if its answer is one of the 4095 errnos. */
static inline int is_error(const void *p) { return (unsigned long)p >= -4095UL; }

/* What wait4 reports. */
#define WIFEXITED(status) (((status) & 0x7f) == 0)
#define WEXITSTATUS(status) (((status) >> 8) & 0xff)
#define WTERMSIG(status) ((status) & 0x7f)
#define WIFSIGNALED(status) (WTERMSIG(status) != 0 && WTERMSIG(status) != 0x7f)
#define WCOREDUMP(status) (((status) & 0x80) != 0)
#define WIFSTOPPED(status) (((status) & 0xff) == 0x7f)
#define WSTOPSIG(status) WEXITSTATUS(status)
#define WIFCONTINUED(status) ((status) == 0xffff)

/* What getdents64 writes, which no header of Linux's tells. */
struct linux_dirent64 {
  unsigned long d_ino;
  long d_off;
  unsigned short d_reclen;
  unsigned char d_type;
  char d_name[];
};

/* For sigaltstack and utimensat; the kernel keeps these to itself. */
#define SS_ONSTACK 1
#define SS_DISABLE 2
#define UTIME_NOW 0x3fffffff
#define UTIME_OMIT 0x3ffffffe

#define STDIN 0
#define STDOUT 1
#define STDERR 2

#define R_OK 4
#define W_OK 2
#define X_OK 1
#define F_OK 0
