/* tests/programs/aes.c - AES-128 there and back, and GHASH's carry-less product, with the instructions for them */
#include <arm_neon.h>
#include "programs.h"

static uint8_t box(uint8_t byte) { // SubBytes of one byte: AESE with a key of zeroes, ShiftRows undone by equal bytes
  return vgetq_lane_u8(vaeseq_u8(vdupq_n_u8(byte), vdupq_n_u8(0)), 0);
}

static void expand(const uint8_t key[16], uint8x16_t keys[11]) {
  uint8_t w[176], round = 1;
  memcpy(w, key, 16);
  for (int i = 16; i < 176; i += 4) {
    uint8_t t[4];
    memcpy(t, w + i - 4, 4);
    if (i % 16 == 0) {
      uint8_t first = t[0];
      t[0] = box(t[1]) ^ round, t[1] = box(t[2]), t[2] = box(t[3]), t[3] = box(first);
      round = (uint8_t)(round << 1 ^ (round >> 7) * 0x1b);
    }
    for (int n = 0; n < 4; n++) w[i + n] = w[i + n - 16] ^ t[n];
  }
  for (int i = 0; i < 11; i++) keys[i] = vld1q_u8(w + 16 * i);
}

static uint8x16_t encrypt(uint8x16_t x, const uint8x16_t keys[11]) {
  for (int i = 0; i < 9; i++) x = vaesmcq_u8(vaeseq_u8(x, keys[i]));
  return veorq_u8(vaeseq_u8(x, keys[9]), keys[10]);
}

static uint8x16_t decrypt(uint8x16_t x, const uint8x16_t keys[11]) {
  x = vaesimcq_u8(vaesdq_u8(x, keys[10]));
  for (int i = 9; i > 1; i--) x = vaesimcq_u8(vaesdq_u8(x, vaesimcq_u8(keys[i])));
  return veorq_u8(vaesdq_u8(x, vaesimcq_u8(keys[1])), keys[0]);
}

static void print(const char *what, uint8x16_t x) {
  uint8_t bytes[16];
  vst1q_u8(bytes, x);
  printf("%s ", what);
  for (int i = 0; i < 16; i++) printf("%02x", bytes[i]);
  putchar('\n');
}

void aes(void) {
  static const uint8_t key[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  uint8_t text[16];
  uint8x16_t keys[11];
  for (int i = 0; i < 16; i++) text[i] = (uint8_t)(i * 0x11);
  expand(key, keys);
  uint8x16_t secret = encrypt(vld1q_u8(text), keys); // FIPS 197: 69c4e0d8...
  print("encrypted", secret);
  print("decrypted", decrypt(secret, keys));
  for (int i = 0; i < 100; i++) secret = encrypt(secret, keys);
  print("a hundred times", secret);

  uint64_t seed = 51;
  poly128_t product = 0;
  for (int i = 0; i < 50; i++) product ^= vmull_p64((poly64_t)next_random(&seed), (poly64_t)next_random(&seed)) << (i % 3);
  print("carry-less", vreinterpretq_u8_p128(product));
  print("high", vreinterpretq_u8_p128(vmull_high_p64(vreinterpretq_p64_u8(secret), vreinterpretq_p64_u8(keys[3]))));
}
