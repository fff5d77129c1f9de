/*
 * board/cpu/cpu.ts - run(): execute until something outside the instruction stream must decide
 *
 * Manual: Arm ARM, "The AArch64 System Level Programmers' Model": "Exceptions"
 * Guest:  arch/arm64/kernel/entry.ts, or machine code at VBAR_EL1
 * Absent: a second CPU
 *
 * EL1 is a socket. An exception goes to EL1 as the manual says; when EL1 is hosted, run() then returns the vector's
 * offset instead of jumping there. The engine counts instructions down in BUDGET, which never exceeds the distance to
 * the next alarm: so interrupts come at exact counts, whichever engine runs.
 */

import type { Bus, IrqLine } from '../bus.ts';
import type { Clock } from '../clock.ts';
import { FAULT, Mmu } from '../mmu/mmu.ts';
import { Debug } from './debug.ts';
import { type Engine, type EngineOptions, loadEngine } from './engine/engine.ts';
import {
  EC_BREAKPOINT_LOW,
  EC_BRK,
  EC_DABT_LOW,
  EC_FP,
  EC_IABT_LOW,
  EC_ILLEGAL,
  EC_PC_ALIGNMENT,
  EC_SP_ALIGNMENT,
  EC_STEP_LOW,
  EC_SVC,
  EC_UNKNOWN,
  EC_WATCHPOINT_LOW,
  elr,
  enterEl1,
  esr,
  exceptionReturn,
  far,
  spsr,
  VECTOR,
  writeSyndrome,
} from './exception.ts';
import { PSTATE_F, PSTATE_I, Registers, SLOT } from './registers.ts';
import { EXIT, STATE } from './state.ts';
import type { SystemRegisters } from './sysreg.ts';
import { ISS_FP } from './sysreg-hooks.ts';
import { System } from './system.ts';

/** run() came to `stopAt`, or the firmware was called and may have changed the board: its owner looks. */
export const PAUSE = -1;
/** run() waits for an interrupt that nothing inside the CPU will bring (WFI): move the clock, then call it again. */
export const IDLE = -2;

/** What an exception to a hosted EL1 costs on the clock: time passes also for a program that only makes system calls. */
export const EXCEPTION_COST = 64;
/** An exit lets the host's compiler swap in better code for the engine. */
const SLICE = 4_000_000;
/** "Go on": not a vector, not PAUSE, not IDLE. */
const CONTINUE = -3;

const FSC_DEBUG = 0x22; // debug exceptions' fault status code
const ISS_STEP_ISV = 1 << 24; // an instruction was stepped...
const ISS_STEP_EX = 1 << 6; //   ...and it was a load-exclusive
const ISR_I = 1 << 7;
const ISR_F = 1 << 6;

export class Cpu {
  readonly regs: Registers;
  readonly debug = new Debug();
  readonly mmu: Mmu;
  readonly system: System;
  readonly sysregs: SystemRegisters;
  readonly clock: Clock;
  /** X0..X30; as words; V0..V31 as doublewords. */
  readonly x: BigUint64Array;
  readonly xw: Uint32Array;
  readonly v: BigUint64Array;

  /** EL1 is TypeScript: run() returns exceptions. Otherwise it is machine code, and they are jumps. */
  hosted = true;
  /** The instruction count at which run() returns PAUSE. */
  stopAt = Infinity;
  /** HVC and SMC at EL1: a firmware that answers with true took the call; without one they are Undefined. */
  conduit: (immediate: number) => boolean = nobody;
  /** The interrupt controller's two wires. */
  readonly irqLine: IrqLine;
  readonly fiqLine: IrqLine;

  private readonly engine: Engine;
  private irq = false;
  private fiq = false;
  private waiting = false;
  /** STATE.COUNT_END */
  private readonly countEnd: Float64Array;
  /** BUDGET at the last time that it was charged to the clock. */
  private charged = 0;
  /** Software step: the instruction under way clears PSTATE.SS when it completes. */
  private stepping = false;
  private steppedIss = 0;

