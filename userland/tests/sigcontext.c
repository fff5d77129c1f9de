/*
 * sigcontext.c - the signal frame byte by byte, and what sigreturn takes of it
 *
 * Linux: arch/arm64/kernel/signal.c, arch/arm64/include/uapi/asm/sigcontext.h, Manual: sigreturn(2)
 */
#include "check.h"
#include <linux/elf.h>

enum { FRAME = 4688, SVC = 0xd4000001, MOV_X8_139 = 0xd2801168 };

/* What the handler was entered with: x0 to x2, x29, x30, sp. */
unsigned long at_entry[6];
static volatile int edit;
static unsigned long interrupted_sp, copy[(FRAME + 16) / 8]; // of the frame: what is below sp does not last

extern void entered(int, siginfo_t *, void *);
void handler(int sig, siginfo_t *info, void *context);
__asm__(".text\n"
        "entered:\n"
        "  adrp x9, at_entry\n  add x9, x9, :lo12:at_entry\n"
        "  stp x0, x1, [x9]\n  stp x2, x29, [x9, #16]\n"
        "  mov x10, sp\n  stp x30, x10, [x9, #32]\n"
        "  b handler\n");

enum { NOTHING, I_BIT, EL1H, AARCH32, SS, BIT40, IL, MAGIC, NO_FPSIMD, FPSIMD_SIZE, TWICE, END_SIZE, STACK_FLAGS, X0, PC_EDIT, X20 };

__attribute__((used)) void handler(int sig, siginfo_t *info, void *context) {
  (void)sig, (void)info;
  struct ucontext *uc = (void *)(at_entry[5] + 128);
  struct sigcontext *mc = &uc->uc_mcontext;
  unsigned *record = (unsigned *)mc->__reserved;
  (void)context;
  interrupted_sp = (unsigned long)mc->sp;
  memcpy(copy, (void *)at_entry[5], sizeof(copy));
  switch (edit) {
    case I_BIT: mc->pstate |= 0x80; break;
    case EL1H: mc->pstate |= 5; break;
    case AARCH32: mc->pstate |= 0x10; break;
    case SS: mc->pstate |= 1 << 21; break;
    case BIT40: mc->pstate |= 1UL << 40; break;
    case IL: mc->pstate |= 1 << 20; break;
    case MAGIC: record[132] = 0x12345678, record[133] = 16, record[136] = record[137] = 0; break;
    case NO_FPSIMD: record[0] = record[1] = 0; break;
    case FPSIMD_SIZE: record[1] = 0x200; break;
    case TWICE: memcpy(record + 132, record, 528), record[264] = record[265] = 0; break;
    case END_SIZE: record[133] = 16; break;
    case STACK_FLAGS: uc->uc_stack.ss_flags = 77; break;
    case X0: mc->regs[0] = -512UL; break;
    case PC_EDIT: mc->pc += 4; break;
    case X20: mc->regs[20] = 0x2020; break;
  }
}

static void on_segv(int sig, siginfo_t *info, void *context) {
  (void)sig, (void)context;
  exit(info->si_code == SEGV_ACCERR ? 7 : 8);
}

/* Its answer in x0; x20 and one instruction that PC_EDIT skips are watched. */
static unsigned long raise_and_watch(unsigned long *x20_out, unsigned long *skipped) {
  long pid = getpid(), tid = gettid();
  register long x8 __asm__("x8") = __NR_tgkill;
  register long x0 __asm__("x0") = pid;
  register long x1 __asm__("x1") = tid;
  register long x2 __asm__("x2") = SIGUSR1;
  register unsigned long x20 __asm__("x20") = 0x1234;
  register unsigned long x21 __asm__("x21") = 0;
  __asm__ volatile("svc #0\n mov x21, #1" : "+r"(x0), "+r"(x20), "+r"(x21) : "r"(x8), "r"(x1), "r"(x2) : "memory");
  *x20_out = x20;
  *skipped = x21 == 0;
  return (unsigned long)x0;
}

