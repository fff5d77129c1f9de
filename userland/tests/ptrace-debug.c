/*
 * ptrace-debug.c - breakpoints and watchpoints of the hardware
 *
 * Linux: arch/arm64/kernel/{hw_breakpoint,ptrace}.c, Manual: ptrace(2), NT_ARM_HW_BREAK
 */
#include "thread.h"
#include "trace.h"

enum { BREAK = 0x402, WATCH = 0x403, EXECUTE = 0x1e5, LOAD = 1 << 3, STORE = 2 << 3, ENABLE = 5 };
#define BYTES(mask) ((mask) << 5)

struct debug {
  unsigned info, pad;
  struct {
    unsigned long addr;
    unsigned ctrl, pad;
  } regs[16];
};

static unsigned long words[4] __attribute__((aligned(32)));
extern char touch[], touch_store[], touch_byte[], touch_svc[], touch_end[];
__asm__(".text\n"
        "touch: mov x1, x0\n"
        "  ldr x2, [x1]\n"
        "touch_store: str x2, [x1]\n"
        "touch_byte: strb w2, [x1, #13]\n"
        "  mov x8, #173\n"
        "touch_svc: svc #0\n"
        "touch_end: mov x0, #3\n"
        "  mov x8, #94\n"
        "  svc #0\n");

static void touches(void) { ((void (*)(void *))touch)(words); }

static long arm(long pid, unsigned long type, int slot, const void *addr, unsigned ctrl) {
  struct debug debug = {0};
  debug.regs[slot].addr = (unsigned long)addr;
  debug.regs[slot].ctrl = ctrl;
  return put_set(pid, type, &debug, 8 + 16 * (size_t)(slot + 1));
}

static int hit(long pid, const void *addr, const char *pc) { // the next stop is that one
  if (run_to_stop(PTRACE_CONT, pid, 0) != AT_TRAP) return 0;
  siginfo_t info = get_siginfo(pid);
  return info.si_code == TRAP_HWBKPT && info.si_addr == addr && get_regs(pid).pc == (unsigned long)pc;
}

static void check_break(void) {
  struct debug debug = {0};
  long pid = tracee(touches, 0);
  get_set(pid, BREAK, &debug, sizeof(debug));
  check_is(debug.info, 0x606, "check 161: six breakpoints, debug architecture 6");
  get_set(pid, WATCH, &debug, sizeof(debug));
  check_is(debug.info, 0x604, "check 161: four watchpoints");

  check_is(arm(pid, BREAK, 0, touch_store, EXECUTE), 0, "a breakpoint");
  check(hit(pid, touch_store, touch_store), "check 162: hits with TRAP_HWBKPT, before the instruction");
  check(run_to_stop(PTRACE_SINGLESTEP, pid, 0) == AT_TRAP && get_code(pid) == TRAP_HWBKPT && get_regs(pid).pc == (unsigned long)touch_store,
        "check 163: a step hits it again");
  arm(pid, BREAK, 0, touch_store, 0);
  check(run_to_stop(PTRACE_SINGLESTEP, pid, 0) == AT_TRAP && get_regs(pid).pc == (unsigned long)touch_byte, "check 163: until it is cleared");
  arm(pid, BREAK, 5, touch_end, EXECUTE);
  check(hit(pid, touch_end, touch_end), "check 170: one behind a system call hits after it");
  check((long)get_reg(pid, 0) == getpid(), "check 170: with the result there");
  arm(pid, BREAK, 5, touch_end, 0);
  check_is(run_to_stop(PTRACE_CONT, pid, 0), 3 << 8, "then it runs on");
}

static void check_watch(void) {
  long pid = tracee(touches, 0);
  check_is(arm(pid, WATCH, 0, words, ENABLE | STORE | BYTES(0xff)), 0, "a watchpoint for stores");
  check(hit(pid, words, touch_store), "check 164: hits with the address of the data");
  arm(pid, WATCH, 0, words, 0);
  arm(pid, WATCH, 3, &words[1], ENABLE | STORE | BYTES(1 << 5));
  check(hit(pid, (char *)words + 13, touch_byte), "check 164: one byte can be watched");
  end(pid);

  pid = tracee(touches, 0);
  arm(pid, WATCH, 1, words, ENABLE | LOAD | BYTES(0xff));
  check(hit(pid, words, touch + 4), "a load");
  end(pid);
  pid = tracee(touches, 0);
  arm(pid, WATCH, 1, &words[2], ENABLE | LOAD | STORE | BYTES(0xff));
  check_is(run_to_stop(PTRACE_CONT, pid, 0), 3 << 8, "what nobody touches nobody hits");
}

