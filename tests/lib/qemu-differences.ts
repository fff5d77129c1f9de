/*
 * tests/lib/qemu-differences.ts - where qemu-aarch64 7.2 does something else than the Arm ARM says
 *
 * Manual: Arm ARM (DDI 0487); each line names the title under which the sentence stands
 *
 * What is listed here is not compared: a register of one instruction, or what it stored, in one situation. Everything else
 * must agree.
 */
import { FPCR } from '../../board/cpu/fp/status.ts';
import { type Case, WORD } from './oracle.ts';

interface Difference {
  /** The row's title begins so. */
  readonly row: string;
  /** How the lines of differences() begin that are not looked at. */
  readonly about: (one: Case) => readonly string[];
  /** `before`: what was executed before it. */
  readonly situation: (one: Case, before: readonly Case[]) => boolean;
  readonly manual: string;
  /** What the manual says there, in our words. */
  readonly says: string;
}

const DENORMAL = 1n << 52n;
const sourceOf = (one: Case): bigint => one.state[WORD.V + 2 * ((one.insn >>> 5) & 31)]!;
const flushes = (one: Case): boolean => (one.state[WORD.FPCR]! & BigInt(FPCR.FZ)) !== 0n;

const destination = (one: Case): readonly string[] => [`v${one.insn & 31}.d[0]:`];

const status = (one: Case): string => `x${(one.insn >>> 16) & 31}:`;
const LOAD = 1 << 22;
const PAIR = 1 << 21;
/** CASP is among the pairs, where there is none of bytes or halfwords. */
const isExclusive = ({ insn }: Case): boolean =>
  (insn & 0x3f80_0000) === 0x0800_0000 && ((insn & PAIR) === 0 || insn >>> 31 === 1);
const bytesOf = ({ insn }: Case): number => (1 << (insn >>> 30)) * (insn & PAIR ? 2 : 1);
/** The access that the monitor watches is not as large as this one. */
const isOfAnotherSize = (one: Case, before: readonly Case[]): boolean => {
  const load = before.findLast((earlier) => isExclusive(earlier) && (earlier.insn & LOAD) !== 0);
  return load !== undefined && bytesOf(load) !== bytesOf(one);
};

const DIFFERENCES: readonly Difference[] = [
  {
    row: 'FJCVTZS',
    about: () => ['nzcv:'],
    situation: (one) => flushes(one) && sourceOf(one) > 0n && sourceOf(one) < DENORMAL,
    manual: 'Shared pseudocode: FPToFixedJS',
    says: 'a positive number that was flushed to zero is not converted exactly: Z is 0',
  },
  {
    row: 'FCVTZS (SIMD scalar, fixed-point), half',
    about: destination,
    situation: () => true, // negative results: QEMU writes 32 bits of them
    manual: 'FCVTZS (vector, fixed-point)',
    says: 'the result has esize bits, and the rest of the register is zero',
  },
  {
    row: 'STX', // STXR and STXP: QEMU compares addresses and values
    about: (one) => [status(one), 'data+'],
    situation: isOfAnotherSize,
    manual: 'Load-Exclusive and Store-Exclusive instruction usage restrictions',
    says: 'whether a Store-Exclusive passes after a Load-Exclusive of another size is CONSTRAINED UNPREDICTABLE',
  },
];

/** Of the lines of differences(), about the case at `at` of those executed one after the other, those that are not known. */
export function unknownDifferences(
  row: string,
  cases: readonly Case[],
  at: number,
  lines: readonly string[],
): readonly string[] {
  if (lines.length === 0) return lines;
  const one = cases[at]!;
  const known = DIFFERENCES.filter(
    (difference) => row.startsWith(difference.row) && difference.situation(one, cases.slice(0, at)),
  ).flatMap(({ about }) => about(one));
  return lines.filter((line) => !known.some((start) => line.startsWith(start)));
}

/** FMOV (vector, immediate) in half precision with op = 1: unallocated ("Advanced SIMD modified immediate"), but executed. */
export const executedByMistake = (word: number): boolean => (word & 0xbff8_fc00) === 0x2f00_fc00;
