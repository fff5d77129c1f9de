/*
 * kernel/ptrace/request.ts - the system call
 *
 * Linux:  kernel/ptrace.c (SYSCALL_DEFINE4(ptrace), ptrace_request), v6.12
 * Manual: ptrace(2)
 */

import {
  syscall_user_dispatch_get_config,
  syscall_user_dispatch_set_config,
} from '../entry/syscall_user_dispatch.ts';
import { SYSCALL_WORK_SYSCALL_EMU, SYSCALL_WORK_SYSCALL_TRACE, type Task } from '../include/linux/sched.ts';
import type { UserPtr } from '../include/linux/types.ts';
import { EIO, ESRCH } from '../include/uapi/errno.ts';
import * as uapi from '../include/uapi/ptrace.ts';
import { put_user_u64 } from '../lib/usercopy.ts';
import { ptrace_get_rseq_configuration } from '../rseq.ts';
import { seccomp_get_filter, seccomp_get_metadata } from '../seccomp.ts';
import {
  type ArgType,
  SYSCALL_DEFINE,
  enumeration,
  hex,
  int,
  long,
  reg64,
  ulong,
  untagged_ptr,
  user_ptr,
} from '../syscalls/define.ts';
import { ptrace_attach, ptrace_detach, ptrace_seize, ptrace_traceme } from './attach.ts';
import { ptrace_check_attach, ptrace_unfreeze_traced } from './check.ts';
import { generic_ptrace_peekdata, generic_ptrace_pokedata } from './memory.ts';
import { ptrace_setoptions } from './options.ts';
import { ptrace_getregset, ptrace_setregset } from './registers.ts';
import { ptrace_interrupt, ptrace_kill, ptrace_listen, ptrace_resume } from './resume.ts';
import {
  ptrace_getsiginfo,
  ptrace_getsigmask,
  ptrace_peek_siginfo,
  ptrace_setsiginfo,
  ptrace_setsigmask,
} from './siginfo.ts';
import { ptrace_get_syscall_info, ptrace_set_syscall_info } from './syscall_info.ts';
import { find_task_by_vpid } from '../pid.ts';

/** `addr` and `data` are what each request takes them for: a number, an address, 64 bits. */
class Word {
  private readonly words: Uint32Array;
  private readonly index: number;
  private readonly tagged: boolean;

  constructor(words: Uint32Array, index: number, tagged: boolean) {
    this.words = words;
    this.index = index;
    this.tagged = tagged;
  }

  get value(): number {
    return ulong.decode(this.words, this.index);
  }
  get ptr(): UserPtr {
    return user_ptr(this.words, this.index, this.tagged);
  }
  /** Of the tracee's. */
  get remote(): UserPtr {
    return untagged_ptr(this.words, this.index);
  }
  get bits(): bigint {
    return reg64.decode(this.words, this.index);
  }
}

type Request = (task: Task, child: Task, addr: Word, data: Word) => number;

const peek: Request = (task, child, addr, data) =>
  generic_ptrace_peekdata(task, child, addr.remote, data.ptr);
const poke: Request = (_task, child, addr, data) => generic_ptrace_pokedata(child, addr.remote, data.bits);

const resume =
  (work: number, step: boolean): Request =>
  (_task, child, _addr, data) =>
    ptrace_resume(child, work, step, data.value);

