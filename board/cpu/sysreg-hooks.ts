/*
 * board/cpu/sysreg-hooks.ts - the system registers and instructions that act on the CPU itself
 *
 * Manual: Arm ARM, "AArch64 System Register Descriptions"; "TLB maintenance instructions"; "Debug registers"
 *
 * Attached once, when the CPU is built. Rows of sysreg.ts without a slot find their behaviour here or in a device.
 */

import type { SysregHook } from '../bus.ts';
import { BREAKPOINTS, WATCHPOINTS } from './debug.ts';
import { FPCR, FPSR } from './fp/status.ts';
import { PSTATE_NZCV } from './registers.ts';
import { EXIT, STATE, ZVA_SIZE } from './state.ts';
import type { System } from './system.ts';

const DZE = 1 << 14;
/** DCZID_EL0.BS */
const ZVA_WORDS_LOG2 = Math.log2(ZVA_SIZE / 4);
const ZVA_PROHIBITED = 1 << 4;
/** OSLSR_EL1: OSLM = 0b10, there is an OS lock; OSLK. */
const OSLSR_OSLM = 1 << 3;
const OSLSR_OSLK_SHIFT = 1;
/** DBGBCRn: LBN, BT, SSC, HMC, PMC, E; BAS always covers the whole instruction. */
const BCR_WRITABLE = 0x00ff_e007;
const BCR_BAS = 0xf << 5;
const WCR_WRITABLE = 0x1f1f_ffff;
const CLAIM_TAGS = 0xff;
/** ISS of a trapped FP access: condition "always". */
export const ISS_FP = (1 << 24) | (0xe << 20);

export function attachHooks(system: System): void {
  attachState(system);
  attachTranslation(system);
  attachTlbMaintenance(system);
  attachCacheMaintenance(system);
  attachDebug(system);
}

/** A register of 32 bits. */
function word(read: () => number, write?: (lo: number, hi: number) => void): SysregHook {
  const hook: SysregHook = { read: (half) => (half === 0 ? read() : 0) };
  return write ? { ...hook, write } : hook;
}

/** A system instruction: only written. */
function instruction(write: (lo: number, hi: number) => void): SysregHook {
  return { read: () => 0, write };
}

function attachState(system: System): void {
  const { regs, registers } = system;
  const words = regs.words;
  attachStackPointer(system);
  registers.attachOwn(
    'SPSel',
    word(
      () => regs.spSel,
      (lo) => regs.selectStack(1, lo & 1 ? 1 : 0),
    ),
  );
  registers.attachOwn(
    'NZCV',
    word(
      () => words[STATE.NZCV >>> 2]! & PSTATE_NZCV,
      (lo) => {
        words[STATE.NZCV >>> 2] = lo & PSTATE_NZCV;
      },
    ),
  );
  registers.attachOwn(
    'DAIF',
    word(
      () => regs.daif,
      (lo) => system.setDaif(lo),
    ),
  );
  registers.attachOwn(
    'CurrentEL',
    word(() => regs.el << 2),
  );
  registers.attachOwn('ISR_EL1', word(system.ports.interruptStatus));
  registers.attachOwn(
    'RVBAR_EL1',
    word(() => 0),
  );
  registers.attachOwn(
    'DCZID_EL0',
    word(() => ZVA_WORDS_LOG2 | (regs.el === 0 && (system.sctlr & DZE) === 0 ? ZVA_PROHIBITED : 0)),
  );
  registers.attachOwn('FPCR', fpRegister(system, STATE.FPCR, FPCR.WRITABLE));
  registers.attachOwn('FPSR', fpRegister(system, STATE.FPSR, FPSR.WRITABLE));
  registers.find('CPACR_EL1').afterWrite = (lo) => {
    system.cpacr = lo;
    system.levelChanged();
  };
}

/* While it is the stack pointer it has no other name. */
function attachStackPointer(system: System): void {
  const { regs, registers } = system;
  const current = () => {
    if (regs.spSel === 0) system.refuse(EXIT.UNDEFINED);
    return regs.spSel === 0;
  };
  registers.attachOwn('SP_EL0', {
    read: (half) => (current() ? 0 : regs.words[(regs.stackOffset(0) >>> 2) + half]!),
    write: (lo, hi) => {
      if (!current()) regs.setDword(regs.stackOffset(0), lo, hi);
    },
  });
}

/** For a hosted EL1; MRS and MSR are rows of the table. */
function fpRegister(system: System, offset: number, writable: number): SysregHook {
  const words = system.regs.words;
  return word(
    () => words[offset >>> 2]!,
    (lo) => {
      words[offset >>> 2] = lo & writable;
    },
  );
}

function attachTranslation(system: System): void {
  const { mmu, registers } = system;
  const sctlr = registers.find('SCTLR_EL1');
  sctlr.afterWrite = (lo) => {
    system.sctlr = lo;
    system.regs.words[STATE.ZVA_TRAP >>> 2] = (lo & DZE) === 0 ? 1 : 0;
    mmu.setSctlr(lo);
    system.levelChanged();
  };
  registers.find('TCR_EL1').afterWrite = (lo, hi) => mmu.setTcr(lo, hi);
  registers.find('MAIR_EL1').afterWrite = (lo, hi) => mmu.setMair(lo, hi);
  registers.find('TTBR0_EL1').afterWrite = (lo, hi) => mmu.setTtbr(0, lo, hi);
  registers.find('TTBR1_EL1').afterWrite = (lo, hi) => mmu.setTtbr(1, lo, hi);
  sctlr.write(0, 0);
  registers.find('TCR_EL1').write(0, 0);

  const par = new Uint32Array(2);
  const translate = (name: string, el: 0 | 1, write: boolean) =>
    registers.attachOwn(
      name,
      instruction((lo, hi) => {
        mmu.translateForPar(hi, lo, el, write, par);
        registers.find('PAR_EL1').write(par[0]!, par[1]!);
      }),
    );
  translate('AT S1E0R', 0, false);
  translate('AT S1E0W', 0, true);
  translate('AT S1E1R', 1, false);
  translate('AT S1E1W', 1, true);
}

