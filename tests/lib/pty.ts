/*
 * tests/lib/pty.ts - somebody at a terminal: types, and waits for what the screen shows
 */

import { spawn } from 'node-pty';

const TIMEOUT_MS = 20_000;
export const CLI = 'dist/arch/arm64/boot/eret.js';

export interface Pty {
  type(text: string): void;
  /** Resolves when the text has appeared behind what was already waited for; rejects with the screen when it does not. */
  expect(text: string | RegExp): Promise<string>;
  resize(columns: number, rows: number): void;
  /** Exit status of the program. */
  exit(): Promise<number>;
  readonly pid: number;
}

export function openPty(
  args: readonly string[] = [],
  file = process.execPath,
  prefix: readonly string[] = [CLI],
): Pty {
  const child = spawn(file, [...prefix, ...args], { cols: 80, rows: 24, name: 'xterm', cwd: process.cwd() });
  let screen = '';
  let status: number | null = null;
  const waiting = new Set<() => void>();
  const poke = (): void => {
    for (const check of [...waiting]) check();
  };
  child.onData((data) => {
    screen += data;
    poke();
  });
  child.onExit(({ exitCode, signal }) => {
    status = signal ? 128 + signal : exitCode;
    poke();
  });

  function until<T>(what: string, ready: () => T | undefined): Promise<T> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => finish(() => reject(new Error(`waited for ${what}; the screen:\n${screen}`))),
        TIMEOUT_MS,
      );
      const check = (): void => {
        const value = ready();
        if (value !== undefined) finish(() => resolve(value));
      };
      const finish = (end: () => void): void => {
        clearTimeout(timer);
        waiting.delete(check);
        end();
      };
      waiting.add(check);
      check();
    });
  }

  return {
    type: (text) => child.write(text),
    resize: (columns, rows) => child.resize(columns, rows),
    pid: child.pid,
    expect: (text) =>
      until(String(text), () => {
        const at = typeof text === 'string' ? screen.indexOf(text) : screen.search(text);
        if (at < 0) return undefined;
        const length = typeof text === 'string' ? text.length : text.exec(screen)![0].length;
        const seen = screen.slice(0, at + length);
        screen = screen.slice(at + length);
        return seen;
      }),
    exit: () => until('the exit', () => status ?? undefined),
  };
}
