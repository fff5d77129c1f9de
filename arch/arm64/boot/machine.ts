/*
 * arch/arm64/boot/machine.ts - a board with a kernel on it
 *
 * Differs: upstream a boot loader loads an Image. Here the kernel is the TypeScript one, which sits at the vectors of EL1;
 *          board puts the device tree and the initramfs into RAM, and that is all a boot loader is needed for.
 */

import { Board } from '../../../board/board.ts';
import type { EngineOptions } from '../../../board/cpu/engine/engine.ts';
import { PAGE_SIZE, page_align } from '../../../kernel/include/linux/types.ts';
import { create_kernel, start_kernel } from '../../../kernel/init/main.ts';
import type { Kernel } from '../../../kernel/kernel.ts';
import { panic_report } from '../../../kernel/panic.ts';
import type { RunState } from '../../../kernel/sched/core.ts';
import { EventLog } from '../../../kernel/trace/events.ts';
import { Arm64 } from '../arch.ts';
import { mapStack } from './sourcemap.ts';
import { syscall_by_nr } from '../../../kernel/syscalls/table.ts';

export interface MachineOptions extends EngineOptions {
  readonly seed: number;
  /** Seconds since 1970 at power-on. */
  readonly rtc: number;
  /** Bytes of RAM. */
  readonly ram: number;
  /** The kernel's command line. */
  readonly append: string;
  /** newc archives, uncompressed, one after the other. */
  readonly initrd: Uint8Array;
  /** Bytes that left by the serial port, in order; called between slices. */
  readonly output: (bytes: Uint8Array) => void;
}

/** The report of a kernel that cannot go on: our bug, or a panic by Linux's own rules. */
export class MachinePanic extends Error {
  override readonly name = 'MachinePanic';
  readonly report: string;

  constructor(report: string, cause: unknown) {
    super(report.split('\n')[0], { cause });
    this.report = report;
  }
}

export class Machine {
  readonly board: Board;
  readonly arch: Arm64;
  readonly kernel: Kernel;
  readonly events: EventLog;
  /** Wait status of the first child of init: the interactive shell, or the job. null while it lives. */
  jobStatus: number | null = null;
  private job = 0;
  private readonly output: (bytes: Uint8Array) => void;
  private outgoing: number[] = [];

  /** Powers on and boots as far as init's first instruction. May throw MachinePanic. */
  constructor(
    { seed, rtc, ram, append, initrd, output, engine, threshold, modules }: MachineOptions,
    watch: (events: EventLog) => void = () => {},
  ) {
    this.output = output;
    const transmit = (byte: number): void => void this.outgoing.push(byte);
    const engines = { engine, threshold, modules };
    this.board = new Board({
      ramSize: ram,
      seed,
      rtcStart: rtc,
      bootargs: append,
      initrd,
      transmit,
      ...engines,
    });
    this.arch = new Arm64(this.board);
    this.kernel = create_kernel(this.arch, this.arch.io);
    this.events = new EventLog(this.kernel, syscall_by_nr);
    this.kernel.events = this.events;
    this.events.listen((event) => this.follow(event), ['fork', 'exit']);
    watch(this.events);
    this.guard(() => start_kernel(this.kernel, this.board.dtbAddress));
    this.flush();
  }

  /** Instructions since power-on. */
  get now(): number {
    return this.board.clock.now;
  }

  /** The instruction count of the next thing that happens by itself; Infinity: nothing does. */
  get nextEvent(): number {
    return this.board.clock.deadline;
  }

  /** Bytes that the serial port can take now. */
  get inputRoom(): number {
    return this.board.uart.rxRoom;
  }

  /** Runs until instruction `until`, or until every task sleeps, or the power is off. May throw MachinePanic. */
  run(until: number): RunState {
    this.board.cpu.stopAt = until;
    const state = this.guard(() => this.kernel.sched.run());
    this.flush();
    return this.board.power === 'on' ? state : 'off';
  }

  /** At the far end of the serial line somebody types; not more than inputRoom bytes. */
  type(bytes: Iterable<number>): void {
    for (const byte of bytes) this.board.uart.receive(byte);
  }

  /** Idle time passes. */
  skipTo(instruction: number): void {
    this.board.skipTo(instruction);
  }

  /** What the machine leaves to the shell that called: the job's exit status, 128 + n for a signal. */
  get exitStatus(): number {
    const status = this.jobStatus ?? 0;
    const signal = status & 0x7f;
    return signal ? 128 + signal : (status >> 8) & 0xff;
  }

  /** init's first child is the job; its last thread's end is the job's. */
  private follow(event: { type: string; pid: number; child?: number; code?: number }): void {
    if (event.type === 'fork' && event.pid === 1 && this.job === 0) this.job = event.child ?? 0;
    if (event.type === 'exit' && event.pid === this.job) this.jobStatus = event.code ?? 0;
  }

  private guard<T>(action: () => T): T {
    try {
      return action();
    } catch (error) {
      this.flush();
      const report = mapStack(panic_report(this.kernel, error, this.events.last()));
      throw new MachinePanic(report, error);
    }
  }

  private flush(): void {
    if (this.outgoing.length === 0) return;
    const bytes = Uint8Array.from(this.outgoing);
    this.outgoing = [];
    this.output(bytes);
  }
}

/** RAM that leaves room for the archive, its unpacked files and something to run in. */
export const minimumRam = (initrd: Uint8Array): number =>
  page_align(initrd.length) * 2 + 16 * 1024 * PAGE_SIZE;
