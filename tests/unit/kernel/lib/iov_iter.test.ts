import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { MAX_RW_COUNT } from '../../../../kernel/include/linux/fs_modes.ts';
import { TIF_TAGGED_ADDR } from '../../../../kernel/include/linux/sched.ts';
import { EFAULT, EINVAL } from '../../../../kernel/include/uapi/errno.ts';
import * as m from '../../../../kernel/include/uapi/mman.ts';
import { put_unaligned_le64 } from '../../../../kernel/lib/bytes.ts';
import { IovIter, import_iovec } from '../../../../kernel/lib/iov_iter.ts';
import {
  copy_from_user,
  copy_struct_from_user,
  copy_to_user,
  get_user_u32,
  put_user_u32,
  strncpy_from_user,
} from '../../../../kernel/lib/usercopy.ts';
import { vm_mmap_pgoff } from '../../../../kernel/mm/mmap.ts';
import { type MemoryMachine, memoryMachine, user } from '../../../lib/memory.ts';

const PAGE = 4096;
const BASE = 0x10_0000;
const PAGES = 4;

/** Four pages of user memory at BASE, nothing around them. */
function machine(): MemoryMachine {
  const result = memoryMachine();
  const flags = m.MAP_PRIVATE | m.MAP_ANONYMOUS | m.MAP_FIXED;
  vm_mmap_pgoff(result.task, null, BASE, PAGES * PAGE, m.PROT_READ | m.PROT_WRITE, flags, 0);
  return result;
}

test('what goes through scattered memory comes back, in pieces of any size', () => {
  const { task } = machine();
  const lengths = fc.array(fc.integer({ min: 0, max: 3000 }), { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(lengths, fc.integer({ min: 1, max: 2000 }), (sizes, chunk) => {
      let base = BASE;
      const segments = sizes.map((length) => {
        const segment = { base, length };
        base += length + 7;
        return segment;
      });
      const total = sizes.reduce((sum, n) => sum + n, 0);
      const data = Uint8Array.from({ length: total }, (_, i) => i * 31);
      const out = IovIter.scattered(task, segments);
      for (let at = 0; at < total; at += chunk) out.copy_to_iter(data.subarray(at, at + chunk));
      assert.is(out.count, 0);
      assert.is(out.copy_to_iter(data), 0, 'it is full');

      const back = new Uint8Array(total);
      assert.is(IovIter.scattered(task, segments).copy_from_iter(back), total);
      assert.equal(back, data);
    }),
    { numRuns: 100 },
  );
});

test('a transfer stops where the memory does, and says how far it came', () => {
  const { task } = machine();
  const end = BASE + PAGES * PAGE;
  const iter = IovIter.user(task, user(end - 10), 100);
  assert.is(iter.copy_to_iter(new Uint8Array(30)), 10);
  assert.is(iter.count, 90);
  assert.is(IovIter.user(task, user(end - 10), 100).zero(100), 10);
  assert.is(IovIter.user(task, user(end), 100).copy_from_iter(new Uint8Array(5)), 0);
});

test('advance, revert and truncate are exact across segments', () => {
  const { task } = machine();
  const segments = [5, 0, 7, 3].map((length, n) => ({ base: BASE + n * 16, length }));
  const iter = IovIter.scattered(task, segments);
  iter.advance(13);
  assert.is(iter.count, 2);
  iter.revert(9);
  assert.is(iter.count, 11);
  iter.truncate(4);
  assert.is(iter.copy_to_iter(Uint8Array.of(1, 2, 3, 4, 5)), 4);
  const bytes = new Uint8Array(48);
  copy_from_user(task, bytes, user(BASE));
  assert.equal([bytes[4], bytes[32], bytes[33], bytes[34]], [1, 2, 3, 4]);
});

test('a kernel buffer is an iterator, too', () => {
  const buffer = new Uint8Array(4);
  const iter = IovIter.kernel(buffer);
  assert.is(iter.copy_to_iter(Uint8Array.of(1, 2, 3)), 3);
  assert.is(iter.zero(5), 1);
  assert.equal([...buffer], [1, 2, 3, 0]);
});

test('an iovec array is refused for lengths that are negative, addresses that are not, and too many', () => {
  const { task } = machine();
  const iovec = (base: number, length: number): number => {
    const bytes = new Uint8Array(16);
    put_unaligned_le64(base, bytes, 0);
    put_unaligned_le64(length, bytes, 8);
    copy_to_user(task, user(BASE), bytes);
    const iter = import_iovec(task, user(BASE), 1);
    return typeof iter === 'number' ? iter : iter.count;
  };
  assert.is(iovec(BASE + 100, 20), 20);
  assert.is(iovec(BASE, -1), -EINVAL);
  assert.is(iovec(2 ** 48 - 8, 16), -EFAULT);
  assert.is(iovec(-4096, 16), -EFAULT);
  assert.is(iovec(0x5600_0000_0000_0000 + BASE, 16), -EFAULT, 'the top byte is a tag');
  task.thread_info.flags |= TIF_TAGGED_ADDR;
  assert.is(iovec(0x5600_0000_0000_0000 + BASE, 16), 16, 'which a thread may ask for');
  assert.is(iovec(0, 2 ** 40), MAX_RW_COUNT, 'what is too long is cut');
  assert.is(import_iovec(task, user(BASE), 1025), -EINVAL);
  assert.is(import_iovec(task, user(BASE), -1), -EINVAL);
  assert.is(import_iovec(task, user(8), 1), -EFAULT);
  assert.is((import_iovec(task, user(8), 0) as IovIter).count, 0);
});

test('strings are read up to their NUL, their limit or the end of memory', () => {
  const { task } = machine();
  const end = BASE + PAGES * PAGE;
  copy_to_user(task, user(end - 4), Uint8Array.of(0x61, 0x62, 0x63, 0));
  assert.is(strncpy_from_user(task, user(end - 4), 4096), 'abc');
  assert.is(strncpy_from_user(task, user(end - 4), 3), 'abc', 'as long as the limit: no NUL was seen');
  copy_to_user(task, user(end - 1), Uint8Array.of(0x64));
  assert.is(strncpy_from_user(task, user(end - 4), 4096), -EFAULT);
  assert.is(strncpy_from_user(task, user(0), 10), -EFAULT);
});

test('structures may be older or newer than the kernel', () => {
  const { task } = machine();
  put_user_u32(task, user(BASE), 7);
  put_user_u32(task, user(BASE + 4), 8);
  assert.is(get_user_u32(task, user(BASE)), 7);
  const older = copy_struct_from_user(task, new Uint8Array(8), user(BASE), 4);
  assert.equal(older, Uint8Array.of(7, 0, 0, 0, 0, 0, 0, 0));
  assert.is(
    copy_struct_from_user(task, new Uint8Array(4), user(BASE), 8),
    -7,
    'unknown bytes must be zero: E2BIG',
  );
  put_user_u32(task, user(BASE + 4), 0);
  assert.equal(copy_struct_from_user(task, new Uint8Array(4), user(BASE), 8), Uint8Array.of(7, 0, 0, 0));
});

test.run();
