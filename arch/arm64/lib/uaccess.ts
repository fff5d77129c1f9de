/*
 * arch/arm64/lib/uaccess.ts - user memory as user space itself would see it
 *
 * Linux:   arch/arm64/include/asm/uaccess.h, arch/arm64/lib/{copy_from_user,copy_to_user,clear_user}.S
 * Manual:  Arm ARM, "Memory access control"
 * Differs: no unprivileged loads and an exception table: each page is looked up in the process's own tables, in RAM, with
 *          EL0's permissions, and faulted in like an access of its own
 */

import type { ArchUaccess } from '../../../kernel/arch.ts';
import type { Mm } from '../../../kernel/include/linux/mm_types.ts';
import { PAGE_SIZE, TASK_SIZE, type UserPtr } from '../../../kernel/include/linux/types.ts';
import { EFAULT } from '../../../kernel/include/uapi/errno.ts';
import type { Io } from '../../../kernel/kernel.ts';
import { fault_in_user_page } from '../../../kernel/mm/gup.ts';
import { HI_ADDR_MASK, pte_user_readable, pte_user_writable } from '../include/asm/pgtable.ts';
import type { PageTables } from '../mm/pgd.ts';

const NO_PAGE = -1;

/** Up to here a loop is faster than a view of the bytes, which has to be made. */
const SMALL = 32;

export class Uaccess implements ArchUaccess {
  private readonly ram: Uint8Array;
  private readonly view: DataView;
  private readonly ramBase: number;
  private readonly tables: PageTables;
  private readonly io: Io;

  constructor(io: Io, tables: PageTables) {
    this.ram = io.ram;
    this.view = new DataView(io.ram.buffer, io.ram.byteOffset, io.ram.length);
    this.ramBase = io.ramBase;
    this.tables = tables;
    this.io = io;
  }

  copy_from_user(mm: Mm, to: Uint8Array, from: UserPtr): number {
    let done = 0;
    while (done < to.length) {
      const at = this.locate(mm, from + done, false);
      if (at === NO_PAGE) break;
      const n = Math.min(to.length - done, PAGE_SIZE - offset_in_page(at));
      if (n <= SMALL) for (let i = 0; i < n; i++) to[done + i] = this.ram[at + i]!;
      else to.set(this.ram.subarray(at, at + n), done);
      done += n;
    }
    return to.length - done;
  }

  copy_to_user(mm: Mm, to: UserPtr, from: Uint8Array): number {
    let done = 0;
    while (done < from.length) {
      const at = this.locate(mm, to + done, true);
      if (at === NO_PAGE) break;
      const n = Math.min(from.length - done, PAGE_SIZE - offset_in_page(at));
      this.io.touch?.(at);
      if (n <= SMALL) for (let i = 0; i < n; i++) this.ram[at + i] = from[done + i]!;
      else this.ram.set(n === from.length ? from : from.subarray(done, done + n), at);
      done += n;
    }
    return from.length - done;
  }

  clear_user(mm: Mm, to: UserPtr, size: number): number {
    let done = 0;
    while (done < size) {
      const at = this.locate(mm, to + done, true);
      if (at === NO_PAGE) break;
      const n = Math.min(size - done, PAGE_SIZE - offset_in_page(at));
      this.io.touch?.(at);
      this.ram.fill(0, at, at + n);
      done += n;
    }
    return size - done;
  }

  get_user(mm: Mm, from: UserPtr, size: 1 | 2 | 4 | 8): number {
    const at = this.locate(mm, from, false);
    if (at === NO_PAGE) return -EFAULT;
    if (offset_in_page(at) + size > PAGE_SIZE) return this.getCrossing(mm, from, size);
    switch (size) {
      case 1:
        return this.view.getUint8(at);
      case 2:
        return this.view.getUint16(at, true);
      case 4:
        return this.view.getUint32(at, true);
      case 8:
        return this.view.getUint32(at + 4, true) * 2 ** 32 + this.view.getUint32(at, true);
    }
  }

  put_user(mm: Mm, to: UserPtr, value: number, size: 1 | 2 | 4 | 8): number {
    const at = this.locate(mm, to, true);
    if (at === NO_PAGE) return -EFAULT;
    if (offset_in_page(at) + size > PAGE_SIZE) return this.putCrossing(mm, to, value, size);
    this.io.touch?.(at);
    storeNumber(this.view, at, value, size);
    return 0;
  }

  private getCrossing(mm: Mm, from: UserPtr, size: number): number {
    const bytes = new Uint8Array(8);
    if (this.copy_from_user(mm, bytes.subarray(0, size), from) !== 0) return -EFAULT;
    const view = new DataView(bytes.buffer);
    return view.getUint32(4, true) * 2 ** 32 + view.getUint32(0, true);
  }

  private putCrossing(mm: Mm, to: UserPtr, value: number, size: 1 | 2 | 4 | 8): number {
    const bytes = new Uint8Array(size);
    storeNumber(new DataView(bytes.buffer), 0, value, size);
    return this.copy_to_user(mm, to, bytes) === 0 ? 0 : -EFAULT;
  }

  /** Where in RAM the byte at `address` is, once user space itself could access it; NO_PAGE: it could not. */
  private locate(mm: Mm, address: number, write: boolean): number {
    // One fault may not be enough: a page that came in for reading is copied by the next.
    for (let tries = 0; tries < 4; tries++) {
      const at = this.translate(mm, address, write);
      if (at !== NO_PAGE) return at;
      if (!(address >= 0 && address < TASK_SIZE) || fault_in_user_page(mm, address, write) !== 0)
        return NO_PAGE;
    }
    return NO_PAGE;
  }

  private translate(mm: Mm, address: number, write: boolean): number {
    if (!(address >= 0 && address < TASK_SIZE)) return NO_PAGE;
    const ptep = this.tables.pte_offset(mm, address);
    if (ptep === 0) return NO_PAGE;
    const lo = this.tables.words[ptep]!;
    if (!(write ? pte_user_writable(lo) : pte_user_readable(lo))) return NO_PAGE;
    const hi = this.tables.words[ptep + 1]! & HI_ADDR_MASK;
    return hi * 2 ** 32 + ((lo & ~0xfff) >>> 0) - this.ramBase + offset_in_page(address);
  }
}

/** Not with %, which of a number beyond 32 bits is a floating point division. */
const offset_in_page = (address: number): number => address & (PAGE_SIZE - 1);

function storeNumber(view: DataView, at: number, value: number, size: 1 | 2 | 4 | 8): void {
  switch (size) {
    case 1:
      view.setUint8(at, value);
      break;
    case 2:
      view.setUint16(at, value, true);
      break;
    case 4:
      view.setUint32(at, value, true);
      break;
    case 8:
      view.setUint32(at, value, true);
      view.setUint32(at + 4, Math.floor(value / 2 ** 32), true);
  }
}
