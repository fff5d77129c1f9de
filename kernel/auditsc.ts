/*
 * kernel/auditsc.ts - what happened to system calls, for the record
 *
 * Linux:   kernel/auditsc.c (v6.12)
 * Absent:  all but the record of a seccomp action
 */

import { d_path } from './fs/dcache.ts';
import type { Task } from './include/linux/sched.ts';

/** Linux: audit_seccomp(). One record 1326, to the log. With audit=0 nothing is recorded. */
export function audit_seccomp(task: Task, syscall: number, signr: number, code: number): void {
  const { kernel, cred } = task;
  if (kernel.params.get('audit') === '0') return;
  const { arch } = kernel;
  const hex = (value: number): string => (value >>> 0).toString(16);
  const exe = task.mm?.exe_file ? `"${d_path(task.mm.exe_file.f_path)}"` : '(null)';
  const { sec, nsec } = kernel.time.realtime();
  const msec = String(Math.floor(nsec / 1_000_000)).padStart(3, '0');
  const stamp = `${sec}.${msec}:${++kernel.audit_serial}`;
  kernel.printk.notice(
    `audit: type=1326 audit(${stamp}): auid=4294967295 uid=${cred.uid} gid=${cred.gid} ses=4294967295 subj=unconfined ` +
      `pid=${task.pid} comm="${task.comm}" exe=${exe} sig=${signr} arch=${hex(arch.syscall_get_arch(task))} ` +
      `syscall=${syscall} compat=0 ip=0x${arch.instruction_pointer(task.regs).toString(16)} code=0x${hex(code)}`,
  );
}
