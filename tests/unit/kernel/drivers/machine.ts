/*
 * tests/unit/kernel/drivers/machine.ts - the board, and as much of a kernel as a driver needs
 *
 * No CPU runs here: tests play its part by asking the interrupt line and calling kernel.irq.handle_irq().
 */
import { Board } from '../../../../board/board.ts';
import { irqchip_init } from '../../../../kernel/drivers/irqchip/irq-gic-v3.ts';
import { unflatten_device_tree } from '../../../../kernel/drivers/of/fdt.ts';
import { early_irq_init } from '../../../../kernel/irq/irqdesc.ts';
import type { Kernel } from '../../../../kernel/kernel.ts';

/* ISR_EL1.I: the IRQ line is up. */
const ISR_I = 1 << 7;

export interface Machine {
  readonly board: Board;
  readonly kernel: Kernel;
  /** Lines of the kernel's log. */
  readonly log: string[];
  /** What came out of the serial port. */
  readonly sent: string[];
  /** Lets virtual time pass, and takes interrupts as they come. */
  advance(instructions: number): void;
}

export function machine(options: { bootargs?: string; initrd?: Uint8Array } = {}): Machine {
  const sent: string[] = [];
  const board = new Board({
    ramSize: 16 << 20,
    seed: 1,
    rtcStart: 1_000_000_000,
    transmit: (byte) => void sent.push(String.fromCharCode(byte)),
    unknown: (device, offset) => {
      throw new Error(`${device}: no register at ${offset.toString(16)}`);
    },
    ...options,
  });
  const log: string[] = [];
  const kernel = bareKernel(board, log);
  if (unflatten_device_tree(kernel, board.dtbAddress) < 0) throw new Error('no device tree');
  early_irq_init(kernel);
  return { board, kernel, log, sent, advance: (instructions) => advance(board, kernel, instructions) };
}

/** With the interrupt controller in service. */
export function machineWithIrqs(options: { bootargs?: string } = {}): Machine {
  const m = machine(options);
  if (irqchip_init(m.kernel) < 0) throw new Error('no interrupt controller');
  return m;
}

function bareKernel(board: Board, log: string[]): Kernel {
  const { bus, cpu } = board;
  const note = (text: string) => void log.push(text);
  return {
    events: null,
    params: new Map(),
    printk: { info: note, warn: note, err: note, emerg: note, register_console: () => {} },
    io: {
      ram: bus.ram,
      ramBase: bus.ramBase,
      readl: (pa: number) => bus.read(pa, 4),
      writel: (pa: number, value: number) => bus.write(pa, value, 4),
    },
    arch: {
      read_sysreg: (name: string) => cpu.readSysreg(name),
      get_cycles: () => cpu.readSysreg('CNTVCT_EL0'),
      write_sysreg: (name: string, value: number) =>
        cpu.writeSysreg(name, value >>> 0, Math.floor(value / 2 ** 32)),
      hvc: (fn: number, a1 = 0, a2 = 0, a3 = 0) => {
        for (const [n, value] of [fn, a1, a2, a3].entries()) cpu.x[n] = BigInt(value);
        cpu.conduit(0);
        return Number(BigInt.asIntN(32, cpu.x[0]!));
      },
    },
  } as unknown as Kernel;
}

function advance({ clock, cpu }: Board, kernel: Kernel, instructions: number): void {
  const end = clock.now + instructions;
  while (clock.now < end) {
    clock.now = Math.min(end, Math.max(clock.now, clock.deadline));
    clock.ringDue();
    if (cpu.readSysreg('ISR_EL1') & ISR_I) kernel.irq.handle_irq();
  }
}
