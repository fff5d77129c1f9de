/*
 * tty.c - a terminal: lines, bytes, characters that are signals, and whose it is
 *
 * Linux: drivers/tty/n_tty.c, tty_io.c, tty_ioctl.c, tty_jobctrl.c
 *
 * Typing is done with TIOCSTI. Each question is asked by the leader of a session of its own, to whom the serial
 * console belongs for so long; it does not echo, so that nothing mixes with the answers.
 */
#include "check.h"

#define TERMINAL "/dev/ttyAMA0"

static volatile long *told; // what children say, by number
static int tty;
static volatile int signals[65];

static void count_signal(int sig) { signals[sig]++; }
static void catch_signal(int sig) { set_signal(sig, count_signal, 0); }

/* ioctl's third argument may be a number. */
static long tty_ioctl(int request, long arg) { return ioctl(tty, (unsigned)request, (void *)arg); }

static void type(const char *keys) {
  for (; *keys; keys++) ioctl(tty, TIOCSTI, (void *)keys);
}

static struct termios settings(void) {
  struct termios now;
  ioctl(tty, TCGETS, &now);
  return now;
}

static void set_flags(unsigned long lflag_off, unsigned long lflag_on) {
  struct termios to = settings();
  to.c_lflag = (to.c_lflag & ~lflag_off) | lflag_on;
  ioctl(tty, TCSETS, &to);
}

static void raw(int min, int time) {
  struct termios to = settings();
  to.c_lflag &= ~(unsigned)ICANON;
  to.c_cc[VMIN] = (unsigned char)min;
  to.c_cc[VTIME] = (unsigned char)time;
  ioctl(tty, TCSETS, &to);
}

/* Runs `ask` as a session leader that has just got the terminal, and puts the settings back. */
static int with_terminal(void (*ask)(void)) {
  int status = -1;
  long pid = fork();
  if (pid == 0) {
    setsid();
    tty = (int)open(TERMINAL, O_RDWR, 0);
    struct termios before = settings();
    set_flags(ECHO, 0);
    ask();
    ioctl(tty, TCSETSF, &before);
    exit(0);
  }
  wait4((pid_t)pid, &status, 0, NULL);
  return status;
}

static bool read_is(size_t size, const char *want) {
  char got[5000];
  long n = read(tty, got, size);
  return n == (long)strlen(want) && memcmp(got, want, (size_t)n) == 0;
}

static long pending(void) {
  int n = -1;
  ioctl(tty, FIONREAD, &n);
  return n;
}

/* ---- settings ---- */

static void ask_defaults(void) {
  struct termios2 t;
  told[0] = ioctl(tty, TCGETS2, &t);
  told[1] = t.c_iflag;
  told[2] = t.c_oflag;
  told[3] = t.c_cflag;
  told[4] = t.c_lflag | ECHO;
  told[5] = t.c_ospeed;
  told[6] = memcmp(t.c_cc, "\003\034\177\025\004\0\1\0\021\023\032\0\022\017\027\026\0", 17);
  int disc = -1;
  told[7] = ioctl(tty, TIOCGETD, &disc);
  told[8] = disc;
}

static void check_defaults(void) {
  with_terminal(ask_defaults);
  check_is(told[0], 0, "a terminal tells its settings");
  check_is(told[1], ICRNL | IXON, "input: a return is a newline, ^S stops");
  check_is(told[2], OPOST | ONLCR, "output: a newline returns, too");
  check_is(told[3], B38400 | CS8 | CREAD | HUPCL | CLOCAL, "38400 baud, 8 bits");
  check_is(told[4], ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN, "lines, echo, signals");
  check_is(told[5], 38400, "the speed is also there as a number");
  check_is(told[6], 0, "the characters are ^C ^\\ DEL ^U ^D and so on");
  check(told[7] == 0 && told[8] == 0, "the line discipline is N_TTY");
}

static void ask_errors(void) {
  told[0] = ioctl(tty, TCGETS, (void *)8);
  told[1] = ioctl(tty, TCSETS, (void *)8);
  told[2] = tty_ioctl(TCFLSH, 7);
  told[3] = tty_ioctl(TCXONC, 7);
  told[4] = lseek(tty, 0, SEEK_SET);
  told[5] = ioctl(tty, 0x54ff, NULL);
  int null = (int)open("/dev/null", O_RDWR, 0);
  struct termios t;
  told[6] = ioctl(null, TCGETS, &t);
  told[7] = read(tty, NULL, 0);
}

