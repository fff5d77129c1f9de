/*
 * tests/unit/board/cpu/engine/translator/translator.test.ts - nobody can tell that code was translated
 *
 * The interpreter is the reference: every test runs both and compares, or says what the architecture demands.
 */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { PAUSE } from '../../../../../../board/cpu/cpu.ts';
import type { EngineName } from '../../../../../../board/cpu/engine/engine.ts';
import { EC_DABT_LOW, EC_SVC } from '../../../../../../board/cpu/exception.ts';
import { STATE } from '../../../../../../board/cpu/state.ts';
import { assembleAll } from '../../../../../lib/asm.ts';
import { PTE, RAM, Rig } from '../../../../../lib/rig.ts';
import { tlbDifference } from '../../../../../lib/same-tlb.ts';

const CODE = 0x1000n;
const OTHER_CODE = 0x5000n;
const DATA = 0x10_0000n;
const CODE_PA = RAM;
const OTHER_PA = RAM + 0x4000;
const DATA_PA = RAM + 0x1_0000;

const code = assembleAll({
  loop: '1: add x0, x0, #1; ldr x2, [x1]; add x3, x3, x2; str x3, [x1, #8]; b 1b',
  // Overwrites the instruction at 1: with the word in W2 when X0 is 50.
  rewrite:
    'adr x4, 1f; 2: cmp x0, #50; b.ne 1f; str w2, [x4]; 1: add x3, x3, #1; add x0, x0, #1; cmp x0, #100; b.ne 2b; svc #0',
  count: '1: add x3, x3, #1; subs x0, x0, #1; b.ne 1b; svc #0',
  countByTwo: '1: add x3, x3, #2; subs x0, x0, #1; b.ne 1b; svc #0',
  addTwo: 'add x3, x3, #2',
  // Loads from successive addresses until one faults.
  walk: '1: ldr x2, [x1], #8; add x0, x0, #1; b 1b',
  loading: '1: ldr x2, [x1]; subs x0, x0, #1; b.ne 1b; svc #0',
  storing: '1: str x2, [x1]; subs x0, x0, #1; b.ne 1b; svc #0',
  away: '1: subs x0, x0, #1; b.ne 1b; br x18',
  // The function returns one instruction later than to where it was called from when X0 is even.
  wrongReturn:
    '1: bl 2f; add x4, x4, #1; subs x0, x0, #1; b.ne 1b; svc #0; 2: tbnz x0, #0, 3f; add x30, x30, #4; 3: add x3, x3, #1; ret',
  // Loads of eight bytes at any address, of which some lie in two pages.
  wander:
    '1: ldr x2, [x1]; add x3, x3, x2; add x1, x1, #1021; and x1, x1, x5; subs x0, x0, #1; b.ne 1b; svc #0',
  // Jumps to one of three places that X6 + 8 * (X0 modulo 4) has, or far away.
  table:
    '1: and x2, x0, #3; ldr x2, [x6, x2, lsl #3]; br x2; 2: add x3, x3, #1; 3: add x3, x3, #2; 4: subs x0, x0, #1; b.ne 1b; svc #0',
  ownCounter: '1: ldr x2, [x1]; add x2, x2, #1; str x2, [x1]; subs x0, x0, #1; b.ne 1b; svc #0',
  // Writes down the counter, at each of four places in its ticks.
  times: '1: mrs x2, cntvct_el0; str x2, [x1], #8; subs x0, x0, #1; nop; b.ne 1b; svc #0',
  calls: '1: bl 2f; subs x0, x0, #1; b.ne 1b; svc #0; 2: add x3, x3, #1; ret',
});

function machine(piece: keyof typeof code, bits = PTE.USER, engine: EngineName = 'translator'): Rig {
  const rig = new Rig({ engine, threshold: 2 });
  rig.mmuOn();
  rig.map(CODE, CODE_PA, bits);
  rig.map(DATA, DATA_PA, PTE.USER | PTE.UXN);
  rig.code(CODE_PA, code[piece]);
  rig.cpu.x[1] = DATA;
  rig.setU64(DATA_PA, 3n);
  return rig;
}

