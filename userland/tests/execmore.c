/*
 * execmore.c - executing through descriptors, with threads, with other rights; and the first line of a script
 *
 * Linux: fs/exec.c, fs/binfmt_script.c, security/commoncap.c
 *
 * The program executes itself, with a first argument that says what to look at.
 */
#include "check.h"

static char self[PATH_MAX];
static char *no_strings[] = {NULL};

static long execveat(int fd, const char *path, char **argv, int flags) {
  return syscall(__NR_execveat, fd, path, argv, no_strings, flags);
}

static int wait_status(long pid) {
  int status = 0;
  wait4((pid_t)pid, &status, 0, NULL);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 256 + WTERMSIG(status);
}

/* The new program's exit status; 100 and the errno where execveat failed. */
static int run_at(int fd, const char *path, char *what, int flags) {
  long pid = fork();
  if (pid == 0) exit(100 - (int)execveat(fd, path, (char *[]){what, NULL}, flags));
  return wait_status(pid);
}

static void copy_self(const char *to, unsigned mode) {
  int in = (int)open(self, O_RDONLY, 0), out = (int)open(to, O_WRONLY | O_CREAT | O_TRUNC, 0755);
  copy_fd(in, out);
  close(in), close(out);
  syscall(__NR_fchmodat, AT_FDCWD, to, mode);
}

static int write_file(const char *path, const char *text, size_t length) {
  int fd = (int)open(path, O_WRONLY | O_CREAT | O_TRUNC, 0755);
  write(fd, text, length);
  return (int)close(fd);
}

static bool name_is(const char *name) {
  char got[16] = {0};
  prctl(PR_GET_NAME, (long)got, 0, 0, 0);
  return strcmp(got, name) == 0;
}

static bool execfn_is(const char *name) { return strcmp((char *)getauxval(AT_EXECFN), name) == 0; }

static int second_life(char **argv) {
  const char *what = argv[0];
  if (strcmp(what, "fd") == 0) return !name_is("3") && execfn_is("/dev/fd/3") ? 42 : 1;
  if (strcmp(what, "at") == 0) return name_is("copy") && execfn_is("/dev/fd/3/copy") ? 42 : 1;
  if (strcmp(what, "path") == 0) return name_is("copy") && execfn_is("/tmp/copy") ? 42 : 1;
  if (strcmp(what, "ids") == 0)
    return getuid() == 1000 && geteuid() == 1001 && getgid() == 1000 && getegid() == 1002 && getauxval(AT_SECURE) == 1 ? 42 : 1;
  if (strcmp(what, "no ids") == 0) return geteuid() == 1000 && getegid() == 1000 && getauxval(AT_SECURE) == 0 ? 42 : 1;
  if (strcmp(what, "gid") == 0) return getegid() == 1000 ? 42 : 1;
  if (strcmp(what, "pid") == 0) return getpid() == syscall(__NR_gettid) ? 42 : 1;
  if (strcmp(what, "") == 0) return 43;
  return 2;
}

static void check_execveat(void) {
  int fd = (int)open(self, O_RDONLY, 0); // 3
  check_is(run_at(fd, "", "fd", AT_EMPTY_PATH), 42, "a descriptor can be executed, and the process is named after the file");
  check_is(run_at(fd, "", "fd", 0), 100 + ENOENT, "but only with AT_EMPTY_PATH");
  check_is(run_at(fd, "x", "fd", 0), 100 + ENOTDIR, "it is not a directory");
  check_is(run_at(99, "", "fd", AT_EMPTY_PATH), 100 + EBADF, "a descriptor that is not open is EBADF");
  check_is(run_at(fd, "", "fd", AT_EMPTY_PATH | 0x8000), 100 + EINVAL, "an unknown flag is EINVAL");
  close(fd);
  copy_self("/tmp/copy", 0755);
  int dir = (int)open("/tmp", O_RDONLY | O_DIRECTORY, 0);
  check_is(run_at(dir, "copy", "at", 0), 42, "a path is relative to a directory");
  check_is(run_at(99, "/tmp/copy", "path", 0), 42, "unless it is absolute");
  check_is(run_at(AT_FDCWD, "/tmp/copy", "path", 0), 42, "or relative to here");
  syscall(__NR_symlinkat, "copy", AT_FDCWD, "/tmp/link");
  check_is(run_at(dir, "link", "x", AT_SYMLINK_NOFOLLOW), 100 + ELOOP, "a symbolic link need not be followed: ELOOP");
  check_is(run_at(dir, "", "x", AT_EMPTY_PATH), 100 + EACCES, "a directory is EACCES");
  close(dir);
  fd = (int)open("/tmp/copy", O_PATH, 0);
  check_is(run_at(fd, "", "fd", AT_EMPTY_PATH), 42, "a descriptor that is only a path can be executed");
  close(fd);
  write_file("/tmp/script", "#!/tmp/copy\n", 12);
  fd = (int)open("/tmp/script", O_RDONLY | O_CLOEXEC, 0);
  check_is(run_at(fd, "", "x", AT_EMPTY_PATH), 100 + ENOENT, "a script whose descriptor will be closed cannot be read: ENOENT");
  close(fd);
  unlink("/tmp/link");
}

