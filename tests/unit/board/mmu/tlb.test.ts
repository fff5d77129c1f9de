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
import { STATE, TLB_ENTRIES, TLB_ENTRY, TLB_INVALID } from '../../../../board/cpu/state.ts';
import { Tlb } from '../../../../board/mmu/tlb.ts';
import { PERM_READ, PERM_WRITE } from '../../../../board/mmu/walk.ts';
import { Random } from '../../../lib/random-insn.ts';

const HI = 0x0000_ffff;
const BLOCK_SHIFT = 21;

interface Filled {
  readonly lo: number;
  readonly host: number;
  readonly level: number;
  readonly global: boolean;
  readonly writable: boolean;
}

class Ground {
  readonly memory = new WebAssembly.Memory({ initial: STATE.END >>> 16 });
  readonly tlb = new Tlb(this.memory);
  readonly words = new Uint32Array(this.memory.buffer);
  readonly filled = new Map<number, Filled>();

  fill(random: Random): void {
    const lo = (random.below(0x4000) << 12) >>> 0;
    const level = random.below(4) === 0 ? 2 : 3;
    const one = {
      lo,
      host: 0x10_0000 + random.below(256) * 4096,
      level,
      global: random.below(4) === 0,
      writable: random.below(2) === 0,
    };
    this.tlb.fillData(
      0,
      HI,
      lo + random.below(4096),
      one.host,
      PERM_READ | (one.writable ? PERM_WRITE : 0),
      level,
      one.global,
    );
    this.filled.set(lo, one);
  }

  forget(which: (one: Filled) => boolean): void {
    for (const [lo, one] of this.filled) if (which(one)) this.filled.delete(lo);
  }

  /** Every valid tag must be explained by the model. Returns how many there are. */
  check(): number {
    let valid = 0;
    for (let index = 0; index < TLB_ENTRIES; index++) {
      const at = (STATE.TLB_EL0 + index * TLB_ENTRY.SIZE) >>> 2;
      const read = this.words[at + (TLB_ENTRY.READ >>> 2)]!;
      const write = this.words[at + (TLB_ENTRY.WRITE >>> 2)]!;
      if (read === TLB_INVALID) continue;
      valid++;
      const one = this.filled.get(read);
      assert.ok(one, `page ${read.toString(16)} should be gone`);
      assert.is((this.words[at + (TLB_ENTRY.ADDEND >>> 2)]! + read) >>> 0, one!.host);
      assert.is(write, one!.writable ? read : TLB_INVALID);
    }
    return valid;
  }
}

test('after any sequence of fills and flushes it holds nothing that was flushed', () => {
  const random = new Random(7);
  const g = new Ground();
  let most = 0;
  for (let round = 0; round < 20_000; round++) {
    const dice = random.below(100);
    const lo = (random.below(0x4000) << 12) >>> 0;
    if (dice < 90) g.fill(random);
    else if (dice < 98) {
      g.tlb.flushPage(HI, lo);
      g.forget((one) => one.lo === lo || (one.level === 2 && (one.lo ^ lo) >>> BLOCK_SHIFT === 0));
    } else if (dice === 98) {
      g.tlb.flushNonGlobal();
      g.forget((one) => !one.global);
    } else if (random.below(10) === 0) {
      g.tlb.flushAll();
      g.filled.clear();
    }
    if (round % 50 === 0) most = Math.max(most, g.check());
  }
  assert.ok(most > 100, 'and it does hold something');
});

test('code and data of one index do not disturb each other', () => {
  const g = new Ground();
  const at = STATE.TLB_EL1 >>> 2;
  g.tlb.fillData(1, HI, 0x40_0000, 0x10_0000, PERM_READ, 3, true);
  g.tlb.fillCode(1, HI, 0x80_0000, 0x11_0000, 3, true);
  assert.is(g.words[at + (TLB_ENTRY.READ >>> 2)], 0x40_0000);
  assert.is(g.words[at + (TLB_ENTRY.EXECUTE >>> 2)], 0x80_0000);
  g.tlb.dropCode(1, 0x80_0000);
  assert.is(g.words[at + (TLB_ENTRY.EXECUTE >>> 2)], TLB_INVALID);
  assert.is(g.words[at + (TLB_ENTRY.READ >>> 2)], 0x40_0000);
});

test.run();
