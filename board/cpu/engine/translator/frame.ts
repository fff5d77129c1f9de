/*
 * board/cpu/engine/translator/frame.ts - a trace's function: its locals, its flags and its ways out
 *
 * The function's parameter is the budget, which it has checked to be enough for the whole trace; it returns an OUTCOME or EXIT.SVC.
 * Registers that it uses are in locals, read once at the start; whatever is written goes to STATE at once as well, so
 * that a way out need only say where. But general registers of a loop go there when it is left. Of the flags only a way
 * out, and who asks by name, makes STATE true.
 */
import { EXIT, STATE } from '../../state.ts';
import { ne, Value } from '../../value.ts';
import { Code, type Label, type MemoryOp } from '../../wasm.ts';
import type { Type } from '../../wasm-ops.ts';
import type { Helper } from '../../builder.ts';
import type { Trace } from './discovery.ts';
import { emit, type Surroundings } from '../emitter.ts';
import { type Frame, type Services, Temporaries } from '../frame.ts';
import type { Region } from './region.ts';

/** What a trace returns, beside EXIT codes: PC is where to go on... */
export const OUTCOME = {
  GO: -1, //   ...wherever that is
  STAY: -2, // ...and the interpreter must execute at least that instruction
} as const;

/** Where the page of the trace lies, and for whom. */
export interface PageAddress {
  readonly lo: number;
  readonly hi: number;
  readonly el: number;
}

/** Flags not yet in STATE: what adding or subtracting these two locals gives. */
export interface PendingFlags {
  readonly kind: number;
  readonly type: 'i32' | 'i64';
  readonly a: number;
  readonly b: number;
}

/** A register in a local. */
interface Kept {
  readonly local: number;
  readonly isLoaded: boolean;
  isWritten: boolean;
}

/** The page that accesses from one base register found last: locals with its address, and what leads to the host. */
export interface PageCache {
  readonly page: number;
  readonly addend: number;
  /** In a loop: all ones before there was an access, then zero. */
  readonly unknown: number | undefined;
}

const BUDGET = 0;
const I32_BITS = 32;

export class TraceFrame implements Frame {
  readonly code = new Code({ params: ['i32'], result: 'i32' });
  readonly insn = -1;
  readonly hp = -1;
  readonly delta = -1;
  readonly tlb = -1;
  readonly page: PageAddress;
  /** The instruction being translated, and how many of the trace come before it. */
  offset = 0;
  executed = 0;
  /** Where the trace goes on if this instruction branches there. */
  follow: number | undefined;
  flags: PendingFlags | undefined;
  /** It branches to its own start. */
  readonly loops: boolean;
  private readonly head: number;
  private readonly services: Services;
  private readonly region: Region;
  private readonly temporaries = new Temporaries(this.code);
  private readonly registers = new Map<number, Kept>();
  private readonly vectors = new Map<number, Kept>();
  private readonly kept = new Set<number>();
  /** How many arms deep, of which perhaps none is executed, the code being made is. */
  arms = 0;
  private readonly operands = new Map<string, number>();
  private readonly pageCaches = new Map<string, PageCache>();
  private userBank: number | undefined;
  private modes: number | undefined;
  private readonly place: number;
  /** Of a loop: the ways out, by the number that `place` has at `out`; and the address where an indirect one leads. */
  private readonly exits: (() => void)[] = [];
  private readonly target: number;
  private readonly out: Label;
  private readonly side: Label;
  private readonly top: Label;

  constructor({ head, instructions, loops }: Trace, region: Region, services: Services) {
    const { code } = this;
    this.page = region.page;
    this.head = head;
    this.region = region;
    this.services = services;
    this.offset = head;
    this.loops = loops;
    this.place = code.local('i32');
    this.target = code.local('i64');
    this.out = code.block();
    this.side = code.block();
    this.top = code.loop();
    code.get(BUDGET);
    code.i32Const(instructions.length);
    code.op('i32.lt_u');
    code.if();
    this.stay();
    code.end();
  }

  /** The local that holds register `n` (32 is SP) throughout. */
  register(n: number, use: 'read' | 'write'): number {
    return this.keep(this.registers, n, 'i64', use);
  }

  /** The local that holds V register `n` throughout. */
  vector(n: number, use: 'read' | 'write'): number {
    return this.keep(this.vectors, n, 'v128', use);
  }

  /** A lane of it was written in STATE. */
  reloadVector(n: number): void {
    load(this.code, 'v128.load', STATE.V + 16 * n, this.vector(n, 'read'));
  }

