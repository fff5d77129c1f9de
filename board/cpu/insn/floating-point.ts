/*
 * board/cpu/insn/floating-point.ts - scalar floating point
 *
 * Manual: Arm ARM (DDI 0487), "A64 instruction set encoding", "Data Processing -- Scalar Floating-Point and Advanced SIMD"
 * Absent: FCVT to BFloat16, FRINT32 and FRINT64: not announced
 */
import type { Builder, Fields, Row, Semantics } from '../builder.ts';
import { compare } from '../fp/compare.ts';
import { FixedToFP, FPRoundInt, FPToFixed, FPToFixedJS } from '../fp/convert.ts';
import { element, ftype, isFtype, setScalar } from '../fp/element.ts';
import { DOUBLE, type Format, magnitude, negated } from '../fp/format.ts';
import { onScalars, type Operation } from '../fp/operation.ts';
import {
  ADD,
  converted,
  DIV,
  fromInteger,
  MAX,
  MAXNM,
  MIN,
  MINNM,
  MUL,
  MULADD,
  SQRT,
  SUB,
  toInteger,
} from '../fp/operations.ts';
import { ROUNDING, roundingMode } from '../fp/status.ts';
import { vfpExpandImm } from '../pseudocode.ts';
import { i32, i64, select, sext, shl, shr, sub, type Value, wrap, zext, zx } from '../value.ts';

const format = (f: Fields): Format => ftype(f.T);
const operand = (b: Builder, f: Fields, n: Value): Value => element(b, format(f), n);
const setResult = (b: Builder, f: Fields, v: Value): void => setScalar(b, format(f), f.d, v);
const x = (b: Builder, f: Fields): Value => b.x(f.n, f.Z ? 64 : 32);

// Conversion between floating-point and fixed-point: 64 minus C:s bits of fraction, not more than there are.

const fractionBits = (f: Fields): Value => sub(i32(f.C ? 32 : 64), f.s);
const fitsFraction = (f: { T: number; Z: number; C: number }): boolean => isFtype(f) && (f.Z | f.C) === 1;

const integerOperand = (b: Builder, f: Fields, signed: boolean): Value => (signed ? sext : zext)(x(b, f));

const from_fixed =
  (signed: boolean): Semantics =>
  (b, f) =>
    setResult(b, f, FixedToFP(b, format(f), integerOperand(b, f, signed), signed, fractionBits(f)));

const to_fixed =
  (signed: boolean): Semantics =>
  (b, f) => {
    const type = { bits: f.Z ? 64 : 32, signed } as const;
    const mode = i32(ROUNDING.ZERO);
    b.setX(f.d, FPToFixed(b, format(f), operand(b, f, f.n), type, fractionBits(f), mode));
  };

// Conversion between floating-point and integer: `r` is the rounding mode.

const to_integer =
  (signed: boolean, mode: (f: Fields) => Value): Semantics =>
  (b, f) => {
    const type = { bits: f.Z ? 64 : 32, signed } as const;
    b.setX(f.d, FPToFixed(b, format(f), operand(b, f, f.n), type, i32(0), mode(f)));
  };

const encoded = (f: Fields): Value => f.r;
const away = (): Value => i32(ROUNDING.TIEAWAY);

const truncate =
  (signed: boolean): Semantics =>
  (b, f) =>
    b.setX(f.d, toInteger(b, format(f), operand(b, f, f.n), { bits: f.Z ? 64 : 32, signed }));

const from_integer =
  (signed: boolean): Semantics =>
  (b, f) =>
    setResult(b, f, fromInteger(b, format(f), x(b, f), signed));

function fmov_to_general(b: Builder, f: Fields): void {
  b.setX(f.d, operand(b, f, f.n));
}

function fmov_from_general(b: Builder, f: Fields): void {
  setResult(b, f, zx(b.x(f.n, 64), format(f).bits));
}

function fmov_from_top(b: Builder, f: Fields): void {
  b.setX(f.d, b.lane(f.n, 8, 1));
}

function fmov_to_top(b: Builder, f: Fields): void {
  b.setLane(f.d, 8, 1, b.x(f.n, 64));
}

