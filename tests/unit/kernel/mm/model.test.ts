/*
 * Random sequences of mmap, munmap, mprotect, mremap, writes and forks, against a model that is a map from page to
 * (permission, content). What the model says is compared with what the board's own table walk finds in RAM.
 */

import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { PERM_EXEC, PERM_READ, PERM_WRITE } from '../../../../board/mmu/walk.ts';
import type { Mm } from '../../../../kernel/include/linux/mm_types.ts';
import * as m from '../../../../kernel/include/uapi/mman.ts';
import { dup_mm, mmput } from '../../../../kernel/mm/init-mm.ts';
import { do_munmap, vm_mmap_pgoff } from '../../../../kernel/mm/mmap.ts';
import { do_mprotect } from '../../../../kernel/mm/mprotect.ts';
import { do_mremap } from '../../../../kernel/mm/mremap.ts';
import { type MemoryMachine, memoryMachine, translate, user } from '../../../lib/memory.ts';

const PAGE = 4096;
/** Two stretches of address space, one of them across a border of the second-level tables. */
const BASES = [0x1f_c000, 0x7f_ffff_a000];
const PAGES = 12;

interface PageModel {
  prot: number;
  value: number;
}
type Model = Map<number, PageModel>;

const place = fc.record({
  base: fc.constantFrom(...BASES),
  page: fc.nat(PAGES - 1),
  count: fc.integer({ min: 1, max: 6 }),
});
const prot = fc.constantFrom(0, m.PROT_READ, m.PROT_READ | m.PROT_WRITE, m.PROT_READ | m.PROT_EXEC);
const step = fc.oneof(
  fc.record({ op: fc.constant('map' as const), at: place, prot }),
  fc.record({ op: fc.constant('unmap' as const), at: place }),
  fc.record({ op: fc.constant('protect' as const), at: place, prot }),
  fc.record({ op: fc.constant('move' as const), at: place, to: place }),
  fc.record({ op: fc.constant('write' as const), at: place, value: fc.integer({ min: 1, max: 1e9 }) }),
  fc.record({ op: fc.constant('read' as const), at: place }),
  fc.record({ op: fc.constant('fork' as const), stay: fc.boolean() }),
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;
type Place = { base: number; page: number; count: number };

const start = ({ base, page }: Place): number => base + page * PAGE;
const pagesOf = (at: number, count: number): number[] =>
  Array.from({ length: count }, (_, n) => at + n * PAGE);
const length = ({ count }: Place): number => count * PAGE;

/** Does the step on both; the model's answer must be the kernel's. */
function act(machine: MemoryMachine, model: Model, todo: Step): void {
  const { task, mmu } = machine;
  switch (todo.op) {
    case 'map': {
      const flags = m.MAP_PRIVATE | m.MAP_ANONYMOUS | m.MAP_FIXED;
      assert.is(
        vm_mmap_pgoff(task, null, start(todo.at), length(todo.at), todo.prot, flags, 0),
        start(todo.at),
      );
      for (const at of pagesOf(start(todo.at), todo.at.count)) model.set(at, { prot: todo.prot, value: 0 });
      break;
    }
    case 'unmap':
      assert.is(do_munmap(task.mm!, start(todo.at), length(todo.at)), 0);
      for (const at of pagesOf(start(todo.at), todo.at.count)) model.delete(at);
      break;
    case 'protect': {
      const pages = pagesOf(start(todo.at), todo.at.count);
      const whole = pages.every((at) => model.has(at));
      assert.is(do_mprotect(task, start(todo.at), length(todo.at), todo.prot) === 0, whole);
      for (const at of pages) {
        const page = model.get(at);
        if (!page) break; // up to the hole
        page.prot = todo.prot;
      }
      break;
    }
    case 'move':
      move(machine, model, start(todo.at), start(todo.to), todo.at.count);
      break;
    case 'write': {
      const page = model.get(start(todo.at));
      const err = mmu.put_user(task.mm!, user(start(todo.at)), todo.value, 4);
      assert.is(err === 0, page !== undefined && (page.prot & m.PROT_WRITE) !== 0);
      if (err === 0) page!.value = todo.value;
      break;
    }
    case 'read': {
      const page = model.get(start(todo.at));
      const value = mmu.get_user(task.mm!, user(start(todo.at)), 4);
      assert.is(value, page && page.prot !== 0 ? page.value : -14);
      break;
    }
    case 'fork':
      fork(machine, model, todo.stay);
  }
}

/** One mapping only: what spans several is refused, and then nothing may have changed. */
function move(machine: MemoryMachine, model: Model, from: number, to: number, count: number): void {
  const { task } = machine;
  if (from + count * PAGE > to && to + count * PAGE > from) return;
  const source = pagesOf(from, count).map((at) => model.get(at));
  const flags = m.MREMAP_MAYMOVE | m.MREMAP_FIXED;
  const moved = do_mremap(task, from, count * PAGE, count * PAGE, flags, to);
  if (moved < 0) {
    // The target is cleared before the source is judged, as upstream does.
    const cleared = source[0] !== undefined;
    if (cleared) for (const at of pagesOf(to, count)) model.delete(at);
    assert.ok(source.some((page) => page?.prot !== source[0]?.prot) || source[0] === undefined || count > 1);
    return;
  }
  assert.is(moved, to);
  for (const [n, page] of source.entries()) {
    model.delete(from + n * PAGE);
    model.set(to + n * PAGE, page!);
  }
}

/** The other side writes over everything, and goes; or the caller becomes the other side. */
function fork(machine: MemoryMachine, model: Model, stay: boolean): void {
  const { task, mmu } = machine;
  const child = dup_mm(task);
  assert.type(child, 'object');
  if (typeof child === 'number') return;
  const [kept, gone]: [Mm, Mm] = stay ? [task.mm!, child] : [child, task.mm!];
  for (const [at, page] of model) {
    if ((page.prot & m.PROT_WRITE) !== 0) assert.is(mmu.put_user(gone, user(at), 0xdead, 4), 0);
  }
  task.mm = kept;
  mmput(gone);
}

/** Every page that the hardware would let user space reach is one the model has, with no more than its rights. */
function check(machine: MemoryMachine, model: Model): void {
  const { task, kernel } = machine;
  for (const base of BASES) {
    for (let at = base; at < base + (PAGES + 6) * PAGE; at += PAGE) {
      const real = translate(machine, task.mm!, at);
      const page = model.get(at);
      if (!real) continue;
      assert.ok(page !== undefined, `page ${at.toString(16)} is mapped and should not be`);
      const allowed =
        (page!.prot === 0 ? 0 : PERM_READ) |
        ((page!.prot & m.PROT_WRITE) !== 0 ? PERM_WRITE : 0) |
        ((page!.prot & m.PROT_EXEC) !== 0 ? PERM_EXEC : 0);
      assert.is(real.perms & ~allowed, 0, `too many rights at ${at.toString(16)}`);
      const bytes = kernel.mm.bytes(real.pfn);
      assert.is(new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true), page!.value);
    }
  }
  assert.is(task.mm!.total_vm, model.size, 'as many pages as the model has');
}

test('address spaces do what a table of pages would, and leave nothing behind', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 40 }), (steps) => {
      const machine = memoryMachine();
      const { task, kernel } = machine;
      const model: Model = new Map();
      const before = kernel.mm.nr_free_pages();
      for (const todo of steps) {
        act(machine, model, todo);
        check(machine, model);
      }
      mmput(task.mm!);
      assert.is(kernel.mm.nr_free_pages(), before + 1, 'all pages, all tables and the top one are free');
      assert.is(kernel.mm.vm_committed_as, 0);
      for (const count of kernel.mm.vmstat.subarray(0, 6)) assert.is(count, 0);
    }),
    { numRuns: 300, seed: 1 },
  );
});

test.run();
