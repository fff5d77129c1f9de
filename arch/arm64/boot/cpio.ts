/*
 * arch/arm64/boot/cpio.ts - a newc archive, written by the boot loader
 *
 * Manual: Documentation/driver-api/early-userspace/buffer-format.rst
 * Guest:  kernel/fs/initramfs.ts unpacks it
 *
 * An initramfs may be several archives one after the other; what a later one holds wins. So a program from the host
 * travels in a small archive of its own behind the standard one.
 */

export interface CpioEntry {
  /** Without a leading slash. */
  readonly name: string;
  /** st_mode. */
  readonly mode: number;
  readonly data: Uint8Array;
}

export const S_IFREG = 0o100000;
export const S_IFDIR = 0o040000;

const align4 = (n: number): number => (n + 3) & ~3;
const HEADER_SIZE = 110;

/** The archive, its trailer included, padded to 4 bytes. */
export function cpio(entries: readonly CpioEntry[]): Uint8Array {
  const parts = [...entries, { name: 'TRAILER!!!', mode: 0, data: new Uint8Array(0) }].map(member);
  return concat(parts);
}

export function concat(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function member({ name, mode, data }: CpioEntry, index: number): Uint8Array {
  const path = Buffer.from(`${name}\0`, 'utf8');
  const nlink = 1;
  // ino, mode, uid, gid, nlink, mtime, filesize, devmajor, devminor, rdevmajor, rdevminor, namesize, check
  const fields = [index + 1, mode, 0, 0, nlink, 0, data.length, 0, 0, 0, 0, path.length, 0];
  const header = `070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}`;
  const start = align4(HEADER_SIZE + path.length);
  const bytes = new Uint8Array(start + align4(data.length));
  bytes.set(Buffer.from(header, 'latin1'));
  bytes.set(path, HEADER_SIZE);
  bytes.set(data, start);
  return bytes;
}