/** Sets Z if the number was an integer of 32 bits. */
function fjcvtzs(b: Builder, f: Fields): void {
  const result = b.call(FPToFixedJS, element(b, DOUBLE, f.n));
  b.setNzcv(shl(wrap(shr(result, 32)), 30));
  b.setX(f.d, wrap(result));
}

// Floating-point data-processing (1 source)

type Plain = (format: Format, v: Value) => Value;

/** Moves bits, and looks at nothing: no NaN, no flag. */
const plain =
  (operation: Plain): Semantics =>
  (b, f) =>
    setResult(b, f, operation(format(f), operand(b, f, f.n)));

const same: Plain = (_, v) => v;

const one_source =
  (operation: Operation): Semantics =>
  (b, f) =>
    setResult(b, f, onScalars(b, operation, format(f), [operand(b, f, f.n)]));

/** O is the format of the result. */
function fcvt(b: Builder, f: Fields): void {
  const to = ftype(f.O);
  setScalar(b, to, f.d, converted(b, format(f), to, operand(b, f, f.n)));
}

const convertible = (f: { T: number; O: number }): boolean => f.T !== 2 && f.O !== 2 && f.T !== f.O;

const round_integral =
  (mode: (b: Builder, f: Fields) => Value, exact = false): Semantics =>
  (b, f) =>
    setResult(b, f, b.call(FPRoundInt[format(f).name], operand(b, f, f.n), mode(b, f), i32(Number(exact))));

const inWord = (_b: Builder, f: Fields): Value => f.r;

// Floating-point compare

const zero = (): Value => i64(0);
const second = (b: Builder, f: Fields): Value => operand(b, f, f.m);

/** `e`: a quiet NaN is an invalid operation too. */
const setFlags = (b: Builder, f: Fields, other: Value): void =>
  b.setNzcv(compare(b, format(f), operand(b, f, f.n), other, f.e));

const fcmp =
  (other: (b: Builder, f: Fields) => Value): Semantics =>
  (b, f) =>
    setFlags(b, f, other(b, f));

function fccmp(b: Builder, f: Fields): void {
  b.if_(
    b.cond(f.c),
    () => setFlags(b, f, second(b, f)),
    () => b.setNzcv(shl(f.v, 28)),
  );
}

// Floating-point immediate

function fmov_imm(b: Builder, f: Fields): void {
  setResult(b, f, vfpExpandImm(f.i, format(f).bits));
}

// Floating-point conditional select

function fcsel(b: Builder, f: Fields): void {
  setResult(b, f, select(b.cond(f.c), operand(b, f, f.n), operand(b, f, f.m)));
}

// Floating-point data-processing (2 source)

const ofTwo = (b: Builder, f: Fields, operation: Operation): Value =>
  onScalars(b, operation, format(f), [operand(b, f, f.n), operand(b, f, f.m)]);

const two_source =
  (operation: Operation): Semantics =>
  (b, f) =>
    setResult(b, f, ofTwo(b, f, operation));

function fnmul(b: Builder, f: Fields): void {
  setResult(b, f, negated(format(f), ofTwo(b, f, MUL)));
}

// Floating-point data-processing (3 source)

const three_source =
  (ofAddend: Plain, ofFactor: Plain): Semantics =>
  (b, f) => {
    const addend = ofAddend(format(f), operand(b, f, f.a));
    const factor = ofFactor(format(f), operand(b, f, f.n));
    setResult(b, f, onScalars(b, MULADD, format(f), [addend, factor, operand(b, f, f.m)]));
  };

const FP = { fp: true, cold: true } as const;
const FIXED = { ...FP, when: fitsFraction } as const;
const FTYPE = { ...FP, when: isFtype } as const;
/** FMOV between registers of the same size; half precision fits into both. */
const sameSize = (f: { Z: number; T: number }): boolean => f.T === 3 || f.T === f.Z;

