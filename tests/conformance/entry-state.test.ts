/*
 * tests/conformance/entry-state.test.ts - the flags of entry and exit, whenever no task is in the kernel
 *
 * The machine is stopped every few thousand instructions; then one task is in user mode and all others sleep.
 */

import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { boot, initramfs, JOB_COMMAND_LINE, machineOptions, withJob } from '../../arch/arm64/boot/boot.ts';
import { Machine } from '../../arch/arm64/boot/machine.ts';
import {
  SYSCALL_WORK_SYSCALL_EMU,
  SYSCALL_WORK_SYSCALL_EXIT_TRAP,
  SYSCALL_WORK_SYSCALL_TRACE,
  TIF_SINGLESTEP,
  type Task,
} from '../../kernel/include/linux/sched.ts';

/** Not a round number, so that the stops are everywhere in the programs' loops. */
const SLICE = 4_999;
const WORK_OF_PTRACE = SYSCALL_WORK_SYSCALL_TRACE | SYSCALL_WORK_SYSCALL_EMU | SYSCALL_WORK_SYSCALL_EXIT_TRAP;

/** Programs that step, that detach, and whose tracers die. */
const PROGRAMS = [
  'ptrace-step',
  'ptrace-sysemu',
  'ptrace-sysemu-step',
  'ptrace-attach',
  'ptrace-death',
  'ptrace-more',
];

/** Runs the program, and shows every thread of the machine at every stop. */
function watch(program: string, look: (task: Task) => void): void {
  const options = machineOptions({ append: JOB_COMMAND_LINE }, withJob(initramfs(), [`/tests/${program}`]));
  const machine = new Machine({ ...options, output: () => {} });
  for (;;) {
    const state = machine.run(machine.now + SLICE);
    if (state === 'off') break;
    if (state === 'idle') machine.skipTo(machine.nextEvent);
    machine.kernel.pids.for_each_process((leader) => {
      for (const task of leader.signal.threads) look(task);
    });
  }
  assert.is(machine.exitStatus, 0);
}

const isStepped = ({ thread_info }: Task): boolean => (thread_info.flags & TIF_SINGLESTEP) !== 0;
const trapsAtExit = ({ thread_info }: Task): boolean =>
  (thread_info.syscall_work & SYSCALL_WORK_SYSCALL_EXIT_TRAP) !== 0;

for (const program of PROGRAMS)
  test(`checks 299, 300: during ${program} EXIT_TRAP goes with SINGLESTEP, and nobody has work of a tracer he has not`, () => {
    const traced = new Set<Task>();
    watch(program, (task) => {
      assert.is(trapsAtExit(task), isStepped(task));
      if (task.ptrace) traced.add(task);
      else assert.is(task.thread_info.syscall_work & WORK_OF_PTRACE, 0);
    });
    assert.ok(traced.size > 0, 'somebody was traced');
  });

test('check 299: tasks were stepped while we looked', () => {
  let stepped = 0;
  watch('ptrace-step', (task) => {
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
