/*
 * tests/unit/board/cpu/debug.test.ts - software step, breakpoints, watchpoints, BRK's neighbours
 *
 * Manual: Arm ARM, "AArch64 Self-hosted Debug"; "ISS encoding for an exception from a Software Step exception",
 *         "...from a Breakpoint or Vector Catch debug exception", "...from a Watchpoint exception"
 */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { PAUSE } from '../../../../board/cpu/cpu.ts';
import { assembleAll } from '../../../lib/asm.ts';
import { PTE, RAM, Rig } from '../../../lib/rig.ts';

const code = assembleAll({
  line: 'add x0, x0, #1; add x0, x0, #1; add x0, x0, #1; svc #0',
  exclusive: 'ldxr x0, [x1]; add x0, x0, #1; b .',
  svc: 'svc #3; nop; nop',
  load: 'ldr x0, [x1]; nop; b .',
  loop: '1: add x0, x0, #1; add x2, x2, #1; cmp x0, #5; b.ne 1b; svc #0',
  accesses: 'ldr w0, [x1]; str w0, [x1, #4]; ldp x2, x3, [x1, #8]; svc #0',
  away: 'br x18',
  eret: 'eret',
  armStep: 'msr mdscr_el1, x0; msr spsr_el1, x2; msr elr_el1, x3; eret',
});

const STEP = 0x32;
const BREAKPOINT = 0x30;
const WATCHPOINT = 0x34;
const SVC = 0x15;
const SS = 1 << 21;
const MDSCR_SS = 1;
const MDSCR_KDE = 1 << 13;
const MDSCR_MDE = 1 << 15;
const DATA = 0x10_0000n;

function machine(piece: keyof typeof code): Rig {
  const rig = new Rig();
  rig.mmuOn();
  rig.map(0x1000n, RAM, PTE.USER);
  rig.map(DATA, RAM + 0x1_0000, PTE.USER);
  rig.code(RAM, code[piece]);
  rig.cpu.x[1] = DATA;
  rig.cpu.writeSysreg('OSLAR_EL1', 0);
  return rig;
}

const stepper = (piece: keyof typeof code): Rig => {
  const rig = machine(piece);
  rig.cpu.writeSysreg('MDSCR_EL1', MDSCR_SS);
  return rig;
};

test('with PSTATE.SS set one instruction executes, then the step exception comes: ISV, no EX', () => {
  const rig = stepper('line');
  for (let n = 1; n <= 3; n++) {
    assert.is(rig.go(0x1000 + 4 * (n - 1), SS), 0x400);
    assert.equal([rig.ec, rig.iss], [STEP, (1 << 24) | 0x22]);
    assert.is(rig.cpu.elr, BigInt(0x1000 + 4 * n));
    assert.is(rig.cpu.x[0], BigInt(n));
    assert.is(rig.cpu.spsr & SS, 0, 'active-pending');
  }
});

test('with PSTATE.SS clear nothing executes: ISV is 0', () => {
  const rig = stepper('line');
  assert.is(rig.go(0x1000), 0x400);
  assert.equal([rig.ec, rig.iss, rig.cpu.elr, rig.cpu.x[0]], [STEP, 0x22, 0x1000n, 0n]);
});

test('a stepped load-exclusive says so in EX', () => {
  const rig = stepper('exclusive');
  rig.go(0x1000, SS);
  assert.equal([rig.ec, rig.iss], [STEP, (1 << 24) | (1 << 6) | 0x22]);
});

test('a stepped SVC is an SVC, and the step is over: SPSR.SS is 0', () => {
  const rig = stepper('svc');
  rig.go(0x1000, SS);
  assert.equal([rig.ec, rig.iss, rig.cpu.elr], [SVC, 3, 0x1004n]);
  assert.is(rig.cpu.spsr & SS, 0);
  rig.cpu.eret();
  rig.cpu.run();
  assert.equal([rig.ec, rig.iss, rig.cpu.elr], [STEP, 0x22, 0x1004n]);
});

test('a stepped instruction that faults is stepped again: SPSR.SS stays', () => {
  const rig = stepper('load');
  rig.cpu.x[1] = 0x70_0000n;
  rig.go(0x1000, SS);
  assert.is(rig.ec, 0x24);
  assert.is(rig.cpu.spsr & SS, SS);
  rig.cpu.x[1] = DATA;
  rig.cpu.eret();
  rig.cpu.run();
  assert.equal([rig.ec, rig.cpu.elr], [STEP, 0x1004n]);
});

test('the OS lock keeps all debug exceptions away; MDSCR_EL1 alone arms the step', () => {
  const locked = stepper('line');
  locked.cpu.writeSysreg('OSLAR_EL1', 1);
  locked.go(0x1000);
  assert.is(locked.ec, SVC);
  assert.is(locked.cpu.readSysreg('OSLSR_EL1'), 0b1010);
  const off = machine('line');
  off.go(0x1000, SS);
  assert.is(off.ec, SVC);
  assert.is(off.cpu.spsr & SS, 0, 'SPSR.SS counts only when the step is armed');
});

