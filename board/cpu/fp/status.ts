/*
 * board/cpu/fp/status.ts - FPCR says how, FPSR remembers what happened
 *
 * Manual: Arm ARM (DDI 0487), "FPCR, Floating-point Control Register", "FPSR, Floating-point Status Register",
 *         "Shared pseudocode": FPProcessException, FPRoundingMode
 * Absent: trapped exceptions (the enable bits of FPCR read as zero), FEAT_AFP, FEAT_EBF16
 */
import type { Builder, Modes } from '../builder.ts';
import { STATE } from '../state.ts';
import { and, i32, or, shr, type Value } from '../value.ts';
import { defaultNaN, type Format, HALF } from './format.ts';

export const FPCR = {
  FZ16: 1 << 19, // flush-to-zero of half precision, but not in conversions
  RMODE: 3 << 22,
  FZ: 1 << 24, //   flush-to-zero of single and double precision
  DN: 1 << 25, //   every NaN result is the default NaN
  AHP: 1 << 26, //  alternative half precision in conversions: no infinities, no NaNs
  WRITABLE: 0x07ff_0000, // with AArch32's Len and Stride: bits without effect, which may be kept
} as const;

export const FPSR = {
  IOC: 1 << 0, // invalid operation
  DZC: 1 << 1, // division by zero
  OFC: 1 << 2, // overflow
  UFC: 1 << 3, // underflow
  IXC: 1 << 4, // inexact
  IDC: 1 << 7, // an input denormal was flushed
  QC: 1 << 27, // an integer saturated
  WRITABLE: 0xf800_009f, // with AArch32's flags
} as const;

/** FPRounding: the first four as FPCR.RMode has them. */
export const ROUNDING = { TIEEVEN: 0, POSINF: 1, NEGINF: 2, ZERO: 3, TIEAWAY: 4, ODD: 5 } as const;

const RMODE_SHIFT = 22;

/** FPCR.RMode. */
export const roundingMode = (b: Builder): Value => and(shr(b.get(STATE.FPCR, 'i32'), RMODE_SHIFT), 3);

/** Some of the bits of FPCR: not zero if any is set. */
export const control = (b: Builder, bits: number): Value => and(b.get(STATE.FPCR, 'i32'), bits);

/** Not zero if denormals of this format are flushed. */
export const flushes = (b: Builder, f: Format): Value => control(b, f === HALF ? FPCR.FZ16 : FPCR.FZ);

// What fast paths ask for (operation.ts).

/** Rounding to nearest, no flushing, and inexactness is known already. */
export const SETTLED: Modes = {
  ...{ control: FPCR.RMODE | FPCR.FZ, isControl: 0 },
  ...{ status: FPSR.IXC, isStatus: FPSR.IXC },
};
/** And underflow too. */
const UNDERFLOW = FPSR.IXC | FPSR.UFC;
export const UNDERFLOWN: Modes = { ...SETTLED, status: UNDERFLOW, isStatus: UNDERFLOW };
/** Settled with flushing, as programs compiled for speed want it. */
export const SETTLED_FLUSHING: Modes = { ...SETTLED, isControl: FPCR.FZ };
/** Good for what need not be rounded... */
export const NEAREST: Modes = { ...SETTLED, status: 0, isStatus: 0 };
/** ...as nothing has been so far. */
const UNROUNDED: Modes = { ...SETTLED, isStatus: 0 };
export const UNFLUSHED: Modes = { control: FPCR.FZ, isControl: 0, status: 0, isStatus: 0 };
export const FLUSHING: Modes = { ...UNFLUSHED, isControl: FPCR.FZ };

const TRUE = i32(1);
export const inModes = (b: Builder, modes: Modes): Value => b.inModes(modes, TRUE);
/** Whether what happens now is exact, as far as is known. All other code leaves the search for that to the helpers. */
export const isExactLikely = (b: Builder): boolean => b.likely(UNROUNDED) === true;

/** FPProcessException: cumulative bits of FPSR. */
export function raise(b: Builder, flags: Value | number): void {
  b.set(STATE.FPSR, or(b.get(STATE.FPSR, 'i32'), flags));
}

/** An operation without a result. */
export function invalid(b: Builder, f: Format): Value {
  raise(b, FPSR.IOC);
  return defaultNaN(f);
}
