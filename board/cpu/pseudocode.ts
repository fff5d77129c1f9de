/*
 * board/cpu/pseudocode.ts - the manual's shared functions
 *
 * Manual: Arm ARM (DDI 0487), "Shared pseudocode": DecodeBitMasks, ExtendReg, ShiftReg, Poly32Mod2, AESSubBytes
 * Differs: AddWithCarry and ConditionHolds are the Builder's adds, subs, adcs and cond
 */
import type { Builder, Helper, Reg } from './builder.ts';
import type { Pair } from './fold.ts';
import {
  add,
  and,
  bit,
  i64,
  mul,
  or,
  ror,
  sar,
  shl,
  shr,
  sub,
  sx,
  type Value,
  xor,
  zext,
  zx,
} from './value.ts';

/**
 * The bit mask (wmask) that a logical instruction means by N:immr:imms; undefined: a reserved value.
 *
 * The element size is the position of the highest set bit of N:NOT(imms); imms says how many ones, immr how far right
 * they are rotated within an element, and the element is repeated to 64 bits.
 */
export function decodeBitMasks(nimmrimms: number): Pair | undefined {
  const [n, immr, imms] = [nimmrimms >> 12, (nimmrimms >> 6) & 63, nimmrimms & 63];
  const len = 31 - Math.clz32((n << 6) | (~imms & 63));
  if (len < 1) return undefined;
  const size = 1 << len;
  const [s, r] = [imms & (size - 1), immr & (size - 1)];
  if (s === size - 1) return undefined;
  const bits: Pair = [0, 0];
  return setBits(bits, size, s + 1, r);
}

function setBits(start: Pair, size: number, ones: number, rotate: number): Pair {
  let [lo, hi] = start;
  for (let at = 0; at < 64; at++) {
    if ((at + rotate) % size >= ones) continue;
    if (at < 32) lo |= 1 << at;
    else hi |= 1 << (at - 32);
  }
  return [lo, hi];
}

/** All 8192 of them, reserved ones zero, as little-endian 64-bit numbers: what Builder.bitmask() reads. */
export function bitMaskTable(): Uint8Array {
  const words = new Int32Array(8192 * 2);
  for (let i = 0; i < 8192; i++) {
    const mask = decodeBitMasks(i);
    if (mask) words.set(mask, i * 2);
  }
  return new Uint8Array(words.buffer);
}

/** VFPExpandImm: sign, three bits of exponent and four of fraction as a number of 16, 32 or 64 bits, in an i64. */
export function vfpExpandImm(imm8: Value, bits: 16 | 32 | 64): Value {
  const fraction = { 16: 10, 32: 23, 64: 52 }[bits];
  const exponent = bits - 1 - fraction;
  const high = sub(shl(i64(1), exponent - 3), zext(bit(imm8, 6))); // 100..0 or 011..1
  const low = zext(and(imm8, 0x3f));
  const number = or(shl(high, fraction + 2), shl(low, fraction - 4));
  return or(shl(zext(bit(imm8, 7)), bits - 1), number);
}

/** ShiftReg: LSL LSR ASR ROR by 0..3; the amount is an i32. */
export function shiftReg(value: Value, type: number, amount: Value): Value {
  const by = value.type === 'i64' ? zext(amount) : amount;
  return [shl, shr, sar, ror][type]!(value, by);
}

/** ExtendReg with the option (UXTB UXTH UXTW UXTX SXTB...) and shift as operands: from a 64-bit register. */
export function extendReg(b: Builder, m: Reg, option: Value, shift: Value): Value {
  const result = b.variable(b.x(m, 64));
  b.switch_(option, 8, (i) => result.set(extend(b.x(m, 64), i)));
  return shl(result.get(), zext(shift));
}

/** One of the eight extensions, within the value's own width. */
export function extend(v: Value, option: number): Value {
  const bits = 8 << (option & 3);
  if (bits >= (v.type === 'i64' ? 64 : 32)) return v;
  return option & 4 ? sx(v, bits) : zx(v, bits);
}

/** if, elsif, else: the value beside the first condition that holds. */
export function cases(
  b: Builder,
  list: readonly (readonly [condition: Value, value: () => Value])[],
  otherwise: () => Value,
): Value {
  const [first, ...rest] = list;
  return first ? b.lazy(first[0], first[1], () => cases(b, rest, otherwise)) : otherwise();
}

/** Bits 127:64 of the unsigned product, from four products of halves. */
export function highProduct(b: Builder, n: Value, m: Value): Value {
  const [nLow, nHigh, mLow, mHigh] = [zx(n, 32), shr(n, 32), zx(m, 32), shr(m, 32)];
  const cross = b.let(add(mul(nHigh, mLow), shr(mul(nLow, mLow), 32)));
  const other = b.let(add(mul(nLow, mHigh), zx(cross, 32)));
  return b.let(add(add(mul(nHigh, mHigh), shr(cross, 32)), shr(other, 32)));
}

/** The same as a function of its own. */
export const unsignedHigh: Helper = {
  name: 'unsignedHigh',
  params: ['i64', 'i64'],
  result: 'i64',
  body: (b, n, m) => highProduct(b, n!, m!),
};

/** The CRC of all bytes 0..255 with a reflected polynomial: what crc32Step() looks up. */
export function crc32Table(polynomial: number): Uint8Array {
  const table = new Int32Array(256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let n = 0; n < 8; n++) crc = crc & 1 ? (crc >>> 1) ^ polynomial : crc >>> 1;
    table[byte] = crc;
  }
  return new Uint8Array(table.buffer);
}

/** 0x04C11DB7 and 0x1EDC6F41 with their bits reversed, as the bits of CRC32 and CRC32C are. */
export const CRC32_POLYNOMIAL = 0xedb8_8320;
export const CRC32C_POLYNOMIAL = 0x82f6_3b78;

/** One byte, the low one of `data`, into the CRC; `table` is where in STATE it lies. */
export function crc32Step(b: Builder, crc: Value, data: Value, table: number): Value {
  const index = and(xor(crc, data), 0xff);
  return xor(b.load(shl(index, 2), table, 4), shr(crc, 8));
}

/** The S-box of AES: inversion in the field of 256 elements, then an affine map. FIPS 197, "SubBytes". */
export function aesSbox(): Uint8Array {
  const box = new Uint8Array(256);
  // p runs through all non-zero elements as powers of x + 1, q through their inverses.
  for (let p = 1, q = 1, n = 0; n < 255; n++) {
    box[p] = affine(q);
    p = timesX(p) ^ p;
    q = overX1(q);
  }
  box[0] = affine(0);
  return box;
}

export function inverseOf(box: Uint8Array): Uint8Array {
  const inverse = new Uint8Array(256);
  for (const [at, byte] of box.entries()) inverse[byte] = at;
  return inverse;
}

const timesX = (p: number): number => ((p << 1) ^ (p & 0x80 ? 0x11b : 0)) & 0xff;

/** Divided by x + 1: times its inverse, 0xf6. */
function overX1(q: number): number {
  let product = 0;
  for (let bit = 7; bit >= 0; bit--) product = timesX(product) ^ ((0xf6 >> bit) & 1 ? q : 0);
  return product;
}

const affine = (q: number): number =>
  rotated(q, 0) ^ rotated(q, 1) ^ rotated(q, 2) ^ rotated(q, 3) ^ rotated(q, 4) ^ 0x63;
const rotated = (q: number, n: number): number => ((q << n) | (q >> (8 - n))) & 0xff;
