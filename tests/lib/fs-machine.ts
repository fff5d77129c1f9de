/*
 * tests/lib/fs-machine.ts - a fake machine with file systems: a tmpfs root, /dev and /proc ready to be mounted
 */

import { chr_dev_init } from '../../kernel/drivers/char/mem.ts';
import { Random } from '../../kernel/drivers/char/random.ts';
import { close_fd } from '../../kernel/fs/file.ts';
import { vfs_caches_init } from '../../kernel/fs/dcache.ts';
import { devtmpfs_init } from '../../kernel/fs/devices.ts';
import { init_fs } from '../../kernel/fs/fs_struct.ts';
import { proc_root_init } from '../../kernel/fs/proc/root.ts';
import type { Task } from '../../kernel/include/linux/sched.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import { bytes_to_string, string_to_bytes } from '../../kernel/lib/bytes.ts';
import { PageAllocator } from '../../kernel/mm/page_alloc.ts';
import { is_generator } from '../../kernel/sched/wait.ts';
import type { Syscall } from '../../kernel/syscalls/define.ts';
import { index_syscalls } from '../../kernel/syscalls/table.ts';
import { FakeMachine, User } from './fake-arch.ts';

const RAM_BASE = 0x4000_0000;
const PAGE = 4096;

/** Where FsUser puts names and data; far apart, below the end of what is mapped. */
export const NAMES = 0x1_0000;
export const BUFFER = 0x10_0000;
const BUFFER_SIZE = 0x40_0000;
export const BAD = 0x4000_0000;

/** The first call with each number: names as in strace's output. */
const CALLS = new Map(index_syscalls().flatMap((fn) => (fn ? [[fn.name, fn] as const] : [])));

export class FsMachine extends FakeMachine {
  constructor(ramPages = 1024) {
    super();
    const kernel = this.kernel as Kernel & { io: Kernel['io'] };
    const io = { ram: new Uint8Array(ramPages * PAGE), ramBase: RAM_BASE } as unknown as Kernel['io'];
    Object.assign(kernel, { io, mm: new PageAllocator(io), random: new Random(), command_line: 'quiet' });
    kernel.mm.memblock_add(RAM_BASE, ramPages * PAGE);
    kernel.mm.memblock_free_all();
    vfs_caches_init(kernel);
    kernel.init_task.fs = init_fs(kernel.fs.root);
    devtmpfs_init(kernel);
    chr_dev_init(kernel);
    proc_root_init(kernel);
    kernel.init = this.boot(); // the others are not PID 1, so that signals reach them
  }

  /** A process that only does what the test makes it do. */
  user(parent?: Task): FsUser {
    return new FsUser(
      this,
      this.spawn(function* () {}, parent),
    );
  }
}

type Arg = number | bigint | string | Uint8Array;

/** System calls with JavaScript values: strings and bytes are put into the task's memory first. */
export class FsUser extends User {
  private next = NAMES;

  /** A call that must not sleep. */
  sys(name: string, ...args: Arg[]): number {
    const ret = this.find(name).call(this.task, this.words(args));
    if (is_generator(ret)) throw new Error(`${name} sleeps`);
    return Number(ret);
  }

  /** A call that may sleep, from a program. */
  *wait(name: string, ...args: Arg[]) {
    return yield* this.call(this.find(name), ...this.numbers(args));
  }

  open(path: string, flags = 0, mode = 0o666): number {
    return this.sys('openat', -100, path, flags, mode);
  }

  /** The bytes as text, or -errno. */
  read(fd: number, count = BUFFER_SIZE): string | number {
    const n = this.sys('read', fd, BUFFER, count);
    return n < 0 ? n : this.text(BUFFER, n);
  }

  write(fd: number, text: string): number {
    this.memory.set(string_to_bytes(text), BUFFER);
    return this.sys('write', fd, BUFFER, text.length);
  }

