/*
 * tests/lib/traced.ts - a tracer and its tracee, without programs: tests take their steps
 */

import type { Mm } from '../../kernel/include/linux/mm_types.ts';
import { PT_PTRACED } from '../../kernel/include/linux/ptrace.ts';
import type { Task } from '../../kernel/include/linux/sched.ts';
import { EFAULT } from '../../kernel/include/uapi/errno.ts';
import { SIGTRAP } from '../../kernel/include/uapi/signal.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import { __ptrace_link } from '../../kernel/ptrace/attach.ts';
import type { Sleeps } from '../../kernel/sched/wait.ts';
import { ptrace_notify } from '../../kernel/signal.ts';
import { testKernel, testTask } from './kernel.ts';

export interface Family {
  readonly kernel: Kernel;
  readonly init: Task;
  /** Children of init, strangers to each other. */
  readonly tracer: Task;
  readonly child: Task;
}

/** The tracer runs. With `ptrace` 0 nobody is traced yet. */
export function family(ptrace = PT_PTRACED): Family {
  const kernel = testKernel();
  const init = testTask(kernel);
  const [tracer, child] = [testTask(kernel, init), testTask(kernel, init)];
  kernel.sched.current = tracer;
  child.ptrace = ptrace;
  if (ptrace) __ptrace_link(child, tracer, tracer.cred);
  return { kernel, init, tracer, child };
}

/** Stops for its tracer; take a step of what is returned when it was resumed. */
export function stop(child: Task, code: number = SIGTRAP, message = 0): Sleeps<number> {
  const life = ptrace_notify(child, code, message);
  if (life.next().done) throw new Error('it does not stop');
  return life;
}

/** What comes of it when nothing is waited for any more. */
export function ends<T>(life: Sleeps<T>): T {
  const step = life.next();
  if (!step.done) throw new Error('it still sleeps');
  return step.value;
}

/** Does it sleep? */
export const sleeps = <T>(life: Sleeps<T>): boolean => !life.next().done;

const USER_MEMORY = 0x1_0000;

/** Memory for the tracer to get answers into: addresses 0x1000 to 0xffff, and nothing else. */
export function userMemory({ kernel, tracer }: Family): DataView {
  const bytes = new Uint8Array(USER_MEMORY);
  const fits = (at: number, size: number): boolean => at >= 0x1000 && at + size <= USER_MEMORY;
  const move = (at: number, size: number, work: () => void): number => {
    if (!fits(at, size)) return size;
    work();
    return 0;
  };
  const view = new DataView(bytes.buffer);
  Object.assign(kernel.arch, {
    copy_to_user: (_mm: Mm, to: number, from: Uint8Array) => move(to, from.length, () => bytes.set(from, to)),
    copy_from_user: (_mm: Mm, to: Uint8Array, from: number) =>
      move(from, to.length, () => to.set(bytes.subarray(from, from + to.length))),
    put_user: (_mm: Mm, to: number, value: number) =>
      move(to, 8, () => view.setBigUint64(to, BigInt(value), true)) && -EFAULT,
  });
  tracer.mm = {} as Mm;
  return view;
}

/** What is pending for the thread alone. */
export const codes = ({ pending }: Task): (readonly [number, number])[] =>
  pending.list.map(({ info }) => [info.si_signo, info.si_code] as const);
