/*
 * board/cpu/fold.ts - constant folding of expressions
 *
 * Manual: WebAssembly Core Specification 2.0, "Integer Operations"
 * Absent: floats and vectors, and whatever the host's compiler folds just as well: only what keeps the generated code
 *         small is here. 64-bit numbers are pairs of words; BigInt is slow in a code generator
 */

/** A 32-bit operation on constants, by the part of its name after the dot; undefined: not folded. */
export function fold32(name: string, a: number, b: number): number | undefined {
  switch (name) {
    case 'add':
      return (a + b) | 0;
    case 'sub':
      return (a - b) | 0;
    case 'mul':
      return Math.imul(a, b);
    case 'and':
      return a & b;
    case 'or':
      return a | b;
    case 'xor':
      return a ^ b;
    case 'shl':
      return a << b;
    case 'shr_u':
      return (a >>> b) | 0;
    case 'shr_s':
      return a >> b;
    case 'eq':
      return Number(a === b);
    case 'ne':
      return Number(a !== b);
    case 'eqz':
      return Number(a === 0);
    case 'lt_s':
      return Number(a < b);
    case 'lt_u':
      return Number(a >>> 0 < b >>> 0);
    case 'gt_u':
      return Number(a >>> 0 > b >>> 0);
    case 'ge_u':
      return Number(a >>> 0 >= b >>> 0);
    default:
      return undefined;
  }
}

/** Low and high word. */
export type Pair = readonly [lo: number, hi: number];

/** The same for 64 bits. */
export function fold64(name: string, a: Pair, b: Pair): Pair | undefined {
  switch (name) {
    case 'add':
      return add64(a, b);
    case 'sub':
      return add64(add64(a, [~b[0], ~b[1]]), [1, 0]);
    case 'and':
      return [a[0] & b[0], a[1] & b[1]];
    case 'or':
      return [a[0] | b[0], a[1] | b[1]];
    case 'xor':
      return [a[0] ^ b[0], a[1] ^ b[1]];
    case 'shl':
      return shl64(a, b[0] & 63);
    default:
      return undefined;
  }
}

function add64(a: Pair, b: Pair): Pair {
  const lo = (a[0] >>> 0) + (b[0] >>> 0);
  return [lo | 0, (a[1] + b[1] + Number(lo > 0xffff_ffff)) | 0];
}

function shl64(a: Pair, n: number): Pair {
  if (n === 0) return a;
  if (n >= 32) return [0, a[0] << (n - 32)];
  return [a[0] << n, (a[1] << n) | (a[0] >>> (32 - n))];
}

/** x op 0 is x. */
export const RIGHT_IDENTITY_ZERO: ReadonlySet<string> = new Set(
  ['add', 'sub', 'or', 'xor', 'shl', 'shr_u', 'shr_s', 'rotl', 'rotr'].flatMap((name) => [
    `i32.${name}`,
    `i64.${name}`,
  ]),
);
