/*
 * board/cpu/engine/translator/handler.ts - the translator's maker: a row's semantics with the operands known
 *
 * It differs from the interpreter's maker in what knowing them allows: registers are locals, PC is a constant, flags
 * just set are at hand. And an access that misses the TLB leaves the trace: the interpreter does it.
 */
import type { Access, Bytes, Helper, MemOptions, Modes, Reg, VectorBits, Way, Width } from '../../builder.ts';
import { FLAG_KIND, NEAR, STATE, TLB_ENTRIES, TLB_ENTRY } from '../../state.ts';
import {
  add,
  and,
  eq,
  eqz,
  ges,
  geu,
  gts,
  gtu,
  i32,
  i64,
  localOf,
  lts,
  ltu,
  ne,
  op,
  opImm,
  or,
  shl,
  shr,
  sub,
  v128,
  type Value,
  wrap,
  xor,
  zext,
} from '../../value.ts';
import type { Label } from '../../wasm.ts';
import type { OpName } from '../../wasm-ops.ts';
import { emit } from '../emitter.ts';
import { CARRY, CONDITION, NZCV } from '../flags.ts';
import { Handler } from '../handler.ts';
import { type GroupFrame, localA, localB, ORDERED, type PendingFlags } from './frame.ts';
import type { Form } from './vectors.ts';

const LANES = { 1: 'i8x16', 2: 'i16x8', 4: 'i32x4', 8: 'i64x2' } as const;
const PAGE = 0x1000;
const ZR = 31;
const SP = 32;

const isKnown = (n: Reg): boolean => typeof n === 'number' || n.kind === 'const';
const numberOf = (n: Reg): number => {
  if (typeof n === 'number') return n;
  if (n.kind !== 'const') throw new Error('a register number that is not known');
  return n.lo;
};

/** An access. */
interface Wanted {
  readonly address: Value;
  readonly bytes: number;
  readonly access: Access;
  readonly options: MemOptions;
}

export class TraceHandler extends Handler {
  private readonly trace: GroupFrame;
  /** The last NZCV that came from two floats. */
  private compared: { readonly nzcv: Value; readonly x: Value; readonly y: Value } | undefined;

  constructor(trace: GroupFrame) {
    super(trace);
    this.trace = trace;
  }

  override operand(): void {
    throw new Error('fields are constants here');
  }

  // General registers.

  override x(n: Reg, w: Width): Value {
    const number = numberOf(n);
    return number === ZR ? zero(w) : this.register(number, w);
  }

  override setX(d: Reg, v: Value): void {
    const number = numberOf(d);
    if (number !== ZR) this.setRegister(number, v);
  }

  override xsp(n: Reg, w: Width): Value {
    const number = numberOf(n);
    return this.register(number === ZR ? SP : number, w);
  }

  override setXsp(d: Reg, v: Value): void {
    const number = numberOf(d);
    this.setRegister(number === ZR ? SP : number, v);
  }

  // V registers.

  override v(n: Reg, bits: VectorBits = 128): Value {
    const all = this.vector(n, 'v128');
    return bits === 128 ? all : op('v128.and', all, lowBits(bits));
  }

  override fp(n: Reg, w: Width): Value {
    return this.vector(n, w === 32 ? 'f32' : 'f64');
  }

  override setV(d: Reg, v: Value, bits: VectorBits = 128): void {
    const value = v.type === 'v128' && bits < 128 ? op('v128.and', v, lowBits(bits)) : toForm(v);
    emit(this.code, value, this);
    this.trace.locals.vectors.write(numberOf(d), value.type as Form);
  }

  /** In a loop over the lanes the index is not known: STATE has them all. */
  override lane(n: Reg, bytes: Bytes, index: Reg, isSigned = false): Value {
    const { vectors } = this.trace.locals;
    if (!isKnown(n)) vectors.flushAll();
    else if (!isKnown(index)) vectors.flush(numberOf(n));
    if (!isKnown(n) || !isKnown(index)) return super.lane(n, bytes, index, isSigned);
    if (numberOf(index) === 0 && bytes >= 4 && vectors.isNumber(numberOf(n)))
      return bytes === 4
        ? op('i32.reinterpret_f32', this.fp(n, 32))
        : op('i64.reinterpret_f64', this.fp(n, 64));
    const sign = bytes >= 4 ? '' : isSigned ? '_s' : '_u';
    return opImm(`${LANES[bytes]}.extract_lane${sign}` as OpName, numberOf(index), this.v(n));
  }

