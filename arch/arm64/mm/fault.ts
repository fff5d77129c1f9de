/*
 * arch/arm64/mm/fault.ts - an access by user space that the MMU refused
 *
 * Linux:   arch/arm64/mm/fault.c (v6.12)
 * Manual:  Arm ARM, "ISS encoding for an exception from a Data Abort", "...from an Instruction Abort"
 * Differs: aborts come from EL0 only: hosted EL1 has no addresses that could fault
 * Absent:  memory tagging, KVM, huge-page poison
 *
 * The MMU says where and why (ESR_EL1, FAR_EL1); fault_info says what each reason means. Most are the kernel's own doing:
 * a page it has not brought in yet, or brought in read-only to learn of the first write. The rest become signals.
 */

import {
  FAULT_FLAG_INSTRUCTION,
  FAULT_FLAG_WRITE,
  VM_FAULT_BADMAP,
  VM_FAULT_OOM,
  VM_FAULT_SIGBUS,
} from '../../../kernel/include/linux/mm.ts';
import type { Task } from '../../../kernel/include/linux/sched.ts';
import {
  BUS_ADRALN,
  BUS_ADRERR,
  BUS_OBJERR,
  SEGV_ACCERR,
  SEGV_MAPERR,
  SI_KERNEL,
} from '../../../kernel/include/uapi/siginfo.ts';
import { SIGBUS, SIGKILL, SIGSEGV } from '../../../kernel/include/uapi/signal.ts';
import { do_user_fault } from '../../../kernel/mm/gup.ts';
import { pagefault_out_of_memory } from '../../../kernel/mm/oom_kill.ts';
import { ESR_ELx_EC, ESR_ELx_EC_IABT_LOW } from '../include/asm/esr.ts';
import { arm64_force_sig_fault, arm64_notify_die, set_thread_esr } from '../kernel/traps.ts';

const ESR_ELx_FSC = (esr: number): number => esr & 0x3f;
const ESR_ELx_WNR = 1 << 6;
/** Cache maintenance: reads as a write, but needs only to read. */
const ESR_ELx_CM = 1 << 8;
const ESR_ELx_FnV = 1 << 10;

/** handled: the instruction runs again. signal: one was forced. unhandled: the table's signal is due. */
type Outcome = 'handled' | 'signal' | 'unhandled';
type Handler = (task: Task, abort: Abort, info: FaultInfo) => Outcome;

interface FaultInfo {
  readonly fn: Handler;
  readonly sig: number;
  readonly code: number;
  readonly name: string;
}

interface Abort {
  /** FAR_EL1, as two words: tag and all. */
  readonly lo: number;
  readonly hi: number;
  readonly esr: number;
  /** Without the tag; NaN: not an address of user space. */
  readonly address: number;
}

type Row = readonly [fsc: number, fn: Handler, sig: number, code: number, name: string];

/* By fault status code. */
// biome-ignore format: columns teach
const fault_info: readonly Row[] = [
  [0x00, do_bad,               SIGKILL, SI_KERNEL,   'ttbr address size fault'],
  [0x01, do_bad,               SIGKILL, SI_KERNEL,   'level 1 address size fault'],
  [0x02, do_bad,               SIGKILL, SI_KERNEL,   'level 2 address size fault'],
  [0x03, do_bad,               SIGKILL, SI_KERNEL,   'level 3 address size fault'],
  [0x04, do_translation_fault, SIGSEGV, SEGV_MAPERR, 'level 0 translation fault'],
  [0x05, do_translation_fault, SIGSEGV, SEGV_MAPERR, 'level 1 translation fault'],
  [0x06, do_translation_fault, SIGSEGV, SEGV_MAPERR, 'level 2 translation fault'],
  [0x07, do_translation_fault, SIGSEGV, SEGV_MAPERR, 'level 3 translation fault'],
  [0x08, do_page_fault,        SIGSEGV, SEGV_ACCERR, 'level 0 access flag fault'],
  [0x09, do_page_fault,        SIGSEGV, SEGV_ACCERR, 'level 1 access flag fault'],
  [0x0a, do_page_fault,        SIGSEGV, SEGV_ACCERR, 'level 2 access flag fault'],
  [0x0b, do_page_fault,        SIGSEGV, SEGV_ACCERR, 'level 3 access flag fault'],
  [0x0c, do_page_fault,        SIGSEGV, SEGV_ACCERR, 'level 0 permission fault'],
  [0x0d, do_page_fault,        SIGSEGV, SEGV_ACCERR, 'level 1 permission fault'],
  [0x0e, do_page_fault,        SIGSEGV, SEGV_ACCERR, 'level 2 permission fault'],
  [0x0f, do_page_fault,        SIGSEGV, SEGV_ACCERR, 'level 3 permission fault'],
  [0x10, do_sea,               SIGBUS,  BUS_OBJERR,  'synchronous external abort'],
  [0x14, do_sea,               SIGKILL, SI_KERNEL,   'level 0 (translation table walk)'],
  [0x15, do_sea,               SIGKILL, SI_KERNEL,   'level 1 (translation table walk)'],
  [0x16, do_sea,               SIGKILL, SI_KERNEL,   'level 2 (translation table walk)'],
  [0x17, do_sea,               SIGKILL, SI_KERNEL,   'level 3 (translation table walk)'],
  [0x18, do_sea,               SIGBUS,  BUS_OBJERR,  'synchronous parity or ECC error'],
  [0x21, do_alignment_fault,   SIGBUS,  BUS_ADRALN,  'alignment fault'],
  [0x30, do_bad,               SIGKILL, SI_KERNEL,   'TLB conflict abort'],
  [0x31, do_bad,               SIGKILL, SI_KERNEL,   'Unsupported atomic hardware update fault'],
  [0x34, do_bad,               SIGKILL, SI_KERNEL,   'implementation fault (lockdown abort)'],
  [0x35, do_bad,               SIGBUS,  BUS_OBJERR,  'implementation fault (unsupported exclusive)'],
];

