/*
 * board/cpu/engine/interpreter.ts - generates engine 0: one WebAssembly module that fetches, decodes and executes
 *
 * Manual: Arm ARM (DDI 0487), "A64 instruction set encoding"
 *
 *   run()   the hot loop (run.ts): a table jump on bits 31:21, at most a few more, then the handler's code in place
 *   cold()  the same for rows marked cold, each handler a function of its own, so that it costs nothing until used
 */
import type { Helper, Row } from '../builder.ts';
import { buildIndex, type Case, expand, isTable, type Node, type Table } from '../decode.ts';
import { recipSqrtTable } from '../fp/estimate.ts';
import {
  aesSbox,
  bitMaskTable,
  CRC32_POLYNOMIAL,
  CRC32C_POLYNOMIAL,
  crc32Table,
  inverseOf,
} from '../pseudocode.ts';
import { EXIT, STATE } from '../state.ts';
import { operandOf, type Value } from '../value.ts';
import { Code, type Label, WasmModule } from '../wasm.ts';
import { emit } from './emitter.ts';
import { writeFlags } from './flags.ts';
import { COLD_PARAMETERS, ColdFrame, type Frame, type Services } from './frame.ts';
import { Handler } from './handler.ts';
import { Helpers } from './helpers.ts';
import { writeRun } from './run.ts';

const I32 = 'i32';
const WASM_PAGE = 0x1_0000;

/** The module's functions while they are being made. */
export class InterpreterModule implements Services {
  readonly module = new WasmModule();
  readonly slow: number;
  readonly sys: number;
  readonly pending: number;
  readonly fetch: number;
  readonly cold: number;
  readonly save: number;
  private readonly helpers = new Helpers(this.module, this);

  constructor() {
    const slow = this.module.import('slow', { params: [I32], result: I32 });
    const sys = this.module.import('sys', { params: [I32], result: I32 });
    this.fetch = this.module.import('fetch', { params: [], result: I32 });
    this.save = this.writeSave();
    this.pending = this.writePending();
    this.slow = this.writeSlow(slow);
    this.sys = this.writeSys(sys);
    this.cold = this.module.declare({ params: COLD_PARAMETERS, result: I32 });
  }

  helper(helper: Helper): number {
    return this.helpers.index(helper);
  }

  writeHelpers(): void {
    this.helpers.write();
  }

  /** save(hp, dl, delta): PC and BUDGET into STATE. */
  private writeSave(): number {
    const code = new Code({ params: ['i32', 'i32', 'i64'] });
    code.i32Const(0);
    code.get(2);
    code.get(0);
    code.op('i64.extend_i32_u');
    code.op('i64.add');
    code.memory('i64.store', STATE.PC);
    code.i32Const(0);
    code.get(1);
    code.get(0);
    code.op('i32.sub');
    code.i32Const(2);
    code.op('i32.shr_u');
    code.memory('i32.store', STATE.BUDGET);
    return this.add(code);
  }

  /** pending(): STATUS.EDGE when run() is to leave after this instruction, else STATUS.NEXT. */
  private writePending(): number {
    const code = new Code({ params: [], result: I32 });
    code.i32Const(0);
    code.memory('i32.load', STATE.PENDING);
    code.i32Const(0);
    code.op('i32.ne');
    return this.add(code);
  }

  /** slow(va, access, hp, dl, delta): a host pointer, or 0 when the access faults. */
  private writeSlow(imported: number): number {
    const code = new Code({ params: ['i64', 'i32', 'i32', 'i32', 'i64'], result: I32 });
    code.i32Const(0);
    code.get(0);
    code.memory('i64.store', STATE.VA);
    for (const local of [2, 3, 4]) code.get(local);
    code.call(this.save);
    code.get(1);
    code.call(imported);
    return this.add(code);
  }

  /** sys(insn, hp, dl, delta): 0, or the EXIT code to leave with. */
  private writeSys(imported: number): number {
    const code = new Code({ params: ['i32', 'i32', 'i32', 'i64'], result: I32 });
    for (const local of [1, 2, 3]) code.get(local);
    code.call(this.save);
    writeFlags(code, this);
    code.get(0);
    code.call(imported);
    return this.add(code);
  }

  private add(code: Code): number {
    const index = this.module.declare(code.signature);
    this.module.define(index, code);
    return index;
  }
}

/** The code of one case, which always ends in a jump. */
export function writeCase(frame: Frame, one: Case): void {
  const b = new Handler(frame);
  const fields: Record<string, Value | number> = { ...one.capitals };
  for (const { letter, lsb, bits } of one.pattern.operands) fields[letter] = operandOf(lsb, bits);
  if (one.row[4]?.fp) trapFp(frame, b);
  try {
    one.row[2](b, fields as never);
  } catch (error) {
    throw new Error(`${one.row[1]} (${one.row[0]}): ${(error as Error).message}`, { cause: error });
  }
  frame.next();
}

