/*
 * tests/unit/board/mmu/tlb.test.ts - what the TLB holds after being filled and flushed at random
 *
 * Manual: Arm ARM, "TLB maintenance instructions"
 *
 * The model remembers every page that was ever filled and not flushed. The TLB may hold less, never more, and never
 * another host address.
 */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  STATE,
  TLB_BANK,
  TLB_ENTRIES,
  TLB_ENTRY,
  TLB_INVALID,
  TLB_USERS,
} from '../../../../board/cpu/state.ts';
import { Tlb } from '../../../../board/mmu/tlb.ts';
import { PERM_EXEC, PERM_READ, PERM_WRITE } from '../../../../board/mmu/walk.ts';
import { Random } from '../../../lib/random-insn.ts';

const HI = 0x0000_ffff;
/** Of the table that a translation comes from, and by it what is invalidated together. */
const LEVELS = [1, 2, 2, 2, 3, 3, 3, 3, 3, 3, 3, 3];
const SHIFTS = [0, 30, 21, 12];
/** More address spaces than there are banks. */
const ASIDS = TLB_USERS + 4;
const EVERYBODY = -1;

interface Filled {
  readonly el: 0 | 1;
  readonly asid: number; // or EVERYBODY
  readonly lo: number;
  readonly host: number;
  readonly level: number;
  readonly perms: number;
}

class Ground {
  readonly memory = new WebAssembly.Memory({ initial: STATE.END >>> 16 });
  readonly tlb = new Tlb(this.memory);
  readonly words = new Uint32Array(this.memory.buffer);
  readonly filled = new Map<string, Filled>();
  asid = 0;

  constructor() {
    this.words[STATE.TLB_USER >>> 2] = STATE.TLB_EL0;
  }

  fill(random: Random): void {
    const one: Filled = {
      el: random.below(2) as 0 | 1,
      asid: random.below(4) === 0 ? EVERYBODY : this.asid,
      lo: page(random),
      host: 0x10_0000 + random.below(256) * 4096,
      level: random.pick(LEVELS),
      perms: [PERM_READ, PERM_READ | PERM_WRITE, PERM_EXEC][random.below(3)]!,
    };
    const { el, lo, host, level, perms } = one;
    const at = lo + random.below(4096);
    const isGlobal = one.asid === EVERYBODY;
    if (perms === PERM_EXEC) this.tlb.fillCode(el, HI, at, host, level, isGlobal);
    else this.tlb.fillData(el, HI, at, host, perms, level, isGlobal, false);
    this.filled.set(keyOf(one), one);
  }

  forget(which: (one: Filled) => boolean): void {
    for (const [key, one] of this.filled) if (which(one)) this.filled.delete(key);
  }

  /** Who could write the page can still read it. */
  withhold(host: number): void {
    for (const one of [...this.filled.values()]) {
      if (one.host !== host || one.perms !== (PERM_READ | PERM_WRITE)) continue;
      this.filled.delete(keyOf(one));
      const reader = { ...one, perms: PERM_READ };
      this.filled.set(keyOf(reader), reader);
    }
  }

  switchTo(asid: number): void {
    this.tlb.setAsid(asid);
    this.asid = asid;
    // A kernel's entries of one address space are not kept for it.
    this.forget((one) => one.el === 1 && one.asid !== EVERYBODY && one.asid !== asid);
  }

  /** Every valid tag that generated code could look at must be explained by the model. Returns how many there are. */
  check(): number {
    return this.checkBank(0, this.words[STATE.TLB_USER >>> 2]!) + this.checkBank(1, STATE.TLB_EL1);
  }

  private checkBank(el: 0 | 1, bank: number): number {
    let valid = 0;
    for (let index = 0; index < TLB_ENTRIES; index++) {
      valid += this.checkTag(el, bank, index, TLB_ENTRY.READ, TLB_ENTRY.ADDEND, PERM_READ);
      valid += this.checkTag(el, bank, index, TLB_ENTRY.WRITE, TLB_ENTRY.ADDEND, PERM_WRITE);
      valid += this.checkTag(el, bank, index, TLB_ENTRY.EXECUTE, TLB_ENTRY.EXECUTE_ADDEND, PERM_EXEC);
    }
    return valid;
  }

