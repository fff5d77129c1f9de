/*
 * tests/bench/v86-machine.ts - a process that is v86 with its first serial port on stdin and stdout
 *
 *   v86-machine.ts LIBRARY KERNEL
 *
 * The guest waits by asking the port again and again. So that this costs nothing, it stands still until something is typed.
 */

import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { argv, stdin, stdout } from 'node:process';

/** As much of v86.d.ts as is used here. */
interface Emulator {
  add_listener(event: 'serial0-output-byte', listener: (byte: number) => void): void;
  serial0_send(text: string): void;
  run(): void;
  stop(): Promise<void>;
}
type Constructor = new (options: object) => Emulator;

const [library = '', kernel = ''] = argv.slice(2);
const { V86 } = (await import(resolve(library, 'libv86.mjs'))) as { V86: Constructor };
const { buffer, byteOffset, length } = readFileSync(kernel);
const emulator = new V86({
  wasm_path: resolve(library, 'v86.wasm'),
  memory_size: 256 << 20,
  vga_memory_size: 2 << 20,
  multiboot: { buffer: buffer.slice(byteOffset, byteOffset + length) },
  disable_speaker: true,
  autostart: true,
});

let line = '';
emulator.add_listener('serial0-output-byte', (byte) => {
  line += String.fromCharCode(byte);
  const waits = line === '# ' || line === 'ready\n';
  if (waits || byte === 0x0a) {
    stdout.write(line);
    line = '';
  }
  if (waits) void emulator.stop();
});
stdin.on('data', (data: Buffer) => {
  emulator.run();
  emulator.serial0_send(data.toString('latin1'));
});
