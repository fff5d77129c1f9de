/*
 * tests/conformance/userland.test.ts - what the guest's test programs print here is what they printed on Linux
 *
 * Each program of userland/tests runs on a machine of its own. The transcripts in userland/tests/expected were recorded
 * on real arm64 Linux by userland/tests/record; their first line says on which. Where eret is another Linux than that one,
 * tests/DIFFERENCES.md says so and why.
 */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { boot } from '../../arch/arm64/boot/boot.ts';

const PROGRAMS = 'userland/tests';
const EXPECTED = join(PROGRAMS, 'expected');

const names = (folder: string, ending: string): string[] =>
  readdirSync(folder)
    .filter((file) => file.endsWith(ending))
    .map((file) => file.slice(0, -ending.length))
    .sort();

/** Sentences that were false there and are true here, by program: the rows of the table. */
const differences = readFileSync('tests/DIFFERENCES.md', 'utf8')
  .split('\n')
  .map((line) => line.split('|').map((cell) => cell.trim()))
  .map(([, program, sentence, why]) => ({ program, sentence, why }));

/** `*` stands for every sentence that was false. */
const isSentence = (line: string, sentence: string): boolean =>
  line.startsWith('not ok') && (sentence === '*' || line.replace(/^not ok \d+ - /, '') === sentence);

/** What Linux printed, but for those sentences. A false one may be followed by a line that says what came instead. */
function expectedHere(name: string, lines: readonly string[]): string[] {
  const other = differences.filter(({ program, why }) => program === name && why);
  const isOther = (line: string): boolean => other.some(({ sentence }) => isSentence(line, sentence!));
  return lines
    .filter((line, i) => !(line.startsWith('# got') && isOther(lines[i - 1]!)))
    .map((line) => (isOther(line) ? line.slice('not '.length) : line));
}

/** What a program's header says of the kernel's command line. */
const commandLine = (name: string): string =>
  /^ \* Guest: the kernel's command line has (.*)$/m.exec(
    readFileSync(join(PROGRAMS, `${name}.c`), 'utf8'),
  )?.[1] ?? '';

const recorded = names(EXPECTED, '.txt');

test('every test program was recorded on Linux', () => {
  assert.equal(recorded, names(PROGRAMS, '.c'));
});

for (const name of recorded) {
  const [source, ...expected] = readFileSync(join(EXPECTED, `${name}.txt`), 'utf8').split('\n');

  test(`${name} prints what it printed on Linux`, async () => {
    assert.match(source!, /^# recorded on Linux \d/);
    const machine = await boot({ append: commandLine(name) });
    const result = await machine.run(`/tests/${name}`);
    const lines = result.output.replaceAll('\r', '').split('\n');
    assert.equal(lines, expectedHere(name, expected)); // a recording has no returns either
    assert.is(result.status, 0);
  });
}

test('check 296: every difference is one: Linux printed that the sentence is false', () => {
  for (const { program, sentence, why } of differences) {
    if (!why || !recorded.includes(program!)) continue;
    const recording = readFileSync(join(EXPECTED, `${program}.txt`), 'utf8');
    assert.ok(
      recording.split('\n').some((line) => isSentence(line, sentence!)),
      sentence,
    );
  }
});

test.run();
