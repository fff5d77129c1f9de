/*
 * kernel/drivers/base/cpu.ts - /sys/devices/system/cpu: how many processors there are
 *
 * Linux:   drivers/base/cpu.c (v6.12)
 * Manual:  Documentation/ABI/testing/sysfs-devices-system-cpu
 * Absent:  each processor's own files, but for its directory
 */

import { simple_create, simple_mkdir } from '../../fs/libfs.ts';
import { single_fops } from '../../fs/proc/generic.ts';
import { sysfs_mkdir } from '../../fs/sysfs.ts';
import type { Kernel } from '../../kernel.ts';

/** Lists of processors, and the highest number there could be. There is one, number 0. */
// biome-ignore format: columns teach
const CPU_FILES: readonly (readonly [name: string, text: string])[] = [
  ['online',     '0'],
  ['possible',   '0'],
  ['present',    '0'],
  ['offline',    ''],
  ['isolated',   ''],
  ['kernel_max', '0'],
];

export function cpu_dev_init(kernel: Kernel): void {
  const dir = sysfs_mkdir(kernel, 'devices/system/cpu');
  for (const [name, text] of CPU_FILES)
    simple_create(
      dir,
      name,
      0o444,
      single_fops(() => `${text}\n`),
    );
  simple_mkdir(dir, 'cpu0', 0o755);
}
