/*
 * text.c - a string that grows
 *
 * Each text is a mapping of its own, so that growing is mremap(2) and there is nothing to manage.
 */
#include "lib.h"

static bool reserve(struct text *text, size_t size) {
  if (size <= text->size) return true;

  size_t larger = text->size ? text->size : 4096;
  while (larger < size) larger *= 2;
  void *data = text->data
    ? mremap(text->data, text->size, larger, MREMAP_MAYMOVE, NULL)
    : mmap(NULL, larger, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (is_error(data)) return false;

  text->data = data;
  text->size = larger;
  return true;
}

bool text_add(struct text *text, const void *data, size_t n) {
  if (!reserve(text, text->length + n + 1)) return false;
  memcpy(text->data + text->length, data, n);
  text->length += n;
  text->data[text->length] = 0;
  return true;
}

bool text_add_string(struct text *text, const char *s) { return text_add(text, s, strlen(s)); }

void text_clear(struct text *text) {
  text->length = 0;
  if (text->data) text->data[0] = 0;
}

void text_free(struct text *text) {
  if (text->data) munmap(text->data, text->size);
  *text = (struct text){0};
}

long text_read_all(struct text *text, int fd) {
  for (;;) {
    if (!reserve(text, text->length + 4096)) return -ENOMEM;
    long n = read(fd, text->data + text->length, text->size - text->length - 1);
    if (n == -EINTR) continue;
    if (n <= 0) {
      text->data[text->length] = 0;
      return n;
    }
    text->length += (size_t)n;
  }
}
