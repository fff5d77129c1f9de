/*
 * tests/lib/linux-lockstep.ts - an unmodified Linux on two boards, one that interprets and one that translates
 *
 *   tsx tests/lib/linux-lockstep.ts [THRESHOLD [MILLIONS]]
 *
 * EL1 is machine code here: exception levels, address spaces, page tables and interrupts change under translated code as a
 * kernel changes them. Registers and TLBs are compared every STRIDE instructions, RAM now and then.
 */

import { readFileSync } from 'node:fs';
import { argv } from 'node:process';
import { pathToFileURL } from 'node:url';
import { firstDifference } from '../../arch/arm64/boot/lockstep/pair.ts';
import { sameState, sideBySide, snapshot, systemRegisters } from '../../arch/arm64/boot/lockstep/state.ts';
import { Board } from '../../board/board.ts';
import { IDLE } from '../../board/cpu/cpu.ts';
import type { EngineOptions } from '../../board/cpu/engine/engine.ts';
import { linuxKernel, NO_LINUX_KERNEL } from './linux-kernel.ts';
import { tlbDifference } from './same-tlb.ts';

const RAM_BASE = 0x4000_0000;
const RAM = 256 << 20;
const STRIDE = 250_007;
const STRIDES_A_LOOK = 400;
const SCRIPT = ['uname -a', 'ls -la /bin | sort | head -5', '/tests/fpsimd', '/tests/features', 'poweroff'];

class Linux {
  readonly board: Board;
  output = '';
  private readonly lines = [...SCRIPT];

  constructor(options: EngineOptions) {
    this.board = new Board({
      ramSize: RAM,
      seed: 1,
      rtcStart: 1_700_000_000,
      bootargs: 'console=ttyAMA0 nokaslr initcall_blacklist=load_system_certificate_list,alg_test',
      initrd: readFileSync('build/initramfs.cpio'),
      transmit: (byte) => {
        this.output += String.fromCharCode(byte);
      },
      ...options,
    });
    const image = readFileSync(linuxKernel()!);
    const textOffset = Number(image.readBigUInt64LE(8));
    const { bus, cpu, dtbAddress } = this.board;
    bus.ram.set(image, textOffset);
    cpu.hosted = false;
    cpu.x[0] = BigInt(dtbAddress);
    cpu.pc = BigInt(RAM_BASE + textOffset);
  }

  /** To instruction `until`; a line of the script is typed where a prompt waits. */
  run(until: number): void {
    const { board } = this;
    if (this.lines.length > 0 && /[#$] $/.test(this.output)) {
      this.output += '\n';
      for (const char of `${this.lines.shift()}\r`) board.uart.receive(char.charCodeAt(0));
    }
    while (board.power === 'on' && board.clock.now < until) {
      board.cpu.stopAt = until;
      if (board.cpu.run() === IDLE) board.skipTo(until);
    }
  }
}

function compare(threshold: number, most: number): number {
  const [reference, subject] = [
    new Linux({ engine: 'interpreter' }),
    new Linux({ engine: 'auto', threshold }),
  ];
  const [a, b] = [reference.board, subject.board];
  for (let n = 1; a.power === 'on' && a.clock.now < most; n++) {
    const until = a.clock.now + STRIDE;
    reference.run(until);
    subject.run(until);
    const look = n % STRIDES_A_LOOK === 0 || a.power !== 'on';
    const inMemory = look ? firstDifference(a.bus.ram, b.bus.ram) : -1;
    if (look) console.log(`${a.clock.now} instructions, ${b.cpu.liveModules} modules`);
    const inTlb = tlbDifference(a, b);
    const isSame = sameState(a.cpu, b.cpu) && inMemory < 0 && inTlb === undefined;
    if (isSame && reference.output === subject.output) continue;
    const places = `RAM: ${inMemory.toString(16)}, TLB: ${inTlb?.toString(16)}`;
    console.log(`they differ between ${until - STRIDE} and ${until}; ${places}`);
    const lines = [...sideBySide([snapshot(a.cpu, 0), snapshot(b.cpu, 0)]), ...systemRegisters(a.cpu, b.cpu)];
    for (const { name, values, differs } of lines)
      console.log(`${differs ? '*' : ' '} ${name} ${values.join(' ')}`);
    return 1;
  }
  console.log(`${reference.output.slice(-600)}\nthe same after ${a.clock.now} instructions`);
  return 0;
}

if (import.meta.url === pathToFileURL(argv[1] ?? '').href) {
  const [threshold = 2, millions = 20_000] = argv.slice(2).map(Number);
  if (linuxKernel()) process.exitCode = compare(threshold, millions * 1e6);
  else console.log(`skipped: no ${NO_LINUX_KERNEL}`);
}
