/*
 * board/cpu/insn/data-processing-register.ts - arithmetic and logic between general registers
 *
 * Manual: Arm ARM (DDI 0487), "A64 instruction set encoding", "Data Processing -- Register"
 * Absent: PACGA and pointer authentication, the MTE rows: not announced, so Undefined.
 */
import type { Builder, Fields, Row, Semantics, Width } from '../builder.ts';
import { crc32Step, extend, highProduct, shiftReg } from '../pseudocode.ts';
import { STATE } from '../state.ts';
import {
  add,
  and,
  bit,
  clz,
  divs,
  divu,
  eq,
  eqz,
  gtu,
  i32,
  i64,
  k,
  mul,
  neg,
  not,
  op,
  or,
  rol,
  ror,
  sar,
  select,
  shl,
  shr,
  sub,
  type Value,
  wrap,
  xor,
  zext,
  zx,
} from '../value.ts';

const width = (f: Fields): Width => (f.Z ? 64 : 32);
const sized = (v: Value, w: Width): Value => (w === 64 ? zext(v) : v);
type Binary = (a: Value, b: Value) => Value;

// Data-processing (2 source)

function udiv(b: Builder, f: Fields): void {
  const w = width(f);
  const m = b.let(b.x(f.m, w));
  b.setX(
    f.d,
    b.lazy(
      eqz(m),
      () => k(0, w),
      () => divu(b.x(f.n, w), m),
    ),
  ); // division by zero gives zero
}

function sdiv(b: Builder, f: Fields): void {
  const w = width(f);
  const [n, m] = [b.let(b.x(f.n, w)), b.let(b.x(f.m, w))];
  // n / -1 is -n: the most negative number wraps, where WebAssembly would trap.
  const quotient = () =>
    b.lazy(
      eq(m, -1),
      () => neg(n),
      () => divs(n, m),
    );
  b.setX(
    f.d,
    b.lazy(eqz(m), () => k(0, w), quotient),
  );
}

/** LSLV and family: amounts are modulo the width. */
const shift_variable =
  (operation: Binary): Semantics =>
  (b, f) =>
    b.setX(f.d, operation(b.x(f.n, width(f)), b.x(f.m, width(f))));

/** The data is the low `8 << S` bits of m. */
const crc32 =
  (table: number): Semantics =>
  (b, f) => {
    const data = b.let(b.x(f.m, f.S === 3 ? 64 : 32));
    let crc = b.let(b.x(f.n, 32));
    for (let byte = 0; byte < 1 << f.S; byte++)
      crc = b.let(crc32Step(b, crc, wrap(shr(data, 8 * byte)), table));
    b.setX(f.d, crc);
  };

const crcWidth = (f: { Z: number; S: number }): boolean => (f.Z === 1) === (f.S === 3);

// Data-processing (1 source)

/** Swaps neighbouring groups of `bits` bits. */
function swap(b: Builder, v: Value, bits: number): Value {
  const once = b.let(v);
  const low = repeated(bits, once.type === 'i64' ? 64 : 32);
  return or(and(shr(once, bits), low), shl(and(once, low), bits));
}

/** The mask 0...01...1 0...01...1 of groups of `bits` bits. */
function repeated(bits: number, w: Width): Value {
  let word = 0;
  for (let n = 0; n < 32; n++) if ((n & bits) === 0) word |= 1 << n;
  return w === 64 ? i64(word, word) : i32(word);
}

function rbit(b: Builder, f: Fields): void {
  let v = b.x(f.n, width(f));
  for (const bits of [1, 2, 4, 8]) v = swap(b, v, bits);
  b.setX(f.d, halves(b, v));
}

function rev16(b: Builder, f: Fields): void {
  b.setX(f.d, swap(b, b.x(f.n, width(f)), 8));
}

/** REV: all bytes of the register. */
const rev =
  (w: Width): Semantics =>
  (b, f) =>
    b.setX(f.d, halves(b, swap(b, b.x(f.n, w), 8)));

/** Reverses the order of the 16-bit parts. */
function halves(b: Builder, v: Value): Value {
  return v.type === 'i32' ? rol(v, 16) : rol(swap(b, v, 16), 32);
}

function rev32(b: Builder, f: Fields): void {
  b.setX(f.d, swap(b, swap(b, b.x(f.n, 64), 8), 16));
}

