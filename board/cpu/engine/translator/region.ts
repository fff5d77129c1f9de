/*
 * board/cpu/engine/translator/region.ts - the traces that were found together, as functions that can call each other
 *
 *   trace(budget)            executes it, or what it can of it (frame.ts)
 *   indirect(budget, target) goes on at an address that was in a register: to a trace of the region, if one is there,
 *                            else by way of the dispatcher
 */
import type { Builder } from '../../builder.ts';
import { STATE } from '../../state.ts';
import { gtu, i64, op, sub, Value, wrap } from '../../value.ts';
import { Code, type Label, type Signature, type WasmModule } from '../../wasm.ts';
import { emit } from '../emitter.ts';
import { HelperFrame, type Services } from '../frame.ts';
import { Handler } from '../handler.ts';
import { OUTCOME, type PageAddress } from './frame.ts';

export const TRACE: Signature = { params: ['i32'], result: 'i32' };
const INDIRECT: Signature = { params: ['i32', 'i64'], result: 'i32' };
const BUDGET = 0;
const TARGET = 1;

export class Region {
  readonly page: PageAddress;
  private readonly module: WasmModule;
  private readonly functions = new Map<number, number>();
  private indirectIndex: number | undefined;

  constructor(module: WasmModule, page: PageAddress, heads: readonly number[]) {
    this.module = module;
    this.page = page;
    for (const head of heads) this.functions.set(head, module.declare(TRACE));
  }

  /** The function of the trace that begins at this offset. */
  trace(head: number): number | undefined {
    return this.functions.get(head);
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
    const heads = [...this.functions.keys()].sort((x, y) => x - y);
    const first = heads[0]!;
    const span = (heads.at(-1)! - first) >>> 2;
    const target = new Value('local', 'i64', { lo: TARGET });
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
      code.get(BUDGET);
      code.returnCall(this.functions.get(head)!);
    }
    code.end();
    leave(b, code, target);
    return code;
  }
}

function leave(b: Builder, code: Code, target: Value): void {
  b.set(STATE.PC, target);
  b.set(STATE.BUDGET, new Value('local', 'i32', { lo: BUDGET }));
  code.i32Const(OUTCOME.GO);
}