/** Requests to a tracee in a stop. */
// biome-ignore format: columns teach
const REQUESTS: ReadonlyMap<number, Request> = new Map<number, Request>([
  [uapi.PTRACE_PEEKTEXT,         peek],
  [uapi.PTRACE_PEEKDATA,         peek],
  [uapi.PTRACE_POKETEXT,         poke],
  [uapi.PTRACE_POKEDATA,         poke],
  [uapi.PTRACE_CONT,             resume(0, false)],
  [uapi.PTRACE_SYSCALL,          resume(SYSCALL_WORK_SYSCALL_TRACE, false)],
  [uapi.PTRACE_SYSEMU,           resume(SYSCALL_WORK_SYSCALL_EMU, false)],
  [uapi.PTRACE_SINGLESTEP,       resume(0, true)],
  [uapi.PTRACE_SYSEMU_SINGLESTEP, resume(SYSCALL_WORK_SYSCALL_EMU, true)],
  [uapi.PTRACE_DETACH,           (task, child, _addr, data) => ptrace_detach(task, child, data.value)],
  [uapi.PTRACE_LISTEN,           (_task, child) => ptrace_listen(child)],
  [uapi.PTRACE_SETOPTIONS,       (task, child, _addr, data) => ptrace_setoptions(task, child, data.value)],
  [uapi.PTRACE_GETEVENTMSG,      (task, child, _addr, data) => put_user_u64(task, data.ptr, child.ptrace_message)],
  [uapi.PTRACE_GETSIGINFO,       (task, child, _addr, data) => ptrace_getsiginfo(task, child, data.ptr)],
  [uapi.PTRACE_SETSIGINFO,       (task, child, _addr, data) => ptrace_setsiginfo(task, child, data.ptr)],
  [uapi.PTRACE_PEEKSIGINFO,      (task, child, addr, data) => ptrace_peek_siginfo(task, child, addr.ptr, data.ptr)],
  [uapi.PTRACE_GETSIGMASK,       (task, child, addr, data) => ptrace_getsigmask(task, child, addr.value, data.ptr)],
  [uapi.PTRACE_SETSIGMASK,       (task, child, addr, data) => ptrace_setsigmask(task, child, addr.value, data.ptr)],
  [uapi.PTRACE_GETREGSET,        (task, child, addr, data) => ptrace_getregset(task, child, addr.value, data.ptr)],
  [uapi.PTRACE_SETREGSET,        (task, child, addr, data) => ptrace_setregset(task, child, addr.value, data.ptr)],
  [uapi.PTRACE_SECCOMP_GET_FILTER, (task, child, addr, data) => seccomp_get_filter(task, child, addr.value, data.ptr)],
  [uapi.PTRACE_SECCOMP_GET_METADATA, (task, child, addr, data) => seccomp_get_metadata(task, child, addr.value, data.ptr)],
  [uapi.PTRACE_GET_RSEQ_CONFIGURATION, (task, child, addr, data) => ptrace_get_rseq_configuration(task, child, addr.value, data.ptr)],
  [uapi.PTRACE_SET_SYSCALL_USER_DISPATCH_CONFIG, (task, child, addr, data) => syscall_user_dispatch_set_config(task, child, addr.value, data.ptr)],
  [uapi.PTRACE_GET_SYSCALL_USER_DISPATCH_CONFIG, (task, child, addr, data) => syscall_user_dispatch_get_config(task, child, addr.value, data.ptr)],
  [uapi.PTRACE_GET_SYSCALL_INFO, (task, child, addr, data) => ptrace_get_syscall_info(task, child, addr.value, data.ptr)],
  [uapi.PTRACE_SET_SYSCALL_INFO, (task, child, addr, data) => ptrace_set_syscall_info(task, child, addr.value, data.ptr)],
]);

/** Those that do not need a stop. */
const RUNNING_REQUESTS: ReadonlyMap<number, Request> = new Map<number, Request>([
  [uapi.PTRACE_KILL, (_task, child) => ptrace_kill(child)],
  [uapi.PTRACE_INTERRUPT, (_task, child) => ptrace_interrupt(child)],
]);

const word: ArgType<Word> = {
  decode: (words, i, tagged = false) => new Word(words, i, tagged),
  format: ({ bits }) => hex(bits),
};

const { PTRACE_TRACEME, PTRACE_ATTACH, PTRACE_SEIZE } = uapi;
const NAMES = Object.fromEntries(
  Object.entries(uapi).filter(([name]) => !/_(O|EVENT|EVENTMSG|SYSCALL_INFO|PEEKSIGINFO)_/.test(name)),
);

/** All 64 bits count. */
const request_name: ArgType<number> = { ...enumeration(NAMES), decode: long.decode };

export const sys_ptrace = SYSCALL_DEFINE(
  'ptrace',
  { request: request_name, pid: int, addr: word, data: word },
  (task, { request, pid, addr, data }) => {
    if (request === PTRACE_TRACEME) return ptrace_traceme(task);
    const child = find_task_by_vpid(task, pid);
    if (!child) return -ESRCH;
    if (request === PTRACE_ATTACH) return ptrace_attach(task, child);
    if (request === PTRACE_SEIZE) return ptrace_seize(task, child, addr.value, data.value);
    return arch_ptrace(task, child, request, addr, data);
  },
);

function arch_ptrace(task: Task, child: Task, request: number, addr: Word, data: Word): number {
  const running = RUNNING_REQUESTS.get(request);
  const err = ptrace_check_attach(task, child, running !== undefined);
  if (err < 0) return err;
  const ret = (running ?? REQUESTS.get(request))?.(task, child, addr, data) ?? -EIO;
  ptrace_unfreeze_traced(child);
  return ret;
}
