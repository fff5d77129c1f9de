/*
 * ptrace-regset.c - register sets: their sizes, and what may be written
 *
 * Linux: arch/arm64/kernel/ptrace.c, kernel/ptrace.c (ptrace_regset), Manual: ptrace(2), PTRACE_GETREGSET
 */
#include "trace.h"

enum { TLS = 0x401, BREAK = 0x402, WATCH = 0x403 };

/* Adds up what the tracer put there: x0, NZCV, the thread pointer. */
extern char shows_registers[];
__asm__(".text\n"
        "shows_registers:\n"
        "  mrs x1, nzcv\n  lsr x1, x1, #28\n"
        "  mrs x2, tpidr_el0\n"
        "  add x0, x0, x1\n  add x0, x0, x2\n"
        "  mov x8, #94\n  svc #0\n");

static void idle(void) {
  for (;;) sched_yield();
}

static long asked(long pid, unsigned long type, size_t size, size_t *got) {
  static unsigned char room[2048];
  struct iovec iov = {room, size};
  long err = ptrace(PTRACE_GETREGSET, (pid_t)pid, type, &iov);
  *got = iov.iov_len;
  return err;
}

static void check_sizes(long pid) {
  static const struct {
    unsigned long type;
    size_t size, unit;
    const char *sentence;
  } sets[] = {
    {NT_PRSTATUS, 272, 8, "check 99: the general registers are 272 bytes"},
    {NT_PRFPREG, 528, 4, "check 99: the vector registers 528"},
    {TLS, 16, 8, "check 99: the thread pointers 16"},
    {NT_ARM_SYSTEM_CALL, 4, 4, "check 99: the system call's number 4"},
    {BREAK, 264, 4, "check 99: breakpoints 264"},
    {WATCH, 264, 4, "check 99: watchpoints 264"},
  };
  bool odd = true, none = true, part = true;
  size_t got;
  for (size_t i = 0; i < countof(sets); i++) {
    check(asked(pid, sets[i].type, 2048, &got) == 0 && got == sets[i].size, sets[i].sentence);
    odd = odd && asked(pid, sets[i].type, sets[i].unit + 1, &got) == -EINVAL && got == sets[i].unit + 1;
    none = none && asked(pid, sets[i].type, 0, &got) == 0 && got == 0;
    part = part && asked(pid, sets[i].type, sets[i].unit, &got) == 0 && got == sets[i].unit;
  }
  check(true, "check 100: a longer buffer is told the size");
  check(odd, "check 101: what is no multiple of the unit is EINVAL");
  check(none, "check 103: nothing can be asked for");
  check(part, "and a part");
  check_is(asked(pid, 0x4ff, 8, &got), -EINVAL, "check 102: an unknown type is EINVAL");
  check_is(asked(pid, 0x405, 8, &got), -EINVAL, "check 102: and so is one the processor does not have: SVE");
  check_is(asked(pid, 0x406, 8, &got), -EINVAL, "check 102: pointer authentication");
  struct iovec bad = {(void *)8, 8};
  check_is(ptrace(PTRACE_GETREGSET, (pid_t)pid, NT_PRSTATUS, &bad), -EFAULT, "a bad buffer is EFAULT");
  check_is(ptrace(PTRACE_SETREGSET, (pid_t)pid, NT_PRSTATUS, &bad), -EFAULT, "also for writing");
  check_is(ptrace(PTRACE_GETREGSET, (pid_t)pid, NT_PRSTATUS, (void *)8), -EFAULT, "and so is a bad iovec");
}

static void check_pstate(long pid) {
  static const unsigned long refused[] = {0x80, 0x40, 0x100, 0x200, 0x3c0, 5, 1, 4, 0x10};
  static const unsigned long dropped[] = {1UL << 40, 1UL << 20, 1UL << 22, 1UL << 23, 1UL << 26, 1UL << 13, 1UL << 5, 1UL << 21};
  struct user_pt_regs before = get_regs(pid), regs = before;
  bool good = true;
  for (size_t i = 0; i < countof(refused); i++) {
    regs = before;
    regs.pstate |= refused[i];
    regs.regs[0] = 0x7777;
    good = good && put_regs(pid, &regs) == -EINVAL;
  }
  check(good, "check 105: another mode, masked interrupts or AArch32 are EINVAL");
  regs = get_regs(pid);
  check(memcmp(&regs, &before, sizeof(regs)) == 0, "check 105: and change no register");
  good = true;
  for (size_t i = 0; i < countof(dropped); i++) {
    regs = before;
    regs.pstate |= dropped[i];
    good = good && put_regs(pid, &regs) == 0 && get_regs(pid).pstate == before.pstate;
  }
  check(good, "check 106: bits without a meaning are dropped");
  regs = before;
  regs.pstate |= 0xf0000000;
  check(put_regs(pid, &regs) == 0 && get_regs(pid).pstate == (before.pstate | 0xf0000000), "check 107: the flags can be written");
  put_regs(pid, &before);
}

static void check_writing(long pid) {
  struct user_pt_regs regs = get_regs(pid);
  unsigned long two[2] = {0x10, 0xabcd};
  check_is(put_set(pid, NT_PRSTATUS, two, 16), 0, "check 104: the first two registers");
  struct user_pt_regs now = get_regs(pid);
  check(now.regs[0] == 0x10 && now.regs[1] == 0xabcd && memcmp(&now.regs[2], &regs.regs[2], sizeof(regs) - 16) == 0,
        "check 104: are written, and the rest is as it was");

  unsigned long tls[2] = {0x20, 5}, seen[2] = {1, 1};
  check_is(put_set(pid, TLS, tls, 8), 0, "check 109: the thread pointer");
  get_set(pid, TLS, seen, 16);
  check(seen[0] == 0x20 && seen[1] == 0, "and the second one, which does not exist");
  now.pc = (unsigned long)shows_registers;
  now.pstate = (now.pstate & ~0xf0000000UL) | 0x50000000;
  put_regs(pid, &now);
  check_is(run_to_stop(PTRACE_CONT, pid, 0), 0x35 << 8, "check 109: the program finds them all: x0, the thread pointer, check 107: the flags");
}

int main(void) {
  long pid = tracee(idle, SYSGOOD);
  check_sizes(pid);
  check_pstate(pid);
  check_is(ptrace(PTRACE_PEEKUSR, (pid_t)pid, 0, &pid), -EIO, "check 112: there is no user area to read");
  check_is(ptrace(PTRACE_POKEUSR, (pid_t)pid, 0, NULL), -EIO, "check 112: nor to write");
  check_is(ptrace(12, (pid_t)pid, 0, NULL), -EIO, "nor do requests of other machines work");
  check_is(ptrace(0x5555, (pid_t)pid, 0, NULL), -EIO, "or unknown ones");
  check_writing(pid);
  return checked();
}
