/*
 * board/cpu/engine/memory-ops.ts - WebAssembly's loads and stores, by type and size
 *
 * Manual: WebAssembly Core Specification 2.0, "Memory Instructions"
 */
import type { Bytes } from '../builder.ts';
import type { MemoryOp } from '../wasm.ts';
import type { Type } from '../wasm-ops.ts';

const LOADS: Readonly<Record<string, MemoryOp>> = {
  i32_1_u: 'i32.load8_u',
  i32_1_s: 'i32.load8_s',
  i32_2_u: 'i32.load16_u',
  i32_2_s: 'i32.load16_s',
  i32_4_u: 'i32.load',
  i32_4_s: 'i32.load',
  i64_1_u: 'i64.load8_u',
  i64_1_s: 'i64.load8_s',
  i64_2_u: 'i64.load16_u',
  i64_2_s: 'i64.load16_s',
  i64_4_u: 'i64.load32_u',
  i64_4_s: 'i64.load32_s',
  i64_8_u: 'i64.load',
  i64_8_s: 'i64.load',
  f32_4_u: 'f32.load',
  f64_8_u: 'f64.load',
};
const STORES: Readonly<Record<string, MemoryOp>> = {
  i32_1: 'i32.store8',
  i32_2: 'i32.store16',
  i32_4: 'i32.store',
  i64_1: 'i64.store8',
  i64_2: 'i64.store16',
  i64_4: 'i64.store32',
  i64_8: 'i64.store',
  f32_4: 'f32.store',
  f64_8: 'f64.store',
};

/** The load of a guest's datum into a value of the type. */
export function loadOp(type: Type, bytes: Bytes, isSigned: boolean): MemoryOp {
  const found = LOADS[`${type}_${bytes}_${isSigned ? 's' : 'u'}`];
  if (!found) throw new Error(`no load of ${bytes} bytes as ${type}`);
  return found;
}

/** The store of the low bytes of a value of the type. */
export function storeOp(type: Type, bytes: Bytes): MemoryOp {
  const found = STORES[`${type}_${bytes}`];
  if (!found) throw new Error(`no store of ${bytes} bytes of ${type}`);
  return found;
}
