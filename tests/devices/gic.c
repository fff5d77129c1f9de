/*
 * gic.c - a program without an operating system that does random things to a GICv3, and tells what came of each
 *
 * It runs at EL1 with interrupts masked, on our board and on QEMU's. SEED and COUNT come from the compiler's command
 * line. One line for each step: its number, what was done, and everything that can be read afterwards.
 * INTIDs of live devices (INTID 32 to 34, the PPIs of timer and PMU) are never made pending: their wires are not ours.
 */
typedef unsigned int u32;
typedef unsigned long u64;

#define GICD 0x08000000UL
#define GICR 0x080a0000UL
#define SGI_BASE (GICR + 0x10000)
#define UARTDR 0x09000000UL
#define PSCI_SYSTEM_OFF 0x84000008UL

#define PRIORITY_BITS 0xf8f8f8f8u // QEMU stores the others, too
#define QUIET_PRIVATE 0x8007ffffu
#define quiet_shared(word) ((word) == 1 ? ~7u : ~0u)

/* By encoding: older assemblers do not know the names. */
#define ICC_PMR "s3_0_c4_c6_0"
#define ICC_IAR0 "s3_0_c12_c8_0"
#define ICC_EOIR0 "s3_0_c12_c8_1"
#define ICC_HPPIR0 "s3_0_c12_c8_2"
#define ICC_BPR0 "s3_0_c12_c8_3"
#define ICC_AP0R0 "s3_0_c12_c8_4"
#define ICC_AP1R0 "s3_0_c12_c9_0"
#define ICC_DIR "s3_0_c12_c11_1"
#define ICC_RPR "s3_0_c12_c11_3"
#define ICC_SGI1R "s3_0_c12_c11_5"
#define ICC_ASGI1R "s3_0_c12_c11_6"
#define ICC_SGI0R "s3_0_c12_c11_7"
#define ICC_IAR1 "s3_0_c12_c12_0"
#define ICC_EOIR1 "s3_0_c12_c12_1"
#define ICC_HPPIR1 "s3_0_c12_c12_2"
#define ICC_BPR1 "s3_0_c12_c12_3"
#define ICC_CTLR "s3_0_c12_c12_4"
#define ICC_IGRPEN0 "s3_0_c12_c12_6"
#define ICC_IGRPEN1 "s3_0_c12_c12_7"

#define mrs(name) ({ u64 value_; __asm__ volatile("mrs %0, " name : "=r"(value_)); (u32)value_; })
#define msr(name, value) __asm__ volatile("msr " name ", %0\n isb" ::"r"((u64)(value)))

static u32 read32(u64 at) { return *(volatile u32 *)at; }
static void write32(u64 at, u32 value) { *(volatile u32 *)at = value; }
static void write8(u64 at, u32 value) { *(volatile unsigned char *)at = (unsigned char)value; }

static u32 state;

static u32 random32(void) {
  state ^= state << 13;
  state ^= state >> 17;
  state ^= state << 5;
  return state;
}

static void print(u32 value, int digits) {
  while (digits--) write32(UARTDR, (u32)"0123456789abcdef"[value >> 4 * digits & 15]);
  write32(UARTDR, ' ');
}

/* What was acknowledged and not ended: most ends are proper ones. */
static u32 acknowledged[8];
static u32 depth;

static u32 some_intid(void) {
  u32 kind = random32() % 8;
  if (kind < 3) return random32() % 32;
  if (kind < 7) return 35 + random32() % 61;
  return random32() % 4 ? 1020 + random32() % 4 : random32() % 1100;
}

static u32 acknowledge(u32 a) {
  u32 intid = a % 2 ? mrs(ICC_IAR1) : mrs(ICC_IAR0);
  if (intid < 1020 && depth < 8) acknowledged[depth++] = intid;
  return intid;
}

static u32 end(u32 a, u32 b) {
  u32 intid = depth && a % 8 ? acknowledged[--depth] : some_intid();
  if (a % 8 == 1) intid = some_intid();
  if (b % 2) msr(ICC_EOIR1, intid);
  else msr(ICC_EOIR0, intid);
  if (b % 4 == 3) msr(ICC_DIR, intid);
  return intid;
}

static void send_sgi(u32 a, u32 b) {
  u64 value = (u64)(b % 16) << 24 | (a % 8 != 0) | (u64)(a % 16 == 1) << 40;
  if (a % 3 == 0) msr(ICC_SGI1R, value);
  else if (a % 3 == 1) msr(ICC_SGI0R, value);
  else msr(ICC_ASGI1R, value);
}

static void priority(u32 a, u32 b) {
  if (a % 3 == 0) write8(GICD + 0x400 + 32 + a % 64, b & PRIORITY_BITS);
  else if (a % 3 == 1) write32(GICD + 0x400 + 32 + 4 * (a % 16), b & PRIORITY_BITS);
  else write8(SGI_BASE + 0x400 + a % 32, b & PRIORITY_BITS);
}

