import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Arch } from '../../../../kernel/arch.ts';
import {
  JOBCTL_LISTENING,
  JOBCTL_TRAP_NOTIFY,
  JOBCTL_TRAP_STOP,
} from '../../../../kernel/include/linux/jobctl.ts';
import { PT_PTRACED, PT_SEIZED } from '../../../../kernel/include/linux/ptrace.ts';
import {
  SYSCALL_WORK_SECCOMP,
  SYSCALL_WORK_SYSCALL_EMU,
  SYSCALL_WORK_SYSCALL_TRACE,
  TASK_RUNNING,
  __TASK_TRACED,
} from '../../../../kernel/include/linux/sched.ts';
import { EIO } from '../../../../kernel/include/uapi/errno.ts';
import { PTRACE_EVENT_STOP } from '../../../../kernel/include/uapi/ptrace.ts';
import { SIGKILL, SIGSTOP, SIGTRAP, SIGUSR1 } from '../../../../kernel/include/uapi/signal.ts';
import { ptrace_interrupt, ptrace_listen, ptrace_resume } from '../../../../kernel/ptrace/resume.ts';
import { do_jobctl_trap } from '../../../../kernel/signal/stop.ts';
import { send_sig } from '../../../../kernel/signal/kill.ts';
import { ends, family, stop } from '../../../lib/traced.ts';

const SEIZED = PT_PTRACED | PT_SEIZED;
const GROUP_STOP = (PTRACE_EVENT_STOP << 8) | SIGSTOP;

test('what a request does not set, it clears', () => {
  const { child } = family();
  const info = child.thread_info;
  info.syscall_work = SYSCALL_WORK_SECCOMP | SYSCALL_WORK_SYSCALL_TRACE;
  stop(child);
  ptrace_resume(child, SYSCALL_WORK_SYSCALL_EMU, false, 0);
  assert.is(info.syscall_work, SYSCALL_WORK_SECCOMP | SYSCALL_WORK_SYSCALL_EMU);
  ptrace_resume(child, 0, false, 0);
  assert.is(info.syscall_work, SYSCALL_WORK_SECCOMP);
});

test('check 82: a step is switched on by a step, and off by everything else', () => {
  const { kernel, child } = family();
  const switched: string[] = [];
  Object.assign(kernel.arch as Arch, {
    user_enable_single_step: () => switched.push('on'),
    user_disable_single_step: () => switched.push('off'),
  });
  for (const step of [true, true, false]) ptrace_resume(child, 0, step, 0);
  assert.equal(switched, ['on', 'on', 'off']);
});

test('it goes on with the signal that was given', () => {
  const { child } = family();
  const life = stop(child);
  assert.is(ptrace_resume(child, 0, false, SIGUSR1), 0);
  assert.is(child.state, TASK_RUNNING);
  assert.is(ends(life), SIGUSR1);
});

test('check 121: a signal that there is not is EIO, and it stays stopped', () => {
  const { child } = family();
  stop(child);
  assert.is(ptrace_resume(child, SYSCALL_WORK_SYSCALL_TRACE, false, 65), -EIO);
  assert.is(child.state, __TASK_TRACED);
  assert.is(child.thread_info.syscall_work, 0);
});

test('check 124: INTERRUPT and LISTEN are for those that were seized', () => {
  const { child } = family();
  stop(child, GROUP_STOP);
  assert.is(ptrace_interrupt(child), -EIO);
  assert.is(ptrace_listen(child), -EIO);
});

test('checks 128, 129: INTERRUPT is remembered, once', () => {
  const { child } = family(SEIZED);
  const life = stop(child);
  ptrace_interrupt(child);
  ptrace_interrupt(child);
  assert.is(child.state, __TASK_TRACED);
  assert.ok(child.jobctl & JOBCTL_TRAP_STOP);
  ptrace_resume(child, 0, false, 0);
  ends(life);
  const trap = do_jobctl_trap(child);
  trap.next();
  assert.is(child.exit_code, (PTRACE_EVENT_STOP << 8) | SIGTRAP);
  assert.not(child.jobctl & JOBCTL_TRAP_STOP);
});

test('who is about to die is not told to stop', () => {
  const { child } = family(SEIZED);
  send_sig(SIGKILL, child, true);
  assert.is(ptrace_interrupt(child), 0);
  assert.not(child.jobctl & JOBCTL_TRAP_STOP);
});

test('LISTEN is for the stops of EVENT_STOP', () => {
  const { child } = family(SEIZED);
  stop(child, SIGTRAP | 0x80);
  assert.is(ptrace_listen(child), -EIO);
  const other = family(SEIZED).child;
  stop(other, GROUP_STOP);
  assert.is(ptrace_listen(other), 0);
  assert.is(other.state, __TASK_TRACED);
});

test('check 127: when something has changed between the trap and LISTEN, it traps again at once', () => {
  const { child } = family(SEIZED);
  stop(child, GROUP_STOP);
  child.jobctl |= JOBCTL_TRAP_NOTIFY;
  ptrace_listen(child);
  assert.is(child.state, TASK_RUNNING);
});

test('INTERRUPT takes one that listens out of its stop, to trap anew', () => {
  const { child } = family(SEIZED);
  const life = stop(child, GROUP_STOP);
  ptrace_listen(child);
  ptrace_interrupt(child);
  assert.is(child.state, TASK_RUNNING);
  ends(life);
  assert.not(child.jobctl & JOBCTL_LISTENING);
  assert.ok(child.jobctl & JOBCTL_TRAP_STOP);
});

test.run();
