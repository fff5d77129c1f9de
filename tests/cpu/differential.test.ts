/*
 * tests/cpu/differential.test.ts - single instructions: the board does what qemu-aarch64 does
 */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { A64 } from '../../board/cpu/a64.ts';
import { parsePattern } from '../../board/cpu/decode.ts';
import { BoardOracle } from '../lib/board-oracle.ts';
import { differences } from '../lib/compare.ts';
import { comparable, compareRows } from '../lib/fuzz.ts';
import { type Case, CPU_LESS, CPU_MAX, findOracle, MAX_CASES, type Oracle } from '../lib/oracle.ts';
import { executedByMistake, unknownDifferences } from '../lib/qemu-differences.ts';
import { isLoadStore, Random, randomCase, randomState, withField } from '../lib/random-insn.ts';

const SEED = 20261120;
const ROUNDS = 30;
const SIGILL = 4;
/** Undefined wherever they are executed, so nobody sees them complete. */
const NEVER_COMPLETE = ['BRK', 'HLT', 'DCPS1', 'DCPS2', 'DCPS3', 'UDF'];

/** Runs with QEMU, or says what it skips. */
function withQemu(name: string, body: (qemu: Oracle) => void, cpu = CPU_MAX): void {
  const qemu = findOracle(cpu);
  test(qemu ? name : `SKIPPED, because qemu-aarch64 is not installed: ${name}`, () => qemu && body(qemu));
}

withQemu('registers, flags and memory after random instructions of every row are those of QEMU', (qemu) => {
  const rows = comparable();
  const report = compareRows(qemu, rows, ROUNDS, SEED);
  assert.equal(report.complaints, []);
  const never = rows.filter((row) => !report.completed.has(row)).map((row) => row[1]);
  assert.equal(never, NEVER_COMPLETE);
});

withQemu('every register operand may be number 31', (qemu) => {
  const random = new Random(SEED);
  const cases: [title: string, one: Case][] = [];
  for (const row of comparable()) {
    for (const [letter, at] of parsePattern(row[0]).fields) {
      const isRegister = at.bits === 5 && 'dnmat'.includes(letter) && !(isLoadStore(row) && letter === 'm');
      if (!isRegister || isBranchToRegister(row[1])) continue;
      const one = randomCase(random, row, cases.length % MAX_CASES);
      cases.push([row[1], { ...one, insn: withField(one.insn, at, 31) }]);
    }
  }
  compareAll(qemu, cases);
});

/** Register 31 as a target is address 0. */
const isBranchToRegister = (title: string): boolean => ['BR', 'BLR', 'RET'].includes(title);

/** Bits 28:25 of the manual's top-level groups. */
const LOADS_AND_STORES = [0b0100, 0b0110, 0b1100, 0b1110];
/** Reserved, data processing immediate, branches and system, data processing register, floating point and SIMD. */
const OTHERS = [0b0000, 0b1000, 0b1001, 0b1010, 0b1011, 0b0101, 0b1101, 0b0111, 0b1111, 0b0111, 0b1111];
/** System instructions depend on more than their word. */
const isSystem = (word: number): boolean => word >>> 22 === 0b1101010100 || word >>> 25 === 0b1101010 >>> 0;

function randomWords(random: Random, groups: readonly number[]): Case[] {
  return Array.from({ length: MAX_CASES }, () => {
    const insn = withField(random.word(), { lsb: 25, bits: 4 }, random.pick(groups));
    return { insn, state: randomState(random), touchesMemory: false };
  }).filter((one) => !isSystem(one.insn) && !mayLeaveSlot(one.insn) && !executedByMistake(one.insn));
}

/** Branches: those are compared above, where their targets are under control. */
const mayLeaveSlot = (word: number): boolean => ((word >>> 26) & 7) === 0b101;

withQemu('what QEMU calls illegal is illegal here', (qemu) => {
  const cases = randomWords(new Random(SEED), [...LOADS_AND_STORES, ...OTHERS]);
  const [ours, theirs] = [new BoardOracle().ask(cases), qemu.ask(cases)];
  const wrong = cases.filter((_, i) => theirs[i]!.signal === SIGILL && ours[i]!.signal !== SIGILL);
  assert.equal(
    wrong.map((one) => one.insn.toString(16)),
    [],
  );
});

withQemu(
  'what a smaller CPU can do the board can do',
  (qemu) => {
    const cases = randomWords(new Random(SEED + 1), OTHERS);
    const [ours, theirs] = [new BoardOracle().ask(cases), qemu.ask(cases)];
    const wrong = cases.filter(
      (_, i) => theirs[i]!.signal === 0 && differences(ours[i]!, theirs[i]!).length > 0,
    );
    assert.equal(
      wrong.map((one) => one.insn.toString(16)),
      [],
    );
  },
  CPU_LESS,
);

function compareAll(qemu: Oracle, cases: readonly [title: string, one: Case][]): void {
  const complaints: string[] = [];
  for (let at = 0; at < cases.length; at += MAX_CASES) {
    const batch = cases.slice(at, at + MAX_CASES);
    const words = batch.map(([, one]) => one);
    const [ours, theirs] = [new BoardOracle().ask(words), qemu.ask(words)];
    for (const [i, [title, one]] of batch.entries()) {
      const [line] = unknownDifferences(title, words, i, differences(ours[i]!, theirs[i]!));
      if (line) complaints.push(`${title} ${one.insn.toString(16)}: ${line}`);
    }
  }
  assert.equal(complaints, []);
}

test('no two rows of the same specificity claim one word', () => {
  const patterns = A64.map((row) => ({ title: row[1], ...parsePattern(row[0]) }));
  const bits = (n: number) => n.toString(2).replaceAll('0', '').length;
  const clashes = patterns.flatMap((a, i) =>
    patterns
      .slice(i + 1)
      .filter((b) => ((a.value ^ b.value) & a.mask & b.mask) === 0 && bits(a.mask) === bits(b.mask))
      .map((b) => `${a.title} and ${b.title}`),
  );
  assert.equal(clashes, []);
});

test.run();
