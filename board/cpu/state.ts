/*
 * board/cpu/state.ts - where the CPU's state lies in the memory that it shares with guest RAM
 *
 * Manual: Arm ARM (DDI 0487), "AArch64 Application Level Programmers' Model", "Process state, PSTATE"
 *
 * One WebAssembly.Memory holds everything that generated code touches, at addresses known when it is generated:
 *
 *   0x0_0000  STATE      registers, flags, budget: the offsets named below
 *   0x0_1000  TABLES     constants of the generated code (condition table, CRC32 tables)
 *   0x0_2000  NEAR       the pages that accesses of a translated loop found last
 *   0x0_8000  BITMASKS   DecodeBitMasks(N:immr:imms), 8192 entries of 8 bytes
 *   0x1_8000  JUMPS      the translator's jump cache, 32768 entries of 16 bytes
 *   0x9_8000  VISITS     how many more visits make a branch target hot, two bytes each: only with the translator
 *   0xd_8000  TLB        nine banks of 16384 entries: EL1's, then those of EL0, for one address space each
 *  0x56_0000  RAM        guest RAM
 *
 * 64-bit values cross between JavaScript and generated code here and nowhere else: as arguments they would be bigints.
 */

/** Byte offsets of everything that has a fixed place. Multiples of the datum's size. */
export const STATE = {
  X: 0x000, //           X0..X30, 8 bytes each
  ZR: 0x0f8, //          slot 31 reads as zero: always 0
  SP: 0x100, //          slot 32: the stack pointer that PSTATE.SP selects
  PC: 0x108,
  FLAG_A: 0x110, //      operands of the last flag-setting instruction, when FLAG_KIND is not RAW
  FLAG_B: 0x118,
  FLAG_KIND: 0x120, //   i32; outside run() it is always RAW and NZCV holds the flags
  NZCV: 0x124, //        i32, bits 31:28
  BUDGET: 0x128, //      i32: instructions left to execute
  PENDING: 0x12c, //     i32: non-zero = leave run() after this instruction with EXIT.PENDING
  VA: 0x130, //          i64: the address that slow() or fetch() is to translate
  INSN: 0x138, //        i32: the instruction word handed to sys()
  ISS: 0x13c, //         i32: the 16-bit immediate of SVC, HVC, SMC, BRK, HLT
  FP_TRAP: 0x140, //     i32: non-zero = CPACR_EL1.FPEN forbids FP/SIMD at this exception level
  TLB: 0x144, //         i32: the bank that plain accesses use: what TLB_USER says, or TLB_EL1
  EL: 0x148, //          i32: PSTATE.EL, 0 or 1
  EXCLUSIVE: 0x14c, //   i32: size of the access for which the exclusive monitor is armed; 0 = it is open
  EXCLUSIVE_PA: 0x150, //i64: host pointer or address it watches, and...
  EXCLUSIVE_LO: 0x158, //i64: ...the value that was loaded
  EXCLUSIVE_HI: 0x160,
  TPIDR_EL0: 0x168,
  TPIDRRO_EL0: 0x170,
  FPCR: 0x178, //        i32
  FPSR: 0x17c, //        i32
  SP_CHECK: 0x180, //    32 bytes, one per base register: the bits of it that must be 0. All 0, but entry 31 is 15 with SA
  SCRATCH: 0x1a0, //     64 bytes: where elements of a vector are put together
  TLB_USER: 0x1e0, //    i32: the bank of EL0, which LDTR and STTR use at EL1 as well. Changes only where run() is left
  TOUCHED: 0x1e4, //     i32: non-zero = translated code may have been written (Bus.touch): the translator must look
  ZVA_TRAP: 0x1e8, //    i32: non-zero = SCTLR_EL1.DZE forbids DC ZVA at EL0
  SURPRISES: 0x1ec, //   i32: how often translated code left an instruction of floating point to the interpreter,
  SURPRISE_AT: 0x1f0, // i32: and the low word of the last one's address
  COUNTER_OPEN: 0x1f4, //i32: non-zero = nobody is forbidden to read CNTVCT_EL0
  COUNT_END: 0x1f8, //   f64: the clock's instruction count when BUDGET will be 0
  V: 0x200, //           V0..V31, 16 bytes each
  SYSREG: 0x400, //      the system register file: see sysreg.ts
  BOUNCE: 0xf00, //      64 bytes and more: where device and page-crossing accesses really happen
  TABLES: 0x1000, //     constants of generated code: CRC32 and CRC32C, 256 words each, and
  CRC32: 0x1000,
  CRC32C: 0x1400,
  RSQRT: 0x1800, //      RecipSqrtEstimate of 128..511, a byte each
  AES_SBOX: 0x1a00, //   256 bytes, and its inverse
  AES_INVERSE_SBOX: 0x1b00,
  NEAR: 0x2000, //       of the translated loop that runs: NEAR.ENTRIES pages
  BITMASKS: 0x8000,
  JUMPS: 0x18000,
  VISITS: 0x98000,
  TLB_EL1: 0xd8000,
  TLB_EL0: 0x158000, //    TLB_USERS times
  END: 0x560000,
} as const;

/** Lazy flags: what FLAG_A and FLAG_B are. 32-bit operands are kept shifted left by 32, so one rule serves both. */
export const FLAG_KIND = {
  RAW: 0, // NZCV is the truth
  ADD: 1, // the flags of A + B; a logical result R is ADD(R, 0)
  SUB: 2, // the flags of A - B
} as const;

