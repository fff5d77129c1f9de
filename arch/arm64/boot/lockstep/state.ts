/*
 * arch/arm64/boot/lockstep/state.ts - what of a CPU is compared, and how it is written down
 *
 * Absent: what has no meaning outside run(): operands of lazy flags, the budget, the TLB, the bounce buffer
 */

import type { Cpu } from '../../../../board/cpu/cpu.ts';
import { STATE } from '../../../../board/cpu/state.ts';
import { SYSTEM_REGISTERS } from '../../../../board/cpu/sysreg.ts';

/** The CPU when run() returned: why, at which instruction count, and with what in its registers. */
export interface Snapshot {
  readonly vector: number;
  readonly clock: number;
  readonly pstate: number;
  /** STATE, as far as the bounce buffer. */
  readonly bytes: Buffer;
}

const STATE_BYTES = STATE.BOUNCE;

/** The parts of STATE that both engines must agree on. */
const RANGES: readonly (readonly [from: number, to: number])[] = [
  [STATE.X, STATE.FLAG_A],
  [STATE.NZCV, STATE.BUDGET],
  [STATE.EL, STATE.SP_CHECK],
  [STATE.V, STATE.BOUNCE],
];

type Field = readonly [name: string, offset: number, bytes: 4 | 8 | 16];

const numbered = (prefix: string, count: number, from: number, bytes: 8 | 16): Field[] =>
  Array.from({ length: count }, (_, n) => [`${prefix}${n}`, from + bytes * n, bytes]);

/** By the names that people know. */
const FIELDS: readonly Field[] = [
  ...numbered('x', 31, STATE.X, 8),
  ['sp', STATE.SP, 8],
  ['pc', STATE.PC, 8],
  ['nzcv', STATE.NZCV, 4],
  ['el', STATE.EL, 4],
  ['tpidr_el0', STATE.TPIDR_EL0, 8],
  ['tpidrro_el0', STATE.TPIDRRO_EL0, 8],
  ['fpcr', STATE.FPCR, 4],
  ['fpsr', STATE.FPSR, 4],
  ['monitor', STATE.EXCLUSIVE, 4],
  ['monitor_pa', STATE.EXCLUSIVE_PA, 8],
  ['monitor_lo', STATE.EXCLUSIVE_LO, 8],
  ['monitor_hi', STATE.EXCLUSIVE_HI, 8],
  ...numbered('v', 32, STATE.V, 16),
];

/** Read in any case; the others are worth a line only where they differ. */
const ALWAYS = /^(x\d+|sp|pc|nzcv)$/;

export interface Line {
  readonly name: string;
  readonly values: readonly string[];
  /** The last two values are not the same. */
  readonly differs: boolean;
}

const liveBytes = (cpu: Cpu): Buffer => Buffer.from(cpu.regs.words.buffer, 0, STATE_BYTES);

/** run() just returned `vector`. */
export function snapshot(cpu: Cpu, vector: number): Snapshot {
  return { vector, clock: cpu.clock.now, pstate: cpu.regs.pstate, bytes: Buffer.from(liveBytes(cpu)) };
}

function sameBytes(a: Buffer, at: number, b: Buffer): boolean {
  for (const [from, to] of RANGES) if (a.compare(b, from, to, at + from, at + to) !== 0) return false;
  return true;
}

export const sameState = (a: Cpu, b: Cpu): boolean =>
  a.clock.now === b.clock.now && a.regs.pstate === b.regs.pstate && sameBytes(liveBytes(a), 0, liveBytes(b));

/** Registers of several snapshots side by side; the last two are those that should be equal. */
export function sideBySide(snapshots: readonly Snapshot[]): Line[] {
  const rows = [
    row('clock', snapshots, ({ clock }) => String(clock)),
    row('vector', snapshots, ({ vector }) => hex(BigInt(vector))),
    row('pstate', snapshots, ({ pstate }) => hex(BigInt(pstate >>> 0))),
    ...FIELDS.map((field) => row(field[0], snapshots, ({ bytes }) => hex(fieldValue(bytes, field)))),
  ];
  return rows.filter(({ name, differs }) => differs || ALWAYS.test(name));
}

function row(name: string, snapshots: readonly Snapshot[], text: (one: Snapshot) => string): Line {
  const values = snapshots.map(text);
  return { name, values, differs: values.at(-1) !== values.at(-2) };
}

function fieldValue(bytes: Buffer, [, at, size]: Field): bigint {
  if (size === 4) return BigInt(bytes.readUInt32LE(at));
  const low = bytes.readBigUInt64LE(at);
  return size === 8 ? low : (bytes.readBigUInt64LE(at + 8) << 64n) | low;
}

/** System registers with a place in STATE whose values differ. Reading those of devices could change them. */
export function systemRegisters(a: Cpu, b: Cpu): Line[] {
  return SYSTEM_REGISTERS.filter(({ 8: [storage] }) => storage === 'slot')
    .map(([name]) => {
      const values = [a, b].map((cpu) => hex(systemRegister(cpu, name)));
      return { name: name.toLowerCase(), values, differs: values[0] !== values[1] };
    })
    .filter(({ differs }) => differs);
}

function systemRegister(cpu: Cpu, name: string): bigint {
  const [low, high] = [0, 1].map((half) => BigInt(cpu.readSysregHalf(name, half as 0 | 1)));
  return (high! << 32n) | low!;
}

const hex = (value: bigint): string => (value < 0n ? String(value) : `0x${value.toString(16)}`);

/** The states in which one machine's run() returned, for the other to be compared with. */
export class StateLog {
  length = 0;
  private bytes = Buffer.alloc(64 * STATE_BYTES);
  private readonly vectors: number[] = [];
  private readonly clocks: number[] = [];
  private readonly pstates: number[] = [];

  clear(): void {
    this.length = 0;
  }

  append(cpu: Cpu, vector: number): void {
    const at = this.length * STATE_BYTES;
    if (at === this.bytes.length) this.bytes = Buffer.concat([this.bytes], 2 * at);
    liveBytes(cpu).copy(this.bytes, at);
    this.vectors[this.length] = vector;
    this.clocks[this.length] = cpu.clock.now;
    this.pstates[this.length] = cpu.regs.pstate;
    this.length++;
  }

  /** Whether the entry is what `cpu` shows after its run() returned `vector`. */
  holds(index: number, cpu: Cpu, vector: number): boolean {
    return (
      this.vectors[index] === vector &&
      this.clocks[index] === cpu.clock.now &&
      this.pstates[index] === cpu.regs.pstate &&
      sameBytes(this.bytes, index * STATE_BYTES, liveBytes(cpu))
    );
  }

  at(index: number): Snapshot {
    const from = index * STATE_BYTES;
    return {
      vector: this.vectors[index]!,
      clock: this.clocks[index]!,
      pstate: this.pstates[index]!,
      bytes: Buffer.from(this.bytes.subarray(from, from + STATE_BYTES)),
    };
  }
}
