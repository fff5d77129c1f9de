import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { PtRegs } from '../../../../arch/arm64/include/asm/ptrace.ts';
import {
  NO_SYSCALL,
  syscall_exit_to_user_mode_work,
  syscall_trace_enter,
} from '../../../../kernel/entry/common.ts';
import { set_syscall_user_dispatch } from '../../../../kernel/entry/syscall_user_dispatch.ts';
import {
  SYSCALL_WORK_SECCOMP,
  SYSCALL_WORK_SYSCALL_TRACE,
  SYSCALL_WORK_SYSCALL_USER_DISPATCH,
  TIF_SIGPENDING,
  type Task,
} from '../../../../kernel/include/linux/sched.ts';
import { SIGSEGV, SIGSYS } from '../../../../kernel/include/uapi/signal.ts';
import { SECCOMP_MODE_STRICT } from '../../../../kernel/include/uapi/seccomp.ts';
import { sigismember } from '../../../../kernel/signal/sigset.ts';
import { now, testKernel, testTask } from '../../../lib/kernel.ts';

const EINVAL = 22;
const EPERM = 1;
const EFAULT = 14;
const [OFF, EXCLUSIVE, INCLUSIVE] = [0, 1, 2];

interface World {
  readonly task: Task;
  /** Who was asked, in order. */
  readonly log: string[];
}

/** A task at `pc` whose selector byte, if it is asked for, reads as `selector`. */
function world({
  pc = 0x5000,
  selector = 1,
  sigreturn = false,
  allowed = true as boolean | null,
} = {}): World {
  const log: string[] = [];
  const kernel = testKernel({
    instruction_pointer: () => pc,
    syscall_rollback: () => log.push('rollback'),
    syscall_get_arch: () => 0xc000_00b7,
    arch_syscall_is_vdso_sigreturn: () => {
      log.push('vdso');
      return sigreturn;
    },
    get_user: () => {
      log.push('selector');
      return selector;
    },
    // biome-ignore lint/correctness/useYield: a tracer that answers at once
    arch_ptrace_report_syscall_entry: function* () {
      log.push('tracer');
      return false;
    },
    // biome-ignore lint/correctness/useYield: as above
    arch_ptrace_report_syscall_exit: function* () {
      log.push('exit stop');
    },
  });
  kernel.syscall_user_dispatch = allowed;
  const task = testTask(kernel);
  task.mm = {} as Task['mm'];
  (task.regs as PtRegs).syscallno = 0x1234;
  return { task, log };
}

const arm = ({ task }: World, mode = EXCLUSIVE, offset = 0n, len = 0n, selector = 0x100n): number =>
  set_syscall_user_dispatch(task, mode!, offset, len, selector);

const enter = ({ task }: World): number => now(syscall_trace_enter(task, task.regs));
const pending = ({ task }: World, sig: number): boolean => sigismember(task.pending.signal, sig);

test('a call in the exempt range costs no look at the selector', () => {
  const w = world({ pc: 0x5004 });
  assert.is(arm(w, EXCLUSIVE, 0x5000n, 8n), 0);
  assert.is(enter(w), 0x1234);
  assert.equal(w.log, []);
});

test("the vDSO's sigreturn passes before the selector is read", () => {
  const w = world({ sigreturn: true });
  arm(w);
  assert.is(enter(w), 0x1234);
  assert.equal(w.log, ['vdso']);
});

test('a dispatched call is rolled back, and its SIGSYS tells the call', () => {
  const w = world();
  arm(w);
  assert.is(enter(w), NO_SYSCALL);
  assert.equal(w.log, ['vdso', 'selector', 'rollback']);
  assert.ok(pending(w, SIGSYS));
  const [{ info }] = w.task.pending.list as unknown as [{ info: object }];
  assert.equal(info, {
    si_signo: SIGSYS,
    si_errno: 0,
    si_code: 2,
    si_call_addr: 0x5000,
    si_syscall: 0x1234,
    si_arch: 0xc000_00b7,
  });
});

test('nobody else sees a dispatched call, neither its beginning nor its end', () => {
  const w = world();
  arm(w);
  w.task.thread_info.syscall_work |= SYSCALL_WORK_SYSCALL_TRACE | SYSCALL_WORK_SECCOMP;
  w.task.seccomp.mode = SECCOMP_MODE_STRICT; // it would kill
  assert.is(enter(w), NO_SYSCALL);
  const rest = syscall_exit_to_user_mode_work(w.task);
  if (rest) now(rest);
  assert.not.ok(w.log.includes('tracer') || w.log.includes('exit stop'));
  assert.not.ok(w.task.syscall_dispatch.on_dispatch);
});

test('the next call is seen again', () => {
  const w = world({ selector: 0 });
  arm(w);
  w.task.thread_info.syscall_work |= SYSCALL_WORK_SYSCALL_TRACE;
  assert.is(enter(w), 0x1234);
  const rest = syscall_exit_to_user_mode_work(w.task);
  if (rest) now(rest);
  assert.equal(w.log, ['vdso', 'selector', 'tracer', 'exit stop']);
});

test('a broken selector ends the program: no rollback, no handler', () => {
  for (const [selector, sig] of [
    [-EFAULT, SIGSEGV],
    [2, SIGSYS],
    [255, SIGSYS],
  ] as const) {
    const w = world({ selector });
    arm(w);
    w.task.sighand.action[sig - 1]!.sa_handler = 0x4000 as never;
    assert.is(enter(w), NO_SYSCALL);
    assert.is(w.task.sighand.action[sig - 1]!.sa_handler, 0);
    assert.ok(w.task.thread_info.flags & TIF_SIGPENDING);
    assert.not.ok(w.log.includes('rollback') || w.task.syscall_dispatch.on_dispatch);
  }
});

test('INCLUSIVE is the other way round, and a tracer is shown the complement', () => {
  for (const [pc, dispatched] of [
    [0x4fff, false],
    [0x5000, true],
    [0x5007, true],
    [0x5008, false],
  ] as const) {
    const w = world({ pc });
    assert.is(arm(w, INCLUSIVE, 0x5000n, 8n), 0);
    assert.is(enter(w) === NO_SYSCALL, dispatched);
    assert.equal(w.task.syscall_dispatch.config, {
      selector: 0x100n,
      offset: 0x5008n,
      len: 0xffff_ffff_ffff_fff8n,
    });
  }
});

test('arguments are judged in this order: range, switch, selector', () => {
  const bad = 1n << 60n; // neither a user address nor a tag on one
  assert.is(arm(world({ allowed: false }), EXCLUSIVE, 1n, 0n, ~bad & 0xffff_ffff_ffff_ffffn), -EINVAL);
  assert.is(arm(world({ allowed: false }), EXCLUSIVE, 0n, 0n, 1n << 50n), -EPERM);
  assert.is(arm(world(), EXCLUSIVE, 0n, 0n, 1n << 50n), -EFAULT);
  assert.is(arm(world({ allowed: false }), OFF, 0n, 0n, 0n), 0);
});

test('a kernel without it refuses even OFF', () => {
  assert.is(arm(world({ allowed: null }), OFF, 0n, 0n, 0n), -EINVAL);
});

test('a refused change changes nothing', () => {
  const w = world();
  arm(w);
  const before = w.task.syscall_dispatch;
  assert.is(arm(w, 3), -EINVAL);
  assert.is(w.task.syscall_dispatch, before);
  assert.ok(w.task.thread_info.syscall_work & SYSCALL_WORK_SYSCALL_USER_DISPATCH);
});

test.run();
