/*
 * board/cpu/builder.ts - the vocabulary in which the meaning of an instruction is said, once for both engines
 *
 * Manual: Arm ARM (DDI 0487), "Arm pseudocode definition"
 *
 * A row of the table (a64.ts) is a pattern, the manual's title, the semantics and the disassembly. The semantics is a
 * function over a Builder. In the interpreter its fields are cut from the instruction word at run time; in the
 * translator they are constants. It cannot tell which, and need not:
 *
 *   f.Z  capital letter: known when code is made (the interpreter makes one handler for each value). A number: use `if`.
 *   f.n  small letter: a Value. Never use it in `if`, `?:`, `&&`, `!` or `===`; the tests refuse such a row.
 *
 * Three rules for a row:
 *   1. Faults first: mem(), undefinedIf() before the first set; so that a faulting instruction leaves no trace.
 *   2. At most one mem() is live at a time, for the whole access (a pair is one access).
 *   3. A Value is an expression, evaluated where it is used, each time it is used. let() evaluates it here and now. A
 *      register or memory Value that is used after something was written is refused when code is made: let() it before.
 */
import type { EXIT } from './state.ts';
import type { Value } from './value.ts';
import type { Type } from './wasm-ops.ts';

export type Width = 32 | 64;

type Capital =
  | 'A'
  | 'B'
  | 'C'
  | 'D'
  | 'E'
  | 'F'
  | 'G'
  | 'H'
  | 'I'
  | 'J'
  | 'K'
  | 'L'
  | 'M'
  | 'N'
  | 'O'
  | 'P'
  | 'Q'
  | 'R'
  | 'S'
  | 'T'
  | 'U'
  | 'V'
  | 'W'
  | 'X'
  | 'Y'
  | 'Z';

/** An operand of the instruction: an unsigned i32 that knows how many `bits` it has. */
export type Field = Value;

export type Fields = { readonly [K in Capital]: number } & { readonly [K in Lowercase<Capital>]: Field };

export type Semantics = (b: Builder, f: Fields) => void;

export interface Attributes {
  /** Which values of the capital fields are allocated; the others are as if the row did not match. */
  readonly when?: (f: Readonly<Record<Capital, number>>) => boolean;
  /** Floating point or Advanced SIMD: EXIT.FP while CPACR_EL1.FPEN says so. Checked before the semantics. */
  readonly fp?: true;
  /** Rare or large: the interpreter puts it into a function of its own, outside the hot loop. Must not branch(). */
  readonly cold?: true;
  /** The translator does not translate it: it leaves to the interpreter for this one instruction. */
  readonly interpOnly?: true;
  /** Ends a translated block although it does not branch (what follows may be fetched differently). */
  readonly ends?: true;
}

/** 32 characters of 0, 1, field letters and '.' (ignored); spaces are allowed for the reader. `syntax`: see disasm.ts. */
export type Row = readonly [
  pattern: string,
  title: string,
  semantics: Semantics,
  syntax: string,
  attributes?: Attributes,
];

/** A function generated once per module from the same vocabulary: for long or rare pieces of semantics. */
export interface Helper {
  readonly name: string;
  readonly params: readonly Type[];
  readonly result: Type;
  readonly body: (b: Builder, ...args: Value[]) => Value;
}

/** A local variable, for loops in helpers and values that differ between the arms of an if_. */
export interface Variable {
  get(): Value;
  set(v: Value): void;
}

export interface MemOptions {
  /** With EL0's permissions (LDTR, STTR). */
  readonly unprivileged?: boolean;
  /** Faults unless aligned to its size (exclusives, atomics, acquire/release). */
  readonly aligned?: boolean;
  /** Exclusive or atomic: a device refuses. */
  readonly exclusive?: boolean;
  /** Bytes of one element when the access has several (pairs): their alignment is what SCTLR_EL1.A asks for. */
  readonly element?: Bytes | 16;
  /** Clears the block around the address: DC ZVA, which has its own rules about memory types. */
  readonly zero?: boolean;
  /** The base register's number, if it may be SP: CheckSPAlignment. */
  readonly sp?: Reg;
}

/** Of FPCR the bits of `control` are `isControl`, of FPSR those of `status` are `isStatus`. */
export interface Modes {
  readonly control: number;
  readonly isControl: number;
  readonly status: number;
  readonly isStatus: number;
}

/** Conditions that lead somewhere if all of them hold; the last ones may be expensive. */
export type Way = () => readonly Value[];

export type Access = 'read' | 'write' | 'both';
export type Bytes = 1 | 2 | 4 | 8;
/** How much of a V register an instruction looks at: all, half (Q = 0), or one element (the scalar forms). */
export type VectorBits = 128 | 64 | 32 | 16 | 8;
/** A register number: an operand field, an expression over one, or a constant such as 30. */
export type Reg = Value | number;

