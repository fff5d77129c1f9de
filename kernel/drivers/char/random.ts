/*
 * kernel/drivers/char/random.ts - numbers that nobody outside can guess, and every run repeats
 *
 * Linux:   drivers/char/random.c (v6.12)
 * Manual:  getrandom(2), random(4); RFC 8439, "The ChaCha20 Block Function"
 * Differs: seeded once, from /chosen/rng-seed; time and interrupts add nothing, or a run would not be repeatable.
 *          What is written to /dev/urandom is mixed in, as upstream
 *
 * ChaCha20 with fast key erasure: each request makes a new key first, so that a key that leaks tells nothing of the past.
 */

import type { Task } from '../../include/linux/sched.ts';
import { PAGE_SIZE, type UserPtr } from '../../include/linux/types.ts';
import { EFAULT, EINVAL } from '../../include/uapi/errno.ts';
import type { Kernel } from '../../kernel.ts';
import { access_ok, copy_to_user } from '../../lib/usercopy.ts';
import { bits, outbuf, SYSCALL_DEFINE, size } from '../../syscalls/define.ts';

const KEY_WORDS = 8;
const BLOCK_WORDS = 16;
const BLOCK_BYTES = 64;
/* "expand 32-byte k" */
const CONSTANTS = [0x6170_7865, 0x3320_646e, 0x7962_2d32, 0x6b20_6574];
// biome-ignore format: columns teach
const COLUMNS_AND_DIAGONALS = [
  [0, 4, 8, 12], [1, 5, 9, 13], [2, 6, 10, 14], [3, 7, 11, 15],
  [0, 5, 10, 15], [1, 6, 11, 12], [2, 7, 8, 13], [3, 4, 9, 14],
] as const;

/** Linux: random_init_early(), random_init(). Takes the seed out of the device tree, so that nobody reads it again. */
export function random_init(kernel: Kernel): void {
  kernel.random = new Random();
  const chosen = kernel.of.chosen;
  const seed = chosen?.properties.get('rng-seed');
  if (!seed) return;
  kernel.random.add_bootloader_randomness(seed);
  seed.fill(0);
  kernel.printk.info('random: crng init done');
}

export class Random {
  private readonly key = new Uint32Array(KEY_WORDS);
  private readonly block = new Uint32Array(BLOCK_WORDS);
  /** Linux: batched_entropy. Single numbers are taken from the end of a block made for them; each is erased when given. */
  private readonly batch = new Uint32Array(BLOCK_WORDS);
  private batched = 0;

  /** Linux: add_bootloader_randomness(). After it the generator counts as initialised. */
  add_bootloader_randomness(seed: Uint8Array): void {
    this.mix_pool_bytes(seed);
  }

  /** Folds `bytes` into the key. The old key stays part of the new one: nothing that is written makes it worse. */
  mix_pool_bytes(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; at += 4 * KEY_WORDS) {
      for (let n = 0; n < 4 * KEY_WORDS && at + n < bytes.length; n++) {
        this.key[n >> 2]! ^= bytes[at + n]! << (8 * (n & 3));
      }
      this.erase();
    }
    this.batched = 0; // what was made from the old key must not come out after the new one
  }

  /** Linux: get_random_bytes(). Never waits: the seed was there from the start. */
  get_random_bytes(length: number): Uint8Array {
    const out = new Uint8Array(length);
    const key = this.key.slice();
    this.erase();
    const view = new Uint8Array(this.block.buffer);
    for (let at = 0, counter = 1; at < length; at += BLOCK_BYTES, counter++) {
      chacha20_block(key, counter, this.block);
      out.set(view.subarray(0, Math.min(BLOCK_BYTES, length - at)), at);
    }
    this.block.fill(0);
    return out;
  }

  get_random_u32(): number {
    if (this.batched === 0) {
      this.batch.set(new Uint32Array(this.get_random_bytes(BLOCK_BYTES).buffer));
      this.batched = BLOCK_WORDS;
    }
    const value = this.batch[--this.batched]!;
    this.batch[this.batched] = 0;
    return value;
  }

  /** A number from 0 to `ceil` - 1, each as likely. */
  get_random_u32_below(ceil: number): number {
    const limit = 2 ** 32 - (2 ** 32 % ceil);
    let value = this.get_random_u32();
    while (value >= limit) value = this.get_random_u32();
    return value % ceil;
  }

  /* Block 0 of each key is the next key. */
  private erase(): void {
    chacha20_block(this.key, 0, this.block);
    this.key.set(this.block.subarray(0, KEY_WORDS));
  }
}

/** One block of the key stream with an all-zero nonce. */
export function chacha20_block(key: Uint32Array, counter: number, out: Uint32Array): void {
  const input = [...CONSTANTS, ...key, counter, 0, 0, 0];
  out.set(input);
  for (let round = 0; round < 10; round++) {
    for (const [a, b, c, d] of COLUMNS_AND_DIAGONALS) quarter_round(out, a, b, c, d);
  }
  for (let n = 0; n < BLOCK_WORDS; n++) out[n]! += input[n]!;
}

function quarter_round(x: Uint32Array, a: number, b: number, c: number, d: number): void {
  mix(x, a, b, d, 16);
  mix(x, c, d, b, 12);
  mix(x, a, b, d, 8);
  mix(x, c, d, b, 7);
}

/* a += b; d = (d ^ a) <<< bits */
function mix(x: Uint32Array, a: number, b: number, d: number, bits: number): void {
  x[a]! += x[b]!;
  const t = x[d]! ^ x[a]!;
  x[d] = (t << bits) | (t >>> (32 - bits));
}

const GRND_NONBLOCK = 1;
const GRND_RANDOM = 2;
const GRND_INSECURE = 4;
/** "a maximum of 33554431 bytes is returned by a single call" - getrandom(2) */
const GRND_MAX = 33_554_431;

/** How many bytes were written. Never waits: the generator was seeded at boot. */
export const sys_getrandom = SYSCALL_DEFINE(
  'getrandom',
  { ubuf: outbuf, len: size, flags: bits({ GRND_NONBLOCK, GRND_RANDOM, GRND_INSECURE }) },
  (task, { ubuf, len, flags }) => {
    if (flags & ~(GRND_NONBLOCK | GRND_RANDOM | GRND_INSECURE)) return -EINVAL;
    if ((flags & (GRND_RANDOM | GRND_INSECURE)) === (GRND_RANDOM | GRND_INSECURE)) return -EINVAL;
    return get_random_bytes_user(task, ubuf, Math.min(len, GRND_MAX));
  },
);

/** Page by page; what was written before a fault counts. */
function get_random_bytes_user(task: Task, ubuf: UserPtr, length: number): number {
  const { random } = task.kernel;
  if (!access_ok(ubuf, length)) return -EFAULT;
  let done = 0;
  while (done < length) {
    const chunk = random.get_random_bytes(Math.min(PAGE_SIZE, length - done));
    const missing = copy_to_user(task, (ubuf + done) as UserPtr, chunk);
    done += chunk.length - missing;
    if (missing) return done || -EFAULT;
  }
  return done;
}
