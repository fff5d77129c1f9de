/*
 * board/cpu/system.ts - what the system instructions do: MSR, MRS, SYS, ERET, WFI and their like
 *
 * Manual: Arm ARM, "System register support"; "A64 System instructions for cache maintenance", "...for TLB maintenance",
 *         "...for address translation"; "Wait for Interrupt", "Wait for Event"
 *
 * The generated interpreter hands every instruction of this class here (EngineImports.sys). The answer is 0, done, or
 * the reason to leave with; whoever leaves has moved PC and BUDGET himself.
 */

import type { Mmu } from '../mmu/mmu.ts';
import type { Debug } from './debug.ts';
import { EC_SYSREG, EC_WFX } from './exception.ts';
import { PSTATE_DAIF, type Registers } from './registers.ts';
import { EXIT, STATE } from './state.ts';
import { attachHooks } from './sysreg-hooks.ts';
import { type SystemRegister, SystemRegisters } from './sysreg.ts';

const DONE = 0;
const ERET = 0xd69f_03e0;
const READ = 1 << 21; // MRS and SYSL
const ZR = 31;

/* Bits 20:5 of MSR (immediate) without CRm, which is the immediate, and of the hints. */
const MSR_IMM_MASK = 0b11_111_1111_0000_111;
const MSR_SPSEL = 0b00_000_0100_0000_101;
const MSR_DAIFSET = 0b00_011_0100_0000_110;
const MSR_DAIFCLR = 0b00_011_0100_0000_111;
const HINT_WFE = 0b00_011_0010_0000_010;
const HINT_WFI = 0b00_011_0010_0000_011;
const HINT_SEV = 0b00_011_0010_0000_100;
const HINT_SEVL = 0b00_011_0010_0000_101;

const UMA = 1 << 9;
const NTWI = 1 << 16;
const NTWE = 1 << 18;
/** ISS of a trapped WFI: condition "always"; WFE is one more. */
const ISS_WFI = (1 << 24) | (0xe << 20);

/** What system instructions reach beyond the registers. */
export interface SystemPorts {
  /** An interrupt is waiting that PSTATE lets through. */
  readonly interruptDue: () => boolean;
  /** ISR_EL1. */
  readonly interruptStatus: () => number;
  /** The clock is brought up to this instruction: a device is about to be asked. */
  readonly syncClock: () => void;
  readonly exceptionReturn: () => void;
}

export class System {
  readonly registers: SystemRegisters;
  /** For EXIT.TRAP: class and syndrome of the exception that an instruction asked for. */
  trapClass = 0;
  trapIss = 0;
  /** The event register of WFE and SEV. */
  event = false;

  /** SCTLR_EL1 and CPACR_EL1. */
  sctlr = 0;
  cpacr = 0;
  readonly regs: Registers;
  readonly mmu: Mmu;
  readonly debug: Debug;
  readonly ports: SystemPorts;
  private readonly words: Uint32Array;
  private refused = false;
  private refusal: number = DONE;
  private again = false;

  constructor(regs: Registers, mmu: Mmu, debug: Debug, ports: SystemPorts) {
    this.regs = regs;
    this.mmu = mmu;
    this.debug = debug;
    this.ports = ports;
    this.words = regs.words;
    this.registers = new SystemRegisters(regs);
    attachHooks(this);
  }

  /** EngineImports.sys() */
  execute(insn: number): number {
    this.words[STATE.INSN >>> 2] = insn;
    if (insn === (ERET | 0)) return this.eret();
    const key = (insn >>> 5) & 0xffff;
    if (key >>> 14 === 0) return this.immediate(insn, key);

    const register = this.registers.decode(key);
    if (!register) return EXIT.UNDEFINED;
    return (insn & READ) !== 0
      ? this.move(insn, register, register.leastRead)
      : this.move(insn, register, register.leastWrite);
  }

  /** SP alignment checking and the FP trap follow the exception level. */
  levelChanged(): void {
    this.mmu.updateSpCheck(this.sctlr, this.regs.el);
    this.words[STATE.FP_TRAP >>> 2] = this.trapsFp() ? 1 : 0;
  }

  /* CPACR_EL1.FPEN: 0b11 nobody traps, 0b01 EL0 does. */
  private trapsFp(): boolean {
    const fpen = (this.cpacr >>> 20) & 3;
    return (fpen & 1) === 0 || (fpen === 1 && this.regs.el === 0);
  }

  /* ---- MRS, MSR (register), SYS ---- */

  private move(insn: number, register: SystemRegister, least: number): number {
    const el = this.regs.el;
    if (el < least) return EXIT.UNDEFINED;
    if (el === 0 && register.el0Mask !== 0 && (this.sctlr & register.el0Mask) === 0)
      return this.trap(EC_SYSREG, insn);
    this.refused = false;
    const { hook } = register;
    if (!hook) return this.moveValue(insn, register) ? this.leave(EXIT.REFRESH) : DONE;

    if (el === 0 && hook.trapsEl0?.()) return this.trap(EC_SYSREG, insn);
    // A device's register may raise an interrupt or move an alarm: look again afterwards. One of the CPU's own says so.
    if (!register.isCpus) this.ports.syncClock();
    this.again = !register.isCpus && !(hook.quiet === true && (insn & READ) !== 0);
    this.moveValue(insn, register);
    if (this.refused) return this.refusal;
    return this.again ? this.leave(EXIT.REFRESH) : DONE;
  }

