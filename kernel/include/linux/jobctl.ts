/*
 * kernel/include/linux/jobctl.ts - task.jobctl: stops that are to come, and the stop a task is in
 *
 * Linux: include/linux/sched/jobctl.h (v6.12)
 */

/** The signal that caused the last group stop. */
export const JOBCTL_STOP_SIGMASK = 0xffff;
/** A stop signal was dequeued; cleared if SIGCONT came before it took effect. */
export const JOBCTL_STOP_DEQUEUED = 1 << 16;
/** The task is to take part in a group stop... */
export const JOBCTL_STOP_PENDING = 1 << 17;
/** ...and has not been counted yet. */
export const JOBCTL_STOP_CONSUME = 1 << 18;
/** A ptraced task is to trap for a group stop. */
export const JOBCTL_TRAP_STOP = 1 << 19;
/** A seized task is to trap and tell its tracer that something changed. */
export const JOBCTL_TRAP_NOTIFY = 1 << 20;
/** Moving from STOPPED to TRACED; the tracer waits for it. */
export const JOBCTL_TRAPPING = 1 << 21;
/** PTRACE_LISTEN: stopped, but not for ptrace requests. */
export const JOBCTL_LISTENING = 1 << 22;
export const JOBCTL_TRAP_FREEZE = 1 << 23;
/** A ptrace request is looking at it: not even SIGKILL wakes it now. */
export const JOBCTL_PTRACE_FROZEN = 1 << 24;
export const JOBCTL_STOPPED = 1 << 26;
export const JOBCTL_TRACED = 1 << 27;

export const JOBCTL_TRAP_MASK = JOBCTL_TRAP_STOP | JOBCTL_TRAP_NOTIFY;
export const JOBCTL_PENDING_MASK = JOBCTL_STOP_PENDING | JOBCTL_TRAP_MASK;

/* signal_struct.flags */
export const SIGNAL_STOP_STOPPED = 0x1;
export const SIGNAL_STOP_CONTINUED = 0x2;
export const SIGNAL_GROUP_EXIT = 0x4;
/** The parent is still to be told (CLD_STOPPED, CLD_CONTINUED). */
export const SIGNAL_CLD_STOPPED = 0x10;
export const SIGNAL_CLD_CONTINUED = 0x20;
export const SIGNAL_CLD_MASK = SIGNAL_CLD_STOPPED | SIGNAL_CLD_CONTINUED;
/** init: no signal kills it, but a fault or an ancestor's SIGKILL. */
export const SIGNAL_UNKILLABLE = 0x40;
export const SIGNAL_STOP_MASK = SIGNAL_CLD_MASK | SIGNAL_STOP_STOPPED | SIGNAL_STOP_CONTINUED;
