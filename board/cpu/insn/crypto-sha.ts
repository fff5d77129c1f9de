/*
 * board/cpu/insn/crypto-sha.ts - SHA-1, SHA-256 and SHA-512: four or two rounds, and the message schedule; SHA-3's logic
 *
 * Manual: Arm ARM (DDI 0487), "A64 instruction set encoding", "Cryptographic three-register SHA", "Cryptographic
 *         two-register SHA", "Cryptographic three-register SHA 512", "Cryptographic four-register"; FIPS 180-4
 * Absent: SM3
 *
 * Names are those of the standards: ch, maj, and the functions called Sigma and sigma.
 */
import type { Builder, Bytes, Fields, Helper, Row, Semantics } from '../builder.ts';
import { lane, pick, vadd, vbic, vor, vshl, vshr, vxor, withLane, ZEROS } from '../lanes.ts';
import { add, and, not, or, rol, ror, type Value, xor } from '../value.ts';
import { SIMD } from './simd.ts';

const xor3 = (a: Value, b: Value, c: Value): Value => xor(xor(a, b), c);
const add3 = (a: Value, b: Value, c: Value): Value => add(add(a, b), c);
const ch = (x: Value, y: Value, z: Value): Value => xor(and(x, y), and(not(x), z));
const maj = (x: Value, y: Value, z: Value): Value => or(and(x, y), and(or(x, y), z));
const parity = xor3;

/** Elements rotated right by n. */
const vror = (e: Bytes, v: Value, n: Value | number): Value =>
  typeof n === 'number'
    ? vor(vshr(e, v, n), vshl(e, v, 8 * e - n))
    : vor(vshr(e, v, n), vshl(e, v, add(not(n), 1)));

const words = (b: Builder, v: Value): Value[] => [0, 1, 2, 3].map((i) => b.let(lane(4, v, i)));
const fromWords = (list: readonly Value[]): Value =>
  list.reduce((v, word, i) => withLane(4, v, i, word), ZEROS);
const fromDwords = (low: Value, high: Value): Value => withLane(8, withLane(8, ZEROS, 0, low), 1, high);

// SHA-1: x is a, b, c, d; y is e

type Choice = (x: Value, y: Value, z: Value) => Value;

const sha1Rounds = (choice: Choice): Helper => ({
  name: 'sha1_rounds',
  params: ['v128', 'i32', 'v128'],
  result: 'v128',
  body(b, x, y, schedule) {
    let [a, c1, c2, c3] = words(b, x!) as [Value, Value, Value, Value];
    let e = y!;
    for (const w of words(b, schedule!)) {
      const next = b.let(add(add3(e, rol(a, 5), choice(c1, c2, c3)), w));
      [a, c1, c2, c3, e] = [next, a, b.let(rol(c1, 30)), c2, c3];
    }
    return fromWords([a, c1, c2, c3]);
  },
});
const SHA1C = sha1Rounds(ch);
const SHA1P = sha1Rounds(parity);
const SHA1M = sha1Rounds(maj);

const sha1_hash =
  (helper: Helper): Semantics =>
  (b, f) =>
    b.setV(f.d, b.call(helper, b.v(f.d), b.lane(f.n, 4, 0), b.v(f.m)));

function sha1h(b: Builder, f: Fields): void {
  b.setV(f.d, rol(b.lane(f.n, 4, 0), 30));
}

function sha1su0(b: Builder, f: Fields): void {
  const d = b.let(b.v(f.d));
  b.setV(f.d, vxor(vxor(pick(8, [1, 2], d, b.v(f.n)), d), b.v(f.m)));
}

/** The last word needs the first of this very result. */
function sha1su1(b: Builder, f: Fields): void {
  const t = b.let(vxor(b.v(f.d), pick(4, [1, 2, 3, 4], b.v(f.n), ZEROS)));
  const first = pick(4, [4, 4, 4, 0], t, ZEROS);
  b.setV(f.d, vxor(vror(4, t, 31), vror(4, b.let(first), 30)));
}

// SHA-256: x is a, b, c, d; y is e, f, g, h

const Sigma0 = (x: Value): Value => xor3(ror(x, 2), ror(x, 13), ror(x, 22));
const Sigma1 = (x: Value): Value => xor3(ror(x, 6), ror(x, 11), ror(x, 25));
const sigma0 = (v: Value): Value => vxor(vxor(vror(4, v, 7), vror(4, v, 18)), vshr(4, v, 3));
const sigma1 = (v: Value): Value => vxor(vxor(vror(4, v, 17), vror(4, v, 19)), vshr(4, v, 10));