function clz_reg(b: Builder, f: Fields): void {
  b.setX(f.d, clz(b.x(f.n, width(f))));
}

function cls(b: Builder, f: Fields): void {
  const n = b.let(b.x(f.n, width(f)));
  b.setX(f.d, sub(clz(xor(n, sar(n, width(f) - 1))), 1));
}

// Logical (shifted register): H is the type of shift; N, where it is 1, inverts.

function shifted(b: Builder, f: Fields): Value {
  if (!f.Z) b.undefinedIf(bit(f.s, 5));
  return shiftReg(b.x(f.m, width(f)), f.H, f.s);
}

const logical =
  (operation: Binary): Semantics =>
  (b, f) => {
    const second = shifted(b, f);
    b.setX(f.d, operation(b.x(f.n, width(f)), second));
  };

const logical_flags =
  (operation: Binary): Semantics =>
  (b, f) => {
    const second = shifted(b, f);
    const result = b.let(operation(b.x(f.n, width(f)), second));
    b.logicFlags(result);
    b.setX(f.d, result);
  };

const bic: Binary = (a, b) => and(a, not(b));
const orn: Binary = (a, b) => or(a, not(b));
const eon: Binary = (a, b) => xor(a, not(b));

// Add/subtract (shifted register): a rotation is not allocated.

const noRotation = (f: { H: number }): boolean => f.H !== 3;

function add_shifted(b: Builder, f: Fields): void {
  const second = shifted(b, f);
  b.setX(f.d, add(b.x(f.n, width(f)), second));
}

function adds_shifted(b: Builder, f: Fields): void {
  const second = shifted(b, f);
  b.setX(f.d, b.adds(b.x(f.n, width(f)), second));
}

function sub_shifted(b: Builder, f: Fields): void {
  const second = shifted(b, f);
  b.setX(f.d, sub(b.x(f.n, width(f)), second));
}

function subs_shifted(b: Builder, f: Fields): void {
  const second = shifted(b, f);
  b.setX(f.d, b.subs(b.x(f.n, width(f)), second));
}

// Add/subtract (extended register): O is the extension; shifts above 4 are not allocated. Register 31 is SP.

function extended(b: Builder, f: Fields): Value {
  b.undefinedIf(gtu(f.s, 4));
  return shl(extend(b.x(f.m, width(f)), f.O), sized(f.s, width(f)));
}

function add_extended(b: Builder, f: Fields): void {
  const second = extended(b, f);
  b.setXsp(f.d, add(b.xsp(f.n, width(f)), second));
}

function adds_extended(b: Builder, f: Fields): void {
  const second = extended(b, f);
  b.setX(f.d, b.adds(b.xsp(f.n, width(f)), second));
}

function sub_extended(b: Builder, f: Fields): void {
  const second = extended(b, f);
  b.setXsp(f.d, sub(b.xsp(f.n, width(f)), second));
}

function subs_extended(b: Builder, f: Fields): void {
  const second = extended(b, f);
  b.setX(f.d, b.subs(b.xsp(f.n, width(f)), second));
}

// Add/subtract (with carry): subtracting is adding the complement.

const withCarry = (b: Builder, n: Value, m: Value): Value =>
  add(add(n, m), n.type === 'i64' ? zext(b.carry()) : b.carry());

function adc(b: Builder, f: Fields): void {
  b.setX(f.d, withCarry(b, b.x(f.n, width(f)), b.x(f.m, width(f))));
}

function adcs(b: Builder, f: Fields): void {
  b.setX(f.d, b.adcs(b.x(f.n, width(f)), b.x(f.m, width(f)), b.carry()));
}

function sbc(b: Builder, f: Fields): void {
  b.setX(f.d, withCarry(b, b.x(f.n, width(f)), not(b.x(f.m, width(f)))));
}

function sbcs(b: Builder, f: Fields): void {
  b.setX(f.d, b.adcs(b.x(f.n, width(f)), not(b.x(f.m, width(f))), b.carry()));
}

// Rotate right into flags; Evaluate into flags (FEAT_FlagM)

function rmif(b: Builder, f: Fields): void {
  const chosen = shl(f.m, 28);
  const rotated = shl(wrap(ror(b.x(f.n, 64), zext(f.i))), 28);
  b.setNzcv(or(and(rotated, chosen), and(b.nzcv(), not(chosen))));
}

