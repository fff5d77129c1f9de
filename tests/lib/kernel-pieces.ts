/*
 * tests/lib/kernel-pieces.ts - the pieces of which random-kernel.ts makes a kernel, and what such a kernel knows
 *
 * Manual: Arm ARM, "Exceptions"; "AArch64 System Register Descriptions"
 *
 * The kernel's purpose is that something happens, and goes on happening: it makes pages good that were aborted on,
 * skips what cannot be done, changes the exception level at system calls, and in its handlers does what programs do at
 * EL1. From time to time it makes everything good and begins anew. Only x29 is its own; what it knows lies in the last
 * page of its image, where x29 points.
 */
import {
  CHANGED_PAGES,
  commonPointer,
  GOOD_LEVEL3,
  HIGH,
  LEVEL3,
  PAGE,
  rootOf,
  VECTORS,
} from './kernel-layout.ts';
import type { Random } from './random-insn.ts';

/** MMU, C, I, SA, SA0, DZE, UCT, nTWI, nTWE, UCI. */
export const SCTLR = 0x0405_d01dn;
export const TCR = 0x75_8010_0010n; // 48 bits in both halves, AS, TBI0, TBI1
export const MAIR = 0x0044_04ffn; //   normal write-back, Device-nGnRE, non-cacheable

/** What the kernel knows, by offset. */
export const KNOWS = {
  SAVED: 0x00, //   x16 to x18 of who was interrupted
  COUNT: 0x20, //   of exceptions
  BUSY: 0x28, //    non-zero: some handler is doing what may be interrupted...
  RETURN: 0x30, //  ...and this is its ELR and SPSR, its x16 to x18
  GOOD: 0x60, //    good tables of level 3, and where they are to be
  SCTLR: 0x70, //   good values
  TCR: 0x78,
  MAIR: 0x80,
  TTBR: 0x88,
  VBAR: 0x98,
  SP: 0xa0,
  POINTERS: 0xa8, // x19 to x23
  ENTRIES: 0xd0, // where programs begin...
  MODES: 0x2d0, //  ...and as what
} as const;

/** Places where programs begin. */
export const STARTS = 64;
/** Exceptions from one new beginning to the next. */
const PERIOD = 256;

/** To one of the places where programs begin, by the count of exceptions from this bit on. */
const restart = (bit: number): string => `
    ldr x16, [x29, #${KNOWS.COUNT}]
    ubfx x16, x16, #${bit}, #${Math.log2(STARTS)}
    add x16, x29, x16, lsl #3
    ldr x17, [x16, #${KNOWS.ENTRIES}]
    msr elr_el1, x17
    ldr x17, [x16, #${KNOWS.MODES}]
    msr spsr_el1, x17`;

const goodPointers = `
    ldp x19, x20, [x29, #${KNOWS.POINTERS}]
    ldp x21, x22, [x29, #${KNOWS.POINTERS + 16}]
    ldr x23, [x29, #${KNOWS.POINTERS + 32}]`;

/*
 * In all of it x29 points to what the kernel knows; after `enter` x16 to x18 are free. Labels of `sync`: 1 to 13 are for
 * a class of exceptions each, from 50 on is what is done for some of them, 90 is the way out.
 */
