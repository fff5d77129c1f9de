/*
 * tests/unit/kernel/auditfilter.test.ts - rules of audit, as auditctl packs them
 */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { AuditContext } from '../../../kernel/auditsc.ts';
import {
  AuditFilter,
  type AuditRule,
  audit_data_to_rule,
  audit_rule_to_data,
} from '../../../kernel/auditfilter.ts';
import * as uapi from '../../../kernel/include/uapi/audit.ts';
import { EEXIST, EINVAL, ENOENT } from '../../../kernel/include/uapi/errno.ts';
import { put_unaligned_le32 } from '../../../kernel/lib/bytes.ts';
import { testKernel, testTask } from '../../lib/kernel.ts';

const GETPID = 172;
const mask = (nr: number): number[] => {
  const words = new Array<number>(uapi.AUDIT_BITMASK_SIZE).fill(0);
  words[nr >> 5] = (1 << (nr & 31)) >>> 0;
  return words;
};

const rule = (over: Partial<AuditRule> = {}): AuditRule => ({
  listnr: uapi.AUDIT_FILTER_EXIT,
  prepend: false,
  action: uapi.AUDIT_ALWAYS,
  mask: mask(GETPID),
  fields: [],
  key: null,
  ...over,
});

const field = (type: number, op: number, value: number) => ({ type, op, value });
const call = (over: Partial<AuditContext> = {}): AuditContext =>
  ({
    arch: uapi.AUDIT_ARCH_AARCH64,
    major: GETPID,
    argv: [1n, 2n, 3n, 4n],
    success: true,
    exit: 7,
    ...over,
  }) as AuditContext;

const task = testTask(testKernel());
const fits = (one: AuditRule, context: AuditContext = call()): boolean => {
  const filter = new AuditFilter();
  filter.add(one);
  return filter.syscall(task, context) === one;
};

test('a rule fits the calls of its mask only, and never number -1', () => {
  assert.ok(fits(rule()));
  assert.not.ok(fits(rule(), call({ major: GETPID + 1 })));
  assert.not.ok(fits(rule({ mask: mask(31) }), call({ major: -1 })));
});

test('all fields of a rule must hold', () => {
  const arch = field(uapi.AUDIT_ARCH, uapi.AUDIT_EQUAL, uapi.AUDIT_ARCH_AARCH64);
  const other = field(uapi.AUDIT_UID, uapi.AUDIT_EQUAL, 1000);
  assert.ok(fits(rule({ fields: [arch] })));
  assert.not.ok(fits(rule({ fields: [arch, other] })));
});

test('the result is compared without a sign, as 32 bits', () => {
  const failed = call({ success: false, exit: -3 });
  assert.ok(fits(rule({ fields: [field(uapi.AUDIT_EXIT, uapi.AUDIT_EQUAL, 0xffff_fffd)] }), failed));
  assert.ok(fits(rule({ fields: [field(uapi.AUDIT_SUCCESS, uapi.AUDIT_EQUAL, 0)] }), failed));
  assert.not.ok(
    fits(rule({ fields: [field(uapi.AUDIT_SUCCESS, uapi.AUDIT_EQUAL, 0)] }), call({ success: null })),
  );
});

test('of an argument the low half is compared, with every operator', () => {
  const argument = (op: number, value: number): boolean =>
    fits(
      rule({ fields: [field(uapi.AUDIT_ARG0 + 1, op, value)] }),
      call({ argv: [0n, 0x1_0000_0006n, 0n, 0n] }),
    );
  assert.ok(argument(uapi.AUDIT_EQUAL, 6));
  assert.ok(argument(uapi.AUDIT_NOT_EQUAL, 5));
  assert.ok(argument(uapi.AUDIT_LESS_THAN, 7) && !argument(uapi.AUDIT_LESS_THAN, 6));
  assert.ok(argument(uapi.AUDIT_GREATER_THAN_OR_EQUAL, 6) && !argument(uapi.AUDIT_GREATER_THAN, 6));
  assert.ok(argument(uapi.AUDIT_BIT_MASK, 2) && !argument(uapi.AUDIT_BIT_MASK, 8));
  assert.ok(argument(uapi.AUDIT_BIT_TEST, 6) && !argument(uapi.AUDIT_BIT_TEST, 7));
});

test('the first rule that fits decides; a rule can be put in front', () => {
  const filter = new AuditFilter();
  const never = rule({ action: uapi.AUDIT_NEVER, prepend: true });
  filter.add(rule());
  assert.is(filter.syscall(task, call())?.action, uapi.AUDIT_ALWAYS);
  filter.add(never);
  assert.is(filter.syscall(task, call()), never);
});

test('a rule is there once, and can be taken back once', () => {
  const filter = new AuditFilter();
  assert.is(filter.add(rule()), 0);
  assert.is(filter.add(rule()), -EEXIST);
  assert.is(filter.n_rules, 1);
  assert.is(filter.del(rule()), 0);
  assert.is(filter.del(rule()), -ENOENT);
  assert.is(filter.n_rules, 0);
});

test('records of an excluded type are not made', () => {
  const filter = new AuditFilter();
  const fields = [field(uapi.AUDIT_MSGTYPE, uapi.AUDIT_EQUAL, uapi.AUDIT_PROCTITLE)];
  filter.add(rule({ listnr: uapi.AUDIT_FILTER_EXCLUDE, fields }));
  assert.ok(filter.excludes(uapi.AUDIT_PROCTITLE));
  assert.not.ok(filter.excludes(uapi.AUDIT_SYSCALL));
  assert.is(filter.n_rules, 0);
});

test('what is packed comes back as it was', () => {
  const whole = rule({
    fields: [
      field(uapi.AUDIT_ARCH, uapi.AUDIT_EQUAL, uapi.AUDIT_ARCH_AARCH64),
      field(uapi.AUDIT_FILTERKEY, uapi.AUDIT_EQUAL, 4),
    ],
    key: 'mykk',
  });
  const data = audit_rule_to_data(whole);
  assert.is(data.length, 1040 + 4); // sizeof(struct audit_rule_data), and the key
  assert.equal(audit_data_to_rule(data), whole);
});

test('rules that make no sense are EINVAL', () => {
  const broken = (at: number, value: number): AuditRule | number => {
    const data = audit_rule_to_data(rule({ fields: [field(uapi.AUDIT_PID, uapi.AUDIT_EQUAL, 1)] }));
    put_unaligned_le32(value, data, at);
    return audit_data_to_rule(data);
  };
  assert.is(broken(0, 2), -EINVAL); // the entry list is gone
  assert.is(broken(4, 1), -EINVAL); // AUDIT_POSSIBLE, too
  assert.is(broken(8, 65), -EINVAL); // more fields than there are
  assert.is(broken(12 + 256, 105), -EINVAL); // AUDIT_WATCH
  assert.is(broken(12 + 3 * 256, 7), -EINVAL); // no operator
  assert.is(audit_data_to_rule(new Uint8Array(100)), -EINVAL);
});

test.run();
