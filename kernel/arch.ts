/*
 * kernel/arch.ts - what generic code asks of an architecture
 *
 * Linux:   <asm/syscall.h>, <asm/ptrace.h>, <asm/uaccess.h>, <asm/mmu_context.h> and a dozen more
 * Differs: one interface, so that reading it is reading the porting guide, and a test can implement what it needs in a
 *          few lines. It belongs to one machine: behind it are that machine's CPU and RAM.
 */

import type { Kernel } from './kernel.ts';
import type { Mm } from './include/linux/mm_types.ts';
import type { TimeNamespace } from './include/linux/ns_common.ts';
import type { UserRegset } from './include/linux/regset.ts';
import type { Task } from './include/linux/sched.ts';
import type { KernelSigInfo, SigSet } from './include/linux/signal.ts';
import type { PhysAddr, UserPtr } from './include/linux/types.ts';
import type { Sleeps } from './sched/wait.ts';

/** A task's user registers as they were at the trap. Opaque outside arch/. */
export abstract class PtRegs {
  /** The six arguments as pairs of 32-bit words, low half first: x0..x5, live. */
  abstract readonly args: Uint32Array;
}

/** Linux: <asm/syscall.h>. `regs` is the task's own. */
export interface ArchSyscall {
  /** The number asked for (32 bits, signed); -1 = not in a system call. */
  syscall_get_nr(regs: PtRegs): number;
  syscall_set_nr(regs: PtRegs, nr: number): void;
  /** x0 := the first argument as it was at entry. */
  syscall_rollback(regs: PtRegs): void;
  /** An exact integer, or the 64-bit datum itself. Negative: sign-extended. */
  syscall_set_return_value(regs: PtRegs, value: number | bigint): void;
  /** x0 as a signed number; beyond 2^53 it is rounded, so compare with errnos, do not store. */
  syscall_get_return_value(regs: PtRegs): number;
  /** The same, all 64 bits of it. */
  syscall_result(regs: PtRegs): bigint;
  /** The six arguments; the first as it was at entry, whatever is in its register now. */
  syscall_get_arguments(regs: PtRegs): readonly bigint[];
  /** The same as twelve words, low half first, into `to` from `at` on: no bigint is made. */
  syscall_get_argument_words(regs: PtRegs, to: Uint32Array, at: number): void;
  syscall_set_arguments(regs: PtRegs, args: readonly bigint[]): void;
  /** AUDIT_ARCH_*. */
  syscall_get_arch(task: Task): number;
  instruction_pointer(regs: PtRegs): number;
  instruction_pointer_set(regs: PtRegs, address: number): void;
  user_stack_pointer(regs: PtRegs): number;
  /** Linux: <asm/syscall_user_dispatch.h>. Is this the vDSO's own sigreturn, that no handler can do without? */
  arch_syscall_is_vdso_sigreturn(task: Task): boolean;
  /** Linux: <asm/entry-common.h>. The stop before a call, with what this CPU shows there. True: do not make the call. */
  arch_ptrace_report_syscall_entry(task: Task): Sleeps<boolean>;
  /** The stop after it; `step`: the task is single-stepped, so a SIGTRAP is forced in place of the stop. */
  arch_ptrace_report_syscall_exit(task: Task, step: boolean): Sleeps<void>;
}

/** Linux: <asm/uaccess.h>. Never sleeps; may fault pages in. Works on any mm, current or not. */
export interface ArchUaccess {
  /** Bytes that could NOT be copied; 0 = all. */
  copy_from_user(mm: Mm, to: Uint8Array, from: UserPtr): number;
  copy_to_user(mm: Mm, to: UserPtr, from: Uint8Array): number;
  clear_user(mm: Mm, to: UserPtr, size: number): number;
  /** One unsigned little-endian number of 1, 2, 4 or 8 bytes (8: rounded above 2^53), or -EFAULT. Any alignment. */
  get_user(mm: Mm, from: UserPtr, size: 1 | 2 | 4 | 8): number;
  /** 0 or -EFAULT. The value wraps to the size; a negative one is sign-extended. */
  put_user(mm: Mm, to: UserPtr, value: number, size: 1 | 2 | 4 | 8): number;
}

/**
 * Linux: <asm/pgtable.h>, <asm/tlbflush.h>, <asm/mmu_context.h>.
 *
 * A `ptep` names the place of a page table entry; 0 = there is none. Entries of one table follow each other at
 * PTE_STRIDE, so generic code walks a table with `ptep += PTE_STRIDE`. What an entry says comes and goes as a page frame
 * number and _PAGE_* bits (kernel/include/linux/pgtable.ts); only the architecture knows the descriptor. No method here
 * touches the TLB but those named flush_*.
 */
export interface ArchMm {
  /** An empty top-level table, or 0 when there is no memory for it. */
  pgd_alloc(): PhysAddr;
  /** Frees the top-level table; free_pgtables() has freed what hung below it. */
  pgd_free(mm: Mm): void;
  /** The entry for an address; 0: no table there. */
  pte_offset(mm: Mm, address: number): number;
  /** The same, with the missing tables made; 0: no memory for one. */
  pte_alloc(mm: Mm, address: number): number;
  /** The first address >= `address` that a last-level table covers, at most `end`: how empty space is skipped. */
  next_pte_table(mm: Mm, address: number, end: number): number;
  /** Gives back the tables below [floor, ceiling) that hold only addresses of [start, end). Their entries are clear. */
  free_pgtables(mm: Mm, start: number, end: number, floor: number, ceiling: number): void;
  /** _PAGE_*; 0 = the entry is empty. */
  pte_flags(ptep: number): number;
  pte_pfn(ptep: number): number;
  set_pte(ptep: number, pfn: number, flags: number): void;
  pte_clear(ptep: number): void;
  flush_tlb_page(mm: Mm, address: number): void;
  flush_tlb_range(mm: Mm, start: number, end: number): void;
  flush_tlb_mm(mm: Mm): void;
  /** The instructions in this page frame were just written by the kernel. */
  flush_icache_page(pfn: number): void;
  /** A fresh mm.context (the ASID). */
  init_new_context(): object;
  destroy_context(mm: Mm): void;
  /** User space is `mm` from here on. Cheap when it is already. */
  switch_mm(mm: Mm): void;
}

