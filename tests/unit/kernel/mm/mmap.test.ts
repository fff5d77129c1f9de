import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { PERM_EXEC, PERM_READ, PERM_WRITE } from '../../../../board/mmu/walk.ts';
import {
  FAULT_FLAG_WRITE,
  VM_FAULT_BADACCESS,
  VM_FAULT_BADMAP,
} from '../../../../kernel/include/linux/mm.ts';
import * as errno from '../../../../kernel/include/uapi/errno.ts';
import * as m from '../../../../kernel/include/uapi/mman.ts';
import { RLIMIT_AS, RLIMIT_DATA, RLIMIT_STACK } from '../../../../kernel/include/uapi/resource.ts';
import { show_map_vma } from '../../../../kernel/fs/proc/task_mmu.ts';
import { do_user_fault } from '../../../../kernel/mm/gup.ts';
import { dup_mm, mmput } from '../../../../kernel/mm/init-mm.ts';
import { do_madvise } from '../../../../kernel/mm/madvise.ts';
import { do_munmap, vm_mmap_pgoff } from '../../../../kernel/mm/mmap.ts';
import { do_brk } from '../../../../kernel/mm/brk.ts';
import { do_mprotect } from '../../../../kernel/mm/mprotect.ts';
import { do_mremap } from '../../../../kernel/mm/mremap.ts';
import { type MemoryMachine, memoryMachine, translate, user } from '../../../lib/memory.ts';

const PAGE = 4096;
const RW = m.PROT_READ | m.PROT_WRITE;
const ANON = m.MAP_PRIVATE | m.MAP_ANONYMOUS;

const mmap = (machine: MemoryMachine, at: number, length: number, prot = RW, flags = ANON): number =>
  vm_mmap_pgoff(machine.task, null, at, length, prot, flags, 0);

const put = (machine: MemoryMachine, at: number, value: number): number =>
  machine.mmu.put_user(machine.task.mm!, user(at), value, 4);
const get = (machine: MemoryMachine, at: number, mm = machine.task.mm!): number =>
  machine.mmu.get_user(mm, user(at), 4);

const maps = (machine: MemoryMachine): string[] =>
  machine.task.mm!.mmap.map((vma) => show_map_vma(vma).trimEnd());

test('mappings are placed downwards from the base and merge with their neighbours', () => {
  const machine = memoryMachine();
  const first = mmap(machine, 0, PAGE);
  const second = mmap(machine, 0, 2 * PAGE);
  assert.is(first, 0xffff_f7ff_f000);
  assert.is(second, 0xffff_f7ff_d000);
  assert.equal(maps(machine), ['fffff7ffd000-fffff8000000 rw-p 00000000 00:00 0']);
});

test('untouched memory reads as zero from one shared page, and the first write makes it private', () => {
  const machine = memoryMachine();
  const { kernel, task } = machine;
  const at = mmap(machine, 0, PAGE);
  assert.is(translate(machine, task.mm!, at), null);
  assert.is(get(machine, at), 0);
  assert.equal(translate(machine, task.mm!, at), { pfn: kernel.mm.zero_pfn, perms: PERM_READ });
  assert.is(task.mm!.rss_anon, 0);

  assert.is(put(machine, at, 0x1234_5678), 0);
  const page = translate(machine, task.mm!, at)!;
  assert.is(page.perms, PERM_READ | PERM_WRITE);
  assert.is.not(page.pfn, kernel.mm.zero_pfn);
  assert.is(get(machine, at), 0x1234_5678);
  assert.is(task.mm!.rss_anon, 1);
  assert.ok(kernel.mm.bytes(kernel.mm.zero_pfn).every((byte) => byte === 0));
});

test('after fork each side sees the old contents, and neither the writes of the other', () => {
  const machine = memoryMachine();
  const { task, kernel } = machine;
  const at = mmap(machine, 0, PAGE);
  put(machine, at, 1);
  const before = kernel.mm.nr_free_pages();
  const child = dup_mm(task);
  assert.type(child, 'object');
  if (typeof child === 'number') return;
  assert.is(translate(machine, task.mm!, at)!.pfn, translate(machine, child, at)!.pfn);
  assert.is(translate(machine, task.mm!, at)!.perms, PERM_READ);

  put(machine, at, 2);
  assert.is(get(machine, at, child), 1);
  assert.is(get(machine, at), 2);
  machine.mmu.put_user(child, user(at), 3, 4);
  assert.is(get(machine, at), 2);
  mmput(child);
  assert.is(kernel.mm.nr_free_pages(), before, 'one page each, and then one');
});

