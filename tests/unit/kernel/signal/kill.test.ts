import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { EXIT_ZOMBIE, PF_EXITING, type Task } from '../../../../kernel/include/linux/sched.ts';
import type { UserPtr } from '../../../../kernel/include/linux/types.ts';
import { SI_TIMER } from '../../../../kernel/include/uapi/siginfo.ts';
import { SIGUSR1, SIG_IGN } from '../../../../kernel/include/uapi/signal.ts';
import { PIDTYPE_PID, PIDTYPE_TGID } from '../../../../kernel/pid.ts';
import { do_sigaction } from '../../../../kernel/signal/action.ts';
import { send_sigqueue } from '../../../../kernel/signal/kill.ts';
import { sigqueue_alloc, task_sigpending } from '../../../../kernel/signal/pending.ts';
import { EMPTY_SIGSET, sigset } from '../../../../kernel/signal/sigset.ts';
import { testKernel, testTask } from '../../../lib/kernel.ts';

/* What POSIX timers send. userland/tests/ptimer.c has Linux's answers. */

const handles = (task: Task, sa_handler: number): unknown =>
  do_sigaction(task, SIGUSR1, {
    sa_handler: sa_handler as UserPtr,
    sa_flags: 0,
    sa_restorer: 0 as UserPtr,
    sa_mask: EMPTY_SIGSET,
  });

/** A process of two threads, and a timer's entry. Somebody else runs. */
function process(handler = 0x40_0000) {
  const kernel = testKernel();
  const init = testTask(kernel);
  const leader = testTask(kernel, init);
  const thread = testTask(kernel, leader, true);
  kernel.sched.current = init;
  handles(leader, handler);
  const entry = sigqueue_alloc(leader, true)!;
  entry.info = { si_signo: SIGUSR1, si_errno: 0, si_code: SI_TIMER };
  const send = (type: typeof PIDTYPE_PID | typeof PIDTYPE_TGID = PIDTYPE_TGID): number =>
    send_sigqueue(entry, leader.thread_pid, type);
  return { kernel, leader, thread, entry, send };
}

test('an entry that is still queued is not queued again: its overrun is counted', () => {
  const { leader, entry, send } = process();
  leader.blocked = sigset(SIGUSR1);
  for (let i = 0; i < 3; i++) assert.is(send(PIDTYPE_PID), 0);
  assert.is(leader.pending.list.length, 1);
  assert.is(entry.info.si_overrun, 2);
});

test('a signal that is ignored is 1, and nobody is told or woken', () => {
  const { leader, thread, send } = process(SIG_IGN);
  assert.is(send(), 1);
  assert.equal([task_sigpending(leader), task_sigpending(thread)], [false, false]);
  assert.is(leader.signal.shared_pending.list.length, 0);
});

test('the thread that runs takes it, else the leader', () => {
  for (const runs of [true, false]) {
    const { kernel, leader, thread, send } = process();
    if (runs) kernel.sched.current = thread;
    send();
    assert.equal([task_sigpending(leader), task_sigpending(thread)], [!runs, runs]);
  }
});

test('one that is for a thread is that thread`s, whoever runs', () => {
  const { kernel, leader, thread, send } = process();
  kernel.sched.current = thread;
  send(PIDTYPE_PID);
  assert.is(leader.pending.list.length, 1);
  assert.is(task_sigpending(thread), false);
});

test('a leader that has ended does not keep it from the threads that live', () => {
  const { leader, thread, send } = process();
  leader.exit_state = EXIT_ZOMBIE;
  leader.flags |= PF_EXITING;
  assert.is(send(), 0);
  assert.ok(task_sigpending(thread));
});

test.run();
