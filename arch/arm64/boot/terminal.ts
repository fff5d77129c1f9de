/*
 * arch/arm64/boot/terminal.ts - the person's terminal, as the far end of the serial line
 *
 * Differs: the escape keys are QEMU's: ctrl-a x quits, ctrl-a c is the monitor, ctrl-a h helps, ctrl-a ctrl-a is a ctrl-a
 */

import { spawnSync } from 'node:child_process';

export const ESCAPE_HELP = `
ctrl-a x       quit
ctrl-a c       monitor and back
ctrl-a h       this help
ctrl-a ctrl-a  send a ctrl-a
`;

const CTRL_A = 1;

export interface TerminalEvents {
  /** Bytes for the guest. */
  typed(bytes: number[]): void;
  quit(): void;
  monitor(): void;
}

/** Splits what is typed into bytes for the guest and commands for us. */
export class EscapeFilter {
  private readonly events: TerminalEvents;
  private readonly write: (text: string) => void;
  private escaped = false;

  constructor(events: TerminalEvents, write: (text: string) => void) {
    this.events = events;
    this.write = write;
  }

  feed(data: Uint8Array): void {
    const bytes: number[] = [];
    for (const byte of data) {
      if (this.escaped) {
        this.escaped = false;
        this.command(byte, bytes);
      } else if (byte === CTRL_A) this.escaped = true;
      else bytes.push(byte);
    }
    if (bytes.length > 0) this.events.typed(bytes);
  }

  private command(byte: number, bytes: number[]): void {
    switch (String.fromCharCode(byte)) {
      case 'x':
        return this.events.quit();
      case 'c':
        return this.events.monitor();
      case 'h':
      case '?':
        return this.write(ESCAPE_HELP.replaceAll('\n', '\r\n'));
      default:
        bytes.push(byte); // ctrl-a ctrl-a, and anything else that was meant for the guest
    }
  }
}

/**
 * The terminal's raw mode, if it is one. Node's still turns a line feed into two characters, which is the guest's tty's
 * affair; stty(1) stops that, and where there is none nothing is lost.
 */
export class RawMode {
  private readonly stdin: NodeJS.ReadStream;

  constructor(stdin: NodeJS.ReadStream) {
    this.stdin = stdin;
    this.enter();
  }

  enter(): void {
    if (!this.stdin.isTTY) return;
    this.stdin.setRawMode(true);
    spawnSync('stty', ['-opost'], { stdio: ['inherit', 'ignore', 'ignore'] });
  }

  /** The terminal as it was found; may be called twice. */
  leave(): void {
    if (this.stdin.isTTY) this.stdin.setRawMode(false);
  }
}
