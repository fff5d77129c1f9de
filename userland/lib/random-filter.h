/*
 * random-filter.h - seccomp filters of random bytes, of random instructions, and good ones with a few bytes changed
 */
#pragma once
#include "filter.h"
#include "random.h"

static const unsigned filter_actions[] = {
  SECCOMP_RET_ALLOW, SECCOMP_RET_ERRNO | 7, SECCOMP_RET_TRAP | 5, SECCOMP_RET_TRACE | 9, SECCOMP_RET_LOG,
  SECCOMP_RET_USER_NOTIF, SECCOMP_RET_KILL_THREAD, SECCOMP_RET_KILL_PROCESS, 0x12340000};
static unsigned filter_action(void) { return filter_actions[pick(one_in(10) ? countof(filter_actions) : 5)]; }

static struct sock_filter random_instruction(void) {
  static const unsigned short codes[] = {
    BPF_LD | BPF_W | BPF_ABS, BPF_LD | BPF_IMM, BPF_LDX | BPF_IMM, BPF_LD | BPF_MEM, BPF_LDX | BPF_MEM, BPF_ST, BPF_STX,
    BPF_LD | BPF_W | BPF_LEN, BPF_MISC | BPF_TAX, BPF_MISC | BPF_TXA, BPF_RET | BPF_A, BPF_RET | BPF_K,
    BPF_JMP | BPF_JA, BPF_JMP | BPF_JEQ | BPF_K, BPF_JMP | BPF_JGT | BPF_X, BPF_JMP | BPF_JSET | BPF_K};
  struct sock_filter insn = {codes[pick(countof(codes))], 0, 0, (unsigned)(4 * pick(16))};
  if (one_in(3)) insn.code = (unsigned short)(BPF_ALU | pick(11) << 4 | (one_in(2) ? BPF_X : BPF_K));
  if (one_in(30)) insn.code = (unsigned short)pick(256);
  if (insn.code == (BPF_RET | BPF_K)) insn.k = filter_action();
  if (BPF_CLASS(insn.code) == BPF_JMP) insn.jt = (unsigned char)pick(4), insn.jf = (unsigned char)pick(4), insn.k = (unsigned)pick(300);
  if (one_in(30)) insn.k = (unsigned)argument();
  return insn;
}

static void change_a_byte(struct sock_filter *program, size_t length) {
  ((char *)program)[pick(length * sizeof(*program))] = (char)random_word();
}

enum { FILTER_ROOM = 16 };
static inline size_t random_program(struct sock_filter *program, unsigned nr) {
  const struct sock_filter good[] = {LOAD_NR, IF_EQUAL(nr, 0, 1), ANSWER(filter_action()), ANSWER(SECCOMP_RET_ALLOW)};
  size_t length = 1 + pick(FILTER_ROOM);
  switch (pick(6)) {
    case 0: // bytes
      for (size_t i = 0; i < length; i++) ((unsigned long *)program)[i] = random_word();
      return length;
    case 1:
    case 2: // instructions
      for (size_t i = 0; i < length; i++) program[i] = random_instruction();
      program[length - 1] = (struct sock_filter)ANSWER(filter_action());
      return length;
    default:
      memcpy(program, good, sizeof(good));
      if (one_in(3))
        for (size_t i = pick(4); i > 0; i--) change_a_byte(program, countof(good));
      return countof(good);
  }
}
