/*
 * init.c - process 1
 *
 * Linux: init/main.c starts it with the console as descriptors 0 to 2; its own arguments
 *        are those after `--` on the kernel's command line
 *
 * Mounts the file systems, runs one program in a session that owns the console, adopts
 * and reaps orphans meanwhile, and switches the machine off when the program has ended.
 * The program is what the arguments say, or what /etc/job says, or a shell.
 */
#include "lib.h"

static const struct {
  const char *type, *dir;
} mounts[] = {{"proc", "/proc"}, {"sysfs", "/sys"}, {"tracefs", "/sys/kernel/tracing"}, {"devtmpfs", "/dev"}, {"devpts", "/dev/pts"}, {"tmpfs", "/tmp"}};

/* A descriptor by a name: bash's <(command) and scripts that say /dev/stderr. */
static const struct {
  const char *target, *path;
} links[] = {{"/proc/self/fd", "/dev/fd"}, {"fd/0", "/dev/stdin"}, {"fd/1", "/dev/stdout"}, {"fd/2", "/dev/stderr"}};

static char *environment[] = {"HOME=/root", "PATH=/bin:/sbin:/usr/bin:/usr/sbin", "TERM=linux", "USER=root", NULL};

/* A kernel that lacks one of them, or has mounted it already, is no reason to stop. */
static void mount_all(void) {
  for (size_t i = 0; i < countof(mounts); i++) {
    mkdir(mounts[i].dir, 0755);
    mount(mounts[i].type, mounts[i].dir, mounts[i].type, 0, NULL);
  }
  for (size_t i = 0; i < countof(links); i++) symlink(links[i].target, links[i].path);
}

/* The serial line by its own name, if it has one: to what is read through /dev/console, job control does not apply. */
static void open_console(void) {
  int fd = (int)open("/dev/ttyAMA0", O_RDWR | O_NOCTTY, 0);
  if (fd < 0) fd = (int)open("/dev/console", O_RDWR | O_NOCTTY, 0);
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
  exit(err == -ENOENT ? 127 : 126); // as a shell tells "not found" from "not to be run"
}

static void wait_for(pid_t job) {
  pid_t pid;
  do pid = (pid_t)wait4(-1, NULL, 0, NULL);
  while (pid != job && pid != -ECHILD);
}

/* A serial line does not tell how large the screen at its end is: the kernel's command line may (LINES=24 COLUMNS=80). */
static void set_window_size(const char *lines, const char *columns) {
  long rows, cols;
  if (!lines || !columns || !parse_long(lines, &rows) || !parse_long(columns, &cols)) return;
  struct winsize size = {.ws_row = (unsigned short)rows, .ws_col = (unsigned short)cols};
  ioctl(STDIN, TIOCSWINSZ, &size);
}

static void show_welcome(void) {
  int fd = (int)open("/etc/motd", O_RDONLY, 0);
  if (fd < 0) return;
  copy_fd(fd, STDOUT);
  close(fd);
}

/* The job that came with the machine: /etc/job holds its arguments, a NUL after each. */
static char **read_job(void) {
  static struct text text;
  static char *argv[4096];
  int fd = (int)open("/etc/job", O_RDONLY, 0), argc = 0;
  if (fd < 0) return NULL;
  text_read_all(&text, fd);
  close(fd);
  for (size_t at = 0; at < text.length && argc < (int)countof(argv) - 1; at += strlen(text.data + at) + 1)
    argv[argc++] = text.data + at;
  return argc > 0 ? argv : NULL;
}

int main(int argc, char **argv) {
  static char *shell[] = {"/bin/sh", NULL};
  if (getpid() != 1) return fdprintf(STDERR, "init: must be process 1\n"), 1;
  const char *lines = getenv("LINES"), *columns = getenv("COLUMNS");
  environ = environment;
  mount_all();
  open_console();
  set_window_size(lines, columns);
  bool named = argc > 1 && argv[1][0] == '/'; // other words are parameters that the kernel did not know
  char **job = named ? argv + 1 : read_job();
  if (!job) show_welcome();

  pid_t pid = (pid_t)fork();
  if (pid == 0) run(job ? job : shell);
  if (pid < 0) complain("init", "fork", pid);
  else wait_for(pid);

  kill(-1, SIGTERM); // whatever still runs
  sync();
  reboot(LINUX_REBOOT_CMD_POWER_OFF);
  return 1;
}
