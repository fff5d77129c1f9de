/*
 * init.c - process 1
 *
 * Linux: init/main.c starts it with the console as descriptors 0 to 2; its own arguments
 *        are those after `--` on the kernel's command line
 *
 * Mounts the file systems, runs one program (a shell, if no arguments say otherwise)
 * in a session that owns the console, adopts and reaps orphans meanwhile, and
 * switches the machine off when the program has ended.
 */
#include "lib.h"

static const struct {
  const char *type, *dir;
} mounts[] = {{"proc", "/proc"}, {"sysfs", "/sys"}, {"devtmpfs", "/dev"}, {"tmpfs", "/tmp"}};

static char *environment[] = {"HOME=/root", "PATH=/bin:/sbin:/usr/bin:/usr/sbin", "TERM=linux", "USER=root", NULL};

/* A kernel that lacks one of them, or has mounted it already, is no reason to stop. */
static void mount_all(void) {
  for (size_t i = 0; i < countof(mounts); i++) {
    mkdir(mounts[i].dir, 0755);
    mount(mounts[i].type, mounts[i].dir, mounts[i].type, 0, NULL);
  }
}

static void open_console(void) {
  int fd = (int)open("/dev/console", O_RDWR, 0);
  if (fd < 0) return; // then the kernel's own opening has to do
  for (int to = STDIN; to <= STDERR; to++)
    if (fd != to) dup3(fd, to, 0);
  if (fd > STDERR) close(fd);
}

static _Noreturn void run(char **argv) {
  setsid();
  ioctl(STDIN, TIOCSCTTY, (void *)0);
  long err = execve(argv[0], argv, environment);
  complain("init", argv[0], (int)err);
  exit(127);
}

static int wait_for(pid_t job) {
  for (;;) {
    int status;
    pid_t pid = (pid_t)wait4(-1, &status, 0, NULL);
    if (pid == job || pid == -ECHILD) return status;
  }
}

static void show_welcome(void) {
  int fd = (int)open("/etc/motd", O_RDONLY, 0);
  if (fd < 0) return;
  copy_fd(fd, STDOUT);
  close(fd);
}

static void tell_end(const char *program, int status) {
  if (WIFSIGNALED(status)) printf("init: %s: killed by SIG%s\n", program, signal_name(WTERMSIG(status)));
  else printf("init: %s: exit status %d\n", program, WEXITSTATUS(status));
}

int main(int argc, char **argv) {
  char *shell[] = {"/bin/sh", NULL};
  if (getpid() != 1) return fdprintf(STDERR, "init: must be process 1\n"), 1;
  char **job = argc > 1 ? argv + 1 : shell;
  environ = environment;
  mount_all();
  open_console();
  if (argc <= 1) show_welcome();

  pid_t pid = (pid_t)fork();
  if (pid == 0) run(job);
  if (pid < 0) complain("init", "fork", pid);

  int status = pid > 0 ? wait_for(pid) : 0;
  if (argc > 1) tell_end(job[0], status);

  kill(-1, SIGTERM); // whatever still runs
  sync();
  reboot(LINUX_REBOOT_CMD_POWER_OFF);
  return 1;
}
