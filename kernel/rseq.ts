/*
 * kernel/rseq.ts - restartable sequences: a few instructions that nobody may interrupt, or they did not happen
 *
 * Linux:   kernel/rseq.c, include/linux/rseq_entry.h (v6.19)
 * Manual:  rseq(2); tools/testing/selftests/rseq
 * Differs: one CPU: the numbers in struct rseq never change, so only critical sections are looked at
 * Absent:  time slice extension (PR_RSEQ_SLICE_EXTENSION, rseq_slice_yield)
 *
 * A program writes down where it is in a critical section (struct rseq.rseq_cs); if it is preempted there, or gets a
 * signal, it goes on at the section's abort_ip instead. A system call is not an interruption: its way out does not look.
 *
 *     interrupt, exception:  user_irq --+-- another task runs: sched_switch, TIF_NOTIFY_RESUME --> rseq_handle_slowpath()
 *                                       '-- a signal is delivered ------------------------------> rseq_signal_deliver()
 */

import { TIF_NOTIFY_RESUME, type Task } from './include/linux/sched.ts';
import { NOT_USER, type UserPtr } from './include/linux/types.ts';
import { EBUSY, EFAULT, EINVAL, EPERM } from './include/uapi/errno.ts';
import { CLONE_VM } from './include/uapi/sched.ts';
import { SIGSEGV } from './include/uapi/signal.ts';
import type { Kernel } from './kernel.ts';
import { put_unaligned_le32, put_unaligned_le64 } from './lib/bytes.ts';
import { copy_to_user, get_user_u32, get_user_u64, put_user_u32, put_user_u64 } from './lib/usercopy.ts';
import { force_sig, force_sigsegv } from './signal/force.ts';
import { flags, ptr, SYSCALL_DEFINE, uint } from './syscalls/define.ts';

/** A task's registration. */
export interface Rseq {
  readonly usrptr: UserPtr;
  readonly len: number;
  readonly sig: number;
  /** It left user space by an interrupt or a fault, not by a system call. */
  user_irq: boolean;
  /** Since then another task has run. */
  sched_switch: boolean;
}

const ORIG_RSEQ_SIZE = 32;
const RSEQ_FLAG_UNREGISTER = 1;

/* struct rseq */
const CPU_ID_START = 0;
const CPU_ID = 4;
const RSEQ_CS = 8;
const NODE_ID = 20;
const MM_CID = 24;
const RSEQ_CPU_ID_UNINITIALIZED = -1;

/* struct rseq_cs */
const CS_VERSION = 0;
const CS_FLAGS = 4;
const CS_START_IP = 8;
const CS_POST_COMMIT_OFFSET = 16;
const CS_ABORT_IP = 24;

const SIGNATURE_SIZE = 4;

/* ---- Registration ---- */

export const sys_rseq = SYSCALL_DEFINE(
  'rseq',
  { rseq: ptr, rseq_len: uint, flags, sig: uint },
  (task, { rseq, rseq_len, flags: wanted, sig }) => {
    if (wanted & RSEQ_FLAG_UNREGISTER) {
      return wanted & ~RSEQ_FLAG_UNREGISTER ? -EINVAL : rseq_unregister(task, rseq, rseq_len, sig);
    }
    return wanted ? -EINVAL : rseq_register(task, rseq, rseq_len, sig);
  },
);

function rseq_unregister(task: Task, usrptr: UserPtr, len: number, sig: number): number {
  const old = task.rseq;
  if (!old || old.usrptr !== usrptr || old.len !== len) return -EINVAL;
  if (old.sig !== sig) return -EPERM;
  if (rseq_set_ids(task, usrptr, RSEQ_CPU_ID_UNINITIALIZED) < 0) return -EFAULT;
  task.rseq = null;
  return 0;
}

function rseq_register(task: Task, usrptr: UserPtr, len: number, sig: number): number {
  const old = task.rseq;
  if (old) {
    if (old.usrptr !== usrptr || old.len !== len) return -EINVAL;
    return old.sig === sig ? -EBUSY : -EPERM;
  }
  if (len < ORIG_RSEQ_SIZE || usrptr % ORIG_RSEQ_SIZE !== 0) return -EINVAL;
  if (usrptr + len > NOT_USER) return -EFAULT;
  if (put_user_u64(task, field(usrptr, RSEQ_CS), 0) < 0) return -EFAULT; // left over from whoever used the memory before
  if (rseq_set_ids(task, usrptr, 0) < 0) return -EFAULT;
  task.rseq = { usrptr, len, sig, user_irq: false, sched_switch: false };
  return 0;
}

/** CPU 0 of node 0, and the first of the program's concurrent threads: there is only one CPU for them. */
function rseq_set_ids(task: Task, usrptr: UserPtr, cpu_id: number): number {
  return (
    put_user_u32(task, field(usrptr, CPU_ID_START), 0) ||
    put_user_u32(task, field(usrptr, CPU_ID), cpu_id) ||
    put_user_u32(task, field(usrptr, NODE_ID), 0) ||
    put_user_u32(task, field(usrptr, MM_CID), 0)
  );
}

const field = (structure: number, offset: number): UserPtr => (structure + offset) as UserPtr;

