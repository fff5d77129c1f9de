/*
 * kernel/net/unix/sock.ts - what a Unix socket is
 *
 * Linux:   include/net/af_unix.h, include/net/sock.h (v6.12)
 * Differs: connections that nobody has accepted yet are a list of their own, not buffers in the listener's queue
 */

import { PAGE_SIZE } from '../../include/linux/types.ts';
import type { File, Inode } from '../../include/linux/fs.ts';
import type { Task } from '../../include/linux/sched.ts';
import { EAGAIN, EINTR, ERESTARTSYS } from '../../include/uapi/errno.ts';
import { SOCK_DGRAM } from '../../include/uapi/socket.ts';
import {
  type Sleeps,
  WaitQueueHead,
  wait_event_interruptible,
  wait_event_interruptible_timeout,
} from '../../sched/wait.ts';
import { own_creds, NO_CREDS } from '../scm.ts';
import type { Socket, Ucred } from '../socket.ts';

/** One message, or what one write put there. */
export interface SkBuff {
  readonly data: Uint8Array;
  offset: number;
  readonly sender: UnixSock;
  readonly creds: Ucred;
  files: File[];
  /** What it takes of its sender's buffer. */
  readonly truesize: number;
}

/** Linux: sk->sk_state, which borrows TCP's names. */
export type UnixState = 'close' | 'listen' | 'established';

export interface UnixSock {
  sock: Socket;
  state: UnixState;
  peer: UnixSock | null;
  /** Its name as bind(2) was given it, with the family; null: it has none. */
  addr: Uint8Array | null;
  /** The name's file, if it is one. */
  inode: Inode | null;
  readonly queue: SkBuff[];
  /** A listener's: connections to be accepted. */
  readonly pending: UnixSock[];
  /** More than this many messages, or connections, wait for nobody: the next has to wait itself. */
  max_ack_backlog: number;
  /** Connected, but not yet accepted: nobody has a file of it. */
  embryo: boolean;
  /** Bytes that were sent and not yet read. */
  wmem_alloc: number;
  shutdown: number;
  dead: boolean;
  /** Told once, by the next call or SO_ERROR. */
  err: number;
  /** Whoever waits to read, and whoever waits for room; as upstream one queue. */
  readonly wait: WaitQueueHead;
  /** Others who wait until fewer messages or connections wait here. */
  readonly peer_wait: WaitQueueHead;
  /** Of who made it, or listens. */
  creds: Ucred;
  peercred: Ucred;
}

/** net.unix.max_dgram_qlen */
const MAX_DGRAM_QLEN = 10;

/** The caller gives it its socket. */
export const unix_create1 = (task: Task): UnixSock => ({
  sock: null as unknown as Socket,
  state: 'close',
  peer: null,
  addr: null,
  inode: null,
  queue: [],
  pending: [],
  max_ack_backlog: MAX_DGRAM_QLEN,
  embryo: false,
  wmem_alloc: 0,
  shutdown: 0,
  dead: false,
  err: 0,
  wait: new WaitQueueHead(),
  peer_wait: new WaitQueueHead(),
  creds: own_creds(task),
  peercred: NO_CREDS,
});

export const unix_sk = (sock: Socket): UnixSock => sock.sk as UnixSock;
export const connected_type = ({ type }: Socket): boolean => type !== SOCK_DGRAM;

export const unix_recvq_full = (sk: UnixSock): boolean =>
  (sk.state === 'listen' ? sk.pending : sk.queue).length > sk.max_ack_backlog;

export function sock_error(sk: UnixSock): number {
  const { err } = sk;
  sk.err = 0;
  return -err;
}

/**
 * Until `ready`: 0, or -errno. "If no data has been transferred and the timeout has been reached, then -1 is returned with
 * errno set to EAGAIN" - socket(7), SO_RCVTIMEO. Without a timeout a handled signal may restart the call.
 */
export function* sock_wait(
  task: Task,
  queue: WaitQueueHead,
  timeout: number,
  ready: () => boolean,
): Sleeps<number> {
  if (timeout === Infinity) return yield* wait_event_interruptible(task, queue, ready);
  const left = yield* wait_event_interruptible_timeout(task, queue, ready, timeout);
  if (left < 0) return left === -ERESTARTSYS ? -EINTR : left;
  return ready() ? 0 : -EAGAIN;
}

/* What a buffer takes beside its bytes: struct sk_buff, and struct skb_shared_info behind them. */
const SKB_SIZE = 256;
const SKB_SHARED_INFO = 320;
/** Bytes beyond these are in pages of their own: of a stream's buffer, and of a datagram's. */
export const STREAM_HEAD = PAGE_SIZE - SKB_SHARED_INFO;
export const DGRAM_HEAD = 4 * PAGE_SIZE - SKB_SHARED_INFO;

/** Linux: skb->truesize. The linear part comes from kmalloc(), whose sizes are powers of two. */
export function truesize(length: number, head: number): number {
  const pages = Math.ceil(Math.max(0, length - head) / PAGE_SIZE) * PAGE_SIZE;
  const linear = Math.max(0, length - pages) + SKB_SHARED_INFO;
  return SKB_SIZE + 2 ** Math.ceil(Math.log2(linear)) + pages;
}
