/*
 * tests/unit/board/cpu/sysreg.test.ts - the table of system registers
 *
 * Manual: Arm ARM, "AArch64 System Register Descriptions"
 */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { PAUSE } from '../../../../board/cpu/cpu.ts';
import { SYSTEM_REGISTERS } from '../../../../board/cpu/sysreg.ts';
import { assembleAll } from '../../../lib/asm.ts';
import { RAM, Rig } from '../../../lib/rig.ts';

const code = assembleAll({
  rest: 'b .',
  stacks:
    'mov sp, x0; msr spsel, #0; mov sp, x1; mrs x2, spsel; msr spsel, #1; mov x3, sp; mrs x4, sp_el0; b .',
  daif: 'msr daifclr, #15; mrs x0, daif; msr daifset, #6; mrs x1, daif; mov x2, #0x200; msr daif, x2; mrs x3, daif; b .',
  level: 'mrs x0, currentel; mrs x1, midr_el1; mrs x2, id_aa64pfr1_el1; mrs x3, S3_0_C0_C1_3; b .',
  readOnly: 'msr S3_0_C0_C0_0, x0; b .',
  timer: 'mrs x0, cntvct_el0; b .',
  claim:
    'mov x0, #3; msr dbgclaimset_el1, x0; mov x0, #1; msr dbgclaimclr_el1, x0; mrs x1, dbgclaimclr_el1; mrs x2, dbgclaimset_el1; b .',
  userTls:
    'mov x0, #77; msr tpidr_el0, x0; mrs x1, tpidr_el0; mrs x2, tpidrro_el0; msr nzcv, x3; mrs x4, nzcv; svc #0',
  userTlsWrite: 'msr S3_3_C13_C0_3, x0',
});

/** EL1 machine code with the MMU off. */
function run(piece: keyof typeof code, prepare: (rig: Rig) => void = () => {}): Rig {
  const rig = new Rig();
  rig.cpu.hosted = false;
  rig.code(RAM, code[piece]);
  rig.code(RAM + 0x800, code.rest); // vectors: current level with SP_EL0, and with SP_EL1
  rig.code(RAM + 0xa00, code.rest);
  rig.cpu.writeSysreg('VBAR_EL1', RAM + 0x800);
  prepare(rig);
  rig.cpu.stopAt = 30;
  assert.is(rig.go(RAM, 0x3c5), PAUSE);
  return rig;
}

test('no two rows have the same encoding or the same name', () => {
  const keys = SYSTEM_REGISTERS.map((row) => row.slice(1, 6).join(' '));
  assert.is(new Set(keys).size, keys.length);
  const names = SYSTEM_REGISTERS.map((row) => row[0]);
  assert.is(new Set(names).size, names.length);
});

test('each stack pointer keeps its own value', () => {
  const { cpu } = run('stacks', (r) => {
    r.cpu.x[0] = 0x1110n;
    r.cpu.x[1] = 0x2220n;
  });
  assert.equal([cpu.x[2], cpu.x[3], cpu.x[4]], [0n, 0x1110n, 0x2220n]);
});

test('SP_EL0 is Undefined while it is the stack pointer', () => {
  const rig = run('stacks', (r) => r.code(RAM, [0xd500_40bf, 0xd538_4100])); // msr spsel, #0; mrs x0, sp_el0
  assert.is(rig.ec, 0);
  assert.is(rig.cpu.elr, BigInt(RAM + 4));
});

test('DAIF is set, cleared and written by its bits', () => {
  const { cpu } = run('daif');
  assert.equal([cpu.x[0], cpu.x[1], cpu.x[3]], [0n, 0x180n, 0x200n]);
});

test('the identification space reads as zero where nothing is named', () => {
  const { cpu } = run('level');
  assert.equal([cpu.x[0], cpu.x[1], cpu.x[2], cpu.x[3]], [4n, 0x000f_0ee0n, 0n, 0n]);
});

test('writing what is read-only and reading a device that is absent are Undefined', () => {
  for (const piece of ['readOnly', 'timer'] as const) {
    const rig = run(piece);
    assert.equal([rig.ec, rig.iss, rig.cpu.elr], [0, 0, BigInt(RAM)], piece);
  }
});

test('a device supplies its registers, sees both halves, and may trap EL0', () => {
  const rig = run('timer', (r) =>
    r.cpu.sysregs.attach('CNTVCT_EL0', {
      read: (half) => (half === 0 ? 0x9abc_def0 : 0x1234),
      trapsEl0: () => true,
    }),
  );
  assert.is(rig.cpu.x[0], 0x1234_9abc_def0n);
  rig.cpu.hosted = true;
  rig.cpu.stopAt = Infinity;
  rig.go(RAM);
  assert.equal([rig.ec, rig.iss], [0x18, (3 << 20) | (2 << 17) | (3 << 14) | (14 << 10) | (0 << 1) | 1]);
});

test('claim tags are set and cleared by bit, and SET tells how many there are', () => {
  const { cpu } = run('claim');
  assert.equal([cpu.x[1], cpu.x[2]], [2n, 0xffn]);
});

test('EL0 has TPIDR_EL0 and NZCV to write, and TPIDRRO_EL0 to read', () => {
  const rig = new Rig();
  rig.code(RAM, code.userTls);
  rig.cpu.writeSysreg('TPIDRRO_EL0', 88);
  rig.cpu.x[3] = 0xffff_ffff_6fff_ffffn;
  rig.go(RAM);
  assert.equal([rig.cpu.x[1], rig.cpu.x[2], rig.cpu.x[4]], [77n, 88n, 0x6000_0000n]);
  assert.is(rig.cpu.readSysreg('TPIDR_EL0'), 77);
  rig.code(RAM, code.userTlsWrite);
  rig.go(RAM);
  assert.is(rig.ec, 0);
});

test('reserved bits keep their value: SCTLR_EL1 has its ones, VBAR_EL1 is aligned', () => {
  const { cpu } = new Rig();
  assert.is(cpu.readSysreg('SCTLR_EL1'), 0x30d0_0980);
  cpu.writeSysreg('SCTLR_EL1', 0xffff_ffff);
  assert.is(cpu.readSysreg('SCTLR_EL1') & (1 << 25), 0, 'EE: there is no big-endian');
  cpu.writeSysreg('VBAR_EL1', 0xffff_ffff, 0xffff_0000);
  assert.is(cpu.readSysregHalf('VBAR_EL1', 0), 0xffff_f800);
});

test.run();
