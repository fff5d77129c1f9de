/*
 * board/cpu/sysreg.ts - every system register and system instruction of this CPU, in one table
 *
 * Manual: Arm ARM, "AArch64 System Register Descriptions"; "A64 System Instruction Class Encoding Summary"
 * Guest:  <asm/sysreg.h> has the same names
 * Absent: what the ID registers below say is absent; an encoding without a row is Undefined
 *
 * A row says who may read and write (the least exception level), which SCTLR_EL1 bit lets EL0 in where software
 * decides that, and where the value is: a constant, a slot in the shared memory with its writable bits, or a hook:
 * the CPU's own (system.ts) or a device's. A hook that nobody has attached is a device that is not there.
 */

import type { SysregHook } from '../bus.ts';
import { BREAKPOINTS, WATCHPOINTS } from './debug.ts';
import { type Registers, SLOT } from './registers.ts';
import { STATE } from './state.ts';

type Storage =
  | readonly [kind: 'constant', lo: number, hi?: number]
  | readonly [kind: 'slot', writableLo: number, writableHi: number, fixedOnes?: number]
  | readonly [kind: 'hook'];

// biome-ignore format: the encoding is one thing
type Row = readonly [
  name: string,
  op0: number, op1: number, CRn: number, CRm: number, op2: number,
  read: Who, write: Who,
  storage: Storage,
  el0Bit?: number,
];

/** The least exception level that may; `-` nobody. */
type Who = 0 | 1 | '-';

const HOOK = ['hook'] as const;
const ZERO = ['constant', 0, 0] as const;
const FULL = ['slot', -1, -1] as const;
const WORD = ['slot', -1, 0] as const;

/* SCTLR_EL1 bits that open something to EL0; without them the access traps (EC 0x18). */
const UMA = 9;
const DZE = 14;
const UCT = 15;
const UCI = 26;

/*
 * What this CPU is. The implementer code 0 is the manual's "reserved for software use": a Cortex-A72's number would make
 * guests work around that chip's errata.
 */
const MIDR = 0x000f_0ee0;
/** L1 lines of 64 bytes, physically tagged; IDC and DIC: instruction fetch sees every store without maintenance. */
const CTR = 0xb444_c004;

/** SCTLR_EL1: M A SA SA0 UMA DZE UCT nTWI nTWE WXN UCI, and the C and I that have no cache to enable. */
const SCTLR_WRITABLE = 0x040d_d21f;
/** LSMAOE, nTLSMD, SPAN, EIS, TSCXT, EOS, SED, ITD: features that are absent read as one. */
const SCTLR_ONES = 0x30d0_0980;

