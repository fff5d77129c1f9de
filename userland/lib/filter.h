/*
 * filter.h - seccomp filters for tests and demos, of as few instructions as they need
 */
#pragma once
#include "check.h"
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

#define FIELD(offset) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offset)
#define LOAD_NR FIELD(0)
#define LOAD_IP FIELD(8)
#define LOAD_ARG_LOW(n) FIELD(16 + 8 * (n))
#define LOAD_ARG_HIGH(n) FIELD(20 + 8 * (n))
#define IF_EQUAL(value, then, otherwise) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, then, otherwise)
#define ANSWER(action) BPF_STMT(BPF_RET | BPF_K, action)

static inline long seccomp(unsigned operation, unsigned flags, void *args) {
  return syscall(__NR_seccomp, operation, flags, args);
}

static inline long install_program(struct sock_filter *program, size_t length, unsigned flags) {
  struct sock_fprog prog = {(unsigned short)length, program};
  return seccomp(SECCOMP_SET_MODE_FILTER, flags, &prog);
}
#define install(flags, ...) \
  install_program((struct sock_filter[]){__VA_ARGS__}, sizeof((struct sock_filter[]){__VA_ARGS__}) / 8, flags)

/* One call gets the action, all others are allowed. */
static inline long filter_call(long nr, unsigned action, unsigned flags) {
  return install(flags, LOAD_NR, IF_EQUAL(nr, 0, 1), ANSWER(action), ANSWER(SECCOMP_RET_ALLOW));
}

/* What the function returned in a child; one that died instead: DIED + the signal. */
enum { DIED = 1 << 20 };
static inline long try_in_child(long (*run)(void)) {
  long *result = shared_page();
  long pid = fork();
  if (pid == 0) {
    *result = run();
    exit(0);
  }
  int status = 0;
  wait4((pid_t)pid, &status, 0, NULL);
  long answer = status & 0x7f ? DIED + (status & 0x7f) : *result;
  munmap(result, 4096);
  return answer;
}

static inline long forbid_new_privileges(void) { return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); }
