import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { STATE } from '../../../../../board/cpu/state.ts';
import type { Arm64 } from '../../../../../arch/arm64/arch.ts';
import { ThreadStruct, thread_of } from '../../../../../arch/arm64/include/asm/processor.ts';
import { FpSimd } from '../../../../../arch/arm64/kernel/fpsimd.ts';
import { aarch64_regsets } from '../../../../../arch/arm64/kernel/regset.ts';
import type { UserRegset } from '../../../../../kernel/include/linux/regset.ts';
import { TIF_FOREIGN_FPSTATE, type Task } from '../../../../../kernel/include/linux/sched.ts';
import { NT_PRFPREG } from '../../../../../kernel/include/uapi/elf.ts';
import { Rig } from '../../../../lib/rig.ts';

/* The model: every task has registers of its own, and nobody else touches them. */

const newTask = (thread = new ThreadStruct()): Task =>
  ({ thread, thread_info: { flags: 0 } }) as unknown as Task;

function setup() {
  const { cpu } = new Rig();
  const fpsimd = new FpSimd(cpu);
  fpsimd.fpsimd_init();
  const fpr = aarch64_regsets({ cpu, fpsimd, tagged_addr: {} } as Arm64).find(
    (set) => set.core_note_type === NT_PRFPREG,
  )!;
  return { cpu, fpsimd, fpr };
}

type Setup = ReturnType<typeof setup>;

/** In user space, about to use a register: trapped if it must be, as the CPU does it. */
function use({ cpu, fpsimd }: Setup, task: Task): void {
  if (task.thread_info.flags & TIF_FOREIGN_FPSTATE) fpsimd.fpsimd_restore_current_state(task);
  cpu.elr = 0n;
  cpu.spsr = 0;
  if (cpu.regs.el === 1) cpu.eret();
  if (cpu.regs.words[STATE.FP_TRAP >>> 2]) fpsimd.do_fpsimd_acc(task);
}

function readAll({ cpu }: Setup): bigint[] {
  return [...cpu.v, BigInt(cpu.readSysreg('FPSR')), BigInt(cpu.readSysreg('FPCR'))];
}

function writeAll({ cpu }: Setup, values: readonly bigint[]): void {
  cpu.v.set(values.slice(0, 64));
  cpu.writeSysreg('FPSR', Number(values[64]));
  cpu.writeSysreg('FPCR', Number(values[65]));
}

const FPSR_BITS = 0x0800_009f;
const FPCR_BITS = 0x07c8_0000;

/** xorshift32 */
function randoms(seed: number): () => number {
  let x = seed;
  return () => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return x >>> 0;
  };
}

function randomRegisters(random: () => number): bigint[] {
  const v = Array.from({ length: 64 }, () => (BigInt(random()) << 32n) | BigInt(random()));
  return [...v, BigInt((random() & FPSR_BITS) >>> 0), BigInt((random() & FPCR_BITS) >>> 0)];
}

/** struct user_fpsimd_state */
function bytesOf(values: readonly bigint[]): Uint8Array {
  const bytes = new Uint8Array(528);
  new BigUint64Array(bytes.buffer, 0, 64).set(values.slice(0, 64));
  new Uint32Array(bytes.buffer, 512, 2).set([Number(values[64]), Number(values[65])]);
  return bytes;
}

const ZEROES = Array.from({ length: 66 }, () => 0n);

test('the first use is an exception, the second is not; another program starts with another exception', () => {
  const s = setup();
  const [a, b] = [newTask(), newTask()];
  const traps = (): boolean => s.cpu.regs.words[STATE.FP_TRAP >>> 2] !== 0;
  s.fpsimd.fpsimd_thread_switch(a);
  s.cpu.spsr = 0;
  s.cpu.eret();
  assert.ok(traps());
  s.fpsimd.do_fpsimd_acc(a);
  assert.not(traps());
  s.fpsimd.fpsimd_thread_switch(b);
  assert.ok(traps());
  s.fpsimd.fpsimd_thread_switch(a);
  assert.not(traps());
  assert.is(a.thread_info.flags & TIF_FOREIGN_FPSTATE, 0); // b did not want them: they are still here
});

test('a tracer writes bits that FPCR does not have: it reads them back until the program has run', () => {
  const s = setup();
  const task = newTask();
  const wanted = bytesOf(ZEROES);
  new Uint32Array(wanted.buffer)[129] = 0xffff_ffff;
  s.fpr.set(task, wanted);
  assert.equal(s.fpr.get(task), wanted);
  s.fpsimd.fpsimd_thread_switch(task);
  use(s, task);
  assert.is(new Uint32Array(s.fpr.get(task).buffer)[129]! & FPCR_BITS, FPCR_BITS);
  assert.is.not(new Uint32Array(s.fpr.get(task).buffer)[129], 0xffff_ffff);
});

/** One thing that happens to the task that is current; `model` is what its registers must be. */
type Action = (s: Setup, tasks: Map<Task, bigint[]>, current: Task, random: () => number) => void;

const actions: Record<string, Action> = {
  'uses its registers': (s, tasks, current, random) => {
    use(s, current);
    assert.equal(readAll(s), tasks.get(current));
    const values = randomRegisters(random);
    writeAll(s, values);
    tasks.set(current, values);
  },
  'is looked at': (s, tasks, current, random) => {
    const task = pick(tasks, random, current);
    assert.equal(get(s.fpr, task), bytesOf(tasks.get(task)!));
  },
  'is written by a tracer or by sigreturn': (s, tasks, current, random) => {
    const task = pick(tasks, random, current);
    const values = randomRegisters(random);
    s.fpr.set(task, bytesOf(values));
    tasks.set(task, values);
  },
  forks: (s, tasks, current) => {
    if (tasks.size > 8) return;
    s.fpsimd.fpsimd_preserve_state(current);
    tasks.set(newTask(ThreadStruct.copy(thread_of(current))), tasks.get(current)!);
  },
  'executes a program': (s, tasks, current) => {
    s.fpsimd.fpsimd_flush_thread(current);
    tasks.set(current, ZEROES);
  },
};

const get = (set: UserRegset, task: Task): Uint8Array => set.get(task) as Uint8Array;

/** Any task, or the current one. */
function pick(tasks: ReadonlyMap<Task, bigint[]>, random: () => number, current: Task): Task {
  return random() & 1 ? current : [...tasks.keys()][random() % tasks.size]!;
}

for (const seed of [1, 2, 3, 4]) {
  test(`every task has registers of its own, whatever happens between two instructions (seed ${seed})`, () => {
    const s = setup();
    const random = randoms(seed * 0x9e37_79b9);
    const tasks = new Map<Task, bigint[]>([[newTask(), ZEROES]]);
    const names = Object.keys(actions);
    let current = [...tasks.keys()][0]!;
    s.fpsimd.fpsimd_thread_switch(current);
    for (let step = 0; step < 1000; step++) {
      const name = names[random() % names.length]!;
      actions[name]!(s, tasks, current, random);
      if (random() & 1) continue;
      const next = pick(tasks, random, current);
      if (next === current) continue;
      if ((random() & 7) === 0) {
        s.fpsimd.fpsimd_release_task(current);
        tasks.delete(current);
      }
      s.fpsimd.fpsimd_thread_switch(next);
      current = next;
    }
  });
}

test.run();
