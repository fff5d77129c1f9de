/*
 * tests/bench/softmmu.ts - arm64 Linux under qemu-system-aarch64, where that and a kernel image are installed
 *
 * The kernel is Debian's: KIMAGE=, or from /boot, or from build/linux, whereto tests/bench/linux-image downloads it. The CPU
 * is one that costs QEMU nothing extra: a cortex-a72 has no pointer authentication, and a kernel needs no page-table isolation
 * on it. The other mitigations are off as well: an emulator would pay for them and gain nothing.
 */

import { existsSync, readdirSync } from 'node:fs';
import { find } from '../lib/hosted.ts';
import { Console } from './console.ts';

const QEMU = find('qemu-system-aarch64');
const APPEND = 'console=ttyAMA0 quiet loglevel=1 panic=-1 nokaslr mitigations=off';

function kernelImage(): string | undefined {
  const installed = existsSync('/boot') ? readdirSync('/boot') : [];
  return [
    process.env.KIMAGE,
    ...installed.filter((name) => /^vmlinuz-.*arm64$/.test(name)).map((name) => `/boot/${name}`),
    'build/linux/Image',
  ].find((path) => path !== undefined && existsSync(path));
}

/** What is not there, by name. */
export function softmmuMissing(): string | undefined {
  if (!QEMU) return 'qemu-system-aarch64 (package qemu-system-arm)';
  if (!kernelImage()) return 'an arm64 kernel image (KIMAGE=, or run tests/bench/linux-image)';
  return undefined;
}

export const bootSoftmmu = (initramfs: string, append = ''): Promise<Console> =>
  Console.boot('softmmu', [
    QEMU ?? '',
    ...['-M', 'virt,gic-version=3', '-cpu', 'cortex-a72', '-accel', 'tcg', '-smp', '1', '-m', '512M'],
    ...['-display', 'none', '-serial', 'stdio', '-monitor', 'none', '-nic', 'none', '-no-reboot'],
    ...['-kernel', kernelImage() ?? '', '-initrd', initramfs, '-append', `${APPEND} ${append}`],
  ]);