/** Of pages: each that gets translations is watched from then on. */
function countTranslations({ bus }: Rig): { pages: number } {
  const count = { pages: 0 };
  const watchPage = bus.watchPage.bind(bus);
  bus.watchPage = (page, on) => {
    count.pages += Number(on);
    watchPage(page, on);
  };
  return count;
}

test('a loop stops at every instruction count that is asked for', () => {
  const [fast, slow] = [machine('loop'), new Rig()];
  slow.mmuOn();
  slow.map(CODE, CODE_PA, PTE.USER);
  slow.map(DATA, DATA_PA, PTE.USER | PTE.UXN);
  slow.code(CODE_PA, code.loop);
  slow.cpu.x[1] = DATA;
  slow.setU64(DATA_PA, 3n);
  for (const rig of [fast, slow]) rig.enter(CODE);
  for (let at = 0; at < 3000; at += 1 + (at % 13)) {
    for (const rig of [fast, slow]) {
      rig.cpu.stopAt = at;
      assert.is(rig.cpu.run(), PAUSE);
      assert.is(rig.clock.now, at);
    }
    assert.is(fast.cpu.pc, slow.cpu.pc);
    assert.equal([...fast.cpu.x], [...slow.cpu.x]);
  }
});

test('the counter shows how many instructions were executed before', () => {
  for (const engine of ['interpreter', 'translator'] as const) {
    const rig = machine('times', PTE.USER, engine);
    const rounds = 400;
    rig.cpu.openCounter(true);
    rig.cpu.x[0] = BigInt(rounds);
    rig.go(CODE);
    for (let i = 0; i < rounds; i++)
      assert.is(rig.u64(DATA_PA + 8 * i), BigInt((5 * i) >> 2), `${engine}, round ${i}`);
  }
});

test('code that a program writes is what it executes next, without any maintenance', () => {
  const rig = machine('rewrite');
  rig.cpu.x[2] = BigInt(code.addTwo[0]!);
  rig.go(CODE);
  assert.is(rig.cpu.x[3], 50n + 2n * 50n);
});

test('code written by way of another address is new code as well', () => {
  const rig = machine('count');
  rig.map(0x7000n, CODE_PA, PTE.USER | PTE.UXN);
  rig.cpu.x[0] = 100n;
  rig.go(CODE);
  assert.is(rig.cpu.x[3], 100n);

  rig.map(OTHER_CODE, OTHER_PA, PTE.USER);
  const store = assembleAll({ store: 'str w2, [x5]; svc #0' }).store;
  rig.code(OTHER_PA, store);
  rig.cpu.x[2] = BigInt(code.addTwo[0]!);
  rig.cpu.x[5] = 0x7000n;
  rig.go(OTHER_CODE);

  rig.cpu.x[0] = 100n;
  rig.cpu.x[3] = 0n;
  rig.go(CODE);
  assert.is(rig.cpu.x[3], 200n);
});

test('code that the kernel writes behind the CPU is new code once the bus is told', () => {
  const rig = machine('count');
  rig.cpu.x[0] = 100n;
  rig.go(CODE);
  rig.bus.touch(CODE_PA - RAM);
  rig.code(CODE_PA, code.countByTwo);
  rig.cpu.x[0] = 100n;
  rig.cpu.x[3] = 0n;
  rig.go(CODE);
  assert.is(rig.cpu.x[3], 200n);
});

test('what the TLB knows holds for writes to a page of translated code, whatever the tables say by now', () => {
  const alias = DATA + 0x1000n;
  const rig = machine('storing');
  rig.map(alias, CODE_PA, PTE.USER | PTE.UXN);
  const store = (): number => {
    [rig.cpu.x[0], rig.cpu.x[1]] = [50n, alias + 0x800n];
    rig.go(CODE);
    return rig.ec;
  };
  assert.is(store(), EC_SVC);
  assert.ok(rig.cpu.liveModules > 0);
  rig.map(alias, CODE_PA, PTE.USER | PTE.UXN | PTE.RDONLY);
  assert.is(store(), EC_SVC, 'as it would be for any other page');
  rig.cpu.tlbi('VAAE1', Number(alias >> 12n));
  assert.is(store(), EC_DABT_LOW);
});

