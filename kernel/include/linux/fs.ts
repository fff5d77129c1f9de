/*
 * kernel/include/linux/fs.ts - inodes, dentries, open files, and what each can be asked
 *
 * Linux:   include/linux/fs.h, include/linux/dcache.h, include/linux/fdtable.h, include/linux/path.h, include/linux/uio.h
 * Differs: the dentry tree of tmpfs, devfs is the file system itself (as in ramfs); procfs makes dentries when looked up.
 *          A method that sometimes sleeps returns MaySleep<T>: a value, or a generator that ends in it.
 */

import type { MaySleep } from '../../sched/wait.ts';
import type { WaitQueueHead } from '../../sched/wait.ts';
import type { IovIter } from '../../lib/iov_iter.ts';
import type { Cred } from '../../cred.ts';
import type { Kernel } from '../../kernel.ts';
import type { Pid, PidType } from '../../pid.ts';
import type { Iattr } from '../../fs/attr.ts';
import type { EpItem } from '../../fs/eventpoll.ts';
import type { FileLockContext } from '../../fs/locks.ts';
import type { PipeInodeInfo } from '../../fs/pipe.ts';
import type { VmArea } from './mm_types.ts';
import type { NsCommon } from './ns_common.ts';
import type { PidNamespace } from './pid_namespace.ts';
import type { Task } from './sched.ts';
import type { UserPtr } from './types.ts';

/** Seconds are not enough: ns since the epoch as two exact numbers. */
export interface Timespec {
  readonly sec: number;
  readonly nsec: number;
}

/** The pages of a file: what read(), write() and mmap() share. */
export interface AddressSpace {
  /** The page frame that holds page `index`, or -errno (-EIO past the end of what can exist, -ENOMEM). `create`: make it if it is a hole. 0 = hole. */
  get_page(index: number, create: boolean): number;
  /** Pages present: what stat counts as blocks. */
  readonly nrpages: number;
  /** Every VMA that maps this file: kernel/mm keeps it, truncation walks it. */
  readonly i_mmap: Set<VmArea>;
  /** Its pages live in memory only (tmpfs, shared anonymous memory): they count as shared memory. */
  readonly shmem: boolean;
  /** A mapping of it is gone: memory without a file frees itself with the last one. */
  unmapped?(): void;
  /** Of memory without a file: the number /proc/<pid>/maps shows. */
  readonly ino?: number;
  /** Frees the pages of [first, end): madvise(MADV_REMOVE), fallocate(). They have been unmapped. */
  punch?(first: number, end: number): void;
}

export interface Inode {
  readonly i_ino: number;
  i_mode: number;
  i_nlink: number;
  i_uid: number;
  i_gid: number;
  /** major << 20 | minor. */
  i_rdev: number;
  i_size: number;
  i_atime: Timespec;
  i_mtime: Timespec;
  i_ctime: Timespec;
  i_btime: Timespec;
  readonly i_sb: SuperBlock;
  readonly i_op: InodeOperations;
  /** Of a fresh open. */
  i_fop: FileOperations;
  i_mapping: AddressSpace | null;
  /** Executing it: >0 counts deny_write_access() negatively, writers positively, as upstream. */
  i_writecount: number;
  /** Open files (descriptors, mappings, running programs): a file without a name lives until it is 0. */
  i_count: number;
  /** I_LINKABLE: without a name, but linkat() may give it one. */
  i_state: number;
  /** A FIFO's pipe while somebody has it open. */
  i_pipe: PipeInodeInfo | null;
  /** POSIX and flock locks; null = there never was one. */
  i_flctx: FileLockContext | null;
  /** Extended attributes by their whole names; null = there never was one. */
  i_xattrs: Map<string, Uint8Array> | null;
  i_private: unknown;
}

export interface Dentry {
  readonly d_sb: SuperBlock;
  d_name: string;
  d_parent: Dentry;
  /** null: a negative dentry, the name does not exist. */
  d_inode: Inode | null;
  readonly d_children: Map<string, Dentry>;
  /** Unlinked while in use: /proc shows " (deleted)". */
  d_deleted: boolean;
  /** How many mounts sit on it. */
  d_mounted: number;
  /** Its place in its directory: what readdir counts by. */
  d_offset: number;
  /** A directory: the place of its next new child. */
  d_next_offset: number;
}

