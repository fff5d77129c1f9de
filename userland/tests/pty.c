/*
 * pty.c - pseudo-terminals: two ends, and what each learns of the other
 *
 * Linux: drivers/tty/pty.c, fs/devpts/inode.c
 */
#include <asm/termbits.h>
#include "check.h"

#define TIOCPKT_DATA 0
#define TIOCPKT_FLUSHREAD 1
#define TIOCPKT_STOP 4
#define TIOCPKT_START 8
#define TIOCPKT_NOSTOP 16

static char buf[8192];
static int number;

static int open_master(void) { return (int)open("/dev/ptmx", O_RDWR | O_NOCTTY, 0); }

static void unlock(int master) {
  int locked = 0;
  ioctl(master, TIOCSPTLCK, &locked);
}

static const char *name_of(int master) {
  static char name[32];
  ioctl(master, TIOCGPTN, &number);
  snprintf(name, sizeof(name), "/dev/pts/%d", number);
  return name;
}

static int open_slave(int master, int flags) { return (int)open(name_of(master), O_RDWR | O_NOCTTY | flags, 0); }

/* What is there to be read, as text; "-": nothing, or an error. */
static const char *text(int fd) {
  struct pollfd ready = {fd, POLLIN, 0};
  if (ppoll(&ready, 1, &(struct timespec){0}, NULL) != 1 || !(ready.revents & POLLIN)) return "-";
  long n = read(fd, buf, sizeof(buf) - 1);
  if (n < 0) return "-";
  buf[n] = 0;
  return buf;
}

static bool reads(int fd, const char *want) {
  const char *got = text(fd);
  if (strcmp(got, want) == 0) return true;
  printf("# got ");
  for (const char *c = got; *c; c++) printf("%02x ", *c);
  printf("\n");
  return false;
}

static int events(int fd) {
  struct pollfd ready = {fd, POLLIN | POLLOUT | POLLPRI, 0};
  ppoll(&ready, 1, &(struct timespec){0}, NULL);
  return ready.revents;
}

static void say(int fd, const char *words) { write(fd, words, strlen(words)); }

static void opening(void) {
  int master = open_master(), locked = -1, other = -1;
  check(master >= 0, "who opens /dev/ptmx gets a master");
  check_is(ioctl(master, TIOCGPTLCK, &locked), 0, "whose slave");
  check_is(locked, 1, "is locked");
  check_is(open_slave(master, 0), -EIO, "so it cannot be opened");
  unlock(master);
  struct stat st;
  check_is(stat(name_of(master), &st), 0, "but has a name");
  check(S_ISCHR(st.st_mode) && st.st_rdev == (unsigned)(136 << 8 | number), "of character device 136, its number");
  check_is(st.st_mode & 0777, 0600, "for its owner");
  int slave = open_slave(master, 0);
  check(slave >= 0, "unlocked, it can be");
  int second = open_master();
  ioctl(second, TIOCGPTN, &other);
  ioctl(master, TIOCGPTN, &number);
  check_is(other, number + 1, "the next has the next number");
  check_is(ioctl(slave, TIOCGPTN, &other), -ENOTTY, "a slave does not answer what is the master's");
  check_is(ioctl(slave, TIOCGPTPEER, (void *)O_RDWR), -EIO, "and has no peer");
  unlock(second);
  int peer = (int)ioctl(second, TIOCGPTPEER, (void *)(O_RDWR | O_NOCTTY));
  check(peer >= 0, "a master opens its peer without a name");
  say(second, "x\n");
  check(reads(peer, "x\n"), "which is the slave");
  check_is(mknod("/tmp/mine", S_IFCHR | 0600, st.st_rdev), 0, "a node with the same number elsewhere");
  check_is(open("/tmp/mine", O_RDWR | O_NOCTTY, 0), -EIO, "leads to no terminal");
  close(second);
  close(peer);
  close(master);
  close(slave);
  check_is(stat(name_of(open_master()), &st), 0, "numbers are used again");
  check_is(unlink("/dev/pts/0"), -EPERM, "names cannot be removed");
  check_is(mkdir("/dev/pts/d", 0700), -EPERM, "nor made");
}