static void check_errors(void) {
  static const struct {
    unsigned long type, addr;
    unsigned ctrl;
    long want;
    const char *sentence;
  } rows[] = {
    {BREAK, 0xffff000000000000UL, EXECUTE, -EINVAL, "check 165: nobody watches the kernel"},
    {WATCH, 0xffff000000000000UL, ENABLE | STORE | BYTES(0xff), -EINVAL, "check 165: nor its data"},
    {BREAK, 0x400002, EXECUTE, 0, "check 166: the address of a breakpoint is rounded"},
    {WATCH, 0x400000, ENABLE | STORE | BYTES(5), -EINVAL, "check 167: bytes that are not neighbours cannot be watched"},
    {WATCH, 0x400000, ENABLE | STORE, -EINVAL, "check 167: nor none at all"},
    {WATCH, 0x400004, ENABLE | STORE | BYTES(0xff), -EINVAL, "check 167: nor eight that are not aligned"},
    {WATCH, 0x400004, ENABLE | STORE | BYTES(0xf), 0, "check 167: four are"},
    {WATCH, 0x400000, BYTES(5), 0, "check 168: what is not enabled may say anything"},
    {WATCH, 0x400001, BYTES(0xff) | STORE, 0, "check 168: anywhere"},
  };
  for (size_t i = 0; i < countof(rows); i++) {
    long pid = tracee(touches, 0);
    check_is(arm(pid, rows[i].type, 0, (void *)rows[i].addr, rows[i].ctrl), rows[i].want, rows[i].sentence);
    end(pid);
  }
  long pid = tracee(touches, 0);
  check_is(arm(pid, BREAK, 6, touch, EXECUTE), -ENOSPC, "there is no seventh breakpoint");
  check_is(arm(pid, WATCH, 4, words, 0), -ENOSPC, "and no fifth watchpoint, not even one that is off");
  arm(pid, WATCH, 0, words, ENABLE | STORE | BYTES(0xff));
  check_is(arm(pid, WATCH, 0, (char *)words + 4, ENABLE | STORE | BYTES(0xf)), -EINVAL, "one that is set is moved before it is shortened");
  struct debug debug = {0};
  get_set(pid, WATCH, &debug, sizeof(debug));
  check(debug.regs[0].addr == (unsigned long)words && debug.regs[0].ctrl == 0x1ff5, "so it stays where it was");
  arm(pid, WATCH, 0, words, 0);
  get_set(pid, WATCH, &debug, sizeof(debug));
  check_is(debug.regs[0].ctrl, 0x1ff4, "switched off it remembers what it was");
  end(pid);
}

static void in_child_too(void) {
  int status = in_child(touches);
  exit(status == 3 << 8 ? 4 : 5);
}
static void in_thread_too(void) {
  start_thread(touches, 0, NULL, 0);
  for (;;) sleep_ms(1000);
}
static void becomes_program(void) {
  char *argv[] = {"ptrace-debug", "touch", NULL}, *envp[] = {NULL};
  execve("/proc/self/exe", argv, envp);
}

static void check_life(void) {
  long pid = tracee(in_child_too, 0);
  arm(pid, BREAK, 0, touch_store, EXECUTE);
  check_is(run_to_stop(PTRACE_CONT, pid, 0), SIGCHLD << 8 | 0x7f, "check 169: a child has no breakpoints of its parent's");
  check_is(run_to_stop(PTRACE_CONT, pid, 0), 4 << 8, "check 169: it ran through");
  pid = tracee(in_thread_too, 0);
  arm(pid, BREAK, 0, touch_store, EXECUTE);
  check_is(run_to_stop(PTRACE_CONT, pid, 0), 3 << 8, "check 169: nor has a thread that it makes");
  pid = tracee(becomes_program, 0);
  arm(pid, BREAK, 0, touch_store, EXECUTE);
  check_is(run_to_stop(PTRACE_CONT, pid, 0), AT_TRAP, "after execve");
  check_is(run_to_stop(PTRACE_CONT, pid, 0), 3 << 8, "check 169: they are gone");
}

int main(int argc, char **argv) {
  (void)argv;
  if (argc > 1) touches();
  check_break();
  check_watch();
  check_errors();
  check_life();
  return checked();
}
