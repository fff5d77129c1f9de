/*
 * board/mmu/mmu.ts - what happens when an access misses the TLB: translation, permission, alignment, devices
 *
 * Manual: Arm ARM, "Memory access control"; "Alignment support"; "ISS encoding for an exception from a Data Abort"
 * Guest:  arch/arm64/mm/fault.ts reads the syndromes made here
 * Absent: stage 2, caches, memory tagging. Memory is coherent with itself, so cache maintenance only checks addresses
 *
 * Generated code calls slow() and fetch() in the middle of an instruction. They answer with a host pointer, after
 * filling the TLB so that they are not asked again; or with 0, having left the reason in `fault`. Accesses that cannot
 * be done in place (devices, page crossings) go through the bounce buffer (bounce.ts).
 */

import type { Bus } from '../bus.ts';
import type { Debug } from '../cpu/debug.ts';
import type { Registers } from '../cpu/registers.ts';
import { ACCESS, STATE, ZVA_SIZE } from '../cpu/state.ts';
import { Bounce } from './bounce.ts';
import { Tlb } from './tlb.ts';
import {
  EL1_SHIFT,
  FSC_ADDRESS_SIZE,
  FSC_ALIGNMENT,
  FSC_EXCLUSIVE,
  FSC_EXTERNAL,
  FSC_NONE,
  FSC_PERMISSION,
  PERM_EXEC,
  PERM_READ,
  PERM_WRITE,
  Walker,
} from './walk.ts';

/* SCTLR_EL1 */
export const SCTLR_M = 1 << 0;
const SCTLR_A = 1 << 1;
const SCTLR_SA = 1 << 3;
const SCTLR_SA0 = 1 << 4;
const SCTLR_WXN = 1 << 19;

/* TCR_EL1 */
const TCR_A1 = 1 << 22; //   the ASID stands in TTBR1
const TCR_HI_AS = 1 << 4; // and has 16 bits

/* ISS of a data abort, beside the fault status code */
const ISS_WNR = 1 << 6;
const ISS_CM = 1 << 8; // cache maintenance or address translation instruction
const FSC_DEBUG = 0x22; // a watchpoint's

/** What fetch() and slow() refused, until an exception is taken for it. */
export const FAULT = {
  NONE: 0, //        fetch() asks the run loop to take over: the page holds a breakpoint
  DATA: 1, //        a data abort
  INSTRUCTION: 2, // an instruction abort
  SP: 3, //          the stack pointer is misaligned
  WATCHPOINT: 4,
} as const;

export interface Fault {
  kind: (typeof FAULT)[keyof typeof FAULT];
  iss: number;
  lo: number;
  hi: number;
}

export class Mmu {
  readonly walker: Walker;
  readonly tlb: Tlb;
  readonly fault: Fault = { kind: FAULT.NONE, iss: 0, lo: 0, hi: 0 };
  readonly bounce: Bounce;

  private readonly bus: Bus;
  private readonly regs: Registers;
  private readonly debug: Debug;
  private readonly words: Uint32Array;
  private readonly bytes: Uint8Array;

  /** While the run loop executes one instruction of a page with breakpoints: an address in that page. */
  private isPassing = false;
  private passedLo = 0;
  private passedHi = 0;

  /** TTBR0_EL1 and TTBR1_EL1, in two words each. */
  private readonly ttbr = new Uint32Array(4);
  private asidHalf: 0 | 1 = 0;
  private asidMask = 0xff;
  private enabled = false;
  private checkAlignment = false;
  /** Bit n: MAIR_EL1's attribute n is Device memory. */
  private deviceMask = 0;
  private mairLo = 0;
  private mairHi = 0;

  /* Results of translate(). */
  private page = 0;
  private perms = 0;
  private level = 0;
  private isDevice = false;
  private isGlobal = false;

  constructor(bus: Bus, regs: Registers, debug: Debug) {
    this.bus = bus;
    this.regs = regs;
    this.debug = debug;
    this.walker = new Walker(bus);
    this.tlb = new Tlb(bus.memory);
    this.words = regs.words;
    this.bytes = new Uint8Array(bus.memory.buffer);
    this.bounce = new Bounce(bus);
  }

  /* ---- Control registers ---- */