static int as_user(const char *path, char *what, bool no_new_privs) {
  long pid = fork();
  if (pid == 0) {
    syscall(__NR_setresgid, 1000, 1000, 1000);
    syscall(__NR_setresuid, 1000, 1000, 1000);
    if (no_new_privs) prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    exit(100 - (int)execve(path, (char *[]){what, NULL}, no_strings));
  }
  return wait_status(pid);
}

static void check_rights(void) {
  copy_self("/tmp/copy", 0755);
  syscall(__NR_fchownat, AT_FDCWD, "/tmp/copy", 1001, 1002, 0);
  syscall(__NR_fchmodat, AT_FDCWD, "/tmp/copy", 06755);
  check_is(as_user("/tmp/copy", "ids", false), 42, "a set-user-ID and set-group-ID program has its file's ids, and is secure");
  check_is(as_user("/tmp/copy", "no ids", true), 42, "after PR_SET_NO_NEW_PRIVS it has not");
  syscall(__NR_fchmodat, AT_FDCWD, "/tmp/copy", 02745);
  check_is(as_user("/tmp/copy", "gid", false), 42, "the set-group-ID bit without group execution means nothing");
  syscall(__NR_fchmodat, AT_FDCWD, "/tmp/copy", 0700);
  check_is(as_user("/tmp/copy", "x", false), 100 + EACCES, "who may not execute it gets EACCES");
  syscall(__NR_fchmodat, AT_FDCWD, "/tmp/copy", 0711);
  check_is(as_user("/tmp/copy", "no ids", false), 42, "executing needs no right to read");
  unlink("/tmp/copy");
}

/* A script's first line against what its interpreter, this program, gets: the number of arguments and the second. */
static int script(const char *text, size_t length) {
  write_file("/tmp/script", text, length);
  long pid = fork();
  if (pid == 0) exit(100 - (int)execve("/tmp/script", (char *[]){"zero", NULL}, no_strings));
  return wait_status(pid);
}

static int script_line(const char *format) {
  char line[400];
  return script(line, (size_t)snprintf(line, sizeof(line), format, "/tmp/i"));
}