export interface Mount {
  readonly mnt_id: number;
  readonly mnt_root: Dentry;
  readonly mnt_sb: SuperBlock;
  /** Both null: the root of everything, a kernel-internal mount, or one that was unmounted (mnt_detached). */
  mnt_parent: Mount | null;
  mnt_mountpoint: Dentry | null;
  mnt_detached: boolean;
  /** Whose tree it is in; null: in none. */
  mnt_ns: MntNamespace | null;
  readonly mnt_devname: string;
  mnt_flags: number;
}

/** A tree of mounts. Counted, because a mount that nobody can reach any more must let go of what it covers. */
export interface MntNamespace extends NsCommon {
  readonly type: 'mnt';
  readonly root: Mount;
  count: number;
}

export interface Path {
  readonly mnt: Mount;
  readonly dentry: Dentry;
}

export interface SuperBlock {
  readonly kernel: Kernel;
  readonly s_type: string;
  readonly s_magic: number;
  readonly s_dev: number;
  /** st_blksize, and the unit of statfs. */
  s_blocksize: number;
  s_root: Dentry;
  s_flags: number;
  next_ino: number;
  readonly s_op: SuperOperations;
  /** Which extended attributes its files can have; none: EOPNOTSUPP. */
  s_xattr: readonly XattrHandler[];
  s_fs_info: unknown;
}

/** Keeps the attributes whose names begin with `prefix`. Names arrive whole; who may was judged by the caller. */
export interface XattrHandler {
  readonly prefix: string;
  get(inode: Inode, name: string): Uint8Array | number;
  /** `value` null: removes it. 0 or -errno. */
  set(inode: Inode, name: string, value: Uint8Array | null, flags: number): number;
}

export interface Kstatfs {
  readonly blocks: number;
  readonly bfree: number;
  readonly files: number;
  readonly ffree: number;
}

export interface SuperOperations {
  statfs?(sb: SuperBlock): Kstatfs;
  /** The inode has neither a name nor a user any more: its pages go. */
  evict_inode?(inode: Inode): void;
  /** The ",size=..." part of a line of /proc/mounts. */
  show_options?(sb: SuperBlock): string;
  /** The name of what is in no tree: "pipe:[4711]". */
  d_dname?(dentry: Dentry): string;
}

/** What mount(2) can be asked for by name. */
export interface FileSystemType {
  readonly name: string;
  /** "nodev" file systems have no block device below; all of ours are. */
  readonly nodev: boolean;
  /** A super block (shared or fresh) or -errno. `data`: mount options as text. */
  get_tree(kernel: Kernel, data: string, task: Task): SuperBlock | number;
}

/** Names arrive checked (length, not "." or ".."); permissions were judged by the caller. Each returns 0 or -errno. */
export interface InodeOperations {
  /** The dentry (negative if absent) or -errno. */
  lookup?(dir: Dentry, name: string, task: Task): Dentry | number;
  create?(dir: Dentry, dentry: Dentry, mode: number, task: Task): number;
  mkdir?(dir: Dentry, dentry: Dentry, mode: number, task: Task): number;
  mknod?(dir: Dentry, dentry: Dentry, mode: number, rdev: number, task: Task): number;
  symlink?(dir: Dentry, dentry: Dentry, target: string, task: Task): number;
  /** A file without a name, as the dentry to open (O_TMPFILE). */
  tmpfile?(dir: Dentry, mode: number, task: Task): Dentry | number;
  link?(old: Dentry, dir: Dentry, dentry: Dentry): number;
  unlink?(dir: Dentry, dentry: Dentry): number;
  rmdir?(dir: Dentry, dentry: Dentry): number;
  rename?(oldDir: Dentry, old: Dentry, newDir: Dentry, dentry: Dentry, flags: number): number;
  /** The text of a symbolic link, or -errno. */
  readlink?(dentry: Dentry, task: Task): string | number;
  /** A magic link (/proc/self/fd/N) leads to a path, not to a text. */
  get_link?(dentry: Dentry, task: Task): Path | number;
  /** Also frees what is beyond. The caller has set nothing yet. */
  truncate?(inode: Inode, size: number): number;
  /** Instead of generic_permission(). */
  permission?(inode: Inode, mask: number, cred: Cred): number;
  /** Called before mode, owner or times change. */
  setattr?(dentry: Dentry, attr: Iattr): number;
  /** Refreshes what is computed (procfs sizes and owners). */
  getattr?(dentry: Dentry, task: Task): void;
}