  setSctlr(value: number): void {
    this.enabled = (value & SCTLR_M) !== 0;
    this.checkAlignment = (value & SCTLR_A) !== 0;
    this.walker.wxn = (value & SCTLR_WXN) !== 0;
    this.tlb.flushAll();
  }

  setMair(lo: number, hi: number): void {
    this.mairLo = lo;
    this.mairHi = hi;
    this.deviceMask = 0;
    for (let n = 0; n < 8; n++) if (this.mairByte(n) < 0x10) this.deviceMask |= 1 << n;
    this.tlb.flushAll();
  }

  setTcr(lo: number, hi: number): void {
    const [low, high] = this.walker.half;
    low.inputSize = 64 - (lo & 63);
    low.disabled = (lo & (1 << 7)) !== 0;
    high.inputSize = 64 - ((lo >>> 16) & 63);
    high.disabled = (lo & (1 << 23)) !== 0;
    this.walker.setOutputSize(OUTPUT_SIZES[hi & 7]!); // IPS
    low.ignoreTop = (hi & (1 << 5)) !== 0; //          TBI0
    high.ignoreTop = (hi & (1 << 6)) !== 0; //         TBI1
    this.asidHalf = (lo & TCR_A1) === 0 ? 0 : 1;
    this.asidMask = (hi & TCR_HI_AS) === 0 ? 0xff : 0xffff;
    this.tlb.flushAll();
    this.tlb.setAsid(this.asid);
  }

  /** A new table, a new ASID, or both. Translations belong to the ASID: with a new table the old one's may stay. */
  setTtbr(half: 0 | 1, lo: number, hi: number): void {
    if (this.ttbr[2 * half] === lo && this.ttbr[2 * half + 1] === hi) return;
    this.ttbr[2 * half] = lo;
    this.ttbr[2 * half + 1] = hi;
    // BADDR ends at bit 1, but a table is aligned to its size: 64 bytes at the least.
    this.walker.half[half].base = (hi & 0xffff) * 2 ** 32 + ((lo & ~0x3f) >>> 0);
    this.tlb.setAsid(this.asid);
  }

  /** As TLBI operands have it, in bits 63:48. */
  asidOf(hi: number): number {
    return (hi >>> 16) & this.asidMask;
  }

  private get asid(): number {
    return this.asidOf(this.ttbr[2 * this.asidHalf + 1]!);
  }

  /** SP alignment checking depends on the exception level: called when either changes. */
  updateSpCheck(sctlr: number, el: 0 | 1): void {
    const on = (sctlr & (el === 0 ? SCTLR_SA0 : SCTLR_SA)) !== 0;
    this.bytes[STATE.SP_CHECK + 31] = on ? 15 : 0;
  }

  /* ---- Instruction fetch ---- */

  /** EngineImports.fetch() */
  fetch(): number {
    const lo = this.words[STATE.VA >>> 2]!;
    const hi = this.words[(STATE.VA >>> 2) + 1]!;
    if (this.dropTag(lo, hi)) return this.fetch();

    const el = this.regs.el;
    const fsc = this.translateFetch(hi, lo, el);
    if (fsc !== FSC_NONE) return this.refuse(FAULT.INSTRUCTION, fsc, lo, hi);
    if (this.debug.breakpointInPage(hi, lo) && !this.passes(hi, lo)) {
      this.fault.kind = FAULT.NONE;
      return 0;
    }
    this.tlb.fillCode(el, hi, lo, this.hostPage(), this.level, this.isGlobal);
    return 1;
  }

  /** The instruction at PC: undefined if it cannot be fetched, and then `fault` says why. */
  fetchWord(lo: number, hi: number): number | undefined {
    const fsc = this.translateFetch(hi, lo, this.regs.el);
    if (fsc === FSC_NONE) return this.bus.read(this.page + (lo & 0xfff), 4);
    this.refuse(FAULT.INSTRUCTION, fsc, lo, hi);
    return undefined;
  }

  /** For one instruction this page may be fetched from, although it has breakpoints. The next one's may be another. */
  passBreakpoints(lo: number, hi: number): void {
    this.isPassing = true;
    this.passedLo = lo;
    this.passedHi = hi;
  }

  /** The instruction, which `el` fetched, is over. */
  endPass(el: 0 | 1): void {
    this.isPassing = false;
    this.tlb.dropCode(el, this.passedLo);
  }

