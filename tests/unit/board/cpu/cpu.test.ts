/*
 * tests/unit/board/cpu/cpu.test.ts - run(): it stops where it must, at exact counts
 *
 * Manual: Arm ARM, "Wait for Interrupt"; "Prioritization and recognition of interrupts"
 */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { EXCEPTION_COST, IDLE, PAUSE } from '../../../../board/cpu/cpu.ts';
import { assembleAll } from '../../../lib/asm.ts';
import { PTE, RAM, Rig } from '../../../lib/rig.ts';

const code = assembleAll({
  loop: '1: add x0, x0, #1; ldr x2, [x1]; add x3, x3, x2; str x3, [x1, #8]; b 1b',
  svc: 'svc #0; svc #1; svc #2',
  store: 'str w0, [x1]; 1: add x0, x0, #1; b 1b',
  wfi: 'wfi; add x0, x0, #1; wfi; b .',
});

function machine(piece: keyof typeof code): Rig {
  const rig = new Rig();
  rig.mmuOn();
  rig.map(0x1000n, RAM, PTE.USER);
  rig.map(0x10_0000n, RAM + 0x1_0000, PTE.USER);
  rig.map(0x20_0000n, 0x900_0000, PTE.USER | PTE.DEVICE);
  rig.code(RAM, code[piece]);
  rig.cpu.x[1] = 0x10_0000n;
  rig.setU64(RAM + 0x1_0000, 3n);
  return rig;
}

test('run() stops at stopAt and goes on from there, in pieces of any size', () => {
  const whole = machine('loop');
  whole.cpu.stopAt = 1000;
  assert.is(whole.go(0x1000), PAUSE);
  assert.is(whole.clock.now, 1000);

  const pieces = machine('loop');
  pieces.enter(0x1000);
  for (let at = 0; at < 1000; at += 1 + (at % 7)) {
    pieces.cpu.stopAt = at;
    assert.is(pieces.cpu.run(), PAUSE);
    assert.is(pieces.clock.now, at);
  }
  pieces.cpu.stopAt = 1000;
  pieces.cpu.run();
  assert.equal([...pieces.cpu.x], [...whole.cpu.x]);
  assert.is(pieces.cpu.pc, whole.cpu.pc);
});

test('a hosted EL1 is never executed', () => {
  assert.throws(() => new Rig().cpu.run(), /hosted EL1/);
});

test('an exception to a hosted EL1 costs time, one to machine code only its instructions', () => {
  const rig = machine('svc');
  rig.go(0x1000);
  assert.is(rig.clock.now, 1 + EXCEPTION_COST);
  rig.cpu.eret();
  rig.cpu.run();
  assert.is(rig.clock.now, 2 + 2 * EXCEPTION_COST);
  assert.is(rig.iss, 1);
});

/** Three instructions at the end of a page, and nothing mapped behind it. */
function atPageEnd(): Rig {
  const rig = machine('loop');
  rig.code(RAM + 0xff4, [0x9100_0400, 0x9100_0400, 0x9100_0400]); // add x0, x0, #1
  return rig;
}

test('code runs off a page into an instruction abort', () => {
  const rig = atPageEnd();
  assert.is(rig.go(0x1ff4), 0x400);
  assert.equal([rig.ec, rig.cpu.far, rig.cpu.elr, rig.cpu.x[0]], [0x20, 0x2000n, 0x2000n, 3n]);
  assert.is(rig.clock.now, 3 + EXCEPTION_COST);
});

test('at the very count of a pause or an interrupt the next page is not yet fetched', () => {
  const paused = atPageEnd();
  paused.cpu.stopAt = 3;
  assert.is(paused.go(0x1ff4), PAUSE);
  assert.is(paused.cpu.pc, 0x2000n);

  const interrupted = atPageEnd();
  interrupted.clock.alarm(() => interrupted.cpu.irqLine.set(true)).set(3);
  assert.is(interrupted.go(0x1ff4), 0x480);
  assert.is(interrupted.cpu.elr, 0x2000n);
});

test('an alarm that a store sets rings at its count, however soon', () => {
  for (const delay of [1, 2, 5, 100]) {
    const rig = machine('store');
    const alarm = rig.clock.alarm(() => rig.cpu.irqLine.set(true));
    rig.bus.attach(0x900_0000, {
      name: 'alarm',
      size: 0x1000,
      read: () => 0,
      write: () => alarm.set(rig.clock.now + delay),
    });
    rig.cpu.x[1] = 0x20_0000n;
    assert.is(rig.go(0x1000), 0x480);
    // The store is complete, and the clock has counted it, when the device sees it.
    assert.is(rig.clock.now, 1 + delay + EXCEPTION_COST);
  }
});

test('WFI waits until a line is up, masked or not, and executes nothing meanwhile', () => {
  const rig = new Rig();
  rig.cpu.hosted = false;
  rig.code(RAM, code.wfi);
  assert.is(rig.go(RAM, 0x3c5), IDLE);
  assert.is(rig.cpu.run(), IDLE);
  assert.equal([rig.clock.now, rig.cpu.x[0]], [1, 0n]);
  rig.cpu.irqLine.set(true);
  rig.cpu.stopAt = 2;
  assert.is(rig.cpu.run(), PAUSE);
  assert.is(rig.cpu.x[0], 1n);
  // with the line still up the next WFI does not wait
  rig.cpu.stopAt = 10;
  assert.is(rig.cpu.run(), PAUSE);
  assert.is(rig.cpu.pc, BigInt(RAM + 12));
});

test('an alarm ends the wait', () => {
  const rig = new Rig();
  rig.cpu.hosted = false;
  rig.code(RAM, code.wfi);
  rig.clock.alarm(() => rig.cpu.irqLine.set(true)).set(5000);
  assert.is(rig.go(RAM, 0x3c5), IDLE);
  rig.clock.now = rig.clock.deadline;
  rig.cpu.stopAt = 5001;
  assert.is(rig.cpu.run(), PAUSE);
  assert.is(rig.cpu.x[0], 1n);
});

test('user code that waits under a hosted EL1 just goes on', () => {
  const rig = machine('wfi');
  rig.cpu.writeSysreg('SCTLR_EL1', (1 << 16) | 1);
  rig.cpu.stopAt = 20;
  assert.is(rig.go(0x1000), PAUSE);
  assert.is(rig.cpu.x[0], 1n);
});

test.run();
