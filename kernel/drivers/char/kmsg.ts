/*
 * kernel/drivers/char/kmsg.ts - the kernel's log as a device: one record a read, one record a write
 *
 * Linux:   kernel/printk/printk.c (devkmsg_*)
 * Manual:  Documentation/ABI/testing/dev-kmsg
 * Absent:  rate limit of writers, dictionary lines
 */

import type { File, FileOperations, Inode, Kiocb, PollTable } from '../../include/linux/fs.ts';
import type { Task } from '../../include/linux/sched.ts';
import { EAGAIN, EFAULT, EINVAL, EPIPE, ESPIPE } from '../../include/uapi/errno.ts';
import { O_NONBLOCK, SEEK_DATA, SEEK_END, SEEK_SET } from '../../include/uapi/fcntl.ts';
import { EPOLLERR, EPOLLIN, EPOLLPRI, EPOLLRDNORM } from '../../include/uapi/eventpoll.ts';
import { bytes_to_string, string_to_bytes } from '../../lib/bytes.ts';
import type { IovIter } from '../../lib/iov_iter.ts';
import type { LogRecord } from '../../printk.ts';
import { type MaySleep, type Sleeps, wait_event_interruptible } from '../../sched/wait.ts';

/** Where this reader is. */
interface DevkmsgUser {
  seq: number;
}

const PRINTKRB_RECORD_MAX = 1024;
const FACILITY_USER = 1;
const LOGLEVEL_DEFAULT = 4;

function devkmsg_open(_inode: Inode, file: File, task: Task): number {
  const first = task.kernel.printk.records[0];
  file.private_data = { seq: first ? first.seq : task.kernel.printk.end_seq } satisfies DevkmsgUser;
  return 0;
}

const user_of = (file: File): DevkmsgUser => file.private_data as DevkmsgUser;

function devkmsg_read(task: Task, iocb: Kiocb, to: IovIter): MaySleep<number> {
  const { printk } = task.kernel;
  const user = user_of(iocb.file);
  if (user.seq < printk.end_seq) return read_record(task, user, to);
  return iocb.file.f_flags & O_NONBLOCK ? -EAGAIN : devkmsg_read_wait(task, user, to);
}

function* devkmsg_read_wait(task: Task, user: DevkmsgUser, to: IovIter): Sleeps<number> {
  const { printk } = task.kernel;
  const err = yield* wait_event_interruptible(task, printk.log_wait, () => user.seq < printk.end_seq);
  return err < 0 ? err : read_record(task, user, to);
}

function read_record(task: Task, user: DevkmsgUser, to: IovIter): number {
  const record = task.kernel.printk.since(user.seq)[0]!;
  if (record.seq > user.seq) {
    user.seq = record.seq; // overwritten before it was read: say so once, go on with the oldest
    return -EPIPE;
  }
  const bytes = string_to_bytes(format_record(record));
  if (bytes.length > to.count) return -EINVAL;
  user.seq++;
  return to.copy_to_iter(bytes) === bytes.length ? bytes.length : -EFAULT;
}

/** "6,339,5140900,-;text\n": priority, sequence number, microseconds. */
function format_record(record: LogRecord): string {
  const priority = record.facility * 8 + record.level;
  return `${priority},${record.seq},${Math.floor(record.time / 1000)},-;${escape_text(record.text)}\n`;
}

const escape_text = (text: string): string =>
  text.replace(/[^\x20-\x5b\x5d-\x7e]/g, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`);

function devkmsg_write(task: Task, _iocb: Kiocb, from: IovIter): number {
  const length = from.count;
  if (length > PRINTKRB_RECORD_MAX) return -EINVAL;
  const bytes = new Uint8Array(length);
  if (from.copy_from_iter(bytes) < length) return -EFAULT;

  const text = bytes_to_string(bytes).replace(/\n$/, '');
  const prefix = /^<(\d+)>/.exec(text);
  const priority = prefix ? Number(prefix[1]) : FACILITY_USER * 8 + LOGLEVEL_DEFAULT;
  // Nobody outside speaks as the kernel.
  task.kernel.printk.emit(
    priority % 8,
    text.slice(prefix?.[0].length ?? 0),
    Math.floor(priority / 8) || FACILITY_USER,
  );
  return length;
}

function devkmsg_llseek(file: File, offset: number, whence: number, task: Task): number {
  const { printk } = task.kernel;
  if (offset !== 0) return -ESPIPE;
  if (whence === SEEK_SET) user_of(file).seq = printk.records[0]?.seq ?? printk.end_seq;
  else if (whence === SEEK_DATA) user_of(file).seq = printk.clear_seq;
  else if (whence === SEEK_END) user_of(file).seq = printk.end_seq;
  else return -EINVAL;
  return 0;
}

function devkmsg_poll(file: File, table: PollTable, task: Task): number {
  const { printk } = task.kernel;
  table?.(printk.log_wait);
  const user = user_of(file);
  if (user.seq >= printk.end_seq) return 0;
  const lost = (printk.records[0]?.seq ?? 0) > user.seq;
  return EPOLLIN | EPOLLRDNORM | (lost ? EPOLLERR | EPOLLPRI : 0);
}

export const kmsg_fops: FileOperations = {
  open: devkmsg_open,
  read_iter: devkmsg_read,
  write_iter: devkmsg_write,
  llseek: devkmsg_llseek,
  poll: devkmsg_poll,
};
