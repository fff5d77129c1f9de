/*
 * arch/arm64/kernel/cpufeature.ts - what this CPU can do, and how programs learn of it
 *
 * Linux:   arch/arm64/kernel/cpufeature.c (HWCAPs, emulated ID registers), arch/arm64/kernel/cpuinfo.c (/proc/cpuinfo), v6.12
 * Manual:  Documentation/arch/arm64/{elf_hwcaps,cpu-feature-registers}.rst; Arm ARM, "AArch64 identification registers"
 *
 * Both ways to ask, AT_HWCAP and MRS of an ID register, are answered from the CPU's own ID registers.
 */

import type { Cpu } from '../../../board/cpu/cpu.ts';
import { sys_reg } from '../include/asm/esr.ts';

type IdRegister =
  | 'ID_AA64PFR0_EL1'
  | 'ID_AA64PFR1_EL1'
  | 'ID_AA64ISAR0_EL1'
  | 'ID_AA64ISAR1_EL1'
  | 'ID_AA64ISAR2_EL1'
  | 'ID_AA64MMFR0_EL1'
  | 'ID_AA64MMFR2_EL1';

/** A hwcap is there when a 4-bit field is at least `min`; fields of floating point are signed: 15 is "none". */
type Hwcap = readonly [
  name: string,
  bit: number,
  register: IdRegister,
  shift: number,
  min: number,
  signed?: 'signed',
];

/** In the order of /proc/cpuinfo, which is the order of the bits; AT_HWCAP2 goes on at 32. */
// biome-ignore format: columns teach
const arm64_elf_hwcaps: readonly Hwcap[] = [
  ['fp',       0,  'ID_AA64PFR0_EL1',  16, 0, 'signed'],
  ['asimd',    1,  'ID_AA64PFR0_EL1',  20, 0, 'signed'],
  ['aes',      3,  'ID_AA64ISAR0_EL1', 4,  1],
  ['pmull',    4,  'ID_AA64ISAR0_EL1', 4,  2],
  ['sha1',     5,  'ID_AA64ISAR0_EL1', 8,  1],
  ['sha2',     6,  'ID_AA64ISAR0_EL1', 12, 1],
  ['crc32',    7,  'ID_AA64ISAR0_EL1', 16, 1],
  ['atomics',  8,  'ID_AA64ISAR0_EL1', 20, 2],
  ['fphp',     9,  'ID_AA64PFR0_EL1',  16, 1, 'signed'],
  ['asimdhp',  10, 'ID_AA64PFR0_EL1',  20, 1, 'signed'],
  ['asimdrdm', 12, 'ID_AA64ISAR0_EL1', 28, 1],
  ['jscvt',    13, 'ID_AA64ISAR1_EL1', 12, 1],
  ['fcma',     14, 'ID_AA64ISAR1_EL1', 16, 1],
  ['lrcpc',    15, 'ID_AA64ISAR1_EL1', 20, 1],
  ['dcpop',    16, 'ID_AA64ISAR1_EL1', 0,  1],
  ['sha3',     17, 'ID_AA64ISAR0_EL1', 32, 1],
  ['sm3',      18, 'ID_AA64ISAR0_EL1', 36, 1],
  ['sm4',      19, 'ID_AA64ISAR0_EL1', 40, 1],
  ['asimddp',  20, 'ID_AA64ISAR0_EL1', 44, 1],
  ['sha512',   21, 'ID_AA64ISAR0_EL1', 12, 2],
  ['asimdfhm', 23, 'ID_AA64ISAR0_EL1', 48, 1],
  ['dit',      24, 'ID_AA64PFR0_EL1',  48, 1],
  ['uscat',    25, 'ID_AA64MMFR2_EL1', 32, 1],
  ['ilrcpc',   26, 'ID_AA64ISAR1_EL1', 20, 2],
  ['flagm',    27, 'ID_AA64ISAR0_EL1', 52, 1],
  ['ssbs',     28, 'ID_AA64PFR1_EL1',  4,  2],
  ['sb',       29, 'ID_AA64ISAR1_EL1', 36, 1],
  ['dcpodp',   32, 'ID_AA64ISAR1_EL1', 0,  2],
  ['flagm2',   39, 'ID_AA64ISAR0_EL1', 52, 2],
  ['frint',    40, 'ID_AA64ISAR1_EL1', 32, 1],
  ['i8mm',     45, 'ID_AA64ISAR1_EL1', 52, 1],
  ['bf16',     46, 'ID_AA64ISAR1_EL1', 44, 1],
  ['dgh',      47, 'ID_AA64ISAR1_EL1', 48, 1],
  ['rng',      48, 'ID_AA64ISAR0_EL1', 60, 1],
  ['wfxt',     63, 'ID_AA64ISAR2_EL1', 0,  2],
];

/** The ID registers can be read by MRS: do_emulate_mrs() is always there. */
const CPUID_BIT = 11;

function field(cpu: Cpu, register: IdRegister, shift: number): number {
  const half = cpu.readSysregHalf(register, shift >= 32 ? 1 : 0);
  return (half >>> (shift & 31)) & 15;
}

const has = (cpu: Cpu, [, , register, shift, min, signed]: Hwcap): boolean => {
  const value = field(cpu, register, shift);
  return (signed && value >= 8 ? value - 16 : value) >= min;
};

/** Bits and names, as AT_HWCAP, AT_HWCAP2 and /proc/cpuinfo tell them. */
export interface Hwcaps {
  readonly hwcap: number;
  readonly hwcap2: number;
  readonly names: readonly string[];
}

