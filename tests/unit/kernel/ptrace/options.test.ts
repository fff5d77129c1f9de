import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CAP_EMPTY_SET, commit_creds, prepare_creds } from '../../../../kernel/cred.ts';
import { PT_PTRACED, PT_SEIZED, PT_SUSPEND_SECCOMP } from '../../../../kernel/include/linux/ptrace.ts';
import { SYSCALL_WORK_SECCOMP } from '../../../../kernel/include/linux/sched.ts';
import { EINVAL, EPERM } from '../../../../kernel/include/uapi/errno.ts';
import {
  PTRACE_O_EVENTS,
  PTRACE_O_EXITKILL,
  PTRACE_O_MASK,
  PTRACE_O_SUSPEND_SECCOMP,
  PTRACE_O_TRACESYSGOOD,
} from '../../../../kernel/include/uapi/ptrace.ts';
import { ptrace_setoptions } from '../../../../kernel/ptrace/options.ts';
import { family } from '../../../lib/traced.ts';

test('options take the place of those that were; how it was attached stays', () => {
  const { tracer, child } = family(PT_PTRACED | PT_SEIZED);
  assert.is(ptrace_setoptions(tracer, child, PTRACE_O_MASK), 0);
  assert.is(ptrace_setoptions(tracer, child, PTRACE_O_TRACESYSGOOD), 0);
  assert.is(child.ptrace, PT_PTRACED | PT_SEIZED | (PTRACE_O_TRACESYSGOOD << 3));
});

test('check 119: options that there are not are EINVAL, whatever else is asked', () => {
  const { tracer, child } = family();
  for (const options of [1 << 8, PTRACE_O_EVENTS | (1 << 19), 2 ** 32, 2 ** 63])
    assert.is(ptrace_setoptions(tracer, child, options), -EINVAL);
  assert.is(child.ptrace, PT_PTRACED);
});

test('SUSPEND_SECCOMP is for who has CAP_SYS_ADMIN and is neither filtered nor suspended', () => {
  const { tracer, child } = family();
  const suspend = (): number =>
    ptrace_setoptions(tracer, child, PTRACE_O_SUSPEND_SECCOMP | PTRACE_O_EXITKILL);
  assert.is(suspend(), 0);
  assert.ok(child.ptrace & PT_SUSPEND_SECCOMP);
  tracer.thread_info.syscall_work |= SYSCALL_WORK_SECCOMP;
  assert.is(suspend(), -EPERM);
  tracer.thread_info.syscall_work = 0;
  tracer.ptrace = PT_PTRACED | PT_SUSPEND_SECCOMP;
  assert.is(suspend(), -EPERM);
  tracer.ptrace = 0;
  commit_creds(tracer, { ...prepare_creds(tracer), cap_effective: CAP_EMPTY_SET });
  assert.is(suspend(), -EPERM);
});

test.run();
