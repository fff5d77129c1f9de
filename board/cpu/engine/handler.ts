/*
 * board/cpu/engine/handler.ts - the interpreter's maker: a row's semantics as WebAssembly over the instruction word
 *
 * Where the code stands (in the big run() function, in a function of its own, in a helper) is the Frame's affair:
 * interpreter.ts has one for each.
 */
import type {
  Access,
  Builder,
  Bytes,
  Helper,
  MemOptions,
  Modes,
  Reg,
  Variable,
  VectorBits,
  Way,
  Width,
} from '../builder.ts';
import { ACCESS, EXIT, FLAG_KIND, STATE, TLB_ENTRIES, TLB_ENTRY } from '../state.ts';
import {
  add,
  and,
  eq,
  eqz,
  i32,
  i64,
  localOf,
  operandOf,
  opImm,
  or,
  readingOf,
  select,
  shl,
  shr,
  sub,
  v128,
  type Value,
  wrap,
  zeroLike,
  zext,
} from '../value.ts';
import { ordered } from '../fp/compare.ts';
import type { Code, MemoryOp } from '../wasm.ts';
import type { Type } from '../wasm-ops.ts';
import { emit, type Surroundings } from './emitter.ts';
import type { Frame } from './frame.ts';
import { ADC_NZCV, afterSub, CARRY, CONDITION, NZCV } from './flags.ts';
import { loadOp, storeOp } from './memory-ops.ts';

export class Handler implements Builder, Surroundings {
  epoch = 0;
  private lastEpoch = 0;
  protected readonly frame: Frame;
  protected readonly code: Code;

  constructor(frame: Frame) {
    this.frame = frame;
    this.code = frame.code;
  }

  operand(lsb: number, bits: number, scale: number): void {
    const { code } = this;
    code.get(this.frame.insn);
    const shift = lsb - scale;
    if (shift !== 0) code.i32Const(Math.abs(shift));
    if (shift > 0) code.op('i32.shr_u');
    else if (shift < 0) code.op('i32.shl');
    if (scale === 0 && lsb + bits === 32) return;
    code.i32Const((2 ** bits - 1) * 2 ** scale);
    code.op('i32.and');
  }

  // General registers.

  x(n: Reg, w: Width): Value {
    return w === 32 ? this.read('i32.load', slot(n, 3), STATE.X) : this.read('i64.load', slot(n, 3), STATE.X);
  }

  setX(d: Reg, v: Value): void {
    if (d === 31) return;
    this.write('i64.store', slot(d, 3), STATE.X, zext(v));
    // Slot 31 is written like any other and made zero again: cheaper than looking.
    if (typeof d !== 'number') this.write('i64.store', i32(0), STATE.ZR, i64(0));
  }

  xsp(n: Reg, w: Width): Value {
    return w === 32
      ? this.read('i32.load', slotOrSp(n), STATE.X)
      : this.read('i64.load', slotOrSp(n), STATE.X);
  }

  setXsp(d: Reg, v: Value): void {
    this.write('i64.store', slotOrSp(d), STATE.X, zext(v));
  }

  // V registers.

  v(n: Reg, bits: VectorBits = 128): Value {
    return this.vload(slot(n, 4), STATE.V, bits);
  }

  fp(n: Reg, w: Width): Value {
    return this.read(w === 32 ? 'f32.load' : 'f64.load', slot(n, 4), STATE.V);
  }

  setV(d: Reg, v: Value, bits: VectorBits = 128): void {
    const at = slot(d, 4);
    if (bits !== 128) return this.setV(d, lowLane(v, bits));
    if (v.type === 'v128') return this.write('v128.store', at, STATE.V, v);
    // The value may be read from the register that is about to be cleared, so it goes in first.
    this.write(`${v.type}.store`, at, STATE.V, v);
    if (v.type === 'i32' || v.type === 'f32') this.write('i32.store', at, STATE.V + 4, i32(0));
    this.write('i64.store', at, STATE.V + 8, i64(0));
  }

  lane(n: Reg, bytes: Bytes, index: Reg, isSigned = false): Value {
    const type = bytes === 8 ? 'i64' : 'i32';
    const [at, offset] = laneAddress(n, bytes, index);
    return this.read(loadOp(type, bytes, isSigned), at, offset);
  }

