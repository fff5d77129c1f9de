import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CAP_EMPTY_SET, commit_creds, prepare_creds } from '../../../../kernel/cred.ts';
import type { Task } from '../../../../kernel/include/linux/sched.ts';
import { EINVAL, EPERM } from '../../../../kernel/include/uapi/errno.ts';
import {
  PTRACE_MODE_ATTACH,
  PTRACE_MODE_NOAUDIT,
  PTRACE_MODE_READ,
} from '../../../../kernel/ptrace/access.ts';
import {
  yama_ptrace_access_check,
  yama_ptrace_traceme,
  yama_set_ptracer,
  yama_task_free,
} from '../../../../kernel/security/yama.ts';
import { NSEC_PER_SEC } from '../../../../kernel/time/timekeeping.ts';
import { testKernel, testTask } from '../../../lib/kernel.ts';

/* Documentation/admin-guide/LSM/Yama.rst says which scope allows what. */

/** init, its child with a child, and a stranger; nobody has capabilities. */
function family(scope: number) {
  const kernel = testKernel();
  let now = 1;
  kernel.time.monotonicNs = () => now;
  kernel.yama.ptrace_scope = scope;
  const init = testTask(kernel);
  const parent = testTask(kernel, init);
  const child = testTask(kernel, parent);
  const stranger = testTask(kernel, init);
  for (const task of [parent, child, stranger]) drop_capabilities(task);
  const pass = (seconds: number): void => {
    now += seconds * NSEC_PER_SEC;
  };
  return { kernel, init, parent, child, stranger, pass };
}

const drop_capabilities = (task: Task): void =>
  commit_creds(task, { ...prepare_creds(task), uid: 1000, cap_effective: CAP_EMPTY_SET });

const attach = (task: Task, target: Task): number =>
  yama_ptrace_access_check(task, target, PTRACE_MODE_ATTACH);

const logged = ({ kernel }: Task): string[] =>
  kernel.printk.records.map(({ text }) => text).filter((text) => /ptrace|suppressed/.test(text));

test('scope 0 allows what the ids allow', () => {
  const { child, stranger } = family(0);
  assert.is(attach(stranger, child), 0);
});

test('scope 1 allows ancestors, and nobody else without CAP_SYS_PTRACE', () => {
  const { init, parent, child, stranger } = family(1);
  assert.is(attach(parent, child), 0);
  assert.is(attach(child, parent), -EPERM);
  assert.is(attach(stranger, child), -EPERM);
  assert.is(attach(init, stranger), 0);
});

test('scope 1 allows a thread of an ancestor, and of the process itself', () => {
  const { kernel, parent, child } = family(1);
  const thread = testTask(kernel, parent, true);
  assert.is(attach(thread, child), 0);
  assert.is(attach(parent, testTask(kernel, child, true)), 0);
});

test('PR_SET_PTRACER names one process and its descendants, the last one that was named', () => {
  const { kernel, child, stranger, parent } = family(1);
  assert.is(yama_set_ptracer(child, stranger.pid), 0);
  assert.is(attach(stranger, child), 0);
  const offspring = testTask(kernel, stranger);
  drop_capabilities(offspring);
  assert.is(attach(offspring, child), 0);
  assert.is(yama_set_ptracer(child, parent.pid), 0);
  assert.is(attach(stranger, child), -EPERM);
});

test('PR_SET_PTRACER: -1 is anybody, 0 takes it back, a number that nobody has is EINVAL', () => {
  const { child, stranger } = family(1);
  assert.is(yama_set_ptracer(child, -1), 0);
  assert.is(attach(stranger, child), 0);
  assert.is(yama_set_ptracer(child, 0), 0);
  assert.is(attach(stranger, child), -EPERM);
  assert.is(yama_set_ptracer(child, 12345), -EINVAL);
});

test('a relation holds for the process, whichever thread says it, and ends with either side', () => {
  const { kernel, child, stranger } = family(1);
  yama_set_ptracer(testTask(kernel, child, true), stranger.pid);
  assert.is(attach(stranger, child), 0);
  yama_task_free(stranger);
  assert.is(kernel.yama.ptracer_relations.size, 0);
  yama_set_ptracer(child, -1);
  yama_task_free(child);
  assert.is(kernel.yama.ptracer_relations.size, 0);
});

test('scopes 2 and 3 are about capabilities, and about nothing any more', () => {
  const { init, kernel, parent, child } = family(2);
  yama_set_ptracer(child, -1);
  assert.is(attach(parent, child), -EPERM);
  assert.is(attach(init, child), 0);
  kernel.yama.ptrace_scope = 3;
  assert.is(attach(init, child), -EPERM);
});

test('PTRACE_TRACEME asks for the capabilities of the parent', () => {
  const { kernel, init, parent, child } = family(1);
  assert.is(yama_ptrace_traceme(child, parent), 0);
  kernel.yama.ptrace_scope = 2;
  assert.is(yama_ptrace_traceme(child, parent), -EPERM);
  assert.is(yama_ptrace_traceme(parent, init), 0);
  kernel.yama.ptrace_scope = 3;
  assert.is(yama_ptrace_traceme(parent, init), -EPERM);
});

test('looking is none of its business', () => {
  const { child, stranger } = family(3);
  assert.is(yama_ptrace_access_check(stranger, child, PTRACE_MODE_READ), 0);
});

test('a refusal is told, unless it is not worth it', () => {
  const { child, stranger } = family(2);
  yama_ptrace_access_check(stranger, child, PTRACE_MODE_ATTACH | PTRACE_MODE_NOAUDIT);
  assert.equal(logged(child), []);
  attach(stranger, child);
  yama_ptrace_traceme(child, stranger);
  assert.equal(logged(child), [
    `ptrace attach of ""[${child.pid}] was attempted by ""[${stranger.pid}]`,
    `ptrace traceme of ""[${child.pid}] was attempted by ""[${stranger.pid}]`,
  ]);
});

test('ten refusals in five seconds are told; how many were not, when the next one is', () => {
  const { child, stranger, pass } = family(2);
  for (let i = 0; i < 25; i++) attach(stranger, child);
  assert.is(logged(child).length, 10);
  pass(4);
  attach(stranger, child);
  assert.is(logged(child).length, 10);
  pass(1.1);
  attach(stranger, child);
  assert.is(logged(child)[10], '__report_access: 16 callbacks suppressed');
  assert.is(logged(child).length, 12);
});

test.run();
