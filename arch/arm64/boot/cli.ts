/*
 * arch/arm64/boot/cli.ts - `eret [options] [program [args...]]`
 *
 * Differs: QEMU's keys and exit habits. Console on stdout, everything about it on stderr; 2 is bad usage or a file that
 *          cannot be written, 3 a kernel panic, 4 engines that differ (lockstep), 124 a program that waits for ever, 128 + n
 *          its signal or ours, otherwise the status of what ran.
 */

import { closeSync, openSync, readFileSync, statSync, writeSync } from 'node:fs';
import { constants } from 'node:os';
import { parseArgs } from 'node:util';
import type { EventLog } from '../../../kernel/trace/events.ts';
import { EVENTS_VERSION } from '../../../kernel/trace/events.ts';
import { Strace } from '../../../kernel/trace/strace.ts';
import {
  DEFAULT_RAM,
  DEFAULT_RTC,
  DEFAULT_SEED,
  Divergence,
  ENGINE_CHOICES,
  type EngineChoice,
  guestPath,
  JOB_COMMAND_LINE,
  initramfs,
  logHeader,
  machineOptions,
  type PowerOptions,
  powerOn,
  STATUS_TIMEOUT,
  withJob,
} from './boot.ts';
import type { DriverOptions } from './driver.ts';
import { Driver } from './driver.ts';
import { FileInput, isFileInput } from './file-input.ts';
import type { InputLog, InputLogHeader } from './inputlog.ts';
import { formatLine, headerMismatch, parseInputLog } from './inputlog.ts';
import { type Machine, MachinePanic, minimumRam } from './machine.ts';
import { Monitor } from './monitor.ts';
import { mapStack } from './sourcemap.ts';
import { ESCAPE_HELP, EscapeFilter, RawMode } from './terminal.ts';

const STATUS_USAGE = 2;
const STATUS_PANIC = 3;
const STATUS_DIVERGENCE = 4;

const OPTIONS = {
  append: { type: 'string', help: ['TEXT', 'words for the kernel command line'] },
  initrd: { type: 'string', help: ['FILE', 'another initramfs (newc cpio, also gzipped)'] },
  mem: { type: 'string', help: ['SIZE', `RAM, as in 512M or 1G (default ${DEFAULT_RAM / 2 ** 20}M)`] },
  seed: { type: 'string', help: ['N', `what every random thing follows from (default ${DEFAULT_SEED})`] },
  engine: { type: 'string', help: ['NAME', `${ENGINE_CHOICES.join(', ')}: the same run (default auto)`] },
  threshold: { type: 'string', help: ['N', 'visits after which code is translated (0 to 65535)'] },
  rtc: { type: 'string', help: ['SECONDS', 'time at power-on since 1970, or "now" (default: 2026-01-01)'] },
  strace: { type: 'boolean', help: ['', 'every system call of every process on stderr'] },
  events: { type: 'string', help: ['FILE', 'the event stream as JSON lines'] },
  record: { type: 'string', help: ['FILE', 'write down what is typed, and when'] },
  replay: { type: 'string', help: ['FILE', 'type it again: the same run to the byte'] },
  help: { type: 'boolean', help: ['', 'this text'] },
  version: { type: 'boolean', help: ['', 'the version'] },
} as const;

type Values = {
  [K in keyof typeof OPTIONS]?: (typeof OPTIONS)[K]['type'] extends 'string' ? string : boolean;
};

/** Said in one line on stderr; exit status 2. */
class UsageError extends Error {}

function helpText(): string {
  const rows = Object.entries(OPTIONS).map(
    ([name, { help }]) => `  ${`--${name} ${help[0]}`.padEnd(18)}${help[1]}`,
  );
  return [
    'usage: eret [options] [program [args...]]',
    '',
    'Boots an ARM64 board to a shell on its serial console, or runs one program of the',
    "host's file system (a static AArch64 ELF) on it and exits with its status.",
    '',
    ...rows,
    ESCAPE_HELP,
  ].join('\n');
}

/** Options come first; from the first word that is not one everything belongs to the program. */
function parseCommandLine(argv: readonly string[]): { values: Values; program: readonly string[] } {
  const first = firstOperand(argv);
  const own = argv.slice(0, first);
  try {
    const { values } = parseArgs({ args: own, options: OPTIONS, allowPositionals: false });
    const rest = argv.slice(first);
    return { values, program: rest[0] === '--' ? rest.slice(1) : rest };
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message.split(/\.\s/)[0] : String(error));
  }
}

