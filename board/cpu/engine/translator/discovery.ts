/*
 * board/cpu/engine/translator/discovery.ts - which instructions are translated together
 *
 * Manual: Arm ARM (DDI 0487), "A64 instruction set encoding", "Branches, Exception Generating and System instructions"
 *
 * A region is what direct branches reach from its entry without leaving the page. It is cut into traces: straight runs
 * that conditional branches leave sideways. Every target of a branch and every place that a call returns to begins one.
 */
import { buildIndex, type Case, expand, fieldOf, lookUp, type Table } from '../../decode.ts';
import type { Row } from '../../builder.ts';

const PAGE = 0x1000;
/** Instructions of a trace: also the least budget with which it can be entered. */
const LONGEST_TRACE = 64;
const MOST_TRACES = 24;

export interface Instruction {
  /** Within the page. */
  readonly offset: number;
  readonly word: number;
  readonly found: Case;
  /** An unconditional branch within the page whose target is the trace's next instruction. */
  readonly followed: boolean;
}

export interface Trace {
  readonly head: number;
  readonly instructions: readonly Instruction[];
  /** Where execution goes on after the last one, if that does not say so itself; may be the page's end. */
  readonly next: number;
}

/** Offsets at which a trace begins. */
export interface Heads {
  has(offset: number): boolean;
}

/** How an instruction changes the flow, for those whose target is in the instruction. */
const DIRECT: ReadonlySet<string> = new Set(['B', 'BL', 'B.cond', 'CBZ', 'CBNZ', 'TBZ', 'TBNZ']);
const ENDING: ReadonlySet<string> = new Set(['B', 'BL', 'BR', 'BLR', 'RET', 'SVC']);
/** The next instruction is where somebody will return to. */
const CALLING: ReadonlySet<string> = new Set(['BL', 'BLR', 'SVC']);

export class Discovery {
  private readonly index: Table;

  constructor(rows: readonly Row[]) {
    this.index = buildIndex(rows.flatMap(expand));
  }

  /** The traces of the region at `entry` in a page of 1024 words, without those at `known` heads. */
  region(words: Uint32Array, entry: number, known: Heads): Trace[] {
    const traces: Trace[] = [];
    const heads = [entry];
    const loops = new Set<number>();
    for (let i = 0; i < heads.length && i < MOST_TRACES; i++) {
      const head = heads[i]!;
      if (known.has(head)) continue;
      const trace = this.trace(words, head, loops, heads);
      if (trace.instructions.length > 0) traces.push(trace);
    }
    return traces;
  }

  /** Adds the heads that it finds to `heads`, and those at the end of a backward branch to `loops`. */
  private trace(words: Uint32Array, head: number, loops: Set<number>, heads: number[]): Trace {
    const instructions: Instruction[] = [];
    let offset = head;
    while (offset < PAGE && instructions.length < LONGEST_TRACE) {
      if (offset !== head && (loops.has(offset) || instructions.some((one) => one.offset === offset))) break;
      const word = words[offset >>> 2]!;
      const found = lookUp(this.index, word);
      if (!found || !isTranslated(found)) break;

      const title = found.row[1];
      const target = DIRECT.has(title) ? targetOf(found, word, offset) : -1;
      if (CALLING.has(title)) addHead(heads, offset + 4);
      const inside = target >= 0 && target < PAGE;
      if (inside && target <= offset) loops.add(target);
      const followed = title === 'B' && inside && target > offset;
      if (inside && !followed) addHead(heads, target);
      instructions.push({ offset, word, found, followed });
      offset = followed ? target : offset + 4;
      if ((ENDING.has(title) && !followed) || found.row[4]?.ends) break;
    }
    return { head, instructions, next: offset };
  }
}

function addHead(heads: number[], offset: number): void {
  if (offset < PAGE && !heads.includes(offset)) heads.push(offset);
}

const isTranslated = (found: Case): boolean => !found.row[4]?.interpOnly;

/** All direct branches have their word offset in the field i, signed. */
function targetOf(found: Case, word: number, offset: number): number {
  const position = found.pattern.fields.get('i');
  if (!position) throw new Error(`${found.row[1]} has no offset`);
  const up = 32 - position.bits;
  return offset + ((fieldOf(word, position) << up) >> up) * 4;
}