  /**
   * What is certain to be written before it is read need not be loaded at the start: unless it is a loop, which writes
   * everything back at whatever exit.
   */
  private keep(all: Map<number, Kept>, n: number, type: Type, use: 'read' | 'write'): number {
    const known = all.get(n);
    if (known !== undefined) {
      known.isWritten ||= use === 'write';
      return known.local;
    }
    const local = this.code.local(type);
    all.set(n, {
      local,
      isLoaded: use === 'read' || this.arms > 0 || this.loops,
      isWritten: use === 'write',
    });
    this.kept.add(local);
    return local;
  }

  /** The local with FPCR and FPSR, as STATE has them together; of FPSR it may miss what was raised since. */
  fpModes(): number {
    this.modes ??= this.code.local('i64');
    this.kept.add(this.modes);
    return this.modes;
  }

  /** FPCR may have been written, or something raised that it is well to know. */
  reloadFpModes(): void {
    if (this.modes !== undefined) load(this.code, 'i64.load', STATE.FPCR, this.modes);
  }

  /** What is known of accesses of this kind from the register in local `base`; undefined: nothing yet. */
  knownPage(base: number, kind: string): PageCache | undefined {
    return this.pageCaches.get(`${base} ${kind}`);
  }

  /**
   * From here on, and in a loop from its start on, something is known: there at first that nothing is. A page that stands
   * for none would not do, as a program can have any address.
   */
  rememberPage(base: number, kind: string): PageCache {
    const { code } = this;
    const unknown = this.loops ? code.local('i64') : undefined;
    const cache = { page: code.local('i64'), addend: code.local('i32'), unknown };
    this.pageCaches.set(`${base} ${kind}`, cache);
    return cache;
  }

  /** The local that holds the offset of EL0's TLB bank: it changes only where traces are left. */
  userTlb(): number {
    this.userBank ??= this.code.local('i32');
    return this.userBank;
  }

  /** One of the two locals of the type for flags. */
  operand(type: 'i32' | 'i64', which: 'a' | 'b'): number {
    const key = `${type} ${which}`;
    const known = this.operands.get(key);
    if (known !== undefined) return known;
    const local = this.code.local(type);
    this.operands.set(key, local);
    this.kept.add(local);
    return local;
  }

  /** Outlives the instruction, so may be overwritten by it. */
  isKept(local: number): boolean {
    return this.kept.has(local);
  }

  instructionDone(): void {
    this.temporaries.release();
  }

  /** Into STATE, where they may be already. */
  flushFlags(): void {
    if (!this.flags) return;
    const { code } = this;
    const { kind, type, a, b } = this.flags;
    this.storeOperand(STATE.FLAG_A, type, a);
    this.storeOperand(STATE.FLAG_B, type, b);
    code.i32Const(0);
    code.i32Const(kind);
    code.memory('i32.store', STATE.FLAG_KIND);
  }

  /** Leaves, to have this instruction executed by the interpreter: nothing of it has happened. */
  stay(): void {
    this.flushFlags();
    this.code.i32Const(this.offset | (this.executed << 12));
    this.code.set(this.place);
    this.code.br(this.side);
  }

  /** To an offset from the page's start, after `executed` instructions. */
  jump(offset: number, executed: number): void {
    const { code } = this;
    this.flushFlags();
    if (offset === this.head) {
      code.get(BUDGET);
      code.i32Const(executed);
      code.op('i32.sub');
      code.set(BUDGET);
      code.br(this.top);
      return;
    }
    const callee = this.region.trace(offset);
    if (callee === undefined) return this.leaveFor(offset, executed);
    this.exit(executed, () => {
      code.get(BUDGET);
      code.returnCall(callee);
    });
  }

  branch(target: Value, around: Surroundings): void {
    const executed = this.executed + 1;
    if (this.follow !== undefined) return this.branchOn(target, this.address(this.follow), around);
    if (target.kind === 'const') {
      const offset = target.lo - this.page.lo;
      if (target.hi === this.page.hi && offset >= 0 && offset < 0x1000) return this.jump(offset, executed);
    }
    this.jumpTo(target, executed, around);
  }

  /** Goes on, unless the target is not the one that was expected. */
  private branchOn(target: Value, expected: Value, around: Surroundings): void {
    if (target.kind === 'const') return;
    emit(this.code, ne(target, expected), around);
    this.code.if();
    this.jumpTo(target, this.executed + 1, around);
    this.code.end();
  }

  /** To an address that may be anywhere. */
  private jumpTo(target: Value, executed: number, around: Surroundings): void {
    const { code } = this;
    this.flushFlags();
    emit(code, target, around);
    code.set(this.target);
    this.exit(executed, () => {
      code.get(BUDGET);
      code.get(this.target);
      code.returnCall(this.region.indirect());
    });
  }

  private leaveFor(offset: number, executed: number): void {
    this.exit(executed, () => {
      this.goTo(this.address(offset));
      this.code.i32Const(OUTCOME.GO);
      this.code.return();
    });
  }

