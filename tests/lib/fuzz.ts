/*
 * tests/lib/fuzz.ts - random instructions on the board and under qemu-aarch64, compared
 *
 * `make fuzz` runs this file: ARGS='COUNT SEED TITLE', all optional. The same functions serve the fixed sample of
 * tests/cpu/differential.test.ts.
 */
import { argv, exit, stdout } from 'node:process';
import { pathToFileURL } from 'node:url';
import { A64 } from '../../board/cpu/a64.ts';
import type { Row } from '../../board/cpu/builder.ts';
import { BoardOracle } from './board-oracle.ts';
import { describe, differences } from './compare.ts';
import { type Case, findOracle, MAX_CASES, type Oracle } from './oracle.ts';
import { unknownDifferences } from './qemu-differences.ts';
import { Random, randomCase } from './random-insn.ts';

/** Rows that user mode cannot compare: they need the kernel, or the answer is another machine's. */
const ELSEWHERE = /^(SVC|HVC|SMC|WFE|WFI|SEVL?|ERET|SYSL?|M[RS]{2}(?! FP)|HINT)/;

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
      complaints.push(...complain(cases[i]!, i, row, unknownDifferences(row[1], cases[i]!, lines)));
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

function main(count = 5_000_000, seed = Date.now() & 0x7fff_ffff, title = ''): number {
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

if (import.meta.url === pathToFileURL(argv[1] ?? '').href) {
  const [count, seed, title] = argv.slice(2);
  exit(main(Number(count ?? 5_000_000), seed ? Number(seed) : undefined, title));
}