/* Fields: T the format (S, D, -, H), Z the general register is 64 bits. */
// biome-ignore format: columns teach
export const FLOATING_POINT: readonly Row[] = [
  // Conversion between floating-point and fixed-point
  ['Z0011110TT000010Csssssnnnnnddddd', 'SCVTF (scalar, fixed-point)', from_fixed(true), 'scvtf {F:d}, {R:n}, {fbits:s}', FIXED],
  ['Z0011110TT000011Csssssnnnnnddddd', 'UCVTF (scalar, fixed-point)', from_fixed(false), 'ucvtf {F:d}, {R:n}, {fbits:s}', FIXED],
  ['Z0011110TT011000Csssssnnnnnddddd', 'FCVTZS (scalar, fixed-point)', to_fixed(true), 'fcvtzs {R:d}, {F:n}, {fbits:s}', FIXED],
  ['Z0011110TT011001Csssssnnnnnddddd', 'FCVTZU (scalar, fixed-point)', to_fixed(false), 'fcvtzu {R:d}, {F:n}, {fbits:s}', FIXED],

  // Conversion between floating-point and integer
  ['Z0011110TT111000000000nnnnnddddd', 'FCVTZS (scalar, integer)', truncate(true), 'fcvtzs {R:d}, {F:n}', FTYPE],
  ['Z0011110TT1rr000000000nnnnnddddd', 'FCVTNS, FCVTPS, FCVTMS (scalar)', to_integer(true, encoded), 'fcvt{npmz:r}s {R:d}, {F:n}', FTYPE],
  ['Z0011110TT111001000000nnnnnddddd', 'FCVTZU (scalar, integer)', truncate(false), 'fcvtzu {R:d}, {F:n}', FTYPE],
  ['Z0011110TT1rr001000000nnnnnddddd', 'FCVTNU, FCVTPU, FCVTMU (scalar)', to_integer(false, encoded), 'fcvt{npmz:r}u {R:d}, {F:n}', FTYPE],
  ['Z0011110TT100010000000nnnnnddddd', 'SCVTF (scalar, integer)', from_integer(true), 'scvtf {F:d}, {R:n}', FTYPE],
  ['Z0011110TT100011000000nnnnnddddd', 'UCVTF (scalar, integer)', from_integer(false), 'ucvtf {F:d}, {R:n}', FTYPE],
  ['Z0011110TT100100000000nnnnnddddd', 'FCVTAS (scalar)', to_integer(true, away), 'fcvtas {R:d}, {F:n}', FTYPE],
  ['Z0011110TT100101000000nnnnnddddd', 'FCVTAU (scalar)', to_integer(false, away), 'fcvtau {R:d}, {F:n}', FTYPE],
  ['Z0011110TT100110000000nnnnnddddd', 'FMOV (to general)', fmov_to_general, 'fmov {R:d}, {F:n}', { ...FP, when: sameSize }],
  ['Z0011110TT100111000000nnnnnddddd', 'FMOV (from general)', fmov_from_general, 'fmov {F:d}, {R:n}', { ...FP, when: sameSize }],
  ['1001111010101110000000nnnnnddddd', 'FMOV (from top half)', fmov_from_top, 'fmov {X:d}, v{n:n}.d[1]', FP],
  ['1001111010101111000000nnnnnddddd', 'FMOV (to top half)', fmov_to_top, 'fmov v{n:d}.d[1], {X:n}', FP],
  ['0001111001111110000000nnnnnddddd', 'FJCVTZS', fjcvtzs, 'fjcvtzs {W:d}, d{n:n}', FP],

  // Floating-point data-processing (1 source)
  ['00011110TT100000010000nnnnnddddd', 'FMOV (register)', plain(same), 'fmov {F:d}, {F:n}', FTYPE],
  ['00011110TT100000110000nnnnnddddd', 'FABS (scalar)', plain(magnitude), 'fabs {F:d}, {F:n}', FTYPE],
  ['00011110TT100001010000nnnnnddddd', 'FNEG (scalar)', plain(negated), 'fneg {F:d}, {F:n}', FTYPE],
  ['00011110TT100001110000nnnnnddddd', 'FSQRT (scalar)', one_source(SQRT), 'fsqrt {F:d}, {F:n}', FTYPE],
  ['00011110TT10001OO10000nnnnnddddd', 'FCVT', fcvt, 'fcvt {FO:d}, {F:n}', { ...FP, when: convertible }],
  ['00011110TT10010rr10000nnnnnddddd', 'FRINTN, FRINTP, FRINTM, FRINTZ (scalar)', round_integral(inWord), 'frint{npmz:r} {F:d}, {F:n}', FTYPE],
  ['00011110TT100110010000nnnnnddddd', 'FRINTA (scalar)', round_integral(away), 'frinta {F:d}, {F:n}', FTYPE],
  ['00011110TT100111010000nnnnnddddd', 'FRINTX (scalar)', round_integral(roundingMode, true), 'frintx {F:d}, {F:n}', FTYPE],
  ['00011110TT100111110000nnnnnddddd', 'FRINTI (scalar)', round_integral(roundingMode), 'frinti {F:d}, {F:n}', FTYPE],

  // Floating-point compare
  ['00011110TT1mmmmm001000nnnnne0000', 'FCMP, FCMPE', fcmp(second), 'fcmp{e:e} {F:n}, {F:m}', FTYPE],
  ['00011110TT1.....001000nnnnne1000', 'FCMP, FCMPE (zero)', fcmp(zero), 'fcmp{e:e} {F:n}, #0.0', FTYPE],

  // Floating-point immediate
  ['00011110TT1iiiiiiii10000000ddddd', 'FMOV (scalar, immediate)', fmov_imm, 'fmov {F:d}, {fimm:i}', FTYPE],

  // Floating-point conditional compare
  ['00011110TT1mmmmmcccc01nnnnnevvvv', 'FCCMP, FCCMPE', fccmp, 'fccmp{e:e} {F:n}, {F:m}, {#x:v}, {cond:c}', FTYPE],

  // Floating-point data-processing (2 source)
  ['00011110TT1mmmmm000010nnnnnddddd', 'FMUL (scalar)', two_source(MUL), 'fmul {F:d}, {F:n}, {F:m}', FTYPE],
  ['00011110TT1mmmmm000110nnnnnddddd', 'FDIV (scalar)', two_source(DIV), 'fdiv {F:d}, {F:n}, {F:m}', FTYPE],
  ['00011110TT1mmmmm001010nnnnnddddd', 'FADD (scalar)', two_source(ADD), 'fadd {F:d}, {F:n}, {F:m}', FTYPE],
  ['00011110TT1mmmmm001110nnnnnddddd', 'FSUB (scalar)', two_source(SUB), 'fsub {F:d}, {F:n}, {F:m}', FTYPE],
  ['00011110TT1mmmmm010010nnnnnddddd', 'FMAX (scalar)', two_source(MAX), 'fmax {F:d}, {F:n}, {F:m}', FTYPE],
  ['00011110TT1mmmmm010110nnnnnddddd', 'FMIN (scalar)', two_source(MIN), 'fmin {F:d}, {F:n}, {F:m}', FTYPE],
  ['00011110TT1mmmmm011010nnnnnddddd', 'FMAXNM (scalar)', two_source(MAXNM), 'fmaxnm {F:d}, {F:n}, {F:m}', FTYPE],
  ['00011110TT1mmmmm011110nnnnnddddd', 'FMINNM (scalar)', two_source(MINNM), 'fminnm {F:d}, {F:n}, {F:m}', FTYPE],
  ['00011110TT1mmmmm100010nnnnnddddd', 'FNMUL (scalar)', fnmul, 'fnmul {F:d}, {F:n}, {F:m}', FTYPE],

  // Floating-point conditional select
  ['00011110TT1mmmmmcccc11nnnnnddddd', 'FCSEL', fcsel, 'fcsel {F:d}, {F:n}, {F:m}, {cond:c}', FTYPE],

  // Floating-point data-processing (3 source)
  ['00011111TT0mmmmm0aaaaannnnnddddd', 'FMADD', three_source(same, same), 'fmadd {F:d}, {F:n}, {F:m}, {F:a}', FTYPE],
  ['00011111TT0mmmmm1aaaaannnnnddddd', 'FMSUB', three_source(same, negated), 'fmsub {F:d}, {F:n}, {F:m}, {F:a}', FTYPE],
  ['00011111TT1mmmmm0aaaaannnnnddddd', 'FNMADD', three_source(negated, negated), 'fnmadd {F:d}, {F:n}, {F:m}, {F:a}', FTYPE],
  ['00011111TT1mmmmm1aaaaannnnnddddd', 'FNMSUB', three_source(negated, same), 'fnmsub {F:d}, {F:n}, {F:m}, {F:a}', FTYPE],
];
