/*
 * board/cpu/engine/translator/frame.ts - the function of a group of traces: its ways in, its flags, its ways out
 *
 *   one(budget)              executes the group's only trace, or what it can of it
 *   several(budget, number)  begins with the trace of that number, and goes on as long as it stays among them
 *
 * At the start of each trace the budget is checked to be enough for all of it. The function returns an OUTCOME or
 * EXIT.SVC. Of the flags only a way out of a trace, and who asks by name, makes STATE true.
 */
import { ordered } from '../../fp/compare.ts';
import { EXIT, FLAG_KIND, STATE } from '../../state.ts';
import {
  add,
  and,
  gtu,
  i32,
  i64,
  localOf,
  ne,
  op,
  or,
  readingOf,
  shl,
  sub,
  type Value,
  wrap,
  zext,
} from '../../value.ts';
import { Code, type Label, type MemoryOp } from '../../wasm.ts';
import type { Type } from '../../wasm-ops.ts';
import type { Helper } from '../../builder.ts';
import type { Trace } from './discovery.ts';
import { emit, type Surroundings } from '../emitter.ts';
import { type Frame, type Services, Temporaries } from '../frame.ts';
import type { Group } from './group.ts';
import { Locals } from './locals.ts';
import type { Region } from './region.ts';

/** What a trace returns, beside EXIT codes: PC is where to go on... */
export const OUTCOME = {
  GO: -1, //   ...wherever that is
  STAY: -2, // ...and the interpreter must execute at least that instruction
} as const;

/** Where the page of the traces lies, and for whom. */
export interface PageAddress {
  readonly lo: number;
  readonly hi: number;
  readonly el: number;
}

/** Flags not yet in STATE: what adding, subtracting or comparing these two locals gives, or NZCV in the first. */
export interface PendingFlags {
  /** FLAG_KIND, or ORDERED: the two are numbers in floats. */
  readonly kind: number;
  readonly type: 'i32' | 'i64' | 'f32' | 'f64';
  readonly a: number;
  readonly b: number;
}
export const ORDERED = -1;
export const localA = ({ type, a }: PendingFlags): Value => localOf(type, a);
export const localB = ({ type, b }: PendingFlags): Value => localOf(type, b);

const BUDGET = 0;
const NUMBER = 1;
const PAGE_WORDS = 1024;
const I32_BITS = 32;
/** Of `place`, at `side`. */
const SURPRISE = 1 << 20;

export class GroupFrame implements Frame {
  readonly code: Code;
  readonly insn = -1;
  readonly hp = -1;
  readonly delta = -1;
  readonly tlb = -1;
  readonly page: PageAddress;
  readonly loops: boolean;
  readonly locals: Locals;
  /** The instruction being translated, and how many of the trace come before it. */
  offset = 0;
  executed = 0;
  /** Where the trace goes on if this instruction branches there. */
  follow: number | undefined;
  flags: PendingFlags | undefined;
  private readonly group: Group;
  private readonly region: Region;
  private readonly services: Services;
  private readonly temporaries: Temporaries;
  /** Where a way out leads, as `side` or `out` takes it; and an address from a register. */
  private readonly place: number;
  private readonly target: number;
  private readonly out: Label;
  private readonly side: Label;
  /** Of a loop: the ways out, by the number that `place` has at `out`. */
  private readonly exits: (() => void)[] = [];
  /** The traces that are yet to be written, by offset. */
  private readonly ahead = new Map<number, Label>();
  /** Of several: where NUMBER says which, and where TARGET is none of them. */
  private again: Label | undefined;
  private elsewhere: Label | undefined;
  /** The trace being written, and its start if it branches there. */
  private head = 0;
  private top: Label | undefined;

  constructor(group: Group, region: Region, services: Services) {
    this.code = new Code(group.signature);
    const { code } = this;
    this.group = group;
    this.page = region.page;
    this.region = region;
    this.services = services;
    this.loops = group.loops;
    this.locals = new Locals(code, group.loops, region.fp);
    this.temporaries = new Temporaries(code);
    this.place = code.local('i32');
    this.target = code.local('i64');
    this.out = code.block();
    this.side = code.block();
    if (group.isSeveral) this.writeChoice();
  }

