/*
 * tests/unit/board/cpu/value.test.ts - constants are folded as WebAssembly would compute them
 */
import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import * as value from '../../../../board/cpu/value.ts';

const words = fc.tuple(fc.integer(), fc.integer());
const wide = ([lo, hi]: readonly [number, number]): bigint => (BigInt(hi >>> 0) << 32n) | BigInt(lo >>> 0);
const of = (v: value.Value): bigint => wide([v.lo, v.hi]);

const OPERATIONS: [
  name: string,
  ours: (a: value.Value, b: value.Value) => value.Value,
  theirs: (a: bigint, b: bigint) => bigint,
][] = [
  ['add', value.add, (a, b) => a + b],
  ['sub', value.sub, (a, b) => a - b],
  ['and', value.and, (a, b) => a & b],
  ['or', value.or, (a, b) => a | b],
  ['xor', value.xor, (a, b) => a ^ b],
  ['shl', value.shl, (a, b) => a << (b & 63n)],
];

for (const [name, ours, theirs] of OPERATIONS) {
  test(`${name} of 64-bit constants is a constant, modulo 2^64`, () => {
    fc.assert(
      fc.property(words, words, (a, b) => {
        const result = ours(value.i64(...a), value.i64(...b));
        assert.is(result.kind, 'const');
        assert.is(of(result), BigInt.asUintN(64, theirs(wide(a), wide(b))));
      }),
    );
  });
}

test('a 32-bit constant widens with and without its sign, and the low word comes back', () => {
  assert.is(of(value.sext(value.i32(-2))), 0xffff_ffff_ffff_fffen);
  assert.is(of(value.zext(value.i32(-2))), 0xffff_fffen);
  assert.is(value.wrap(value.i64(7, 9)).lo, 7);
});

test('adding or shifting by zero leaves the operand', () => {
  const unknown = value.localOf('i64', 0);
  assert.is(value.add(unknown, 0), unknown);
  assert.is(value.shr(unknown, 0), unknown);
  assert.is.not(value.and(unknown, 0), unknown);
});

test('fields concatenate, and know their width for the sign', () => {
  const both = value.concat(value.knownOperand(0b10, 2), value.knownOperand(0b011, 3));
  assert.is(both.bits, 5);
  assert.is(both.lo, 0b10011);
  assert.is(value.signed(both).lo, 0b10011 - 32);
});

test.run();
