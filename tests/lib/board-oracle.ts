/*
 * tests/lib/board-oracle.ts - the same question to the board's interpreter, with the answer in the same shape
 */
import { EXIT, STATE } from '../../board/cpu/state.ts';
import { FlatMachine } from './flat-machine.ts';
import {
  type Case,
  CODE,
  DATA,
  DATA_SIZE,
  INSN_WORD,
  MAX_CASES,
  type Outcome,
  pristineData,
  SLOT_BYTES,
  slotImage,
  STATE_WORDS,
  WORD,
} from './oracle.ts';

const SIGILL = 4;
const SIGTRAP = 5;
const SIGBUS = 7;
const SIGSEGV = 11;

/** Words of the data region that are compared at a time. */
const CHUNK = 4096;

/** Never equal to what QEMU says. */
const NO_SIGNAL = -1;

/** What Linux makes of the exception. */
const SIGNAL_OF: Readonly<Record<number, number>> = {
  [EXIT.BUDGET]: 0,
  [EXIT.FETCH]: 0, // the instruction itself was a branch, and completed
  [EXIT.PC_ALIGN]: 0,
  [EXIT.FAULT]: SIGSEGV,
  [EXIT.UNDEFINED]: SIGILL,
  [EXIT.BRK]: SIGTRAP,
};

export class BoardOracle {
  readonly machine = new FlatMachine([
    { base: CODE, size: SLOT_BYTES * MAX_CASES },
    { base: DATA, size: DATA_SIZE },
  ]);
  private readonly pristine = pristineData();
  private readonly data: BigUint64Array;

  constructor() {
    this.data = new BigUint64Array(this.machine.memory.buffer, this.machine.host(DATA), DATA_SIZE / 8);
    this.data.set(this.pristine);
  }

  /** Nothing is left of earlier cases, as QEMU is started anew. */
  ask(cases: readonly Case[]): Outcome[] {
    this.machine.words[STATE.EXCLUSIVE >>> 2] = 0;
    return cases.map((one, i) => this.askOne(one, i));
  }

  private askOne(one: Case, index: number): Outcome {
    const slot = CODE + index * SLOT_BYTES;
    const image = new Uint32Array(this.machine.memory.buffer, this.machine.host(slot), SLOT_BYTES / 4);
    image.set(slotImage(one));
    this.load(one.state);
    const exit = this.machine.execute(slot + 4 * INSN_WORD, 1);
    const changes = one.touchesMemory ? this.takeChanges() : new Map<number, bigint>();
    const misaligned = exit === EXIT.FAULT && this.machine.misaligned;
    return { state: this.store(), signal: misaligned ? SIGBUS : (SIGNAL_OF[exit] ?? NO_SIGNAL), changes };
  }

  private load(state: BigUint64Array): void {
    const { words, dwords } = this.machine;
    dwords.set(state.subarray(0, 31), STATE.X >>> 3);
    dwords[STATE.SP >>> 3] = state[WORD.SP]!;
    dwords.set(state.subarray(WORD.V), STATE.V >>> 3);
    words[STATE.NZCV >>> 2] = Number(state[WORD.NZCV]);
    words[STATE.FPCR >>> 2] = Number(state[WORD.FPCR]);
    words[STATE.FPSR >>> 2] = Number(state[WORD.FPSR]);
  }

  private store(): BigUint64Array {
    const { words, dwords } = this.machine;
    const state = new BigUint64Array(STATE_WORDS);
    state.set(dwords.subarray(STATE.X >>> 3, (STATE.X >>> 3) + 31));
    state[WORD.SP] = dwords[STATE.SP >>> 3]!;
    state[WORD.PC] = dwords[STATE.PC >>> 3]!;
    state[WORD.NZCV] = BigInt(words[STATE.NZCV >>> 2]!);
    state[WORD.FPCR] = BigInt(words[STATE.FPCR >>> 2]!);
    state[WORD.FPSR] = BigInt(words[STATE.FPSR >>> 2]!);
    state.set(dwords.subarray(STATE.V >>> 3, (STATE.V >>> 3) + 64), WORD.V);
    return state;
  }

  private takeChanges(): Map<number, bigint> {
    const changes = new Map<number, bigint>();
    for (let at = 0; at < this.data.length; at += CHUNK) {
      if (this.unchanged(at)) continue;
      for (let i = at; i < at + CHUNK; i++) {
        if (this.data[i] !== this.pristine[i]) changes.set(i, this.data[i]!);
      }
    }
    for (const i of changes.keys()) this.data[i] = this.pristine[i]!;
    return changes;
  }

  /** Most of the region is as it was: compare it in large pieces first. */
  private unchanged(at: number): boolean {
    return Buffer.from(this.data.buffer, this.data.byteOffset + 8 * at, 8 * CHUNK).equals(
      Buffer.from(this.pristine.buffer, 8 * at, 8 * CHUNK),
    );
  }
}