test('shared anonymous memory is shared across fork and freed with its last mapping', () => {
  const machine = memoryMachine();
  const { task, kernel } = machine;
  const before = kernel.mm.nr_free_pages();
  const at = mmap(machine, 0, PAGE, RW, m.MAP_SHARED | m.MAP_ANONYMOUS);
  put(machine, at, 1);
  const child = dup_mm(task);
  if (typeof child === 'number') throw new Error('no mm');
  machine.mmu.put_user(child, user(at), 7, 4);
  assert.is(get(machine, at), 7);
  assert.match(maps(machine)[0]!, /rw-s 00000000 00:01 1 +\/dev\/zero \(deleted\)$/);
  do_munmap(task.mm!, at, PAGE);
  assert.is(get(machine, at), -errno.EFAULT);
  assert.is(get(machine, at, child), 7);
  mmput(child);
  assert.is(kernel.mm.nr_free_pages(), before);
});

test('what is not mapped, not allowed or not user space is a fault and never a throw', () => {
  const machine = memoryMachine();
  const { task, mmu } = machine;
  const at = mmap(machine, 0, PAGE, m.PROT_READ);
  assert.is(do_user_fault(task.mm!, at - PAGE, 0), VM_FAULT_BADMAP);
  assert.is(do_user_fault(task.mm!, at, FAULT_FLAG_WRITE), VM_FAULT_BADACCESS);
  for (const wild of [0, 8, 2 ** 48, 2 ** 48 - 1, 2 ** 53, -1, Number.NaN, Infinity, 0xffff_ffff_f000]) {
    assert.is(mmu.get_user(task.mm!, user(wild), 8), -errno.EFAULT, String(wild));
    assert.is(mmu.put_user(task.mm!, user(wild), 1, 1), -errno.EFAULT);
    assert.is(mmu.copy_to_user(task.mm!, user(wild), new Uint8Array(3)), 3);
  }
  assert.is(mmu.put_user(task.mm!, user(at), 1, 4), -errno.EFAULT);
});

test('a copy that runs off the end of a mapping tells how much was left', () => {
  const machine = memoryMachine();
  const { task, mmu } = machine;
  const at = mmap(machine, 0, PAGE); // the last page below mmap_base: nothing follows
  const bytes = Uint8Array.from({ length: 100 }, (_, i) => i);
  assert.is(mmu.copy_to_user(task.mm!, user(at + PAGE - 40), bytes), 60);
  const back = new Uint8Array(100).fill(0xee);
  assert.is(mmu.copy_from_user(task.mm!, back, user(at + PAGE - 40)), 60);
  assert.equal([...back.subarray(0, 40)], [...bytes.subarray(0, 40)]);
  assert.is(back[40], 0xee);
  assert.is(mmu.clear_user(task.mm!, user(at + PAGE - 8), 16), 8);
});

test('numbers that straddle two pages are read and written whole', () => {
  const machine = memoryMachine();
  const at = mmap(machine, 0, 2 * PAGE);
  assert.is(machine.mmu.put_user(machine.task.mm!, user(at + PAGE - 3), 0x1122_3344_5566, 8), 0);
  assert.is(machine.mmu.get_user(machine.task.mm!, user(at + PAGE - 3), 8), 0x1122_3344_5566);
  machine.mmu.put_user(machine.task.mm!, user(at), -2, 8);
  assert.is(machine.mmu.get_user(machine.task.mm!, user(at), 4), 0xffff_fffe);
  assert.is(machine.mmu.get_user(machine.task.mm!, user(at + 4), 4), 0xffff_ffff);
});

test('mprotect splits, and merges again when the difference is gone', () => {
  const machine = memoryMachine();
  const { task } = machine;
  const at = mmap(machine, 0, 3 * PAGE);
  put(machine, at + PAGE, 5);
  assert.is(do_mprotect(task, at + PAGE, PAGE, m.PROT_NONE), 0);
  assert.is(maps(machine).length, 3);
  assert.is(get(machine, at + PAGE), -errno.EFAULT);
  assert.is(translate(machine, task.mm!, at + PAGE), null);

  assert.is(do_mprotect(task, at + PAGE, PAGE, m.PROT_READ | m.PROT_EXEC), 0);
  assert.is(get(machine, at + PAGE), 5);
  assert.is(translate(machine, task.mm!, at + PAGE)!.perms, PERM_READ | PERM_EXEC);
  assert.is(do_mprotect(task, at + PAGE, PAGE, RW), 0);
  assert.is(maps(machine).length, 1);
  assert.is(translate(machine, task.mm!, at + PAGE)!.perms, PERM_READ | PERM_WRITE);
});

