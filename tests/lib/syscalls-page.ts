/*
 * tests/lib/syscalls-page.ts - what works and what does not: the system call table, as the README prints it
 *
 * `make syscalls` prints it; with --write it goes between the markers in README.md; with --check it fails when those differ.
 */

import { readFileSync, writeFileSync } from 'node:fs';
import { sys_call_table } from '../../kernel/syscalls/table.ts';

const BEGIN = '<!-- syscalls: made by `make syscalls` -->';
const END = '<!-- /syscalls -->';

export function syscallsPage(): string {
  const rows = [...sys_call_table].sort(([a], [b]) => a - b);
  const whole = rows.filter(([, , gap]) => !gap).map(([, call]) => `\`${call.name}\``);
  const gaps = rows.filter(([, , gap]) => gap).map(([, call, gap]) => `| \`${call.name}\` | ${gap} |`);
  return [
    `${rows.length} system calls have a row; any other is ENOSYS, and told once in the log.`,
    '',
    `Whole (${whole.length}): ${whole.join(', ')}.`,
    ...(gaps.length ? ['', '| with a gap | what is not there |', '|---|---|', ...gaps] : []),
  ].join('\n');
}

export function readmeWithPage(readme: string): string {
  const from = readme.indexOf(BEGIN) + BEGIN.length;
  return `${readme.slice(0, from)}\n${syscallsPage()}\n${readme.slice(readme.indexOf(END))}`;
}

if (process.argv.includes('--write'))
  writeFileSync('README.md', readmeWithPage(readFileSync('README.md', 'utf8')));
else if (process.argv[1]?.includes('syscalls-page')) console.log(syscallsPage());
