/*
 * board/cpu/insn/simd-permute.ts - elements moved about: copies, permutations, tables; and immediates
 *
 * Manual: Arm ARM (DDI 0487), "A64 instruction set encoding", "Advanced SIMD copy", "Advanced SIMD scalar copy", "Advanced
 *         SIMD permute", "Advanced SIMD extract", "Advanced SIMD table lookup", "Advanced SIMD modified immediate"
 */
import type { Attributes, Builder, Bytes, Fields, Row, Semantics, VectorBits } from '../builder.ts';
import { fill, pick, splat, vand, vbic, veq, vgtu, vnot, vor, vselect, vsub, ZEROS } from '../lanes.ts';
import { vfpExpandImm } from '../pseudocode.ts';
import { add, and, concat, i32, op, or, sext, shl, shuffle, type Value, v128, wrap } from '../value.ts';
import { ALL_SIZES, BHSD, forSizes, NARROW_SIZES, SIMD, sizedVector, vector } from './simd.ts';

// Copies: imm5 is the size and the index

const bitsOf = (f: Fields): VectorBits => (f.Q ? 128 : 64);

const dup_element =
  (e: Bytes): Semantics =>
  (b, f) =>
    b.setV(f.d, splat(e, b.lane(f.n, e, f.i)), bitsOf(f));

const dup_general =
  (e: Bytes): Semantics =>
  (b, f) =>
    b.setV(f.d, splat(e, b.x(f.n, e === 8 ? 64 : 32)), bitsOf(f));

const dup_scalar =
  (e: Bytes): Semantics =>
  (b, f) =>
    b.setV(f.d, b.lane(f.n, e, f.i));

const ins_element =
  (e: Bytes): Semantics =>
  (b, f) =>
    b.setLane(f.d, e, f.i, b.let(b.lane(f.n, e, f.j)));

const ins_general =
  (e: Bytes): Semantics =>
  (b, f) =>
    b.setLane(f.d, e, f.i, b.x(f.n, e === 8 ? 64 : 32));

const umov =
  (e: Bytes): Semantics =>
  (b, f) =>
    b.setX(f.d, b.lane(f.n, e, f.i));

/** To 32 or (Q) 64 bits. */
const smov =
  (e: Bytes): Semantics =>
  (b, f) => {
    const v = b.lane(f.n, e, f.i, true);
    b.setX(f.d, f.Q ? sext(v) : v);
  };

// Permutations: which element of n:m each element of the result is, given how many a vector has

type Choice = (i: number, count: number) => number;

const uzp =
  (part: number): Choice =>
  (i) =>
    2 * i + part;
const trn =
  (part: number): Choice =>
  (i, count) =>
    (i & 1) * count + (i & ~1) + part;
const zip =
  (part: number): Choice =>
  (i, count) =>
    (i & 1) * count + (i >> 1) + (part * count) / 2;

const permute =
  (choice: Choice): Semantics =>
  (b, f) => {
    const { e, bits } = vector(f);
    const count = bits / (8 * e);
    // In a whole vector m begins at element 16 / e, however many of n count.
    const chosen = Array.from({ length: 16 / e }, (_, i) => {
      const element = choice(i % count, count);
      return element < count ? element : element - count + 16 / e;
    });
    b.setV(f.d, pick(e, chosen, b.v(f.n), b.v(f.m)), bits);
  };

function ext(b: Builder, f: Fields): void {
  const bytes = f.Q ? 16 : 8;
  const lanes = Array.from({ length: 16 }, (_, i) => {
    const at = (i % bytes) + f.I;
    return at < bytes ? at : at - bytes + 16;
  });
  b.setV(f.d, shuffle(lanes, b.v(f.n), b.v(f.m)), bitsOf(f));
}

/** L + 1 registers from Vn up are the table. An index beyond it gives zero, or (TBX) what was there. */
const table =
  (keeps: boolean): Semantics =>
  (b, f) => {
    const indices = b.let(b.v(f.m));
    let found = ZEROS;
    for (let r = 0; r <= f.L; r++) {
      // What is not in this register wraps to an index beyond 15, for which swizzle gives zero.
      const piece = op('i8x16.swizzle', b.v(and(add(f.n, r), 31)), vsub(1, indices, fill(1, 16 * r)));
      found = b.let(r === 0 ? piece : vor(found, piece));
    }
    const beyond = vgtu(1, indices, fill(1, 16 * f.L + 15));
    b.setV(f.d, keeps ? vselect(beyond, b.v(f.d), found) : found, bitsOf(f));
  };

/*
 * Modified immediates: imm8 is a:h (abc:defgh). What is done with it depends on cmode and op.
 */
type Immediate = (f: Fields) => Value;
const imm8 = (f: Fields): Value => concat(f.a, f.h);

