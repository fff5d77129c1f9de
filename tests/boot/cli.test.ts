/*
 * tests/boot/cli.test.ts - the command line: options, exit statuses, rubbish
 */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CLI } from '../lib/pty.ts';

const folder = mkdtempSync(join(tmpdir(), 'eret-cli-'));
test.after(() => rmSync(folder, { recursive: true }));
const file = (name: string, content: string | Uint8Array): string => {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
};

function eret(
  args: readonly string[],
  input = '',
  env: NodeJS.ProcessEnv = {},
): { status: number | null; stdout: string; stderr: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [CLI, ...args], {
    input,
    encoding: 'latin1',
    timeout: 60_000,
    env: { ...process.env, ...env },
  });
  return { status, stdout, stderr };
}

const HELLO = 'build/userland/hello';
const TRUE = 'build/userland/bin/true';
const SH = 'build/userland/bin/sh';

test('--help and --version answer on stdout', () => {
  assert.match(eret(['--help']).stdout, /^usage: eret /);
  assert.match(eret(['--version']).stdout, /^eret \d+\.\d+\.\d+\n$/);
});

function assertRefused(args: readonly string[], env?: NodeJS.ProcessEnv): void {
  const { status, stdout, stderr } = eret(args, '', env);
  assert.is(status, 2, args.join(' '));
  assert.is(stdout, '');
  assert.match(stderr, /^eret: [^\n]+\n$/);
}

test('bad usage is one line on stderr and status 2', () => {
  const cases = [
    ['--nonsense'],
    ['--seed', 'x'],
    ['--mem', '1T'],
    ['--mem', '1'],
    ['--engine', 'steam'],
    ['--engine='],
    ['--threshold', '65536'],
    ['--threshold', '-1'],
    ['--threshold='],
    ['--initrd', '/nowhere'],
    ['--initrd', file('broken.gz', Uint8Array.of(0x1f, 0x8b, 1, 2, 3))],
    ['--replay', '/nowhere'],
    ['--replay', file('log', 'not json\n')],
    ['--replay', file('next.log', '{"eret":2}\n')],
    ['--events', '/nowhere/events'],
    ['/nowhere/program'],
    ['/dev/zero'],
  ];
  for (const args of cases) assertRefused(args);
  assertRefused([HELLO], { ERET_ENGINE: 'steam' });
  assertRefused([HELLO], { ERET_THRESHOLD: 'hot' });
});

test('so is a full disk', () => {
  for (const option of ['--events', '--record']) assertRefused([option, '/dev/full', HELLO]);
  const { status, stderr } = spawnSync('sh', ['-c', `"${process.execPath}" ${CLI} ${HELLO} >/dev/full`]);
  assert.is(status, 2);
  assert.is(String(stderr), 'eret: stdout: ENOSPC\n');
});

test('so is a host without WebAssembly, or without so much memory', () => {
  for (const [flag, complaint] of [
    ['--no-expose-wasm', /^eret: [^\n]*WebAssembly[^\n]*\n$/],
    ['--wasm-max-mem-pages=2000', /^eret: [^\n]*memory\n$/],
  ] as const) {
    const args = [flag, CLI, HELLO];
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'latin1' });
    assert.is(status, 2);
    assert.is(stdout, '');
    assert.match(stderr, complaint);
  }
});

test('when nobody reads any longer it ends as by SIGPIPE', () => {
  const command = `{ "${process.execPath}" ${CLI} build/userland/bin/yes; echo $? >&2; } | head -1`;
  const { stdout, stderr } = spawnSync('sh', ['-c', command]);
  assert.is(String(stdout), 'y\r\n');
  assert.is(String(stderr), '141\n');
});

test('a long text on stdin arrives whole', () => {
  const line = `${'x'.repeat(70)}\n`;
  assert.match(eret(['build/userland/bin/wc'], line.repeat(3000)).stdout, / 3000 +3000 +213000\r\n$/);
});

test("a program's name may be anything", () => {
  assert.is(eret([file('ein Grüßlein', readFileSync(HELLO))]).status, 0);
});

test("a program's exit status is passed on", () => {
  assert.is(eret([TRUE]).status, 0);
  assert.is(eret(['build/userland/bin/false']).status, 1);
  assert.is(eret([SH, '-c', 'exit 42']).status, 42);
});

