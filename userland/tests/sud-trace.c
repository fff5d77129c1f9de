/*
 * sud-trace.c - what the trace shows of a dispatched call: nothing
 *
 * Linux: kernel/entry/syscall_user_dispatch.c, kernel/entry/common.c
 */
#include "sud.h"
#include "tracefs.h"

int main(void) {
  mount("tracefs", "/sys/kernel/tracing", "tracefs", 0, NULL); // where it is not yet
  check_is(arm(EXCLUSIVE, 0, 0, 0), 0, "armed");
  put(TRACING "events/raw_syscalls/enable", "1");
  put(TRACING "trace", "");
  selector = BLOCK;
  stub_call(888, 0x5151, 0); // the handler opens the gate
  stub_call(888, 0x5252, 0);
  put(TRACING "events/raw_syscalls/enable", "0");
  disarm();
  check_is(traps, 1, "one of two calls is dispatched");
  check(traced("sys_enter: NR 888 (5252, ") && traced("sys_exit: NR 888 = -38\n"), "the other is traced");
  check(!traced("(5151, "), "check 235: a dispatched call has no sys_enter");
  check(!traced("sys_exit: NR 888 = 20817\n") && !traced("sys_exit: NR 888 = 908817\n"), "nor a sys_exit");
  check(traced("sys_enter: NR 139 ("), "check 235: only its handler's return is seen");
  return checked();
}