const word: Immediate = (f) => splat(4, shl(imm8(f), 8 * f.S));
const halfword: Immediate = (f) => splat(2, shl(imm8(f), 8 * f.S));
/** Shifting ones in. */
const word_ones: Immediate = (f) => splat(4, or(shl(imm8(f), f.S ? 16 : 8), i32(f.S ? 0xffff : 0xff)));
const byte: Immediate = (f) => splat(1, imm8(f));
/** Each bit becomes a byte of the doubleword. */
function doubleword(f: Fields): Value {
  const bits = v128(Array.from({ length: 16 }, (_, i) => 1 << (i & 7)));
  return veq(1, vand(splat(1, imm8(f)), bits), bits);
}
const half_float: Immediate = (f) => splat(2, wrap(vfpExpandImm(imm8(f), 16)));
const single_float: Immediate = (f) => splat(4, wrap(vfpExpandImm(imm8(f), 32)));
const double_float: Immediate = (f) => splat(8, vfpExpandImm(imm8(f), 64));

const movi =
  (immediate: Immediate): Semantics =>
  (b, f) =>
    b.setV(f.d, immediate(f), bitsOf(f));
const mvni =
  (immediate: Immediate): Semantics =>
  (b, f) =>
    b.setV(f.d, vnot(immediate(f)), bitsOf(f));
const orr_imm =
  (immediate: Immediate): Semantics =>
  (b, f) =>
    b.setV(f.d, vor(b.v(f.d), immediate(f)), bitsOf(f));
const bic_imm =
  (immediate: Immediate): Semantics =>
  (b, f) =>
    b.setV(f.d, vbic(b.v(f.d), immediate(f)), bitsOf(f));

const WHOLE: Attributes = { ...SIMD, when: (f) => f.Q === 1 };
/** The first byte is one of n. */
const EXT: Attributes = { ...SIMD, when: (f) => f.Q === 1 || f.I < 8 };

const THREE = '{V:d}, {V:n}, {V:m}';

/*
 * Fields: S log2 of the bytes of an element, Q 128 bits, d n m the registers, i and j indices; of immediates a and h the
 * eight bits, S the shift in bytes.
 */
