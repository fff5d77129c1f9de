/*
 * lines.c - reading lines, writing and copying everything
 */
#include "lib.h"

static char *find_newline(struct lines *lines) {
  struct text *text = &lines->text;
  for (size_t i = lines->start; i < text->length; i++)
    if (text->data[i] == '\n') return text->data + i;
  return NULL;
}

/* Moves what is left to the front and reads more behind it. */
static void read_more(struct lines *lines) {
  char block[4096];
  struct text *text = &lines->text;
  memmove(text->data, text->data + lines->start, text->length - lines->start);
  text->length -= lines->start;
  lines->start = 0;

  long n = read(lines->fd, block, sizeof(block));
  if (n > 0) lines->ended = !text_add(text, block, (size_t)n);
  else if (n != -EINTR) lines->ended = true;
}

char *next_line(struct lines *lines, size_t *length) {
  char *end;
  while (!(end = find_newline(lines)) && !lines->ended) read_more(lines);

  struct text *text = &lines->text;
  if (lines->start == text->length) return NULL;
  lines->newline = end != NULL;
  if (!end) end = text->data + text->length;
  char *line = text->data + lines->start;
  *length = (size_t)(end - line);
  lines->start += *length + lines->newline;
  *end = 0;
  return line;
}

long write_all(int fd, const void *data, size_t n) {
  const char *p = data;
  while (n > 0) {
    long done = write(fd, p, n);
    if (done == -EINTR) continue;
    if (done < 0) return done;
    p += done;
    n -= (size_t)done;
  }
  return 0;
}

long copy_fd(int from, int to) {
  char block[16384];
  for (;;) {
    long n = read(from, block, sizeof(block));
    if (n == -EINTR) continue;
    if (n <= 0) return n;
    long err = write_all(to, block, (size_t)n);
    if (err < 0) return err;
  }
}
