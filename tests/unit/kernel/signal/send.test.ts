import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Task } from '../../../../kernel/include/linux/sched.ts';
import {
  TASK_INTERRUPTIBLE,
  TASK_KILLABLE,
  TASK_RUNNING,
  TASK_UNINTERRUPTIBLE,
} from '../../../../kernel/include/linux/sched.ts';
import type { UserPtr } from '../../../../kernel/include/linux/types.ts';
import { EAGAIN, EPERM } from '../../../../kernel/include/uapi/errno.ts';
import { RLIMIT_SIGPENDING } from '../../../../kernel/include/uapi/resource.ts';
import {
  SIGCHLD,
  SIGCONT,
  SIGKILL,
  SIGRTMIN,
  SIGSEGV,
  SIGTERM,
  SIGTSTP,
  SIGUSR1,
  SIG_IGN,
} from '../../../../kernel/include/uapi/signal.ts';
import { PIDTYPE_PID, PIDTYPE_TGID } from '../../../../kernel/pid.ts';
import { do_sigaction } from '../../../../kernel/signal/action.ts';
import { force_sig_fault } from '../../../../kernel/signal/force.ts';
import { check_kill_permission, do_send_sig_info, send_sig } from '../../../../kernel/signal/kill.ts';
import { __set_current_blocked } from '../../../../kernel/signal/mask.ts';
import { dequeue_signal, task_sigpending } from '../../../../kernel/signal/pending.ts';
import { SEND_SIG_NOINFO } from '../../../../kernel/signal/siginfo.ts';
import { EMPTY_SIGSET, sigismember, sigset } from '../../../../kernel/signal/sigset.ts';
import { testKernel, testTask } from '../../../lib/kernel.ts';

const HANDLER = 0x40_0000 as UserPtr;
const handle = (task: Task, sig: number, sa_handler: number = HANDLER): unknown =>
  do_sigaction(task, sig, {
    sa_handler: sa_handler as UserPtr,
    sa_flags: 0,
    sa_restorer: 0 as UserPtr,
    sa_mask: EMPTY_SIGSET,
  });

/** A process that is not init: init ignores what it has no handler for. */
function process() {
  const kernel = testKernel();
  const init = testTask(kernel);
  const task = testTask(kernel, init);
  kernel.sched.current = init;
  return { kernel, init, task };
}
const value = (n: number, sig: number) => ({
  ...{ si_signo: sig, si_errno: 0, si_code: -1, si_pid: 1, si_uid: 0 },
  si_value: [n, 0] as const,
});

test('a standard signal is pending once, a real-time signal as often as it was sent', () => {
  const { task } = process();
  task.blocked = sigset(SIGUSR1, SIGRTMIN + 2);
  for (const n of [1, 2, 3]) {
    do_send_sig_info(SIGUSR1, value(n, SIGUSR1), task, PIDTYPE_TGID);
    do_send_sig_info(SIGRTMIN + 2, value(n, SIGRTMIN + 2), task, PIDTYPE_TGID);
  }
  const taken: unknown[] = [];
  for (let next = dequeue_signal(task, EMPTY_SIGSET); next; next = dequeue_signal(task, EMPTY_SIGSET))
    taken.push([next.info.si_signo, next.info.si_value?.[0]]);
  assert.equal(taken, [
    [10, 1],
    [34, 1],
    [34, 2],
    [34, 3],
  ]);
});

test('synchronous signals come first, then low numbers, the thread before the process', () => {
  const { task } = process();
  task.blocked = sigset(2, 10, 11, 12, 40);
  for (const sig of [40, 12, 10]) do_send_sig_info(sig, value(0, sig), task, PIDTYPE_PID);
  do_send_sig_info(2, value(0, 2), task, PIDTYPE_TGID);
  do_send_sig_info(SIGSEGV, value(0, SIGSEGV), task, PIDTYPE_PID);
  const order: number[] = [];
  for (let next = dequeue_signal(task, EMPTY_SIGSET); next; next = dequeue_signal(task, EMPTY_SIGSET))
    order.push(next.info.si_signo);
  assert.equal(order, [11, 10, 12, 40, 2]);
});

test('RLIMIT_SIGPENDING refuses a queued real-time signal, but never a kill()', () => {
  const { task } = process();
  task.blocked = sigset(SIGRTMIN, SIGUSR1);
  task.signal.rlim[RLIMIT_SIGPENDING] = { cur: 1, max: 1 };
  assert.is(do_send_sig_info(SIGRTMIN, value(1, SIGRTMIN), task, PIDTYPE_TGID), 0);
  assert.is(do_send_sig_info(SIGRTMIN, value(2, SIGRTMIN), task, PIDTYPE_TGID), -EAGAIN);
  assert.is(send_sig(SIGUSR1, task, false), 0);
  assert.ok(sigismember(task.pending.signal, SIGUSR1));
  assert.is(task.cred.user.sigpending, 2);
  while (dequeue_signal(task, EMPTY_SIGSET));
  assert.is(task.cred.user.sigpending, 0);
});

