/*
 * board/cpu/engine/helpers.ts - the helpers of one module: a function each, made when the first caller asks for it
 */
import type { Helper } from '../builder.ts';
import { localOf } from '../value.ts';
import { Code, type WasmModule } from '../wasm.ts';
import { emit } from './emitter.ts';
import { HelperFrame, type Services } from './frame.ts';
import { Handler } from './handler.ts';

export class Helpers {
  private readonly module: WasmModule;
  private readonly services: Services;
  private readonly known = new Map<Helper, number>();
  private readonly unwritten: Helper[] = [];

  /** `services`: what the helpers themselves call, of the same module. */
  constructor(module: WasmModule, services: Services) {
    this.module = module;
    this.services = services;
  }

  /** The index of the helper's function. */
  index(helper: Helper): number {
    const known = this.known.get(helper);
    if (known !== undefined) return known;
    const index = this.module.declare(helper);
    this.known.set(helper, index);
    this.unwritten.push(helper);
    return index;
  }

  /** Writes those that were asked for, those that they ask for, and so on. */
  write(): void {
    for (let helper = this.unwritten.shift(); helper; helper = this.unwritten.shift()) {
      const code = new Code(helper);
      const b = new Handler(new HelperFrame(code, this.services));
      const args = helper.params.map((type, i) => localOf(type, i));
      emit(code, helper.body(b, ...args), b);
      this.module.define(this.index(helper), code);
    }
  }
}
