/*
 * kernel/fs/readdir.ts - what names a directory has
 *
 * Linux:   fs/readdir.c, fs/libfs.c (simple_offset_dir_operations)
 * Manual:  getdents64(2)
 *
 * A child's place is a number that it keeps and nobody gets again, so that reading on after names came and went neither
 * repeats nor skips one that stayed. What is new while somebody reads is in front of where he is.
 */

import type { Dentry, DirContext, File, FileOperations } from '../include/linux/fs.ts';
import type { Task } from '../include/linux/sched.ts';
import { EFAULT, EINVAL, EISDIR, ENOENT, ENOTDIR } from '../include/uapi/errno.ts';
import { SEEK_CUR, SEEK_SET } from '../include/uapi/fcntl.ts';
import { DT_DIR, fs_umode_to_dtype } from '../include/uapi/stat.ts';
import { put_unaligned_le16, put_unaligned_le64 } from '../lib/bytes.ts';
import { copy_to_user } from '../lib/usercopy.ts';
import { SYSCALL_DEFINE, int, outptr, uint } from '../syscalls/define.ts';
import { FIRST_OFFSET } from './dcache.ts';
import { fdget } from './file.ts';
import { touch_atime } from './inode.ts';
import { vfs_setpos } from './read_write.ts';

/** "." and "..", which have no dentries. False: the buffer is full. */
export function dir_emit_dots(file: File, ctx: DirContext): boolean {
  const { dentry } = file.f_path;
  if (ctx.pos === 0) {
    if (!ctx.emit('.', dentry.d_inode!.i_ino, DT_DIR)) return false;
    ctx.pos = 1;
  }
  if (ctx.pos === 1) {
    if (!ctx.emit('..', dentry.d_parent.d_inode!.i_ino, DT_DIR)) return false;
    ctx.pos = 2;
  }
  return true;
}

/** Where reading stands when everything was told. */
const DIR_OFFSET_EOD = 0x7fff_ffff;

/** For directories whose dentries are all there is: the newest first. */
export function dcache_readdir(file: File, ctx: DirContext): number {
  if (!dir_emit_dots(file, ctx)) return 0;
  if (ctx.pos === DIR_OFFSET_EOD) return 0;
  const children = [...file.f_path.dentry.d_children.values()].reverse();
  for (let i = find_place(children, ctx.pos); i < children.length; i++) {
    const { d_name, d_offset, d_inode } = children[i]!;
    ctx.pos = d_offset;
    if (!ctx.emit(d_name, d_inode!.i_ino, fs_umode_to_dtype(d_inode!.i_mode))) return 0;
  }
  ctx.pos = DIR_OFFSET_EOD;
  return 0;
}

/** Where to go on: with the child of that place, or when it went, with the one that came next before it. */
function find_place(children: readonly Dentry[], pos: number): number {
  if (pos === FIRST_OFFSET) return 0;
  let found = children.length;
  for (let i = 0; i < children.length; i++) {
    const { d_offset } = children[i]!;
    if (d_offset <= pos && d_offset > (children[found]?.d_offset ?? 0)) found = i;
  }
  return found;
}

export function dcache_dir_lseek(file: File, offset: number, whence: number): number {
  if (whence === SEEK_SET) return vfs_setpos(file, offset);
  return whence === SEEK_CUR ? vfs_setpos(file, file.f_pos + offset) : -EINVAL;
}

export const generic_read_dir = (): number => -EISDIR;

export const dcache_dir_fops: FileOperations = {
  llseek: dcache_dir_lseek,
  read_iter: generic_read_dir,
  iterate: dcache_readdir,
  fsync: () => 0,
};

/* struct linux_dirent64: d_ino, d_off, d_reclen, d_type, the name with its NUL; the next one is 8-byte aligned. */
const D_OFF = 8;
const D_RECLEN = 16;
const D_TYPE = 18;
const D_NAME = 19;
const reclen_of = (name: string): number => Math.ceil((D_NAME + name.length + 1) / 8) * 8;

/** More than this is not handed out at once. */
const MAX_BUFFER = 64 * 1024;

class GetdentsCallback implements DirContext {
  pos: number;
  readonly buffer: Uint8Array;
  used = 0;
  error = 0;
  /** Where the last entry begins: its d_off is the place of the one that follows. */
  private prev = -1;

  constructor(pos: number, room: number) {
    this.pos = pos;
    this.buffer = new Uint8Array(Math.min(room, MAX_BUFFER));
  }

  emit(name: string, ino: number, type: number): boolean {
    const reclen = reclen_of(name);
    const at = this.used;
    if (at + reclen > this.buffer.length) {
      this.error = -EINVAL;
      return false;
    }
    this.link(at);
    put_unaligned_le64(ino, this.buffer, at);
    put_unaligned_le16(reclen, this.buffer, at + D_RECLEN);
    this.buffer[at + D_TYPE] = type;
    for (let i = 0; i < name.length; i++) this.buffer[at + D_NAME + i] = name.charCodeAt(i);
    this.used += reclen;
    return true;
  }

  /** The previous entry learns where the next one is, or where reading would go on. */
  link(next: number): void {
    if (this.prev >= 0) put_unaligned_le64(this.pos, this.buffer, this.prev + D_OFF);
    this.prev = next;
  }
}

export const sys_getdents64 = SYSCALL_DEFINE(
  'getdents64',
  { fd: int, dirent: outptr, count: uint },
  (task, { fd, dirent, count }) => {
    const file = fdget(task, fd);
    if (typeof file === 'number') return file;
    const listing = iterate_dir(task, file, Math.max(0, count | 0)); // upstream counts the room in an int
    if (typeof listing === 'number') return listing;
    if (listing.used === 0) return listing.error;
    return copy_to_user(task, dirent, listing.buffer.subarray(0, listing.used)) ? -EFAULT : listing.used;
  },
);

function iterate_dir(task: Task, file: File, room: number): GetdentsCallback | number {
  const { iterate } = file.f_op;
  if (!iterate) return -ENOTDIR;
  if (file.f_path.dentry.d_deleted) return -ENOENT;

  const ctx = new GetdentsCallback(file.f_pos, room);
  const err = iterate(file, ctx, task);
  ctx.link(-1);
  file.f_pos = ctx.pos;
  touch_atime(file.f_path);
  return err < 0 && ctx.used === 0 ? err : ctx;
}
