/*
 * arch/arm64/include/asm/esr.ts - why an exception was taken
 *
 * Linux:  arch/arm64/include/asm/esr.h (v6.12)
 * Manual: Arm ARM, "ESR_EL1, Exception Syndrome Register (EL1)"
 *
 *     31      26  25  24                                  0
 *    |    EC    | IL |              ISS                    |
 */

export const ESR_ELx_EC_SHIFT = 26;
export const ESR_ELx_EC = (esr: number): number => esr >>> ESR_ELx_EC_SHIFT;
export const ESR_ELx_IL = 1 << 25;

/* Exception classes. LOW: from a lower exception level, that is, user space; CUR: from the kernel itself. */
export const ESR_ELx_EC_UNKNOWN = 0x00;
export const ESR_ELx_EC_WFx = 0x01;
export const ESR_ELx_EC_FP_ASIMD = 0x07;
export const ESR_ELx_EC_ILL = 0x0e;
export const ESR_ELx_EC_SVC64 = 0x15;
export const ESR_ELx_EC_SYS64 = 0x18;
export const ESR_ELx_EC_IABT_LOW = 0x20;
export const ESR_ELx_EC_PC_ALIGN = 0x22;
export const ESR_ELx_EC_DABT_LOW = 0x24;
export const ESR_ELx_EC_SP_ALIGN = 0x26;
export const ESR_ELx_EC_FP_EXC64 = 0x2c;
export const ESR_ELx_EC_BREAKPT_LOW = 0x30;
export const ESR_ELx_EC_SOFTSTP_LOW = 0x32;
export const ESR_ELx_EC_WATCHPT_LOW = 0x34;
export const ESR_ELx_EC_BRK64 = 0x3c;

/** Upstream's words for show_unhandled_signals and panics. */
// biome-ignore format: columns teach
const esr_class_str: Readonly<Record<number, string>> = {
  [ESR_ELx_EC_UNKNOWN]:     'Unknown/Uncategorized',
  [ESR_ELx_EC_WFx]:         'WFI/WFE',
  [ESR_ELx_EC_FP_ASIMD]:    'ASIMD',
  [ESR_ELx_EC_ILL]:         'PSTATE.IL',
  [ESR_ELx_EC_SVC64]:       'SVC (AArch64)',
  [ESR_ELx_EC_SYS64]:       'MSR/MRS (AArch64)',
  [ESR_ELx_EC_IABT_LOW]:    'IABT (lower EL)',
  [ESR_ELx_EC_PC_ALIGN]:    'PC Alignment',
  [ESR_ELx_EC_DABT_LOW]:    'DABT (lower EL)',
  [ESR_ELx_EC_SP_ALIGN]:    'SP Alignment',
  [ESR_ELx_EC_FP_EXC64]:    'FP (AArch64)',
  [ESR_ELx_EC_BREAKPT_LOW]: 'Breakpoint (lower EL)',
  [ESR_ELx_EC_SOFTSTP_LOW]: 'Software Step (lower EL)',
  [ESR_ELx_EC_WATCHPT_LOW]: 'Watchpoint (lower EL)',
  [ESR_ELx_EC_BRK64]:       'BRK (AArch64)',
};

export const esr_get_class_string = (esr: number): string =>
  esr_class_str[ESR_ELx_EC(esr)] ?? 'UNRECOGNIZED EC';

/*
 * ISS of a trapped MRS, MSR or SYS (class SYS64): which register, which way, which general register.
 *
 *    |     | Op0 21:20 | Op2 19:17 | Op1 16:14 | CRn 13:10 | Rt 9:5 | CRm 4:1 | read 0 |
 */
export const ESR_ELx_SYS64_ISS_DIR_READ = 1;
export const ESR_ELx_SYS64_ISS_RT = (esr: number): number => (esr >>> 5) & 31;

/** The register's number in the form of sys_reg(): what the two encodings below have in common. */
export const esr_sys64_to_sysreg = (esr: number): number =>
  sys_reg((esr >>> 20) & 3, (esr >>> 14) & 7, (esr >>> 10) & 15, (esr >>> 1) & 15, (esr >>> 17) & 7);

/** As in an MRS instruction: op0 20:19, op1 18:16, CRn 15:12, CRm 11:8, op2 7:5. */
export const sys_reg = (op0: number, op1: number, crn: number, crm: number, op2: number): number =>
  (op0 << 19) | (op1 << 16) | (crn << 12) | (crm << 8) | (op2 << 5);

/** WFx: 0 = WFI, 1 = WFE. */
export const ESR_ELx_WFx_ISS_TI = 3;
