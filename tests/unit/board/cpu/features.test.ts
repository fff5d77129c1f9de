/*
 * tests/unit/board/cpu/features.test.ts - the identification registers tell the truth
 *
 * Manual: Arm ARM (DDI 0487), "AArch64 System Register Descriptions": the fields of ID_AA64*_EL1
 *
 * One instruction stands for each feature. It is in the table if, and only if, the register's field says so.
 */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { A64 } from '../../../../board/cpu/a64.ts';
import { Disassembler } from '../../../../board/cpu/disasm.ts';
import { SYSTEM_REGISTERS } from '../../../../board/cpu/sysreg.ts';

type Feature = readonly [register: string, shift: number, least: number, word: number, instruction: string];

// biome-ignore format: columns teach
const FEATURES: readonly Feature[] = [
  ['ID_AA64PFR0_EL1', 16, 1, 0x1ee2_2820, 'fadd h0, h1, h2'],
  ['ID_AA64PFR0_EL1', 20, 1, 0x4e42_1420, 'fadd v0.8h, v1.8h, v2.8h'],
  ['ID_AA64PFR0_EL1', 32, 1, 0x0422_0020, 'add z0.b, z1.b, z2.b'],
  ['ID_AA64PFR1_EL1', 8, 1, 0x9ac2_1020, 'irg x0, x1, x2'],
  ['ID_AA64PFR1_EL1', 24, 1, 0xc080_0000, 'the array of SME'],
  ['ID_AA64ISAR0_EL1', 4, 1, 0x4e28_4820, 'aese v0.16b, v1.16b'],
  ['ID_AA64ISAR0_EL1', 4, 2, 0x0ee2_e020, 'pmull v0.1q, v1.1d, v2.1d'],
  ['ID_AA64ISAR0_EL1', 8, 1, 0x5e02_0020, 'sha1c q0, s1, v2.4s'],
  ['ID_AA64ISAR0_EL1', 12, 1, 0x5e02_4020, 'sha256h q0, q1, v2.4s'],
  ['ID_AA64ISAR0_EL1', 12, 2, 0xce62_8020, 'sha512h q0, q1, v2.2d'],
  ['ID_AA64ISAR0_EL1', 16, 1, 0x1ac2_4020, 'crc32b w0, w1, w2'],
  ['ID_AA64ISAR0_EL1', 20, 2, 0xb820_0041, 'ldadd w0, w1, [x2]'],
  ['ID_AA64ISAR0_EL1', 28, 1, 0x2e42_8420, 'sqrdmlah v0.4h, v1.4h, v2.4h'],
  ['ID_AA64ISAR0_EL1', 32, 1, 0xce02_0c20, 'eor3 v0.16b, v1.16b, v2.16b, v3.16b'],
  ['ID_AA64ISAR0_EL1', 36, 1, 0xce42_8020, 'sm3tt1a v0.4s, v1.4s, v2.s[0]'],
  ['ID_AA64ISAR0_EL1', 40, 1, 0xcec0_8420, 'sm4e v0.4s, v1.4s'],
  ['ID_AA64ISAR0_EL1', 44, 1, 0x0e82_9420, 'sdot v0.2s, v1.8b, v2.8b'],
  ['ID_AA64ISAR0_EL1', 48, 1, 0x0e22_ec20, 'fmlal v0.2s, v1.2h, v2.2h'],
  ['ID_AA64ISAR0_EL1', 52, 1, 0xd500_401f, 'cfinv'],
  ['ID_AA64ISAR1_EL1', 4, 1, 0xdac1_0020, 'pacia x0, x1'],
  ['ID_AA64ISAR1_EL1', 12, 1, 0x1e7e_0020, 'fjcvtzs w0, d1'],
  ['ID_AA64ISAR1_EL1', 16, 1, 0x2e82_c420, 'fcmla v0.2s, v1.2s, v2.2s, #0'],
  ['ID_AA64ISAR1_EL1', 20, 1, 0xb8bf_c020, 'ldapr w0, [x1]'],
  ['ID_AA64ISAR1_EL1', 20, 2, 0x9940_0020, 'ldapur w0, [x1]'],
  ['ID_AA64ISAR1_EL1', 32, 1, 0x1e68_4020, 'frint32z d0, d1'],
  ['ID_AA64ISAR1_EL1', 36, 1, 0xd503_30ff, 'sb'],
  ['ID_AA64ISAR1_EL1', 44, 1, 0x2e42_fc20, 'bfdot v0.2s, v1.4h, v2.4h'],
  ['ID_AA64ISAR1_EL1', 52, 1, 0x4e82_a420, 'smmla v0.4s, v1.16b, v2.16b'],
];

/** A field's four bits; 0b1111, "not implemented" in PFR0, is none of what is asked here. */
function fieldOf(register: string, shift: number): number {
  const storage = SYSTEM_REGISTERS.find(([name]) => name === register)?.[8];
  if (storage?.[0] !== 'constant') throw new Error(`${register} is no constant`);
  const word = shift < 32 ? storage[1] : (storage[2] ?? 0);
  const field = (word >>> (shift & 31)) & 15;
  return field === 15 ? 0 : field;
}

const disassembler = new Disassembler(A64);

for (const [register, shift, least, word, instruction] of FEATURES) {
  const isAnnounced = fieldOf(register, shift) >= least;
  test(`${instruction}: ${isAnnounced ? 'announced, and there' : 'not announced, and Undefined'}`, () => {
    assert.is(disassembler.knows(word), isAnnounced);
  });
}

test.run();
