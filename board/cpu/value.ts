/*
 * board/cpu/value.ts - expressions over values that are known when the guest runs
 *
 * A Value is a tree that a maker (interpreter, translator) turns into WebAssembly. Operand order and meaning are
 * WebAssembly's: shift and rotate counts are modulo the width, comparisons give an i32 0 or 1, divisions by zero trap
 * (so guard them). Constants are folded here, once for all makers.
 */
import { fold32, fold64, RIGHT_IDENTITY_ZERO } from './fold.ts';
import { type MemoryOp, typeOf } from './wasm.ts';
import { OPS, type OpName, type Type } from './wasm-ops.ts';

/**
 * const: lo, hi or bytes; local: index lo; operand: `bits` bits of the instruction word from bit lo, times 2^hi;
 * read: `access` at args[0] + lo, good while the maker's epoch is hi; op: `op` of args, or select when it is undefined.
 */
export type ValueKind = 'const' | 'op' | 'local' | 'read' | 'operand';

/** A number where a Value is expected means a constant of the other operand's type. */
export type Operand = Value | number;

const NONE: readonly never[] = [];

/** What few values have. */
interface Rare {
  readonly access?: MemoryOp;
  readonly bits?: number;
  readonly bytes?: readonly number[];
}
const NOTHING_RARE: Rare = {};

/** Twenty for each instruction that is translated: `declare`, so that each of its fields is written once only. */
export class Value {
  declare readonly kind: ValueKind;
  declare readonly type: Type;
  declare readonly lo: number;
  declare readonly hi: number;
  declare readonly op: OpName | undefined;
  declare readonly args: readonly Value[];
  declare readonly access: MemoryOp | undefined;
  /** How many bits it has, when it is an operand field of the instruction or made of some; else 0. */
  declare readonly bits: number;
  /** Sixteen immediate bytes: a v128 constant, the lanes of a shuffle. */
  declare readonly bytes: readonly number[];

  constructor(
    kind: ValueKind,
    type: Type,
    lo = 0,
    hi = 0,
    op?: OpName,
    args: readonly Value[] = NONE,
    rare = NOTHING_RARE,
  ) {
    this.kind = kind;
    this.type = type;
    this.lo = lo;
    this.hi = hi;
    this.op = op;
    this.args = args;
    this.access = rare.access;
    this.bits = rare.bits ?? 0;
    this.bytes = rare.bytes ?? NONE;
  }

  /** `f.n + 1`, `f.n < 3`, `${f.n}`: a bug in a row. */
  [Symbol.toPrimitive](): never {
    throw new Error('a Value is not known before the guest runs');
  }
}

/** What is in a local of the function. */
export const localOf = (type: Type, index: number): Value => new Value('local', type, index);
/** An operand field of the instruction that is not known yet, times 2^scale; and one that is. */
export const operandOf = (lsb: number, bits: number, scale = 0): Value =>
  new Value('operand', 'i32', lsb, scale, undefined, NONE, { bits });
export const knownOperand = (n: number, bits: number): Value =>
  new Value('const', 'i32', n | 0, 0, undefined, NONE, { bits });
/** What `access` finds in memory, while nothing else is written. */
export const readingOf = (access: MemoryOp, address: Value, offset: number, epoch: number): Value =>
  new Value('read', typeOf(access), offset, epoch, undefined, [address], { access });

export const i32 = (n: number): Value => new Value('const', 'i32', n | 0);
/** A 64-bit constant from its two words. */
export const i64 = (lo: number, hi = lo < 0 ? -1 : 0): Value => new Value('const', 'i64', lo | 0, hi | 0);
/** A float constant; NaNs come as integers and are reinterpreted. */
export const f32 = (n: number): Value =>
  new Value('const', 'f32', new Int32Array(Float32Array.of(n).buffer)[0]);
