/*
 * kernel/fs/coredump.ts - what a process leaves behind when it dies of a fault
 *
 * Linux:   fs/coredump.c (v6.12)
 * Manual:  core(5)
 * Differs: all of it happens at once: the other threads cannot run meanwhile, so nobody waits for them to stop
 * Absent:  core_pattern: the file is always `core` in the working directory
 */

import { audit_core_dumps } from '../auditsc.ts';
import { SIGNAL_GROUP_EXIT } from '../include/linux/jobctl.ts';
import { type Task, PF_DUMPCORE } from '../include/linux/sched.ts';
import type { File } from '../include/linux/fs.ts';
import type { KernelSigInfo } from '../include/linux/signal.ts';
import { PAGE_SIZE } from '../include/linux/types.ts';
import { O_CREAT, O_LARGEFILE, O_NOFOLLOW, O_RDWR } from '../include/uapi/fcntl.ts';
import { RLIMIT_CORE } from '../include/uapi/resource.ts';
import { S_ISREG } from '../include/uapi/stat.ts';
import { IovIter } from '../lib/iov_iter.ts';
import { is_generator } from '../sched/wait.ts';
import { zap_other_threads } from '../signal/send.ts';
import { do_truncate } from './attr.ts';
import { type CorePart, elf_core_parts } from './elf_core.ts';
import { filp_close, filp_open } from './open.ts';

const CORE_NAME = 'core';
const CORE_MODE = 0o600;
/** mm.dumpable of a program that was not made privileged by its file. */
const SUID_DUMP_USER = 1;

/** wait(2)'s status of the dying process. */
const CORE_DUMPED = 0x80;

/** The process's exit code says "core dumped" afterwards if a core file was written, all of it, and only then. */
export function do_coredump(task: Task, info: KernelSigInfo): void {
  audit_core_dumps(task, info.si_signo);
  const { mm, signal } = task;
  const limit = signal.rlim[RLIMIT_CORE]!.cur;
  if (!mm || mm.dumpable !== SUID_DUMP_USER || limit < PAGE_SIZE) return;
  // Another thread's fault, or SIGKILL, came first.
  if (signal.flags & SIGNAL_GROUP_EXIT) return;

  signal.flags = SIGNAL_GROUP_EXIT;
  signal.group_exit_code = info.si_signo;
  task.flags |= PF_DUMPCORE;
  const parts = elf_core_parts(task, info);
  zap_other_threads(task);

  const file = open_core(task);
  if (!file) return;
  if (write_core(task, file, parts, limit)) signal.group_exit_code |= CORE_DUMPED;
  filp_close(task, file);
}

/** The file must be the process's own and nobody else's name for something: it may hold secrets. */
function open_core(task: Task): File | null {
  const file = filp_open(task, CORE_NAME, O_CREAT | O_NOFOLLOW | O_LARGEFILE | O_RDWR, CORE_MODE);
  if (typeof file === 'number') return null;
  const { i_mode, i_nlink, i_uid } = file.f_inode;
  const ours = S_ISREG(i_mode) && i_nlink === 1 && i_uid === task.cred.fsuid && file.f_op.write_iter;
  if (ours && do_truncate(task, file.f_path, 0) === 0) return file;
  filp_close(task, file);
  return null;
}

function write_core(task: Task, file: File, parts: Iterable<CorePart>, limit: number): boolean {
  for (const { offset, bytes } of parts) {
    if (offset + bytes.length > limit) return false;
    const wrote = file.f_op.write_iter!(task, { file, pos: offset, ki_flags: 0 }, IovIter.kernel(bytes));
    if (is_generator(wrote)) throw new Error('do_coredump: this file sleeps');
    if (wrote !== bytes.length) return false;
  }
  return true;
}
