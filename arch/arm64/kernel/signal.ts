/*
 * arch/arm64/kernel/signal.ts - into a signal handler and back
 *
 * Linux:   arch/arm64/kernel/signal.c (do_signal, setup_rt_frame, sys_rt_sigreturn), v6.12
 * Manual:  sigreturn(2); Procedure Call Standard for the Arm 64-bit Architecture, "The Frame Pointer"
 * Absent:  records of SVE, SME, POE, GCS
 */

import type { Task } from '../../../kernel/include/linux/sched.ts';
import { TIF_SINGLESTEP } from '../../../kernel/include/linux/sched.ts';
import type { KernelSigInfo, SigSet } from '../../../kernel/include/linux/signal.ts';
import type { UserPtr } from '../../../kernel/include/linux/types.ts';
import { TASK_SIZE } from '../../../kernel/include/linux/types.ts';
import {
  EFAULT,
  EINTR,
  ERESTARTNOHAND,
  ERESTARTNOINTR,
  ERESTARTSYS,
  ERESTART_RESTARTBLOCK,
} from '../../../kernel/include/uapi/errno.ts';
import { TRAP_HWBKPT } from '../../../kernel/include/uapi/siginfo.ts';
import {
  SA_ONSTACK,
  SA_RESTART,
  SA_RESTORER,
  SA_SIGINFO,
  SIGTRAP,
} from '../../../kernel/include/uapi/signal.ts';
import { put_unaligned_le32 } from '../../../kernel/lib/bytes.ts';
import { copy_to_user } from '../../../kernel/lib/usercopy.ts';
import type { MaySleep, Sleeps } from '../../../kernel/sched/wait.ts';
import {
  type KSignal,
  current_altstack,
  get_signal,
  restore_saved_sigmask,
  sas_ss_flags,
  siginfo_to_bytes,
  sigmask_to_save,
  signal_setup_done,
  stack_t_to_bytes,
} from '../../../kernel/signal.ts';
import { rseq_signal_deliver } from '../../../kernel/rseq.ts';
import { sigset_to_bytes } from '../../../kernel/signal/sigset.ts';
import type { Arm64 } from '../arch.ts';
import { type ThreadStruct, thread_of } from '../include/asm/processor.ts';
import {
  FP,
  LR,
  ORIG_X0,
  PSR_TCO_BIT,
  type PtRegs,
  forget_syscall,
  in_syscall,
} from '../include/asm/ptrace.ts';
import {
  ESR_CONTEXT_SIZE,
  ESR_MAGIC,
  FPSIMD_CONTEXT_SIZE,
  FPSIMD_MAGIC,
  FRAME_RECORD_SIZE,
  RECORD_HEADER_SIZE,
  SIGFRAME,
  type SigFrameBuffer,
} from '../include/asm/sigcontext.ts';
import { user_rewind_single_step } from './debug-monitors.ts';
import { valid_user_regs } from './ptrace.ts';

/*
 * Restarting system calls
 *
 *                           no handler          handler             handler with SA_RESTART
 *    ERESTARTSYS            again               EINTR               again
 *    ERESTARTNOINTR         again               again               again
 *    ERESTARTNOHAND         again               EINTR               EINTR
 *    ERESTART_RESTARTBLOCK  restart_syscall     EINTR               EINTR
 */

/** svc is four bytes long; the program's pc is behind it. */
const SVC_SIZE = 4;
const __NR_restart_syscall = 128;
const X8 = 8;

const RESTART_CODES: readonly number[] = [
  -ERESTARTSYS,
  -ERESTARTNOINTR,
  -ERESTARTNOHAND,
  -ERESTART_RESTARTBLOCK,
];

const eintr_with_handler = (ret: number, flags: number): boolean =>
  ret === -ERESTARTNOHAND ||
  ret === -ERESTART_RESTARTBLOCK ||
  (ret === -ERESTARTSYS && !(flags & SA_RESTART));

/** Linux: do_signal(). One signal, or the end of having been interrupted by none. */
export function* arch_do_signal_or_restart(task: Task): Sleeps<void> {
  const regs = task.regs as PtRegs;
  const wasSyscall = in_syscall(regs);
  const continue_addr = regs.pc;
  const restart_addr = continue_addr - SVC_SIZE;
  const retval = regs.signedValue(0);

  // From now on a tracer sees a task that is not in a call. The restart is prepared before it can look: if it moves the
  // pc, or a handler wants EINTR, that is undone below.
  if (wasSyscall) forget_syscall(regs);
  if (wasSyscall && RESTART_CODES.includes(retval)) {
    regs.move(0, ORIG_X0);
    regs.pc = restart_addr;
  }

  const ksig = yield* get_signal(task);
  const undisturbed = wasSyscall && regs.pc === restart_addr;
  if (ksig) {
    if (undisturbed && eintr_with_handler(retval, ksig.ka.sa_flags)) {
      regs.put(0, -EINTR);
      regs.pc = continue_addr;
    }
    const rest = handle_signal(task, ksig);
    if (rest) yield* rest;
    return;
  }

  if (undisturbed) {
    if (retval === -ERESTART_RESTARTBLOCK) regs.put(X8, __NR_restart_syscall);
    user_rewind_single_step(task); // the svc is stepped again
  }
  restore_saved_sigmask(task);
}

function handle_signal(task: Task, ksig: KSignal): MaySleep<void> {
  const { sig, info, ka } = ksig;
  if (task.kernel.events) {
    task.kernel.events.emit({ type: 'signal_deliver', sig, handler: ka.sa_handler });
  }
  rseq_signal_deliver(task, sig);
  const mask = sigmask_to_save(task);
  const err = setup_rt_frame(task, sig, info, ka.sa_handler, ka.sa_flags, ka.sa_restorer, mask);
  const valid = valid_user_regs(task.regs as PtRegs, task);
  const stepping = (task.thread_info.flags & TIF_SINGLESTEP) !== 0;
  return signal_setup_done(task, err !== 0 || !valid, ksig, stepping);
}