// Each errno as real Linux 6.12 gave it (tests/unit/kernel/mm/errnos.c, run by linux-run).
test('mmap refuses what Linux refuses, with its errnos', () => {
  const machine = memoryMachine();
  const refuse = (at: number, length: number, flags: number, err: number): void =>
    assert.is(mmap(machine, at, length, RW, flags), -err);
  refuse(0, 0, ANON, errno.EINVAL);
  refuse(0, PAGE, m.MAP_ANONYMOUS, errno.EINVAL);
  refuse(0, PAGE, m.MAP_ANONYMOUS | m.MAP_SHARED_VALIDATE, errno.EINVAL);
  refuse(0, 2 ** 48, ANON, errno.ENOMEM);
  refuse(1, PAGE, ANON | m.MAP_FIXED, errno.EINVAL);
  refuse(2 ** 48, PAGE, ANON | m.MAP_FIXED, errno.ENOMEM);
  refuse(0, PAGE, m.MAP_ANONYMOUS | m.MAP_SHARED | m.MAP_GROWSDOWN, errno.EINVAL);
  const at = mmap(machine, 0x10_0000, PAGE, RW, ANON | m.MAP_FIXED_NOREPLACE);
  assert.is(at, 0x10_0000);
  refuse(at, PAGE, ANON | m.MAP_FIXED_NOREPLACE, errno.EEXIST);
});

test('munmap wants page addresses and does not mind holes', () => {
  const machine = memoryMachine();
  const mm = machine.task.mm!;
  assert.is(do_munmap(mm, 1, PAGE), -errno.EINVAL);
  assert.is(do_munmap(mm, 0, 0), -errno.EINVAL);
  assert.is(do_munmap(mm, 2 ** 48, PAGE), -errno.EINVAL);
  assert.is(do_munmap(mm, 0x10_0000, PAGE), 0);
});

test('the page tables of an emptied address space are given back', () => {
  const machine = memoryMachine();
  const { kernel, task } = machine;
  const before = kernel.mm.nr_free_pages();
  for (const at of [0x10_0000, 0x4000_0000, 0x7000_0000_0000]) {
    mmap(machine, at, 4 * PAGE, RW, ANON | m.MAP_FIXED);
    put(machine, at, 1);
  }
  assert.is(task.mm!.pgtables_bytes, (3 + 2 + 3) * PAGE); // the second shares the first one's level 1
  for (const at of [0x10_0000, 0x4000_0000, 0x7000_0000_0000]) do_munmap(task.mm!, at, 4 * PAGE);
  assert.is(task.mm!.pgtables_bytes, 0);
  assert.is(kernel.mm.nr_free_pages(), before);
  assert.is(task.mm!.total_vm, 0);
  assert.is(kernel.mm.vm_committed_as, 0);
});

test('mremap grows in place when it can, moves when it may, and keeps the contents', () => {
  const machine = memoryMachine();
  const { task } = machine;
  const low = mmap(machine, 0x20_0000, PAGE, RW, ANON | m.MAP_FIXED);
  put(machine, low, 42);
  assert.is(do_mremap(task, low, PAGE, 3 * PAGE, 0, 0), low);
  mmap(machine, low + 3 * PAGE, PAGE, m.PROT_READ, ANON | m.MAP_FIXED);
  assert.is(do_mremap(task, low, 3 * PAGE, 4 * PAGE, 0, 0), -errno.ENOMEM);
  const moved = do_mremap(task, low, 3 * PAGE, 4 * PAGE, m.MREMAP_MAYMOVE, 0);
  assert.is.not(moved, low);
  assert.is(get(machine, moved), 42);
  assert.is(get(machine, low), -errno.EFAULT);
  const kept = do_mremap(task, moved, PAGE, PAGE, m.MREMAP_MAYMOVE | m.MREMAP_DONTUNMAP, 0);
  assert.is(get(machine, kept), 42);
  assert.is(get(machine, moved), 0, 'the old place is there, and empty');
  assert.is(do_mremap(task, kept, PAGE, PAGE, m.MREMAP_FIXED, 0x30_0000), -errno.EINVAL);
  assert.is(do_mremap(task, kept, PAGE, PAGE, m.MREMAP_FIXED | m.MREMAP_MAYMOVE, 0x30_0000), 0x30_0000);
  assert.is(get(machine, 0x30_0000), 42);
  assert.is(do_mremap(task, 0x90_0000, PAGE, PAGE, 0, 0), -errno.EFAULT);
});

