/*
 * board/cpu/engine/flags.ts - NZCV out of the operands of the last flag-setting instruction
 *
 * Manual: Arm ARM (DDI 0487), "Shared pseudocode": AddWithCarry, ConditionHolds
 *
 * Most flags are never looked at. So an instruction that sets them stores its operands and whether it added or
 * subtracted (state.ts, FLAG_KIND), and these helpers work the flags out when somebody asks.
 */
import type { Builder, Helper } from '../builder.ts';
import { FLAG_KIND, STATE } from '../state.ts';
import {
  add,
  and,
  eq,
  eqz,
  geu,
  gtu,
  i32,
  les,
  lts,
  ltu,
  not,
  or,
  shl,
  shr,
  sub,
  type Value,
  wrap,
  xor,
} from '../value.ts';
import type { Code } from '../wasm.ts';

const kind = (b: Builder): Value => b.get(STATE.FLAG_KIND, 'i32');
const operandA = (b: Builder): Value => b.get(STATE.FLAG_A, 'i64');
const operandB = (b: Builder): Value => b.get(STATE.FLAG_B, 'i64');
const is = (b: Builder, which: number): Value => eq(kind(b), which);
const top = (v: Value): Value => wrap(shr(v, 63));

/** N:Z:C:V in bits 31:28. */
const pack = (result: Value, carry: Value, overflow: Value): Value =>
  or(or(shl(top(result), 31), shl(eqz(result), 30)), or(shl(carry, 29), shl(overflow, 28)));

/** The flags as they are: i32, bits 31:28. */
export const NZCV: Helper = {
  name: 'nzcv',
  params: [],
  result: 'i32',
  body(b) {
    const a = b.let(operandA(b));
    const c = b.let(operandB(b));
    return b.lazy(
      is(b, FLAG_KIND.RAW),
      () => b.get(STATE.NZCV, 'i32'),
      () =>
        b.lazy(
          is(b, FLAG_KIND.SUB),
          () => subFlags(b, a, c),
          () => addFlags(b, a, c),
        ),
    );
  },
};

function subFlags(b: Builder, x: Value, y: Value): Value {
  const r = b.let(sub(x, y));
  return pack(r, geu(x, y), top(and(xor(x, y), xor(x, r))));
}

function addFlags(b: Builder, x: Value, y: Value): Value {
  const r = b.let(add(x, y));
  return pack(r, ltu(r, x), top(and(xor(x, r), xor(y, r))));
}

/** The flags of x + y + carry = r. */
export const ADC_NZCV: Helper = {
  name: 'adc_nzcv',
  params: ['i64', 'i64', 'i64'],
  result: 'i32',
  body(_b, x, y, r) {
    const carry = top(or(and(x!, y!), and(or(x!, y!), not(r!))));
    return pack(r!, carry, top(and(xor(x!, r!), xor(y!, r!))));
  },
};

/** PSTATE.C. */
export const CARRY: Helper = {
  name: 'carry',
  params: [],
  result: 'i32',
  body: (b) => and(shr(b.call(NZCV), 29), 1),
};

const EQ = 0;
const CS = 1;
const MI = 2;
const VS = 3;
const HI = 4;
const GE = 5;
const GT = 6;

/** ConditionHolds(cond): the even condition, turned round by bit 0, except that 0b1111 is always, like 0b1110. */
export const CONDITION: Helper = {
  name: 'condition',
  params: ['i32'],
  result: 'i32',
  body(b, cond) {
    const holds = b.variable(i32(1));
    b.if_(
      is(b, FLAG_KIND.SUB),
      () => b.switch_(shr(cond!, 1), 8, (i) => holds.set(afterSub(b, i))),
      () => {
        const flags = b.let(shr(b.call(NZCV), 28));
        b.switch_(shr(cond!, 1), 8, (i) => holds.set(ofFlags(flags, i)));
      },
    );
    return xor(holds.get(), and(and(cond!, 1), not(eq(cond!, 15))));
  },
};

/** The even condition 2 * i, from the operands of a subtraction; i32 0 or 1. */
export function afterSub(b: Builder, i: number): Value {
  const [x, y] = [operandA(b), operandB(b)];
  switch (i) {
    case EQ:
      return eq(x, y);
    case CS:
      return geu(x, y);
    case MI:
      return top(sub(x, y));
    case VS:
      return top(and(xor(x, y), xor(x, sub(x, y))));
    case HI:
      return gtu(x, y);
    case GE:
      return les(y, x);
    case GT:
      return lts(y, x);
    default:
      return i32(1);
  }
}

/** The same from N:Z:C:V in bits 3:0. */
function ofFlags(flags: Value, i: number): Value {
  const at = (n: number): Value => and(shr(flags, n), 1);
  const [n, z, c, v] = [at(3), at(2), at(1), at(0)];
  switch (i) {
    case EQ:
      return z;
    case CS:
      return c;
    case MI:
      return n;
    case VS:
      return v;
    case HI:
      return and(c, eqz(z));
    case GE:
      return eq(n, v);
    case GT:
      return and(eq(n, v), eqz(z));
    default:
      return i32(1);
  }
}

/** NZCV into STATE, as everybody outside generated code expects it. */
export function writeFlags(code: Code, services: { helper(helper: Helper): number }): void {
  code.i32Const(0);
  code.call(services.helper(NZCV));
  code.memory('i32.store', STATE.NZCV);
  code.i32Const(0);
  code.i32Const(FLAG_KIND.RAW);
  code.memory('i32.store', STATE.FLAG_KIND);
}
