/*
 * tests/bench/softmmu.ts - arm64 Linux under qemu-system-aarch64, where that and a kernel image are installed
 *
 * The CPU is one that costs QEMU nothing extra: a cortex-a72 has no pointer authentication, and a kernel needs no page-table
 * isolation on it. The other mitigations are off as well: an emulator would pay for them and gain nothing.
 */

import { find } from '../lib/hosted.ts';
import { linuxKernel, NO_LINUX_KERNEL } from '../lib/linux-kernel.ts';
import { Console } from './console.ts';

const QEMU = find('qemu-system-aarch64');
const APPEND = 'console=ttyAMA0 quiet loglevel=1 panic=-1 nokaslr mitigations=off';

/** What is not there, by name. */
export function softmmuMissing(): string | undefined {
  if (!QEMU) return 'qemu-system-aarch64 (package qemu-system-arm)';
  if (!linuxKernel()) return NO_LINUX_KERNEL;
  return undefined;
}

export const bootSoftmmu = (initramfs: string, append = ''): Promise<Console> =>
  Console.boot('softmmu', [
    QEMU ?? '',
    ...['-M', 'virt,gic-version=3', '-cpu', 'cortex-a72', '-accel', 'tcg', '-smp', '1', '-m', '512M'],
    ...['-display', 'none', '-serial', 'stdio', '-monitor', 'none', '-nic', 'none', '-no-reboot'],
    ...['-kernel', linuxKernel() ?? '', '-initrd', initramfs, '-append', `${APPEND} ${append}`],
  ]);
