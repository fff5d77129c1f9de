/*
 * The expected values are those of the PL011's manual (Arm DDI 0183).
 */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Clock } from '../../../../board/clock.ts';
import { Pl011 } from '../../../../board/uart/pl011.ts';

const DR = 0x00;
const FR = 0x18;
const LCR_H = 0x2c;
const CR = 0x30;
const IFLS = 0x34;
const IMSC = 0x38;
const RIS = 0x3c;
const MIS = 0x40;
const ICR = 0x44;
const RXFE = 0x10;
const RXFF = 0x40;
const RX = 0x10;
const TX = 0x20;
const RT = 0x40;

function machine() {
  const clock = new Clock();
  const sent: number[] = [];
  const line = { level: false };
  const uart = new Pl011({
    irq: {
      set: (level) => {
        line.level = level;
      },
    },
    clock,
    transmit: (byte) => void sent.push(byte),
    unknown: (device, offset) => {
      throw new Error(`${device}: no register at ${offset.toString(16)}`);
    },
  });
  const type = (text: string) => {
    for (const c of text) uart.receive(c.charCodeAt(0));
  };
  return { clock, sent, line, uart, type };
}

/** Enabled, 115200 baud from 24 MHz, FIFOs on, receive trigger halfway. */
function driven() {
  const m = machine();
  m.uart.write(0x24, 13);
  m.uart.write(0x28, 1);
  m.uart.write(LCR_H, 0x70);
  m.uart.write(CR, 0x301);
  m.uart.write(IMSC, RX | RT);
  return m;
}

test('a byte written is a byte sent', () => {
  const m = machine();
  m.uart.write(DR, 0x41);
  assert.equal(m.sent, [0x41]);
  assert.is(m.uart.read(FR) & 0xa0, 0x80, 'the transmit FIFO is empty and not full');
});

test('bytes come out of the receive FIFO in the order in which they were typed', () => {
  const m = driven();
  m.type('ab');
  assert.is(m.uart.read(FR) & RXFE, 0);
  assert.equal([m.uart.read(DR), m.uart.read(DR)], [0x61, 0x62]);
  assert.is(m.uart.read(FR) & RXFE, RXFE);
});

test('the receive interrupt comes when the FIFO reaches its trigger level', () => {
  const m = driven();
  m.type('1234567');
  assert.is(m.uart.read(RIS) & RX, 0);
  m.type('8');
  assert.is(m.uart.read(MIS), RX);
  assert.is(m.line.level, true);
  m.uart.read(DR);
  assert.is(m.uart.read(RIS) & RX, 0, 'below the level it goes away');
});

test('the trigger level follows UARTIFLS', () => {
  for (const [select, level] of [
    [0, 2],
    [1, 4],
    [2, 8],
    [3, 12],
    [4, 14],
  ] as const) {
    const m = driven();
    m.uart.write(IFLS, select << 3);
    m.type('x'.repeat(level - 1));
    assert.is(m.uart.read(RIS) & RX, 0, `${level - 1}`);
    m.type('x');
    assert.is(m.uart.read(RIS) & RX, RX, `${level}`);
  }
});

test('fewer bytes than the trigger level are reported after 32 bit times of silence', () => {
  const m = driven();
  m.type('a');
  assert.is(m.line.level, false);
  const bits = 32 / 115_200; // seconds
  const due = (bits * 1e9) / 4;
  m.clock.now = Math.floor(due * 0.99);
  m.clock.ringDue();
  assert.is(m.line.level, false);
  m.clock.now = Math.ceil(due * 1.01);
  m.clock.ringDue();
  assert.is(m.uart.read(MIS), RT);
  assert.is(m.line.level, true);
  m.uart.read(DR);
  assert.is(m.uart.read(RIS) & RT, 0, 'an empty FIFO has nothing to report');
  assert.is(m.line.level, false);
});

test('without FIFOs every byte interrupts', () => {
  const m = driven();
  m.uart.write(LCR_H, 0x60);
  m.type('a');
  assert.is(m.uart.read(MIS), RX);
  assert.is(m.uart.read(FR) & RXFF, RXFF);
  m.uart.read(DR);
  assert.is(m.uart.read(MIS), 0);
});

test('an interrupt that was cleared comes back only when the level is passed again', () => {
  const m = driven();
  m.type('12345678');
  m.uart.write(ICR, RX);
  assert.is(m.line.level, false);
  m.type('9');
  assert.is(m.uart.read(RIS) & RX, 0);
});

test('the far end waits while the FIFO is full, so no byte is lost', () => {
  const m = driven();
  const text = 'the quick brown fox jumps over the lazy dog';
  m.type(text);
  assert.is(m.uart.read(FR) & RXFF, RXFF);
  let got = '';
  while (!(m.uart.read(FR) & RXFE)) got += String.fromCharCode(m.uart.read(DR));
  assert.is(got, text);
});

test('rxRoom says how many bytes would be received at once', () => {
  assert.is(machine().uart.rxRoom, 0, 'the receiver is off');
  const m = driven();
  assert.is(m.uart.rxRoom, 16);
  m.type('abc');
  assert.is(m.uart.rxRoom, 13);
  m.type('x'.repeat(20));
  assert.is(m.uart.rxRoom, 0);
});

test('bytes that were typed before the receiver was on are still there afterwards', () => {
  const m = machine();
  m.type('ls');
  assert.is(m.uart.read(FR) & RXFE, RXFE);
  m.uart.write(CR, 0x301);
  assert.is(m.uart.read(DR), 0x6c);
});

test('a transmit interrupt follows each write and is cleared by writing UARTICR', () => {
  const m = driven();
  m.uart.write(IMSC, TX);
  assert.is(m.line.level, false);
  m.uart.write(DR, 0x41);
  assert.is(m.line.level, true);
  m.uart.write(ICR, TX);
  assert.is(m.line.level, false);
});

test('a break is an entry of its own with UARTDR.BE set', () => {
  const m = driven();
  m.uart.write(LCR_H, 0x60);
  m.uart.receiveBreak();
  assert.is(m.uart.read(RIS) & 0x200, 0x200);
  assert.is(m.uart.read(DR), 0x400);
  assert.is(m.uart.read(0x04), 0x4);
});

test('in loopback what is sent is received', () => {
  const m = driven();
  m.uart.write(CR, 0x381);
  m.uart.write(DR, 0x55);
  assert.is(m.uart.read(DR), 0x55);
  assert.equal(m.sent, []);
});

test('the registers come out of reset as the manual says', () => {
  const m = machine();
  assert.is(m.uart.read(CR), 0x300);
  assert.is(m.uart.read(IFLS), 0x12);
  assert.is(m.uart.read(IMSC), 0);
  assert.is(m.uart.read(FR) & 0xf8, 0x90);
});

test('the identification registers say PL011 and PrimeCell', () => {
  const m = machine();
  const id = (from: number) => [0, 4, 8, 12].map((n) => m.uart.read(from + n));
  assert.equal(id(0xff0), [0x0d, 0xf0, 0x05, 0xb1]);
  const [p0, p1] = id(0xfe0) as [number, number];
  assert.is(p0 | ((p1 & 15) << 8), 0x011);
});

test('a register that the manual does not have is reported', () => {
  assert.throws(() => machine().uart.read(0x0c), /no register at c/);
  assert.throws(() => machine().uart.write(0x90, 0), /no register at 90/);
});

test.run();
