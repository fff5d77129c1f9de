import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  EXIT_TO_USER_MODE_WORK,
  NO_SYSCALL,
  exit_to_user_mode_loop,
  syscall_exit_work,
  syscall_trace_enter,
} from '../../../../kernel/entry/common.ts';
import {
  SYSCALL_WORK_SYSCALL_EMU,
  SYSCALL_WORK_SYSCALL_EXIT_TRAP,
  SYSCALL_WORK_SYSCALL_TRACE,
  TIF_NEED_RESCHED,
  TIF_SIGPENDING,
  type Task,
} from '../../../../kernel/include/linux/sched.ts';
import type { PtRegs } from '../../../../arch/arm64/include/asm/ptrace.ts';
import type { Event } from '../../../../kernel/trace/events.ts';
import { now, testKernel, testTask } from '../../../lib/kernel.ts';

// biome-ignore lint/correctness/useYield: a tracer that answers at once
function* answer<T>(value: T) {
  return value;
}

function traced(work: number, { fatal = false, nr = 64, onStop = (_: Task): void => {} } = {}) {
  const steps: string[] = [];
  const kernel = testKernel({
    arch_ptrace_report_syscall_entry: (task) => {
      onStop(task);
      return answer(fatal);
    },
    arch_ptrace_report_syscall_exit: (_, step) => {
      steps.push(step ? 'step' : 'exit stop');
      return answer(undefined);
    },
  });
  kernel.events = {
    emit: (event: Event) => event.type === 'entry' && steps.push(event.step),
    sys_enter: () => {},
    sys_exit: () => {},
  };
  const task = testTask(kernel);
  task.thread_info.syscall_work = work;
  (task.regs as PtRegs).syscallno = nr;
  return { kernel, task, steps };
}

function leave(task: Task): void {
  const stop = syscall_exit_work(task);
  if (stop) now(stop);
}

test('the number that is called is what the tracer left', () => {
  const { task, steps } = traced(SYSCALL_WORK_SYSCALL_TRACE, {
    onStop: (tracee) => {
      (tracee.regs as PtRegs).syscallno = 172;
    },
  });
  assert.is(now(syscall_trace_enter(task, task.regs)), 172);
  assert.equal(steps, ['ptrace', 'invoke']);
});

test('a task that is to die makes no call', () => {
  const { task } = traced(SYSCALL_WORK_SYSCALL_TRACE, { fatal: true });
  assert.is(now(syscall_trace_enter(task, task.regs)), NO_SYSCALL);
});

test('SYSEMU skips the call that it stopped at, even if the next is to run', () => {
  const { task, steps } = traced(SYSCALL_WORK_SYSCALL_EMU, {
    onStop: (tracee) => {
      tracee.thread_info.syscall_work = SYSCALL_WORK_SYSCALL_TRACE;
    },
  });
  assert.is(now(syscall_trace_enter(task, task.regs)), NO_SYSCALL);
  leave(task);
  assert.equal(steps, ['ptrace', 'exit-work', 'exit stop']);
});

test('SYSEMU asked for at the stop is for the next call', () => {
  const { task } = traced(SYSCALL_WORK_SYSCALL_TRACE, {
    onStop: (tracee) => {
      tracee.thread_info.syscall_work = SYSCALL_WORK_SYSCALL_EMU;
    },
  });
  assert.is(now(syscall_trace_enter(task, task.regs)), 64);
});

test('on the way out a step is a trap in place of the stop, and none after an emulated call', () => {
  for (const [work, expected] of [
    [SYSCALL_WORK_SYSCALL_TRACE, ['exit stop']],
    [SYSCALL_WORK_SYSCALL_EXIT_TRAP, ['step']],
    [SYSCALL_WORK_SYSCALL_TRACE | SYSCALL_WORK_SYSCALL_EXIT_TRAP, ['step']],
    [SYSCALL_WORK_SYSCALL_EMU | SYSCALL_WORK_SYSCALL_EXIT_TRAP, []],
    [SYSCALL_WORK_SYSCALL_EMU, []],
  ] as const) {
    const { task, steps } = traced(work);
    leave(task);
    assert.equal(steps, ['exit-work', ...expected]);
  }
});

test('the loop ends when nothing is left, and schedules before it delivers', () => {
  const done: string[] = [];
  const kernel = testKernel({
    arch_do_signal_or_restart: (task) => {
      done.push('signal');
      task.thread_info.flags &= ~TIF_SIGPENDING;
      if (done.length < 4) task.thread_info.flags |= TIF_NEED_RESCHED; // something more has happened
      return answer(undefined);
    },
  });
  const task = testTask(kernel);
  task.thread_info.flags |= TIF_NEED_RESCHED | TIF_SIGPENDING;
  for (const _ of exit_to_user_mode_loop(task)) {
    done.push('schedule');
    task.thread_info.flags &= ~TIF_NEED_RESCHED;
  }
  assert.equal(done, ['schedule', 'signal', 'schedule']);
  assert.is(task.thread_info.flags & EXIT_TO_USER_MODE_WORK, 0);
});

test.run();