/*
 * A TLB entry, index VA[25:12]: a bank covers 64 MiB, and of its own memory only what is used is ever touched. A tag is
 * the page's VA (with the top byte it was accessed with), or TLB_INVALID. An access hits when the page of its last byte
 * equals the tag, so one that crosses a page misses; so does one that must be aligned and is not. Host pointer = low
 * word of VA + addend; code has an addend of its own, so that a page of code and one of data that share an entry do not
 * drive each other out. No tag: not mapped, no permission, device memory, a watchpoint in the page, SCTLR_EL1.A set: the
 * slow path decides.
 */
export const TLB_ENTRIES = 0x4000;
export const TLB_ENTRY = {
  READ: 0,
  WRITE: 8,
  EXECUTE: 16,
  ADDEND: 24,
  EXECUTE_ADDEND: 28,
  SIZE: 32,
} as const;
/** Bytes of a bank; and how many of them EL0 has. */
export const TLB_BANK = TLB_ENTRIES * TLB_ENTRY.SIZE;
export const TLB_USERS = 8;
/**
 * An entry of the jump cache: the slot of the trace for PC, if PC with PSTATE.EL in bit 0 equals the tag and PC's
 * instruction is at the host pointer. So an entry says nothing about translation, and survives every change of it.
 * Index: bits 16:2 of the host pointer.
 */
export const JUMP_ENTRIES = 0x8000;
export const JUMP_ENTRY = { TAG: 0, HOST: 8, SLOT: 12, SIZE: 16 } as const;
/**
 * Where accesses of a loop from one base register went last: the page's address; i64, a distance from there, from which
 * on an access is not known to hit, 0 for all of them (no address can stand for none, as a program can have any); what
 * leads from the address to the host, i32. Entries hold as long as the translated function is not left.
 */
export const NEAR = { PAGE: 0, ROOM: 8, ADDEND: 16, SIZE: 24, ENTRIES: 512, MOST: 16 } as const;
/** Counters of visits, 16 bits each, index PC[18:2]. */
export const VISIT_COUNTERS = 0x2_0000;

/** What DC ZVA clears: DCZID_EL0 says so. */
export const ZVA_SIZE = 64;

/** Low 12 bits of a tag are zero; this one's are not. */
export const TLB_INVALID = 0xffff_ffff;

/** Why run() returned. PC and BUDGET are exact: an instruction counts when PC has moved past it. */
export const EXIT = {
  BUDGET: 0, //    BUDGET reached 0
  FETCH: 1, //     fetch() could not translate PC
  FAULT: 2, //     slow() refused the access; PC at the instruction
  UNDEFINED: 3, // PC at the instruction, its word in INSN
  SVC: 4, //       PC past it, immediate in ISS
  HVC: 5, //       PC past it
  SMC: 6, //       PC past it
  BRK: 7, //       PC at it
  HLT: 8, //       PC at it
  FP: 9, //        FP or SIMD while FP_TRAP; PC at it
  PENDING: 10, //  slow() asked to leave after this instruction: complete the store in the bounce buffer
  PC_ALIGN: 11, // PC is not a multiple of 4
  ILLEGAL: 12, //  reserved for sys(): PSTATE.IL is set
  WFI: 13, //      reserved for sys(): PC past it
  TRAP: 15, //     reserved for sys(): an exception whose class and syndrome it kept; PC at the instruction
  HOT: 16, //      only with the translator: PC has been branched to often enough, or is translated
  REFRESH: 14, //  reserved for sys(): translation or EL changed, look again; PC as sys() left it
} as const;

/**
 * What the generated module imports beside `memory`. All arguments and results are i32.
 *
 * Before each call PC (this instruction), BUDGET (this instruction not yet subtracted) and NZCV are in STATE.
 */
export interface EngineImports {
  /**
   * An access missed the TLB. VA is in STATE. Returns a host pointer valid until the instruction's end, or 0: the access
   * faults, syndrome kept by the callee, and run() leaves with EXIT.FAULT. May set PENDING for a store.
   */
  slow(access: number): number;
  /** No EXECUTE tag for the page in STATE.VA. Returns 1 after filling the TLB entry, or 0: run() leaves with EXIT.FETCH. */
  fetch(): number;
  /**
   * A system instruction (MSR, MRS, SYS, ERET, WFI, barriers that matter...). Its word is the argument. Returns 0 = done,
   * go on with the next instruction, or the EXIT code to leave with; then PC and BUDGET in STATE are the callee's affair.
   */
  sys(insn: number): number;
}

/** The argument of slow(): size in bytes in bits 7:0, then these. */
export const ACCESS = {
  SIZE: 0xff,
  WRITE: 0x100, //        check write permission (also set for read-modify-write)
  READ: 0x200, //         check read permission, and a bounce buffer must hold the old contents
  UNPRIVILEGED: 0x400, // as EL0 would: LDTR, STTR
  ALIGNED: 0x800, //      must be aligned to its size, whatever SCTLR_EL1.A says
  SP_MISALIGNED: 0x1000, // the base register is SP and SP_CHECK found it misaligned: an exception of its own class
  EXCLUSIVE: 0x2000, //    exclusive or atomic: devices cannot do it
  ZERO: 0x4000, //         DC ZVA: the 64 bytes around the address are cleared
  ELEMENT_SHIFT: 16, //   bits 19:16: log2 of the element's size, what "aligned" means to SCTLR_EL1.A and device memory
} as const;
