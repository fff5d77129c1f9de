/*
 * kernel/init/params.ts - the kernel's command line
 *
 * Linux:   kernel/params.c, init/main.c (parse_args, unknown_bootoption)
 * Manual:  Documentation/admin-guide/kernel-parameters.rst
 * Differs: one list of the words that mean something here, instead of __setup() all over the tree
 */

import type { Kernel } from '../kernel.ts';

/** Words that the kernel reads; every other one is for init. */
// biome-ignore format: columns teach
const KERNEL_PARAMETERS: ReadonlyMap<string, string> = new Map([
  ['audit',           '0: nothing is recorded, not even what seccomp does'],
  ['console',         'which console to write to: there is one, ttyAMA0'],
  ['debug',           'log everything to the console'],
  ['earlycon',        'accepted: the log is kept until the console is there, and lost never'],
  ['hostname',        'sets the host name'],
  ['ignore_loglevel', 'log everything to the console'],
  ['init',            'the program to run as PID 1'],
  ['loglevel',        'log to the console what is more important than this'],
  ['norandmaps',      'no address space randomisation'],
  ['panic',           'accepted: the machine stops at a panic, and its owner reports it'],
  ['quiet',           'log to the console only what is serious'],
  ['rdinit',          'the program to run as PID 1 if it is in the initramfs, instead of /init'],
  ['ro',              'accepted: the root is the initramfs'],
  ['root',            'accepted: the root is the initramfs'],
  ['rw',              'accepted: the root is the initramfs'],
  ['rseq_debug',      'checks the critical sections of restartable sequences, and finds system calls in them'],
  ['sched_seed',      'ours: makes time slices random, reproducibly, to find races'],
  ['syscall_user_dispatch', 'ours: 0 is the kernel without it, as arm64 is today'],
  ['vdso_sigreturn',  "ours: match lets the vDSO's sigreturn through when system calls are dispatched, false does not"],
]);

export interface BootParam {
  readonly name: string;
  /** null: the word had no "=". */
  readonly value: string | null;
}

/** Words are separated by blanks; double quotes keep a value, or a whole word, together. */
export function next_args(line: string): BootParam[] {
  const words = line.match(/(?:[^\s"]|"[^"]*"?)+/g) ?? [];
  return words.map((word) => {
    const text = word.replaceAll('"', '');
    const equals = text.indexOf('=');
    return equals < 0
      ? { name: text, value: null }
      : { name: text.slice(0, equals), value: text.slice(equals + 1) };
  });
}

/** Fills kernel.params, and what init gets: words behind "--" and those that nobody here knows. */
export function parse_args(kernel: Kernel): void {
  const words = next_args(kernel.command_line);
  const end = words.findIndex(({ name, value }) => name === '--' && value === null);
  for (const word of end < 0 ? words : words.slice(0, end)) parse_one(kernel, word);
  print_unknown_bootoptions(kernel);
  if (end >= 0) for (const word of words.slice(end + 1)) kernel.init_args.push(asText(word));
}

/** A word misspelt is a word for init: say so. */
function print_unknown_bootoptions({ printk, init_args, init_env }: Kernel): void {
  const unknown = [...init_args, ...init_env.slice(OWN_ENVIRONMENT)];
  if (unknown.length === 0) return;
  printk.notice(
    `Unknown kernel command line parameters "${unknown.join(' ')}", will be passed to user space.`,
  );
}

/** HOME= and TERM= are always there. */
const OWN_ENVIRONMENT = 2;

/** Linux: unknown_bootoption() for the second half. Names with a dot are for modules, which there are none of. */
function parse_one(kernel: Kernel, word: BootParam): void {
  const { name, value } = word;
  kernel.params.set(name, value ?? '');
  // "init=" starts over: what was collected before was for another init.
  if (name === 'init' || name === 'rdinit') kernel.init_args.length = 0;
  if (KERNEL_PARAMETERS.has(name) || name.includes('.')) return;
  if (value === null) kernel.init_args.push(name);
  else putenv(kernel.init_env, name, value);
}

/** A name given twice counts as it was given last: that is how TERM= replaces ours. */
function putenv(env: string[], name: string, value: string): void {
  const at = env.findIndex((entry) => entry.startsWith(`${name}=`));
  if (at >= 0) env[at] = `${name}=${value}`;
  else env.push(`${name}=${value}`);
}

const asText = ({ name, value }: BootParam): string => (value === null ? name : `${name}=${value}`);
