/*
 * kernel/bpf/classic.ts - classic BPF as seccomp uses it: what a program may contain, what it costs, what it answers
 *
 * Linux:   net/core/filter.c (bpf_check_classic, bpf_convert_filter), kernel/seccomp.c (seccomp_check_filter)
 * Manual:  Documentation/networking/filter.rst, "BPF engine and instruction set"; seccomp(2)
 * Differs: upstream converts to eBPF and runs that. Here the classic program runs as it is; the converted length is
 *          computed, because the limit on stacked filters counts it.
 * Absent:  packets: only the loads that seccomp allows exist
 */

/** struct sock_filter: 8 bytes {u16 code, u8 jt, u8 jf, u32 k}. */
export interface SockFilter {
  readonly code: number;
  readonly jt: number;
  readonly jf: number;
  readonly k: number;
}

export const BPF_MAXINSNS = 4096;
const BPF_MEMWORDS = 16;
/** sizeof(struct seccomp_data) */
export const DATA_SIZE = 64;

/* code = class | size or operation | source: include/uapi/linux/bpf_common.h */
const LD_IMM = 0x00;
const LD_ABS = 0x20; // one of the sixteen words of seccomp_data
const LD_MEM = 0x60;
const LD_LEN = 0x80;
const LDX_IMM = 0x01;
const LDX_MEM = 0x61;
const LDX_LEN = 0x81;
const ST = 0x02;
const STX = 0x03;
const ALU = 0x04;
const JMP = 0x05;
const RET_K = 0x06;
const RET_A = 0x16;
const TAX = 0x07;
const TXA = 0x87;

const CLASS = 0x07;
const OP = 0xf0;
const SRC_X = 0x08;

/* ALU operations; MOD (0x90) and XOR's neighbours beyond are not for seccomp. */
const ADD = 0x00;
const SUB = 0x10;
const MUL = 0x20;
const DIV = 0x30;
const OR = 0x40;
const AND = 0x50;
const LSH = 0x60;
const RSH = 0x70;
const NEG = 0x80;
const XOR = 0xa0;
const ALU_OPS: ReadonlySet<number> = new Set([ADD, SUB, MUL, DIV, OR, AND, LSH, RSH, XOR]);

/* Jumps */
const JA = 0x00;
const JEQ = 0x10;
const JGT = 0x20;
const JGE = 0x30;
const JSET = 0x40;

/** Programs are data of user space: copied in once, checked once, never changed. */
export function parse_filter(bytes: Uint8Array): SockFilter[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: bytes.length / 8 }, (_, i) => ({
    code: view.getUint16(8 * i, true),
    jt: view.getUint8(8 * i + 2),
    jf: view.getUint8(8 * i + 3),
    k: view.getUint32(8 * i + 4, true),
  }));
}

/** The other way, for PTRACE_SECCOMP_GET_FILTER. */
export function format_filter(program: readonly SockFilter[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(8 * program.length));
  for (const [i, { code, jt, jf, k }] of program.entries()) {
    view.setUint16(8 * i, code, true);
    view.setUint8(8 * i + 2, jt);
    view.setUint8(8 * i + 3, jf);
    view.setUint32(8 * i + 4, k, true);
  }
  return new Uint8Array(view.buffer);
}

/** True when seccomp accepts the program: known instructions, forward jumps inside, no M[] read that may be unset. */
export function check_filter(program: readonly SockFilter[]): boolean {
  const last = program.at(-1);
  if (!last || (last.code !== RET_K && last.code !== RET_A)) return false;
  return (
    program.every((insn, pc) => known(insn) && targets_inside(insn, pc, program.length)) &&
    memory_is_set(program)
  );
}

function known({ code, k }: SockFilter): boolean {
  switch (code) {
    case LD_ABS:
      return k < DATA_SIZE && k % 4 === 0;
    case LD_MEM:
    case LDX_MEM:
    case ST:
    case STX:
      return k < BPF_MEMWORDS;
    case LD_IMM:
    case LDX_IMM:
    case LD_LEN:
    case LDX_LEN:
    case RET_K:
    case RET_A:
    case TAX:
    case TXA:
      return true;
    default:
      return (code & CLASS) === ALU ? known_alu(code, k) : (code & CLASS) === JMP && known_jump(code);
  }
}

function known_alu(code: number, k: number): boolean {
  if (code === (ALU | NEG)) return true;
  const op = code & OP;
  if (code & ~(CLASS | OP | SRC_X) || !ALU_OPS.has(op)) return false;
  if (code & SRC_X) return true;
  // A constant that can never work is refused at once; in X it is judged at run time.
  return op === DIV ? k !== 0 : op === LSH || op === RSH ? k < 32 : true;
}

