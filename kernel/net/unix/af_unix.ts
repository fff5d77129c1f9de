/*
 * kernel/net/unix/af_unix.ts - sockets within one machine: what is sent there, and received
 *
 * Linux:   net/unix/af_unix.c (v6.12)
 * Manual:  unix(7), socketpair(2)
 * Absent:  out-of-band data; peers' descriptors that form a cycle are freed by the last close only
 *
 * Names are in names.ts, listening and connecting in connect.ts.
 */

import type { PollTable } from '../../include/linux/fs.ts';
import type { Task } from '../../include/linux/sched.ts';
import * as errno from '../../include/uapi/errno.ts';
import * as epoll from '../../include/uapi/eventpoll.ts';
import { SIGPIPE } from '../../include/uapi/signal.ts';
import * as uapi from '../../include/uapi/socket.ts';
import { fput } from '../../fs/file_table.ts';
import type { Kernel } from '../../kernel.ts';
import {
  type MaySleep,
  type Sleeps,
  wake_up_interruptible,
  wake_up_interruptible_all,
  wake_up_interruptible_poll,
} from '../../sched/wait.ts';
import { send_sig } from '../../signal.ts';
import { NO_CREDS, own_creds, scm_fp_dup } from '../scm.ts';
import { type Message, new_socket, type ProtoOps, type Socket, type Ucred } from '../socket.ts';
import {
  unix_accept,
  unix_dgram_connect,
  unix_dgram_disconnected,
  unix_listen,
  unix_may_send,
  unix_stream_connect,
} from './connect.ts';
import {
  NO_NAME,
  unix_autobind,
  unix_bind,
  unix_find_other,
  unix_unbind,
  unix_validate_addr,
} from './names.ts';
import {
  connected_type,
  DGRAM_HEAD,
  type SkBuff,
  sock_error,
  sock_wait,
  STREAM_HEAD,
  truesize,
  type UnixSock,
  unix_create1,
  unix_recvq_full,
  unix_sk,
} from './sock.ts';

/* What a waking is about, for those who wait for one thing only. */
const DATA_READY = epoll.EPOLLIN | epoll.EPOLLPRI | epoll.EPOLLRDNORM | epoll.EPOLLRDBAND;
const WRITE_SPACE = epoll.EPOLLOUT | epoll.EPOLLWRNORM | epoll.EPOLLWRBAND;

export function unix_create(task: Task, type: number, protocol: number): Socket | number {
  if (protocol !== 0 && protocol !== uapi.AF_UNIX) return -errno.EPROTONOSUPPORT;
  // "Believe it or not BSD has AF_UNIX, SOCK_RAW though nothing uses it": it is a datagram socket.
  const kind = type === uapi.SOCK_RAW ? uapi.SOCK_DGRAM : type;
  const ops = OPS.get(kind);
  if (!ops) return -errno.ESOCKTNOSUPPORT;
  const sk = unix_create1(task);
  sk.sock = new_socket(uapi.AF_UNIX, kind, protocol, ops, sk);
  return sk.sock;
}

export function unix_socketpair(_task: Task, one: Socket, two: Socket): void {
  const [a, b] = [unix_sk(one), unix_sk(two)];
  a.peer = b;
  b.peer = a;
  a.state = b.state = 'established';
  a.peercred = b.creds;
  b.peercred = a.creds;
}

function unix_release(sock: Socket, kernel: Kernel): void {
  unix_unbind(kernel.unix, unix_sk(sock));
  unix_release_sock(unix_sk(sock));
}

function unix_release_sock(sk: UnixSock): void {
  const { peer, sock } = sk;
  sk.dead = true;
  sk.state = 'close';
  sk.shutdown = uapi.SHUTDOWN_MASK;
  if (peer && connected_type(sock)) {
    peer.shutdown = uapi.SHUTDOWN_MASK;
    if (sk.queue.length > 0 || sk.embryo) peer.err = errno.ECONNRESET; // somebody will never hear what was said
  }
  for (const embryo of sk.pending.splice(0)) unix_release_sock(embryo);
  purge_queue(sk);
  if (peer) wake_up_interruptible_all(peer.wait);
  wake_up_interruptible_all(sk.peer_wait);
  sk.peer = null;
}

/** It was read, or nobody will: its sender has room again. */
function kfree_skb({ files, sender, truesize: size }: SkBuff): void {
  for (const file of files.splice(0)) fput(file);
  sender.wmem_alloc -= size;
  if (!sender.dead && writable(sender)) wake_up_interruptible_poll(sender.wait, WRITE_SPACE);
}

export function purge_queue(sk: UnixSock): void {
  for (const skb of sk.queue.splice(0)) kfree_skb(skb);
}

/*
 * Sending
 */

/** The most that one buffer of a stream takes. */
const STREAM_MAX = 32_768;