export interface Kiocb {
  readonly file: File;
  /** Where; the caller stores it back to the file where that is wanted. */
  pos: number;
  /** IOCB_APPEND, IOCB_NOWAIT: of the file, and of this call. */
  readonly ki_flags: number;
}

export interface DirContext {
  /** The place of the entry that is told next: seeking there tells it again. */
  pos: number;
  /** False: the buffer is full, stop. */
  emit(name: string, ino: number, type: number): boolean;
}

/** poll() registers the sleeper with every queue it is shown. null: only the mask is wanted. */
export type PollTable = ((queue: WaitQueueHead) => void) | null;

export interface FileOperations {
  open?(inode: Inode, file: File, task: Task): MaySleep<number>;
  /** The last reference is gone. */
  release?(file: File): void;
  /** One descriptor is being closed (others may remain). */
  flush?(file: File, task: Task): void;
  read_iter?(task: Task, iocb: Kiocb, to: IovIter): MaySleep<number>;
  /** It can be what sendfile() reads from, and writes to. */
  readonly splice_read?: true;
  readonly splice_write?: true;
  write_iter?(task: Task, iocb: Kiocb, from: IovIter): MaySleep<number>;
  llseek?(file: File, offset: number, whence: number, task: Task): number;
  iterate?(file: File, ctx: DirContext, task: Task): number;
  poll?(file: File, table: PollTable, task: Task): number;
  ioctl?(task: Task, file: File, cmd: number, arg: UserPtr): MaySleep<number>;
  /** Checks and adjusts a mapping that is being made; 0 or -errno. Absent: ENODEV. */
  mmap?(file: File, vma: VmArea): number;
  /** What /proc/<pid>/fdinfo/<n> says besides; `ns`: whose numbers that /proc shows. */
  show_fdinfo?(file: File, ns: PidNamespace): string;
  /** A process's directory in /proc stands for the process, where a pidfd is wanted. */
  readonly is_proc_tgid?: true;
  fsync?(file: File): number;
  fallocate?(file: File, mode: number, offset: number, length: number, task: Task): number;
}

export interface File {
  readonly f_path: Path;
  readonly f_inode: Inode;
  /** open() of a device or FIFO puts the driver's in place of the inode's. */
  f_op: FileOperations;
  f_flags: number;
  /** FMODE_*: settled when open() returns. */
  f_mode: number;
  f_pos: number;
  f_count: number;
  readonly f_cred: Cred;
  /** F_SETOWN, F_SETSIG: whom to tell. */
  f_owner: FownStruct | null;
  private_data: unknown;
  /** Epoll files that watch it; null: there never was one. */
  f_ep: Set<EpItem> | null;
}

export interface FownStruct {
  pid: Pid | null;
  pid_type: PidType;
  signum: number;
}

/** Open descriptors; shared with CLONE_FILES. kernel/fs/file.ts works on it. */
export interface FilesStruct {
  count: number;
  readonly fd: (File | null)[];
  readonly close_on_exec: Set<number>;
  /** Numbers given out by get_unused_fd_flags() whose file is still being opened. */
  readonly reserved: Set<number>;
}

/** Root, working directory, umask; shared with CLONE_FS. kernel/fs/fs_struct.ts works on it. */
export interface FsStruct {
  users: number;
  umask: number;
  root: Path;
  pwd: Path;
}

/** What kernel/fs keeps per machine. */
export interface FsState {
  readonly kernel: Kernel;
  /** In the order in which they were made. */
  readonly mounts: Mount[];
  root: Path;
  next_mnt_id: number;
  /** Minor numbers of the anonymous device 0, one per super block. */
  next_anon_dev: number;
  readonly filesystems: Map<string, FileSystemType>;
  /** By major << 20 | minor: kernel/fs/devices.ts. */
  readonly chrdevs: Map<number, FileOperations>;
  /** By major: whole ranges of numbers. */
  readonly chrdev_regions: Map<number, { readonly name: string; readonly fops: FileOperations }>;
  /** Pseudo-terminals, in all instances of devpts. */
  pty_count: number;
  /** Super blocks without a place in the tree, and those there is one of: "pipefs", "anon_inodefs", "proc", "devtmpfs". */
  readonly singletons: Map<string, SuperBlock>;
  /** Which owner of POSIX locks waits for which: what deadlock detection follows. */
  readonly lock_waits: Map<object, object>;
  /** /proc/sys/kernel/random/boot_id, once somebody asked. */
  boot_id: string | null;
}