  setLane(d: Reg, bytes: Bytes, index: Reg, v: Value): void {
    const [at, offset] = laneAddress(d, bytes, index);
    this.write(storeOp(v.type, bytes), at, offset, v);
  }

  // Evaluation and control.

  let(v: Value): Value {
    if (v.kind === 'const' || v.kind === 'local') return v;
    emit(this.code, v, this);
    return this.pop(v.type);
  }

  variable(initial: Value): Variable {
    const local = this.frame.temporary(initial.type);
    emit(this.code, initial, this);
    this.code.set(local);
    return {
      get: () => localOf(initial.type, local),
      set: (v) => {
        emit(this.code, v, this);
        this.code.set(local);
      },
    };
  }

  lazy(c: Value, then: () => Value, otherwise: () => Value): Value {
    if (c.kind === 'const') return this.let(c.lo !== 0 ? then() : otherwise());
    emit(this.code, c, this);
    const start = this.epoch;
    this.code.if();
    const first = then();
    emit(this.code, first, this);
    const result = this.pop(first.type);
    this.code.else();
    this.epoch = start;
    emit(this.code, otherwise(), this);
    this.code.set(result.lo);
    this.code.end();
    return result;
  }

  expect([way, ...others]: readonly Way[], then: () => Value, otherwise: () => Value): Value {
    if (!way) return otherwise();
    return this.lazy(way().reduce(and), then, () => this.expect(others, then, otherwise));
  }

  if_(c: Value, then: () => void, otherwise?: () => void): void {
    if (c.kind === 'const') return c.lo !== 0 ? then() : otherwise?.();
    emit(this.code, c, this);
    const start = this.epoch;
    this.code.if();
    then();
    if (otherwise) {
      this.code.else();
      this.epoch = start;
      otherwise();
    }
    this.code.end();
    this.epoch = ++this.lastEpoch;
  }

  switch_(v: Value, count: number, arm: (i: number) => void): void {
    const start = this.epoch;
    const end = this.code.block();
    const labels = Array.from({ length: count }, () => this.code.block()).reverse();
    emit(this.code, v, this);
    const last = labels[count - 1];
    if (!last) throw new Error('a switch without arms');
    this.code.brTable(labels, last);
    for (let i = 0; i < count; i++) {
      this.code.end();
      this.epoch = start;
      arm(i);
      this.code.br(end);
    }
    this.code.end();
    this.epoch = ++this.lastEpoch;
  }

  repeat(body: () => Value): void {
    const top = this.code.loop();
    this.epoch = ++this.lastEpoch;
    emit(this.code, body(), this);
    this.code.brIf(top);
    this.code.end();
    this.epoch = ++this.lastEpoch;
  }

  // Flags: operands and kind are stored, NZCV is worked out when somebody asks.

  adds(a: Value, b: Value): Value {
    const [x, y] = [this.let(a), this.let(b)];
    const result = this.let(add(x, y));
    this.storeFlags(FLAG_KIND.ADD, x, y);
    return result;
  }

  subs(a: Value, b: Value): Value {
    const [x, y] = [this.let(a), this.let(b)];
    const result = this.let(sub(x, y));
    this.storeFlags(FLAG_KIND.SUB, x, y);
    return result;
  }

  adcs(a: Value, b: Value, carry: Value): Value {
    const [x, y] = [this.let(a), this.let(b)];
    const result = this.let(add(add(x, y), x.type === 'i64' ? zext(carry) : carry));
    this.setNzcv(this.call(ADC_NZCV, atTop(x), atTop(y), atTop(result)));
    return result;
  }

  logicFlags(result: Value): void {
    this.storeFlags(FLAG_KIND.ADD, result, result.type === 'i64' ? i64(0) : i32(0));
  }

  nzcv(): Value {
    return this.call(NZCV);
  }

  setNzcv(v: Value): void {
    this.set(STATE.NZCV, and(v, 0xf000_0000));
    this.set(STATE.FLAG_KIND, i32(FLAG_KIND.RAW));
  }

  ordered(x: Value, y: Value): Value {
    return ordered(x, y);
  }

  carry(): Value {
    return this.call(CARRY);
  }

