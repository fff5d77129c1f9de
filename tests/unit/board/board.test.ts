/*
 * Expected: QEMU virt's memory map, and the arm64 boot protocol for the device tree blob.
 */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Board } from '../../../board/board.ts';
import { IDLE, PAUSE } from '../../../board/cpu/cpu.ts';
import { assemble } from '../../lib/asm.ts';

const board = (over: Partial<ConstructorParameters<typeof Board>[0]> = {}) =>
  new Board({ ramSize: 8 << 20, seed: 1, rtcStart: 0, transmit: () => {}, ...over });

test('devices answer at their addresses, and nobody anywhere else', () => {
  const { bus } = board();
  assert.is((bus.read(0x0800_ffe8, 4) >> 4) & 15, 3, 'a GICv3 distributor');
  assert.is((bus.read(0x080a_ffe8, 4) >> 4) & 15, 3, 'and its redistributor');
  assert.is(bus.read(0x0900_0fe0, 4), 0x11, 'a PL011');
  assert.is(bus.read(0x0901_0fe0, 4), 0x31, 'a PL031');
  for (const pa of [0, 0x0900_1000, 0x3fff_ffff, 0x4080_0000])
    assert.is(bus.isMapped(pa), false, pa.toString(16));
});

test('a byte that arrives raises the IRQ line when the driver wants it', () => {
  const { bus, cpu, uart, clock } = board();
  const irq = () => (cpu.readSysreg('ISR_EL1') & 0x80) !== 0;
  for (const [pa, value] of [
    [0x080a_0014, 0], //           GICR_WAKER
    [0x0800_0084, 0xffff_ffff], // GICD_IGROUPR1
    [0x0800_0104, 2], //           GICD_ISENABLER1: INTID 33
    [0x0800_0000, 2], //           GICD_CTLR
    [0x0900_0030, 0x301], //       UARTCR
    [0x0900_0038, 0x50], //        UARTIMSC
  ] as const)
    bus.write(pa, value, 4);
  cpu.writeSysreg('ICC_PMR_EL1', 0xf0);
  cpu.writeSysreg('ICC_IGRPEN1_EL1', 1);
  uart.receive(0x41);
  clock.ringDue();
  assert.is(irq(), true);
  assert.is(cpu.readSysreg('ICC_IAR1_EL1'), 33);
  assert.is(bus.read(0x0900_0000, 4), 0x41);
  cpu.writeSysreg('ICC_EOIR1_EL1', 33);
  assert.is(irq(), false);
});

test('the virtual timer interrupts as PPI 27, the physical one as 30', () => {
  for (const [name, intid] of [
    ['CNTV', 27],
    ['CNTP', 30],
  ] as const) {
    const { bus, cpu, clock } = board();
    bus.write(0x080a_0014, 0, 4);
    bus.write(0x080b_0080, 0xffff_ffff, 4);
    bus.write(0x080b_0100, 0xffff_0000, 4);
    bus.write(0x0800_0000, 2, 4);
    cpu.writeSysreg('ICC_PMR_EL1', 0xf0);
    cpu.writeSysreg('ICC_IGRPEN1_EL1', 1);
    cpu.writeSysreg(`${name}_CVAL_EL0`, 25);
    cpu.writeSysreg(`${name}_CTL_EL0`, 1);
    clock.now = 100;
    clock.ringDue();
    assert.is(cpu.readSysreg('ICC_IAR1_EL1'), intid);
  }
});

test('the device tree lies 8-byte aligned in RAM, the initrd before the end of it', () => {
  const initrd = new Uint8Array(5000).fill(0xab);
  const b = board({ initrd, bootargs: 'x=y' });
  assert.is(b.dtbAddress % 8, 0);
  assert.is(
    Buffer.from(b.bus.ram.buffer, b.bus.ramOffset + b.dtbAddress - 0x4000_0000, 4).readUInt32BE(),
    0xd00d_feed,
  );
  const at = b.bus.ram.indexOf(0xab);
  assert.equal(b.bus.ram.subarray(at, at + 5000), initrd);
  assert.is(at % 4096, 0);
});

test('an initrd that leaves no room is refused', () => {
  assert.throws(() => board({ initrd: new Uint8Array(6 << 20) }), /do not fit/);
});

test('the seed decides what is random: the same seed the same tree, another seed another', () => {
  const dtb = (seed: number) => {
    const b = board({ seed });
    return Buffer.from(b.bus.ram.subarray(b.dtbAddress - 0x4000_0000)).toString('hex');
  };
  assert.is(dtb(5), dtb(5));
  assert.is.not(dtb(5), dtb(6));
  assert.is.not(dtb(5), dtb(5 + 2 ** 32));
});

test('an idle machine jumps to the next alarm and not past the limit', () => {
  const b = board();
  b.cpu.writeSysreg('CNTV_CVAL_EL0', 250);
  b.cpu.writeSysreg('CNTV_CTL_EL0', 1);
  b.skipTo(400);
  assert.is(b.clock.now, 400);
  b.skipTo(5000);
  assert.is(b.clock.now, 1000);
});

/** Machine code at the start of RAM, run at EL1 until it waits or stops. */
function bare(source: string): { machine: Board; run: (limit: number) => number } {
  const machine = board();
  const { bus, cpu } = machine;
  assemble(source).forEach((word, n) => void bus.write(0x4000_0000 + 4 * n, word, 4));
  cpu.hosted = false;
  cpu.elr = 0x4000_0000n;
  cpu.spsr = 0x3c5;
  cpu.eret();
  const run = (limit: number): number => {
    cpu.stopAt = limit;
    let why = cpu.run();
    while (why === PAUSE && machine.clock.now < limit) why = cpu.run();
    return why;
  };
  return { machine, run };
}

test('CPU_SUSPEND stands by until an interrupt is pending, masked or not, and says SUCCESS', () => {
  const { machine, run } = bare('mov w0, #1; movk w0, #0xc400, lsl #16; mov x1, #0; hvc #0; mov x2, #7; b .');
  const { cpu, clock } = machine;
  assert.is(run(1000), IDLE);
  const asleep = clock.now;
  assert.is(run(1000), IDLE);
  assert.is(clock.now, asleep);
  cpu.irqLine.set(true);
  assert.is(run(asleep + 10), PAUSE);
  assert.equal([cpu.x[0], cpu.x[2]], [0n, 7n]);
});

test('exceptions without end do not stop the clock', () => {
  for (const source of ['udf #0', 'svc #0', 'br x0']) {
    const { machine, run } = bare(source); // VBAR_EL1 is 0, where there is no memory
    assert.is(run(50), PAUSE, source);
    assert.is(machine.clock.now, 50, source);
  }
});

test.run();
