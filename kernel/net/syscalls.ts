/*
 * kernel/net/syscalls.ts - the system calls about sockets
 *
 * Linux:   net/socket.c, net/core/sock.c (v6.12)
 * Manual:  socket(2), socketpair(2), send(2), recv(2), getsockopt(2), shutdown(2)
 */

import { fd_install, fd_install_new, get_unused_fd_flags, put_unused_fd } from '../fs/file.ts';
import { get_file, fput } from '../fs/file_table.ts';
import type { File } from '../include/linux/fs.ts';
import type { Task } from '../include/linux/sched.ts';
import { NULL, type UserPtr } from '../include/linux/types.ts';
import {
  EAFNOSUPPORT,
  EFAULT,
  EINVAL,
  EMSGSIZE,
  ENOBUFS,
  ENOPROTOOPT,
  EOPNOTSUPP,
} from '../include/uapi/errno.ts';
import { O_CLOEXEC } from '../include/uapi/fcntl.ts';
import * as uapi from '../include/uapi/socket.ts';
import { get_unaligned_le32, get_unaligned_le64, put_unaligned_le32 } from '../lib/bytes.ts';
import { import_iovec, IovIter, UIO_MAXIOV } from '../lib/iov_iter.ts';
import { copy_to_user, get_user_u32, memdup_user, put_user_u32, put_user_u64 } from '../lib/usercopy.ts';
import { is_generator, type MaySleep, type Sleeps } from '../sched/wait.ts';
import {
  flags as flagsArg,
  int,
  outbuf,
  outptr,
  pointer_in,
  ptr,
  size,
  SYSCALL_DEFINE,
} from '../syscalls/define.ts';
import { netlink_create } from './netlink/af_netlink.ts';
import { type ControlBuffer, scm_destroy, scm_recv, scm_send, ucred_bytes } from './scm.ts';
import {
  type Message,
  new_message,
  nonblock_flag,
  type Socket,
  type Ucred,
  sock_alloc_file,
  sockfd_lookup,
} from './socket.ts';
import { unix_create, unix_socketpair } from './unix/af_unix.ts';

type Create = (task: Task, type: number, protocol: number) => Socket | number;

const FAMILIES: ReadonlyMap<number, Create> = new Map([
  [uapi.AF_UNIX, unix_create],
  [uapi.AF_NETLINK, netlink_create],
]);

const SOCK_MAX = 11;

/** The type without its flags, or -EINVAL. */
function check_type(type: number): number {
  const flags = type & ~uapi.SOCK_TYPE_MASK;
  if (flags & ~(uapi.SOCK_CLOEXEC | uapi.SOCK_NONBLOCK)) return -EINVAL;
  return (type & uapi.SOCK_TYPE_MASK) >= SOCK_MAX ? -EINVAL : type & uapi.SOCK_TYPE_MASK;
}

function sock_create(task: Task, family: number, type: number, protocol: number): Socket | number {
  const kind = check_type(type);
  if (kind < 0) return kind;
  const create = FAMILIES.get(family);
  return create ? create(task, kind, protocol) : -EAFNOSUPPORT;
}

const cloexec = (type: number): number => (type & uapi.SOCK_CLOEXEC ? O_CLOEXEC : 0);

export const sys_socket = SYSCALL_DEFINE(
  'socket',
  { family: int, type: int, protocol: int },
  (task, { family, type, protocol }) => {
    const sock = sock_create(task, family, type, protocol);
    if (typeof sock === 'number') return sock;
    return fd_install_new(task, sock_alloc_file(task, sock, type), cloexec(type));
  },
);

export const sys_socketpair = SYSCALL_DEFINE(
  'socketpair',
  { family: int, type: int, protocol: int, usockvec: outptr },
  (task, { family, type, protocol, usockvec }) => {
    const one = sock_create(task, family, type, protocol);
    if (typeof one === 'number') return one;
    if (family !== uapi.AF_UNIX) return -EOPNOTSUPP;
    const two = unix_create(task, check_type(type), protocol) as Socket;
    unix_socketpair(task, one, two);
    const files = [one, two].map((sock) => sock_alloc_file(task, sock, type));
    return install_pair(task, files, usockvec, cloexec(type));
  },
);

