/*
 * board/cpu/disasm-operands.ts - the operands that syntax columns may name
 *
 * Manual: Arm ARM (DDI 0487), "Structure of the A64 assembler language"
 */
import type { Insn } from './disasm.ts';
import { FP_OPERANDS } from './disasm-fp.ts';
import { type Format, VECTOR_OPERANDS } from './disasm-vector.ts';
import { decodeBitMasks } from './pseudocode.ts';
import { SYSTEM_REGISTERS } from './sysreg.ts';

const ZR = 31;
const CONDITIONS = [
  'eq',
  'ne',
  'cs',
  'cc',
  'mi',
  'pl',
  'vs',
  'vc',
  'hi',
  'ls',
  'ge',
  'lt',
  'gt',
  'le',
  'al',
  'nv',
];
const SHIFTS = ['lsl', 'lsr', 'asr', 'ror'];
const EXTENSIONS = ['uxtb', 'uxth', 'uxtw', 'uxtx', 'sxtb', 'sxth', 'sxtw', 'sxtx'];
const SIZES = ['b', 'h', 'w', 'x'];
const BARRIERS = [
  '#0x00',
  'oshld',
  'oshst',
  'osh',
  '#0x04',
  'nshld',
  'nshst',
  'nsh',
  '#0x08',
  'ishld',
  'ishst',
  'ish',
  '#0x0c',
  'ld',
  'st',
  'sy',
];
/** Speculation barriers are encodings of DSB. */
const DSB_NAMES: Readonly<Record<number, string>> = { 0: 'ssbb', 4: 'pssbb' };
const HINTS: Readonly<Record<number, string>> = {
  0: 'nop',
  1: 'yield',
  2: 'wfe',
  3: 'wfi',
  4: 'sev',
  5: 'sevl',
  7: 'xpaclri',
  8: 'pacia1716',
  10: 'pacib1716',
  12: 'autia1716',
  14: 'autib1716',
  16: 'esb',
  17: 'psb csync',
  18: 'tsb csync',
  20: 'csdb',
  22: 'clearbhb',
  24: 'paciaz',
  25: 'paciasp',
  26: 'pacibz',
  27: 'pacibsp',
  28: 'autiaz',
  29: 'autiasp',
  30: 'autibz',
  31: 'autibsp',
  32: 'bti',
  34: 'bti c',
  36: 'bti j',
  38: 'bti jc',
};
/** By op1 and op2. */
// biome-ignore format: columns teach
const PSTATE_FIELDS: Readonly<Record<string, string>> = {
  '0 5': 'spsel', '0 3': 'uao', '0 4': 'pan', '3 1': 'ssbs', '3 2': 'dit', '3 4': 'tco', '3 6': 'daifset', '3 7': 'daifclr',
};

const x = (n: number): string => (n === ZR ? 'xzr' : `x${n}`);
const w = (n: number): string => (n === ZR ? 'wzr' : `w${n}`);
const reg = (n: number, wide: boolean): string => (wide ? x(n) : w(n));
const regOrSp = (n: number, wide: boolean): string => (n === ZR ? (wide ? 'sp' : 'wsp') : reg(n, wide));
const isWide = (insn: Insn): boolean => insn.f.Z === 1;

const hexOf = (n: number): string => `#0x${(n >>> 0).toString(16)}`;
const hexWide = (lo: number, hi: number): string =>
  hi === 0 ? hexOf(lo) : `#0x${(hi >>> 0).toString(16)}${(lo >>> 0).toString(16).padStart(8, '0')}`;
/** An address, of which a negative number stands for the upper half. */
const address = (n: number): string => hexWide(n % 2 ** 32, Math.floor(n / 2 ** 32)).slice(1);
const signed = (value: number, bits: number): number =>
  value >= 2 ** (bits - 1) ? value - 2 ** bits : value;
const optional = (value: number): string => (value === 0 ? '' : `, #${value}`);

/** Load/store pairs scale by the size of one register: by Z, SIMD&FP ones by S. */
const pairScale = (insn: Insn): number => 4 << (insn.f.Z ?? insn.f.S ?? 0);
const pairOffset = (insn: Insn, value: number): number => signed(value, 7) * pairScale(insn);
const relative = (insn: Insn, field: string): number => signed(insn.f[field] ?? 0, insn.bits[field] ?? 32);

