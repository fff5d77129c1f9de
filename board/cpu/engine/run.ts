/*
 * board/cpu/engine/run.ts - the interpreter's hot loop
 *
 * Manual: Arm ARM (DDI 0487), "The AArch64 Application Level Programmers' Model", "The Program Counter"
 *
 * PC is kept as a host pointer HP plus DELTA. DL is where HP would be when the budget is used up if no branch were
 * taken, LIM the nearer of DL and the page's end: so sequential code does one comparison per instruction for both.
 *
 *   jump:    look TARGET up in the TLB; (DL - HP) / 4 is what is left of the budget
 *   loop:    decode and execute what is at HP; handlers end in one of
 *     next:    HP + 4; round again unless that is LIM
 *     branch:  to TARGET: within the page at once, else jump
 *     edge:    HP is LIM: leave because of PENDING or the budget, else jump to the next page
 *   leave:   PC and BUDGET into STATE
 *   done:    flags into STATE, return the EXIT code
 */
import { buildIndex, type Case, isTable, type Node, type Table } from '../decode.ts';
import { EXIT, STATE, TLB_ENTRIES, TLB_ENTRY, VISIT_COUNTERS } from '../state.ts';
import {
  add,
  and,
  eq,
  eqz,
  i32,
  i64,
  localOf,
  ltu,
  ne,
  or,
  select,
  shl,
  shr,
  sub,
  type Value,
  wrap,
  xor,
  zext,
} from '../value.ts';
import { Code, type Label } from '../wasm.ts';
import { emit } from './emitter.ts';
import { writeFlags } from './flags.ts';
import { HotFrame, STATUS, Temporaries } from './frame.ts';
import { Handler } from './handler.ts';
import { Destinations, type InterpreterModule, writeCase, writeTable } from './interpreter.ts';

/** Clears an address's offset within its page, but for the two bits that must be zero: an unaligned PC never hits. */
const PAGE_AND_ALIGNMENT = i64(~0xffc);

/** `counts`: taken branches count visits and leave with EXIT.HOT, for the translator. */
export function writeRun(into: InterpreterModule, cases: readonly Case[], counts: boolean): number {
  const loop = new Loop(into, counts);
  loop.write(cases);
  const index = into.module.declare(loop.code.signature);
  into.module.define(index, loop.code);
  into.writeHelpers();
  return index;
}

class Loop {
  readonly code = new Code({ params: [], result: 'i32' });
  private readonly into: InterpreterModule;
  private readonly counts: boolean;
  private readonly insn = this.local('i32');
  private readonly hp = this.local('i32');
  private readonly dl = this.local('i32');
  private readonly lim = this.local('i32');
  private readonly tlb = this.local('i32');
  private readonly exit = this.local('i32');
  private readonly rest = this.local('i32');
  private readonly entry = this.local('i32');
  private readonly delta = this.local('i64');
  private readonly target = this.local('i64');
  private readonly temporaries = new Temporaries(this.code);
  /** For expressions outside any handler. */
  private readonly b: Handler;

  constructor(into: InterpreterModule, counts: boolean) {
    this.into = into;
    this.counts = counts;
    this.b = new Handler(this.frame(NOWHERE, NOWHERE, NOWHERE, NOWHERE));
  }

  write(cases: readonly Case[]): void {
    const { code } = this;
    this.set(this.tlb, this.b.get(STATE.TLB, 'i32'));
    this.set(this.dl, shl(this.b.get(STATE.BUDGET, 'i32'), 2));
    this.set(this.target, this.b.get(STATE.PC, 'i64'));
    const done = code.block();
    const leave = code.block();
    const jump = code.loop();
    this.writeJump(jump, leave, done);

    const loop = code.loop();
    const edge = code.block();
    const branch = code.block();
    const next = code.block();
    this.writeDispatch(cases, this.frame(next, branch, leave, done));
    code.end();
    this.writeNext(loop, edge);
    code.end();
    if (this.counts) this.writeVisit(done);
    this.writeBranch(loop, jump, leave);
    code.end();
    this.writeEdge(jump, leave);
    code.end();

    code.end();
    code.unreachable();
    code.end();
    for (const local of [this.hp, this.dl, this.delta]) code.get(local);
    code.call(this.into.save);
    code.end();
    writeFlags(code, this.into);
    code.get(this.exit);
  }

