/*
 * tests/kselftest/run.ts - runs Linux's own selftests on eret, and says how many cases pass here and on Linux
 *
 *   tsx tests/kselftest/run.ts [FOLDER] [NAME...]     FOLDER: where tests/kselftest/build put them (build/kselftest)
 *   --write                                           puts the table into README.md
 *   --verbose                                         shows what a test printed
 *   --engines                                         runs each on all three engines: the same bytes must come out,
 *                                                     and after the same number of instructions
 */

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { type BootOptions, boot } from '../../arch/arm64/boot/boot.ts';

const args = process.argv.slice(2).filter((arg) => !arg.startsWith('--'));
const has = (flag: string): boolean => process.argv.includes(flag);
const FOLDER = args[0] ?? 'build/kselftest';
const NAMES = args.slice(1);
/** Virtual time is free; a test that needs more instructions than this hangs. */
const MAX_INSTRUCTIONS = 5e9;

interface Expected {
  readonly name: string;
  readonly passes: number;
  readonly note: string;
}

interface Row extends Expected {
  /** Cases passed here; null: the program was not built. */
  readonly here: number | null;
  readonly status: number;
}

function expectations(): Expected[] {
  const lines = readFileSync(join(import.meta.dirname ?? 'tests/kselftest', 'expected.tsv'), 'utf8').split(
    '\n',
  );
  return lines
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const [name, passes, note = ''] = line.split('\t');
      return { name: name!, passes: Number(passes), note };
    });
}

/** TAP's lines, or the status of a program that prints none. */
function passes(output: string, status: number): number {
  const cases = output.match(/^(not )?ok \d+/gm);
  if (!cases) return status === 0 ? 1 : 0;
  return (output.match(/^ok \d+(?!.*# SKIP)/gm) ?? []).length;
}

interface Run {
  readonly text: string;
  readonly status: number;
  readonly instructions: number;
}

async function run(name: string, engine: BootOptions['engine']): Promise<Run> {
  const guest = `/kselftest/${basename(name)}`;
  const machine = await boot({
    seed: 1,
    ram: 512 * 2 ** 20,
    maxInstructions: MAX_INSTRUCTIONS,
    keepEvents: false,
    engine,
  });
  try {
    const { output, status, instructions } = await machine.run(guest, [], {
      files: [{ path: guest, data: readFileSync(join(FOLDER, name)) }],
    });
    return { text: output.replaceAll('\r', ''), status, instructions };
  } catch (error) {
    const text = (error as { report?: string }).report ?? String(error);
    console.log(`${name}: ${text}`);
    return { text, status: 3, instructions: 0 };
  }
}

async function runTest(expected: Expected): Promise<Row> {
  if (!existsSync(join(FOLDER, expected.name))) return { ...expected, here: null, status: 77 };
  const { text, status, instructions } = await run(
    expected.name,
    has('--engines') ? 'interpreter' : undefined,
  );
  if (has('--verbose')) console.log(text);
  const row = { ...expected, here: passes(text, status), status };
  for (const engine of has('--engines') ? (['translator', 'auto'] as const) : []) {
    const other = await run(expected.name, engine);
    if (other.text === text && other.status === status && other.instructions === instructions) continue;
    console.log(
      `${expected.name}: --engine=${engine} is another run: ${other.instructions} instructions, not ${instructions}`,
    );
    return { ...row, here: 0 };
  }
  return row;
}

function table(rows: readonly Row[]): string {
  const line = ({ name, here, passes: linux, note }: Row): string =>
    `| ${dirname(name)} | ${basename(name)} | ${here ?? 'not built'} | ${linux} | ${note} |`;
  return ['| folder | test | passes here | on Linux | |', '|---|---|---|---|---|', ...rows.map(line)].join(
    '\n',
  );
}

const BEGIN = '<!-- kselftest: made by `make kselftest ARGS=--write` -->';
const END = '<!-- /kselftest -->';

function writeReadme(text: string): void {
  const readme = readFileSync('README.md', 'utf8');
  const from = readme.indexOf(BEGIN) + BEGIN.length;
  writeFileSync('README.md', `${readme.slice(0, from)}\n${text}\n${readme.slice(readme.indexOf(END))}`);
}

const wanted = expectations().filter(
  ({ name }) => NAMES.length === 0 || NAMES.some((part) => name.includes(part)),
);
const rows: Row[] = [];
for (const expected of wanted) {
  const row = await runTest(expected);
  rows.push(row);
  const verdict = row.here === null ? 'SKIP' : row.here >= row.passes ? 'ok' : 'FAIL';
  console.log(`${verdict.padEnd(5)}${row.name}: ${row.here ?? 'not built'} of ${row.passes}`);
}
if (has('--write')) writeReadme(table(rows));
const passed = rows.filter(({ here, passes: linux }) => here !== null && here >= linux).length;
const skipped = rows.filter(({ here }) => here === null).length;
const failed = rows.length - passed - skipped;
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
process.exitCode = failed > 0 ? 1 : 0;
