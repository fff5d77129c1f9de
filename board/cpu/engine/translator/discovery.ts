/*
 * board/cpu/engine/translator/discovery.ts - which instructions are translated together
 *
 * Manual: Arm ARM (DDI 0487), "A64 instruction set encoding", "Branches, Exception Generating and System instructions"
 *
 * A region is what direct branches reach from its entry without leaving the page. It is cut into traces: runs that
 * conditional branches leave sideways. A trace follows unconditional branches, and calls of short functions that call
 * nobody: then it goes on where they return to, if that is where they do return to. Every other target of a branch and
 * place that a call returns to begins a trace of its own.
 */
import { type Case, Decoder, fieldOf } from '../../decode.ts';
import type { Row } from '../../builder.ts';

const PAGE = 0x1000;
/** Instructions of a trace: also the least budget with which it can be entered. */
const LONGEST_TRACE = 64;
/** Of a region, beside those at its entries. */
const MOST_TRACES = 24;

export interface Instruction {
  /** Within the page. */
  readonly offset: number;
  readonly word: number;
  readonly found: Case;
  /** Of a branch: the offset, at which the trace goes on if that is the target. */
  readonly follow: number | undefined;
}

export interface Trace {
  readonly head: number;
  readonly instructions: readonly Instruction[];
  /** Where in the page it may go on: all but what a register says. */
  readonly targets: readonly number[];
  /** Where those return to whom it calls. */
  readonly returns: readonly number[];
  /** How the last instruction goes on where a register says; undefined: it does not. */
  readonly byRegister: 'jump' | 'return' | undefined;
  /** Where execution goes on after the last one, if that does not say so itself; may be the page's end. */
  readonly next: number;
}

/** What is known of a page, by offset. */
export interface Page {
  /** A trace that begins here exists. */
  isKnown(offset: number): boolean;
  /** Branches lead here often. */
  isHot(offset: number): boolean;
  /** Not rarely. */
  mayBeHot(offset: number): boolean;
}

/** How an instruction changes the flow, for those whose target is in the instruction. */
const DIRECT: ReadonlySet<string> = new Set(['B', 'BL', 'B.cond', 'CBZ', 'CBNZ', 'TBZ', 'TBNZ']);
const ENDING: ReadonlySet<string> = new Set(['B', 'BL', 'BR', 'BLR', 'RET', 'SVC']);
/** The next instruction is where somebody will return to. */
const CALLING: ReadonlySet<string> = new Set(['BL', 'BLR']);

const BY_REGISTER: Readonly<Record<string, 'jump' | 'return'>> = { BR: 'jump', BLR: 'jump', RET: 'return' };

/** RET, that is RET X30. */
const RETURN = 0xd65f_03c0;
/** Instructions of a function that is short. */
const SHORT = 16;

export class Discovery {
  private readonly decoder: Decoder;

  constructor(rows: readonly Row[]) {
    this.decoder = new Decoder(rows);
  }

  /**
   * The traces of the region at `entries` in a page of 1024 words, without those that exist and those not worth while.
   * Where a jump through a register leads is not to be seen: so what is hot in the page is looked at as well.
   */
  region(words: Uint32Array, entries: readonly number[], page: Page): Trace[] {
    const traces: Trace[] = [];
    const heads = [...entries];
    for (let i = 0; i < heads.length && i < MOST_TRACES + entries.length; i++) {
      const head = heads[i]!;
      if (page.isKnown(head) || !page.mayBeHot(head)) continue;
      const trace = this.trace(words, head);
      if (trace.instructions.length === 0) continue;
      traces.push(trace);
      for (const offset of [...trace.returns, ...trace.targets]) addHead(heads, offset);
      if (trace.instructions.at(-1)!.found.row[1] === 'SVC') addHead(heads, trace.next);
      if (trace.byRegister === 'jump') addHot(heads, page);
    }
    return traces;
  }

  private trace(words: Uint32Array, head: number): Trace {
    const instructions: Instruction[] = [];
    const passed = new Set<number>();
    const expected: number[] = [];
    const targets: number[] = [];
    const returns: number[] = [];
    let offset = head;
    while (offset < PAGE && instructions.length < LONGEST_TRACE) {
      if (passed.has(offset) && expected.length === 0) break;
      passed.add(offset);
      const word = words[offset >>> 2]!;
      const found = this.decoder.find(word);
      if (!found || found.row[4]?.interpOnly) break;

      const title = found.row[1];
      const target = DIRECT.has(title) ? targetOf(found, word, offset) : -1;
      const isInside = target >= 0 && target < PAGE;
      const follow = this.follow(words, word, title, isInside ? target : -1, expected);
      if (title === 'BL' && follow !== undefined) expected.push(offset + 4);
      else if (CALLING.has(title)) returns.push(offset + 4);
      if (isInside && follow === undefined) targets.push(target);
      instructions.push({ offset, word, found, follow });
      offset = follow ?? offset + 4;
      if ((ENDING.has(title) && follow === undefined) || found.row[4]?.ends)
        return { head, instructions, targets, returns, byRegister: BY_REGISTER[title], next: offset };
    }
    targets.push(offset);
    return { head, instructions, targets, returns, byRegister: undefined, next: offset };
  }

  /** Where a trace goes on that follows this branch. `expected`: where the functions that it is in return to. */
  private follow(
    words: Uint32Array,
    word: number,
    title: string,
    target: number,
    expected: number[],
  ): number | undefined {
    if (word === RETURN) return expected.pop();
    if (target < 0) return undefined;
    return title === 'B' || (title === 'BL' && this.isShort(words, target)) ? target : undefined;
  }

  /** A function that returns soon and calls nobody. */
  private isShort(words: Uint32Array, entry: number): boolean {
    for (let offset = entry; offset < entry + 4 * SHORT && offset < PAGE; offset += 4) {
      const word = words[offset >>> 2]!;
      if (word === RETURN) return true;
      if (ENDING.has(this.decoder.find(word)?.row[1] ?? '')) return false;
    }
    return false;
  }
}

function addHot(heads: number[], page: Page): void {
  for (let offset = 0; offset < PAGE; offset += 4) if (page.isHot(offset)) addHead(heads, offset);
}

function addHead(heads: number[], offset: number): void {
  if (offset < PAGE && !heads.includes(offset)) heads.push(offset);
}

/** All direct branches have their word offset in the field i, signed. */
function targetOf(found: Case, word: number, offset: number): number {
  const position = found.pattern.fields.get('i');
  if (!position) throw new Error(`${found.row[1]} has no offset`);
  const up = 32 - position.bits;
  return offset + ((fieldOf(word, position) << up) >> up) * 4;
}
