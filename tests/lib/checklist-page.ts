/*
 * tests/lib/checklist-page.ts - 300 facts about entering and leaving the kernel, and what shows that they hold
 *
 * The facts are in tests/checklist.tsv. A test claims them by its name, or a sentence of userland/tests by its beginning:
 * "check 18: ..." or "checks 18, 19: ...". A row of tests/DIFFERENCES.md that begins so says why there is no test.
 * `make checklist` prints the table.
 */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Fact {
  readonly number: number;
  readonly fact: string;
  /** The files whose tests name it. */
  readonly tested: readonly string[];
  /** Why there is none. */
  readonly difference: string | undefined;
}

export const GROUPS: readonly (readonly [first: number, title: string])[] = [
  [1, 'A. Plain system calls'],
  [18, "B. ptrace's system call stops"],
  [61, 'C. SYSEMU and single step'],
  [84, 'D. GET_SYSCALL_INFO and SET_SYSCALL_INFO'],
  [99, 'E. Register sets'],
  [116, 'F. Attaching, stops, events'],
  [161, 'G. Hardware debugging'],
  [171, 'H. seccomp'],
  [221, 'I. Syscall User Dispatch'],
  [244, 'J. Audit and tracing'],
  [261, 'K. Restartable sequences'],
  [272, 'L. Signals'],
  [296, 'M. Legacy and generic entry'],
];

const NAMES = String.raw`checks? \d+(?:, (?:check )?\d+)*`;
/** In a program three digits and a colon do as well; fewer would be a label of its assembly. */
const SENTENCE = new RegExp(`"(?<names>${NAMES}|\\d{3}): `, 'g');
const TEST_NAME = new RegExp(String.raw`\btest\(\s*['"\`](?<names>${NAMES}): `, 'g');
const DIFFERENCE = new RegExp(String.raw`^\| (?<names>${NAMES}) \| (?<why>.+) \|$`, 'gm');

const numbers = (match: RegExpMatchArray): number[] => match.groups!.names!.match(/\d+/g)!.map(Number);
const lines = (file: string): string[] => readFileSync(file, 'utf8').trim().split('\n');

const files = (folder: string, ending: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(ending))
    .map((name) => join(folder, name))
    .sort();

/** By number: the files whose tests name it. */
function testsByNumber(): Map<number, Set<string>> {
  const found = new Map<number, Set<string>>();
  const collect = (file: string, pattern: RegExp): void => {
    for (const match of readFileSync(file, 'utf8').matchAll(pattern))
      for (const number of numbers(match)) found.set(number, (found.get(number) ?? new Set()).add(file));
  };
  for (const file of files('userland/tests', '.c')) collect(file, SENTENCE);
  for (const file of files('tests', '.test.ts')) collect(file, TEST_NAME);
  return found;
}

/** By number: why eret, or any arm64 machine without AArch32, SVE and the like, cannot show it. */
function differencesByNumber(): Map<number, string> {
  const rows = readFileSync('tests/DIFFERENCES.md', 'utf8').matchAll(DIFFERENCE);
  return new Map([...rows].flatMap((row) => numbers(row).map((number) => [number, row.groups!.why!])));
}

export function checklist(): Fact[] {
  const tests = testsByNumber();
  const differences = differencesByNumber();
  return lines('tests/checklist.tsv')
    .slice(1)
    .map((line) => {
      const [first, fact] = line.split('\t');
      const number = Number(first);
      return {
        number,
        fact: fact!,
        tested: [...(tests.get(number) ?? [])],
        difference: differences.get(number),
      };
    });
}

/** Numbers that somebody claims and that are in no fact. */
export const unknownNumbers = (facts: readonly Fact[]): number[] =>
  [...testsByNumber().keys(), ...differencesByNumber().keys()].filter(
    (n) => !facts.some(({ number }) => number === n),
  );

const groupOf = (number: number): string => GROUPS.findLast(([first]) => first <= number)![1];

export function checklistPage(facts: readonly Fact[] = checklist()): string {
  const section = (title: string): string[] => {
    const rows = facts.filter(({ number }) => groupOf(number) === title);
    return [
      '',
      `## ${title}: ${counts(rows)}`,
      '',
      '| number | fact | tested in, or why not |',
      '|---|---|---|',
      ...rows.map(row),
    ];
  };
  return [`${facts.length} facts: ${counts(facts)}`, ...GROUPS.flatMap(([, title]) => section(title))].join(
    '\n',
  );
}

function row({ number, fact, tested, difference }: Fact): string {
  const where = [...tested, ...(difference ? [difference] : [])].join('; ');
  return `| ${number} | ${fact} | ${where || 'OPEN'} |`;
}

function counts(facts: readonly Fact[]): string {
  const tested = facts.filter((fact) => fact.tested.length > 0).length;
  const explained = facts.filter((fact) => fact.tested.length === 0 && fact.difference).length;
  return `${tested} tested, ${explained} differences, ${facts.length - tested - explained} open`;
}

if (process.argv[1]?.includes('checklist-page')) console.log(checklistPage());