  private writeChoice(): void {
    const { code, group, ahead } = this;
    this.again = code.loop();
    const elsewhere = code.block();
    this.elsewhere = elsewhere;
    for (const { head } of [...group.traces].reverse()) ahead.set(head, code.block());
    code.get(NUMBER);
    code.brTable(
      group.heads().map((head) => ahead.get(head) ?? elsewhere),
      elsewhere,
    );
  }

  /** Where execution comes to this trace, and turns away if the budget is not enough for all of it. */
  begin({ head, instructions, targets }: Trace): void {
    const { code } = this;
    if (this.ahead.delete(head)) code.end();
    this.head = head;
    this.offset = head;
    this.executed = 0;
    this.flags = undefined;
    this.locals.vectors.forgetCopies();
    this.top = targets.includes(head) ? code.loop() : undefined;
    code.get(BUDGET);
    code.i32Const(instructions.length);
    code.op('i32.lt_u');
    code.if();
    this.stay();
    code.end();
  }

  instructionDone(): void {
    this.temporaries.release();
  }

  /** Behind the trace's last instruction. */
  end({ instructions, next }: Trace): void {
    this.jump(next, instructions.length);
    if (this.top) this.code.end();
  }

  /** Into STATE, where they may be already. */
  flushFlags(): void {
    if (!this.flags) return;
    const { kind } = this.flags;
    const [a, b] = [localA(this.flags), localB(this.flags)];
    if (kind === FLAG_KIND.ADD || kind === FLAG_KIND.SUB) {
      this.storeOperand(STATE.FLAG_A, a);
      this.storeOperand(STATE.FLAG_B, b);
    } else this.store('i32.store', STATE.NZCV, kind === ORDERED ? ordered(a, b) : a);
    this.store('i32.store', STATE.FLAG_KIND, i32(kind === ORDERED ? FLAG_KIND.RAW : kind));
  }

  /** Leaves, to have this instruction executed by the interpreter: nothing of it has happened. */
  stay(isSurprised = false): void {
    this.flushFlags();
    this.code.i32Const(this.offset | (this.executed << 12) | (isSurprised ? SURPRISE : 0));
    this.code.set(this.place);
    this.code.br(this.side);
  }

