/*
 * board/cpu/wasm.ts - the bytes of a WebAssembly module
 *
 * Manual: WebAssembly Core Specification 2.0, "Binary Format"; tail-call proposal for return_call
 * Absent: anything about ARM.
 */
import { OPS, type OpName, type Type, TYPES } from './wasm-ops.ts';

const TYPE_BYTE: { readonly [T in Type]: number } = {
  i32: 0x7f,
  i64: 0x7e,
  f32: 0x7d,
  f64: 0x7c,
  v128: 0x7b,
};
const VOID = 0x40;

/** Signature: parameters and at most one result. */
export interface Signature {
  readonly params: readonly Type[];
  readonly result?: Type | undefined;
}

/**
 * A growing run of bytes. What is appended is not copied before view(), and nothing is a typed array before, either: the
 * memory of one is outside of the heap, and a module has dozens of short runs.
 */
export class Bytes {
  private readonly chunks: (readonly number[])[] = [];
  private last: number[] = [];
  private before = 0;

  get length(): number {
    return this.before + this.last.length;
  }

  byte(value: number): void {
    this.last.push(value);
  }

  /** To `other` nothing is added any more. */
  append(other: Bytes): void {
    this.chunks.push(this.last, ...other.chunks, other.last);
    this.before += this.last.length + other.length;
    this.last = [];
  }

  /** LEB128 of an unsigned number below 2^32. */
  u32(value: number): void {
    let rest = value >>> 0;
    for (; rest > 0x7f; rest >>>= 7) this.last.push((rest & 0x7f) | 0x80);
    this.last.push(rest);
  }

  /** LEB128 of a signed 32-bit number. */
  s32(value: number): void {
    let rest = value | 0;
    for (; rest < -64 || rest > 63; rest >>= 7) this.last.push((rest & 0x7f) | 0x80);
    this.last.push(rest & 0x7f);
  }

  /** LEB128 of a signed 64-bit number in two words. */
  s64(lo: number, hi: number): void {
    let low = lo | 0;
    let high = hi | 0;
    while (high !== low >> 31 || low < -64 || low > 63) {
      this.last.push((low & 0x7f) | 0x80);
      low = (low >>> 7) | (high << 25);
      high >>= 7;
    }
    this.last.push(low & 0x7f);
  }

  /** To `other` nothing is added any more. */
  prepend(other: Bytes): void {
    this.chunks.unshift(...other.chunks, other.last);
    this.before += other.length;
  }

  /** 32 bits, lowest byte first. */
  word(value: number): void {
    for (let shift = 0; shift < 32; shift += 8) this.byte((value >>> shift) & 0xff);
  }

  /** ASCII. */
  name(text: string): void {
    this.u32(text.length);
    for (let i = 0; i < text.length; i++) this.byte(text.charCodeAt(i));
  }

  array(bytes: Uint8Array): void {
    this.u32(bytes.length);
    for (const value of bytes) this.byte(value);
  }

  vector(bytes: Bytes): void {
    this.u32(bytes.length);
    this.append(bytes);
  }

  view(): Uint8Array {
    const out = new Uint8Array(this.length);
    let at = 0;
    for (const chunk of this.chunks) {
      out.set(chunk, at);
      at += chunk.length;
    }
    out.set(this.last, at);
    return out;
  }
}

/** The loads and stores in use: opcode, and log2 of the natural alignment, which is only a hint. */
const MEMORY_OPS = {
  'i32.load': 0x28,
  'i64.load': 0x29,
  'f32.load': 0x2a,
  'f64.load': 0x2b,
  'i32.load8_s': 0x2c,
  'i32.load8_u': 0x2d,
  'i32.load16_s': 0x2e,
  'i32.load16_u': 0x2f,
  'i64.load8_s': 0x30,
  'i64.load8_u': 0x31,
  'i64.load16_s': 0x32,
  'i64.load16_u': 0x33,
  'i64.load32_s': 0x34,
  'i64.load32_u': 0x35,
  'i32.store': 0x36,
  'i64.store': 0x37,
  'f32.store': 0x38,
  'f64.store': 0x39,
  'i32.store8': 0x3a,
  'i32.store16': 0x3b,
  'i64.store8': 0x3c,
  'i64.store16': 0x3d,
  'i64.store32': 0x3e,
  'v128.load': 0xfd00,
  'v128.store': 0xfd0b,
  'v128.load32_zero': 0xfd5c,
  'v128.load64_zero': 0xfd5d,
} as const;
export type MemoryOp = keyof typeof MEMORY_OPS;

const MEMORY_TYPES: ReadonlyMap<string, Type> = new Map(
  Object.keys(MEMORY_OPS).map((name) => [name, TYPES.find((type) => name.startsWith(type))!]),
);
/** What a load gives and a store takes. */
export const typeOf = (name: MemoryOp): Type => MEMORY_TYPES.get(name)!;

