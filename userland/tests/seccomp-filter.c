/*
 * seccomp-filter.c - what can be installed as a filter, and what is refused
 *
 * Linux: kernel/seccomp.c, net/core/filter.c
 */
#include "filter.h"

static struct sock_filter first; // of the program that is tried, before "allow"

static long try_first(void) { return install(0, first, ANSWER(SECCOMP_RET_ALLOW)); }
static long try_alone(void) { return install(0, first); }

static long install_with(unsigned short code, unsigned k) {
  first = (struct sock_filter){code, 0, 0, k};
  long got = try_in_child(BPF_CLASS(code) == BPF_RET ? try_alone : try_first);
  return got == DIED + SIGSYS ? 0 : got; // A is 0, and so is X: some of these are installed, and kill
}

static const struct {
  const char *name;
  unsigned short code;
  unsigned k;
  bool good;
} instructions[] = {
    {"check 173: LD [0]", 0x20, 0, true},         {"check 173: LD [60]", 0x20, 60, true},      {"check 173: LD [64]", 0x20, 64, false},
    {"check 173: LD [2]", 0x20, 2, false},        {"check 173: LDH [0]", 0x28, 0, false},      {"check 173: LDB [0]", 0x30, 0, false},
    {"check 173: LD [X + 0]", 0x40, 0, false},    {"check 173: LD #len", 0x80, 0, true},       {"check 173: LD #1", 0x00, 1, true},
    {"check 173: LDX #1", 0x01, 1, true},         {"check 173: LDX #len", 0x81, 0, true},      {"check 173: LDXB 4*([0]&15)", 0xb1, 0, false},
    {"check 173: LD ancillary", 0x20, 0xfffff000, false},
    {"check 173: ST M[15]", 0x02, 15, true},      {"check 173: ST M[16]", 0x02, 16, false},    {"check 173: STX M[15]", 0x03, 15, true},
    {"check 173: STX M[16]", 0x03, 16, false},    {"check 173: ADD #1", 0x04, 1, true},        {"check 173: ADD X", 0x0c, 0, true},
    {"check 173: SUB #1", 0x14, 1, true},         {"check 173: MUL #1", 0x24, 1, true},        {"check 173: DIV #1", 0x34, 1, true},
    {"check 173: DIV #0", 0x34, 0, false},        {"check 173: DIV X", 0x3c, 0, true},         {"check 173: OR #1", 0x44, 1, true},
    {"check 173: AND #1", 0x54, 1, true},         {"check 173: LSH #31", 0x64, 31, true},      {"check 173: LSH #32", 0x64, 32, false},
    {"check 173: RSH #31", 0x74, 31, true},       {"check 173: RSH #32", 0x74, 32, false},     {"check 173: LSH X", 0x6c, 0, true},
    {"check 173: NEG", 0x84, 0, true},            {"check 173: MOD #1", 0x94, 1, false},       {"check 173: XOR #1", 0xa4, 1, true},
    {"check 173: JA +0", 0x05, 0, true},          {"check 173: JA past the end", 0x05, 1, false},
    {"check 173: JEQ #0", 0x15, 0, true},         {"check 173: JGT X", 0x2d, 0, true},         {"check 173: JGE #0", 0x35, 0, true},
    {"check 173: JSET #0", 0x45, 0, true},        {"check 173: RET #allow", 0x06, 0x7fff0000, true},
    {"check 173: RET A", 0x16, 0, true},          {"check 173: RET X", 0x0e, 0, false},        {"check 173: TAX", 0x07, 0, true},
    {"check 173: TXA", 0x87, 0, true},            {"check 173: an instruction that does not exist", 0xff, 0, false},
};

static long jump_outside(void) { return install(0, BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1), ANSWER(SECCOMP_RET_ALLOW)); }
static long no_return(void) { return install(0, BPF_STMT(BPF_LD | BPF_IMM, 0)); }
static long unset_memory(void) { return install(0, BPF_STMT(BPF_LD | BPF_MEM, 3), ANSWER(SECCOMP_RET_ALLOW)); }
static long set_on_one_path(void) {
  return install(0, LOAD_NR, IF_EQUAL(1, 0, 1), BPF_STMT(BPF_ST, 3), BPF_STMT(BPF_LD | BPF_MEM, 3), ANSWER(SECCOMP_RET_ALLOW));
}
static long set_on_both(void) {
  return install(0, LOAD_NR, IF_EQUAL(1, 0, 2), BPF_STMT(BPF_ST, 3), BPF_JUMP(BPF_JMP | BPF_JA, 1, 0, 0), BPF_STMT(BPF_ST, 3),
                 BPF_STMT(BPF_LD | BPF_MEM, 3), ANSWER(SECCOMP_RET_ALLOW));
}
static long divide_by_zero(void) {
  install(0, BPF_STMT(BPF_ALU | BPF_DIV | BPF_X, 0), ANSWER(SECCOMP_RET_ALLOW));
  return getppid();
}

