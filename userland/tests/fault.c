/*
 * fault.c - faults of the program: which signal, which code, which address
 *
 * Linux: arch/arm64/mm/fault.c, arch/arm64/kernel/traps.c
 */
#include "check.h"

static siginfo_t seen;
static unsigned long pc;

/* Goes on after the instruction that has failed. */
static void skip(int sig, siginfo_t *info, void *context) {
  struct sigcontext *registers = &((struct ucontext *)context)->uc_mcontext;
  (void)sig;
  seen = *info;
  pc = registers->pc;
  registers->pc += 4;
}

/* A jump to nowhere has no instruction after it: goes back to the caller. */
static void go_back(int sig, siginfo_t *info, void *context) {
  struct sigcontext *registers = &((struct ucontext *)context)->uc_mcontext;
  (void)sig;
  seen = *info;
  pc = registers->pc;
  registers->pc = registers->regs[30];
}

static void load(unsigned long address) { __asm__ volatile("ldrb w9, [%0]" : : "r"(address) : "x9", "memory"); }
static void store(unsigned long address) { __asm__ volatile("strb wzr, [%0]" : : "r"(address) : "memory"); }
static void load_exclusive(unsigned long address) { __asm__ volatile("ldxr x9, [%0]" : : "r"(address) : "x9", "memory"); }
static void jump(unsigned long address) { __asm__ volatile("blr %0" : : "r"(address) : "x30", "memory"); }

static void check_seen(int sig, int code, unsigned long address, const char *sentence) {
  bool good = seen.si_signo == sig && seen.si_code == code && (unsigned long)seen.si_addr == address;
  if (!check(good, sentence)) printf("# SIG%s code %d\n", signal_name(seen.si_signo), seen.si_code);
  seen.si_signo = 0;
}

static void check_memory(void) {
  char *page = mmap(NULL, 8192, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  unsigned long address = (unsigned long)page;
  load(0);
  check_seen(SIGSEGV, SEGV_MAPERR, 0, "check 289: reading through NULL is SIGSEGV, SEGV_MAPERR");
  store(0x10);
  check_seen(SIGSEGV, SEGV_MAPERR, 0x10, "writing near NULL too, with the address");
  store(address + 5);
  check_seen(SIGSEGV, SEGV_ACCERR, address + 5, "check 289: writing a page that is only readable is SEGV_ACCERR");
  load(address + 5);
  store(address + 6);
  check_seen(SIGSEGV, SEGV_ACCERR, address + 6, "also after it was read");
  mprotect(page, 4096, PROT_NONE);
  load(address + 7);
  check_seen(SIGSEGV, SEGV_ACCERR, address + 7, "reading a page without any permission is SEGV_ACCERR");
  mprotect(page, 4096, PROT_READ | PROT_WRITE);
  store(address + 7);
  check_is(seen.si_signo, 0, "and nothing at all once it is permitted");
  munmap(page, 8192);
  load(address);
  check_seen(SIGSEGV, SEGV_MAPERR, address, "an unmapped page is SEGV_MAPERR");
  load(0xffff800000000000);
  check_seen(SIGSEGV, SEGV_MAPERR, 0xffff800000000000, "an address of the kernel is SEGV_MAPERR");
  load(0x0020000000000000);
  check_seen(SIGSEGV, SEGV_MAPERR, 0x0020000000000000, "and so is one between user space and kernel");
}

static void check_file(void) {
  int fd = (int)open("/tmp/fault-test", O_RDWR | O_CREAT | O_TRUNC, 0600);
  write(fd, "x", 1);
  char *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  unsigned long address = (unsigned long)page;
  load(address + 4095);
  check_is(seen.si_signo, 0, "the rest of a file's last page can be read");
  load(address + 4096);
  check_seen(SIGBUS, BUS_ADRERR, address + 4096, "check 289: a page behind the end of the file is SIGBUS, BUS_ADRERR");
  munmap(page, 8192);
  close(fd);
  unlink("/tmp/fault-test");
}

static void check_execution(void) {
  void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  *(unsigned *)page = 0xd65f03c0; // ret
  set_handler(SIGSEGV, go_back, 0);
  set_handler(SIGBUS, go_back, 0);
  jump((unsigned long)page);
  check_seen(SIGSEGV, SEGV_ACCERR, (unsigned long)page, "running a page that is not executable is SEGV_ACCERR");
  check_is(pc, page, "and pc is there");
  jump(0x1000);
  check_seen(SIGSEGV, SEGV_MAPERR, 0x1000, "running what is not mapped is SEGV_MAPERR");
  mprotect(page, 4096, PROT_READ | PROT_EXEC);
  jump((unsigned long)page);
  check_is(seen.si_signo, 0, "once it is executable it runs");
  jump((unsigned long)page + 2);
  check_seen(SIGBUS, BUS_ADRALN, (unsigned long)page + 2, "check 289: running at an address that is not a multiple of 4 is SIGBUS, BUS_ADRALN");
  set_handler(SIGSEGV, skip, 0);
  set_handler(SIGBUS, skip, 0);
}

static void check_alignment(void) {
  unsigned long value[2];
  unsigned long address = (unsigned long)value + 1;
  __asm__ volatile("ldr x9, [%0]" : : "r"(address) : "x9", "memory");
  check_is(seen.si_signo, 0, "an ordinary load need not be aligned");
  load_exclusive(address);
  check_seen(SIGBUS, BUS_ADRALN, address, "check 289: an exclusive load must be: SIGBUS, BUS_ADRALN");
}

static void check_instructions(void) {
  extern char undefined_here[], break_here[];
  __asm__ volatile(".globl undefined_here\nundefined_here: udf #7");
  check_seen(SIGILL, ILL_ILLOPC, (unsigned long)undefined_here, "check 289: an undefined instruction is SIGILL, ILL_ILLOPC, at its address");
  __asm__ volatile("mrs x9, sctlr_el1" : : : "x9");
  check_is(seen.si_signo, SIGILL, "check 289: a system register of the kernel is SIGILL");
  __asm__ volatile("hvc #0" : : : "memory");
  check_is(seen.si_signo, SIGILL, "check 289: a hypervisor call is SIGILL");
  __asm__ volatile(".globl break_here\nbreak_here: brk #3");
  check_seen(SIGTRAP, TRAP_BRKPT, (unsigned long)break_here, "check 289: a breakpoint instruction is SIGTRAP, TRAP_BRKPT, at its address");
}

int main(void) {
  static const int signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGTRAP};
  for (size_t i = 0; i < countof(signals); i++) set_handler(signals[i], skip, 0);
  check_memory();
  check_file();
  check_execution();
  check_alignment();
  check_instructions();
  return checked();
}