static void check_frame(void) {
  unsigned long x20, skipped;
  set_signal(SIGUSR1, (__sighandler_t)(void *)entered, SA_SIGINFO);
  raise_and_watch(&x20, &skipped);
  unsigned long frame = at_entry[5], *frame_record = &copy[FRAME / 8];
  const struct ucontext *uc = (void *)&copy[128 / 8];
  check(at_entry[0] == SIGUSR1 && at_entry[1] == frame && at_entry[2] == frame + 128, "check 272: siginfo is at sp, ucontext 128 above; x0 to x2 are signal, siginfo, ucontext");
  check((char *)&uc->uc_mcontext - (char *)uc == 176 && interrupted_sp - frame == FRAME + 16 && frame % 16 == 0, "check 272: the frame is 4688 bytes below a frame record");
  const unsigned *record = (const unsigned *)uc->uc_mcontext.__reserved;
  check((char *)record - (char *)copy == 592 && record[0] == FPSIMD_MAGIC && record[1] == 528 && record[132] == 0, "check 273: of records there is FPSIMD, and the end");
  check(at_entry[3] == frame + FRAME && frame_record[0] == uc->uc_mcontext.regs[29] && frame_record[1] == uc->uc_mcontext.regs[30], "check 275: x29 is at a frame record of the interrupted function's x29 and x30");
  const unsigned *trampoline = (const unsigned *)at_entry[4];
  check(trampoline[0] == MOV_X8_139 && trampoline[1] == SVC, "check 276: x30 is at mov x8, #139; svc #0");

  set_signal(SIGUSR1, (__sighandler_t)(void *)entered, 0);
  raise_and_watch(&x20, &skipped);
  check(at_entry[1] != at_entry[5] && (long)at_entry[2] == SIGUSR1, "check 274: without SA_SIGINFO x1 and x2 are what they were");
  struct sigaction action = {.sa_handler = (__sighandler_t)(void *)entered, .sa_flags = SA_RESTORER, .sa_restorer = (void *)trampoline};
  rt_sigaction(SIGUSR1, &action, NULL);
  raise_and_watch(&x20, &skipped);
  check(at_entry[4] == (unsigned long)trampoline, "check 277: with SA_RESTORER x30 is that");
}

static void try_edit(void) {
  unsigned long x20, skipped;
  raise_and_watch(&x20, &skipped);
  exit(1);
}

static void check_edits(void) {
  static const struct {
    int edit, status;
    const char *sentence;
  } rows[] = {
    {I_BIT, 7, "check 278: masked interrupts are SIGSEGV, SEGV_ACCERR"},
    {EL1H, 7, "check 278: and so is another mode"},
    {AARCH32, 7, "check 278: AArch32"},
    {SS, 1, "check 278: PSTATE.SS is ignored"},
    {BIT40, 1, "check 278: and so is a bit without a meaning"},
    {IL, 1, "check 278: PSTATE.IL"},
    {MAGIC, 7, "check 278: an unknown record is SIGSEGV"},
    {NO_FPSIMD, 7, "check 278: and no FPSIMD record"},
    {FPSIMD_SIZE, 7, "check 278: one of another size"},
    {TWICE, 7, "check 278: two of them"},
    {END_SIZE, 7, "check 278: an end with a size"},
    {STACK_FLAGS, 1, "check 278: flags of the stack that make no sense are ignored"},
  };
  set_signal(SIGUSR1, (__sighandler_t)(void *)entered, SA_SIGINFO);
  set_handler(SIGSEGV, on_segv, 0);
  for (size_t i = 0; i < countof(rows); i++) {
    edit = rows[i].edit;
    check_is(in_child(try_edit), rows[i].status << 8, rows[i].sentence);
  }
  unsigned long x20, skipped;
  edit = X20;
  raise_and_watch(&x20, &skipped);
  check(x20 == 0x2020, "check 285: a register changed in the frame is changed");
  edit = PC_EDIT;
  raise_and_watch(&x20, &skipped);
  check(skipped, "check 285: and so is pc");
  edit = X0;
  check_is((long)raise_and_watch(&x20, &skipped), -512, "check 294: an x0 that looks like a restart is no restart");
}

int main(void) {
  check_frame();
  check_edits();
  return checked();
}
