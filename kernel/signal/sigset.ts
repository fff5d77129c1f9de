/*
 * kernel/signal/sigset.ts - sets of signals
 *
 * Linux:   include/linux/signal.h (sigaddset and friends)
 * Differs: two 32-bit halves; a set is never changed in place, so handing one on needs no copy
 */

import type { SigSet } from '../include/linux/signal.ts';
import { SIG_KERNEL_ONLY } from '../include/uapi/signal.ts';

export const EMPTY_SIGSET: SigSet = { lo: 0, hi: 0 };

const make = (lo: number, hi: number): SigSet => ({ lo: lo >>> 0, hi: hi >>> 0 });

export const sigset = (...sigs: number[]): SigSet => sigs.reduce(sigaddset, EMPTY_SIGSET);

export const sigismember = (set: SigSet, sig: number): boolean =>
  (((sig <= 32 ? set.lo : set.hi) >>> ((sig - 1) & 31)) & 1) !== 0;

export const sigisemptyset = (set: SigSet): boolean => (set.lo | set.hi) === 0;

export function sigaddset(set: SigSet, sig: number): SigSet {
  const bit = 1 << ((sig - 1) & 31);
  return sig <= 32 ? make(set.lo | bit, set.hi) : make(set.lo, set.hi | bit);
}

export function sigdelset(set: SigSet, sig: number): SigSet {
  const bit = 1 << ((sig - 1) & 31);
  return sig <= 32 ? make(set.lo & ~bit, set.hi) : make(set.lo, set.hi & ~bit);
}

export const sigorsets = (a: SigSet, b: SigSet): SigSet => make(a.lo | b.lo, a.hi | b.hi);
export const sigandsets = (a: SigSet, b: SigSet): SigSet => make(a.lo & b.lo, a.hi & b.hi);
/** In `a` but not in `b`. */
export const sigandnsets = (a: SigSet, b: SigSet): SigSet => make(a.lo & ~b.lo, a.hi & ~b.hi);
export const signotset = (a: SigSet): SigSet => make(~a.lo, ~a.hi);
export const sigequalsets = (a: SigSet, b: SigSet): boolean => a.lo === b.lo && a.hi === b.hi;
/** Is any of `pending` not in `blocked`? */
export const has_pending_signals = (pending: SigSet, blocked: SigSet): boolean =>
  ((pending.lo & ~blocked.lo) | (pending.hi & ~blocked.hi)) !== 0;

/** `mask` holds signals 1..32: the SIG_KERNEL_* sets. */
export const sigdelsetmask = (set: SigSet, mask: number): SigSet => make(set.lo & ~mask, set.hi);
export const sigmask_intersects = (set: SigSet, mask: number): boolean => (set.lo & mask) !== 0;

/** What nobody can block goes out of every mask that comes from user space. */
export const without_kernel_only = (set: SigSet): SigSet => sigdelsetmask(set, SIG_KERNEL_ONLY);

/** The lowest signal of `set`, or 0. */
export function first_signal(set: SigSet): number {
  if (set.lo) return lowestBit(set.lo) + 1;
  return set.hi ? lowestBit(set.hi) + 33 : 0;
}

const lowestBit = (word: number): number => 31 - Math.clz32(word & -word);

/** sigset_t in memory: 8 bytes. */
export const SIGSET_SIZE = 8;

export const sigset_from_bytes = (view: DataView, offset = 0): SigSet =>
  make(view.getUint32(offset, true), view.getUint32(offset + 4, true));

export function sigset_to_bytes(view: DataView, offset: number, set: SigSet): void {
  view.setUint32(offset, set.lo, true);
  view.setUint32(offset + 4, set.hi, true);
}

/** As /proc/<pid>/status prints it: 16 hexadecimal digits. */
export const sigset_to_hex = (set: SigSet): string =>
  set.hi.toString(16).padStart(8, '0') + set.lo.toString(16).padStart(8, '0');
