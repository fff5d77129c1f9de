/*
 * kernel/fs/signalfd.ts - signals read from a file instead of being handled
 *
 * Linux:   fs/signalfd.c (v6.12)
 * Manual:  signalfd(2)
 *
 * The signals are the reader's own, whoever made the descriptor.
 */

import type { File, FileOperations, Kiocb, PollTable } from '../include/linux/fs.ts';
import type { Task } from '../include/linux/sched.ts';
import type { KernelSigInfo, SigSet } from '../include/linux/signal.ts';
import { EAGAIN, EFAULT, EINVAL, ERESTARTSYS } from '../include/uapi/errno.ts';
import { EPOLLIN } from '../include/uapi/eventpoll.ts';
import { O_CLOEXEC, O_NONBLOCK, O_RDWR } from '../include/uapi/fcntl.ts';
import {
  get_unaligned_le32,
  put_unaligned_le16,
  put_unaligned_le32,
  put_unaligned_le64,
} from '../lib/bytes.ts';
import type { IovIter } from '../lib/iov_iter.ts';
import { type Sleeps, WaitQueueHead, wait_event_interruptible } from '../sched/wait.ts';
import { get_user_sigset } from '../signal/mask.ts';
import { dequeue_signal, pending_signals } from '../signal/pending.ts';
import { siginfo_layout } from '../signal/siginfo.ts';
import {
  sigandnsets,
  sigisemptyset,
  signotset,
  SIGSET_SIZE,
  sigset_to_hex,
  without_kernel_only,
} from '../signal/sigset.ts';
import { bits, int, ptr, size, SYSCALL_DEFINE } from '../syscalls/define.ts';
import { anon_inode_getfile } from './anon_inodes.ts';
import { fd_install_new, fdget } from './file.ts';
import { noop_llseek } from './libfs.ts';

const SFD_CLOEXEC = O_CLOEXEC;
const SFD_NONBLOCK = O_NONBLOCK;
/** struct signalfd_siginfo */
const SIGINFO_SIZE = 128;

interface SignalFd {
  /** What is NOT wanted. */
  sigmask: SigSet;
}

const ctx_of = (file: File): SignalFd => file.private_data as SignalFd;

/** Linux: sighand->signalfd_wqh. Made when somebody waits for the first time. */
function wqh_of({ sighand }: Task): WaitQueueHead {
  sighand.signalfd_wqh ??= new WaitQueueHead();
  return sighand.signalfd_wqh;
}

const wanted = (task: Task, { sigmask }: SignalFd): boolean =>
  !sigisemptyset(sigandnsets(pending_signals(task), sigmask));

/** As many signals as there are and there is room for; only the first one is waited for. */
function* signalfd_read(task: Task, { file }: Kiocb, to: IovIter): Sleeps<number> {
  const ctx = ctx_of(file);
  if (to.count < SIGINFO_SIZE) return -EINVAL;
  let total = 0;
  while (to.count >= SIGINFO_SIZE) {
    const dequeued = dequeue_signal(task, ctx.sigmask);
    if (dequeued) {
      if (to.copy_to_iter(signalfd_siginfo(dequeued.info)) < SIGINFO_SIZE) return total || -EFAULT;
      total += SIGINFO_SIZE;
      continue;
    }
    if (total > 0) break;
    if (file.f_flags & O_NONBLOCK) return -EAGAIN;
    if ((yield* wait_event_interruptible(task, wqh_of(task), () => wanted(task, ctx))) < 0)
      return -ERESTARTSYS;
  }
  return total;
}

/** Linux: signalfd_copyinfo(). */
function signalfd_siginfo(info: KernelSigInfo): Uint8Array {
  const b = new Uint8Array(SIGINFO_SIZE);
  const value = value_of(info);
  const words: readonly (readonly [at: number, value: number | undefined])[] = [
    [0, info.si_signo],
    [4, info.si_errno],
    [8, info.si_code],
    [12, info.si_pid],
    [16, info.si_uid],
    [20, info.si_fd],
    [24, info.si_tid],
    [28, info.si_band],
    [32, info.si_overrun],
    [40, info.si_status],
    [44, value[0]],
  ];
  for (const [at, value] of words) put_unaligned_le32((value ?? 0) >>> 0, b, at);
  put_unaligned_le32(value[0], b, 48);
  put_unaligned_le32(value[1], b, 52);
  put_unaligned_le64(info.si_utime ?? 0, b, 56);
  put_unaligned_le64(info.si_stime ?? 0, b, 64);
  put_unaligned_le64(info.si_addr ?? 0, b, 72);
  put_unaligned_le16(info.si_addr_lsb ?? 0, b, 80);
  put_unaligned_le32(info.si_syscall ?? 0, b, 84);
  put_unaligned_le64(info.si_call_addr ?? 0, b, 88);
  put_unaligned_le32(info.si_arch ?? 0, b, 96);
  return b;
}

/** Where si_value is in a siginfo_t that user space made. */
const SI_VALUE = 24;

function value_of({ si_signo, si_code, si_value, raw }: KernelSigInfo): readonly [number, number] {
  if (!raw) return si_value ?? [0, 0];
  if (siginfo_layout(si_signo, si_code) !== 'rt') return [0, 0];
  return [get_unaligned_le32(raw, SI_VALUE), get_unaligned_le32(raw, SI_VALUE + 4)];
}

function signalfd_poll(file: File, table: PollTable, task: Task): number {
  table?.(wqh_of(task));
  return wanted(task, ctx_of(file)) ? EPOLLIN : 0;
}

const signalfd_fops: FileOperations = {
  llseek: noop_llseek,
  read_iter: signalfd_read,
  poll: signalfd_poll,
  show_fdinfo: (file) => `sigmask:\t${sigset_to_hex(signotset(ctx_of(file).sigmask))}\n`,
};

export const sys_signalfd4 = SYSCALL_DEFINE(
  'signalfd4',
  { ufd: int, user_mask: ptr, sizemask: size, flags: bits({ SFD_CLOEXEC, SFD_NONBLOCK }) },
  (task, { ufd, user_mask, sizemask, flags }) => {
    if (sizemask !== SIGSET_SIZE) return -EINVAL;
    const mask = get_user_sigset(task, user_mask);
    if (typeof mask === 'number') return mask;
    if (flags & ~(SFD_CLOEXEC | SFD_NONBLOCK)) return -EINVAL;
    const sigmask = signotset(without_kernel_only(mask));
    return ufd === -1 ? new_signalfd(task, sigmask, flags) : change_signalfd(task, ufd, sigmask);
  },
);

function new_signalfd(task: Task, sigmask: SigSet, flags: number): number {
  const ctx: SignalFd = { sigmask };
  const file = anon_inode_getfile(task, '[signalfd]', signalfd_fops, ctx, O_RDWR | (flags & SFD_NONBLOCK));
  return fd_install_new(task, file, flags & SFD_CLOEXEC);
}

function change_signalfd(task: Task, ufd: number, sigmask: SigSet): number {
  const file = fdget(task, ufd);
  if (typeof file === 'number') return file;
  if (file.f_op !== signalfd_fops) return -EINVAL;
  ctx_of(file).sigmask = sigmask;
  return ufd;
}