/** SETF8, SETF16: the flags that an addition of S ? 16 : 8 bits would have set. C stays. */
function setf(b: Builder, f: Fields): void {
  const n = b.let(b.x(f.n, 32));
  const bits = f.S ? 16 : 8;
  const [top, above] = [bit(n, bits - 1), bit(n, bits)];
  const kept = and(b.nzcv(), 1 << 29);
  b.setNzcv(or(or(shl(top, 31), shl(eqz(zx(n, bits)), 30)), or(shl(xor(top, above), 28), kept)));
}

// Conditional compare: when the condition fails the flags are those in the instruction.

const conditional_compare =
  (compare: 'adds' | 'subs', second: (b: Builder, f: Fields) => Value): Semantics =>
  (b, f) =>
    b.if_(
      b.cond(f.c),
      () => void b[compare](b.x(f.n, width(f)), second(b, f)),
      () => b.setNzcv(shl(f.v, 28)),
    );

const regOperand = (b: Builder, f: Fields): Value => b.x(f.m, width(f));
const immOperand = (_b: Builder, f: Fields): Value => sized(f.i, width(f));

// Conditional select

const conditional_select =
  (otherwise: (v: Value) => Value): Semantics =>
  (b, f) => {
    const w = width(f);
    b.setX(f.d, select(b.cond(f.c), b.x(f.n, w), otherwise(b.x(f.m, w))));
  };

// Data-processing (3 source)

const multiply_accumulate =
  (combine: Binary): Semantics =>
  (b, f) =>
    b.setX(f.d, combine(b.x(f.a, width(f)), mul(b.x(f.n, width(f)), b.x(f.m, width(f)))));

const multiply_long =
  (combine: Binary, widen: (v: Value) => Value): Semantics =>
  (b, f) =>
    b.setX(f.d, combine(b.x(f.a, 64), mul(widen(b.x(f.n, 32)), widen(b.x(f.m, 32)))));

const signedLong = (v: Value): Value => op('i64.extend_i32_s', v);

function umulh(b: Builder, f: Fields): void {
  const [n, m] = [b.let(b.x(f.n, 64)), b.let(b.x(f.m, 64))];
  b.setX(f.d, highProduct(b, n, m));
}

function smulh(b: Builder, f: Fields): void {
  const [n, m] = [b.let(b.x(f.n, 64)), b.let(b.x(f.m, 64))];
  const unsigned = highProduct(b, n, m);
  // A negative factor counted 2^64 too much.
  b.setX(f.d, sub(sub(unsigned, and(sar(n, 63), m)), and(sar(m, 63), n)));
}

const same = (v: Value): Value => v;
const increment = (v: Value): Value => add(v, 1);

