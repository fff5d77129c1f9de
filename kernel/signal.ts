/*
 * kernel/signal.ts - signals
 *
 * Linux:   kernel/signal.c (v6.12)
 * Manual:  signal(7)
 * Differs: upstream's one file is a folder here; this is its front door, in the order in which a signal travels
 *
 *    kill()                                    force_sig_fault()
 *      |                                             |
 *      v                                             v
 *    kill.ts: may he?  --->  send.ts: queue it, wake somebody  <---  force.ts: it cannot be refused
 *                                    |
 *                                    v   pending.ts: two queues
 *                          get_signal.ts: on the way out of the kernel
 *                            |        |         |            |
 *                            v        v         v            v
 *                         ignore   stop.ts   do_group_exit   a handler: arch/<cpu>/kernel/signal
 *                                     |         |
 *                                     v         v
 *                                    notify.ts: the parent hears of it
 */

export {
  clone_sighand,
  do_sigaction,
  flush_signal_handlers,
  new_sighand,
  unhandled_signal,
} from './signal/action.ts';
export {
  STACK_T_SIZE,
  current_altstack,
  on_sig_stack,
  sas_ss_flags,
  sas_ss_reset,
  set_altstack,
  stack_t_from_bytes,
  stack_t_to_bytes,
} from './signal/altstack.ts';
export {
  force_exit_sig,
  force_fatal_sig,
  force_sig,
  force_sig_fault,
  force_sig_info,
  force_sig_info_to_task,
  force_sig_seccomp,
  force_sigsegv,
} from './signal/force.ts';
export { type KSignal, get_signal, signal_setup_done } from './signal/get_signal.ts';
export {
  ptrace_signal_wake_up,
  ptrace_trap_notify,
  task_clear_jobctl_pending,
  task_clear_jobctl_trapping,
  task_join_group_stop,
  task_set_jobctl_pending,
} from './signal/jobctl.ts';
export {
  __kill_pgrp_info,
  check_kill_permission,
  do_send_sig_info,
  group_send_sig_info,
  kill_pgrp,
  kill_pid,
  kill_pid_info,
  send_sig,
  send_sig_info,
  send_sigqueue,
} from './signal/kill.ts';
export {
  __set_current_blocked,
  exit_signals,
  get_user_sigset,
  put_user_sigset,
  restore_saved_sigmask,
  restore_saved_sigmask_unless,
  set_current_blocked,
  set_restore_sigmask,
  set_user_sigmask,
  sigmask_to_save,
} from './signal/mask.ts';
export {
  __wake_up_parent,
  do_notify_parent,
  do_notify_parent_cldstop,
  exit_status,
  nsec_to_clock_t,
} from './signal/notify.ts';
export {
  __fatal_signal_pending,
  calculate_sigpending,
  dequeue_signal,
  fatal_signal_pending,
  flush_signals,
  flush_sigqueue,
  flush_sigqueue_mask,
  new_pending,
  pending_signals,
  recalc_sigpending,
  recalc_sigpending_tsk,
  signal_pending,
  sigqueue_alloc,
  sigqueue_free,
  task_sigpending,
} from './signal/pending.ts';
export {
  PIDTYPE_MAX,
  send_signal_locked,
  sig_handler,
  signal_wake_up,
  zap_other_threads,
} from './signal/send.ts';
export {
  SEND_SIG_NOINFO,
  SEND_SIG_PRIV,
  type SendInfo,
  copy_siginfo,
  copy_siginfo_from_user,
  copy_siginfo_to_user,
  siginfo_layout,
  siginfo_to_bytes,
  user_siginfo,
} from './signal/siginfo.ts';
export { do_jobctl_trap, ptrace_notify, ptrace_stop } from './signal/stop.ts';