test('an address that is mapped to another page executes that page after TLBI', () => {
  const rig = machine('count');
  rig.code(OTHER_PA, code.countByTwo);
  const results = [CODE_PA, OTHER_PA, CODE_PA].map((pa) => {
    rig.map(CODE, pa, PTE.USER);
    rig.cpu.tlbi('VMALLE1');
    rig.cpu.x[0] = 100n;
    rig.cpu.x[3] = 0n;
    rig.go(CODE);
    return rig.cpu.x[3];
  });
  assert.equal(results, [100n, 200n, 100n]);
});

test('code that may no longer be executed is not', () => {
  const rig = machine('count');
  rig.cpu.x[0] = 100n;
  rig.go(CODE);
  rig.map(CODE, CODE_PA, PTE.USER | PTE.UXN);
  rig.cpu.tlbi('VMALLE1');
  rig.go(CODE);
  assert.is(rig.ec, 0x20); // instruction abort from a lower exception level
  assert.is(rig.cpu.elr, CODE);
});

test('a fault in a hot loop is at the instruction that did not happen', () => {
  const rig = machine('walk');
  rig.go(CODE);
  assert.is(rig.ec, 0x24); // data abort from a lower exception level
  assert.is(rig.cpu.elr, CODE);
  assert.is(rig.cpu.far, DATA + 0x1000n);
  assert.is(rig.cpu.x[1], DATA + 0x1000n);
  assert.is(rig.cpu.x[0], 512n);
});

test('a single step is one instruction, of code that is translated too', () => {
  const rig = machine('count');
  rig.cpu.x[0] = 100n;
  rig.go(CODE);
  rig.cpu.writeSysreg('OSLAR_EL1', 0);
  rig.cpu.writeSysreg('MDSCR_EL1', 1);
  rig.cpu.x[0] = 100n;
  const STEP = 1 << 21; // SPSR_EL1.SS
  const places = [CODE, CODE + 4n, CODE + 8n].map((pc) => {
    rig.go(pc, STEP);
    return rig.cpu.elr;
  });
  assert.equal(places, [CODE + 4n, CODE + 8n, CODE]);
  assert.is(rig.ec, 0x32); // software step from a lower exception level
});

test('a single step into another page leaves the same in the TLB, hot or not', () => {
  const step = (engine: 'interpreter' | 'translator'): Rig => {
    const rig = new Rig({ engine, threshold: 1 });
    rig.mmuOn();
    rig.map(CODE, CODE_PA, PTE.USER);
    rig.map(OTHER_CODE, OTHER_PA, PTE.USER);
    rig.code(CODE_PA, code.away.slice(-1));
    rig.cpu.x[18] = OTHER_CODE;
    rig.cpu.stopAt = 1;
    assert.is(rig.go(CODE), PAUSE);
    assert.is(rig.cpu.pc, OTHER_CODE);
    return rig;
  };
  assert.is(tlbDifference(step('interpreter'), step('translator')), undefined);
});

test('a breakpoint in translated code is met', () => {
  const rig = machine('count');
  rig.cpu.x[0] = 100n;
  rig.go(CODE);
  rig.cpu.writeSysreg('OSLAR_EL1', 0);
  rig.cpu.writeSysreg('MDSCR_EL1', 1 << 15);
  rig.cpu.writeSysreg('DBGBVR0_EL1', Number(CODE) + 4);
  rig.cpu.writeSysreg('DBGBCR0_EL1', (0xf << 5) | (2 << 1) | 1);
  rig.go(CODE);
  assert.is(rig.ec, 0x30); // breakpoint from a lower exception level
  assert.is(rig.cpu.elr, CODE + 4n);
});