static void settings(void) {
  int master = open_master();
  unlock(master);
  int slave = open_slave(master, 0);
  struct termios by_master, by_slave;
  check_is(ioctl(master, TCGETS, &by_master), 0, "a master can be asked for settings");
  ioctl(slave, TCGETS, &by_slave);
  check(memcmp(&by_master, &by_slave, 36) == 0, "and answers with its slave's");
  check_is(by_slave.c_cflag, B38400 | CS8 | CREAD, "there is no line to hang up");
  check(by_slave.c_lflag & ICANON && by_slave.c_lflag & ECHO && by_slave.c_oflag & ONLCR, "editing, echo and newlines are on");
  by_slave.c_lflag &= ~(unsigned)ECHO;
  by_slave.c_cflag = B9600 | CS7 | PARENB;
  check_is(ioctl(master, TCSETS, &by_slave), 0, "who has the master may change them");
  ioctl(slave, TCGETS, &by_slave);
  check(!(by_slave.c_lflag & ECHO), "for the slave");
  check_is(by_slave.c_cflag, B9600 | CS8 | CREAD, "which always has eight bits and no parity");

  struct termios locks = {0}, changed;
  check_is(ioctl(slave, TIOCGLCKTRMIOS, &locks), 0, "settings can be locked");
  check(locks.c_lflag == 0 && locks.c_cc[0] == 0, "which they are not at first");
  locks.c_lflag = ECHO;
  locks.c_cc[VINTR] = 1;
  check_is(ioctl(slave, TIOCSLCKTRMIOS, &locks), 0, "some of them");
  changed = by_slave;
  changed.c_lflag ^= ECHO | ICANON;
  changed.c_cc[VINTR] = changed.c_cc[VQUIT] = 7;
  check_is(ioctl(slave, TCSETS, &changed), 0, "changing them is no mistake");
  ioctl(slave, TCGETS, &changed);
  check_is(changed.c_lflag, by_slave.c_lflag ^ ICANON, "but of no use: a bit stays");
  check(changed.c_cc[VINTR] == 3 && changed.c_cc[VQUIT] == 7, "and a character, while others change");

  struct winsize size = {24, 80, 1, 2}, seen = {0};
  check_is(ioctl(slave, TIOCSWINSZ, &size), 0, "the window");
  check(ioctl(master, TIOCGWINSZ, &seen) == 0 && memcmp(&size, &seen, sizeof(size)) == 0, "is the same at both ends");
  int lines;
  check_is(ioctl(slave, TIOCMGET, &lines), -ENOTTY, "there are no modem lines");
  check_is(ioctl(master, TIOCGSID, &lines), -ENOTTY, "nor yet a session");
  int out = -1;
  ioctl(slave, TIOCOUTQ, &out);
  check_is(out, 0, "nothing is ever on its way out");
}

