/*
 * The expected values are those of the PSCI (DEN 0022) and SMCCC (DEN 0028) specifications.
 */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Psci } from '../../../../board/power/psci.ts';

function machine() {
  let standbys = 0;
  const psci = new Psci({ standby: () => void standbys++ });
  const call = (...args: number[]) => {
    const x = new BigUint64Array(31);
    for (const [n, value] of args.entries()) x[n] = BigInt(value);
    psci.call(x);
    return BigInt.asIntN(64, x[0]!);
  };
  return { psci, call, standbys: () => standbys };
}

test('it is PSCI 1.1 and SMCCC 1.1', () => {
  const { call } = machine();
  assert.is(call(0x8400_0000), 0x1_0001n);
  assert.is(call(0x8000_0000), 0x1_0001n);
});

test('PSCI_FEATURES knows what there is and what there is not', () => {
  const { call } = machine();
  for (const fn of [0x8400_0000, 0x8400_0008, 0x8400_0009, 0xc400_0003, 0x8000_0000, 0x8400_000a])
    assert.is(call(0x8400_000a, fn), 0n, fn.toString(16));
  for (const fn of [0x8400_0005, 0x8400_000e, 0x1234]) assert.is(call(0x8400_000a, fn), -1n, fn.toString(16));
});

test('SYSTEM_OFF and SYSTEM_RESET are told to who runs the board', () => {
  const off = machine();
  off.call(0x8400_0008);
  assert.is(off.psci.power, 'off');
  const reset = machine();
  reset.call(0x8400_0009);
  assert.is(reset.psci.power, 'reset');
});

test('the one processing element is on already, and there is no other', () => {
  const { call } = machine();
  assert.is(call(0xc400_0003, 0, 0x4000_0000, 0), -4n, 'ALREADY_ON');
  assert.is(call(0xc400_0003, 1, 0x4000_0000, 0), -2n, 'INVALID_PARAMETERS');
  assert.is(call(0xc400_0003, 2 ** 32, 0, 0), -2n, 'Aff3');
  assert.is(call(0xc400_0004, 0, 0), 0n, 'AFFINITY_INFO: ON');
  assert.is(call(0xc400_0004, 1, 0), -2n);
});

test('CPU_SUSPEND offers standby and nothing deeper', () => {
  const { call, standbys } = machine();
  assert.is(call(0xc400_0001, 0, 0, 0), 0n);
  assert.is(standbys(), 1);
  assert.is(call(0xc400_0001, 0x1_0000, 0x4000_0000, 0), -2n);
  assert.is(standbys(), 1);
});

test('no Trusted OS needs to be migrated', () => {
  assert.is(machine().call(0x8400_0006), 2n);
});

test('an unknown function answers NOT_SUPPORTED in all 64 bits', () => {
  assert.is(machine().call(0x8600_ff01), -1n);
});

test.run();