test('a program killed by a signal leaves 128 + n', () => {
  assert.is(eret([SH, '-c', 'kill -9 $$']).status, 137);
});

test('a program that waits for ever, and does not hear that stdin has ended, leaves 124', () => {
  const { status, stderr } = eret([SH, '-c', 'kill -STOP $$']);
  assert.is(status, 124);
  assert.match(stderr, /^eret: every task waits/);
});

test("a program's output is all there is on stdout", () => {
  const { stdout, stderr } = eret([HELLO]);
  assert.match(stdout, /^[Hh]ello/);
  assert.is(stderr, '');
});

test('options behind the program are the program’s', () => {
  assert.is(eret([SH, '-c', 'echo "$0 $1"', '--help', '--seed']).stdout, '--help --seed\r\n');
});

test('what is not an ELF file ends as exec says', () => {
  assert.is(eret([file('text', 'no program\n')]).status, 126);
});

test('a script on stdin is typed at the console', () => {
  const { status, stdout } = eret([], 'echo one two | wc\nexit 5\n');
  assert.is(status, 5);
  assert.match(stdout, /1 +2 +8/);
});

test('the end of stdin ends the shell', () => {
  assert.is(eret([], 'true\n').status, 0);
});

test('--strace shows calls, arguments and results on stderr', () => {
  const { stderr } = eret(['--strace', HELLO]);
  assert.match(stderr, /write\(1, "[Hh]ello/);
  assert.match(stderr, /execve\("\/job\/hello"/);
});

test('--events writes versioned JSON lines', () => {
  const events = join(folder, 'events');
  eret(['--events', events, TRUE]);
  const lines = readFileSync(events, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { type?: string; version?: number; t: number });
  assert.is(lines[0]!.version, 1);
  assert.ok(lines.some(({ type }) => type === 'exec'));
  assert.ok(
    lines.slice(1).every(({ t }, i, all) => i === 0 || t >= all[i - 1]!.t),
    'time went backwards',
  );
});

test('--initrd takes a gzipped archive of one’s own', () => {
  const archive = file('own.cpio.gz', gzipSync(readFileSync('build/initramfs.cpio')));
  assert.is(eret(['--initrd', archive, TRUE]).status, 0);
});

test('a file is typed at the same instants whichever engine executes, and so is what it recorded', () => {
  const script = file('script', 'cat /proc/uptime\nread x\nsome words\necho $x; sleep 1; date\nexit 4\n');
  const runs = [
    ['--engine=interpreter'],
    ['--engine=auto', '--threshold=2'],
    ['--engine=lockstep', '--threshold=40'],
    ['--replay', join(folder, 'typed-0')],
  ].map((options, i) => {
    const [log, events] = [join(folder, `typed-${i}`), join(folder, `events-${i}`)];
    const command = [process.execPath, CLI, ...options, '--record', log, '--events', events];
    const { status, stdout } = spawnSync('sh', ['-c', '"$@" <"$0"', script, ...command], {
      encoding: 'latin1',
    });
    assert.is(status, 4);
    return { stdout, log: readFileSync(log, 'utf8'), events: readFileSync(events, 'utf8') };
  });
  assert.match(runs[0]!.stdout, /some words\r\n/);
  for (const run of runs) assert.ok(JSON.stringify(run) === JSON.stringify(runs[0]));
});

test('an archive without init is a panic, status 3', () => {
  const { status, stderr } = eret(['--initrd', file('empty.cpio', '')]);
  assert.is(status, 3);
  assert.match(stderr, /Kernel panic - not syncing: No working init found/);
  assert.match(stderr, /at kernel_init \(kernel\/init\/main\.ts:\d+:\d+\)/);
});

test('what was recorded replays to the byte', () => {
  const log = join(folder, 'input.log');
  const script = 'echo $$; sleep 1; ls /; exit 3\n';
  const first = eret(['--record', log, '--seed', '7'], script);
  const second = eret(['--replay', log]);
  assert.is(second.status, 3);
  assert.is(second.stdout, first.stdout);
});

test('a log of another machine is refused', () => {
  const log = join(folder, 'other.log');
  eret(['--record', log, '--seed', '7'], 'exit\n');
  const { status, stderr } = eret(['--replay', log, '--seed', '8']);
  assert.is(status, 2);
  assert.match(stderr, /seed was 7, is 8/);
});

test.run();