const known_jump = (code: number): boolean =>
  code === (JMP | JA) || (!(code & ~(CLASS | OP | SRC_X)) && [JEQ, JGT, JGE, JSET].includes(code & OP));

/** A jump can only go forward: offsets are unsigned. */
function targets_inside({ code, jt, jf, k }: SockFilter, pc: number, length: number): boolean {
  if ((code & CLASS) !== JMP) return true;
  return code === (JMP | JA) ? k < length - pc - 1 : pc + 1 + jt < length && pc + 1 + jf < length;
}

/* Which words of M[] are stored on every path to each instruction; jumps only go forward, so one pass is enough. */
function memory_is_set(program: readonly SockFilter[]): boolean {
  const valid = new Uint16Array(program.length).fill(0xffff);
  let here = 0;
  for (const [pc, { code, jt, jf, k }] of program.entries()) {
    here &= valid[pc]!;
    if (code === ST || code === STX) here |= 1 << k;
    else if ((code === LD_MEM || code === LDX_MEM) && !(here & (1 << k))) return false;
    else if ((code & CLASS) === JMP) {
      const targets = code === (JMP | JA) ? [pc + 1 + k] : [pc + 1 + jt, pc + 1 + jf];
      for (const target of targets) valid[target]! &= here;
      here = 0xffff;
    }
  }
  return true;
}

/** Instructions that set A, X and the context up. */
const PROLOGUE = 3;

/** The length after upstream's conversion to eBPF. Observed: 7 programs of 4096 fit into the limit, the 8th does not. */
export const converted_length = (program: readonly SockFilter[]): number =>
  program.reduce((sum, insn) => sum + converted(insn), PROLOGUE);

function converted({ code, jt, jf, k }: SockFilter): number {
  if (code === RET_K) return 2;
  if (code === (ALU | DIV | SRC_X)) return 5; // the check for zero, and its way out
  if ((code & CLASS) !== JMP || code === (JMP | JA)) return 1;
  const wide = !(code & SRC_X) && k >= 0x8000_0000 ? 1 : 0; // a constant that eBPF would sign-extend
  const oneWay = jf === 0 || (jt === 0 && (code & OP) !== JSET);
  return wide + (oneWay ? 1 : 2);
}

/** The program's answer. `data` is struct seccomp_data as sixteen 32-bit words. */
export function run_filter(program: readonly SockFilter[], data: Uint32Array): number {
  let memory: Uint32Array | null = null; // few programs want one, and it would cost more than they do
  let a = 0;
  let x = 0;
  for (let pc = 0; ; pc++) {
    const { code, jt, jf, k } = program[pc]!;
    switch (code) {
      case RET_K:
        return k;
      case RET_A:
        return a;
      case LD_ABS:
        a = data[k >>> 2]!;
        break;
      case LD_IMM:
        a = k;
        break;
      case LD_MEM:
        a = memory![k]!; // it was stored, or check_filter() had refused
        break;
      case LD_LEN:
        a = DATA_SIZE;
        break;
      case LDX_IMM:
        x = k;
        break;
      case LDX_MEM:
        x = memory![k]!;
        break;
      case LDX_LEN:
        x = DATA_SIZE;
        break;
      case ST:
        memory ??= new Uint32Array(BPF_MEMWORDS);
        memory[k] = a;
        break;
      case STX:
        memory ??= new Uint32Array(BPF_MEMWORDS);
        memory[k] = x;
        break;
      case TAX:
        x = a;
        break;
      case TXA:
        a = x;
        break;
      case JMP | JA:
        pc += k;
        break;
      default: {
        const operand = code & SRC_X ? x : k;
        if ((code & CLASS) === JMP) pc += holds(code & OP, a, operand) ? jt : jf;
        else if ((code & OP) === DIV && operand === 0)
          return 0; // the program ends as if it had said so
        else a = alu(code & OP, a, operand);
      }
    }
  }
}

function holds(op: number, a: number, operand: number): boolean {
  if (op === JEQ) return a === operand;
  if (op === JGT) return a > operand;
  return op === JGE ? a >= operand : (a & operand) !== 0;
}

/** 32 bits, unsigned; shift counts are taken modulo 32. */
function alu(op: number, a: number, operand: number): number {
  switch (op) {
    case ADD:
      return (a + operand) >>> 0;
    case SUB:
      return (a - operand) >>> 0;
    case MUL:
      return Math.imul(a, operand) >>> 0;
    case DIV:
      return Math.floor(a / operand);
    case OR:
      return (a | operand) >>> 0;
    case AND:
      return (a & operand) >>> 0;
    case LSH:
      return (a << operand) >>> 0;
    case RSH:
      return a >>> operand;
    case NEG:
      return -a >>> 0;
    default:
      return (a ^ operand) >>> 0;
  }
}