static void check_errors(void) {
  with_terminal(ask_errors);
  check_is(told[0], -EFAULT, "TCGETS to nowhere");
  check_is(told[1], -EFAULT, "TCSETS from nowhere");
  check_is(told[2], -EINVAL, "TCFLSH flushes 0, 1 or 2");
  check_is(told[3], -EINVAL, "TCXONC knows 0 to 3");
  check_is(told[4], -ESPIPE, "a terminal has no position");
  check_is(told[5], -ENOTTY, "an ioctl that nobody knows");
  check_is(told[6], -ENOTTY, "/dev/null is no terminal");
  check_is(told[7], 0, "reading nothing does not wait");
}

static void on_winch(int sig) { count_signal(sig); }

static void ask_window(void) {
  set_signal(SIGWINCH, on_winch, 0);
  struct winsize was, size = {33, 101, 0, 0}, now;
  ioctl(tty, TIOCGWINSZ, &was);
  told[0] = ioctl(tty, TIOCSWINSZ, &size);
  told[1] = signals[SIGWINCH];
  ioctl(tty, TIOCSWINSZ, &size);
  told[2] = signals[SIGWINCH];
  ioctl(tty, TIOCGWINSZ, &now);
  told[3] = now.ws_row * 1000 + now.ws_col;
  ioctl(tty, TIOCSWINSZ, &was);
}

static void check_window(void) {
  with_terminal(ask_window);
  check_is(told[0], 0, "the window can be given a size");
  check_is(told[1], 1, "of which the foreground learns by SIGWINCH");
  check_is(told[2], 1, "unless it is the same");
  check_is(told[3], 33101, "and which everybody can read");
}

/* ---- lines ---- */

static void ask_lines(void) {
  type("one\ntwo\n");
  told[0] = read_is(100, "one\n");
  told[1] = read_is(2, "tw") && read_is(100, "o\n");
  type("\004");
  told[2] = read_is(100, "");
  type("part\004");
  told[3] = read_is(100, "part");
  type("abc\004");
  type("next\n");
  told[4] = read_is(3, "abc") && read_is(100, "next\n");
  type("axx\177\177b\n");
  told[5] = read_is(100, "ab\n");
  type("all of this\025new\n");
  told[6] = read_is(100, "new\n");
  type("two words\027w\n");
  told[7] = read_is(100, "two w\n");
  type("\026\003\026\n\n");
  told[8] = read_is(100, "\003\n\n");
  type("return\r");
  told[9] = read_is(100, "return\n");
  type("abc");
  told[10] = pending();
  type("\n\004");
  told[11] = pending();
  tty_ioctl(TCFLSH, TCIFLUSH);
  told[12] = pending();
}

static void check_lines(void) {
  with_terminal(ask_lines);
  check(told[0], "a read gets one line");
  check(told[1], "or a piece of it, and the next read the rest");
  check(told[2], "^D alone is the end of file");
  check(told[3], "^D after something only sends it");
  check(told[4], "also when the read asked for exactly that much");
  check(told[5], "DEL takes a character away");
  check(told[6], "^U the line");
  check(told[7], "^W a word");
  check(told[8], "^V makes any character an ordinary one");
  check(told[9], "a return ends a line");
  check_is(told[10], 0, "FIONREAD does not count a line that is being typed");
  check_is(told[11], 4, "nor an end of file");
  check_is(told[12], 0, "TCIFLUSH forgets everything");
}

static long elapsed_ms(const struct timespec *since) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (now.tv_sec - since->tv_sec) * 1000 + (now.tv_nsec - since->tv_nsec) / 1000000;
}

static pid_t type_later(const char *keys, long ms) {
  long pid = fork();
  if (pid == 0) {
    sleep_ms(ms);
    type(keys);
    exit(0);
  }
  return (pid_t)pid;
}

static void ask_bytes(void) {
  struct timespec start;
  raw(1, 0);
  type("x");
  told[0] = read_is(100, "x");
  type("\004\177\025");
  told[1] = read_is(100, "\004\177\025");
  raw(0, 0);
  told[2] = read_is(100, "");
  raw(0, 2);
  clock_gettime(CLOCK_MONOTONIC, &start);
  told[3] = read_is(100, "");
  told[4] = elapsed_ms(&start) >= 200;
  raw(5, 1);
  pid_t typist = type_later("ab", 300);
  told[5] = read_is(100, "ab");
  wait4(typist, NULL, 0, NULL);
  raw(3, 0);
  type("12");
  typist = type_later("3", 50);
  told[6] = read_is(100, "123");
  wait4(typist, NULL, 0, NULL);
  type("kept");
  set_flags(0, ICANON);
  told[7] = read_is(100, "kept");
}