/** Expressions (add, shl, select, ...) are functions of value.ts; here is what touches the machine. */
export interface Builder {
  // General registers. The name says what number 31 is. Writing an i32 clears the upper half, as a W write does.
  x(n: Reg, w: Width): Value; //    31 = zero
  setX(d: Reg, v: Value): void; //  31 = discarded
  xsp(n: Reg, w: Width): Value; //  31 = SP
  setXsp(d: Reg, v: Value): void;

  // V registers. Writing less than 128 bits clears the rest.
  v(n: Reg, bits?: VectorBits): Value; //                          v128, of which the low `bits`; the rest is zero
  setV(d: Reg, v: Value, bits?: VectorBits): void; //              v128 or the low `bits` of it, or i32/i64/f32/f64
  /** Lane `index` (a number or an i32 Value) of lanes of `bytes`: i32, zero- or sign-extended, for 1, 2, 4; i64 for 8. */
  lane(n: Reg, bytes: Bytes, index: Reg, signed?: boolean): Value;
  /** Writes one lane and leaves the others alone. */
  setLane(d: Reg, bytes: Bytes, index: Reg, v: Value): void;
  /** The low 32 or 64 bits as a float: what an S or D register is. */
  fp(n: Reg, w: Width): Value;

  // Evaluation and control.
  let(v: Value): Value; //                          evaluate here, once
  variable(initial: Value): Variable;
  lazy(c: Value, then: () => Value, otherwise: () => Value): Value; // only one is evaluated
  /**
   * As lazy(), if one of the ways is open; which is nearly always so. So the translator may leave the rest to the
   * interpreter: nothing may have been set before.
   */
  expect(ways: readonly Way[], then: () => Value, otherwise: () => Value): Value;
  if_(c: Value, then: () => void, otherwise?: () => void): void;
  /** Runs arm(i) for i = value of v in 0..count-1. For cold splits: extend option, shift type. */
  switch_(v: Value, count: number, arm: (i: number) => void): void;
  /** Repeats the body while it returns non-zero; for helpers. */
  repeat(body: () => Value): void;

  /** Instructions that may be executed before the engine stops, this one included: i32. Not for helpers. */
  budget(): Value;

  // Flags. Lazy underneath; a definition never sees how they are kept.
  adds(a: Value, b: Value): Value; //               a + b and sets NZCV
  subs(a: Value, b: Value): Value; //               a - b and sets NZCV
  adcs(a: Value, b: Value, carry: Value): Value; // a + b + carry (i32 0 or 1) and sets NZCV
  logicFlags(result: Value): void; //               N and Z of the result, C and V clear
  nzcv(): Value; //                                 i32, in bits 31:28
  setNzcv(v: Value): void; //                       i32, other bits ignored
  ordered(x: Value, y: Value): Value; //            NZCV of comparing floats, none of which is a NaN
  carry(): Value; //                                i32 0 or 1
  cond(c: Value | number): Value; //                ConditionHolds: i32 0 or 1

  // Memory. mem() is the only operation that can fault.
  mem(va: Value, bytes: number, access: Access, options?: MemOptions): Value; // host pointer
  /** 1, 2, 4 bytes give an i32 and 8 an i64, zero-extended unless `signed`; the type can be asked for. */
  load(
    host: Value,
    offset: number,
    bytes: Bytes,
    options?: { signed?: boolean; type?: 'i32' | 'i64' | 'f32' | 'f64' },
  ): Value;
  store(host: Value, offset: number, bytes: Bytes, v: Value): void; // the low bytes of an i32 or i64, or a float
  vload(host: Value, offset: number, bits?: VectorBits): Value; //    v128, as v()
  vstore(host: Value, offset: number, v: Value, bits?: VectorBits): void;

  // Words of STATE (state.ts), by offset.
  get(offset: number, type: 'i32' | 'i64'): Value;
  set(offset: number, v: Value): void;
  /** An entry of a constant table in memory: a table computed from the manual (pseudocode.ts). */
  bitmask(nimmrimms: Value): Value; //              DecodeBitMasks' wmask for 13 bits N:immr:imms, i64

  /** The constant v while floating point is in one of these modes, else zero. */
  inModes(modes: Modes, v: Value): Value;
  /** Whether it is in one of them now, when code is made; undefined: perhaps not, but the code is for all modes. */
  likely(modes: Modes): boolean | undefined;

  // Flow. branch, branchReg, exit, sys, undefined are the last statement of a row.
  pc(): Value; //                                   i64, of this instruction
  branch(target: Value): void; //                   an address computed from pc() and fields
  branchIf(c: Value, target: Value): void;
  branchReg(target: Value): void; //                an address from a register
  /** Leaves run(). `next`: PC is past this instruction, which counts; `this`: it stays. */
  exit(code: (typeof EXIT)[keyof typeof EXIT], pc: 'this' | 'next'): void;
  /** Hands the instruction to the imported sys() function: see EngineImports. */
  sys(): void;
  /** As the first statement: does so if `c`, and then nothing of what follows. */
  sysIf(c: Value): void;
  undefined(): void;
  undefinedIf(c: Value): void;
  call(helper: Helper, ...args: Value[]): Value;
}
