/*
 * kernel/signal/siginfo.ts - siginfo_t: which fields a signal carries, and the 128 bytes that user space sees
 *
 * Linux:   kernel/signal.c (siginfo_layout, copy_siginfo_to_user, post_copy_siginfo_from_user), v6.12
 * Differs: fields by name until they leave the kernel
 *
 *      0  si_signo   si_errno   si_code   -
 *     16  kill, rt, chld: pid, uid      timer: tid, overrun     fault: addr      poll: band     sys: call_addr
 *     24  rt, timer: value (8)          chld: status            fault: addr_lsb  poll: fd       sys: syscall, arch
 *     32  chld: utime (8), stime (8)
 */

import type { KernelSigInfo } from '../include/linux/signal.ts';
import type { Task } from '../include/linux/sched.ts';
import type { UserPtr } from '../include/linux/types.ts';
import { E2BIG, EFAULT } from '../include/uapi/errno.ts';
import {
  BUS_MCEERR_AO,
  BUS_MCEERR_AR,
  KERNEL_SIGINFO_SIZE,
  SIGINFO_SIZE,
  SI_ASYNCNL,
  SI_KERNEL,
  SI_SIGIO,
  SI_TIMER,
  SI_TKILL,
  SI_USER,
  type SigInfoLayout,
} from '../include/uapi/siginfo.ts';
import {
  SIGBUS,
  SIGCHLD,
  SIGFPE,
  SIGILL,
  SIGPOLL,
  SIGSEGV,
  SIGSYS,
  SIGTRAP,
} from '../include/uapi/signal.ts';
import { copy_from_user, copy_to_user } from '../lib/usercopy.ts';
import { task_tgid_vnr } from '../pid.ts';
import { from_kuid_munged } from '../user_namespace.ts';

/** In place of a siginfo: a signal from the task that runs now... */
export const SEND_SIG_NOINFO = 0;
/** ...or from the kernel itself. */
export const SEND_SIG_PRIV = 1;
export type SendInfo = KernelSigInfo | typeof SEND_SIG_NOINFO | typeof SEND_SIG_PRIV;

export const is_si_special = (info: SendInfo): info is 0 | 1 => typeof info === 'number';

/** Did user space send it? Only what it sends needs permission. */
export const si_fromuser = (info: SendInfo): boolean =>
  info === SEND_SIG_NOINFO || (!is_si_special(info) && info.si_code <= 0);

interface SiCodes {
  /** Highest si_code that has a meaning of its own for this signal. */
  readonly limit: number;
  readonly layout: SigInfoLayout;
}

// biome-ignore format: columns teach
const sig_sicodes: Readonly<Record<number, SiCodes>> = {
  [SIGILL]:  { limit: 11, layout: 'fault' },
  [SIGFPE]:  { limit: 15, layout: 'fault' },
  [SIGSEGV]: { limit: 10, layout: 'fault' },
  [SIGBUS]:  { limit: 5,  layout: 'fault' },
  [SIGTRAP]: { limit: 6,  layout: 'fault' },
  [SIGCHLD]: { limit: 6,  layout: 'chld' },
  [SIGPOLL]: { limit: 6,  layout: 'poll' },
  [SIGSYS]:  { limit: 2,  layout: 'sys' },
};

/** Codes up to this may come from F_SETSIG with any signal. */
const NSIGPOLL = 6;
const SI_DETHREAD = -7;

export function siginfo_layout(sig: number, code: number): SigInfoLayout {
  if (code <= SI_USER || code >= SI_KERNEL) {
    if (code === SI_TIMER) return 'timer';
    if (code === SI_SIGIO) return 'poll';
    return code < 0 ? 'rt' : 'kill';
  }
  const known = sig_sicodes[sig];
  if (known && code <= known.limit) {
    return sig === SIGBUS && code >= BUS_MCEERR_AR && code <= BUS_MCEERR_AO ? 'mceerr' : known.layout;
  }
  return code <= NSIGPOLL ? 'poll' : 'kill';
}

function known_siginfo_layout(sig: number, code: number): boolean {
  if (code === SI_KERNEL) return true;
  if (code > SI_USER) return code <= (sig_sicodes[sig]?.limit ?? NSIGPOLL);
  return code >= SI_DETHREAD || code === SI_ASYNCNL;
}

/** Does it say who sent it? */
export function has_si_pid_and_uid(info: KernelSigInfo): boolean {
  const layout = siginfo_layout(info.si_signo, info.si_code);
  return layout === 'kill' || layout === 'chld' || layout === 'rt';
}

/** Writes the 48 bytes that carry information; `view` must hold zeros. */
export function siginfo_to_bytes(view: DataView, offset: number, info: KernelSigInfo): void {
  if (info.raw) {
    new Uint8Array(view.buffer, view.byteOffset + offset, KERNEL_SIGINFO_SIZE).set(info.raw);
    return;
  }
  view.setInt32(offset, info.si_signo, true);
  view.setInt32(offset + 4, info.si_errno, true);
  view.setInt32(offset + 8, info.si_code, true);
  putFields(view, offset + 16, info, siginfo_layout(info.si_signo, info.si_code));
}

