/*
 * entry.c - user space's view of entering and leaving the kernel
 *
 * Linux: arch/arm64/kernel/entry.S, entry-common.c, fs/exec.c (start_thread)
 */
#include "check.h"

static volatile int interrupted;

static void on_alarm(int sig) {
  interrupted = sig;
}

/* Counts until a timer's signal comes, with something in every register that a careless kernel would lose. */
extern long spin_with_values(volatile int *flag);
__asm__(".text\n"
        ".globl spin_with_values\n"
        "spin_with_values:\n"
        "  stp x29, x30, [sp, #-96]!\n"
        "  stp x19, x20, [sp, #16]\n  stp x21, x22, [sp, #32]\n  stp x23, x24, [sp, #48]\n"
        "  stp x25, x26, [sp, #64]\n  stp x27, x28, [sp, #80]\n"
        "  .irp n, 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30\n"
        "  movz x\\n, #\\n\n  movk x\\n, #\\n, lsl #48\n"
        "  .endr\n"
        "1: ldr w1, [x0]\n"
        "  cbz w1, 1b\n"
        "  mov x0, #0\n"
        "  .irp n, 2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30\n"
        "  movz x1, #\\n\n  movk x1, #\\n, lsl #48\n"
        "  eor x1, x1, x\\n\n"
        "  orr x0, x0, x1\n"
        "  .endr\n"
        "  ldp x19, x20, [sp, #16]\n  ldp x21, x22, [sp, #32]\n  ldp x23, x24, [sp, #48]\n"
        "  ldp x25, x26, [sp, #64]\n  ldp x27, x28, [sp, #80]\n"
        "  ldp x29, x30, [sp], #96\n"
        "  ret\n");

/* Two processes with different values in their registers take turns. */
static void check_preemption(void) {
  volatile int *flag = shared_page();
  int status[3] = {-1, -1, -1};
  for (int i = 0; i < 3; i++)
    if (fork() == 0) exit(spin_with_values(flag) != 0);
  sleep_ms(60);
  *flag = 1;
  for (int i = 0; i < 3; i++) wait4(-1, &status[i], 0, NULL);
  check(status[0] == 0 && status[1] == 0 && status[2] == 0, "three processes that never call the kernel share the processor and keep their registers");
}

static void check_interrupt(void) {
  struct itimerval timer = {.it_value = {0, 20000}};
  set_signal(SIGALRM, on_alarm, 0);
  setitimer(ITIMER_REAL, &timer, NULL);
  check_is(spin_with_values(&interrupted), 0, "a signal that interrupts a loop leaves all registers as they were");
}

/* The first thing a new program does is to add up its registers, x0 to x30: see first_instructions. */
extern char first_instructions[], first_instructions_end[];
__asm__(".text\n"
        ".balign 4\n"
        "first_instructions:\n"
        "  .irp n, 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30\n"
        "  orr x0, x0, x\\n\n"
        "  .endr\n"
        "  cmp x0, #0\n"
        "  cset x0, ne\n"
        "  mov x8, #94\n"
        "  svc #0\n"
        "first_instructions_end:\n");

/* The smallest ELF file: a header, one program header, and the code. */
static void write_program(const char *path) {
  static struct {
    unsigned char ident[16];
    unsigned short type, machine;
    unsigned version;
    unsigned long entry, phoff, shoff;
    unsigned flags;
    unsigned short ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
    unsigned p_type, p_flags;
    unsigned long p_offset, p_vaddr, p_paddr, p_filesz, p_memsz, p_align;
  } elf = {"\177ELF\2\1\1", 2, 183, 1, 0x400078, 64, 0, 0, 64, 56, 1, 0, 0, 0, 1, 5, 0, 0x400000, 0x400000, 0, 0, 4096};
  size_t code = (size_t)(first_instructions_end - first_instructions);
  elf.p_filesz = elf.p_memsz = sizeof(elf) + code;
  int fd = (int)open(path, O_WRONLY | O_CREAT | O_TRUNC, 0755);
  write(fd, &elf, sizeof(elf));
  write(fd, first_instructions, code);
  close(fd);
}

static void exec_small(void) {
  char *argv[] = {"small", NULL}, *envp[] = {NULL};
  exit((int)execve("/tmp/entry-test", argv, envp));
}

static void check_exec(void) {
  write_program("/tmp/entry-test");
  check_is(in_child(exec_small), 0, "check 16: a new program starts with zero in x0 to x30");
  unlink("/tmp/entry-test");
}

static long fork_answer(long *x1) {
  register long x8 __asm__("x8") = __NR_clone;
  register long x0 __asm__("x0") = SIGCHLD;
  register long x1_in __asm__("x1") = 0;
  register long x20 __asm__("x20") = 0x5a5a;
  __asm__ volatile("svc #0" : "+r"(x0), "+r"(x1_in), "+r"(x20) : "r"(x8) : "x2", "x3", "x4", "memory", "cc");
  *x1 = x1_in | (x20 ^ 0x5a5a);
  return x0;
}

static void check_fork(void) {
  long others;
  int status;
  long pid = fork_answer(&others);
  if (pid == 0) exit(others == 0 ? 0 : 1);
  check(pid > 0 && others == 0, "fork gives the parent the child's number in x0");
  wait4((pid_t)pid, &status, 0, NULL);
  check_is(status, 0, "check 14: and the child zero, with the other registers as in the parent");
}

static void check_user_registers(void) {
  unsigned long id, line, counter[2];
  __asm__ volatile("msr tpidr_el0, %0" : : "r"(0x1234567890abcdefUL));
  sched_yield();
  sleep_ms(1);
  __asm__ volatile("mrs %0, tpidr_el0" : "=r"(id));
  check(id == 0x1234567890abcdefUL, "tpidr_el0 is the thread's own");
  __asm__ volatile("mrs %0, ctr_el0" : "=r"(line));
  check((line & 0xf) >= 3, "ctr_el0 tells the size of cache lines");
  __asm__ volatile("mrs %0, midr_el1" : "=r"(id));
  check(id != 0, "midr_el1 can be read: Linux emulates the ID registers");
  __asm__ volatile("mrs %0, cntvct_el0" : "=r"(counter[0]));
  sleep_ms(1);
  __asm__ volatile("mrs %0, cntvct_el0" : "=r"(counter[1]));
  check(counter[1] > counter[0], "the counter counts");
  __asm__ volatile("mrs %0, cntfrq_el0" : "=r"(id));
  check(id > 1000000, "many times a second");
  __asm__ volatile("mrs %0, dczid_el0" : "=r"(id));
  check((id & 0x1f) == 0x4, "DC ZVA clears 64 bytes");
}

int main(void) {
  check_preemption();
  check_interrupt();
  check_exec();
  check_fork();
  check_user_registers();
  return checked();
}
