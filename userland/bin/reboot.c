/*
 * reboot.c - starts the machine anew
 */
#include "lib.h"

int main(void) {
  sync();
  return complain("reboot", "reboot", (int)reboot(LINUX_REBOOT_CMD_RESTART));
}