function firstOperand(argv: readonly string[]): number {
  for (let i = 0; i < argv.length; i++) {
    const word = argv[i]!;
    if (word === '--' || !word.startsWith('-')) return i;
    const option = OPTIONS[word.replace(/^--/, '') as keyof typeof OPTIONS];
    if (option?.type === 'string') i++;
  }
  return argv.length;
}

function parseNumber(text: string, name: string): number {
  const value = Number(text);
  if (!/^(0x[0-9a-f]+|\d+)$/i.test(text) || !Number.isSafeInteger(value))
    throw new UsageError(`--${name}: not a number: ${text}`);
  return value;
}

const UNITS: Readonly<Record<string, number>> = { '': 2 ** 20, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30 };
const MAX_RAM = 3 * 2 ** 30;
const RAM_GRANULE = 0x1_0000;

/** As QEMU reads -m: a bare number is megabytes. */
function parseSize(text: string): number {
  const [, digits, unit] = /^(\d+)([KMG]?)$/i.exec(text) ?? [];
  const size = Number(digits) * UNITS[unit?.toUpperCase() ?? '']!;
  if (!digits || size % RAM_GRANULE !== 0 || size > MAX_RAM)
    throw new UsageError(`--mem: not a size: ${text} (at most 3G)`);
  return size;
}

const why = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? String(error);

/** A whole file, or what a pipe brings until its end: a device has none. */
function readInput(path: string, what: string): Uint8Array {
  try {
    const file = statSync(path);
    if (file.isCharacterDevice() || file.isBlockDevice()) throw new UsageError(`${what}: a device: ${path}`);
    return readFileSync(path);
  } catch (error) {
    throw error instanceof UsageError ? error : new UsageError(`${what}: ${why(error)}: ${path}`);
  }
}

/** A line-by-line writer; a file that cannot be written is bad usage. */
function lineWriter(path: string, what: string): (line: string) => void {
  const explain = (error: unknown): UsageError => new UsageError(`${what}: ${why(error)}: ${path}`);
  try {
    const fd = openSync(path, 'w');
    process.once('exit', () => closeSync(fd));
    return (line) => {
      try {
        writeSync(fd, line);
      } catch (error) {
        giveUp(explain(error));
      }
    };
  } catch (error) {
    throw explain(error);
  }
}

/** The end from within the machine, which would take what is thrown for a bug of its own. */
const giveUp = (error: unknown): never => process.exit(fail(error));

function readInitrd({ initrd }: Values): Uint8Array {
  const archive = initrd === undefined ? undefined : readInput(initrd, '--initrd');
  try {
    return initramfs(archive);
  } catch (error) {
    throw new UsageError(archive ? `--initrd: broken gzip: ${initrd}` : (error as Error).message);
  }
}

function withProgram(initrd: Uint8Array, program: readonly string[]): Uint8Array {
  const [path, ...args] = program;
  if (path === undefined) return initrd;
  const data = readInput(path, 'program');
  return withJob(initrd, [guestPath(path), ...args], [{ path: guestPath(path), data }]);
}

function readReplay(path: string): InputLog {
  const log = parseInputLog(Buffer.from(readInput(path, '--replay')).toString('utf8'));
  if (typeof log === 'string') throw new UsageError(`--replay: ${log}: ${path}`);
  return log;
}

const VERSION_FILE = new URL('../../../../package.json', import.meta.url);

function version(): string {
  return (JSON.parse(readFileSync(VERSION_FILE, 'utf8')) as { version: string }).version;
}