/** A child process has a copy of the memory, struct rseq included; a thread brings its own. */
export const rseq_fork = ({ rseq }: Task, clone_flags: number): Rseq | null =>
  rseq && !(clone_flags & CLONE_VM) ? { ...rseq, user_irq: false, sched_switch: false } : null;

/** A new program has registered nothing. */
export function rseq_execve(task: Task): void {
  task.rseq = null;
}

/** Boot parameter rseq_debug=1. */
export function rseq_init(kernel: Kernel): void {
  kernel.rseq_debug = kernel.params.get('rseq_debug') === '1';
}

/* ---- In and out of user space ---- */

/** Anything but a system call brought the task into the kernel. */
export function rseq_note_user_irq_entry({ rseq }: Task): void {
  if (rseq) rseq.user_irq = true;
}

/** Somebody else gets the CPU. After a system call that does not matter: the program chose the moment. */
export function rseq_sched_switch_event({ rseq, thread_info }: Task): void {
  if (!rseq?.user_irq) return;
  rseq.sched_switch = true;
  thread_info.flags |= TIF_NOTIFY_RESUME;
}

/** From exit_to_user_mode_loop(), when other tasks have run. */
export function rseq_handle_slowpath(task: Task): void {
  const { rseq } = task;
  if (rseq?.sched_switch && !rseq_handle_cs(task, rseq)) force_sig(SIGSEGV, task);
}

/** Before the frame is built, so that the handler sees, and returns to, the abort address. False: the task has got SIGSEGV. */
export function rseq_signal_deliver(task: Task, sig: number): void {
  const { rseq } = task;
  if (rseq?.user_irq && !rseq_handle_cs(task, rseq)) force_sigsegv(sig, task);
}

/** The last thing before user space: what comes next is another entry. */
export function rseq_exit_to_user_mode(rseq: Rseq): void {
  rseq.user_irq = false;
  rseq.sched_switch = false;
}

/** With rseq_debug a system call inside a critical section is an error, found when it is done. */
export function rseq_debug_syscall_return(task: Task): void {
  const { rseq } = task;
  if (rseq && !rseq_handle_cs(task, rseq)) force_sig(SIGSEGV, task);
}

/* ---- Critical sections ---- */

/** False: what the program says about its critical section cannot be. */
function rseq_handle_cs(task: Task, rseq: Rseq): boolean {
  const cs = get_user_u64(task, field(rseq.usrptr, RSEQ_CS));
  if (cs === 0) return true;
  return cs > 0 && cs < NOT_USER && rseq_update_user_cs(task, rseq, cs);
}

function rseq_update_user_cs(task: Task, rseq: Rseq, cs: number): boolean {
  const { arch } = task.kernel;
  const pc = arch.instruction_pointer(task.regs);
  const start = get_user_u64(task, field(cs, CS_START_IP));
  const length = get_user_u64(task, field(cs, CS_POST_COMMIT_OFFSET));
  const abort = get_user_u64(task, field(cs, CS_ABORT_IP));
  if (start < 0 || length < 0 || abort < 0) return false;

  const inside = within(pc, start, length);
  if (inside && !may_abort(task, rseq, cs, start, length, abort)) return false;
  if (put_user_u64(task, field(rseq.usrptr, RSEQ_CS), 0) < 0) return false;
  if (inside) arch.instruction_pointer_set(task.regs, abort);
  return true;
}

/** Unsigned: an address below the start is far behind the end. */
const within = (pc: number, start: number, length: number): boolean =>
  (pc >= start ? pc - start : pc - start + 2 ** 64) < length;

function may_abort(
  task: Task,
  rseq: Rseq,
  cs: number,
  start: number,
  length: number,
  abort: number,
): boolean {
  if (abort >= NOT_USER || abort < SIGNATURE_SIZE || within(abort, start, length)) return false;
  // Or whoever can write to struct rseq could make the program jump anywhere.
  if (get_user_u32(task, field(abort, -SIGNATURE_SIZE)) !== rseq.sig) return false;
  if (task.kernel.rseq_debug && !debug_checks(task, cs, start, length)) return false;
  return rseq.user_irq; // only an interruption may abort
}

/** What costs time to find, and is the program's own fault. */
const debug_checks = (task: Task, cs: number, start: number, length: number): boolean =>
  start + length < NOT_USER &&
  get_user_u32(task, field(cs, CS_VERSION)) === 0 &&
  get_user_u32(task, field(cs, CS_FLAGS)) === 0;

/* ---- ptrace ---- */

/* struct ptrace_rseq_configuration: pointer 0, size 8, signature 12, flags 16, pad 20 */
const CONFIGURATION_SIZE = 24;

/** PTRACE_GET_RSEQ_CONFIGURATION: for those who take a program's picture and put it up again elsewhere. */
export function ptrace_get_rseq_configuration(task: Task, child: Task, size: number, data: UserPtr): number {
  const bytes = new Uint8Array(CONFIGURATION_SIZE);
  put_unaligned_le64(child.rseq?.usrptr ?? 0, bytes, 0);
  put_unaligned_le32(child.rseq?.len ?? 0, bytes, 8);
  put_unaligned_le32(child.rseq?.sig ?? 0, bytes, 12);
  const known = bytes.subarray(0, Math.min(size, CONFIGURATION_SIZE));
  return copy_to_user(task, data, known) ? -EFAULT : CONFIGURATION_SIZE;
}
