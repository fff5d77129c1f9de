/*
 * syscall.c - the system call itself: which number, which registers, what is left of them
 *
 * Linux: arch/arm64/kernel/syscall.c, arch/arm64/kernel/entry.S
 */
#include "check.h"

#define NO_SUCH_CALL 9999

/* Like syscall6(), but with all of x8. */
static long call(unsigned long x8_value, long x0_value) {
  register unsigned long x8 __asm__("x8") = x8_value;
  register long x0 __asm__("x0") = x0_value;
  __asm__ volatile("svc #0" : "+r"(x0) : "r"(x8) : "memory", "cc");
  return x0;
}

static long call_with_immediate(void) {
  register long x8 __asm__("x8") = __NR_getpid;
  register long x0 __asm__("x0");
  __asm__ volatile("svc #0x1234" : "=r"(x0) : "r"(x8) : "memory", "cc");
  return x0;
}

/*
 * Fills x1 to x29 with 1, 2, 3..., makes the call with the number in x8, and adds up what has become of each
 * register: zero if nothing changed. x18 is the platform's, and as good as any other on Linux.
 */
extern long registers_changed(long nr);
__asm__(".text\n"
        ".globl registers_changed\n"
        "registers_changed:\n"
        "  stp x29, x30, [sp, #-112]!\n"
        "  stp x19, x20, [sp, #16]\n  stp x21, x22, [sp, #32]\n  stp x23, x24, [sp, #48]\n"
        "  stp x25, x26, [sp, #64]\n  stp x27, x28, [sp, #80]\n"
        "  mov x8, x0\n"
        "  str x8, [sp, #96]\n"
        "  .irp n, 1,2,3,4,5,6,7,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30\n"
        "  mov x\\n, #\\n\n"
        "  .endr\n"
        "  mov x1, #0\n" // so that it is a harmless argument, too
        "  mov x0, sp\n"
        "  str x0, [sp, #104]\n"
        "  mov x0, #0\n"
        "  svc #0\n"
        "  mov x0, #0\n"
        "  .irp n, 2,3,4,5,6,7,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30\n"
        "  sub x\\n, x\\n, #\\n\n"
        "  orr x0, x0, x\\n\n"
        "  .endr\n"
        "  orr x0, x0, x1\n"
        "  ldr x2, [sp, #96]\n  eor x2, x2, x8\n  orr x0, x0, x2\n"
        "  ldr x2, [sp, #104]\n  mov x3, sp\n  eor x2, x2, x3\n  orr x0, x0, x2\n"
        "  ldp x19, x20, [sp, #16]\n  ldp x21, x22, [sp, #32]\n  ldp x23, x24, [sp, #48]\n"
        "  ldp x25, x26, [sp, #64]\n  ldp x27, x28, [sp, #80]\n"
        "  ldp x29, x30, [sp], #112\n"
        "  ret\n");

static unsigned long flags_after_call(unsigned long flags) {
  register long x8 __asm__("x8") = __NR_getpid;
  register long x0 __asm__("x0");
  __asm__ volatile("msr nzcv, %1\n svc #0\n mrs %1, nzcv" : "=r"(x0), "+r"(flags) : "r"(x8) : "memory", "cc");
  return flags;
}

/* That file has a byte for every address. */
static long seek_memory(long place) {
  int fd = (int)open("/proc/self/mem", O_RDONLY, 0);
  long got = lseek(fd, place, SEEK_SET);
  close(fd);
  return got;
}

int main(void) {
  long pid = getpid();

  check_is(call(__NR_getpid | 0x5555555500000000UL, 0), pid, "check 1: the number is the low 32 bits of x8");
  check_is(call_with_immediate(), pid, "check 2: the immediate of svc means nothing");
  check_is(call(NO_SUCH_CALL, 7), -ENOSYS, "check 3: a number behind the table is ENOSYS");
  check_is(call(0x80000000, 7), -ENOSYS, "check 4: the number 0x80000000 is ENOSYS");
  check_is(call(0xffffffff, 7), -ENOSYS, "check 5: the number -1 is ENOSYS");
  check_is(call(~0UL, 7), -ENOSYS, "the number -1 in 64 bits is ENOSYS");
  check_is(call(0x7fffffff, 7), -ENOSYS, "the largest number is ENOSYS");

  check_is(registers_changed(__NR_getppid), 0, "check 6: a call that succeeds changes x0 and nothing else");
  check_is(registers_changed(NO_SUCH_CALL), 0, "a call that does not exist changes x0 and nothing else");
  check_is(registers_changed(__NR_sched_yield), 0, "a call that gives the CPU away changes x0 and nothing else");
  check_is(registers_changed(__NR_close + 0xf00000000), 0, "nor does a call touch the upper half of x8");
  for (unsigned long flags = 0; flags < 16; flags += 5)
    check_is(flags_after_call(flags << 28) >> 28, flags, "check 6: the condition flags are as before");

  check_is(syscall6(__NR_getpid, -1, -1, -1, -1, -1, -1), pid, "check 13: arguments that a call does not have do not matter");
  check_is(syscall(__NR_close, 0xffffffff00000000UL | 63), -EBADF, "the upper half of an int argument does not matter");
  check_is(call(__NR_restart_syscall, 0), -EINTR, "check 12: restart_syscall with nothing to restart is EINTR");
  check_is(lseek(-1, 0, SEEK_SET), -EBADF, "check 7: an error is a small number below zero");
  check_is(seek_memory(0x123456789abc), 0x123456789abc, "check 7: a result has 64 bits");
  check_is(seek_memory(-65536), -65536, "check 7: one below -4095 is no error");
  return checked();
}