function putFields(view: DataView, at: number, info: KernelSigInfo, layout: SigInfoLayout): void {
  switch (layout) {
    case 'fault':
    case 'mceerr':
    case 'bnderr':
    case 'pkuerr':
    case 'perf':
      view.setBigUint64(at, info.si_addr ?? 0n, true);
      view.setInt16(at + 8, info.si_addr_lsb ?? 0, true);
      return;
    case 'poll':
      putLong(view, at, info.si_band ?? 0);
      view.setInt32(at + 8, info.si_fd ?? 0, true);
      return;
    case 'sys':
      putLong(view, at, info.si_call_addr ?? 0);
      view.setInt32(at + 8, info.si_syscall ?? 0, true);
      view.setUint32(at + 12, info.si_arch ?? 0, true);
      return;
    case 'timer':
      view.setInt32(at, info.si_tid ?? 0, true);
      view.setInt32(at + 4, info.si_overrun ?? 0, true);
      putValue(view, at + 8, info);
      return;
    case 'chld':
      putSender(view, at, info);
      view.setInt32(at + 8, info.si_status ?? 0, true);
      putLong(view, at + 16, info.si_utime ?? 0);
      putLong(view, at + 24, info.si_stime ?? 0);
      return;
    case 'rt':
      putSender(view, at, info);
      putValue(view, at + 8, info);
      return;
    case 'kill':
      putSender(view, at, info);
  }
}

function putSender(view: DataView, at: number, info: KernelSigInfo): void {
  view.setInt32(at, info.si_pid ?? 0, true);
  view.setUint32(at + 4, info.si_uid ?? 0, true);
}

function putValue(view: DataView, at: number, info: KernelSigInfo): void {
  view.setUint32(at, info.si_value?.[0] ?? 0, true);
  view.setUint32(at + 4, info.si_value?.[1] ?? 0, true);
}

function putLong(view: DataView, at: number, value: number): void {
  view.setUint32(at, value >>> 0, true);
  view.setInt32(at + 4, Math.floor(value / 2 ** 32), true);
}

/** Into an existing one, which others may hold. */
export function copy_siginfo(to: KernelSigInfo, from: KernelSigInfo): void {
  for (const field of Object.keys(to)) delete to[field as keyof KernelSigInfo];
  Object.assign(to, from);
}

/** 0 or -EFAULT. */
export function copy_siginfo_to_user(task: Task, to: UserPtr, info: KernelSigInfo): number {
  const bytes = new Uint8Array(SIGINFO_SIZE);
  siginfo_to_bytes(new DataView(bytes.buffer), 0, info);
  return copy_to_user(task, to, bytes) === 0 ? 0 : -EFAULT;
}

/**
 * A siginfo that user space made. The kernel keeps 48 bytes of it; if nobody knows what more the code might mean, the rest
 * must be zero (E2BIG). `sig`: overrides what it says, 0: believe it.
 */
export function copy_siginfo_from_user(task: Task, from: UserPtr, sig: number): KernelSigInfo | number {
  const bytes = new Uint8Array(SIGINFO_SIZE);
  if (copy_from_user(task, bytes, from) !== 0) return -EFAULT;
  const view = new DataView(bytes.buffer);
  if (sig !== 0) view.setInt32(0, sig, true);

  const info = siginfo_from_bytes(bytes.slice(0, KERNEL_SIGINFO_SIZE));
  if (known_siginfo_layout(info.si_signo, info.si_code)) return info;
  return bytes.subarray(KERNEL_SIGINFO_SIZE).some((byte) => byte !== 0) ? -E2BIG : info;
}

/** `raw` is kept. */
export function siginfo_from_bytes(raw: Uint8Array): KernelSigInfo {
  const view = new DataView(raw.buffer, raw.byteOffset);
  return {
    si_signo: view.getInt32(0, true),
    si_errno: view.getInt32(4, true),
    si_code: view.getInt32(8, true),
    si_pid: view.getInt32(16, true),
    si_uid: view.getUint32(20, true),
    raw,
  };
}

/** Who sends by kill(2) and the like: the sender's process (or thread) and real user. */
export const user_siginfo = (sig: number, code: number, sender: Task): KernelSigInfo => ({
  si_signo: sig,
  si_errno: 0,
  si_code: code,
  si_pid: task_tgid_vnr(sender, sender),
  si_uid: from_kuid_munged(sender.cred, sender.cred.uid),
});

export const kernel_siginfo = (sig: number): KernelSigInfo => ({
  si_signo: sig,
  si_errno: 0,
  si_code: SI_KERNEL,
  si_pid: 0,
  si_uid: 0,
});

export const tkill_siginfo = (sig: number, sender: Task): KernelSigInfo =>
  user_siginfo(sig, SI_TKILL, sender);
