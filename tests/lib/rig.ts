/*
 * tests/lib/rig.ts - a CPU with RAM and nothing else, for tests that speak machine code
 *
 * RAM is at 0x4000_0000 as on the board. Page tables, where a test wants them, are built by map() below: 4 KiB pages,
 * 48 bits, the tables at the top of RAM.
 */

import { Bus } from '../../board/bus.ts';
import { Clock } from '../../board/clock.ts';
import { Cpu } from '../../board/cpu/cpu.ts';
import type { EngineOptions } from '../../board/cpu/engine/engine.ts';
import { STATE } from '../../board/cpu/state.ts';

export const RAM = 0x4000_0000;
const RAM_SIZE = 0x40_0000;
const TABLES = RAM + 0x20_0000;

/* Descriptor bits that tests combine; AF and "valid page" are map()'s. */
export const PTE = {
  USER: 1n << 6n, //   AP[1]
  RDONLY: 1n << 7n, // AP[2]
  NG: 1n << 11n,
  PXN: 1n << 53n,
  UXN: 1n << 54n,
  AF: 1n << 10n,
  DEVICE: 1n << 2n, // AttrIndx 1
} as const;

const MAIR = { lo: 0x0000_04ff, hi: 0 }; //           0: normal write-back, 1: Device-nGnRE
const TCR = { lo: 0x8010_0010, hi: 0x0000_0075 }; // T0SZ = T1SZ = 16, TG1 4 KiB, 48-bit, AS, TBI0, TBI1

export class Rig {
  readonly clock = new Clock();
  readonly bus: Bus;
  readonly cpu: Cpu;
  readonly view: DataView;
  private nextTable = TABLES + 0x1000;

  constructor(options: EngineOptions = {}) {
    const memory = new WebAssembly.Memory({ initial: (STATE.END + RAM_SIZE) >>> 16 });
    this.bus = new Bus(memory, RAM, RAM_SIZE, STATE.END);
    this.cpu = new Cpu(this.bus, this.clock, options);
    this.view = new DataView(memory.buffer, STATE.END, RAM_SIZE);
  }

  /** Instruction words at a physical address. */
  code(pa: number, words: readonly number[]): void {
    words.forEach((word, i) => void this.view.setUint32(pa - RAM + 4 * i, word, true));
  }

  /** The same, as somebody who is not the CPU writes: the bus is told. */
  write(pa: number, words: readonly number[]): void {
    for (let at = 0; at < 4 * words.length; at += 0x1000) this.bus.touch(pa - RAM + at);
    this.code(pa, words);
  }

  u64(pa: number): bigint {
    return this.view.getBigUint64(pa - RAM, true);
  }

  setU64(pa: number, value: bigint): void {
    this.view.setBigUint64(pa - RAM, value, true);
  }

  /** Leaves for EL0 with all interrupts unmasked, or with the PSTATE given. */
  enter(pc: number | bigint, pstate = 0): void {
    this.cpu.elr = BigInt(pc);
    this.cpu.spsr = pstate;
    this.cpu.eret();
  }

  /** enter() and run(): the vector, PAUSE or IDLE. */
  go(pc: number | bigint, pstate = 0): number {
    this.enter(pc, pstate);
    return this.cpu.run();
  }

  /** Exception class and the rest of ESR_EL1 below IL. */
  get ec(): number {
    return this.cpu.esr >>> 26;
  }

  get iss(): number {
    return this.cpu.esr & 0x1ff_ffff;
  }

  /** One table for both halves, an empty one, and the MMU on. */
  mmuOn(sctlr = 0): void {
    const { cpu } = this;
    cpu.writeSysreg('MAIR_EL1', MAIR.lo, MAIR.hi);
    cpu.writeSysreg('TCR_EL1', TCR.lo, TCR.hi);
    cpu.writeSysreg('TTBR0_EL1', TABLES);
    cpu.writeSysreg('TTBR1_EL1', TABLES);
    cpu.writeSysreg('SCTLR_EL1', sctlr | 1);
  }

  /** Maps a page, or `level` 1 and 2 a block, with the given descriptor bits. No TLB maintenance. */
  map(va: bigint, pa: number, bits: bigint, level = 3): void {
    let table = TABLES;
    for (let at = 0; at < level; at++) {
      const entry = table + 8 * index(va, at);
      if ((this.u64(entry) & 1n) === 0n) {
        this.setU64(entry, BigInt(this.nextTable) | 3n);
        this.nextTable += 0x1000;
      }
      table = Number(this.u64(entry) & 0xffff_ffff_f000n);
    }
    this.setU64(table + 8 * index(va, level), BigInt(pa) | bits | PTE.AF | (level === 3 ? 3n : 1n));
  }

  unmap(va: bigint): void {
    let table = TABLES;
    for (let at = 0; at < 3; at++) table = Number(this.u64(table + 8 * index(va, at)) & 0xffff_ffff_f000n);
    this.setU64(table + 8 * index(va, 3), 0n);
  }
}

function index(va: bigint, level: number): number {
  return Number((va >> BigInt(39 - 9 * level)) & 0x1ffn);
}
