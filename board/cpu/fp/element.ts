/*
 * board/cpu/fp/element.ts - numbers in V registers
 *
 * Manual: Arm ARM (DDI 0487), "Registers in AArch64 Execution state", "SIMD and floating-point register file"
 */
import type { Builder, Fields, Reg } from '../builder.ts';
import { STATE } from '../state.ts';
import { add, i32, ltu, shl, sx, type Value, wrap, zext, zx } from '../value.ts';
import { DOUBLE, type Format, fromFloat, HALF, SINGLE } from './format.ts';

/** Bits 23:22 of a scalar instruction; 2 is none. */
export const ftype = (code: number): Format => [SINGLE, DOUBLE, SINGLE, HALF][code]!;
export const isFtype = (f: { T: number }): boolean => f.T !== 2;

/** The bits of a number: element 0 is the scalar. */
export const element = (b: Builder, format: Format, n: Reg, index: Reg = 0): Value =>
  index === 0 && format.bits !== 16 ? fromFloat(b.fp(n, format.bits)) : zext(b.lane(n, format.bytes, index));

/** The element as a signed integer. */
export const integerElement = (b: Builder, format: Format, n: Reg, index: Reg): Value =>
  sx(element(b, format, n, index), format.bits);

/** The low bits of a scalar result; the rest of the register is cleared. */
export const setScalar = (b: Builder, format: Format, d: Reg, bits: Value): void =>
  b.setV(d, format === DOUBLE ? bits : zx(wrap(bits), format.bits));

/** What a vector instruction is about: P says single or double; without such a field it is half. */
export interface Vector {
  readonly format: Format;
  readonly bits: 64 | 128;
}
export const vectorFormat = (f: Fields): Format => [SINGLE, DOUBLE][f.P] ?? HALF;
export const vectorOf = (f: Fields, format = vectorFormat(f)): Vector => ({ format, bits: f.Q ? 128 : 64 });
export const lengthOf = ({ format, bits }: Vector): number => bits / format.bits;

/** Puts a vector together, number by number; 0 above. The index is an i32. */
export function eachElement(b: Builder, vector: Vector, value: (i: Value) => Value): Value {
  const { format, bits } = vector;
  const i = b.variable(i32(0));
  b.repeat(() => {
    b.store(shl(i.get(), Math.log2(format.bytes)), STATE.SCRATCH, format.bytes, value(i.get()));
    i.set(add(i.get(), 1));
    return ltu(i.get(), lengthOf(vector));
  });
  return b.vload(i32(0), STATE.SCRATCH, bits);
}
