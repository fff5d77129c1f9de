/*
 * tests/conformance/entry-state.test.ts - the flags of entry and exit, whenever no task is in the kernel
 */

import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { boot } from '../../arch/arm64/boot/boot.ts';
import type { Task } from '../../kernel/include/linux/sched.ts';
import { assertAtRest } from '../lib/at-rest.ts';
import { isStepped, WORK_OF_PTRACE, watch } from '../lib/threads.ts';

/** Programs that step, that detach, and whose tracers die. */
const PROGRAMS = [
  'ptrace-step',
  'ptrace-sysemu',
  'ptrace-sysemu-step',
  'ptrace-attach',
  'ptrace-death',
  'ptrace-more',
  'stops-killed',
];

/** Runs a test program, and shows every thread of the machine at every stop. */
function watchProgram(program: string, look: (task: Task) => void): void {
  assert.is(watch([`/tests/${program}`], look).status, 0);
}

for (const program of PROGRAMS)
  test(`checks 299, 300: during ${program} EXIT_TRAP goes with SINGLESTEP, and nobody has work of a tracer he has not`, () => {
    const traced = new Set<Task>();
    watchProgram(program, (task) => {
      assertAtRest(task);
      if (task.ptrace) traced.add(task);
      else assert.is(task.thread_info.syscall_work & WORK_OF_PTRACE, 0);
    });
    assert.ok(traced.size > 0, 'somebody was traced');
  });

/** Where a tracer's death leaves a step on: userland/tests/expected/stops-orphaned.txt. */
for (const program of ['stops-orphaned', 'stops-thread', 'stops-parent', 'stops-dispatched'])
  test(`check 299: ${program} leaves nothing at rest that is not whole`, () => {
    watchProgram(program, assertAtRest);
  });

test('check 299: tasks were stepped while we looked', () => {
  let stepped = 0;
  watchProgram('ptrace-step', (task) => {
    if (isStepped(task)) stepped++;
  });
  assert.ok(stepped > 0);
});

/** As recorded on arm64 Linux 6.12, which has no Syscall User Dispatch. */
for (const program of ['sud-prctl', 'sud-life'])
  test(`checks 221, 297: with syscall_user_dispatch=0 ${program} prints what a kernel without it makes of it`, async () => {
    const machine = await boot({ append: 'syscall_user_dispatch=0', keepEvents: false });
    const { output } = await machine.run(`/tests/${program}`);
    const [, ...expected] = readFileSync(`userland/tests/expected/${program}.txt`, 'utf8').split('\n');
    assert.equal(output.replaceAll('\r', '').split('\n'), expected);
  });

test.run();
