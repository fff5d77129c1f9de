/*
 * poweroff.c - switches the machine off
 */
#include "lib.h"

int main(void) {
  sync();
  return complain("poweroff", "reboot", (int)reboot(LINUX_REBOOT_CMD_POWER_OFF));
}
