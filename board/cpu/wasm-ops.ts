/*
 * board/cpu/wasm-ops.ts - WebAssembly's instructions by name
 *
 * Manual: WebAssembly Core Specification 2.0, "Index of Instructions"
 * Absent: instructions with side effects or other immediates than one lane; wasm.ts has those that it needs
 */

export const TYPES = ['i32', 'i64', 'f32', 'f64', 'v128'] as const;
export type Type = (typeof TYPES)[number];

/** Opcodes from 0xfc00 and 0xfd00 up have that prefix byte; the low part is LEB128. */
export interface Op {
  readonly code: number;
  readonly result: Type;
  /** The number of a lane follows. */
  readonly hasLane: boolean;
}

/** [first opcode, result type, names in the order of their opcodes]. */
// biome-ignore format: columns teach
const RUNS = [
  [0x45, 'i32', [
    'i32.eqz', 'i32.eq', 'i32.ne', 'i32.lt_s', 'i32.lt_u', 'i32.gt_s', 'i32.gt_u', 'i32.le_s', 'i32.le_u', 'i32.ge_s',
    'i32.ge_u', 'i64.eqz', 'i64.eq', 'i64.ne', 'i64.lt_s', 'i64.lt_u', 'i64.gt_s', 'i64.gt_u', 'i64.le_s', 'i64.le_u',
    'i64.ge_s', 'i64.ge_u', 'f32.eq', 'f32.ne', 'f32.lt', 'f32.gt', 'f32.le', 'f32.ge', 'f64.eq', 'f64.ne', 'f64.lt',
    'f64.gt', 'f64.le', 'f64.ge', 'i32.clz', 'i32.ctz', 'i32.popcnt', 'i32.add', 'i32.sub', 'i32.mul', 'i32.div_s',
    'i32.div_u', 'i32.rem_s', 'i32.rem_u', 'i32.and', 'i32.or', 'i32.xor', 'i32.shl', 'i32.shr_s', 'i32.shr_u',
    'i32.rotl', 'i32.rotr'
  ]],
  [0x79, 'i64', [
    'i64.clz', 'i64.ctz', 'i64.popcnt', 'i64.add', 'i64.sub', 'i64.mul', 'i64.div_s', 'i64.div_u', 'i64.rem_s',
    'i64.rem_u', 'i64.and', 'i64.or', 'i64.xor', 'i64.shl', 'i64.shr_s', 'i64.shr_u', 'i64.rotl', 'i64.rotr'
  ]],
  [0x8b, 'f32', [
    'f32.abs', 'f32.neg', 'f32.ceil', 'f32.floor', 'f32.trunc', 'f32.nearest', 'f32.sqrt', 'f32.add', 'f32.sub',
    'f32.mul', 'f32.div', 'f32.min', 'f32.max', 'f32.copysign'
  ]],
  [0x99, 'f64', [
    'f64.abs', 'f64.neg', 'f64.ceil', 'f64.floor', 'f64.trunc', 'f64.nearest', 'f64.sqrt', 'f64.add', 'f64.sub',
    'f64.mul', 'f64.div', 'f64.min', 'f64.max', 'f64.copysign'
  ]],
  [0xa7, 'i32', ['i32.wrap_i64', 'i32.trunc_f32_s', 'i32.trunc_f32_u', 'i32.trunc_f64_s', 'i32.trunc_f64_u']],
  [0xac, 'i64', [
    'i64.extend_i32_s', 'i64.extend_i32_u', 'i64.trunc_f32_s', 'i64.trunc_f32_u', 'i64.trunc_f64_s', 'i64.trunc_f64_u'
  ]],
  [0xb2, 'f32', [
    'f32.convert_i32_s', 'f32.convert_i32_u', 'f32.convert_i64_s', 'f32.convert_i64_u', 'f32.demote_f64'
  ]],
  [0xb7, 'f64', [
    'f64.convert_i32_s', 'f64.convert_i32_u', 'f64.convert_i64_s', 'f64.convert_i64_u', 'f64.promote_f32'
  ]],
  [0xbc, 'i32', ['i32.reinterpret_f32']],
  [0xbd, 'i64', ['i64.reinterpret_f64']],
  [0xbe, 'f32', ['f32.reinterpret_i32']],
  [0xbf, 'f64', ['f64.reinterpret_i64']],
  [0xc0, 'i32', ['i32.extend8_s', 'i32.extend16_s']],
  [0xc2, 'i64', ['i64.extend8_s', 'i64.extend16_s', 'i64.extend32_s']],
  [0xfc00, 'i32', ['i32.trunc_sat_f32_s', 'i32.trunc_sat_f32_u', 'i32.trunc_sat_f64_s', 'i32.trunc_sat_f64_u']],
  [0xfc04, 'i64', ['i64.trunc_sat_f32_s', 'i64.trunc_sat_f32_u', 'i64.trunc_sat_f64_s', 'i64.trunc_sat_f64_u']],
  [0xfd0d, 'v128', ['i8x16.shuffle', 'i8x16.swizzle', 'i8x16.splat']],
  [0xfd10, 'v128', ['i16x8.splat']],
  [0xfd11, 'v128', ['i32x4.splat']],
  [0xfd12, 'v128', ['i64x2.splat']],
  [0xfd13, 'v128', ['f32x4.splat']],
  [0xfd14, 'v128', ['f64x2.splat']],
  [0xfd15, 'i32', ['i8x16.extract_lane_s', 'i8x16.extract_lane_u']],
  [0xfd17, 'v128', ['i8x16.replace_lane']],
  [0xfd18, 'i32', ['i16x8.extract_lane_s', 'i16x8.extract_lane_u']],
  [0xfd1a, 'v128', ['i16x8.replace_lane']],
  [0xfd1b, 'i32', ['i32x4.extract_lane']],
  [0xfd1c, 'v128', ['i32x4.replace_lane']],
  [0xfd1d, 'i64', ['i64x2.extract_lane']],
  [0xfd1e, 'v128', ['i64x2.replace_lane']],
  [0xfd1f, 'f32', ['f32x4.extract_lane']],
  [0xfd20, 'v128', ['f32x4.replace_lane']],
  [0xfd21, 'f64', ['f64x2.extract_lane']],
  [0xfd22, 'v128', ['f64x2.replace_lane']],
  [0xfd23, 'v128', [
    'i8x16.eq', 'i8x16.ne', 'i8x16.lt_s', 'i8x16.lt_u', 'i8x16.gt_s', 'i8x16.gt_u', 'i8x16.le_s', 'i8x16.le_u',
    'i8x16.ge_s', 'i8x16.ge_u'
  ]],
  [0xfd2d, 'v128', [
    'i16x8.eq', 'i16x8.ne', 'i16x8.lt_s', 'i16x8.lt_u', 'i16x8.gt_s', 'i16x8.gt_u', 'i16x8.le_s', 'i16x8.le_u',
    'i16x8.ge_s', 'i16x8.ge_u'
  ]],
  [0xfd37, 'v128', [
    'i32x4.eq', 'i32x4.ne', 'i32x4.lt_s', 'i32x4.lt_u', 'i32x4.gt_s', 'i32x4.gt_u', 'i32x4.le_s', 'i32x4.le_u',
    'i32x4.ge_s', 'i32x4.ge_u'
  ]],
  [0xfd41, 'v128', ['f32x4.eq', 'f32x4.ne', 'f32x4.lt', 'f32x4.gt', 'f32x4.le', 'f32x4.ge']],
  [0xfd47, 'v128', ['f64x2.eq', 'f64x2.ne', 'f64x2.lt', 'f64x2.gt', 'f64x2.le', 'f64x2.ge']],
  [0xfd4d, 'v128', ['v128.not', 'v128.and', 'v128.andnot', 'v128.or', 'v128.xor', 'v128.bitselect']],
  [0xfd53, 'i32', ['v128.any_true']],
  [0xfd5e, 'v128', ['f32x4.demote_f64x2_zero']],
  [0xfd5f, 'v128', ['f64x2.promote_low_f32x4']],
  [0xfd60, 'v128', ['i8x16.abs', 'i8x16.neg', 'i8x16.popcnt']],
  [0xfd63, 'i32', ['i8x16.all_true', 'i8x16.bitmask']],
  [0xfd65, 'v128', ['i8x16.narrow_i16x8_s', 'i8x16.narrow_i16x8_u']],
  [0xfd67, 'v128', ['f32x4.ceil', 'f32x4.floor', 'f32x4.trunc', 'f32x4.nearest']],
  [0xfd6b, 'v128', [
    'i8x16.shl', 'i8x16.shr_s', 'i8x16.shr_u', 'i8x16.add', 'i8x16.add_sat_s', 'i8x16.add_sat_u', 'i8x16.sub',
    'i8x16.sub_sat_s', 'i8x16.sub_sat_u'
  ]],
  [0xfd74, 'v128', ['f64x2.ceil', 'f64x2.floor']],
  [0xfd76, 'v128', ['i8x16.min_s', 'i8x16.min_u', 'i8x16.max_s', 'i8x16.max_u']],
  [0xfd7a, 'v128', ['f64x2.trunc']],
  [0xfd7b, 'v128', ['i8x16.avgr_u']],
  [0xfd7c, 'v128', ['i16x8.extadd_pairwise_i8x16_s', 'i16x8.extadd_pairwise_i8x16_u']],
  [0xfd7e, 'v128', ['i32x4.extadd_pairwise_i16x8_s', 'i32x4.extadd_pairwise_i16x8_u']],
  [0xfd80, 'v128', ['i16x8.abs', 'i16x8.neg', 'i16x8.q15mulr_sat_s']],
  [0xfd83, 'i32', ['i16x8.all_true', 'i16x8.bitmask']],
  [0xfd85, 'v128', [
    'i16x8.narrow_i32x4_s', 'i16x8.narrow_i32x4_u', 'i16x8.extend_low_i8x16_s', 'i16x8.extend_high_i8x16_s',
    'i16x8.extend_low_i8x16_u', 'i16x8.extend_high_i8x16_u', 'i16x8.shl', 'i16x8.shr_s', 'i16x8.shr_u', 'i16x8.add',
    'i16x8.add_sat_s', 'i16x8.add_sat_u', 'i16x8.sub', 'i16x8.sub_sat_s', 'i16x8.sub_sat_u'
  ]],
  [0xfd94, 'v128', ['f64x2.nearest']],
  [0xfd95, 'v128', ['i16x8.mul', 'i16x8.min_s', 'i16x8.min_u', 'i16x8.max_s', 'i16x8.max_u']],
  [0xfd9b, 'v128', [
    'i16x8.avgr_u', 'i16x8.extmul_low_i8x16_s', 'i16x8.extmul_high_i8x16_s', 'i16x8.extmul_low_i8x16_u',
    'i16x8.extmul_high_i8x16_u'
  ]],
  [0xfda0, 'v128', ['i32x4.abs', 'i32x4.neg']],
  [0xfda3, 'i32', ['i32x4.all_true', 'i32x4.bitmask']],
  [0xfda7, 'v128', [
    'i32x4.extend_low_i16x8_s', 'i32x4.extend_high_i16x8_s', 'i32x4.extend_low_i16x8_u', 'i32x4.extend_high_i16x8_u',
    'i32x4.shl', 'i32x4.shr_s', 'i32x4.shr_u', 'i32x4.add'
  ]],
  [0xfdb1, 'v128', ['i32x4.sub']],
  [0xfdb5, 'v128', ['i32x4.mul', 'i32x4.min_s', 'i32x4.min_u', 'i32x4.max_s', 'i32x4.max_u', 'i32x4.dot_i16x8_s']],
  [0xfdbc, 'v128', [
    'i32x4.extmul_low_i16x8_s', 'i32x4.extmul_high_i16x8_s', 'i32x4.extmul_low_i16x8_u', 'i32x4.extmul_high_i16x8_u'
  ]],
  [0xfdc0, 'v128', ['i64x2.abs', 'i64x2.neg']],
  [0xfdc3, 'i32', ['i64x2.all_true', 'i64x2.bitmask']],
  [0xfdc7, 'v128', [
    'i64x2.extend_low_i32x4_s', 'i64x2.extend_high_i32x4_s', 'i64x2.extend_low_i32x4_u', 'i64x2.extend_high_i32x4_u',
    'i64x2.shl', 'i64x2.shr_s', 'i64x2.shr_u', 'i64x2.add'
  ]],
  [0xfdd1, 'v128', ['i64x2.sub']],
  [0xfdd5, 'v128', [
    'i64x2.mul', 'i64x2.eq', 'i64x2.ne', 'i64x2.lt_s', 'i64x2.gt_s', 'i64x2.le_s', 'i64x2.ge_s',
    'i64x2.extmul_low_i32x4_s', 'i64x2.extmul_high_i32x4_s', 'i64x2.extmul_low_i32x4_u', 'i64x2.extmul_high_i32x4_u'
  ]],
  [0xfde0, 'v128', ['f32x4.abs', 'f32x4.neg']],
  [0xfde3, 'v128', [
    'f32x4.sqrt', 'f32x4.add', 'f32x4.sub', 'f32x4.mul', 'f32x4.div', 'f32x4.min', 'f32x4.max', 'f32x4.pmin',
    'f32x4.pmax'
  ]],
  [0xfdec, 'v128', ['f64x2.abs', 'f64x2.neg']],
  [0xfdef, 'v128', [
    'f64x2.sqrt', 'f64x2.add', 'f64x2.sub', 'f64x2.mul', 'f64x2.div', 'f64x2.min', 'f64x2.max', 'f64x2.pmin',
    'f64x2.pmax'
  ]],
  [0xfdf8, 'v128', ['i32x4.trunc_sat_f32x4_s', 'i32x4.trunc_sat_f32x4_u']],
  [0xfdfa, 'v128', ['f32x4.convert_i32x4_s', 'f32x4.convert_i32x4_u']],
  [0xfdfc, 'v128', ['i32x4.trunc_sat_f64x2_s_zero', 'i32x4.trunc_sat_f64x2_u_zero']],
  [0xfdfe, 'v128', ['f64x2.convert_low_i32x4_s', 'f64x2.convert_low_i32x4_u']],
] as const;

export type OpName = (typeof RUNS)[number][2][number];

function index(): Record<OpName, Op> {
  const table: Record<string, Op> = {};
  for (const [first, result, names] of RUNS) {
    for (const [i, name] of names.entries())
      table[name] = { code: first + i, result, hasLane: name.includes('_lane') };
  }
  return table;
}

export const OPS: Readonly<Record<OpName, Op>> = index();
