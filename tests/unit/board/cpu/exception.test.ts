/*
 * tests/unit/board/cpu/exception.test.ts - every exception class of this board, with its syndrome
 *
 * Manual: Arm ARM, "ESR_EL1, Exception Syndrome Register (EL1)" and the ISS encodings it lists; "Exception entry";
 *         "Illegal exception returns"
 */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { EXCEPTION_COST, PAUSE } from '../../../../board/cpu/cpu.ts';
import { assembleAll } from '../../../lib/asm.ts';
import { PTE, RAM, Rig } from '../../../lib/rig.ts';

const code = assembleAll({
  svc: 'mov x0, #5; svc #0x1234',
  brk: 'nop; brk #0xf000',
  hvc: 'hvc #0',
  smc: 'smc #0',
  hlt: 'hlt #3',
  udf: 'nop; udf #0',
  unallocated: 'nop; .word 0x83000000',
  fp: 'nop; fadd d0, d1, d2',
  simd: 'ldr q0, [sp]',
  wfi: 'wfi',
  wfe: 'wfe; wfe',
  mrsUnknown: 'mrs x0, S3_0_C15_C2_0',
  mrsMidr: 'mrs x3, midr_el1',
  mrsCtr: 'mrs x7, ctr_el0; svc #0',
  mrsDaif: 'mrs x7, daif',
  daifset: 'msr daifset, #2',
  dcCvau: 'dc cvau, x9',
  dcZva: 'dc zva, x9; svc #0',
  eret: 'eret',
  msrVbar: 'msr vbar_el1, x0',
  branchOdd: 'br x1',
  spLoad: 'ldr x0, [sp, #8]',
  loop: '1: add x0, x0, #1; b 1b',
  load: 'nop; ldr x0, [x1]',
  store: 'nop; str w0, [x1]',
});
type Piece = keyof typeof code;

function run(piece: Piece, prepare: (rig: Rig) => void = () => {}): Rig {
  const rig = new Rig();
  rig.code(RAM, code[piece]);
  prepare(rig);
  const vector = rig.go(RAM);
  assert.is(vector, 0x400, 'synchronous, from a lower exception level using AArch64');
  return rig;
}

/* What EL0 gets for a piece: EC, ISS, and how far ELR is from its start. All with IL = 1. */
const CASES: [piece: Piece, ec: number, iss: number, elr: number, why: string][] = [
  ['svc', 0x15, 0x1234, 8, 'SVC returns behind itself'],
  ['brk', 0x3c, 0xf000, 4, 'BRK returns to itself'],
  ['hvc', 0x00, 0, 0, 'EL0 has no hypervisor to call'],
  ['smc', 0x00, 0, 0, 'nor a monitor'],
  ['hlt', 0x00, 0, 0, 'halting debug is not allowed'],
  ['udf', 0x00, 0, 4, 'UDF'],
  ['unallocated', 0x00, 0, 4, 'an encoding without a meaning'],
  ['fp', 0x07, 0x1e0_0000, 4, 'no FP: CV = 1, COND = 0xe'],
  ['simd', 0x07, 0x1e0_0000, 0, 'no SIMD loads either'],
  ['wfi', 0x01, 0x1e0_0000, 0, 'SCTLR_EL1.nTWI = 0: TI = 0'],
  ['wfe', 0x01, 0x1e0_0001, 4, 'SCTLR_EL1.nTWE = 0: TI = 1; the first one finds the event that ERET is'],
  ['mrsUnknown', 0x00, 0, 0, 'no such register'],
  ['mrsMidr', 0x00, 0, 0, 'ID registers are not for EL0'],
  ['mrsCtr', 0x18, (3 << 20) | (1 << 17) | (3 << 14) | (0 << 10) | (7 << 5) | (0 << 1) | 1, 0, 'UCT = 0'],
  ['mrsDaif', 0x18, (3 << 20) | (1 << 17) | (3 << 14) | (4 << 10) | (7 << 5) | (2 << 1) | 1, 0, 'UMA = 0'],
  ['daifset', 0x18, (0 << 20) | (6 << 17) | (3 << 14) | (4 << 10) | (31 << 5) | (2 << 1) | 0, 0, 'UMA = 0'],
  ['dcCvau', 0x18, (1 << 20) | (1 << 17) | (3 << 14) | (7 << 10) | (9 << 5) | (11 << 1) | 0, 0, 'UCI = 0'],
  ['dcZva', 0x18, (1 << 20) | (1 << 17) | (3 << 14) | (7 << 10) | (9 << 5) | (4 << 1) | 0, 0, 'DZE = 0'],
  ['eret', 0x00, 0, 0, 'ERET at EL0'],
  ['msrVbar', 0x00, 0, 0, 'VBAR_EL1 at EL0'],
];

