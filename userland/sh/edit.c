/*
 * edit.c - the line editor
 *
 * While it reads, the terminal gives every key at once and echoes nothing; before a command runs it is as it
 * was. A line that is wider than the window goes on in the next row.
 */
#include "sh.h"

enum { HISTORY = 100 };

#define CTRL(letter) ((letter) & 0x1f)

enum key {
  KEY_UP = 256, // behind all bytes
  KEY_DOWN,
  KEY_LEFT,
  KEY_RIGHT,
  KEY_WORD_LEFT,
  KEY_WORD_RIGHT,
  KEY_HOME,
  KEY_END,
  KEY_DELETE,
  KEY_NONE,
};

struct editor {
  const char *prompt;
  struct text *line;
  size_t cursor;
  size_t row; //       of the terminal's cursor, below the prompt
  int browsing; //    how far back in the history; 0 is the new line
  char *unfinished; // the new line, while an old one is shown
  bool tab_before; //  the previous key was a tab, so that this one lists
};

static char *history[HISTORY]; // the newest last
static int history_count;

static void remember(const char *line) {
  if (!*line || (history_count > 0 && strcmp(history[history_count - 1], line) == 0)) return;
  if (history_count == HISTORY) {
    let_go(history[0]);
    memmove(history, history + 1, (HISTORY - 1) * sizeof(*history));
    history_count--;
  }
  history[history_count++] = keep_string(line);
}

void show_history(void) {
  for (int i = 0; i < history_count; i++) printf("%5d  %s\n", i + 1, history[i]);
}

/* The screen */

