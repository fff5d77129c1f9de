/*
 * board/cpu/engine/emitter.ts - from an expression to the WebAssembly that computes it
 *
 * Both makers use it; they differ in what an operand of the instruction is.
 */
import type { Value } from '../value.ts';
import type { Code } from '../wasm.ts';
import { OPS } from '../wasm-ops.ts';

/** What a maker must say about its surroundings. */
export interface Surroundings {
  /** Emits an i32: field `bits` wide from bit `lsb` of the instruction, times 2^scale. */
  operand(lsb: number, bits: number, scale: number): void;
  /** Counts writes to registers and memory: a reading is good only in the epoch it was made in. */
  readonly epoch: number;
}

export function emit(code: Code, v: Value, around: Surroundings): void {
  switch (v.kind) {
    case 'const':
      return emitConst(code, v);
    case 'local':
      return code.get(v.lo);
    case 'operand':
      return around.operand(v.lo, v.bits, v.hi);
    case 'read':
      return emitRead(code, v, around);
    case 'op':
      return emitOp(code, v, around);
  }
}

function emitConst(code: Code, v: Value): void {
  if (v.type === 'i32') code.i32Const(v.lo);
  else if (v.type === 'i64') code.i64Const(v.lo, v.hi);
  else if (v.type === 'v128') code.v128Const(v.bytes);
  else if (v.type === 'f32') code.f32Const(v.lo);
  else code.f64Const(v.lo, v.hi);
}

function emitRead(code: Code, v: Value, around: Surroundings): void {
  if (v.hi !== around.epoch)
    throw new Error('a register or memory was written after this was read: let() it before');
  emit(code, v.args[0]!, around);
  if (!v.access) throw new Error('a reading without an instruction');
  code.memory(v.access, v.lo);
}

function emitOp(code: Code, v: Value, around: Surroundings): void {
  const { op, args } = v;
  // Not for-of: an iterator is dear before the host has compiled this, and little is translated after.
  for (let i = 0; i < args.length; i++) emit(code, args[i]!, around);
  if (!op) return code.select();
  code.op(op);
  if (op === 'i8x16.shuffle') for (const lane of v.bytes) code.bytes.byte(lane);
  else if (OPS[op].hasLane) code.bytes.byte(v.lo);
}
