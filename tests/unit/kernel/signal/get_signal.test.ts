import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { JOBCTL_STOP_PENDING } from '../../../../kernel/include/linux/jobctl.ts';
import {
  TASK_RUNNING,
  TASK_STOPPED,
  type Task,
  __TASK_TRACED,
} from '../../../../kernel/include/linux/sched.ts';
import type { UserPtr } from '../../../../kernel/include/linux/types.ts';
import { CLD_CONTINUED, CLD_STOPPED, CLD_TRAPPED } from '../../../../kernel/include/uapi/siginfo.ts';
import {
  SA_NOCLDSTOP,
  SIGCHLD,
  SIGCONT,
  SIGKILL,
  SIGSTOP,
  SIGTSTP,
  SIGUSR1,
  SIGUSR2,
} from '../../../../kernel/include/uapi/signal.ts';
import { type KSignal, get_signal } from '../../../../kernel/signal/get_signal.ts';
import { do_sigaction } from '../../../../kernel/signal/action.ts';
import { do_send_sig_info, send_sig } from '../../../../kernel/signal/kill.ts';
import { SEND_SIG_NOINFO } from '../../../../kernel/signal/siginfo.ts';
import { EMPTY_SIGSET, sigismember } from '../../../../kernel/signal/sigset.ts';
import { PIDTYPE_TGID } from '../../../../kernel/pid.ts';
import type { Sleeps } from '../../../../kernel/sched/wait.ts';
import { testKernel, testTask } from '../../../lib/kernel.ts';

/** A parent that catches SIGCHLD, and its child: what the child's signals do, step by step. */
function family(flags = 0) {
  const kernel = testKernel();
  const parent = testTask(kernel, testTask(kernel));
  const child = testTask(kernel, parent);
  kernel.sched.current = child;
  const act = { sa_handler: 0x40_0000 as UserPtr, sa_restorer: 0 as UserPtr, sa_mask: EMPTY_SIGSET };
  do_sigaction(parent, SIGCHLD, { ...act, sa_flags: flags });
  const heard = (): [number, number] | null => {
    const entry = parent.signal.shared_pending.list.pop();
    parent.signal.shared_pending.signal = EMPTY_SIGSET;
    return entry ? [entry.info.si_code, entry.info.si_status ?? 0] : null;
  };
  const handle = (task: Task, sig: number): unknown => do_sigaction(task, sig, { ...act, sa_flags: 0 });
  return { kernel, parent, child, heard, handle };
}

/** Takes the next step; undefined while it sleeps. */
function step(life: Sleeps<KSignal | null>): KSignal | null | undefined {
  const { done, value } = life.next();
  return done ? value : undefined;
}

test('a stop signal stops the process, the parent hears of it, and SIGCONT takes it on', () => {
  const { child, heard } = family();
  send_sig(SIGSTOP, child, true);
  const life = get_signal(child);
  assert.is(step(life), undefined);
  assert.is(child.state, TASK_STOPPED);
  assert.equal(heard(), [CLD_STOPPED, SIGSTOP]);

  do_send_sig_info(SIGCONT, SEND_SIG_NOINFO, child, PIDTYPE_TGID);
  assert.is(child.state, TASK_RUNNING);
  assert.is(step(life), null);
  assert.equal(heard(), [CLD_CONTINUED, SIGCONT]);
});

test('all threads stop, and the last one to do so tells the parent', () => {
  const { kernel, child, heard } = family();
  const thread = testTask(kernel, child, true);
  send_sig(SIGSTOP, child, true);
  const first = get_signal(child);
  step(first);
  assert.is(heard(), null);
  assert.ok(thread.jobctl & JOBCTL_STOP_PENDING);
  step(get_signal(thread));
  assert.is(thread.state, TASK_STOPPED);
  assert.equal(heard(), [CLD_STOPPED, SIGSTOP]);
});

