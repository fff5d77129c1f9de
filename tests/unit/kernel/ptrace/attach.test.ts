import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  JOBCTL_STOP_PENDING,
  JOBCTL_TRAPPING,
  JOBCTL_TRAP_STOP,
  SIGNAL_STOP_STOPPED,
} from '../../../../kernel/include/linux/jobctl.ts';
import { PT_EXITKILL, PT_PTRACED, PT_SEIZED } from '../../../../kernel/include/linux/ptrace.ts';
import {
  EXIT_DEAD,
  EXIT_ZOMBIE,
  PF_EXITING,
  PF_KTHREAD,
  SYSCALL_WORK_SECCOMP,
  SYSCALL_WORK_SYSCALL_EMU,
  SYSCALL_WORK_SYSCALL_TRACE,
  TASK_STOPPED,
  type Task,
  __TASK_TRACED,
} from '../../../../kernel/include/linux/sched.ts';
import type { UserPtr } from '../../../../kernel/include/linux/types.ts';
import { EIO, EPERM, ERESTARTNOINTR } from '../../../../kernel/include/uapi/errno.ts';
import { PTRACE_EVENT_FORK, PTRACE_O_MASK } from '../../../../kernel/include/uapi/ptrace.ts';
import { SI_KERNEL } from '../../../../kernel/include/uapi/siginfo.ts';
import { SIGCHLD, SIGKILL, SIGSTOP, SIGUSR1, SIG_IGN } from '../../../../kernel/include/uapi/signal.ts';
import { mutex_lock_killable, mutex_unlock } from '../../../../kernel/locking/mutex.ts';
import {
  exit_ptrace,
  ptrace_attach,
  ptrace_detach,
  ptrace_seize,
  ptrace_traceme,
} from '../../../../kernel/ptrace/attach.ts';
import { do_sigaction } from '../../../../kernel/signal/action.ts';
import { get_signal } from '../../../../kernel/signal/get_signal.ts';
import { send_sig } from '../../../../kernel/signal/kill.ts';
import { EMPTY_SIGSET, sigismember } from '../../../../kernel/signal/sigset.ts';
import { now, testTask } from '../../../lib/kernel.ts';
import { codes, ends, family, sleeps, stop } from '../../../lib/traced.ts';

/* ptrace(2), "Attaching and detaching"; the rest is what userland/tests/ptrace-*.c and stops-*.c recorded on Linux. */

test('ATTACH sends a SIGSTOP that is the kernel`s, to the thread', () => {
  const { tracer, child } = family(0);
  assert.is(now(ptrace_attach(tracer, child)), 0);
  assert.is(child.parent, tracer);
  assert.is(child.ptrace, PT_PTRACED);
  assert.equal(codes(child), [[SIGSTOP, SI_KERNEL]]);
});

test('SEIZE sends nothing, and its options come with it', () => {
  const { tracer, child } = family(0);
  assert.is(now(ptrace_seize(tracer, child, 0, 1 << PTRACE_EVENT_FORK)), 0);
  assert.equal(codes(child), []);
  assert.ok(child.ptrace & PT_SEIZED);
});

test('SEIZE with an address or with unknown options is EIO', () => {
  const { tracer, child } = family(0);
  assert.is(now(ptrace_seize(tracer, child, 8, 0)), -EIO);
  assert.is(now(ptrace_seize(tracer, child, 0, (PTRACE_O_MASK + 1) * 2 ** 20)), -EIO);
  assert.is(now(ptrace_seize(tracer, child, 0, 1 << 10)), -EIO);
});

test('who is a kernel thread, of the same process, traced or dead cannot be attached to', () => {
  const { kernel, tracer, child } = family(0);
  const refused = (target: Task): void => void assert.is(now(ptrace_attach(tracer, target)), -EPERM);
  refused(tracer);
  refused(testTask(kernel, tracer, true));
  child.flags |= PF_KTHREAD;
  refused(child);
  child.flags &= ~PF_KTHREAD;
  child.exit_state = EXIT_ZOMBIE;
  refused(child);
  child.exit_state = 0;
  assert.is(now(ptrace_attach(tracer, child)), 0);
  refused(child);
});

test('nobody attaches in the middle of an execve', () => {
  const { init, tracer, child } = family(0);
  now(mutex_lock_killable(child, child.signal.cred_guard_mutex));
  const life = ptrace_attach(tracer, child);
  assert.ok(sleeps(life));
  assert.is(child.ptrace, 0);
  mutex_unlock(child.signal.cred_guard_mutex);
  assert.is(ends(life), 0);
  assert.is(init.ptraced.size, 0);
});

test('a signal ends that wait, and the call is made again', () => {
  const { tracer, child } = family(0);
  now(mutex_lock_killable(child, child.signal.cred_guard_mutex));
  const life = ptrace_attach(tracer, child);
  assert.ok(sleeps(life));
  send_sig(SIGUSR1, tracer, true);
  assert.is(ends(life), -ERESTARTNOINTR);
  assert.is(child.ptrace, 0);
});

