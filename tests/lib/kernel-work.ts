/*
 * tests/lib/kernel-work.ts - what random programs do at EL1, as an unmodified Linux does on this board
 *
 * Manual: Arm ARM, "AArch64 System Register Descriptions"; "A64 System instructions"; "VMSAv8-64 descriptor formats"
 *
 * At EL0 most of it is an exception.
 */
import { assembleAll } from './asm.ts';
import {
  CODE,
  CODE_AGAIN,
  HIGH,
  VECTORS,
  randomAddress,
  randomEntry,
  randomPointer,
  rootOf,
} from './kernel-layout.ts';
import { MAIR, SCTLR, TCR } from './kernel-pieces.ts';
import type { Random } from './random-insn.ts';
import { movz } from './random-program.ts';

type Operand = (random: Random) => bigint;

const oneOf =
  (...values: readonly bigint[]): Operand =>
  (random) =>
    random.pick(values);
/** `base` with some of the bits changed, seldom many. */
const changed =
  (base: bigint, ...bits: readonly number[]): Operand =>
  (random) =>
    bits.reduce(
      (value, bit) => (random.below(bits.length) === 0 ? value ^ (1n << BigInt(bit)) : value),
      base,
    );
const below =
  (limit: number): Operand =>
  (random) =>
    BigInt(random.below(limit));
const anything: Operand = (random) => random.dword();

/** More address spaces than the TLB has banks for, of which some are common. */
const ASIDS = 11;
const randomAsid = (random: Random): bigint =>
  BigInt(random.below(4) ? random.below(2) : random.below(ASIDS)) << 48n;

const root: Operand = (random) => randomAsid(random) | BigInt(rootOf(random.below(3) === 0 ? 1 : 0));
/** The operand of TLBI: a page, and an ASID. */
const page: Operand = (random) => BigInt.asUintN(44, randomAddress(random) >> 12n) | randomAsid(random);
const address: Operand = randomAddress;
const pointer: Operand = randomPointer;
/** SPSR_EL1: mostly a state that exists. */
const mode: Operand = (random) =>
  (BigInt(random.below(16)) << 28n) |
  random.pick([0n, 0n, 0x5n, 0x5n, 0x4n, 0x5n, 0xdn, 0x1n]) |
  random.pick([0n, 0n, 0x80n, 0x3c0n, 0x200n]) |
  (random.below(3) ? 0n : 1n << 21n) |
  (random.below(20) ? 0n : 1n << 20n);

const TLBI = ['vmalle1', 'vae1', 'vaae1', 'aside1', 'vale1', 'vaale1'].flatMap((op) => [op, `${op}is`]);
const tlbi = (op: string): string =>
  `dsb ish; tlbi ${op.startsWith('vmalle1') ? op : `${op}, x17`}; dsb ish; isb`;
/** Registers that are read: into one after the other of those that are anybody's. */
const READ = `
  currentel spsel daif isr_el1 cntvct_el0 cntpct_el0 cntv_ctl_el0 cntv_tval_el0 sctlr_el1 tcr_el1
  ttbr0_el1 esr_el1 far_el1 elr_el1 spsr_el1 par_el1 mdscr_el1 sp_el0 vbar_el1 ctr_el0 dczid_el0
  id_aa64mmfr1_el1 oslsr_el1 dbgbcr0_el1 cntkctl_el1 contextidr_el1
`;

/** An instruction or some, with x17 to be set before. */
type Row = readonly [assembly: string, x17?: Operand];