/** Numbers first, then the user is told, and only then they mean something. */
function install_pair(task: Task, files: readonly File[], usockvec: UserPtr, open_flags: number): number {
  const fds: number[] = [];
  let err = 0;
  for (let i = 0; i < 2 && err === 0; i++) {
    const fd = get_unused_fd_flags(task, open_flags);
    if (fd < 0) err = fd;
    else fds.push(fd);
    err ||= put_user_u32(task, (usockvec + 4 * i) as UserPtr, fd);
  }
  if (err === 0) for (const [i, fd] of fds.entries()) fd_install(task, fd, files[i]!);
  if (err === 0) return 0;
  for (const fd of fds) put_unused_fd(task, fd);
  for (const file of files) fput(file);
  return err;
}

const MAX_ADDRESS = 128;

/** Linux: move_addr_to_kernel(). */
function copy_address(task: Task, from: UserPtr, length: number): Uint8Array | number {
  if (length < 0 || length > MAX_ADDRESS) return -EINVAL;
  return memdup_user(task, from, length);
}

/** Linux: move_addr_to_user(). As much as there is room for; the length told is the whole one. */
function put_address(task: Task, address: Uint8Array, to: UserPtr, ulen: UserPtr): number {
  const room = get_user_u32(task, ulen);
  if (room < 0) return room;
  if ((room | 0) < 0) return -EINVAL;
  if (copy_to_user(task, to, address.subarray(0, room))) return -EFAULT;
  return put_user_u32(task, ulen, address.length);
}

export const sys_bind = SYSCALL_DEFINE(
  'bind',
  { fd: int, umyaddr: ptr, addrlen: int },
  (task, { fd, umyaddr, addrlen }) => {
    const found = sockfd_lookup(task, fd);
    if (typeof found === 'number') return found;
    const address = copy_address(task, umyaddr, addrlen);
    if (typeof address === 'number') return address;
    return found.sock.ops.bind?.(task, found.sock, address) ?? -EOPNOTSUPP;
  },
);

const get_name = (name: 'getsockname' | 'getpeername', peer: boolean) =>
  SYSCALL_DEFINE(
    name,
    { fd: int, usockaddr: outptr, usockaddr_len: ptr },
    (task, { fd, usockaddr, usockaddr_len }) => {
      const found = sockfd_lookup(task, fd);
      if (typeof found === 'number') return found;
      const address = found.sock.ops.getname(found.sock, peer);
      return typeof address === 'number' ? address : put_address(task, address, usockaddr, usockaddr_len);
    },
  );

export const sys_getsockname = get_name('getsockname', false);
export const sys_getpeername = get_name('getpeername', true);

export const sys_shutdown = SYSCALL_DEFINE('shutdown', { fd: int, how: int }, (task, { fd, how }) => {
  const found = sockfd_lookup(task, fd);
  if (typeof found === 'number') return found;
  return found.sock.ops.shutdown?.(found.sock, how) ?? -EOPNOTSUPP;
});

/*
 * Sending and receiving
 */

/** Runs the rest with the file held, whether it sleeps or not. */
function with_file(file: File, call: MaySleep<number>, done: (ret: number) => number): MaySleep<number> {
  return is_generator(call) ? with_file_later(file, call, done) : done(call);
}

function* with_file_later(file: File, call: Sleeps<number>, done: (ret: number) => number): Sleeps<number> {
  get_file(file);
  const ret = done(yield* call);
  fput(file);
  return ret;
}

/** The files went with the message, or are let go. */
function do_send(task: Task, { sock, file }: { sock: Socket; file: File }, msg: Message): MaySleep<number> {
  return with_file(file, sock.ops.sendmsg(task, sock, msg), (ret) => scm_destroy(msg.scm, ret));
}

export const sys_sendto = SYSCALL_DEFINE(
  'sendto',
  { fd: int, buff: ptr, len: size, flags: flagsArg, addr: ptr, addr_len: int },
  (task, { fd, buff, len, flags, addr, addr_len }) => {
    const found = sockfd_lookup(task, fd);
    if (typeof found === 'number') return found;
    const msg = new_message(IovIter.user(task, buff, len), flags | nonblock_flag(found.file));
    const name = addr === NULL ? null : copy_address(task, addr, addr_len);
    if (typeof name === 'number') return name;
    msg.name = name;
    return do_send(task, found, msg);
  },
);

export const sys_recvfrom = SYSCALL_DEFINE(
  'recvfrom',
  { fd: int, ubuf: outbuf, size, flags: flagsArg, addr: outptr, addr_len: ptr },
  (task, { fd, ubuf, size: length, flags, addr, addr_len }) => {
    const found = sockfd_lookup(task, fd);
    if (typeof found === 'number') return found;
    const msg = new_message(IovIter.user(task, ubuf, length), flags | nonblock_flag(found.file));
    return with_file(found.file, found.sock.ops.recvmsg(task, found.sock, msg), (ret) => {
      if (ret < 0 || addr === NULL) return ret;
      return put_address(task, msg.name ?? new Uint8Array(0), addr, addr_len) || ret;
    });
  },
);