  /** A whole file, opened and closed for it. */
  cat(path: string): string | number {
    const fd = this.open(path);
    if (fd < 0) return fd;
    let all = '';
    for (;;) {
      const part = this.read(fd);
      if (typeof part === 'number') return this.closed(fd, part);
      if (part === '') return this.closed(fd, all);
      all += part;
    }
  }

  put(path: string, text: string): number {
    const fd = this.open(path, 0o1101);
    return fd < 0 ? fd : this.closed(fd, this.write(fd, text));
  }

  /** Names in a directory, in readdir's order. */
  ls(path: string): string[] | number {
    const fd = this.open(path);
    if (fd < 0) return fd;
    const names: string[] = [];
    for (;;) {
      const n = this.sys('getdents64', fd, BUFFER, 4096);
      if (n <= 0) return this.closed(fd, n < 0 ? n : names);
      for (let at = BUFFER; at < BUFFER + n; at += this.view.getUint16(at + 16, true)) {
        names.push(this.text(at + 19, this.memory.indexOf(0, at + 19) - at - 19));
      }
    }
  }

  stat(path: string, flags = 0): Stat | number {
    const err = this.sys('newfstatat', -100, path, BUFFER, flags);
    return err < 0 ? err : this.readStat();
  }

  fstat(fd: number): Stat | number {
    const err = this.sys('fstat', fd, BUFFER);
    return err < 0 ? err : this.readStat();
  }

  get memory(): Uint8Array {
    return this.machine.memoryOf(this.task.mm!);
  }

  get view(): DataView {
    return new DataView(this.memory.buffer);
  }

  text(at: number, length: number): string {
    return bytes_to_string(this.memory.subarray(at, at + length));
  }

  /** Puts bytes with a NUL behind them somewhere, and tells where. */
  place(data: string | Uint8Array): number {
    const bytes = typeof data === 'string' ? string_to_bytes(data) : data;
    if (this.next + bytes.length + 1 > BUFFER) this.next = NAMES;
    const at = this.next;
    this.memory.set(bytes, at);
    this.memory[at + bytes.length] = 0;
    this.next = at + Math.ceil((bytes.length + 1) / 8) * 8;
    return at;
  }

  private readStat(): Stat {
    const { view } = this;
    return {
      ino: Number(view.getBigUint64(BUFFER + 8, true)),
      mode: view.getUint32(BUFFER + 16, true),
      nlink: view.getUint32(BUFFER + 20, true),
      uid: view.getUint32(BUFFER + 24, true),
      gid: view.getUint32(BUFFER + 28, true),
      rdev: Number(view.getBigUint64(BUFFER + 32, true)),
      size: Number(view.getBigInt64(BUFFER + 48, true)),
      blksize: view.getInt32(BUFFER + 56, true),
      blocks: Number(view.getBigInt64(BUFFER + 64, true)),
      mtime: Number(view.getBigInt64(BUFFER + 88, true)),
    };
  }

  private closed<T>(fd: number, result: T): T {
    close_fd(this.task, fd);
    return result;
  }

  private find(name: string): Syscall {
    const fn = CALLS.get(name);
    if (!fn) throw new Error(`no system call ${name}`);
    return fn;
  }

  private numbers(args: readonly Arg[]): (number | bigint)[] {
    return args.map((arg) => (typeof arg === 'string' || arg instanceof Uint8Array ? this.place(arg) : arg));
  }

  private words(args: readonly Arg[]): Uint32Array {
    const words = new Uint32Array(12);
    const view = new DataView(words.buffer);
    this.numbers(args).forEach((arg, i) => {
      view.setBigInt64(8 * i, BigInt.asIntN(64, BigInt(arg)), true);
    });
    return words;
  }
}

export interface Stat {
  readonly ino: number;
  readonly mode: number;
  readonly nlink: number;
  readonly uid: number;
  readonly gid: number;
  readonly rdev: number;
  readonly size: number;
  readonly blksize: number;
  readonly blocks: number;
  readonly mtime: number;
}
