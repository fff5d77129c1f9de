/*
 * board/cpu/fp/nan.ts - which NaN an operation gives
 *
 * Manual: Arm ARM (DDI 0487), "NaN handling, and the Default NaN", "Shared pseudocode": FPProcessNaN, FPProcessNaNs,
 *         FPProcessNaNs3
 */
import { and, eqz, or, select, type Value } from '../value.ts';
import {
  binary,
  defaultNaN,
  type Format,
  isNan,
  isSignalling,
  perFormat,
  quietBit,
  unary,
} from './format.ts';
import { control, FPCR, FPSR, raise } from './status.ts';

/** The operand is a NaN. It becomes quiet; a signalling one is an invalid operation. */
export const FPProcessNaN = unary('FPProcessNaN', (f) => (b, nan) => {
  b.if_(eqz(and(nan, quietBit(f))), () => raise(b, FPSR.IOC));
  return select(control(b, FPCR.DN), defaultNaN(f), or(nan, quietBit(f)));
});

/** The first signalling NaN, else the first NaN. At least one of them is one. */
const firstNaN = (f: Format, operands: readonly Value[]): Value => {
  const [last, ...others] = [...operands].reverse();
  const quiet = others.reduce((rest, x) => select(isNan(f, x), x, rest), last!);
  return [...operands].reverse().reduce((rest, x) => select(isSignalling(f, x), x, rest), quiet);
};

export const FPProcessNaNs = binary(
  'FPProcessNaNs',
  (f) => (b, x, y) => b.call(FPProcessNaN[f.name], firstNaN(f, [x, y])),
);

export const FPProcessNaNs3 = perFormat(
  'FPProcessNaNs3',
  ['i64', 'i64', 'i64'],
  'i64',
  (f) => (b, x, y, z) => b.call(FPProcessNaN[f.name], firstNaN(f, [x!, y!, z!])),
);