/** A branch target: how deep it lies is worked out when it is used. */
export interface Label {
  readonly depth: number;
}

/** One function: its locals and its instructions. */
export class Code {
  readonly signature: Signature;
  readonly bytes = new Bytes();
  private readonly locals: Type[] = [];
  private depth = 0;

  constructor(signature: Signature) {
    this.signature = signature;
  }

  /** A new local's index. */
  local(type: Type): number {
    this.locals.push(type);
    return this.signature.params.length + this.locals.length - 1;
  }

  i32Const(value: number): void {
    this.bytes.byte(0x41);
    this.bytes.s32(value);
  }

  i64Const(lo: number, hi: number): void {
    this.bytes.byte(0x42);
    this.bytes.s64(lo, hi);
  }

  /** A float by its bits. */
  f32Const(bits: number): void {
    this.bytes.byte(0x43);
    this.bytes.word(bits);
  }

  f64Const(lo: number, hi: number): void {
    this.bytes.byte(0x44);
    this.bytes.word(lo);
    this.bytes.word(hi);
  }

  v128Const(bytes: readonly number[]): void {
    this.opcode(0xfd0c);
    for (const byte of bytes) this.bytes.byte(byte);
  }

  /** The immediate of a lane instruction or shuffle is the caller's to append. */
  op(name: OpName): void {
    this.opcode(OPS[name].code);
  }

  /** Alignment 0: every access of a guest may be unaligned. */
  memory(name: MemoryOp, offset: number): void {
    this.opcode(MEMORY_OPS[name]);
    this.bytes.byte(0);
    this.bytes.u32(offset);
  }

  get(local: number): void {
    this.bytes.byte(0x20);
    this.bytes.u32(local);
  }

  set(local: number): void {
    this.bytes.byte(0x21);
    this.bytes.u32(local);
  }

  tee(local: number): void {
    this.bytes.byte(0x22);
    this.bytes.u32(local);
  }

  select(): void {
    this.bytes.byte(0x1b);
  }

  block(): Label {
    return this.open(0x02, VOID);
  }

  loop(): Label {
    return this.open(0x03, VOID);
  }

  if(result?: Type): Label {
    return this.open(0x04, result ? TYPE_BYTE[result] : VOID);
  }

  else(): void {
    this.bytes.byte(0x05);
  }

  end(): void {
    this.bytes.byte(0x0b);
    this.depth--;
  }

  br(label: Label): void {
    this.bytes.byte(0x0c);
    this.bytes.u32(this.depth - label.depth);
  }

  brIf(label: Label): void {
    this.bytes.byte(0x0d);
    this.bytes.u32(this.depth - label.depth);
  }

  brTable(labels: readonly Label[], otherwise: Label): void {
    this.bytes.byte(0x0e);
    this.bytes.u32(labels.length);
    for (const label of labels) this.bytes.u32(this.depth - label.depth);
    this.bytes.u32(this.depth - otherwise.depth);
  }

  return(): void {
    this.bytes.byte(0x0f);
  }

  call(func: number): void {
    this.bytes.byte(0x10);
    this.bytes.u32(func);
  }

  /** The callee returns in the caller's place. */
  returnCall(func: number): void {
    this.bytes.byte(0x12);
    this.bytes.u32(func);
  }

  /** Calls the function in the table's slot on the stack, after its arguments. */
  callIndirect(type: number): void {
    this.bytes.byte(0x11);
    this.bytes.u32(type);
    this.bytes.u32(0);
  }

  /** Puts the instructions of `first` before all others. They must leave no block open. */
  prepend(first: Code): void {
    this.bytes.prepend(first.bytes);
  }

  drop(): void {
    this.bytes.byte(0x1a);
  }

  unreachable(): void {
    this.bytes.byte(0x00);
  }

  /** Locals and instructions as the code section wants them. */
  body(): Bytes {
    const out = new Bytes();
    const groups = groupLocals(this.locals);
    out.u32(groups.length);
    for (const [count, type] of groups) {
      out.u32(count);
      out.byte(TYPE_BYTE[type]);
    }
    out.append(this.bytes);
    out.byte(0x0b);
    return out;
  }

  private opcode(code: number): void {
    if (code < 0x100) return this.bytes.byte(code);
    this.bytes.byte(code >> 8);
    this.bytes.u32(code & 0xff);
  }

  private open(opcode: number, type: number): Label {
    this.bytes.byte(opcode);
    this.bytes.byte(type);
    this.depth++;
    return { depth: this.depth };
  }
}

