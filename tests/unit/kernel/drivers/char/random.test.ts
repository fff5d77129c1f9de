/*
 * Expected: RFC 8439, appendix A.1, test vectors 1, 2 and 4 (their nonce is zero).
 */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Random, chacha20_block } from '../../../../../kernel/drivers/char/random.ts';

const hex = (words: Uint32Array) => Buffer.from(words.buffer).toString('hex');
const block = (key: Uint32Array, counter: number) => {
  const out = new Uint32Array(16);
  chacha20_block(key, counter, out);
  return hex(out);
};

test('the block function is that of RFC 8439', () => {
  const zero = new Uint32Array(8);
  assert.is(
    block(zero, 0),
    '76b8e0ada0f13d90405d6ae55386bd28bdd219b8a08ded1aa836efcc8b770dc7da41597c5157488d7724e03fb8d84a376a43b8f41518a11cc387b669b2ee6586',
  );
  assert.is(
    block(zero, 1),
    '9f07e7be5551387a98ba977c732d080dcb0f29a048e3656912c6533e32ee7aed29b721769ce64e43d57133b074d839d531ed1f28510afb45ace10a1f4b794d6f',
  );
  const key = new Uint32Array(8);
  key[0] = 0xff00;
  assert.is(
    block(key, 2),
    '72d54dfbf12ec44b362692df94137f328fea8da73990265ec1bbbea1ae9af0ca13b25aa26cb4a648cb9b9d1be65b2c0924a66c54d545ec1b7374f4872e99f096',
  );
});

const seeded = (...seed: number[]) => {
  const random = new Random();
  random.add_bootloader_randomness(Uint8Array.from(seed));
  return random;
};
const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

test('the same seed gives the same numbers, another gives others', () => {
  assert.is(text(seeded(1, 2, 3).get_random_bytes(100)), text(seeded(1, 2, 3).get_random_bytes(100)));
  assert.is.not(text(seeded(1, 2, 3).get_random_bytes(100)), text(seeded(1, 2, 4).get_random_bytes(100)));
});

test('no request repeats another', () => {
  const random = seeded(1);
  const seen = new Set<string>();
  for (let n = 0; n < 1000; n++) seen.add(text(random.get_random_bytes(8)));
  assert.is(seen.size, 1000);
});

test('bytes are spread evenly', () => {
  const counts = new Uint32Array(256);
  for (const byte of seeded(7).get_random_bytes(256 * 400)) counts[byte]!++;
  const chi2 = counts.reduce((sum, n) => sum + (n - 400) ** 2 / 400, 0);
  assert.ok(chi2 > 170 && chi2 < 360, `chi squared ${chi2}`); // 255 degrees of freedom, 99.99 %
});

test('mixing something in changes what follows', () => {
  const [a, b] = [seeded(1), seeded(1)];
  b.mix_pool_bytes(Uint8Array.of(0));
  assert.is.not(text(a.get_random_bytes(8)), text(b.get_random_bytes(8)));
});

test('a number below a limit is below it', () => {
  const random = seeded(3);
  for (let n = 0; n < 500; n++) assert.ok(random.get_random_u32_below(6) < 6);
});

test.run();
