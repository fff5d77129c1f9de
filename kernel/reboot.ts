/*
 * kernel/reboot.ts - the end of the session
 *
 * Linux:   kernel/reboot.c (v6.12)
 * Manual:  reboot(2)
 * Absent:  kexec, suspending to disk, Ctrl-Alt-Del (there is no such key)
 */

import { capable } from './cred.ts';
import type { Task } from './include/linux/sched.ts';
import { CAP_SYS_BOOT } from './include/uapi/capability.ts';
import { EFAULT, EINVAL, EPERM } from './include/uapi/errno.ts';
import type { Kernel } from './kernel.ts';
import { strncpy_from_user } from './lib/usercopy.ts';
import { schedule } from './sched/core.ts';
import type { Sleeps } from './sched/wait.ts';
import { enumeration, flags, ptr, SYSCALL_DEFINE } from './syscalls/define.ts';

const LINUX_REBOOT_MAGIC1 = 0xfee1_dead;
/** Linus's birthday and those of his daughters: read them in hexadecimal. */
const LINUX_REBOOT_MAGIC2: readonly number[] = [672274793, 85072278, 369367448, 537993216];

const LINUX_REBOOT_CMD_RESTART = 0x0123_4567;
const LINUX_REBOOT_CMD_HALT = 0xcdef_0123 | 0;
const LINUX_REBOOT_CMD_CAD_ON = 0x89ab_cdef | 0;
const LINUX_REBOOT_CMD_CAD_OFF = 0;
const LINUX_REBOOT_CMD_POWER_OFF = 0x4321_fedc;
const LINUX_REBOOT_CMD_RESTART2 = 0xa1b2_c3d4 | 0;

const cmd_names = enumeration({
  LINUX_REBOOT_CMD_RESTART,
  LINUX_REBOOT_CMD_HALT,
  LINUX_REBOOT_CMD_CAD_ON,
  LINUX_REBOOT_CMD_CAD_OFF,
  LINUX_REBOOT_CMD_POWER_OFF,
  LINUX_REBOOT_CMD_RESTART2,
});

const LONGEST_COMMAND = 256;

export const sys_reboot = SYSCALL_DEFINE(
  'reboot',
  { magic1: flags, magic2: flags, cmd: cmd_names, arg: ptr },
  function* (task, { magic1, magic2, cmd, arg }) {
    if (!capable(task, CAP_SYS_BOOT)) return -EPERM;
    if (magic1 !== LINUX_REBOOT_MAGIC1 || !LINUX_REBOOT_MAGIC2.includes(magic2)) return -EINVAL;
    const { kernel } = task;
    switch (cmd) {
      case LINUX_REBOOT_CMD_RESTART:
        return yield* stop(task, kernel_restart, 'Restarting system');
      case LINUX_REBOOT_CMD_RESTART2: {
        const command = strncpy_from_user(task, arg, LONGEST_COMMAND - 1);
        if (typeof command === 'number') return -EFAULT;
        return yield* stop(task, kernel_restart, `Restarting system with command '${command}'`);
      }
      case LINUX_REBOOT_CMD_HALT:
        return yield* stop(task, kernel_halt, 'System halted');
      case LINUX_REBOOT_CMD_POWER_OFF:
        return yield* stop(task, kernel_power_off, 'Power down');
      case LINUX_REBOOT_CMD_CAD_ON:
      case LINUX_REBOOT_CMD_CAD_OFF:
        kernel.printk.debug('reboot: no keyboard, no Ctrl-Alt-Del');
        return 0;
      default:
        return -EINVAL;
    }
  },
);

function kernel_restart(kernel: Kernel): void {
  kernel.restart_handler?.();
}

function kernel_power_off(kernel: Kernel): void {
  kernel.pm_power_off?.();
}

/** The processor waits for ever; the power stays on. */
function kernel_halt(): void {
  // Scheduler.stopped is all there is to it.
}

/** Nothing runs any more after this, the caller first of all. */
function* stop(task: Task, how: (kernel: Kernel) => void, message: string): Sleeps<never> {
  const { kernel } = task;
  kernel.printk.emerg(`reboot: ${message}`);
  how(kernel);
  kernel.sched.stopped = true;
  for (;;) yield* schedule(task);
}