  private checkTag(
    el: 0 | 1,
    bank: number,
    index: number,
    tag: number,
    addend: number,
    perm: number,
  ): number {
    const at = (bank + index * TLB_ENTRY.SIZE) >>> 2;
    const lo = this.words[at + (tag >>> 2)]!;
    if (lo === TLB_INVALID || ((lo >>> 12) & (TLB_ENTRIES - 1)) !== index) return 0;
    assert.is(this.words[at + (tag >>> 2) + 1], HI);
    const host = (this.words[at + (addend >>> 2)]! + lo) >>> 0;
    assert.ok(this.explains(el, lo, host, perm), `EL${el} page ${lo.toString(16)} should be gone`);
    return 1;
  }

  private explains(el: 0 | 1, lo: number, host: number, perm: number): boolean {
    const holders = perm === PERM_EXEC ? [PERM_EXEC] : [PERM_READ, PERM_READ | PERM_WRITE];
    return holders.some(
      (perms) =>
        (perms & perm) !== 0 &&
        [this.asid, EVERYBODY].some((asid) =>
          [1, 2, 3].some((level) => this.filled.has(keyOf({ el, asid, lo, host, perms, level }))),
        ),
    );
  }
}

const keyOf = ({ el, asid, lo, host, perms, level }: Filled): string =>
  `${el} ${asid} ${lo} ${host} ${perms} ${level}`;

/** One of 65,536, in two of four GiB. */
const page = (random: Random): number => ((random.below(2) << 31) | (random.below(0x8000) << 12)) >>> 0;

test('after any sequence of fills, switches and flushes it holds nothing that was flushed', () => {
  const random = new Random(7);
  const g = new Ground();
  let most = 0;
  for (let round = 0; round < 40_000; round++) {
    const dice = random.below(200);
    const lo = page(random);
    const covers = (one: Filled): boolean => (one.lo ^ lo) >>> SHIFTS[one.level]! === 0;
    if (dice < 180) g.fill(random);
    else if (dice < 184) g.switchTo(random.below(ASIDS));
    else if (dice < 188) {
      g.tlb.flushPage(HI, lo);
      g.forget(covers);
    } else if (dice < 196) {
      const asid = random.below(ASIDS);
      g.tlb.flushPageOf(asid, HI, lo);
      g.forget((one) => covers(one) && (one.asid === asid || one.asid === EVERYBODY));
    } else if (dice === 196) {
      const asid = random.below(ASIDS);
      g.tlb.flushAsid(asid);
      g.forget((one) => one.asid === asid);
    } else if (dice === 197) {
      const host = 0x10_0000 + random.below(256) * 4096;
      g.tlb.withholdWrites(host);
      g.withhold(host);
    } else if (random.below(40) === 0) {
      g.tlb.flushAll();
      g.filled.clear();
    }
    if (round % 100 === 0) most = Math.max(most, g.check());
  }
  assert.ok(most > 1000, 'and it does hold something');
});

/** What generated code would find: the tag's word and the addend's. */
function entry(g: Ground, bank: number, va: number, field: number): number {
  return g.words[(bank + ((va >>> 12) & (TLB_ENTRIES - 1)) * TLB_ENTRY.SIZE + field) >>> 2]!;
}