export function f64(n: number): Value {
  const [lo, hi] = new Int32Array(Float64Array.of(n).buffer);
  return new Value('const', 'f64', lo, hi);
}
/** Of the same type, all bits zero. */
export function zeroLike({ type }: Value): Value {
  if (type === 'v128') return v128(new Array<number>(16).fill(0));
  if (type === 'f64') return f64(0);
  return type === 'f32' ? f32(0) : type === 'i64' ? i64(0) : i32(0);
}
/** The constant n, sign-extended, of width w. */
export const k = (n: number, w: 32 | 64): Value => (w === 32 ? i32(n) : i64(n, Math.floor(n / 2 ** 32)));

const lift = (v: Operand, like: Value): Value =>
  typeof v !== 'number' ? v : like.type === 'i64' ? i64(v, Math.floor(v / 2 ** 32)) : i32(v);

/** Undoes what the other has done, if that was done before. */
const INVERSE: ReadonlyMap<OpName, OpName> = new Map([
  ['i32.wrap_i64', 'i64.extend_i32_u'],
  ['i32.reinterpret_f32', 'f32.reinterpret_i32'],
  ['f32.reinterpret_i32', 'i32.reinterpret_f32'],
  ['i64.reinterpret_f64', 'f64.reinterpret_i64'],
  ['f64.reinterpret_i64', 'i64.reinterpret_f64'],
]);

/** Any WebAssembly instruction without side effects, by its name. */
export function op(name: OpName, ...args: Value[]): Value {
  const first = args[0];
  if (first?.op !== undefined && INVERSE.get(name) === first.op) return first.args[0]!;
  return fold(name, first, args[1]) ?? new Value('op', OPS[name].result, 0, 0, name, args);
}
/** One with a lane number or other immediate byte: i8x16.extract_lane_u, i8x16.shuffle takes 16 (see shuffle). */
export const opImm = (name: OpName, imm: number, ...args: Value[]): Value =>
  new Value('op', OPS[name].result, imm, 0, name, args);

/* The names are put together here, once: a translator makes thousands of expressions. */
function binary(name: string): (a: Value, b: Operand) => Value {
  const [narrow, wide] = [`i32.${name}` as OpName, `i64.${name}` as OpName];
  return (a, b) => op(a.type === 'i32' ? narrow : wide, a, lift(b, a));
}
function unary(name: string): (a: Value) => Value {
  const [narrow, wide] = [`i32.${name}` as OpName, `i64.${name}` as OpName];
  return (a) => op(a.type === 'i32' ? narrow : wide, a);
}

// Arithmetic and logic: both operands of one type, which is the result's.
export const add = binary('add');
export const sub = binary('sub');
export const mul = binary('mul');
export const divs = binary('div_s');
export const divu = binary('div_u');
export const rems = binary('rem_s');
export const remu = binary('rem_u');
export const and = binary('and');
export const or = binary('or');
export const xor = binary('xor');
export const shl = binary('shl');
export const shr = binary('shr_u'); // logical
export const sar = binary('shr_s'); // arithmetic
export const rol = binary('rotl');
export const ror = binary('rotr');
export const clz = unary('clz');
export const ctz = unary('ctz');
export const popcnt = unary('popcnt');
export const not = (a: Value): Value => xor(a, -1);
export const neg = (a: Value): Value => sub(a.type === 'i32' ? i32(0) : i64(0), a);

// Comparisons: i32 0 or 1. s: signed, u: unsigned.
export const eqz = unary('eqz');
export const eq = binary('eq');
export const ne = binary('ne');
export const lts = binary('lt_s');
export const ltu = binary('lt_u');
export const les = binary('le_s');
export const leu = binary('le_u');
export const gts = binary('gt_s');
export const gtu = binary('gt_u');
export const ges = binary('ge_s');
export const geu = binary('ge_u');

