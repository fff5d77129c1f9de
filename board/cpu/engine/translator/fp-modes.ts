/*
 * board/cpu/engine/translator/fp-modes.ts - what a trace knows of FPCR and FPSR
 *
 * Manual: Arm ARM (DDI 0487), "FPCR, Floating-point Control Register", "FPSR, Floating-point Status Register"
 *
 * They hardly ever change. So what depends on them is worked out at the start of the trace, into locals; which may miss
 * what was raised in FPSR since, but not what was written. And code is made for what they are when it is made.
 */
import type { Modes } from '../../builder.ts';
import { FPSR } from '../../fp/status.ts';
import { STATE } from '../../state.ts';
import { and, eq, i64, localOf, select, type Value, zeroLike } from '../../value.ts';
import type { Code } from '../../wasm.ts';
import type { Type } from '../../wasm-ops.ts';
import { emit, type Surroundings } from '../emitter.ts';

/** What is known when code is made. */
export interface FpNow {
  readonly control: number;
  readonly status: number;
  /** Blocks of the page, a bit each, that are to expect that nothing has been inexact so far. Others expect that it has. */
  readonly exact: number;
  /** Blocks that have too often left to the interpreter what was not expected: they are to expect anything. */
  readonly careful: number;
}

/** The bit of the block in which the offset from the page's start is. */
export const blockAt = (offset: number): number => 1 << (offset >>> 7);
/** Those of a trace that begins there, or nearly so. */
export const blocksFrom = (offset: number): number =>
  blockAt(offset) | blockAt(Math.min(offset + 0x80, 0xfff));

interface Trace {
  readonly code: Code;
  keepLocal(type: Type): number;
}

/** What is `value` in these modes. */
interface Known {
  readonly modes: Modes;
  readonly value: Value;
  readonly local: number;
}

export class FpModes {
  private readonly now: FpNow;
  private readonly trace: Trace;
  private readonly known: Known[] = [];
  /** The local with FPCR and FPSR, as STATE has them together. */
  private both: number | undefined;
  /** What is worked out at the start is not true any more. */
  private areWritten = false;

  constructor(trace: Trace, now: FpNow) {
    this.trace = trace;
    this.now = now;
  }

  /** Whether code for the offset is to be for all modes. */
  isCareful(offset: number): boolean {
    return (this.now.careful & blockAt(offset)) !== 0;
  }

  /** Whether they are such now; undefined: perhaps not, but code for the offset is to be careful. */
  likely({ control, isControl, status, isStatus }: Modes, offset: number): boolean | undefined {
    const isExact = (this.now.exact & blockAt(offset)) !== 0;
    const raised = isExact ? this.now.status & ~FPSR.IXC : this.now.status | FPSR.IXC;
    const areSuch = (this.now.control & control) === isControl && (raised & status) === isStatus;
    return areSuch || (this.isCareful(offset) ? undefined : false);
  }

  /** The constant in these modes, else zero. */
  inModes(modes: Modes, value: Value): Value {
    const known = this.known.find((one) => one.modes === modes && one.value === value);
    if (known) return localOf(value.type, known.local);
    if (this.areWritten) return this.chosen(modes, value);
    const local = this.trace.keepLocal(value.type);
    this.known.push({ modes, value, local });
    return localOf(value.type, local);
  }

  /** Something may have been raised that it is well to know. */
  refresh(): void {
    if (this.known.length > 0) this.write(this.trace.code);
  }

  /** FPCR or FPSR was written. */
  written(): void {
    this.areWritten = true;
    this.write(this.trace.code);
  }

  /** At the start of the trace. */
  writeStart(code: Code): void {
    if (this.both !== undefined || this.known.length > 0) this.write(code);
  }

  private write(code: Code): void {
    code.i32Const(0);
    code.memory('i64.load', STATE.FPCR);
    code.set(this.local());
    for (const { modes, value, local } of this.known) {
      emit(code, this.chosen(modes, value), PLAIN);
      code.set(local);
    }
  }

  private chosen({ control, isControl, status, isStatus }: Modes, value: Value): Value {
    const both = localOf('i64', this.local());
    return select(eq(and(both, i64(control, status)), i64(isControl, isStatus)), value, zeroLike(value));
  }

  private local(): number {
    this.both ??= this.trace.keepLocal('i64');
    return this.both;
  }
}

const PLAIN: Surroundings = {
  epoch: 0,
  operand: () => {
    throw new Error('fields are constants here');
  },
};
