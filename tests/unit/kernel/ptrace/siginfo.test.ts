import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { TIF_RESTORE_SIGMASK } from '../../../../kernel/include/linux/sched.ts';
import type { UserPtr } from '../../../../kernel/include/linux/types.ts';
import { EFAULT, EINVAL } from '../../../../kernel/include/uapi/errno.ts';
import { SIGKILL, SIGSTOP, SIGTRAP, SIGUSR1, SIGUSR2 } from '../../../../kernel/include/uapi/signal.ts';
import { PIDTYPE_PID, PIDTYPE_TGID } from '../../../../kernel/pid.ts';
import {
  ptrace_getsiginfo,
  ptrace_getsigmask,
  ptrace_peek_siginfo,
  ptrace_setsiginfo,
  ptrace_setsigmask,
} from '../../../../kernel/ptrace/siginfo.ts';
import { do_send_sig_info } from '../../../../kernel/signal/kill.ts';
import { SEND_SIG_NOINFO } from '../../../../kernel/signal/siginfo.ts';
import { sigset } from '../../../../kernel/signal/sigset.ts';
import { family, stop, userMemory } from '../../../lib/traced.ts';

/* ptrace(2), PTRACE_PEEKSIGINFO and the rest; the layout of siginfo_t is <asm-generic/siginfo.h>'s. */

const [ARGS, OUT, BAD] = [0x1000 as UserPtr, 0x2000 as UserPtr, 0x10 as UserPtr];
const SHARED = 1;
const SIGINFO_SIZE = 128;

function setting() {
  const all = family();
  return { ...all, view: userMemory(all) };
}

test('GETSIGINFO shows what it stopped with, SETSIGINFO what the handler will see', () => {
  const { tracer, child, view } = setting();
  stop(child, SIGTRAP | 0x80);
  assert.is(ptrace_getsiginfo(tracer, child, OUT), 0);
  assert.equal([view.getInt32(OUT, true), view.getInt32(OUT + 8, true)], [SIGTRAP, SIGTRAP | 0x80]);
  view.setInt32(OUT, SIGUSR1, true);
  view.setInt32(OUT + 8, -7, true);
  assert.is(ptrace_setsiginfo(tracer, child, OUT), 0);
  assert.equal([child.last_siginfo!.si_signo, child.last_siginfo!.si_code], [SIGUSR1, -7]);
  assert.is(ptrace_getsiginfo(tracer, child, BAD), -EFAULT);
  assert.is(ptrace_setsiginfo(tracer, child, BAD), -EFAULT);
});

test('check 125: a group stop of one that was attached has no siginfo', () => {
  const { tracer, child } = setting();
  stop(child);
  child.last_siginfo = null;
  assert.is(ptrace_getsiginfo(tracer, child, OUT), -EINVAL);
  assert.is(ptrace_setsiginfo(tracer, child, OUT), -EINVAL);
});

/** struct ptrace_peeksiginfo_args */
function peek({ tracer, child, view }: ReturnType<typeof setting>, off: number, flags: number, nr: number) {
  view.setBigUint64(ARGS, BigInt(off), true);
  view.setUint32(ARGS + 8, flags, true);
  view.setInt32(ARGS + 12, nr, true);
  return ptrace_peek_siginfo(tracer, child, ARGS, OUT);
}

test('check 152: PEEKSIGINFO copies what is pending, the thread`s or the process`s, and takes nothing', () => {
  const all = setting();
  const { child, view } = all;
  child.blocked = sigset(SIGUSR1, SIGUSR2, 40);
  do_send_sig_info(SIGUSR1, SEND_SIG_NOINFO, child, PIDTYPE_PID);
  do_send_sig_info(40, SEND_SIG_NOINFO, child, PIDTYPE_PID);
  do_send_sig_info(SIGUSR2, SEND_SIG_NOINFO, child, PIDTYPE_TGID);
  assert.is(peek(all, 0, 0, 10), 2);
  assert.equal([view.getInt32(OUT, true), view.getInt32(OUT + SIGINFO_SIZE, true)], [SIGUSR1, 40]);
  assert.is(peek(all, 1, 0, 10), 1);
  assert.is(view.getInt32(OUT, true), 40);
  assert.is(peek(all, 0, SHARED, 10), 1);
  assert.is(view.getInt32(OUT, true), SIGUSR2);
  assert.is(child.pending.list.length, 2);
});

test('check 152: beyond the end there is nothing; a negative number and other flags are EINVAL', () => {
  const all = setting();
  assert.is(peek(all, 5, 0, 10), 0);
  assert.is(peek(all, 2 ** 40, 0, 10), 0);
  assert.is(peek(all, 0, 0, 0), 0);
  assert.is(peek(all, 0, 0, -1), -EINVAL);
  assert.is(peek(all, 0, 2, 1), -EINVAL);
  assert.is(ptrace_peek_siginfo(all.tracer, all.child, BAD, OUT), -EFAULT);
});

test('check 153: a mask is 8 bytes', () => {
  const { tracer, child } = setting();
  for (const size of [0, 4, 16]) {
    assert.is(ptrace_getsigmask(tracer, child, size, OUT), -EINVAL);
    assert.is(ptrace_setsigmask(tracer, child, size, OUT), -EINVAL);
  }
  assert.is(ptrace_setsigmask(tracer, child, 8, BAD), -EFAULT);
});

test('check 151: SETSIGMASK blocks all but SIGKILL and SIGSTOP', () => {
  const { tracer, child, view } = setting();
  view.setBigUint64(OUT, 2n ** 64n - 1n, true);
  assert.is(ptrace_setsigmask(tracer, child, 8, OUT), 0);
  assert.is(ptrace_getsigmask(tracer, child, 8, OUT), 0);
  assert.is(view.getBigUint64(OUT, true), 0xffff_ffff_fffb_feffn);
  assert.is(view.getBigUint64(OUT, true) & (1n << BigInt(SIGKILL - 1)), 0n);
  assert.is(view.getBigUint64(OUT, true) & (1n << BigInt(SIGSTOP - 1)), 0n);
});

test('in sigsuspend it is the mask that it goes back to, until the tracer says another', () => {
  const { tracer, child, view } = setting();
  child.thread_info.flags |= TIF_RESTORE_SIGMASK;
  child.saved_sigmask = sigset(SIGUSR1);
  child.blocked = sigset(SIGUSR2);
  ptrace_getsigmask(tracer, child, 8, OUT);
  assert.is(view.getBigUint64(OUT, true), 1n << BigInt(SIGUSR1 - 1));
  ptrace_setsigmask(tracer, child, 8, OUT);
  assert.is(child.thread_info.flags & TIF_RESTORE_SIGMASK, 0);
  assert.equal(child.blocked, sigset(SIGUSR1));
});

test.run();