/** Linux: setup_elf_hwcaps(). */
export function setup_elf_hwcaps(cpu: Cpu): Hwcaps {
  const found = arm64_elf_hwcaps.filter((cap) => has(cpu, cap)).map(([name, bit]) => ({ name, bit }));
  found.push({ name: 'cpuid', bit: CPUID_BIT });
  found.sort((a, b) => a.bit - b.bit);
  const word = (from: number): number =>
    found.reduce((set, { bit }) => (bit >= from && bit < from + 32 ? set + 2 ** (bit - from) : set), 0);
  return { hwcap: word(0), hwcap2: word(32), names: found.map(({ name }) => name) };
}

/**
 * Linux: c_show(). BogoMIPS says how fast the delay loop is: it counts the architected timer. `hz`: CNTFRQ_EL0.
 */
export function show_cpuinfo(cpu: Cpu, { names }: Hwcaps, hz: number): string {
  const midr = cpu.readSysregHalf('MIDR_EL1', 0);
  const hex = (value: number, digits: number): string => `0x${value.toString(16).padStart(digits, '0')}`;
  return [
    'processor\t: 0',
    `BogoMIPS\t: ${(Math.floor((hz * 2) / 1e4) / 100).toFixed(2)}`,
    `Features\t: ${names.join(' ')}`,
    `CPU implementer\t: ${hex(midr >>> 24, 2)}`,
    'CPU architecture: 8',
    `CPU variant\t: ${hex((midr >>> 20) & 15, 1)}`,
    `CPU part\t: ${hex((midr >>> 4) & 0xfff, 3)}`,
    `CPU revision\t: ${midr & 15}`,
    '\n',
  ].join('\n');
}

/*
 * MRS from user space
 */

/**
 * What a program may see of an ID register: the fields in `visible` as they are, `safe` in place of all others. Registers
 * without a row read as zero.
 */
type UserView = readonly [
  name: IdRegister | 'ID_AA64DFR0_EL1',
  reg: number,
  visible: readonly [lo: number, hi: number],
  safe: readonly [lo: number, hi: number],
];

// biome-ignore format: columns teach
const user_id_registers: readonly UserView[] = [
  ['ID_AA64PFR0_EL1',  /* @__PURE__ */ sys_reg(3, 0, 0, 4, 0), [0x00ff_0000, 0x000f_0000], [0x11, 0]], //        FP, AdvSIMD, DIT
  ['ID_AA64PFR1_EL1',  /* @__PURE__ */ sys_reg(3, 0, 0, 4, 1), [0x0000_00f0, 0],           [0, 0]], //           SSBS
  ['ID_AA64DFR0_EL1',  /* @__PURE__ */ sys_reg(3, 0, 0, 5, 0), [0, 0],                     [6, 0]], //           Armv8 debug
  ['ID_AA64ISAR0_EL1', /* @__PURE__ */ sys_reg(3, 0, 0, 6, 0), [0xf0ff_fff0, 0xf0ff_ffff], [0, 0]],
  ['ID_AA64ISAR1_EL1', /* @__PURE__ */ sys_reg(3, 0, 0, 6, 1), [0x00ff_f00f, 0x00ff_f0ff], [0, 0]],
  ['ID_AA64ISAR2_EL1', /* @__PURE__ */ sys_reg(3, 0, 0, 6, 2), [0x0000_00ff, 0],           [0, 0]],
  ['ID_AA64MMFR0_EL1', /* @__PURE__ */ sys_reg(3, 0, 0, 7, 0), [0, 0],                     [0xff00_0000, 0]], // no granule promised
  ['ID_AA64MMFR2_EL1', /* @__PURE__ */ sys_reg(3, 0, 0, 7, 2), [0, 0x0000_000f],           [0, 0]], //           AT
];

const SYS_MIDR_EL1 = /* @__PURE__ */ sys_reg(3, 0, 0, 0, 0);
const SYS_MPIDR_EL1 = /* @__PURE__ */ sys_reg(3, 0, 0, 0, 5);
const SYS_REVIDR_EL1 = /* @__PURE__ */ sys_reg(3, 0, 0, 0, 6);
/** Which processor it is is nobody's business. */
const SYS_MPIDR_EL1_SAFE_VAL = 0x8000_0000;

/** op0 = 3, op1 = 0, CRn = 0, and CRm 0 or 2..7: the space that the architecture keeps for identification. */
const is_emulated = (reg: number): boolean => {
  const crm = (reg >>> 8) & 15;
  return (reg & ~0xfe0) === sys_reg(3, 0, 0, 0, 0) && (crm === 0 || (crm >= 2 && crm <= 7));
};

/** The two words that MRS shall deliver, or null: such a register is not for programs. */
export function emulate_sys_reg(cpu: Cpu, reg: number): readonly [lo: number, hi: number] | null {
  if (!is_emulated(reg)) return null;
  switch (reg) {
    case SYS_MIDR_EL1:
      return [cpu.readSysregHalf('MIDR_EL1', 0), 0];
    case SYS_MPIDR_EL1:
      return [SYS_MPIDR_EL1_SAFE_VAL, 0];
    case SYS_REVIDR_EL1:
      return [cpu.readSysregHalf('REVIDR_EL1', 0), 0];
    default:
      return ((reg >>> 8) & 15) === 0 ? null : user_view(cpu, reg);
  }
}

function user_view(cpu: Cpu, reg: number): readonly [number, number] {
  const row = user_id_registers.find(([, number]) => number === reg);
  if (!row) return [0, 0];
  const [name, , [lo, hi], [safeLo, safeHi]] = row;
  return [
    ((cpu.readSysregHalf(name, 0) & lo) | safeLo) >>> 0,
    ((cpu.readSysregHalf(name, 1) & hi) | safeHi) >>> 0,
  ];
}
