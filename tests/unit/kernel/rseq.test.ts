import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { PtRegs } from '../../../arch/arm64/include/asm/ptrace.ts';
import { TIF_NOTIFY_RESUME, TIF_SIGPENDING, type Task } from '../../../kernel/include/linux/sched.ts';
import type { UserPtr } from '../../../kernel/include/linux/types.ts';
import { CLONE_VM } from '../../../kernel/include/uapi/sched.ts';
import { SIGALRM } from '../../../kernel/include/uapi/signal.ts';
import {
  rseq_debug_syscall_return,
  rseq_exit_to_user_mode,
  rseq_fork,
  rseq_handle_slowpath,
  rseq_note_user_irq_entry,
  rseq_sched_switch_event,
  rseq_signal_deliver,
} from '../../../kernel/rseq.ts';
import { testKernel, testTask } from '../../lib/kernel.ts';

const AREA = 0x100;
const SECTION = 0x200;
const START = 0x4000;
const LENGTH = 0x40;
const ABORT = 0x5000;
const SIGNATURE = 0xd428_bc00;

/** A registered task in the middle of its critical section; memory is a map of words. */
function world(pc = START + 8) {
  const memory = new Map<number, number>([
    [AREA + 8, SECTION],
    [SECTION, 0],
    [SECTION + 4, 0],
    [SECTION + 8, START],
    [SECTION + 16, LENGTH],
    [SECTION + 24, ABORT],
    [ABORT - 4, SIGNATURE],
  ]);
  const kernel = testKernel({
    instruction_pointer: (regs) => (regs as PtRegs).pc,
    instruction_pointer_set: (regs, address) => {
      (regs as PtRegs).pc = address;
    },
    get_user: (_, from) => memory.get(from) ?? -14,
    put_user: (_, to, value) => {
      memory.set(to, value);
      return 0;
    },
  });
  const task = testTask(kernel);
  task.mm = {} as Task['mm'];
  task.rseq = { usrptr: AREA as UserPtr, len: 32, sig: SIGNATURE, user_irq: false, sched_switch: false };
  (task.regs as PtRegs).pc = pc;
  return { kernel, task, memory, pc: () => (task.regs as PtRegs).pc };
}

const killed = ({ thread_info }: Task): boolean => (thread_info.flags & TIF_SIGPENDING) !== 0;

test('preempted by an interrupt, the section is aborted', () => {
  const { task, memory, pc } = world();
  rseq_note_user_irq_entry(task);
  rseq_sched_switch_event(task);
  assert.ok(task.thread_info.flags & TIF_NOTIFY_RESUME);
  rseq_handle_slowpath(task);
  assert.is(pc(), ABORT);
  assert.is(memory.get(AREA + 8), 0);
});

test('a switch in a system call arms nothing', () => {
  const { task, pc } = world();
  rseq_sched_switch_event(task);
  assert.not.ok(task.thread_info.flags & TIF_NOTIFY_RESUME);
  rseq_handle_slowpath(task);
  rseq_signal_deliver(task, SIGALRM);
  assert.is(pc(), START + 8);
});

test('an interrupt without a switch aborts nothing, and is forgotten in user space', () => {
  const { task, pc } = world();
  rseq_note_user_irq_entry(task);
  rseq_handle_slowpath(task);
  rseq_exit_to_user_mode(task.rseq!);
  rseq_sched_switch_event(task); // of the system call that came next
  assert.not.ok(task.thread_info.flags & TIF_NOTIFY_RESUME);
  assert.is(pc(), START + 8);
});

test('a signal aborts before its frame is built', () => {
  const { task, pc } = world();
  rseq_note_user_irq_entry(task);
  rseq_signal_deliver(task, SIGALRM);
  assert.is(pc(), ABORT);
});

test('the section begins at its first address and ends before its last', () => {
  for (const [at, aborted] of [
    [START - 4, false],
    [START, true],
    [START + LENGTH - 4, true],
    [START + LENGTH, false],
  ] as const) {
    const { task, memory, pc } = world(at);
    rseq_note_user_irq_entry(task);
    rseq_signal_deliver(task, SIGALRM);
    assert.is(pc(), aborted ? ABORT : at);
    assert.is(memory.get(AREA + 8), 0, 'it is left either way');
  }
});

test('what cannot be is SIGSEGV', () => {
  for (const [at, value] of [
    [ABORT - 4, SIGNATURE + 1],
    [SECTION + 24, START + 4],
    [SECTION + 24, 2 ** 48],
    [SECTION + 24, 2],
    [AREA + 8, 2 ** 48],
    [AREA + 8, 0x300],
  ] as const) {
    const { task, memory, pc } = world();
    memory.set(at, value);
    rseq_note_user_irq_entry(task);
    rseq_sched_switch_event(task);
    rseq_handle_slowpath(task);
    assert.ok(killed(task));
    assert.is(pc(), START + 8);
  }
});

test('version and flags count only for rseq_debug', () => {
  for (const debug of [false, true]) {
    const { kernel, task, memory } = world();
    kernel.rseq_debug = debug;
    memory.set(SECTION, 1);
    rseq_note_user_irq_entry(task);
    rseq_signal_deliver(task, SIGALRM);
    assert.is(killed(task), debug);
  }
});

test('the debug check kills in a section, and only tidies up outside', () => {
  const inside = world();
  rseq_debug_syscall_return(inside.task);
  assert.ok(killed(inside.task));
  const outside = world(START - 4);
  rseq_debug_syscall_return(outside.task);
  assert.not.ok(killed(outside.task));
  assert.is(outside.memory.get(AREA + 8), 0);
});

test('a child process keeps the registration, a thread has none', () => {
  const { task } = world();
  rseq_note_user_irq_entry(task);
  assert.equal(rseq_fork(task, 0), { ...task.rseq, user_irq: false });
  assert.is(rseq_fork(task, CLONE_VM), null);
});

test.run();
