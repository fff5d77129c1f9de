import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { is_generator } from '../../../../kernel/sched/wait.ts';
import { index_syscalls } from '../../../../kernel/syscalls/table.ts';
import { BAD, BUFFER, FsMachine } from '../../../lib/fs-machine.ts';

/** Numbers of the calls that kernel/fs implements. */
const FS_CALLS = [
  17, 23, 24, 25, 29, 32, 33, 34, 35, 36, 37, 38, 39, 40, 43, 44, 45, 46, 47, 48, 49, 50, 52, 53, 54, 55, 56,
  57, 59, 61, 62, 63, 64, 65, 66, 67, 68, 69, 70, 71, 72, 73, 78, 79, 80, 81, 82, 83, 84, 88, 166, 223, 267,
  276, 279, 285, 286, 287, 291, 436, 437, 439, 452,
];

const NAMES = [
  '/',
  '/d',
  '/d/f',
  'l',
  '/d/../..',
  '/proc/self/fd/3',
  '/proc/self/mem',
  '/dev/zero',
  'x'.repeat(300),
  '',
  '/proc/self/comm',
  'tmpfs',
  'proc',
  'size=1',
];

/** One argument: a descriptor, a flag word, a length, a pointer to something or to nothing. */
const argument = fc.oneof(
  fc.integer({ min: -101, max: 12 }).map((n) => () => BigInt(n)),
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map((n) => () => n),
  fc.nat({ max: 0xffff_ffff }).map((n) => () => BigInt(n)),
  fc
    .constantFrom(0n, BigInt(BAD), BigInt(BUFFER), 2n ** 48n, 2n ** 63n - 1n, 0xdead_0000_0000_0000n)
    .map((n) => () => n),
  fc.constantFrom(...NAMES).map((name) => name),
  fc.uint8Array({ minLength: 64, maxLength: 64 }).map((bytes) => bytes),
);

test('no argument of any file call makes the kernel throw, and every answer is a number', () => {
  const table = index_syscalls();
  const call = fc.tuple(fc.constantFrom(...FS_CALLS), fc.array(argument, { minLength: 6, maxLength: 6 }));
  fc.assert(
    fc.property(fc.array(call, { minLength: 1, maxLength: 25 }), (calls) => {
      const u = new FsMachine(128).user();
      for (const dir of ['/d', '/proc', '/dev']) u.sys('mkdirat', -100, dir, 0o755);
      u.sys('mount', 'proc', '/proc', 'proc', 0, 0);
      u.sys('mount', 'dev', '/dev', 'devtmpfs', 0, 0);
      u.put('/d/f', 'text');
      u.open('/d/f', 2);
      u.sys('pipe2', BUFFER, 0o4000);
      for (const [nr, args] of calls) {
        const words = new Uint32Array(12);
        args.forEach((arg, i) => {
          const value = typeof arg === 'function' ? arg() : BigInt(u.place(arg));
          new DataView(words.buffer).setBigUint64(8 * i, BigInt.asUintN(64, value), true);
        });
        const ret = table[nr]!.call(u.task, words);
        if (!is_generator(ret)) assert.type(Number(ret), 'number', `${nr}`);
      }
    }),
    { numRuns: 400 },
  );
});

test.run();