function groupLocals(locals: readonly Type[]): [number, Type][] {
  const groups: [number, Type][] = [];
  for (const type of locals) {
    const last = groups.at(-1);
    if (last && last[1] === type) last[0]++;
    else groups.push([1, type]);
  }
  return groups;
}

const SECTION = { TYPE: 1, IMPORT: 2, FUNCTION: 3, EXPORT: 7, CODE: 10, DATA: 11 } as const;

/** A module under construction. Imports first: their indices precede those of its own functions. */
export class WasmModule {
  private readonly signatures: string[] = [];
  private readonly types = new Bytes();
  private readonly imports: [name: string, type: number][] = [];
  private table: string | undefined;
  private readonly functions: (Code | undefined)[] = [];
  private readonly functionTypes: number[] = [];
  private readonly exports: [name: string, func: number][] = [];
  private readonly data: [offset: number, bytes: Uint8Array][] = [];

  /** Imports `env.name` and returns its index. */
  import(name: string, signature: Signature): number {
    this.imports.push([name, this.typeIndex(signature)]);
    return this.imports.length - 1;
  }

  /** Imports `env.name`, a table of functions: the one that Code.callIndirect() calls. */
  importTable(name: string): void {
    this.table = name;
  }

  /** A signature's index, for Code.callIndirect(). */
  type(signature: Signature): number {
    return this.typeIndex(signature);
  }

  /** Reserves an index, so that functions can call each other before they are written. */
  declare(signature: Signature): number {
    this.functions.push(undefined);
    this.functionTypes.push(this.typeIndex(signature));
    return this.imports.length + this.functions.length - 1;
  }

  define(func: number, code: Code): void {
    this.functions[func - this.imports.length] = code;
  }

  export(name: string, func: number): void {
    this.exports.push([name, func]);
  }

  /** Bytes copied into memory when the module is instantiated. */
  initialise(offset: number, bytes: Uint8Array): void {
    this.data.push([offset, bytes]);
  }

  /** `pages`: least size of the imported memory `env.memory`, in 64 KiB. */
  finish(pages: number): Uint8Array {
    const out = new Bytes();
    for (const byte of [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0]) out.byte(byte);
    writeSection(out, SECTION.TYPE, this.signatures.length, this.types);
    const imports = this.imports.length + (this.table === undefined ? 1 : 2);
    writeSection(out, SECTION.IMPORT, imports, this.importSection(pages));
    writeSection(out, SECTION.FUNCTION, this.functions.length, this.functionSection());
    writeSection(out, SECTION.EXPORT, this.exports.length, this.exportSection());
    writeSection(out, SECTION.CODE, this.functions.length, this.codeSection());
    writeSection(out, SECTION.DATA, this.data.length, this.dataSection());
    return out.view();
  }

  private typeIndex(signature: Signature): number {
    const key = `${signature.params}:${signature.result ?? ''}`;
    const known = this.signatures.indexOf(key);
    if (known >= 0) return known;
    this.types.byte(0x60);
    this.types.array(Uint8Array.from(signature.params, (type) => TYPE_BYTE[type]));
    this.types.array(signature.result ? Uint8Array.of(TYPE_BYTE[signature.result]) : new Uint8Array());
    return this.signatures.push(key) - 1;
  }

  private importSection(pages: number): Bytes {
    const out = new Bytes();
    for (const [name, type] of this.imports) {
      out.name('env');
      out.name(name);
      out.byte(0);
      out.u32(type);
    }
    out.name('env');
    out.name('memory');
    out.byte(2);
    out.byte(0);
    out.u32(pages);
    if (this.table !== undefined) importTable(out, this.table);
    return out;
  }

  private functionSection(): Bytes {
    const out = new Bytes();
    for (const type of this.functionTypes) out.u32(type);
    return out;
  }

  private exportSection(): Bytes {
    const out = new Bytes();
    for (const [name, func] of this.exports) {
      out.name(name);
      out.byte(0);
      out.u32(func);
    }
    return out;
  }

  private codeSection(): Bytes {
    const out = new Bytes();
    for (const code of this.functions) {
      if (!code) throw new Error('a function was declared and never defined');
      out.vector(code.body());
    }
    return out;
  }

  private dataSection(): Bytes {
    const out = new Bytes();
    for (const [offset, bytes] of this.data) {
      out.byte(0);
      out.byte(0x41);
      out.s32(offset);
      out.byte(0x0b);
      out.array(bytes);
    }
    return out;
  }
}

/** Of functions, of any size. */
function importTable(out: Bytes, name: string): void {
  out.name('env');
  out.name(name);
  for (const byte of [1, 0x70, 0, 0]) out.byte(byte);
}

function writeSection(out: Bytes, id: number, count: number, content: Bytes): void {
  const body = new Bytes();
  body.u32(count);
  body.append(content);
  out.byte(id);
  out.vector(body);
}
