/*
 * vdso.h - the library that the kernel lends to every program, read as a C library reads it
 */
#pragma once
#include "lib.h"
#include <linux/elf.h>

struct vdso {
  const char *base, *strings;
  const Elf64_Sym *symbols;
  unsigned symbol_count;
};

/* The dynamic section leads to symbols and names, of which the linker puts the ones before the others. */
static inline struct vdso vdso_open(void) {
  struct vdso vdso = {.base = (const char *)getauxval(AT_SYSINFO_EHDR)};
  const Elf64_Ehdr *header = (const Elf64_Ehdr *)vdso.base;
  const Elf64_Phdr *segments = (const Elf64_Phdr *)(vdso.base + header->e_phoff);
  const Elf64_Dyn *entry = NULL;
  for (int i = 0; i < header->e_phnum; i++)
    if (segments[i].p_type == PT_DYNAMIC) entry = (const Elf64_Dyn *)(vdso.base + segments[i].p_offset);
  for (; entry && entry->d_tag != DT_NULL; entry++) {
    if (entry->d_tag == DT_STRTAB) vdso.strings = vdso.base + entry->d_un.d_ptr;
    if (entry->d_tag == DT_SYMTAB) vdso.symbols = (const Elf64_Sym *)(vdso.base + entry->d_un.d_ptr);
  }
  if (vdso.symbols) vdso.symbol_count = (unsigned)((const Elf64_Sym *)vdso.strings - vdso.symbols);
  return vdso;
}

static inline const void *vdso_lookup(const struct vdso *vdso, const char *name) {
  for (unsigned i = 0; i < vdso->symbol_count; i++) {
    const Elf64_Sym *symbol = &vdso->symbols[i];
    if (symbol->st_shndx && strcmp(vdso->strings + symbol->st_name, name) == 0) return vdso->base + symbol->st_value;
  }
  return NULL;
}

typedef long clock_function(int clock, struct timespec *time);
typedef long time_function(struct timeval *time, struct timezone *zone);

/* A function of the vDSO, or NULL. */
static inline const void *vdso_function(const char *name) {
  struct vdso vdso = vdso_open();
  return vdso_lookup(&vdso, name);
}
