/* tests/programs/neon.c - instructions that compilers seldom choose by themselves, through their intrinsics */
#include <arm_neon.h>
#include "programs.h"

static uint64_t hash;

static void take(uint8x16_t v) {
  uint8_t bytes[16];
  vst1q_u8(bytes, v);
  hash = digest(bytes, 16, hash);
}
#define TAKE(type, v) take(vreinterpretq_u8_##type(v))

static void saturating(int16x8_t a, int16x8_t b, int32x4_t c) {
  TAKE(s16, vqaddq_s16(a, b));
  TAKE(s16, vqdmulhq_s16(a, b));
  TAKE(s16, vqrdmulhq_s16(a, b));
  TAKE(s16, vqshlq_s16(a, vandq_s16(b, vdupq_n_s16(7))));
  TAKE(s32, vqdmull_s16(vget_low_s16(a), vget_low_s16(b)));
  TAKE(s16, vcombine_s16(vqmovn_s32(c), vqrshrn_n_s32(c, 5)));
  TAKE(u16, vcombine_u16(vqmovun_s32(c), vqshrun_n_s32(c, 3)));
  TAKE(s16, vqabsq_s16(a));
  TAKE(s16, vqnegq_s16(b));
}

static void permutes(uint8x16_t a, uint8x16_t b) {
  uint8x16x2_t table = {{a, b}};
  take(vqtbl2q_u8(table, b));
  take(vqtbx1q_u8(a, b, vshrq_n_u8(a, 3)));
  take(vextq_u8(a, b, 5));
  take(vzip1q_u8(a, b));
  take(vzip2q_u8(a, b));
  take(vuzp1q_u8(a, b));
  take(vuzp2q_u8(a, b));
  take(vtrn1q_u8(a, b));
  take(vtrn2q_u8(a, b));
  take(vrev64q_u8(a));
  take(vrbitq_u8(a));
  take(vbslq_u8(a, b, vmvnq_u8(b)));
  take(vcntq_u8(b));
}

static void widths(uint8x16_t a, uint8x16_t b, int16x8_t c) {
  TAKE(u16, vmull_u8(vget_low_u8(a), vget_high_u8(b)));
  TAKE(u16, vabdl_high_u8(a, b));
  TAKE(u16, vpaddlq_u8(a));
  TAKE(u16, vaddw_u8(vreinterpretq_u16_u8(a), vget_low_u8(b)));
  take(vraddhn_high_u16(vget_low_u8(a), vreinterpretq_u16_u8(a), vreinterpretq_u16_u8(b)));
  TAKE(s32, vmlsl_high_s16(vreinterpretq_s32_u8(a), c, vreinterpretq_s16_u8(b)));
  TAKE(p16, vmull_p8(vget_low_p8(vreinterpretq_p8_u8(a)), vget_low_p8(vreinterpretq_p8_u8(b))));
  take(vsliq_n_u8(a, b, 3));
  take(vsriq_n_u8(a, b, 3));
  take(vrsraq_n_u8(a, b, 2));
  take(vrhaddq_u8(a, b));
  take(vhsubq_u8(a, b));
  uint32_t across[] = {vaddlvq_u8(a), vmaxvq_u8(b), vminvq_u8(b), (uint16_t)vaddvq_s16(c), (uint16_t)vmaxvq_s16(c)};
  hash = digest(across, sizeof across, hash);
}

static void structures(const uint8_t *bytes) {
  uint8_t out[64];
  uint8x16x3_t three = vld3q_u8(bytes);
  three.val[1] = vaddq_u8(three.val[1], three.val[2]);
  vst3q_u8(out, three);
  hash = digest(out, 48, hash);
  uint16x8x4_t four = vld4q_u16((const uint16_t *)(const void *)bytes);
  four.val[0] = veorq_u16(four.val[0], four.val[3]);
  vst4q_u16((uint16_t *)(void *)out, four);
  hash = digest(out, 64, hash);
  uint32x2x2_t two = vld2_dup_u32((const uint32_t *)(const void *)(bytes + 4));
  two = vld2_lane_u32((const uint32_t *)(const void *)(bytes + 20), two, 1);
  vst2_u32((uint32_t *)(void *)out, two);
  hash = digest(out, 16, hash);
}

static void floating(float32x4_t a, float32x4_t b) {
  TAKE(f32, vrecpeq_f32(a));
  TAKE(f32, vrsqrteq_f32(vabsq_f32(b)));
  TAKE(f32, vrecpsq_f32(a, b));
  TAKE(f32, vrsqrtsq_f32(a, b));
  TAKE(f32, vfmaq_laneq_f32(a, a, b, 2));
  TAKE(f32, vmulxq_f32(a, b));
  TAKE(f32, vmaxnmq_f32(a, b));
  TAKE(f32, vpaddq_f32(a, b));
  TAKE(f32, vrndaq_f32(a));
  TAKE(s32, vcvtaq_s32_f32(a));
  TAKE(u32, vcvtq_n_u32_f32(b, 8));
  TAKE(f32, vcvtq_n_f32_s32(vreinterpretq_s32_f32(a), 12));
  TAKE(u32, vcageq_f32(a, b));
  TAKE(f64, vcvt_high_f64_f32(a));
  TAKE(f16, vcombine_f16(vcvt_f16_f32(a), vcvt_f16_f32(b)));
}

void neon(void) {
  uint8_t bytes[4096];
  fill_random(bytes, sizeof bytes, 21);
  for (int i = 0; i < 4000; i += 80) {
    uint8x16_t a = vld1q_u8(bytes + i), b = vld1q_u8(bytes + i + 16);
    saturating(vreinterpretq_s16_u8(a), vreinterpretq_s16_u8(b), vreinterpretq_s32_u8(b));
    permutes(a, b);
    widths(a, b, vreinterpretq_s16_u8(b));
    structures(bytes + i);
    int32x4_t n = vreinterpretq_s32_u8(a), m = vreinterpretq_s32_u8(b);
    floating(vcvtq_n_f32_s32(n, 20), vcvtq_n_f32_s32(m, 24));
    if (i % 400 == 0) printf("%d %016" PRIx64 "\n", i, hash);
  }
}