const has_room = (sk: UnixSock): boolean => sk.wmem_alloc < sk.sock.sndbuf;

/** Linux: sock_alloc_send_pskb(). 0 when there is room; -EPIPE when it was shut meanwhile. */
function* wait_for_room(task: Task, sk: UnixSock, flags: number): Sleeps<number> {
  for (;;) {
    const err = sock_error(sk);
    if (err) return err;
    if (sk.shutdown & uapi.SEND_SHUTDOWN) return -errno.EPIPE;
    if (has_room(sk)) return 0;
    if (flags & uapi.MSG_DONTWAIT) return -errno.EAGAIN;
    const ready = (): boolean => has_room(sk) || sk.err !== 0 || (sk.shutdown & uapi.SEND_SHUTDOWN) !== 0;
    const waited = yield* sock_wait(task, sk.wait, sk.sock.sndtimeo, ready);
    if (waited < 0) return waited;
  }
}

/** What goes to `peer`: the credentials are recorded if somebody said so, on either side. */
function queue_skb(task: Task, sk: UnixSock, peer: UnixSock, data: Uint8Array, msg: Message): void {
  const head = sk.sock.type === uapi.SOCK_STREAM ? STREAM_HEAD : DGRAM_HEAD;
  const wanted = sk.sock.passcred || peer.sock.passcred || peer.embryo;
  const creds = msg.scm.creds ?? (wanted ? own_creds(task) : NO_CREDS);
  const { files } = msg.scm;
  const skb: SkBuff = { data, offset: 0, sender: sk, creds, files, truesize: truesize(data.length, head) };
  msg.scm.files = []; // they go with the first buffer
  sk.wmem_alloc += skb.truesize;
  peer.queue.push(skb);
  wake_up_interruptible_poll(peer.wait, DATA_READY);
}

function* unix_stream_sendmsg(task: Task, sock: Socket, msg: Message): Sleeps<number> {
  const sk = unix_sk(sock);
  if (msg.flags & uapi.MSG_OOB) return -errno.EOPNOTSUPP;
  if (msg.name) return sk.state === 'established' ? -errno.EISCONN : -errno.EOPNOTSUPP;
  if (!sk.peer) return -errno.ENOTCONN;
  if (sk.shutdown & uapi.SEND_SHUTDOWN) return broken_pipe(task, msg);

  let sent = 0;
  while (msg.iter.count > 0) {
    const err = yield* wait_for_room(task, sk, msg.flags);
    if (err < 0) return sent || (err === -errno.EPIPE ? broken_pipe(task, msg) : err);
    const peer = sk.peer;
    if (!peer || peer.dead || peer.shutdown & uapi.RCV_SHUTDOWN) return sent || broken_pipe(task, msg);
    const data = new Uint8Array(Math.min(msg.iter.count, (sock.sndbuf >> 1) - 64, STREAM_MAX));
    if (msg.iter.copy_from_iter(data) < data.length) return sent || -errno.EFAULT;
    queue_skb(task, sk, peer, data, msg);
    sent += data.length;
  }
  return sent;
}

function broken_pipe(task: Task, msg: Message): number {
  if (!(msg.flags & uapi.MSG_NOSIGNAL)) send_sig(SIGPIPE, task, false);
  return -errno.EPIPE;
}

function* unix_dgram_sendmsg(task: Task, sock: Socket, msg: Message): Sleeps<number> {
  const sk = unix_sk(sock);
  const length = msg.iter.count;
  if (msg.flags & uapi.MSG_OOB) return -errno.EOPNOTSUPP;
  const unsendable = msg.name ? unix_validate_addr(msg.name) : sk.peer ? 0 : -errno.ENOTCONN;
  if (unsendable < 0) return unsendable;
  if (sock.passcred) unix_autobind(task, sk);
  if (length > sock.sndbuf - 32) return -errno.EMSGSIZE;

  const err = yield* wait_for_room(task, sk, msg.flags);
  if (err < 0) return err;
  const data = new Uint8Array(length);
  if (msg.iter.copy_from_iter(data) < length) return -errno.EFAULT;
  const other = yield* wait_for_receiver(task, sk, msg);
  if (typeof other === 'number') return other;
  queue_skb(task, sk, other, data, msg);
  return length;
}