  constructor(bus: Bus, clock: Clock, options: EngineOptions = {}) {
    this.clock = clock;
    this.regs = new Registers(bus.memory);
    this.countEnd = new Float64Array(bus.memory.buffer, STATE.COUNT_END, 1);
    this.mmu = new Mmu(bus, this.regs, this.debug);
    this.mmu.bounce.beforeDevice = () => this.syncClock();
    this.system = new System(this.regs, this.mmu, this.debug, {
      interruptDue: () => this.interruptDue(),
      interruptStatus: () => (this.irq ? ISR_I : 0) | (this.fiq ? ISR_F : 0),
      syncClock: () => this.syncClock(),
      exceptionReturn: () => this.eret(),
    });
    this.sysregs = this.system.registers;
    this.x = this.regs.x;
    this.xw = this.regs.xw;
    this.v = this.regs.v;
    this.irqLine = {
      set: (level) => {
        this.irq = level;
      },
    };
    this.fiqLine = {
      set: (level) => {
        this.fiq = level;
      },
    };
    const imports = {
      slow: (access: number) => this.mmu.slow(access),
      fetch: () => this.mmu.fetch(),
      sys: (insn: number) => this.system.execute(insn),
    };
    this.engine = loadEngine(bus, this.mmu.tlb, imports, options);
  }

  /** Executes. Returns the vector's offset of an exception to a hosted EL1, PAUSE or IDLE. */
  run(): number {
    if (this.hosted && this.regs.el === 1) throw new Error('run() with a hosted EL1 current: eret() first');
    for (;;) {
      const result = this.between();
      if (result !== CONTINUE) return result;
      const out = this.slice();
      if (out !== CONTINUE) return out;
    }
  }

  /** ERET: to where ELR_EL1 and SPSR_EL1 say. A hosted EL1 calls it before run(). */
  eret(): void {
    exceptionReturn(this.regs, this.debug);
    this.stepping = false;
    this.steppedIss = 0;
    this.system.event = true;
    this.system.levelChanged();
  }

  /** Whether CNTVCT_EL0 may be read without asking the timer, who may have forbidden it to EL0. */
  openCounter(isOpen: boolean): void {
    this.regs.words[STATE.COUNTER_OPEN >>> 2] = isOpen ? 1 : 0;
  }

  /** WFI, or firmware that was asked for the same: executes nothing more until an interrupt is pending. */
  standby(): void {
    // A hosted EL1 idles by itself; user code's WFI may complete at any time, so now.
    this.waiting = !this.hosted;
  }

  /* ---- Between two instructions ---- */

  /* Alarms first, as they raise lines; then the owner's wish, interrupts, and what debug has to say. */
  private between(): number {
    if (this.clock.deadline <= this.clock.now) this.clock.ringDue();
    if (this.waiting) {
      if (!this.irq && !this.fiq) return this.clock.now >= this.stopAt ? PAUSE : IDLE;
      this.waiting = false;
    }
    if (this.clock.now >= this.stopAt) return PAUSE;
    if (this.interruptDue()) return this.interrupt();
    return CONTINUE;
  }

  private interruptDue(): boolean {
    const daif = this.regs.daif;
    return (this.irq && (daif & PSTATE_I) === 0) || (this.fiq && (daif & PSTATE_F) === 0);
  }

  private interrupt(): number {
    const isFiq = this.fiq && (this.regs.daif & PSTATE_F) === 0;
    return this.vector(isFiq ? VECTOR.FIQ : VECTOR.IRQ);
  }

  /* ---- Executing ---- */

  private slice(): number {
    const { regs, debug } = this;
    const stepped = debug.stepArmed && debug.stepsAt(regs.el, regs.debugMasked);
    if (stepped && !regs.ss) return this.debugException(EC_STEP_LOW, this.steppedIss);
    this.steppedIss = 0;
    if (regs.il) return this.illegalState();

    if (stepped) return this.step();
    const until = Math.min(this.clock.deadline, this.stopAt) - this.clock.now;
    return this.execute(Math.ceil(Math.min(until, SLICE)));
  }

  private execute(budget: number): number {
    this.regs.words[STATE.BUDGET >>> 2] = budget;
    this.countEnd[0] = this.clock.now + budget;
    this.charged = budget;
    const code = budget === 1 ? this.engine.interpret() : this.engine.run();
    this.syncClock();
    return this.left(code);
  }

