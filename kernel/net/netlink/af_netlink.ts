/*
 * kernel/net/netlink/af_netlink.ts - messages between programs and the kernel
 *
 * Linux:   net/netlink/af_netlink.c (v6.12)
 * Manual:  netlink(7)
 * Absent:  messages between programs; protocols other than NETLINK_AUDIT
 *
 * A socket's address is a number, its port; messages to port 0 go to the kernel, which works on them at once.
 */

import type { PollTable } from '../../include/linux/fs.ts';
import type { Task } from '../../include/linux/sched.ts';
import * as errno from '../../include/uapi/errno.ts';
import { EPOLLIN, EPOLLOUT, EPOLLRDNORM, EPOLLWRNORM } from '../../include/uapi/eventpoll.ts';
import * as uapi from '../../include/uapi/socket.ts';
import {
  get_unaligned_le16,
  get_unaligned_le32,
  put_unaligned_le16,
  put_unaligned_le32,
} from '../../lib/bytes.ts';
import {
  type Sleeps,
  WaitQueueHead,
  wait_event_interruptible,
  wake_up_interruptible_all,
} from '../../sched/wait.ts';
import { NO_CREDS } from '../scm.ts';
import { type Message, new_socket, type ProtoOps, type Socket } from '../socket.ts';
import { audit_bind, audit_netlink, audit_unbind } from './audit.ts';

/** struct nlmsghdr: length, type, flags, sequence number, port */
export const NLMSG_HDRLEN = 16;
const NLMSG_ALIGN = (length: number): number => (length + 3) & ~3;
/** struct sockaddr_nl: family, pad, port, groups */
const SOCKADDR_NL_SIZE = 12;

/** Linux: struct netlink_sock. */
export interface NetlinkSock {
  sock: Socket;
  /** 0: it has none yet. */
  portid: number;
  /** A bit for each group that it listens to. */
  groups: number;
  readonly queue: { readonly data: Uint8Array; readonly groups: number }[];
  queued: number;
  /** Something was lost because nobody read. */
  overrun: boolean;
  readonly wait: WaitQueueHead;
}

/** Linux: struct netlink_table. Bound sockets of one machine and protocol. */
export class NetlinkTable {
  readonly bound = new Map<number, NetlinkSock>();
  /** Numbers for those whose process's number is taken. */
  private next_rover = -4097;

  /** Linux: netlink_autobind(). The process's own number if it is free. */
  autobind(task: Task, nlk: NetlinkSock): void {
    let portid = task.tgid;
    while (this.bound.has(portid)) portid = this.next_rover-- >>> 0;
    this.insert(nlk, portid);
  }

  insert(nlk: NetlinkSock, portid: number): number {
    if (this.bound.has(portid)) return -errno.EADDRINUSE;
    nlk.portid = portid;
    this.bound.set(portid, nlk);
    return 0;
  }
}

const nlk_sk = (sock: Socket): NetlinkSock => sock.sk as NetlinkSock;

export function netlink_create(task: Task, type: number, protocol: number): Socket | number {
  if (type !== uapi.SOCK_RAW && type !== uapi.SOCK_DGRAM) return -errno.ESOCKTNOSUPPORT;
  if (protocol !== uapi.NETLINK_AUDIT) return -errno.EPROTONOSUPPORT;
  const table = audit_netlink(task.kernel).table;
  const nlk: NetlinkSock = {
    sock: null as unknown as Socket,
    portid: 0,
    groups: 0,
    queue: [],
    queued: 0,
    overrun: false,
    wait: new WaitQueueHead(),
  };
  nlk.sock = new_socket(uapi.AF_NETLINK, type, protocol, netlink_ops(task, table), nlk);
  return nlk.sock;
}

function netlink_release(table: NetlinkTable, task: Task, sock: Socket): void {
  const nlk = nlk_sk(sock);
  if (nlk.groups) audit_unbind(task, nlk);
  if (nlk.portid) table.bound.delete(nlk.portid);
}