// Operand fields of the instruction.
/** hi:lo, as the manual concatenates fields. */
export function concat(hi: Value, lo: Value): Value {
  const both = or(shl(hi, lo.bits), lo);
  const bits = hi.bits + lo.bits;
  return new Value(both.kind, both.type, both.lo, both.hi, both.op, both.args, { bits });
}
/** A field as a signed number of its width: SignExtend(imm). */
export const signed = (field: Value): Value => sx(field, field.bits);

// Width changes.
/** The low 32 bits of an i64. */
export const wrap = (a: Value): Value => (a.type === 'i32' ? a : op('i32.wrap_i64', a));
/** An i32 as i64, zero- or sign-extended. */
export const zext = (a: Value): Value => (a.type === 'i64' ? a : op('i64.extend_i32_u', a));
export const sext = (a: Value): Value => (a.type === 'i64' ? a : op('i64.extend_i32_s', a));
/** To width w: the low half, or zero-extended. */
export const resize = (a: Value, w: 32 | 64): Value => (w === 32 ? wrap(a) : zext(a));
/** The low 8, 16 or 32 bits sign-extended within the type. */
export function sx(a: Value, bits: number): Value {
  if (bits === 8) return op(`${a.type as 'i32' | 'i64'}.extend8_s`, a);
  if (bits === 16) return op(`${a.type as 'i32' | 'i64'}.extend16_s`, a);
  if (bits === 32) return a.type === 'i64' ? op('i64.extend32_s', a) : a;
  const up = (a.type === 'i64' ? 64 : 32) - bits;
  return up === 0 ? a : sar(shl(a, up), up);
}
/** The low `bits` bits zero-extended within the type. */
export function zx(a: Value, bits: number): Value {
  if (a.type === 'i32') return bits >= 32 ? a : and(a, bits === 31 ? 0x7fff_ffff : (1 << bits) - 1);
  if (bits >= 64) return a;
  return bits > 32 ? shr(shl(a, 64 - bits), 64 - bits) : and(a, i64(bits === 32 ? -1 : (1 << bits) - 1, 0));
}
/** Bit n as i32 0 or 1. */
export const bit = (a: Value, n: number): Value => wrap(and(shr(a, n), 1));

/** c != 0 ? a : b; both are evaluated. */
export function select(c: Value, a: Value, b: Value): Value {
  if (c.kind === 'const') return c.lo !== 0 ? a : b;
  return new Value('op', a.type, 0, 0, undefined, [a, b, c]);
}
/** i8x16.shuffle: bytes 0..15 from a, 16..31 from b. */
export const shuffle = (lanes: readonly number[], a: Value, b: Value): Value =>
  new Value('op', 'v128', 0, 0, 'i8x16.shuffle', [a, b], { bytes: lanes });
/** A v128 constant, lowest byte first. */
export const v128 = (bytes: readonly number[]): Value =>
  new Value('const', 'v128', 0, 0, undefined, NONE, { bytes });

/** The constant that `name` of constants is, or the operand that it leaves unchanged; undefined: neither. */
function fold(name: OpName, a: Value | undefined, b: Value | undefined): Value | undefined {
  if (!a || (b && b.kind !== 'const') || (a.type !== 'i32' && a.type !== 'i64')) return undefined;
  if (b && b.lo === 0 && b.hi === 0 && RIGHT_IDENTITY_ZERO.has(name)) return a;
  if (a.kind !== 'const') return undefined;
  const suffix = name.slice(4);
  if (name === 'i64.extend_i32_u') return i64(a.lo, 0);
  if (name === 'i64.extend_i32_s') return i64(a.lo);
  if (name === 'i32.wrap_i64') return i32(a.lo);
  if (a.type === 'i32') return constant32(fold32(suffix, a.lo, b?.lo ?? 0));
  if (a.type !== 'i64' || OPS[name].result !== 'i64' || !b) return undefined;
  const pair = fold64(suffix, [a.lo, a.hi], [b.lo, b.hi]);
  return pair && i64(pair[0], pair[1]);
}

const constant32 = (n: number | undefined): Value | undefined => (n === undefined ? undefined : i32(n));