  /** Charges what has been executed of BUDGET to the clock. */
  private syncClock(): void {
    const left = this.regs.words[STATE.BUDGET >>> 2]! | 0;
    this.clock.now += this.charged - left;
    this.charged = left;
  }

  /* PSTATE.SS falls when the instruction completes; one that is interrupted by its own exception is stepped again. */
  private step(): number {
    const iss = ISS_STEP_ISV | (this.nextIsLoadExclusive() ? ISS_STEP_EX : 0);
    this.stepping = true;
    const before = this.clock.now;
    const result = this.execute(1);
    if (this.stepping && this.clock.now !== before) {
      this.regs.ss = false;
      this.steppedIss = iss;
    }
    this.stepping = false;
    return result;
  }

  private nextIsLoadExclusive(): boolean {
    const pc = STATE.PC >>> 2;
    const word = this.mmu.fetchWord(this.regs.words[pc]!, this.regs.words[pc + 1]!);
    if (word === undefined) return false;
    const isPair = (word & (1 << 21)) !== 0;
    // LDXR, LDAXR, LDXP, LDAXP; with bit 21 but not bit 31 it is CASP.
    return (word & 0x3fc0_0000) === 0x0840_0000 && (!isPair || word >>> 31 !== 0);
  }

  /* ---- Why the engine left ---- */

  private left(code: number): number {
    const { regs } = this;
    switch (code) {
      case EXIT.PENDING:
        regs.words[STATE.PENDING >>> 2] = 0;
        this.mmu.bounce.completeStore();
        return CONTINUE;
      case EXIT.SVC:
        if (this.stepping) regs.ss = false;
        return this.synchronous(EC_SVC, this.immediate);
      case EXIT.HVC:
      case EXIT.SMC:
        return this.firmwareCall();
      case EXIT.BRK:
        return this.synchronous(EC_BRK, this.immediate);
      case EXIT.FP:
        return this.synchronous(EC_FP, ISS_FP);
      case EXIT.UNDEFINED:
      case EXIT.HLT: // halts only into an external debugger, which is absent
        return this.synchronous(EC_UNKNOWN, 0);
      case EXIT.TRAP:
        return this.synchronous(this.system.trapClass, this.system.trapIss);
      case EXIT.FAULT:
        return this.refusedAccess();
      case EXIT.FETCH:
      case EXIT.PC_ALIGN:
        return this.refusedFetch(code);
      case EXIT.WFI:
        this.standby();
        return CONTINUE;
      default:
        this.mmu.untagPc();
        return CONTINUE; // BUDGET, HOT, REFRESH
    }
  }

  private get immediate(): number {
    return this.regs.words[STATE.ISS >>> 2]!;
  }

  private refusedAccess(): number {
    const { kind, iss } = this.mmu.fault;
    switch (kind) {
      case FAULT.SP:
        return this.synchronous(EC_SP_ALIGNMENT, 0);
      case FAULT.WATCHPOINT:
        return this.abort(EC_WATCHPOINT_LOW, iss);
      default:
        return this.abort(EC_DABT_LOW, iss);
    }
  }

  /* The engine fetches ahead of an instruction whose turn has not come: an interrupt at this very count goes first. */
  private refusedFetch(code: number): number {
    this.mmu.untagPc();
    if (this.regs.words[STATE.BUDGET >>> 2] === 0) return CONTINUE;
    if (code === EXIT.PC_ALIGN) return this.misalignedPc();
    return this.mmu.fault.kind === FAULT.NONE
      ? this.inBreakpointPage()
      : this.abort(EC_IABT_LOW, this.mmu.fault.iss);
  }

  private misalignedPc(): number {
    this.regs.copyDword(STATE.PC, far);
    return this.synchronous(EC_PC_ALIGNMENT, 0);
  }

  /* Instruction by instruction: the page is in the TLB only while one executes. */
  private inBreakpointPage(): number {
    const { regs, mmu, debug } = this;
    const lo = regs.words[STATE.PC >>> 2]!;
    const hi = regs.words[(STATE.PC >>> 2) + 1]!;
    if (debug.enabledFrom(regs.el, regs.debugMasked) && debug.breakpointAt(hi, lo, regs.el))
      return this.debugException(EC_BREAKPOINT_LOW, 0);

    const { el } = regs;
    mmu.passBreakpoints(lo, hi);
    const result = this.execute(1);
    mmu.endPass(el);
    return result;
  }