  /** Returns whether what was written has consequences. Slot 31 reads as zero. */
  private moveValue(insn: number, register: SystemRegister): boolean {
    const rt = insn & 31;
    if ((insn & READ) === 0) {
      register.write(this.words[(STATE.X >>> 2) + 2 * rt]!, this.words[(STATE.X >>> 2) + 2 * rt + 1]!);
      return register.afterWrite !== undefined;
    }
    const lo = register.read(0);
    const hi = register.read(1);
    if (rt !== ZR && !this.refused) this.regs.setDword(STATE.X + 8 * rt, lo, hi);
    return false;
  }

  /** For a hook of the CPU's own: translation, interrupts or debug may stand differently after this instruction. */
  lookAgain(): void {
    this.again = true;
  }

  /** For a hook of the CPU's own: the instruction does not happen, `code` is why. */
  refuse(code: number): void {
    this.refused = true;
    this.refusal = code;
  }

  /* ---- MSR (immediate), hints, ERET ---- */

  private immediate(insn: number, key: number): number {
    switch (key) {
      case HINT_WFE:
        return this.waitForEvent();
      case HINT_WFI:
        return this.waitForInterrupt();
      case HINT_SEV:
      case HINT_SEVL:
        this.event = true;
        return DONE;
      default:
        return (insn & 31) === ZR
          ? this.moveImmediate(insn, key & MSR_IMM_MASK, (key >>> 3) & 15)
          : EXIT.UNDEFINED;
    }
  }

  private moveImmediate(insn: number, which: number, imm: number): number {
    switch (which) {
      case MSR_SPSEL:
        if (this.regs.el === 0) return EXIT.UNDEFINED;
        this.regs.selectStack(1, imm & 1 ? 1 : 0);
        return DONE;
      case MSR_DAIFSET:
        return this.changeDaif(insn, this.regs.daif | (imm << 6));
      case MSR_DAIFCLR:
        return this.changeDaif(insn, this.regs.daif & ~(imm << 6));
      default:
        return EXIT.UNDEFINED;
    }
  }

  private changeDaif(insn: number, daif: number): number {
    if (this.regs.el === 0 && (this.sctlr & UMA) === 0) return this.trap(EC_SYSREG, insn);
    this.again = false;
    this.setDaif(daif);
    return this.again ? this.leave(EXIT.REFRESH) : DONE;
  }

  /* PSTATE.D matters to software step, PSTATE.I and F to an interrupt that waits. */
  setDaif(daif: number): void {
    this.regs.daif = daif & PSTATE_DAIF;
    if (this.ports.interruptDue() || this.debug.stepsAt(1, false)) this.lookAgain();
  }

  private waitForInterrupt(): number {
    if (this.regs.el === 0 && (this.sctlr & NTWI) === 0) return this.trapIssue(EC_WFX, ISS_WFI);
    return this.leave(EXIT.WFI);
  }

  /* An event wakes; so may anything else at any time, and with a single CPU nobody else could send one: never wait. */
  private waitForEvent(): number {
    if (!this.event && this.regs.el === 0 && (this.sctlr & NTWE) === 0)
      return this.trapIssue(EC_WFX, ISS_WFI | 1);
    this.event = false;
    return DONE;
  }

  private eret(): number {
    if (this.regs.el === 0) return EXIT.UNDEFINED;
    this.words[STATE.BUDGET >>> 2] = this.words[STATE.BUDGET >>> 2]! - 1;
    this.ports.exceptionReturn();
    return EXIT.REFRESH;
  }

  /* ---- Ways out ---- */

  private leave(code: number): number {
    const pc = STATE.PC >>> 2;
    const next = (this.words[pc]! + 4) >>> 0;
    this.words[pc] = next;
    if (next < 4) this.words[pc + 1] = this.words[pc + 1]! + 1;
    this.words[STATE.BUDGET >>> 2] = this.words[STATE.BUDGET >>> 2]! - 1;
    return code;
  }

  /* The syndrome of a trapped MSR, MRS or system instruction is its encoding, in another order. */
  private trap(ec: number, insn: number): number {
    const iss =
      (bits(insn, 19, 2) << 20) | // op0
      (bits(insn, 5, 3) << 17) | //  op2
      (bits(insn, 16, 3) << 14) | // op1
      (bits(insn, 12, 4) << 10) | // CRn
      (bits(insn, 0, 5) << 5) | //   Rt
      (bits(insn, 8, 4) << 1) | //   CRm
      bits(insn, 21, 1); //          read
    return this.trapIssue(ec, iss);
  }

  trapIssue(ec: number, iss: number): number {
    this.trapClass = ec;
    this.trapIss = iss;
    return EXIT.TRAP;
  }
}

function bits(word: number, lsb: number, count: number): number {
  return (word >>> lsb) & ((1 << count) - 1);
}