  private passes(hi: number, lo: number): boolean {
    return this.isPassing && this.passedHi >>> 0 === hi >>> 0 && (this.passedLo ^ lo) >>> 12 === 0;
  }

  private translateFetch(hi: number, lo: number, el: 0 | 1): number {
    const fsc = this.translate(hi, lo);
    if (fsc !== FSC_NONE) return fsc;
    if (!this.allows(PERM_EXEC, el)) return FSC_PERMISSION | this.level;
    return this.bus.isRam(this.page) ? FSC_NONE : FSC_EXTERNAL;
  }

  /* A branch to a tagged address leaves the tag behind (the manual's AArch64.BranchAddr): PC never holds one. */
  untagPc(): void {
    this.dropTag(this.words[STATE.PC >>> 2]!, this.words[(STATE.PC >>> 2) + 1]!);
  }

  private dropTag(lo: number, hi: number): boolean {
    const canonical = this.canonicalHi(hi);
    if (canonical === hi) return false;
    this.regs.setDword(STATE.PC, lo, canonical);
    this.regs.setDword(STATE.VA, lo, canonical);
    return true;
  }

  /** The upper word without its tag, if this half of the address space ignores the top byte. */
  canonicalHi(hi: number): number {
    if (!this.walker.half[Walker.select(hi)].ignoreTop) return hi;
    return ((hi << 8) >> 8) >>> 0;
  }

  /* ---- Data ---- */

  /** EngineImports.slow() */
  slow(access: number): number {
    const lo = this.words[STATE.VA >>> 2]!;
    const hi = this.words[(STATE.VA >>> 2) + 1]!;
    if ((access & ACCESS.SP_MISALIGNED) !== 0) return this.refuse(FAULT.SP, 0, lo, hi);
    if ((access & ACCESS.WRITE) !== 0) {
      const host = this.withheld(access, lo, hi);
      if (host !== 0) return host;
    }
    if ((access & ACCESS.ZERO) !== 0) return this.zero(access, lo, hi);

    const size = access & ACCESS.SIZE;
    const aligned = (lo & ((1 << ((access >>> ACCESS.ELEMENT_SHIFT) & 15)) - 1)) === 0;
    const strict = (access & ACCESS.ALIGNED) !== 0 && (lo & (size - 1)) !== 0;
    if (strict || (this.checkAlignment && !aligned)) return this.refuseData(FSC_ALIGNMENT, access, lo, hi);

    if ((lo & 0xfff) + size > 0x1000) return this.crossing(access, lo, hi, size, aligned);
    const fsc = this.checkData(hi, lo, access, aligned);
    if (fsc !== FSC_NONE) return this.refuseData(fsc, access, lo, hi);
    if (this.watched(access, lo, hi, size)) return 0;

    const pa = this.page + (lo & 0xfff);
    if (!this.bus.isRam(pa)) return this.device(access, lo, hi, size, pa);
    return this.inPlace(access, lo, hi);
  }

  /*
   * A write that misses the TLB for one reason alone: that the page is watched. What the TLB knows holds for it as for
   * any other access, although the tables may say something else by now: or the guest could tell which engine it is on.
   */
  private withheld(access: number, lo: number, hi: number): number {
    const size = access & ACCESS.SIZE;
    const isMisaligned = (access & ACCESS.ALIGNED) !== 0 && (lo & (size - 1)) !== 0;
    if (isMisaligned || (lo & 0xfff) + size > 0x1000) return 0;
    const el = this.elOf(access);
    const host = this.tlb.withheldHost(el, hi, lo);
    if (host === 0) return 0;
    const offset = host - this.bus.ramOffset;
    if (this.bus.isWatched(offset)) this.bus.touch(offset);
    else this.tlb.grantWrites(el, hi, lo);
    return host;
  }

  /** DC and IC by address: an address that cannot be translated faults although nothing is accessed. */
  maintain(lo: number, hi: number, write: boolean): boolean {
    const el = this.regs.el;
    const fsc = this.translate(hi, lo);
    const need = write ? PERM_WRITE : PERM_READ;
    // EL1 may clean what it cannot write; EL0 needs the right to read what it cleans.
    const refused = fsc === FSC_NONE && (el === 0 || write) && !this.allows(need, el);
    if (fsc === FSC_NONE && !refused) return true;
    this.refuse(FAULT.DATA, (refused ? FSC_PERMISSION | this.level : fsc) | ISS_CM | ISS_WNR, lo, hi);
    return false;
  }

