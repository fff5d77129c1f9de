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
import { bytes_to_string } from '../lib/bytes.ts';
import type { Sleeps } from '../sched/wait.ts';
import { add_argument } from './exec_args.ts';
import { open_exec } from './open.ts';

export interface ScriptLine {
  readonly interpreter: string;
  readonly argument: string | null;
}

/** What the first line says, or -ENOEXEC. `buf` holds BINPRM_BUF_SIZE bytes, zeroes after the file's end. */
export function parse_script(buf: Uint8Array): ScriptLine | number {
  const text = bytes_to_string(buf.subarray(0, BINPRM_BUF_SIZE));
  if (!text.startsWith('#!')) return -ENOEXEC;

  const newline = text.indexOf('\n');
  if (newline < 0 && !ends_inside(text)) return -ENOEXEC;
  // Without a newline the last byte is not looked at; a NUL ends everything.
  const line = newline < 0 ? text.slice(2, BINPRM_BUF_SIZE - 1) : text.slice(2, newline);
  const [interpreter, rest] = split_at(/^[ \t]*([^ \t\0]*)([^]*)$/.exec(line)!);
  if (interpreter === '') return -ENOEXEC;
  // A NUL right after the name: there is no argument, whatever follows.
  const argument = rest.startsWith('\0') ? '' : c_string(rest.replace(/[ \t]+$/, '').replace(/^[ \t]+/, ''));
  return { interpreter, argument: argument === '' ? null : argument };
}

const split_at = (match: RegExpExecArray): readonly [string, string] => [match[1]!, match[2]!];

/** Without a newline in the buffer: is the name certainly whole, that is, does something end it? */
const ends_inside = (text: string): boolean =>
  /^#![ \t]*[^ \t\0]+[ \t\0]/.test(text.slice(0, BINPRM_BUF_SIZE));

const c_string = (text: string): string => text.split('\0', 1)[0]!;

// biome-ignore lint/correctness/useYield: other formats sleep
function* load_script(bprm: LinuxBinprm): Sleeps<number> {
  const line = parse_script(bprm.buf);
  if (typeof line === 'number') return line;
  // The interpreter could not open "/dev/fd/N": the descriptor will be closed by then.
  if (bprm.path_inaccessible) return -ENOENT;

  // argv becomes: interpreter, its argument, the script's name, what was given after argv[0].
  bprm.argv.shift();
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