for (const [piece, ec, iss, elr, why] of CASES) {
  test(`${piece} at EL0 is class 0x${ec.toString(16)}: ${why}`, () => {
    const rig = run(piece);
    assert.is(rig.ec, ec);
    assert.is(rig.iss, iss);
    assert.is(rig.cpu.esr & (1 << 25), 1 << 25, 'IL');
    assert.is(rig.cpu.elr, BigInt(RAM + elr));
  });
}

test('an exception saves PSTATE and masks everything', () => {
  const rig = new Rig();
  rig.code(RAM, code.svc);
  rig.go(RAM, 0xa000_0000);
  assert.is(rig.cpu.spsr >>> 0, 0xa000_0000);
  assert.is(rig.cpu.regs.pstate >>> 0, 0xa000_03c5, 'EL1h, DAIF set, flags as they were');
});

test('SP_EL0 keeps the stack pointer of user space', () => {
  const rig = run('svc', (r) => {
    r.cpu.sp_el0 = 0x1234_5678_9abc_def0n;
  });
  assert.is(rig.cpu.sp_el0, 0x1234_5678_9abc_def0n);
  assert.is.not(rig.cpu.regs.sp, 0x1234_5678_9abc_def0n);
});

test('SCTLR_EL1 opens CTR_EL0, DC and WFx to EL0', () => {
  const open = (r: Rig) =>
    r.cpu.writeSysreg('SCTLR_EL1', (1 << 15) | (1 << 14) | (1 << 26) | (1 << 16) | (1 << 18));
  assert.is(run('mrsCtr', open).cpu.x[7], 0xb444_c004n);
  assert.is(run('mrsCtr', open).ec, 0x15);
});

test('a misaligned PC is class 0x22 with the PC in FAR', () => {
  const rig = run('branchOdd', (r) => {
    r.cpu.x[1] = 0x4000_0102n;
  });
  assert.is(rig.ec, 0x22);
  assert.is(rig.iss, 0);
  assert.is(rig.cpu.far, 0x4000_0102n);
  assert.is(rig.cpu.elr, 0x4000_0102n);
});

test('a misaligned SP is class 0x26 when SA0 is set, before the access is looked at', () => {
  const rig = run('spLoad', (r) => {
    r.cpu.writeSysreg('SCTLR_EL1', 1 << 4);
    r.cpu.sp_el0 = BigInt(RAM + 0x1008);
  });
  assert.is(rig.ec, 0x26);
  assert.is(rig.cpu.elr, BigInt(RAM));
});

test('an illegal return sets PSTATE.IL, and the next instruction is class 0x0e', () => {
  // EL2h, EL0 with SP_ELx, M[1], AArch32
  for (const mode of [0b1001, 0b0001, 0b0010, 0b0110, 0x10]) {
    const rig = new Rig();
    rig.cpu.hosted = false;
    rig.code(RAM, code.loop);
    rig.cpu.writeSysreg('VBAR_EL1', RAM + 0x800);
    rig.code(RAM + 0xa00, code.loop); // current EL with SP_ELx, synchronous
    rig.enter(RAM, 0xf000_0000 | mode);
    assert.is(rig.cpu.regs.pstate >>> 0, 0xf010_0005, 'IL, and the level as it was; DAIF and NZCV from SPSR');
    rig.cpu.stopAt = rig.clock.now + 1;
    assert.is(rig.cpu.run(), PAUSE);
    assert.is(rig.ec, 0x0e);
    assert.is(rig.cpu.elr, BigInt(RAM));
    assert.is(rig.cpu.spsr & (1 << 20), 1 << 20);
    assert.is(rig.cpu.regs.pstate & (1 << 20), 0);
  }
});

