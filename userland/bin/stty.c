/*
 * stty.c - the terminal's settings
 *
 * Usage: stty [-a | size | sane | raw | -raw | [-]flag...]
 */
#include "lib.h"

struct row {
  const char *name;
  size_t field; // which of the four words of struct termios
  tcflag_t bit;
};

static const struct row flags[] = {
  {"isig",   offsetof(struct termios, c_lflag), ISIG},
  {"icanon", offsetof(struct termios, c_lflag), ICANON},
  {"iexten", offsetof(struct termios, c_lflag), IEXTEN},
  {"echo",   offsetof(struct termios, c_lflag), ECHO},
  {"echoe",  offsetof(struct termios, c_lflag), ECHOE},
  {"echok",  offsetof(struct termios, c_lflag), ECHOK},
  {"echonl", offsetof(struct termios, c_lflag), ECHONL},
  {"echoctl", offsetof(struct termios, c_lflag), ECHOCTL},
  {"noflsh", offsetof(struct termios, c_lflag), NOFLSH},
  {"tostop", offsetof(struct termios, c_lflag), TOSTOP},
  {"icrnl",  offsetof(struct termios, c_iflag), ICRNL},
  {"inlcr",  offsetof(struct termios, c_iflag), INLCR},
  {"igncr",  offsetof(struct termios, c_iflag), IGNCR},
  {"ixon",   offsetof(struct termios, c_iflag), IXON},
  {"brkint", offsetof(struct termios, c_iflag), BRKINT},
  {"opost",  offsetof(struct termios, c_oflag), OPOST},
  {"onlcr",  offsetof(struct termios, c_oflag), ONLCR},
};

static tcflag_t *word(struct termios *termios, const struct row *row) {
  return (tcflag_t *)((char *)termios + row->field);
}

static void make_raw(struct termios *t) {
  t->c_iflag &= ~(tcflag_t)(IGNBRK | BRKINT | PARMRK | ISTRIP | INLCR | IGNCR | ICRNL | IXON);
  t->c_oflag &= ~(tcflag_t)OPOST;
  t->c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ICANON | ISIG | IEXTEN);
}

static void make_sane(struct termios *t) {
  t->c_iflag |= BRKINT | ICRNL | IXON;
  t->c_oflag |= OPOST | ONLCR;
  t->c_lflag |= ECHO | ECHOE | ECHOK | ECHOCTL | ICANON | ISIG | IEXTEN;
}

static void show(struct termios *termios) {
  for (size_t i = 0; i < countof(flags); i++)
    printf("%s%s%s", i ? " " : "", *word(termios, &flags[i]) & flags[i].bit ? "" : "-", flags[i].name);
  printf("\n");
}

static bool apply(struct termios *termios, const char *setting) {
  bool off = *setting == '-';
  if (strcmp(setting, "raw") == 0) return make_raw(termios), true;
  if (strcmp(setting, "-raw") == 0 || strcmp(setting, "sane") == 0) return make_sane(termios), true;
  for (size_t i = 0; i < countof(flags); i++) {
    if (strcmp(setting + off, flags[i].name) != 0) continue;
    if (off) *word(termios, &flags[i]) &= ~flags[i].bit;
    else *word(termios, &flags[i]) |= flags[i].bit;
    return true;
  }
  return false;
}

int main(int argc, char **argv) {
  struct termios termios;
  struct winsize size;
  long err = ioctl(STDIN, TCGETS, &termios);
  if (err < 0) return complain("stty", "standard input", (int)err);
  if (argc == 1 || strcmp(argv[1], "-a") == 0) return show(&termios), 0;
  if (strcmp(argv[1], "size") == 0) {
    err = ioctl(STDIN, TIOCGWINSZ, &size);
    return err < 0 ? complain("stty", "size", (int)err) : printf("%d %d\n", size.ws_row, size.ws_col) < 0;
  }

  for (int i = 1; i < argc; i++)
    if (!apply(&termios, argv[i])) return fdprintf(STDERR, "stty: invalid argument '%s'\n", argv[i]), 1;
  err = ioctl(STDIN, TCSETSW, &termios);
  return err < 0 ? complain("stty", "standard input", (int)err) : 0;
}
