/*
 * kernel/syscalls/define.ts - a system call is declared once
 *
 * Linux:   include/linux/syscalls.h (SYSCALL_DEFINE0..6)
 * Differs: the argument types decode, check and print; --strace is built from the same declaration and cannot be out of date
 */

import { TIF_TAGGED_ADDR, type Task } from '../include/linux/sched.ts';
import { NOT_USER, type UserPtr } from '../include/linux/types.ts';
import { get_unaligned_le32 } from '../lib/bytes.ts';
import type { MaySleep } from '../sched/wait.ts';

/** What a handler returns: a result or -errno; bigint only where 64 bits are the result (a register's content). */
export type SysRet = number | bigint;

/**
 * How one argument is read from its register and printed. `words` are pairs of 32-bit halves. `tagged`: the task may put
 * something into the top byte of a pointer.
 */
export interface ArgType<T> {
  decode(words: Uint32Array, index: number, tagged?: boolean): T;
  /** strace's view. `task` to read what a pointer points at, `words` to see a neighbour that holds its length. */
  format(value: T, task: Task, words: Uint32Array, index: number, ret: number): string;
  /** The call writes there: printed when it returns, with its result in `ret`. */
  readonly out?: true;
  /** What it is in C, for the event's format file; absent: unsigned long. */
  readonly ctype?: string;
}

export type ArgTypes = Readonly<Record<string, ArgType<unknown>>>;
type Args<A extends ArgTypes> = { [K in keyof A]: A[K] extends ArgType<infer T> ? T : never };

export interface Syscall {
  readonly name: string;
  readonly argNames: readonly string[];
  readonly argTypes: readonly ArgType<unknown>[];
  /** Decodes the arguments from the registers as they are now, and runs. */
  call(task: Task, words: Uint32Array): MaySleep<SysRet>;
}

type Handler<A extends ArgTypes> = (task: Task, args: Args<A>) => MaySleep<SysRet>;

/** `SYSCALL_DEFINE('read', { fd: int, buf: ptr, count: size }, function* (task, { fd, buf, count }) {...})` */
export function SYSCALL_DEFINE<const A extends ArgTypes>(
  name: string,
  types: A,
  handler: Handler<A>,
): Syscall {
  const argNames = Object.keys(types);
  const argTypes = Object.values(types);
  const decoders = argTypes.map((type) => type.decode);
  return {
    name,
    argNames,
    argTypes,
    call: (task, words) =>
      handler(task, decode_args(argNames, decoders, words, tagged_addr_enabled(task)) as Args<A>),
  };
}

function decode_args(
  names: readonly string[],
  decoders: readonly ArgType<unknown>['decode'][],
  words: Uint32Array,
  tagged: boolean,
): object {
  const args: Record<string, unknown> = {};
  for (let i = 0; i < names.length; i++) args[names[i]!] = decoders[i]!(words, i, tagged);
  return args;
}

/** An argument's 64 bits as a number: unsigned; rounded above 2^53, which no length, flag word or address reaches. */
const unsigned64 = (words: Uint32Array, i: number): number => words[2 * i + 1]! * 2 ** 32 + words[2 * i]!;
const signed64 = (words: Uint32Array, i: number): number => (words[2 * i + 1]! | 0) * 2 ** 32 + words[2 * i]!;

const decimal = (value: number): string => String(value);
export const hex = (value: number | bigint): string => (value === 0 ? '0' : `0x${value.toString(16)}`);

