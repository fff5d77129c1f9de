/*
 * kernel/fs/eventpoll.ts - epoll: what files to watch, and which of them are ready
 *
 * Linux:   fs/eventpoll.c (v6.12)
 * Manual:  epoll(7), epoll_ctl(2)
 * Absent:  the limit on watches per user, limits on the number of paths to a file, busy polling; EPOLLWAKEUP does nothing,
 *          as there is no suspend
 *
 * Each watched file has an item in the wait queues that its poll() shows. When a file wakes them the item goes to the
 * ready list; who waits takes from there and asks each file again what is really ready. What stays ready goes back to the
 * list at once (level-triggered), or not before the file wakes its queues again (edge-triggered).
 */

import type { File, FileOperations, PollTable } from '../include/linux/fs.ts';
import type { Task } from '../include/linux/sched.ts';
import { EEXIST, EINVAL, ELOOP, ENOENT } from '../include/uapi/errno.ts';
import {
  EPOLLERR,
  EPOLLET,
  EPOLLEXCLUSIVE,
  EPOLLHUP,
  EPOLLIN,
  EPOLLONESHOT,
  EPOLLOUT,
  EPOLLRDNORM,
  EPOLLWAKEUP,
} from '../include/uapi/eventpoll.ts';
import {
  add_wait_queue,
  add_wait_queue_exclusive,
  init_wait,
  remove_wait_queue,
  type WaitQueueEntry,
  WaitQueueHead,
  waitqueue_active,
  wake_up,
} from '../sched/wait.ts';
import { noop_llseek } from './libfs.ts';
import { vfs_poll } from './select.ts';

/** Bits of an item's events that say how, not what. */
const EP_PRIVATE_BITS = EPOLLWAKEUP | EPOLLONESHOT | EPOLLET | EPOLLEXCLUSIVE;
const EPOLLINOUT_BITS = EPOLLIN | EPOLLOUT;
/** An epoll file in an epoll file, and so on: no deeper than this. */
const EP_MAX_NESTS = 4;

/** struct epoll_event: the data is the user's, two words that are handed back. */
export interface EpollEvent {
  events: number;
  readonly data: readonly [number, number];
}

/** Linux: struct epitem. */
export interface EpItem {
  readonly ep: EventPoll;
  readonly file: File;
  readonly fd: number;
  event: EpollEvent;
  /** Where it stands in the file's wait queues. */
  readonly pwqlist: WaitQueueEntry[];
}

/** Linux: struct eventpoll. */
export class EventPoll {
  /** Watched files by descriptor and file: the number alone may mean another file by now. */
  readonly rbr = new Map<File, Map<number, EpItem>>();
  /** In the order in which they became ready. */
  readonly rdllist = new Set<EpItem>();
  /** Callers of epoll_wait(). */
  readonly wq = new WaitQueueHead();
  /** Whoever polls the epoll file itself. */
  readonly poll_wait = new WaitQueueHead();
  readonly file: File;

  constructor(file: File) {
    this.file = file;
  }

  find(file: File, fd: number): EpItem | undefined {
    return this.rbr.get(file)?.get(fd);
  }

  *items(): Iterable<EpItem> {
    for (const by_fd of this.rbr.values()) yield* by_fd.values();
  }
}

export const is_file_epoll = (file: File): boolean => file.f_op === eventpoll_fops;
export const ep_of = (file: File): EventPoll => file.private_data as EventPoll;

/** Linux: ep_poll_callback(). The file has woken its queue; `key`: why, 0 = not said. */
function ep_poll_callback(item: EpItem, key: number): boolean {
  const { ep, event } = item;
  if ((event.events & ~EP_PRIVATE_BITS) === 0) return false; // told once, and not asked for again
  if (key !== 0 && (key & event.events) === 0) return false;

  ep.rdllist.add(item);
  const taken = waitqueue_active(ep.wq) && takes_exclusively(event.events, key);
  wake_up(ep.wq);
  wake_up(ep.poll_wait);
  return !(event.events & EPOLLEXCLUSIVE) || taken;
}

/** Of several epoll files that share a file exclusively one is woken: one that waits for just this. */
function takes_exclusively(events: number, key: number): boolean {
  if (!(events & EPOLLEXCLUSIVE)) return false;
  const direction = key & EPOLLINOUT_BITS;
  return direction === 0 || (direction !== EPOLLINOUT_BITS && (events & direction) !== 0);
}

/** What of that which is wanted is there now. `table`: joins the file's queues meanwhile. */
const ep_item_poll = (item: EpItem, table: PollTable, task: Task): number =>
  vfs_poll(item.file, table, task) & item.event.events;

function join_queue(task: Task, item: EpItem, queue: WaitQueueHead): void {
  const entry = init_wait(task, (_entry, _mode, key) => ep_poll_callback(item, key));
  if (item.event.events & EPOLLEXCLUSIVE) add_wait_queue_exclusive(queue, entry);
  else add_wait_queue(queue, entry);
  item.pwqlist.push(entry);
}

/** Linux: do_epoll_ctl(), EPOLL_CTL_ADD. */
export function ep_insert(task: Task, ep: EventPoll, event: EpollEvent, file: File, fd: number): number {
  if (ep.find(file, fd)) return -EEXIST;
  if (is_file_epoll(file) && ep_loop_check(ep, ep_of(file))) return -ELOOP;
  const item: EpItem = { ep, file, fd, event: always_told(event), pwqlist: [] };
  const by_fd = ep.rbr.get(file) ?? new Map<number, EpItem>();
  by_fd.set(fd, item);
  ep.rbr.set(file, by_fd);
  file.f_ep ??= new Set();
  file.f_ep.add(item);
  ready_now(item, (queue) => join_queue(task, item, queue), task);
  return 0;
}

