import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { EAGAIN, EEXIST, EINVAL } from '../../../kernel/include/uapi/errno.ts';
import { UserTable } from '../../../kernel/cred.ts';
import type { Task } from '../../../kernel/include/linux/sched.ts';
import { type Pid, PIDTYPE_PGID, PIDTYPE_PID, PidTable } from '../../../kernel/pid.ts';

function newTable(): PidTable {
  const table = new PidTable(new UserTable());
  table.init_pid_ns.child_reaper = {} as Task;
  return table;
}

const choose = (table: PidTable, nr: number): Pid | number => table.alloc_pid(table.init_pid_ns, [nr]);

const take = (table: PidTable, nr = 0): Pid => {
  const pid = nr ? choose(table, nr) : table.alloc_pid();
  if (typeof pid === 'number') throw new Error(String(pid));
  return pid;
};

test('numbers go up and are not used again at once', () => {
  const table = newTable();
  const first = take(table);
  const second = take(table);
  table.free_pid(first);
  assert.equal([first.nr, second.nr, take(table).nr], [1, 2, 3]);
});

test('after the highest number the search goes on at 300', () => {
  const table = newTable();
  table.init_pid_ns.last = table.pid_max - 2;
  assert.equal(take(table).nr, table.pid_max - 1);
  assert.equal(take(table).nr, 300);
});

test('when every number is taken it is EAGAIN', () => {
  const table = newTable();
  table.pid_max = 5;
  for (let n = 0; n < 4; n++) take(table);
  assert.equal(table.alloc_pid(), -EAGAIN);
});

test('a number asked for is given, or it is said why not', () => {
  const table = newTable();
  assert.equal(take(table, 77).nr, 77);
  assert.equal(choose(table, 77), -EEXIST);
  assert.equal(choose(table, -1), -EINVAL);
  assert.equal(choose(table, table.pid_max), -EINVAL);
});

test('a number stays taken as long as a process group carries it', () => {
  const table = newTable();
  const pid = take(table);
  const leader = {} as Task;
  const member = {} as Task;
  table.attach_pid(leader, PIDTYPE_PID, pid);
  table.attach_pid(member, PIDTYPE_PGID, pid);
  table.detach_pid(leader, PIDTYPE_PID, pid);
  assert.is(table.find_vpid(pid.nr), pid);
  assert.is(table.find_task_by_vpid(pid.nr), null);
  table.detach_pid(member, PIDTYPE_PGID, pid);
  assert.is(table.find_vpid(pid.nr), null);
});

test.run();