// biome-ignore format: columns teach
export const SYSTEM_REGISTERS: readonly Row[] = [
  // Identification. ID_AA64*: 4 bits a feature, zero for none
  ['MIDR_EL1',         3, 0, 0, 0, 0, 1, '-', ['constant', MIDR]],
  ['MPIDR_EL1',        3, 0, 0, 0, 5, 1, '-', ['constant', 0x8000_0000]],
  ['REVIDR_EL1',       3, 0, 0, 0, 6, 1, '-', ZERO],
  ['ID_AA64PFR0_EL1',  3, 0, 0, 4, 0, 1, '-', ['constant', 0x0111_0011, 0x1100_0000]], // EL0 EL1 AArch64; FP, AdvSIMD with half precision; GIC registers; CSV2 CSV3: nothing is speculated
  ['ID_AA64PFR1_EL1',  3, 0, 0, 4, 1, 1, '-', ZERO],
  ['ID_AA64DFR0_EL1',  3, 0, 0, 5, 0, 1, '-', ['constant', ((WATCHPOINTS - 1) << 20) | ((BREAKPOINTS - 1) << 12) | 6]], // Armv8 debug
  ['ID_AA64ISAR0_EL1', 3, 0, 0, 6, 0, 1, '-', ['constant', 0x1021_2120, 0x0010_1001]], // RDM, LSE atomics, CRC32, SHA512, SHA1, AES and PMULL; FlagM, DP, SHA3
  ['ID_AA64ISAR1_EL1', 3, 0, 0, 6, 1, 1, '-', ['constant', 0x0021_1001, 0x0000_0010]], // LRCPC2, FCMA, JSCVT, DPB; SB
  ['ID_AA64ISAR2_EL1', 3, 0, 0, 6, 2, 1, '-', ZERO],
  ['ID_AA64MMFR0_EL1', 3, 0, 0, 7, 0, 1, '-', ['constant', 0x0f00_0025]], //       4 KiB granule only, 16-bit ASID, 48-bit PA
  ['ID_AA64MMFR1_EL1', 3, 0, 0, 7, 1, 1, '-', ZERO],
  ['ID_AA64MMFR2_EL1', 3, 0, 0, 7, 2, 1, '-', ZERO],
  ['AIDR_EL1',         3, 1, 0, 0, 7, 1, '-', ZERO],
  ['CTR_EL0',          3, 3, 0, 0, 1, 0, '-', ['constant', CTR], UCT],
  ['DCZID_EL0',        3, 3, 0, 0, 7, 0, '-', HOOK],
  ['CCSIDR_EL1',       3, 1, 0, 0, 0, 1, '-', ZERO],
  ['CLIDR_EL1',        3, 1, 0, 0, 1, 1, '-', ZERO], //                            there are no caches
  ['CSSELR_EL1',       3, 2, 0, 0, 0, 1, 1, ['slot', 0xf, 0]],

  // Control and translation
  ['SCTLR_EL1',        3, 0, 1, 0, 0, 1, 1, ['slot', SCTLR_WRITABLE, 0, SCTLR_ONES]],
  ['ACTLR_EL1',        3, 0, 1, 0, 1, 1, 1, ['slot', 0, 0]],
  ['CPACR_EL1',        3, 0, 1, 0, 2, 1, 1, ['slot', 3 << 20, 0]],
  ['TTBR0_EL1',        3, 0, 2, 0, 0, 1, 1, FULL],
  ['TTBR1_EL1',        3, 0, 2, 0, 1, 1, 1, FULL],
  ['TCR_EL1',          3, 0, 2, 0, 2, 1, 1, ['slot', -1, 0x7f]],
  ['MAIR_EL1',         3, 0, 10, 2, 0, 1, 1, FULL],
  ['AMAIR_EL1',        3, 0, 10, 3, 0, 1, 1, ['slot', 0, 0]],
  ['CONTEXTIDR_EL1',   3, 0, 13, 0, 1, 1, 1, WORD],
  ['PAR_EL1',          3, 0, 7, 4, 0, 1, 1, FULL],

  // Exceptions
  ['SPSR_EL1',         3, 0, 4, 0, 0, 1, 1, WORD],
  ['ELR_EL1',          3, 0, 4, 0, 1, 1, 1, FULL],
  ['SP_EL0',           3, 0, 4, 1, 0, 1, 1, HOOK],
  ['SPSel',            3, 0, 4, 2, 0, 1, 1, HOOK],
  ['CurrentEL',        3, 0, 4, 2, 2, 1, '-', HOOK],
  ['AFSR0_EL1',        3, 0, 5, 1, 0, 1, 1, ['slot', 0, 0]],
  ['AFSR1_EL1',        3, 0, 5, 1, 1, 1, 1, ['slot', 0, 0]],
  ['ESR_EL1',          3, 0, 5, 2, 0, 1, 1, WORD],
  ['FAR_EL1',          3, 0, 6, 0, 0, 1, 1, FULL],
  ['VBAR_EL1',         3, 0, 12, 0, 0, 1, 1, ['slot', ~0x7ff, -1]],
  ['RVBAR_EL1',        3, 0, 12, 0, 1, 1, '-', HOOK],
  ['ISR_EL1',          3, 0, 12, 1, 0, 1, '-', HOOK],

  // PSTATE and other state of the running program
  ['NZCV',             3, 3, 4, 2, 0, 0, 0, HOOK],
  ['DAIF',             3, 3, 4, 2, 1, 0, 0, HOOK, UMA],
  ['FPCR',             3, 3, 4, 4, 0, 0, 0, HOOK],
  ['FPSR',             3, 3, 4, 4, 1, 0, 0, HOOK],
  ['TPIDR_EL0',        3, 3, 13, 0, 2, 0, 0, FULL],
  ['TPIDRRO_EL0',      3, 3, 13, 0, 3, 0, 1, FULL],
  ['TPIDR_EL1',        3, 0, 13, 0, 4, 1, 1, FULL],

  // Self-hosted debug; the comparators follow below
  ['MDCCINT_EL1',      2, 0, 0, 2, 0, 1, 1, ['slot', 0, 0]],
  ['MDSCR_EL1',        2, 0, 0, 2, 2, 1, 1, ['slot', 0x0000_b001, 0]],
  ['OSECCR_EL1',       2, 0, 0, 6, 2, 1, 1, ['slot', 0, 0]],
  ['MDRAR_EL1',        2, 0, 1, 0, 0, 1, '-', ZERO],
  ['OSLAR_EL1',        2, 0, 1, 0, 4, '-', 1, HOOK],
  ['OSLSR_EL1',        2, 0, 1, 1, 4, 1, '-', HOOK],
  ['OSDLR_EL1',        2, 0, 1, 3, 4, 1, 1, ['slot', 0, 0]],
  ['DBGPRCR_EL1',      2, 0, 1, 4, 4, 1, 1, ['slot', 0, 0]],
  ['DBGCLAIMSET_EL1',  2, 0, 7, 8, 6, 1, 1, HOOK],
  ['DBGCLAIMCLR_EL1',  2, 0, 7, 9, 6, 1, 1, HOOK],
  ['DBGAUTHSTATUS_EL1', 2, 0, 7, 14, 6, 1, '-', ZERO],
  ['MDCCSR_EL0',       2, 3, 0, 1, 0, 1, '-', ZERO],

  // Generic timer: board/timer
  ['CNTKCTL_EL1',      3, 0, 14, 1, 0, 1, 1, HOOK],
  ['CNTFRQ_EL0',       3, 3, 14, 0, 0, 0, 1, HOOK],
  ['CNTPCT_EL0',       3, 3, 14, 0, 1, 0, '-', HOOK],
  ['CNTVCT_EL0',       3, 3, 14, 0, 2, 0, '-', HOOK],
  ['CNTP_TVAL_EL0',    3, 3, 14, 2, 0, 0, 0, HOOK],
  ['CNTP_CTL_EL0',     3, 3, 14, 2, 1, 0, 0, HOOK],
  ['CNTP_CVAL_EL0',    3, 3, 14, 2, 2, 0, 0, HOOK],
  ['CNTV_TVAL_EL0',    3, 3, 14, 3, 0, 0, 0, HOOK],
  ['CNTV_CTL_EL0',     3, 3, 14, 3, 1, 0, 0, HOOK],
  ['CNTV_CVAL_EL0',    3, 3, 14, 3, 2, 0, 0, HOOK],

  // GICv3 CPU interface: board/gic
  ['ICC_PMR_EL1',      3, 0, 4, 6, 0, 1, 1, HOOK],
  ['ICC_IAR0_EL1',     3, 0, 12, 8, 0, 1, '-', HOOK],
  ['ICC_EOIR0_EL1',    3, 0, 12, 8, 1, '-', 1, HOOK],
  ['ICC_HPPIR0_EL1',   3, 0, 12, 8, 2, 1, '-', HOOK],
  ['ICC_BPR0_EL1',     3, 0, 12, 8, 3, 1, 1, HOOK],
  ['ICC_AP0R0_EL1',    3, 0, 12, 8, 4, 1, 1, HOOK],
  ['ICC_AP1R0_EL1',    3, 0, 12, 9, 0, 1, 1, HOOK],
  ['ICC_DIR_EL1',      3, 0, 12, 11, 1, '-', 1, HOOK],
  ['ICC_RPR_EL1',      3, 0, 12, 11, 3, 1, '-', HOOK],
  ['ICC_SGI1R_EL1',    3, 0, 12, 11, 5, '-', 1, HOOK],
  ['ICC_ASGI1R_EL1',   3, 0, 12, 11, 6, '-', 1, HOOK],
  ['ICC_SGI0R_EL1',    3, 0, 12, 11, 7, '-', 1, HOOK],
  ['ICC_IAR1_EL1',     3, 0, 12, 12, 0, 1, '-', HOOK],
  ['ICC_EOIR1_EL1',    3, 0, 12, 12, 1, '-', 1, HOOK],
  ['ICC_HPPIR1_EL1',   3, 0, 12, 12, 2, 1, '-', HOOK],
  ['ICC_BPR1_EL1',     3, 0, 12, 12, 3, 1, 1, HOOK],
  ['ICC_CTLR_EL1',     3, 0, 12, 12, 4, 1, 1, HOOK],
  ['ICC_SRE_EL1',      3, 0, 12, 12, 5, 1, 1, HOOK],
  ['ICC_IGRPEN0_EL1',  3, 0, 12, 12, 6, 1, 1, HOOK],
  ['ICC_IGRPEN1_EL1',  3, 0, 12, 12, 7, 1, 1, HOOK],

  // System instructions: written, so to speak, with their operand. Caches first
  ['IC IALLUIS',       1, 0, 7, 1, 0, '-', 1, HOOK],
  ['IC IALLU',         1, 0, 7, 5, 0, '-', 1, HOOK],
  ['IC IVAU',          1, 3, 7, 5, 1, '-', 0, HOOK, UCI],
  ['DC IVAC',          1, 0, 7, 6, 1, '-', 1, HOOK],
  ['DC ISW',           1, 0, 7, 6, 2, '-', 1, HOOK],
  ['DC CSW',           1, 0, 7, 10, 2, '-', 1, HOOK],
  ['DC CISW',          1, 0, 7, 14, 2, '-', 1, HOOK],
  ['DC ZVA',           1, 3, 7, 4, 1, '-', 0, HOOK, DZE],
  ['DC CVAC',          1, 3, 7, 10, 1, '-', 0, HOOK, UCI],
  ['DC CVAU',          1, 3, 7, 11, 1, '-', 0, HOOK, UCI],
  ['DC CVAP',          1, 3, 7, 12, 1, '-', 0, HOOK, UCI],
  ['DC CIVAC',         1, 3, 7, 14, 1, '-', 0, HOOK, UCI],
  ['AT S1E1R',         1, 0, 7, 8, 0, '-', 1, HOOK],
  ['AT S1E1W',         1, 0, 7, 8, 1, '-', 1, HOOK],
  ['AT S1E0R',         1, 0, 7, 8, 2, '-', 1, HOOK],
  ['AT S1E0W',         1, 0, 7, 8, 3, '-', 1, HOOK],
  ['TLBI VMALLE1IS',   1, 0, 8, 3, 0, '-', 1, HOOK],
  ['TLBI VAE1IS',      1, 0, 8, 3, 1, '-', 1, HOOK],
  ['TLBI ASIDE1IS',    1, 0, 8, 3, 2, '-', 1, HOOK],
  ['TLBI VAAE1IS',     1, 0, 8, 3, 3, '-', 1, HOOK],
  ['TLBI VALE1IS',     1, 0, 8, 3, 5, '-', 1, HOOK],
  ['TLBI VAALE1IS',    1, 0, 8, 3, 7, '-', 1, HOOK],
  ['TLBI VMALLE1',     1, 0, 8, 7, 0, '-', 1, HOOK],
  ['TLBI VAE1',        1, 0, 8, 7, 1, '-', 1, HOOK],
  ['TLBI ASIDE1',      1, 0, 8, 7, 2, '-', 1, HOOK],
  ['TLBI VAAE1',       1, 0, 8, 7, 3, '-', 1, HOOK],
  ['TLBI VALE1',       1, 0, 8, 7, 5, '-', 1, HOOK],
  ['TLBI VAALE1',      1, 0, 8, 7, 7, '-', 1, HOOK],
];

