/*
 * kernel/net/sockopt.ts - options of sockets
 *
 * Linux:   net/core/sock.c (sk_setsockopt(), sk_getsockopt()) (v6.12)
 * Manual:  socket(7), "Socket options"
 * Absent:  filters, time stamps, SO_LINGER, SO_PRIORITY: ENOPROTOOPT
 */

import type { Task } from '../include/linux/sched.ts';
import type { UserPtr } from '../include/linux/types.ts';
import { EDOM, EFAULT, EINVAL, ENOPROTOOPT, EOPNOTSUPP } from '../include/uapi/errno.ts';
import * as uapi from '../include/uapi/socket.ts';
import { get_unaligned_sle64, put_unaligned_le32, put_unaligned_le64 } from '../lib/bytes.ts';
import { copy_to_user, get_user_u32, memdup_user, put_user_u32 } from '../lib/usercopy.ts';
import { int, outptr, ptr, SYSCALL_DEFINE } from '../syscalls/define.ts';
import { ucred_bytes } from './scm.ts';
import { type Socket, sockfd_lookup, type Ucred } from './socket.ts';

const NSEC_PER_SEC = 1_000_000_000;
const NSEC_PER_USEC = 1000;
const USEC_PER_SEC = 1_000_000;

/** What a socket without another end says of it. */
const NO_PEER: Ucred = { pid: null, uid: 0xffff_ffff, gid: 0xffff_ffff };

type GetOption = (sock: Socket, task: Task) => number | Uint8Array;

const GET_OPTIONS: ReadonlyMap<number, GetOption> = new Map<number, GetOption>([
  [uapi.SO_TYPE, (sock) => sock.type],
  [uapi.SO_ERROR, (sock) => sock.ops.error?.(sock) ?? 0],
  [uapi.SO_SNDBUF, (sock) => sock.sndbuf],
  [uapi.SO_RCVBUF, (sock) => sock.rcvbuf],
  [uapi.SO_PASSCRED, (sock) => (sock.passcred ? 1 : 0)],
  [uapi.SO_PEERCRED, (sock, task) => ucred_bytes(sock.ops.peercred?.(sock) ?? NO_PEER, task)],
  [uapi.SO_ACCEPTCONN, (sock) => (sock.ops.listening?.(sock) ? 1 : 0)],
  [uapi.SO_RCVTIMEO, (sock) => timeval_bytes(sock.rcvtimeo)],
  [uapi.SO_SNDTIMEO, (sock) => timeval_bytes(sock.sndtimeo)],
  [uapi.SO_PROTOCOL, (sock) => sock.protocol],
  [uapi.SO_DOMAIN, (sock) => sock.family],
]);

export const sys_getsockopt = SYSCALL_DEFINE(
  'getsockopt',
  { fd: int, level: int, optname: int, optval: outptr, optlen: ptr },
  (task, { fd, level, optname, optval, optlen }) => {
    const found = sockfd_lookup(task, fd);
    if (typeof found === 'number') return found;
    const room = get_user_u32(task, optlen);
    if (room < 0) return room;
    if ((room | 0) < 0) return -EINVAL;
    const get = level === uapi.SOL_SOCKET ? (GET_OPTIONS.get(optname) ?? kept_option(optname)) : null;
    if (!get) return level === uapi.SOL_SOCKET ? -ENOPROTOOPT : -EOPNOTSUPP;
    const bytes = option_bytes(get(found.sock, task)).subarray(0, room);
    if (copy_to_user(task, optval, bytes)) return -EFAULT;
    return put_user_u32(task, optlen, bytes.length);
  },
);

function option_bytes(value: number | Uint8Array): Uint8Array {
  if (typeof value === 'object') return value;
  const bytes = new Uint8Array(4);
  put_unaligned_le32(value, bytes, 0);
  return bytes;
}

/** Told as they were set, as 0 or 1. */
const KEPT_OPTIONS: ReadonlySet<number> = new Set([
  uapi.SO_DEBUG,
  uapi.SO_REUSEADDR,
  uapi.SO_REUSEPORT,
  uapi.SO_DONTROUTE,
  uapi.SO_BROADCAST,
  uapi.SO_KEEPALIVE,
  uapi.SO_OOBINLINE,
]);

