/*
 * kernel/include/linux/binfmts.ts - a program on its way to be executed
 *
 * Linux: include/linux/binfmts.h, include/uapi/linux/binfmts.h
 */

import type { NewCred } from '../../cred.ts';
import type { Sleeps } from '../../sched/wait.ts';
import type { File } from './fs.ts';
import type { Rlimit } from './signal.ts';
import type { Task } from './sched.ts';

/** How much of a file is looked at to tell what it is. */
export const BINPRM_BUF_SIZE = 256;
/** One argument, NUL included. */
export const MAX_ARG_STRLEN = 131072;
export const MAX_ARG_STRINGS = 0x7fff_ffff;

/** Linux: struct linux_binprm. */
export interface LinuxBinprm {
  readonly task: Task;
  /** The program; a script's is replaced by its interpreter's. */
  file: File;
  /** Set by a script: who is to be executed instead. */
  interpreter: File | null;
  /** The first bytes of `file`, zeroes after its end. */
  readonly buf: Uint8Array;
  /** What was asked for, as argument 0 of scripts and as AT_EXECFN see it: "/dev/fd/3" for a descriptor. */
  readonly filename: string;
  /** Of the last script in the chain. */
  interp: string;
  /** `filename` will be gone when the program runs: the descriptor is close-on-exec. */
  readonly path_inaccessible: boolean;
  /** A descriptor alone was given: the process is named after the file, not after "/dev/fd/3". */
  readonly comm_from_dentry: boolean;
  /** Without their NULs, one character per byte. */
  readonly argv: string[];
  readonly envp: readonly string[];
  /** Bytes that strings may still take. */
  room: number;
  cred: NewCred;
  /** LSM_UNSAFE_* */
  unsafe: number;
  /** The new image has rights that its caller has not: AT_SECURE. */
  secureexec: boolean;
  /** The file cannot be read by who executes it, so neither can its memory. */
  enforce_nondump: boolean;
  /** RLIMIT_STACK as it was: a sibling thread may change it meanwhile. */
  readonly rlim_stack: Rlimit;
  /** The old image is gone: an error now is the end of the process. */
  point_of_no_return: boolean;
  /** Where the program's stack begins; the name it was called by. */
  p: number;
  exec: number;
}

export const LSM_UNSAFE_SHARE = 1;
export const LSM_UNSAFE_PTRACE = 2;
export const LSM_UNSAFE_NO_NEW_PRIVS = 4;

/** A kind of executable file. -ENOEXEC: not mine. */
export interface LinuxBinfmt {
  readonly name: string;
  load_binary(bprm: LinuxBinprm): Sleeps<number>;
}