// biome-ignore format: columns teach
const WORK: readonly Row[] = [
  ...TLBI.map((op): Row => [tlbi(op), page]),
  ...['s1e0r', 's1e0w', 's1e1r', 's1e1w'].map((op): Row => [`at ${op}, x17; isb; mrs x5, par_el1`, address]),
  ...['civac', 'cvau', 'cvac', 'ivac', 'cvap', 'zva'].map((op): Row => [`dc ${op}, x17`, address]),
  ['dc cisw, x17', anything],
  ['ic ivau, x17', address],
  ['ic iallu'],
  ['ic ialluis'],
  ...READ.trim().split(/\s+/).map((name, i): Row => [`mrs x${i % 16}, ${name}`]),

  // The same program elsewhere, other data
  [`adr x18, 1f; eor x18, x18, #${CODE ^ CODE_AGAIN}; br x18; 1:`],
  [`adr x18, 1f; eor x18, x18, #${HIGH}; br x18; 1:`],
  ...[19, 20, 21, 22, 23].map((n): Row => [`mov x${n}, x17`, pointer]),

  // Translation
  ['msr ttbr0_el1, x17; isb', root],
  ['msr ttbr0_el1, x17; isb', root],
  ['msr ttbr0_el1, x17', root],
  ['msr ttbr1_el1, x17; isb', root],
  ['msr tcr_el1, x17; isb', changed(TCR, 37, 38, 22, 36)], //        TBI0, TBI1, A1, AS
  ['msr tcr_el1, x17; isb', changed(TCR, 0, 7, 34, 37, 38, 22, 36)], // T0SZ, EPD0, IPS as well
  ['msr mair_el1, x17; isb', oneOf(MAIR, MAIR, 0x0004_ffffn, 0xff_00ffn)],
  ['msr sctlr_el1, x17; isb', changed(SCTLR, 3, 4, 9, 14, 15, 16, 18, 19, 26)],
  ['msr sctlr_el1, x17', changed(SCTLR, 1, 3, 4, 9, 14, 15, 16, 18, 19, 26)],
  ['msr contextidr_el1, x17', below(4)],

  // The processor's state
  ['msr daifset, #2'],
  ['msr daifclr, #2'],
  ['msr daifclr, #15'],
  ['msr daifset, #15'],
  ['msr daif, x17', oneOf(0n, 0x80n, 0x200n, 0x3c0n, 0x40n)],
  ['msr spsel, #0'],
  ['msr spsel, #1'],
  ['msr spsel, x17', below(2)],
  ['msr sp_el0, x17', pointer],
  ['mov sp, x17', pointer],
  ['mov sp, x17', pointer],
  ['msr cpacr_el1, x17; isb', oneOf(0n, 1n << 20n, 3n << 20n, 2n << 20n)],
  ['msr tpidr_el0, x17', anything],
  ['msr tpidrro_el0, x17', anything],
  ['msr tpidr_el1, x17', anything],
  ['msr par_el1, x17', anything],
  ['msr csselr_el1, x17', anything],
  ['msr amair_el1, x17; msr actlr_el1, x17; msr afsr0_el1, x17', anything],

  // Exceptions
  ['msr vbar_el1, x17; isb', oneOf(...VECTORS)],
  ['msr elr_el1, x17', address],
  ['msr spsr_el1, x17', mode],
  ['msr esr_el1, x17; msr far_el1, x17', anything],
  ['svc #2'],
  ['wfi'],
  ['sev; wfe'],
  ['hvc #0'],

  // Debug
  ['msr mdscr_el1, x17; isb', oneOf(0n, 1n, 0xa000n, 0xa001n, 0x8000n, 0x2001n)],
  ['msr oslar_el1, x17', below(2)],
  ['msr dbgbvr0_el1, x17', address],
  ['msr dbgbcr0_el1, x17; isb', oneOf(0x1e3n, 0x1e5n, 0x1e7n, 0x0015_01e7n, 0n)],
  ['msr dbgbvr5_el1, x17', below(4)],
  ['msr dbgbcr5_el1, x17', oneOf(0x0030_01e7n, 0x0020_01e5n, 0n)],
  ['msr dbgwvr0_el1, x17', (random) => pointer(random) & ~7n],
  ['msr dbgwcr0_el1, x17; isb', oneOf(0x1fffn, 0x1ffdn, 0x1ff3n, 0x0700_1fffn, 0n)],

  // Timers
  ['msr cntv_tval_el0, x17', below(400)],
  ['msr cntp_tval_el0, x17', below(400)],
  ['msr cntv_ctl_el0, x17', below(4)],
  ['msr cntp_ctl_el0, x17', below(4)],
  ['msr cntkctl_el1, x17', oneOf(0x303n, 0n, 0x102n)],
];

