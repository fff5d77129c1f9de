/*
 * tests/lib/at-rest.ts - what is true of every thread whenever no task is in the kernel
 *
 * Spec M, 299 and 300, and what ptrace, job control and death may never leave behind.
 */

import * as assert from 'uvu/assert';
import {
  JOBCTL_LISTENING,
  JOBCTL_PTRACE_FROZEN,
  JOBCTL_STOPPED,
  JOBCTL_TRACED,
  JOBCTL_TRAPPING,
  JOBCTL_TRAP_MASK,
} from '../../kernel/include/linux/jobctl.ts';
import {
  EXIT_TRACE,
  PF_EXITING,
  SYSCALL_WORK_SYSCALL_EMU,
  SYSCALL_WORK_SYSCALL_TRACE,
  TASK_DEAD,
  TASK_RUNNING,
  type Task,
  __TASK_STOPPED,
  __TASK_TRACED,
} from '../../kernel/include/linux/sched.ts';
import { __fatal_signal_pending } from '../../kernel/signal.ts';
import { isStepped, trapsAtExit } from './threads.ts';

const OF_A_TRACER = SYSCALL_WORK_SYSCALL_TRACE | SYSCALL_WORK_SYSCALL_EMU;

const has = (flags: number, bits: number): boolean => (flags & bits) !== 0;

/** Each sentence is true of every task. */
// biome-ignore format: columns teach
const SENTENCES: readonly (readonly [sentence: string, holds: (task: Task) => boolean])[] = [
  ['check 299: EXIT_TRAP is set exactly with SINGLESTEP',
    (task) => trapsAtExit(task) === isStepped(task)],
  ['check 300: who is not traced has no work of a tracer',
    (task) => task.ptrace !== 0 || !has(task.thread_info.syscall_work, OF_A_TRACER)],
  ['who is not traced has no trap to come',
    (task) => task.ptrace !== 0 || !has(task.jobctl, JOBCTL_TRAP_MASK)],
  ['only who is in a stop listens, or has a siginfo to show',
    (task) => has(task.state, __TASK_TRACED) || !asleep(task)
      || (task.last_siginfo === null && !has(task.jobctl, JOBCTL_LISTENING))],
  ['who is not traced is in no stop of a tracer',
    (task) => task.ptrace !== 0 || !has(task.state, __TASK_TRACED)],
  ['a tracer knows its tracees, and they know it',
    (task) => task.parent.ptraced.has(task) === (task.ptrace !== 0)],
  ['who is not traced tells its parent',
    (task) => task.ptrace !== 0 || task.parent === task.real_parent],
  ['a tracer lives',
    (task) => task.ptrace === 0 || !has(task.parent.exit_state, EXIT_TRACE)],
  ['TRACED and STOPPED are in jobctl as in state',
    (task) => has(task.jobctl, JOBCTL_TRACED) === has(task.state, __TASK_TRACED)
      && has(task.jobctl, JOBCTL_STOPPED) === has(task.state, __TASK_STOPPED)],
  ['no request is going on',
    (task) => !has(task.jobctl, JOBCTL_PTRACE_FROZEN)],
  ['who is to die is in no stop',
    (task) => !__fatal_signal_pending(task) || !has(task.state, __TASK_TRACED | __TASK_STOPPED)],
  ['a zombie is dead, and waits for nothing',
    (task) => !has(task.exit_state, EXIT_TRACE) || (has(task.state, TASK_DEAD) && has(task.flags, PF_EXITING))],
  ['who changes from one stop to another is traced',
    (task) => !has(task.jobctl, JOBCTL_TRAPPING) || task.ptrace !== 0],
];

/** One that was woken, and has not run yet, may look as it did. */
const asleep = (task: Task): boolean => task.state !== TASK_RUNNING;

export function assertAtRest(task: Task): void {
  for (const [sentence, holds] of SENTENCES) {
    if (!holds(task)) assert.unreachable(`${sentence}: not ${describe(task)}`);
  }
}

const hex = (value: number): string => `0x${value.toString(16)}`;

const describe = ({ pid, comm, state, exit_state, jobctl, ptrace }: Task): string =>
  `${pid} (${comm}): state ${hex(state)}/${hex(exit_state)}, jobctl ${hex(jobctl)}, ptrace ${hex(ptrace)}`;
