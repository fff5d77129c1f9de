/*
 * tests/unit/kernel/fs/elf-file.ts - ELF files, with whatever in their fields
 */

export const EM_AARCH64 = 183;

export interface Segment {
  readonly type?: number;
  readonly flags?: number;
  readonly offset?: number | bigint;
  readonly vaddr: number | bigint;
  readonly filesz: number | bigint;
  readonly memsz: number | bigint;
  readonly align?: number | bigint;
}

export interface ElfHeader {
  readonly type: number;
  readonly entry: number | bigint;
  readonly phoff?: number | bigint | undefined;
  readonly phentsize?: number;
  readonly segments: readonly Segment[];
}

/** 1 KiB: header, program headers, zeroes. */
export function elfFile({ type, entry, phoff = 64, phentsize = 56, segments }: ElfHeader): Uint8Array {
  const bytes = new Uint8Array(1024);
  const view = new DataView(bytes.buffer);
  const u64 = (at: number, value: number | bigint): void => view.setBigUint64(at, BigInt(value), true);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  view.setUint16(16, type, true);
  view.setUint16(18, EM_AARCH64, true);
  u64(24, entry);
  u64(32, phoff);
  view.setUint16(54, phentsize, true);
  view.setUint16(56, segments.length, true);
  for (const [n, segment] of segments.entries()) {
    const at = 64 + 56 * n;
    view.setUint32(at, segment.type ?? 1, true);
    view.setUint32(at + 4, segment.flags ?? 7, true);
    u64(at + 8, segment.offset ?? 0);
    u64(at + 16, segment.vaddr);
    u64(at + 32, segment.filesz);
    u64(at + 40, segment.memsz);
    u64(at + 48, segment.align ?? 4096);
  }
  return bytes;
}