test('machine code at EL1 steps user space, and itself with KDE', () => {
  const rig = machine('line');
  const { cpu } = rig;
  cpu.hosted = false;
  rig.map(0xffff_0000_0000_0000n, RAM + 0x2000, PTE.UXN);
  rig.code(RAM + 0x2000, code.armStep);
  rig.code(RAM + 0x2400, [0x1400_0000]);
  rig.code(RAM + 0x2200, [0x1400_0000]);
  cpu.writeSysreg('VBAR_EL1', 0, 0xffff_0000);
  cpu.x[0] = BigInt(MDSCR_SS); // for armStep; `line` then counts in it
  cpu.x[2] = BigInt(SS);
  cpu.x[3] = 0x1000n;
  cpu.stopAt = 5 + 1;
  assert.is(rig.go(0xffff_0000_0000_0000n, 0x3c5), PAUSE);
  assert.equal([rig.ec, cpu.elr, cpu.x[0]], [STEP, 0x1004n, 2n]);

  cpu.stopAt = cpu.clock.now + 2;
  cpu.x[0] = BigInt(MDSCR_SS | MDSCR_KDE);
  cpu.writeSysreg('MDSCR_EL1', 0);
  cpu.elr = 0xffff_0000_0000_0000n;
  cpu.spsr = 0x1c5; // D clear
  cpu.eret();
  cpu.run();
  assert.is(rig.ec, STEP + 1);
  assert.is(cpu.elr, 0xffff_0000_0000_0004n, 'active-pending as soon as the write is done');
});

const BCR = (enable: number, pmc: number, bt = 0, lbn = 0) =>
  enable | (pmc << 1) | (0xf << 5) | (lbn << 16) | (bt << 20);

function breakpoint(rig: Rig, n: number, at: bigint, control: number): void {
  rig.cpu.writeSysreg(`DBGBVR${n}_EL1`, Number(at & 0xffff_ffffn), Number(at >> 32n));
  rig.cpu.writeSysreg(`DBGBCR${n}_EL1`, control);
  rig.cpu.writeSysreg('MDSCR_EL1', MDSCR_MDE);
}

test('a breakpoint stops before its instruction, each time round', () => {
  const rig = machine('loop');
  breakpoint(rig, 3, 0x1004n, BCR(1, 2));
  for (let n = 1n; n <= 5n; n++) {
    if (n === 1n) rig.go(0x1000);
    assert.equal([rig.ec, rig.iss, rig.cpu.elr], [BREAKPOINT, 0x22, 0x1004n]);
    assert.equal([rig.cpu.x[0], rig.cpu.x[2]], [n, n - 1n]);
    // over it, as a debugger does: step with the breakpoint off
    rig.cpu.writeSysreg('DBGBCR3_EL1', BCR(0, 2));
    rig.cpu.writeSysreg('MDSCR_EL1', MDSCR_MDE | MDSCR_SS);
    rig.cpu.spsr |= SS;
    rig.cpu.eret();
    rig.cpu.run();
    assert.equal([rig.ec, rig.cpu.elr], [STEP, 0x1008n]);
    rig.cpu.writeSysreg('DBGBCR3_EL1', BCR(1, 2));
    rig.cpu.writeSysreg('MDSCR_EL1', MDSCR_MDE);
    rig.cpu.eret();
    rig.cpu.run();
  }
  assert.is(rig.ec, SVC);
});

test('a breakpoint in the page changes neither results nor counts', () => {
  const plain = machine('loop');
  plain.go(0x1000);
  const armed = machine('loop');
  breakpoint(armed, 0, 0x1ffcn, BCR(1, 2));
  armed.go(0x1000);
  assert.equal([armed.ec, armed.clock.now, armed.cpu.x[2]], [SVC, plain.clock.now, plain.cpu.x[2]]);
});

test('a breakpoint is met in the page that another page with one branches to, or runs into', () => {
  const rig = machine('line');
  rig.map(0x2000n, RAM + 0x1000, PTE.USER);
  rig.code(RAM, code.away);
  rig.code(RAM + 0xffc, code.line);
  breakpoint(rig, 0, 0x1800n, BCR(1, 2));
  breakpoint(rig, 1, 0x2004n, BCR(1, 2));
  rig.cpu.writeSysreg('MDSCR_EL1', MDSCR_MDE);
  rig.cpu.x[18] = 0x2000n;
  for (const from of [0x1000, 0x1ffc]) {
    assert.is(rig.go(from), 0x400);
    assert.equal([rig.ec, rig.cpu.elr], [BREAKPOINT, 0x2004n], `from ${from.toString(16)}`);
  }
});

