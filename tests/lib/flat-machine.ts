/*
 * tests/lib/flat-machine.ts - the interpreter alone: no MMU, no devices, two regions of memory mapped one to one
 *
 * For tests of instructions. A system instruction is Undefined here, an unmapped address a fault.
 */
import { interpreterBytes, type Run } from '../../board/cpu/engine/load.ts';
import { ACCESS, EXIT, STATE, TLB_ENTRIES, TLB_ENTRY } from '../../board/cpu/state.ts';

const PAGE = 0x1000;
const WASM_PAGE = 0x1_0000;

export interface Region {
  readonly base: number;
  readonly size: number;
}

export class FlatMachine {
  readonly memory: WebAssembly.Memory;
  readonly words: Uint32Array;
  readonly dwords: BigUint64Array;
  readonly run: Run;
  /** Why slow() refused the last access. */
  misaligned = false;
  private readonly regions: readonly Region[];
  private readonly view: DataView;

  /** Called at every access that misses the TLB. */
  onSlow: () => void = () => {};

  constructor(regions: readonly Region[], bytes: Uint8Array = interpreterBytes()) {
    const size = regions.reduce<number>((sum, region) => sum + region.size, STATE.END);
    this.memory = new WebAssembly.Memory({ initial: Math.ceil(size / WASM_PAGE) });
    this.words = new Uint32Array(this.memory.buffer);
    this.dwords = new BigUint64Array(this.memory.buffer);
    this.view = new DataView(this.memory.buffer);
    this.regions = regions;
    this.words[STATE.TLB >>> 2] = STATE.TLB_EL0;
    this.words[STATE.TLB_USER >>> 2] = STATE.TLB_EL0;
    // Page 0, which nothing maps, is the one whose tag is zero: also for what begins in the last page and ends in it.
    for (const index of [0, TLB_ENTRIES - 1]) this.empty(STATE.TLB_EL0 + index * TLB_ENTRY.SIZE);
    const imports = {
      memory: this.memory,
      slow: (access: number) => this.slow(access),
      fetch: () => this.fetch(),
      sys: () => EXIT.UNDEFINED,
    };
    const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: imports });
    this.run = instance.exports.run as Run;
  }

  /** Where a guest address lies in `memory`; 0 = nowhere. */
  host(address: number, size = 1): number {
    let start: number = STATE.END;
    for (const region of this.regions) {
      if (address >= region.base && address + size <= region.base + region.size)
        return start + address - region.base;
      start += region.size;
    }
    return 0;
  }

  /** Executes `count` instructions from `pc`; EXIT.BUDGET is the good answer. */
  execute(pc: number, count: number): number {
    this.dwords[STATE.PC >>> 3] = BigInt(pc);
    this.words[STATE.BUDGET >>> 2] = count;
    return this.run();
  }

  private address(): number {
    return Number(this.view.getBigUint64(STATE.VA, true));
  }

  private slow(access: number): number {
    this.onSlow();
    const address = this.address();
    const size = access & ACCESS.SIZE;
    this.misaligned = (access & ACCESS.ALIGNED) !== 0 && address % size !== 0;
    const host = this.misaligned ? 0 : this.host(address, size);
    if (host !== 0) this.fill(address, host, [TLB_ENTRY.READ, TLB_ENTRY.WRITE]);
    return host;
  }

  private fetch(): number {
    const address = this.address();
    const host = this.host(address, 4);
    if (host !== 0) this.fill(address, host, [TLB_ENTRY.EXECUTE]);
    return host === 0 ? 0 : 1;
  }

  private fill(address: number, host: number, tags: readonly number[]): void {
    const page = Math.floor(address / PAGE);
    const entry = STATE.TLB_EL0 + (page % TLB_ENTRIES) * TLB_ENTRY.SIZE;
    this.empty(entry);
    for (const tag of tags) this.dwords[(entry + tag) >>> 3] = BigInt(page * PAGE);
    this.words[(entry + TLB_ENTRY.ADDEND) >>> 2] = host - address;
    this.words[(entry + TLB_ENTRY.EXECUTE_ADDEND) >>> 2] = host - address;
  }

  private empty(entry: number): void {
    this.words.fill(0xffff_ffff, entry >>> 2, (entry + TLB_ENTRY.SIZE) >>> 2);
  }
}
