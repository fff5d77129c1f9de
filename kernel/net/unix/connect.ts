/*
 * kernel/net/unix/connect.ts - sockets that listen, and those that connect to them
 *
 * Linux:   net/unix/af_unix.c (unix_listen(), unix_stream_connect(), unix_accept(), unix_dgram_connect()) (v6.12)
 * Manual:  unix(7), listen(2), connect(2), accept(2)
 *
 *     client                         listener
 *       | -- connect: an embryo is --> pending       both ends are connected at once; what is written waits in the
 *       |    made and put there          |           embryo's queue until somebody accepts it
 *       |                                v
 *       | <------- bytes -------> accept gives the embryo a file
 */

import type { Task } from '../../include/linux/sched.ts';
import {
  EAGAIN,
  ECONNREFUSED,
  ECONNRESET,
  EINVAL,
  EISCONN,
  EOPNOTSUPP,
  EPERM,
} from '../../include/uapi/errno.ts';
import { EPOLLIN, EPOLLRDNORM } from '../../include/uapi/eventpoll.ts';
import { AF_UNSPEC, MSG_DONTWAIT, RCV_SHUTDOWN } from '../../include/uapi/socket.ts';
import { get_unaligned_le16 } from '../../lib/bytes.ts';
import type { Sleeps } from '../../sched/wait.ts';
import {
  wake_up_interruptible,
  wake_up_interruptible_all,
  wake_up_interruptible_poll,
} from '../../sched/wait.ts';
import { own_creds } from '../scm.ts';
import { new_socket, type Socket } from '../socket.ts';
import { unix_autobind, unix_find_other, unix_validate_addr } from './names.ts';
import { purge_queue } from './af_unix.ts';
import {
  connected_type,
  sock_error,
  sock_wait,
  type UnixSock,
  unix_create1,
  unix_recvq_full,
  unix_sk,
} from './sock.ts';

export function unix_listen(task: Task, sock: Socket, backlog: number): number {
  const sk = unix_sk(sock);
  if (!connected_type(sock)) return -EOPNOTSUPP;
  if (!sk.addr || sk.state === 'established') return -EINVAL;
  if (backlog > sk.max_ack_backlog) wake_up_interruptible_all(sk.peer_wait);
  sk.max_ack_backlog = backlog;
  sk.state = 'listen';
  sk.creds = own_creds(task); // whom those who connect will take it for
  return 0;
}

/** 0 or -errno. `flags`: MSG_DONTWAIT when the file is O_NONBLOCK. */
export function* unix_stream_connect(
  task: Task,
  sock: Socket,
  addr: Uint8Array,
  flags: number,
): Sleeps<number> {
  const sk = unix_sk(sock);
  const err = unix_validate_addr(addr) || (sock.passcred ? unix_autobind(task, sk) : 0);
  if (err < 0) return err;
  for (;;) {
    const other = unix_find_other(task, addr, sock.type);
    if (typeof other === 'number') return other;
    if (other.state !== 'listen' || other.shutdown & RCV_SHUTDOWN) return -ECONNREFUSED;
    if (!unix_recvq_full(other)) return connect_to(task, sk, other);
    if (flags & MSG_DONTWAIT) return -EAGAIN;
    const ready = (): boolean =>
      !unix_recvq_full(other) || other.dead || (other.shutdown & RCV_SHUTDOWN) !== 0;
    const waited = yield* sock_wait(task, other.peer_wait, sock.sndtimeo, ready);
    if (waited < 0) return waited;
  }
}

function connect_to(task: Task, sk: UnixSock, listener: UnixSock): number {
  if (sk.state !== 'close') return sk.state === 'established' ? -EISCONN : -EINVAL;
  const embryo = make_embryo(task, listener);
  embryo.peer = sk;
  sk.peer = embryo;
  sk.state = 'established';
  sk.peercred = listener.creds;
  listener.pending.push(embryo);
  wake_up_interruptible_poll(listener.wait, EPOLLIN | EPOLLRDNORM);
  return 0;
}

/** The listener's end of a new connection; it has the listener's name. */
function make_embryo(task: Task, listener: UnixSock): UnixSock {
  const { family, type, protocol, ops, passcred } = listener.sock;
  const embryo = unix_create1(task);
  embryo.sock = new_socket(family, type, protocol, ops, embryo);
  embryo.sock.passcred = passcred;
  embryo.state = 'established';
  embryo.embryo = true;
  embryo.addr = listener.addr;
  embryo.peercred = own_creds(task);
  return embryo;
}

/** The oldest connection that waits, or -errno. */
export function* unix_accept(task: Task, sock: Socket, flags: number): Sleeps<Socket | number> {
  const sk = unix_sk(sock);
  if (!connected_type(sock)) return -EOPNOTSUPP;
  if (sk.state !== 'listen') return -EINVAL;
  const ready = (): boolean => sk.pending.length > 0 || sk.err !== 0 || (sk.shutdown & RCV_SHUTDOWN) !== 0;
  for (;;) {
    const embryo = sk.pending.shift();
    if (embryo) {
      embryo.embryo = false;
      wake_up_interruptible(sk.peer_wait);
      return embryo.sock;
    }
    const err = sock_error(sk);
    if (err) return err;
    if (sk.shutdown & RCV_SHUTDOWN) return -EINVAL;
    if (flags & MSG_DONTWAIT) return -EAGAIN;
    const waited = yield* sock_wait(task, sk.wait, sock.rcvtimeo, ready);
    if (waited < 0) return waited;
  }
}

/** May `sk` send to a datagram socket? One that is connected hears nobody else. */
export const unix_may_send = (sk: UnixSock, other: UnixSock): boolean => !other.peer || other.peer === sk;

/** Names whom it sends to, and who alone may send to it. AF_UNSPEC: nobody any more. */
export function unix_dgram_connect(task: Task, sock: Socket, addr: Uint8Array): number {
  const sk = unix_sk(sock);
  if (addr.length < 2) return -EINVAL;
  let other: UnixSock | number | null = null;
  if (get_unaligned_le16(addr, 0) !== AF_UNSPEC) {
    const err = unix_validate_addr(addr) || (sock.passcred ? unix_autobind(task, sk) : 0);
    if (err < 0) return err;
    other = unix_find_other(task, addr, sock.type);
    if (typeof other === 'number') return other;
    if (!unix_may_send(sk, other)) return -EPERM;
  }
  const old = sk.peer;
  sk.peer = other;
  sk.state = other ? 'established' : 'close';
  if (old && old !== other) unix_dgram_disconnected(sk, old);
  return 0;
}

/** What the old peer said is forgotten; if the two were each other's, it is told. */
export function unix_dgram_disconnected(sk: UnixSock, other: UnixSock): void {
  if (sk.queue.length === 0) return;
  purge_queue(sk);
  wake_up_interruptible_all(sk.peer_wait);
  if (other.dead || other.peer !== sk) return;
  other.err = ECONNRESET;
  wake_up_interruptible_all(other.wait);
}
