import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { JOBCTL_LISTENING, JOBCTL_PTRACE_FROZEN } from '../../../../kernel/include/linux/jobctl.ts';
import { TASK_RUNNING, __TASK_TRACED } from '../../../../kernel/include/linux/sched.ts';
import { ESRCH } from '../../../../kernel/include/uapi/errno.ts';
import { PTRACE_EVENT_EXEC } from '../../../../kernel/include/uapi/ptrace.ts';
import { SIGKILL, SIGTRAP } from '../../../../kernel/include/uapi/signal.ts';
import { ptrace_check_attach, ptrace_unfreeze_traced } from '../../../../kernel/ptrace/check.ts';
import { send_sig } from '../../../../kernel/signal/kill.ts';
import { testTask } from '../../../lib/kernel.ts';
import { family, stop } from '../../../lib/traced.ts';

test('check 120: "most ptrace commands require the tracee to be in a ptrace-stop, otherwise they fail with ESRCH"', () => {
  const { tracer, child } = family();
  assert.is(ptrace_check_attach(tracer, child, false), -ESRCH);
  stop(child);
  assert.is(ptrace_check_attach(tracer, child, false), 0);
});

test('who is not traced, or traced by somebody else, is ESRCH, also for what needs no stop', () => {
  const { kernel, init, tracer, child } = family();
  assert.is(ptrace_check_attach(tracer, init, true), -ESRCH);
  assert.is(ptrace_check_attach(init, child, true), -ESRCH);
  assert.is(ptrace_check_attach(tracer, child, true), 0);
  // check 146: another thread of the tracer is not the tracer
  assert.is(ptrace_check_attach(testTask(kernel, tracer, true), child, true), -ESRCH);
});

test('check 126: one that listens does not answer', () => {
  const { tracer, child } = family();
  stop(child);
  child.jobctl |= JOBCTL_LISTENING;
  assert.is(ptrace_check_attach(tracer, child, false), -ESRCH);
});

test('SIGKILL takes it out of its stop when the request is done', () => {
  const { tracer, child } = family();
  stop(child);
  ptrace_check_attach(tracer, child, false);
  assert.ok(child.jobctl & JOBCTL_PTRACE_FROZEN);
  send_sig(SIGKILL, child, true);
  assert.is(child.state, __TASK_TRACED);
  ptrace_unfreeze_traced(child);
  assert.is(child.state, TASK_RUNNING);
  assert.is(ptrace_check_attach(tracer, child, false), -ESRCH);
});

test('under the number of a leader that a thread`s execve replaced nothing is asked before the event was read', () => {
  const { tracer, child } = family();
  stop(child, (PTRACE_EVENT_EXEC << 8) | SIGTRAP, child.pid + 1);
  assert.is(ptrace_check_attach(tracer, child, false), -ESRCH);
  child.exit_code = 0; // wait() has told of it
  assert.is(ptrace_check_attach(tracer, child, false), 0);
});

test.run();
