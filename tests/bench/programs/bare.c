/*
 * bare.c - `make bench` on an x86 PC without a system: the programs that only compute, on its first serial port
 *
 * It prompts and answers as a shell does that runs linux.c; but its clock stands still.
 */
#include "programs.h"

/* Multiboot specification 0.6.96, "The layout of Multiboot header": magic, no flags, checksum. SSE must be allowed before use. */
__asm__(".section .multiboot, \"a\"\n"
        ".long 0x1badb002, 0, -0x1badb002\n"
        ".text\n"
        ".globl _start\n"
        "_start:\n"
        "  mov $stack + 0x10000, %esp\n"
        "  mov %cr0, %eax\n"
        "  and $~4, %eax\n" // EM: emulate the coprocessor
        "  or $2, %eax\n" //   MP: monitor it
        "  mov %eax, %cr0\n"
        "  mov %cr4, %eax\n"
        "  or $0x600, %eax\n" // OSFXSR, OSXMMEXCPT
        "  mov %eax, %cr4\n"
        "  call serve\n");
char stack[0x10000] __attribute__((aligned(16)));

/* What a C library would do, without tables of its own. */
void *memcpy(void *to, const void *from, size_t n) {
  void *at = to;
  size_t words = n / 4, rest = n % 4;
  __asm__ volatile("rep movsl" : "+D"(at), "+S"(from), "+c"(words) : : "memory");
  __asm__ volatile("rep movsb" : "+D"(at), "+S"(from), "+c"(rest) : : "memory");
  return to;
}

void *memset(void *to, int byte, size_t n) {
  void *at = to;
  size_t words = n / 4, rest = n % 4;
  uint32_t word = (uint8_t)byte * 0x01010101u;
  __asm__ volatile("rep stosl" : "+D"(at), "+c"(words) : "a"(word) : "memory");
  __asm__ volatile("rep stosb" : "+D"(at), "+c"(rest) : "a"(word) : "memory");
  return to;
}

/* By words: a zero byte is where subtracting 1 borrows and the top bit was not set. */
size_t strlen(const char *s) {
  typedef uint32_t __attribute__((may_alias)) word;
  const char *at = s;
  for (; (uintptr_t)at % 4; at++)
    if (!*at) return (size_t)(at - s);
  while (!((*(const word *)at - 0x01010101u) & ~*(const word *)at & 0x80808080u)) at += 4;
  while (*at) at++;
  return (size_t)(at - s);
}

/* The first serial port, a 16550. */
enum { PORT = 0x3f8, LINE_STATUS = PORT + 5, RECEIVED = 1, EMPTY = 0x20 };

static uint8_t in(uint16_t port) {
  uint8_t value;
  __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
  return value;
}

static char receive(void) {
  while (!(in(LINE_STATUS) & RECEIVED)) {}
  return (char)in(PORT);
}

static void print(const char *s) {
  for (; *s; s++) {
    while (!(in(LINE_STATUS) & EMPTY)) {}
    __asm__ volatile("outb %0, %1" : : "a"(*s), "Nd"((uint16_t)PORT));
  }
}

static void print_hex(uint64_t value) {
  char text[17], *at = text + 16;
  *at = 0;
  do *--at = "0123456789abcdef"[value & 15];
  while (value >>= 4);
  print(at);
}

static int same(const char *a, const char *b) {
  while (*a && *a == *b) a++, b++;
  return *a == *b;
}

static const struct program *find(const char *name) {
  static const struct program *const tables[] = {integer_programs, float_programs, memory_programs};
  for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
    for (const struct program *program = tables[i]; program->name; program++)
      if (same(program->name, name)) return program;
  return NULL;
}

/* The next word of a line, ended; `last` tells whether the line was, too. */
static char *word(char *out, char *last) {
  char *at = out;
  while ((*last = receive()) != ' ' && *last != '\n') *at++ = *last;
  *at = 0;
  return out;
}

static unsigned number(const char *digits) {
  unsigned value = 0;
  while (*digits) value = 10 * value + (unsigned)(*digits++ - '0');
  return value;
}

/* "PATH NAME ROUNDS", of which the path says nothing here; then an empty line when it is to start. */
_Noreturn void serve(void) {
  for (;;) {
    char last, name[64], text[64];
    print("# ");
    word(text, &last);
    const struct program *program = find(word(name, &last));
    unsigned rounds = number(word(text, &last));
    if (program->prepare) program->prepare();
    print("ready\n");
    receive();
    uint64_t sum = program->run(rounds);
    print("= ");
    print_hex(sum);
    print(" 0 0\n");
  }
}
