/*
 * board/cpu/debug.ts - self-hosted debug: breakpoints, watchpoints and the conditions of software step
 *
 * Manual: Arm ARM, "AArch64 Self-hosted Debug": "Breakpoint exceptions", "Watchpoint exceptions", "Software Step exceptions"
 * Guest:  arch/arm64/kernel/debug-monitors.ts
 * Absent: external debug, the debug communications channel, AArch32 vector catch
 *
 * Nothing here is asked while nothing is armed: pages with a breakpoint or watchpoint are kept out of the TLB, so that
 * only accesses to them take the slow path.
 */

export const BREAKPOINTS = 6;
export const WATCHPOINTS = 4;
/** Only the last breakpoint can compare CONTEXTIDR_EL1 (ID_AA64DFR0_EL1.CTX_CMPs = 0: one). */
const CONTEXT_BREAKPOINT = BREAKPOINTS - 1;

/* MDSCR_EL1 */
export const MDSCR_SS = 1 << 0; //   software step
const MDSCR_KDE = 1 << 13; //        debug exceptions from EL1 too
const MDSCR_MDE = 1 << 15; //        breakpoints and watchpoints

/* DBGBCRn_EL1 and DBGWCRn_EL1 */
const CR_E = 1 << 0;
const CR_HMC_SSC = 7 << 13; //       must be 0 here: there is no EL2 and no EL3
const cr = {
  pac: (word: number) => (word >>> 1) & 3, //      bit 0: EL1, bit 1: EL0
  lsc: (word: number) => (word >>> 3) & 3, //      watchpoint: bit 0: loads, bit 1: stores
  bas: (word: number) => (word >>> 5) & 0xff, //   watchpoint: which of the eight bytes
  lbn: (word: number) => (word >>> 16) & 15, //    the context breakpoint that it is linked to
  bt: (word: number) => (word >>> 20) & 15, //     breakpoint type
  wt: (word: number) => (word >>> 20) & 1, //      watchpoint: linked
  mask: (word: number) => (word >>> 24) & 31, //   watchpoint: address bits to ignore
};
const BT_ADDRESS = 0;
const BT_LINKED_ADDRESS = 1;
const BT_CONTEXT = 2;
const BT_LINKED_CONTEXT = 3;

/** A comparator: value and control as the two registers hold them. */
interface Comparator {
  lo: number;
  hi: number;
  control: number;
}

export class Debug {
  readonly breakpoints: readonly Comparator[] = Array.from({ length: BREAKPOINTS }, newComparator);
  readonly watchpoints: readonly Comparator[] = Array.from({ length: WATCHPOINTS }, newComparator);
  mdscr = 0;
  contextId = 0;
  /** OSLSR_EL1.OSLK: no debug exceptions until the operating system unlocks. */
  osLock = true;
  /** MDSCR_EL1.SS: whether anything could be stepped. The run loop looks at this first... */
  stepArmed = false;
  /** ...and with the MMU at these: whether anything could match. */
  breakpointsArmed = false;
  watchpointsArmed = false;
  /** After watch(): the address to report. */
  hitLo = 0;
  hitHi = 0;

  /** To be called after every change of a register above. Returns whether pages must be looked at again. */
  update(): boolean {
    this.stepArmed = (this.mdscr & MDSCR_SS) !== 0;
    const on = (this.mdscr & MDSCR_MDE) !== 0 && !this.osLock;
    const before = this.breakpointsArmed || this.watchpointsArmed;
    this.breakpointsArmed = on && this.breakpoints.some((b) => (b.control & CR_E) !== 0);
    this.watchpointsArmed = on && this.watchpoints.some((w) => (w.control & CR_E) !== 0);
    return before || this.breakpointsArmed || this.watchpointsArmed;
  }

  /** The manual's GenerateDebugExceptionsFrom(): `masked` is PSTATE.D. */
  enabledFrom(el: 0 | 1, masked: boolean): boolean {
    return !this.osLock && (el === 0 || ((this.mdscr & MDSCR_KDE) !== 0 && !masked));
  }

  /** Software step is active for code at `el`. */
  stepsAt(el: 0 | 1, masked: boolean): boolean {
    return this.stepArmed && this.enabledFrom(el, masked);
  }