/** DBGBVRn_EL1 and its siblings: op2 tells which, CRm is n. */
function comparatorRows(): Row[] {
  const rows: Row[] = [];
  for (let n = 0; n < BREAKPOINTS; n++) {
    rows.push([`DBGBVR${n}_EL1`, 2, 0, 0, n, 4, 1, 1, HOOK], [`DBGBCR${n}_EL1`, 2, 0, 0, n, 5, 1, 1, HOOK]);
  }
  for (let n = 0; n < WATCHPOINTS; n++) {
    rows.push([`DBGWVR${n}_EL1`, 2, 0, 0, n, 6, 1, 1, HOOK], [`DBGWCR${n}_EL1`, 2, 0, 0, n, 7, 1, 1, HOOK]);
  }
  return rows;
}

/** The identification space op0=3, op1=0, CRn=0, CRm=1..7: an encoding without a name reads as zero there. */
function reservedIdRows(taken: (key: number) => boolean): Row[] {
  const rows: Row[] = [];
  for (let CRm = 1; CRm < 8; CRm++) {
    for (let op2 = 0; op2 < 8; op2++) {
      if (!taken(encoding(3, 0, 0, CRm, op2)))
        rows.push([`S3_0_C0_C${CRm}_${op2}`, 3, 0, 0, CRm, op2, 1, '-', ZERO]);
    }
  }
  return rows;
}

