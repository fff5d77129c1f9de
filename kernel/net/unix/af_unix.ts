/*
 * kernel/net/unix/af_unix.ts - pairs of sockets within one machine
 *
 * Linux:   net/unix/af_unix.c (v6.12)
 * Manual:  unix(7), socketpair(2)
 * Absent:  names, so also listening and connecting; out-of-band data; peers' descriptors that form a cycle are freed by
 *          the last close only
 */

import type { File, PollTable } from '../../include/linux/fs.ts';
import type { Task } from '../../include/linux/sched.ts';
import * as errno from '../../include/uapi/errno.ts';
import * as epoll from '../../include/uapi/eventpoll.ts';
import { SIGPIPE } from '../../include/uapi/signal.ts';
import * as uapi from '../../include/uapi/socket.ts';
import { fput } from '../../fs/file_table.ts';
import { PAGE_SIZE } from '../../include/linux/types.ts';
import { put_unaligned_le16 } from '../../lib/bytes.ts';
import {
  type MaySleep,
  type Sleeps,
  WaitQueueHead,
  wait_event_interruptible,
  wake_up_interruptible_all,
  wake_up_interruptible_poll,
} from '../../sched/wait.ts';
import { send_sig } from '../../signal.ts';
import { NO_CREDS, own_creds, scm_fp_dup } from '../scm.ts';
import { type Message, new_socket, type ProtoOps, type Socket, type Ucred } from '../socket.ts';

/* What a waking is about, for those who wait for one thing only. */
const DATA_READY = epoll.EPOLLIN | epoll.EPOLLPRI | epoll.EPOLLRDNORM | epoll.EPOLLRDBAND;
const WRITE_SPACE = epoll.EPOLLOUT | epoll.EPOLLWRNORM | epoll.EPOLLWRBAND;

/** One message, or what one write put there. */
interface SkBuff {
  readonly data: Uint8Array;
  offset: number;
  readonly creds: Ucred;
  files: File[];
  /** What it takes of its sender's buffer. */
  readonly truesize: number;
}

interface UnixSock {
  sock: Socket;
  peer: UnixSock | null;
  readonly queue: SkBuff[];
  /** Bytes that were sent and not yet read. */
  wmem_alloc: number;
  shutdown: number;
  dead: boolean;
  /** Told once, by the next call or SO_ERROR. */
  err: number;
  /** Whoever waits to read, and whoever waits for room; as upstream one queue. */
  readonly wait: WaitQueueHead;
  readonly creds: Ucred;
  peercred: Ucred;
}

const unix_sk = (sock: Socket): UnixSock => sock.sk as UnixSock;
const connected_type = ({ type }: Socket): boolean => type !== uapi.SOCK_DGRAM;

export function unix_create(task: Task, type: number, protocol: number): Socket | number {
  if (protocol !== 0 && protocol !== uapi.AF_UNIX) return -errno.EPROTONOSUPPORT;
  // "Believe it or not BSD has AF_UNIX, SOCK_RAW though nothing uses it": it is a datagram socket.
  const kind = type === uapi.SOCK_RAW ? uapi.SOCK_DGRAM : type;
  const ops = OPS.get(kind);
  if (!ops) return -errno.ESOCKTNOSUPPORT;
  const sk: UnixSock = {
    sock: null as unknown as Socket,
    peer: null,
    queue: [],
    wmem_alloc: 0,
    shutdown: 0,
    dead: false,
    err: 0,
    wait: new WaitQueueHead(),
    creds: own_creds(task),
    peercred: NO_CREDS,
  };
  sk.sock = new_socket(uapi.AF_UNIX, kind, protocol, ops, sk);
  return sk.sock;
}

export function unix_socketpair(_task: Task, one: Socket, two: Socket): void {
  const [a, b] = [unix_sk(one), unix_sk(two)];
  a.peer = b;
  b.peer = a;
  a.peercred = b.creds;
  b.peercred = a.creds;
}

function unix_release(sock: Socket): void {
  const sk = unix_sk(sock);
  const { peer } = sk;
  sk.dead = true;
  sk.shutdown = uapi.SHUTDOWN_MASK;
  if (peer && connected_type(sock)) {
    peer.shutdown = uapi.SHUTDOWN_MASK;
    if (sk.queue.length > 0) peer.err = errno.ECONNRESET; // somebody will never hear what was said
  }
  for (const skb of sk.queue.splice(0)) kfree_skb(sk, skb);
  if (peer) wake_up_interruptible_all(peer.wait);
  sk.peer = null;
}

/** It was read, or nobody will: its sender has room again. */
function kfree_skb(sk: UnixSock, skb: SkBuff): void {
  for (const file of skb.files) fput(file);
  skb.files = [];
  const sender = sk.peer;
  if (!sender) return;
  sender.wmem_alloc -= skb.truesize;
  if (writable(sender)) wake_up_interruptible_poll(sender.wait, WRITE_SPACE);
}

function sock_error(sk: UnixSock): number {
  const { err } = sk;
  sk.err = 0;
  return -err;
}

/*
 * Sending
 */

/* What a buffer takes beside its bytes: struct sk_buff, and struct skb_shared_info behind them. */
const SKB_SIZE = 256;
const SKB_SHARED_INFO = 320;
/** The most that one buffer of a stream takes. */
const STREAM_MAX = 32_768;
/** Bytes beyond these are in pages of their own: of a stream's buffer, and of a datagram's. */
const STREAM_HEAD = PAGE_SIZE - SKB_SHARED_INFO;
const DGRAM_HEAD = 4 * PAGE_SIZE - SKB_SHARED_INFO;