/** Whom the datagram is for, when it has room for one more; or -errno. */
function* wait_for_receiver(task: Task, sk: UnixSock, msg: Message): Sleeps<UnixSock | number> {
  for (;;) {
    const other = msg.name ? unix_find_other(task, msg.name, sk.sock.type) : sk.peer;
    if (typeof other === 'number') return other;
    if (!other) return -errno.ECONNRESET;
    if (!unix_may_send(sk, other)) return -errno.EPERM;
    if (other.dead) return gone(sk, other);
    if (other.shutdown & uapi.RCV_SHUTDOWN) return -errno.EPIPE;
    // Of two that talk to each other only, the sender's buffer is the limit.
    if (other === sk || other.peer === sk || !unix_recvq_full(other)) return other;
    if (msg.flags & uapi.MSG_DONTWAIT) return -errno.EAGAIN;
    const ready = (): boolean => !unix_recvq_full(other) || other.dead || other.shutdown !== 0;
    const waited = yield* sock_wait(task, other.peer_wait, sk.sock.sndtimeo, ready);
    if (waited < 0) return waited;
  }
}

/** A datagram socket forgets a peer that is gone. */
function gone(sk: UnixSock, other: UnixSock): number {
  sk.peer = null;
  sk.state = 'close';
  unix_dgram_disconnected(sk, other);
  return -errno.ECONNREFUSED;
}

function* unix_seqpacket_sendmsg(task: Task, sock: Socket, msg: Message): Sleeps<number> {
  const sk = unix_sk(sock);
  const err = sock_error(sk);
  if (err) return err;
  if (sk.state !== 'established') return -errno.ENOTCONN;
  msg.name = null;
  return yield* unix_dgram_sendmsg(task, sock, msg);
}

/*
 * Receiving
 */

const readable = (sk: UnixSock): boolean =>
  sk.queue.length > 0 || sk.err !== 0 || (sk.shutdown & uapi.RCV_SHUTDOWN) !== 0;

/** 1: there is something in the queue. 0: nothing, and nothing more will come. */
function* wait_for_data(task: Task, sk: UnixSock, flags: number): Sleeps<number> {
  for (;;) {
    if (sk.queue.length > 0) return 1;
    const err = sock_error(sk);
    if (err) return err;
    if (sk.shutdown & uapi.RCV_SHUTDOWN) return 0;
    if (flags & uapi.MSG_DONTWAIT) return -errno.EAGAIN;
    const waited = yield* sock_wait(task, sk.wait, sk.sock.rcvtimeo, () => readable(sk));
    if (waited < 0) return waited;
  }
}

/** What goes with the bytes to the receiver. Without a place for descriptors they are closed with the message. */
function take_scm(skb: SkBuff, msg: Message): void {
  msg.scm.creds = skb.creds;
  if (!msg.ancillary) return;
  msg.scm.files = msg.flags & uapi.MSG_PEEK ? scm_fp_dup(skb.files) : skb.files;
  if (!(msg.flags & uapi.MSG_PEEK)) skb.files = [];
}

function* unix_dgram_recvmsg(task: Task, sock: Socket, msg: Message): Sleeps<number> {
  const sk = unix_sk(sock);
  if (msg.flags & uapi.MSG_OOB) return -errno.EOPNOTSUPP;
  const ready = yield* wait_for_data(task, sk, msg.flags);
  if (ready <= 0) return ready;

  const skb = sk.queue[0]!;
  const room = msg.iter.count;
  const { length } = skb.data;
  if (length > room) msg.msg_flags |= uapi.MSG_TRUNC;
  const part = skb.data.subarray(0, room);
  if (msg.iter.copy_to_iter(part) < part.length) return -errno.EFAULT;
  take_scm(skb, msg);
  msg.name = skb.sender.addr;
  if (!(msg.flags & uapi.MSG_PEEK)) {
    kfree_skb(sk.queue.shift()!);
    wake_up_interruptible(sk.peer_wait);
  }
  return msg.flags & uapi.MSG_TRUNC ? length : part.length;
}

function* unix_seqpacket_recvmsg(task: Task, sock: Socket, msg: Message): Sleeps<number> {
  if (unix_sk(sock).state !== 'established') return -errno.ENOTCONN;
  return yield* unix_dgram_recvmsg(task, sock, msg);
}

/** Bytes of several messages at once, as long as they are of one sender and carry no descriptors. */
function* unix_stream_recvmsg(task: Task, sock: Socket, msg: Message): Sleeps<number> {
  const sk = unix_sk(sock);
  if (sk.state !== 'established') return -errno.EINVAL;
  if (msg.flags & uapi.MSG_OOB) return -errno.EOPNOTSUPP;

  const wanted = msg.iter.count;
  let copied = 0;
  while (msg.iter.count > 0) {
    if (copied > 0 && sk.queue.length === 0 && !(msg.flags & uapi.MSG_WAITALL)) break;
    const ready = yield* wait_for_data(task, sk, msg.flags);
    if (ready <= 0) return copied || ready;
    const got = read_stream(sk, msg, copied > 0);
    if (got < 0) return copied || got;
    copied += got;
    if (got === 0 || msg.scm.files.length > 0 || msg.flags & uapi.MSG_PEEK) break;
  }
  return wanted === 0 ? 0 : copied;
}