/** Bits 20:5 of the instruction that names it. */
const encoding = (op0: number, op1: number, CRn: number, CRm: number, op2: number): number =>
  (op0 << 14) | (op1 << 11) | (CRn << 7) | (CRm << 3) | op2;

/** Registers that have a fixed place, because exceptions or generated code use them without asking here. */
const FIXED_OFFSETS: Readonly<Record<string, number>> = {
  ELR_EL1: STATE.SYSREG + 8 * SLOT.ELR_EL1,
  SPSR_EL1: STATE.SYSREG + 8 * SLOT.SPSR_EL1,
  ESR_EL1: STATE.SYSREG + 8 * SLOT.ESR_EL1,
  FAR_EL1: STATE.SYSREG + 8 * SLOT.FAR_EL1,
  VBAR_EL1: STATE.SYSREG + 8 * SLOT.VBAR_EL1,
  TPIDR_EL0: STATE.TPIDR_EL0,
  TPIDRRO_EL0: STATE.TPIDRRO_EL0,
};

/** One register at work. */
export class SystemRegister {
  readonly name: string;
  readonly leastRead: number;
  readonly leastWrite: number;
  /** The SCTLR_EL1 bit that EL0 needs, as a mask; 0 if none. */
  readonly el0Mask: number;
  hook: SysregHook | undefined;
  /** The hook is the CPU's own, not a device's. */
  isCpus = false;
  /** Called with the new value after a slot has changed. */
  afterWrite: ((lo: number, hi: number) => void) | undefined;
  private readonly storage: Storage;
  private readonly words: Uint32Array;
  private readonly at: number;

