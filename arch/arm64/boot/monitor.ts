/*
 * arch/arm64/boot/monitor.ts - a look at the machine from outside, while it stands still
 *
 * Differs: a handful of QEMU's monitor commands, by QEMU's names; the line editor knows backspace and ctrl-u
 */

import type { Machine } from './machine.ts';

interface Command {
  readonly help: string;
  run(machine: Machine): string;
}

const COMMANDS: Readonly<Record<string, Command>> = {
  'info registers': {
    help: "the CPU's registers",
    run: (machine) => machine.arch.show_regs(machine.kernel.sched.current),
  },
  'info tasks': { help: 'every task, its state and what it is called', run: showTasks },
  'info clock': { help: 'instructions since power-on', run: (machine) => `${machine.now} instructions` },
  'info events': { help: 'the last events', run: (machine) => machine.events.last().join('\n') },
};

const HELP = [
  ...Object.entries(COMMANDS).map(([name, { help }]) => `${name.padEnd(16)}${help}`),
  `${'cont'.padEnd(16)}back to the guest (as ctrl-a c)`,
  `${'quit'.padEnd(16)}switch the machine off`,
].join('\n');

const PROMPT = '(eret) ';
const BACKSPACE = 0x08;
const DELETE = 0x7f;
const CTRL_U = 0x15;
const RETURN = 0x0d;
const NEWLINE = 0x0a;

export interface MonitorHost {
  write(text: string): void;
  /** Back to the guest. */
  leave(): void;
  quit(): void;
}

/** Has the terminal's bytes while it is open; the terminal stays raw, so it echoes by itself. */
export class Monitor {
  private readonly machine: Machine;
  private readonly host: MonitorHost;
  private line = '';
  active = false;

  constructor(machine: Machine, host: MonitorHost) {
    this.machine = machine;
    this.host = host;
  }

  enter(): void {
    this.active = true;
    this.line = '';
    this.host.write(`\r\n${PROMPT}`);
  }

  leave(): void {
    this.active = false;
    this.host.leave();
  }

  /** Returns what was typed behind the command that left the monitor: it is the guest's. */
  feed(bytes: readonly number[]): number[] {
    for (const [i, byte] of bytes.entries()) {
      this.key(byte);
      if (!this.active) return bytes.slice(i + 1);
    }
    return [];
  }

  private key(byte: number): void {
    if (byte === RETURN || byte === NEWLINE) return this.execute();
    if (byte === CTRL_U) return this.erase(this.line.length);
    if (byte === BACKSPACE || byte === DELETE) return this.erase(Math.min(1, this.line.length));
    if (byte < 0x20) return;
    this.line += String.fromCharCode(byte);
    this.host.write(String.fromCharCode(byte));
  }

  private erase(count: number): void {
    this.line = this.line.slice(0, this.line.length - count);
    this.host.write('\b \b'.repeat(count));
  }

  private execute(): void {
    const words = this.line.trim().replace(/\s+/g, ' ');
    this.line = '';
    this.host.write('\r\n');
    if (words === 'q' || words === 'quit') return this.host.quit();
    if (words === 'c' || words === 'cont') return this.leave();
    const text = this.answer(words);
    if (text) this.host.write(`${text.replaceAll('\n', '\r\n')}\r\n`);
    this.host.write(PROMPT);
  }

  private answer(words: string): string {
    if (words === '') return '';
    if (words === 'help' || words === '?') return HELP;
    return COMMANDS[words]?.run(this.machine) ?? `unknown command: '${words}' (try help)`;
  }
}

function showTasks(machine: Machine): string {
  const rows = [...machine.kernel.pids.tasks()].map((task) => {
    const state = task.exit_state ? 'Z' : task.state === 0 ? 'R' : 'S';
    return `${String(task.pid).padStart(5)} ${String(task.real_parent.pid).padStart(5)} ${state} ${task.comm}`;
  });
  return ['  PID  PPID S COMMAND', ...rows].join('\n');
}
