/*
 * Expected values: ../shared/spec/entry.md 5.2 and 5.3, observed on Linux 6.12 (S8, S9), and the manual's definitions.
 */

import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  check_filter,
  converted_length,
  format_filter,
  parse_filter,
  run_filter,
} from '../../../../kernel/bpf/classic.ts';

const insn = (code: number, k = 0, jt = 0, jf = 0) => ({ code, k, jt, jf });
const RET = insn(0x06, 0x7fff_0000);
const accepted = (...head: ReturnType<typeof insn>[]): boolean => check_filter([...head, RET]);

test('a program ends in a return', () => {
  assert.not(check_filter([]));
  assert.ok(check_filter([RET]));
  assert.not(check_filter([RET, insn(0x00)]));
});

test('words of seccomp_data can be loaded, other sizes, offsets and modes cannot', () => {
  assert.ok(accepted(insn(0x20, 0)));
  assert.ok(accepted(insn(0x20, 60)));
  for (const bad of [
    insn(0x20, 64),
    insn(0x20, 2),
    insn(0x28, 0),
    insn(0x30, 0),
    insn(0x40, 0),
    insn(0x20, 0xffff_f000),
    insn(0xb1, 0),
  ])
    assert.not(accepted(bad), `code ${bad.code} k ${bad.k}`);
  assert.ok(accepted(insn(0x80)));
  assert.ok(accepted(insn(0x81)));
});

test('MOD is not for seccomp, nor a division by the constant 0, nor a shift by 32', () => {
  for (const op of [0x00, 0x10, 0x20, 0x40, 0x50, 0xa0]) assert.ok(accepted(insn(0x04 | op, 0)), `op ${op}`);
  assert.not(accepted(insn(0x94, 1)));
  assert.not(accepted(insn(0x34, 0)));
  assert.ok(accepted(insn(0x3c)));
  assert.not(accepted(insn(0x64, 32)));
  assert.ok(accepted(insn(0x74, 31)));
  assert.ok(accepted(insn(0x84)));
});

test('jumps stay inside', () => {
  assert.ok(accepted(insn(0x05, 0)));
  assert.not(accepted(insn(0x05, 1)));
  assert.not(accepted(insn(0x15, 0, 0, 1)));
  assert.not(accepted(insn(0x15, 0, 1, 0)));
  assert.not(accepted(insn(0x05, 0xffff_ffff)));
});

test('M[] is read only where every path has stored it', () => {
  assert.not(accepted(insn(0x60, 3)));
  assert.ok(accepted(insn(0x02, 3), insn(0x60, 3)));
  assert.not(accepted(insn(0x15, 0, 1, 0), insn(0x02, 3), insn(0x60, 3)));
  assert.not(accepted(insn(0x02, 16)));
});

test('RET X is refused', () => {
  assert.not(check_filter([insn(0x0e)]));
});

test('the converted length is what the limit on stacked filters counts', () => {
  const limit = 32768;
  const full = [...Array.from({ length: 4095 }, () => insn(0x00, 0)), RET];
  assert.is(converted_length([RET]), 5);
  let total = 0;
  let fit = 0;
  for (; converted_length(full) + total <= limit; fit++) total += converted_length(full) + 4;
  assert.is(fit, 7);
  let small = 0;
  for (; converted_length([RET]) + total <= limit; small++) total += converted_length([RET]) + 4;
  assert.is(small, 449);
});

test('division by X = 0 ends the program with 0', () => {
  assert.is(run_filter([insn(0x00, 7), insn(0x3c), RET], new Uint32Array(16)), 0);
});

test('arithmetic is 32-bit and unsigned', () => {
  const calc = (code: number, a: number, k: number): number =>
    run_filter([insn(0x00, a), insn(code, k), insn(0x16)], new Uint32Array(16));
  assert.is(calc(0x04, 0xffff_ffff, 2), 1);
  assert.is(calc(0x14, 0, 1), 0xffff_ffff);
  assert.is(calc(0x24, 0x1_0001, 0x1_0001), 0x0002_0001);
  assert.is(calc(0x34, 0xffff_fffe, 2), 0x7fff_ffff);
  assert.is(calc(0x84, 1, 0), 0xffff_ffff);
});

test('bytes survive parsing and formatting', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 8, maxLength: 80 }), (bytes) => {
      const whole = bytes.slice(0, bytes.length & ~7);
      assert.equal(format_filter(parse_filter(whole)), whole);
    }),
  );
});

test('an accepted program always ends', () => {
  const any = fc.record({
    code: fc.integer({ min: 0, max: 0xff }),
    k: fc.oneof(fc.nat(20), fc.nat()),
    jt: fc.nat(5),
    jf: fc.nat(5),
  });
  fc.assert(
    fc.property(fc.array(any, { maxLength: 20 }), (head) => {
      const program = [...head, RET];
      if (check_filter(program)) assert.type(run_filter(program, new Uint32Array(16)), 'number');
    }),
  );
});

test.run();