  constructor(row: Row, words: Uint32Array, offset: number) {
    this.name = row[0];
    this.leastRead = row[6] === '-' ? 2 : row[6];
    this.leastWrite = row[7] === '-' ? 2 : row[7];
    this.storage = row[8];
    this.el0Mask = row[9] === undefined ? 0 : 1 << row[9];
    this.words = words;
    this.at = offset >>> 2;
    if (this.storage[0] === 'slot') this.words[this.at] = this.storage[3] ?? 0;
  }

  /** False: a device's register, and the device is not there. */
  get exists(): boolean {
    return this.storage[0] !== 'hook' || this.hook !== undefined;
  }

  read(half: 0 | 1): number {
    const storage = this.storage;
    if (storage[0] === 'constant') return (storage[1 + half] as number | undefined) ?? 0;
    return storage[0] === 'slot' ? this.words[this.at + half]! : this.hook!.read(half);
  }

  write(lo: number, hi: number): void {
    const storage = this.storage;
    if (storage[0] === 'hook') this.hook!.write?.(lo, hi);
    if (storage[0] !== 'slot') return;
    this.words[this.at] = (lo & storage[1]) | (storage[3] ?? 0);
    this.words[this.at + 1] = hi & storage[2];
    this.afterWrite?.(this.words[this.at]!, this.words[this.at + 1]!);
  }
}

export class SystemRegisters {
  private readonly byEncoding = new Map<number, SystemRegister>();
  private readonly byName = new Map<string, SystemRegister>();

  constructor(regs: Registers) {
    let slot: number = SLOT.FIRST_FREE;
    const add = (row: Row) => {
      const offset = FIXED_OFFSETS[row[0]] ?? (row[8][0] === 'slot' ? STATE.SYSREG + 8 * slot++ : 0);
      const register = new SystemRegister(row, regs.words, offset);
      this.byEncoding.set(encoding(row[1], row[2], row[3], row[4], row[5]), register);
      this.byName.set(row[0], register);
    };
    for (const row of SYSTEM_REGISTERS) add(row);
    for (const row of comparatorRows()) add(row);
    for (const row of reservedIdRows((key) => this.byEncoding.has(key))) add(row);
  }

  /** `key` is bits 20:5 of MSR, MRS or SYS. Undefined: no such register, or its device is absent. */
  decode(key: number): SystemRegister | undefined {
    const register = this.byEncoding.get(key);
    return register?.exists ? register : undefined;
  }

  /** By the manual's name. An unknown name is a bug. */
  find(name: string): SystemRegister {
    const register = this.byName.get(name);
    if (!register) throw new Error(`no system register ${name}`);
    return register;
  }

  /** A device supplies one of the registers whose row says so. */
  attach(name: string, hook: SysregHook): void {
    this.find(name).hook = hook;
  }

  /** The CPU itself does. */
  attachOwn(name: string, hook: SysregHook): void {
    this.attach(name, hook);
    this.find(name).isCpus = true;
  }
}