/* struct msghdr */
const MSGHDR_SIZE = 56;

interface UserMsghdr {
  readonly name: UserPtr;
  readonly namelen: number;
  readonly iter: IovIter;
  readonly control: UserPtr;
  readonly controllen: number;
}

function copy_msghdr(task: Task, umsg: UserPtr): UserMsghdr | number {
  const b = memdup_user(task, umsg, MSGHDR_SIZE);
  if (typeof b === 'number') return b;
  const count = get_unaligned_le64(b, 24);
  if (count > UIO_MAXIOV) return -EMSGSIZE;
  const namelen = get_unaligned_le32(b, 8) | 0;
  if (namelen < 0) return -EINVAL;
  const iter = import_iovec(task, pointer_in(task, b, 16), count);
  if (typeof iter === 'number') return iter;
  return {
    name: pointer_in(task, b, 0),
    namelen: Math.min(namelen, MAX_ADDRESS),
    iter,
    control: pointer_in(task, b, 32),
    controllen: get_unaligned_le64(b, 40),
  };
}

/** net.core.optmem_max */
const OPTMEM_MAX = 131_072;

export const sys_sendmsg = SYSCALL_DEFINE(
  'sendmsg',
  { fd: int, msg: ptr, flags: flagsArg },
  (task, { fd, msg: umsg, flags }) => {
    const found = sockfd_lookup(task, fd);
    if (typeof found === 'number') return found;
    const header = copy_msghdr(task, umsg);
    if (typeof header === 'number') return header;
    const msg = new_message(header.iter, flags | nonblock_flag(found.file));
    const err = copy_ancillary(task, header, msg);
    return err < 0 ? err : do_send(task, found, msg);
  },
);

function copy_ancillary(task: Task, header: UserMsghdr, msg: Message): number {
  if (header.name !== NULL && header.namelen > 0) {
    const name = copy_address(task, header.name, header.namelen);
    if (typeof name === 'number') return name;
    msg.name = name;
  }
  if (header.controllen > OPTMEM_MAX) return -ENOBUFS;
  if (header.controllen === 0) return 0;
  const control = memdup_user(task, header.control, header.controllen);
  return typeof control === 'number' ? control : scm_send(task, control, msg.scm);
}

export const sys_recvmsg = SYSCALL_DEFINE(
  'recvmsg',
  { fd: int, msg: outptr, flags: flagsArg },
  (task, { fd, msg: umsg, flags }) => {
    const found = sockfd_lookup(task, fd);
    if (typeof found === 'number') return found;
    const header = copy_msghdr(task, umsg);
    if (typeof header === 'number') return header;
    const msg = new_message(header.iter, flags | nonblock_flag(found.file), true);
    return with_file(found.file, found.sock.ops.recvmsg(task, found.sock, msg), (ret) =>
      ret < 0 ? ret : put_msghdr(task, umsg, header, msg, found.sock) || ret,
    );
  },
);

function put_msghdr(task: Task, umsg: UserPtr, header: UserMsghdr, msg: Message, sock: Socket): number {
  const control: ControlBuffer = { at: header.control, size: header.controllen, used: 0 };
  let err = scm_recv(task, msg, sock.passcred, control);
  if (err === 0 && header.name !== NULL) {
    const name = msg.name ?? new Uint8Array(0);
    err = copy_to_user(task, header.name, name.subarray(0, header.namelen)) ? -EFAULT : 0;
    err ||= put_user_u32(task, (umsg + 8) as UserPtr, name.length);
  }
  err ||= put_user_u32(task, (umsg + 48) as UserPtr, msg.msg_flags | (msg.flags & uapi.MSG_CMSG_CLOEXEC));
  return err || put_user_u64(task, (umsg + 40) as UserPtr, control.used);
}

/*
 * Options
 */

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
  [uapi.SO_ACCEPTCONN, () => 0],
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
    const get = level === uapi.SOL_SOCKET ? GET_OPTIONS.get(optname) : undefined;
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
    const set = SET_OPTIONS.get(optname);
    if (!set) return -ENOPROTOOPT;
    Object.assign(sock, set(value | 0));
    return 0;
  },
);