  branch(target: Value, around: Surroundings): void {
    const executed = this.executed + 1;
    if (this.follow !== undefined) return this.branchOn(target, this.address(this.follow), around);
    if (target.kind === 'const') {
      const offset = target.lo - this.page.lo;
      if (target.hi === this.page.hi && offset >= 0 && offset < 4 * PAGE_WORDS)
        return this.jump(offset, executed);
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

  /** To an offset from the page's start, after `executed` instructions. */
  private jump(offset: number, executed: number): void {
    const { code, region } = this;
    this.flushFlags();
    this.spend(executed);
    if (this.jumpWithin(offset)) return;
    this.exit(() => {
      if (region.has(offset)) return region.enter(code, offset, BUDGET);
      this.goTo(this.address(offset));
      code.i32Const(OUTCOME.GO);
      code.return();
    });
  }

  /** To a trace of the group, if one begins there. */
  private jumpWithin(offset: number): boolean {
    const { code, group } = this;
    const label = offset === this.head ? this.top : this.ahead.get(offset);
    if (label) code.br(label);
    else if (this.again && group.has(offset)) {
      code.i32Const(group.numberOf(offset));
      code.set(NUMBER);
      code.br(this.again);
    } else return false;
    return true;
  }

  /** To an address that may be anywhere. */
  private jumpTo(target: Value, executed: number, around: Surroundings): void {
    const { code } = this;
    this.flushFlags();
    emit(code, target, around);
    code.set(this.target);
    this.spend(executed);
    if (this.group.isIndirect) this.chooseByTarget();
    else this.exit(() => this.leaveByTarget());
  }

  /** To the group's trace that begins there. Elsewhere, and between instructions, is more than a page away. */
  private chooseByTarget(): void {
    const { code, page, group } = this;
    const target = localOf('i64', this.target);
    const number = localOf('i64', this.temporary('i64'));
    emit(code, op('i64.rotr', sub(target, i64(page.lo + group.first, page.hi)), i64(2)), PLAIN);
    code.set(number.lo);
    emit(code, gtu(number, i64(PAGE_WORDS)), PLAIN);
    code.brIf(this.elsewhere!);
    emit(code, wrap(number), PLAIN);
    code.set(NUMBER);
    code.br(this.again!);
  }

  private leaveByTarget(): void {
    this.code.get(BUDGET);
    this.code.get(this.target);
    this.code.returnCall(this.region.indirect());
  }

  private spend(executed: number): void {
    const { code } = this;
    code.get(BUDGET);
    code.i32Const(executed);
    code.op('i32.sub');
    code.set(BUDGET);
  }

  /** Out of the function: of a loop's, by where its registers are written to STATE. */
  private exit(leave: () => void): void {
    if (!this.loops) return leave();
    this.code.i32Const(this.exits.push(leave) - 1);
    this.code.set(this.place);
    this.code.br(this.out);
  }

  address(offset: number): Value {
    const lo = (this.page.lo >>> 0) + offset;
    return i64(lo, this.page.hi + (lo >= 2 ** I32_BITS ? 1 : 0));
  }

  /** SVC needs nothing of the interpreter; every other reason to leave is for it to find. */
  leave(exit: number, pc: 'this' | 'next'): void {
    if (exit !== EXIT.SVC || pc !== 'next') return this.stay();
    this.flushFlags();
    this.spend(this.executed + 1);
    const next = this.address(this.offset + 4);
    this.exit(() => {
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

  budget(): Value {
    return sub(localOf('i32', BUDGET), this.executed);
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
    if (this.group.isSeveral) this.writeElsewhere();
    code.unreachable();
    code.end();
    this.writeSide();
    code.end();
    if (this.exits.length > 0) this.writeExits();
    code.unreachable();
    code.prepend(this.locals.prologue());
    return code;
  }

  private writeElsewhere(): void {
    this.code.end();
    this.exit(() => this.leaveByTarget());
    this.code.end();
  }

  /** Where the interpreter is to go on: `place` says at which offset, and after how many instructions of the trace. */
  private writeSide(): void {
    const { code, page } = this;
    this.locals.writeBack();
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
    code.i32Const(0xff);
    code.op('i32.and');
    code.op('i32.sub');
    code.memory('i32.store', STATE.BUDGET);
    this.noteSurprise();
    code.i32Const(OUTCOME.STAY);
    code.return();
  }

  /** How many there were, and where the last one was. */
  private noteSurprise(): void {
    const { code, page } = this;
    const place = localOf('i32', this.place);
    emit(code, and(place, SURPRISE), PLAIN);
    code.if();
    const count = readingOf('i32.load', i32(0), STATE.SURPRISES, PLAIN.epoch);
    this.store('i32.store', STATE.SURPRISES, add(count, 1));
    this.store('i32.store', STATE.SURPRISE_AT, or(and(place, 0xfff), page.lo));
    code.end();
  }

  private writeExits(): void {
    const { code } = this;
    this.locals.writeBack();
    const labels = this.exits.map(() => code.block()).reverse();
    code.get(this.place);
    code.brTable(labels, labels[0]!);
    for (const leave of this.exits) {
      code.end();
      leave();
    }
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
  private storeOperand(at: number, v: Value): void {
    this.store('i64.store', at, v.type === 'i32' ? shl(zext(v), 32) : v);
  }

  private store(how: MemoryOp, at: number, v: Value): void {
    this.code.i32Const(0);
    emit(this.code, v, PLAIN);
    this.code.memory(how, at);
  }
}

const PLAIN: Surroundings = {
  epoch: 0,
  operand: () => {
    throw new Error('fields are constants here');
  },
};
