/*
 * board/board.ts - everything soldered together
 *
 * Guest: kernel/drivers/ and arch/arm64/, by address, system register and interrupt only
 *
 * The owner of a board (a boot loader, a test, a debugger) loads RAM, sets the CPU's registers, runs the CPU until it
 * stops, and looks at `power`. The board itself never runs on its own and never looks at the host.
 */
import type { UnknownRegister } from './bus.ts';
import { Bus } from './bus.ts';
import { Clock } from './clock.ts';
import { Cpu } from './cpu/cpu.ts';
import type { EngineOptions } from './cpu/engine/engine.ts';
import { STATE } from './cpu/state.ts';
import { deviceTree, flatten } from './dtb.ts';
import { GicV3 } from './gic/gicv3.ts';
import { intid, MAP, RAM_BASE, TIMER_IRQS } from './map.ts';
import type { PowerState } from './power/psci.ts';
import { Psci } from './power/psci.ts';
import { Pl031 } from './rtc/pl031.ts';
import { GenericTimer } from './timer/generic-timer.ts';
import { Pl011 } from './uart/pl011.ts';

export interface BoardOptions extends EngineOptions {
  /** Bytes, a multiple of 64 KiB. */
  readonly ramSize: number;
  /** Decides everything that is random on this board. */
  readonly seed: number;
  /** Seconds since 1970 that the battery-backed clock shows at power-on. */
  readonly rtcStart: number;
  /** /chosen/bootargs: the kernel's command line. */
  readonly bootargs?: string;
  /** Put into RAM, and into /chosen. */
  readonly initrd?: Uint8Array | null;
  /** A byte leaves by the serial port. */
  readonly transmit: (byte: number) => void;
  /** Somebody touched a register that does not exist; by default it is ignored, as hardware does. */
  readonly unknown?: UnknownRegister;
}

const WASM_PAGE = 0x1_0000;
const RAM_PAGE = 0x1000;
const RNG_SEED_BYTES = 32;

export class Board {
  readonly clock = new Clock();
  readonly bus: Bus;
  readonly cpu: Cpu;
  readonly gic: GicV3;
  readonly uart: Pl011;
  readonly rtc: Pl031;
  /** Where the device tree lies: what a kernel finds in X0. */
  readonly dtbAddress: number;
  private readonly psci: Psci;

  constructor(options: BoardOptions) {
    const { ramSize, rtcStart, transmit, unknown = () => {} } = options;
    const { clock } = this;
    const memory = new WebAssembly.Memory({ initial: (STATE.END + ramSize) / WASM_PAGE });
    this.bus = new Bus(memory, RAM_BASE, ramSize, STATE.END);
    this.cpu = new Cpu(this.bus, clock, options);

    const attachSysreg = this.cpu.sysregs.attach.bind(this.cpu.sysregs);
    this.gic = new GicV3({ irq: this.cpu.irqLine, fiq: this.cpu.fiqLine, attachSysreg, unknown });
    const physicalIrq = this.gic.line(intid(TIMER_IRQS.physical));
    const virtualIrq = this.gic.line(intid(TIMER_IRQS.virtual));
    const openCounter = this.cpu.openCounter.bind(this.cpu);
    new GenericTimer({ clock, physicalIrq, virtualIrq, attachSysreg, openCounter });
    this.uart = new Pl011({ irq: this.gic.line(intid(MAP.UART0.irq)), clock, transmit, unknown });
    this.rtc = new Pl031({ irq: this.gic.line(intid(MAP.RTC.irq)), clock, start: rtcStart, unknown });

    this.bus.attach(MAP.GICD.base, this.gic.distributor);
    this.bus.attach(MAP.GICR.base, this.gic.redistributor);
    this.bus.attach(MAP.UART0.base, this.uart);
    this.bus.attach(MAP.RTC.base, this.rtc);

    this.psci = new Psci({ standby: () => this.cpu.standby() });
    this.cpu.conduit = () => {
      this.psci.call(this.cpu.x);
      return true;
    };
    this.dtbAddress = this.loadBootData(options);
  }

  /** What the guest asked of the firmware; once it is not 'on' this board is done, and a reset is a new board. */
  get power(): PowerState {
    return this.psci.power;
  }

  /** The processing element waits for an interrupt: time jumps to the next alarm, but not past `limit`. */
  skipTo(limit: number): void {
    const { clock } = this;
    clock.now = Math.max(clock.now, Math.min(clock.deadline, limit));
    clock.ringDue();
  }

  /* What a boot ROM does: initial file system and device tree at the very end of RAM, so that the rest is in one piece. */
  private loadBootData({ bootargs, initrd, seed }: BoardOptions): number {
    const { ram, ramSize } = this.bus;
    const initrdAt = pageDown(ramSize - (initrd?.length ?? 0));
    if (initrdAt < ramSize / 2)
      throw new RangeError(`initrd: ${initrd?.length} bytes do not fit into half of RAM`);
    if (initrd) ram.set(initrd, initrdAt);
    const range = initrd && { start: RAM_BASE + initrdAt, end: RAM_BASE + initrdAt + initrd.length };

    const dtb = flatten(
      deviceTree(ramSize, {
        ...(bootargs !== undefined && { bootargs }),
        ...(range && { initrd: range }),
        rngSeed: rngSeed(seed),
      }),
    );
    const dtbAt = pageDown(initrdAt - dtb.length);
    ram.set(dtb, dtbAt);
    return RAM_BASE + dtbAt;
  }
}

const pageDown = (offset: number): number => offset - (((offset % RAM_PAGE) + RAM_PAGE) % RAM_PAGE);

/* MurmurHash3's finalizer over a Weyl sequence: neighbouring seeds have nothing in common. */
function rngSeed(seed: number): Uint8Array {
  const words = new Uint32Array(RNG_SEED_BYTES / 4);
  let state = (seed ^ Math.imul(seed / 2 ** 32, 0x85eb_ca6b)) >>> 0;
  for (let n = 0; n < words.length; n++) {
    state = (state + 0x9e37_79b9) >>> 0;
    let hash = Math.imul(state ^ (state >>> 16), 0x85eb_ca6b);
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2_ae35);
    words[n] = hash ^ (hash >>> 16);
  }
  return new Uint8Array(words.buffer);
}