/** The machine that the options ask for; where they are silent, the one that was recorded, or the default. */
function chooseMachine(
  values: Values,
  program: readonly string[],
  initrd: Uint8Array,
  recorded: InputLogHeader | undefined,
): ReturnType<typeof machineOptions> {
  const number = (
    text: string | undefined,
    name: keyof InputLogHeader & string,
    otherwise: number,
  ): number =>
    text === undefined ? ((recorded?.[name] as number | undefined) ?? otherwise) : parseNumber(text, name);
  const now = values.rtc === 'now' ? String(Math.floor(Date.now() / 1000)) : values.rtc;
  const ram = values.mem === undefined ? (recorded?.ram ?? DEFAULT_RAM) : parseSize(values.mem);
  if (ram < minimumRam(initrd))
    throw new UsageError(`--mem: ${minimumRam(initrd) / 2 ** 20}M are needed at least`);
  const asked = {
    seed: number(values.seed, 'seed', DEFAULT_SEED),
    rtc: number(now, 'rtc', DEFAULT_RTC),
    ram,
    append: [program.length > 0 ? JOB_COMMAND_LINE : '', values.append ?? '', windowSize()]
      .filter(Boolean)
      .join(' '),
    engine: parseEngine(values.engine ?? (process.env.ERET_ENGINE || undefined)),
    threshold: parseThreshold(values.threshold ?? (process.env.ERET_THRESHOLD || undefined)),
  };
  const options = machineOptions(asked, initrd);
  if (!recorded) return options;
  const same = values.append === undefined ? { ...options, append: recorded.append } : options;
  const mismatch = headerMismatch(recorded, logHeader(same));
  if (mismatch) throw new UsageError(`--replay: another machine: ${mismatch}`);
  return same;
}

/* The environment's words are boot()'s own business, but only here somebody reads what is wrong with them. */

function parseEngine(text: string | undefined): EngineChoice | undefined {
  if (text === undefined) return undefined;
  const found = ENGINE_CHOICES.find((name) => name === text);
  if (!found) throw new UsageError(`--engine: ${ENGINE_CHOICES.join(', ')}`);
  return found;
}

const MAX_THRESHOLD = 0xffff;

function parseThreshold(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = parseNumber(text, 'threshold');
  if (value > MAX_THRESHOLD) throw new UsageError(`--threshold: at most ${MAX_THRESHOLD}`);
  return value;
}

/** The serial line cannot tell the guest how large the screen is; the command line can (userland/init.c). */
function windowSize(): string {
  const { isTTY, rows, columns } = process.stdout;
  return isTTY && rows > 0 && columns > 0 ? `LINES=${rows} COLUMNS=${columns}` : '';
}

/** Prepares everything that can be wrong about the command line, then powers on. Returns the exit status. */
async function main(argv: readonly string[]): Promise<number> {
  const { values, program } = parseCommandLine(argv);
  if (values.help) return print(`${helpText()}\n`);
  if (values.version) return print(`eret ${version()}\n`);

  const initrd = withProgram(readInitrd(values), program);
  const replay = values.replay === undefined ? undefined : readReplay(values.replay);
  const options = chooseMachine(values, program, initrd, replay?.header);
  const record = values.record === undefined ? undefined : lineWriter(values.record, '--record');
  record?.(formatLine(logHeader(options)));

  const watch = watcher(values);
  const output = (bytes: Uint8Array): void => void process.stdout.write(bytes);
  const { machine, driven } = powerOnHere({ ...options, output }, watch);
  const interactive = process.stdin.isTTY === true && !replay;
  const file = isFileInput() && !replay ? new FileInput() : undefined;
  const driver: Driver = new Driver(driven, {
    idle: interactive ? 'wall' : 'skip',
    ...(record && { record: (event) => record(formatLine(event)) }),
    ...(replay && { replay: replay.events }),
    hungry: () => (file ? file.feed(driver) : void process.stdin.resume()),
  } satisfies DriverOptions);
  file?.feed(driver);
  return await attend(machine, driver, replay !== undefined, file !== undefined);
}

/** A host without what a CPU and its RAM are made of is no bug of ours. */
function powerOnHere(options: PowerOptions, watch: (events: EventLog) => void): ReturnType<typeof powerOn> {
  if (typeof WebAssembly === 'undefined')
    throw new UsageError('every engine needs WebAssembly, which this Node was started without (--jitless?)');
  try {
    return powerOn(options, watch, explain);
  } catch (error) {
    throw error instanceof RangeError ? new UsageError(error.message) : error;
  }
}

function watcher(values: Values): (events: EventLog) => void {
  const writeEvent = values.events === undefined ? undefined : lineWriter(values.events, '--events');
  writeEvent?.(`${JSON.stringify({ version: EVENTS_VERSION })}\n`);
  const strace = values.strace ? new Strace((line) => process.stderr.write(line)) : undefined;
  return (events) => {
    if (writeEvent) events.listen((event) => writeEvent(`${JSON.stringify(event)}\n`));
    if (strace)
      events.listen((event) => strace.feed(event), ['sys_enter', 'sys_exit', 'signal_deliver', 'exit']);
  };
}