static void check_scripts(void) {
  char line[400];
  copy_self("/tmp/i", 0755);
  check_is(script_line("#!%s\n"), 20, "without an argument there are two strings: interpreter and script");
  check_is(script_line("#!%s"), 20, "the newline may be missing");
  check_is(script_line("#! \t%s \t\n"), 20, "blanks around the name mean nothing");
  check_is(script_line("#!%s -e\n"), 30, "an argument is a third");
  check_is(script_line("#!%s -e -u\n"), 30, "and everything behind the name is one");
  check_is(script_line("#!%s "), 31, "a blank at the end of the file is an empty argument");
  check_is(script("#!\n", 3), 100 + ENOEXEC, "no name is ENOEXEC");
  check_is(script("#!  \n", 5), 100 + ENOEXEC, "blanks are none");
  check_is(script("#!", 2), 100 + EACCES, "but nothing at all is the directory: EACCES");
  memset(line, ' ', sizeof(line));
  memcpy(line, "#!", 2);
  check_is(script(line, sizeof(line)), 100 + ENOEXEC, "a line of blanks is ENOEXEC");
  memset(line + 2, 'x', sizeof(line) - 2);
  line[2] = '/';
  check_is(script(line, sizeof(line)), 100 + ENOEXEC, "a name that does not end within 256 bytes is ENOEXEC");
  memcpy(line + 2, "/tmp/i ", 7);
  check_is(script(line, sizeof(line)), 30, "an argument may, it is cut");
  check_is(script("#!/tmp/i\0x\n", 11), 20, "a NUL ends the line");
  for (int i = 0; i < 7; i++) {
    char name[16], next[16];
    snprintf(name, sizeof(name), "/tmp/s%d", i);
    snprintf(next, sizeof(next), "#!/tmp/s%d\n", i + 1);
    if (i == 6) write_file(name, "#!/tmp/i\n", 9);
    else write_file(name, next, strlen(next));
  }
  long pid = fork();
  if (pid == 0) exit(100 - (int)execve("/tmp/s2", (char *[]){"zero", NULL}, no_strings));
  check_is(wait_status(pid), 60, "five scripts may interpret each other");
  pid = fork();
  if (pid == 0) exit(100 - (int)execve("/tmp/s1", (char *[]){"zero", NULL}, no_strings));
  check_is(wait_status(pid), 100 + ELOOP, "six may not");
}

static char stacks[2][16384] __attribute__((aligned(16)));
static int sleeper(void *unused) {
  (void)unused;
  for (;;) sleep_ms(1000);
  return 0;
}

static int executes(void *unused) {
  (void)unused;
  execve(self, (char *[]){"pid", NULL}, no_strings);
  return 9;
}

extern long clone_thread(int (*run)(void *), void *stack);

static void check_threads(void) {
  check_is(run_at(AT_FDCWD, self, "pid", 0), 42, "a program is the leader of its threads");
  for (int which = 0; which < 2; which++) {
    long pid = fork();
    if (pid == 0) {
      clone_thread(sleeper, stacks[0] + sizeof(stacks[0]));
      if (which == 1) {
        clone_thread(executes, stacks[1] + sizeof(stacks[1]));
        sleeper(NULL);
      }
      executes(NULL);
    }
    check_is(wait_status(pid), 42, which ? "when another thread executes a program it becomes the leader" : "when the leader executes a program the other threads end");
  }
}

static void check_empty(void) {
  long pid = fork();
  if (pid == 0) exit(100 - (int)execve(self, NULL, NULL));
  check_is(wait_status(pid), 43, "a program without arguments gets an empty one");
  char *bad[] = {(char *)8, NULL};
  check_is(execve(self, bad, no_strings), -EFAULT, "an argument that cannot be read is EFAULT");
  check_is(execve(self, (char **)8, no_strings), -EFAULT, "and so is an array that cannot");
  check_is(execve(self, no_strings, (char **)8), -EFAULT, "of the environment, too");
  check_is(execve("", no_strings, no_strings), -ENOENT, "an empty path is ENOENT");
}

/* As an interpreter: tens are the number of strings, one more for an empty second. */
static int interpret(int argc, char **argv) { return argc * 10 + (argv[1][0] == 0); }

/* A thread with a stack of its own that runs a function. */
__asm__(
  ".globl clone_thread\n"
  "clone_thread:\n"
  "  mov x3, x0\n"
  "  mov x0, #0x0f00\n" // CLONE_VM, FS, FILES, SIGHAND
  "  movk x0, #0x0005, lsl #16\n" // CLONE_THREAD, SYSVSEM
  "  mov x2, #0\n"
  "  mov x4, #0\n"
  "  mov x9, x3\n"
  "  mov x3, #0\n"
  "  mov x8, #220\n"
  "  svc #0\n"
  "  cbz x0, 1f\n"
  "  ret\n"
  "1: blr x9\n"
  "  mov x8, #93\n"
  "  svc #0\n");

int main(int argc, char **argv) {
  if (argc >= 2) return interpret(argc, argv);
  if (!strchr(argv[0], '/')) return second_life(argv);
  if (starts_with(argv[0], "/tmp/i")) return 44;
  readlink("/proc/self/exe", self, sizeof(self) - 1);
  check_execveat();
  check_rights();
  check_scripts();
  check_threads();
  check_empty();
  return checked();
}
