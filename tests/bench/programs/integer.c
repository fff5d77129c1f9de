/*
 * integer.c - loops over whole numbers: a checksum, primes, sorting and hashing, a mix, a bytecode interpreter
 */
#include "programs.h"

/* The byte-wise CRC-32 of zip over 64 KiB: seven instructions a byte. */
static uint32_t crc_table[256];
static uint8_t crc_block[1 << 16];

static void prepare_crc(void) {
  for (unsigned i = 0; i < 256; i++) {
    uint32_t c = i;
    for (int bit = 0; bit < 8; bit++) c = c & 1 ? 0xedb88320u ^ (c >> 1) : c >> 1;
    crc_table[i] = c;
  }
  for (unsigned i = 0; i < sizeof crc_block; i++) crc_block[i] = (uint8_t)(i * 7 + (i >> 8));
}

static uint64_t crc(unsigned rounds) {
  uint32_t sum = ~0u;
  while (rounds-- > 0)
    for (unsigned i = 0; i < sizeof crc_block; i++) sum = crc_table[(sum ^ crc_block[i]) & 0xff] ^ (sum >> 8);
  return ~sum;
}

/* The primes below 2^20. */
static uint8_t composite[1 << 20];

static uint64_t sieve(unsigned rounds) {
  uint64_t sum = 0;
  while (rounds-- > 0) {
    for (unsigned i = 0; i < sizeof composite; i++) composite[i] = 0;
    for (unsigned i = 2; i < sizeof composite; i++) {
      if (composite[i]) continue;
      sum += i;
      for (uint64_t j = (uint64_t)i * i; j < sizeof composite; j += i) composite[j] = 1;
    }
  }
  return sum;
}

/* Quicksort with a comparison that is passed in, then a hash table with chains: filled, searched, half of it removed. */
enum { KEYS = 1 << 14, BUCKETS = 1 << 12 };
static uint32_t keys[KEYS];
static struct entry {
  struct entry *next;
  uint32_t key, count;
} entries[KEYS], *buckets[BUCKETS];

static int ascending(uint32_t a, uint32_t b) { return (a > b) - (a < b); }
static int by_low_half(uint32_t a, uint32_t b) { return ascending(a << 16 | a >> 16, b << 16 | b >> 16); }

static void sort(uint32_t *a, int n, int (*compare)(uint32_t, uint32_t)) {
  while (n > 1) {
    uint32_t pivot = a[(n - 1) / 2]; // never the last one: both parts are smaller than the whole
    int i = -1, j = n;
    for (;;) {
      do i++; while (compare(a[i], pivot) < 0);
      do j--; while (compare(a[j], pivot) > 0);
      if (i >= j) break;
      uint32_t t = a[i];
      a[i] = a[j], a[j] = t;
    }
    sort(a, j + 1, compare);
    a += j + 1, n -= j + 1;
  }
}

static struct entry **find(uint32_t key) {
  struct entry **at = &buckets[key * 2654435761u >> 20];
  while (*at && (*at)->key != key) at = &(*at)->next;
  return at;
}

static uint32_t count_keys(void) {
  uint32_t used = 0, sum = 0;
  for (int i = 0; i < BUCKETS; i++) buckets[i] = NULL;
  for (int i = 0; i < KEYS; i++) {
    struct entry **at = find(keys[i] >> 15);
    if (!*at) *at = &entries[used++], (*at)->next = NULL, (*at)->key = keys[i] >> 15, (*at)->count = 0;
    (*at)->count++;
  }
  for (int i = 0; i < KEYS; i += 2) {
    struct entry **at = find(keys[i] >> 15);
    if (*at) sum = sum * 31 + (*at)->count, *at = (*at)->next;
  }
  for (uint32_t key = 0; key < KEYS; key++) sum += *find(key) != NULL;
  return sum + used;
}

static uint64_t sort_and_hash(unsigned rounds) {
  uint32_t state = 88172645;
  uint64_t sum = 0;
  while (rounds-- > 0) {
    for (int i = 0; i < KEYS; i++) keys[i] = next_random(&state);
    sum += count_keys();
    sort(keys, KEYS, rounds & 1 ? ascending : by_low_half);
    for (int i = 0; i < KEYS; i += 64) sum = sum * 5 + keys[i];
  }
  return sum;
}

