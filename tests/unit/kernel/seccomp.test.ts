import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { PtRegs } from '../../../arch/arm64/include/asm/ptrace.ts';
import { syscall_trace_enter } from '../../../kernel/entry/common.ts';
import { PT_EVENT_FLAG, PT_PTRACED, PT_SUSPEND_SECCOMP } from '../../../kernel/include/linux/ptrace.ts';
import { PF_EXITING, SYSCALL_WORK_SYSCALL_TRACE, type Task } from '../../../kernel/include/linux/sched.ts';
import { PTRACE_EVENT_SECCOMP } from '../../../kernel/include/uapi/ptrace.ts';
import * as uapi from '../../../kernel/include/uapi/seccomp.ts';
import { new_actions_logged } from '../../../kernel/seccomp.ts';
import {
  attach_filter,
  copy_seccomp,
  type SeccompFilter,
  seccomp_can_sync_threads,
  seccomp_filter_release,
  seccomp_run_filters,
  seccomp_sync_threads,
} from '../../../kernel/seccomp/filter.ts';
import { now, testKernel, testTask } from '../../lib/kernel.ts';

const LOAD_NR = { code: 0x20, jt: 0, jf: 0, k: 0 };
const ret = (k: number) => ({ code: 0x06, jt: 0, jf: 0, k });
const ifNr = (k: number) => ({ code: 0x15, jt: 0, jf: 1, k });

/** A filter on top of the task's present ones that answers `action` to `nr`, and ALLOW to all else. */
function push(task: Task, action: number, nr = 64): SeccompFilter {
  const filter: SeccompFilter = {
    prev: task.seccomp.filter,
    program: [LOAD_NR, ifNr(nr), ret(action), ret(uapi.SECCOMP_RET_ALLOW)],
    length: 8,
    log: false,
    wait_killable_recv: false,
    notif: null,
    users: 1,
  };
  attach_filter(task, filter);
  return filter;
}

function world(onEntryStop = (_: Task): void => {}) {
  const results: unknown[] = [];
  const kernel = testKernel({
    syscall_get_arch: () => 0xc000_00b7,
    syscall_get_argument_words: (_, to, at) => to.set([1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0], at),
    instruction_pointer: () => 0x5000,
    syscall_set_return_value: (_, value) => results.push(value),
    // biome-ignore lint/correctness/useYield: a tracer that answers at once
    arch_ptrace_report_syscall_entry: function* (task) {
      onEntryStop(task);
      return false;
    },
  });
  kernel.seccomp_actions_logged = new_actions_logged();
  const task = testTask(kernel);
  (task.regs as PtRegs).syscallno = 64;
  return { kernel, task, results, enter: () => now(syscall_trace_enter(task, task.regs)) };
}

test('the filter judges the number that the tracer left', () => {
  const { task, results, enter } = world((tracee) => {
    (tracee.regs as PtRegs).syscallno = 172;
  });
  push(task, uapi.SECCOMP_RET_ERRNO | 5, 172);
  task.thread_info.syscall_work |= SYSCALL_WORK_SYSCALL_TRACE;
  assert.is(enter(), -1);
  assert.equal(results, [-5]);
});

test('a filter that came while the task was in its entry stop counts for this call', () => {
  const { task, results, enter } = world((tracee) => push(tracee, uapi.SECCOMP_RET_ERRNO | 88));
  task.thread_info.syscall_work |= SYSCALL_WORK_SYSCALL_TRACE;
  assert.is(enter(), -1);
  assert.equal(results, [-88]);
});

test('of two answers the smaller signed action counts, of equal ones the newer', () => {
  const { task } = world();
  push(task, uapi.SECCOMP_RET_ERRNO | 1);
  const newer = push(task, uapi.SECCOMP_RET_ERRNO | 2);
  push(task, uapi.SECCOMP_RET_LOG);
  const data = new Uint32Array(16);
  data[0] = 64;
  assert.equal(seccomp_run_filters(task, data), { ret: uapi.SECCOMP_RET_ERRNO | 2, match: newer });
  push(task, uapi.SECCOMP_RET_KILL_PROCESS);
  assert.is(seccomp_run_filters(task, data).ret, uapi.SECCOMP_RET_KILL_PROCESS);
});

test('RET_TRACE is asked once: what the tracer leaves is judged without it', () => {
  const { task, results, enter } = world();
  push(task, uapi.SECCOMP_RET_TRACE);
  assert.is(enter(), -1);
  assert.equal(results, [-38], 'without a tracer there is no such call');
  task.ptrace = PT_PTRACED | PT_SUSPEND_SECCOMP | PT_EVENT_FLAG(PTRACE_EVENT_SECCOMP);
  assert.is(enter(), 64, 'suspended by the tracer');
});

test('strict mode lets four calls through', () => {
  const { task, enter } = world();
  push(task, uapi.SECCOMP_RET_ALLOW);
  task.seccomp.mode = uapi.SECCOMP_MODE_STRICT;
  for (const nr of [63, 64, 93, 139]) {
    (task.regs as PtRegs).syscallno = nr;
    assert.is(enter(), nr);
  }
});

test('TSYNC: who has other filters is named, who has none or older ones follows, who exits does not count', () => {
  const { kernel, task } = world();
  const thread = testTask(kernel, task, true);
  push(task, uapi.SECCOMP_RET_LOG);
  assert.is(seccomp_can_sync_threads(task), null);
  seccomp_sync_threads(task);
  assert.is(thread.seccomp.filter, task.seccomp.filter);
  push(task, uapi.SECCOMP_RET_LOG);
  assert.is(seccomp_can_sync_threads(task), null, 'an older one of ours');
  push(thread, uapi.SECCOMP_RET_LOG);
  assert.is(seccomp_can_sync_threads(task), thread);
  thread.flags |= PF_EXITING;
  assert.is(seccomp_can_sync_threads(task), null);
});

test('a filter has users as long as a task or a newer filter in use stands on it', () => {
  const { kernel, task } = world();
  const older = push(task, uapi.SECCOMP_RET_LOG);
  const child = testTask(kernel, task); // fork copies
  assert.is(older.users, 2);
  const newer = push(task, uapi.SECCOMP_RET_LOG);
  assert.equal([older.users, newer.users], [2, 1]);
  seccomp_filter_release(child);
  assert.is(older.users, 1);
  seccomp_filter_release(task);
  assert.equal([older.users, newer.users], [0, 0]);
  copy_seccomp(task, child);
  assert.is(child.seccomp.filter, null);
});

test.run();