  /* DC ZVA: as one store would, but Device memory refuses it whatever its alignment. */
  private zero(access: number, lo: number, hi: number): number {
    const fsc = this.checkData(hi, lo, access, !this.enabled);
    if (fsc !== FSC_NONE) return this.refuseData(fsc, access, lo, hi);
    if (this.watched(access, (lo & -ZVA_SIZE) >>> 0, hi, ZVA_SIZE)) return 0;
    return this.bus.isRam(this.page) ? this.inPlace(access, lo, hi) : STATE.BOUNCE;
  }

  /** The translated page is RAM: where the access happens, and from now on without being asked. */
  private inPlace(access: number, lo: number, hi: number): number {
    if ((access & ACCESS.WRITE) !== 0) this.bus.touch(this.page - this.bus.ramBase);
    this.remember(access, hi, lo);
    return this.hostPage() + (lo & 0xfff);
  }

  /* Both pages are checked before anything moves: an access happens entirely or not at all. */
  private crossing(access: number, lo: number, hi: number, size: number, aligned: boolean): number {
    const first = 0x1000 - (lo & 0xfff);
    const nextLo = (lo + first) >>> 0;
    const nextHi = nextLo === 0 ? (hi + 1) >>> 0 : hi;

    let fsc = this.checkData(hi, lo, access, aligned);
    if (fsc !== FSC_NONE) return this.refuseData(fsc, access, lo, hi);
    const paA = this.page + (lo & 0xfff);
    fsc = this.checkData(nextHi, nextLo, access, aligned);
    if (fsc !== FSC_NONE) return this.refuseData(fsc, access, nextLo, nextHi);
    if (this.watched(access, lo, hi, size)) return 0;

    return this.bounce.access(access, paA, first, this.page, size - first);
  }

  /* Devices are never accessed by exclusives or atomics, and only in naturally aligned words. */
  private device(access: number, lo: number, hi: number, size: number, pa: number): number {
    if ((access & ACCESS.EXCLUSIVE) !== 0) return this.refuseData(FSC_EXCLUSIVE, access, lo, hi);
    return this.bounce.access(access, pa, size, 0, 0);
  }

  /** Translation and permissions of an access within one page. Returns the fault status code. */
  private checkData(hi: number, lo: number, access: number, aligned: boolean): number {
    const fsc = this.translate(hi, lo);
    if (fsc !== FSC_NONE) return fsc;
    // Alignment that memory type demands is judged before the right to access.
    if (this.isDevice && !aligned) return FSC_ALIGNMENT;
    const el = this.elOf(access);
    const need =
      ((access & ACCESS.WRITE) !== 0 ? PERM_WRITE : 0) | ((access & ACCESS.READ) !== 0 ? PERM_READ : 0);
    if (!this.allows(need, el)) return FSC_PERMISSION | this.level;
    return this.bus.isMapped(this.page + (lo & 0xfff)) ? FSC_NONE : FSC_EXTERNAL;
  }

  /** Translates one page into `page`, `perms`, `level`, `isDevice`, `isGlobal`. Returns the fault status code. */
  private translate(hi: number, lo: number): number {
    if (!this.enabled) return this.translateFlat(hi, lo);
    const walker = this.walker;
    const fsc = walker.walk(hi, lo);
    if (fsc !== FSC_NONE) return fsc;
    this.page = walker.page;
    this.perms = walker.perms;
    this.level = walker.level;
    this.isGlobal = !walker.nonGlobal;
    this.isDevice = (this.deviceMask & (1 << walker.attrIndex)) !== 0;
    return FSC_NONE;
  }

  /* With the MMU off all data is Device-nGnRnE, and an address is a physical one. */
  private translateFlat(hi: number, lo: number): number {
    const canonical = this.canonicalHi(hi);
    if (canonical > 0xffff) return FSC_ADDRESS_SIZE;
    this.page = canonical * 2 ** 32 + ((lo & ~0xfff) >>> 0);
    this.perms = ALL_PERMS;
    this.level = 0;
    this.isGlobal = true;
    this.isDevice = true;
    return FSC_NONE;
  }

