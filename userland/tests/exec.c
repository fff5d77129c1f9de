/*
 * exec.c - execve: what goes over to the new program, and what can go wrong
 *
 * Linux: fs/exec.c, fs/binfmt_script.c, fs/binfmt_elf.c
 *
 * The program executes itself, with a first argument that says what to look at.
 */
#include "check.h"

#define SELF "/proc/self/exe"

static char *empty[] = {NULL};

static bool strings_are(char **got, char **want) {
  for (; *got && *want; got++, want++)
    if (strcmp(*got, *want) != 0) return false;
  return *got == *want;
}

/* The exit status of the program, 255 if it could not be started. */
static int run(char **argv, char **envp) {
  int status = 0;
  long pid = fork();
  if (pid == 0) {
    execve(SELF, argv, envp);
    exit(255);
  }
  wait4((pid_t)pid, &status, 0, NULL);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 256 + WTERMSIG(status);
}

static int write_file(const char *path, const char *text, int mode) {
  int fd = (int)open(path, O_WRONLY | O_CREAT | O_TRUNC, mode);
  write(fd, text, strlen(text));
  return (int)close(fd);
}

/* What the second program looks at; its answer is its exit status. */
static int second_life(int argc, char **argv) {
  struct sigaction action;
  sigset_t mask;
  static char *arguments[] = {"arguments", "", "two words", NULL}, *environment[] = {"A=1", "B=", NULL};
  const char *what = argv[0];
  if (strcmp(what, "arguments") == 0) return argc == 3 && strings_are(argv, arguments) && strings_are(environ, environment);
  if (strcmp(what, "handler") == 0) return rt_sigaction(SIGUSR1, NULL, &action) == 0 && action.sa_handler == SIG_DFL;
  if (strcmp(what, "ignored") == 0) return rt_sigaction(SIGUSR2, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
  if (strcmp(what, "mask") == 0) return rt_sigprocmask(SIG_BLOCK, NULL, &mask) == 0 && mask.sig[0] == 1UL << (SIGHUP - 1);
  if (strcmp(what, "pending") == 0) return rt_sigpending(&mask) == 0 && mask.sig[0] == 1UL << (SIGHUP - 1);
  if (strcmp(what, "cloexec") == 0) return fcntl(20, F_GETFD, 0) == 0 && fcntl(21, F_GETFD, 0) == -EBADF;
  if (strcmp(what, "name") == 0) return prctl(PR_GET_NAME, (long)&mask, 0, 0, 0) == 0 && strcmp((char *)&mask, "exe") == 0;
  if (strcmp(what, "stack") == 0) return ((unsigned long)__builtin_frame_address(0) & 15) == 0 && auxv[0] != 0;
  if (strcmp(what, "umask") == 0) return umask(0) == 0123;
  return 0;
}

static int run_with(char *what) { return run((char *[]){what, NULL}, empty); }

static void check_inheritance(void) {
  static char *arguments[] = {"arguments", "", "two words", NULL}, *environment[] = {"A=1", "B=", NULL};
  sigset_t hup = signal_set(SIGHUP), none = {{0}};
  check_is(run(arguments, environment), 1, "arguments and environment arrive as given, empty strings too");
  set_signal(SIGUSR1, (__sighandler_t)1000, 0);
  set_signal(SIGUSR2, SIG_IGN, 0);
  check_is(run_with("handler"), 1, "a signal with a handler gets its default action");
  check_is(run_with("ignored"), 1, "an ignored signal stays ignored");
  set_signal(SIGUSR1, SIG_DFL, 0);
  rt_sigprocmask(SIG_SETMASK, &hup, NULL);
  check_is(run_with("mask"), 1, "the signal mask stays");
  if (fork() == 0) {
    kill(getpid(), SIGHUP);
    exit((int)execve(SELF, (char *[]){"pending", NULL}, empty));
  }
  int status;
  wait4(-1, &status, 0, NULL);
  check_is(status, 1 << 8, "a pending signal stays pending");
  rt_sigprocmask(SIG_SETMASK, &none, NULL);

  dup3(0, 20, 0);
  dup3(0, 21, O_CLOEXEC);
  check_is(run_with("cloexec"), 1, "descriptors stay open, those with close-on-exec do not");
  umask(0123);
  check_is(run_with("umask"), 1, "the umask stays");
  umask(022);
  check_is(run_with("name"), 1, "the task is named after the last part of the path");
  check_is(run_with("stack"), 1, "the stack is aligned and has an auxiliary vector");
}

static void check_errors(void) {
  write_file("/tmp/text", "just text\n", 0755);
  write_file("/tmp/secret", "x", 0644);
  write_file("/tmp/empty", "", 0755);
  check_is(execve("/tmp/none", empty, empty), -ENOENT, "a file that does not exist is ENOENT");
  check_is(execve("/tmp", empty, empty), -EACCES, "a directory is EACCES");
  check_is(execve("/tmp/secret", empty, empty), -EACCES, "a file without execute permission is EACCES, even for root");
  check_is(execve("/tmp/text", empty, empty), -ENOEXEC, "a text file is ENOEXEC");
  check_is(execve("/tmp/empty", empty, empty), -ENOEXEC, "an empty file is ENOEXEC");
  check_is(execve("/tmp/text/x", empty, empty), -ENOTDIR, "a file in the middle of a path is ENOTDIR");
  write_file("/tmp/elf", "\177ELF\2\1\1", 0755);
  check_is(execve("/tmp/elf", empty, empty), -ENOEXEC, "an ELF header that ends too early is ENOEXEC");

  int fd = (int)open("/tmp/text", O_WRONLY, 0);
  check_is(execve("/tmp/text", empty, empty), -ETXTBSY, "a file that is open for writing is ETXTBSY");
  close(fd);
  check_is(open(SELF, O_WRONLY, 0), -ETXTBSY, "and a running program cannot be opened for writing");

  static char huge[140000], *too_long[] = {huge, NULL};
  memset(huge, 'x', sizeof(huge) - 1);
  check_is(execve(SELF, too_long, empty), -E2BIG, "an argument of more than 32 pages is E2BIG");
}

static void check_scripts(void) {
  char line[300], target[PATH_MAX] = {0};
  readlink(SELF, target, sizeof(target) - 1);
  write_file("/tmp/bad", "#!/tmp/none\n", 0755);
  check_is(execve("/tmp/bad", empty, empty), -ENOENT, "a script whose interpreter is missing is ENOENT");
  snprintf(line, sizeof(line), "#! %s  script argument  \nrest\n", target);
  write_file("/tmp/script", line, 0755);
  int status = 0;
  if (fork() == 0) {
    execve("/tmp/script", (char *[]){"zero", "one", NULL}, empty);
    exit(255);
  }
  wait4(-1, &status, 0, NULL);
  check_is(status, 33 << 8, "a script's interpreter gets one argument from the first line, then the path, then the rest");
  write_file("/tmp/loop", "#!/tmp/loop\n", 0755);
  check_is(execve("/tmp/loop", empty, empty), -ELOOP, "a script that interprets itself is ELOOP");
}

int main(int argc, char **argv) {
  if (argc == 4 && strcmp(argv[1], "script argument") == 0)
    return strcmp(argv[2], "/tmp/script") == 0 && strcmp(argv[3], "one") == 0 ? 33 : 34;
  if (!strchr(argv[0], '/')) return second_life(argc, argv);
  check_inheritance();
  check_errors();
  check_scripts();
  return checked();
}
