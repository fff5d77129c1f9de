/*
 * arch/arm64/boot/lockstep/report.ts - the listing of a difference: what was executed, both states, how to have it again
 */

import { A64 } from '../../../../board/cpu/a64.ts';
import type { Cpu } from '../../../../board/cpu/cpu.ts';
import { PAUSE } from '../../../../board/cpu/cpu.ts';
import { Disassembler } from '../../../../board/cpu/disasm.ts';
import { STATE } from '../../../../board/cpu/state.ts';
import type { Machine } from '../machine.ts';
import { address, firstDifference, type Mismatch, type Pair } from './pair.ts';
import type { Command, Located, Search } from './search.ts';
import { type Line, type Snapshot, sideBySide, snapshot, systemRegisters } from './state.ts';

/** Instructions of the listing, and differing words of RAM, at most. */
const MOST_STEPS = 200;
const MOST_WORDS = 16;

/** One instruction that the reference executed. */
interface Step {
  readonly pc: bigint;
  readonly text: string;
  /** Physical address, as text. */
  readonly at: string;
  /** The general registers after it: which of them it changed. */
  readonly changed: readonly number[];
}

export function reportOf(found: Mismatch, located: Located, search: Search, settings: string): string {
  const { from, at, pair, repeats } = located;
  const before = search.again(from);
  const steps = trace(before.reference, from, at);
  return [
    `lockstep: ${found.what}: the engines differ${repeats ? '' : ', but not when they run again: is the run determined?'}`,
    `the same at instruction ${from}, not at ${at} (noticed at ${found.by})`,
    '',
    ...listing(steps, differing(pair)),
    '',
    ...(found.states && !repeats ? states(found.states) : statesOf(search.again(from), pair)),
    ...systemRegisters(pair.reference.board.cpu, pair.subject.board.cpu).map(lineOf),
    ...memory(pair),
    '',
    'to have it again:',
    `  ${settings}`,
    `  stops: ${from}, ${at}`,
    ...inputs(search.commands),
  ].join('\n');
}

/* ---- What was executed ---- */

/** The reference's way from its present place to instruction `to`, one at a time. */
function trace(machine: Machine, from: number, to: number): Step[] {
  const disassembler = new Disassembler(A64);
  const steps: Step[] = [];
  machine.run(Math.max(from, to - MOST_STEPS));
  while (machine.now < to) {
    const { cpu } = machine.board;
    const before = cpu.x.slice();
    const step = { pc: cpu.pc, at: physical(cpu), text: disassembled(disassembler, cpu) };
    const { now } = machine;
    machine.run(now + 1);
    if (machine.now === now) break; // everybody sleeps
    steps.push({ ...step, changed: [...before.keys()].filter((n) => before[n] !== cpu.x[n]) });
  }
  return steps;
}

function disassembled(disassembler: Disassembler, cpu: Cpu): string {
  const pc = STATE.PC >>> 2;
  const word = cpu.mmu.fetchWord(cpu.regs.words[pc]!, cpu.regs.words[pc + 1]!);
  return word === undefined ? '(cannot be fetched)' : disassembler.text(word, Number(cpu.pc));
}

function physical(cpu: Cpu): string {
  const pc = STATE.PC >>> 2;
  const par = new Uint32Array(2);
  cpu.mmu.translateForPar(cpu.regs.words[pc + 1]!, cpu.regs.words[pc]!, cpu.regs.el, false, par);
  const page = (par[1]! & 0xffff) * 2 ** 32 + ((par[0]! & ~0xfff) >>> 0);
  return `0x${(page + (cpu.regs.words[pc]! & 0xfff)).toString(16)}`;
}

const differing = ({ reference, subject }: Pair): number[] =>
  [...reference.board.cpu.x.keys()].filter((n) => reference.board.cpu.x[n] !== subject.board.cpu.x[n]);

/** With a mark where a register that is now different was written last. */
function listing(steps: readonly Step[], wrong: readonly number[]): string[] {
  const last = (n: number): number => steps.findLastIndex(({ changed }) => changed.includes(n));
  const suspects = new Map(wrong.map((n) => [last(n), `x${n}`]));
  return [
    'executed meanwhile (by the interpreter):',
    ...steps.map(({ pc, at, text }, i) => {
      const mark = suspects.has(i) ? `<-- ${suspects.get(i)}` : '';
      return `  ${pc.toString(16).padStart(12, '0')}  [${at}]  ${text.padEnd(40)} ${mark}`.trimEnd();
    }),
  ];
}

/* ---- States ---- */

/** Before, and then the two. */
const statesOf = (before: Pair, after: Pair): string[] =>
  states([before.reference, after.reference, after.subject].map(({ board }) => snapshot(board.cpu, PAUSE)));

function states(snapshots: readonly Snapshot[]): string[] {
  const titles =
    snapshots.length === 3 ? ['before', 'interpreter', 'translator'] : ['interpreter', 'translator'];
  return [
    `  ${''.padEnd(12)}${titles.map((title) => title.padEnd(36)).join('')}`.trimEnd(),
    ...sideBySide(snapshots).map(lineOf),
  ];
}

const lineOf = ({ name, values, differs }: Line): string =>
  `${differs ? '* ' : '  '}${name.padEnd(12)}${values.map((value) => value.padEnd(36)).join('')}`.trimEnd();

function memory({ reference, subject }: Pair): string[] {
  const [a, b] = [reference.board.bus.ram, subject.board.bus.ram];
  const lines: string[] = [];
  for (
    let at = firstDifference(a, b);
    at >= 0 && lines.length < MOST_WORDS;
    at = firstDifference(a, b, (at & ~7) + 8)
  )
    lines.push(`* [${address(reference, at & ~7)}]  ${dword(a, at & ~7).padEnd(36)}${dword(b, at & ~7)}`);
  return lines;
}

const dword = (ram: Uint8Array, at: number): string =>
  `0x${Buffer.from(ram.buffer, ram.byteOffset + at, 8)
    .readBigUInt64LE()
    .toString(16)}`;

/* ---- How to have it again ---- */

/** What was typed, and when, in the form of --record. */
function inputs(commands: readonly Command[]): string[] {
  return commands
    .filter((command) => command.kind === 'type')
    .map(({ now, bytes }) => `  ${JSON.stringify({ t: now, in: Buffer.from(bytes).toString('latin1') })}`);
}
