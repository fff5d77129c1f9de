/*
 * kernel/net/unix/names.ts - how Unix sockets are called, and found
 *
 * Linux:   net/unix/af_unix.c (unix_validate_addr() to unix_bind()) (v6.12)
 * Manual:  unix(7), "Address format"
 * Differs: the names that bind(2) makes up count upwards instead of beginning anywhere
 *
 *   a path      the file is made by bind(2), and stays when the socket is gone
 *   "\0" + ...  an abstract name: any bytes, seen by nobody else, gone with the socket
 *   nothing     as most that connect: they find others, and nobody finds them
 */

import { filename_create, vfs_mknod, vfs_unlink } from '../../fs/dirops.ts';
import { touch_atime } from '../../fs/inode.ts';
import { kern_path } from '../../fs/namei.ts';
import { inode_permission } from '../../fs/permission.ts';
import { LOOKUP_FOLLOW, MAY_WRITE } from '../../include/linux/fs_modes.ts';
import type { Inode } from '../../include/linux/fs.ts';
import type { Task } from '../../include/linux/sched.ts';
import { EADDRINUSE, ECONNREFUSED, EEXIST, EINVAL, ENOSPC, EPROTOTYPE } from '../../include/uapi/errno.ts';
import { AT_FDCWD } from '../../include/uapi/fcntl.ts';
import { AF_UNIX } from '../../include/uapi/socket.ts';
import { S_IFSOCK, S_IRWXUGO, S_ISSOCK } from '../../include/uapi/stat.ts';
import { bytes_to_string, get_unaligned_le16, put_unaligned_le16, string_to_bytes } from '../../lib/bytes.ts';
import type { Socket } from '../socket.ts';
import { type UnixSock, unix_sk } from './sock.ts';

/** struct sockaddr_un: the family, then the path. */
const SUN_PATH = 2;
const SOCKADDR_UN_SIZE = 110;
/** Names that bind(2) can make up: five hexadecimal digits. */
const AUTOBIND_NAMES = 0x10_0000;

/** Bound sockets of one machine. */
export class UnixTable {
  /** By type and name: sockets of different types do not meet. */
  readonly abstract = new Map<string, UnixSock>();
  readonly bsd = new Map<Inode, UnixSock>();
  next_autobind = 0;
}

/** The address of a socket that has no name: its family alone. */
export const NO_NAME: readonly number[] = [AF_UNIX, 0];

const abstract_key = (type: number, addr: Uint8Array): string => `${type}:${bytes_to_string(addr)}`;

/** 0 or -EINVAL. */
export function unix_validate_addr(addr: Uint8Array): number {
  if (addr.length <= SUN_PATH || addr.length > SOCKADDR_UN_SIZE) return -EINVAL;
  return get_unaligned_le16(addr, 0) === AF_UNIX ? 0 : -EINVAL;
}

/** The path ends at its NUL, or where the address does. */
function path_of(addr: Uint8Array): string {
  const end = addr.indexOf(0, SUN_PATH);
  return bytes_to_string(addr.subarray(SUN_PATH, end < 0 ? addr.length : end));
}

/** The socket of this type that has this name, or -errno. */
export function unix_find_other(task: Task, addr: Uint8Array, type: number): UnixSock | number {
  if (addr[SUN_PATH] !== 0) return unix_find_bsd(task, addr, type);
  return task.kernel.unix.abstract.get(abstract_key(type, addr)) ?? -ECONNREFUSED;
}

function unix_find_bsd(task: Task, addr: Uint8Array, type: number): UnixSock | number {
  const path = kern_path(task, path_of(addr), LOOKUP_FOLLOW);
  if (typeof path === 'number') return path;
  const inode = path.dentry.d_inode!;
  const err = inode_permission(task.cred, inode, MAY_WRITE);
  if (err < 0) return err;
  const sk = S_ISSOCK(inode.i_mode) ? task.kernel.unix.bsd.get(inode) : undefined;
  if (!sk) return -ECONNREFUSED;
  if (sk.sock.type !== type) return -EPROTOTYPE;
  touch_atime(path);
  return sk;
}

export function unix_bind(task: Task, sock: Socket, addr: Uint8Array): number {
  const sk = unix_sk(sock);
  if (addr.length === SUN_PATH && get_unaligned_le16(addr, 0) === AF_UNIX) return unix_autobind(task, sk);
  const err = unix_validate_addr(addr);
  if (err < 0) return err;
  return addr[SUN_PATH] === 0 ? unix_bind_abstract(task, sk, addr) : unix_bind_bsd(task, sk, path_of(addr));
}

function unix_bind_bsd(task: Task, sk: UnixSock, name: string): number {
  const made = filename_create(task, AT_FDCWD, name, false);
  if (typeof made === 'number') return made === -EEXIST ? -EADDRINUSE : made;
  const { dir, dentry } = made;
  const mode = S_IFSOCK | (S_IRWXUGO & ~task.fs.umask);
  const err = vfs_mknod(task, dir.dentry, dentry, mode, 0);
  if (err < 0) return err === -EEXIST ? -EADDRINUSE : err;
  if (sk.addr) {
    vfs_unlink(task, dir.dentry, dentry); // it has a name already
    return -EINVAL;
  }
  sk.inode = dentry.d_inode!;
  sk.addr = sockaddr_un(`${name}\0`);
  task.kernel.unix.bsd.set(sk.inode, sk);
  return 0;
}

function sockaddr_un(path: string): Uint8Array {
  const addr = new Uint8Array(SUN_PATH + path.length);
  put_unaligned_le16(AF_UNIX, addr, 0);
  addr.set(string_to_bytes(path), SUN_PATH);
  return addr;
}

function unix_bind_abstract(task: Task, sk: UnixSock, addr: Uint8Array): number {
  if (sk.addr) return -EINVAL;
  const { abstract } = task.kernel.unix;
  const key = abstract_key(sk.sock.type, addr);
  if (abstract.has(key)) return -EADDRINUSE;
  sk.addr = addr;
  abstract.set(key, sk);
  return 0;
}

/** "[...] the socket is autobound to an abstract address [...]: a null byte followed by 5 bytes" - unix(7). */
export function unix_autobind(task: Task, sk: UnixSock): number {
  if (sk.addr) return 0;
  const { unix } = task.kernel;
  for (let tries = 0; tries < AUTOBIND_NAMES; tries++) {
    const number = unix.next_autobind;
    unix.next_autobind = (number + 1) % AUTOBIND_NAMES;
    const addr = sockaddr_un(`\0${number.toString(16).padStart(5, '0')}`);
    if (unix_bind_abstract(task, sk, addr) === 0) return 0;
  }
  return -ENOSPC;
}

/** Nobody finds it any more. An accepted socket has its listener's name, but is not found by it. */
export function unix_unbind({ abstract, bsd }: UnixTable, sk: UnixSock): void {
  if (sk.inode) bsd.delete(sk.inode);
  if (!sk.addr) return;
  const key = abstract_key(sk.sock.type, sk.addr);
  if (abstract.get(key) === sk) abstract.delete(key);
}
