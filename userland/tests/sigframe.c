/*
 * sigframe.c - what a handler finds on its stack, and what becomes of changes to it
 *
 * Linux: arch/arm64/kernel/signal.c, arch/arm64/include/uapi/asm/sigcontext.h
 */
#include "check.h"

static siginfo_t seen;
static struct ucontext *context;
static unsigned long frame_at, return_address;
static struct sigcontext registers;
static stack_t stack_inside;
static bool has_fpsimd, ends;

static void *alternate;
enum { ALTERNATE_SIZE = 16384 };

/* Behind the general registers lie records, each with a magic number and a size; a zero one ends the list. */
static void walk_records(const struct ucontext *uc) {
  const char *at = (const char *)uc->uc_mcontext.__reserved;
  for (int i = 0; i < 16; i++) {
    const struct _aarch64_ctx *record = (const struct _aarch64_ctx *)at;
    if (record->magic == FPSIMD_MAGIC) has_fpsimd = record->size == sizeof(struct fpsimd_context);
    if (record->magic == 0 && record->size == 0) {
      ends = true;
      return;
    }
    at += record->size;
  }
}

static void on_signal(int sig, siginfo_t *info, void *uc) {
  (void)sig;
  return_address = (unsigned long)__builtin_return_address(0);
  seen = *info;
  context = uc;
  registers = context->uc_mcontext;
  frame_at = (unsigned long)__builtin_frame_address(0);
  sigaltstack(NULL, &stack_inside);
  walk_records(context);
}

/* Raises a signal with known values in some registers, and tells what x20 and the flags are afterwards. */
static unsigned long raise_with_values(int sig, unsigned long *flags) {
  long pid = getpid(), tid = gettid(); // before the registers get their values
  register long x8 __asm__("x8") = __NR_tgkill;
  register long x0 __asm__("x0") = pid;
  register long x1 __asm__("x1") = tid;
  register long x2 __asm__("x2") = sig;
  register unsigned long x20 __asm__("x20") = 0x1234;
  __asm__ volatile("msr nzcv, %1\n svc #0\n mrs %1, nzcv" : "+r"(x0), "+r"(*flags), "+r"(x20) : "r"(x8), "r"(x1), "r"(x2) : "memory", "cc");
  return x20;
}

static void check_frame(void) {
  unsigned long flags = 0x50000000;
  set_handler(SIGUSR1, on_signal, 0);
  unsigned long x20 = raise_with_values(SIGUSR1, &flags);
  unsigned long stack = (unsigned long)__builtin_frame_address(0);

  check(seen.si_signo == SIGUSR1 && seen.si_code == SI_TKILL && seen.si_pid == getpid() && seen.si_uid == 0,
        "siginfo tells the signal, how it was sent and by whom");
  check_is(registers.regs[20], 0x1234, "the frame holds the registers of the interrupted code");
  check_is(registers.regs[0], 0, "x0 is the system call's result");
  check_is(registers.regs[8], __NR_tgkill, "x8 is its number");
  check_is(registers.pstate, 0x50000000, "pstate holds the flags, and says user mode");
  check(registers.sp > frame_at && registers.sp <= stack, "sp is the interrupted stack pointer");
  check(has_fpsimd, "the frame has a record of the FP registers");
  check(ends, "and its records end with a zero one");
  check_is((unsigned long)context & 15, 0, "the frame is aligned to 16 bytes");
  check_is(context->uc_link, 0, "uc_link is empty");
  check(return_address - getauxval(AT_SYSINFO_EHDR) < 0x2000, "the handler returns into the vDSO");
  check(x20 == 0x1234 && flags == 0x50000000, "after the handler everything is as it was");
}

static void change_registers(int sig, siginfo_t *info, void *uc) {
  (void)sig;
  (void)info;
  context = uc;
  context->uc_mcontext.regs[20] = 0x5678;
  context->uc_mcontext.pstate = 0xa0000000;
  context->uc_sigmask.sig[0] = 1UL << (SIGUSR2 - 1);
}

static void check_changes(void) {
  unsigned long flags = 0;
  sigset_t mask;
  set_handler(SIGUSR1, change_registers, 0);
  check_is(raise_with_values(SIGUSR1, &flags), 0x5678, "check 285: a register that the handler changes in the frame is changed");
  check_is(flags, 0xa0000000, "and so are the flags");
  rt_sigprocmask(SIG_SETMASK, &(sigset_t){{0}}, &mask);
  check_is(mask.sig[0], 1UL << (SIGUSR2 - 1), "and so is the signal mask");
}

static void make_privileged(int sig, siginfo_t *info, void *uc) {
  change_registers(sig, info, uc);
  context->uc_mcontext.pstate = 5; // EL1h
}

static void break_frame(int sig, siginfo_t *info, void *uc) {
  change_registers(sig, info, uc);
  ((struct _aarch64_ctx *)context->uc_mcontext.__reserved)->size = 8;
}

static void die_privileged(void) {
  set_handler(SIGUSR1, make_privileged, 0);
  raise(SIGUSR1);
}

static void die_broken(void) {
  set_handler(SIGUSR1, break_frame, 0);
  raise(SIGUSR1);
}

static void check_bad_frames(void) {
  check_is(in_child(die_privileged), SIGSEGV, "check 278: a frame that asks for more privilege is SIGSEGV");
  check_is(in_child(die_broken), SIGSEGV, "and so is one whose records are broken");
}

static bool on_alternate(unsigned long address) { return address - (unsigned long)alternate < ALTERNATE_SIZE; }

static void check_alternate_stack(void) {
  stack_t stack = {.ss_sp = alternate, .ss_size = ALTERNATE_SIZE}, old;
  check_is(sigaltstack(NULL, &old), 0, "one can ask for the alternate stack");
  check_is(old.ss_flags, SS_DISABLE, "at first there is none");
  check_is(sigaltstack(&stack, NULL), 0, "it can be set");
  set_handler(SIGUSR1, on_signal, 0);
  raise(SIGUSR1);
  check(!on_alternate(frame_at), "a handler without SA_ONSTACK does not use it");
  set_handler(SIGUSR1, on_signal, SA_ONSTACK);
  raise(SIGUSR1);
  check(on_alternate(frame_at), "a handler with SA_ONSTACK does");
  check_is(stack_inside.ss_flags, SS_ONSTACK, "and while it runs the stack is in use");
  check(context->uc_stack.ss_sp == alternate && context->uc_stack.ss_size == ALTERNATE_SIZE, "the frame tells of it");
  sigaltstack(NULL, &old);
  check_is(old.ss_flags, 0, "afterwards it is not in use");
  stack.ss_size = 100;
  check_is(sigaltstack(&stack, NULL), -ENOMEM, "a stack that is too small is ENOMEM");
  stack = (stack_t){.ss_sp = alternate, .ss_size = ALTERNATE_SIZE, .ss_flags = 77};
  check_is(sigaltstack(&stack, NULL), -EINVAL, "unknown flags are EINVAL");
}

int main(void) {
  alternate = mmap(NULL, ALTERNATE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  check_frame();
  check_changes();
  check_bad_frames();
  check_alternate_stack();
  return checked();
}
