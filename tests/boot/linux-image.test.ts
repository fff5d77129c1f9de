/*
 * The proof that the board is a board: an unmodified arm64 Linux boots on it, with the project's own userland.
 *
 * Without a kernel image (Debian's 6.12, tests/lib/linux-kernel.ts) this says so and tests nothing.
 * Expected: what that kernel logs under `qemu-system-aarch64 -M virt,gic-version=3`.
 */
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { boot } from '../../arch/arm64/boot/boot.ts';
import { Board } from '../../board/board.ts';
import { IDLE } from '../../board/cpu/cpu.ts';
import { linuxKernel, NO_LINUX_KERNEL } from '../lib/linux-kernel.ts';

const IMAGE = linuxKernel();
const INITRAMFS = 'build/initramfs.cpio';
const RAM = 0x4000_0000;
const SLICE = 1_000_000;
/** Twice what it takes today. */
const LIMIT = 8e9;
/* The certificate check and the ciphers' self tests are half of the boot, and no business of the board's. */
const BOOTARGS = 'console=ttyAMA0 nokaslr initcall_blacklist=load_system_certificate_list,alg_test';

const FEATURES =
  'aes pmull sha1 sha2 crc32 atomics fphp asimdhp cpuid asimdrdm jscvt fcma lrcpc dcpop sha3 asimddp sha512 ilrcpc flagm sb';

/** What a test program prints on any Linux: first line, where from, left out. */
const recorded = (name: string): string =>
  readFileSync(`userland/tests/expected/${name}.txt`, 'utf8').replace(/^.*\n/, '');

/** Boots, types `script` when a prompt waits for it, and returns all that was printed. */
function bootLinux(script: readonly string[]): { output: string; board: Board } {
  const image = readFileSync(IMAGE!);
  const initrd = readFileSync(INITRAMFS);
  let output = '';
  const transmit = (byte: number) => {
    output += String.fromCharCode(byte);
  };
  const board = new Board({
    ramSize: 512 << 20,
    seed: 1,
    rtcStart: 1_700_000_000,
    bootargs: BOOTARGS,
    initrd,
    transmit,
  });
  const textOffset = Number(image.readBigUInt64LE(8));
  board.bus.ram.set(image, textOffset);
  enter(board, RAM + textOffset);

  const lines = [...script];
  while (board.power === 'on' && board.clock.now < LIMIT) {
    if (lines.length > 0 && /[#$] $/.test(output)) {
      output += '\0'; // one line for each prompt
      for (const char of `${lines.shift()}\r`) board.uart.receive(char.charCodeAt(0));
    }
    board.cpu.stopAt = board.clock.now + SLICE;
    if (board.cpu.run() === IDLE) board.skipTo(LIMIT);
  }
  return { output: output.replaceAll('\r', '').replaceAll('\0', ''), board };
}

/* "Booting AArch64 Linux": x0 = device tree, x1 to x3 = 0, MMU off, interrupts masked. */
function enter({ cpu, dtbAddress }: Board, entry: number): void {
  cpu.hosted = false;
  cpu.x.fill(0n);
  cpu.x[0] = BigInt(dtbAddress);
  cpu.pc = BigInt(entry);
}

const missing = [...(IMAGE ? [] : [NO_LINUX_KERNEL]), ...(existsSync(INITRAMFS) ? [] : [INITRAMFS])];
if (missing.length > 0)
  console.log(`linux-image.test: no ${missing.join(', ')}: Linux was not booted on the board`);

(missing.length > 0 ? test.skip : test)(
  'an unmodified arm64 Linux boots, runs a shell and turns the board off',
  () => {
    const { output, board } = bootLinux([
      'uname -sm',
      'cat /proc/interrupts /proc/cpuinfo',
      '/tests/fpsimd',
      '/tests/features',
      'poweroff',
    ]);
    for (const line of [
      'psci: PSCIv1.1 detected in firmware.',
      'GICv3: CPU0: found redistributor 0 region 0:0x00000000080a0000',
      'arch_timer: cp15 timer(s) running at 62.50MHz (virt).',
      '9000000.pl011: ttyAMA0 at MMIO 0x9000000 (irq = 13, base_baud = 0) is a PL011 rev1',
      'rtc-pl031 9010000.pl031: setting system clock to 2023-11-14T22:13:2',
      '\nLinux aarch64\n',
      'GICv3  27 Level     arch_timer\n',
      'GICv3  33 Level     uart-pl011\n',
      // What it reads off this CPU; eret's kernel, which has no event stream, says the same without evtstrm.
      `Features\t: fp asimd evtstrm ${FEATURES}\n`,
      recorded('fpsimd'),
      recorded('features'),
      'reboot: Power down',
    ]) {
      assert.ok(output.includes(line), `${line}\n---\n${output.slice(-3000)}`);
    }
    assert.is(board.power, 'off');
  },
);

test("the project's own kernel reads the same features off the CPU", async () => {
  const machine = await boot();
  const { output } = await machine.run('/bin/cat', ['/proc/cpuinfo']);
  assert.ok(output.includes(`Features\t: fp asimd ${FEATURES}\r\n`), output);
});

test.run();
