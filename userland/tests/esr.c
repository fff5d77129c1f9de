/*
 * esr.c - what a signal frame tells of a fault: the address and the syndrome
 *
 * Linux: arch/arm64/mm/fault.c, arch/arm64/kernel/signal.c
 */
#include "check.h"
#include <asm/sigcontext.h>

#define READABLE 0x5000000UL
#define NOTHING 0x6000000UL
#define KERNEL 0xffff800000000000UL

static struct {
  int sig, code;
  unsigned long address, fault_address, esr;
} seen;

static unsigned long esr_of(const struct sigcontext *registers) {
  const unsigned char *at = (const unsigned char *)registers->__reserved;
  for (;;) {
    const struct _aarch64_ctx *head = (const struct _aarch64_ctx *)at;
    if (head->magic == 0) return 0;
    if (head->magic == ESR_MAGIC) return ((const struct esr_context *)at)->esr;
    at += head->size;
  }
}

static void handler(int sig, siginfo_t *info, void *context) {
  struct sigcontext *registers = &((struct ucontext *)context)->uc_mcontext;
  seen.sig = sig, seen.code = info->si_code, seen.address = (unsigned long)info->si_addr;
  seen.fault_address = registers->fault_address;
  seen.esr = esr_of(registers);
  // A jump goes back to its caller, everything else on to the next instruction.
  registers->pc = seen.esr >> 26 == 0x20 ? registers->regs[30] : registers->pc + 4;
}

static void load(unsigned long at) { __asm__ volatile("ldrb w9, [%0]" : : "r"(at) : "x9", "memory"); }
static void store(unsigned long at) { __asm__ volatile("strb wzr, [%0]" : : "r"(at) : "memory"); }
static void exclusive(unsigned long at) { __asm__ volatile("ldxr x9, [%0]" : : "r"(at) : "x9", "memory"); }
static void zero_block(unsigned long at) { __asm__ volatile("dc zva, %0" : : "r"(at) : "memory"); }
static void jump(unsigned long at) { __asm__ volatile("blr %0" : : "r"(at) : "x30", "memory"); }

static void expect(void (*access)(unsigned long), unsigned long at, int code, unsigned long address, unsigned long esr, const char *sentence) {
  access(at);
  bool good = seen.code == code && seen.address == address && seen.fault_address == address && seen.esr == esr;
  if (!check(good, sentence)) printf("# code %d si_addr %lx, fault_address %lx esr %lx\n", seen.code, seen.address, seen.fault_address, seen.esr);
}

int main(void) {
  set_handler(SIGSEGV, handler, 0);
  set_handler(SIGBUS, handler, 0);
  volatile char *page = mmap((void *)READABLE, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  (void)page[0];

  expect(load, 0, SEGV_MAPERR, 0, 0x92000006, "check 273: a load: data abort, level 2 translation fault");
  expect(store, 0x10, SEGV_MAPERR, 0x10, 0x92000046, "a store has WnR");
  expect(store, READABLE + 8, SEGV_ACCERR, READABLE + 8, 0x9200004f, "into a read-only page it is a level 3 permission fault");
  expect(load, NOTHING | 0x7fUL << 56, SEGV_MAPERR, NOTHING, 0x92000006, "the top byte of an address is not told");
  expect(load, NOTHING | 0xffUL << 56, SEGV_MAPERR, NOTHING, 0x92000006, "whatever it is");
  expect(load, KERNEL, SEGV_MAPERR, KERNEL, 0x92000004, "the kernel's half is a level 0 translation fault");
  expect(store, KERNEL, SEGV_MAPERR, KERNEL, 0x92000044, "for stores too");
  expect(load, ~0UL, SEGV_MAPERR, ~0UL, 0x92000004, "up to its end");
  expect(load, 0x00ff800000000000, SEGV_MAPERR, 0x00ff800000000000, 0x92000004, "there a top byte is told as it is");
  expect(load, 0x1234000000000000, SEGV_MAPERR, 0x0034000000000000, 0x92000004, "between the halves it is not");
  expect(load, 0x0000ffffffffffff, SEGV_MAPERR, 0x0000ffffffffffff, 0x92000006, "user space goes up to 2^48");
  expect(exclusive, READABLE + 1, BUS_ADRALN, READABLE + 1, 0x92000021, "an unaligned exclusive load is an alignment fault");
  expect(zero_block, READABLE + 8, SEGV_ACCERR, READABLE + 8, 0x9200004f, "DC ZVA is a store, and tells the address it was given");
  expect(zero_block, NOTHING + 8, SEGV_MAPERR, NOTHING + 8, 0x92000046, "also where nothing is");
  expect(jump, READABLE + 8, SEGV_ACCERR, READABLE + 8, 0x8200000f, "a jump: instruction abort, level 3 permission fault");
  expect(jump, NOTHING, SEGV_MAPERR, NOTHING, 0x82000006, "or level 2 translation fault");
  expect(jump, KERNEL, SEGV_MAPERR, KERNEL, 0x82000004, "or level 0");
  expect(jump, NOTHING | 0x12UL << 56, SEGV_MAPERR, NOTHING, 0x82000006, "a jump drops the top byte");
  __asm__ volatile("ldr x9, [%0]" : : "r"(READABLE + 4093) : "x9", "memory");
  check(seen.address == READABLE + 4096 && seen.esr == 0x92000007, "a load across pages faults at the second one");
  return checked();
}
