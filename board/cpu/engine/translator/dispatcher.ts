/*
 * board/cpu/engine/translator/dispatcher.ts - from trace to trace and to the interpreter, without asking JavaScript
 *
 * The one module with the table of all traces: a host makes a copy of an imported table for each importer.
 *
 *   run():  calls the trace that the jump cache names for PC; where it names none, or the trace cannot do its next
 *           instruction, calls the interpreter. Returns the reason to stop. EXIT.HOT: PC is to have a trace, and the
 *           jump cache does not know it; or translated code may have been written
 */
import type { Builder } from '../../builder.ts';
import {
  EXIT,
  JUMP_ENTRIES,
  JUMP_ENTRY,
  STATE,
  TLB_ENTRIES,
  TLB_ENTRY,
  VISIT_COUNTERS,
} from '../../state.ts';
import {
  add,
  and,
  eq,
  eqz,
  i32,
  i64,
  localOf,
  ne,
  or,
  shl,
  shr,
  sub,
  type Value,
  wrap,
} from '../../value.ts';
import { Code, type Label, WasmModule } from '../../wasm.ts';
import { emit } from '../emitter.ts';
import { writeFlags } from '../flags.ts';
import { HelperFrame, type Services } from '../frame.ts';
import { Handler } from '../handler.ts';
import { Helpers } from '../helpers.ts';
import { OUTCOME } from './frame.ts';

const WASM_PAGE = 0x1_0000;
const ABSENT = -1;
/** Clears an address's offset within its page, but for the two bits that must be zero. */
const PAGE_AND_ALIGNMENT = i64(~0xffc);
const TLB_INDEX = (TLB_ENTRIES - 1) * TLB_ENTRY.SIZE;

export function dispatcherBytes(): Uint8Array {
  const module = new WasmModule();
  const interpret = module.import('interpret', { params: [], result: 'i32' });
  module.importTable('traces');
  const trace = module.type({ params: ['i32'], result: 'i32' });
  const services: Services = {
    slow: ABSENT,
    sys: ABSENT,
    pending: ABSENT,
    helper: (helper) => helpers.index(helper),
  };
  const helpers = new Helpers(module, services);
  const run = module.declare({ params: [], result: 'i32' });
  module.define(run, new Dispatcher(services, interpret, trace).code);
  helpers.write();
  module.export('run', run);
  return module.finish(STATE.END / WASM_PAGE);
}

class Dispatcher {
  readonly code = new Code({ params: [], result: 'i32' });
  private readonly b: Builder & Handler;
  private readonly pc = this.code.local('i64');
  private readonly at = this.code.local('i32');
  private readonly host = this.code.local('i32');
  private readonly exit = this.code.local('i32');
  /** The page that was looked up last in the TLB, what leads from it to the host, and PSTATE.EL: as yet unchanged. */
  private readonly page = this.code.local('i64');
  private readonly addend = this.code.local('i32');
  private readonly el = this.code.local('i64');

  constructor(services: Services, interpret: number, trace: number) {
    const { code } = this;
    this.b = new Handler(new HelperFrame(code, services));
    const anew = code.loop();
    this.set(this.page, i64(-1));
    this.set(this.el, this.b.load(i32(0), STATE.EL, 4, { type: 'i64' }));
    const again = code.loop();
    const slowly = code.block();
    const miss = code.block();
    this.set(this.pc, this.b.get(STATE.PC, 'i64'));
    this.writeLookUp(miss);
    this.writeCall(trace, again, slowly, services);
    code.end();
    this.writeVisit();
    code.end();
    this.writeInterpret(interpret, anew);
    code.end();
    code.end();
    code.unreachable();
  }

  /** AT = PC's entry of the jump cache, or away to `miss`. */
  private writeLookUp(miss: Label): void {
    const { code, b } = this;
    const [pc, at, host] = [this.value(this.pc, 'i64'), this.value(this.at), this.value(this.host)];
    const page = and(pc, PAGE_AND_ALIGNMENT);
    emit(code, ne(page, this.value(this.page, 'i64')), b);
    code.if();
    this.set(this.at, add(and(shr(wrap(pc), 12 - 5), TLB_INDEX), b.get(STATE.TLB, 'i32')));
    emit(code, ne(page, b.load(at, TLB_ENTRY.EXECUTE, 8)), b);
    code.brIf(miss);
    this.set(this.page, page);
    this.set(this.addend, b.load(at, TLB_ENTRY.EXECUTE_ADDEND, 4));
    code.end();
    this.set(this.host, add(wrap(pc), this.value(this.addend)));
    this.set(this.at, jumpOffset(host));
    emit(code, ne(host, b.load(at, STATE.JUMPS + JUMP_ENTRY.HOST, 4)), b);
    code.brIf(miss);
    emit(code, ne(or(pc, this.value(this.el, 'i64')), b.load(at, STATE.JUMPS + JUMP_ENTRY.TAG, 8)), b);
    code.brIf(miss);
  }

  /** Executes the trace; then round again, or to the interpreter, or out with the flags in order. */
  private writeCall(trace: number, again: Label, slowly: Label, services: Services): void {
    const { code, b } = this;
    emit(code, b.get(STATE.BUDGET, 'i32'), b);
    emit(code, b.load(this.value(this.at), STATE.JUMPS + JUMP_ENTRY.SLOT, 4), b);
    code.callIndirect(trace);
    code.set(this.exit);
    emit(code, eq(this.value(this.exit), OUTCOME.GO), b);
    code.brIf(again);
    emit(code, eq(this.value(this.exit), OUTCOME.STAY), b);
    code.brIf(slowly);
    writeFlags(code, services);
    code.get(this.exit);
    code.return();
  }

  /** Nothing known of PC: one more visit, as the interpreter counts those of branches. */
  private writeVisit(): void {
    const { code, b } = this;
    this.set(this.at, counterOffset(this.value(this.pc, 'i64')));
    this.set(this.exit, sub(b.load(this.value(this.at), STATE.VISITS, 2), 1));
    b.store(this.value(this.at), STATE.VISITS, 2, this.value(this.exit));
    emit(code, eqz(this.value(this.exit)), b);
    code.if();
    code.i32Const(EXIT.HOT);
    code.return();
    code.end();
  }

  /** The interpreter stops for PC, which may be in the jump cache: then it goes on there. */
  private writeInterpret(interpret: number, anew: Label): void {
    const { code, b } = this;
    code.call(interpret);
    code.set(this.exit);
    emit(code, or(ne(this.value(this.exit), EXIT.HOT), b.get(STATE.TOUCHED, 'i32')), b);
    code.if();
    code.get(this.exit);
    code.return();
    code.end();
    // The interpreter has counted it to 0. Once more is what makes the look-up, if it fails, say so.
    this.set(this.at, counterOffset(b.get(STATE.PC, 'i64')));
    b.store(this.value(this.at), STATE.VISITS, 2, i32(1));
    code.br(anew);
  }

  private value(local: number, type: 'i32' | 'i64' = 'i32'): Value {
    return localOf(type, local);
  }

  private set(local: number, v: Value): void {
    emit(this.code, v, this.b);
    this.code.set(local);
  }
}

/** Offset of an entry from STATE.JUMPS. */
const jumpOffset = (host: Value): Value => and(shl(host, 2), (JUMP_ENTRIES - 1) * JUMP_ENTRY.SIZE);

/** Offset of a counter from STATE.VISITS: two bytes for each four of code. */
const counterOffset = (pc: Value): Value => and(shr(wrap(pc), 1), (VISIT_COUNTERS - 1) << 1);