/** Errors are told whether asked for or not. */
const always_told = ({ events, data }: EpollEvent): EpollEvent => ({
  events: events | EPOLLERR | EPOLLHUP,
  data,
});

function ready_now(item: EpItem, table: PollTable, task: Task): void {
  const { ep } = item;
  if (ep_item_poll(item, table, task) === 0 || ep.rdllist.has(item)) return;
  ep.rdllist.add(item);
  wake_up(ep.wq);
  wake_up(ep.poll_wait);
}

/** EPOLL_CTL_MOD. An exclusive item cannot be changed. */
export function ep_modify(task: Task, ep: EventPoll, event: EpollEvent, file: File, fd: number): number {
  const item = ep.find(file, fd);
  if (!item) return -ENOENT;
  if (item.event.events & EPOLLEXCLUSIVE) return -EINVAL;
  item.event = always_told(event);
  ready_now(item, null, task);
  return 0;
}

/** EPOLL_CTL_DEL. */
export function ep_delete(ep: EventPoll, file: File, fd: number): number {
  const item = ep.find(file, fd);
  if (!item) return -ENOENT;
  ep_remove(item);
  return 0;
}

function ep_remove(item: EpItem): void {
  const { ep, file, fd, pwqlist } = item;
  for (const entry of pwqlist) remove_wait_queue(entry);
  ep.rdllist.delete(item);
  const by_fd = ep.rbr.get(file)!;
  by_fd.delete(fd);
  if (by_fd.size === 0) ep.rbr.delete(file);
  file.f_ep!.delete(item);
}

/** The last descriptor of a watched file is closed: nobody watches it any more. */
export function eventpoll_release_file(file: File): void {
  for (const item of [...file.f_ep!]) ep_remove(item);
}

/*
 * Nesting
 */

/** Linux: ep_loop_check(). Would watching `to` close a circle, or make the chain too long? */
function ep_loop_check(ep: EventPoll, to: EventPoll): boolean {
  return depth_below(ep, to, 0) + 1 + height_above(ep, 0) > EP_MAX_NESTS;
}

/** How deep epoll files hang below `at`; Infinity: `ep` is among them, or there is no end. */
function depth_below(ep: EventPoll, at: EventPoll, depth: number): number {
  if (at === ep || depth > EP_MAX_NESTS) return Number.POSITIVE_INFINITY;
  let deepest = 0;
  for (const { file } of at.items()) {
    if (is_file_epoll(file)) deepest = Math.max(deepest, depth_below(ep, ep_of(file), depth + 1) + 1);
  }
  return deepest;
}

function height_above(ep: EventPoll, depth: number): number {
  let highest = 0;
  if (depth > EP_MAX_NESTS) return highest;
  for (const { ep: parent } of ep.file.f_ep ?? [])
    highest = Math.max(highest, height_above(parent, depth + 1) + 1);
  return highest;
}

/** Readable when something in it is ready. What turns out not to be leaves the list. */
function ep_eventpoll_poll(file: File, table: PollTable, task: Task): number {
  const ep = ep_of(file);
  table?.(ep.poll_wait);
  for (const item of [...ep.rdllist]) {
    if (ep_item_poll(item, null, task)) return EPOLLIN | EPOLLRDNORM;
    ep.rdllist.delete(item);
  }
  return 0;
}

function ep_eventpoll_release(file: File): void {
  for (const item of [...ep_of(file).items()]) ep_remove(item);
}

/** A line for each watched file. */
function ep_show_fdinfo(file: File): string {
  let text = '';
  for (const { file: watched, fd, event } of ep_of(file).items()) {
    const events = (event.events >>> 0).toString(16).padStart(8);
    const data = event.data[1].toString(16) + event.data[0].toString(16).padStart(8, '0');
    const { f_pos, f_inode } = watched;
    text += `tfd: ${String(fd).padStart(8)} events: ${events} data: ${data.replace(/^0+(?=.)/, '').padStart(16)} `;
    text += ` pos:${f_pos} ino:${f_inode.i_ino.toString(16)} sdev:${f_inode.i_sb.s_dev.toString(16)}\n`;
  }
  return text;
}

export const eventpoll_fops: FileOperations = {
  llseek: noop_llseek,
  poll: ep_eventpoll_poll,
  show_fdinfo: ep_show_fdinfo,
  release: ep_eventpoll_release,
};

/*
 * Telling
 */

/** Linux: ep_send_events(). Hands ready items to `put` until it says no; how many it took. */
export function ep_send_events(
  task: Task,
  ep: EventPoll,
  maxevents: number,
  put: (index: number, events: number, data: EpollEvent['data']) => boolean,
): number {
  let sent = 0;
  for (const item of [...ep.rdllist]) {
    if (sent >= maxevents) break;
    ep.rdllist.delete(item);
    const revents = ep_item_poll(item, null, task);
    if (revents === 0) continue;
    if (!put(sent, revents, item.event.data)) {
      put_in_front(ep, item);
      break;
    }
    sent++;
    told(ep, item);
  }
  if (ep.rdllist.size > 0) wake_up(ep.wq); // there is more for the next one
  return sent;
}

/** A level-triggered item stays: whoever asks next asks the file again. */
function told(ep: EventPoll, item: EpItem): void {
  if (item.event.events & EPOLLONESHOT) item.event.events &= EP_PRIVATE_BITS;
  else if (!(item.event.events & EPOLLET)) ep.rdllist.add(item);
}

function put_in_front(ep: EventPoll, item: EpItem): void {
  const others = [...ep.rdllist];
  ep.rdllist.clear();
  for (const each of [item, ...others]) ep.rdllist.add(each);
}
