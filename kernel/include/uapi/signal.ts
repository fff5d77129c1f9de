/*
 * kernel/include/uapi/signal.ts - signal numbers, flags, and the sets of signals that are special to the kernel
 *
 * Linux:  include/uapi/asm-generic/signal.h, include/uapi/asm-generic/signal-defs.h, include/linux/signal.h (SIG_KERNEL_*)
 * Manual: signal(7), sigaction(2), sigaltstack(2)
 */

/** By number: SIGNAL_NAMES[9] is "SIGKILL". Real-time signals have no names of their own. */
// biome-ignore format: columns teach
export const SIGNAL_NAMES: readonly string[] = [
  '0',       'SIGHUP',  'SIGINT',    'SIGQUIT', 'SIGILL',   'SIGTRAP', 'SIGABRT', 'SIGBUS',
  'SIGFPE',  'SIGKILL', 'SIGUSR1',   'SIGSEGV', 'SIGUSR2',  'SIGPIPE', 'SIGALRM', 'SIGTERM',
  'SIGSTKFLT', 'SIGCHLD', 'SIGCONT', 'SIGSTOP', 'SIGTSTP',  'SIGTTIN', 'SIGTTOU', 'SIGURG',
  'SIGXCPU', 'SIGXFSZ', 'SIGVTALRM', 'SIGPROF', 'SIGWINCH', 'SIGIO',   'SIGPWR',  'SIGSYS',
];

// biome-ignore format: columns teach
export const SIGHUP = 1, SIGINT = 2, SIGQUIT = 3, SIGILL = 4, SIGTRAP = 5, SIGABRT = 6, SIGBUS = 7, SIGFPE = 8, SIGKILL = 9,
  SIGUSR1 = 10, SIGSEGV = 11, SIGUSR2 = 12, SIGPIPE = 13, SIGALRM = 14, SIGTERM = 15, SIGSTKFLT = 16, SIGCHLD = 17, SIGCONT = 18,
  SIGSTOP = 19, SIGTSTP = 20, SIGTTIN = 21, SIGTTOU = 22, SIGURG = 23, SIGXCPU = 24, SIGXFSZ = 25, SIGVTALRM = 26, SIGPROF = 27,
  SIGWINCH = 28, SIGIO = 29, SIGPOLL = 29, SIGPWR = 30, SIGSYS = 31, SIGRTMIN = 32;

export const _NSIG = 64;

export const SIG_DFL = 0;
export const SIG_IGN = 1;

/* struct sigaction's sa_flags */
export const SA_NOCLDSTOP = 0x1;
export const SA_NOCLDWAIT = 0x2;
export const SA_SIGINFO = 0x4;
/** Never a real flag: a program finds out that the kernel clears bits it does not know. */
export const SA_UNSUPPORTED = 0x400;
export const SA_EXPOSE_TAGBITS = 0x800;
/** arm64's only flag of its own. */
export const SA_RESTORER = 0x0400_0000;
export const SA_ONSTACK = 0x0800_0000;
export const SA_RESTART = 0x1000_0000;
export const SA_NODEFER = 0x4000_0000;
export const SA_RESETHAND = 0x8000_0000;
/** Kernel only: the action can neither be changed nor be reported to a tracer. */
export const SA_IMMUTABLE = 0x0080_0000;

export const UAPI_SA_FLAGS =
  (SA_NOCLDSTOP |
    SA_NOCLDWAIT |
    SA_SIGINFO |
    SA_EXPOSE_TAGBITS |
    SA_RESTORER |
    SA_ONSTACK |
    SA_RESTART |
    SA_NODEFER |
    SA_RESETHAND) >>>
  0;

/* sigprocmask()'s `how` */
export const SIG_BLOCK = 0;
export const SIG_UNBLOCK = 1;
export const SIG_SETMASK = 2;

/* stack_t's ss_flags */
export const SS_ONSTACK = 1;
export const SS_DISABLE = 2;
export const SS_AUTODISARM = 0x8000_0000;
export const SS_FLAG_BITS = SS_AUTODISARM;

/** arm64's, larger than the generic 2048: room for a frame. */
export const MINSIGSTKSZ = 5120;

/* All special signals are below 33, so a set of them is one word: bit sig-1. */
const bits = (...sigs: number[]): number => sigs.reduce((set, sig) => set | (1 << (sig - 1)), 0);

/** Can be neither caught, nor blocked, nor ignored. */
export const SIG_KERNEL_ONLY = /* @__PURE__ */ bits(SIGKILL, SIGSTOP);
/** Default action: stop. */
export const SIG_KERNEL_STOP = /* @__PURE__ */ bits(SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU);
/** Default action: terminate with a core dump. */
// biome-ignore format: one row
export const SIG_KERNEL_COREDUMP = /* @__PURE__ */ bits(
  SIGQUIT, SIGILL, SIGTRAP, SIGABRT, SIGFPE, SIGSEGV, SIGBUS, SIGSYS, SIGXCPU, SIGXFSZ,
);
/** Default action: nothing. */
export const SIG_KERNEL_IGNORE = /* @__PURE__ */ bits(SIGCONT, SIGCHLD, SIGWINCH, SIGURG);
/** Caused by the instruction just executed: to be handled before anything else changes the state. */
export const SYNCHRONOUS_MASK = /* @__PURE__ */ bits(SIGSEGV, SIGBUS, SIGILL, SIGTRAP, SIGFPE, SIGSYS);

const among = (sig: number, set: number): boolean =>
  sig > 0 && sig < SIGRTMIN && (set & (1 << (sig - 1))) !== 0;

export const sig_kernel_only = (sig: number): boolean => among(sig, SIG_KERNEL_ONLY);
export const sig_kernel_stop = (sig: number): boolean => among(sig, SIG_KERNEL_STOP);
export const sig_kernel_coredump = (sig: number): boolean => among(sig, SIG_KERNEL_COREDUMP);
export const sig_kernel_ignore = (sig: number): boolean => among(sig, SIG_KERNEL_IGNORE);
export const sig_synchronous = (sig: number): boolean => among(sig, SYNCHRONOUS_MASK);

export const valid_signal = (sig: number): boolean => sig >= 0 && sig <= _NSIG;

/** "SIGINT", "SIGRTMIN", "SIGRT_3" as strace prints them (the kernel's SIGRTMIN, not libc's). */
export function signal_name(sig: number): string {
  if (sig < SIGRTMIN) return SIGNAL_NAMES[sig] ?? String(sig);
  return sig === SIGRTMIN ? 'SIGRTMIN' : `SIGRT_${sig - SIGRTMIN}`;
}
