/*
 * board/cpu/engine/engine.ts - which engine executes
 *
 * The run is the same to the byte whichever it is.
 */
import type { Bus } from '../../bus.ts';
import type { Tlb } from '../../mmu/tlb.ts';
import { A64 } from '../a64.ts';
import type { EngineImports } from '../state.ts';
import { loadInterpreter, type Run } from './load.ts';
import { Translator } from './translator/translator.ts';

/** `auto` translates what is hot, `translator` what is only warm, too, `interpreter` nothing. */
export const ENGINES = ['interpreter', 'translator', 'auto'] as const;
export type EngineName = (typeof ENGINES)[number];

export interface EngineOptions {
  /** Default: auto. */
  readonly engine?: EngineName | undefined;
  /** Visits that make a branch target hot, 0 to 65535, instead of the engine's own. */
  readonly threshold?: number | undefined;
  /** How many modules of translated code may live at a time, instead of the engine's own limit. */
  readonly modules?: number | undefined;
}

export interface Engine {
  readonly run: Run;
  /** Without anything translated: breakpoints and software step look at each instruction. */
  readonly interpret: Run;
  /** Modules of translated code. */
  readonly liveModules: number;
}

/**
 * To translate twenty instructions, and to have V8 optimise what comes out, takes about as long as to interpret them so
 * often: who waits that long never loses more than half.
 */
const HOT = 16_000;
/** Of a large program most is visited a few times: to translate that as well takes thirty times as long as to run it. */
const WARM = 100;

export function loadEngine(bus: Bus, tlb: Tlb, imports: EngineImports, options: EngineOptions): Engine {
  const { engine = 'auto' } = options;
  if (engine === 'interpreter') {
    const run = loadInterpreter(bus.memory, imports);
    return { run, interpret: run, liveModules: 0 };
  }
  const threshold = options.threshold ?? (engine === 'auto' ? HOT : WARM);
  return new Translator(bus, tlb, imports, () => A64, { threshold, modules: options.modules });
}