  /* PSTATE.IL: whatever can be fetched is illegal. */
  private illegalState(): number {
    const lo = this.regs.words[STATE.PC >>> 2]!;
    if ((lo & 3) !== 0) return this.misalignedPc();
    if (this.mmu.fetchWord(lo, this.regs.words[(STATE.PC >>> 2) + 1]!) === undefined)
      return this.abort(EC_IABT_LOW, this.mmu.fault.iss);
    return this.synchronous(EC_ILLEGAL, 0);
  }

  private firmwareCall(): number {
    if (this.regs.el === 1 && this.conduit(this.immediate)) return PAUSE;
    // Without EL2 and EL3 the call is Undefined, and an Undefined instruction has not been executed.
    this.regs.pc -= 4n;
    this.clock.now -= 1;
    return this.synchronous(EC_UNKNOWN, 0);
  }

  /* ---- Taking exceptions ---- */

  /** With FAR_EL1 from the MMU; abort classes have a twin for the current exception level. */
  private abort(ecLow: number, iss: number): number {
    this.regs.setDword(far, this.mmu.fault.lo, this.mmu.fault.hi);
    return this.synchronous(ecLow + this.regs.el, iss);
  }

  private debugException(ecLow: number, iss: number): number {
    return this.synchronous(ecLow + this.regs.el, FSC_DEBUG | iss);
  }

  private synchronous(ec: number, iss: number): number {
    writeSyndrome(this.regs, ec, iss);
    return this.vector(VECTOR.SYNC);
  }

  private vector(kind: (typeof VECTOR)[keyof typeof VECTOR]): number {
    const { regs } = this;
    const offset = enterEl1(regs, kind);
    if (this.hosted) {
      // No instruction follows that levelChanged() would matter to: eret() will say it soon enough.
      this.clock.now += EXCEPTION_COST;
      return offset;
    }
    this.system.levelChanged();
    // Time passes here too: run() comes to `stopAt` even where the vector's own first instruction is an exception.
    this.clock.now += 1;
    const vbar = (STATE.SYSREG + 8 * SLOT.VBAR_EL1) >>> 2;
    regs.setDword(STATE.PC, regs.words[vbar]! + offset, regs.words[vbar + 1]!); // aligned to 2 KiB: no carry
    return CONTINUE;
  }

  /* ---- What a hosted EL1 uses ---- */

  readSysregHalf(name: string, half: 0 | 1): number {
    return this.sysregs.find(name).read(half) >>> 0;
  }

  /** As a number: exact where the value is below 2^53. */
  readSysreg(name: string): number {
    const register = this.sysregs.find(name);
    const low = register.read(0) >>> 0;
    return (register.read(1) >>> 0) * 2 ** 32 + low;
  }

  writeSysreg(name: string, lo: number, hi = 0): void {
    this.sysregs.find(name).write(lo, hi);
  }

  /** TLBI: `op` as the instruction names it (VAE1, ASIDE1, VMALLE1...), its operand as two words. */
  tlbi(op: string, lo = 0, hi = 0): void {
    this.sysregs.find(`TLBI ${op}`).write(lo, hi);
  }

  get liveModules(): number {
    return this.engine.liveModules;
  }

  get pc(): bigint {
    return this.regs.pc;
  }

  set pc(value: bigint) {
    this.regs.pc = value;
  }

  get esr(): number {
    return this.regs.words[esr >>> 2]!;
  }

  get far(): bigint {
    return this.regs.dwords[far >>> 3]!;
  }

  get elr(): bigint {
    return this.regs.dwords[elr >>> 3]!;
  }

  set elr(value: bigint) {
    this.regs.dwords[elr >>> 3] = value;
  }

  get spsr(): number {
    return this.regs.words[spsr >>> 2]!;
  }

  set spsr(value: number) {
    this.regs.setDword(spsr, value, 0);
  }

  get sp_el0(): bigint {
    return this.regs.dwords[this.regs.stackOffset(0) >>> 3]!;
  }

  set sp_el0(value: bigint) {
    this.regs.dwords[this.regs.stackOffset(0) >>> 3] = value;
  }
}

function nobody(): boolean {
  return false;
}
