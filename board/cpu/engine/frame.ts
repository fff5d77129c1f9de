/*
 * board/cpu/engine/frame.ts - the three places that the interpreter's handlers are made for
 *
 * In the hot loop a handler ends in a jump to a common piece of run(); in a function of its own it returns what is to
 * be done (STATUS); a helper can do neither.
 */
import type { Helper } from '../builder.ts';
import { EXIT, STATE } from '../state.ts';
import { add, and, localOf, lts, not, shl, shr, sub, type Value } from '../value.ts';
import type { Code, Label } from '../wasm.ts';
import type { Type } from '../wasm-ops.ts';
import { emit, type Surroundings } from './emitter.ts';

/** What a handler's maker needs to know of the function it writes into. */
export interface Frame {
  readonly code: Code;
  /** Locals that hold: the instruction word, its host pointer, PC minus that (i64), the offset of the TLB bank. */
  readonly insn: number;
  readonly hp: number;
  readonly delta: number;
  readonly tlb: number;
  /** Goes on with the next instruction. */
  next(): void;
  /** Goes on at the i64 target. */
  branch(target: Value, around: Surroundings): void;
  leave(exit: number, pc: 'this' | 'next'): void;
  /** An i64 VA and i32 access code on the stack become an i32 host pointer; when the access faults, leaves. */
  slow(): void;
  sys(): void;
  /** What BUDGET would be if this instruction were to leave: i32. */
  budget(): Value;
  /** The function that is this helper. */
  helper(helper: Helper): number;
  /** A local of the type, free again at the handler's end. */
  temporary(type: Type): number;
}

/** Indices of the functions that every frame calls. */
export interface Services {
  readonly slow: number;
  readonly sys: number;
  readonly pending: number;
  helper(helper: Helper): number;
}

/** What a cold handler returns. Above: (exit code + 1) * 2 + 1 when PC moves past. Below 0: ~code, STATE is written. */
export const STATUS = { NEXT: 0, EDGE: 1 } as const;
export const statusOf = (exit: number, pc: 'this' | 'next'): number => (exit + 1) * 2 + Number(pc === 'next');

/** Locals by type, reused from handler to handler. */
export class Temporaries {
  private readonly code: Code;
  private readonly pools = new Map<Type, number[]>();
  private readonly used = new Map<Type, number>();

  constructor(code: Code) {
    this.code = code;
  }

  take(type: Type): number {
    const pool = this.pools.get(type) ?? [];
    this.pools.set(type, pool);
    const n = this.used.get(type) ?? 0;
    this.used.set(type, n + 1);
    pool[n] ??= this.code.local(type);
    return pool[n];
  }

  release(): void {
    this.used.clear();
  }
}

/** Labels of run() that handlers jump to. */
export interface HotLabels {
  readonly next: Label;
  readonly branch: Label;
  readonly leave: Label;
  readonly done: Label;
}

/** Locals of run(). */
export interface HotLocals {
  readonly insn: number;
  readonly hp: number;
  readonly dl: number;
  readonly lim: number;
  readonly delta: number;
  readonly tlb: number;
  readonly target: number;
  readonly exit: number;
}

export class HotFrame implements Frame {
  readonly code: Code;
  readonly insn: number;
  readonly hp: number;
  readonly delta: number;
  readonly tlb: number;
  private readonly locals: HotLocals;
  private readonly labels: HotLabels;
  private readonly services: Services;
  private readonly temporaries: Temporaries;

  constructor(
    code: Code,
    locals: HotLocals,
    labels: HotLabels,
    services: Services,
    temporaries: Temporaries,
  ) {
    this.code = code;
    ({ insn: this.insn, hp: this.hp, delta: this.delta, tlb: this.tlb } = locals);
    this.locals = locals;
    this.labels = labels;
    this.services = services;
    this.temporaries = temporaries;
  }

  next(): void {
    this.code.br(this.labels.next);
  }

  branch(target: Value, around: Surroundings): void {
    emit(this.code, target, around);
    this.code.set(this.locals.target);
    this.code.br(this.labels.branch);
  }

  leave(exit: number, pc: 'this' | 'next'): void {
    const { code } = this;
    if (exit === EXIT.UNDEFINED) storeWord(code, STATE.INSN, this.insn);
    if (pc === 'next') this.advance();
    code.i32Const(exit);
    code.set(this.locals.exit);
    code.br(this.labels.leave);
  }

  slow(): void {
    const { code, locals } = this;
    code.get(this.hp);
    code.get(locals.dl);
    code.get(this.delta);
    code.call(this.services.slow);
    code.tee(locals.exit);
    code.op('i32.eqz');
    code.if();
    this.leave(EXIT.FAULT, 'this');
    code.end();
    // PENDING makes this instruction the last of its page, so that the way past the page's end sees it.
    code.call(this.services.pending);
    code.if();
    this.endAfterThis();
    code.end();
    code.get(locals.exit);
  }

