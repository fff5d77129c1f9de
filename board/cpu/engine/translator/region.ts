/*
 * board/cpu/engine/translator/region.ts - the traces that were found together, as functions that can call each other
 *
 *   a group's                (frame.ts)
 *   trace(budget)            enters its group: what the table of all traces has
 *   indirect(budget, target) goes on at an address that was in a register: to a trace of the region, if one is there,
 *                            else by way of the dispatcher
 */
import type { Builder } from '../../builder.ts';
import { STATE } from '../../state.ts';
import { gtu, i64, localOf, op, sub, type Value, wrap } from '../../value.ts';
import { Code, type Label, type Signature, type WasmModule } from '../../wasm.ts';
import { emit } from '../emitter.ts';
import { HelperFrame, type Services } from '../frame.ts';
import { Handler } from '../handler.ts';
import type { FpNow } from './fp-modes.ts';
import { OUTCOME, type PageAddress } from './frame.ts';
import { type Group, ONE } from './group.ts';

const INDIRECT: Signature = { params: ['i32', 'i64'], result: 'i32' };
const BUDGET = 0;
const TARGET = 1;

export class Region {
  readonly page: PageAddress;
  readonly fp: FpNow;
  private readonly module: WasmModule;
  /** By the offsets of their traces. */
  private readonly groups = new Map<number, Group>();
  private readonly functions = new Map<Group, number>();
  private indirectIndex: number | undefined;

  constructor(module: WasmModule, page: PageAddress, fp: FpNow, groups: readonly Group[]) {
    this.module = module;
    this.page = page;
    this.fp = fp;
    for (const group of groups) {
      this.functions.set(group, module.declare(group.signature));
      for (const { head } of group.traces) this.groups.set(head, group);
    }
  }

  /** A trace begins at this offset. */
  has(head: number): boolean {
    return this.groups.has(head);
  }

  /** The function of the group. */
  functionOf(group: Group): number {
    return this.functions.get(group)!;
  }

  /** Goes on with the trace that begins at this offset. */
  enter(code: Code, head: number, budget: number): void {
    const group = this.groups.get(head)!;
    code.get(budget);
    if (group.isSeveral) code.i32Const(group.numberOf(head));
    code.returnCall(this.functionOf(group));
  }

  /** The function of the trace that begins at this offset. */
  trace(head: number): number {
    const group = this.groups.get(head)!;
    if (!group.isSeveral) return this.functionOf(group);
    const index = this.module.declare(ONE);
    const code = new Code(ONE);
    this.enter(code, head, BUDGET);
    this.module.define(index, code);
    return index;
  }

  /** The function that goes on at an address from a register. */
  indirect(): number {
    this.indirectIndex ??= this.module.declare(INDIRECT);
    return this.indirectIndex;
  }

  /** Writes what was asked for beside the traces. */
  finish(services: Services): void {
    if (this.indirectIndex !== undefined)
      this.module.define(this.indirectIndex, this.writeIndirect(services));
  }

  /** A table from the first head to the last; whoever is elsewhere, or not at an instruction, is beyond its end. */
  private writeIndirect(services: Services): Code {
    const code = new Code(INDIRECT);
    const b = new Handler(new HelperFrame(code, services));
    const heads = [...this.groups.keys()].sort((x, y) => x - y);
    const first = heads[0]!;
    const span = (heads.at(-1)! - first) >>> 2;
    const target = localOf('i64', TARGET);
    const index = b.let(op('i64.rotr', sub(target, i64(this.page.lo + first, this.page.hi)), i64(2)));
    const elsewhere = code.block();
    emit(code, gtu(index, i64(span)), b);
    code.brIf(elsewhere);
    const labels = new Map<number, Label>();
    for (const head of [...heads].reverse()) labels.set(head, code.block());
    emit(code, wrap(index), b);
    const table = Array.from({ length: span + 1 }, (_, i) => labels.get(first + 4 * i) ?? elsewhere);
    code.brTable(table, elsewhere);
    for (const head of heads) {
      code.end();
      this.enter(code, head, BUDGET);
    }
    code.end();
    leave(b, code, target);
    return code;
  }
}

function leave(b: Builder, code: Code, target: Value): void {
  b.set(STATE.PC, target);
  b.set(STATE.BUDGET, localOf('i32', BUDGET));
  code.i32Const(OUTCOME.GO);
}