/** A C int: the low half, signed. */
export const int: ArgType<number> = {
  decode: (words, i) => words[2 * i]! | 0,
  format: decimal,
  ctype: 'int',
};
/** An unsigned int. */
export const uint: ArgType<number> = {
  decode: (words, i) => words[2 * i]!,
  format: decimal,
  ctype: 'unsigned int',
};
/** An unsigned int that is a set of bits. */
export const flags: ArgType<number> = {
  decode: (words, i) => words[2 * i]!,
  format: hex,
  ctype: 'unsigned int',
};
/** mode_t and the like. */
export const octal: ArgType<number> = {
  decode: (words, i) => words[2 * i]!,
  format: (v) => `0${v.toString(8)}`,
  ctype: 'umode_t',
};
/** size_t, unsigned long: a count. */
export const size: ArgType<number> = { decode: unsigned64, format: decimal, ctype: 'size_t' };
/** long, loff_t. */
export const long: ArgType<number> = { decode: signed64, format: decimal, ctype: 'long' };
/** An unsigned long that is an address or a word of flags, but not one uaccess follows (mmap's hint). Tags are kept. */
export const ulong: ArgType<number> = { decode: unsigned64, format: hex };
/** A register's content, untouched. */
export const reg64: ArgType<bigint> = {
  decode: (words, i) => new BigUint64Array(words.buffer, words.byteOffset + 8 * i, 1)[0]!,
  format: hex,
};

/** Has the thread asked for it (PR_SET_TAGGED_ADDR_CTRL)? */
const tagged_addr_enabled = (task: Task): boolean => (task.thread_info.flags & TIF_TAGGED_ADDR) !== 0;

/** A pointer into user space. */
export const ptr: ArgType<UserPtr> = {
  decode: user_ptr,
  format: (v) => (v === 0 ? 'NULL' : hex(v)),
  ctype: 'void *',
};

/**
 * The one place where a register becomes an address. What is not one of user space becomes NOT_USER, and faults like any bad
 * pointer; so does one with a tag, which the processor would ignore (TBI), unless tags are allowed.
 */
export function user_ptr(words: Uint32Array, i: number, tagged = false): UserPtr {
  const high = tagged ? words[2 * i + 1]! & 0x00ff_ffff : words[2 * i + 1]!;
  return (high < 0x1_0000 ? high * 2 ** 32 + words[2 * i]! : NOT_USER) as UserPtr;
}

/** Linux: untagged_addr(). For what is said about memory, not through it: whoever says it, the tag does not count. */
export const untagged_ptr = (words: Uint32Array, i: number): UserPtr => user_ptr(words, i, true);

/** A pointer that is not in a register but in memory: `bytes` at `offset`. */
export function pointer_in(task: Task, bytes: Uint8Array, offset: number): UserPtr {
  const words = Uint32Array.of(get_unaligned_le32(bytes, offset), get_unaligned_le32(bytes, offset + 4));
  return user_ptr(words, 0, tagged_addr_enabled(task));
}

/** Where a mapping is. */
export const mapping: ArgType<UserPtr> = { decode: untagged_ptr, format: ptr.format };

/** A pointer to a NUL-terminated string, printed as that string. */
export const path: ArgType<UserPtr> = { decode: user_ptr, format: format_path, ctype: 'const char *' };

/** strace's "..." after this many bytes. */
const STRING_LIMIT = 32;

function format_path(value: UserPtr, task: Task): string {
  if (value === 0) return 'NULL';
  const bytes: number[] = [];
  const byte = new Uint8Array(1);
  for (let at: number = value; bytes.length < 4096; at++) {
    if (!task.mm || task.kernel.arch.copy_from_user(task.mm, byte, at as UserPtr)) return hex(value);
    if (byte[0] === 0) return quote(bytes, false);
    bytes.push(byte[0]!);
  }
  return quote(bytes, true);
}

/** Characters that have an escape of their own, and the letters of those escapes. */
const ESCAPED = '\t\n\v\f\r"\\';
const ESCAPES = 'tnvfr"\\';

/** Bytes as strace prints them. */
export function quote(bytes: ArrayLike<number>, more: boolean): string {
  let text = '';
  for (let i = 0; i < bytes.length; i++) {
    text += quote_byte(bytes[i]!, bytes[i + 1]);
  }
  return `"${text}"${more ? '...' : ''}`;
}

function quote_byte(byte: number, next: number | undefined): string {
  const char = String.fromCharCode(byte);
  const known = ESCAPED.indexOf(char);
  if (known >= 0) return `\\${ESCAPES[known]}`;
  return byte >= 0x20 && byte < 0x7f ? char : octal_escape(byte, next);
}

