/*
 * arch/arm64/arch.ts - arm64, as the generic kernel asks for it
 *
 * Linux:   the list of what a port must supply is kernel/arch.ts; upstream it is spread over arch/arm64/include/asm
 * Differs: one object for one machine: behind it are that machine's CPU and RAM
 *
 *    memory     mm/mmu.ts: this class's base
 *    kernel     system calls and signals: entry, entry-common, syscall, signal, sigreturn, ptrace; tasks: process,
 *               fpsimd; the rest: setup, cpufeature, vdso
 */

import type { Board } from '../../board/board.ts';
import { SigFrameBuffer } from './include/asm/sigcontext.ts';
import type { Cpu } from '../../board/cpu/cpu.ts';
import type { SystemRegister } from '../../board/cpu/sysreg.ts';
import type { Arch, PtRegs as GenericPtRegs } from '../../kernel/arch.ts';
import { AUDIT_ARCH_AARCH64 } from '../../kernel/include/uapi/audit.ts';
import { ENOSYS } from '../../kernel/include/uapi/errno.ts';
import { MINSIGSTKSZ } from '../../kernel/include/uapi/signal.ts';
import type { Mm } from '../../kernel/include/linux/mm_types.ts';
import type { TimeNamespace } from '../../kernel/include/linux/ns_common.ts';
import type { UserRegset } from '../../kernel/include/linux/regset.ts';
import type { Task } from '../../kernel/include/linux/sched.ts';
import type { KernelSigInfo, SigSet } from '../../kernel/include/linux/signal.ts';
import type { UserPtr } from '../../kernel/include/linux/types.ts';
import type { Io, Kernel } from '../../kernel/kernel.ts';
import type { Sleeps } from '../../kernel/sched/wait.ts';
import type { Syscall } from '../../kernel/syscalls/define.ts';
import { index_syscalls } from '../../kernel/syscalls/table.ts';
import { NO_SYSCALL, ORIG_X0, type PtRegs } from './include/asm/ptrace.ts';
import { type Hwcaps, setup_elf_hwcaps, show_cpuinfo } from './kernel/cpufeature.ts';
import { user_disable_single_step, user_enable_single_step } from './kernel/debug-monitors.ts';
import { user_mode } from './kernel/entry.ts';
import { FpSimd } from './kernel/fpsimd.ts';
import * as process from './kernel/process.ts';
import * as ptrace from './kernel/ptrace.ts';
import { aarch64_regsets } from './kernel/regset.ts';
import { setup_arch } from './kernel/setup.ts';
import * as signal from './kernel/signal.ts';
import { rt_sigreturn } from './kernel/sigreturn.ts';
import { TaggedAddr, get_tagged_addr_ctrl } from './kernel/tagged-addr.ts';
import { Vdso } from './kernel/vdso.ts';
import { Arm64Mm } from './mm/mmu.ts';

const ISR_I = 1 << 7;
const EM_AARCH64 = 183;

const regs_of = (regs: GenericPtRegs): PtRegs => regs as PtRegs;

export class Arm64 extends Arm64Mm implements Arch {
  readonly cpu: Cpu;
  readonly io: Io;
  readonly vdso: Vdso;
  readonly fpsimd: FpSimd;
  readonly tagged_addr = new TaggedAddr();
  readonly sys_call_table: readonly (Syscall | undefined)[];
  readonly machine = 'aarch64';
  readonly elf_machine = EM_AARCH64;
  readonly elf_platform = 'aarch64';
  readonly minsigstksz = MINSIGSTKSZ;
  readonly regsets: readonly UserRegset[];
  /** Where a signal frame is put together or taken apart: nothing of it outlives the call that uses it. */
  readonly sigframe = new SigFrameBuffer();
  /** Of this machine, from setup_arch() on. */
  kernel!: Kernel;
  private readonly board: Board;
  private readonly hwcaps: Hwcaps;
  private readonly counter: SystemRegister;
  private readonly pending: SystemRegister;

