import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { EACCES, EINVAL, EIO, ENOENT, ENOTDIR, EPERM, ESRCH } from '../../../../kernel/include/uapi/errno.ts';
import { BUFFER, FsMachine, type FsUser, type Stat } from '../../../lib/fs-machine.ts';

const AT = -100;
const O_PATH = 0o1000_0000;

function mounted(): { machine: FsMachine; u: FsUser } {
  const machine = new FsMachine();
  const u = machine.user();
  u.sys('mkdirat', AT, '/proc', 0o555);
  assert.is(u.sys('mount', 'proc', '/proc', 'proc', 0, 0), 0);
  return { machine, u };
}

const names = (u: FsUser, path: string): string[] =>
  (u.ls(path) as string[]).filter((name) => name !== '.' && name !== '..');

test('processes are directories, listed by number; self is the reader', () => {
  const { machine, u } = mounted();
  const other = machine.user();
  assert.equal(
    names(u, '/proc').filter((name) => /^\d/.test(name)),
    ['1', String(u.task.pid), String(other.task.pid)],
  );
  assert.is(u.sys('readlinkat', AT, '/proc/self', BUFFER, 100), 1);
  assert.is(u.text(BUFFER, 1), String(u.task.pid));
  assert.is(other.cat('/proc/thread-self/comm'), `${other.task.comm}\n`);
  assert.is(u.stat('/proc/99'), -ENOENT);
  assert.is(u.stat('/proc/02'), -ENOENT, 'a number is written without zeroes in front');
  assert.is((u.stat('/proc/1') as Stat).mode, 0o40555);
});

/** Names and permissions of Linux 6.12's /proc/<pid>, as far as they exist here. */
// biome-ignore format: columns teach
const MODES: Readonly<Record<string, number>> = {
  task: 0o40555, fd: 0o40500, fdinfo: 0o40555, environ: 0o100400, auxv: 0o100400, status: 0o100444, personality: 0o100400, limits: 0o100444,
  comm: 0o100644, syscall: 0o100400, cmdline: 0o100444, stat: 0o100444, statm: 0o100444, maps: 0o100444, mem: 0o100600, cwd: 0o120777,
  root: 0o120777, exe: 0o120777, mounts: 0o100444, mountinfo: 0o100444, mountstats: 0o100400, smaps: 0o100444, smaps_rollup: 0o100444,
  wchan: 0o100444, schedstat: 0o100444, oom_score: 0o100444, oom_adj: 0o100644, oom_score_adj: 0o100644, loginuid: 0o100644,
  sessionid: 0o100444, uid_map: 0o100644, gid_map: 0o100644, setgroups: 0o100644, timerslack_ns: 0o100666,
  ns: 0o40511, timens_offsets: 0o100644,
};

test("a process directory has upstream's names, kinds and permissions", () => {
  const { u } = mounted();
  const listed = names(u, '/proc/self');
  assert.equal([...listed].sort(), Object.keys(MODES).sort());
  for (const [name, mode] of Object.entries(MODES)) {
    assert.is((u.stat(`/proc/self/${name}`, 0x100) as Stat).mode, mode, name);
  }
});

test('stat has 52 fields, status the lines that ps reads', () => {
  const { u } = mounted();
  u.task.comm = 'a) b\n';
  const stat = u.cat('/proc/self/stat') as string;
  assert.ok(stat.startsWith(`${u.task.pid} (a) b\\n) R 1 0 0 0 -1 0 `));
  assert.is(
    stat
      .slice(stat.lastIndexOf(')') + 2)
      .trim()
      .split(' ').length,
    50,
  );
  const status = u.cat('/proc/self/status') as string;
  for (const line of [
    'Name:\ta) b\\n',
    'Umask:\t0022',
    'State:\tR (running)',
    `Pid:\t${u.task.pid}`,
    'PPid:\t1',
    'Uid:\t0\t0\t0\t0',
    'Threads:\t1',
    'SigQ:',
    'CapEff:\t000001ffffffffff',
    'NoNewPrivs:\t0',
  ]) {
    assert.ok(status.includes(line), line);
  }
});

test('signal sets in status follow what was asked for', () => {
  const { u } = mounted();
  u.task.sighand.action[1]!.sa_handler = 0x1000 as never; // SIGINT caught
  u.task.sighand.action[12]!.sa_handler = 1 as never; //    SIGPIPE ignored
  u.task.blocked = { lo: 1, hi: 1 };
  const status = u.cat('/proc/self/status') as string;
  assert.match(status, 'SigBlk:\t0000000100000001\nSigIgn:\t0000000000001000\nSigCgt:\t0000000000000002\n');
});

