/*
 * sud-prctl.c - how Syscall User Dispatch is switched on, and who may
 *
 * Linux: kernel/entry/syscall_user_dispatch.c
 */
#include "sud.h"

static const char *switch_file = "/proc/sys/kernel/syscall_user_dispatch";

static long write_switch(const char *text) {
  int fd = (int)open(switch_file, O_WRONLY, 0);
  long got = fd < 0 ? fd : write(fd, text, 1);
  close(fd);
  return got;
}

static long off_answers(void) {
  static char digit;
  int fd = (int)open(switch_file, O_RDONLY, 0);
  read(fd, &digit, 1);
  close(fd);
  return digit;
}

/* Armed with the gate open; then the switch is turned off. */
static long armed_stays(void) {
  arm(EXCLUSIVE, 0, 0, 0);
  write_switch("0");
  selector = BLOCK;
  long got = stub_call(7, 5, 0);
  long again = dispatch(EXCLUSIVE, 0, 0, &selector);
  long off = dispatch(OFF, 0, 0, NULL);
  return got == 7005 && again == -EPERM && off == 0;
}

int main(void) {
  check_is(dispatch(OFF, 0, 0, NULL), 0, "check 222: OFF");
  check_is(dispatch(OFF, 1, 0, NULL), -EINVAL, "check 222: OFF takes no offset");
  check_is(dispatch(OFF, 0, 1, NULL), -EINVAL, "check 222: no length");
  check_is(dispatch(OFF, 0, 0, &selector), -EINVAL, "check 222: no selector");
  check_is(dispatch(3, 0, 0, &selector), -EINVAL, "check 222: there are three modes");
  check_is(dispatch(EXCLUSIVE, 1, -1, &selector), -EINVAL, "check 223: a range that wraps");
  check_is(dispatch(EXCLUSIVE, -1, 1, &selector), -EINVAL, "check 223: or ends at 2^64");
  check_is(dispatch(EXCLUSIVE, 1, 0, &selector), -EINVAL, "check 223: or is empty");
  check_is(dispatch(EXCLUSIVE, 0, 0, &selector), 0, "check 223: but from 0 it may be");
  check_is(dispatch(EXCLUSIVE, 0, -1, &selector), 0, "check 223: or anything else");
  check_is(dispatch(INCLUSIVE, 0, 0, &selector), -EINVAL, "check 224: INCLUSIVE wants a length");
  check_is(dispatch(INCLUSIVE, -1, 1, &selector), -EINVAL, "check 224: that does not wrap");
  check_is(dispatch(INCLUSIVE, 1, -2, &selector), 0, "check 224: as this one does not");
  check_is(dispatch(EXCLUSIVE, 0, 0, (void *)(1L << 48)), -EFAULT, "check 225: a selector that is not in user space");
  check_is(dispatch(EXCLUSIVE, 0, 0, (void *)-1L), -EFAULT, "check 225: at the end of the kernel's half");
  check_is(dispatch(EXCLUSIVE, 1, -1, (void *)-1L), -EINVAL, "check 225: the range is looked at first");
  check_is(dispatch(EXCLUSIVE, 0, -1, (void *)8), 0, "check 225: one that is only not mapped is found when it is read");
  check_is(dispatch(EXCLUSIVE, 0, -1, (char *)&selector + (0x5aL << 56)), 0, "check 225: a tag does not matter");
  check_is(dispatch(OFF, 0, 0, NULL), 0, "check 222: OFF again");
  check_is(off_answers(), '1', "check 240: the administrator's switch is on");
  check_is(try_in_child(armed_stays), 1, "check 240: switched off, nobody is armed anew; who is stays so, and can disarm");
  check_is(dispatch(OFF, 0, 0, NULL), 0, "check 240: OFF is always possible");
  check_is(write_switch("2"), -EINVAL, "check 240: it is a switch");
  check_is(write_switch("1"), 1, "check 240: on again");
  check_is(dispatch(EXCLUSIVE, 0, -1, &selector), 0, "check 240: and it can be armed");
  return checked();
}