  private allows(need: number, el: 0 | 1): boolean {
    return ((this.perms >>> (el === 0 ? 0 : EL1_SHIFT)) & need) === need;
  }

  private elOf(access: number): 0 | 1 {
    return (access & ACCESS.UNPRIVILEGED) !== 0 ? 0 : this.regs.el;
  }

  /* Device memory and watched pages stay out of the TLB: each access there needs a decision. */
  private remember(access: number, hi: number, lo: number): void {
    if (this.isDevice || this.checkAlignment || this.debug.watchpointInPage(hi, lo)) return;
    const el = this.elOf(access);
    const perms = this.perms >>> (el === 0 ? 0 : EL1_SHIFT);
    const isWatched = this.bus.isWatched(this.page - this.bus.ramBase);
    this.tlb.fillData(el, hi, lo, this.hostPage(), perms, this.level, this.isGlobal, isWatched);
  }

  /** Where the translated page, which is RAM, begins in the shared memory. */
  private hostPage(): number {
    return this.page - this.bus.ramBase + this.bus.ramOffset;
  }

  private watched(access: number, lo: number, hi: number, size: number): boolean {
    if (!this.debug.watchpointsArmed) return false;
    const lsc = ((access & ACCESS.READ) !== 0 ? 1 : 0) | ((access & ACCESS.WRITE) !== 0 ? 2 : 0);
    const el = this.elOf(access);
    if (!this.debug.enabledFrom(this.regs.el, this.regs.debugMasked)) return false;
    if (!this.debug.watch(hi, lo, size, lsc, el)) return false;
    const wnr = (access & ACCESS.WRITE) !== 0 ? ISS_WNR : 0;
    this.refuse(FAULT.WATCHPOINT, FSC_DEBUG | wnr, this.debug.hitLo, this.debug.hitHi);
    return true;
  }

  /*
   * WnR says which right was missing. A read-modify-write that could not even have read reports a read.
   */
  private refuseData(fsc: number, access: number, lo: number, hi: number): number {
    const unread =
      (access & ACCESS.READ) !== 0 &&
      ((fsc & ~3) !== FSC_PERMISSION || !this.allows(PERM_READ, this.elOf(access)));
    const wnr = (access & ACCESS.WRITE) !== 0 && !(unread && fsc !== FSC_ALIGNMENT) ? ISS_WNR : 0;
    return this.refuse(FAULT.DATA, fsc | wnr, lo, hi);
  }

  private refuse(kind: Fault['kind'], iss: number, lo: number, hi: number): 0 {
    this.fault.kind = kind;
    this.fault.iss = iss;
    this.fault.lo = lo;
    this.fault.hi = hi;
    return 0;
  }

  /* ---- AT ---- */

  /** AT S1E<el><R|W>: PAR_EL1 in two words, low first, into `par`. */
  translateForPar(hi: number, lo: number, el: 0 | 1, write: boolean, par: Uint32Array): void {
    let fsc = this.translate(hi, lo);
    if (fsc === FSC_NONE && !this.allows(write ? PERM_WRITE : PERM_READ, el))
      fsc = FSC_PERMISSION | this.level;
    if (fsc !== FSC_NONE) {
      par[0] = PAR_RES1 | (fsc << 1) | PAR_F;
      par[1] = 0;
      return;
    }
    const attribute = this.enabled ? this.mairByte(this.walker.attrIndex) : 0;
    // Device and Non-cacheable memory are outer shareable, whatever the descriptor says.
    const cacheable = attribute >= 0x10 && attribute !== 0x44;
    const sh = cacheable ? this.walker.shareability : 2;
    par[0] = PAR_RES1 | (this.page % 2 ** 32) | (sh << 7) | PAR_NS;
    par[1] = (attribute << 24) | Math.floor(this.page / 2 ** 32);
  }

  private mairByte(n: number): number {
    return ((n < 4 ? this.mairLo : this.mairHi) >>> (8 * (n & 3))) & 0xff;
  }
}

const ALL_PERMS = 0x3f;
/** TCR_EL1.IPS; 52 bits and the reserved value are more than this CPU has, and mean what it has. */
const OUTPUT_SIZES = [32, 36, 40, 42, 44, 48, 48, 48] as const;
const PAR_F = 1 << 0;
const PAR_NS = 1 << 9;
const PAR_RES1 = 1 << 11;
