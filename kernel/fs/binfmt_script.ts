/*
 * kernel/fs/binfmt_script.ts - files that name their interpreter: #!
 *
 * Linux:   fs/binfmt_script.c
 * Manual:  execve(2) "Interpreter scripts"
 *
 *   #! /bin/sh  -e -u \n          sh gets ONE argument: "-e -u"
 *      \_ name  \_ argument
 *
 * All of it must stand in the first 256 bytes: a longer argument is cut, but a name that might have been cut is refused.
 */

import { BINPRM_BUF_SIZE, type LinuxBinfmt, type LinuxBinprm } from '../include/linux/binfmts.ts';
import { ENOENT, ENOEXEC } from '../include/uapi/errno.ts';
import { cstring } from '../lib/bytes.ts';
import type { Sleeps } from '../sched/wait.ts';
import { add_argument } from './exec_args.ts';
import { open_exec } from './open.ts';

export interface ScriptLine {
  readonly interpreter: string;
  readonly argument: string | null;
}

const LAST = BINPRM_BUF_SIZE - 1;
const NEWLINE = 0x0a;

const is_blank = (byte: number): boolean => byte === 0x20 || byte === 0x09;

/** First place in [from, last] that is no blank; last + 1: none. */
function skip_blanks(buf: Uint8Array, from: number, last: number): number {
  let at = from;
  while (at <= last && is_blank(buf[at]!)) at++;
  return at;
}

/** First place in [from, last] that ends a word, a blank or a NUL; last + 1: none. */
function word_end(buf: Uint8Array, from: number, last: number): number {
  let at = from;
  while (at <= last && !is_blank(buf[at]!) && buf[at] !== 0) at++;
  return at;
}

/** Where the first line ends: at its newline, or with the buffer if the name is certainly whole; -ENOEXEC if not. */
function line_end(buf: Uint8Array): number {
  const newline = buf.indexOf(NEWLINE);
  const nul = buf.indexOf(0);
  if (newline >= 0 && (nul < 0 || newline < nul)) return newline;
  const name = skip_blanks(buf, 2, LAST);
  return name > LAST || word_end(buf, name, LAST) > LAST ? -ENOEXEC : LAST;
}

/** What the first line says, or -ENOEXEC. `buf` holds BINPRM_BUF_SIZE bytes, zeroes after the file's end. */
export function parse_script(buf: Uint8Array): ScriptLine | number {
  if (buf[0] !== 0x23 || buf[1] !== 0x21) return -ENOEXEC; // #!
  let end = line_end(buf);
  if (end < 0) return end;
  while (is_blank(buf[end - 1]!)) end--;

  const name = skip_blanks(buf, 2, end);
  if (name >= end) return -ENOEXEC;
  const gap = word_end(buf, name, end);
  // A NUL after the name: no argument. A blank: one, even if it turns out to be empty.
  const start = gap <= end && buf[gap] !== 0 ? skip_blanks(buf, gap, end) : end + 1;
  if (start > end) return { interpreter: cstring(buf.subarray(name, end)), argument: null };
  return { interpreter: cstring(buf.subarray(name, gap)), argument: cstring(buf.subarray(start, end)) };
}

// biome-ignore lint/correctness/useYield: other formats sleep
function* load_script(bprm: LinuxBinprm): Sleeps<number> {
  const line = parse_script(bprm.buf);
  if (typeof line === 'number') return line;
  // The interpreter could not open "/dev/fd/N": the descriptor will be closed by then.
  if (bprm.path_inaccessible) return -ENOENT;

  // argv becomes: interpreter, its argument, the script's name, what was given after argv[0].
  bprm.room += bprm.argv.shift()!.length + 1;
  for (const text of [bprm.interp, line.argument, line.interpreter]) {
    if (text === null) continue;
    const err = add_argument(bprm, text);
    if (err < 0) return err;
  }
  bprm.interp = line.interpreter;

  const file = open_exec(bprm.task, line.interpreter);
  if (typeof file === 'number') return file;
  bprm.interpreter = file;
  return 0;
}

export const script_format: LinuxBinfmt = { name: 'script', load_binary: load_script };
