/*
 * tests/devices/gic-differential.test.ts - the interrupt controller does what QEMU's does
 *
 * gic.c runs on both boards and prints every step; the texts must be equal.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Board } from '../../board/board.ts';

const SEEDS = [1, 2, 3];
const COUNT = 4000;
const LIMIT = 1e9;
/* Beyond where QEMU puts its device tree. */
const LOAD_ADDRESS = 0x4040_0000;
const RAM = 0x4000_0000;

const directory = mkdtempSync(join(tmpdir(), 'eret-gic-'));

function compile(seed: number): string {
  const output = join(directory, `gic-${seed}`);
  const target = [
    '-target',
    'aarch64-freestanding',
    '-mcpu=generic-fp_armv8-neon+strict_align',
    '-ffreestanding',
    '-nostdlib',
  ];
  const link = [`-Wl,--image-base=${LOAD_ADDRESS}`, '-static', '-o', output];
  const source = ['-O1', `-DSEED=${seed}`, `-DCOUNT=${COUNT}`, 'tests/devices/gic.c'];
  execFileSync('npx', ['--no-install', 'zig', 'cc', ...target, ...link, ...source], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return output;
}

/** What QEMU's board prints, or null without QEMU. */
function onQemu(elf: string): string | null {
  const machine = [
    '-M',
    'virt,gic-version=3',
    '-cpu',
    'cortex-a72',
    '-m',
    '64M',
    '-display',
    'none',
    '-monitor',
    'none',
  ];
  const args = [...machine, '-serial', 'stdio', '-device', `loader,file=${elf},cpu-num=0`];
  const run = spawnSync('qemu-system-aarch64', args, {
    encoding: 'utf8',
    timeout: 60_000,
    maxBuffer: 1 << 26,
  });
  return run.error ? null : run.stdout;
}

function onBoard(elf: string): string {
  const bytes: number[] = [];
  const board = new Board({
    ramSize: 64 << 20,
    seed: 1,
    rtcStart: 0,
    transmit: (byte) => void bytes.push(byte),
  });
  const { cpu, clock } = board;
  cpu.pc = BigInt(load(readFileSync(elf), board.bus.ram));
  cpu.hosted = false;
  while (board.power === 'on' && clock.now < LIMIT) {
    cpu.stopAt = clock.now + 1_000_000;
    cpu.run();
  }
  return Buffer.from(bytes).toString('latin1');
}

/** Puts an ELF file's segments where they want to be; returns its entry. */
function load(elf: Buffer, ram: Uint8Array): number {
  const headers = Number(elf.readBigUInt64LE(32));
  for (let n = 0; n < elf.readUInt16LE(56); n++) {
    const at = headers + n * elf.readUInt16LE(54);
    const [offset, address, size] = [8, 24, 32].map((field) => Number(elf.readBigUInt64LE(at + field))) as [
      number,
      number,
      number,
    ];
    if (elf.readUInt32LE(at) === 1) ram.set(elf.subarray(offset, offset + size), address - RAM);
  }
  return Number(elf.readBigUInt64LE(24));
}

const missing = spawnSync('qemu-system-aarch64', ['--version']).error !== undefined;
for (const seed of SEEDS) {
  const name = `${COUNT} random steps with seed ${seed} end as on QEMU, each of them`;
  test(missing ? `SKIPPED, because qemu-system-aarch64 is not installed: ${name}` : name, () => {
    if (missing) return;
    const elf = compile(seed);
    const [ours, theirs] = [onBoard(elf).split('\n'), onQemu(elf)!.split('\n')];
    assert.is(theirs.length, COUNT + 1);
    for (const [n, line] of theirs.entries()) assert.is(ours[n], line);
  });
}

test.after(() => rmSync(directory, { recursive: true }));
test.run();
