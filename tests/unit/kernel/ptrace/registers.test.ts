import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { UserRegset } from '../../../../kernel/include/linux/regset.ts';
import type { UserPtr } from '../../../../kernel/include/linux/types.ts';
import { EFAULT, EINVAL } from '../../../../kernel/include/uapi/errno.ts';
import { ptrace_getregset, ptrace_setregset } from '../../../../kernel/ptrace/registers.ts';
import { family, userMemory } from '../../../lib/traced.ts';

/* ptrace(2), PTRACE_GETREGSET: "struct iovec iov { base, len }; on return iov.len indicates the number of bytes returned". */

const [IOV, BUFFER] = [0x1000 as UserPtr, 0x2000];
const TYPE = 0x77;

/** A set of three words. */
function setting() {
  const all = family();
  const words = Uint8Array.from({ length: 24 }, (_, i) => i + 1);
  const set: UserRegset = {
    core_note_type: TYPE,
    size: 24,
    unit: 8,
    get: () => words,
    set: (_task, bytes) => {
      words.set(bytes);
      return 0;
    },
  };
  Object.assign(all.kernel.arch, { regsets: [set] });
  const view = userMemory(all);
  const iov = (base: number, length: number): UserPtr => {
    view.setBigUint64(IOV, BigInt(base), true);
    view.setBigUint64(IOV + 8, BigInt(length), true);
    return IOV;
  };
  return { ...all, view, words, iov, used: () => Number(view.getBigUint64(IOV + 8, true)) };
}

test('check 100: a buffer that is too long is told how much of it was used', () => {
  const { tracer, child, view, iov, used } = setting();
  assert.is(ptrace_getregset(tracer, child, TYPE, iov(BUFFER, 4096)), 0);
  assert.is(used(), 24);
  assert.is(view.getUint8(BUFFER + 23), 24);
  assert.is(view.getUint8(BUFFER + 24), 0);
});

test('checks 103, 104: a shorter one gets a part, and sets a part; none is fine, too', () => {
  const { tracer, child, view, iov, used, words } = setting();
  assert.is(ptrace_getregset(tracer, child, TYPE, iov(BUFFER, 8)), 0);
  assert.equal([used(), view.getUint8(BUFFER + 7), view.getUint8(BUFFER + 8)], [8, 8, 0]);
  view.setUint8(BUFFER, 99);
  assert.is(ptrace_setregset(tracer, child, TYPE, iov(BUFFER, 8)), 0);
  assert.equal([words[0], words[8]], [99, 9]);
  assert.is(ptrace_getregset(tracer, child, TYPE, iov(BUFFER, 0)), 0);
  assert.is(used(), 0);
});

test('checks 101, 102: parts of a register, and sets that there are not, are EINVAL', () => {
  const { tracer, child, iov } = setting();
  assert.is(ptrace_getregset(tracer, child, TYPE, iov(BUFFER, 12)), -EINVAL);
  assert.is(ptrace_setregset(tracer, child, TYPE, iov(BUFFER, 7)), -EINVAL);
  assert.is(ptrace_getregset(tracer, child, TYPE + 1, iov(BUFFER, 8)), -EINVAL);
});

test('what cannot be reached is EFAULT: the description, and the buffer', () => {
  const { tracer, child, iov, words } = setting();
  assert.is(ptrace_getregset(tracer, child, TYPE, 8 as UserPtr), -EFAULT);
  assert.is(ptrace_getregset(tracer, child, TYPE, iov(8, 24)), -EFAULT);
  assert.is(ptrace_setregset(tracer, child, TYPE, iov(8, 24)), -EFAULT);
  assert.is(words[0], 1);
});

test.run();
