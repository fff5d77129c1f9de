/*
 * kernel/net/syscalls.ts - the system calls about sockets
 *
 * Linux:   net/socket.c, net/core/sock.c (v6.12)
 * Manual:  socket(2), socketpair(2), bind(2), listen(2), connect(2), accept(2), send(2), recv(2), getsockopt(2), shutdown(2)
 */

import { fdget, fd_install, fd_install_new, get_unused_fd_flags, put_unused_fd } from '../fs/file.ts';
import { get_file, fput } from '../fs/file_table.ts';
import type { File } from '../include/linux/fs.ts';
import { MAX_RW_COUNT } from '../include/linux/fs_modes.ts';
import type { Task } from '../include/linux/sched.ts';
import { NULL, type UserPtr } from '../include/linux/types.ts';
import { EAFNOSUPPORT, EFAULT, EINVAL, EMSGSIZE, ENOBUFS, EOPNOTSUPP } from '../include/uapi/errno.ts';
import { O_CLOEXEC } from '../include/uapi/fcntl.ts';
import * as uapi from '../include/uapi/socket.ts';
import { get_unaligned_le32, get_unaligned_le64 } from '../lib/bytes.ts';
import { import_iovec, IovIter, UIO_MAXIOV } from '../lib/iov_iter.ts';
import {
  access_ok,
  copy_to_user,
  get_user_u32,
  memdup_user,
  put_user_u32,
  put_user_u64,
} from '../lib/usercopy.ts';
import { finish, is_generator, type MaySleep, type Sleeps } from '../sched/wait.ts';
import {
  flags as flagsArg,
  int,
  outbuf,
  outptr,
  pointer_in,
  ptr,
  size,
  SYSCALL_DEFINE,
  uint,
} from '../syscalls/define.ts';
import { netlink_create } from './netlink/af_netlink.ts';
import { type ControlBuffer, scm_destroy, scm_recv, scm_send } from './scm.ts';
import {
  type Message,
  new_message,
  nonblock_flag,
  type Socket,
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
    const kind = check_type(type);
    if (kind < 0) return kind;
    const fds = take_pair(task, usockvec, cloexec(type));
    if (typeof fds === 'number') return fds;
    const files = open_pair(task, family, type, protocol);
    for (const [i, fd] of fds.entries()) {
      if (typeof files === 'number') put_unused_fd(task, fd);
      else fd_install(task, fd, files[i]!);
    }
    return typeof files === 'number' ? files : 0;
  },
);

/** Two numbers, which the user is told before they mean anything: of what went wrong that is the first. */
function take_pair(task: Task, usockvec: UserPtr, open_flags: number): number[] | number {
  const fds: number[] = [];
  let err = 0;
  for (let i = 0; i < 2 && err === 0; i++) {
    const fd = get_unused_fd_flags(task, open_flags);
    if (fd < 0) err = fd;
    else fds.push(fd);
  }
  for (const [i, fd] of fds.entries()) err ||= put_user_u32(task, (usockvec + 4 * i) as UserPtr, fd);
  if (err === 0) return fds;
  for (const fd of fds) put_unused_fd(task, fd);
  return err;
}

function open_pair(task: Task, family: number, type: number, protocol: number): File[] | number {
  const one = sock_create(task, family, type, protocol);
  if (typeof one === 'number') return one;
  if (family !== uapi.AF_UNIX) return -EOPNOTSUPP;
  const two = unix_create(task, check_type(type), protocol) as Socket;
  unix_socketpair(task, one, two);
  return [one, two].map((sock) => sock_alloc_file(task, sock, type));
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
    const { sock, file } = found;
    return with_file(file, sock.ops.bind?.(task, sock, address) ?? -EOPNOTSUPP, (ret) => ret);
  },
);

export const sys_connect = SYSCALL_DEFINE(
  'connect',
  { fd: int, uservaddr: ptr, addrlen: int },
  (task, { fd, uservaddr, addrlen }) => {
    const file = fdget(task, fd);
    if (typeof file === 'number') return file;
    const address = copy_address(task, uservaddr, addrlen);
    if (typeof address === 'number') return address;
    const found = sockfd_lookup(task, fd); // only now it is asked whether the file is a socket
    if (typeof found === 'number') return found;
    const { sock } = found;
    const done = sock.ops.connect?.(task, sock, address, nonblock_flag(file)) ?? -EOPNOTSUPP;
    return with_file(file, done, (ret) => ret);
  },
);