function netlink_bind(table: NetlinkTable, task: Task, sock: Socket, addr: Uint8Array): number {
  if (addr.length < SOCKADDR_NL_SIZE || get_unaligned_le16(addr, 0) !== uapi.AF_NETLINK) return -errno.EINVAL;
  const nlk = nlk_sk(sock);
  const portid = get_unaligned_le32(addr, 4);
  const groups = get_unaligned_le32(addr, 8);
  if (nlk.portid && portid !== nlk.portid) return -errno.EINVAL;
  const err = groups ? audit_bind(task, nlk, groups) : 0;
  if (err < 0) return err;
  if (!nlk.portid) {
    if (portid === 0) table.autobind(task, nlk);
    else if (table.insert(nlk, portid) < 0) return -errno.EADDRINUSE;
  }
  nlk.groups = groups;
  return 0;
}

const address = (portid: number, groups: number): Uint8Array => {
  const bytes = new Uint8Array(SOCKADDR_NL_SIZE);
  put_unaligned_le16(uapi.AF_NETLINK, bytes, 0);
  put_unaligned_le32(portid, bytes, 4);
  put_unaligned_le32(groups, bytes, 8);
  return bytes;
};

const netlink_getname = (sock: Socket, peer: boolean): Uint8Array =>
  peer ? address(0, 0) : address(nlk_sk(sock).portid, nlk_sk(sock).groups);

function netlink_sendmsg(table: NetlinkTable, task: Task, sock: Socket, msg: Message): number {
  if (msg.flags & uapi.MSG_OOB) return -errno.EOPNOTSUPP;
  const nlk = nlk_sk(sock);
  if (msg.name) {
    if (msg.name.length < SOCKADDR_NL_SIZE) return -errno.EINVAL;
    if (get_unaligned_le16(msg.name, 0) !== uapi.AF_NETLINK) return -errno.EINVAL;
    if (get_unaligned_le32(msg.name, 4) !== 0) return -errno.ECONNREFUSED; // no program listens to programs
  }
  if (!nlk.portid) table.autobind(task, nlk);
  const length = msg.iter.count;
  if (length > sock.sndbuf - 32) return -errno.EMSGSIZE;
  const data = new Uint8Array(length);
  if (msg.iter.copy_from_iter(data) < length) return -errno.EFAULT;

  netlink_rcv_skb(task, nlk, data);
  return length;
}

/** One message taken apart. */
export interface NlMsg {
  readonly type: number;
  readonly flags: number;
  readonly seq: number;
  readonly data: Uint8Array;
}

/** Linux: audit_receive(). Each message is answered if it failed, or if its sender wants to know. */
function netlink_rcv_skb(task: Task, nlk: NetlinkSock, bytes: Uint8Array): void {
  const { receive, flush } = audit_netlink(task.kernel);
  for (let at = 0; at + NLMSG_HDRLEN <= bytes.length; ) {
    const length = get_unaligned_le32(bytes, at);
    if (length < NLMSG_HDRLEN || at + length > bytes.length) break;
    const header = bytes.subarray(at, at + NLMSG_HDRLEN);
    const flags = get_unaligned_le16(header, 6);
    const err = receive(task, nlk, {
      type: get_unaligned_le16(header, 4),
      flags,
      seq: get_unaligned_le32(header, 8),
      data: bytes.subarray(at + NLMSG_HDRLEN, at + length),
    });
    if (err < 0 || flags & uapi.NLM_F_ACK) netlink_ack(nlk, bytes.subarray(at, at + length), err);
    at += NLMSG_ALIGN(length);
  }
  flush(); // answers come from a thread of the kernel's, so behind the acknowledgement
}

/** The error, and what it is about: all of the message if it failed, else its header. */
function netlink_ack(nlk: NetlinkSock, request: Uint8Array, err: number): void {
  const about = err < 0 ? request : request.subarray(0, NLMSG_HDRLEN);
  const payload = new Uint8Array(4 + about.length);
  put_unaligned_le32(err, payload, 0);
  payload.set(about, 4);
  const flags = err < 0 ? 0 : uapi.NLM_F_CAPPED;
  const seq = get_unaligned_le32(request, 8);
  netlink_unicast(nlk, nlmsg(uapi.NLMSG_ERROR, flags, seq, nlk.portid, payload), 0);
}

