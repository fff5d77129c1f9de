/*
 * tests/lib/user-memory.ts - user memory without page tables: [base, base + size) is there, nothing else
 */

import type { Arch } from '../../kernel/arch.ts';
import type { UserPtr } from '../../kernel/include/linux/types.ts';
import { EFAULT } from '../../kernel/include/uapi/errno.ts';

export class UserMemory implements Pick<Arch, 'copy_from_user' | 'copy_to_user' | 'get_user'> {
  readonly base: number;
  readonly bytes: Uint8Array;
  readonly view: DataView;

  constructor(base: number, size: number) {
    this.base = base;
    this.bytes = new Uint8Array(size);
    this.view = new DataView(this.bytes.buffer);
  }

  u64 = (at: number): bigint => this.view.getBigUint64(at - this.base, true);
  u32 = (at: number): number => this.view.getUint32(at - this.base, true);

  /** For `testKernel({...memory.arch})`: methods that need no `this`. */
  readonly arch = {
    copy_from_user: (_: unknown, to: Uint8Array, from: UserPtr): number => this.copy_from_user(_, to, from),
    copy_to_user: (_: unknown, to: UserPtr, from: Uint8Array): number => this.copy_to_user(_, to, from),
    get_user: (_: unknown, from: UserPtr, size: 1 | 2 | 4 | 8): number => this.get_user(_, from, size),
  };

  copy_from_user(_mm: unknown, to: Uint8Array, from: UserPtr): number {
    if (!this.has(from, to.length)) return to.length;
    to.set(this.bytes.subarray(from - this.base, from - this.base + to.length));
    return 0;
  }

  copy_to_user(_mm: unknown, to: UserPtr, from: Uint8Array): number {
    if (!this.has(to, from.length)) return from.length;
    this.bytes.set(from, to - this.base);
    return 0;
  }

  get_user(_mm: unknown, from: UserPtr, size: 1 | 2 | 4 | 8): number {
    if (!this.has(from, size)) return -EFAULT;
    return size === 4 ? this.u32(from) : Number(this.u64(from) & (2n ** BigInt(8 * size) - 1n));
  }

  private has(at: number, size: number): boolean {
    return at >= this.base && at + size <= this.base + this.bytes.length;
  }
}