/** Linux: <asm/processor.h>, <asm/switch_to.h>, arch/arm64/kernel/process.c. */
export interface ArchProcess {
  /** Fresh registers and thread state for a task that does not exist yet; of `orig` where it is a fork. */
  arch_dup_task_struct(orig: Task | null): { regs: PtRegs; thread: object };
  /** The child's registers: x0 = 0, the new stack (0 = the parent's), the new TLS with CLONE_SETTLS. */
  copy_thread(child: Task, parent: Task, stack: UserPtr, setTls: boolean, tls: bigint): void;
  /** exec: all registers zero but pc and sp. The system call number stays. */
  start_thread(task: Task, pc: number, sp: number): void;
  flush_thread(task: Task): void;
  /** What the architecture has to do when drivers and /proc can be used. */
  initcalls(kernel: Kernel): void;
  /** PR_SET_TAGGED_ADDR_CTRL, PR_GET_TAGGED_ADDR_CTRL. */
  set_tagged_addr_ctrl(task: Task, arg: number): number;
  get_tagged_addr_ctrl(task: Task): number;
  exit_thread(task: Task): void;
  /** The CPU's per-task state and address space change hands. Called with `next` about to run. */
  switch_to(prev: Task, next: Task): void;
  /** Linux: <linux/ptrace.h>. The task traps after its next instruction, every time, until that is taken back. */
  user_enable_single_step(task: Task): void;
  user_disable_single_step(task: Task): void;
  /** A user task's life: kernel_exit, run, kernel_entry, handle, for ever. */
  user_mode(task: Task): Sleeps<never>;
  /** Linux: <asm/elf.h> ELF_HWCAP and friends, and where the vDSO goes. */
  readonly elf_machine: number;
  readonly elf_hwcap: number;
  readonly elf_hwcap2: number;
  readonly elf_platform: string;
  readonly minsigstksz: number;
  /** Linux: task_user_regset_view(). In the order of a core file; the first one is NT_PRSTATUS. */
  readonly regsets: readonly UserRegset[];
  /** Maps the vDSO into a new image; 0 or -errno. Sets mm.vdso. */
  arch_setup_additional_pages(task: Task, mm: Mm): number;
  /** Linux: <vdso/vsyscall.h>. A clock was set: the vDSO's readers have to know. */
  update_vsyscall(): void;
  /** Linux: <linux/time_namespace.h>. Who lives in `mm` lives by the clocks of `ns` from now on. 0 or -ENOMEM. */
  vdso_join_timens(mm: Mm, ns: TimeNamespace): number;
}

/** Linux: arch/arm64/kernel/signal.c. */
export interface ArchSignal {
  /** Linux: arch_untagged_si_addr(). si_addr for a handler that does not want to see tags (no SA_EXPOSE_TAGBITS). */
  arch_untagged_si_addr(addr: bigint, sig: number, code: number): bigint;
  /** Builds the frame and points the registers at the handler; 0 or -EFAULT. */
  setup_rt_frame(
    task: Task,
    sig: number,
    info: KernelSigInfo,
    handler: UserPtr,
    flags: number,
    restorer: UserPtr,
    mask: SigSet,
  ): number;
  /** sigreturn(2): everything from the frame at the stack pointer. Returns the result register as it is then. */
  rt_sigreturn(task: Task): number | bigint;
  /** One pass of signal delivery, restart rules included. */
  arch_do_signal_or_restart(task: Task): Sleeps<void>;
}

/** Linux: <asm/sysreg.h>, <asm/irq.h>, psci. Values of control registers fit a number; those that do not are two halves. */
export interface ArchMachine {
  /** By the manual's name ("ICC_IAR1_EL1"); exact below 2^53. */
  read_sysreg(name: string): number;
  write_sysreg(name: string, value: number): void;
  /** Linux: <asm/timex.h>. The virtual counter, CNTVCT_EL0: asked so often that it need not be looked up by its name. */
  get_cycles(): number;
  /** SMCCC call by HVC: function id and up to three arguments; x0 as a signed 32-bit number. Returns unless the machine went off. */
  hvc(fn: number, a1?: number, a2?: number, a3?: number): number;
  /** Instructions since power-on: the stamp of events. */
  instructions(): number;
  /** Linux: setup_arch(). Memory, firmware and CPU as the device tree at physical address `dtb` describes them. */
  setup_arch(kernel: Kernel, dtb: number): void;
  /** Takes the interrupts that are pending, one by one. The scheduler calls it between two tasks, so it must be cheap. */
  handle_pending_irqs(): void;
  /** Text for the panic report: registers, system registers. */
  show_regs(task: Task | null): string;
  /** The lines of /proc/cpuinfo. */
  cpuinfo(): string;
  /** uname -m */
  readonly machine: string;
}

/**
 * Owners add what generic code turns out to need, under Linux's name, with its contract here and not on each caller.
 * Policy never asks which architecture it is on.
 */
export interface Arch extends ArchSyscall, ArchUaccess, ArchMm, ArchProcess, ArchSignal, ArchMachine {}