  override setLane(d: Reg, bytes: Bytes, index: Reg, v: Value): void {
    const { vectors } = this.trace.locals;
    if (!isKnown(index)) {
      vectors.flush(numberOf(d));
      super.setLane(d, bytes, index, v);
      return vectors.reload(numberOf(d));
    }
    const name = `${LANES[bytes]}.replace_lane` as OpName;
    this.setV(d, opImm(name, numberOf(index), this.v(d), bytes === 8 ? v : wrap(v)));
  }

  // Evaluation and control.

  /** A register's local may be written before the value is used. */
  override let(v: Value): Value {
    if (v.kind !== 'local' || !this.trace.locals.isKept(v.lo)) return super.let(v);
    emit(this.code, v, this);
    return this.pop(v.type);
  }

  override lazy(c: Value, then: () => Value, otherwise: () => Value): Value {
    return super.lazy(
      c,
      () => this.perhaps(then),
      () => this.perhaps(otherwise),
    );
  }

  /** Who is surprised leaves, rather than to have helpers called: then all that is in registers of the host stays there. */
  override expect(ways: readonly Way[], then: () => Value, otherwise: () => Value): Value {
    const { code, trace } = this;
    if (trace.locals.fpModes.isCareful(trace.offset) || trace.locals.arms > 0)
      return super.expect(ways, then, otherwise);
    const right = code.block();
    for (const way of ways) this.perhaps(() => this.go(way(), right));
    trace.stay(true);
    code.end();
    return then();
  }

  /** To the label, if all of them hold. */
  private go(conditions: readonly Value[], label: Label): void {
    const { code } = this;
    const [last, ...first] = [...conditions].reverse();
    const not = first.length > 0 ? code.block() : undefined;
    for (const condition of first.reverse()) {
      emit(code, eqz(condition), this);
      code.brIf(not!);
    }
    emit(code, last!, this);
    code.brIf(label);
    if (not) code.end();
  }

  override if_(c: Value, then: () => void, otherwise?: () => void): void {
    const before = this.beginArms();
    const arm = (body: () => void) => () => this.arm(before, body);
    super.if_(c, arm(then), otherwise && arm(otherwise));
    this.endArms();
  }

  override switch_(v: Value, count: number, arm: (i: number) => void): void {
    const before = this.beginArms();
    super.switch_(v, count, (i) => this.arm(before, () => arm(i)));
    this.endArms();
  }

  // Flags.

  override nzcv(): Value {
    return this.call(NZCV);
  }

  override setNzcv(v: Value): void {
    if (this.compared?.nzcv === v) return this.keepFlags(ORDERED, this.compared.x, this.compared.y);
    this.keepFlags(FLAG_KIND.RAW, and(v, 0xf000_0000));
  }

  override ordered(x: Value, y: Value): Value {
    const nzcv = super.ordered(x, y);
    this.compared = { nzcv, x, y };
    return nzcv;
  }

  override carry(): Value {
    const { flags } = this.trace;
    return flags?.kind === FLAG_KIND.SUB ? geu(localA(flags), localB(flags)) : this.call(CARRY);
  }

  override cond(c: Value | number): Value {
    const condition = numberOf(c);
    const { flags } = this.trace;
    if (!flags) return super.cond(condition);
    const holds = directCondition(flags, condition >> 1);
    if (!holds) return this.call(CONDITION, i32(condition));
    return condition & 1 && condition !== 15 ? eqz(holds) : holds;
  }

  protected override storeFlags(kind: number, a: Value, b: Value): void {
    this.keepFlags(kind, a, b);
  }

  /** What the flags come from, until somebody wants them in STATE. */
  private keepFlags(kind: number, a: Value, b = a): void {
    const { trace, code } = this;
    const type = a.type as PendingFlags['type'];
    const locals = { a: trace.locals.operand(type, 'a'), b: trace.locals.operand(type, 'b') };
    emit(code, a, this);
    if (b !== a) emit(code, b, this);
    if (b !== a) code.set(locals.b);
    code.set(locals.a);
    trace.flags = { kind, type, ...locals };
  }