function trapFp(frame: Frame, b: Handler): void {
  emit(frame.code, b.get(STATE.FP_TRAP, 'i32'), b);
  frame.code.if();
  frame.leave(EXIT.FP, 'this');
  frame.code.end();
}

/** Where a decoding tree leads: tables parents first, then cases, then the two ways out. */
export class Destinations {
  readonly tables: Table[] = [];
  readonly cases: Case[] = [];

  constructor(root: Table) {
    this.collect(root);
  }

  private collect(node: Node): void {
    if (node === undefined) return;
    if (!isTable(node)) {
      if (!this.cases.includes(node)) this.cases.push(node);
    } else if (!this.tables.includes(node)) {
      this.tables.push(node);
      for (const entry of new Set(node.entries)) this.collect(entry);
    }
  }
}

/** A jump table: index on the stack becomes a branch to the label of the entry. */
export function writeTable(code: Code, insn: number, table: Table, labelOf: (node: Node) => Label): void {
  code.get(insn);
  code.i32Const(table.shift);
  code.op('i32.shr_u');
  if (table.shift + table.bits < 32) {
    code.i32Const(2 ** table.bits - 1);
    code.op('i32.and');
  }
  code.brTable(table.entries.map(labelOf), labelOf(undefined));
}

/**
 * cold() looks at bits 31:21 and leaves the rest to a function for each group of their values: the host compiles these,
 * and those of the instructions, when they are called first.
 */
function writeCold(into: InterpreterModule, cases: readonly Case[]): void {
  const functions = new Map<Case, number>(cases.map((one) => [one, writeColdCase(into, one)]));
  const root = buildIndex(cases);
  const parts = new Map<Node, number>(functions);
  for (const node of new Set(root.entries)) {
    if (isTable(node)) parts.set(node, writeColdTables(into, new Destinations(node).tables, functions));
  }
  into.module.define(into.cold, coldDispatch(into, [root], parts));
}

function writeColdTables(
  into: InterpreterModule,
  tables: readonly Table[],
  functions: ReadonlyMap<Node, number>,
): number {
  const code = coldDispatch(into, tables, functions);
  const index = into.module.declare(code.signature);
  into.module.define(index, code);
  return index;
}

/** A function that jumps from the first table to others, and in the end calls one of the functions. */
function coldDispatch(
  into: InterpreterModule,
  tables: readonly Table[],
  functions: ReadonlyMap<Node, number>,
): Code {
  const code = new Code({ params: COLD_PARAMETERS, result: I32 });
  const nodes = new Set(tables.flatMap((table) => table.entries));
  const reached = [...functions].filter(([node]) => nodes.has(node));
  const undefinedInsn = code.block();
  const labels = new Map<Node, Label>();
  for (const [node] of [...reached].reverse()) labels.set(node, code.block());
  for (const table of tables.slice(1).reverse()) labels.set(table, code.block());
  const labelOf = (node: Node): Label => labels.get(node) ?? undefinedInsn;
  for (const table of tables) {
    writeTable(code, 0, table, labelOf);
    code.end();
  }
  for (const [, callee] of reached) {
    for (const local of COLD_PARAMETERS.keys()) code.get(local);
    code.returnCall(callee);
    code.end();
  }
  new ColdFrame(code, into).leave(EXIT.UNDEFINED, 'this');
  return code;
}

function writeColdCase(into: InterpreterModule, one: Case): number {
  const code = new Code({ params: COLD_PARAMETERS, result: I32 });
  const index = into.module.declare(code.signature);
  writeCase(new ColdFrame(code, into), one);
  code.unreachable();
  into.module.define(index, code);
  return index;
}

/** The bytes of the interpreter for this table of instructions. `counts`: see run.ts. */
export function generateInterpreter(rows: readonly Row[], counts = false): Uint8Array {
  const into = new InterpreterModule();
  const cases = rows.flatMap((row) => expand(row));
  const run = writeRun(into, cases, counts);
  writeCold(
    into,
    cases.filter((one) => one.row[4]?.cold),
  );
  into.writeHelpers();
  into.module.export('run', run);
  into.module.initialise(STATE.BITMASKS, bitMaskTable());
  into.module.initialise(STATE.CRC32, crc32Table(CRC32_POLYNOMIAL));
  into.module.initialise(STATE.CRC32C, crc32Table(CRC32C_POLYNOMIAL));
  into.module.initialise(STATE.AES_SBOX, aesSbox());
  into.module.initialise(STATE.AES_INVERSE_SBOX, inverseOf(aesSbox()));
  into.module.initialise(STATE.RSQRT, recipSqrtTable());
  return into.module.finish(STATE.END / WASM_PAGE);
}
