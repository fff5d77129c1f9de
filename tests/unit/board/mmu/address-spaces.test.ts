/*
 * tests/unit/board/mmu/address-spaces.test.ts - machine code in many address spaces, against a model without a TLB
 *
 * Manual: Arm ARM, "Translation Lookaside Buffers"; "TLB maintenance instructions"; "Global and process-specific
 *         translation table entries"
 *
 * Tables are changed, address spaces switched and translations invalidated at random, and in between something is
 * loaded, stored or executed. For each address the model knows the translations that the tables had, while an ASID was
 * the current one, since the last invalidation that covers them: only these may an access under that ASID use.
 */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { PAUSE } from '../../../../board/cpu/cpu.ts';
import type { EngineOptions } from '../../../../board/cpu/engine/engine.ts';
import { TLB_USERS } from '../../../../board/cpu/state.ts';
import { assembleAll } from '../../../lib/asm.ts';
import { Random } from '../../../lib/random-insn.ts';
import { PTE, RAM, Rig } from '../../../lib/rig.ts';

const code = assembleAll({
  stay: 'b .',
  load: 'ldr w0, [x1]; b .',
  loadAsUser: 'ldtr w0, [x1]; b .',
  store: 'str w2, [x1, #0x800]; b .',
  storeAsUser: 'add x3, x1, #0x800; sttr w2, [x3]; b .',
  execute: 'br x1',
  page: 'mov w0, #0; b .', // MOVZ: the page's number goes into its immediate
});
type Access = 'load' | 'loadAsUser' | 'store' | 'storeAsUser' | 'execute';
const ACCESSES: readonly Access[] = ['load', 'loadAsUser', 'store', 'storeAsUser', 'execute'];

const VECTORS = RAM;
const CODE_AT = RAM + 0x1000;
const BLOCK = 0x20_0000;
/** Where in both blocks of RAM the pages lie that are mapped; the tables are between them. */
const PAGES = 0x10_0000;
const TABLES = RAM + BLOCK;

/** Three regions of four pages, 64 MiB apart, so that pages of the same number share an entry of the TLB. */
const REGIONS = [0, 0x400_0000, 0x800_0000] as const;
const PAGES_PER_REGION = 4;
const SLOTS = REGIONS.length * PAGES_PER_REGION;
/** This region may be one block of 2 MiB. */
const BLOCK_REGION = 2;

const ASIDS = TLB_USERS + 3;
/** These ASIDs have two sets of tables, and change from one to the other without telling anybody. */
const WITH_TWO = 2;

const EL0 = 0x3c0;
const EL1 = 0x3c5;
const TCR_A1 = 1 << 22;

interface Translation {
  readonly page: number;
  readonly user: boolean;
  readonly writable: boolean;
  readonly global: boolean;
  readonly level: 2 | 3;
}
type Mapping = Translation | undefined;

const addressOf = (slot: number): number =>
  REGIONS[Math.floor(slot / PAGES_PER_REGION)]! + PAGES + (slot % PAGES_PER_REGION) * 0x1000;
const physical = (page: number): number =>
  RAM + (page < PAGES_PER_REGION * 2 ? 0 : BLOCK) + PAGES + (page % (PAGES_PER_REGION * 2)) * 0x1000;
const inBlock = (slot: number): boolean => Math.floor(slot / PAGES_PER_REGION) === BLOCK_REGION;

/** One set of tables, and what it says. */
class Tables {
  readonly root: number;
  readonly maps: Mapping[] = new Array<Mapping>(SLOTS).fill(undefined);
  private readonly rig: Rig;

  constructor(rig: Rig, number: number) {
    this.rig = rig;
    this.root = TABLES + number * 0x6000;
    rig.setU64(this.root, BigInt(this.root + 0x1000) | 3n);
    rig.setU64(this.root + 0x1000, BigInt(this.root + 0x2000) | 3n);
    // RAM where it is, for everybody, never written.
    rig.setU64(this.root + 0x1008, BigInt(RAM) | PTE.USER | PTE.RDONLY | PTE.AF | 1n);
    for (let region = 0; region < REGIONS.length; region++) this.setRegion(region, undefined);
  }

  set(slot: number, mapping: Mapping): void {
    if (inBlock(slot) && this.maps.some((one) => one?.level === 2)) this.setRegion(BLOCK_REGION, undefined);
    this.maps[slot] = mapping;
    const table = this.tableOf(Math.floor(slot / PAGES_PER_REGION));
    const index = (addressOf(slot) >>> 12) & 0x1ff;
    this.rig.setU64(table + 8 * index, mapping ? BigInt(physical(mapping.page)) | bits(mapping) | 3n : 0n);
  }