  /** A helper that looks at the flags finds them in STATE. No helper sets them, or general registers. */
  override call(helper: Helper, ...args: Value[]): Value {
    if (helper === NZCV || helper === CARRY || helper === CONDITION) this.trace.flushFlags();
    const result = super.call(helper, ...args);
    this.trace.locals.fpModes.refresh();
    return result;
  }

  // State.

  override set(offset: number, v: Value): void {
    super.set(offset, v);
    if (offset === STATE.FPCR || offset === STATE.FPSR) this.trace.locals.fpModes.written();
  }

  override inModes(modes: Modes, v: Value): Value {
    return this.trace.locals.fpModes.inModes(modes, v);
  }

  override likely(modes: Modes): boolean | undefined {
    return this.trace.locals.fpModes.likely(modes, this.trace.offset);
  }

  // Memory.

  override mem(va: Value, bytes: number, access: Access, options: MemOptions = {}): Value {
    const base = baseOf(va);
    const wanted = { address: this.let(va), bytes, access, options };
    const isNear = this.trace.loops && base >= 0 && !options.aligned && !options.unprivileged;
    const addend = isNear ? this.addendInLoop(base, wanted) : this.lookUp(wanted);
    return this.let(add(wrap(wanted.address), addend));
  }

  /**
   * Accesses from one base register tend to be to one page. Then the TLB need not be asked again: that its answer is
   * not waited for is half of the time that a look-up in a small table takes. In memory what is known takes no register
   * of the host's from those that the loop needs.
   */
  private addendInLoop(base: number, wanted: Wanted): Value {
    const { code } = this;
    const at = this.trace.locals.nearPage(base, kindOf(wanted));
    if (at === undefined || wanted.bytes > NEAR.MOST) return this.lookUp(wanted);
    emit(
      code,
      geu(
        this.distance(wanted, this.read('i64.load', i32(0), at)),
        this.read('i64.load', i32(0), at + NEAR.ROOM),
      ),
      this,
    );
    code.if();
    this.write('i32.store', i32(0), at + NEAR.ADDEND, this.lookUp(wanted));
    this.write('i64.store', i32(0), at + NEAR.PAGE, pageOf(wanted.address));
    this.write('i64.store', i32(0), at + NEAR.ROOM, i64(PAGE - NEAR.MOST + 1));
    code.end();
    return this.read('i32.load', i32(0), at + NEAR.ADDEND);
  }

  /** From the page's start to the address; more than a page if it is not to be used. */
  private distance({ address, options }: Wanted, page: Value): Value {
    const sp = this.spMisaligned(options);
    const distance = sub(address, page);
    return sp ? or(distance, shl(sp, 12)) : distance;
  }

  /** What leads from the address to the host, i32, if the TLB has it; if not, leaves. */
  private lookUp({ address, bytes, access, options }: Wanted): Value {
    const { code, trace } = this;
    const page = and(
      options.aligned ? address : add(address, bytes - 1),
      i64(-0x1000 | (options.aligned ? bytes - 1 : 0)),
    );
    const index = and(shr(wrap(address), 12 - 5), (TLB_ENTRIES - 1) * TLB_ENTRY.SIZE);
    const isUser = trace.page.el === 0 || options.unprivileged === true;
    const entry = this.let(isUser ? add(index, localOf('i32', trace.locals.userTlb())) : index);
    const bank = isUser ? 0 : STATE.TLB_EL1;
    const tag = bank + (access === 'read' ? TLB_ENTRY.READ : TLB_ENTRY.WRITE);
    const sp = this.spMisaligned(options);
    emit(code, ne(sp ? or(page, sp) : page, this.read('i64.load', entry, tag)), this);
    code.if();
    trace.stay();
    code.end();
    return this.read('i32.load', entry, bank + TLB_ENTRY.ADDEND);
  }

  /** Of an access from SP: i64, the bits of it that should be zero. */
  private spMisaligned({ sp }: MemOptions): Value | undefined {
    return sp !== undefined && numberOf(sp) === ZR ? zext(this.spCheck(ZR)) : undefined;
  }

  // Flow.

  override pc(): Value {
    return this.trace.address(this.trace.offset);
  }

  // What the above is made of.

