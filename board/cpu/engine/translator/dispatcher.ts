/*
 * board/cpu/engine/translator/dispatcher.ts - from trace to trace, without asking JavaScript
 *
 * The one module with the table of all traces: a host makes a copy of an imported table for each importer.
 *
 *   run():  while PC is in the jump cache, calls the trace that it names; OUTCOME is why it stopped
 */
import { JUMP_ENTRIES, JUMP_ENTRY, STATE } from '../../state.ts';
import { Code, WasmModule } from '../../wasm.ts';
import { OUTCOME } from './frame.ts';

const WASM_PAGE = 0x1_0000;
const INDEX_MASK = (JUMP_ENTRIES - 1) * JUMP_ENTRY.SIZE;

export function dispatcherBytes(): Uint8Array {
  const module = new WasmModule();
  module.importTable('traces');
  const trace = module.type({ params: ['i32'], result: 'i32' });
  const run = module.declare({ params: [], result: 'i32' });
  module.define(run, writeRun(trace));
  module.export('run', run);
  return module.finish(STATE.END / WASM_PAGE);
}

function writeRun(trace: number): Code {
  const code = new Code({ params: [], result: 'i32' });
  const pc = code.local('i64');
  const entry = code.local('i32');
  const outcome = code.local('i32');
  const loop = code.loop();
  code.i32Const(0);
  code.memory('i64.load', STATE.PC);
  code.tee(pc);
  code.op('i32.wrap_i64');
  code.i32Const(2); // four bytes an instruction, sixteen an entry
  code.op('i32.shl');
  code.i32Const(INDEX_MASK);
  code.op('i32.and');
  code.tee(entry);
  code.memory('i64.load', STATE.JUMPS + JUMP_ENTRY.TAG);
  code.get(pc);
  code.i32Const(0);
  code.memory('i64.load32_u', STATE.EL);
  code.op('i64.or');
  code.op('i64.ne');
  code.if();
  code.i32Const(OUTCOME.MISS);
  code.return();
  code.end();
  code.i32Const(0);
  code.memory('i32.load', STATE.BUDGET);
  code.get(entry);
  code.memory('i32.load', STATE.JUMPS + JUMP_ENTRY.SLOT);
  code.callIndirect(trace);
  code.tee(outcome);
  code.op('i32.eqz');
  code.brIf(loop);
  code.end();
  code.get(outcome);
  return code;
}
