/*
 * arch/arm64/mm/proc.ts - the MMU's control registers, once
 *
 * Linux:   arch/arm64/mm/proc.S (__cpu_setup), arch/arm64/include/asm/sysreg.h (INIT_SCTLR_EL1_MMU_ON)
 * Manual:  Arm ARM, "SCTLR_EL1", "TCR_EL1", "MAIR_EL1"
 * Differs: EL1 is hosted and has no addresses of its own: the upper half is switched off (EPD1), TTBR1 stays empty
 */

import type { MmCpu } from './context.ts';

/* MAIR_EL1, one byte per MT_* of <asm/pgtable.h>: Normal write-back, tagged (the same here), Normal non-cacheable, nGnRnE, nGnRE. */
const MAIR_LO = 0x00_44_ff_ff;
const MAIR_HI = 0x0000_0004;

/* TCR_EL1 */
const T0SZ = 64 - 48; //            bits 5:0   48-bit addresses below...
const T1SZ = (64 - 48) << 16; //    21:16      ...and above
const IRGN0_WBWA = 1 << 8;
const ORGN0_WBWA = 1 << 10;
const SH0_INNER = 3 << 12;
const TG0_4K = 0 << 14;
const EPD1 = 1 << 23; //            no walks in the upper half
const TG1_4K = 2 << 30;
const HI_IPS_48 = 5 << 0; //        34:32      48-bit physical addresses
const HI_AS = 1 << 4; //            36         ASIDs of 16 bits
const HI_TBI0 = 1 << 5; //          37         the top byte of a user address is the user's

/* SCTLR_EL1 */
const M = 1 << 0; //       MMU on
const C = 1 << 2; //       data cache
const SA = 1 << 3; //      check SP alignment at EL1...
const SA0 = 1 << 4; //     ...and EL0
const SED = 1 << 8;
const EOS = 1 << 11;
const I = 1 << 12; //      instruction cache
const DZE = 1 << 14; //    EL0 may DC ZVA,
const UCT = 1 << 15; //    read CTR_EL0,
const nTWE = 1 << 18; //   WFE without a trap (WFI traps: user space does not stop the clock),
const TSCXT = 1 << 20;
const EIS = 1 << 22;
const SPAN = 1 << 23;
const UCI = 1 << 26; //    and maintain caches
const nTLSMD = 1 << 28;
const LSMAOE = 1 << 29;

export const INIT_SCTLR_EL1_MMU_ON =
  (M | C | SA | SA0 | SED | EOS | I | DZE | UCT | nTWE | TSCXT | EIS | SPAN | UCI | nTLSMD | LSMAOE) >>> 0;

/** Linux: __cpu_setup(), __enable_mmu(). Called once, before the first user task runs. */
export function cpu_setup({ sysregs }: MmCpu): void {
  sysregs.find('MAIR_EL1').write(MAIR_LO, MAIR_HI);
  sysregs
    .find('TCR_EL1')
    .write(
      (T0SZ | T1SZ | IRGN0_WBWA | ORGN0_WBWA | SH0_INNER | TG0_4K | EPD1 | TG1_4K) >>> 0,
      HI_IPS_48 | HI_AS | HI_TBI0,
    );
  sysregs.find('TTBR0_EL1').write(0, 0);
  sysregs.find('TTBR1_EL1').write(0, 0);
  sysregs.find('TLBI VMALLE1').write(0, 0);
  sysregs.find('SCTLR_EL1').write(INIT_SCTLR_EL1_MMU_ON, 0);
}