  constructor(board: Board) {
    const io = board_io(board);
    super(io, board.cpu, () => this.kernel.mm);
    this.board = board;
    this.cpu = board.cpu;
    this.io = io;
    this.fpsimd = new FpSimd(board.cpu);
    this.vdso = new Vdso(() => this.kernel);
    this.hwcaps = setup_elf_hwcaps(board.cpu);
    this.regsets = aarch64_regsets(this);
    this.sys_call_table = index_syscalls();
    this.counter = board.cpu.sysregs.find('CNTVCT_EL0');
    this.pending = board.cpu.sysregs.find('ISR_EL1');
  }

  /* <asm/syscall.h> */

  syscall_get_nr(regs: GenericPtRegs): number {
    return regs_of(regs).syscallno;
  }

  syscall_set_nr(regs: GenericPtRegs, nr: number): void {
    regs_of(regs).syscallno = nr;
    // Who sets "no call" does not set a result: without one the first argument would be it.
    if (nr === NO_SYSCALL) regs_of(regs).put(0, -ENOSYS);
  }

  syscall_rollback(regs: GenericPtRegs): void {
    regs_of(regs).move(0, ORIG_X0);
  }

  syscall_set_return_value(regs: GenericPtRegs, value: number | bigint): void {
    if (typeof value === 'number') regs_of(regs).put(0, value);
    else regs_of(regs).regs[0] = value;
  }

  syscall_get_return_value(regs: GenericPtRegs): number {
    return regs_of(regs).signedValue(0);
  }

  syscall_result(regs: GenericPtRegs): bigint {
    return regs_of(regs).regs[0]!;
  }

  syscall_get_arguments(regs: GenericPtRegs): readonly bigint[] {
    const { regs: x } = regs_of(regs);
    return [x[ORIG_X0]!, x[1]!, x[2]!, x[3]!, x[4]!, x[5]!];
  }

  syscall_get_argument_words(regs: GenericPtRegs, to: Uint32Array, at: number): void {
    const { words } = regs_of(regs);
    to[at] = words[2 * ORIG_X0]!;
    to[at + 1] = words[2 * ORIG_X0 + 1]!;
    for (let i = 2; i < 12; i++) to[at + i] = words[i]!;
  }

  syscall_set_arguments(regs: GenericPtRegs, args: readonly bigint[]): void {
    const { regs: x } = regs_of(regs);
    args.forEach((arg, n) => {
      x[n] = arg;
    });
    x[ORIG_X0] = args[0]!;
  }

  syscall_get_arch(_task: Task): number {
    return AUDIT_ARCH_AARCH64;
  }

  instruction_pointer(regs: GenericPtRegs): number {
    return regs_of(regs).pc;
  }

  instruction_pointer_set(regs: GenericPtRegs, address: number): void {
    regs_of(regs).pc = address;
  }

  arch_syscall_is_vdso_sigreturn({ mm, regs, kernel }: Task): boolean {
    if (kernel.params.get('vdso_sigreturn') === 'false') return false;
    return this.vdso.is_sigreturn(mm!, regs_of(regs).pc);
  }

  user_stack_pointer(regs: GenericPtRegs): number {
    return regs_of(regs).sp;
  }

  arch_ptrace_report_syscall_entry(task: Task): Sleeps<boolean> {
    return ptrace.arch_ptrace_report_syscall_entry(task);
  }

  arch_ptrace_report_syscall_exit(task: Task, step: boolean): Sleeps<void> {
    return ptrace.arch_ptrace_report_syscall_exit(task, step);
  }

  /* Tasks */

  arch_dup_task_struct(orig: Task | null): { regs: PtRegs; thread: object } {
    return process.arch_dup_task_struct(this, orig);
  }

  copy_thread(child: Task, _parent: Task, stack: UserPtr, setTls: boolean, tls: bigint): void {
    process.copy_thread(child, stack, setTls ? tls : null);
  }

  start_thread(task: Task, pc: number, sp: number): void {
    process.start_thread(task, pc, sp);
  }

  flush_thread(task: Task): void {
    process.flush_thread(this, task);
  }

  initcalls(kernel: Kernel): void {
    this.tagged_addr.tagged_addr_init(kernel);
  }

  set_tagged_addr_ctrl(task: Task, arg: number): number {
    return this.tagged_addr.set_tagged_addr_ctrl(task, arg);
  }

  get_tagged_addr_ctrl(task: Task): number {
    return get_tagged_addr_ctrl(task);
  }

