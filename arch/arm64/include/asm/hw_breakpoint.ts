/*
 * arch/arm64/include/asm/hw_breakpoint.ts - one debug register pair, DBGBVR/DBGBCR or DBGWVR/DBGWCR
 *
 * Linux:  arch/arm64/include/asm/hw_breakpoint.h, struct user_hwdebug_state (v6.12)
 * Manual: Arm ARM, "DBGBCR<n>_EL1", "DBGWCR<n>_EL1"
 */

/** Slots that the ptrace interface has room for; the CPU says how many are real. */
export const ARM_MAX_BRP = 16;
export const ARM_MAX_WRP = 16;

export interface HwDebugSlot {
  /** A user address. */
  addr: number;
  /** As the tracer wrote it: bit 0 enable, 2:1 privilege, 4:3 type, 12:5 byte mask. */
  ctrl: number;
}

export const no_slot = (): HwDebugSlot => ({ addr: 0, ctrl: 0 });

export const CTRL_ENABLE = 1;
