/*
 * kernel/net/socket.ts - sockets as open files
 *
 * Linux:   net/socket.c, include/linux/net.h (v6.12)
 * Manual:  socket(7)
 * Absent:  families other than AF_UNIX and AF_NETLINK (audit only)
 *
 * What a family does stands in its ProtoOps; the system calls are in kernel/net/syscalls.ts.
 */

import type { File, FileOperations, Kiocb, PollTable } from '../include/linux/fs.ts';
import type { Task } from '../include/linux/sched.ts';
import { ENOTSOCK } from '../include/uapi/errno.ts';
import { O_NONBLOCK, O_RDWR } from '../include/uapi/fcntl.ts';
import { MSG_DONTWAIT, SOCK_NONBLOCK } from '../include/uapi/socket.ts';
import { S_IFSOCK, SOCKFS_MAGIC } from '../include/uapi/stat.ts';
import { d_alloc } from '../fs/dcache.ts';
import { fdget } from '../fs/file.ts';
import { alloc_file } from '../fs/file_table.ts';
import { new_inode, no_fops, no_iops } from '../fs/inode.ts';
import { nonseekable_open } from '../fs/open.ts';
import { init_pseudo } from '../fs/super.ts';
import type { IovIter } from '../lib/iov_iter.ts';
import type { Kernel } from '../kernel.ts';
import type { Pid } from '../pid.ts';
import type { MaySleep } from '../sched/wait.ts';

/** Credentials that go with a message: whose, whatever numbers its reader knows them by. */
export interface Ucred {
  readonly pid: Pid | null;
  readonly uid: number;
  readonly gid: number;
}

/** Linux: struct scm_cookie. What goes with the bytes; the files are references. */
export interface ScmCookie {
  creds: Ucred | null;
  files: File[];
}

/** One send or receive. A receive fills in the last three. */
export interface Message {
  readonly iter: IovIter;
  /** MSG_*; MSG_DONTWAIT is there too when the file is O_NONBLOCK. */
  readonly flags: number;
  /** Whom to send to, or who sent it. */
  name: Uint8Array | null;
  scm: ScmCookie;
  /** A receiver that has no room for descriptors does not get them: they are closed. */
  readonly ancillary: boolean;
  /** MSG_TRUNC and the like. */
  msg_flags: number;
}

export const new_message = (iter: IovIter, flags: number, ancillary = false): Message => ({
  iter,
  flags,
  ancillary,
  name: null,
  scm: { creds: null, files: [] },
  msg_flags: 0,
});

/** Linux: struct proto_ops. Without a method the call is EOPNOTSUPP. */
export interface ProtoOps {
  release(sock: Socket, kernel: Kernel): void;
  bind?(task: Task, sock: Socket, addr: Uint8Array): number;
  /** `flags`: MSG_DONTWAIT when the file is O_NONBLOCK. */
  connect?(task: Task, sock: Socket, addr: Uint8Array, flags: number): MaySleep<number>;
  listen?(task: Task, sock: Socket, backlog: number): number;
  /** The socket at this end of the connection; the caller gives it a file. */
  accept?(task: Task, sock: Socket, flags: number): MaySleep<Socket | number>;
  listening?(sock: Socket): boolean;
  /** Its own address, or the one at the other end. */
  getname(sock: Socket, peer: boolean): Uint8Array | number;
  poll(sock: Socket, table: PollTable): number;
  sendmsg(task: Task, sock: Socket, msg: Message): MaySleep<number>;
  recvmsg(task: Task, sock: Socket, msg: Message): MaySleep<number>;
  shutdown?(sock: Socket, how: number): number;
  /** Options that are not SOL_SOCKET's. */
  setsockopt?(task: Task, sock: Socket, level: number, name: number, value: number): number;
  /** The other end of a new pair. */
  peercred?(sock: Socket): Ucred;
  error?(sock: Socket): number;
}

/** Linux: struct socket and the common part of struct sock. */
export interface Socket {
  readonly family: number;
  readonly type: number;
  readonly protocol: number;
  readonly ops: ProtoOps;
  sndbuf: number;
  rcvbuf: number;
  passcred: boolean;
  /** SO_RCVTIMEO and SO_SNDTIMEO in ns; Infinity: there is none. */
  rcvtimeo: number;
  sndtimeo: number;
  /** Options that are kept and mean nothing to the families that are here, by SO_*. */
  readonly options: Map<number, number>;
  /** The family's own. */
  readonly sk: unknown;
}

/** net.core.wmem_default and rmem_default */
const SK_MEM_MAX = 212_992;

export const new_socket = (
  family: number,
  type: number,
  protocol: number,
  ops: ProtoOps,
  sk: unknown,
): Socket => ({
  family,
  type,
  protocol,
  ops,
  sndbuf: SK_MEM_MAX,
  rcvbuf: SK_MEM_MAX,
  passcred: false,
  rcvtimeo: Infinity,
  sndtimeo: Infinity,
  options: new Map(),
  sk,
});

/** Linux: sock_alloc_file(). `flags`: SOCK_NONBLOCK. */
export function sock_alloc_file(task: Task, sock: Socket, flags: number): File {
  const mnt = init_pseudo(task.kernel, 'sockfs', SOCKFS_MAGIC, (d) => `socket:[${d.d_inode!.i_ino}]`);
  const inode = new_inode(mnt.mnt_sb, S_IFSOCK | 0o777, no_iops, no_fops);
  inode.i_uid = task.cred.fsuid;
  inode.i_gid = task.cred.fsgid;
  inode.i_nlink = 1;
  const dentry = d_alloc(mnt.mnt_root, '');
  dentry.d_inode = inode;
  const open_flags = O_RDWR | (flags & SOCK_NONBLOCK ? O_NONBLOCK : 0);
  const file = alloc_file({ mnt, dentry }, open_flags, socket_file_ops, task.cred);
  nonseekable_open(file);
  file.private_data = sock;
  return file;
}

const SOCKET_I = (file: File): Socket => file.private_data as Socket;

/** The socket behind a descriptor: -EBADF, -ENOTSOCK. */
export function sockfd_lookup(task: Task, fd: number): { sock: Socket; file: File } | number {
  const file = fdget(task, fd);
  if (typeof file === 'number') return file;
  return file.f_op === socket_file_ops ? { sock: SOCKET_I(file), file } : -ENOTSOCK;
}

/** What every send and receive is told of the file. */
export const nonblock_flag = (file: File): number => (file.f_flags & O_NONBLOCK ? MSG_DONTWAIT : 0);

function sock_read_iter(task: Task, { file }: Kiocb, to: IovIter): MaySleep<number> {
  const sock = SOCKET_I(file);
  return sock.ops.recvmsg(task, sock, new_message(to, nonblock_flag(file)));
}

function sock_write_iter(task: Task, { file }: Kiocb, from: IovIter): MaySleep<number> {
  const sock = SOCKET_I(file);
  return sock.ops.sendmsg(task, sock, new_message(from, nonblock_flag(file)));
}

const socket_file_ops: FileOperations = {
  splice_read: true,
  splice_write: true,
  read_iter: sock_read_iter,
  write_iter: sock_write_iter,
  poll: (file, table) => SOCKET_I(file).ops.poll(SOCKET_I(file), table),
  release: (file) => SOCKET_I(file).ops.release(SOCKET_I(file), file.f_inode.i_sb.kernel),
};
