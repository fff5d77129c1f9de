/*
 * tests/conformance/bootparams.test.ts - the boot parameters that are there for study change what they say, and no more
 *
 * Differs: the expected output without Syscall User Dispatch is what arm64 Linux 6.12, which has none, printed
 */

import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { boot } from '../../arch/arm64/boot/boot.ts';

async function output(append: string, program: string): Promise<string[]> {
  const machine = await boot({ append, keepEvents: false });
  const { output } = await machine.run(program);
  return output.replaceAll('\r', '').split('\n');
}

const recorded = (name: string): string[] =>
  readFileSync(`userland/tests/expected/${name}.txt`, 'utf8').split('\n').slice(1);

const falseSentences = (lines: readonly string[]): string[] =>
  lines.filter((line) => line.startsWith('not ok')).map((line) => line.replace(/^not ok \d+ - /, ''));

test('check 221: syscall_user_dispatch=0 is a kernel without it, for prctl and ptrace', async () => {
  for (const name of ['sud-prctl', 'sud-life'])
    assert.equal(await output('syscall_user_dispatch=0', `/tests/${name}`), recorded(name));
});

test('check 233: with vdso_sigreturn=false a handler cannot return with the gate shut', async () => {
  assert.equal(falseSentences(await output('vdso_sigreturn=false', '/tests/sud-dispatch')), [
    'check 229: without a selector all calls outside the range are dispatched',
    'check 233: a handler may return with the gate shut, through the vDSO',
    'check 242: with the gate shut and SA_NODEFER these are dispatched in turn',
  ]);
});

test('checks 267, 271: with rseq_debug=1 mistakes in critical sections kill', async () => {
  const lines = await output('rseq_debug=1', '/tests/rseq-debug');
  assert.equal(falseSentences(lines), [
    'check 271: a system call in a critical section is not looked for',
    'check 267: the version of a section is not looked at',
  ]);
  // Both by SIGSEGV with si_code SI_KERNEL.
  assert.is(lines.filter((line) => line.startsWith('# got 20480')).length, 2);
});

test.run();
