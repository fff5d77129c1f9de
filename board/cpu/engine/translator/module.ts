/*
 * board/cpu/engine/translator/module.ts - traces as one WebAssembly module, which imports nothing but the memory
 *
 * A module costs far more than a function in it, and one that imports more than the memory more still: so several
 * regions share one, and calls between modules go by the dispatcher.
 */
import type { Helper } from '../../builder.ts';
import { fieldOf } from '../../decode.ts';
import { STATE } from '../../state.ts';
import { knownOperand, type Value } from '../../value.ts';
import { type Code, WasmModule } from '../../wasm.ts';
import { emit } from '../emitter.ts';
import type { Services } from '../frame.ts';
import { Helpers } from '../helpers.ts';
import type { Instruction, Trace } from './discovery.ts';
import type { FpNow } from './fp-modes.ts';
import { GroupFrame, type PageAddress } from './frame.ts';
import { alone, type Group, groupsOf } from './group.ts';
import { TraceHandler } from './handler.ts';
import { Region } from './region.ts';

const WASM_PAGE = 0x1_0000;
const ABSENT = -1;

export class TraceModule implements Services {
  readonly slow = ABSENT;
  readonly sys = ABSENT;
  readonly pending = ABSENT;
  private readonly module = new WasmModule();
  private readonly helpers = new Helpers(this.module, this);
  private traces = 0;

  /** Adds traces of one page, in groups or each alone. They are exported under successive numbers from 0 on, in this order. */
  add(page: PageAddress, fp: FpNow, traces: readonly Trace[], inGroups: boolean): void {
    const groups = inGroups ? groupsOf(traces) : alone(traces);
    const region = new Region(this.module, page, fp, groups);
    for (const group of groups) this.module.define(region.functionOf(group), writeGroup(group, region, this));
    for (const { head } of traces) this.module.export(String(this.traces++), region.trace(head));
    region.finish(this);
  }

  helper(helper: Helper): number {
    return this.helpers.index(helper);
  }

  finish(): Uint8Array {
    this.helpers.write();
    return this.module.finish(STATE.END / WASM_PAGE);
  }
}

function writeGroup(group: Group, region: Region, services: Services): Code {
  const frame = new GroupFrame(group, region, services);
  const b = new TraceHandler(frame);
  for (const trace of group.traces) writeTrace(trace, frame, b);
  return frame.finish();
}

function writeTrace(trace: Trace, frame: GroupFrame, b: TraceHandler): void {
  frame.begin(trace);
  let fpChecked = false;
  for (const [i, one] of trace.instructions.entries()) {
    frame.offset = one.offset;
    frame.follow = one.follow;
    frame.executed = i;
    if (one.found.row[4]?.fp && !fpChecked) {
      trapFp(frame, b);
      fpChecked = true;
    }
    writeInstruction(b, one);
    frame.instructionDone();
  }
  frame.end(trace);
}

/** CPACR_EL1 does not change within a trace: one look is enough. */
function trapFp(frame: GroupFrame, b: TraceHandler): void {
  emit(frame.code, b.get(STATE.FP_TRAP, 'i32'), b);
  frame.code.if();
  frame.stay();
  frame.code.end();
}

function writeInstruction(b: TraceHandler, { word, found }: Instruction): void {
  const { operands } = found.pattern;
  const fields: Record<string, Value | number> = { ...found.capitals };
  for (let i = 0; i < operands.length; i++) {
    const operand = operands[i]!;
    fields[operand.letter] = knownOperand(fieldOf(word, operand), operand.bits);
  }
  found.row[2](b, fields as never);
}