  /** Some breakpoint may match in this page: its instructions must be looked at one by one. */
  breakpointInPage(hi: number, lo: number): boolean {
    if (!this.breakpointsArmed) return false;
    for (const b of this.breakpoints) {
      if ((b.control & CR_E) === 0) continue;
      if (cr.bt(b.control) === BT_CONTEXT || (b.hi === hi >>> 0 && (b.lo ^ lo) >>> 12 === 0)) return true;
    }
    return false;
  }

  /** A breakpoint matches the instruction at this address. */
  breakpointAt(hi: number, lo: number, el: 0 | 1): boolean {
    return this.breakpoints.some((b, n) => this.breakpointMatches(b, n, hi, lo, el));
  }

  /** A watchpoint watches bytes of this page. */
  watchpointInPage(hi: number, lo: number): boolean {
    if (!this.watchpointsArmed) return false;
    for (const w of this.watchpoints) {
      if ((w.control & CR_E) === 0) continue;
      const bits = Math.max(12, cr.mask(w.control));
      if (((w.hi ^ hi) & 0x00ff_ffff) === 0 && (w.lo ^ lo) >>> bits === 0) return true;
    }
    return false;
  }

  /** An access to `size` bytes hits a watchpoint; `lsc` as in the control register. Leaves the address in hitLo, hitHi. */
  watch(hi: number, lo: number, size: number, lsc: number, el: 0 | 1): boolean {
    for (const w of this.watchpoints) {
      if (!this.watchpointApplies(w, lsc, el)) continue;
      for (let i = 0; i < size; i++) {
        const at = (lo + i) >>> 0;
        const atHi = at < lo ? hi + 1 : hi;
        if (!watchedByte(w, atHi, at)) continue;
        this.hitLo = at;
        this.hitHi = atHi >>> 0;
        return true;
      }
    }
    return false;
  }

  private breakpointMatches(b: Comparator, n: number, hi: number, lo: number, el: 0 | 1): boolean {
    if (!stateMatches(b.control, el)) return false;
    switch (cr.bt(b.control)) {
      case BT_ADDRESS:
        return sameInstruction(b, hi, lo);
      case BT_LINKED_ADDRESS:
        return sameInstruction(b, hi, lo) && this.linkMatches(cr.lbn(b.control));
      case BT_CONTEXT:
        return n === CONTEXT_BREAKPOINT && b.lo === this.contextId;
      default:
        return false; // reserved, or only there to be linked to
    }
  }

  private watchpointApplies(w: Comparator, lsc: number, el: 0 | 1): boolean {
    if (!stateMatches(w.control, el) || (cr.lsc(w.control) & lsc) === 0) return false;
    return cr.wt(w.control) === 0 || this.linkMatches(cr.lbn(w.control));
  }

  private linkMatches(lbn: number): boolean {
    const link = this.breakpoints[CONTEXT_BREAKPOINT]!;
    if (lbn !== CONTEXT_BREAKPOINT || (link.control & CR_E) === 0) return false;
    return cr.bt(link.control) === BT_LINKED_CONTEXT && link.lo === this.contextId;
  }
}

function newComparator(): Comparator {
  return { lo: 0, hi: 0, control: 0 };
}

/** DBGBVRn_EL1[1:0] are RES0. */
function sameInstruction(b: Comparator, hi: number, lo: number): boolean {
  return b.hi === hi >>> 0 && (b.lo & ~3) >>> 0 === lo >>> 0;
}

/** Enabled, of a kind that exists without EL2 and EL3, and meant for this exception level. */
function stateMatches(control: number, el: 0 | 1): boolean {
  if ((control & CR_E) === 0 || (control & CR_HMC_SSC) !== 0) return false;
  return (cr.pac(control) & (el === 1 ? 1 : 2)) !== 0;
}

/*
 * With a mask the watchpoint covers an aligned block; without, those of the eight bytes from its address on that BAS
 * selects. An address that is only word aligned leaves four of them.
 */
function watchedByte(w: Comparator, hi: number, lo: number): boolean {
  if (((w.hi ^ hi) & 0x00ff_ffff) !== 0) return false;
  const mask = cr.mask(w.control);
  if (mask !== 0) return (w.lo ^ lo) >>> mask === 0;

  const from = (lo - w.lo) >>> 0;
  const bytes = (w.lo & 4) !== 0 ? 4 : 8;
  return from < bytes && (cr.bas(w.control) & (1 << from)) !== 0;
}