test('code and data of one index do not disturb each other', () => {
  const g = new Ground();
  const [data, codeAt] = [0x40_0000, 0x40_0000 + TLB_ENTRIES * 0x1000];
  g.tlb.fillData(1, HI, data, 0x10_0000, PERM_READ, 3, true, false);
  g.tlb.fillCode(1, HI, codeAt, 0x11_0000, 3, true);
  assert.is(entry(g, STATE.TLB_EL1, data, TLB_ENTRY.READ), data);
  assert.is(entry(g, STATE.TLB_EL1, codeAt, TLB_ENTRY.EXECUTE), codeAt);
  g.tlb.dropCode(1, codeAt);
  assert.is(entry(g, STATE.TLB_EL1, codeAt, TLB_ENTRY.EXECUTE), TLB_INVALID);
  assert.is(entry(g, STATE.TLB_EL1, data, TLB_ENTRY.READ), data);
});

test('who is switched back to finds what he had, unless too many others ran since', () => {
  const g = new Ground();
  g.switchTo(5);
  g.tlb.fillData(0, HI, 0x40_0000, 0x10_0000, PERM_READ, 3, false, false);
  const mine = g.words[STATE.TLB_USER >>> 2]!;
  const back = (others: number): number => {
    for (let n = 1; n <= others; n++) g.switchTo(100 + n);
    g.switchTo(5);
    return entry(g, g.words[STATE.TLB_USER >>> 2]!, 0x40_0000, TLB_ENTRY.READ);
  };
  assert.is(back(TLB_USERS - 1), 0x40_0000);
  assert.is(g.words[STATE.TLB_USER >>> 2], mine);
  assert.is.not(back(TLB_USERS), 0x40_0000);
});

test('the banks lie side by side and reach from the first to the end of the CPU’s part of the memory', () => {
  assert.is(TLB_BANK, TLB_ENTRIES * TLB_ENTRY.SIZE);
  assert.ok(STATE.TLB_EL1 + TLB_BANK <= STATE.TLB_EL0);
  assert.ok(STATE.TLB_EL0 + TLB_USERS * TLB_BANK <= STATE.END);
  assert.is(STATE.END % 0x1_0000, 0);
});

test('page 0 is in no bank that nobody filled', () => {
  const g = new Ground();
  for (let asid = 0; asid < ASIDS; asid++) {
    g.switchTo(asid);
    for (const tag of [TLB_ENTRY.READ, TLB_ENTRY.WRITE, TLB_ENTRY.EXECUTE])
      for (const bank of [g.words[STATE.TLB_USER >>> 2]!, STATE.TLB_EL1])
        assert.is(entry(g, bank, 0, tag), TLB_INVALID);
  }
});

test('writes to a watched page are withheld, and known to who asks until they are flushed', () => {
  const g = new Ground();
  const [before, since, host] = [0x40_0000, 0x41_0000, 0x10_0000];
  const [both, write] = [PERM_READ | PERM_WRITE, TLB_ENTRY.WRITE];
  g.tlb.fillData(1, HI, before, host, both, 3, true, false);
  g.tlb.withholdWrites(host);
  g.tlb.fillData(1, HI, since, host, both, 3, true, true);
  for (const va of [before, since]) {
    assert.is(entry(g, STATE.TLB_EL1, va, write), TLB_INVALID);
    assert.is(entry(g, STATE.TLB_EL1, va, TLB_ENTRY.READ), va);
    assert.is(g.tlb.withheldHost(1, HI, va + 8), host + 8);
  }
  assert.is(g.tlb.withheldHost(0, HI, since), 0);
  assert.is(g.tlb.withheldHost(1, 0, since), 0);

  g.tlb.grantWrites(1, HI, before + 8);
  assert.is(entry(g, STATE.TLB_EL1, before, write), before);
  assert.is(g.tlb.withheldHost(1, HI, before), 0);
  g.tlb.flushPage(HI, since);
  assert.is(g.tlb.withheldHost(1, HI, since), 0);
});

test('to a page that may only be read nothing is withheld', () => {
  const g = new Ground();
  g.tlb.fillData(0, HI, 0x40_0000, 0x10_0000, PERM_READ, 3, false, true);
  g.tlb.withholdWrites(0x10_0000);
  assert.is(g.tlb.withheldHost(0, HI, 0x40_0000), 0);
});

test.run();
