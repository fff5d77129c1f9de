/*
 * tests/lib/fuzz.ts - random instructions on the board and under qemu-aarch64, random programs in both engines, compared
 *
 * `make fuzz` runs this file. It has three stages; ARGS chooses one, and how much of it:
 *
 *   qemu [COUNT [SEED [TITLE]]]    single instructions against QEMU; TITLE: only rows whose title contains it
 *   engines [COUNT [SEED]]         user programs: the interpreter against the translator at three thresholds
 *   kernel [COUNT [SEED]]          the same with programs that run at EL1 and EL0, and a kernel that is machine code:
 *                                  page tables, address spaces, control registers, vectors, debug, timers are theirs
 *
 * The same functions serve the fixed samples of tests/cpu/differential.test.ts and tests/cpu/engines.test.ts.
 */
import { argv, exit, stdout } from 'node:process';
import { pathToFileURL } from 'node:url';
import { A64 } from '../../board/cpu/a64.ts';
import type { Row } from '../../board/cpu/builder.ts';
import { BoardOracle } from './board-oracle.ts';
import { describe, differences } from './compare.ts';
import { Engines, type NewGuest } from './engines.ts';
import { HostedPrograms } from './hosted-programs.ts';
import { KernelPrograms } from './kernel-programs.ts';
import { type Case, findOracle, MAX_CASES, type Oracle } from './oracle.ts';
import { unknownDifferences } from './qemu-differences.ts';
import { Random, randomCase } from './random-insn.ts';

/** Rows that user mode cannot compare: they need the kernel, or the answer is another machine's (DC ZVA's block). */
const ELSEWHERE = /^(SVC|DC ZVA|HVC|SMC|WFE|WFI|SEVL?|ERET|SYSL?|M[RS]{2}(?! FP)|HINT)/;

export const comparable = (): Row[] => A64.filter((row) => !ELSEWHERE.test(row[1]));

export interface Report {
  readonly executed: number;
  /** How often each row ran to its end. */
  readonly completed: ReadonlyMap<Row, number>;
  readonly complaints: readonly string[];
}

/** Every row `rounds` times. */
export function compareRows(qemu: Oracle, rows: readonly Row[], rounds: number, seed: number): Report {
  const board = new BoardOracle();
  const random = new Random(seed);
  const completed = new Map<Row, number>();
  const complaints: string[] = [];
  let executed = 0;
  for (const batch of batches(rows, rounds)) {
    const cases = batch.map((row, i) => randomCase(random, row, i));
    const [ours, theirs] = [board.ask(cases), qemu.ask(cases)];
    for (const [i, row] of batch.entries()) {
      const lines = differences(ours[i]!, theirs[i]!);
      const unknown = unknownDifferences(row[1], cases, i, lines);
      complaints.push(...complain(cases[i]!, i, row, unknown));
      if (theirs[i]!.signal === 0) completed.set(row, (completed.get(row) ?? 0) + 1);
    }
    executed += batch.length;
  }
  return { executed, completed, complaints };
}

function* batches(rows: readonly Row[], rounds: number): Generator<Row[]> {
  let batch: Row[] = [];
  for (let round = 0; round < rounds; round++) {
    for (const row of rows) {
      batch.push(row);
      if (batch.length < MAX_CASES) continue;
      yield batch;
      batch = [];
    }
  }
  if (batch.length > 0) yield batch;
}

const complain = (one: Case, index: number, row: Row, lines: readonly string[]): string[] =>
  lines.length === 0 ? [] : [`${describe(one, index, row[1])}\n    ${lines.slice(0, 4).join('\n    ')}`];

const COUNT = 5_000_000;

/** What the engines are compared with. */
interface Stage {
  readonly newGuest: NewGuest;
  /** A program's instructions: few for much code, many for what becomes hot late. */
  readonly lengths: readonly number[];
}

export const STAGES = {
  engines: {
    newGuest: (random) => new HostedPrograms(random),
    lengths: [20_000, 60_000, 20_000, 60_000, 4_000_000],
  },
  kernel: {
    newGuest: (random) => new KernelPrograms(random),
    lengths: [20_000, 60_000, 20_000, 60_000, 20_000, 60_000, 300_000],
  },
} as const satisfies Readonly<Record<string, Stage>>;

const PROGRESS_MS = 5000;

/** Executes `count` instructions of random programs on every CPU. Returns the first difference. */
export function compareEngines(
  { newGuest, lengths }: Stage,
  count: number,
  seed: number,
  say: (line: string) => void = () => {},
): { engines: Engines; complaint: string | undefined } {
  const engines = new Engines(newGuest, seed);
  const started = performance.now();
  let said = started;
  let complaint: string | undefined;
  for (let n = 0; engines.instructions < count && complaint === undefined; n++) {
    complaint = engines.next(lengths[n % lengths.length]!);
    if (performance.now() < said + PROGRESS_MS) continue;
    said = performance.now();
    say(`${engines.summary}, ${((said - started) / 1000).toFixed(0)} s`);
  }
  return { engines, complaint };
}

function fuzzEngines(stage: keyof typeof STAGES, count = COUNT, seed = randomSeed()): number {
  const say = (line: string) => void stdout.write(`${line}\n`);
  const { engines, complaint } = compareEngines(STAGES[stage], count, seed, say);
  if (complaint) stdout.write(`${complaint}\n`);
  stdout.write(
    `${stage}, seed ${seed}: ${engines.summary}; ${complaint ? 'they differ' : 'no difference'}\n`,
  );
  return complaint ? 1 : 0;
}

function fuzzInstructions(count = COUNT, seed = randomSeed(), title = ''): number {
  const qemu = findOracle();
  if (!qemu) {
    stdout.write('skipped: qemu-aarch64 or a cross compiler is not installed\n');
    return 0;
  }
  const rows = comparable().filter((row) => row[1].includes(title));
  const started = performance.now();
  const report = compareRows(qemu, rows, Math.ceil(count / rows.length), seed);
  for (const complaint of report.complaints.slice(0, 40)) stdout.write(`${complaint}\n`);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  const never = rows.filter((row) => !report.completed.has(row)).map((row) => row[1]);
  stdout.write(`seed ${seed}: ${report.executed} instructions of ${rows.length} rows in ${seconds} s, `);
  stdout.write(`${report.complaints.length} differences; never completed: ${never.join(', ') || 'none'}\n`);
  return report.complaints.length === 0 ? 0 : 1;
}

const randomSeed = (): number => Date.now() & 0x7fff_ffff;

function main([stage, ...rest]: readonly string[]): number {
  const [count, seed] = rest.map((text) => Number(text) || undefined);
  if (stage === 'engines' || stage === 'kernel') return fuzzEngines(stage, count, seed);
  if (stage === 'qemu') return fuzzInstructions(count, seed, rest[2]);
  if (stage === undefined) return fuzzInstructions() | fuzzEngines('engines') | fuzzEngines('kernel');
  stdout.write('make fuzz ARGS="[qemu|engines|kernel] COUNT SEED"\n');
  return 2;
}

if (import.meta.url === pathToFileURL(argv[1] ?? '').href) exit(main(argv.slice(2)));
