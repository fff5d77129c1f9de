/*
 * trace.h - what a tracer needs, for tests
 *
 * A tracee is a child that asks to be traced and stops itself; what it does then is up to the test. Unless a sentence is
 * about a request's failure, requests are expected to succeed, and nobody looks.
 */
#pragma once
#include "check.h"
#include <asm/ptrace.h>
#include <linux/elf.h>
#include <linux/uio.h>

#ifndef NT_ARM_SYSTEM_CALL
#define NT_ARM_SYSTEM_CALL 0x404
#endif

enum { SYSGOOD = PTRACE_O_TRACESYSGOOD };
/* wait statuses of stops */
enum { AT_SYSCALL = 0x857f, AT_TRAP = 0x057f, AT_SIGSTOP = 0x137f };
#define AT_EVENT(event) ((event) << 16 | 0x057f)

static inline int wait_for(long pid) {
  int status = -1;
  long got = wait4((pid_t)pid, &status, __WALL, NULL);
  return got == pid ? status : (int)got;
}

/* Lets it go on, and tells what it stops with next. `sig`: the signal to go on with. */
static inline long resume(long request, long pid, long sig) { return ptrace(request, (pid_t)pid, 0, (void *)sig); }
static inline int run_to_stop(long request, long pid, long sig) {
  long err = resume(request, pid, sig);
  return err < 0 ? (int)err : wait_for(pid);
}

static inline long set_options(long pid, long options) {
  return ptrace(PTRACE_SETOPTIONS, (pid_t)pid, 0, (void *)options);
}

/* The child, in its first stop, with those options. */
static inline long tracee(void (*run)(void), long options) {
  long pid = fork();
  if (pid == 0) {
    ptrace(PTRACE_TRACEME, 0, 0, NULL);
    raise(SIGSTOP);
    run();
    exit(0);
  }
  wait_for(pid);
  set_options(pid, options);
  return pid;
}

static inline void end(long pid) {
  kill((pid_t)pid, SIGKILL);
  while (wait_for(pid) > 0) {}
}

static inline long get_set(long pid, unsigned long type, void *data, size_t size) {
  struct iovec iov = {data, size};
  return ptrace(PTRACE_GETREGSET, (pid_t)pid, type, &iov);
}
static inline long put_set(long pid, unsigned long type, void *data, size_t size) {
  struct iovec iov = {data, size};
  return ptrace(PTRACE_SETREGSET, (pid_t)pid, type, &iov);
}

static inline struct user_pt_regs get_regs(long pid) {
  struct user_pt_regs regs;
  memset(&regs, 0x55, sizeof(regs));
  get_set(pid, NT_PRSTATUS, &regs, sizeof(regs));
  return regs;
}
static inline long put_regs(long pid, struct user_pt_regs *regs) {
  return put_set(pid, NT_PRSTATUS, regs, sizeof(*regs));
}
static inline unsigned long get_reg(long pid, int n) { return get_regs(pid).regs[n]; }
static inline void put_reg(long pid, int n, unsigned long value) {
  struct user_pt_regs regs = get_regs(pid);
  regs.regs[n] = value;
  put_regs(pid, &regs);
}

/* The number of the system call it is in; -1: in none. */
static inline int get_nr(long pid) {
  int nr = 0x55555555;
  get_set(pid, NT_ARM_SYSTEM_CALL, &nr, sizeof(nr));
  return nr;
}
static inline void put_nr(long pid, int nr) { put_set(pid, NT_ARM_SYSTEM_CALL, &nr, sizeof(nr)); }

static inline unsigned long message(long pid) {
  unsigned long value = 0x5555;
  ptrace(PTRACE_GETEVENTMSG, (pid_t)pid, 0, &value);
  return value;
}

static inline siginfo_t get_siginfo(long pid) {
  siginfo_t info;
  memset(&info, 0x55, sizeof(info));
  ptrace(PTRACE_GETSIGINFO, (pid_t)pid, 0, &info);
  return info;
}
static inline int get_code(long pid) { return get_siginfo(pid).si_code; }

static inline struct ptrace_syscall_info get_info(long pid) {
  struct ptrace_syscall_info info;
  memset(&info, 0x55, sizeof(info));
  ptrace(PTRACE_GET_SYSCALL_INFO, (pid_t)pid, sizeof(info), &info);
  return info;
}

/* Runs on to the next system call stop, and past one that is not. */
static inline int to_syscall(long pid) { return run_to_stop(PTRACE_SYSCALL, pid, 0); }
