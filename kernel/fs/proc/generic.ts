/*
 * kernel/fs/proc/generic.ts - what files of /proc are made of: a text, made when it is read
 *
 * Linux:   fs/proc/generic.c, fs/proc/inode.c, fs/seq_file.c
 * Differs: the whole text is made at the first read of an open file and kept until it is read from the start again;
 *          upstream makes it a buffer at a time
 */

import type {
  Dentry,
  DirContext,
  File,
  FileOperations,
  Inode,
  InodeOperations,
  Kiocb,
  SuperBlock,
} from '../../include/linux/fs.ts';
import type { PidNamespace } from '../../include/linux/pid_namespace.ts';
import type { Task } from '../../include/linux/sched.ts';
import { EFAULT, EINVAL, EIO, ENOENT, EPERM } from '../../include/uapi/errno.ts';
import { SEEK_CUR, SEEK_SET } from '../../include/uapi/fcntl.ts';
import { fs_umode_to_dtype, S_IFDIR, S_IFLNK, S_IFREG } from '../../include/uapi/stat.ts';
import type { Kernel } from '../../kernel.ts';
import { bytes_to_string, string_to_bytes } from '../../lib/bytes.ts';
import type { IovIter } from '../../lib/iov_iter.ts';
import type { Iattr } from '../attr.ts';
import { d_add, d_alloc } from '../dcache.ts';
import { new_inode, no_fops } from '../inode.ts';
import { vfs_setpos } from '../read_write.ts';
import { dcache_dir_lseek, dir_emit_dots, generic_read_dir } from '../readdir.ts';

/** The text, or -errno. `task` is who reads. */
export type Show = (inode: Inode, task: Task) => string | number;
/** What is written in one write(). Bytes taken, or -errno. */
export type Store = (inode: Inode, task: Task, text: string) => number;

/** Nothing of /proc is ever longer than this when it is written. */
const MAX_WRITE = 4096;

/** Linux: single_open(), seq_read_iter(). The methods of a file whose content is `show()`'s text. */
export function single_fops(show: Show | null, store: Store | null = null): FileOperations {
  const fops: { -readonly [K in keyof FileOperations]: FileOperations[K] } = { llseek: seq_lseek };
  if (show) {
    fops.read_iter = (task, iocb, to) => seq_read_iter(show, task, iocb, to);
    fops.splice_read = true;
  } else {
    fops.read_iter = () => -EIO;
  }
  if (store) fops.write_iter = (task, iocb, from) => seq_write_iter(store, task, iocb, from);
  return fops;
}

function seq_read_iter(show: Show, task: Task, iocb: Kiocb, to: IovIter): number {
  const text = iocb.pos === 0 ? null : (iocb.file.private_data as Uint8Array | null);
  const bytes = text ?? seq_fill(show, task, iocb.file);
  if (typeof bytes === 'number') return bytes;

  const part = bytes.subarray(iocb.pos, iocb.pos + to.count);
  const copied = to.copy_to_iter(part);
  iocb.pos += copied;
  return copied === 0 && part.length > 0 ? -EFAULT : copied;
}

function seq_fill(show: Show, task: Task, file: File): Uint8Array | number {
  const text = show(file.f_inode, task);
  if (typeof text === 'number') return text;
  const bytes = string_to_bytes(text);
  file.private_data = bytes;
  return bytes;
}

function seq_write_iter(store: Store, task: Task, iocb: Kiocb, from: IovIter): number {
  const bytes = new Uint8Array(Math.min(from.count, MAX_WRITE));
  if (from.copy_from_iter(bytes) < bytes.length) return -EFAULT;
  const taken = store(iocb.file.f_inode, task, bytes_to_string(bytes));
  if (taken > 0) iocb.pos += taken;
  return taken;
}

function seq_lseek(file: File, offset: number, whence: number): number {
  if (whence === SEEK_SET) return vfs_setpos(file, offset);
  return whence === SEEK_CUR ? vfs_setpos(file, file.f_pos + offset) : -EINVAL;
}

/* Entries that are always there have numbers of their own, far from those that come and go with processes. */
const PROC_ROOT_INO = 1;
const PROC_DYNAMIC_FIRST = 0xf000_0000;

/** That of the initial namespace, where everything is registered; others are copies. */
export const proc_sb = (kernel: Kernel): SuperBlock => kernel.pids.init_pid_ns.proc_sb!;

/** What a /proc keeps: whose numbers it shows, and how many permanent entries it has. */
export interface ProcFsInfo {
  readonly pid_ns: PidNamespace;
  entries: number;
}

const proc_fs_info = (sb: SuperBlock): ProcFsInfo => sb.s_fs_info as ProcFsInfo;
export const proc_pid_ns = (sb: SuperBlock): PidNamespace => proc_fs_info(sb).pid_ns;

const next_static_ino = (sb: SuperBlock): number => PROC_DYNAMIC_FIRST + proc_fs_info(sb).entries++;