// biome-ignore format: columns teach
export const DATA_PROCESSING_REGISTER: readonly Row[] = [
  // Data-processing (2 source)
  ['Z0011010110mmmmm000010nnnnnddddd', 'UDIV', udiv, 'udiv {R:d}, {R:n}, {R:m}'],
  ['Z0011010110mmmmm000011nnnnnddddd', 'SDIV', sdiv, 'sdiv {R:d}, {R:n}, {R:m}'],
  ['Z0011010110mmmmm001000nnnnnddddd', 'LSLV', shift_variable(shl), 'lsl {R:d}, {R:n}, {R:m}'],
  ['Z0011010110mmmmm001001nnnnnddddd', 'LSRV', shift_variable(shr), 'lsr {R:d}, {R:n}, {R:m}'],
  ['Z0011010110mmmmm001010nnnnnddddd', 'ASRV', shift_variable(sar), 'asr {R:d}, {R:n}, {R:m}'],
  ['Z0011010110mmmmm001011nnnnnddddd', 'RORV', shift_variable(ror), 'ror {R:d}, {R:n}, {R:m}'],
  ['Z0011010110mmmmm0100SSnnnnnddddd', 'CRC32B, CRC32H, CRC32W, CRC32X', crc32(STATE.CRC32), 'crc32{bhwx} {W:d}, {W:n}, {R:m}', { when: crcWidth, cold: true }],
  ['Z0011010110mmmmm0101SSnnnnnddddd', 'CRC32CB, CRC32CH, CRC32CW, CRC32CX', crc32(STATE.CRC32C), 'crc32c{bhwx} {W:d}, {W:n}, {R:m}', { when: crcWidth, cold: true }],

  // Data-processing (1 source)
  ['Z101101011000000000000nnnnnddddd', 'RBIT', rbit, 'rbit {R:d}, {R:n}'],
  ['Z101101011000000000001nnnnnddddd', 'REV16', rev16, 'rev16 {R:d}, {R:n}'],
  ['0101101011000000000010nnnnnddddd', 'REV', rev(32), 'rev {W:d}, {W:n}'],
  ['1101101011000000000010nnnnnddddd', 'REV32', rev32, 'rev32 {X:d}, {X:n}'],
  ['1101101011000000000011nnnnnddddd', 'REV', rev(64), 'rev {X:d}, {X:n}'],
  ['Z101101011000000000100nnnnnddddd', 'CLZ', clz_reg, 'clz {R:d}, {R:n}'],
  ['Z101101011000000000101nnnnnddddd', 'CLS', cls, 'cls {R:d}, {R:n}'],

  // Logical (shifted register)
  ['Z0001010HH0mmmmmssssssnnnnnddddd', 'AND (shifted register)', logical(and), 'and {R:d}, {R:n}, {R:m}{shift}'],
  ['Z0001010HH1mmmmmssssssnnnnnddddd', 'BIC (shifted register)', logical(bic), 'bic {R:d}, {R:n}, {R:m}{shift}'],
  ['Z0101010HH0mmmmmssssssnnnnnddddd', 'ORR (shifted register)', logical(or), 'orr {R:d}, {R:n}, {R:m}{shift}'],
  ['Z0101010HH1mmmmmssssssnnnnnddddd', 'ORN (shifted register)', logical(orn), 'orn {R:d}, {R:n}, {R:m}{shift}'],
  ['Z1001010HH0mmmmmssssssnnnnnddddd', 'EOR (shifted register)', logical(xor), 'eor {R:d}, {R:n}, {R:m}{shift}'],
  ['Z1001010HH1mmmmmssssssnnnnnddddd', 'EON (shifted register)', logical(eon), 'eon {R:d}, {R:n}, {R:m}{shift}'],
  ['Z1101010HH0mmmmmssssssnnnnnddddd', 'ANDS (shifted register)', logical_flags(and), 'ands {R:d}, {R:n}, {R:m}{shift}'],
  ['Z1101010HH1mmmmmssssssnnnnnddddd', 'BICS (shifted register)', logical_flags(bic), 'bics {R:d}, {R:n}, {R:m}{shift}'],

  // Add/subtract (shifted register)
  ['Z0001011HH0mmmmmssssssnnnnnddddd', 'ADD (shifted register)', add_shifted, 'add {R:d}, {R:n}, {R:m}{shift}', { when: noRotation }],
  ['Z0101011HH0mmmmmssssssnnnnnddddd', 'ADDS (shifted register)', adds_shifted, 'adds {R:d}, {R:n}, {R:m}{shift}', { when: noRotation }],
  ['Z1001011HH0mmmmmssssssnnnnnddddd', 'SUB (shifted register)', sub_shifted, 'sub {R:d}, {R:n}, {R:m}{shift}', { when: noRotation }],
  ['Z1101011HH0mmmmmssssssnnnnnddddd', 'SUBS (shifted register)', subs_shifted, 'subs {R:d}, {R:n}, {R:m}{shift}', { when: noRotation }],

  // Add/subtract (extended register)
  ['Z0001011001mmmmmOOOsssnnnnnddddd', 'ADD (extended register)', add_extended, 'add {RS:d}, {RS:n}, {extended}'],
  ['Z0101011001mmmmmOOOsssnnnnnddddd', 'ADDS (extended register)', adds_extended, 'adds {R:d}, {RS:n}, {extended}'],
  ['Z1001011001mmmmmOOOsssnnnnnddddd', 'SUB (extended register)', sub_extended, 'sub {RS:d}, {RS:n}, {extended}'],
  ['Z1101011001mmmmmOOOsssnnnnnddddd', 'SUBS (extended register)', subs_extended, 'subs {R:d}, {RS:n}, {extended}'],

  // Add/subtract (with carry)
  ['Z0011010000mmmmm000000nnnnnddddd', 'ADC', adc, 'adc {R:d}, {R:n}, {R:m}'],
  ['Z0111010000mmmmm000000nnnnnddddd', 'ADCS', adcs, 'adcs {R:d}, {R:n}, {R:m}'],
  ['Z1011010000mmmmm000000nnnnnddddd', 'SBC', sbc, 'sbc {R:d}, {R:n}, {R:m}'],
  ['Z1111010000mmmmm000000nnnnnddddd', 'SBCS', sbcs, 'sbcs {R:d}, {R:n}, {R:m}'],

  // Rotate right into flags
  ['10111010000iiiiii00001nnnnn0mmmm', 'RMIF', rmif, 'rmif {X:n}, {#:i}, {#:m}', { cold: true }],

  // Evaluate into flags
  ['00111010000000000S0010nnnnn01101', 'SETF8, SETF16', setf, 'setf{setf} {W:n}', { cold: true }],

  // Conditional compare (register)
  ['Z0111010010mmmmmcccc00nnnnn0vvvv', 'CCMN (register)', conditional_compare('adds', regOperand), 'ccmn {R:n}, {R:m}, {#x:v}, {cond:c}'],
  ['Z1111010010mmmmmcccc00nnnnn0vvvv', 'CCMP (register)', conditional_compare('subs', regOperand), 'ccmp {R:n}, {R:m}, {#x:v}, {cond:c}'],

  // Conditional compare (immediate)
  ['Z0111010010iiiiicccc10nnnnn0vvvv', 'CCMN (immediate)', conditional_compare('adds', immOperand), 'ccmn {R:n}, {#x:i}, {#x:v}, {cond:c}'],
  ['Z1111010010iiiiicccc10nnnnn0vvvv', 'CCMP (immediate)', conditional_compare('subs', immOperand), 'ccmp {R:n}, {#x:i}, {#x:v}, {cond:c}'],

  // Conditional select
  ['Z0011010100mmmmmcccc00nnnnnddddd', 'CSEL', conditional_select(same), 'csel {R:d}, {R:n}, {R:m}, {cond:c}'],
  ['Z0011010100mmmmmcccc01nnnnnddddd', 'CSINC', conditional_select(increment), 'csinc {R:d}, {R:n}, {R:m}, {cond:c}'],
  ['Z1011010100mmmmmcccc00nnnnnddddd', 'CSINV', conditional_select(not), 'csinv {R:d}, {R:n}, {R:m}, {cond:c}'],
  ['Z1011010100mmmmmcccc01nnnnnddddd', 'CSNEG', conditional_select(neg), 'csneg {R:d}, {R:n}, {R:m}, {cond:c}'],

  // Data-processing (3 source)
  ['Z0011011000mmmmm0aaaaannnnnddddd', 'MADD', multiply_accumulate(add), 'madd {R:d}, {R:n}, {R:m}, {R:a}'],
  ['Z0011011000mmmmm1aaaaannnnnddddd', 'MSUB', multiply_accumulate(sub), 'msub {R:d}, {R:n}, {R:m}, {R:a}'],
  ['10011011001mmmmm0aaaaannnnnddddd', 'SMADDL', multiply_long(add, signedLong), 'smaddl {X:d}, {W:n}, {W:m}, {X:a}'],
  ['10011011001mmmmm1aaaaannnnnddddd', 'SMSUBL', multiply_long(sub, signedLong), 'smsubl {X:d}, {W:n}, {W:m}, {X:a}'],
  ['10011011010mmmmm0.....nnnnnddddd', 'SMULH', smulh, 'smulh {X:d}, {X:n}, {X:m}'],
  ['10011011101mmmmm0aaaaannnnnddddd', 'UMADDL', multiply_long(add, zext), 'umaddl {X:d}, {W:n}, {W:m}, {X:a}'],
  ['10011011101mmmmm1aaaaannnnnddddd', 'UMSUBL', multiply_long(sub, zext), 'umsubl {X:d}, {W:n}, {W:m}, {X:a}'],
  ['10011011110mmmmm0.....nnnnnddddd', 'UMULH', umulh, 'umulh {X:d}, {X:n}, {X:m}'],
];