test('what would be ignored is not even queued, unless it is blocked or traced', () => {
  const { task } = process();
  send_sig(SIGCHLD, task, true);
  assert.not(sigismember(task.pending.signal, SIGCHLD));
  handle(task, SIGUSR1, SIG_IGN);
  send_sig(SIGUSR1, task, true);
  assert.not(sigismember(task.pending.signal, SIGUSR1));

  task.blocked = sigset(SIGUSR1);
  send_sig(SIGUSR1, task, true);
  assert.ok(sigismember(task.pending.signal, SIGUSR1));
  handle(task, SIGUSR1, SIG_IGN); // POSIX: discards it
  assert.not(sigismember(task.pending.signal, SIGUSR1));

  task.blocked = EMPTY_SIGSET;
  task.ptrace = 1;
  send_sig(SIGUSR1, task, true);
  assert.ok(sigismember(task.pending.signal, SIGUSR1));
});

test('a fatal signal ends every thread of the process at once', () => {
  const { kernel, task } = process();
  const thread = testTask(kernel, task, true);
  do_send_sig_info(SIGTERM, SEND_SIG_NOINFO, task, PIDTYPE_TGID);
  assert.is(task.signal.group_exit_code, SIGTERM);
  for (const each of [task, thread]) {
    assert.ok(sigismember(each.pending.signal, SIGKILL));
    assert.ok(task_sigpending(each));
  }
});

test('init dies of nothing but its own faults', () => {
  const { kernel, init } = process();
  for (const sig of [SIGTERM, SIGKILL]) do_send_sig_info(sig, SEND_SIG_NOINFO, init, PIDTYPE_TGID);
  assert.is(init.signal.flags & 4, 0);
  kernel.sched.current = init;
  force_sig_fault(SIGSEGV, 1, 0n, init);
  assert.ok(sigismember(init.pending.signal, SIGSEGV));
  assert.is(init.signal.flags & 0x40, 0);
});

test('SIGCONT takes pending stops back, and a stop a pending SIGCONT', () => {
  const { task } = process();
  task.blocked = sigset(SIGTSTP, SIGCONT);
  send_sig(SIGTSTP, task, true);
  send_sig(SIGCONT, task, true);
  assert.not(sigismember(task.pending.signal, SIGTSTP));
  assert.ok(sigismember(task.pending.signal, SIGCONT));
  send_sig(SIGTSTP, task, true);
  assert.not(sigismember(task.pending.signal, SIGCONT));
});

test('a signal ends an interruptible sleep, and only SIGKILL a killable one', () => {
  for (const [state, sig, wakes] of [
    [TASK_INTERRUPTIBLE, SIGUSR1, true],
    [TASK_UNINTERRUPTIBLE, SIGUSR1, false],
    [TASK_KILLABLE, SIGUSR1, false],
    [TASK_KILLABLE, SIGKILL, true],
    [TASK_UNINTERRUPTIBLE, SIGKILL, false],
  ] as const) {
    const { task } = process();
    handle(task, SIGUSR1);
    task.state = state;
    send_sig(sig, task, true);
    assert.is(task.state === TASK_RUNNING, wakes, `${state} ${sig}`);
  }
});

test('a thread that blocks what woke it passes it on', () => {
  const { kernel, task } = process();
  const other = testTask(kernel, task, true);
  handle(task, SIGUSR1);
  do_send_sig_info(SIGUSR1, SEND_SIG_NOINFO, task, PIDTYPE_TGID);
  assert.ok(task_sigpending(task));
  assert.not(task_sigpending(other));
  __set_current_blocked(task, sigset(SIGUSR1));
  assert.not(task_sigpending(task));
  assert.ok(task_sigpending(other));
});

test('a forced signal that is blocked or ignored finds no handler any more', () => {
  const { task } = process();
  handle(task, SIGSEGV);
  task.blocked = sigset(SIGSEGV);
  force_sig_fault(SIGSEGV, 1, 0x10n, task);
  assert.is(task.sighand.action[SIGSEGV - 1]!.sa_handler, 0);
  assert.not(sigismember(task.blocked, SIGSEGV));
});

test('others may be signalled by root, by their own user, and continued by their session', () => {
  const { kernel, init, task } = process();
  const user = { ...init.cred, uid: 1000, euid: 1000, suid: 1000, cap_effective: { lo: 0, hi: 0 } };
  kernel.sched.current = task;
  assert.is(check_kill_permission(SIGTERM, SEND_SIG_NOINFO, init), 0);
  task.cred = user;
  assert.is(check_kill_permission(SIGTERM, SEND_SIG_NOINFO, init), -EPERM);
  assert.is(check_kill_permission(SIGCONT, SEND_SIG_NOINFO, init), 0);
  init.cred = { ...init.cred, suid: 1000 };
  assert.is(check_kill_permission(SIGTERM, SEND_SIG_NOINFO, init), 0);
});

test('sigaction knows its own flags and clears others', () => {
  const { task } = process();
  const act = {
    sa_handler: HANDLER,
    sa_flags: 0xffff_ffff,
    sa_restorer: 0 as UserPtr,
    sa_mask: sigset(9, 19, 10),
  };
  do_sigaction(task, SIGUSR1, act);
  const old = do_sigaction(task, SIGUSR1, null);
  // NOCLDSTOP|NOCLDWAIT|SIGINFO|EXPOSE_TAGBITS|RESTORER|ONSTACK|RESTART|NODEFER|RESETHAND; neither UNSUPPORTED nor IMMUTABLE
  assert.is(typeof old === 'object' && old.sa_flags, 0xdc00_0807);
  assert.equal(typeof old === 'object' && old.sa_mask, sigset(10));
});

test.run();
