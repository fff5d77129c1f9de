/*
 * kernel/signal/argtypes.ts - arguments of the calls about signals, as strace prints them
 *
 * Manual: strace(1)
 */

import type { Task } from '../include/linux/sched.ts';
import type { SigSet } from '../include/linux/signal.ts';
import type { UserPtr } from '../include/linux/types.ts';
import {
  SA_EXPOSE_TAGBITS,
  SA_NOCLDSTOP,
  SA_NOCLDWAIT,
  SA_NODEFER,
  SA_ONSTACK,
  SA_RESETHAND,
  SA_RESTART,
  SA_RESTORER,
  SA_SIGINFO,
  _NSIG,
  signal_name,
} from '../include/uapi/signal.ts';
import { get_unaligned_le32, get_unaligned_le64 } from '../lib/bytes.ts';
import { memdup_user } from '../lib/usercopy.ts';
import { type ArgType, enumeration, hex, int, ptr } from '../syscalls/define.ts';
import { SIGSET_SIZE, sigismember, sigset_from_bytes, signotset } from './sigset.ts';

export const signo: ArgType<number> = {
  decode: int.decode,
  format: (sig) => (sig > 0 && sig <= _NSIG ? signal_name(sig) : String(sig)),
};

export const mask_how = /* @__PURE__ */ enumeration({ SIG_BLOCK: 0, SIG_UNBLOCK: 1, SIG_SETMASK: 2 });

const SA_NAMES = {
  SA_RESTORER,
  SA_ONSTACK,
  SA_RESTART,
  SA_NODEFER,
  SA_RESETHAND,
  SA_SIGINFO,
  SA_NOCLDSTOP,
  SA_NOCLDWAIT,
  SA_EXPOSE_TAGBITS,
};

const sa_flags_text = (flags: number): string => {
  const names = Object.entries(SA_NAMES).filter(([, bit]) => flags & bit);
  return names.map(([name]) => name).join('|') || '0';
};

/** `[INT TERM]`; a set that lacks only few as what it lacks: `~[KILL STOP]`. */
export function format_sigset(set: SigSet): string {
  const names = (of: SigSet): string[] => {
    const found: string[] = [];
    for (let sig = 1; sig <= _NSIG; sig++) if (sigismember(of, sig)) found.push(signal_name(sig).slice(3));
    return found;
  };
  const inside = names(set);
  const most = inside.length >= (_NSIG * 2) / 3;
  return most ? `~[${names(signotset(set)).join(' ')}]` : `[${inside.join(' ')}]`;
}

/** What a pointer points at, or the pointer when that cannot be read. */
function pointed(at: UserPtr, task: Task, bytes: number, format: (data: Uint8Array) => string): string {
  const data = at === 0 ? 0 : memdup_user(task, at, bytes);
  if (typeof data !== 'number') return format(data);
  return at === 0 ? 'NULL' : hex(at);
}

/** What the call has filled in; when it failed there is only the pointer. */
function written(text: (at: UserPtr, task: Task) => string): ArgType<UserPtr> {
  const format: ArgType<UserPtr>['format'] = (at, task, _words, _index, ret) =>
    ret >= 0 ? text(at, task) : at === 0 ? 'NULL' : hex(at);
  return { decode: ptr.decode, format, out: true };
}

const sigset_text = (at: UserPtr, task: Task): string =>
  pointed(at, task, SIGSET_SIZE, (data) => format_sigset(sigset_from_bytes(new DataView(data.buffer))));

export const sigset_in: ArgType<UserPtr> = { decode: ptr.decode, format: sigset_text };
export const sigset_out: ArgType<UserPtr> = written(sigset_text);

const SIGACTION_SIZE = 32;

function sigaction_text(at: UserPtr, task: Task): string {
  return pointed(at, task, SIGACTION_SIZE, (data) => {
    const handler = get_unaligned_le64(data, 0);
    const flags = get_unaligned_le32(data, 8);
    const fields = [
      `sa_handler=${handler === 0 ? 'SIG_DFL' : handler === 1 ? 'SIG_IGN' : hex(handler)}`,
      `sa_mask=${format_sigset(sigset_from_bytes(new DataView(data.buffer), 24))}`,
      `sa_flags=${sa_flags_text(flags)}`,
    ];
    if (flags & SA_RESTORER) fields.push(`sa_restorer=${hex(get_unaligned_le64(data, 16))}`);
    return `{${fields.join(', ')}}`;
  });
}

export const sigaction_in: ArgType<UserPtr> = { decode: ptr.decode, format: sigaction_text };
export const sigaction_out: ArgType<UserPtr> = written(sigaction_text);