static void check_bytes(void) {
  with_terminal(ask_bytes);
  check(told[0], "without ICANON a byte is there at once");
  check(told[1], "and nothing edits");
  check(told[2], "VMIN 0, VTIME 0: a look");
  check(told[3] && told[4], "VMIN 0, VTIME 2: a wait of 200 ms for the first byte");
  check(told[5], "VMIN 5, VTIME 1: 100 ms of silence after the first byte end a read");
  check(told[6], "VMIN 3, VTIME 0: a wait for three bytes");
  check(told[7], "input survives a change to ICANON");
}

static long poll_mask(void) {
  struct pollfd p = {tty, POLLIN | POLLOUT, 0};
  struct timespec none = {0, 0};
  ppoll(&p, 1, &none, NULL);
  return p.revents;
}

static void ask_poll(void) {
  char c;
  told[0] = poll_mask();
  type("abc");
  told[1] = poll_mask();
  type("\n");
  told[2] = poll_mask();
  tty_ioctl(TCFLSH, TCIFLUSH);
  raw(2, 0);
  type("a");
  told[3] = poll_mask();
  type("b");
  told[4] = poll_mask();
  tty_ioctl(TCFLSH, TCIFLUSH);
  fcntl(tty, F_SETFL, O_RDWR | O_NONBLOCK);
  told[5] = read(tty, &c, 1);
}

static void check_poll(void) {
  with_terminal(ask_poll);
  check_is(told[0], POLLOUT, "a quiet terminal can be written");
  check_is(told[1], POLLOUT, "a line must be complete to be read");
  check_is(told[2], POLLIN | POLLOUT, "then it can be");
  check_is(told[3], POLLOUT, "without ICANON VMIN bytes must be there");
  check_is(told[4], POLLIN | POLLOUT, "and then are");
  check_is(told[5], -EAGAIN, "O_NONBLOCK does not wait");
}

/* ---- characters that are signals ---- */

static void ask_signals(void) {
  catch_signal(SIGINT);
  catch_signal(SIGQUIT);
  catch_signal(SIGTSTP);
  type("lost\003");
  told[0] = signals[SIGINT];
  told[1] = pending();
  type("\034\032");
  told[2] = signals[SIGQUIT] * 10 + signals[SIGTSTP];
  set_flags(0, NOFLSH);
  type("kept\003\n");
  told[3] = read_is(100, "kept\n");
  set_flags(ISIG, 0);
  type("\003\n");
  told[4] = read_is(100, "\003\n") && signals[SIGINT] == 2;
  set_flags(NOFLSH, ISIG);
  if (fork() == 0) { //  a background process
    setpgid(0, 0);
    signals[SIGINT] = 0;
    sleep_ms(100);
    told[5] = signals[SIGINT];
    exit(0);
  }
  sleep_ms(30);
  type("\003");
  wait4(-1, NULL, 0, NULL);
}

static void check_signals(void) {
  told[5] = -1;
  with_terminal(ask_signals);
  check_is(told[0], 1, "^C is SIGINT");
  check_is(told[1], 0, "and what was typed before it is gone");
  check_is(told[2], 11, "^\\ is SIGQUIT, ^Z is SIGTSTP");
  check(told[3], "with NOFLSH what was typed stays");
  check(told[4], "without ISIG they are characters");
  check_is(told[5], 0, "the background is not meant");
}

/* ---- whose terminal ---- */

static void ask_owner(void) {
  int n = -1;
  told[0] = ioctl(tty, TIOCGSID, &n) == 0 && n == getpid();
  told[1] = ioctl(tty, TIOCGPGRP, &n) == 0 && n == getpid();
  told[2] = open("/dev/tty", O_RDWR, 0) >= 0;
  n = 99999999;
  told[3] = ioctl(tty, TIOCSPGRP, &n);
  n = -1;
  told[4] = ioctl(tty, TIOCSPGRP, &n);
  n = 1;
  told[5] = ioctl(tty, TIOCSPGRP, &n);
  told[6] = tty_ioctl(TIOCSCTTY, 0);
  if (fork() == 0) {
    setsid();
    told[7] = ioctl(tty, TIOCGPGRP, &n);
    told[8] = tty_ioctl(TIOCSCTTY, 0);
    told[9] = open("/dev/tty", O_RDWR, 0);
    told[10] = ioctl(tty, TIOCGSID, &n);
    exit(0);
  }
  wait4(-1, NULL, 0, NULL);
  if (fork() == 0) {
    told[11] = tty_ioctl(TIOCNOTTY, 0);
    told[12] = open("/dev/tty", O_RDWR, 0);
    told[13] = tty_ioctl(TIOCSCTTY, 0);
    exit(0);
  }
  wait4(-1, NULL, 0, NULL);
}

