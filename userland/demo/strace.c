/*
 * strace.c - what does a program ask of the kernel?
 *
 * Usage: strace program [args...]
 *
 * Linux: kernel/ptrace.c, Manual: ptrace(2)
 *
 * The child asks to be traced and becomes the program. From then on it stops twice in each system call: before the
 * kernel looks at it, and when the answer is known. In between it does not run, so there is all the time in the world
 * to look at its registers and its memory.
 */
#include "lib.h"
#include <linux/elf.h>

/* How its arguments read: d a number, x bits or an address, s a string. What is not here is shown by its number. */
static const struct call {
  const char *name, *args;
} calls[] = {
  [__NR_brk] = {"brk", "x"},
  [__NR_clone] = {"clone", "xxxxx"},
  [__NR_close] = {"close", "d"},
  [__NR_dup3] = {"dup3", "ddx"},
  [__NR_execve] = {"execve", "sxx"},
  [__NR_exit_group] = {"exit_group", "d"},
  [__NR_faccessat] = {"faccessat", "dsx"},
  [__NR_fcntl] = {"fcntl", "ddx"},
  [__NR_fstat] = {"fstat", "dx"},
  [__NR_getdents64] = {"getdents64", "dxd"},
  [__NR_getpid] = {"getpid", ""},
  [__NR_getuid] = {"getuid", ""},
  [__NR_ioctl] = {"ioctl", "dxx"},
  [__NR_lseek] = {"lseek", "ddd"},
  [__NR_mmap] = {"mmap", "xdxxdx"},
  [__NR_mprotect] = {"mprotect", "xdx"},
  [__NR_munmap] = {"munmap", "xd"},
  [__NR_nanosleep] = {"nanosleep", "xx"},
  [__NR_newfstatat] = {"newfstatat", "dsxx"},
  [__NR_openat] = {"openat", "dsxx"},
  [__NR_pipe2] = {"pipe2", "xx"},
  [__NR_read] = {"read", "dxd"},
  [__NR_readlinkat] = {"readlinkat", "dsxd"},
  [__NR_rt_sigaction] = {"rt_sigaction", "dxxd"},
  [__NR_rt_sigprocmask] = {"rt_sigprocmask", "dxxd"},
  [__NR_sched_yield] = {"sched_yield", ""},
  [__NR_uname] = {"uname", "x"},
  [__NR_wait4] = {"wait4", "dxxx"},
  [__NR_write] = {"write", "dsd"},
};

enum { FULL_LINE = 32 };
static pid_t child;

/* Its memory, word by word: up to `max` bytes, a NUL, or what is not there. */
static void print_string(unsigned long at, long max) {
  char out[4 * FULL_LINE + 8], *to = out;
  *to++ = '"';
  for (long i = 0; i < max && i < FULL_LINE; i++) {
    unsigned long word = 0;
    if (ptrace(PTRACE_PEEKDATA, child, at + (unsigned long)i, &word) < 0) break;
    char c = (char)word;
    if (c == 0) break;
    if (c == '\n' || c == '"' || c == '\\') *to++ = '\\';
    *to++ = c == '\n' ? 'n' : c < ' ' ? '.' : c;
  }
  *to++ = '"';
  *to = 0;
  fdprintf(2, "%s%s", out, max > FULL_LINE && max < 4096 ? "..." : "");
}

static void print_entry(const struct ptrace_syscall_info *info) {
  unsigned long nr = info->entry.nr;
  const struct call *call = nr < countof(calls) && calls[nr].name ? &calls[nr] : NULL;
  if (call) fdprintf(2, "%s(", call->name);
  else fdprintf(2, "syscall_%ld(", (long)nr);
  const char *letter = call ? call->args : "xxxxxx";
  for (int i = 0; letter[i]; i++) {
    unsigned long arg = info->entry.args[i];
    if (i) fdprintf(2, ", ");
    if (letter[i] == 's') print_string(arg, nr == __NR_write ? (long)info->entry.args[2] : 4096);
    else if (letter[i] == 'd') fdprintf(2, "%d", (int)arg);
    else fdprintf(2, arg ? "0x%lx" : "%lx", arg);
  }
  fdprintf(2, ")");
}

static void print_exit(const struct ptrace_syscall_info *info) {
  long value = info->exit.rval;
  if (info->exit.is_error) fdprintf(2, " = -1 %s (%s)\n", errno_name((int)-value), strerror((int)-value));
  else fdprintf(2, value > 0xffffff ? " = 0x%lx\n" : " = %ld\n", value);
}

/* It has stopped. Returns the signal that it shall go on with. */
static long stopped(int status) {
  if (WSTOPSIG(status) != (SIGTRAP | 0x80)) { // no system call: a signal is on its way, or the new program begins
    if (status >> 16) return 0;
    fdprintf(2, "--- SIG%s ---\n", signal_name(WSTOPSIG(status)));
    return WSTOPSIG(status);
  }
  struct ptrace_syscall_info info = {0};
  ptrace(PTRACE_GET_SYSCALL_INFO, child, sizeof(info), &info);
  if (info.op == PTRACE_SYSCALL_INFO_ENTRY) print_entry(&info);
  else print_exit(&info);
  return 0;
}

int main(int argc, char **argv) {
  if (argc < 2) {
    fdprintf(2, "usage: strace program [args...]\n");
    return 2;
  }
  char path[256];
  join_path(path, sizeof(path), strchr(argv[1], '/') ? "" : "/bin", argv[1]);

  child = (pid_t)fork();
  if (child == 0) {
    ptrace(PTRACE_TRACEME, 0, 0, NULL);
    raise(SIGSTOP); // until the tracer has said what it wants to know
    long err = execve(path, argv + 1, environ);
    exit(complain("strace", path, (int)-err));
  }
  int status;
  wait4(child, &status, 0, NULL);
  ptrace(PTRACE_SETOPTIONS, child, 0, (void *)(PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL));

  for (long sig = 0;;) {
    ptrace(PTRACE_SYSCALL, child, 0, (void *)sig);
    wait4(child, &status, 0, NULL);
    if (!WIFSTOPPED(status)) break;
    sig = stopped(status);
  }
  if (WIFEXITED(status)) fdprintf(2, " = ?\n+++ exited with %d +++\n", WEXITSTATUS(status));
  else fdprintf(2, "+++ killed by SIG%s +++\n", signal_name(WTERMSIG(status)));
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