  cond(c: Value | number): Value {
    if (typeof c !== 'number') return this.call(CONDITION, c);
    // A condition known here is decided on the spot after a comparison, as most are.
    const afterwards = afterSub(this, c >> 1);
    return this.lazy(
      eq(this.get(STATE.FLAG_KIND, 'i32'), FLAG_KIND.SUB),
      () => (c & 1 && c !== 15 ? eqz(afterwards) : afterwards),
      () => this.call(CONDITION, i32(c)),
    );
  }

  // Memory.

  mem(va: Value, bytes: number, access: Access, options: MemOptions = {}): Value {
    const { code, frame } = this;
    const address = this.let(va);
    const spCheck = options.sp === undefined ? undefined : this.let(this.spCheck(options.sp));
    const entry = this.tlbEntry(address, options.unprivileged === true);
    const lastByte = options.aligned ? address : add(address, bytes - 1);
    const page = and(lastByte, i64(-0x1000 | (options.aligned ? bytes - 1 : 0)));
    const wanted = spCheck ? or(page, zext(spCheck)) : page;
    const tag = access === 'read' ? TLB_ENTRY.READ : TLB_ENTRY.WRITE;
    const host = frame.temporary('i32');

    emit(code, eq(wanted, this.read('i64.load', entry, tag)), this);
    code.if();
    emit(code, add(wrap(address), this.read('i32.load', entry, TLB_ENTRY.ADDEND)), this);
    code.set(host);
    code.else();
    emit(code, address, this);
    const how = i32(accessCode(bytes, access, options));
    emit(code, spCheck ? select(spCheck, or(how, ACCESS.SP_MISALIGNED), how) : how, this);
    frame.slow();
    code.set(host);
    code.end();
    return localOf('i32', host);
  }

  load(
    host: Value,
    offset: number,
    bytes: Bytes,
    options: { signed?: boolean; type?: 'i32' | 'i64' | 'f32' | 'f64' } = {},
  ): Value {
    const type = options.type ?? (bytes === 8 ? 'i64' : 'i32');
    return this.read(loadOp(type, bytes, options.signed === true), host, offset);
  }

  store(host: Value, offset: number, bytes: Bytes, v: Value): void {
    this.write(storeOp(v.type, bytes), host, offset, v);
  }

  vload(host: Value, offset: number, bits: VectorBits = 128): Value {
    if (bits === 128) return this.read('v128.load', host, offset);
    if (bits >= 32) return this.read(bits === 64 ? 'v128.load64_zero' : 'v128.load32_zero', host, offset);
    return opImm('i32x4.replace_lane', 0, ZERO_VECTOR, this.load(host, offset, bits === 16 ? 2 : 1));
  }

  vstore(host: Value, offset: number, v: Value, bits: VectorBits = 128): void {
    if (bits === 128) return this.write('v128.store', host, offset, v);
    this.store(host, offset, (bits / 8) as Bytes, lowLane(v, bits));
  }

  get(offset: number, type: 'i32' | 'i64'): Value {
    return this.read(`${type}.load`, i32(0), offset);
  }

  set(offset: number, v: Value): void {
    this.write(`${v.type}.store`, i32(0), offset, v);
  }

  inModes({ control, isControl, status, isStatus }: Modes, v: Value): Value {
    const now = and(this.get(STATE.FPCR, 'i64'), i64(control, status));
    return select(eq(now, i64(isControl, isStatus)), v, zeroLike(v));
  }

  likely(_modes: Modes): boolean | undefined {
    return undefined;
  }

  bitmask(nimmrimms: Value): Value {
    return this.read('i64.load', shl(nimmrimms, 3), STATE.BITMASKS);
  }

  // Flow.

  pc(): Value {
    const hp = localOf('i32', this.frame.hp);
    return add(localOf('i64', this.frame.delta), zext(hp));
  }

  branch(target: Value): void {
    this.frame.branch(target, this);
  }

  branchReg(target: Value): void {
    this.frame.branch(target, this);
  }

  branchIf(c: Value, target: Value): void {
    emit(this.code, c, this);
    this.code.if();
    this.frame.branch(target, this);
    this.code.end();
  }

  exit(code: number, pc: 'this' | 'next'): void {
    this.frame.leave(code, pc);
  }

  sys(): void {
    this.frame.sys();
  }

  sysIf(c: Value): void {
    emit(this.code, c, this);
    this.code.if();
    this.frame.sys();
    this.code.end();
  }

  budget(): Value {
    return this.frame.budget();
  }

  undefined(): void {
    this.frame.leave(EXIT.UNDEFINED, 'this');
  }

