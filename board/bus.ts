/*
 * board/bus.ts - from a physical address to RAM or a device
 *
 * Guest:  arch/arm64/arch.ts makes it the kernel's `io`
 * Absent: DMA masters other than virtio, which reads RAM directly.
 */

import { STATE } from './cpu/state.ts';

/** One wire into the interrupt controller. A level, not an event: set it again after every change of state. */
export interface IrqLine {
  set(level: boolean): void;
}

/** A device sees offsets, never addresses, and cannot reach the board. */
export interface MmioDevice {
  readonly name: string;
  /** Bytes of address space. */
  readonly size: number;
  /** `width` is 1, 2 or 4 bytes (an 8-byte access arrives as two of 4, low half first). Returns an unsigned number. */
  read(offset: number, width: number): number;
  write(offset: number, value: number, width: number): void;
}

/**
 * A device was asked for a register that its manual does not have: a bug in a driver, or in the device. Tests throw,
 * a running machine leaves a trace line; the access itself reads as zero and is ignored, as reserved registers are.
 */
export type UnknownRegister = (device: string, offset: number) => void;

/** What the CPU calls for a system register that is a device's: halves of 32 bits, because i64 would be a BigInt. */
export interface SysregHook {
  /** `half` 0 is bits 31:0 and comes first, 1 is bits 63:32. Side effects of a read belong to half 0. */
  read(half: 0 | 1): number;
  write?(lo: number, hi: number): void;
  /** A read moves no line and no alarm: the CPU need not look. */
  readonly quiet?: boolean;
  /** An access from EL0 that is to trap to EL1 with the syndrome of a trapped MSR or MRS. */
  trapsEl0?(): boolean;
}

/** Where devices plug system registers in. */
export type AttachSysreg = (name: string, hook: SysregHook) => void;

interface Mapping {
  readonly base: number;
  readonly end: number;
  readonly device: MmioDevice;
}

const RAM_PAGE = 0x1000;

/** Physical addresses are plain numbers here and everywhere. */
export class Bus {
  /** Everything the CPU engines touch lives in this one memory: CPU state first, then guest RAM. */
  readonly memory: WebAssembly.Memory;
  readonly ramBase: number;
  readonly ramSize: number;
  /** Where RAM begins inside `memory`: host offset = pa - ramBase + ramOffset. */
  readonly ramOffset: number;
  /** Guest RAM, byte for byte; index = pa - ramBase. */
  readonly ram: Uint8Array;
  /** Pages of RAM, counted from 0, that were written although somebody watches them. */
  readonly touched: number[] = [];
  private readonly watched: Uint8Array;
  private readonly touchedFlag: Uint32Array;
  private readonly view: DataView;
  private readonly mappings: Mapping[] = [];
  /** Who was asked last will be asked next. */
  private last: Mapping | undefined;

  constructor(memory: WebAssembly.Memory, ramBase: number, ramSize: number, ramOffset: number) {
    this.memory = memory;
    this.ramBase = ramBase;
    this.ramSize = ramSize;
    this.ramOffset = ramOffset;
    this.ram = new Uint8Array(memory.buffer, ramOffset, ramSize);
    this.view = new DataView(memory.buffer, ramOffset, ramSize);
    this.touchedFlag = new Uint32Array(memory.buffer, STATE.TOUCHED, 1);
    this.watched = new Uint8Array(Math.ceil(ramSize / RAM_PAGE));
  }

  attach(base: number, device: MmioDevice): void {
    this.mappings.push({ base, end: base + device.size, device });
  }

  isRam(pa: number): boolean {
    return pa >= this.ramBase && pa < this.ramBase + this.ramSize;
  }

  /* ---- Whoever writes RAM past the bus says so, because of code that is translated ---- */

  /** From now on writes to this page of RAM, counted from 0, are noted in `touched`. */
  watchPage(page: number, on: boolean): void {
    this.watched[page] = on ? 1 : 0;
  }

  isWatched(offset: number): boolean {
    return this.watched[offset >>> 12] !== 0;
  }

  /** RAM at this offset, to the end of its page at most, was or is about to be written. */
  touch(offset: number): void {
    if (this.watched[offset >>> 12] === 0) return;
    this.touched.push(offset >>> 12);
    this.touchedFlag[0] = 1;
  }

  /** Whoever watches has looked at `touched`. */
  forgetTouched(): void {
    this.touched.length = 0;
    this.touchedFlag[0] = 0;
  }

  /** False where neither RAM nor a device answers: a synchronous external abort. */
  isMapped(pa: number): boolean {
    return this.isRam(pa) || this.find(pa) !== undefined;
  }

  /** A naturally aligned access of 1, 2 or 4 bytes. Nobody there: reads zero, writes vanish; ask isMapped() first. */
  read(pa: number, width: number): number {
    if (this.isRam(pa)) return this.readRam(pa - this.ramBase, width);
    const hit = this.find(pa);
    return hit ? hit.device.read(pa - hit.base, width) >>> 0 : 0;
  }

  write(pa: number, value: number, width: number): void {
    if (this.isRam(pa)) return this.writeRam(pa - this.ramBase, value, width);
    const hit = this.find(pa);
    if (hit) hit.device.write(pa - hit.base, value >>> 0, width);
  }

  private find(pa: number): Mapping | undefined {
    const { last } = this;
    if (last && pa >= last.base && pa < last.end) return last;
    for (const mapping of this.mappings) {
      if (pa >= mapping.base && pa < mapping.end) {
        this.last = mapping;
        return mapping;
      }
    }
    return undefined;
  }

  private readRam(offset: number, width: number): number {
    if (width === 4) return this.view.getUint32(offset, true);
    return width === 2 ? this.view.getUint16(offset, true) : this.view.getUint8(offset);
  }

  private writeRam(offset: number, value: number, width: number): void {
    this.touch(offset);
    if (width === 4) this.view.setUint32(offset, value, true);
    else if (width === 2) this.view.setUint16(offset, value, true);
    else this.view.setUint8(offset, value);
  }
}