/*
 * A mix as small controllers run it: a linked list is reversed, searched and sorted, a small matrix is worked on, a state
 * machine reads text, and a bitwise CRC-16 of everything that came out decides what the next round does.
 */
enum { NODES = 256, EDGE = 24 };
static struct node {
  struct node *next;
  int16_t value, index;
} nodes[NODES];

static uint16_t crc16(uint16_t sum, uint32_t data) {
  for (int bit = 0; bit < 32; bit++, data >>= 1) sum = (uint16_t)((sum ^ data) & 1 ? sum >> 1 ^ 0xa001 : sum >> 1);
  return sum;
}

static struct node *merge(struct node *a, struct node *b, int by_index) {
  struct node *head = NULL, **end = &head;
  while (a && b) {
    struct node **least = (by_index ? a->index <= b->index : a->value <= b->value) ? &a : &b;
    *end = *least;
    end = &(*end)->next;
    *least = *end;
  }
  *end = a ? a : b;
  return head;
}

static struct node *sort_list(struct node *list, int length, int by_index) {
  if (length < 2) {
    if (list) list->next = NULL;
    return list;
  }
  struct node *half = list;
  for (int i = 0; i < length / 2; i++) half = half->next;
  struct node *second = sort_list(half, length - length / 2, by_index);
  return merge(sort_list(list, length / 2, by_index), second, by_index);
}

static uint16_t mix_list(uint16_t seed) {
  for (int i = 0; i < NODES; i++) {
    seed = (uint16_t)(seed * 25173u + 13849u);
    nodes[i] = (struct node){i + 1 < NODES ? &nodes[i + 1] : NULL, (int16_t)(seed >> 4), (int16_t)i};
  }
  uint16_t found = 0;
  struct node *list = nodes;
  for (int wanted = 0; wanted < NODES; wanted += 8) {
    struct node *reversed = NULL, *hit = list;
    while (hit && hit->index != wanted) hit = hit->next;
    found = (uint16_t)(found + hit->value);
    for (struct node *n = list, *next; n; n = next) next = n->next, n->next = reversed, reversed = n;
    list = reversed;
  }
  list = sort_list(list, NODES, 0);
  for (struct node *n = list; n; n = n->next) found = (uint16_t)(found * 3 + n->index);
  list = sort_list(list, NODES, 1);
  return (uint16_t)(found + list->value);
}

static uint32_t mix_matrix(uint16_t seed) {
  static int16_t a[EDGE][EDGE], b[EDGE][EDGE];
  uint32_t sum = 0;
  for (int i = 0; i < EDGE; i++)
    for (int j = 0; j < EDGE; j++) a[i][j] = (int16_t)(seed + i * j), b[i][j] = (int16_t)(i * 5 - j + (seed & 15));
  for (int i = 0; i < EDGE; i++)
    for (int j = 0; j < EDGE; j++) {
      int32_t dot = 0, bits = 0;
      for (int k = 0; k < EDGE; k++) dot += a[i][k] * b[k][j], bits += (a[i][k] * b[k][j] >> 2 & 15) * (a[i][k] >> 5 & 127);
      sum = sum * 7 + (uint32_t)(dot ^ bits);
    }
  return sum;
}

/* Counts what in a text is an integer, a hexadecimal number, a decimal fraction with an exponent, a word, or wrong. */
enum state { BETWEEN, ZERO, INTEGER, HEX, FRACTION, EXPONENT, WORD, WRONG, STATES };

static enum state step(enum state state, char c) {
  if (c == ' ' || c == ',') return BETWEEN;
  int digit = c >= '0' && c <= '9', letter = c >= 'a' && c <= 'z';
  switch (state) {
  case BETWEEN: return c == '0' ? ZERO : digit ? INTEGER : letter ? WORD : WRONG;
  case ZERO:
    if (c == 'x') return HEX;
    // fall through
  case INTEGER: return digit ? INTEGER : c == '.' ? FRACTION : WRONG;
  case HEX: return digit || (letter && c <= 'f') ? HEX : WRONG;
  case FRACTION: return digit ? FRACTION : c == 'e' ? EXPONENT : WRONG;
  case EXPONENT: return digit || c == '-' ? EXPONENT : WRONG;
  case WORD: return letter || digit ? WORD : WRONG;
  default: return WRONG;
  }
}