  /** What a cold handler's status asks for, when it is neither NEXT nor EDGE. */
  leaveWith(status: Value, around: Surroundings): void {
    const { code, locals, labels } = this;
    emit(code, lts(status, 0), around);
    code.if();
    emit(code, not(status), around);
    code.set(locals.exit);
    code.br(labels.done);
    code.end();
    emit(code, add(localOf('i32', this.hp), shl(and(status, 1), 2)), around);
    code.set(this.hp);
    emit(code, sub(shr(status, 1), 1), around);
    code.set(locals.exit);
    code.br(labels.leave);
  }

  /** LIM = the next instruction. */
  endAfterThis(): void {
    this.code.get(this.hp);
    this.code.i32Const(4);
    this.code.op('i32.add');
    this.code.set(this.locals.lim);
  }

  sys(): void {
    const { code } = this;
    code.get(this.insn);
    code.get(this.hp);
    code.get(this.locals.dl);
    code.get(this.delta);
    code.call(this.services.sys);
    code.tee(this.locals.exit);
    code.brIf(this.labels.done);
    this.next();
  }

  budget(): Value {
    return wordsBetween(this.hp, this.locals.dl);
  }

  helper(helper: Helper): number {
    return this.services.helper(helper);
  }

  temporary(type: Type): number {
    return this.temporaries.take(type);
  }

  private advance(): void {
    this.code.get(this.hp);
    this.code.i32Const(4);
    this.code.op('i32.add');
    this.code.set(this.hp);
  }
}

/** Parameters of a cold function: insn, hp, dl, delta, tlb. */
export const COLD_PARAMETERS = ['i32', 'i32', 'i32', 'i64', 'i32'] as const satisfies readonly Type[];

export class ColdFrame implements Frame {
  readonly code: Code;
  readonly insn = 0;
  readonly hp = 1;
  readonly dl = 2;
  readonly delta = 3;
  readonly tlb = 4;
  private readonly services: Services;
  private readonly temporaries: Temporaries;
  /** Code outside may have run, and may have asked to leave. */
  private wentOut = false;

  constructor(code: Code, services: Services) {
    this.code = code;
    this.services = services;
    this.temporaries = new Temporaries(code);
  }

  /** After a slow access the loop must look whether to leave. */
  next(): void {
    if (this.wentOut) this.code.call(this.services.pending);
    else this.code.i32Const(STATUS.NEXT);
    this.code.return();
  }

  branch(): void {
    throw new Error('a cold row must not branch');
  }

  leave(exit: number, pc: 'this' | 'next'): void {
    if (exit === EXIT.UNDEFINED) storeWord(this.code, STATE.INSN, this.insn);
    this.code.i32Const(statusOf(exit, pc));
    this.code.return();
  }

  slow(): void {
    this.wentOut = true;
    const host = this.temporary('i32');
    for (const local of [this.hp, this.dl, this.delta]) this.code.get(local);
    this.code.call(this.services.slow);
    this.code.tee(host);
    this.code.op('i32.eqz');
    this.code.if();
    this.leave(EXIT.FAULT, 'this');
    this.code.end();
    this.code.get(host);
  }

  sys(): void {
    this.wentOut = true;
    const result = this.temporary('i32');
    for (const local of [this.insn, this.hp, this.dl, this.delta]) this.code.get(local);
    this.code.call(this.services.sys);
    this.code.tee(result);
    this.code.if();
    this.code.get(result);
    this.code.i32Const(-1);
    this.code.op('i32.xor');
    this.code.return();
    this.code.end();
    this.next();
  }

  budget(): Value {
    return wordsBetween(this.hp, this.dl);
  }

  helper(helper: Helper): number {
    return this.services.helper(helper);
  }

  temporary(type: Type): number {
    return this.temporaries.take(type);
  }
}

/** A helper sees registers and state, but no instruction: it can neither fault nor branch. */
export class HelperFrame implements Frame {
  readonly code: Code;
  readonly insn = -1;
  readonly hp = -1;
  readonly delta = -1;
  readonly tlb = -1;
  private readonly services: Services;
  private readonly temporaries: Temporaries;

  constructor(code: Code, services: Services) {
    this.code = code;
    this.services = services;
    this.temporaries = new Temporaries(code);
  }

  next(): void {
    throw new Error('a helper has no next instruction');
  }

  branch(): void {
    throw new Error('a helper cannot branch');
  }

  leave(): void {
    throw new Error('a helper cannot leave');
  }

  slow(): void {
    throw new Error('a helper cannot translate addresses');
  }

  sys(): void {
    throw new Error('a helper cannot call sys()');
  }

  budget(): Value {
    throw new Error('a helper does not know the budget');
  }

  helper(helper: Helper): number {
    return this.services.helper(helper);
  }

  temporary(type: Type): number {
    return this.temporaries.take(type);
  }
}

const wordsBetween = (from: number, to: number): Value =>
  shr(sub(localOf('i32', to), localOf('i32', from)), 2);

function storeWord(code: Code, offset: number, local: number): void {
  code.i32Const(0);
  code.get(local);
  code.memory('i32.store', offset);
}
