/*
 * board/cpu/insn/addressing.ts - how loads and stores find their address
 *
 * Manual: Arm ARM (DDI 0487), "Load/store addressing modes"
 *
 * `scale` is log2 of the bytes of the datum, of one register for a pair: what an unsigned offset, an index and the
 * offset of a pair are multiplied by.
 */
import type { Builder, Fields } from '../builder.ts';
import { add, and, neg, sext, shl, signed, type Value, zext } from '../value.ts';

/** Where an access goes, and what the base register becomes. */
export interface Address {
  readonly va: Value;
  readonly writeBack?: Value;
}
export type Addressing = (b: Builder, f: Fields, scale: number) => Address;

const base = (b: Builder, f: Fields): Value => b.xsp(f.n, 64);

export const unsignedOffset: Addressing = (b, f, scale) => ({ va: add(base(b, f), zext(shl(f.i, scale))) });

/** imm9, not scaled. */
export const unscaled: Addressing = (b, f) => ({ va: add(base(b, f), sext(signed(f.i))) });

export const postIndexed: Addressing = (b, f) => {
  const va = b.let(base(b, f));
  return { va, writeBack: add(va, sext(signed(f.i))) };
};

export const preIndexed: Addressing = (b, f, scale) => {
  const va = b.let(unscaled(b, f, scale).va);
  return { va, writeBack: va };
};

/** option: what of Rm counts. */
const UXTW = 2;
const LSL = 3;
const SXTW = 6;
const SXTX = 7;
export const extendsWord = (f: { O: number }): boolean =>
  f.O === UXTW || f.O === LSL || f.O === SXTW || f.O === SXTX;

export const registerOffset: Addressing = (b, f, scale) => {
  const narrow = f.O === UXTW ? zext(b.x(f.m, 32)) : sext(b.x(f.m, 32));
  const offset = f.O === UXTW || f.O === SXTW ? narrow : b.x(f.m, 64);
  if (scale === 0) return { va: add(base(b, f), offset) };
  const shift = and(neg(f.s), scale); // by the size of the datum, or not at all
  return { va: add(base(b, f), shl(offset, zext(shift))) };
};

/** Pairs: imm7. */
const pairDistance = (f: Fields, scale: number): Value => sext(shl(signed(f.i), scale));

export const pairOffset: Addressing = (b, f, scale) => ({ va: add(base(b, f), pairDistance(f, scale)) });
export const pairPost: Addressing = (b, f, scale) => {
  const va = b.let(base(b, f));
  return { va, writeBack: add(va, pairDistance(f, scale)) };
};
export const pairPre: Addressing = (b, f, scale) => {
  const va = b.let(pairOffset(b, f, scale).va);
  return { va, writeBack: va };
};

/** No base register: the address is relative to PC, in words. */
export const literalAddress = (b: Builder, f: Fields): Value => add(b.pc(), sext(shl(signed(f.i), 2)));
