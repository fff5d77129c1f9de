/*
 * board/cpu/engine/translator/locals.ts - what the function of a group of traces keeps in locals
 *
 * Registers that it uses are read once, at its start. What is written goes to STATE at once as well, so that a way out
 * need only say where; but what a loop writes goes there when it is left.
 */
import { NEAR, STATE } from '../../state.ts';
import { Code, type MemoryOp } from '../../wasm.ts';
import type { Type } from '../../wasm-ops.ts';
import { FpModes, type FpNow } from './fp-modes.ts';
import { VectorRegisters } from './vectors.ts';

/** A register in a local. */
interface Kept {
  readonly local: number;
  readonly isLoaded: boolean;
  isWritten: boolean;
}

export class Locals {
  /** How many arms deep, of which perhaps none is executed, the code being made is. */
  arms = 0;
  readonly code: Code;
  readonly loops: boolean;
  readonly vectors: VectorRegisters = new VectorRegisters(this);
  readonly fpModes: FpModes;
  private readonly registers = new Map<number, Kept>();
  private readonly kept = new Set<number>();
  private readonly operands = new Map<string, number>();
  private readonly nearPages = new Map<string, number>();
  private userBank: number | undefined;

  constructor(code: Code, loops: boolean, fp: FpNow) {
    this.code = code;
    this.loops = loops;
    this.fpModes = new FpModes(this, fp);
  }

  /**
   * The local that holds register `n` (32 is SP) throughout. What is certain to be written before it is read need not be
   * loaded at the start: unless it is a loop, which writes everything back at whatever exit.
   */
  register(n: number, use: 'read' | 'write'): number {
    const known = this.registers.get(n);
    if (known !== undefined) {
      known.isWritten ||= use === 'write';
      return known.local;
    }
    const local = this.keepLocal('i64');
    const isLoaded = use === 'read' || this.arms > 0 || this.loops;
    this.registers.set(n, { local, isLoaded, isWritten: use === 'write' });
    return local;
  }

  /** A new local that outlives the instruction. */
  keepLocal(type: Type): number {
    const local = this.code.local(type);
    this.kept.add(local);
    return local;
  }

  /** In a loop: where STATE has what is known of such accesses; undefined: it has no place for that. */
  nearPage(base: number, kind: string): number | undefined {
    const key = `${base} ${kind}`;
    const known = this.nearPages.get(key);
    if (known !== undefined || this.nearPages.size === NEAR.ENTRIES) return known;
    const at = STATE.NEAR + this.nearPages.size * NEAR.SIZE;
    this.nearPages.set(key, at);
    return at;
  }

  /** The local that holds the offset of EL0's TLB bank: it changes only where traces are left. */
  userTlb(): number {
    this.userBank ??= this.code.local('i32');
    return this.userBank;
  }

  /** One of the two locals of the type for flags. */
  operand(type: 'i32' | 'i64' | 'f32' | 'f64', which: 'a' | 'b'): number {
    const key = `${type} ${which}`;
    const known = this.operands.get(key);
    if (known !== undefined) return known;
    const local = this.keepLocal(type);
    this.operands.set(key, local);
    return local;
  }

  /** Outlives the instruction, so may be overwritten by it. */
  isKept(local: number): boolean {
    return this.kept.has(local);
  }

  /** What is to come first in the function. */
  prologue(): Code {
    const first = new Code(this.code.signature);
    for (const [n, { local, isLoaded }] of this.registers)
      if (isLoaded) load(first, 'i64.load', STATE.X + 8 * n, local);
    this.vectors.writeLoads(first);
    for (const at of this.nearPages.values()) {
      first.i32Const(0);
      first.i64Const(0, 0);
      first.memory('i64.store', at + NEAR.ROOM);
    }
    if (this.userBank !== undefined) load(first, 'i32.load', STATE.TLB_USER, this.userBank);
    this.fpModes.writeStart(first);
    return first;
  }

  /** What a loop has only in locals. */
  writeBack(): void {
    const { code } = this;
    if (!this.loops) return;
    for (const [n, { local, isWritten }] of this.registers) {
      if (!isWritten) continue;
      code.i32Const(0);
      code.get(local);
      code.memory('i64.store', STATE.X + 8 * n);
    }
    this.vectors.writeBack();
  }
}

function load(code: Code, op: MemoryOp, offset: number, local: number): void {
  code.i32Const(0);
  code.memory(op, offset);
  code.set(local);
}
