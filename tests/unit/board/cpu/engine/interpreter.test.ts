/*
 * tests/unit/board/cpu/engine/interpreter.test.ts - run(): how it counts, where it stops, what it leaves behind
 */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Row } from '../../../../../board/cpu/builder.ts';
import { generateInterpreter } from '../../../../../board/cpu/engine/interpreter.ts';
import { EXIT, STATE } from '../../../../../board/cpu/state.ts';
import { add, i32 } from '../../../../../board/cpu/value.ts';
import { FlatMachine } from '../../../../lib/flat-machine.ts';

const CODE = 0x40_0000;
const NOP = 0xd503_201f;
const ADD_X0_1 = 0x9100_0400; //    add x0, x0, #1
const LDR_X1_X2 = 0xf940_0041; //   ldr x1, [x2]
const STR_X1_X2_POST = 0xf800_8441; // str x1, [x2], #8
const SVC_7 = 0xd400_00e1;
const BRK_1 = 0xd420_0020;
const RET = 0xd65f_03c0;
const CMP_X0_X1 = 0xeb01_001f;
const b = (words: number) => (0x1400_0000 | (words & 0x3ff_ffff)) >>> 0;

function machineWith(...code: number[]): FlatMachine {
  const machine = new FlatMachine([{ base: CODE, size: 0x4000 }]);
  put(machine, CODE, ...code);
  return machine;
}

function put(machine: FlatMachine, address: number, ...code: number[]): void {
  machine.words.set(code, machine.host(address) >>> 2);
}

const pc = (machine: FlatMachine): number => Number(machine.dwords[STATE.PC >>> 3]) - CODE;
const left = (machine: FlatMachine): number => machine.words[STATE.BUDGET >>> 2]!;

test('a budget of n executes n instructions and PC is after the last', () => {
  const machine = machineWith(ADD_X0_1, ADD_X0_1, ADD_X0_1, ADD_X0_1);
  assert.is(machine.execute(CODE, 3), EXIT.BUDGET);
  assert.is(machine.dwords[0], 3n);
  assert.is(pc(machine), 12);
  assert.is(left(machine), 0);
});

test('a taken branch counts as one, whether it stays in the page or not', () => {
  const machine = machineWith(b(2), BRK_1, b(0x1000 / 4));
  put(machine, CODE + 0x1008, b(-0x1008 / 4));
  assert.is(machine.execute(CODE, 30), EXIT.BUDGET);
  assert.is(pc(machine), 0);
});

test('the budget may end on the first and on the last instruction of a page', () => {
  const machine = machineWith();
  put(machine, CODE + 0xff8, ADD_X0_1, ADD_X0_1, ADD_X0_1, ADD_X0_1);
  for (const count of [1, 2, 3, 4]) {
    machine.dwords[0] = 0n;
    assert.is(machine.execute(CODE + 0xff8, count), EXIT.BUDGET);
    assert.is(machine.dwords[0], BigInt(count));
    assert.is(pc(machine), 0xff8 + 4 * count);
  }
});

test('SVC counts and leaves PC behind it, BRK does neither', () => {
  const machine = machineWith(NOP, SVC_7, BRK_1);
  assert.is(machine.execute(CODE, 100), EXIT.SVC);
  assert.is(machine.words[STATE.ISS >>> 2], 7);
  assert.equal([pc(machine), left(machine)], [8, 98]);
  assert.is(machine.execute(CODE + 8, 100), EXIT.BRK);
  assert.equal([pc(machine), left(machine)], [8, 100]);
});

test('an unallocated word leaves with PC at it and the word in INSN', () => {
  const machine = machineWith(NOP, 0x0000_0001);
  assert.is(machine.execute(CODE, 100), EXIT.UNDEFINED);
  assert.equal([pc(machine), left(machine), machine.words[STATE.INSN >>> 2]], [4, 99, 1]);
});

test('an access that faults leaves nothing behind and does not count', () => {
  const machine = machineWith(NOP, STR_X1_X2_POST);
  machine.dwords[2] = 0x1000n;
  assert.is(machine.execute(CODE, 100), EXIT.FAULT);
  assert.equal([pc(machine), left(machine)], [4, 99]);
  assert.is(machine.dwords[2], 0x1000n);
  assert.is(machine.dwords[STATE.VA >>> 3], 0x1000n);
});

test('a branch to nowhere completes; the fetch that follows fails there', () => {
  const machine = machineWith(RET);
  machine.dwords[30] = 0x8000n;
  assert.is(machine.execute(CODE, 100), EXIT.FETCH);
  assert.is(machine.dwords[STATE.PC >>> 3], 0x8000n);
  assert.is(left(machine), 99);
});

test('a branch to a misaligned address leaves with PC there', () => {
  const machine = machineWith(RET);
  machine.dwords[30] = BigInt(CODE + 6);
  assert.is(machine.execute(CODE, 100), EXIT.PC_ALIGN);
  assert.is(pc(machine), 6);
});

test('PENDING, set by the slow path, ends the run after that instruction', () => {
  const machine = machineWith(LDR_X1_X2, ADD_X0_1, ADD_X0_1);
  machine.dwords[2] = BigInt(CODE);
  machine.onSlow = () => (machine.words[STATE.PENDING >>> 2] = 1);
  assert.is(machine.execute(CODE, 100), EXIT.PENDING);
  assert.equal([pc(machine), left(machine), machine.dwords[0]], [4, 99, 0n]);
});

test('outside run() NZCV holds the flags', () => {
  const machine = machineWith(CMP_X0_X1);
  machine.dwords[0] = 1n;
  machine.dwords[1] = 2n;
  machine.execute(CODE, 1);
  assert.is(machine.words[STATE.FLAG_KIND >>> 2], 0);
  assert.is(machine.words[STATE.NZCV >>> 2], 0x8000_0000);
});

test('register 31 stays zero however often it is written', () => {
  const machine = machineWith(0xaa00_03ff); // mov xzr, x0
  machine.dwords[0] = 5n;
  machine.execute(CODE, 1);
  assert.is(machine.dwords[STATE.ZR >>> 3], 0n);
});

test('a row that uses a register after writing one is refused when the engine is made', () => {
  const row: Row = [
    '000000000000000000000000000ddddd',
    'TEST',
    (b, f) => {
      const old = b.x(f.d, 64);
      b.setX(0, old);
      b.setX(1, old);
    },
    'test',
  ];
  assert.throws(() => generateInterpreter([row]), /TEST.*let\(\) it before/);
});

test('a floating-point row leaves while FP_TRAP is set, and only then', () => {
  const row: Row = [
    '00000000000000000000000000000000',
    'FP',
    (b) => b.setX(0, add(b.x(0, 32), i32(1))),
    'fp',
    { fp: true },
  ];
  const machine = new FlatMachine([{ base: CODE, size: 0x1000 }], generateInterpreter([row]));
  machine.words[STATE.FP_TRAP >>> 2] = 1;
  assert.is(machine.execute(CODE, 1), EXIT.FP);
  assert.is(pc(machine), 0);
  machine.words[STATE.FP_TRAP >>> 2] = 0;
  assert.is(machine.execute(CODE, 1), EXIT.BUDGET);
  assert.is(machine.dwords[0], 1n);
});

test.run();
