/*
 * tests/lib/compare.ts - where two outcomes of one instruction differ
 */
import { type Case, CODE, type Outcome, SLOT_BYTES, WORD } from './oracle.ts';

const hex = (n: bigint): string => `0x${n.toString(16).padStart(16, '0')}`;

function nameOf(word: number): string {
  if (word < 31) return `x${word}`;
  for (const [name, at] of Object.entries(WORD)) if (at === word && name !== 'V') return name.toLowerCase();
  return `v${(word - WORD.V) >> 1}.d[${(word - WORD.V) & 1}]`;
}

/** Lines of "register: board, QEMU"; none: they agree. */
export function differences(board: Outcome, qemu: Outcome): string[] {
  if (board.signal !== qemu.signal) return [`signal: board ${board.signal}, QEMU ${qemu.signal}`];
  const lines: string[] = [];
  for (let i = 0; i < board.state.length; i++) {
    const [ours, theirs] = [board.state[i]!, qemu.state[i]!];
    if (ours !== theirs) lines.push(`${nameOf(i)}: board ${hex(ours)}, QEMU ${hex(theirs)}`);
  }
  for (const at of new Set([...board.changes.keys(), ...qemu.changes.keys()])) {
    const [ours, theirs] = [board.changes.get(at), qemu.changes.get(at)];
    if (ours !== theirs)
      lines.push(`data+${(at * 8).toString(16)}: board ${ours?.toString(16)}, QEMU ${theirs?.toString(16)}`);
  }
  return lines;
}

/** What one needs to see of a case that failed. */
export function describe(one: Case, index: number, title: string): string {
  const pc = CODE + index * SLOT_BYTES + 32;
  return `${title}: ${one.insn.toString(16).padStart(8, '0')} at ${pc.toString(16)}, nzcv ${hex(one.state[WORD.NZCV]!)}`;
}
