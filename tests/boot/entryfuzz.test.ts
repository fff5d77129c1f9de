/*
 * tests/boot/entryfuzz.test.ts - tracers, filters, dispatch and signals at random: the flags of entry and exit hold
 *
 * A panic throws out of watch() and fails the property, with the seed that made it.
 */

import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { SYSCALL_WORK_SYSCALL_EMU, SYSCALL_WORK_SYSCALL_TRACE } from '../../kernel/include/linux/sched.ts';
import { isStepped, trapsAtExit, watch } from '../lib/threads.ts';

const PROGRAM = 'build/userland/entryfuzz';
const numRuns = Number(process.env.ERET_FUZZ_RUNS ?? 4);

/**
 * A tracer that dies does not take its step away (Linux's exit_ptrace does not call ptrace_disable), so that EXIT_TRAP
 * stays, and TIF_SINGLESTEP with it. Where nobody dies like that entry-state.test.ts checks it.
 */
const LEFT_BY_NO_TRACER = SYSCALL_WORK_SYSCALL_TRACE | SYSCALL_WORK_SYSCALL_EMU;
const rounds = process.env.ERET_FUZZ_ROUNDS ?? '20';

/* The same cases every time, so that a change is judged by what it changed; another seed looks elsewhere. */
fc.configureGlobal({ seed: Number(process.env.ERET_FUZZ_SEED ?? 1) });

test('checks 299, 300: whoever traces, kills, filters, dispatches and dies, the entry path stands', () => {
  const files = [{ path: '/job/program', data: readFileSync(PROGRAM) }];
  let [traced, stepped] = [0, 0];
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2 ** 31 }), (seed) => {
      const { status, output } = watch(
        ['/job/program', String(seed), rounds],
        (task) => {
          assert.is(trapsAtExit(task), isStepped(task));
          if (isStepped(task)) stepped++;
          if (task.ptrace) traced++;
          else assert.is(task.thread_info.syscall_work & LEFT_BY_NO_TRACER, 0);
        },
        { files, ram: 64 * 2 ** 20, maxInstructions: 4e9 },
      );
      assert.match(output, /the entry path stands/);
      assert.is(status, 0);
    }),
    { numRuns },
  );
  assert.ok(traced > 0 && stepped > 0, 'somebody was traced and stepped while we looked');
});

test.run();