const octal_escape = (byte: number, next: number | undefined): string => {
  const digit = next !== undefined && next >= 0x30 && next <= 0x37;
  return `\\${byte.toString(8).padStart(digit ? 3 : 1, '0')}`;
};

/** A NULL-terminated array of strings, printed as such. */
export const strings: ArgType<UserPtr> = {
  decode: user_ptr,
  format: (v, task) => (v === 0 ? 'NULL' : format_strings(v, task)),
};

/** An environment: strace counts it, as nobody wants to read it every time. */
export const environ: ArgType<UserPtr> = {
  decode: user_ptr,
  format: (v, task) => (v === 0 ? 'NULL' : `${hex(v)} /* ${pointers(v, task).length} vars */`),
};

/** strace's "..." after this many strings. */
const ARRAY_LIMIT = 32;

function format_strings(at: UserPtr, task: Task): string {
  const all = pointers(at, task);
  const shown = all.slice(0, ARRAY_LIMIT).map((pointer) => format_path(pointer, task));
  return `[${shown.join(', ')}${all.length > ARRAY_LIMIT ? ', ...' : ''}]`;
}

/** The elements before the NULL, or before the first that cannot be read. */
function pointers(at: UserPtr, task: Task): UserPtr[] {
  const found: UserPtr[] = [];
  const words = new Uint32Array(2);
  for (let from: number = at; found.length < 4096; from += 8) {
    if (!task.mm || task.kernel.arch.copy_from_user(task.mm, new Uint8Array(words.buffer), from as UserPtr))
      break;
    if (!words[0] && !words[1]) break;
    found.push(user_ptr(words, 0));
  }
  return found;
}

/** Bytes that the call reads; its length is the next argument. */
export const inbuf: ArgType<UserPtr> = {
  decode: user_ptr,
  format: (v, task, words, i) => (v === 0 ? 'NULL' : format_buffer(task, v, unsigned64(words, i + 1))),
  ctype: 'const char *',
};

/** Bytes that the call writes; its result is how many. */
export const outbuf: ArgType<UserPtr> = {
  decode: user_ptr,
  format: (v, task, _words, _i, ret) =>
    ret < 0 || v === 0 ? ptr.format(v, task, _words, _i, ret) : format_buffer(task, v, ret),
  out: true,
  ctype: 'char *',
};

/** A structure that the call fills in. */
export const outptr: ArgType<UserPtr> = { ...ptr, out: true };

/** AT_FDCWD or a descriptor. */
export const dirfd: ArgType<number> = {
  decode: int.decode,
  format: (v) => (v === -100 ? 'AT_FDCWD' : String(v)),
  ctype: 'int',
};

type Names = Readonly<Record<string, number>>;

/** One of a list of names: `enumeration({ SEEK_SET: 0, ... })`. */
export const enumeration = (names: Names): ArgType<number> => {
  const byValue = new Map(Object.entries(names).map(([name, value]) => [value, name]));
  return { decode: int.decode, format: (v) => byValue.get(v) ?? hex(v >>> 0), ctype: 'int' };
};

/** An or of names; `zero` is what no bit at all is called. */
export const bits = (names: Names, zero = '0'): ArgType<number> => ({
  decode: flags.decode,
  format: (v) => {
    const parts: string[] = [];
    let rest = v;
    for (const [name, bit] of Object.entries(names)) {
      if (bit === 0 || (rest & bit) >>> 0 !== bit) continue;
      parts.push(name);
      rest &= ~bit;
    }
    if (rest) parts.push(hex(rest >>> 0));
    return parts.length ? parts.join('|') : zero;
  },
  ctype: 'int',
});

/** The first bytes of user memory as strace shows data; the address when unreadable. */
function format_buffer(task: Task, at: UserPtr, length: number): string {
  const bytes = new Uint8Array(Math.min(length, STRING_LIMIT));
  if (!task.mm || task.kernel.arch.copy_from_user(task.mm, bytes, at)) return hex(at);
  return quote(bytes, length > STRING_LIMIT);
}