  /** Out of the trace. A loop's way out goes by where its registers are written to STATE. */
  private exit(executed: number, leave: () => void): void {
    const { code } = this;
    code.get(BUDGET);
    code.i32Const(executed);
    code.op('i32.sub');
    code.set(BUDGET);
    if (!this.loops) return leave();
    code.i32Const(this.exits.push(leave) - 1);
    code.set(this.place);
    code.br(this.out);
  }

  address(offset: number): Value {
    const lo = (this.page.lo >>> 0) + offset;
    return new Value('const', 'i64', { lo: lo | 0, hi: (this.page.hi + (lo >= 2 ** I32_BITS ? 1 : 0)) | 0 });
  }

  /** SVC needs nothing of the interpreter; every other reason to leave is for it to find. */
  leave(exit: number, pc: 'this' | 'next'): void {
    if (exit !== EXIT.SVC || pc !== 'next') return this.stay();
    this.flushFlags();
    const next = this.address(this.offset + 4);
    this.exit(this.executed + 1, () => {
      this.goTo(next);
      this.code.i32Const(exit);
      this.code.return();
    });
  }

  next(): void {}

  slow(): void {
    throw new Error('a trace has no slow way');
  }

  sys(): void {
    this.stay();
  }

  helper(helper: Helper): number {
    return this.services.helper(helper);
  }

  temporary(type: Type): number {
    return this.temporaries.take(type);
  }

  /** The finished function. */
  finish(): Code {
    const { code } = this;
    code.end();
    code.unreachable();
    code.end();
    this.writeSide();
    code.end();
    if (this.exits.length > 0) this.writeExits();
    code.unreachable();
    code.prepend(this.prologue());
    return code;
  }

  /** Where the interpreter is to go on: `place` says at which offset, and after how many instructions of the trace. */
  private writeSide(): void {
    const { code, page } = this;
    this.writeBack();
    code.i32Const(0);
    code.i64Const(page.lo, page.hi);
    code.get(this.place);
    code.i32Const(0xfff);
    code.op('i32.and');
    code.op('i64.extend_i32_u');
    code.op('i64.or');
    code.memory('i64.store', STATE.PC);
    code.i32Const(0);
    code.get(BUDGET);
    code.get(this.place);
    code.i32Const(12);
    code.op('i32.shr_u');
    code.op('i32.sub');
    code.memory('i32.store', STATE.BUDGET);
    code.i32Const(OUTCOME.STAY);
    code.return();
  }

  private writeExits(): void {
    const { code } = this;
    this.writeBack();
    const labels = this.exits.map(() => code.block()).reverse();
    code.get(this.place);
    code.brTable(labels, labels[0]!);
    for (const leave of this.exits) {
      code.end();
      leave();
    }
  }

  /** What a loop has only in locals. */
  private writeBack(): void {
    const { code } = this;
    for (const [n, { local, isWritten }] of this.loops ? this.registers : []) {
      if (!isWritten) continue;
      code.i32Const(0);
      code.get(local);
      code.memory('i64.store', STATE.X + 8 * n);
    }
  }

  private prologue(): Code {
    const first = new Code(this.code.signature);
    for (const [n, { local, isLoaded }] of this.registers)
      if (isLoaded) load(first, 'i64.load', STATE.X + 8 * n, local);
    for (const [n, { local, isLoaded }] of this.vectors)
      if (isLoaded) load(first, 'v128.load', STATE.V + 16 * n, local);
    for (const { unknown } of this.pageCaches.values()) {
      if (unknown === undefined) continue;
      first.i64Const(-1, -1);
      first.set(unknown);
    }
    if (this.userBank !== undefined) load(first, 'i32.load', STATE.TLB_USER, this.userBank);
    if (this.modes !== undefined) load(first, 'i64.load', STATE.FPCR, this.modes);
    return first;
  }

  /** PC and BUDGET into STATE. */
  private goTo(target: Value): void {
    const { code } = this;
    code.i32Const(0);
    emit(code, target, PLAIN);
    code.memory('i64.store', STATE.PC);
    code.i32Const(0);
    code.get(BUDGET);
    code.memory('i32.store', STATE.BUDGET);
  }

  /** Operands of 32 bits are kept in the upper half (FLAG_KIND). */
  private storeOperand(at: number, type: 'i32' | 'i64', local: number): void {
    const { code } = this;
    code.i32Const(0);
    code.get(local);
    if (type === 'i32') {
      code.op('i64.extend_i32_u');
      code.i64Const(32, 0);
      code.op('i64.shl');
    }
    code.memory('i64.store', at);
  }
}

function load(code: Code, op: MemoryOp, offset: number, local: number): void {
  code.i32Const(0);
  code.memory(op, offset);
  code.set(local);
}

const PLAIN: Surroundings = {
  epoch: 0,
  operand: () => {
    throw new Error('fields are constants here');
  },
};
