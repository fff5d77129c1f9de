/*
 * board/cpu/disasm-fp.ts - the operands of floating-point instructions that syntax columns may name
 *
 * Manual: Arm ARM (DDI 0487), "Structure of the A64 assembler language"; "Modified immediate constants in A64
 *         floating-point instructions"
 *
 * Fields that say how a register is seen: T the format of a scalar as in bits 23:22, O that of FCVT's result; P the format
 * of elements, 0 single and 1 double, and no P at all half; Q 128 bits rather than 64.
 */
import type { Insn } from './disasm.ts';
import type { Format } from './disasm-vector.ts';

const FTYPES = ['s', 'd', '', 'h'];
const ftype = (code: number | undefined, n: number): string => `${FTYPES[code ?? 0]}${n}`;

/** log2 of the bytes of an element. */
const scale = (insn: Insn): number => (insn.f.P === undefined ? 1 : 2 + insn.f.P);
const letter = (scale: number): string => ['b', 'h', 's', 'd'][scale] ?? '';
const vector = (n: number, scale: number, bytes: number): string => `v${n}.${bytes >> scale}${letter(scale)}`;
const bytes = (insn: Insn): number => (insn.f.Q ? 16 : 8);

/** Sign, three bits of exponent, four of fraction: -31 to 31. */
export function floatImmediate(value: number): string {
  const exponent = ((value >> 4) & 7) ^ 4;
  const size = (16 + (value & 15)) * 2 ** (exponent - 7);
  return `#${exponential(value & 0x80 ? -size : size)}`;
}

/** As printf's %.18e. */
function exponential(value: number): string {
  const [digits, power = ''] = value.toExponential(18).split('e');
  return `${digits}e${power[0]}${power.slice(1).padStart(2, '0')}`;
}

/** h for a double, h:l for a single, h:l:x for a half. */
function indexed(insn: Insn): string {
  const { h = 0, l = 0, L = 0, x = 0, m = 0, P } = insn.f;
  const index = P === undefined ? 4 * h + 2 * l + x : P === 0 ? 2 * h + L : h;
  return `v${m}.${letter(scale(insn))}[${index}]`;
}

/** Of FCMLA: bit 22 says half precision. */
function indexedPair(insn: Insn): string {
  const { h = 0, H = 0, l = 0, m = 0 } = insn.f;
  return (insn.word >>> 22) & 1 ? `v${m}.h[${2 * H + l}]` : `v${m}.s[${h}]`;
}

export const FP_OPERANDS: Readonly<Record<string, Format>> = {
  // Registers: by ftype, by FCVT's opc, a scalar and vectors by P, half as wide, twice as wide
  F: (insn, n) => ftype(insn.f.T, n),
  FO: (insn, n) => ftype(insn.f.O, n),
  f: (insn, n) => `${letter(scale(insn))}${n}`,
  Vf: (insn, n) => vector(n, scale(insn), bytes(insn)),
  Vfn: (insn, n) => vector(n, scale(insn) - 1, bytes(insn)),
  Vf2: (insn, n) => vector(n, scale(insn), 2 << scale(insn)),
  Vfw: (insn, n) => vector(n, scale(insn), 16),
  'Vf[]': indexed,
  'Vc[]': indexedPair,
  n: (_, n) => String(n),

  // Immediates
  fimm: (_, value) => floatImmediate(value),
  fraction: (insn, value, field) => `#${2 ** (insn.bits[field] ?? 0) - value}`,
  fbits: (insn, value) => `#${64 - 32 * (insn.f.C ?? 0) - value}`,

  turn90: (insn) => `#${90 * (insn.f.R ?? 0)}`,
  turn180: (insn) => `#${90 + 180 * (insn.f.R ?? 0)}`,

  // Suffixes of the mnemonic
  mode: (insn) => ['n', 'p', 'm', 'z'][2 * (insn.f.r ?? 0) + (insn.f.a ?? 0)] ?? '',
  npmz: (_, value) => ['n', 'p', 'm', 'z'][value] ?? '',
};
