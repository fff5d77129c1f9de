/*
 * board/cpu/engine/translator/vectors.ts - the V registers of a trace: numbers in locals for numbers, vectors for vectors
 *
 * The home of a register is a local of the type as which the trace accesses it first. That of a number has the low bits,
 * and STATE all others. It is good at any time; locals of other types are copies of it, good until the register is
 * written. Of a loop's registers STATE gets what is in the home when the loop is left, of others at once.
 */
import { STATE } from '../../state.ts';
import type { Code, MemoryOp } from '../../wasm.ts';
import type { OpName } from '../../wasm-ops.ts';

export type Form = 'f32' | 'f64' | 'v128';

interface Register {
  readonly home: Form;
  readonly local: number;
  /** Locals of other forms... */
  readonly others: Map<Form, number>;
  /** ...and those of them that are good. */
  readonly copies: Set<Form>;
  readonly isLoaded: boolean;
  isWritten: boolean;
  /** STATE has zeros above the home of a number. */
  isZeroAbove: boolean;
}

/** What must be known of the trace. */
export interface Surrounding {
  readonly code: Code;
  readonly loops: boolean;
  /** Not zero where the code being made is perhaps not executed. */
  readonly arms: number;
  /** A new local that outlives the instruction. */
  keepLocal(form: Form): number;
}

const LANES = { f32: 'f32x4', f64: 'f64x2' } as const;
const ZERO = new Array<number>(16).fill(0);

export class VectorRegisters {
  private readonly trace: Surrounding;
  private readonly all = new Map<number, Register>();

  constructor(trace: Surrounding) {
    this.trace = trace;
  }

  /** Whether the register is known to be at home in a number. */
  isNumber(n: number): boolean {
    return (this.all.get(n)?.home ?? 'v128') !== 'v128';
  }

  /** The local with the register, or the low bits of it. */
  read(n: number, form: Form): number {
    const register = this.register(n, form, 'read');
    if (register.home === form) return register.local;
    return register.copies.has(form) ? register.others.get(form)! : this.copy(n, register, form);
  }

  /** What is on the stack becomes the register; above a number it is zero. */
  write(n: number, form: Form): void {
    const register = this.register(n, form, 'write');
    register.copies.clear();
    if (register.home !== form) return this.writeOther(n, register, form);
    this.trace.code.set(register.local);
    if (!this.trace.loops) this.store(n, form, register.local);
    if (form !== 'v128') this.clearAbove(n, register);
  }

  /** Execution may come here from elsewhere: then only what is at home is known. */
  forgetCopies(): void {
    for (const register of this.all.values()) {
      register.copies.clear();
      register.isZeroAbove = false;
    }
  }

  /** STATE is to have all of the register: what a loop writes further down it writes before this, too. */
  flush(n: number): void {
    if (!this.trace.loops) return;
    const { home, local } = this.register(n, 'v128', 'read');
    this.store(n, home, local);
  }

  /** Of all registers known so far. */
  flushAll(): void {
    for (const n of this.all.keys()) this.flush(n);
  }

  /** STATE was written. */
  reload(n: number): void {
    const register = this.all.get(n);
    if (!register) return;
    register.copies.clear();
    register.isZeroAbove = false;
    load(this.trace.code, n, register);
  }

  /** At the start of the trace. */
  writeLoads(code: Code): void {
    for (const [n, register] of this.all) if (register.isLoaded) load(code, n, register);
  }

  /** Where a loop is left. */
  writeBack(): void {
    for (const [n, { home, local, isWritten }] of this.all) if (isWritten) this.store(n, home, local);
  }

  /** What is certain to be written before it is read need not be loaded, unless it is written back at whatever exit. */
  private register(n: number, home: Form, use: 'read' | 'write'): Register {
    const { arms, loops } = this.trace;
    const known = this.all.get(n);
    if (known) {
      known.isWritten ||= use === 'write';
      return known;
    }
    const register = {
      ...{ home, local: this.trace.keepLocal(home), others: new Map(), copies: new Set<Form>() },
      ...{ isLoaded: use === 'read' || arms > 0 || loops, isWritten: use === 'write', isZeroAbove: false },
    };
    this.all.set(n, register);
    return register;
  }

  private other({ others }: Register, form: Form): number {
    const local = others.get(form) ?? this.trace.keepLocal(form);
    others.set(form, local);
    return local;
  }

  /** A new copy, remembered unless it is perhaps not made. */
  private copy(n: number, register: Register, form: Form): number {
    const { code, arms } = this.trace;
    if (register.home === 'v128') code.get(register.local);
    else this.pushVector(n, register);
    if (form !== 'v128') extract(code, form);
    const local = this.other(register, form);
    code.set(local);
    if (arms === 0) register.copies.add(form);
    return local;
  }

  /** A number's register as a vector. */
  private pushVector(n: number, { home, local, isZeroAbove }: Register): void {
    const { code } = this.trace;
    if (isZeroAbove) code.v128Const(ZERO);
    else push(code, n, 'v128');
    code.get(local);
    replace(code, home);
  }

  /** What is on the stack is of another form than the home: by way of a vector. */
  private writeOther(n: number, register: Register, form: Form): void {
    const { code, arms, loops } = this.trace;
    const local = this.other(register, form);
    code.set(local);
    if (arms === 0) register.copies.add(form);
    if (form !== 'v128') code.v128Const(ZERO);
    code.get(local);
    if (form !== 'v128') replace(code, form);
    if (register.home !== 'v128') return this.takeVector(n, register);
    code.set(register.local);
    if (!loops) this.store(n, 'v128', register.local);
  }

  /** Of the vector on the stack the home takes the low bits, and STATE the others. */
  private takeVector(n: number, register: Register): void {
    const { code } = this.trace;
    const vector = this.other(register, 'v128');
    code.set(vector);
    this.store(n, 'v128', vector);
    register.isZeroAbove = false;
    code.get(vector);
    extract(code, register.home);
    code.set(register.local);
  }

  private clearAbove(n: number, register: Register): void {
    if (register.isZeroAbove) return;
    const { code, arms } = this.trace;
    if (register.home === 'f32') clear(code, 'i32.store', addressOf(n) + 4);
    clear(code, 'i64.store', addressOf(n) + 8);
    if (arms === 0) register.isZeroAbove = true;
  }

  private store(n: number, form: Form, local: number): void {
    const { code } = this.trace;
    code.i32Const(0);
    code.get(local);
    code.memory(`${form}.store` as MemoryOp, addressOf(n));
  }
}

const addressOf = (n: number): number => STATE.V + 16 * n;

function push(code: Code, n: number, form: Form): void {
  code.i32Const(0);
  code.memory(`${form}.load` as MemoryOp, addressOf(n));
}

function load(code: Code, n: number, { home, local }: Register): void {
  push(code, n, home);
  code.set(local);
}

function clear(code: Code, how: 'i32.store' | 'i64.store', at: number): void {
  code.i32Const(0);
  if (how === 'i32.store') code.i32Const(0);
  else code.i64Const(0, 0);
  code.memory(how, at);
}

/** The number in lane 0 of the vector on the stack. */
function extract(code: Code, form: Form): void {
  code.op(`${LANES[form as 'f32' | 'f64']}.extract_lane` as OpName);
  code.bytes.byte(0);
}

/** The vector on the stack, below the number, with that in lane 0. */
function replace(code: Code, form: Form): void {
  code.op(`${LANES[form as 'f32' | 'f64']}.replace_lane` as OpName);
  code.bytes.byte(0);
}