/** Four rounds; the new x or the new y. */
const sha256Rounds = (part: 'x' | 'y'): Helper => ({
  name: `sha256_rounds_${part}`,
  params: ['v128', 'v128', 'v128'],
  result: 'v128',
  body(b, first, second, schedule) {
    let x = words(b, first!) as [Value, Value, Value, Value];
    let y = words(b, second!) as [Value, Value, Value, Value];
    for (const w of words(b, schedule!)) {
      const t1 = b.let(add(add3(y[3], Sigma1(y[0]), ch(y[0], y[1], y[2])), w));
      const t2 = add(Sigma0(x[0]), maj(x[0], x[1], x[2]));
      const [a, e] = [b.let(add(t1, t2)), b.let(add(x[3], t1))];
      x = [a, x[0], x[1], x[2]];
      y = [e, y[0], y[1], y[2]];
    }
    return fromWords(part === 'x' ? x : y);
  },
});
const SHA256X = sha256Rounds('x');
const SHA256Y = sha256Rounds('y');

function sha256h(b: Builder, f: Fields): void {
  b.setV(f.d, b.call(SHA256X, b.v(f.d), b.v(f.n), b.v(f.m)));
}

function sha256h2(b: Builder, f: Fields): void {
  b.setV(f.d, b.call(SHA256Y, b.v(f.n), b.v(f.d), b.v(f.m)));
}

function sha256su0(b: Builder, f: Fields): void {
  const d = b.let(b.v(f.d));
  b.setV(f.d, vadd(4, d, sigma0(b.let(pick(4, [1, 2, 3, 4], d, b.v(f.n))))));
}

/** The upper two words need the lower two of this very result. */
function sha256su1(b: Builder, f: Fields): void {
  const m = b.let(b.v(f.m));
  const sum = b.let(vadd(4, b.v(f.d), pick(4, [1, 2, 3, 4], b.v(f.n), m)));
  const low = b.let(vadd(4, sum, sigma1(b.let(pick(8, [1, 1], m)))));
  const high = vadd(4, sum, sigma1(b.let(pick(8, [0, 0], low))));
  b.setV(f.d, pick(8, [0, 3], low, b.let(high)));
}

// SHA-512: two rounds on parts of the state, upper doubleword first

const bigSigma0 = (x: Value): Value => xor3(ror(x, 28), ror(x, 34), ror(x, 39));
const bigSigma1 = (x: Value): Value => xor3(ror(x, 14), ror(x, 18), ror(x, 41));
const smallSigma0 = (v: Value): Value => vxor(vxor(vror(8, v, 1), vror(8, v, 8)), vshr(8, v, 7));
const smallSigma1 = (v: Value): Value => vxor(vxor(vror(8, v, 19), vror(8, v, 61)), vshr(8, v, 6));

interface Halves {
  readonly low: Value;
  readonly high: Value;
}
const halves = (b: Builder, n: Value): Halves => ({
  low: b.let(b.lane(n, 8, 0)),
  high: b.let(b.lane(n, 8, 1)),
});

function sha512h(b: Builder, f: Fields): void {
  const [w, x, y] = [halves(b, f.d), halves(b, f.n), halves(b, f.m)];
  const high = b.let(add3(ch(y.high, x.low, x.high), bigSigma1(y.high), w.high));
  const e = b.let(add(high, y.low));
  b.setV(f.d, fromDwords(add3(ch(e, y.high, x.low), bigSigma1(e), w.low), high));
}

function sha512h2(b: Builder, f: Fields): void {
  const [w, x, y] = [halves(b, f.d), halves(b, f.n), halves(b, f.m)];
  const high = b.let(add3(maj(x.low, y.high, y.low), bigSigma0(y.low), w.high));
  b.setV(f.d, fromDwords(add3(maj(high, y.low, y.high), bigSigma0(high), w.low), high));
}

function sha512su0(b: Builder, f: Fields): void {
  const d = b.let(b.v(f.d));
  b.setV(f.d, vadd(8, d, smallSigma0(b.let(pick(8, [1, 2], d, b.v(f.n))))));
}