  /** A block, whose pages are those of one half of RAM; or a table, with nothing in it. */
  setRegion(region: number, like: Mapping): void {
    const at = this.root + 0x2000 + 8 * (REGIONS[region]! / BLOCK);
    const half = like && like.page >= PAGES_PER_REGION * 2 ? 1 : 0;
    const table = BigInt(this.tableOf(region)) | 3n;
    this.rig.setU64(at, like ? BigInt(RAM + half * BLOCK) | bits(like) | 1n : table);
    for (let n = 0; n < PAGES_PER_REGION; n++)
      this.maps[region * PAGES_PER_REGION + n] = like && {
        ...like,
        level: 2,
        page: half * PAGES_PER_REGION * 2 + n,
      };
    if (!like) for (let n = 0; n < PAGES_PER_REGION; n++) this.set(region * PAGES_PER_REGION + n, undefined);
  }

  private tableOf(region: number): number {
    return this.root + 0x3000 + region * 0x1000;
  }
}

const bits = ({ user, writable, global }: Translation): bigint =>
  PTE.AF | (user ? PTE.USER : 0n) | (writable ? 0n : PTE.RDONLY) | (global ? 0n : PTE.NG);

/** What the architecture allows a TLB to hold. */
class Model {
  /** By slot: what ASID n may still see, and what all may. */
  private readonly own = Array.from({ length: ASIDS }, () => newSlots());
  private readonly shared = newSlots();

  observe(asid: number, tables: Tables): void {
    tables.maps.forEach((mapping, slot) => {
      if (mapping) (mapping.global ? this.shared : this.own[asid]!)[slot]!.add(mapping);
    });
  }

  allowed(asid: number, slot: number, now: Mapping): Mapping[] {
    return [now, ...this.own[asid]![slot]!, ...this.shared[slot]!];
  }

  invalidatePage(asids: readonly number[], slot: number): void {
    for (const slots of [this.shared, ...asids.map((asid) => this.own[asid]!)]) {
      slots[slot]!.clear();
      if (!inBlock(slot)) continue;
      for (let n = 0; n < PAGES_PER_REGION; n++) {
        const set = slots[BLOCK_REGION * PAGES_PER_REGION + n]!;
        for (const one of set) if (one.level === 2) set.delete(one);
      }
    }
  }

  invalidateAsid(asid: number): void {
    for (const set of this.own[asid]!) set.clear();
  }

  invalidateAll(): void {
    for (let asid = 0; asid < ASIDS; asid++) this.invalidateAsid(asid);
    for (const set of this.shared) set.clear();
  }
}

const newSlots = (): Set<Translation>[] => Array.from({ length: SLOTS }, () => new Set());
const EVERYBODY = Array.from({ length: ASIDS }, (_, asid) => asid);

class Trial {
  private readonly random: Random;
  private readonly rig: Rig;
  private readonly tables: readonly Tables[];
  private readonly model = new Model();
  private readonly asidInTtbr1: boolean;
  private asid = 0;
  private current: Tables;
  private stored = 0;
  stale = 0;
  hits = 0;

  constructor(seed: number, options: EngineOptions, asidInTtbr1: boolean) {
    this.random = new Random(seed);
    this.asidInTtbr1 = asidInTtbr1;
    const rig = new Rig(options);
    this.rig = rig;
    this.tables = Array.from({ length: ASIDS + WITH_TWO }, (_, n) => new Tables(rig, n));
    this.current = this.tables[0]!;
    rig.mmuOn();
    const { cpu } = rig;
    cpu.writeSysreg('TCR_EL1', cpu.readSysregHalf('TCR_EL1', 0) | (asidInTtbr1 ? TCR_A1 : 0), 0x35);
    cpu.writeSysreg('VBAR_EL1', VECTORS);
    cpu.hosted = false;
    for (let at = 0; at < 0x800; at += 0x80) rig.code(VECTORS + at, code.stay);
    ACCESSES.forEach((access, n) => void rig.code(CODE_AT + 0x40 * n, code[access]));
    for (let page = 0; page < PAGES_PER_REGION * 4; page++)
      rig.code(physical(page), [code.page[0]! | ((page + 1) << 5), code.page[1]!]);
    this.switchTo(0);
  }

  step(): void {
    const { random } = this;
    const dice = random.below(40);
    if (dice < 30) this.access();
    else if (dice < 35) this.changeTables();
    else if (dice < 38) this.switchTo(random.below(ASIDS));
    else this.invalidate(random.below(ASIDS), random.below(SLOTS));
    this.model.observe(this.asid, this.current);
  }

  private changeTables(): void {
    const { random } = this;
    const tables = random.below(2) === 0 ? this.current : random.pick(this.tables);
    const slot = random.below(SLOTS);
    const like = random.below(4) === 0 ? undefined : this.randomTranslation();
    if (random.below(8) === 0) tables.setRegion(BLOCK_REGION, like);
    else tables.set(slot, like);
    if (random.below(2) === 0) return;
    const owner = this.tables.indexOf(tables) % ASIDS;
    this.model.observe(this.asid, this.current);
    for (let n = 0; n < SLOTS; n++) if (n === slot || inBlock(n)) this.invalidate(owner, n, 0);
  }

