/*
 * ptrace-info.c - the system call a tracee is in, in one structure
 *
 * Linux: kernel/ptrace.c (ptrace_get_syscall_info), Manual: ptrace(2), PTRACE_GET_SYSCALL_INFO
 */
#include "trace.h"

enum { AUDIT_ARCH = (int)0xc00000b7 };

static void calls(void) {
  syscall(__NR_getpgid, 0x1111, 2, 3, 4, 5, 0x8000000000000000UL);
  syscall(__NR_getpgid, 0);
  raise(SIGUSR1);
  exit(0);
}

static long ask(long pid, size_t size, void *to) { return ptrace(PTRACE_GET_SYSCALL_INFO, (pid_t)pid, size, to); }

static void check_kinds(void) {
  long pid = tracee(calls, SYSGOOD);
  struct ptrace_syscall_info info = get_info(pid);
  check_is(ask(pid, 0, NULL), 24, "check 84: 24 bytes at a stop that is no system call's");
  check(info.op == 0, "check 86: op 0 there");

  to_syscall(pid);
  struct user_pt_regs regs = get_regs(pid);
  info = get_info(pid);
  check_is(ask(pid, 0, NULL), 80, "check 84: 80 at an entry");
  check(info.op == PTRACE_SYSCALL_INFO_ENTRY && info.arch == (unsigned)AUDIT_ARCH, "check 87: with the architecture");
  check(info.instruction_pointer == regs.pc && info.stack_pointer == regs.sp, "check 88: pc and sp are the registers'");
  check(info.entry.nr == __NR_getpgid && info.entry.args[0] == 0x1111 && info.entry.args[1] == 2 && info.entry.args[4] == 5 &&
          info.entry.args[5] == 0x8000000000000000UL, "number and arguments, all 64 bits");

  to_syscall(pid);
  info = get_info(pid);
  check_is(ask(pid, 0, NULL), 33, "check 84: 33 at an exit");
  check(info.op == PTRACE_SYSCALL_INFO_EXIT && info.exit.rval == -ESRCH && info.exit.is_error == 1, "check 89: an error is marked as one");
  put_reg(pid, 0, -4096UL);
  check(get_info(pid).exit.rval == -4096 && get_info(pid).exit.is_error == 0, "check 89: -4096 is none");
  put_reg(pid, 0, -4095UL);
  check(get_info(pid).exit.is_error == 1, "check 89: -4095 is");
  put_reg(pid, 0, 0x8000000000000000UL);
  check(get_info(pid).exit.rval == (long)0x8000000000000000UL && get_info(pid).exit.is_error == 0, "a result can be any number");

  to_syscall(pid);
  to_syscall(pid);
  check(get_info(pid).exit.rval >= 0 && get_info(pid).exit.is_error == 0, "success is no error");
  to_syscall(pid); // getpid, gettid and tgkill of raise()
  to_syscall(pid);
  to_syscall(pid);
  to_syscall(pid);
  to_syscall(pid);
  to_syscall(pid);
  check_is(to_syscall(pid), SIGUSR1 << 8 | 0x7f, "a signal");
  check_is(ask(pid, sizeof(info), &info), 24, "check 86: is no system call");
  check(info.op == 0, "check 86: op 0");
  end(pid);

  pid = tracee(calls, 0);
  to_syscall(pid);
  check_is(ask(pid, sizeof(info), &info), 24, "without TRACESYSGOOD nobody can tell: 24 bytes");
  end(pid);
}

static void check_sizes(void) {
  unsigned char bytes[128];
  long pid = tracee(calls, SYSGOOD);
  to_syscall(pid);
  for (size_t size = 0; size <= 96; size += 8) {
    memset(bytes, 0xaa, sizeof(bytes));
    long full = ask(pid, size, bytes);
    size_t wrote = size < 80 ? size : 80;
    bool beyond = true;
    for (size_t i = wrote; i < sizeof(bytes); i++) beyond = beyond && bytes[i] == 0xaa;
    if (full != 80 || !beyond || (size && bytes[0] != 1)) {
      check(false, "check 85: the full size whatever the room, check 98: nothing beyond it");
      end(pid);
      return;
    }
  }
  check(true, "check 85: the full size whatever the room");
  check(true, "check 98: nothing is written beyond it");
  check_is(ask(pid, 80, (void *)8), -EFAULT, "a bad pointer is EFAULT");
  end(pid);
}

int main(void) {
  check_kinds();
  check_sizes();
  return checked();
}