test('the heap grows and shrinks at its end and never over a neighbour', () => {
  const machine = memoryMachine();
  const { task } = machine;
  task.mm!.start_brk = task.mm!.brk = 0x50_0000;
  assert.is(do_brk(task, 0), 0x50_0000);
  assert.is(do_brk(task, 0x50_1234), 0x50_1234);
  put(machine, 0x50_1000, 9);
  assert.match(maps(machine)[0]!, /00500000-00502000 rw-p .* \[heap\]$/);
  mmap(machine, 0x50_4000, PAGE, RW, ANON | m.MAP_FIXED);
  assert.is(do_brk(task, 0x50_3001), 0x50_1234, 'one page stays free');
  assert.is(do_brk(task, 0x50_3000), 0x50_3000);
  assert.is(do_brk(task, 0x50_0800), 0x50_0800);
  assert.is(get(machine, 0x50_1000), -errno.EFAULT);
});

test('a stack grows to its limit, and not into what lies below', () => {
  const machine = memoryMachine(8 * 2 ** 20);
  const { task } = machine;
  const top = 0x7000_0000;
  mmap(machine, top - PAGE, PAGE, RW, ANON | m.MAP_FIXED | m.MAP_GROWSDOWN);
  task.signal.rlim[RLIMIT_STACK] = { cur: 64 * PAGE, max: Infinity };
  assert.is(put(machine, top - 64 * PAGE, 1), 0);
  assert.is(put(machine, top - 65 * PAGE, 1), -errno.EFAULT);
  task.signal.rlim[RLIMIT_STACK] = { cur: Infinity, max: Infinity };
  mmap(machine, top - 400 * PAGE, PAGE, RW, ANON | m.MAP_FIXED);
  assert.is(put(machine, top - 143 * PAGE, 1), 0, 'up to the guard gap of 256 pages');
  assert.is(put(machine, top - 144 * PAGE, 1), -errno.EFAULT);
});

test('madvise: DONTNEED forgets, WIPEONFORK and DONTFORK keep things from children', () => {
  const machine = memoryMachine();
  const { task } = machine;
  const at = mmap(machine, 0x10_0000, 3 * PAGE, RW, ANON | m.MAP_FIXED);
  for (let n = 0; n < 3; n++) put(machine, at + n * PAGE, n + 1);
  assert.is(do_madvise(task, at, PAGE, m.MADV_DONTNEED), 0);
  assert.is(get(machine, at), 0);
  do_madvise(task, at + PAGE, PAGE, m.MADV_WIPEONFORK);
  do_madvise(task, at + 2 * PAGE, PAGE, m.MADV_DONTFORK);
  const child = dup_mm(task);
  if (typeof child === 'number') throw new Error('no mm');
  assert.is(get(machine, at + PAGE, child), 0);
  assert.is(get(machine, at + PAGE), 2);
  assert.is(get(machine, at + 2 * PAGE, child), -errno.EFAULT);
  assert.is(do_madvise(task, at, PAGE, 77), -errno.EINVAL);
  assert.is(do_madvise(task, at + 1, PAGE, m.MADV_NORMAL), -errno.EINVAL);
  assert.is(do_madvise(task, at + 2 * PAGE, 2 * PAGE, m.MADV_NORMAL), -errno.ENOMEM);
});

test('address space and data limits are kept', () => {
  const machine = memoryMachine();
  const { task } = machine;
  task.signal.rlim[RLIMIT_AS] = { cur: 4 * PAGE, max: Infinity };
  assert.is(mmap(machine, 0, 5 * PAGE), -errno.ENOMEM);
  assert.ok(mmap(machine, 0, 4 * PAGE) > 0);
  task.signal.rlim[RLIMIT_AS] = { cur: Infinity, max: Infinity };
  task.signal.rlim[RLIMIT_DATA] = { cur: 4 * PAGE, max: Infinity };
  assert.is(mmap(machine, 0, PAGE), -errno.ENOMEM);
  assert.ok(mmap(machine, 0, PAGE, m.PROT_READ) > 0);
});

test('a mapping larger than all memory is refused, unless nobody is to reserve for it', () => {
  const machine = memoryMachine();
  assert.is(mmap(machine, 0, 2 ** 30), -errno.ENOMEM);
  assert.ok(mmap(machine, 0, 2 ** 40, RW, ANON | m.MAP_NORESERVE) > 0);
  assert.ok(mmap(machine, 0, 2 ** 40, m.PROT_NONE) > 0);
});

test.run();
