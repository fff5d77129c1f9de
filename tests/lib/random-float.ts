/*
 * tests/lib/random-float.ts - numbers on which floating-point instructions go wrong
 *
 * Zeros, infinities, NaNs with payloads, denormals, the largest, the least; exponents close to each other, so that sums
 * cancel and round; few bits set, so that results are exact or halfway between two numbers; integers and their limits.
 */
import type { Random } from './random-insn.ts';

interface Layout {
  readonly bits: 16 | 32 | 64;
  readonly fraction: number;
}
const LAYOUTS: readonly Layout[] = [
  { bits: 16, fraction: 10 },
  { bits: 32, fraction: 23 },
  { bits: 64, fraction: 52 },
];

const ones = (n: number): bigint => (1n << BigInt(n)) - 1n;
const exponentOnes = ({ bits, fraction }: Layout): bigint => ones(bits - 1 - fraction);

const SPECIALS: readonly ((l: Layout) => bigint)[] = [
  () => 0n,
  () => 1n, //                                                      the least denormal
  (l) => ones(l.fraction), //                                       the largest one
  (l) => 1n << BigInt(l.fraction), //                               the least normal number
  (l) => (1n << BigInt(l.fraction)) + 1n,
  (l) => (exponentOnes(l) << BigInt(l.fraction)) - 1n, //           the largest number
  (l) => exponentOnes(l) << BigInt(l.fraction), //                  infinity
  (l) => (exponentOnes(l) << BigInt(l.fraction)) + 1n, //           signalling NaNs
  (l) => (exponentOnes(l) << BigInt(l.fraction)) + 0x123n,
  (l) => (exponentOnes(l) << BigInt(l.fraction)) | (1n << BigInt(l.fraction - 1)), // quiet ones
  (l) => (exponentOnes(l) << BigInt(l.fraction)) | (1n << BigInt(l.fraction - 1)) | 0x45n,
  (l) => ones(l.bits - 1),
  (l) => one(l),
  (l) => one(l) - 1n,
  (l) => one(l) + 1n,
  (l) => one(l) + (1n << BigInt(l.fraction)), //                    two
  (l) => one(l) - (1n << BigInt(l.fraction)), //                    one half
];

const one = (l: Layout): bigint => (exponentOnes(l) >> 1n) << BigInt(l.fraction);

/** Numbers of one format with exponents about one place. */
export class RandomFloats {
  private readonly random: Random;
  private readonly layout: Layout;
  private readonly centre: bigint;

  constructor(random: Random) {
    this.random = random;
    this.layout = random.pick(LAYOUTS);
    this.centre = this.somewhere();
  }

  /** Eight bytes of them. */
  dword(): bigint {
    let dword = 0n;
    for (let at = 0; at < 64; at += this.layout.bits) dword |= this.number() << BigInt(at);
    return dword;
  }

  private number(): bigint {
    const { random, layout } = this;
    const sign = BigInt(random.below(2)) << BigInt(layout.bits - 1);
    const kind = random.below(8);
    if (kind === 0) return sign | random.pick(SPECIALS)(layout);
    if (kind === 1) return random.dword() & ones(layout.bits);
    if (kind === 2) return sign | this.integer();
    return sign | (this.exponent() << BigInt(layout.fraction)) | this.fraction();
  }

  private exponent(): bigint {
    const near = this.centre + BigInt(this.random.below(9) - 4) * (this.random.below(6) === 0 ? 8n : 1n);
    const most = exponentOnes(this.layout) - 1n;
    return near < 0n ? 0n : near > most ? most : near;
  }

  /** Where the exponents are: mostly about one, else at an end. */
  private somewhere(): bigint {
    const most = exponentOnes(this.layout);
    const bias = most >> 1n;
    const kind = this.random.below(8);
    if (kind === 0) return 1n;
    if (kind === 1) return most - 2n;
    if (kind === 2) return this.random.dword() % most;
    if (kind === 3) return bias + BigInt(this.random.below(70));
    if (kind === 4) return bias - BigInt(this.random.below(40));
    return bias;
  }

  private fraction(): bigint {
    const { random, layout } = this;
    const all = ones(layout.fraction);
    const bit = () => 1n << BigInt(random.below(layout.fraction));
    const kind = random.below(6);
    if (kind === 0) return bit();
    if (kind === 1) return bit() | bit();
    if (kind === 2) return all ^ bit();
    if (kind === 3) return all & ~ones(random.below(layout.fraction));
    return random.dword() & all;
  }

  /** n, n + 1/2 or a limit of an integer type and its neighbours. */
  private integer(): bigint {
    const { random, layout } = this;
    const limit = random.pick([8, 15, 16, 31, 32, 63, 64]);
    const value = random.below(2) ? random.below(1000) / 2 : 2 ** limit - random.pick([0, 0.5, 1, 2]);
    const double = new BigUint64Array(Float64Array.of(value).buffer)[0]!;
    if (layout.bits === 64) return double + BigInt(random.below(3)) - (value > 0 ? 1n : 0n);
    if (layout.bits === 32) return BigInt(new Uint32Array(Float32Array.of(value).buffer)[0]!);
    return value === 0 ? 0n : ((double >> 42n) - (1008n << 10n)) & ones(15);
  }
}
