/*
 * board/webassembly.d.ts - the part of the host's WebAssembly interface that the engines use
 *
 * TypeScript has it in lib.dom only, and a board has no document.
 */

declare namespace WebAssembly {
  class Memory {
    constructor(descriptor: { initial: number; maximum?: number });
    readonly buffer: ArrayBuffer;
  }
  class Module {
    constructor(bytes: Uint8Array);
  }
  class Instance {
    constructor(module: Module, imports?: Record<string, Record<string, unknown>>);
    readonly exports: Record<string, unknown>;
  }
  class Table {
    constructor(descriptor: { element: 'anyfunc'; initial: number; maximum?: number });
    set(index: number, value: unknown): void;
    get(index: number): unknown;
  }
  function validate(bytes: Uint8Array): boolean;
}
