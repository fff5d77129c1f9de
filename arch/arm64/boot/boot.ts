/*
 * arch/arm64/boot/boot.ts - the library: boot a machine, run a program on it, look at what happened
 *
 *   const m = await boot();
 *   const r = await m.run('/bin/hello');
 *   r.status; r.output; r.events;
 */

import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { ENGINES, type EngineName, type EngineOptions } from '../../../board/cpu/engine/engine.ts';
import type { EventLog, StampedEvent } from '../../../kernel/trace/events.ts';
import { concat, cpio, S_IFDIR, S_IFREG } from './cpio.ts';
import { type Driven, Driver } from './driver.ts';
import type { InputEvent, InputLogHeader } from './inputlog.ts';
import { INPUT_LOG_VERSION } from './inputlog.ts';
import { Divergence, Lockstep } from './lockstep/lockstep.ts';
import { Machine, type MachineOptions } from './machine.ts';

export { Divergence };
export type { Event, PublicEvent, StampedEvent } from '../../../kernel/trace/events.ts';
export { Machine, MachinePanic } from './machine.ts';

/** `lockstep`: interpreter and translator both, and a Divergence when they are not the same. */
export const ENGINE_CHOICES = [...ENGINES, 'lockstep'] as const;
export type EngineChoice = EngineName | 'lockstep';

export interface BootOptions extends Omit<EngineOptions, 'engine'> {
  /** Default: what the environment variable ERET_ENGINE says, or the interpreter. */
  readonly engine?: EngineChoice | undefined;
  /** Decides everything random; default 1. */
  readonly seed?: number;
  /** Seconds since 1970 at power-on; default 2026-01-01. */
  readonly rtc?: number;
  /** Bytes of RAM; default 256 MiB. */
  readonly ram?: number;
  /** Words for the kernel's command line, after the default ones. */
  readonly append?: string;
  /** newc archive, perhaps gzipped; default: the project's own userland. */
  readonly initrd?: Uint8Array;
  /** The run is stopped (status 124, as timeout(1) has it) when it takes longer than this. */
  readonly maxInstructions?: number;
  /** Called for every event as it happens. */
  readonly onEvent?: (event: StampedEvent) => void;
  /** Keep the events for the result; default true. A long run has millions. */
  readonly keepEvents?: boolean;
  /** Called with console output as it appears. */
  readonly onOutput?: (text: string) => void;
}

export interface RunResult {
  /** Exit status as a shell shows it: 128 + n when killed by signal n. */
  readonly status: number;
  /** All that the console showed, boot log left out, line ends as the guest wrote them. */
  readonly output: string;
  readonly events: readonly StampedEvent[];
  /** Instructions since power-on when it ended. */
  readonly instructions: number;
  /** What was typed, stamped: the input log. */
  readonly input: readonly InputEvent[];
}

export const DEFAULT_SEED = 1;
/** 2026-01-01T00:00:00Z */
export const DEFAULT_RTC = 1_767_225_600;
export const DEFAULT_RAM = 256 * 2 ** 20;
const COMMAND_LINE = 'console=ttyAMA0';
/** A job's output is all that the console shows: not even the farewell that ignores "quiet". */
export const JOB_COMMAND_LINE = 'quiet loglevel=0';

/** What timeout(1) exits with. */
export const STATUS_TIMEOUT = 124;

/** A machine description that can be booted as often as wanted; nothing runs yet. */
export async function boot(options: BootOptions = {}): Promise<Eret> {
  return new Eret(options);
}

/** A program or file from the host, to be placed into the initramfs. */
export interface HostFile {
  readonly path: string;
  readonly data: Uint8Array;
  readonly mode?: number;
}

export class Eret {
  private readonly options: BootOptions;

  constructor(options: BootOptions) {
    this.options = options;
  }

  /**
   * Boots, runs `program` (a path in the guest) as the only job until it ends, and powers off. `stdin` is typed at the
   * console, `files` are placed beside the userland.
   */
  async run(
    program: string,
    args: readonly string[] = [],
    {
      stdin = '',
      files = [] as readonly HostFile[],
      replay = undefined as readonly InputEvent[] | undefined,
    } = {},
  ): Promise<RunResult> {
    const output: string[] = [];
    const events: StampedEvent[] = [];
    const input: InputEvent[] = [];
    const { machine, driven } = powerOn(
      {
        ...machineOptions(
          { ...this.options, append: `${JOB_COMMAND_LINE} ${this.options.append ?? ''}` },
          withJob(initramfs(this.options.initrd), [program, ...args], files),
        ),
        output: (bytes) => {
          const text = Buffer.from(bytes).toString('latin1');
          output.push(text);
          this.options.onOutput?.(text);
        },
      },
      (log) => {
        if (this.options.keepEvents !== false) log.listen((event) => events.push(event));
        if (this.options.onEvent) log.listen(this.options.onEvent);
      },
    );
    const driver = new Driver(driven, {
      idle: 'skip',
      until: this.options.maxInstructions ?? Infinity,
      record: (event) => input.push(event),
      ...(replay && { replay }),
    });
    driver.type(Buffer.from(stdin, 'latin1'));
    driver.endInput(stdin === '' ? undefined : stdin.charCodeAt(stdin.length - 1));
    const ended = await driver.run();
    const status = ended ? machine.exitStatus : STATUS_TIMEOUT;
    return { status, output: output.join(''), events, instructions: machine.now, input };
  }
}

