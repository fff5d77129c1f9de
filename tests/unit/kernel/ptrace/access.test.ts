import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CAP_EMPTY_SET, type Cred, commit_creds, prepare_creds } from '../../../../kernel/cred.ts';
import type { Mm } from '../../../../kernel/include/linux/mm_types.ts';
import type { Task } from '../../../../kernel/include/linux/sched.ts';
import { EACCES, EPERM, ESRCH } from '../../../../kernel/include/uapi/errno.ts';
import {
  PTRACE_MODE_ATTACH_FSCREDS,
  PTRACE_MODE_ATTACH_REALCREDS,
  PTRACE_MODE_READ_REALCREDS,
  SUID_DUMP_USER,
  __ptrace_may_access,
  mm_access,
  ptracer_capable,
} from '../../../../kernel/ptrace/access.ts';
import { testTask } from '../../../lib/kernel.ts';
import { family } from '../../../lib/traced.ts';

/* ptrace(2), "Ptrace access mode checking". */

const NOBODY = { uid: 1000, euid: 1000, suid: 1000, fsuid: 1000, gid: 100, egid: 100, sgid: 100, fsgid: 100 };
const NO_CAPABILITIES = { cap_effective: CAP_EMPTY_SET, cap_permitted: CAP_EMPTY_SET };

function become(task: Task, over: Partial<Cred>): void {
  commit_creds(task, { ...prepare_creds(task), ...NOBODY, ...NO_CAPABILITIES, ...over });
}

const attach = (task: Task, target: Task): number =>
  __ptrace_may_access(task, target, PTRACE_MODE_ATTACH_REALCREDS);

/** Two tasks of one user; `over` makes the target differ. */
function two(over: Partial<Cred> = {}) {
  const { kernel, tracer, child } = family(0);
  become(tracer, {});
  become(child, over);
  return { kernel, tracer, child };
}

test('"the caller`s UID matches the target`s real, effective and saved-set UIDs, and so its GID": all of them', () => {
  const same = two();
  assert.is(attach(same.tracer, same.child), 0);
  for (const id of ['uid', 'euid', 'suid', 'gid', 'egid', 'sgid'] as const) {
    const { tracer, child } = two({ [id]: 0 });
    assert.is(attach(tracer, child), -EPERM, id);
  }
});

test('it is the real ids of the caller for a system call, and those for files in /proc', () => {
  const { tracer, child } = two();
  become(tracer, { uid: 1, gid: 1 });
  assert.is(__ptrace_may_access(tracer, child, PTRACE_MODE_ATTACH_REALCREDS), -EPERM);
  assert.is(__ptrace_may_access(tracer, child, PTRACE_MODE_ATTACH_FSCREDS), 0);
});

test('who has more than the caller is not the caller`s to look into', () => {
  const { tracer, child } = two();
  commit_creds(child, { ...child.cred, cap_permitted: family(0).init.cred.cap_permitted });
  assert.is(attach(tracer, child), -EPERM);
});

test('CAP_SYS_PTRACE may look into everybody', () => {
  const { child, kernel } = two({ uid: 5 });
  const root = testTask(kernel);
  assert.is(attach(root, child), 0);
});

test('what may not be dumped is its own only', () => {
  const { kernel, tracer, child } = two();
  child.mm = { dumpable: 0 } as Mm;
  assert.is(attach(tracer, child), -EPERM);
  assert.is(attach(testTask(kernel), child), 0);
  child.mm.dumpable = SUID_DUMP_USER;
  assert.is(attach(tracer, child), 0);
});

test('threads of one process always may', () => {
  const { kernel, child } = two({ uid: 5 });
  const thread = testTask(kernel, child, true);
  become(thread, {});
  assert.is(attach(thread, child), 0);
});

test('mm_access: ESRCH without memory, EACCES when it is none of one`s business', () => {
  const { tracer, child } = two({ euid: 0 });
  assert.is(mm_access(tracer, child, PTRACE_MODE_READ_REALCREDS), -ESRCH);
  child.mm = { dumpable: SUID_DUMP_USER } as Mm;
  assert.is(mm_access(tracer, child, PTRACE_MODE_READ_REALCREDS), -EACCES);
  tracer.mm = child.mm;
  assert.is(mm_access(tracer, child, PTRACE_MODE_READ_REALCREDS), child.mm);
});

test('what the tracer could when it attached counts, not what it has become', () => {
  const { tracer, child } = family();
  assert.ok(ptracer_capable(child));
  become(tracer, {});
  assert.ok(ptracer_capable(child));
  child.ptracer_cred = tracer.cred;
  assert.not(ptracer_capable(child));
});

test.run();