function attachTlbMaintenance(system: System): void {
  const { mmu, registers } = system;
  const tlb = mmu.tlb;
  // The operand holds VA[55:12] in its low 44 bits, and the ASID in the upper 16.
  const vaHi = (lo: number, hi: number): number => (lo >>> 20) | ((hi & 0xfff) << 12);
  const byAddress = (lo: number, hi: number) => {
    tlb.flushPageOf(mmu.asidOf(hi), vaHi(lo, hi), lo << 12);
    system.lookAgain();
  };
  const byAddressAllAsids = (lo: number, hi: number) => {
    tlb.flushPage(vaHi(lo, hi), lo << 12);
    system.lookAgain();
  };
  const byAsid = (_lo: number, hi: number) => {
    tlb.flushAsid(mmu.asidOf(hi));
    system.lookAgain();
  };
  const all = () => {
    tlb.flushAll();
    system.lookAgain();
  };
  for (const where of ['', 'IS']) {
    registers.attachOwn(`TLBI VMALLE1${where}`, instruction(all));
    registers.attachOwn(`TLBI ASIDE1${where}`, instruction(byAsid));
    for (const what of ['VAE1', 'VALE1']) registers.attachOwn(`TLBI ${what}${where}`, instruction(byAddress));
    for (const what of ['VAAE1', 'VAALE1'])
      registers.attachOwn(`TLBI ${what}${where}`, instruction(byAddressAllAsids));
  }
}

/* There is nothing to clean or invalidate; what remains is the right to name the address. */
function attachCacheMaintenance(system: System): void {
  const { mmu, registers } = system;
  for (const name of ['IC IALLUIS', 'IC IALLU', 'DC ISW', 'DC CSW', 'DC CISW'])
    registers.attachOwn(name, instruction(nothing));
  const byAddress = (name: string, write: boolean) =>
    registers.attachOwn(
      name,
      instruction((lo, hi) => {
        if (!mmu.maintain(lo, hi, write)) system.refuse(EXIT.FAULT);
      }),
    );
  byAddress('DC IVAC', true);
  for (const name of ['IC IVAU', 'DC CVAC', 'DC CVAU', 'DC CVAP', 'DC CIVAC']) byAddress(name, false);
  // It has a row of its own, and comes here only to be trapped.
  registers.attachOwn('DC ZVA', instruction(nothing));
}

function attachDebug(system: System): void {
  const { debug, registers, mmu } = system;
  const changed = () => {
    if (debug.update()) mmu.tlb.flushAll();
    system.lookAgain();
  };
  registers.find('MDSCR_EL1').afterWrite = (lo) => {
    debug.mdscr = lo;
    changed();
  };
  registers.find('CONTEXTIDR_EL1').afterWrite = (lo) => {
    debug.contextId = lo;
  };
  registers.attachOwn(
    'OSLAR_EL1',
    instruction((lo) => {
      debug.osLock = (lo & 1) !== 0;
      changed();
    }),
  );
  registers.attachOwn(
    'OSLSR_EL1',
    word(() => OSLSR_OSLM | (debug.osLock ? 1 << OSLSR_OSLK_SHIFT : 0)),
  );
  attachClaimTags(system);
  for (let n = 0; n < BREAKPOINTS; n++)
    attachComparator(system, `DBGB`, n, debug.breakpoints[n]!, BCR_WRITABLE, BCR_BAS, changed);
  for (let n = 0; n < WATCHPOINTS; n++)
    attachComparator(system, `DBGW`, n, debug.watchpoints[n]!, WCR_WRITABLE, 0, changed);
}

/* Eight bits by which debuggers agree who owns the hardware. */
function attachClaimTags(system: System): void {
  let claims = 0;
  system.registers.attachOwn(
    'DBGCLAIMSET_EL1',
    word(
      () => CLAIM_TAGS,
      (lo) => {
        claims |= lo & CLAIM_TAGS;
      },
    ),
  );
  system.registers.attachOwn(
    'DBGCLAIMCLR_EL1',
    word(
      () => claims,
      (lo) => {
        claims &= ~lo;
      },
    ),
  );
}

function attachComparator(
  system: System,
  prefix: string,
  n: number,
  comparator: System['debug']['breakpoints'][number],
  writable: number,
  ones: number,
  changed: () => void,
): void {
  system.registers.attachOwn(`${prefix}VR${n}_EL1`, {
    read: (half) => (half === 0 ? comparator.lo : comparator.hi),
    write: (lo, hi) => {
      comparator.lo = lo;
      // Bits 63:49 repeat bit 48, as far as an address goes.
      comparator.hi = ((hi << 15) >> 15) >>> 0;
      changed();
    },
  });
  system.registers.attachOwn(
    `${prefix}CR${n}_EL1`,
    word(
      () => comparator.control,
      (lo) => {
        comparator.control = (lo & writable) | ones;
        changed();
      },
    ),
  );
}

function nothing(): void {}
