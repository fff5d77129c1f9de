/*
 * kernel/signal/get_signal.ts - the next thing a task must do about its signals
 *
 * Linux:   kernel/signal.c (get_signal, ptrace_signal, signal_setup_done), v6.12
 * Manual:  signal(7), "Standard signals"
 *
 * Stops, traps, deaths and everything that is ignored happen in here; only a signal with a handler comes out.
 */

import {
  JOBCTL_STOP_DEQUEUED,
  JOBCTL_STOP_PENDING,
  JOBCTL_TRAP_MASK,
  SIGNAL_CLD_CONTINUED,
  SIGNAL_CLD_MASK,
  SIGNAL_GROUP_EXIT,
  SIGNAL_UNKILLABLE,
} from '../include/linux/jobctl.ts';
import { ptrace_reparented } from '../include/linux/ptrace.ts';
import { PF_SIGNALED, TIF_NOTIFY_SIGNAL, type Task } from '../include/linux/sched.ts';
import type { KSigAction, KernelSigInfo } from '../include/linux/signal.ts';
import type { UserPtr } from '../include/linux/types.ts';
import { CLD_CONTINUED, CLD_STOPPED, CLD_TRAPPED, SI_USER } from '../include/uapi/siginfo.ts';
import {
  SA_EXPOSE_TAGBITS,
  SA_IMMUTABLE,
  SA_NODEFER,
  SA_RESETHAND,
  SIGKILL,
  SIGSTOP,
  SIG_DFL,
  SIG_IGN,
  sig_kernel_coredump,
  sig_kernel_ignore,
  sig_kernel_only,
  sig_kernel_stop,
} from '../include/uapi/signal.ts';
import { do_group_exit, is_current_pgrp_orphaned } from '../exit.ts';
import { do_coredump } from '../fs/coredump.ts';
import { PIDTYPE_PID, PIDTYPE_TGID } from '../pid.ts';
import type { MaySleep, Sleeps } from '../sched/wait.ts';
import { sas_ss_autodisarm } from './altstack.ts';
import { force_sigsegv } from './force.ts';
import { clear_restore_sigmask, set_current_blocked } from './mask.ts';
import { do_notify_parent_cldstop } from './notify.ts';
import {
  type Dequeued,
  dequeue_signal,
  dequeue_synchronous_signal,
  fatal_signal_pending,
  recalc_sigpending,
  task_sigpending,
} from './pending.ts';
import { send_signal_locked } from './send.ts';
import { user_siginfo } from './siginfo.ts';
import { sigaddset, sigdelset, sigismember, sigorsets } from './sigset.ts';
import { do_jobctl_trap, do_signal_stop, ptrace_notify, ptrace_stop } from './stop.ts';

/** Linux: struct ksignal. A signal on its way into a handler. `ka` is the action as it was when it was taken. */
export interface KSignal {
  readonly sig: number;
  readonly info: KernelSigInfo;
  readonly ka: KSigAction;
}

/** Does not return to a task that is to die. Null: nothing (more) to do. */
export function* get_signal(task: Task): Sleeps<KSignal | null> {
  task.thread_info.flags &= ~TIF_NOTIFY_SIGNAL;
  if (!task_sigpending(task)) return null;

  for (;;) {
    report_stop_or_continue(task);
    if (is_dying(task)) {
      task.pending.signal = sigdelset(task.pending.signal, SIGKILL);
      recalc_sigpending(task);
      yield* die(task, SIGKILL, { si_signo: SIGKILL, si_errno: 0, si_code: SI_USER });
    }
    if (task.jobctl & JOBCTL_STOP_PENDING && (yield* do_signal_stop(task, 0))) continue;
    if (task.jobctl & JOBCTL_TRAP_MASK) {
      yield* do_jobctl_trap(task);
      continue;
    }

    const next = next_for_delivery(task);
    if (!next) return null;
    const info = task.ptrace ? yield* ask_tracer(task, next) : next.info;
    if (!info) continue;

    const caught = take_action(task, info);
    if (caught) return caught;
    yield* default_action(task, info);
  }
}

const is_dying = (task: Task): boolean =>
  (task.signal.flags & SIGNAL_GROUP_EXIT) !== 0 || task.signal.group_exec_task !== null;

/** Whoever runs first after SIGCONT tells the parent, so that the parent hears of stop and continue in order. */
function report_stop_or_continue(task: Task): void {
  const { signal } = task;
  if (!(signal.flags & SIGNAL_CLD_MASK)) return;
  const why = signal.flags & SIGNAL_CLD_CONTINUED ? CLD_CONTINUED : CLD_STOPPED;
  signal.flags &= ~SIGNAL_CLD_MASK;
  do_notify_parent_cldstop(task, false, why);
  const leader = task.group_leader;
  if (ptrace_reparented(leader)) do_notify_parent_cldstop(leader, true, why);
}