test('a watchpoint in data that translated code uses is met', () => {
  const rig = machine('loop');
  rig.cpu.stopAt = 1000;
  rig.go(CODE);
  rig.cpu.stopAt = Infinity;
  rig.cpu.irqLine.set(true);
  rig.cpu.run();
  rig.cpu.irqLine.set(false);
  rig.cpu.writeSysreg('OSLAR_EL1', 0);
  rig.cpu.writeSysreg('MDSCR_EL1', 1 << 15);
  rig.cpu.writeSysreg('DBGWVR0_EL1', Number(DATA) + 8);
  rig.cpu.writeSysreg('DBGWCR0_EL1', (0xff << 5) | (2 << 3) | (2 << 1) | 1);
  rig.go(CODE);
  assert.is(rig.ec, 0x34); // watchpoint from a lower exception level
  assert.is(rig.cpu.elr, CODE + 12n);
  assert.is(rig.cpu.far, DATA + 8n);
});

test('an address with its lowest bits set is a misaligned PC, not a place in the jump cache', () => {
  const rig = machine('calls');
  rig.cpu.x[0] = 100n;
  rig.go(CODE);
  assert.is(rig.cpu.x[3], 100n);
  rig.go(-1n & 0xffff_ffff_ffff_ffffn);
  assert.is(rig.ec, 0x22); // PC alignment fault
});

test('a branch leaves the tag of its target behind, also when nothing is executed there', () => {
  const TARGET = 0x5ef4_dc64_6a7f_e5d9n;
  const ADDRESS = 0xfff4_dc64_6a7f_e5d9n; // AArch64.BranchAddr: bit 55 in the place of the tag
  for (const stop of [0, 1]) {
    const rig = machine('away');
    rig.cpu.x[0] = 10n;
    rig.cpu.x[18] = TARGET;
    rig.clock.alarm(() => rig.cpu.irqLine.set(true)).set(21 + stop);
    assert.is(rig.go(CODE), stop ? 0x400 : 0x480);
    assert.is(rig.cpu.elr, ADDRESS);
    if (stop) assert.is(rig.cpu.far, ADDRESS);
  }
  const rig = machine('away');
  rig.cpu.writeSysreg('OSLAR_EL1', 0);
  rig.cpu.writeSysreg('MDSCR_EL1', 1);
  rig.cpu.x[18] = TARGET;
  rig.go(CODE + 8n, 1 << 21);
  assert.is(rig.ec, 0x32); // software step from a lower exception level
  assert.is(rig.cpu.elr, ADDRESS);
});

test('a function may return to somebody else than its caller', () => {
  const rig = machine('wrongReturn');
  rig.cpu.x[0] = 200n;
  rig.go(CODE);
  assert.is(rig.cpu.x[3], 200n);
  assert.is(rig.cpu.x[4], 100n);
});

test('an access finds its page, whatever page the one before it found', () => {
  const results = (['interpreter', 'translator'] as const).map((engine) => {
    const rig = new Rig({ engine, threshold: 2 });
    rig.mmuOn();
    rig.map(CODE, CODE_PA, PTE.USER);
    // Three pages that are neighbours for the program, but not in RAM.
    for (const [i, pa] of [DATA_PA, DATA_PA + 0x4000, DATA_PA + 0x2000].entries())
      rig.map(DATA + BigInt(i) * 0x1000n, pa, PTE.USER | PTE.UXN);
    for (let i = 0; i < 0x6000; i += 8) rig.setU64(DATA_PA + i, BigInt(i) * 0x1_0001_0001_0001n);
    rig.code(CODE_PA, code.wander);
    rig.cpu.x[0] = 5000n;
    rig.cpu.x[1] = DATA;
    rig.cpu.x[5] = DATA | 0x1fffn;
    assert.is(rig.go(CODE), 0x400);
    return rig.cpu.x[3];
  });
  assert.is(results[1], results[0]);
});