  /** Makes HP, DELTA, DL and LIM what they are at TARGET. */
  private writeJump(jump: Label, leave: Label, done: Label): void {
    const { code, b } = this;
    const target = this.value(this.target, 'i64');
    const index = and(shr(wrap(target), 12 - 5), (TLB_ENTRIES - 1) * TLB_ENTRY.SIZE);
    this.set(this.entry, add(index, this.value(this.tlb)));
    const entry = this.value(this.entry);
    emit(code, ne(and(target, PAGE_AND_ALIGNMENT), b.load(entry, TLB_ENTRY.EXECUTE, 8)), b);
    code.if();
    this.writeFetch(jump, done);
    code.end();

    this.set(this.rest, sub(this.value(this.dl), this.value(this.hp)));
    this.set(this.hp, add(wrap(target), b.load(entry, TLB_ENTRY.EXECUTE_ADDEND, 4)));
    this.set(this.delta, sub(target, zext(this.value(this.hp))));
    this.writeLimits(leave);
  }

  /** The TLB does not have TARGET: ask, then look again. The board may have cleaned the address of a tag (TBI). */
  private writeFetch(jump: Label, done: Label): void {
    const { code, b } = this;
    const target = this.value(this.target, 'i64');
    b.set(STATE.PC, target);
    b.set(STATE.VA, target);
    b.set(STATE.BUDGET, shr(sub(this.value(this.dl), this.value(this.hp)), 2));
    this.set(this.exit, i32(EXIT.PC_ALIGN));
    emit(code, and(wrap(target), 3), b);
    code.brIf(done);
    this.set(this.exit, i32(EXIT.FETCH));
    code.call(this.into.fetch);
    code.op('i32.eqz');
    code.brIf(done);
    this.set(this.target, b.get(STATE.VA, 'i64'));
    code.br(jump);
  }

  /** DL and LIM of the new HP, of which REST bytes may still be executed. */
  private writeLimits(leave: Label): void {
    const [hp, dl, lim] = [this.value(this.hp), this.value(this.dl), this.value(this.lim)];
    this.set(this.dl, add(hp, this.value(this.rest)));
    this.set(this.lim, add(or(hp, 0xfff), 1));
    this.set(this.lim, select(ltu(dl, lim), dl, lim));
    this.set(this.exit, i32(EXIT.BUDGET));
    emit(this.code, eq(hp, dl), this.b);
    this.code.brIf(leave);
  }

  private writeNext(loop: Label, edge: Label): void {
    this.set(this.hp, add(this.value(this.hp), 4));
    emit(this.code, ne(this.value(this.hp), this.value(this.lim)), this.b);
    this.code.brIf(loop);
    this.code.br(edge);
  }

  /** Counts the visit of TARGET down; at zero leaves, with the branch executed. */
  private writeVisit(done: Label): void {
    const { code, b } = this;
    const target = this.value(this.target, 'i64');
    this.set(this.entry, and(shr(wrap(target), 1), (VISIT_COUNTERS - 1) << 1)); // two bytes for each four
    this.set(this.exit, sub(b.load(this.value(this.entry), STATE.VISITS, 2), 1));
    b.store(this.value(this.entry), STATE.VISITS, 2, this.value(this.exit));
    emit(code, eqz(this.value(this.exit)), b);
    code.if();
    b.set(STATE.PC, target);
    b.set(STATE.BUDGET, shr(sub(sub(this.value(this.dl), this.value(this.hp)), 4), 2));
    this.set(this.exit, i32(EXIT.HOT));
    code.br(done);
    code.end();
  }

