/*
 * kernel/include/uapi/siginfo.ts - why a signal was sent: si_code
 *
 * Linux:  include/uapi/asm-generic/siginfo.h
 * Manual: sigaction(2), "The si_code field"
 */

/* Who sent it, for any signal. Not positive: user space may claim it. */
export const SI_USER = 0;
export const SI_KERNEL = 0x80;
export const SI_QUEUE = -1;
export const SI_TIMER = -2;
export const SI_MESGQ = -3;
export const SI_ASYNCIO = -4;
export const SI_SIGIO = -5;
export const SI_TKILL = -6;
export const SI_ASYNCNL = -60;

/* SIGILL */
export const ILL_ILLOPC = 1;
export const ILL_ILLOPN = 2;
export const ILL_PRVOPC = 5;
/* SIGFPE */
export const FPE_FLTUNK = 14;
/* SIGSEGV */
export const SEGV_MAPERR = 1;
export const SEGV_ACCERR = 2;
export const SEGV_BNDERR = 3;
export const SEGV_PKUERR = 4;
export const SEGV_MTEAERR = 8;
export const SEGV_MTESERR = 9;
/* SIGBUS */
export const BUS_ADRALN = 1;
export const BUS_ADRERR = 2;
export const BUS_OBJERR = 3;
export const BUS_MCEERR_AR = 4;
export const BUS_MCEERR_AO = 5;
/* SIGTRAP */
export const TRAP_BRKPT = 1;
export const TRAP_TRACE = 2;
export const TRAP_BRANCH = 3;
export const TRAP_HWBKPT = 4;
export const TRAP_UNK = 5;
export const TRAP_PERF = 6;
/* SIGCHLD */
export const CLD_EXITED = 1;
export const CLD_KILLED = 2;
export const CLD_DUMPED = 3;
export const CLD_TRAPPED = 4;
export const CLD_STOPPED = 5;
export const CLD_CONTINUED = 6;
/* SIGPOLL */
export const POLL_IN = 1;
export const POLL_HUP = 6;
/* SIGSYS */
export const SYS_SECCOMP = 1;
export const SYS_USER_DISPATCH = 2;

/** What follows signo, errno and code, which are the same everywhere. */
export type SigInfoLayout =
  | 'kill' //     pid, uid
  | 'timer' //    tid, overrun, value
  | 'poll' //     band, fd
  | 'fault' //    addr
  | 'mceerr' //   addr, addr_lsb
  | 'bnderr' //   addr, lower, upper
  | 'pkuerr' //   addr, pkey
  | 'perf' //     addr, data, type, flags
  | 'chld' //     pid, uid, status, utime, stime
  | 'rt' //       pid, uid, value
  | 'sys'; //     call_addr, syscall, arch

export const SIGINFO_SIZE = 128;
/** As far as any layout reaches: what the kernel keeps of a siginfo that user space made. */
export const KERNEL_SIGINFO_SIZE = 48;
