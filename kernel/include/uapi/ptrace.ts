/*
 * kernel/include/uapi/ptrace.ts - what a tracer can ask for and be told
 *
 * Linux:  include/uapi/linux/ptrace.h (v6.12; SET_SYSCALL_INFO from v6.16)
 * Manual: ptrace(2)
 */

export const PTRACE_EVENT_FORK = 1;
export const PTRACE_EVENT_VFORK = 2;
export const PTRACE_EVENT_CLONE = 3;
export const PTRACE_EVENT_EXEC = 4;
export const PTRACE_EVENT_VFORK_DONE = 5;
export const PTRACE_EVENT_EXIT = 6;
export const PTRACE_EVENT_SECCOMP = 7;
/** Group stops, PTRACE_INTERRUPT and new tracees, of a seized task only. */
export const PTRACE_EVENT_STOP = 128;

/* PTRACE_GETEVENTMSG at a system call stop */
export const PTRACE_EVENTMSG_SYSCALL_ENTRY = 1;
export const PTRACE_EVENTMSG_SYSCALL_EXIT = 2;