test('fd/ leads to the open files themselves, whatever became of their names', () => {
  const { u } = mounted();
  const fd = u.open('/f', 0o102);
  u.write(fd, 'content');
  u.sys('unlinkat', AT, '/f', 0);
  const link = `/proc/self/fd/${fd}`;
  const n = u.sys('readlinkat', AT, link, BUFFER, 100);
  assert.is(u.text(BUFFER, n), '/f (deleted)');
  assert.is(u.cat(link), 'content');
  const { mode, size } = u.stat(link, 0x100) as Stat;
  assert.equal([mode, size], [0o120700, 64]);
  assert.equal(names(u, '/proc/self/fd'), ['0', '1'], 'the file, and the directory that is being read');
  assert.is((u.stat('/proc/self/fd') as Stat).size, 1);
  assert.is(u.cat(`/proc/self/fdinfo/${fd}`), 'pos:\t7\nflags:\t0400002\nmnt_id:\t1\nino:\t3\n');
  assert.is(u.open('/proc/self/fd/99'), -ENOENT);
});

test('pipes and memfds have names that nothing else has', () => {
  const { u } = mounted();
  u.sys('pipe2', BUFFER, 0);
  const rfd = u.peek(BUFFER);
  const name = (fd: number): string =>
    u.text(BUFFER, u.sys('readlinkat', AT, `/proc/self/fd/${fd}`, BUFFER, 100));
  assert.match(name(rfd), /^pipe:\[\d+\]$/);
  assert.is(name(u.sys('memfd_create', 'x', 0)), '/memfd:x (deleted)');
});

test('cwd and root are links that a chroot does not fool', () => {
  const { u } = mounted();
  u.sys('mkdirat', AT, '/d', 0o755);
  u.sys('chdir', '/d');
  const n = u.sys('readlinkat', AT, '/proc/self/cwd', BUFFER, 100);
  assert.is(u.text(BUFFER, n), '/d');
  assert.ok(u.open('/proc/self/cwd/../proc', O_PATH) >= 0);
  assert.is(u.sys('readlinkat', AT, '/proc/self/exe', BUFFER, 100), -ENOENT, 'no program was executed');
});

test('others may look at what is public, and not at what is not', () => {
  const { machine, u } = mounted();
  const stranger = machine.user();
  stranger.sys('setuid', 1000);
  const dir = `/proc/${u.task.pid}`;
  assert.type(stranger.cat(`${dir}/stat`), 'string');
  for (const name of ['environ', 'auxv', 'mem', 'fd'])
    assert.is(stranger.open(`${dir}/${name}`), -EACCES, name);
  assert.is(stranger.sys('readlinkat', AT, `${dir}/cwd`, BUFFER, 100), -EACCES);
  assert.is(stranger.sys('readlinkat', AT, '/proc/self/cwd', BUFFER, 100), 1);
  assert.is(stranger.put(`${dir}/comm`, 'x'), -EACCES);
  assert.is(u.put(`/proc/${stranger.task.pid}/comm`, 'x'), -EINVAL, 'even root only renames its own threads');
});

test('comm and oom_score_adj can be written, within limits', () => {
  const { u } = mounted();
  assert.is(u.put('/proc/self/comm', 'a-name-that-is-too-long'), 23);
  assert.is(u.task.comm, 'a-name-that-is-');
  assert.is(u.put('/proc/self/oom_score_adj', '-500\n'), 5);
  assert.is(u.cat('/proc/self/oom_score_adj'), '-500\n');
  assert.is(u.cat('/proc/self/oom_adj'), '-8\n');
  assert.is(u.put('/proc/self/oom_score_adj', '1001'), -EINVAL);
  assert.is(u.put('/proc/self/oom_score_adj', 'ten'), -EINVAL);
  assert.is(u.put('/proc/self/oom_score_adj', '12 34'), -EINVAL);
  assert.is(u.put('/proc/self/oom_score_adj', '0x10'), 4);
  assert.is(u.cat('/proc/self/oom_score_adj'), '16\n');
  assert.is(u.put('/proc/self/stat', 'x'), -EINVAL, 'nothing to write to');
  assert.is(u.put('/proc/version', 'x'), -EIO);
  u.sys('setuid', 1000);
  assert.is(u.put('/proc/self/oom_score_adj', '-600'), -EACCES);
  assert.is(u.put('/proc/self/stat', 'x'), -EACCES);
});

test('limits is a table of fixed columns', () => {
  const { u } = mounted();
  const lines = (u.cat('/proc/self/limits') as string).split('\n');
  assert.is(lines[0], 'Limit                     Soft Limit           Hard Limit           Units     ');
  assert.is(lines[8], 'Max open files            1024                 4096                 files     ');
  assert.is(lines[14], 'Max nice priority         0                    0                    ');
  assert.is(lines.length, 18);
});

