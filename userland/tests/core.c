/*
 * core.c - what a process leaves when it dies of SIGSEGV
 *
 * Linux: fs/coredump.c, fs/binfmt_elf.c (elf_core_dump); core(5), elf(5)
 */
#include "check.h"
#include <asm/ptrace.h>
#include <linux/elf.h>

static unsigned char core[1 << 20];
static struct user_fpsimd_state vectors;
static unsigned long mark = 0x5a5a1234abcd0000; // in the data segment

/* Loads every vector register, and dies at a known instruction. */
extern char dies_here[];
static void die(void) {
  mark++;
  __asm__ volatile(".arch_extension fp\n .arch_extension simd\n"
                   " ld1 {v0.2d-v3.2d}, [%0], #64\n ld1 {v4.2d-v7.2d}, [%0], #64\n ld1 {v8.2d-v11.2d}, [%0], #64\n"
                   " ld1 {v12.2d-v15.2d}, [%0], #64\n ld1 {v16.2d-v19.2d}, [%0], #64\n ld1 {v20.2d-v23.2d}, [%0], #64\n"
                   " ld1 {v24.2d-v27.2d}, [%0], #64\n ld1 {v28.2d-v31.2d}, [%0], #64\n"
                   " ldr w9, [%0]\n ldr w10, [%0, #4]\n msr fpsr, x9\n msr fpcr, x10\n"
                   " mov x19, #77\n mov x9, #16\n"
                   ".globl dies_here\ndies_here: str x9, [x9]\n" ::"r"(&vectors)
                   : "x9", "x10", "x19", "memory");
}

static void dump(void) {
  struct rlimit64 unlimited = {RLIM64_INFINITY, RLIM64_INFINITY};
  prlimit(0, RLIMIT_CORE, &unlimited, NULL);
  die();
}

/* The note of that type, and how long its data are. Its name is CORE, or LINUX for the younger ones. */
static const void *note(unsigned int type, const char *name, size_t *size) {
  const Elf64_Ehdr *header = (const Elf64_Ehdr *)core;
  const Elf64_Phdr *segment = (const Elf64_Phdr *)(core + header->e_phoff);
  if (segment->p_type != PT_NOTE) return NULL;
  const unsigned char *at = core + segment->p_offset, *end = at + segment->p_filesz;
  while (at < end) {
    const Elf64_Nhdr *n = (const Elf64_Nhdr *)at;
    const unsigned char *data = at + sizeof(*n) + ((n->n_namesz + 3) & ~3U);
    *size = n->n_descsz;
    if (n->n_type == type && strcmp((const char *)at + sizeof(*n), name) == 0) return data;
    at = data + ((n->n_descsz + 3) & ~3U);
  }
  return NULL;
}

/* What the core file has at that address. */
static const void *memory(const void *address) {
  const Elf64_Ehdr *header = (const Elf64_Ehdr *)core;
  const Elf64_Phdr *segments = (const Elf64_Phdr *)(core + header->e_phoff);
  for (int i = 1; i < header->e_phnum; i++) {
    unsigned long offset = (unsigned long)address - segments[i].p_vaddr;
    if (segments[i].p_type == PT_LOAD && offset < segments[i].p_filesz && segments[i].p_offset + offset < sizeof(core))
      return core + segments[i].p_offset + offset;
  }
  return NULL;
}

static void check_notes(void) {
  size_t size;
  const unsigned char *status = note(NT_PRSTATUS, "CORE", &size);
  check(status && size == 392, "the general registers are in a note of 392 bytes");
  if (!status) return;
  const struct user_pt_regs *regs = (const struct user_pt_regs *)(status + 112);
  check_is(*(const short *)(status + 12), SIGSEGV, "with the signal");
  check(regs->pc == (unsigned long)dies_here && regs->regs[19] == 77, "the instruction, and what the registers were");

  const siginfo_t *info = note(NT_SIGINFO, "CORE", &size);
  check(info && size == 128 && info->si_code == SEGV_MAPERR && info->_sifields._sigfault._addr == (void *)16, "siginfo has the address");

  const struct user_fpsimd_state *found = note(NT_PRFPREG, "CORE", &size);
  check(found && size == sizeof(*found), "the vector registers are in a note of 528 bytes");
  check(found && memcmp(found, &vectors, offsetof(struct user_fpsimd_state, __reserved)) == 0, "all 32, FPSR and FPCR, as they were");
  check(note(0x401, "LINUX", &size) && (size == 8 || size == 16), "the thread pointer has a note");
  check(note(NT_AUXV, "CORE", &size) != NULL, "so has the auxiliary vector");
  check(note(NT_FILE, "CORE", &size) != NULL, "and so have the files that were mapped");
}

int main(void) {
  unsigned long seed = 1;
  for (int i = 0; i < 32; i++) {
    seed = seed * 6364136223846793005 + 1442695040888963407;
    vectors.vregs[i] = (__uint128_t)seed << 64 | ~seed;
  }
  vectors.fpsr = 0x11, vectors.fpcr = 0x01c00000;
  mkdir("/tmp", 0777);
  chdir("/tmp");
  unlink("core");
  check_is(in_child(dump), SIGSEGV | 0x80, "it is told that there is a core file");

  long fd = open("core", O_RDONLY, 0), got, size = 0;
  while ((got = read((int)fd, core + size, sizeof(core) - (size_t)size)) > 0) size += got;
  const Elf64_Ehdr *header = (const Elf64_Ehdr *)core;
  check(size > (long)sizeof(*header) && memcmp(core, ELFMAG, 4) == 0, "core is an ELF file");
  check(header->e_type == ET_CORE && header->e_machine == EM_AARCH64, "of a process, on AArch64");
  check_notes();
  const unsigned long *there = memory(&mark);
  check(there && *there == mark + 1, "memory is in the segments, as it was at the end");
  unlink("core");
  return checked();
}
