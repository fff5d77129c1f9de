/*
 * tests/lib/linux-kernel.ts - an arm64 Linux kernel as Debian builds it, if there is one on the host
 */

import { existsSync, readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

const installed = (): string[] =>
  existsSync('/boot') ? readdirSync('/boot').filter((name) => /^vmlinuz-.*arm64$/.test(name)) : [];

/** KIMAGE=, or one that is installed, or what tests/lib/linux-image or the workshop's linux-run downloaded. */
export const linuxKernel = (): string | undefined =>
  [
    process.env.KIMAGE,
    ...installed().map((name) => join('/boot', name)),
    'build/linux/Image',
    join(homedir(), '.cache/linux-run/kernel'),
  ].find((path) => path !== undefined && existsSync(path));

export const NO_LINUX_KERNEL = 'an arm64 kernel image (KIMAGE=, or run tests/lib/linux-image)';