static u32 step(u32 what, u32 a, u32 b) {
  u32 word = 1 + a % 2, at = 4 * word, few = b & random32(), fewer = few & random32();
  switch (what) {
    case 0: write32(GICD + 0x080 + at, b); break; //                          IGROUPR
    case 1: write32(GICD + 0x100 + at, b & quiet_shared(word)); break; //     ISENABLER
    case 2: write32(GICD + 0x180 + at, few); break; //                        ICENABLER
    case 3: write32(GICD + 0x200 + at, few & quiet_shared(word)); break; //   ISPENDR
    case 4: write32(GICD + 0x280 + at, b); break; //                          ICPENDR
    case 5: write32(GICD + 0x300 + at, fewer & quiet_shared(word) & -(a % 3 == 0)); break; // ISACTIVER
    case 6: write32(GICD + 0x380 + at, b); break; //                          ICACTIVER
    case 7: case 8: case 9: priority(a, b); break;
    case 10: write32(GICD + 0xc00 + 4 * (2 + a % 4), b); break; //            ICFGR
    case 11: write32(SGI_BASE + 0x080, b); break;
    case 12: write32(SGI_BASE + 0x100, b & QUIET_PRIVATE); break;
    case 13: write32(SGI_BASE + 0x180, few); break;
    case 14: write32(SGI_BASE + 0x200, fewer & QUIET_PRIVATE); break;
    case 15: write32(SGI_BASE + 0x280, b); break;
    case 16: write32(SGI_BASE + 0x300, fewer & random32() & QUIET_PRIVATE & -(a % 3 == 0)); break;
    case 17: write32(SGI_BASE + 0x380, b); break;
    case 18: msr(ICC_PMR, a % 4 ? 0xf0 + b % 16 : b & 0xff); break;
    case 19: msr(ICC_BPR0, b % 8); msr(ICC_BPR1, a % 8); break;
    case 20: msr(ICC_CTLR, a % 8 ? b % 2 * 2 | (mrs(ICC_CTLR) & 1) : b % 4); break;
    case 21: msr(ICC_IGRPEN0, a % 4 != 0); msr(ICC_IGRPEN1, b % 4 != 0); break;
    case 22: send_sgi(a, b); break;
    case 23: case 24: return acknowledge(a);
    case 25: case 26: return end(a, b);
    default: //                                                               CTLR, IROUTER
      if (a % 4 == 0) write32(GICD, b & 3);
      else write32(GICD + 0x6000 + 8 * (35 + b % 60), (b >> 8) % 8 == 0);
  }
  return 0;
}

static u32 hash;
static void mix(u32 value) {
  hash = (hash ^ value) * 16777619u;
  hash ^= hash >> 13;
}

/* Everything that can be read of the distributor and redistributor, as one number. */
static u32 banks(void) {
  hash = 1;
  for (u32 word = 0; word < 3; word++) {
    u64 base = word ? GICD + 4 * word : SGI_BASE;
    for (u32 bank = 0x080; bank <= 0x380; bank += 0x80) mix(read32(base + bank));
  }
  for (u32 n = 8; n < 24; n++) mix(read32(GICD + 0x400 + 4 * n));
  for (u32 n = 0; n < 8; n++) mix(read32(SGI_BASE + 0x400 + 4 * n));
  for (u32 n = 2; n < 6; n++) mix(read32(GICD + 0xc00 + 4 * n));
  mix(read32(GICD));
  return hash;
}

static void tell(void) {
  print(mrs("isr_el1"), 3);
  print(mrs(ICC_HPPIR0), 4);
  print(mrs(ICC_HPPIR1), 4);
  print(mrs(ICC_RPR), 2);
  print(mrs(ICC_AP0R0), 8);
  print(mrs(ICC_AP1R0), 8);
  print(mrs(ICC_PMR) << 8 | mrs(ICC_BPR0) << 4 | mrs(ICC_BPR1), 4);
  print(mrs(ICC_CTLR) & 3, 1); // how many bits an INTID has is each implementation's own affair
  print(banks(), 8);
}

__attribute__((used)) static void run(void) {
  state = SEED;
  depth = 0;
  write32(GICR + 0x14, 0); // GICR_WAKER
  for (u32 n = 0; n < COUNT; n++) {
    u32 what = random32() % 28, a = random32(), b = random32();
    u32 result = step(what, a, b);
    print(n, 4);
    print(what, 2);
    print(a, 8);
    print(b, 8);
    print(result, 4);
    tell();
    write32(UARTDR, '\n');
  }
  register u64 x0 __asm__("x0") = PSCI_SYSTEM_OFF;
  __asm__ volatile("hvc #0" : : "r"(x0));
  for (;;) {}
}

__asm__(".globl _start\n_start: adr x0, .\n add x0, x0, #0x100000\n and sp, x0, #~0xfff\n msr daifset, #15\n b run\n");
