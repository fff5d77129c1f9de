/*
 * vdso.c - the code that the kernel lends to every program
 *
 * Linux: arch/arm64/kernel/vdso.c, arch/arm64/kernel/vdso/{vdso.lds.S,sigreturn.S}, Manual: vdso(7)
 */
#include "check.h"
#include <linux/elf.h>

static const char *base, *strings;
static const Elf64_Sym *symbols;
static unsigned symbol_count;

/* The dynamic section leads to symbols and names, of which the linker puts the ones before the others. */
static void read_dynamic(void) {
  const Elf64_Ehdr *header = (const Elf64_Ehdr *)base;
  const Elf64_Phdr *segments = (const Elf64_Phdr *)(base + header->e_phoff);
  const Elf64_Dyn *entry = NULL;
  for (int i = 0; i < header->e_phnum; i++)
    if (segments[i].p_type == PT_DYNAMIC) entry = (const Elf64_Dyn *)(base + segments[i].p_offset);
  for (; entry && entry->d_tag != DT_NULL; entry++) {
    if (entry->d_tag == DT_STRTAB) strings = base + entry->d_un.d_ptr;
    if (entry->d_tag == DT_SYMTAB) symbols = (const Elf64_Sym *)(base + entry->d_un.d_ptr);
  }
  if (symbols) symbol_count = (unsigned)((const Elf64_Sym *)strings - symbols);
}

static const void *lookup(const char *name) {
  for (unsigned i = 0; i < symbol_count; i++)
    if (symbols[i].st_shndx && strcmp(strings + symbols[i].st_name, name) == 0) return base + symbols[i].st_value;
  return NULL;
}

static const void *trampoline;

static void on_signal(int sig) {
  (void)sig;
  trampoline = __builtin_return_address(0);
}

static void check_clock(void) {
  long (*gettime)(int, struct timespec *) = (long (*)(int, struct timespec *))lookup("__kernel_clock_gettime");
  struct timespec mine, kernels;
  check(gettime != NULL, "the clock can be read without a call");
  check_is(gettime(CLOCK_MONOTONIC, &mine), 0, "it answers");
  clock_gettime(CLOCK_MONOTONIC, &kernels);
  check(kernels.tv_sec - mine.tv_sec < 2, "and says what the call says");
  check_is(gettime(99, &mine), -EINVAL, "what is no clock is EINVAL");
}

int main(void) {
  base = (const char *)getauxval(AT_SYSINFO_EHDR);
  check(base && memcmp(base, "\177ELF", 4) == 0, "check 295: AT_SYSINFO_EHDR leads to an ELF file");
  read_dynamic();
  check(symbols && strings && symbol_count > 1, "with dynamic symbols");
  const unsigned *code = lookup("__kernel_rt_sigreturn");
  check(code != NULL, "check 295: of which one is __kernel_rt_sigreturn");
  check(code && code[0] == 0xd2801168 && code[1] == 0xd4000001, "check 295: mov x8, #139; svc #0");
  set_signal(SIGUSR1, on_signal, 0);
  raise(SIGUSR1);
  check(trampoline == code, "check 295: and handlers return to it");
  check_clock();
  return checked();
}