static void talking(void) {
  int master = open_master();
  unlock(master);
  int slave = open_slave(master, O_NONBLOCK);
  check_is(events(master), POLLOUT, "a master can be written to at once");
  say(master, "ab");
  check(reads(master, "ab"), "what is typed is echoed");
  check_is(read(slave, buf, 10), -EAGAIN, "but half a line is none yet");
  say(master, "x\177c\n");
  check(reads(slave, "abc\n"), "a whole one is, edited");
  check(reads(master, "x\b \bc\r\n"), "and that was to be seen");
  say(slave, "hi\n");
  check_is(events(master), POLLIN | POLLOUT, "what a slave writes");
  check(reads(master, "hi\r\n"), "comes with carriage returns");
  say(master, "\004");
  check_is(read(slave, buf, 10), 0, "^D is the end of file");

  long sent = 0;
  memset(buf, 'x', sizeof(buf));
  for (long n; (n = write(slave, buf, 1000)) > 0;) sent += n;
  check(sent > 4096 && sent < 20000, "a slave that nobody reads from is full some day");
  check_is(events(slave) & POLLOUT, 0, "which poll knows");
  long got = 0;
  for (; events(master) & POLLIN; got += read(master, buf, 1000)) {}
  check_is(got, sent, "nothing of it is lost");
  check(events(slave) & POLLOUT, "and then there is room again");

  say(master, "\023");
  check_is(write(slave, "x", 1), -EAGAIN, "^S stops the slave's output");
  say(master, "\021");
  check_is(write(slave, "x", 1), 1, "^Q lets it go on");
  check(reads(master, "x"), "without an echo");
}

static void closing(void) {
  int master = open_master();
  unlock(master);
  fcntl(master, F_SETFL, O_NONBLOCK);
  check_is(read(master, buf, 10), -EAGAIN, "before the slave was ever opened, a master waits");
  int slave = open_slave(master, 0), again = open_slave(master, 0);
  say(slave, "bye");
  close(slave);
  check_is(events(master), POLLIN | POLLOUT, "while it is open twice, closing it once changes nothing");
  close(again);
  check_is(events(master), POLLIN | POLLOUT | POLLHUP, "the last close hangs up");
  check(reads(master, "bye"), "what was said can still be read");
  check_is(read(master, buf, 10), -EIO, "then it is EIO");
  say(master, "letter\n");
  slave = open_slave(master, 0);
  check(reads(slave, "letter\n"), "the next who opens it finds what was typed meanwhile");
  check(reads(master, "letter\r\n"), "echoed long since");
  check_is(events(master), POLLOUT, "and all is well again");
  say(master, "lost\n");
  name_of(master);
  close(master);
  check_is(read(slave, buf, 10), 0, "without a master, a slave reads end of file");
  check_is(write(slave, buf, 1), -EIO, "and cannot write");
  check_is(events(slave), POLLIN | POLLOUT | POLLERR | POLLHUP, "which poll says in every way");
  check_is(ioctl(slave, TCGETS, buf), -EIO, "nor be asked");
  snprintf(buf, sizeof(buf), "/dev/pts/%d", number);
  struct stat st;
  check_is(stat(buf, &st), -ENOENT, "its name is gone");
}

static void packets(void) {
  int master = open_master(), on = 1, mode = 0;
  unlock(master);
  int slave = open_slave(master, 0);
  check_is(ioctl(master, TIOCPKT, &on), 0, "a master can be in packet mode");
  ioctl(master, TIOCGPKT, &mode);
  check_is(mode, 1, "and knows it");
  say(slave, "data");
  check_is(read(master, buf, 10), 5, "data come");
  check(buf[0] == TIOCPKT_DATA && memcmp(buf + 1, "data", 4) == 0, "behind a zero");
  ioctl(slave, TCFLSH, (void *)TCIFLUSH);
  check_is(events(master), POLLIN | POLLPRI | POLLOUT, "what happens to the slave is urgent");
  check_is(read(master, buf, 10), 1, "and one byte");
  check_is(buf[0], TIOCPKT_FLUSHREAD, "input was thrown away");
  ioctl(slave, TCXONC, (void *)TCOOFF);
  check(read(master, buf, 10) == 1 && buf[0] == TIOCPKT_STOP, "output was stopped");
  ioctl(slave, TCXONC, (void *)TCOON);
  check(read(master, buf, 10) == 1 && buf[0] == TIOCPKT_START, "and goes on");
  struct termios settings;
  ioctl(slave, TCGETS, &settings);
  settings.c_iflag &= ~(unsigned)IXON;
  ioctl(slave, TCSETS, &settings);
  check(read(master, buf, 10) == 1 && buf[0] == TIOCPKT_NOSTOP, "^S means nothing any more");
}

