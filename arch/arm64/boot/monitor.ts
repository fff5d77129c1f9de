/*
 * arch/arm64/boot/monitor.ts - a look at the machine from outside, while it stands still
 *
 * Differs: a handful of QEMU's monitor commands, by QEMU's names
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

export type MonitorResult = { readonly text: string } | 'cont' | 'quit';

/** One line typed at the monitor. */
export function monitorCommand(machine: Machine, line: string): MonitorResult {
  const words = line.trim().replace(/\s+/g, ' ');
  if (words === '') return { text: '' };
  if (words === 'c' || words === 'cont') return 'cont';
  if (words === 'q' || words === 'quit') return 'quit';
  if (words === 'help' || words === '?') return { text: HELP };
  const command = COMMANDS[words];
  return { text: command ? command.run(machine) : `unknown command: '${words}' (try help)` };
}

function showTasks(machine: Machine): string {
  const rows = [...machine.kernel.pids.tasks()].map((task) => {
    const state = task.exit_state ? 'Z' : task.state === 0 ? 'R' : 'S';
    return `${String(task.pid).padStart(5)} ${String(task.real_parent.pid).padStart(5)} ${state} ${task.comm}`;
  });
  return ['  PID  PPID S COMMAND', ...rows].join('\n');
}
