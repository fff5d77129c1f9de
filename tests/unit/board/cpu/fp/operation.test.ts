/*
 * tests/unit/board/cpu/fp/operation.test.ts - where the host computes, it computes what the helpers compute
 *
 * Once something has been inexact (FPSR.IXC) the host may be asked; before, only for sums, products and quotients that are
 * exact, and in no other rounding mode than the default one. So an instruction must do the same with the flag set as with
 * the flag clear, but for the flag; and what is exact, the same in another rounding mode. Needs no QEMU.
 */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { A64 } from '../../../../../board/cpu/a64.ts';
import { FPCR, FPSR } from '../../../../../board/cpu/fp/status.ts';
import { BoardOracle } from '../../../../lib/board-oracle.ts';
import { differences } from '../../../../lib/compare.ts';
import { type Case, WORD } from '../../../../lib/oracle.ts';
import { Random, randomCase } from '../../../../lib/random-insn.ts';

const ROUNDS = 40;
const IXC = BigInt(FPSR.IXC);
const ARITHMETIC = /^(FADD|FSUB|FABD|FMULX?|FDIV)\b/;
const TOWARDS_ZERO = FPCR.RMODE;
const rows = A64.filter((row) => row[4]?.fp && /^(F|SCVTF|UCVTF)/.test(row[1]));

/** The same case with FPSR as given. */
function withStatus(one: Case, fpcr: number, fpsr: bigint): Case {
  const state = one.state.slice();
  state[WORD.FPCR] = BigInt(fpcr);
  state[WORD.FPSR] = fpsr;
  return { ...one, state };
}

function disagreements(fpcr: number): string[] {
  const board = new BoardOracle();
  const random = new Random(20261121);
  const found: string[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const cases = rows.map((row, i) => randomCase(random, row, i));
    const byHost = board.ask(cases.map((one) => withStatus(one, fpcr, IXC)));
    const exactly = board.ask(cases.map((one) => withStatus(one, fpcr, 0n)));
    for (const [i, outcome] of exactly.entries()) {
      outcome.state[WORD.FPSR] = outcome.state[WORD.FPSR]! | IXC;
      const lines = differences(byHost[i]!, outcome);
      if (lines.length > 0) found.push(`${rows[i]![1]} ${cases[i]!.insn.toString(16)}: ${lines[0]}`);
    }
  }
  return found;
}

/** Exact sums of zero included: rounding towards zero, too, they are positive. */
function inexactElsewhere(): string[] {
  const board = new BoardOracle();
  const random = new Random(20261121);
  const found: string[] = [];
  for (let round = 0; round < 5 * ROUNDS; round++) {
    const cases = rows
      .filter((row) => ARITHMETIC.test(row[1]))
      .map((row, i) => withStatus(randomCase(random, row, i), 0, 0n));
    const byHost = board.ask(cases);
    const exactly = board.ask(cases.map((one) => withStatus(one, TOWARDS_ZERO, 0n)));
    for (const [i, { state }] of exactly.entries()) {
      const ours = byHost[i]!.state;
      const isExact = (state[WORD.FPSR]! & IXC) === 0n;
      const same = state.every((word, n) => word === ours[n] || n === WORD.FPCR);
      if (isExact ? !same : (ours[WORD.FPSR]! & IXC) === 0n) found.push(cases[i]!.insn.toString(16));
    }
  }
  return found;
}

test('what is exact, is so in every rounding mode, and nothing else is', () => {
  assert.equal(inexactElsewhere(), []);
});

test('the host agrees with the integers in the default mode', () => {
  assert.equal(disagreements(0), []);
});

test('the host agrees with the integers where denormals are flushed', () => {
  assert.equal(disagreements(FPCR.FZ), []);
});

test.run();
