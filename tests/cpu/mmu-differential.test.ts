/*
 * tests/cpu/mmu-differential.test.ts - page tables do not change what an instruction does
 *
 * Random loads and stores run twice: on the interpreter over flat memory, which differential.test.ts holds against
 * QEMU, and at EL0 of a CPU whose neighbouring pages are far apart in RAM, so that what crosses a page is split.
 */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Row } from '../../board/cpu/builder.ts';
import { fieldOf, parsePattern } from '../../board/cpu/decode.ts';
import { STATE } from '../../board/cpu/state.ts';
import { BoardOracle } from '../lib/board-oracle.ts';
import { differences } from '../lib/compare.ts';
import { comparable } from '../lib/fuzz.ts';
import {
  type Case,
  CODE,
  DATA,
  DATA_SIZE,
  INSN_WORD,
  type Outcome,
  pristineData,
  SLOT_BYTES,
  slotImage,
  STATE_WORDS,
  WORD,
} from '../lib/oracle.ts';
import { isLoadStore, Random, randomCase } from '../lib/random-insn.ts';
import { PTE, RAM, Rig } from '../lib/rig.ts';

const SEED = 20261121;
const ROUNDS = 20;
const BATCH = 1024;
const PAGE = 0x1000;
const CODE_AT = RAM + 0x8_0000;
const DATA_AT = RAM + 0x10_0000;
const PAGES = DATA_SIZE / PAGE;
const SIGNAL = { SVC: 0, DABT: 0x24 } as const;

/** Page n of the data lies here: odd ones first, backwards. */
const frame = (n: number): number => DATA_AT + PAGE * ((n * 37 + 11) % PAGES);

class MappedOracle {
  private readonly rig = new Rig();
  private readonly pristine = pristineData();

  constructor() {
    this.rig.mmuOn();
    for (let at = 0; at < BATCH * SLOT_BYTES; at += PAGE)
      this.rig.map(BigInt(CODE + at), CODE_AT + at, PTE.USER | PTE.NG);
    for (let n = 0; n < PAGES; n++)
      this.rig.map(BigInt(DATA + n * PAGE), frame(n), PTE.USER | PTE.NG | PTE.UXN);
    this.pristine.forEach((_, i) => void this.restore(i));
  }

  ask(cases: readonly Case[]): Outcome[] {
    return cases.map((one, i) => this.askOne(one, i));
  }

  private askOne(one: Case, index: number): Outcome {
    const { rig } = this;
    const { regs } = rig.cpu;
    rig.code(CODE_AT + index * SLOT_BYTES, [...slotImage(one)]);
    rig.cpu.x.set(one.state.subarray(0, 31));
    rig.cpu.sp_el0 = one.state[WORD.SP]!;
    rig.cpu.v.set(one.state.subarray(WORD.V));
    rig.enter(CODE + index * SLOT_BYTES + 4 * INSN_WORD, Number(one.state[WORD.NZCV]));
    for (const name of ['FPCR', 'FPSR'] as const)
      regs.words[STATE[name] >>> 2] = Number(one.state[WORD[name]]);
    regs.words[STATE.FP_TRAP >>> 2] = 0; // whether FP is enabled is not the question here
    // Some accesses find their page in the TLB and some do not.
    if (index % 3 === 0) rig.cpu.tlbi('VMALLE1');
    rig.cpu.stopAt = rig.clock.now + 1;
    const faulted = rig.cpu.run() >= 0;

    const state = new BigUint64Array(STATE_WORDS);
    state.set(rig.cpu.x);
    state[WORD.SP] = rig.cpu.sp_el0;
    state[WORD.PC] = faulted ? rig.cpu.elr : rig.cpu.pc;
    state[WORD.NZCV] = BigInt((faulted ? rig.cpu.spsr : regs.words[STATE.NZCV >>> 2]!) >>> 0);
    for (const name of ['FPCR', 'FPSR'] as const) state[WORD[name]] = BigInt(regs.words[STATE[name] >>> 2]!);
    state.set(rig.cpu.v, WORD.V);
    return { state, signal: faulted ? this.signal() : SIGNAL.SVC, changes: this.takeChanges() };
  }

  /** What Linux makes of it. */
  private signal(): number {
    const { ec, iss } = this.rig;
    if (ec === SIGNAL.DABT) return (iss & 0x3f) === 0x21 ? 7 : 11;
    return ec === 0 ? 4 : -1;
  }

  private takeChanges(): Map<number, bigint> {
    const changes = new Map<number, bigint>();
    for (let i = 0; i < this.pristine.length; i++) {
      const now = this.rig.u64(this.place(i));
      if (now !== this.pristine[i]) changes.set(i, now);
    }
    for (const i of changes.keys()) this.restore(i);
    return changes;
  }

  private restore(i: number): void {
    this.rig.setU64(this.place(i), this.pristine[i]!);
  }

  private place(i: number): number {
    return frame(Math.floor((8 * i) / PAGE)) + ((8 * i) % PAGE);
  }
}

test('loads and stores do the same through scattered pages as on flat memory', () => {
  const random = new Random(SEED);
  const rows = comparable().filter(isLoadStore);
  const [flat, mapped] = [new BoardOracle(), new MappedOracle()];
  const complaints: string[] = [];
  let crossed = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const batch = rows.slice(0, BATCH);
    const cases = batch.map((row, i) => nearPageEnd(random, row, randomCase(random, row, i)));
    const [expected, got] = [flat.ask(cases), mapped.ask(cases)];
    for (const [i, one] of cases.entries()) {
      const lines = differences(got[i]!, expected[i]!);
      if (lines.length > 0)
        complaints.push(`${batch[i]![1]} ${one.insn.toString(16)}: mapped/flat ${lines[0]}`);
      if (pagesOf(got[i]!) > 1) crossed++;
    }
  }
  assert.equal(complaints, []);
  assert.ok(crossed > 10, `${crossed} stores crossed a page`);
});

/** Moves the base register, for the half of the cases that have one, to just before a page's end. */
function nearPageEnd(random: Random, row: Row, one: Case): Case {
  const n = parsePattern(row[0]).fields.get('n');
  if (!n || random.below(2) === 0) return one;
  const base = DATA + PAGE * (1 + random.below(PAGES - 2)) - random.below(72);
  one.state[fieldOf(one.insn, n)] = BigInt(fieldOf(one.insn, n) === 31 ? base & ~15 : base);
  return one;
}

const pagesOf = (outcome: Outcome): number =>
  new Set([...outcome.changes.keys()].map((i) => Math.floor((8 * i) / PAGE))).size;

test.run();