static void check_owner(void) {
  with_terminal(ask_owner);
  check(told[0], "a session leader's open makes a terminal its session's");
  check(told[1], "and its group the foreground");
  check(told[2], "/dev/tty is that terminal");
  check_is(told[3], -ESRCH, "a foreground group must exist");
  check_is(told[4], -EINVAL, "and have a positive number");
  check_is(told[5], -EPERM, "and be of the session");
  check_is(told[6], 0, "TIOCSCTTY of one's own terminal");
  check_is(told[7], -ENOTTY, "another session cannot ask for the foreground");
  check_is(told[8], -EPERM, "nor take the terminal");
  check_is(told[9], -ENXIO, "and has no /dev/tty");
  check_is(told[10], -ENOTTY, "nor a session by it");
  check_is(told[11], 0, "a member can leave the terminal");
  check_is(told[12], -ENXIO, "then it has none");
  check_is(told[13], -EPERM, "and cannot come back: it leads no session");
}

static void ask_noctty(void) {
  tty_ioctl(TIOCNOTTY, 0);
  int fd = (int)open(TERMINAL, O_RDWR | O_NOCTTY, 0);
  told[0] = open("/dev/tty", O_RDWR, 0);
  close(fd);
  fd = (int)open(TERMINAL, O_WRONLY, 0);
  told[1] = open("/dev/tty", O_RDWR, 0);
  close(fd);
  told[2] = tty_ioctl(TIOCSCTTY, 0);
  told[3] = open("/dev/tty", O_RDWR, 0) >= 0;
}

static void check_noctty(void) {
  set_signal(SIGHUP, SIG_IGN, 0); // giving it up hangs up
  with_terminal(ask_noctty);
  set_signal(SIGHUP, SIG_DFL, 0);
  check_is(told[0], -ENXIO, "O_NOCTTY opens a terminal without owning it");
  check_is(told[1], -ENXIO, "so does opening it for writing only");
  check_is(told[2], 0, "TIOCSCTTY takes one that is nobody's");
  check(told[3], "and /dev/tty leads there");
}

/* A child in a group of its own, which does `what` and tells what came of it. */
static pid_t background(void (*what)(void)) {
  long pid = fork();
  if (pid == 0) {
    setpgid(0, 0);
    what();
    exit(0);
  }
  setpgid((pid_t)pid, (pid_t)pid);
  return (pid_t)pid;
}

static long stop_signal(pid_t pid) {
  int status = 0;
  if (wait4(pid, &status, WUNTRACED, NULL) != pid) return -1;
  return (status & 0xff) == 0x7f ? status >> 8 & 0xff : 0;
}

static void foreground(pid_t group) {
  set_signal(SIGTTOU, SIG_IGN, 0);
  ioctl(tty, TIOCSPGRP, &group);
  set_signal(SIGTTOU, SIG_DFL, 0);
}

static void read_line(void) { told[20] = read_is(100, "mine\n"); }
static void write_line(void) { told[20] = write(tty, "\r", 1); }
static void change_settings(void) {
  struct termios t = settings();
  told[20] = ioctl(tty, TCSETS, &t);
}
static void read_ignoring(void) {
  set_signal(SIGTTIN, SIG_IGN, 0);
  char c;
  told[20] = read(tty, &c, 1);
}
static void write_ignoring(void) {
  set_signal(SIGTTOU, SIG_IGN, 0);
  write_line();
}
static void change_ignoring(void) {
  set_signal(SIGTTOU, SIG_IGN, 0);
  change_settings();
}
static void read_orphaned(void) {
  long middle = getpid();
  if (fork() == 0) {
    while (getppid() == middle) sleep_ms(1);
    char c;
    told[20] = read(tty, &c, 1);
    told[21] = 1;
    exit(0);
  }
}

