/*
 * auxv.c - what a program finds on its stack
 *
 * Linux: fs/binfmt_elf.c (create_elf_tables), arch/arm64/kernel/vdso.c
 */
#include "check.h"
#include <linux/elf.h>

extern char _start[];

static int count(unsigned long type) {
  int n = 0;
  for (unsigned long *entry = auxv; entry[0] != AT_NULL; entry += 2) n += entry[0] == type;
  return n;
}

static void check_present(void) {
  static const struct {
    unsigned long type;
    const char *sentence;
  } expected[] = {
    {AT_SYSINFO_EHDR, "AT_SYSINFO_EHDR is there once"}, {AT_HWCAP, "AT_HWCAP is there once"},
    {AT_PAGESZ, "AT_PAGESZ is there once"},             {AT_CLKTCK, "AT_CLKTCK is there once"},
    {AT_PHDR, "AT_PHDR is there once"},                 {AT_PHENT, "AT_PHENT is there once"},
    {AT_PHNUM, "AT_PHNUM is there once"},               {AT_BASE, "AT_BASE is there once"},
    {AT_FLAGS, "AT_FLAGS is there once"},               {AT_ENTRY, "AT_ENTRY is there once"},
    {AT_UID, "AT_UID is there once"},                   {AT_EUID, "AT_EUID is there once"},
    {AT_GID, "AT_GID is there once"},                   {AT_EGID, "AT_EGID is there once"},
    {AT_SECURE, "AT_SECURE is there once"},             {AT_RANDOM, "AT_RANDOM is there once"},
    {AT_EXECFN, "AT_EXECFN is there once"},             {AT_PLATFORM, "AT_PLATFORM is there once"},
    {AT_MINSIGSTKSZ, "AT_MINSIGSTKSZ is there once"},
  };
  for (size_t i = 0; i < countof(expected); i++) check_is(count(expected[i].type), 1, expected[i].sentence);
}

static void check_values(void) {
  check_is(getauxval(AT_PAGESZ), 4096, "a page has 4096 bytes");
  check_is(getauxval(AT_CLKTCK), 100, "a tick for user space is a hundredth of a second");
  check_is(getauxval(AT_ENTRY), _start, "AT_ENTRY is where the program started");
  check_is(getauxval(AT_PHENT), sizeof(Elf64_Phdr), "AT_PHENT is the size of a program header");
  check_is(getauxval(AT_BASE), 0, "a static program has no interpreter");
  check_is(getauxval(AT_FLAGS), 0, "AT_FLAGS is zero");
  check_is(getauxval(AT_UID), getuid(), "AT_UID is the user");
  check_is(getauxval(AT_EUID), geteuid(), "AT_EUID is the effective user");
  check_is(getauxval(AT_GID), getgid(), "AT_GID is the group");
  check_is(getauxval(AT_EGID), getegid(), "AT_EGID is the effective group");
  check_is(getauxval(AT_SECURE), 0, "AT_SECURE is zero for a program that is not set-user-ID");
  check_is(strcmp((char *)getauxval(AT_PLATFORM), "aarch64"), 0, "AT_PLATFORM is aarch64");
}

static void check_headers(void) {
  const Elf64_Phdr *headers = (const Elf64_Phdr *)getauxval(AT_PHDR);
  bool readable = false, executable = false;
  for (unsigned long i = 0; i < getauxval(AT_PHNUM); i++) {
    if (headers[i].p_type != PT_LOAD) continue;
    bool inside = (unsigned long)_start - headers[i].p_vaddr < headers[i].p_memsz;
    if (inside) executable = headers[i].p_flags & PF_X, readable = headers[i].p_flags & PF_R;
  }
  check(readable && executable, "AT_PHDR leads to the program headers, one of which holds the code");
}

static void check_vdso(void) {
  const unsigned char *vdso = (const unsigned char *)getauxval(AT_SYSINFO_EHDR);
  check(memcmp(vdso, "\177ELF", 4) == 0, "AT_SYSINFO_EHDR leads to an ELF file");
  check_is(((unsigned long)vdso & 0xfff), 0, "which starts a page");
  check_is(((const Elf64_Ehdr *)vdso)->e_machine, EM_AARCH64, "and is for this machine");
}

static void check_stack(char **argv) {
  unsigned long stack = (unsigned long)argv - 8;
  check_is(stack & 15, 0, "the stack pointer was aligned to 16 bytes");
  check_is(*(long *)stack, 1, "the number of arguments lay there");
  check((unsigned long)auxv == (unsigned long)(environ + 1) || environ[0], "the vector follows the environment");
  check(getauxval(AT_RANDOM) > stack, "the random bytes lie further up");
  check(getauxval(AT_EXECFN) > (unsigned long)argv[0], "the path of the program lies above the arguments");
  unsigned long end = getauxval(AT_EXECFN) + strlen((char *)getauxval(AT_EXECFN)) + 1;
  check_is((end + 8) & 0xfff, 0, "and eight bytes below the top of the stack");
}

int main(int argc, char **argv) {
  (void)argc;
  check_present();
  check_values();
  check_headers();
  check_vdso();
  check_stack(argv);
  return checked();
}