  private randomTranslation(): Translation {
    const { random } = this;
    return {
      page: random.below(PAGES_PER_REGION * 4),
      user: random.below(4) !== 0,
      writable: random.below(2) === 0,
      global: random.below(6) === 0,
      level: 3,
    };
  }

  private switchTo(asid: number): void {
    const { cpu } = this.rig;
    this.asid = asid;
    const other = asid < WITH_TWO && this.random.below(2) === 0;
    this.current = this.tables[asid + (other ? ASIDS : 0)]!;
    if (this.asidInTtbr1) cpu.writeSysreg('TTBR1_EL1', this.tables[0]!.root, asid << 16);
    cpu.writeSysreg('TTBR0_EL1', this.current.root, this.asidInTtbr1 ? 0 : asid << 16);
  }

  private invalidate(asid: number, slot: number, kind = this.random.below(9)): void {
    const { cpu } = this.rig;
    const { model } = this;
    const page = addressOf(slot) >>> 12;
    if (kind < 4) {
      cpu.tlbi(['VAE1', 'VALE1', 'VAE1IS', 'VALE1IS'][kind]!, page, asid << 16);
      model.invalidatePage([asid], slot);
    } else if (kind < 6) {
      cpu.tlbi(['VAAE1', 'VAALE1IS'][kind - 4]!, page, 0);
      model.invalidatePage(EVERYBODY, slot);
    } else if (kind < 8) {
      cpu.tlbi(['ASIDE1', 'ASIDE1IS'][kind - 6]!, 0, asid << 16);
      model.invalidateAsid(asid);
    } else if (this.random.below(10) === 0) {
      cpu.tlbi('VMALLE1');
      model.invalidateAll();
    }
  }

  private access(): void {
    const { random } = this;
    const access = random.pick(ACCESSES);
    const slot = random.below(SLOTS);
    const el = access === 'execute' || random.below(2) === 0 ? 0 : 1;
    const now = this.current.maps[slot];
    const got = this.perform(access, el, slot);
    // Who may execute is not said by AP but by UXN, which is 0 here.
    const asUser = access !== 'execute' && (el === 0 || access.endsWith('AsUser'));
    const writes = access.startsWith('store');
    const outcome = (one: Mapping): number =>
      one && (one.user || !asUser) && (one.writable || !writes) ? one.page : -1;
    const allowed = this.model.allowed(this.asid, slot, now).map(outcome);
    assert.ok(
      allowed.includes(got),
      `${access} at EL${el}, ASID ${this.asid}, slot ${slot}: ${got}, not ${allowed}`,
    );
    if (got !== outcome(now)) this.stale++;
    else if (got >= 0) this.hits++;
  }

  /** Which page was reached; -1: an exception. */
  private perform(access: Access, el: 0 | 1, slot: number): number {
    const { cpu, clock } = this.rig;
    cpu.x[0] = 0n;
    cpu.x[1] = BigInt(addressOf(slot));
    cpu.x[2] = BigInt(++this.stored);
    cpu.stopAt = clock.now + 8;
    assert.is(this.rig.go(CODE_AT + 0x40 * ACCESSES.indexOf(access), el === 0 ? EL0 : EL1), PAUSE);
    if (cpu.pc >= BigInt(VECTORS) && cpu.pc < BigInt(VECTORS + 0x800)) return -1;
    if (access.startsWith('store')) return this.pageWith(this.stored);
    const word = Number(cpu.x[0]! & 0xffff_ffffn);
    return (access === 'execute' ? word : (word >>> 5) & 0xffff) - 1;
  }

  private pageWith(value: number): number {
    for (let page = 0; page < PAGES_PER_REGION * 4; page++)
      if (this.rig.view.getUint32(physical(page) + 0x800 - RAM, true) === value) return page;
    throw new Error('stored nowhere');
  }
}

const ENGINES: readonly EngineOptions[] = [{}, { engine: 'translator', threshold: 1 }];

for (const options of ENGINES) {
  const engine = options.engine ?? 'interpreter';
  for (const asidInTtbr1 of [false, true]) {
    test(`${engine}, ASID in TTBR${asidInTtbr1 ? 1 : 0}: no access uses a translation that is forbidden`, () => {
      let stale = 0;
      let hits = 0;
      for (let seed = 1; seed <= 4; seed++) {
        const trial = new Trial(seed, options, asidInTtbr1);
        for (let n = 0; n < 8000; n++) trial.step();
        stale += trial.stale;
        hits += trial.hits;
      }
      assert.ok(hits > 1000, 'accesses succeed');
      assert.ok(stale > 10, 'and what is allowed happens: there is a TLB');
    });
  }
}

test.run();
