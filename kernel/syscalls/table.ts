/*
 * kernel/syscalls/table.ts - the system calls of arm64
 *
 * Linux:  include/uapi/asm-generic/unistd.h, arch/arm64/kernel/sys.c
 * Manual: syscalls(2)
 *
 * The numbers are the ABI. Rows are grouped by the file that implements them, so reading the table is a tour of the
 * kernel. A call without a row is -ENOSYS and is told once in the log; `gap` says what a row does not do.
 */

import type { Syscall } from './define.ts';

type Row = readonly [nr: number, fn: Syscall, gap?: string];

// biome-ignore format: columns teach
export const sys_call_table: readonly Row[] = [
  // kernel/signal.ts
];

/** First number that no call has (v6.12). */
export const __NR_syscalls = 463;

/** The same by number, for who makes the call: index = number. */
export function index_syscalls(rows: readonly Row[] = sys_call_table): (Syscall | undefined)[] {
  const table = new Array<Syscall | undefined>(__NR_syscalls).fill(undefined);
  for (const [nr, fn] of rows) {
    if (table[nr]) throw new Error(`system call ${nr} has two rows: ${table[nr].name} and ${fn.name}`);
    table[nr] = fn;
  }
  return table;
}
