/*
 * vdso.c - the code that the kernel lends to every program
 *
 * Linux: arch/arm64/kernel/vdso.c, arch/arm64/kernel/vdso/{vdso.lds.S,sigreturn.S}, Manual: vdso(7)
 */
#include "check.h"
#include "vdso.h"

static const void *trampoline;

static void on_signal(int sig) {
  (void)sig;
  trampoline = __builtin_return_address(0);
}

static void check_clock(void) {
  clock_function *gettime = vdso_function("__kernel_clock_gettime");
  struct timespec mine, kernels;
  check(gettime != NULL, "the clock can be read without a call");
  check_is(gettime(CLOCK_MONOTONIC, &mine), 0, "it answers");
  clock_gettime(CLOCK_MONOTONIC, &kernels);
  check(kernels.tv_sec - mine.tv_sec < 2, "and says what the call says");
  check_is(gettime(99, &mine), -EINVAL, "what is no clock is EINVAL");
}

int main(void) {
  const char *base = (const char *)getauxval(AT_SYSINFO_EHDR);
  check(base && memcmp(base, "\177ELF", 4) == 0, "check 295: AT_SYSINFO_EHDR leads to an ELF file");
  struct vdso vdso = vdso_open();
  check(vdso.symbols && vdso.strings && vdso.symbol_count > 1, "with dynamic symbols");
  const unsigned *code = vdso_lookup(&vdso, "__kernel_rt_sigreturn");
  check(code != NULL, "check 295: of which one is __kernel_rt_sigreturn");
  check(code && code[0] == 0xd2801168 && code[1] == 0xd4000001, "check 295: mov x8, #139; svc #0");
  set_signal(SIGUSR1, on_signal, 0);
  raise(SIGUSR1);
  check(trampoline == code, "check 295: and handlers return to it");
  check_clock();
  return checked();
}
