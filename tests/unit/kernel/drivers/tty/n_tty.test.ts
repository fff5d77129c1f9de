/*
 * Expected: what the line discipline of real Linux 6.12 (Debian, arm64, under QEMU) did to a pseudo-terminal, recorded by
 * record-n_tty.c next to this file into n_tty.vectors.txt; and termios(3).
 */
import { readFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { n_tty_inq } from '../../../../../kernel/drivers/tty/n_tty.ts';
import { TTY_BREAK, TTY_PARITY } from '../../../../../kernel/drivers/tty/n_tty_input.ts';
import { EAGAIN } from '../../../../../kernel/include/uapi/errno.ts';
import {
  BRKINT,
  ECHO,
  ICANON,
  IGNBRK,
  INPCK,
  OPOST,
  PARMRK,
  VEOL,
  VEOL2,
  VMIN,
} from '../../../../../kernel/include/uapi/termbits.ts';
import { FakeTerminal } from './fake-tty.ts';

const vectors = readFileSync(new URL('n_tty.vectors.txt', import.meta.url), 'utf8')
  .split('\n')
  .filter((line) => /^[0-9a-f]/.test(line));
const bytes = (hex: string) => Buffer.from(hex, 'hex');
const hex = (text: string) => Buffer.from(text, 'latin1').toString('hex');

/** One recorded session, step by step; the expected line is the recorded one. */
function replay(line: string): string {
  const [iflag, oflag, lflag, eols, ...steps] = line.split(' ') as [
    string,
    string,
    string,
    string,
    ...string[],
  ];
  const t = new FakeTerminal();
  const c_cc = t.tty.termios.c_cc.slice();
  [c_cc[VEOL], c_cc[VEOL2]] = bytes(eols) as unknown as [number, number];
  t.set({
    c_iflag: Number.parseInt(iflag, 16),
    c_oflag: Number.parseInt(oflag, 16),
    c_lflag: Number.parseInt(lflag, 16),
    c_cc,
  });
  return [iflag, oflag, lflag, eols, ...steps.map((step) => replayStep(t, step))].join(' ');
}

function replayStep(t: FakeTerminal, step: string): string {
  const rest = step.slice(1);
  if (step[0] === 'i') t.type(bytes(rest));
  else if (step[0] === 'o') return `o${hex(t.output())}`;
  else if (step[0] === 'q') return `q${n_tty_inq(t.tty)}`;
  else if (step[0] === 'l') t.set({ c_lflag: Number.parseInt(rest, 16) });
  else if (step[0] === 'w') return `w${rest.split('=')[0]}=${t.write(bytes(rest.split('=')[0]!))}`;
  else return replayRead(t, Number(rest.split('=')[0]));
  return step;
}

function replayRead(t: FakeTerminal, want: number): string {
  const got = t.read(want);
  return typeof got === 'number' ? `r${want}=${got}:` : `r${want}=${got.length}:${hex(got)}`;
}

test('400 recorded sessions go as they went on real Linux', () => {
  assert.ok(vectors.length >= 400);
  for (const line of vectors) assert.is(replay(line), line);
});

test('a line that is too long loses what does not fit, but can be ended and read', () => {
  const t = new FakeTerminal();
  t.set({ c_lflag: ICANON });
  t.type('x'.repeat(5000));
  assert.is(t.read(10), -EAGAIN);
  t.type('\n');
  const line = t.read(8192) as string;
  assert.is(line.length, 4096);
  assert.is(line.at(-1), '\n');
});

test('a driver is asked to hold back when the buffer is nearly full, and to go on when it has been read', () => {
  const t = new FakeTerminal();
  t.set({ c_lflag: 0 });
  t.type('x'.repeat(3960));
  assert.equal(t.log, []);
  t.type('x'.repeat(20));
  assert.equal(t.log, ['throttle']);
  t.read(3000);
  assert.equal(t.log, ['throttle']);
  t.read(900);
  assert.equal(t.log, ['throttle', 'unthrottle']);
});

test('what does not fit into the line discipline is not lost', () => {
  const t = new FakeTerminal();
  t.set({ c_lflag: 0 });
  const taken = t.receive(new Array(5000).fill(0x41));
  assert.is(taken, 4095);
});

test('a break interrupts, is ignored, or is a zero byte, as BRKINT, IGNBRK and PARMRK say', () => {
  const brk = [TTY_BREAK << 8];
  for (const [c_iflag, expected] of [
    [0, '\0'],
    [IGNBRK, -EAGAIN],
    [PARMRK, '\xff\0\0'],
    [BRKINT, -EAGAIN],
  ] as const) {
    const t = new FakeTerminal();
    t.set({ c_iflag, c_lflag: 0 });
    t.receive(brk);
    assert.is(t.read(10), expected, `c_iflag ${c_iflag}`);
  }
});

test('a character with a parity error is a character unless INPCK asks', () => {
  const bad = [0x41 | (TTY_PARITY << 8)];
  for (const [c_iflag, expected] of [
    [0, 'A'],
    [INPCK, '\0'],
    [INPCK | PARMRK, '\xff\0A'],
  ] as const) {
    const t = new FakeTerminal();
    t.set({ c_iflag, c_lflag: 0 });
    t.receive(bad);
    assert.is(t.read(10), expected);
  }
});

test('a write takes what the driver has room for', () => {
  const t = new FakeTerminal();
  t.room = 5;
  assert.is(t.write('ab\ncd'), 4, 'a newline takes two');
  assert.is(t.output(), 'ab\r\nc');
  t.room = 1;
  t.set({ c_oflag: 0 });
  assert.is(t.write('xyz'), 1);
  t.output();
  t.set({ c_oflag: OPOST });
  assert.is(t.write('xyz'), 1);
});

test('echoes that find no room come when there is some', () => {
  const t = new FakeTerminal();
  t.room = 0;
  t.set({ c_lflag: ICANON | ECHO });
  t.type('abc');
  assert.is(t.output(), '');
  t.room = 100;
  t.type('d');
  assert.is(t.output(), 'abcd');
});

test('VMIN 0 and VTIME 0 is a poll: a read of nothing returns 0', () => {
  const t = new FakeTerminal();
  const c_cc = t.tty.termios.c_cc.slice();
  c_cc[VMIN] = 0;
  t.set({ c_lflag: 0, c_cc });
  assert.is(t.read(10), '');
});

/** What must hold between any two operations. */
function checkInvariants({ tty }: FakeTerminal): void {
  const { read_tail, canon_head, read_head, echo } = tty.disc_data;
  assert.ok(read_tail <= canon_head || !tty.disc_data.icanon, 'canon_head');
  assert.ok(read_tail <= read_head && read_head - read_tail <= 4096, 'read_head');
  assert.ok(echo.length <= 4096, 'echo');
}

test('no settings, no input and no output upset the line discipline', () => {
  const word = fc.integer({ min: 0, max: 0x7fff_ffff });
  const settings = fc.record({
    c_iflag: word,
    c_oflag: word,
    c_lflag: word,
    c_cc: fc.uint8Array({ minLength: 19, maxLength: 19 }),
  });
  const typed = fc.uint8Array({ maxLength: 3000 });
  const step = fc.oneof(
    settings.map((change) => (t: FakeTerminal) => t.set(change)),
    typed.map((bytes) => (t: FakeTerminal) => t.type(bytes)),
    fc.nat(5000).map((size) => (t: FakeTerminal) => t.read(size)),
    typed.map((bytes) => (t: FakeTerminal) => t.write(bytes)),
    fc.nat(100).map((room) => (t: FakeTerminal) => {
      t.room = room * 40;
      t.output();
    }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
      const t = new FakeTerminal();
      for (const run of steps) {
        run(t);
        checkInvariants(t);
      }
    }),
    { numRuns: 150, seed: 7 },
  );
});

test.run();