/** A message in its header. `length`: what the header says it is, where that is not the truth. */
export function nlmsg(
  type: number,
  flags: number,
  seq: number,
  portid: number,
  payload: Uint8Array,
  length = NLMSG_HDRLEN + payload.length,
): Uint8Array {
  const bytes = new Uint8Array(NLMSG_HDRLEN + payload.length);
  put_unaligned_le32(length, bytes, 0);
  put_unaligned_le16(type, bytes, 4);
  put_unaligned_le16(flags, bytes, 6);
  put_unaligned_le32(seq, bytes, 8);
  put_unaligned_le32(portid, bytes, 12);
  bytes.set(payload, NLMSG_HDRLEN);
  return bytes;
}

/** Into the socket's queue; false: it is full. `groups`: told as the sender's. */
export function netlink_unicast(nlk: NetlinkSock, data: Uint8Array, groups: number): boolean {
  if (nlk.queued > nlk.sock.rcvbuf) {
    nlk.overrun = true;
    return false;
  }
  nlk.queue.push({ data, groups });
  nlk.queued += data.length;
  wake_up_interruptible_all(nlk.wait);
  return true;
}

function* netlink_recvmsg(task: Task, sock: Socket, msg: Message): Sleeps<number> {
  const nlk = nlk_sk(sock);
  if (msg.flags & uapi.MSG_OOB) return -errno.EOPNOTSUPP;
  while (nlk.queue.length === 0) {
    if (take_overrun(nlk)) return -errno.ENOBUFS;
    if (msg.flags & uapi.MSG_DONTWAIT) return -errno.EAGAIN;
    const err = yield* wait_event_interruptible(task, nlk.wait, () => nlk.queue.length > 0);
    if (err < 0) return err;
  }
  const { data, groups } = nlk.queue[0]!;
  const part = data.subarray(0, msg.iter.count);
  if (part.length < data.length) msg.msg_flags |= uapi.MSG_TRUNC;
  if (msg.iter.copy_to_iter(part) < part.length) return -errno.EFAULT;
  msg.name = address(0, groups);
  msg.scm.creds = { ...NO_CREDS, uid: 0, gid: 0 };
  if (!(msg.flags & uapi.MSG_PEEK)) {
    nlk.queue.shift();
    nlk.queued -= data.length;
  }
  return msg.flags & uapi.MSG_TRUNC ? data.length : part.length;
}

function take_overrun(nlk: NetlinkSock): boolean {
  const { overrun } = nlk;
  nlk.overrun = false;
  return overrun;
}

function netlink_poll(sock: Socket, table: PollTable): number {
  const nlk = nlk_sk(sock);
  table?.(nlk.wait);
  return EPOLLOUT | EPOLLWRNORM | (nlk.queue.length > 0 ? EPOLLIN | EPOLLRDNORM : 0);
}

/** Joining one group, or leaving it. */
function netlink_setsockopt(task: Task, sock: Socket, level: number, name: number, value: number): number {
  if (level !== uapi.SOL_NETLINK) return -errno.ENOPROTOOPT;
  if (name !== uapi.NETLINK_ADD_MEMBERSHIP && name !== uapi.NETLINK_DROP_MEMBERSHIP)
    return -errno.ENOPROTOOPT;
  if (value < 1 || value > 32) return -errno.EINVAL;
  const nlk = nlk_sk(sock);
  const bit = 2 ** (value - 1);
  if (name === uapi.NETLINK_DROP_MEMBERSHIP) {
    nlk.groups &= ~bit;
    return 0;
  }
  const err = audit_bind(task, nlk, bit);
  if (err < 0) return err;
  nlk.groups = (nlk.groups | bit) >>> 0;
  return 0;
}

const netlink_ops = (creator: Task, table: NetlinkTable): ProtoOps => ({
  release: (sock) => netlink_release(table, creator, sock),
  bind: (task, sock, addr) => netlink_bind(table, task, sock, addr),
  getname: netlink_getname,
  poll: netlink_poll,
  sendmsg: (task, sock, msg) => netlink_sendmsg(table, task, sock, msg),
  recvmsg: netlink_recvmsg,
  setsockopt: netlink_setsockopt,
});