/** /proc/sys/net/core/somaxconn */
const SOMAXCONN = 4096;

export const sys_listen = SYSCALL_DEFINE('listen', { fd: int, backlog: uint }, (task, { fd, backlog }) => {
  const found = sockfd_lookup(task, fd);
  if (typeof found === 'number') return found;
  return found.sock.ops.listen?.(task, found.sock, Math.min(backlog, SOMAXCONN)) ?? -EOPNOTSUPP;
});

interface AcceptArgs {
  readonly fd: number;
  readonly upeer_sockaddr: UserPtr;
  readonly upeer_addrlen: UserPtr;
}

/** The number is taken before there is anything to give it to, so that no connection is accepted in vain. */
function* do_accept4(task: Task, { fd, ...to }: AcceptArgs, flags: number): Sleeps<number> {
  const opened = fdget(task, fd);
  if (typeof opened === 'number') return opened;
  if (flags & ~(uapi.SOCK_CLOEXEC | uapi.SOCK_NONBLOCK)) return -EINVAL;
  const found = sockfd_lookup(task, fd);
  if (typeof found === 'number') return found;
  const newfd = get_unused_fd_flags(task, cloexec(flags));
  if (newfd < 0) return newfd;

  const { sock, file } = found;
  get_file(file);
  const accepted = sock.ops.accept
    ? yield* finish(sock.ops.accept(task, sock, nonblock_flag(file)))
    : -EOPNOTSUPP;
  fput(file);
  if (typeof accepted === 'number') {
    put_unused_fd(task, newfd);
    return accepted;
  }
  return install_accepted(task, accepted, newfd, to, flags);
}

function install_accepted(
  task: Task,
  sock: Socket,
  newfd: number,
  { upeer_sockaddr, upeer_addrlen }: Omit<AcceptArgs, 'fd'>,
  flags: number,
): number {
  const file = sock_alloc_file(task, sock, flags);
  const address = upeer_sockaddr === NULL ? null : peer_address(sock);
  const err = address ? put_address(task, address, upeer_sockaddr, upeer_addrlen) : 0;
  if (err < 0) {
    fput(file);
    put_unused_fd(task, newfd);
    return err;
  }
  fd_install(task, newfd, file);
  return newfd;
}

/** Who connected may be gone by now, and had no name then. */
function peer_address(sock: Socket): Uint8Array {
  const address = sock.ops.getname(sock, true);
  return typeof address === 'number' ? (sock.ops.getname(sock, false) as Uint8Array).subarray(0, 2) : address;
}

const acceptArgs = { fd: int, upeer_sockaddr: outptr, upeer_addrlen: ptr };
export const sys_accept = SYSCALL_DEFINE('accept', acceptArgs, (task, args) => do_accept4(task, args, 0));
export const sys_accept4 = SYSCALL_DEFINE('accept4', { ...acceptArgs, flags: flagsArg }, (task, args) =>
  do_accept4(task, args, args.flags),
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
    if (!access_ok(buff, Math.min(len, MAX_RW_COUNT))) return -EFAULT;
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
    if (!access_ok(ubuf, Math.min(length, MAX_RW_COUNT))) return -EFAULT;
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

/** The socket, and what the user says of the message; or what is wrong first. */
function begin_msg(
  task: Task,
  fd: number,
  umsg: UserPtr,
  flags: number,
): { found: { sock: Socket; file: File }; header: UserMsghdr } | number {
  if (flags & uapi.MSG_CMSG_COMPAT) return -EINVAL;
  const found = sockfd_lookup(task, fd);
  if (typeof found === 'number') return found;
  const header = copy_msghdr(task, umsg);
  return typeof header === 'number' ? header : { found, header };
}

/** net.core.optmem_max */
const OPTMEM_MAX = 131_072;

export const sys_sendmsg = SYSCALL_DEFINE(
  'sendmsg',
  { fd: int, msg: ptr, flags: flagsArg },
  (task, { fd, msg: umsg, flags }) => {
    const asked = begin_msg(task, fd, umsg, flags);
    if (typeof asked === 'number') return asked;
    const { found, header } = asked;
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
    const asked = begin_msg(task, fd, umsg, flags);
    if (typeof asked === 'number') return asked;
    const { found, header } = asked;
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
