import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  flush_tagged_addr_state,
  get_tagged_addr_ctrl,
  TaggedAddr,
} from '../../../../../arch/arm64/kernel/tagged-addr.ts';
import { NOT_USER } from '../../../../../kernel/include/linux/types.ts';
import { EINVAL } from '../../../../../kernel/include/uapi/errno.ts';
import { get_unaligned_le64, put_unaligned_le64 } from '../../../../../kernel/lib/bytes.ts';
import { pointer_in, ptr, SYSCALL_DEFINE, untagged_ptr } from '../../../../../kernel/syscalls/define.ts';
import { testKernel, testTask } from '../../../../lib/kernel.ts';

/* Documentation/arch/arm64/tagged-address-abi.rst; userland/tests/tagged.c has Linux's answers. */

const ADDRESS = 0x12_3456_7890;
const pointer = (top: number): Uint32Array =>
  Uint32Array.of(0x3456_7890, (top * 2 ** 24 + 0x12) >>> 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
const identity = SYSCALL_DEFINE('identity', { at: ptr }, (_task, { at }) => at);

function thread() {
  const kernel = testKernel();
  const task = testTask(kernel, testTask(kernel));
  return { task, tagged: new TaggedAddr() };
}

test('a pointer with a tag is no pointer, unless the thread has asked for it', () => {
  const { task, tagged } = thread();
  assert.is(identity.call(task, pointer(0)), ADDRESS);
  assert.is(identity.call(task, pointer(0x5a)), NOT_USER);
  assert.is(tagged.set_tagged_addr_ctrl(task, 1), 0);
  assert.is(identity.call(task, pointer(0x5a)), ADDRESS);
  assert.is(get_tagged_addr_ctrl(task), 1);
  tagged.set_tagged_addr_ctrl(task, 0);
  assert.is(identity.call(task, pointer(0x5a)), NOT_USER);
});

test('the tag is the top byte, and no more', () => {
  const { task, tagged } = thread();
  tagged.set_tagged_addr_ctrl(task, 1);
  for (const high of [0x0001_0000, 0x5a01_0000, 0xff80_0000, 0xffff_ffff])
    assert.is(identity.call(task, Uint32Array.of(0, high)), NOT_USER);
});

test('so it is with pointers in memory; what is said about memory is untagged for everybody', () => {
  const { task, tagged } = thread();
  const bytes = new Uint8Array(pointer(0x5a).buffer);
  assert.is(pointer_in(task, bytes, 0), NOT_USER);
  assert.is(untagged_ptr(pointer(0x5a), 0), ADDRESS);
  tagged.set_tagged_addr_ctrl(task, 1);
  assert.is(pointer_in(task, bytes, 0), ADDRESS);
});

test('there is nothing else to ask for: memory tags would be', () => {
  const { task, tagged } = thread();
  for (const arg of [2, 3, 2 ** 16, 2 ** 63]) assert.is(tagged.set_tagged_addr_ctrl(task, arg), -EINVAL);
  assert.is(get_tagged_addr_ctrl(task), 0);
});

test('a new thread has what its maker has, a new program has not', () => {
  const { task, tagged } = thread();
  tagged.set_tagged_addr_ctrl(task, 1);
  const child = testTask(task.kernel, task);
  assert.is(get_tagged_addr_ctrl(child), 1);
  flush_tagged_addr_state(child);
  assert.equal([get_tagged_addr_ctrl(child), get_tagged_addr_ctrl(task)], [0, 1]);
});

test('a tracer has it as a register set', () => {
  const { task, tagged } = thread();
  const word = new Uint8Array(8);
  put_unaligned_le64(1, word, 0);
  assert.is(tagged.regset.set(task, word), 0);
  assert.is(get_unaligned_le64(tagged.regset.get(task), 0), 1);
  put_unaligned_le64(2, word, 0);
  assert.is(tagged.regset.set(task, word), -EINVAL);
  assert.is(tagged.regset.set(task, new Uint8Array(0)), 0);
});

test.run();
