/*
 * arch/arm64/kernel/fpsimd.ts - whose vectors are in the CPU
 *
 * Linux:   arch/arm64/kernel/fpsimd.c (v6.12)
 * Manual:  Arm ARM, "CPACR_EL1, Architectural Feature Access Control Register", FPEN
 * Differs: Linux lets every program have the registers from its start. Here the first use of a program is an exception
 *          (CPACR_EL1.FPEN), so one that never uses them never costs anything. Linux saves at every switch; here the
 *          registers stay where they are until somebody else's have to go there. The kernel has no use for them, so
 *          nobody can tell.
 * Absent:  SVE, SME, kernel mode NEON
 *
 * 528 bytes of registers are too many to exchange at every switch, and most tasks do not need them. One word says whose
 * they are, and everything follows from it:
 *
 *    owner === thread    the CPU's registers are the task's, newer than thread.fpsimd_state; its program may use them
 *    otherwise           memory is right, and the program must not touch the CPU's registers: it has not used any yet
 *                        (an access traps), or TIF_FOREIGN_FPSTATE fetches them before it goes on
 */

import type { Cpu } from '../../../board/cpu/cpu.ts';
import { TIF_FOREIGN_FPSTATE, type Task } from '../../../kernel/include/linux/sched.ts';
import { type ThreadStruct, thread_of } from '../include/asm/processor.ts';

const FPEN_EL1 = 1 << 20; //    EL0 traps
const FPEN_EL0_EL1 = 3 << 20; // nobody does

export class FpSimd {
  private readonly cpu: Cpu;
  /** Linux: fpsimd_last_state. Null: what is in the CPU is nobody's. */
  private owner: ThreadStruct | null = null;
  private enabled = false;

  constructor(cpu: Cpu) {
    this.cpu = cpu;
  }

  /** Called once, at boot. */
  fpsimd_init(): void {
    this.cpu.writeSysreg('CPACR_EL1', FPEN_EL1);
  }

  /** `next` is about to run. Its registers may still be here. */
  fpsimd_thread_switch(next: Task): void {
    const thread = thread_of(next);
    const info = next.thread_info;
    info.flags &= ~TIF_FOREIGN_FPSTATE;
    if (thread.used_math && this.owner !== thread) info.flags |= TIF_FOREIGN_FPSTATE;
    this.enable(this.owner === thread);
  }

  /** The last thing before `task`, current, goes back to user space with TIF_FOREIGN_FPSTATE. */
  fpsimd_restore_current_state(task: Task): void {
    task.thread_info.flags &= ~TIF_FOREIGN_FPSTATE;
    this.load(thread_of(task));
    this.enable(true);
  }

  /** The first use by a program. The instruction is executed again. */
  do_fpsimd_acc(task: Task): void {
    thread_of(task).used_math = true;
    this.fpsimd_restore_current_state(task);
  }

  /** Memory is right after this, and so are the CPU's registers still. */
  fpsimd_preserve_state(task: Task): void {
    if (this.owner === thread_of(task)) this.save(this.owner);
  }

  /** All of it is about to be overwritten in memory: what is in the CPU does not count any more. */
  fpsimd_flush_task_state(task: Task): void {
    const thread = thread_of(task);
    thread.used_math = true;
    task.thread_info.flags |= TIF_FOREIGN_FPSTATE;
    this.disown(thread);
  }

  /** exec: the new program finds zeroes. */
  fpsimd_flush_thread(task: Task): void {
    const thread = thread_of(task);
    this.disown(thread);
    thread.fpsimd_state.fill(0);
    thread.used_math = false;
    task.thread_info.flags &= ~TIF_FOREIGN_FPSTATE;
    this.enable(false);
  }

  /** exit: nobody will ask for these registers. */
  fpsimd_release_task(task: Task): void {
    this.disown(thread_of(task));
  }

  private disown(thread: ThreadStruct): void {
    if (this.owner === thread) this.owner = null;
  }

  private load(thread: ThreadStruct): void {
    if (this.owner === thread) return;
    if (this.owner) this.save(this.owner);
    this.owner = thread;
    const { cpu } = this;
    cpu.v.set(thread.vregs);
    cpu.writeSysreg('FPSR', thread.fpsr);
    cpu.writeSysreg('FPCR', thread.fpcr); // bits that do not exist are lost here, as on the CPU
  }

  private save(thread: ThreadStruct): void {
    const { cpu } = this;
    thread.vregs.set(cpu.v);
    thread.fpsr = cpu.readSysregHalf('FPSR', 0);
    thread.fpcr = cpu.readSysregHalf('FPCR', 0);
  }

  private enable(on: boolean): void {
    if (this.enabled === on) return;
    this.enabled = on;
    this.cpu.writeSysreg('CPACR_EL1', on ? FPEN_EL0_EL1 : FPEN_EL1);
  }
}