/** A fault of the instruction before anything that came from outside: the handler must see where it happened. */
function next_for_delivery(task: Task): Dequeued | null {
  const fault = dequeue_synchronous_signal(task);
  return fault ? { info: fault, shared: false } : dequeue_signal(task, task.blocked);
}

/** Signal-delivery-stop. The signal to go on with, or null when there is none (now). */
function* ask_tracer(task: Task, { info, shared }: Dequeued): Sleeps<KernelSigInfo | null> {
  const sig = info.si_signo;
  if (sig === SIGKILL) return info;
  if (task.sighand.action[sig - 1]!.sa_flags & SA_IMMUTABLE) return info;

  // SIGCONT while it is stopped must be able to cancel a stop signal; the bit says that there is one to cancel.
  task.jobctl |= JOBCTL_STOP_DEQUEUED;
  const shown = { ...info };
  const signr = yield* ptrace_stop(task, sig, CLD_TRAPPED, 0, shown);
  if (signr === 0) return null;

  // PTRACE_SETSIGINFO may have rewritten it; another number alone makes it the tracer's kill().
  const chosen = signr === shown.si_signo ? shown : user_siginfo(signr, SI_USER, task.parent);
  if (!sigismember(task.blocked, signr) && !fatal_signal_pending(task)) return chosen;
  send_signal_locked(signr, chosen, task, shared ? PIDTYPE_TGID : PIDTYPE_PID);
  return null;
}

/** The handler's case. SA_RESETHAND takes effect before the handler runs. */
function take_action(task: Task, info: KernelSigInfo): KSignal | null {
  const action = task.sighand.action[info.si_signo - 1]!;
  if (action.sa_handler === SIG_DFL || action.sa_handler === SIG_IGN) return null;
  const ka = { ...action };
  if (action.sa_flags & SA_RESETHAND) action.sa_handler = SIG_DFL as UserPtr;
  return { sig: info.si_signo, info: hide_si_addr_tag_bits(task, info, ka.sa_flags), ka };
}

/** Tags of addresses are shown to those who say that they can cope with them. */
function hide_si_addr_tag_bits(task: Task, info: KernelSigInfo, flags: number): KernelSigInfo {
  const { si_addr, si_signo, si_code } = info;
  if (si_addr === undefined || flags & SA_EXPOSE_TAGBITS) return info;
  return { ...info, si_addr: task.kernel.arch.arch_untagged_si_addr(si_addr, si_signo, si_code) };
}

/** Ignored or default. Returns when the task goes on. */
function* default_action(task: Task, info: KernelSigInfo): Sleeps<void> {
  const sig = info.si_signo;
  if (task.sighand.action[sig - 1]!.sa_handler === SIG_IGN || sig_kernel_ignore(sig)) return;
  // init gets what it asked for and nothing else.
  if (task.signal.flags & SIGNAL_UNKILLABLE && !sig_kernel_only(sig)) return;

  if (sig_kernel_stop(sig)) {
    // A process group without anybody to continue it is not stopped from the terminal.
    if (sig !== SIGSTOP && is_current_pgrp_orphaned(task)) return;
    yield* do_signal_stop(task, sig);
    return;
  }
  yield* die(task, sig, info);
}

function* die(task: Task, sig: number, info: KernelSigInfo): Sleeps<never> {
  task.flags |= PF_SIGNALED;
  if (sig_kernel_coredump(sig)) {
    print_fatal_signal(task, sig);
    do_coredump(task, info);
  }
  return yield* do_group_exit(task, sig);
}

/** With print-fatal-signals=1 on the command line. */
function print_fatal_signal(task: Task, sig: number): void {
  const { kernel } = task;
  if (kernel.params.get('print-fatal-signals') !== '1') return;
  kernel.printk.info(`${task.comm}: potentially unexpected fatal signal ${sig}.`);
  for (const line of kernel.arch.show_regs(task).split('\n')) kernel.printk.info(line);
}

/**
 * After the architecture tried to build the frame. `stepping`: the debugger stops at the handler's first instruction.
 */
export function signal_setup_done(
  task: Task,
  failed: boolean,
  ksig: KSignal,
  stepping: boolean,
): MaySleep<void> {
  if (failed) return force_sigsegv(ksig.sig, task);
  signal_delivered(task, ksig);
  if (stepping) return stop_at_handler(task);
}

function* stop_at_handler(task: Task): Sleeps<void> {
  yield* ptrace_notify(task, 0x05, 0);
}

function signal_delivered(task: Task, { sig, ka }: KSignal): void {
  // The frame holds the saved mask already: sigreturn will restore it.
  clear_restore_sigmask(task);

  let blocked = sigorsets(task.blocked, ka.sa_mask);
  if (!(ka.sa_flags & SA_NODEFER)) blocked = sigaddset(blocked, sig);
  set_current_blocked(task, blocked);
  sas_ss_autodisarm(task);
}
