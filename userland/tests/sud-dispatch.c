/*
 * sud-dispatch.c - which calls are dispatched, and what their handler sees
 *
 * Linux: kernel/entry/syscall_user_dispatch.c
 */
#include "sud.h"

#define STUB (long)stub_start
#define STUB_SIZE (stub_end - stub_start)

static long block_and_allow(void) {
  arm(EXCLUSIVE, 0, 0, 0);
  bool allowed = stub_call(__NR_getpid, 3, 0) == getpid();
  selector = BLOCK;
  long got = stub_call(__NR_getpid, 3, 0); // the handler opens the gate
  disarm();
  return allowed && traps == 1 && got == __NR_getpid * 1000 + 3;
}

static long foreign_number(void) {
  arm(EXCLUSIVE, 0, 0, 0);
  selector = BLOCK;
  long got = stub_call(0x12345, 7, 9);
  disarm();
  return got == 0x12345 * 1000 + 7;
}
static long what_is_seen(void) {
  foreign_number();
  return seen.si_signo == SIGSYS && seen.si_code == 2 && seen.si_errno == 0 && seen.si_syscall == 0x12345 &&
         seen.si_arch == AUDIT_ARCH_AARCH64 && (unsigned long)seen.si_call_addr == frame.pc;
}
static long what_is_in_registers(void) {
  foreign_number();
  return frame.regs[0] == 7 && frame.regs[1] == 9 && frame.regs[8] == 0x12345 && ((unsigned *)frame.pc)[-1] == 0xd4000001;
}

static long bad_selector(void) {
  arm(EXCLUSIVE, 0, 0, 0);
  selector = 2;
  return stub_call(1, 0, 0) != -1;
}
static char *page;
static long unreadable_selector(void) {
  set_handler(SIGSYS, foreign_call, 0);
  set_handler(SIGSEGV, foreign_call, 0);
  dispatch(EXCLUSIVE, STUB, STUB_SIZE, page);
  stub_call(__NR_munmap, (long)page, 4096);
  return getpid() > 0;
}

/* Without a selector there is no gate: the way out is the exempt range, or the handler. */
static long no_selector(void) {
  set_handler(SIGSYS, foreign_call, 0);
  dispatch(EXCLUSIVE, STUB, STUB_SIZE, NULL);
  long got = syscall(__NR_getpid, 2), exempt = stub_call(__NR_getpid, 2, 0);
  return got == __NR_getpid * 1000 + 2 && exempt > 0 && traps == 1 ? stub_call(__NR_exit, 42, 0) : stub_call(__NR_exit, 43, 0);
}
static void run_no_selector(void) { no_selector(); }

static long exempt_range(void) {
  arm(EXCLUSIVE, STUB, STUB_SIZE, 0);
  selector = BLOCK;
  long pid = stub_call(__NR_getpid, 1, 0);
  bool good = traps == 0 && pid > 0;
  long got = syscall(__NR_getpid, 1);
  disarm();
  return good && got == __NR_getpid * 1000 + 1;
}
static long exempt_but_its_end(void) { // the address behind the svc counts
  arm(EXCLUSIVE, STUB, STUB_SIZE - 4, 0);
  selector = BLOCK;
  stub_call(__NR_getpid, 1, 0);
  disarm();
  return traps;
}
static long inclusive_range(void) {
  arm(INCLUSIVE, STUB, STUB_SIZE, 0);
  selector = BLOCK;
  bool outside = syscall(__NR_getpid, 1) > 0 && traps == 0;
  selector = BLOCK;
  long got = stub_call(__NR_getpid, 1, 0);
  disarm();
  return outside && got == __NR_getpid * 1000 + 1;
}

static long shut_through_vdso(void) {
  keep_shut = true;
  arm(EXCLUSIVE, 0, 0, 0);
  selector = BLOCK;
  long first = stub_call(5, 1, 0), second = stub_call(6, 2, 0);
  disarm();
  return first == 5001 && second == 6002 && traps == 2;
}
extern void own_restorer(void);
__asm__(".text\nown_restorer: mov x8, #139\n svc #0\n");
static long shut_through_own(void) {
  struct sigaction action = {.sa_handler = (__sighandler_t)(void *)foreign_call, .sa_flags = SA_SIGINFO | SA_RESTORER, .sa_restorer = own_restorer};
  keep_shut = true;
  arm(EXCLUSIVE, 0, 0, 0);
  rt_sigaction(SIGSYS, &action, NULL);
  selector = BLOCK;
  return stub_call(5, 1, 0);
}

static long blocked(void) {
  sigset_t set = signal_set(SIGSYS);
  arm(EXCLUSIVE, 0, 0, 0);
  rt_sigprocmask(SIG_BLOCK, &set, NULL);
  selector = BLOCK;
  return stub_call(5, 1, 0);
}

static long inner;
static void calling(int sig, siginfo_t *info, void *context) {
  if (++traps > 1) return foreign_call(sig, info, context);
  if (!keep_shut) selector = ALLOW;
  inner = syscall(__NR_getpid, 4); // with the gate shut this is a foreign call, too
  ((struct ucontext *)context)->uc_mcontext.regs[0] = 77;
}
static long handler_calls(void) {
  set_handler(SIGSYS, calling, SA_NODEFER);
  dispatch(EXCLUSIVE, 0, 0, &selector);
  selector = BLOCK;
  long got = stub_call(5, 1, 0);
  disarm();
  return got == 77 && (keep_shut ? inner == __NR_getpid * 1000 + 4 : inner == getpid());
}

int main(void) {
  page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  check_is(try_in_child(block_and_allow), 1, "check 226: BLOCK dispatches, ALLOW does not");
  check_is(try_in_child(bad_selector), DIED + SIGSYS, "check 227: another value kills by SIGSYS, handler or not");
  check_is(try_in_child(unreadable_selector), DIED + SIGSEGV, "check 228: a selector that cannot be read kills by SIGSEGV");
  check_is(in_child(run_no_selector), 42 << 8, "check 229: without a selector all calls outside the range are dispatched");
  check_is(try_in_child(exempt_range), 1, "check 230: calls of the range are not");
  check_is(try_in_child(exempt_but_its_end), 1, "check 230: the place of a call is the address behind it");
  check_is(try_in_child(inclusive_range), 1, "check 230: INCLUSIVE: only calls of the range are");
  check_is(try_in_child(what_is_seen), 1, "check 231: siginfo tells the call and where it was made");
  check_is(try_in_child(what_is_in_registers), 1, "check 231: the frame has number and arguments as they were");
  check_is(try_in_child(foreign_number), 1, "check 232: the result is what the handler leaves in x0");
  check_is(try_in_child(shut_through_vdso), 1, "check 233: a handler may return with the gate shut, through the vDSO");
  check_is(try_in_child(shut_through_own), DIED + SIGSYS, "check 233: through a restorer of its own it dies");
  check_is(try_in_child(blocked), DIED + SIGSYS, "check 237: a blocked SIGSYS kills");
  check_is(try_in_child(handler_calls), 1, "check 241: with the gate open the handler makes calls");
  keep_shut = true;
  check_is(try_in_child(handler_calls), 1, "check 242: with the gate shut and SA_NODEFER these are dispatched in turn");
  return checked();
}
