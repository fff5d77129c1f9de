/*
 * tests/bench/console.ts - a process of the host that is a machine with a shell on its serial console
 *
 * Nothing but typing starts anything in there, so the CPU time of the process from one line typed to the answer is what the
 * machine took for it: booting is not in it, nor is what a program prepares before it says that it is ready.
 */

import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Measured, type Peer, RESULT } from './peer.ts';
import type { Program } from './programs.ts';

/** For what takes seconds, and for what is measured. */
const SOON_MS = 120_000;
const LONG_MS = 1_200_000;
/** Who takes no more than this in so long has nothing to do; a machine that never rests is measured all the same. */
const REST_MS = 20;
const AT_REST_S = 0.001;
const MOST_TRIES = 100;
const PROMPT = /# $/;
const READY = /^ready\r?\n/m;
/** What follows a command; not yet in the line that asked for it. */
const STATUS = /^=(\d+)=\r?\n/m;

export class Console implements Peer {
  readonly name: string;
  private readonly child: ChildProcessWithoutNullStreams;
  /** What was printed and not yet waited for. */
  private screen = '';
  private look: () => void = () => {};

  private constructor(name: string, [file = '', ...args]: readonly string[]) {
    this.name = name;
    this.child = spawn(file, args);
    const show = (data: Buffer): void => {
      this.screen += data.toString('latin1');
      this.look();
    };
    this.child.stdout.on('data', show);
    this.child.stderr.on('data', show);
    this.child.on('close', () => this.look());
    process.once('exit', this.stop);
  }

  /** Starts the machine, and waits for its shell. */
  static async boot(name: string, command: readonly string[]): Promise<Console> {
    const machine = new Console(name, command);
    await machine.expect(PROMPT);
    return machine;
  }

  /** A program that waits for a line when it is ready, and says what came out. */
  async start(command: string): Promise<Measured> {
    this.type(`${command}\n`);
    await this.expect(READY);
    await this.rest();
    const { found, seconds } = await this.measure('\n', RESULT);
    await this.expect(PROMPT);
    return { checksum: found[1]!, seconds, guestTime: Number(found[3]) };
  }

  run({ name, rounds }: Program): Promise<Measured> {
    return this.start(`/bench/programs ${name} ${rounds}`);
  }

  /** Any command, from its being typed to its end. */
  async command(command: string): Promise<{ status: number; seconds: number }> {
    const { found, seconds } = await this.measure(`${command}; echo =$?=\n`, STATUS);
    await this.expect(PROMPT);
    return { status: Number(found[1]), seconds };
  }

  /** The most that the process had in memory so far, in MiB. */
  get peakMemory(): number {
    const status = readFileSync(`/proc/${this.child.pid}/status`, 'latin1');
    return Number(/^VmHWM:\s*(\d+) kB/m.exec(status)![1]) / 1024;
  }

  /** User and system time so far, of all threads: the first number of Documentation/scheduler/sched-stats.rst, nanoseconds. */
  get cpuSeconds(): number {
    const threads = `/proc/${this.child.pid}/task`;
    let sum = 0;
    for (const thread of readdirSync(threads))
      sum += Number(readFileSync(`${threads}/${thread}/schedstat`, 'latin1').split(' ')[0]);
    return sum / 1e9;
  }

  /** Also when we end without having said so: QEMU does not mind that nobody listens any longer. */
  readonly stop = (): void => {
    process.off('exit', this.stop);
    this.child.kill('SIGKILL');
  };

  /** Waits while the host's compiler is busy in the background with what the program prepared. */
  private async rest(): Promise<void> {
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      const before = this.cpuSeconds;
      await sleep(REST_MS);
      if (this.cpuSeconds - before < AT_REST_S) return;
    }
  }

  private type(text: string): void {
    this.child.stdin.write(text);
  }

  private async measure(text: string, answer: RegExp): Promise<{ found: RegExpExecArray; seconds: number }> {
    const before = this.cpuSeconds;
    this.type(text);
    const found = await this.expect(answer, LONG_MS);
    return { found, seconds: this.cpuSeconds - before };
  }

  /** Resolves when the text is on the screen behind what was already waited for. */
  private expect(text: RegExp, limit = SOON_MS): Promise<RegExpExecArray> {
    return new Promise((resolve, reject) => {
      const fail = (): void =>
        reject(new Error(`${this.name}: waited for ${text}; the screen:\n${this.screen.slice(-2000)}`));
      const timer = setTimeout(fail, limit);
      this.look = () => {
        const found = text.exec(this.screen);
        if (!found && this.child.exitCode === null) return;
        clearTimeout(timer);
        this.look = () => {};
        if (!found) return fail();
        this.screen = this.screen.slice(found.index + found[0].length);
        resolve(found);
      };
      this.look();
    });
  }
}