function sha512su1(b: Builder, f: Fields): void {
  const n = b.let(b.v(f.n));
  b.setV(f.d, vadd(8, vadd(8, b.v(f.d), smallSigma1(n)), b.v(f.m)));
}

// SHA-3

function rax1(b: Builder, f: Fields): void {
  b.setV(f.d, vxor(b.v(f.n), vror(8, b.let(b.v(f.m)), 63)));
}

function xar(b: Builder, f: Fields): void {
  b.setV(f.d, vror(8, b.let(vxor(b.v(f.n), b.v(f.m))), f.i));
}

function eor3(b: Builder, f: Fields): void {
  b.setV(f.d, vxor(vxor(b.v(f.n), b.v(f.m)), b.v(f.a)));
}

function bcax(b: Builder, f: Fields): void {
  b.setV(f.d, vxor(b.v(f.n), vbic(b.v(f.m), b.v(f.a))));
}

// biome-ignore format: columns teach
export const CRYPTO_SHA: readonly Row[] = [
  // Cryptographic three-register SHA
  ['01011110000mmmmm000000nnnnnddddd', 'SHA1C', sha1_hash(SHA1C), 'sha1c {Q:d}, {S:n}, {V4s:m}', SIMD],
  ['01011110000mmmmm000100nnnnnddddd', 'SHA1P', sha1_hash(SHA1P), 'sha1p {Q:d}, {S:n}, {V4s:m}', SIMD],
  ['01011110000mmmmm001000nnnnnddddd', 'SHA1M', sha1_hash(SHA1M), 'sha1m {Q:d}, {S:n}, {V4s:m}', SIMD],
  ['01011110000mmmmm001100nnnnnddddd', 'SHA1SU0', sha1su0, 'sha1su0 {V4s:d}, {V4s:n}, {V4s:m}', SIMD],
  ['01011110000mmmmm010000nnnnnddddd', 'SHA256H', sha256h, 'sha256h {Q:d}, {Q:n}, {V4s:m}', SIMD],
  ['01011110000mmmmm010100nnnnnddddd', 'SHA256H2', sha256h2, 'sha256h2 {Q:d}, {Q:n}, {V4s:m}', SIMD],
  ['01011110000mmmmm011000nnnnnddddd', 'SHA256SU1', sha256su1, 'sha256su1 {V4s:d}, {V4s:n}, {V4s:m}', SIMD],

  // Cryptographic two-register SHA
  ['0101111000101000000010nnnnnddddd', 'SHA1H', sha1h, 'sha1h {S:d}, {S:n}', SIMD],
  ['0101111000101000000110nnnnnddddd', 'SHA1SU1', sha1su1, 'sha1su1 {V4s:d}, {V4s:n}', SIMD],
  ['0101111000101000001010nnnnnddddd', 'SHA256SU0', sha256su0, 'sha256su0 {V4s:d}, {V4s:n}', SIMD],

  // Cryptographic three-register SHA 512, two-register SHA 512
  ['11001110011mmmmm100000nnnnnddddd', 'SHA512H', sha512h, 'sha512h {Q:d}, {Q:n}, {V2d:m}', SIMD],
  ['11001110011mmmmm100001nnnnnddddd', 'SHA512H2', sha512h2, 'sha512h2 {Q:d}, {Q:n}, {V2d:m}', SIMD],
  ['11001110011mmmmm100010nnnnnddddd', 'SHA512SU1', sha512su1, 'sha512su1 {V2d:d}, {V2d:n}, {V2d:m}', SIMD],
  ['11001110011mmmmm100011nnnnnddddd', 'RAX1', rax1, 'rax1 {V2d:d}, {V2d:n}, {V2d:m}', SIMD],
  ['1100111011000000100000nnnnnddddd', 'SHA512SU0', sha512su0, 'sha512su0 {V2d:d}, {V2d:n}', SIMD],

  // Cryptographic four-register, XAR
  ['11001110000mmmmm0aaaaannnnnddddd', 'EOR3', eor3, 'eor3 {V16b:d}, {V16b:n}, {V16b:m}, {V16b:a}', SIMD],
  ['11001110001mmmmm0aaaaannnnnddddd', 'BCAX', bcax, 'bcax {V16b:d}, {V16b:n}, {V16b:m}, {V16b:a}', SIMD],
  ['11001110100mmmmmiiiiiinnnnnddddd', 'XAR', xar, 'xar {V2d:d}, {V2d:n}, {V2d:m}, {#:i}', SIMD],
];