/** From the first buffer; 0: it must not be mixed with what was read before. */
function read_stream(sk: UnixSock, msg: Message, mixed: boolean): number {
  const skb = sk.queue[0]!;
  const same = skb.creds.pid === msg.scm.creds?.pid && skb.creds.uid === msg.scm.creds.uid;
  if (mixed && sk.sock.passcred && !same) return 0;

  const part = skb.data.subarray(skb.offset, skb.offset + msg.iter.count);
  const got = msg.iter.copy_to_iter(part);
  if (got === 0 && part.length > 0) return -errno.EFAULT;
  take_scm(skb, msg);
  msg.name = skb.sender.addr;
  if (msg.flags & uapi.MSG_PEEK) return got;
  skb.offset += got;
  if (skb.offset === skb.data.length) kfree_skb(sk.queue.shift()!);
  return got;
}

/*
 * The rest
 */

/** What is closed here for one direction is closed there for the other. */
function unix_shutdown(sock: Socket, how: number): number {
  if (how < 0 || how > uapi.SHUT_RDWR) return -errno.EINVAL;
  const mode = how + 1;
  const sk = unix_sk(sock);
  sk.shutdown |= mode;
  wake_up_interruptible_all(sk.wait);
  if (!sk.peer || !connected_type(sock)) return 0;
  if (mode & uapi.RCV_SHUTDOWN) sk.peer.shutdown |= uapi.SEND_SHUTDOWN;
  if (mode & uapi.SEND_SHUTDOWN) sk.peer.shutdown |= uapi.RCV_SHUTDOWN;
  wake_up_interruptible_all(sk.peer.wait);
  return 0;
}

/** Linux: unix_writable(). A quarter full is full enough to wait. */
const writable = (sk: UnixSock): boolean => sk.wmem_alloc * 4 <= sk.sock.sndbuf;

function unix_poll(sock: Socket, table: PollTable): number {
  const sk = unix_sk(sock);
  table?.(sk.wait);
  let mask = sk.err ? epoll.EPOLLERR : 0;
  if (sk.shutdown === uapi.SHUTDOWN_MASK) mask |= epoll.EPOLLHUP;
  if (sk.shutdown & uapi.RCV_SHUTDOWN) mask |= epoll.EPOLLRDHUP | epoll.EPOLLIN | epoll.EPOLLRDNORM;
  if (sk.queue.length > 0 || sk.pending.length > 0) mask |= epoll.EPOLLIN | epoll.EPOLLRDNORM;
  if (connected_type(sock) && sk.state === 'close') mask |= epoll.EPOLLHUP;
  if (sk.state !== 'listen' && writable(sk) && !dgram_full(sk, table))
    mask |= epoll.EPOLLOUT | epoll.EPOLLWRNORM | epoll.EPOLLWRBAND;
  return mask;
}

/** A datagram socket whose peer listens to others, too, and has enough to hear for now. */
function dgram_full(sk: UnixSock, table: PollTable): boolean {
  const { peer } = sk;
  if (connected_type(sk.sock) || !peer || peer.peer === sk) return false;
  table?.(peer.peer_wait);
  return unix_recvq_full(peer);
}

function unix_getname(sock: Socket, peer: boolean): Uint8Array | number {
  const sk = peer ? unix_sk(sock).peer : unix_sk(sock);
  return sk ? (sk.addr ?? Uint8Array.from(NO_NAME)) : -errno.ENOTCONN;
}

const COMMON = {
  release: unix_release,
  bind: unix_bind,
  listen: unix_listen,
  accept: unix_accept,
  getname: unix_getname,
  poll: unix_poll,
  shutdown: unix_shutdown,
  peercred: (sock: Socket): Ucred => unix_sk(sock).peercred,
  error: (sock: Socket): number => -sock_error(unix_sk(sock)),
  listening: (sock: Socket): boolean => unix_sk(sock).state === 'listen',
};

type Transfer = (task: Task, sock: Socket, msg: Message) => MaySleep<number>;
type Connect = NonNullable<ProtoOps['connect']>;
const ops = (connect: Connect, sendmsg: Transfer, recvmsg: Transfer): ProtoOps => ({
  ...COMMON,
  connect,
  sendmsg,
  recvmsg,
});

const OPS: ReadonlyMap<number, ProtoOps> = new Map([
  [uapi.SOCK_STREAM, ops(unix_stream_connect, unix_stream_sendmsg, unix_stream_recvmsg)],
  [uapi.SOCK_DGRAM, ops(unix_dgram_connect, unix_dgram_sendmsg, unix_dgram_recvmsg)],
  [uapi.SOCK_SEQPACKET, ops(unix_stream_connect, unix_seqpacket_sendmsg, unix_seqpacket_recvmsg)],
]);