test('who is stopped traps, and ATTACH does not return before it has', () => {
  const { tracer, child } = family(0);
  send_sig(SIGSTOP, child, true);
  const life = get_signal(child);
  life.next();
  assert.is(child.state, TASK_STOPPED);

  const attach = ptrace_attach(tracer, child);
  assert.ok(sleeps(attach));
  assert.ok(child.jobctl & JOBCTL_TRAPPING);
  life.next(); // out of the one stop and into the other
  assert.is(child.state, __TASK_TRACED);
  assert.not(child.jobctl & JOBCTL_TRAPPING);
  assert.is(ends(attach), 0);
});

test('TRACEME makes the parent the tracer, once', () => {
  const { init, child } = family(0);
  assert.is(ptrace_traceme(child), 0);
  assert.ok(init.ptraced.has(child));
  assert.is(ptrace_traceme(child), -EPERM);
});

test('TRACEME does nothing when the parent is about to exit', () => {
  const { init, child } = family(0);
  init.flags |= PF_EXITING;
  assert.is(ptrace_traceme(child), 0);
  assert.is(child.ptrace, 0);
});

test('check 300: DETACH takes the work of a tracer away, and nobody else`s', () => {
  const { init, tracer, child } = family();
  const life = stop(child);
  child.thread_info.syscall_work =
    SYSCALL_WORK_SYSCALL_TRACE | SYSCALL_WORK_SYSCALL_EMU | SYSCALL_WORK_SECCOMP;
  assert.is(ptrace_detach(tracer, child, SIGUSR1), 0);
  assert.is(child.thread_info.syscall_work, SYSCALL_WORK_SECCOMP);
  assert.is(child.ptrace, 0);
  assert.is(child.parent, init);
  assert.is(tracer.ptraced.size, 0);
  assert.is(ends(life), SIGUSR1);
});

test('DETACH with no signal is EIO, and changes nothing', () => {
  const { tracer, child } = family();
  stop(child);
  assert.is(ptrace_detach(tracer, child, 65), -EIO);
  assert.ok(tracer.ptraced.has(child));
});

test('check 145: in a stopped process a tracee that is let go stops with it', () => {
  const { tracer, child } = family();
  stop(child);
  child.signal.flags = SIGNAL_STOP_STOPPED;
  ptrace_detach(tracer, child, 0);
  assert.ok(child.jobctl & JOBCTL_STOP_PENDING);
  assert.not(child.jobctl & JOBCTL_TRAP_STOP);
});

test('check 139: a tracer that exits kills those with EXITKILL, and lets the others go', () => {
  const { kernel, init, tracer, child } = family(PT_PTRACED | PT_EXITKILL);
  const other = testTask(kernel, init);
  now(ptrace_seize(tracer, other, 0, 0));
  const dead: Task[] = [];
  exit_ptrace(tracer, dead);
  assert.equal(dead, []);
  assert.is(tracer.ptraced.size, 0);
  assert.ok(sigismember(child.pending.signal, SIGKILL));
  assert.not(sigismember(other.pending.signal, SIGKILL));
});

test('a thread that ended while it was traced is gone when its tracer is', () => {
  const { kernel, tracer, child } = family(0);
  const thread = testTask(kernel, child, true);
  now(ptrace_seize(tracer, thread, 0, 0));
  thread.exit_state = EXIT_ZOMBIE;
  const dead: Task[] = [];
  exit_ptrace(tracer, dead);
  assert.equal(dead, [thread]);
  assert.is(thread.exit_state, EXIT_DEAD);
});

test('the parent of a process that ended hears of it when the tracer is gone', () => {
  const { init, tracer, child } = family();
  catches(init, 0x40_0000);
  child.exit_state = EXIT_ZOMBIE;
  const dead: Task[] = [];
  exit_ptrace(tracer, dead);
  assert.equal(dead, []);
  assert.is(child.exit_state, EXIT_ZOMBIE);
  assert.equal(
    init.signal.shared_pending.list.map(({ info }) => info.si_signo),
    [SIGCHLD],
  );
});

test('one that ignores its children does not wait for it', () => {
  const { kernel, tracer } = family();
  const own = testTask(kernel, tracer);
  now(ptrace_seize(tracer, own, 0, 0));
  own.exit_state = EXIT_ZOMBIE;
  catches(tracer, SIG_IGN);
  const dead: Task[] = [];
  exit_ptrace(tracer, dead);
  assert.equal(dead, [own]);
});

const catches = (task: Task, sa_handler: number): unknown =>
  do_sigaction(task, SIGCHLD, {
    sa_handler: sa_handler as UserPtr,
    sa_flags: 0,
    sa_restorer: 0 as UserPtr,
    sa_mask: EMPTY_SIGSET,
  });

test.run();