/** What a handler does not do: it would not come back. */
const LEAVES = /svc|wfi|br x/;

/** To another level, or stack pointer, or state. */
const LEAVE: readonly Row[] = [
  ['svc #1'],
  ['svc #1'],
  ['msr daifset, #15; adr x18, 1f; msr elr_el1, x18; msr spsr_el1, x17; eret; 1:', oneOf(0n, 5n)],
  ['msr daifset, #15; adr x18, 1f; msr elr_el1, x18; msr spsr_el1, x17; eret; 1:', mode],
  ['adr x18, 1f; msr elr_el1, x18; msr spsr_el1, x17; eret; 1:', mode],
];

/* Of an entry: AttrIndx, AP, AF, nG, two bits of the address, PXN, UXN, valid. */
const ENTRY_BITS = [2, 6, 6, 7, 7, 10, 11, 11, 12, 13, 53, 53, 54, 54, 0];
const change = (bit: number): string => `ldr x17, [x18]; eor x17, x17, #${1n << BigInt(bit)}; str x17, [x18]`;
/** To the entry at x18. */
const CHANGES: readonly string[] = [
  ...ENTRY_BITS.map(change),
  'ldp x0, x17, [x18]; stp x17, x0, [x18]',
  'ldp x0, x17, [x18]; stp x17, x0, [x18]',
];

/* ---- Words ---- */

/** All of it as machine code. */
export class Work {
  private readonly work: readonly number[][];
  private readonly changes: readonly number[][];
  private readonly leave: readonly number[][];

  constructor() {
    const texts = [WORK.map(([text]) => text), CHANGES, LEAVE.map(([text]) => text)];
    const words: Record<string, number[]> = assembleAll(Object.fromEntries(texts.flat().entries()));
    let at = 0;
    const next = (list: readonly string[]) => list.map(() => words[at++]!);
    [this.work, this.changes, this.leave] = texts.map(next) as [number[][], number[][], number[][]];
  }

  /** `mayLeave`: also what leads elsewhere. */
  something(random: Random, mayLeave = true): number[] {
    const i = random.below(WORK.length);
    if (!mayLeave && LEAVES.test(WORK[i]![0])) return [];
    return [...set(random, WORK[i]!), ...this.work[i]!];
  }

  leaveLevel(random: Random): number[] {
    const i = random.below(LEAVE.length);
    return [...set(random, LEAVE[i]!), ...this.leave[i]!];
  }

  /** Changes an entry; then tells the TLB, or does not, or tells it something else. */
  changeTable(random: Random): number[] {
    const { at, va } = randomEntry(random);
    const words = [...load(18, BigInt(at) | (random.below(2) ? HIGH : 0n)), ...random.pick(this.changes)];
    if (random.below(8) === 0) return words;
    return [
      ...words,
      ...load(17, (BigInt(va) >> 12n) | randomAsid(random)),
      ...this.work[random.below(TLBI.length)]!,
    ];
  }
}

const set = (random: Random, [, x17]: Row): number[] => (x17 ? load(17, x17(random)) : []);

/** MOVZ and as many MOVK as it takes. */
export function load(d: number, value: bigint): number[] {
  const parts = [0, 1, 2, 3].map((at) => Number((value >> BigInt(16 * at)) & 0xffffn));
  const movk = (part: number, at: number) => (0xf280_0000 | (at << 21) | (part << 5) | d) >>> 0;
  return [movz(d, parts[0]!), ...parts.slice(1).flatMap((part, i) => (part ? [movk(part, i + 1)] : []))];
}