  exit_thread(task: Task): void {
    this.fpsimd.fpsimd_release_task(task);
  }

  switch_to(prev: Task, next: Task): void {
    process.switch_to(this, prev, next);
  }

  user_enable_single_step(task: Task): void {
    user_enable_single_step(task);
  }

  user_disable_single_step(task: Task): void {
    user_disable_single_step(task);
  }

  user_mode(task: Task): Sleeps<never> {
    return user_mode(this, task);
  }

  get elf_hwcap(): number {
    return this.hwcaps.hwcap;
  }

  get elf_hwcap2(): number {
    return this.hwcaps.hwcap2;
  }

  arch_setup_additional_pages(task: Task, mm: Mm): number {
    return this.vdso.setup_additional_pages(task, mm);
  }

  update_vsyscall(): void {
    this.vdso.update_vsyscall();
  }

  vdso_join_timens(mm: Mm, ns: TimeNamespace): number {
    return this.vdso.vdso_join_timens(mm, ns);
  }

  /* Signals */

  setup_rt_frame(
    task: Task,
    sig: number,
    info: KernelSigInfo,
    handler: UserPtr,
    flags: number,
    restorer: UserPtr,
    mask: SigSet,
  ): number {
    return signal.setup_rt_frame(task, sig, info, handler, flags, restorer, mask);
  }

  rt_sigreturn(task: Task): number | bigint {
    return rt_sigreturn(task);
  }

  arch_do_signal_or_restart(task: Task): Sleeps<void> {
    return signal.arch_do_signal_or_restart(task);
  }

  arch_untagged_si_addr(addr: bigint, sig: number, code: number): bigint {
    return signal.arch_untagged_si_addr(addr, sig, code);
  }

  /* The machine */

  setup_arch(kernel: Kernel, dtb: number): void {
    this.kernel = kernel;
    setup_arch(this, kernel, dtb);
  }

  read_sysreg(name: string): number {
    return this.cpu.readSysreg(name);
  }

  write_sysreg(name: string, value: number): void {
    this.cpu.writeSysreg(name, value, Math.floor(value / 2 ** 32));
  }

  get_cycles(): number {
    return this.counter.read(1) * 2 ** 32 + this.counter.read(0);
  }

  /** The registers of whoever was in user space are in its pt_regs: the CPU's are free. */
  hvc(fn: number, a1 = 0, a2 = 0, a3 = 0): number {
    const { xw } = this.cpu;
    const args = [fn, a1, a2, a3].flatMap((value) => [value, Math.floor(value / 2 ** 32)]);
    xw.set(args);
    if (!this.cpu.conduit(0)) return -1; // PSCI_RET_NOT_SUPPORTED
    return xw[0]! | 0;
  }

  instructions(): number {
    return this.board.clock.now;
  }

  handle_pending_irqs(): void {
    const { clock } = this.board;
    if (clock.deadline <= clock.now) clock.ringDue();
    while (this.pending.read(0) & ISR_I) this.kernel.irq.handle_irq();
  }

  show_regs(task: Task | null): string {
    const sysreg = (name: string): string =>
      `${name}: ${[1, 0]
        .map((half) =>
          this.cpu
            .readSysregHalf(name, half as 0 | 1)
            .toString(16)
            .padStart(8, '0'),
        )
        .join('')}`;
    const system = ['ESR_EL1', 'FAR_EL1', 'ELR_EL1', 'SPSR_EL1', 'TTBR0_EL1'].map(sysreg).join(' ');
    const user = task?.mm ? process.__show_regs(regs_of(task.regs)) : [];
    return [...user, system].join('\n');
  }

  cpuinfo(): string {
    return show_cpuinfo(this.cpu, this.hwcaps, this.cpu.readSysreg('CNTFRQ_EL0'));
  }
}

/** Physical memory and devices as drivers reach them. */
const board_io = ({ bus }: Board): Io => ({
  ram: bus.ram,
  ramBase: bus.ramBase,
  touch: (at) => bus.touch(at),
  readl: (pa) => bus.read(pa, 4),
  writel: (pa, value) => bus.write(pa, value, 4),
  readb: (pa) => bus.read(pa, 1),
  writeb: (pa, value) => bus.write(pa, value, 1),
});