test('a jump through a register leads where the register says, in the page and out of it', () => {
  const rig = machine('table');
  rig.map(OTHER_CODE, OTHER_PA, PTE.USER);
  rig.code(OTHER_PA, assembleAll({ away: 'add x3, x3, #100; br x7' }).away);
  const place = (words: number): bigint => CODE + 4n * BigInt(words);
  for (const [i, target] of [place(3), place(4), place(5), OTHER_CODE].entries())
    rig.setU64(DATA_PA + 8 * i, target);
  rig.cpu.x[6] = DATA;
  rig.cpu.x[7] = place(5);
  rig.cpu.x[0] = 400n;
  rig.go(CODE);
  assert.is(rig.ec, 0x15); // SVC
  assert.is(rig.cpu.x[3], 100n * (3n + 2n + 0n + 100n));
});

test('in a loop that has not accessed anything yet no address is known to be good', () => {
  const addresses = [
    0n,
    0x40n,
    0x0040_0000_0000_0000n,
    0x0080_0000_0000_0000n,
    0x8000_0000_0000_0000n,
    -0x1000n,
    -8n,
  ];
  for (const piece of ['loading', 'storing'] as const) {
    for (const address of addresses) {
      const rig = machine(piece);
      rig.cpu.x[0] = 100n;
      assert.is(rig.go(CODE), 0x400);
      assert.is(rig.ec, 0x15); // SVC: it is hot now
      rig.cpu.x[0] = 100n;
      rig.cpu.x[1] = BigInt.asUintN(64, address);
      rig.go(CODE);
      assert.is(rig.ec, 0x24); // data abort from a lower exception level
      assert.is(rig.cpu.x[0], 100n);
    }
  }
});

test('a program that makes new code for ever does not grow', () => {
  const rig = new Rig({ engine: 'translator', threshold: 1, modules: 20 });
  rig.mmuOn();
  const pages = 128;
  for (let i = 0; i < pages; i++) rig.map(CODE + BigInt(i) * 0x1000n, CODE_PA + i * 0x1000, PTE.USER);
  for (let i = 0; i < pages; i++) rig.code(CODE_PA + i * 0x1000, code.calls);
  let most = 0;
  for (let round = 0; round < 3; round++) {
    for (let i = 0; i < pages; i++) {
      rig.cpu.x[0] = 10n;
      rig.cpu.x[3] = 0n;
      rig.go(CODE + BigInt(i) * 0x1000n);
      assert.is(rig.cpu.x[3], 10n);
      most = Math.max(most, rig.cpu.liveModules);
    }
  }
  assert.ok(most > 10 && most <= 21, `${most} modules`);
});

test('a loop that counts in the page of its own code is soon left to the interpreter', () => {
  const rig = new Rig({ engine: 'translator', threshold: 40 });
  rig.mmuOn();
  rig.map(CODE, CODE_PA, PTE.USER);
  rig.code(CODE_PA, code.ownCounter);
  const translations = countTranslations(rig);
  const rounds = 200_000n;
  rig.cpu.x[0] = rounds;
  rig.cpu.x[1] = CODE + 0x800n;
  rig.go(CODE);
  assert.is(rig.u64(CODE_PA + 0x800), rounds);
  const { pages } = translations;
  assert.ok(pages > 1 && pages < 20, `${pages} translations`);
});

test('programs that one after the other have their code in the same RAM are all translated', () => {
  const rig = new Rig({ engine: 'auto' });
  rig.mmuOn();
  rig.map(CODE, CODE_PA, PTE.USER);
  const translations = countTranslations(rig);
  const programs = 12;
  for (let i = 0; i < programs; i++) {
    rig.bus.touch(CODE_PA - RAM);
    rig.code(CODE_PA, i % 2 ? code.count : code.countByTwo);
    rig.cpu.x[0] = 1_000_000n;
    rig.go(CODE);
  }
  assert.is(translations.pages, programs);
});

test('between two calls of run() the flags are where everybody looks for them', () => {
  const rig = machine('count');
  rig.cpu.x[0] = 1000n;
  rig.cpu.stopAt = 1001;
  rig.go(CODE);
  assert.is(rig.cpu.regs.words[STATE.FLAG_KIND >>> 2], 0);
  assert.is(rig.cpu.regs.words[STATE.NZCV >>> 2]! >>> 28, 2); // C: no borrow
});

test.run();
