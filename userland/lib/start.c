/*
 * start.c - from the kernel's first instruction to main()
 *
 * A program starts with registers zero and the stack pointer at argc; above it
 * lie argv[0..argc-1], NULL, the environment, NULL, and the auxiliary vector.
 */
#include "lib.h"

int main(int argc, char **argv);

char **environ;
unsigned long *auxv;

__asm__(".globl _start\n"
        "_start:\n"
        "  mov x29, #0\n" // the end of every backtrace
        "  mov x30, #0\n"
        "  mov x0, sp\n"
        "  and sp, x0, #-16\n"
        "  b start\n");

__attribute__((used)) _Noreturn void start(long *stack) {
  int argc = (int)stack[0];
  char **argv = (char **)&stack[1];
  environ = argv + argc + 1;

  char **end = environ;
  while (*end) end++;
  auxv = (unsigned long *)(end + 1);

  exit(main(argc, argv));
}

const char *getenv(const char *name) {
  size_t n = strlen(name);
  for (char **entry = environ; *entry; entry++)
    if (strncmp(*entry, name, n) == 0 && (*entry)[n] == '=') return *entry + n + 1;
  return NULL;
}

unsigned long getauxval(unsigned long type) {
  for (unsigned long *entry = auxv; entry[0] != AT_NULL; entry += 2)
    if (entry[0] == type) return entry[1];
  return 0;
}
