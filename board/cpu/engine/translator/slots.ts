/*
 * board/cpu/engine/translator/slots.ts - the table of all traces, and the modules that they belong to
 *
 * Tens of thousands of live modules abort the host's process (each is a memory mapping or two), so their number is
 * capped. A module lives as long as one of its traces is in the table.
 */

interface Module {
  slots: number[];
  used: number;
}

const INITIAL = 0x1_0000;

export class Slots {
  readonly table = new WebAssembly.Table({ element: 'anyfunc', initial: INITIAL });
  private readonly memory: WebAssembly.Memory;
  private readonly most: number;
  private readonly free: number[] = [];
  private readonly owner: (Module | undefined)[] = [];
  private readonly modules = new Set<Module>();
  private next = 0;
  private clock = 0;

  constructor(memory: WebAssembly.Memory, most: number) {
    this.memory = memory;
    this.most = most;
  }

  get live(): number {
    return this.modules.size;
  }

  get isFull(): boolean {
    return this.modules.size > this.most || this.next - this.free.length > INITIAL / 2;
  }

  /** Compiles a module and gives its `count` traces slots. */
  add(bytes: Uint8Array, count: number): number[] {
    const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), {
      env: { memory: this.memory },
    });
    const module: Module = { slots: [], used: ++this.clock };
    for (let i = 0; i < count; i++) {
      const slot = this.free.pop() ?? this.next++;
      this.table.set(slot, instance.exports[String(i)]);
      this.owner[slot] = module;
      module.slots.push(slot);
    }
    this.modules.add(module);
    return [...module.slots];
  }

  use(slot: number): void {
    const module = this.owner[slot];
    if (module) module.used = ++this.clock;
  }

  release(slots: Iterable<number>): void {
    for (const slot of slots) {
      const module = this.owner[slot];
      if (!module) continue;
      this.table.set(slot, null);
      this.owner[slot] = undefined;
      this.free.push(slot);
      module.slots = module.slots.filter((one) => one !== slot);
      if (module.slots.length === 0) this.modules.delete(module);
    }
  }

  /** Drops the half that was used least recently. Returns the slots that are empty now. */
  evict(): Set<number> {
    const oldest = [...this.modules].sort((a, b) => a.used - b.used).slice(0, (this.modules.size + 1) >>> 1);
    const slots = new Set(oldest.flatMap((module) => module.slots));
    this.release(slots);
    return slots;
  }
}