static uint32_t mix_text(uint16_t seed) {
  static const char text[] = "12 0x3fe, 0.25e-3 word 77. x9, 0 3e4 0xfg 31415 2.718 q,, 65535 0x0 -1 1.5e10 end ";
  uint32_t seen[STATES] = {0};
  enum state state = BETWEEN;
  for (unsigned i = 0; i < 8 * sizeof text; i++) {
    char c = text[(i + seed) % (sizeof text - 1)];
    enum state next = step(state, (seed >> (i & 15) & 1) && c != ' ' ? (char)(c ^ 1) : c);
    seen[next] += next != state;
    state = next;
  }
  uint32_t sum = 0;
  for (int i = 0; i < STATES; i++) sum = sum * 13 + seen[i];
  return sum;
}

static uint64_t mix(unsigned rounds) {
  uint16_t sum = 0xffff;
  while (rounds-- > 0) {
    sum = crc16(sum, mix_list(sum));
    sum = crc16(sum, mix_matrix(sum));
    sum = crc16(sum, mix_text(sum));
  }
  return sum;
}

/* A stack machine's bytecode: the longest Collatz sequence from a number below 2000. */
enum op { PUSH, LOAD, STORE, ADD, MUL, HALVE, ODD, LESS, JUMP, JUMP_IF, HALT };
enum { BEST, N, STEPS, X, LIMIT }; // variables

static const uint8_t bytecode[] = {
  /*  0 */ PUSH, 1, STORE, N,
  /*  4 */ LOAD, N, STORE, X, PUSH, 0, STORE, STEPS,
  /* 12 */ LOAD, X, PUSH, 2, LESS, JUMP_IF, 48,
  /* 19 */ LOAD, STEPS, PUSH, 1, ADD, STORE, STEPS,
  /* 26 */ LOAD, X, ODD, JUMP_IF, 38,
  /* 31 */ LOAD, X, HALVE, STORE, X, JUMP, 12,
  /* 38 */ LOAD, X, PUSH, 3, MUL, PUSH, 1, ADD, STORE, X, // 48 is next
  /* 48 */ LOAD, X, PUSH, 2, LESS, JUMP_IF, 57, JUMP, 12,
  /* 57 */ LOAD, BEST, LOAD, STEPS, LESS, JUMP_IF, 66, JUMP, 70,
  /* 66 */ LOAD, STEPS, STORE, BEST,
  /* 70 */ LOAD, N, PUSH, 1, ADD, STORE, N,
  /* 77 */ LOAD, N, LOAD, LIMIT, LESS, JUMP_IF, 4,
  /* 84 */ HALT,
};

static uint32_t interpret(const uint8_t *code, uint32_t *variables) {
  uint32_t stack[8], *top = stack, executed = 0;
  for (const uint8_t *at = code;;) {
    executed++;
    switch ((enum op)*at++) {
    case PUSH: *top++ = *at++; break;
    case LOAD: *top++ = variables[*at++]; break;
    case STORE: variables[*at++] = *--top; break;
    case ADD: top--, top[-1] += *top; break;
    case MUL: top--, top[-1] *= *top; break;
    case HALVE: top[-1] >>= 1; break;
    case ODD: top[-1] &= 1; break;
    case LESS: top--, top[-1] = top[-1] < *top; break;
    case JUMP: at = code + *at; break;
    case JUMP_IF: at = *--top ? code + *at : at + 1; break;
    case HALT: return executed;
    }
  }
}

static uint64_t run_bytecode(unsigned rounds) {
  uint64_t sum = 0;
  while (rounds-- > 0) {
    uint32_t variables[] = {[LIMIT] = 2000 + (rounds & 3)};
    sum += interpret(bytecode, variables) * 1000ull + variables[BEST];
  }
  return sum;
}

const struct program integer_programs[] = {
  {"crc", crc, prepare_crc},
  {"sieve", sieve, NULL},
  {"sort", sort_and_hash, NULL},
  {"mix", mix, NULL},
  {"bytecode", run_bytecode, NULL},
  {0},
};