/** Connects the host's terminal, runs until the end, and leaves the terminal as it was found, whatever the end is. */
async function attend(
  machine: Machine,
  driver: Driver,
  replaying: boolean,
  feeding: boolean,
): Promise<number> {
  const raw = new RawMode(process.stdin);
  const quit = withQuit(raw);
  if (!replaying && !feeding) listen(machine, driver, quit);
  try {
    const ended = await driver.run();
    return ended || replaying ? machine.exitStatus : gaveUp();
  } finally {
    raw.leave();
    process.stdin.pause();
  }
}

/** Who could not hear that stdin has ended would wait for ever. */
function gaveUp(): number {
  process.stderr.write('eret: every task waits, and nothing is left that could wake one\n');
  return STATUS_TIMEOUT;
}

/** Signals that end or stop us must not leave the terminal raw. */
function withQuit(raw: RawMode): (status: number) => void {
  const quit = (status: number): void => {
    raw.leave();
    process.exit(status);
  };
  for (const signal of ['SIGTERM', 'SIGHUP', 'SIGINT', 'SIGQUIT'] as const)
    process.on(signal, () => quit(killedBy(signal)));
  process.on('exit', () => raw.leave());
  if (process.stdin.isTTY) survivesStops(raw);
  return quit;
}

/** The shell that has the terminal meanwhile leaves it as it likes to have it itself. */
function survivesStops(raw: RawMode): void {
  process.on('SIGTSTP', () => {
    raw.leave();
    process.kill(process.pid, 'SIGSTOP');
  });
  process.on('SIGCONT', () => {
    raw.leave();
    raw.enter();
  });
}

const killedBy = (signal: NodeJS.Signals): number => 128 + constants.signals[signal];

function listen(machine: Machine, driver: Driver, quit: (status: number) => void): void {
  const { stdin } = process;
  if (!stdin.isTTY) {
    let last: number | undefined;
    // One chunk at a time, until the driver is hungry again: a long file is not to wait in memory.
    stdin.on('data', (data) => {
      last = data[data.length - 1] as number;
      stdin.pause();
      driver.type(data as Uint8Array);
    });
    stdin.on('end', () => driver.endInput(last));
    stdin.on('error', () => driver.endInput(last));
    return;
  }
  listenTerminal(machine, driver, quit);
}

/** Bytes go to the guest or, while it is open, to the monitor; the machine stands still meanwhile. */
function listenTerminal(machine: Machine, driver: Driver, quit: (status: number) => void): void {
  const write = (text: string): void => void process.stdout.write(text);
  const monitor = new Monitor(machine, { write, leave: () => driver.hold(false), quit: () => quit(0) });
  const filter = new EscapeFilter(
    {
      typed: (bytes) => driver.type(monitor.active ? monitor.feed(bytes) : bytes),
      quit: () => quit(0),
      monitor: () => {
        if (monitor.active) return monitor.leave();
        driver.hold(true);
        monitor.enter();
      },
    },
    write,
  );
  process.stdin.on('data', (data) => filter.feed(data as Uint8Array));
}

const explain = (line: string): void => void process.stderr.write(`lockstep: ${line}\n`);

function print(text: string): number {
  process.stdout.write(text);
  return 0;
}

function fail(error: unknown): number {
  if (error instanceof UsageError) {
    process.stderr.write(`eret: ${error.message}\n`);
    return STATUS_USAGE;
  }
  if (error instanceof MachinePanic) {
    process.stderr.write(`${error.report}\n`);
    return STATUS_PANIC;
  }
  if (error instanceof Divergence) {
    process.stderr.write(`${error.report}\n`);
    return STATUS_DIVERGENCE;
  }
  process.stderr.write(
    `eret: ${mapStack(error instanceof Error ? (error.stack ?? error.message) : String(error))}\n`,
  );
  return STATUS_PANIC;
}

/** Nobody reads any longer: the end that SIGPIPE would have been. Or the disk is full. */
for (const name of ['stdout', 'stderr'] as const)
  process[name].on('error', (error) => {
    if (why(error) === 'EPIPE') process.exit(killedBy('SIGPIPE'));
    giveUp(new UsageError(`${name}: ${why(error)}`));
  });
void main(process.argv.slice(2))
  .catch(fail)
  .then((status) => {
    process.exitCode = status;
  });