function find_fault_info(esr: number): FaultInfo {
  const status = ESR_ELx_FSC(esr);
  for (const [fsc, fn, sig, code, name] of fault_info) if (fsc === status) return { fn, sig, code, name };
  return { fn: do_bad, sig: SIGKILL, code: SI_KERNEL, name: `unknown ${status}` };
}

/** A data or instruction abort from EL0. `farLo`, `farHi`: FAR_EL1. Forces the signal if there is one to be sent. */
export function do_mem_abort(task: Task, farLo: number, farHi: number, esr: number): void {
  const info = find_fault_info(esr);
  const abort = { lo: farLo, hi: farHi, esr, address: user_address(farLo, farHi) };
  const outcome = info.fn(task, abort, info);
  const { events } = task.kernel;
  if (events) {
    const result = outcome === 'handled' ? outcome : info.name;
    events.emit({ type: 'fault', address: address_text(abort), esr, result });
  }
  if (outcome === 'unhandled') {
    arm64_notify_die(task, info.name, info.sig, info.code, fault_address(abort), esr);
  }
}

const address_text = (abort: Abort): string =>
  `0x${Number.isNaN(abort.address) ? far(abort).toString(16) : abort.address.toString(16)}`;

/** The address without its tag, as a number; NaN: not an address of user space. */
function user_address(lo: number, hi: number): number {
  const high = untagged_addr(hi);
  return high < 0x1_0000 ? high * 2 ** 32 + lo : Number.NaN;
}

/** The upper word: the top byte is the user's (TBI) unless bit 55 says that the address is the kernel's. */
const untagged_addr = (hi: number): number => (hi & ((hi << 8) >> 8)) >>> 0;

/** Two words as the 64-bit datum that siginfo and ptrace show. */
const register = (lo: number, hi: number): bigint => new BigUint64Array(Uint32Array.of(lo, hi).buffer)[0]!;

/** What the signal frame says: the address without its tag. siginfo may have it (SA_EXPOSE_TAGBITS). */
const fault_address = ({ lo, hi }: Abort): bigint => register(lo, untagged_addr(hi));
const far = ({ lo, hi }: Abort): bigint => register(lo, hi);

/** No entry where one is needed; in the kernel's half of the address space there is nothing for user space ever. */
function do_translation_fault(task: Task, abort: Abort, info: FaultInfo): Outcome {
  if (!Number.isNaN(abort.address)) return do_page_fault(task, abort, info);
  return do_bad_area(task, abort, info);
}

function do_bad_area(task: Task, abort: Abort, info: FaultInfo): Outcome {
  set_thread_esr(task, fault_address(abort), abort.esr);
  arm64_force_sig_fault(task, info.sig, info.code, far(abort), info.name);
  return 'signal';
}

function do_page_fault(task: Task, abort: Abort, info: FaultInfo): Outcome {
  if (Number.isNaN(abort.address) || !task.mm) return do_bad_area(task, abort, info);
  task.min_flt++;
  const fault = do_user_fault(task.mm, abort.address, fault_flags(abort.esr));
  if (fault === 0) return 'handled';
  if (fault === VM_FAULT_OOM) {
    pagefault_out_of_memory(task); // somebody is dying of it; perhaps this task, else it tries again
    return 'handled';
  }

  set_thread_esr(task, fault_address(abort), abort.esr);
  if (fault === VM_FAULT_SIGBUS) arm64_force_sig_fault(task, SIGBUS, BUS_ADRERR, far(abort), info.name);
  else arm64_force_sig_fault(task, SIGSEGV, segv_code(fault), far(abort), info.name);
  return 'signal';
}

/** SEGV_MAPERR: nothing is mapped there. SEGV_ACCERR: something is, but not for this. */
const segv_code = (fault: number): number => (fault === VM_FAULT_BADMAP ? SEGV_MAPERR : SEGV_ACCERR);

function fault_flags(esr: number): number {
  if (ESR_ELx_EC(esr) === ESR_ELx_EC_IABT_LOW) return FAULT_FLAG_INSTRUCTION;
  return (esr & (ESR_ELx_WNR | ESR_ELx_CM)) === ESR_ELx_WNR ? FAULT_FLAG_WRITE : 0;
}

function do_alignment_fault(task: Task, abort: Abort, info: FaultInfo): Outcome {
  return do_bad_area(task, abort, info);
}

/** The memory system itself answered with an error. The address may not be known. */
function do_sea(task: Task, abort: Abort, info: FaultInfo): Outcome {
  const address = (abort.esr & ESR_ELx_FnV) !== 0 ? 0n : fault_address(abort);
  arm64_notify_die(task, info.name, info.sig, info.code, address, abort.esr);
  return 'signal';
}

function do_bad(): Outcome {
  return 'unhandled';
}