test('a breakpoint for EL1, one without MDE, and one that is off match nothing at EL0', () => {
  for (const [control, mdscr] of [
    [BCR(1, 1), MDSCR_MDE],
    [BCR(1, 2), 0],
    [BCR(0, 3), MDSCR_MDE],
  ] as const) {
    const rig = machine('line');
    breakpoint(rig, 0, 0x1004n, control);
    rig.cpu.writeSysreg('MDSCR_EL1', mdscr);
    rig.go(0x1000);
    assert.is(rig.ec, SVC);
  }
});

test('a linked breakpoint also wants CONTEXTIDR_EL1 to match', () => {
  for (const [context, ec] of [
    [7, BREAKPOINT],
    [8, SVC],
  ] as const) {
    const rig = machine('line');
    rig.cpu.writeSysreg('CONTEXTIDR_EL1', context);
    breakpoint(rig, 5, 7n, BCR(1, 3, 3));
    breakpoint(rig, 1, 0x1008n, BCR(1, 2, 1, 5));
    rig.go(0x1000);
    assert.is(rig.ec, ec);
  }
});

const WCR = (bas: number, lsc = 3, pac = 2, mask = 0) =>
  1 | (pac << 1) | (lsc << 3) | (bas << 5) | (mask << 24);

function watchpoint(rig: Rig, n: number, at: bigint, control: number): void {
  rig.cpu.writeSysreg(`DBGWVR${n}_EL1`, Number(at & 0xffff_ffffn), Number(at >> 32n));
  rig.cpu.writeSysreg(`DBGWCR${n}_EL1`, control);
  rig.cpu.writeSysreg('MDSCR_EL1', MDSCR_MDE);
}

/* accesses: word load at +0, word store at +4, pair load at +8..+23 */
const WATCHES: [name: string, at: bigint, control: number, iss: number, elr: bigint, far: bigint][] = [
  ['a load is watched', DATA, WCR(0x0f), 0x22, 0x1000n, DATA],
  ['only a store is watched', DATA, WCR(0xff, 2), 0x62, 0x1004n, DATA + 4n],
  ['BAS selects bytes', DATA, WCR(0xc0), 0x62, 0x1004n, DATA + 6n],
  ['a word-aligned address', DATA + 4n, WCR(0x0f), 0x62, 0x1004n, DATA + 4n],
  ['the second register of a pair', DATA + 16n, WCR(0xff), 0x22, 0x1008n, DATA + 16n],
  ['a mask covers a block', DATA, WCR(0xff, 2, 2, 12), 0x62, 0x1004n, DATA + 4n],
];

for (const [name, at, control, iss, elr, far] of WATCHES) {
  test(`watchpoint: ${name}, and nothing has been accessed`, () => {
    const rig = machine('accesses');
    rig.setU64(RAM + 0x1_0000, 0x5555_5555n);
    watchpoint(rig, 2, at, control);
    assert.is(rig.go(0x1000), 0x400);
    assert.equal([rig.ec, rig.iss, rig.cpu.elr, rig.cpu.far], [WATCHPOINT, iss, elr, far]);
    // the pair comes after the store at +4, which is not watched then
    assert.is(rig.u64(RAM + 0x1_0000), elr === 0x1008n ? 0x5555_5555_5555_5555n : 0x5555_5555n);
    assert.equal([rig.cpu.x[2], rig.cpu.x[3]], [0n, 0n]);
  });
}

test('a watchpoint elsewhere in the page, for EL1 or switched off changes nothing', () => {
  const cases: [bigint, number, number][] = [
    [DATA + 0x100n, WCR(0xff), MDSCR_MDE],
    [DATA, WCR(0xff, 3, 1), MDSCR_MDE],
    [DATA, WCR(0xff), 0],
  ];
  for (const [at, control, mdscr] of cases) {
    const rig = machine('accesses');
    watchpoint(rig, 0, at, control);
    rig.cpu.writeSysreg('MDSCR_EL1', mdscr);
    rig.go(0x1000);
    assert.is(rig.ec, SVC);
  }
});

test('a watchpoint armed after the page was used is seen, and one taken away forgotten', () => {
  const rig = machine('accesses');
  rig.go(0x1000);
  assert.is(rig.ec, SVC);
  watchpoint(rig, 0, DATA, WCR(0xff));
  rig.go(0x1000);
  assert.is(rig.ec, WATCHPOINT);
  rig.cpu.writeSysreg('DBGWCR0_EL1', 0);
  rig.go(0x1000);
  assert.is(rig.ec, SVC);
});

test('ID_AA64DFR0_EL1 announces Armv8 debug with 6 breakpoints and 4 watchpoints', () => {
  const dfr0 = new Rig().cpu.readSysreg('ID_AA64DFR0_EL1');
  assert.equal([dfr0 & 15, (dfr0 >>> 12) & 15, (dfr0 >>> 20) & 15], [6, 5, 3]);
});

test.run();