/** All that is registered below `from`, once more below `to`. */
export function proc_copy_entries(from: Dentry, to: Dentry): void {
  for (const entry of from.d_children.values()) {
    const { i_mode, i_op, i_fop, i_nlink } = entry.d_inode!;
    const copy = add_entry(to, entry.d_name, i_mode, i_op, i_fop);
    copy.d_inode!.i_nlink = i_nlink;
    proc_copy_entries(entry, copy);
  }
}

export function proc_root_inode(sb: SuperBlock, i_op: InodeOperations, i_fop: FileOperations): Inode {
  sb.next_ino = PROC_ROOT_INO + 1;
  const inode = new_inode(sb, S_IFDIR | 0o555, i_op, i_fop, PROC_ROOT_INO);
  inode.i_nlink = 2;
  return inode;
}

function add_entry(
  parent: Dentry,
  name: string,
  mode: number,
  i_op: InodeOperations,
  i_fop: FileOperations,
): Dentry {
  const dentry = d_alloc(parent, name);
  const sb = parent.d_sb;
  d_add(dentry, new_inode(sb, mode, i_op, i_fop, next_static_ino(sb)));
  return dentry;
}

/** Upstream keeps entries sorted by the length of their names, then by their letters. */
const by_length = (a: Dentry, b: Dentry): number =>
  a.d_name.length - b.d_name.length || (a.d_name < b.d_name ? -1 : 1);

/** Permanent entries but those named in `but`, in their order. False: the buffer is full. */
export function proc_readdir(file: File, ctx: DirContext, but: readonly string[] = []): boolean {
  if (!dir_emit_dots(file, ctx)) return false;
  const entries = [...file.f_path.dentry.d_children.values()].filter((d) => !but.includes(d.d_name));
  for (const { d_name, d_inode } of entries.sort(by_length).slice(ctx.pos - 2)) {
    if (!ctx.emit(d_name, d_inode!.i_ino, fs_umode_to_dtype(d_inode!.i_mode))) return false;
    ctx.pos++;
  }
  return true;
}

const proc_dir_fops: FileOperations = {
  llseek: dcache_dir_lseek,
  read_iter: generic_read_dir,
  iterate: (file, ctx) => {
    proc_readdir(file, ctx);
    return 0;
  },
};

/** A directory, at `path` below /proc; those above it too. */
export function proc_mkdir(kernel: Kernel, path: string): Dentry {
  let dir = proc_sb(kernel).s_root;
  for (const name of path.split('/').filter((part) => part !== '')) dir = child_dir(dir, name);
  return dir;
}

function child_dir(parent: Dentry, name: string): Dentry {
  const known = parent.d_children.get(name);
  if (known) return known;
  const dir = add_entry(parent, name, S_IFDIR | 0o555, { lookup: () => -ENOENT }, proc_dir_fops);
  dir.d_inode!.i_nlink = 2;
  parent.d_inode!.i_nlink++;
  return dir;
}

/** A file, at `path` below /proc: "sys/kernel/hostname". How other rooms add theirs. */
export function proc_create(
  kernel: Kernel,
  path: string,
  mode: number,
  show: Show | null,
  store: Store | null = null,
  i_op: InodeOperations = {},
): void {
  const slash = path.lastIndexOf('/');
  const dir = proc_mkdir(kernel, path.slice(0, Math.max(0, slash)));
  add_entry(dir, path.slice(slash + 1), S_IFREG | mode, i_op, {
    write_iter: () => -EIO,
    ...single_fops(show, store),
  });
}

/** As proc_create(), for files that are more than a text. */
export function proc_create_fops(kernel: Kernel, path: string, mode: number, fops: FileOperations): void {
  const slash = path.lastIndexOf('/');
  const dir = proc_mkdir(kernel, path.slice(0, Math.max(0, slash)));
  add_entry(dir, path.slice(slash + 1), S_IFREG | mode, {}, fops);
}

/** A link whose text may depend on who reads it. */
export function proc_symlink(
  kernel: Kernel,
  name: string,
  text: (task: Task, ns: PidNamespace) => string | number,
): void {
  const root = proc_sb(kernel).s_root;
  add_entry(
    root,
    name,
    S_IFLNK | 0o777,
    { readlink: ({ d_sb }, task) => text(task, proc_pid_ns(d_sb)) },
    no_fops,
  );
}

/** Linux: kstrtoint(). All of the text but space around it: decimal, 0x hexadecimal, 0 octal. null: something else. */
export function kstrtoint(text: string): number | null {
  const trimmed = text.replace(/\0.*$/s, '').trim();
  const match = /^(-?)(0x[0-9a-f]+|0[0-7]*|[1-9]\d*)$/i.exec(trimmed);
  if (!match) return null;
  const digits = match[2]!;
  const value = /^0[0-7]/.test(digits) ? Number.parseInt(digits, 8) : Number(digits);
  return match[1] ? -value : value;
}

/**
 * Who owns a process's entry, and its permissions, follow the process: nobody changes them. A declaration, not a constant:
 * tables made when a module is loaded refer to it, whatever the order of loading.
 */
export function proc_setattr(_dentry: Dentry, attr: Iattr): number {
  return attr.mode !== undefined || attr.uid !== undefined || attr.gid !== undefined ? -EPERM : 0;
}