/** Linux: skb->truesize. The linear part comes from kmalloc(), whose sizes are powers of two. */
function truesize(length: number, head: number): number {
  const pages = Math.ceil(Math.max(0, length - head) / PAGE_SIZE) * PAGE_SIZE;
  const linear = Math.max(0, length - pages) + SKB_SHARED_INFO;
  return SKB_SIZE + 2 ** Math.ceil(Math.log2(linear)) + pages;
}

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
    const interrupted = yield* wait_event_interruptible(task, sk.wait, ready);
    if (interrupted < 0) return interrupted;
  }
}

/** What goes to `peer`: the credentials are recorded if somebody said so, on either side. */
function queue_skb(task: Task, sk: UnixSock, peer: UnixSock, data: Uint8Array, msg: Message): void {
  const head = sk.sock.type === uapi.SOCK_STREAM ? STREAM_HEAD : DGRAM_HEAD;
  const wanted = sk.sock.passcred || peer.sock.passcred;
  const creds = msg.scm.creds ?? (wanted ? own_creds(task) : NO_CREDS);
  const skb = { data, offset: 0, creds, files: msg.scm.files, truesize: truesize(data.length, head) };
  msg.scm.files = []; // they go with the first buffer
  sk.wmem_alloc += skb.truesize;
  peer.queue.push(skb);
  wake_up_interruptible_poll(peer.wait, DATA_READY);
}

function* unix_stream_sendmsg(task: Task, sock: Socket, msg: Message): Sleeps<number> {
  const sk = unix_sk(sock);
  if (msg.flags & uapi.MSG_OOB) return -errno.EOPNOTSUPP;
  if (msg.name) return sk.peer ? -errno.EISCONN : -errno.EOPNOTSUPP;
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
  if (msg.name) return -errno.ECONNREFUSED; // nothing has a name here
  if (!sk.peer) return -errno.ENOTCONN;
  if (length > sock.sndbuf - 32) return -errno.EMSGSIZE;

  const err = yield* wait_for_room(task, sk, msg.flags);
  if (err < 0) return err;
  const data = new Uint8Array(length);
  if (msg.iter.copy_from_iter(data) < length) return -errno.EFAULT;
  const { peer } = sk;
  if (!peer || peer.dead) return gone(sk);
  if (peer.shutdown & uapi.RCV_SHUTDOWN) return -errno.EPIPE;
  queue_skb(task, sk, peer, data, msg);
  return length;
}

/** A datagram socket forgets a peer that is gone. */
function gone(sk: UnixSock): number {
  sk.peer = null;
  sk.wmem_alloc = 0;
  return -errno.ECONNREFUSED;
}

function* unix_seqpacket_sendmsg(task: Task, sock: Socket, msg: Message): Sleeps<number> {
  const sk = unix_sk(sock);
  const err = sock_error(sk);
  if (err) return err;
  if (!sk.peer) return -errno.ENOTCONN;
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
    const interrupted = yield* wait_event_interruptible(task, sk.wait, () => readable(sk));
    if (interrupted < 0) return interrupted;
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
  if (!(msg.flags & uapi.MSG_PEEK)) kfree_skb(sk, sk.queue.shift()!);
  return msg.flags & uapi.MSG_TRUNC ? length : part.length;
}

/** Bytes of several messages at once, as long as they are of one sender and carry no descriptors. */
function* unix_stream_recvmsg(task: Task, sock: Socket, msg: Message): Sleeps<number> {
  const sk = unix_sk(sock);
  if (!sk.peer && !(sk.shutdown & uapi.RCV_SHUTDOWN)) return -errno.EINVAL;
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
  if (msg.flags & uapi.MSG_PEEK) return got;
  skb.offset += got;
  if (skb.offset === skb.data.length) kfree_skb(sk, sk.queue.shift()!);
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
  if (sk.queue.length > 0) mask |= epoll.EPOLLIN | epoll.EPOLLRDNORM;
  if (connected_type(sock) && !sk.peer) mask |= epoll.EPOLLHUP;
  if (writable(sk)) mask |= epoll.EPOLLOUT | epoll.EPOLLWRNORM | epoll.EPOLLWRBAND;
  return mask;
}

/** The two ends have no names. */
function unix_getname(sock: Socket, peer: boolean): Uint8Array | number {
  if (peer && !unix_sk(sock).peer) return -errno.ENOTCONN;
  const address = new Uint8Array(2);
  put_unaligned_le16(uapi.AF_UNIX, address, 0);
  return address;
}

const COMMON = {
  release: unix_release,
  getname: unix_getname,
  poll: unix_poll,
  shutdown: unix_shutdown,
  peercred: (sock: Socket): Ucred => unix_sk(sock).peercred,
  error: (sock: Socket): number => -sock_error(unix_sk(sock)),
};

type Transfer = (task: Task, sock: Socket, msg: Message) => MaySleep<number>;
const ops = (sendmsg: Transfer, recvmsg: Transfer): ProtoOps => ({ ...COMMON, sendmsg, recvmsg });

const OPS: ReadonlyMap<number, ProtoOps> = new Map([
  [uapi.SOCK_STREAM, ops(unix_stream_sendmsg, unix_stream_recvmsg)],
  [uapi.SOCK_DGRAM, ops(unix_dgram_sendmsg, unix_dgram_recvmsg)],
  [uapi.SOCK_SEQPACKET, ops(unix_seqpacket_sendmsg, unix_dgram_recvmsg)],
]);
