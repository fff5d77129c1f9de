/*
 * board/mmu/bounce.ts - the buffer for accesses that cannot be done in place: to devices, and across two pages
 *
 * Manual: Arm ARM, "Memory types and attributes": "Device memory"
 *
 * Generated code loads from the buffer what was read into it before, or stores into it what completeStore() takes to
 * where it belongs once the instruction is over.
 */

import type { Bus } from '../bus.ts';
import { ACCESS, STATE } from '../cpu/state.ts';

/** What lies in one page, or belongs to one device. */
interface Piece {
  pa: number;
  size: number;
}

export class Bounce {
  /** Devices are about to be reached: the clock must be exact. */
  beforeDevice: () => void = nothing;
  private readonly bus: Bus;
  private readonly words: Uint32Array;
  private readonly view: DataView;
  private readonly first: Piece = { pa: 0, size: 0 };
  private readonly second: Piece = { pa: 0, size: 0 };

  constructor(bus: Bus) {
    this.bus = bus;
    this.words = new Uint32Array(bus.memory.buffer, 0, STATE.TABLES >>> 2);
    this.view = new DataView(bus.memory.buffer, STATE.BOUNCE, 64);
  }

  /** An access (ACCESS) to so many bytes at one address, then so many at another. Returns the host pointer to use. */
  access(access: number, pa: number, size: number, nextPa: number, nextSize: number): number {
    const { first, second } = this;
    first.pa = pa;
    first.size = size;
    second.pa = nextPa;
    second.size = nextSize;
    if ((access & ACCESS.READ) !== 0) {
      this.readIn(first, 0);
      this.readIn(second, size);
    }
    if ((access & ACCESS.WRITE) !== 0) this.words[STATE.PENDING >>> 2] = 1;
    else first.size = second.size = 0;
    return STATE.BOUNCE;
  }

  /** Finishes the store, if there was one. */
  completeStore(): void {
    const { first, second } = this;
    this.writeOut(first, 0);
    this.writeOut(second, first.size);
    first.size = second.size = 0;
  }

  private readIn({ pa, size }: Piece, to: number): void {
    const width = this.prepare(pa, size);
    for (let i = 0; i < size; i += width) put(this.view, to + i, this.bus.read(pa + i, width), width);
  }

  private writeOut({ pa, size }: Piece, from: number): void {
    const width = this.prepare(pa, size);
    for (let i = 0; i < size; i += width) this.bus.write(pa + i, get(this.view, from + i, width), width);
  }

  /* A device must see the right time; and may raise a line or set an alarm, so the instruction is the slice's last. */
  private prepare(pa: number, size: number): number {
    if (size === 0 || this.bus.isRam(pa)) return 1;
    this.beforeDevice();
    this.words[STATE.PENDING >>> 2] = 1;
    return (size & 3) === 0 ? 4 : size & 1 ? 1 : 2;
  }
}

function nothing(): void {}

function put(view: DataView, at: number, value: number, width: number): void {
  if (width === 4) view.setUint32(at, value, true);
  else if (width === 2) view.setUint16(at, value, true);
  else view.setUint8(at, value);
}

function get(view: DataView, at: number, width: number): number {
  if (width === 4) return view.getUint32(at, true);
  return width === 2 ? view.getUint16(at, true) : view.getUint8(at);
}