// biome-ignore format: columns teach
export const SIMD_PERMUTE: readonly Row[] = [
  // Advanced SIMD copy
  ...forSizes(ALL_SIZES, ['0Q001110000IIIII000001nnnnnddddd', 'DUP (element, vector)', dup_element, 'dup {V%:d}, {%[i]:n}', sizedVector]),
  ...forSizes(NARROW_SIZES, ['0Q001110000IIIII000011nnnnnddddd', 'DUP (general)', dup_general, 'dup {V%:d}, {W:n}']),
  ...forSizes([8], ['0Q001110000IIIII000011nnnnnddddd', 'DUP (general)', dup_general, 'dup {V%:d}, {X:n}', sizedVector]),
  ...forSizes([1, 2], ['0Q001110000IIIII001011nnnnnddddd', 'SMOV', smov, 'smov {XQ:d}, {%[i]:n}']),
  ...forSizes([4], ['0Q001110000IIIII001011nnnnnddddd', 'SMOV', smov, 'smov {XQ:d}, {%[i]:n}', () => WHOLE]),
  ...forSizes([1, 2], ['00001110000IIIII001111nnnnnddddd', 'UMOV', umov, 'umov {W:d}, {%[i]:n}']),
  ...forSizes([4], ['00001110000IIIII001111nnnnnddddd', 'UMOV', umov, 'mov {W:d}, {%[i]:n}']),
  ...forSizes([8], ['01001110000IIIII001111nnnnnddddd', 'UMOV', umov, 'mov {X:d}, {%[i]:n}']),
  ...forSizes(NARROW_SIZES, ['01001110000IIIII000111nnnnnddddd', 'INS (general)', ins_general, 'mov {%[i]:d}, {W:n}']),
  ...forSizes([8], ['01001110000IIIII000111nnnnnddddd', 'INS (general)', ins_general, 'mov {%[i]:d}, {X:n}']),
  ...forSizes([1], ['01101110000IIIII0jjjj1nnnnnddddd', 'INS (element)', ins_element, 'mov {%[i]:d}, {%[j]:n}']),
  ...forSizes([2], ['01101110000IIIII0jjj.1nnnnnddddd', 'INS (element)', ins_element, 'mov {%[i]:d}, {%[j]:n}']),
  ...forSizes([4], ['01101110000IIIII0jj..1nnnnnddddd', 'INS (element)', ins_element, 'mov {%[i]:d}, {%[j]:n}']),
  ...forSizes([8], ['01101110000IIIII0j...1nnnnnddddd', 'INS (element)', ins_element, 'mov {%[i]:d}, {%[j]:n}']),

  // Advanced SIMD scalar copy
  ...forSizes(ALL_SIZES, ['01011110000IIIII000001nnnnnddddd', 'DUP (element, scalar)', dup_scalar, 'mov {s%:d}, {%[i]:n}']),

  // Advanced SIMD table lookup
  ['0Q001110000mmmmm0LL000nnnnnddddd', 'TBL', table(false), 'tbl {Vb:d}, {table:n}, {Vb:m}', SIMD],
  ['0Q001110000mmmmm0LL100nnnnnddddd', 'TBX', table(true), 'tbx {Vb:d}, {table:n}, {Vb:m}', SIMD],

  // Advanced SIMD permute
  ['0Q001110SS0mmmmm000110nnnnnddddd', 'UZP1', permute(uzp(0)), `uzp1 ${THREE}`, BHSD],
  ['0Q001110SS0mmmmm001010nnnnnddddd', 'TRN1', permute(trn(0)), `trn1 ${THREE}`, BHSD],
  ['0Q001110SS0mmmmm001110nnnnnddddd', 'ZIP1', permute(zip(0)), `zip1 ${THREE}`, BHSD],
  ['0Q001110SS0mmmmm010110nnnnnddddd', 'UZP2', permute(uzp(1)), `uzp2 ${THREE}`, BHSD],
  ['0Q001110SS0mmmmm011010nnnnnddddd', 'TRN2', permute(trn(1)), `trn2 ${THREE}`, BHSD],
  ['0Q001110SS0mmmmm011110nnnnnddddd', 'ZIP2', permute(zip(1)), `zip2 ${THREE}`, BHSD],

  // Advanced SIMD extract
  ['0Q101110000mmmmm0IIII0nnnnnddddd', 'EXT', ext, 'ext {Vb:d}, {Vb:n}, {Vb:m}, {#:I}', EXT],

  // Advanced SIMD modified immediate
  ['0Q00111100000aaa0SS001hhhhhddddd', 'MOVI, 32-bit', movi(word), 'movi {Vs:d}, {imm8}{lslS}', SIMD],
  ['0Q00111100000aaa0SS101hhhhhddddd', 'ORR (vector, immediate), 32-bit', orr_imm(word), 'orr {Vs:d}, {imm8}{lslS}', SIMD],
  ['0Q00111100000aaa10S001hhhhhddddd', 'MOVI, 16-bit', movi(halfword), 'movi {Vh:d}, {imm8}{lslS}', SIMD],
  ['0Q00111100000aaa10S101hhhhhddddd', 'ORR (vector, immediate), 16-bit', orr_imm(halfword), 'orr {Vh:d}, {imm8}{lslS}', SIMD],
  ['0Q00111100000aaa110S01hhhhhddddd', 'MOVI, shifting ones', movi(word_ones), 'movi {Vs:d}, {imm8}{mslS}', SIMD],
  ['0Q00111100000aaa111001hhhhhddddd', 'MOVI, 8-bit', movi(byte), 'movi {Vb:d}, {imm8}', SIMD],
  ['0Q00111100000aaa111101hhhhhddddd', 'FMOV (vector, immediate), single', movi(single_float), 'fmov {Vs:d}, {fimm8}', SIMD],
  ['0Q00111100000aaa111111hhhhhddddd', 'FMOV (vector, immediate), half', movi(half_float), 'fmov {Vh:d}, {fimm8}', SIMD],
  ['0Q10111100000aaa0SS001hhhhhddddd', 'MVNI, 32-bit', mvni(word), 'mvni {Vs:d}, {imm8}{lslS}', SIMD],
  ['0Q10111100000aaa0SS101hhhhhddddd', 'BIC (vector, immediate), 32-bit', bic_imm(word), 'bic {Vs:d}, {imm8}{lslS}', SIMD],
  ['0Q10111100000aaa10S001hhhhhddddd', 'MVNI, 16-bit', mvni(halfword), 'mvni {Vh:d}, {imm8}{lslS}', SIMD],
  ['0Q10111100000aaa10S101hhhhhddddd', 'BIC (vector, immediate), 16-bit', bic_imm(halfword), 'bic {Vh:d}, {imm8}{lslS}', SIMD],
  ['0Q10111100000aaa110S01hhhhhddddd', 'MVNI, shifting ones', mvni(word_ones), 'mvni {Vs:d}, {imm8}{mslS}', SIMD],
  ['0Q10111100000aaa111001hhhhhddddd', 'MOVI, 64-bit', movi(doubleword), 'movi {DQ:d}, {imm64}', SIMD],
  ['0Q10111100000aaa111101hhhhhddddd', 'FMOV (vector, immediate), double', movi(double_float), 'fmov {V2d:d}, {fimm8}', WHOLE],
];