export const PIECES = {
  enter: `
    stp x16, x17, [x29, #${KNOWS.SAVED}]
    str x18, [x29, #${KNOWS.SAVED + 16}]
    ldr x16, [x29, #${KNOWS.COUNT}]
    add x16, x16, #1
    str x16, [x29, #${KNOWS.COUNT}]
    tst x16, #${PERIOD - 1}`,
  // Around what may be interrupted, unless it is what was interrupted.
  isBusy: `ldr x16, [x29, #${KNOWS.BUSY}]`,
  beBusy: `
    str x29, [x29, #${KNOWS.BUSY}]
    mrs x16, elr_el1
    mrs x17, spsr_el1
    stp x16, x17, [x29, #${KNOWS.RETURN}]
    ldp x16, x17, [x29, #${KNOWS.SAVED}]
    ldr x18, [x29, #${KNOWS.SAVED + 16}]
    stp x16, x17, [x29, #${KNOWS.RETURN + 16}]
    str x18, [x29, #${KNOWS.RETURN + 32}]`,
  beIdle: `
    msr daifset, #15
    str xzr, [x29, #${KNOWS.BUSY}]
    ldp x16, x17, [x29, #${KNOWS.RETURN + 16}]
    ldr x18, [x29, #${KNOWS.RETURN + 32}]
    stp x16, x17, [x29, #${KNOWS.SAVED}]
    str x18, [x29, #${KNOWS.SAVED + 16}]
    ldp x16, x17, [x29, #${KNOWS.RETURN}]
    msr elr_el1, x16
    msr spsr_el1, x17`,
  leave: `
    ldp x16, x17, [x29, #${KNOWS.SAVED}]
    ldr x18, [x29, #${KNOWS.SAVED + 16}]
    eret`,
  sync: `
    mrs x16, esr_el1
    lsr x17, x16, #26
    cbz x17, 4f                   // Undefined, or trapped: in time at EL1, where it may be neither
    cmp x17, #0x18
    b.eq 4f
    and x18, x17, #~1
    cmp x18, #0x24                // data aborts
    b.eq 6f
    cmp x18, #0x20                // instruction aborts
    b.eq 5f
    cmp x17, #0x15                // SVC: an odd one goes on at the other level
    b.eq 1f
    cmp x17, #0x07                // FP is not enabled
    b.eq 2f
    cmp x17, #0x0e                // illegal state
    b.eq 3f
    cmp x17, #0x22                // PC alignment
    b.eq 70f
    cmp x17, #0x26                // SP alignment
    b.eq 7f
    cmp x18, #0x30                // breakpoint
    b.eq 8f
    cmp x18, #0x32                // step
    b.eq 9f
    cmp x18, #0x34                // watchpoint
    b.eq 10f
    b 60f

    1: tbz x16, #0, 90f
    b 50f
    2: mov x16, #0x300000
    msr cpacr_el1, x16
    b 90f
    3: mrs x18, spsr_el1
    and x18, x18, #~0xf
    and x18, x18, #~0x100000
    mov x16, #5
    orr x18, x18, x16
    msr spsr_el1, x18
    b 90f
    4: ldr x17, [x29, #${KNOWS.COUNT}]
    tst x17, #15
    b.eq 70f
    tst x17, #7
    b.ne 60f
    mrs x18, spsr_el1
    tst x18, #0xf
    b.ne 60f
    b 50f
    5: mrs x17, sctlr_el1
    tbnz x17, #19, 12f            // WXN
    ldr x17, [x29, #${KNOWS.COUNT}]
    tst x17, #3
    b.eq 70f
    tbz x17, #0, 80f
    mrs x18, spsr_el1
    tst x18, #0xf                 // or it is the other level's page
    and x18, x18, #~0xf
    b.ne 51f
    mov x16, #5
    orr x18, x18, x16
    51: msr spsr_el1, x18
    b 80f
    6: ldr x17, [x29, #${KNOWS.COUNT}]
    tst x17, #3
    b.eq 60f
    and x16, x16, #0x3f
    cmp x16, #0x21                // alignment
    b.eq 11f
    sub x16, x16, #4
    cmp x16, #12
    b.lo 80f
    b 60f
    7: mov x16, sp
    and x16, x16, #~15
    mov sp, x16
    mrs x16, sp_el0
    and x16, x16, #~15
    msr sp_el0, x16
    b 60f
    8: msr dbgbcr0_el1, xzr
    msr dbgbcr5_el1, xzr
    b 90f
    9: ldr x17, [x29, #${KNOWS.COUNT}]
    mrs x18, spsr_el1
    orr x18, x18, #1 << 21
    msr spsr_el1, x18
    tst x17, #7
    b.ne 90f
    msr mdscr_el1, xzr
    b 90f
    10: msr dbgwcr0_el1, xzr
    b 90f
    11: mrs x17, sctlr_el1
    tbz x17, #1, 13f              // A
    12: ldr x17, [x29, #${KNOWS.SCTLR}]
    msr sctlr_el1, x17
    b 90f
    13: ${goodPointers}
    b 60f

    50: mrs x18, spsr_el1
    tst x18, #0xf                  // to the other level, EL0 with interrupts
    and x18, x18, #~0xf
    b.ne 52f
    mov x16, #5
    orr x18, x18, x16
    b 53f
    52: and x18, x18, #~0x3c0
    53: msr spsr_el1, x18
    b 90f
    60: mrs x16, elr_el1          // behind the instruction
    add x16, x16, #4
    msr elr_el1, x16
    b 90f
    70: ${restart(4)}
    b 90f
    80: mrs x16, far_el1          // the page as it should be, in both tables
    ubfx x17, x16, #21, #20
    cmp x17, #2
    b.ne 60b
    ubfx x17, x16, #12, #9
    cmp x17, #${CHANGED_PAGES}
    b.hs 60b
    lsl x17, x17, #3
    ldp x16, x18, [x29, #${KNOWS.GOOD}]
    add x16, x16, x17
    add x18, x18, x17
    ldr x17, [x16, #${PAGE}]
    str x17, [x18, #${PAGE}]
    ldr x17, [x16]
    ldr x16, [x18]
    str x17, [x18]
    cmp x16, x17
    b.eq 60b                      // which it was
    mrs x16, far_el1
    ubfx x16, x16, #12, #44
    dsb ish
    tlbi vaae1is, x16
    dsb ish
    isb
    90:`,
  // Interrupts are the timers'. x17: how long the next one is in coming.
  irq: 'msr cntv_tval_el0, x17',
  irqNoMore: 'mov x17, #3; msr cntv_ctl_el0, x17',
  fiq: 'msr cntp_tval_el0, x17',
  fiqNoMore: 'mov x17, #3; msr cntp_ctl_el0, x17',
  // Programs see more of themselves in this way, and get out of endless loops.
  after: `
    ldr x16, [x29, #${KNOWS.COUNT}]
    tst x16, #3
    b.ne 1f
    ${restart(2)}
    1:`,
  begin: `
    ldp x16, x17, [x29, #${KNOWS.SCTLR}]
    msr sctlr_el1, x16
    msr tcr_el1, x17
    ldp x16, x17, [x29, #${KNOWS.TTBR}]
    msr ttbr0_el1, x16
    msr ttbr1_el1, x17
    ldr x16, [x29, #${KNOWS.MAIR}]
    msr mair_el1, x16
    ldp x16, x17, [x29, #${KNOWS.VBAR}]
    msr vbar_el1, x16
    msr spsel, #1
    mov sp, x17
    msr sp_el0, x17
    mov x16, #0x300000
    msr cpacr_el1, x16
    msr oslar_el1, xzr
    msr mdscr_el1, xzr
    msr dbgbcr0_el1, xzr
    msr dbgbcr5_el1, xzr
    msr dbgwcr0_el1, xzr
    str xzr, [x29, #${KNOWS.BUSY}]
    ldp x16, x17, [x29, #${KNOWS.GOOD}]
    add x21, x16, #${PAGE}
    add x22, x17, #${PAGE}
    mov x18, #${CHANGED_PAGES / 2}
    1: ldp x19, x20, [x16], #16
    stp x19, x20, [x17], #16
    ldp x19, x20, [x21], #16
    stp x19, x20, [x22], #16
    subs x18, x18, #1
    b.ne 1b
    dsb ish
    tlbi vmalle1is
    dsb ish
    isb
    ${goodPointers}
    mov x16, #50
    msr cntv_tval_el0, x16
    mov x16, #301
    msr cntp_tval_el0, x16
    mov x16, #1
    msr cntv_ctl_el0, x16
    msr cntp_ctl_el0, x16
    mov x16, #0x303
    msr cntkctl_el1, x16
    ${restart(Math.log2(PERIOD))}
    mov x16, #8
    eret`,
  // With the MMU off: called where addresses are physical ones. A page of the image is there for nothing else.
  flat: `
    mrs x0, daif
    msr daifset, #15
    mrs x2, sctlr_el1
    eor x2, x2, #1
    msr sctlr_el1, x2
    isb
    adr x1, .
    add x1, x1, #0x6000
    mov x3, #5
    1: ldr x4, [x1]
    str x4, [x1, #8]
    subs x3, x3, #1
    b.ne 1b
    eor x2, x2, #1
    msr sctlr_el1, x2
    isb
    msr daif, x0
    ret`,
} as const;

/** What it is to know, in the words of KNOWS. */
export function knowledge(random: Random, starts: readonly bigint[]): ReadonlyMap<number, bigint> {
  const all = new Map<number, bigint>();
  const put = (at: number, ...values: readonly bigint[]) =>
    values.forEach((value, i) => void all.set(at + 8 * i, value));
  put(KNOWS.COUNT, 1n);
  put(KNOWS.BUSY, 0n);
  put(KNOWS.GOOD, BigInt(GOOD_LEVEL3) | HIGH, BigInt(LEVEL3) | HIGH);
  put(KNOWS.SCTLR, SCTLR, TCR, MAIR);
  put(KNOWS.TTBR, BigInt(rootOf(0)), BigInt(rootOf(0)));
  put(KNOWS.VBAR, random.pick(VECTORS));
  put(KNOWS.SP, commonPointer(random) & ~15n);
  put(KNOWS.POINTERS, ...Array.from({ length: 5 }, () => commonPointer(random)));
  put(KNOWS.ENTRIES, ...starts);
  const modes = () => random.pick([0n, 0n, 5n, 5n, 4n, 0x205n]);
  put(KNOWS.MODES, ...Array.from({ length: STARTS }, modes));
  return all;
}