test('SA_NOCLDSTOP keeps the signal away', () => {
  const { child, heard } = family(SA_NOCLDSTOP);
  send_sig(SIGSTOP, child, true);
  step(get_signal(child));
  assert.is(child.state, TASK_STOPPED);
  assert.is(heard(), null);
});

test('SIGKILL gets through to a stopped process', () => {
  const { child } = family();
  send_sig(SIGSTOP, child, true);
  step(get_signal(child));
  send_sig(SIGKILL, child, true);
  assert.is(child.state, TASK_RUNNING);
  assert.is(child.signal.group_exit_code, SIGKILL);
});

test('in an orphaned process group the terminal cannot stop anybody, SIGSTOP can', () => {
  const { kernel } = family();
  const init = kernel.init!;
  const orphan = testTask(kernel, init);
  kernel.sched.current = orphan;
  send_sig(SIGTSTP, orphan, true);
  assert.is(step(get_signal(orphan)), null);
  send_sig(SIGSTOP, orphan, true);
  assert.is(step(get_signal(orphan)), undefined);
  assert.is(orphan.state, TASK_STOPPED);
});

test('lower numbers are delivered first', () => {
  const { child, handle } = family();
  for (const sig of [SIGUSR2, SIGUSR1]) {
    handle(child, sig);
    send_sig(sig, child, true);
  }
  assert.is(step(get_signal(child))?.sig, SIGUSR1);
  assert.is(step(get_signal(child))?.sig, SIGUSR2);
  assert.is(step(get_signal(child)), null);
});

test('a tracer sees the signal first, and may change it, drop it or let it be', () => {
  const { parent, child, heard, handle } = family();
  child.ptrace = 1;
  child.parent = parent;
  for (const sig of [SIGUSR1, SIGUSR2]) handle(child, sig);

  for (const [answer, delivered] of [
    [SIGUSR1, SIGUSR1],
    [SIGUSR2, SIGUSR2],
    [0, undefined],
  ] as const) {
    send_sig(SIGUSR1, child, true);
    const life = get_signal(child);
    assert.is(step(life), undefined);
    assert.is(child.state, __TASK_TRACED);
    assert.is(child.exit_code, SIGUSR1);
    assert.is(child.last_siginfo?.si_code, 0x80);
    assert.equal(heard(), [CLD_TRAPPED, SIGUSR1]);

    child.exit_code = answer; // PTRACE_CONT with this signal
    child.state = TASK_RUNNING;
    const taken = step(life);
    assert.is(taken?.sig, delivered);
    // Another number is the tracer's own signal.
    if (answer === SIGUSR2) assert.equal([taken?.info.si_code, taken?.info.si_pid], [0, parent.tgid]);
  }
});

test('a tracee of PTRACE_ATTACH traps for a group stop with the signal, one of PTRACE_SEIZE with an event', () => {
  for (const [seized, code] of [
    [0, SIGSTOP],
    [0x1_0000, SIGSTOP | (128 << 8)],
  ] as const) {
    const { parent, child } = family();
    child.ptrace = 1 | seized;
    child.parent = parent;
    send_sig(SIGSTOP, child, true);
    const life = get_signal(child);
    step(life); // signal-delivery-stop
    child.exit_code = SIGSTOP;
    child.state = TASK_RUNNING;
    step(life); // group-stop
    assert.is(child.state, __TASK_TRACED);
    assert.is(child.exit_code, code);
    assert.is(child.last_siginfo?.si_code, seized ? code : undefined);
  }
});

test('SIGKILL leaves nothing for the tracer to see', () => {
  const { parent, child } = family();
  child.ptrace = 1;
  child.parent = parent;
  send_sig(SIGUSR1, child, true);
  const life = get_signal(child);
  step(life);
  send_sig(SIGKILL, child, true);
  assert.is(child.state, TASK_RUNNING);
  assert.ok(sigismember(child.pending.signal, SIGKILL));
});

test.run();
