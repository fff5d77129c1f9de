/*
 * memory.c - what stays, and what a command needs while it runs
 *
 * keep() and let_go() are a small malloc: sizes are rounded up to powers of two and each size has its
 * own list of free blocks. scratch() only ever moves forward, through large chunks; when a command
 * has ended everything it took is given back at once.
 */
#include "sh.h"

/* In front of each block that keep() hands out. */
struct block {
  size_t order; // 1 << order bytes, with this header
  struct block *next_free;
};

enum { SMALLEST = 5, LARGEST = 40, AREA = 64 * 1024 };

static struct block *free_blocks[LARGEST];

static void *more_memory(size_t size) {
  void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (!is_error(p)) return p;
  complain("sh", "memory", ENOMEM);
  exit(2);
}

/* Small blocks are cut from an area, large ones are mapped. */
static struct block *new_block(size_t order) {
  static char *area;
  static size_t left;
  size_t size = (size_t)1 << order;
  if (size > AREA / 4) return more_memory(size);

  if (left < size) area = more_memory(AREA), left = AREA;
  struct block *block = (struct block *)area;
  area += size;
  left -= size;
  return block;
}

void *keep(size_t size) {
  size_t order = SMALLEST;
  while (((size_t)1 << order) < size + sizeof(struct block)) order++;
  struct block *block = free_blocks[order];
  if (block) free_blocks[order] = block->next_free;
  else block = new_block(order);
  block->order = order;
  return memset(block + 1, 0, size);
}

void let_go(void *p) {
  if (!p) return;
  struct block *block = (struct block *)p - 1;
  block->next_free = free_blocks[block->order];
  free_blocks[block->order] = block;
}

char *keep_string(const char *s) { return memcpy(keep(strlen(s) + 1), s, strlen(s) + 1); }

struct chunk {
  struct chunk *previous;
  size_t used, size;
  char data[];
};

static struct chunk *chunk;

void *scratch(size_t size) {
  size = (size + 15) & ~(size_t)15;
  if (!chunk || chunk->used + size > chunk->size) {
    size_t room = size > 16000 ? size : 16000;
    struct chunk *next = keep(sizeof(*next) + room);
    next->previous = chunk;
    next->size = room;
    chunk = next;
  }
  char *p = chunk->data + chunk->used;
  chunk->used += size;
  return memset(p, 0, size);
}

char *scratch_string(const char *s, size_t n) { return memcpy(scratch(n + 1), s, n); }

struct mark scratch_mark(void) { return (struct mark){chunk, chunk ? chunk->used : 0}; }

void scratch_release(struct mark mark) {
  while (chunk && chunk != mark.chunk) {
    struct chunk *previous = chunk->previous;
    let_go(chunk);
    chunk = previous;
  }
  if (chunk) chunk->used = mark.used;
}

void strings_add(struct strings *strings, char *s) {
  if (strings->count + 1 >= strings->size) {
    size_t size = strings->size ? strings->size * 2 : 16;
    char **items = scratch(size * sizeof(*items));
    memcpy(items, strings->items, strings->count * sizeof(*items));
    strings->items = items;
    strings->size = size;
  }
  strings->items[strings->count++] = s;
  strings->items[strings->count] = NULL;
}