/* Runs `what` in the background to its end; the signal that stopped it first, or 0. */
static long stopped_by(void (*what)(void)) {
  told[20] = -9999;
  pid_t pid = background(what);
  long sig = stop_signal(pid);
  if (sig <= 0) return sig;
  foreground(pid);
  kill(pid, SIGCONT);
  wait4(pid, NULL, 0, NULL);
  foreground((pid_t)getpid());
  return sig;
}

static void ask_background(void) {
  type("mine\n");
  told[0] = stopped_by(read_line);
  told[1] = told[20];
  told[2] = stopped_by(write_line);
  told[3] = told[20];
  told[4] = stopped_by(change_settings);
  told[5] = told[20];
  told[6] = stopped_by(read_ignoring) == 0 ? told[20] : 0;
  told[7] = stopped_by(change_ignoring) == 0 ? told[20] : -1;
  set_flags(0, TOSTOP);
  told[8] = stopped_by(write_line);
  told[9] = told[20];
  told[10] = stopped_by(write_ignoring) == 0 ? told[20] : -1;
  set_flags(TOSTOP, 0);
  told[21] = 0;
  stopped_by(read_orphaned);
  for (int n = 0; n < 200 && !told[21]; n++) sleep_ms(5);
  told[11] = told[20];
}

static void check_background(void) {
  with_terminal(ask_background);
  check_is(told[0], SIGTTIN, "a background read stops");
  check(told[1], "and goes on in the foreground");
  check_is(told[2], 0, "a background write may");
  check_is(told[3], 1, "and does");
  check_is(told[4], SIGTTOU, "a change of settings stops");
  check_is(told[5], 0, "and happens in the foreground");
  check_is(told[6], -EIO, "who ignores SIGTTIN gets EIO");
  check_is(told[7], 0, "who ignores SIGTTOU may change settings");
  check_is(told[8], SIGTTOU, "with TOSTOP a background write stops");
  check_is(told[9], 1, "and goes on in the foreground");
  check_is(told[10], 1, "who ignores SIGTTOU may write");
  check_is(told[11], -EIO, "nobody could continue an orphaned group, so it gets EIO");
}

/* ---- the end ---- */

static void hung_up(int sig) {
  (void)sig;
  char c;
  told[1]++;
  told[2] = read(tty, &c, 1);
  told[3] = write(tty, "\r", 1);
  struct termios t;
  told[4] = ioctl(tty, TCGETS, &t);
  told[5] = poll_mask();
  told[6] = open("/dev/tty", O_RDWR, 0);
  told[7] = 1;
  exit(0);
}

static void ask_hangup(void) {
  told[7] = 0;
  if (fork() == 0) {
    set_signal(SIGHUP, hung_up, 0);
    told[0] = 1;
    for (;;) sleep_ms(1000);
  }
  while (!told[0]) sleep_ms(1);
}

static void check_hangup(void) {
  told[0] = told[1] = 0;
  with_terminal(ask_hangup);
  for (int n = 0; n < 200 && !told[7]; n++) sleep_ms(5);
  check_is(told[1], 1, "when a session leader ends, the foreground gets SIGHUP");
  check_is(told[2], 0, "its terminal is at its end of file");
  check_is(told[3], -EIO, "and cannot be written");
  check_is(told[4], -EIO, "nor asked");
  check_is(told[5], POLLIN | POLLOUT | POLLERR | POLLHUP, "poll tells");
  check_is(told[6], -ENXIO, "there is no /dev/tty any more");
  check_is(with_terminal(ask_lines), 0, "the next session gets the terminal fresh");
  check(told[0], "and can read from it");
}

/*
 * Whoever started this program may have given it the terminal, which is about to hang up several times: only files
 * that were opened as /dev/console survive that.
 */
static void give_up_terminal(void) {
  int console = (int)open("/dev/console", O_WRONLY, 0);
  if (console >= 0) dup3(console, STDOUT, 0);
  tty = (int)open("/dev/tty", O_RDWR, 0);
  if (tty < 0) return;
  set_signal(SIGHUP, SIG_IGN, 0);
  tty_ioctl(TIOCNOTTY, 0);
  set_signal(SIGHUP, SIG_DFL, 0);
  close(tty);
}

int main(void) {
  told = shared_page();
  give_up_terminal();
  check_defaults();
  check_errors();
  check_window();
  check_lines();
  check_bytes();
  check_poll();
  check_signals();
  check_owner();
  check_noctty();
  check_background();
  check_hangup();
  return checked();
}