test('mounts and mountinfo tell where what is mounted, mangled where names have spaces', () => {
  const { u } = mounted();
  u.sys('mkdirat', AT, '/a b', 0o755);
  u.sys('mount', 'my dev', '/a b', 'tmpfs', 2 | 4 | 8, 'size=64k,mode=700,uid=5');
  assert.is(
    u.cat('/proc/mounts'),
    'rootfs / rootfs rw,inode64 0 0\n' +
      'proc /proc proc rw,relatime 0 0\n' +
      'my\\040dev /a\\040b tmpfs rw,nosuid,nodev,noexec,relatime,size=64k,mode=700,uid=5,inode64 0 0\n',
  );
  assert.match(
    u.cat('/proc/self/mountinfo') as string,
    /^1 1 0:\d+ \/ \/ rw - rootfs rootfs rw,inode64\n2 1 0:\d+ \/ \/proc rw,relatime - proc proc rw\n/,
  );
});

test('a file is one text from its first read to its last', () => {
  const { u } = mounted();
  const fd = u.open('/proc/self/comm');
  assert.is(u.read(fd, 2), u.task.comm.slice(0, 2));
  const rest = u.task.comm.slice(2);
  u.task.comm = 'changed';
  assert.is(u.read(fd), `${rest}\n`);
  u.sys('lseek', fd, 0, 0);
  assert.is(u.read(fd), 'changed\n');
  assert.is(u.sys('lseek', fd, 0, 2), -EINVAL, 'nobody knows its size');
});

test('/proc/sys: names can be changed, numbers only to what makes sense', () => {
  const { machine, u } = mounted();
  assert.is(u.cat('/proc/sys/kernel/ostype'), 'Linux\n');
  assert.is(u.put('/proc/sys/kernel/hostname', 'box\n'), 4);
  assert.is(u.task.nsproxy.uts_ns.nodename, 'box');
  assert.is(u.put('/proc/sys/kernel/pid_max', '400'), 3);
  assert.is(machine.kernel.pids.pid_max, 400);
  assert.is(u.put('/proc/sys/kernel/pid_max', '10'), -EINVAL);
  assert.is(u.put('/proc/sys/kernel/pid_max', '5000 1'), 5, 'what is behind the first number is left');
  assert.is(u.put('/proc/sys/kernel/pid_max', ''), 0);
  assert.is(u.put('/proc/sys/kernel/ostype', 'x'), -EACCES, 'for root too');
  assert.is(u.sys('faccessat', AT, '/proc/sys/kernel/ostype', 2), -EACCES);
  assert.is(u.sys('fchmodat', AT, '/proc/sys/kernel/ostype', 0o666), -EPERM);
  assert.is(u.sys('fchmodat', AT, '/proc/self/stat', 0o666), -EPERM);
  assert.is(u.sys('fchownat', AT, '/proc/self/stat', 1, 1, 0), -EPERM);
  assert.is(u.sys('truncate', '/proc/self/comm', 0), 0);
  assert.is(u.cat('/proc/sys/kernel/random/boot_id'), u.cat('/proc/sys/kernel/random/boot_id'));
  assert.match(
    u.cat('/proc/sys/kernel/random/uuid') as string,
    /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\n$/,
  );
  assert.is(u.cat('/proc/sys/fs/nr_open'), '1048576\n');
  u.sys('setuid', 1000);
  assert.is(u.put('/proc/sys/kernel/hostname', 'no'), -EACCES);
});

test('meminfo adds up', () => {
  const { machine, u } = mounted();
  u.put('/f', 'x'.repeat(40960));
  const text = u.cat('/proc/meminfo') as string;
  const kb = (name: string): number => Number(new RegExp(`^${name}: +(\\d+) kB$`, 'm').exec(text)![1]);
  assert.is(kb('MemTotal'), machine.kernel.mm.totalram_pages * 4);
  assert.is(kb('MemFree'), machine.kernel.mm.nr_free_pages() * 4);
  assert.is(kb('Shmem'), 40);
  assert.is(text.split('\n')[0]!.length, 'MemTotal:         997440 kB'.length, 'columns as upstream');
});

test('what is in /proc cannot be made, removed or renamed', () => {
  const { u } = mounted();
  assert.is(u.sys('mkdirat', AT, '/proc/x', 0o755), -ENOENT);
  assert.is(u.open('/proc/x', 0o100), -ENOENT);
  assert.is(u.sys('unlinkat', AT, '/proc/version', 0), -EPERM);
  assert.is(u.sys('unlinkat', AT, '/proc/sys', 0x200), -EPERM);
  assert.is(u.sys('renameat2', AT, '/proc/version', AT, '/proc/uptime', 0), -EPERM);
  assert.is(u.open('/proc/version/x'), -ENOTDIR);
});

test('a directory of a process that is gone is empty, and its files are ESRCH', () => {
  const { machine, u } = mounted();
  const { pid } = machine.user().task;
  const dir = u.open(`/proc/${pid}`);
  const stat = u.open(`/proc/${pid}/stat`);
  assert.type(u.read(stat), 'string');
  const dead = machine.kernel.pids.find_vpid(pid)!;
  for (const tasks of dead.tasks) tasks.clear();
  u.sys('lseek', stat, 0, 0);
  assert.is(u.read(stat), -ESRCH);
  assert.is(u.sys('openat', dir, 'comm', 0, 0), -ENOENT);
});

test.run();
