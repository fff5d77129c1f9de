import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { JOBCTL_PTRACE_FROZEN } from '../../../../kernel/include/linux/jobctl.ts';
import { PT_PTRACED, PT_SEIZED } from '../../../../kernel/include/linux/ptrace.ts';
import { TASK_RUNNING, type Task, __TASK_TRACED } from '../../../../kernel/include/linux/sched.ts';
import { EIO, EPERM, ESRCH } from '../../../../kernel/include/uapi/errno.ts';
import * as uapi from '../../../../kernel/include/uapi/ptrace.ts';
import { SIGKILL, SIGUSR1 } from '../../../../kernel/include/uapi/signal.ts';
import { sys_ptrace } from '../../../../kernel/ptrace/request.ts';
import { is_generator } from '../../../../kernel/sched/wait.ts';
import { sigismember } from '../../../../kernel/signal/sigset.ts';
import { now } from '../../../lib/kernel.ts';
import { ends, family, stop } from '../../../lib/traced.ts';

function ptrace(task: Task, request: number | bigint, pid: number, addr = 0, data = 0): number {
  const words = new BigUint64Array(6);
  words.set([request, pid, addr, data].map((word) => BigInt.asUintN(64, BigInt(word))));
  const result = sys_ptrace.call(task, new Uint32Array(words.buffer));
  return Number(is_generator(result) ? now(result) : result);
}

test('nobody has that number: ESRCH, whatever is asked, but for TRACEME, which names nobody', () => {
  const { init, child } = family(0);
  assert.is(ptrace(init, uapi.PTRACE_CONT, 999), -ESRCH);
  assert.is(ptrace(init, uapi.PTRACE_ATTACH, 999), -ESRCH);
  assert.is(ptrace(init, 12345, 999), -ESRCH);
  assert.is(ptrace(child, uapi.PTRACE_TRACEME, 999), 0);
  assert.is(ptrace(child, uapi.PTRACE_TRACEME, 999), -EPERM);
});

test('a request that there is not is EIO, in a stop; all 64 bits of it count', () => {
  const { tracer, child } = family();
  assert.is(ptrace(tracer, 3, child.pid), -ESRCH);
  stop(child);
  for (const request of [3, 6, 12, 33, 0x4213, -1, (1n << 32n) + BigInt(uapi.PTRACE_CONT)])
    assert.is(ptrace(tracer, request, child.pid), -EIO);
  assert.is(child.state, __TASK_TRACED);
  assert.not(child.jobctl & JOBCTL_PTRACE_FROZEN);
});

test('KILL and INTERRUPT do not need a stop', () => {
  const { tracer, child } = family(PT_PTRACED | PT_SEIZED);
  assert.is(ptrace(tracer, uapi.PTRACE_INTERRUPT, child.pid), 0);
  assert.is(ptrace(tracer, uapi.PTRACE_KILL, child.pid), 0);
  assert.ok(sigismember(child.pending.signal, SIGKILL));
});

test('every way to go on does, with the signal', () => {
  for (const request of [
    uapi.PTRACE_CONT,
    uapi.PTRACE_SYSCALL,
    uapi.PTRACE_SYSEMU,
    uapi.PTRACE_SINGLESTEP,
    uapi.PTRACE_SYSEMU_SINGLESTEP,
    uapi.PTRACE_DETACH,
  ]) {
    const { tracer, child } = family();
    const life = stop(child);
    assert.is(ptrace(tracer, request, child.pid, 0, SIGUSR1), 0);
    assert.is(child.state, TASK_RUNNING);
    assert.is(ends(life), SIGUSR1);
  }
});

test('ATTACH and SEIZE are for those who are not traced', () => {
  const { init, tracer, child } = family(0);
  assert.is(ptrace(tracer, uapi.PTRACE_SEIZE, child.pid, 1), -EIO);
  assert.is(ptrace(tracer, uapi.PTRACE_SEIZE, child.pid, 0, uapi.PTRACE_O_EXITKILL), 0);
  assert.is(ptrace(init, uapi.PTRACE_ATTACH, child.pid), -EPERM);
});

test.run();
