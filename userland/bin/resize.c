/*
 * resize.c - asks the terminal at the other end of the serial line how large it is, and tells the kernel
 *
 * Manual: XTerm Control Sequences, "CPR": the cursor goes as far as it can and says where that is
 */
#include "lib.h"

#define FAR_AWAY "\0337\033[999;999H\033[6n\0338" // and back again

/* Until its 'R', or until nothing came for a second. */
static bool read_answer(char *answer, size_t size) {
  struct pollfd terminal = {STDIN, POLLIN, 0};
  struct timespec patience = {1, 0};
  for (size_t n = 0; n + 1 < size; n++) {
    if (ppoll(&terminal, 1, &patience, NULL) != 1 || read(STDIN, answer + n, 1) != 1) return false;
    answer[n + 1] = 0;
    if (answer[n] == 'R') return true;
  }
  return false;
}

/* "ESC [ rows ; columns R", behind whatever was typed before. */
static bool parse_answer(char *answer, struct winsize *size) {
  long rows, columns;
  char *at = strrchr(answer, '['), *semicolon = at ? strchr(at, ';') : NULL;
  if (!semicolon) return false;
  *semicolon = *strchr(semicolon + 1, 'R') = 0;
  if (!parse_long(at + 1, &rows) || !parse_long(semicolon + 1, &columns)) return false;
  *size = (struct winsize){.ws_row = (unsigned short)rows, .ws_col = (unsigned short)columns};
  return true;
}

int main(void) {
  char answer[64] = "";
  struct winsize size;
  struct termios was, raw;
  if (ioctl(STDIN, TCGETS, &was) < 0) return complain("resize", "stdin", ENOTTY);
  raw = was;
  raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
  ioctl(STDIN, TCSETS, &raw);
  write_all(STDOUT, FAR_AWAY, sizeof(FAR_AWAY) - 1);
  bool known = read_answer(answer, sizeof(answer)) && parse_answer(answer, &size);
  ioctl(STDIN, TCSETS, &was);
  if (!known) return complain("resize", "the terminal's answer", ETIME);
  ioctl(STDIN, TIOCSWINSZ, &size); // which tells the jobs, too: SIGWINCH
  printf("%d %d\n", size.ws_row, size.ws_col);
  return 0;
}