function moved(insn: Insn, inverted: boolean): string {
  const { i = 0, H = 0 } = insn.f;
  const words = [0, 0, 0, 0];
  words[H] = i;
  const [a, b, c, d] = words.map((word) => (inverted ? word ^ 0xffff : word));
  const hi = isWide(insn) ? ((d! << 16) | c!) >>> 0 : 0;
  return hexWide(((b! << 16) | a!) >>> 0, hi);
}

function shift(insn: Insn): string {
  const { H = 0, s = 0 } = insn.f;
  return H === 0 && s === 0 ? '' : `, ${SHIFTS[H]} #${s}`;
}

/** Rm, extended: with SP, UXTX (UXTW in 32 bits) is written LSL, or not at all. */
function extended(insn: Insn): string {
  const { O = 0, s = 0, m = 0, d = 0, n = 0, f = 0 } = insn.f;
  const setsFlags = (insn.word >>> 29) & 1;
  const name = reg(m, isWide(insn) && (O & 3) === 3);
  const isPlain = O === (isWide(insn) ? 3 : 2) && (n === ZR || (!setsFlags && d === ZR)) && f === 0;
  if (isPlain) return s === 0 ? name : `${name}, lsl #${s}`;
  return `${name}, ${EXTENSIONS[O]}${s === 0 ? '' : ` #${s}`}`;
}

/** The register offset of a load or store: option in bits 15:13, S in bit 12. */
function index(insn: Insn): string {
  const [option, scaled] = [(insn.word >>> 13) & 7, (insn.word >>> 12) & 1];
  const name = reg((insn.word >>> 16) & 31, (option & 1) === 1);
  const amount = accessScale(insn);
  if (option === 3) return scaled ? `${name}, lsl #${amount}` : name;
  return `${name}, ${EXTENSIONS[option]}${scaled ? ` #${amount}` : ''}`;
}

/** log2 of the bytes of a single-register load or store; a prefetch counts as a doubleword, X is a quadword. */
const accessScale = (insn: Insn): number => (insn.f.X ? 4 : (insn.f.S ?? insn.word >>> 30));

function bitmask(insn: Insn): string {
  const [lo, hi] = decodeBitMasks(insn.f.m ?? 0) ?? [0, 0];
  return hexWide(lo, isWide(insn) ? hi : 0);
}

function prefetch(value: number): string {
  const [kind, level] = [['pld', 'pli', 'pst'][value >> 3], (value >> 1) & 3];
  if (!kind || level === 3) return `#0x${value.toString(16).padStart(2, '0')}`;
  return `${kind}l${level + 1}${value & 1 ? 'strm' : 'keep'}`;
}

const barrier = (value: number): string => BARRIERS[value] ?? hexOf(value);

function hint(insn: Insn): string {
  const number = (insn.word >>> 5) & 0x7f;
  return HINTS[number] ?? `hint ${hexOf(number)}`;
}

function pstate(insn: Insn): string {
  const { o = 0, p = 0 } = insn.f;
  const name = PSTATE_FIELDS[`${o} ${p}`];
  return name ? `${name}, ${hexOf(insn.f.m ?? 0)}` : `s0_${o}_c4_c${insn.f.m}_${p}, xzr`;
}

/** op0 op1 CRn CRm op2 from bits 20:5. */
function encoding(word: number): readonly number[] {
  return [(word >>> 19) & 3, (word >>> 16) & 7, (word >>> 12) & 15, (word >>> 8) & 15, (word >>> 5) & 7];
}

function nameOf(word: number): string | undefined {
  const wanted = encoding(word);
  const row = SYSTEM_REGISTERS.find((one) => wanted.every((n, i) => n === one[i + 1]));
  return row?.[0].toLowerCase();
}

function sysreg(insn: Insn): string {
  const [op0, op1, crn, crm, op2] = encoding(insn.word);
  return nameOf(insn.word) ?? `s${op0}_${op1}_c${crn}_c${crm}_${op2}`;
}