const kept_option = (name: number): GetOption | null =>
  KEPT_OPTIONS.has(name) ? (sock) => sock.options.get(name) ?? 0 : null;

const TIMEVAL_SIZE = 16;

/** struct timeval; no timeout is zero. */
function timeval_bytes(ns: number): Uint8Array {
  const bytes = new Uint8Array(TIMEVAL_SIZE);
  if (ns === Infinity) return bytes;
  put_unaligned_le64(Math.floor(ns / NSEC_PER_SEC), bytes, 0);
  put_unaligned_le64(Math.floor((ns % NSEC_PER_SEC) / NSEC_PER_USEC), bytes, 8);
  return bytes;
}

/** Linux: sock_set_timeout(). */
function set_timeout(task: Task, sock: Socket, name: number, at: UserPtr, length: number): number {
  if (length < TIMEVAL_SIZE) return -EINVAL;
  const bytes = memdup_user(task, at, TIMEVAL_SIZE);
  if (typeof bytes === 'number') return bytes;
  const [sec, usec] = [get_unaligned_sle64(bytes, 0), get_unaligned_sle64(bytes, 8)];
  if (usec < 0 || usec >= USEC_PER_SEC) return -EDOM;
  const none = sec === 0 && usec === 0;
  const ns = none ? Infinity : Math.max(0, sec * NSEC_PER_SEC + usec * NSEC_PER_USEC);
  if (name === uapi.SO_RCVTIMEO) sock.rcvtimeo = ns;
  else sock.sndtimeo = ns;
  return 0;
}

/** Twice what was asked for, for what the kernel needs beside the bytes; never less than these. */
const SOCK_MIN_SNDBUF = 4608;
const SOCK_MIN_RCVBUF = 2304;
const SK_MEM_MAX = 212_992;

const doubled = (value: number, least: number): number =>
  Math.max(2 * Math.min(value >>> 0, SK_MEM_MAX), least);

/* The fields of a socket that an option sets. */
const SET_OPTIONS: ReadonlyMap<number, (value: number) => Partial<Socket>> = new Map<
  number,
  (value: number) => Partial<Socket>
>([
  [uapi.SO_SNDBUF, (value) => ({ sndbuf: doubled(value, SOCK_MIN_SNDBUF) })],
  [uapi.SO_RCVBUF, (value) => ({ rcvbuf: doubled(value, SOCK_MIN_RCVBUF) })],
  [uapi.SO_SNDBUFFORCE, (value) => ({ sndbuf: Math.max(2 * value, SOCK_MIN_SNDBUF) })],
  [uapi.SO_RCVBUFFORCE, (value) => ({ rcvbuf: Math.max(2 * value, SOCK_MIN_RCVBUF) })],
  [uapi.SO_PASSCRED, (value) => ({ passcred: value !== 0 })],
]);

export const sys_setsockopt = SYSCALL_DEFINE(
  'setsockopt',
  { fd: int, level: int, optname: int, optval: ptr, optlen: int },
  (task, { fd, level, optname, optval, optlen }) => {
    const found = sockfd_lookup(task, fd);
    if (typeof found === 'number') return found;
    if (optlen < 4) return -EINVAL;
    const value = get_user_u32(task, optval);
    if (value < 0) return value;
    const { sock } = found;
    if (level !== uapi.SOL_SOCKET)
      return sock.ops.setsockopt?.(task, sock, level, optname, value | 0) ?? -EOPNOTSUPP;
    if (optname === uapi.SO_RCVTIMEO || optname === uapi.SO_SNDTIMEO)
      return set_timeout(task, sock, optname, optval, optlen);
    if (KEPT_OPTIONS.has(optname)) {
      sock.options.set(optname, value ? 1 : 0);
      return 0;
    }
    const set = SET_OPTIONS.get(optname);
    if (!set) return -ENOPROTOOPT;
    Object.assign(sock, set(value | 0));
    return 0;
  },
);
