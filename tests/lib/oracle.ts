/*
 * tests/lib/oracle.ts - what qemu-aarch64 says of single instructions
 *
 * The other half is tests/cpu/oracle.c; the layout of cases and results must agree with it.
 */
import { spawnSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** Where code slots and data lie, for QEMU and for the board alike. */
export const CODE = 0x1000_0000;
export const DATA = 0x2000_0000;
export const DATA_SIZE = 0x4_0000;
export const SLOT_WORDS = 32;
export const SLOT_BYTES = 4 * SLOT_WORDS;
export const INSN_WORD = 8;
export const MAX_CASES = 4096;
const MAX_CHANGES = 16;

/** Everything an instruction can see, as 64-bit words: x0..x30, sp, pc, nzcv, fpcr, fpsr, then v0..v31 in halves. */
export const STATE_WORDS = 100;
export const WORD = { SP: 31, PC: 32, NZCV: 33, FPCR: 34, FPSR: 35, V: 36 } as const;

export interface Case {
  readonly insn: number;
  readonly state: BigUint64Array;
  /** Compare the data region afterwards. */
  readonly touchesMemory: boolean;
}

export interface Outcome {
  readonly state: BigUint64Array;
  /** A Linux signal number, or 0. */
  readonly signal: number;
  /** Changed 64-bit words of the data region by index. */
  readonly changes: ReadonlyMap<number, bigint>;
}

const CASE_BYTES = SLOT_BYTES + 8 * STATE_WORDS + 8;
const RESULT_WORDS = STATE_WORDS + 3 + 2 * MAX_CHANGES;

/** The words of a slot: a jump to the instruction, which stands in the middle, and data; x30 is loaded first. */
export function slotImage(one: Case): Uint32Array {
  const slot = new Uint32Array(SLOT_WORDS);
  slot[0] = 0x58000000 | (30 << 5) | 30; // ldr x30, word 30
  slot[1] = 0x14000000 | (INSN_WORD - 1);
  slot[INSN_WORD] = one.insn;
  for (let i = 16; i < 30; i++) slot[i] = Math.imul(i, 0x9e3779b1);
  const x30 = one.state[30]!;
  slot[30] = Number(x30 & 0xffff_ffffn);
  slot[31] = Number(x30 >> 32n);
  return slot;
}

/** The initial contents of the data region. */
export function pristineData(): BigUint64Array {
  const data = new BigUint64Array(DATA_SIZE / 8);
  for (let i = 0; i < data.length; i++) data[i] = BigInt(i + 1) * 0x9e37_79b9_7f4a_7c15n;
  return data;
}

const QEMU = ['qemu-aarch64-static', 'qemu-aarch64'];
const PROGRAM = 'build/oracle';
const SOURCES = ['tests/cpu/oracle.c', 'tests/cpu/oracle.S'];
const FLAGS = ['-O2', '-nostdlib', '-static', '-ffreestanding', '-fno-builtin', ...SOURCES, '-o', PROGRAM];
const GCC = ['aarch64-linux-gnu-gcc', '-mgeneral-regs-only', '-Wl,-Ttext=0xf000000', ...FLAGS];
const ZIG = [
  'node_modules/.bin/zig',
  'cc',
  '-target',
  'aarch64-linux-none',
  '-Wl,--image-base=0xf000000',
  ...FLAGS,
];

export interface Oracle {
  /** At most MAX_CASES at a time. */
  ask(cases: readonly Case[]): Outcome[];
}

/** Everything that QEMU has, but for the extensions that the board leaves out. */
export const CPU_MAX = 'max,sve=off,sme=off,pauth=off';
/** A CPU that has less than the board. */
export const CPU_LESS = 'cortex-a76';

/** QEMU with the oracle program in it; undefined when there is no QEMU here. */
export function findOracle(cpu = CPU_MAX): Oracle | undefined {
  const qemu = QEMU.find((name) => spawnSync(name, ['--version']).status === 0);
  if (!qemu || !compile()) return undefined;
  return { ask: (cases) => ask([qemu, '-cpu', cpu, PROGRAM], cases) };
}

function compile(): boolean {
  mkdirSync('build', { recursive: true });
  if (existsSync(PROGRAM) && SOURCES.every((file) => statSync(file).mtimeMs < statSync(PROGRAM).mtimeMs))
    return true;
  return [GCC, ZIG].some(([command, ...args]) => spawnSync(command!, args).status === 0);
}

function ask([qemu, ...args]: string[], cases: readonly Case[]): Outcome[] {
  // A file, because a pipe from node may say "try again", and the program would believe that it has read all.
  const file = join(mkdtempSync(join(tmpdir(), 'oracle-')), 'cases');
  writeFileSync(file, pack(cases));
  const input = openSync(file, 'r');
  const run = spawnSync(qemu!, args, { stdio: [input, 'pipe', 'pipe'], maxBuffer: 2 ** 26 });
  closeSync(input);
  rmSync(dirname(file), { recursive: true });
  if (run.status !== 0 || run.stdout.length !== cases.length * RESULT_WORDS * 8) {
    throw new Error(
      `the oracle ended with ${run.status ?? run.signal} after ${run.stdout.length} bytes: ${run.stderr}`,
    );
  }
  const words = new BigUint64Array(new Uint8Array(run.stdout).buffer);
  return cases.map((_, i) => unpack(words.subarray(i * RESULT_WORDS, (i + 1) * RESULT_WORDS)));
}

function pack(cases: readonly Case[]): Uint8Array {
  const bytes = new Uint8Array(8 + cases.length * CASE_BYTES);
  new DataView(bytes.buffer).setUint32(0, cases.length, true);
  for (const [i, one] of cases.entries()) {
    const at = 8 + i * CASE_BYTES;
    bytes.set(new Uint8Array(slotImage(one).buffer), at);
    bytes.set(new Uint8Array(one.state.buffer, one.state.byteOffset, 8 * STATE_WORDS), at + SLOT_BYTES);
    bytes[at + CASE_BYTES - 8] = Number(one.touchesMemory);
  }
  return bytes;
}

function unpack(words: BigUint64Array): Outcome {
  const [signal = 0n, , changed = 0n] = words.subarray(STATE_WORDS);
  const changes = new Map<number, bigint>();
  for (let i = 0; i < Math.min(Number(changed), MAX_CHANGES); i++) {
    const at = STATE_WORDS + 3 + 2 * i;
    changes.set(Number(words[at]), words[at + 1]!);
  }
  return { state: words.subarray(0, STATE_WORDS), signal: Number(signal), changes };
}