/** A machine's options, for one machine or for two. */
export interface PowerOptions extends Omit<MachineOptions, 'engine'> {
  readonly engine?: EngineChoice | undefined;
}

/** The machine, and what a Driver is to drive: the same, or with `lockstep` the pair that it is one of. */
export function powerOn(
  { engine, ...options }: PowerOptions,
  watch?: (events: EventLog) => void,
  progress?: (line: string) => void,
): { machine: Machine; driven: Driven } {
  if (engine === 'lockstep') {
    const driven = new Lockstep(options, watch, progress);
    return { machine: driven.pair.reference, driven };
  }
  const machine = new Machine({ ...options, engine }, watch);
  return { machine, driven: machine };
}

/** Options with their defaults, as a machine wants them. */
export function machineOptions(options: BootOptions, initrd: Uint8Array): Omit<PowerOptions, 'output'> {
  return {
    ...engineOptions(options),
    seed: options.seed ?? DEFAULT_SEED,
    rtc: options.rtc ?? DEFAULT_RTC,
    ram: options.ram ?? DEFAULT_RAM,
    append: [COMMAND_LINE, options.append?.trim()].filter(Boolean).join(' '),
    initrd,
  };
}

/** ERET_ENGINE and ERET_THRESHOLD choose for who does not: so any test can be run on another engine. */
function engineOptions({ engine, threshold }: BootOptions): Pick<PowerOptions, 'engine' | 'threshold'> {
  const { ERET_ENGINE, ERET_THRESHOLD } = process.env;
  const named = ENGINE_CHOICES.find((name) => name === ERET_ENGINE);
  if (ERET_ENGINE && !named) throw new Error(`ERET_ENGINE: ${ENGINE_CHOICES.join(', ')}`);
  return {
    engine: engine ?? named,
    threshold: threshold ?? (ERET_THRESHOLD ? Number(ERET_THRESHOLD) : undefined),
  };
}

/** What an input log must know about the machine it was recorded on. */
export function logHeader({
  seed,
  rtc,
  ram,
  append,
  initrd,
}: {
  seed: number;
  rtc: number;
  ram: number;
  append: string;
  initrd: Uint8Array;
}): InputLogHeader {
  const digest = createHash('sha256').update(initrd).digest('hex');
  return { eret: INPUT_LOG_VERSION, seed, rtc, ram, append, initrd: digest };
}

/** The archive, uncompressed; the project's own userland by default. Throws when there is none: build it first. */
export function initramfs(archive: Uint8Array = readFileSync(defaultInitramfs())): Uint8Array {
  return archive[0] === 0x1f && archive[1] === 0x8b ? gunzipSync(archive) : archive;
}

/** In the package beside the built code; in a checkout under build/. */
function defaultInitramfs(): string {
  const here = dirname(fileURLToPath(import.meta.url));
  const candidates = [
    '../../../initramfs.cpio',
    '../../../build/initramfs.cpio',
    '../../../../build/initramfs.cpio',
  ];
  const found = candidates.map((name) => join(here, name)).find((name) => existsSync(name));
  if (!found) throw new Error('no initramfs: run `make userland`');
  return found;
}

/** What init reads: the job's argv, each string ended by NUL. */
const JOB_FILE = 'etc/job';

/** The archive with one behind it that tells init to run `argv` and nothing else. */
export function withJob(
  archive: Uint8Array,
  argv: readonly string[],
  files: readonly HostFile[] = [],
): Uint8Array {
  const job = {
    name: JOB_FILE,
    mode: S_IFREG | 0o644,
    data: Buffer.from(argv.map((arg) => `${arg}\0`).join(''), 'utf8'),
  };
  const placed = files.map(({ path, data, mode = 0o755 }) => ({
    name: path.replace(/^\/+/, ''),
    mode: S_IFREG | mode,
    data,
  }));
  const folders = [...new Set(['etc', ...placed.flatMap(({ name }) => foldersAbove(name))])];
  const made = folders.map((name) => ({ name, mode: S_IFDIR | 0o755, data: new Uint8Array(0) }));
  return concat([pad4(archive), cpio([...made, ...placed, job])]);
}

/** 'usr', 'usr/bin' of 'usr/bin/env'. */
function foldersAbove(name: string): string[] {
  const folder = dirname(name);
  return folder === '.' ? [] : [...foldersAbove(folder), folder];
}

const pad4 = (bytes: Uint8Array): Uint8Array => concat([bytes, new Uint8Array(-bytes.length & 3)]);

/** Where a host program lives in the guest. */
export const guestPath = (hostPath: string): string => `/job/${basename(hostPath)}`;