/** SYS: by the name of the operation, if it has one, and the register unless that is the zero register. */
function sys(insn: Insn): string {
  const t = insn.word & 31;
  const known = nameOf(insn.word);
  const takesRegister = !known || !/ialluis|iallu|all|vmalle1/.test(known);
  const operand = t === ZR && !(known && takesRegister) ? '' : `, ${x(t)}`;
  return `${known ?? `sys ${sysOperands(insn)}`}${operand}`;
}

function sysOperands(insn: Insn): string {
  const [, op1, crn, crm, op2] = encoding(insn.word);
  return `#${op1}, C${crn}, C${crm}, #${op2}`;
}

export const OPERANDS: Readonly<Record<string, Format>> = {
  // General registers; S: number 31 is SP. R: by sf. T: by the size of the access. RB: by the bit that is tested.
  X: (_, n) => x(n),
  W: (_, n) => w(n),
  XS: (_, n) => regOrSp(n, true),
  R: (insn, n) => reg(n, isWide(insn)),
  RS: (insn, n) => regOrSp(n, isWide(insn)),
  T: (insn, n) => reg(n, insn.f.S === 3),
  TW: (insn, n) => reg(n, insn.f.W === 0),
  RB: (insn, n) => reg(n, insn.f.h === 1),
  pair: (insn, n) => `${reg(2 * n, isWide(insn))}, ${reg(2 * n + 1, isWide(insn))}`,

  // Immediates
  '#': (_, value) => `#${value}`,
  '#x': (_, value) => hexOf(value),
  '#x?': (_, value) => (value === 0 ? '' : ` ${hexOf(value)}`),
  '#x15': (_, value) => (value === 15 ? '' : ` ${hexOf(value)}`),
  bitmask,
  movz: (insn) => moved(insn, false),
  movn: (insn) => moved(insn, true),
  bit: (insn) => `#${(insn.f.h ?? 0) * 32 + (insn.f.l ?? 0)}`,

  // Bitfields
  position: (insn) => `#${(isWide(insn) ? 64 : 32) - (insn.f.r ?? 0)}`,
  width: (insn) => `#${(insn.f.s ?? 0) + 1}`,
  extracted: (insn) => `#${(insn.f.s ?? 0) - (insn.f.r ?? 0) + 1}`,

  // Shifts and extensions
  lsl12: (insn) => (insn.f.S ? ', lsl #12' : ''),
  lsl16: (insn) => (insn.f.H ? `, lsl #${insn.f.H * 16}` : ''),
  shift,
  extended,

  // Conditions
  cond: (_, value) => CONDITIONS[value] ?? '',
  inverted: (insn) => CONDITIONS[(insn.f.c ?? 0) ^ 1] ?? '',

  // Addresses
  label: (insn, _, field) => address(insn.pc + 4 * relative(insn, field)),
  adr: (insn) => address(insn.pc + 4 * relative(insn, 'h') + (insn.f.l ?? 0)),
  adrp: (insn) =>
    address(Math.floor(insn.pc / 4096) * 4096 + 4096 * (4 * relative(insn, 'h') + (insn.f.l ?? 0))),
  imm7: (insn, value) => optional(pairOffset(insn, value)),
  '#imm7': (insn, value) => `#${pairOffset(insn, value)}`,
  imm9: (_, value) => optional(signed(value, 9)),
  '#imm9': (_, value) => `#${signed(value, 9)}`,
  imm12: (insn, value) => optional(value * 2 ** accessScale(insn)),
  index,
  prfop: (_, value) => prefetch(value),

  // Suffixes of the mnemonic
  size: (insn) => ['b', 'h', '', ''][insn.f.S ?? 3] ?? '',
  ssize: (insn) => ['b', 'h', 'w'][insn.f.S ?? 3] ?? '',
  bhwx: (insn) => SIZES[insn.f.S ?? 0] ?? '',
  setf: (insn) => (insn.f.S ? '16' : '8'),

  // System
  barrier: (_, value) => barrier(value),
  dsb: (_, value) => DSB_NAMES[value] ?? `dsb ${barrier(value)}`,
  isb: (_, value) => (value === 15 ? '' : ` ${hexOf(value)}`),
  hint,
  pstate,
  sysreg,
  sys,
  sysl: sysOperands,
  ret: (_, n) => (n === 30 ? '' : ` ${x(n)}`),

  // SIMD and floating point
  ...VECTOR_OPERANDS,
  ...FP_OPERANDS,
};