static struct sock_filter program[4097];
static size_t length;
static long try_program(void) { return install_program(program, length, 0); }
static long try_length(size_t n) {
  for (size_t i = 0; i + 1 < n; i++) program[i] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_IMM, 0);
  if (n) program[n - 1] = (struct sock_filter)ANSWER(SECCOMP_RET_ALLOW);
  length = n;
  return try_in_child(try_program);
}
static long how_many_long(void) {
  long n = 0;
  while (n < 20 && try_program() == 0) n++;
  long err = try_program();
  return err == -ENOMEM ? n : err;
}
static long how_many_short(void) {
  how_many_long();
  long n = 0;
  while (install(0, ANSWER(SECCOMP_RET_ALLOW)) == 0) n++;
  return n;
}

static long as_somebody(void) {
  syscall(__NR_setresuid, 1000, 1000, 1000);
  return filter_call(__NR_getppid, SECCOMP_RET_ALLOW, 0);
}
static long as_somebody_without_privileges(void) {
  forbid_new_privileges();
  return as_somebody();
}
static unsigned flags;
static long with_flags(void) {
  long got = filter_call(__NR_getppid, SECCOMP_RET_ALLOW, flags);
  return got > 0 ? 0 : got; // a descriptor
}
static long try_flags(unsigned which) {
  flags = which;
  return try_in_child(with_flags);
}
static long null_program(void) { return install_program(NULL, 1, 0); }
static long unmapped_program(void) { return install_program((void *)8, 1, 0); }

int main(void) {
  check_is(try_in_child(as_somebody), -EACCES, "check 172: without no_new_privs it takes a privilege");
  check_is(try_in_child(as_somebody_without_privileges), 0, "check 172: with it, none");
  for (size_t i = 0; i < countof(instructions); i++)
    check_is(install_with(instructions[i].code, instructions[i].k), instructions[i].good ? 0 : -EINVAL, instructions[i].name);
  check_is(try_in_child(jump_outside), -EINVAL, "check 173: a jump to behind the end");
  check_is(try_in_child(no_return), -EINVAL, "check 173: the last instruction must be a RET");
  check_is(try_in_child(unset_memory), -EINVAL, "check 174: a load of what was not stored");
  check_is(try_in_child(set_on_one_path), -EINVAL, "check 174: or on one path only");
  check_is(try_in_child(set_on_both), 0, "check 174: on every path");
  check_is(try_in_child(divide_by_zero), DIED + SIGSYS, "check 175: a division by zero answers 0, which kills");
  check_is(try_length(0), -EINVAL, "check 176: no instruction");
  check_is(try_length(4097), -EINVAL, "check 176: 4097 instructions are too many");
  check_is(try_length(4096), 0, "check 176: 4096 are not");
  check_is(try_in_child(how_many_long), 7, "check 177: seven of those fit on one path");
  check_is(try_in_child(how_many_short), 449, "check 177: and then 449 of the shortest");
  check_is(seccomp(SECCOMP_SET_MODE_FILTER, 0, NULL), -EFAULT, "no description of a program");
  check_is(try_in_child(null_program), -EINVAL, "no program");
  check_is(try_in_child(unmapped_program), -EFAULT, "a program that cannot be read");
  check_is(try_flags(64), -EINVAL, "check 198: an unknown flag");
  check_is(try_flags(SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_NEW_LISTENER), -EINVAL, "check 198: TSYNC | NEW_LISTENER");
  check_is(try_flags(SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV), -EINVAL, "check 198: WAIT_KILLABLE_RECV alone");
  check_is(try_flags(SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_TSYNC_ESRCH), 0,
           "check 198: TSYNC | NEW_LISTENER | TSYNC_ESRCH");
  check_is(try_flags(SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV | SECCOMP_FILTER_FLAG_NEW_LISTENER), 0,
           "check 198: WAIT_KILLABLE_RECV | NEW_LISTENER");
  check_is(try_flags(SECCOMP_FILTER_FLAG_LOG | SECCOMP_FILTER_FLAG_SPEC_ALLOW), 0, "check 198: LOG | SPEC_ALLOW");
  return checked();
}