static volatile int *told;
static void note(int signal) { told[signal]++; }

/* A session with the slave as its terminal; ends when it has been hung up. */
static void session(int slave) {
  setsid();
  told[0] = (int)ioctl(slave, TIOCSCTTY, (void *)0);
  set_signal(SIGINT, note, 0);
  set_signal(SIGWINCH, note, 0);
  set_signal(SIGHUP, note, 0);
  told[64] = 1;
  while (!told[SIGHUP]) sleep_ms(1);
  told[65] = open("/dev/tty", O_RDWR, 0) == -ENXIO;
  exit(0);
}

static void until(volatile int *what) {
  for (int i = 0; i < 2000 && !*what; i++) sleep_ms(1);
}

static void sessions(void) {
  int master = open_master(), status;
  unlock(master);
  int slave = open_slave(master, 0);
  told = shared_page();
  told[0] = -1;
  pid_t pid = (pid_t)fork();
  if (pid == 0) {
    close(master);
    session(slave);
  }
  close(slave);
  until(&told[64]);
  check_is(told[0], 0, "a session can have a slave as its terminal");
  int group = 0;
  check(ioctl(master, TIOCGPGRP, &group) == 0 && group == pid, "the master can be asked for the foreground");
  check(ioctl(master, TIOCGSID, &group) == 0 && group == pid, "and for the session");
  check_is(ioctl(master, TIOCSPGRP, &pid), -ENOTTY, "but cannot change it");
  say(master, "\003");
  until(&told[SIGINT]);
  check_is(told[SIGINT], 1, "^C is an interrupt");
  check(reads(master, "^C"), "to be seen");
  check_is(ioctl(master, TIOCSIG, (void *)SIGINT), 0, "TIOCSIG needs no key");
  for (int i = 0; i < 2000 && told[SIGINT] < 2; i++) sleep_ms(1);
  check_is(told[SIGINT], 2, "for the same");
  check_is(ioctl(master, TIOCSIG, (void *)100), -EINVAL, "unless there is no such signal");
  struct winsize size = {10, 20, 0, 0};
  ioctl(master, TIOCSWINSZ, &size);
  until(&told[SIGWINCH]);
  check_is(told[SIGWINCH], 1, "a new size of the window is a signal");
  ioctl(master, TIOCSWINSZ, &size);
  sleep_ms(5);
  check_is(told[SIGWINCH], 1, "the same size is none");
  close(master);
  wait4(pid, &status, 0, NULL);
  check_is(told[SIGHUP], 1, "closing the master hangs up");
  check_is(told[65], 1, "and takes the terminal away");
}

static void instances(void) {
  mkdir("/tmp/pts", 0755);
  check_is(mount("devpts", "/tmp/pts", "devpts", 0, "mode=620,gid=5,ptmxmode=666,max=1"), 0, "another devpts");
  int master = (int)open("/tmp/pts/ptmx", O_RDWR | O_NOCTTY, 0);
  check(master >= 0, "has a ptmx of its own");
  ioctl(master, TIOCGPTN, &number);
  check_is(number, 0, "with numbers of its own");
  struct stat st;
  stat("/tmp/pts/0", &st);
  check(st.st_gid == 5 && (st.st_mode & 0777) == 0620, "owners and modes");
  check_is(open("/tmp/pts/ptmx", O_RDWR | O_NOCTTY, 0), -ENOSPC, "and a limit");
  mkdir("/tmp/alone", 0755);
  mknod("/tmp/alone/ptmx", S_IFCHR | 0600, 5 << 8 | 2);
  check_is(open("/tmp/alone/ptmx", O_RDWR, 0), -ENOENT, "a ptmx without a devpts beside it is of no use");
}

int main(void) {
  opening();
  settings();
  talking();
  closing();
  packets();
  sessions();
  instances();
  return checked();
}