static size_t window_width(void) {
  struct winsize size;
  long columns = 80; // serial lines do not know
  if (ioctl(STDIN, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  if (variable("COLUMNS")) parse_long(variable("COLUMNS"), &columns);
  return columns > 0 ? (size_t)columns : 80;
}

static bool is_continuation(char c) { return (c & 0xc0) == 0x80; } // of a UTF-8 character: it needs no column

static size_t columns(const char *s, size_t n) {
  size_t count = 0;
  for (size_t i = 0; i < n; i++) count += !is_continuation(s[i]);
  return count;
}

/* After a full row a terminal waits for one more character before it goes to the next. */
#define WRAP "\r\n"

static void add_move(struct text *out, size_t n, char direction) {
  char move[24];
  snprintf(move, sizeof(move), "\033[%ld%c", n, direction);
  if (n > 0) text_add_string(out, move);
}

/* Where the terminal's cursor is when so much of the line is written: counted in cells from the prompt's start. */
static size_t cell(const struct editor *e, size_t at) {
  return columns(e->prompt, strlen(e->prompt)) + columns(e->line->data, at);
}

/* From the row where the terminal's cursor is to where the editor's is. */
static void add_place(struct text *out, struct editor *e) {
  size_t width = window_width(), to = cell(e, e->cursor), row = to / width;
  if (row < e->row) add_move(out, e->row - row, 'A');
  else add_move(out, row - e->row, 'B');
  text_add_string(out, "\r");
  add_move(out, to % width, 'C');
  e->row = row;
}

static void show(struct text *out) {
  write_all(STDOUT, out->data, out->length);
  text_free(out);
}

static void redraw(struct editor *e) {
  size_t width = window_width(), end = cell(e, e->line->length);
  struct text out = {0};
  add_move(&out, e->row, 'A');
  text_add_string(&out, "\r\033[J"); // erases all below, too
  text_add_string(&out, e->prompt);
  text_add(&out, e->line->data, e->line->length);
  if (end % width == 0) text_add_string(&out, WRAP);
  e->row = end / width;
  add_place(&out, e);
  show(&out);
}

/* Changing the line */

static void insert(struct editor *e, const char *s, size_t n) {
  struct text *line = e->line;
  size_t tail = line->length - e->cursor;
  if (!text_add(line, s, n)) return; // makes room
  memmove(line->data + e->cursor + n, line->data + e->cursor, tail);
  memcpy(line->data + e->cursor, s, n);
  e->cursor += n;

  if (tail > 0) {
    redraw(e);
    return;
  }
  size_t width = window_width(), at = cell(e, e->cursor);
  write_all(STDOUT, s, n);
  if (at % width == 0) write_all(STDOUT, WRAP, strlen(WRAP));
  e->row = at / width;
}

static void erase(struct editor *e, size_t from, size_t to) {
  struct text *line = e->line;
  memmove(line->data + from, line->data + to, line->length - to + 1);
  line->length -= to - from;
  e->cursor = from;
  redraw(e);
}

static size_t left_of(const struct editor *e, size_t at) {
  if (at > 0) at--;
  while (at > 0 && is_continuation(e->line->data[at])) at--;
  return at;
}

static size_t right_of(const struct editor *e, size_t at) {
  if (at < e->line->length) at++;
  while (at < e->line->length && is_continuation(e->line->data[at])) at++;
  return at;
}

static size_t word_left(const struct editor *e) {
  size_t at = e->cursor;
  while (at > 0 && e->line->data[at - 1] == ' ') at--;
  while (at > 0 && e->line->data[at - 1] != ' ') at--;
  return at;
}

static size_t word_right(const struct editor *e) {
  size_t at = e->cursor;
  while (at < e->line->length && e->line->data[at] == ' ') at++;
  while (at < e->line->length && e->line->data[at] != ' ') at++;
  return at;
}

static void move_to(struct editor *e, size_t at) {
  struct text out = {0};
  e->cursor = at;
  add_place(&out, e);
  show(&out);
}

static void browse(struct editor *e, int step) {
  int to = e->browsing + step;
  if (to < 0 || to > history_count) return;
  if (e->browsing == 0) {
    let_go(e->unfinished);
    e->unfinished = keep_string(e->line->data);
  }
  e->browsing = to;
  text_clear(e->line);
  text_add_string(e->line, to ? history[history_count - to] : e->unfinished);
  e->cursor = e->line->length;
  redraw(e);
}

static void list_names(struct editor *e, struct strings *names) {
  size_t cursor = e->cursor;
  move_to(e, e->line->length); // the names go below the whole line
  printf("\n");
  e->row = 0;
  e->cursor = cursor;
  for (size_t i = 0; i < names->count; i++) printf("%s%s", names->items[i], i + 1 < names->count ? " " : "\n");
  redraw(e);
}

static void press_tab(struct editor *e) {
  struct completion completion = {0};
  struct mark mark = scratch_mark();
  complete(e->line->data, e->cursor, &completion);
  if (*completion.common) insert(e, completion.common, strlen(completion.common));
  else if (completion.names.count > 1 && e->tab_before) list_names(e, &completion.names);
  scratch_release(mark);
}

/* Keys */

static int read_byte(void) {
  unsigned char c;
  long n;
  while ((n = read(STDIN, &c, 1)) == -EINTR && !sh.interrupted) run_traps();
  return n == 1 ? c : -1;
}

/* ESC [ A and its relatives: ESC, `[` or `O`, numbers, and a letter that says which key it was. */
static int read_escape(void) {
  static const short numbered[] = {KEY_NONE, KEY_HOME, KEY_NONE, KEY_DELETE, KEY_END, KEY_NONE, KEY_NONE, KEY_HOME, KEY_END};
  int kind = read_byte(), c, number = 0;
  if (kind == 'b') return KEY_WORD_LEFT;
  if (kind == 'f') return KEY_WORD_RIGHT;
  if (kind != '[' && kind != 'O') return KEY_NONE;
  while (((c = read_byte()) >= '0' && c <= '9') || c == ';') number = c == ';' ? 0 : (number * 10 + c - '0') % 100;
  switch (c) {
    case 'A': return KEY_UP;
    case 'B': return KEY_DOWN;
    case 'C': return number == 5 ? KEY_WORD_RIGHT : KEY_RIGHT;
    case 'D': return number == 5 ? KEY_WORD_LEFT : KEY_LEFT;
    case 'H': return KEY_HOME;
    case 'F': return KEY_END;
    case '~': return numbered[number < (int)countof(numbered) ? number : 0];
    default: return KEY_NONE;
  }
}

static void press(struct editor *e, int key) {
  char c = (char)key;
  switch (key) {
    case CTRL('A'): case KEY_HOME: move_to(e, 0); break;
    case CTRL('E'): case KEY_END: move_to(e, e->line->length); break;
    case CTRL('B'): case KEY_LEFT: move_to(e, left_of(e, e->cursor)); break;
    case CTRL('F'): case KEY_RIGHT: move_to(e, right_of(e, e->cursor)); break;
    case KEY_WORD_LEFT: move_to(e, word_left(e)); break;
    case KEY_WORD_RIGHT: move_to(e, word_right(e)); break;
    case CTRL('P'): case KEY_UP: browse(e, 1); break;
    case CTRL('N'): case KEY_DOWN: browse(e, -1); break;
    case CTRL('H'): case 127: erase(e, left_of(e, e->cursor), e->cursor); break;
    case CTRL('D'): case KEY_DELETE: erase(e, e->cursor, right_of(e, e->cursor)); break;
    case CTRL('K'): erase(e, e->cursor, e->line->length); break;
    case CTRL('U'): erase(e, 0, e->cursor); break;
    case CTRL('W'): erase(e, word_left(e), e->cursor); break;
    case CTRL('L'): write_all(STDOUT, "\033[H\033[J", 6); e->row = 0; redraw(e); break;
    case '\t': press_tab(e); break;
    default:
      if (key >= ' ' && key < 256) insert(e, &c, 1);
  }
  e->tab_before = key == '\t';
}

static enum edit_result read_keys(struct editor *e) {
  for (;;) {
    int key = read_byte();
    if (key == 033) key = read_escape();
    if (key == '\r' || key == '\n') return EDIT_LINE;
    if (key == -1 || (key == CTRL('D') && e->line->length == 0)) return sh.interrupted ? EDIT_INTERRUPTED : EDIT_END;
    if (key == CTRL('C')) {
      write_all(STDOUT, "^C", 2);
      return EDIT_INTERRUPTED;
    }
    press(e, key);
  }
}

enum edit_result edit_line(const char *prompt, struct text *line) {
  struct termios before, raw;
  ioctl(STDIN, TCGETS, &before);
  raw = before;
  raw.c_iflag &= ~(tcflag_t)(ICRNL | INLCR | IXON);
  raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO | ISIG | IEXTEN);
  raw.c_cc[VMIN] = 1;
  raw.c_cc[VTIME] = 0;

  struct editor editor = {.prompt = prompt, .line = line};
  text_clear(line);
  text_add_string(line, "");
  ioctl(STDIN, TCSETSW, &raw);
  write_all(STDOUT, prompt, strlen(prompt));
  enum edit_result result = read_keys(&editor);
  if (editor.cursor < line->length) move_to(&editor, line->length); // what comes next goes below the whole line
  write_all(STDOUT, "\n", 1);
  ioctl(STDIN, TCSETSW, &before);

  let_go(editor.unfinished);
  if (result == EDIT_LINE) remember(line->data);
  return result;
}