  undefinedIf(c: Value): void {
    if (c.kind === 'const' && c.lo === 0) return;
    emit(this.code, c, this);
    this.code.if();
    this.undefined();
    this.code.end();
  }

  call(helper: Helper, ...args: Value[]): Value {
    for (const arg of args) emit(this.code, arg, this);
    this.code.call(this.frame.helper(helper));
    return this.pop(helper.result);
  }

  // What the above is made of.

  /** Takes the value on the stack into a new temporary. */
  protected pop(type: Type): Value {
    const local = this.frame.temporary(type);
    this.code.set(local);
    return localOf(type, local);
  }

  protected read(access: MemoryOp, address: Value, offset: number): Value {
    return readingOf(access, address, offset, this.epoch);
  }

  protected write(access: MemoryOp, address: Value, offset: number, v: Value): void {
    emit(this.code, address, this);
    emit(this.code, v, this);
    this.code.memory(access, offset);
    this.epoch = ++this.lastEpoch;
  }

  protected storeFlags(kind: number, a: Value, b: Value): void {
    const [x, y] = [atTop(a), atTop(b)];
    emit(this.code, i32(0), this);
    emit(this.code, x, this);
    this.code.memory('i64.store', STATE.FLAG_A);
    this.set(STATE.FLAG_B, y);
    this.set(STATE.FLAG_KIND, i32(kind));
  }

  /** The bits of the base register that should be zero and are not. */
  protected spCheck(n: Reg): Value {
    const mask = this.read('i32.load8_u', typeof n === 'number' ? i32(n) : n, STATE.SP_CHECK);
    return and(this.xsp(n, 32), mask);
  }

  private tlbEntry(address: Value, unprivileged: boolean): Value {
    const index = and(shr(wrap(address), 12 - 5), (TLB_ENTRIES - 1) * TLB_ENTRY.SIZE);
    const bank = unprivileged ? this.get(STATE.TLB_USER, 'i32') : localOf('i32', this.frame.tlb);
    return this.let(add(index, bank));
  }
}

/** Flags of 32-bit operands are those of the same operands in the upper half. */
const atTop = (v: Value): Value => (v.type === 'i64' ? v : shl(zext(v), 32));

const ZERO_VECTOR = v128(new Array<number>(16).fill(0));

/** The low bits of a v128 as i32, zero-extended, or i64. */
function lowLane(v: Value, bits: 64 | 32 | 16 | 8): Value {
  if (bits === 64) return opImm('i64x2.extract_lane', 0, v);
  if (bits === 32) return opImm('i32x4.extract_lane', 0, v);
  return opImm(bits === 16 ? 'i16x8.extract_lane_u' : 'i8x16.extract_lane_u', 0, v);
}

/** Byte offset of slot n, slots being 2^scale bytes. */
function slot(n: Reg, scale: number): Value {
  if (typeof n === 'number') return i32(n << scale);
  if (n.kind === 'operand') return operandOf(n.lo, n.bits, n.hi + scale);
  return shl(n, scale);
}

/** Number 31 is SP, which lies in slot 32. */
function slotOrSp(n: Reg): Value {
  if (typeof n === 'number') return i32(n === 31 ? 32 << 3 : n << 3);
  return add(slot(n, 3), shl(eq(n, 31), 3));
}

function laneAddress(n: Reg, bytes: Bytes, index: Reg): [at: Value, offset: number] {
  if (typeof index === 'number') return [slot(n, 4), STATE.V + index * bytes];
  return [add(slot(n, 4), mulBytes(index, bytes)), STATE.V];
}

const mulBytes = (index: Value, bytes: Bytes): Value => shl(index, Math.log2(bytes));

function accessCode(bytes: number, access: Access, options: MemOptions): number {
  return (
    bytes |
    (access === 'write' ? 0 : ACCESS.READ) |
    (access === 'read' ? 0 : ACCESS.WRITE) |
    (options.unprivileged ? ACCESS.UNPRIVILEGED : 0) |
    (options.aligned ? ACCESS.ALIGNED : 0) |
    (options.exclusive ? ACCESS.EXCLUSIVE : 0) |
    (options.zero ? ACCESS.ZERO : 0) |
    (Math.log2(options.element ?? bytes) << ACCESS.ELEMENT_SHIFT)
  );
}
