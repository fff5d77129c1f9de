import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { UserPtr } from '../../../../kernel/include/linux/types.ts';
import { EFAULT, EINVAL, ERANGE } from '../../../../kernel/include/uapi/errno.ts';
import {
  PTRACE_EVENT_EXIT,
  PTRACE_EVENT_SECCOMP,
  PTRACE_EVENTMSG_SYSCALL_ENTRY,
  PTRACE_EVENTMSG_SYSCALL_EXIT,
} from '../../../../kernel/include/uapi/ptrace.ts';
import { SIGTRAP } from '../../../../kernel/include/uapi/signal.ts';
import { ptrace_get_syscall_info, ptrace_set_syscall_info } from '../../../../kernel/ptrace/syscall_info.ts';
import { family, stop, userMemory } from '../../../lib/traced.ts';

/* spec 4.3: sizes 24, 80, 33, 84; values of op as in <linux/ptrace.h>. */

const OUT = 0x1000 as UserPtr;
const [NONE, ENTRY, EXIT, SECCOMP] = [0, 1, 2, 3];
const CALL = SIGTRAP | 0x80;
const EVENT_SECCOMP = (PTRACE_EVENT_SECCOMP << 8) | SIGTRAP;

/** A machine whose registers are what is written here. */
function setting(code: number, message: number) {
  const all = family();
  const regs = { nr: 64, args: [1n, 2n, 3n, 4n, 5n, 6n] as readonly bigint[], result: -2 as number | bigint };
  Object.assign(all.kernel.arch, {
    syscall_get_arch: () => 0xc000_00b7,
    instruction_pointer: () => 0x40_1000,
    user_stack_pointer: () => 0x7fff_0000,
    syscall_get_nr: () => regs.nr,
    syscall_get_arguments: () => regs.args,
    syscall_get_return_value: () => Number(regs.result),
    syscall_result: () => BigInt(regs.result),
    syscall_set_nr: (_: unknown, nr: number) => Object.assign(regs, { nr }),
    syscall_set_arguments: (_: unknown, args: readonly bigint[]) => Object.assign(regs, { args }),
    syscall_set_return_value: (_: unknown, result: number | bigint) => Object.assign(regs, { result }),
  });
  const view = userMemory(all);
  stop(all.child, code, message);
  const get = (size = 88): number => ptrace_get_syscall_info(all.tracer, all.child, size, OUT);
  const set = (size = 88): number => ptrace_set_syscall_info(all.tracer, all.child, size, OUT);
  return { ...all, regs, view, get, set };
}

const entry = () => setting(CALL, PTRACE_EVENTMSG_SYSCALL_ENTRY);
const exit = () => setting(CALL, PTRACE_EVENTMSG_SYSCALL_EXIT);

test('check 84: every kind of stop has its size and its op', () => {
  for (const [code, message, size, op] of [
    [CALL, PTRACE_EVENTMSG_SYSCALL_ENTRY, 80, ENTRY],
    [CALL, PTRACE_EVENTMSG_SYSCALL_EXIT, 33, EXIT],
    [EVENT_SECCOMP, 9, 84, SECCOMP],
    [(PTRACE_EVENT_EXIT << 8) | SIGTRAP, 0, 24, NONE],
  ] as const) {
    const { view, get } = setting(code, message);
    assert.is(get(), size);
    assert.is(view.getUint8(OUT), op);
  }
});

test('checks 87, 88: architecture, pc and sp are in all of them', () => {
  const { view, get } = setting(SIGTRAP, 0);
  get();
  assert.is(view.getUint32(OUT + 4, true), 0xc000_00b7);
  assert.is(view.getBigUint64(OUT + 8, true), 0x40_1000n);
  assert.is(view.getBigUint64(OUT + 16, true), 0x7fff_0000n);
});

test('checks 85, 98: a small buffer is filled, not a byte more is written, and the size is the same', () => {
  const { view, get } = entry();
  view.setUint8(OUT + 10, 0xaa);
  assert.is(get(10), 80);
  assert.is(view.getUint8(OUT + 10), 0xaa);
  assert.is(get(0), 80);
});

test('checks 89, 90, 91: numbers are signed, errors are marked, a filter`s data is told', () => {
  const { view, get, regs } = entry();
  regs.nr = -1;
  get();
  assert.is(view.getBigInt64(OUT + 24, true), -1n);
  assert.is(view.getBigUint64(OUT + 72, true), 6n);
  for (const [result, error] of [
    [-4095, 1],
    [-4096, 0],
    [0, 0],
  ] as const) {
    const at = exit();
    at.regs.result = result;
    at.get();
    assert.equal([at.view.getBigInt64(OUT + 24, true), at.view.getUint8(OUT + 32)], [BigInt(result), error]);
  }
  const seccomp = setting(EVENT_SECCOMP, 0x1234);
  seccomp.get();
  assert.is(seccomp.view.getUint32(OUT + 80, true), 0x1234);
});

test('check 92: what was got can be set, with another number and other arguments', () => {
  const { view, get, set, regs } = entry();
  get();
  view.setBigUint64(OUT + 24, 63n, true);
  view.setBigUint64(OUT + 32, 77n, true);
  assert.is(set(), 0);
  assert.is(regs.nr, 63);
  assert.is(regs.args[0], 77n);
});

test('check 93: without a call there are no arguments', () => {
  const { view, get, set, regs } = entry();
  get();
  view.setBigInt64(OUT + 24, -1n, true);
  view.setBigUint64(OUT + 32, 77n, true);
  assert.is(set(), 0);
  assert.equal([regs.nr, regs.args[0]], [-1, 1n]);
});

test('check 96: an exit gets a result, or an error', () => {
  const { view, get, set, regs } = exit();
  get();
  view.setBigInt64(OUT + 24, 5n, true);
  view.setUint8(OUT + 32, 0);
  assert.is(set(), 0);
  assert.is(regs.result, 5n);
  view.setBigInt64(OUT + 24, -13n, true);
  view.setUint8(OUT + 32, 2);
  assert.is(set(), 0);
  assert.is(Number(regs.result), -13);
});

test('checks 94, 95: another op, what is reserved, a small size are EINVAL; a number that is no int is ERANGE', () => {
  for (const [at, value] of [
    [0, EXIT],
    [1, 1],
    [2, 1],
  ] as const) {
    const { view, get, set } = entry();
    get();
    view.setUint8(OUT + at, value);
    assert.is(set(), -EINVAL);
  }
  const { view, get, set } = entry();
  get();
  assert.is(set(87), -EINVAL);
  assert.is(ptrace_set_syscall_info(family().tracer, family().child, 88, 8 as UserPtr), -EFAULT);
  view.setBigUint64(OUT + 24, 1n << 32n, true);
  assert.is(set(), -ERANGE);
});

test('a stop that is no call`s cannot be set', () => {
  const { get, set } = setting(SIGTRAP, 0);
  get();
  assert.is(set(), -EINVAL);
});

test.run();