  private register(n: number, w: Width): Value {
    const value = localOf('i64', this.trace.locals.register(n, 'read'));
    return w === 32 ? wrap(value) : value;
  }

  private setRegister(n: number, v: Value): void {
    const { code, trace } = this;
    if (!trace.loops) code.i32Const(0);
    emit(code, zext(v), this);
    if (trace.loops) return code.set(trace.locals.register(n, 'write'));
    code.tee(trace.locals.register(n, 'write'));
    code.memory('i64.store', STATE.X + 8 * n);
  }

  private vector(n: Reg, form: Form): Value {
    return localOf(form, this.trace.locals.vectors.read(numberOf(n), form));
  }

  /** Before arms of which one is executed: STATE has the flags. */
  private beginArms(): PendingFlags | undefined {
    this.trace.flushFlags();
    return this.trace.flags;
  }

  private arm(before: PendingFlags | undefined, body: () => void): void {
    this.trace.flags = before;
    this.perhaps(body);
    if (this.trace.flags !== before) this.trace.flushFlags();
  }

  private perhaps<T>(body: () => T): T {
    this.trace.locals.arms++;
    const result = body();
    this.trace.locals.arms--;
    return result;
  }

  /* Whatever the arms did, STATE has it; the locals may be another arm's. */
  private endArms(): void {
    this.trace.flags = undefined;
  }
}

/** A number as it is kept. */
function toForm(v: Value): Value {
  if (v.type === 'i32') return op('f32.reinterpret_i32', v);
  return v.type === 'i64' ? op('f64.reinterpret_i64', v) : v;
}

/** A mask. */
const lowBits = (bits: number): Value =>
  v128(Array.from({ length: 16 }, (_, i) => (i < bits / 8 ? 0xff : 0)));

const kindOf = ({ access }: Wanted): string => (access === 'read' ? 'read' : 'write');
const pageOf = (address: Value): Value => and(address, i64(-PAGE));

/** The local that an address is computed from; -1: none. */
function baseOf(va: Value): number {
  if (va.kind === 'local') return va.lo;
  const [first] = va.args;
  return va.op === 'i64.add' && first ? baseOf(first) : -1;
}

const zero = (w: Width): Value => (w === 32 ? i32(0) : i64(0));

/** The even condition 2 * i; undefined where it is a long story. */
function directCondition(flags: PendingFlags, i: number): Value | undefined {
  const [x, y] = [localA(flags), localB(flags)];
  if (flags.kind === FLAG_KIND.SUB) return afterSub(x, y)[i]!();
  if (flags.kind === FLAG_KIND.ADD) return afterAdd(add(x, y), x)[i]?.();
  return flags.kind === ORDERED ? afterOrdered(x, y, i) : ofNzcv(x)[i]!();
}

const afterSub = (x: Value, y: Value): readonly (() => Value)[] => [
  () => eq(x, y),
  () => geu(x, y),
  () => lts(sub(x, y), 0),
  () => lts(and(xor(x, y), xor(x, sub(x, y))), 0),
  () => gtu(x, y),
  () => ges(x, y),
  () => gts(x, y),
  () => i32(1),
];

const ORDERED_NAMES = ['eq', 'ge', 'lt', undefined, 'gt', 'ge', 'gt'] as const;

/** A comparison of numbers does not overflow. */
function afterOrdered(x: Value, y: Value, i: number): Value {
  const name = ORDERED_NAMES[i];
  return name ? op(`${x.type as 'f32' | 'f64'}.${name}`, x, y) : i32(i === 7 ? 1 : 0);
}

/** Bits 31 to 28 of the word. */
const ofNzcv = (word: Value): readonly (() => Value)[] => {
  const bit = (n: number): Value => and(shr(word, n), 1);
  const isLess = xor(word, shl(word, 3)); // in bit 31: N is not V
  return [
    () => bit(30),
    () => bit(29),
    () => bit(31),
    () => bit(28),
    () => eq(and(word, 0x6000_0000), 0x2000_0000),
    () => ges(isLess, 0),
    () => ges(or(isLess, shl(word, 1)), 0),
    () => i32(1),
  ];
};

const afterAdd = (sum: Value, x: Value): readonly (() => Value)[] => [
  () => eqz(sum),
  () => ltu(sum, x),
  () => lts(sum, 0),
];
