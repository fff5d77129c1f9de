/*
 * The driver, the line discipline and the board's PL011 together; no task runs, so reads and writes are finished here.
 */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { n_tty_read, n_tty_write } from '../../../../../kernel/drivers/tty/n_tty.ts';
import { pl011_init } from '../../../../../kernel/drivers/tty/amba-pl011.ts';
import { TtyState, tty_fops, tty_release } from '../../../../../kernel/drivers/tty/tty_io.ts';
import { tty_set_termios } from '../../../../../kernel/drivers/tty/termios.ts';
import type { File, FileOperations, Inode } from '../../../../../kernel/include/linux/fs.ts';
import type { Task } from '../../../../../kernel/include/linux/sched.ts';
import { O_NOCTTY, O_NONBLOCK } from '../../../../../kernel/include/uapi/fcntl.ts';
import { IovIter } from '../../../../../kernel/lib/iov_iter.ts';
import { machineWithIrqs } from '../machine.ts';

const TTYAMA0 = (204 << 20) | 64;
const SECOND = 250_000_000;

function serial(console: string | null = 'ttyAMA0') {
  const m = machineWithIrqs();
  const consoles: { name: string; write(text: string): void }[] = [];
  Object.assign(m.kernel, {
    tty: new TtyState(),
    params: new Map(console === null ? [] : [['console', console]]),
    time: { monotonicNs: () => m.board.clock.now * 4 },
    fs: { chrdevs: new Map<number, FileOperations>(), singletons: new Map() },
  });
  Object.assign(m.kernel.printk, {
    register_console: (c: (typeof consoles)[number]) => void consoles.push(c),
  });
  withoutDevtmpfs(() => pl011_init(m.kernel), m.kernel);
  const tty = m.kernel.tty.drivers[0]!.ttys[0]!;
  const task = { kernel: m.kernel, thread_info: { flags: 0 }, signal: { tty: null } } as unknown as Task;
  const file = { f_flags: O_NONBLOCK | O_NOCTTY, f_mode: 3, f_op: tty_fops } as unknown as File;
  const open = () => tty_fops.open!({ i_rdev: TTYAMA0 } as Inode, file, task);
  const read = (size: number) => {
    const into = new Uint8Array(size);
    const ret = n_tty_read(task, tty, file, IovIter.kernel(into)).next().value as number;
    return ret < 0 ? ret : Buffer.from(into.subarray(0, ret)).toString('latin1');
  };
  const write = (text: string) => n_tty_write(task, tty, file, Buffer.from(text, 'latin1')).next().value;
  const type = (text: string) => {
    for (const c of text) m.board.uart.receive(c.charCodeAt(0));
  };
  return { ...m, tty, consoles, file, open, read, write, type };
}

/* register_chrdev() makes a node in /dev; that a node is made is not this test's business. */
function withoutDevtmpfs(run: () => void, kernel: { fs: { singletons: Map<string, unknown> } }): void {
  const root = { d_children: new Map([['ttyAMA0', {}]]), d_sb: {} };
  kernel.fs.singletons.set('devtmpfs', { s_root: root });
  run();
}

test('the port is found, named and logged', () => {
  const s = serial();
  assert.is(s.tty.name, 'ttyAMA0');
  assert.ok(
    s.log.some((line) => line.startsWith('9000000.pl011: ttyAMA0 at MMIO 0x9000000')),
    s.log.join('\n'),
  );
});

test('the console prints before anybody has opened the terminal, with carriage returns', () => {
  const s = serial();
  assert.is(s.consoles[0]!.name, 'ttyAMA0');
  s.consoles[0]!.write('hello\nworld\n');
  assert.is(s.sent.join(''), 'hello\r\nworld\r\n');
});

test('without console= the device tree says which port is the console', () => {
  assert.is(serial(null).consoles[0]!.name, 'ttyAMA0');
  assert.is(serial('tty0').consoles.length, 0, 'console= names another');
});

test('console=ttyAMA0,115200 sets the speed', () => {
  const s = serial('ttyAMA0,115200');
  assert.is(s.tty.termios.c_ospeed, 115_200);
  assert.equal(
    [s.board.bus.read(0x0900_0024, 4), s.board.bus.read(0x0900_0028, 4)],
    [13, 1],
    'IBRD and FBRD at 24 MHz',
  );
});

test('what is typed is echoed and can be read when the line is complete', () => {
  const s = serial();
  assert.is(s.open(), 0);
  s.type('ls\r');
  s.advance(SECOND / 100);
  assert.is(s.sent.join(''), 'ls\r\n');
  assert.is(s.read(100), 'ls\n');
});

test('what is typed before the terminal is open waits for it', () => {
  const s = serial();
  s.type('early\r');
  s.advance(SECOND / 100);
  assert.is(s.sent.join(''), '');
  s.open();
  s.advance(SECOND / 100);
  assert.is(s.read(100), 'early\n');
});

test('a program that does not read loses nothing: the far end has to wait', () => {
  const s = serial();
  s.open();
  tty_set_termios(s.tty, { ...s.tty.termios, c_lflag: 0, c_iflag: 0 });
  const text = Array.from({ length: 3000 }, (_, n) => `${n}\n`).join('');
  s.type(text);
  s.advance(SECOND);
  assert.is(s.tty.throttled, true);
  assert.is(s.board.uart.rxRoom, 0);
  let got = '';
  for (let piece = s.read(1000); typeof piece === 'string'; piece = s.read(1000)) {
    got += piece;
    s.advance(SECOND / 100);
  }
  assert.is(got, text);
});

test('output is held back between ^S and ^Q', () => {
  const s = serial();
  s.open();
  s.type('\x13');
  s.advance(SECOND / 100);
  assert.is(s.write('held'), 4, 'the driver buffers it');
  assert.is(s.sent.join(''), '');
  s.type('\x11');
  s.advance(SECOND / 100);
  assert.is(s.sent.join(''), 'held');
});

test('a write that fills the buffer of a stopped terminal takes 4096 bytes', () => {
  const s = serial();
  s.open();
  s.type('\x13');
  s.advance(SECOND / 100);
  assert.is(s.write('x'.repeat(5000)), 4096);
});

test('a break is a character of its own', () => {
  const s = serial();
  s.open();
  tty_set_termios(s.tty, { ...s.tty.termios, c_lflag: 0, c_iflag: 0 });
  s.board.uart.receiveBreak();
  s.advance(SECOND / 100);
  assert.is(s.read(10), '\0');
});

test('the last close silences the receiver and keeps the console alive', () => {
  const s = serial();
  s.open();
  tty_release(s.file);
  s.type('x');
  s.advance(SECOND / 100);
  assert.is(s.sent.join(''), '');
  s.consoles[0]!.write('still here');
  assert.is(s.sent.join(''), 'still here');
  s.open();
  s.advance(SECOND / 100);
  assert.is(s.sent.join(''), 'still herex', 'it was waiting on the wire');
});

test('without CREAD what is typed is thrown away', () => {
  const s = serial();
  s.open();
  tty_set_termios(s.tty, { ...s.tty.termios, c_cflag: s.tty.termios.c_cflag & ~0x80 });
  s.type('gone\r');
  s.advance(SECOND / 100);
  assert.is(typeof s.read(10), 'number');
});

test.run();
