/*
 * tests/lib/qemu-differences.ts - where qemu-aarch64 7.2 does something else than the Arm ARM says
 *
 * Manual: Arm ARM (DDI 0487); each line names the title under which the sentence stands
 *
 * What is listed here is not compared: one register of one instruction, in one situation. Everything else must agree.
 */
import { FPCR } from '../../board/cpu/fp/status.ts';
import { type Case, WORD } from './oracle.ts';

interface Difference {
  /** The row's title. */
  readonly row: string;
  readonly register: (one: Case) => string;
  readonly situation: (one: Case) => boolean;
  readonly manual: string;
  /** What the manual says there, in our words. */
  readonly says: string;
}

const DENORMAL = 1n << 52n;
const sourceOf = (one: Case): bigint => one.state[WORD.V + 2 * ((one.insn >>> 5) & 31)]!;
const flushes = (one: Case): boolean => (one.state[WORD.FPCR]! & BigInt(FPCR.FZ)) !== 0n;

const destination = (one: Case): string => `v${one.insn & 31}.d[0]`;

const DIFFERENCES: readonly Difference[] = [
  {
    row: 'FJCVTZS',
    register: () => 'nzcv',
    situation: (one) => flushes(one) && sourceOf(one) > 0n && sourceOf(one) < DENORMAL,
    manual: 'Shared pseudocode: FPToFixedJS',
    says: 'a positive number that was flushed to zero is not converted exactly: Z is 0',
  },
  {
    row: 'FCVTZS (SIMD scalar, fixed-point), half',
    register: destination,
    situation: () => true, // negative results: QEMU writes 32 bits of them
    manual: 'FCVTZS (vector, fixed-point)',
    says: 'the result has esize bits, and the rest of the register is zero',
  },
];

/** Of the lines of differences() those that are not known. */
export const unknownDifferences = (row: string, one: Case, lines: readonly string[]): string[] =>
  lines.filter(
    (line) =>
      !DIFFERENCES.some(
        (known) => known.row === row && line.startsWith(`${known.register(one)}:`) && known.situation(one),
      ),
  );

/** FMOV (vector, immediate) in half precision with op = 1: unallocated ("Advanced SIMD modified immediate"), but executed. */
export const executedByMistake = (word: number): boolean => (word & 0xbff8_fc00) === 0x2f00_fc00;