test('an interrupt is taken at the exact count, before the next instruction', () => {
  for (const at of [1, 2, 7, 1000]) {
    const rig = new Rig();
    rig.code(RAM, code.loop);
    rig.clock.alarm(() => rig.cpu.irqLine.set(true)).set(at);
    assert.is(rig.go(RAM), 0x480);
    assert.is(rig.clock.now, at + EXCEPTION_COST);
    assert.is(rig.cpu.x[0], BigInt(Math.ceil(at / 2)));
  }
});

test('a masked interrupt waits; FIQ has its own vector', () => {
  const rig = new Rig();
  rig.code(RAM, code.loop);
  rig.cpu.irqLine.set(true);
  rig.cpu.stopAt = 100;
  assert.is(rig.go(RAM, 1 << 7), PAUSE);
  assert.is(rig.clock.now, 100);
  rig.cpu.fiqLine.set(true);
  rig.cpu.stopAt = Infinity;
  assert.is(rig.cpu.run(), 0x500);
});

test('HVC at EL1 reaches the firmware, and is Undefined without one', () => {
  const rig = new Rig();
  rig.cpu.hosted = false;
  rig.code(RAM, [...code.hvc, ...code.loop]);
  rig.code(RAM + 0xa00, code.loop);
  rig.cpu.writeSysreg('VBAR_EL1', RAM + 0x800);
  rig.cpu.conduit = () => {
    rig.cpu.x[0] = 42n;
    return true;
  };
  rig.cpu.stopAt = 1;
  assert.is(rig.go(RAM, 0x3c5), PAUSE);
  assert.is(rig.cpu.x[0], 42n);
  assert.is(rig.cpu.pc, BigInt(RAM + 4));
  rig.cpu.conduit = () => false;
  rig.cpu.stopAt = rig.clock.now + 1;
  rig.go(RAM, 0x3c5);
  assert.is(rig.ec, 0);
  assert.is(rig.cpu.elr, BigInt(RAM));
});

/* Aborts: the class says instruction or data and from where; ISS: WnR bit 6, fault status 5:0. ISV is 0. */
function abort(piece: Piece, address: bigint, prepare: (rig: Rig) => void): Rig {
  const rig = new Rig();
  rig.mmuOn();
  rig.map(0x1000n, RAM, PTE.USER);
  rig.code(RAM, code[piece]);
  rig.cpu.x[1] = address;
  prepare(rig);
  assert.is(rig.go(0x1000), 0x400);
  return rig;
}

test('a data abort tells write, level and address', () => {
  const load = abort('load', 0x7fff_1234_5678n, () => {});
  assert.equal([load.ec, load.iss], [0x24, 0x04]);
  assert.is(load.cpu.far, 0x7fff_1234_5678n);
  assert.is(load.cpu.elr, 0x1004n);
  const store = abort('store', 0x2004n, () => {});
  assert.equal([store.ec, store.iss], [0x24, 0x47]);
  const readOnly = abort('store', 0x3008n, (r) => r.map(0x3000n, RAM + 0x3000, PTE.USER | PTE.RDONLY));
  assert.equal([readOnly.ec, readOnly.iss], [0x24, 0x4f]);
  const kernel = abort('load', 0x3008n, (r) => r.map(0x3000n, RAM + 0x3000, 0n));
  assert.equal([kernel.ec, kernel.iss], [0x24, 0x0f]);
  const nobody = abort('load', 0x3008n, (r) => r.map(0x3000n, 0x1_0000, PTE.USER));
  assert.equal([nobody.ec, nobody.iss], [0x24, 0x10], 'external abort: nobody answers there');
});

test('an instruction abort tells level and address', () => {
  const absent = abort('branchOdd', 0x5_0000n, () => {});
  assert.equal([absent.ec, absent.iss, absent.cpu.far, absent.cpu.elr], [0x20, 0x07, 0x5_0000n, 0x5_0000n]);
  const uxn = abort('branchOdd', 0x5_0000n, (r) => r.map(0x5_0000n, RAM, PTE.USER | PTE.UXN));
  assert.equal([uxn.ec, uxn.iss], [0x20, 0x0f]);
});

test.run();