/*
 * The frame
 */

/** Where the frame goes: `next` is the frame record above it. Null: not in user space. */
function get_sigframe(task: Task, regs: PtRegs, flags: number): { frame: number; next: number } | null {
  const onAltStack = flags & SA_ONSTACK && sas_ss_flags(task, regs.sp) === 0;
  const top = onAltStack ? task.sas_ss_sp + task.sas_ss_size : regs.sp;
  const next = top - (top % 16) - FRAME_RECORD_SIZE;
  const frame = next - SIGFRAME.SIZE;
  return frame < 0 || top > TASK_SIZE ? null : { frame, next };
}

/** 0, or -EFAULT when the stack cannot take it; then the registers are as they were. */
export function setup_rt_frame(
  task: Task,
  sig: number,
  info: KernelSigInfo,
  handler: UserPtr,
  flags: number,
  restorer: UserPtr,
  mask: SigSet,
): number {
  const regs = task.regs as PtRegs;
  const place = get_sigframe(task, regs, flags);
  if (!place) return -EFAULT;
  const { frame, next } = place;

  const { sigframe } = task.kernel.arch as Arm64;
  const end = setup_sigframe(task, regs, mask, sigframe);
  // Without SA_SIGINFO there is no siginfo, only room for it.
  const from = flags & SA_SIGINFO ? SIGFRAME.INFO : SIGFRAME.UC;
  if (flags & SA_SIGINFO) siginfo_to_bytes(sigframe.view, SIGFRAME.INFO, info);
  if (copy_to_user(task, (frame + from) as UserPtr, sigframe.bytes.subarray(from, end))) return -EFAULT;
  if (copy_to_user(task, next as UserPtr, frame_record(regs))) return -EFAULT;

  setup_return(task, regs, frame, next, sig, handler, flags, restorer);
  return 0;
}

/** {x29, x30} of the interrupted function: whoever follows the frame pointers walks through the handler's frame. */
const frame_record = ({ user_regs }: PtRegs): Uint8Array => user_regs.subarray(8 * FP, 8 * (LR + 1));

/** The frame as far as it says anything: the rest of the record area is not written. Returns where it ends. */
function setup_sigframe(task: Task, regs: PtRegs, mask: SigSet, sigframe: SigFrameBuffer): number {
  const thread = thread_of(task);
  const fault = thread.fault_code !== 0;
  const esrAt = SIGFRAME.RESERVED + FPSIMD_CONTEXT_SIZE;
  const endAt = esrAt + (fault ? ESR_CONTEXT_SIZE : 0);
  const { bytes, view } = sigframe;
  bytes.fill(0, 0, endAt + RECORD_HEADER_SIZE);

  stack_t_to_bytes(bytes, SIGFRAME.UC_STACK, current_altstack(task, regs.sp));
  sigset_to_bytes(view, SIGFRAME.UC_SIGMASK, mask);
  view.setBigUint64(SIGFRAME.FAULT_ADDRESS, thread.fault_address, true);
  sigframe.regs.set(regs.user_regs);

  (task.kernel.arch as Arm64).fpsimd.fpsimd_preserve_state(task);
  preserve_fpsimd_context(sigframe, thread);
  if (fault) {
    put_unaligned_le32(ESR_MAGIC, bytes, esrAt);
    put_unaligned_le32(ESR_CONTEXT_SIZE, bytes, esrAt + 4);
    put_unaligned_le32(thread.fault_code, bytes, esrAt + 8);
  }
  return endAt + RECORD_HEADER_SIZE; // the terminator: magic 0, size 0
}

/** In memory FPSR and FPCR come last, in the record first. */
function preserve_fpsimd_context({ fpsimd, fpstatus, vregs }: SigFrameBuffer, thread: ThreadStruct): void {
  put_unaligned_le32(FPSIMD_MAGIC, fpsimd, 0);
  put_unaligned_le32(FPSIMD_CONTEXT_SIZE, fpsimd, 4);
  fpstatus.set(thread.fpstatus_bytes);
  vregs.set(thread.vregs_bytes);
}

function setup_return(
  task: Task,
  regs: PtRegs,
  frame: number,
  next: number,
  sig: number,
  handler: number,
  flags: number,
  restorer: number,
): void {
  const arm64 = task.kernel.arch as Arm64;
  regs.put(0, sig);
  if (flags & SA_SIGINFO) {
    regs.put(1, frame + SIGFRAME.INFO);
    regs.put(2, frame + SIGFRAME.UC);
  }
  regs.sp = frame;
  regs.put(FP, next);
  regs.put(LR, flags & SA_RESTORER ? restorer : arm64.vdso.sigtramp(task.mm!));
  regs.pc = handler;
  regs.pstate &= ~PSR_TCO_BIT; // tag checks are on in a handler, whatever they were
}

/**
 * si_addr without the tag in its top byte. An address of the kernel's half (bit 55) keeps its own. A watchpoint's address
 * was always reported whole.
 */
export function arch_untagged_si_addr(addr: bigint, sig: number, code: number): bigint {
  if (sig === SIGTRAP && code === TRAP_HWBKPT) return addr;
  const bytes = new DataView(new ArrayBuffer(8));
  bytes.setBigUint64(0, addr);
  if (!(bytes.getUint8(1) & 0x80)) bytes.setUint8(0, 0);
  return bytes.getBigUint64(0);
}
