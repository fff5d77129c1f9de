/*
 * tests/lib/random-kernel.ts - a kernel of machine code for random programs: vectors, and handlers that differ
 *
 * Manual: Arm ARM, "Exceptions"
 */
import { EXIT, STATE } from '../../board/cpu/state.ts';
import { assembleAll } from './asm.ts';
import { FlatMachine } from './flat-machine.ts';
import { IMAGE_PA, KNOWN } from './kernel-layout.ts';
import { PIECES } from './kernel-pieces.ts';
import { load, Work } from './kernel-work.ts';
import type { Random } from './random-insn.ts';
import { adr, B, bcond, movz, straightCode, type Taste } from './random-program.ts';

const KINDS = ['sync', 'irq', 'fiq'] as const;
type Kind = (typeof KINDS)[number];

/* Offsets in the image. */
const VECTOR = 0x80;
const VECTORS_END = 0x800;
export const BEGIN = VECTORS_END;
const FLAT = 0xa00;
const HANDLERS = 0xa80;

/* System instructions, MSR and MRS. */
const SYSTEM_MASK = 0xffc0_0000;
const SYSTEM = 0xd500_0000;

const NOP = 0xd503_201f;
const BLR_X18 = 0xd63f_0240;
const CBNZ_X16 = 0xb500_0010;
const MOV_X17_LR = 0xaa1e_03f1;
const MOV_LR_X17 = 0xaa11_03fe;

export class Kernel {
  private readonly pieces = assembleAll(PIECES);
  private readonly work = new Work();
  private readonly scratch = new FlatMachine([{ base: 0, size: 0x1000 }]);

  /** Of programs at EL1: one in how many of their pieces is something that only they can do. */
  taste(rarity: number): Taste {
    return {
      rounds: 3,
      special: (random) => (random.below(rarity) === 0 ? this.special(random) : undefined),
      accepts: (word) => this.accepts(word),
    };
  }

  /** What is Undefined costs fifty instructions in a handler: there is enough of it in other pieces. */
  private accepts(word: number): boolean {
    const { scratch } = this;
    scratch.words[STATE.END >>> 2] = word;
    return scratch.execute(0, 1) !== EXIT.UNDEFINED || (word & SYSTEM_MASK) >>> 0 === SYSTEM;
  }

  /** A few things, or one with a table. At EL0 most of it is an exception. */
  private special(random: Random): number[] {
    const kind = random.below(8);
    if (kind < 2) return this.work.changeTable(random);
    if (kind === 2) return this.work.leaveLevel(random);
    if (kind === 3 && random.below(12) === 0) return this.callFlat();
    const words: number[] = [];
    for (let n = random.below(3); n >= 0; n--) words.push(...this.work.something(random));
    return words;
  }

  private callFlat(): number[] {
    return [MOV_X17_LR, ...load(18, BigInt(IMAGE_PA + FLAT)), BLR_X18, MOV_LR_X17];
  }

  /** The image: vectors, each of which leads to one of several handlers, and routines at fixed places. */
  image(random: Random): number[] {
    const words: number[] = [];
    const put = (at: number, piece: readonly number[]) => {
      for (const [i, word] of piece.entries()) words[at / 4 + i] = word;
    };
    put(BEGIN, this.pieces.begin);
    put(FLAT, this.pieces.flat);
    let end = HANDLERS;
    const handlers = KINDS.map((kind) => {
      const starts = [end];
      for (let n = 0; n < 3; n++) {
        put(end, this.handler(random, kind, end));
        end = 4 * words.length;
        starts.push(end);
      }
      return starts.slice(0, -1);
    });
    for (let at = 0; at < VECTORS_END; at += VECTOR) {
      const handler = random.pick(handlers[(at / VECTOR) % 4] ?? handlers[0]!);
      put(at, [NOP, B | ((handler - at - 4) >> 2)]);
    }
    return Array.from(words, (word) => word ?? NOP);
  }

  /** A handler at this offset from the image's start. */
  private handler(random: Random, kind: Kind, at: number): number[] {
    const { enter, isBusy, beBusy, beIdle, leave } = this.pieces;
    const words = [adr(29, KNOWN - at), ...enter];
    words.push(bcond(0, (BEGIN - at) / 4 - words.length));
    if (random.below(3)) {
      const busy = [
        ...beBusy,
        ...straightCode(random, this.taste(1)),
        ...this.work.something(random, false),
        ...beIdle,
      ];
      words.push(...isBusy, CBNZ_X16 | ((busy.length + 1) << 5), ...busy);
    }
    return [...words, ...this.decision(random, kind), ...leave];
  }

  private decision(random: Random, kind: Kind): readonly number[] {
    const { sync, irq, irqNoMore, fiq, fiqNoMore, after } = this.pieces;
    if (kind === 'sync') return sync;
    if (random.below(6) === 0) return kind === 'irq' ? irqNoMore : fiqNoMore;
    const ticks = 3 + random.pick([random.below(200), random.below(2000)]);
    return [movz(17, ticks), ...(kind === 'irq' ? irq : fiq), ...after];
  }
}
