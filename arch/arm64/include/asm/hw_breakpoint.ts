/*
 * arch/arm64/include/asm/hw_breakpoint.ts - one breakpoint or watchpoint of a tracer's
 *
 * Linux:  arch/arm64/include/asm/hw_breakpoint.h, struct user_hwdebug_state, struct perf_event_attr (v6.12)
 * Manual: Arm ARM, "DBGBCR<n>_EL1", "DBGWCR<n>_EL1"
 */

/** Slots that the ptrace interface has room for, of each kind; the CPU says how many are real. */
export const ARM_MAX_BRP = 16;

/* A control word's bits 4:3 */
export const ARM_BREAKPOINT_EXECUTE = 0;
export const ARM_BREAKPOINT_LOAD = 1;
export const ARM_BREAKPOINT_STORE = 2;

/** What was asked for, and what the debug registers hold because of it. */
export interface HwDebugSlot {
  bp_addr: number;
  /** Bytes, 1 to 8. */
  bp_len: number;
  /** ARM_BREAKPOINT_*; a watchpoint may be for loads and stores. */
  bp_type: number;
  disabled: boolean;
  /** Aligned. */
  addr: number;
  /** Bit 0 enable, 2:1 privilege (EL0 is 2), 4:3 type, 12:5 byte mask. */
  ctrl: number;
}

const LEN_4 = 4;

/** Not enabled, and nowhere. */
export const new_slot = (bp_type: number): HwDebugSlot => ({
  bp_addr: 0,
  bp_len: LEN_4,
  bp_type,
  disabled: true,
  addr: 0,
  ctrl: 0,
});

export const CTRL_ENABLE = 1;
