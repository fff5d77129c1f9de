import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { PERM_EXEC, PERM_READ } from '../../../../board/mmu/walk.ts';
import * as m from '../../../../kernel/include/uapi/mman.ts';
import { access_remote_vm } from '../../../../kernel/mm/gup.ts';
import { dup_mm } from '../../../../kernel/mm/init-mm.ts';
import { vm_mmap_pgoff } from '../../../../kernel/mm/mmap.ts';
import { out_of_memory, oom_badness } from '../../../../kernel/mm/oom_kill.ts';
import { testTask } from '../../../lib/kernel.ts';
import { type MemoryMachine, memoryMachine, newMm, translate, user } from '../../../lib/memory.ts';

const PAGE = 4096;
const AT = 0x10_0000;

function map(machine: MemoryMachine, prot: number, flags = m.MAP_PRIVATE, pages = 2): void {
  const all = flags | m.MAP_ANONYMOUS | m.MAP_FIXED;
  assert.is(vm_mmap_pgoff(machine.task, null, AT, pages * PAGE, prot, all, 0), AT);
}

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);

test('a debugger writes into text: the page becomes private, and stays read-only', () => {
  const machine = memoryMachine();
  map(machine, m.PROT_READ | m.PROT_EXEC);
  const { mm } = machine.task;
  assert.is(access_remote_vm(mm!, AT + PAGE - 2, bytes(1, 2, 3, 4), true), 4);
  const back = new Uint8Array(4);
  assert.is(access_remote_vm(mm!, AT + PAGE - 2, back, false), 4);
  assert.equal(back, bytes(1, 2, 3, 4));
  assert.is(translate(machine, mm!, AT)!.perms, PERM_READ | PERM_EXEC);
  assert.is(machine.mmu.put_user(mm!, user(AT), 9, 1), -14, 'the program itself still may not');
});

test('a debugger reads what the program may not', () => {
  const machine = memoryMachine();
  map(machine, m.PROT_NONE);
  assert.is(access_remote_vm(machine.task.mm!, AT, new Uint8Array(10), false), 10);
});

test('a debugger does not write into shared memory that is read-only', () => {
  const machine = memoryMachine();
  map(machine, m.PROT_READ, m.MAP_SHARED);
  assert.is(access_remote_vm(machine.task.mm!, AT, bytes(1), true), 0);
});

test('a debugger writes into one side of a fork only', () => {
  const machine = memoryMachine();
  map(machine, m.PROT_READ | m.PROT_WRITE);
  machine.mmu.put_user(machine.task.mm!, user(AT), 5, 4);
  const child = dup_mm(machine.task);
  if (typeof child === 'number') throw new Error('no mm');
  access_remote_vm(child, AT, bytes(6), true);
  assert.is(machine.mmu.get_user(machine.task.mm!, user(AT), 4), 5);
  assert.is(machine.mmu.get_user(child, user(AT), 4), 6);
});

test('at the end of a mapping an access stops, and wild addresses are none', () => {
  const machine = memoryMachine();
  map(machine, m.PROT_READ);
  assert.is(access_remote_vm(machine.task.mm!, AT + 2 * PAGE - 3, new Uint8Array(8), false), 3);
  for (const wild of [0, 2 ** 48, -1, Number.NaN]) {
    assert.is(access_remote_vm(machine.task.mm!, wild, new Uint8Array(8), false), 0);
  }
});

test('the OOM killer takes who has most, and its memory is there at once', () => {
  const machine = memoryMachine(2 * 2 ** 20);
  const { kernel, task } = machine;
  const small = testTask(kernel);
  small.mm = newMm(kernel);
  map(machine, m.PROT_READ | m.PROT_WRITE, m.MAP_PRIVATE, 300);
  let filled = 0;
  while (machine.mmu.put_user(task.mm!, user(AT + filled * PAGE), 1, 4) === 0) if (++filled === 300) break;
  assert.is(filled, 300, 'none was killed yet');
  const pages = kernel.mm.nr_free_pages();
  assert.ok(oom_badness(kernel, task) > oom_badness(kernel, small));
  assert.is(out_of_memory(kernel, small.mm), true, 'small can try again');
  assert.ok(kernel.mm.nr_free_pages() >= pages + 300);
  assert.is(task.pending.signal.lo | task.signal.shared_pending.signal.lo, 1 << 8, 'SIGKILL');
  assert.is(machine.mmu.put_user(task.mm!, user(AT), 1, 4), -14, 'what it lost does not read as zero');
});

test('oom_score_adj is a thousandth of memory each, and -1000 is immunity', () => {
  const { kernel, task } = memoryMachine();
  const base = oom_badness(kernel, task);
  task.signal.oom_score_adj = 500;
  assert.is(oom_badness(kernel, task), base + Math.trunc(kernel.mm.totalram_pages / 2));
  task.signal.oom_score_adj = -1000;
  assert.is(oom_badness(kernel, task), -Infinity);
});

test.run();