  private writeBranch(loop: Label, jump: Label, leave: Label): void {
    const { code } = this;
    const [hp, target, delta] = [
      this.value(this.hp),
      this.value(this.target, 'i64'),
      this.value(this.delta, 'i64'),
    ];
    const away = and(xor(target, add(zext(hp), delta)), PAGE_AND_ALIGNMENT);
    emit(code, eqz(away), this.b);
    code.if();
    this.set(this.rest, sub(sub(this.value(this.dl), hp), 4));
    this.set(this.hp, wrap(sub(target, delta)));
    this.writeLimits(leave);
    code.br(loop);
    code.end();
    this.set(this.hp, add(hp, 4));
    code.br(jump);
  }

  private writeEdge(jump: Label, leave: Label): void {
    const { code } = this;
    const hp = this.value(this.hp);
    this.set(this.exit, i32(EXIT.PENDING));
    code.call(this.into.pending);
    code.brIf(leave);
    this.set(this.exit, i32(EXIT.BUDGET));
    emit(code, eq(hp, this.value(this.dl)), this.b);
    code.brIf(leave);
    this.set(this.target, add(zext(hp), this.value(this.delta, 'i64')));
    code.br(jump);
  }

  /** The instruction at HP: jump tables, handlers, the cold ones, what is left. */
  private writeDispatch(cases: readonly Case[], frame: HotFrame): void {
    const { code } = this;
    const { tables, cases: reached } = new Destinations(pruned(buildIndex(cases)));
    const undefinedInsn = code.block();
    const cold = code.block();
    const hot = reached.filter((one) => !one.row[4]?.cold);
    const labels = new Map<Node, Label>();
    for (const node of [...tables.slice(1), ...hot].reverse()) labels.set(node, code.block());
    const labelOf = (node: Node): Label => labels.get(node) ?? (node === undefined ? undefinedInsn : cold);

    this.set(this.insn, this.b.load(this.value(this.hp), 0, 4));
    for (const [i, table] of tables.entries()) {
      if (i > 0) code.end();
      writeTable(code, this.insn, table, labelOf);
    }
    for (const one of hot) {
      code.end();
      writeCase(frame, one);
      this.temporaries.release();
    }
    code.end();
    this.writeCallCold(frame);
    code.end();
    frame.leave(EXIT.UNDEFINED, 'this');
  }

  private writeCallCold(frame: HotFrame): void {
    const { code } = this;
    const status = this.value(this.exit);
    for (const local of [this.insn, this.hp, this.dl, this.delta, this.tlb]) code.get(local);
    code.call(this.into.cold);
    code.set(this.exit);
    emit(code, eqz(status), this.b);
    code.if();
    frame.next();
    code.end();
    emit(code, eq(status, STATUS.EDGE), this.b);
    code.if();
    frame.endAfterThis();
    frame.next();
    code.end();
    frame.leaveWith(status, this.b);
  }

  private frame(next: Label, branch: Label, leave: Label, done: Label): HotFrame {
    const { insn, hp, dl, lim, tlb, exit, delta, target } = this;
    const locals = { insn, hp, dl, lim, tlb, exit, delta, target };
    return new HotFrame(this.code, locals, { next, branch, leave, done }, this.into, this.temporaries);
  }

  private local(type: 'i32' | 'i64'): number {
    return this.code.local(type);
  }

  private value(local: number, type: 'i32' | 'i64' = 'i32'): Value {
    return localOf(type, local);
  }

  private set(local: number, v: Value): void {
    emit(this.code, v, this.b);
    this.code.set(local);
  }
}

const NOWHERE: Label = { depth: 0 };

/** Where everything below a table is cold or unallocated the rest of the decoding is left to cold(). */
function pruned(root: Table): Table {
  const known = new Map<Table, Node>();
  const prune = (node: Node): Node => {
    if (!isTable(node)) return node;
    if (!known.has(node)) known.set(node, onlyCold(node) ?? { ...node, entries: node.entries.map(prune) });
    return known.get(node);
  };
  return { ...root, entries: root.entries.map(prune) };
}

/** A case that stands for all that a table leads to, if these are cold. */
function onlyCold(table: Table): Case | undefined {
  const { cases } = new Destinations(table);
  return cases.every((one) => one.row[4]?.cold) ? cases[0] : undefined;
}
