/*
 * features.c - what the processor can do: three ways to ask that must agree, and what it cannot
 *
 * Linux: Documentation/arch/arm64/elf_hwcaps.rst, Documentation/arch/arm64/cpu-feature-registers.rst
 *
 * True on any processor but the last part, which wants one without SVE, SME, MTE and pointer authentication.
 */
#include "check.h"

#define MRS(name)                                         \
  ({                                                      \
    unsigned long value;                                  \
    __asm__ volatile("mrs %0, " name : "=r"(value));      \
    value;                                                \
  })

enum { PFR0, PFR1, ISAR0, ISAR1, ISAR2, MMFR2, REGISTERS };
static unsigned long registers[REGISTERS];

/* A capability is there when a field of four bits is at least so much. Those of PFR0 are signed: 15 is none. */
static const struct feature {
  const char *name;
  int bit, from, shift, least;
} features[] = {
  {"fp", 0, PFR0, 16, 0},        {"asimd", 1, PFR0, 20, 0},     {"aes", 3, ISAR0, 4, 1},       {"pmull", 4, ISAR0, 4, 2},
  {"sha1", 5, ISAR0, 8, 1},      {"sha2", 6, ISAR0, 12, 1},     {"crc32", 7, ISAR0, 16, 1},    {"atomics", 8, ISAR0, 20, 2},
  {"fphp", 9, PFR0, 16, 1},      {"asimdhp", 10, PFR0, 20, 1},  {"asimdrdm", 12, ISAR0, 28, 1}, {"jscvt", 13, ISAR1, 12, 1},
  {"fcma", 14, ISAR1, 16, 1},    {"lrcpc", 15, ISAR1, 20, 1},   {"dcpop", 16, ISAR1, 0, 1},    {"sha3", 17, ISAR0, 32, 1},
  {"sm3", 18, ISAR0, 36, 1},     {"sm4", 19, ISAR0, 40, 1},     {"asimddp", 20, ISAR0, 44, 1}, {"sha512", 21, ISAR0, 12, 2},
  {"asimdfhm", 23, ISAR0, 48, 1}, {"dit", 24, PFR0, 48, 1},     {"uscat", 25, MMFR2, 32, 1},   {"ilrcpc", 26, ISAR1, 20, 2},
  {"flagm", 27, ISAR0, 52, 1},   {"sb", 29, ISAR1, 36, 1},      {"dcpodp", 32, ISAR1, 0, 2},   {"flagm2", 39, ISAR0, 52, 2},
  {"frint", 40, ISAR1, 32, 1},   {"rng", 48, ISAR0, 60, 1},     {"wfxt", 63, ISAR2, 0, 2},
};

static char cpuinfo[4096];

/* Is the word in the line that begins with "Features"? */
static bool is_listed(const char *word) {
  const char *at = strstr(cpuinfo, "Features\t:");
  size_t length = strlen(word);
  for (; at && *at && *at != '\n'; at++)
    if (*at == ' ' && strncmp(at + 1, word, length) == 0 && (at[1 + length] == ' ' || at[1 + length] == '\n')) return true;
  return false;
}

static bool has_capability(int bit) { return getauxval(bit < 32 ? AT_HWCAP : AT_HWCAP2) >> (bit & 31) & 1; }

static bool has_field(const struct feature *f) {
  long field = registers[f->from] >> f->shift & 15;
  return (f->from == PFR0 && field >= 8 ? field - 16 : field) >= f->least;
}

static void check_features(void) {
  registers[PFR0] = MRS("id_aa64pfr0_el1"), registers[PFR1] = MRS("id_aa64pfr1_el1");
  registers[ISAR0] = MRS("id_aa64isar0_el1"), registers[ISAR1] = MRS("id_aa64isar1_el1");
  registers[ISAR2] = MRS("s3_0_c0_c6_2"), registers[MMFR2] = MRS("id_aa64mmfr2_el1");
  long fd = open("/proc/cpuinfo", O_RDONLY, 0);
  read((int)fd, cpuinfo, sizeof(cpuinfo) - 1);
  close((int)fd);

  bool fields = true, names = true;
  for (size_t i = 0; i < countof(features); i++) {
    bool there = has_capability(features[i].bit);
    if (there != has_field(&features[i])) fields = false, printf("# %s: HWCAP says %d\n", features[i].name, there);
    if (there != is_listed(features[i].name)) names = false, printf("# %s: HWCAP says %d\n", features[i].name, there);
  }
  check(fields, "AT_HWCAP and AT_HWCAP2 say what the ID registers say");
  check(names, "and so does /proc/cpuinfo");
  check(has_capability(0) && has_capability(1), "there are floating point and vectors");
  check(has_capability(11), "the ID registers may be read by programs");
  check_is(MRS("id_aa64pfr0_el1") & 0xff, 0x11, "programs and kernel are AArch64, and nobody is told of AArch32");
  check_is(MRS("id_aa64mmfr1_el1"), 0, "registers that are none of a program's business read as zero");
  check_is(MRS("mpidr_el1"), 0x80000000, "which processor it is is not told");
}

static unsigned int *code; // a page for one instruction and a return
static siginfo_t seen;
static unsigned long seen_pc;

static void on_sigill(int sig, siginfo_t *info, void *uc) {
  (void)sig;
  seen = *info;
  seen_pc = ((struct ucontext *)uc)->uc_mcontext.pc;
  ((struct ucontext *)uc)->uc_mcontext.pc += 4;
}

/* Executes it with x0 = 1 and x30, x17 and x16 as they are for a call; what x0 is then. */
static long execute(unsigned int instruction) {
  code[0] = instruction;
  code[1] = 0xd65f03c0; // ret
  __asm__ volatile("dc cvau, %0\n dsb ish\n ic ivau, %0\n dsb ish\n isb" ::"r"(code) : "memory");
  memset(&seen, 0, sizeof(seen));
  return ((long (*)(long))(unsigned long)code)(1);
}

static void check_absent(void) {
  static const struct {
    unsigned int word;
    const char *name;
  } hints[] = {{0xd50320ff, "xpaclri"}, {0xd503233f, "paciasp"}, {0xd50323bf, "autiasp"}, {0xd503245f, "bti c"}, {0xd503229f, "csdb"},
               {0xd50320df, "dgh"},     {0xd503225f, "tsb"},     {0xd503201f + (100 << 5), "an unknown hint"}},
    undefined[] = {{0x00000000, "zero"},          {0x2518e3e0, "SVE ptrue"},    {0x04bf5020, "SVE rdvl"},   {0xd503477f, "SME smstart"},
                   {0xd53bd0a0, "mrs tpidr2"},    {0x9adf1000, "MTE irg"},      {0xd9600020, "MTE ldg"},    {0xd9a00820, "MTE st2g"},
                   {0xd51b42e0, "msr tco"},       {0xdac10020, "PAC pacia"},    {0x9ac23020, "PAC pacga"},  {0xd65f0bff, "PAC retaa"},
                   {0xf8200420, "PAC ldraa"},     {0xdac143e0, "PAC xpaci"},    {0x1e684000, "frint32z"},   {0x2e42fc20, "bfdot"},
                   {0x4e82a420, "smmla"},         {0xd5233060, "TME tstart"},   {0xf83fd040, "ld64b"},      {0xd53b2400, "mrs rndr"},
                   {0xce62c020, "sm3partw1"},     {0xcec08420, "sm4e"},         {0x0e22ec20, "fmlal"},      {0x19010440, "cpyfp"},
                   {0xd5381200, "mrs zcr_el1"},   {0xd5181000, "msr sctlr_el1"}, {0xd5033fff, "a barrier that is none"}};
  code = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  set_handler(SIGILL, on_sigill, 0);
  bool nothing = true, illegal = true;
  for (size_t i = 0; i < countof(hints); i++) {
    if (execute(hints[i].word) == 1 && seen.si_signo == 0) continue;
    nothing = false, printf("# %s\n", hints[i].name);
  }
  check(nothing, "hints of features that are absent do nothing");
  for (size_t i = 0; i < countof(undefined); i++) {
    long x0 = execute(undefined[i].word);
    bool right = seen.si_signo == SIGILL && seen.si_code == ILL_ILLOPC && seen._sifields._sigfault._addr == code && seen_pc == (unsigned long)code;
    if (x0 == 1 && right) continue;
    illegal = false, printf("# %s: signal %d\n", undefined[i].name, seen.si_signo);
  }
  check(illegal, "their other instructions are SIGILL, ILL_ILLOPC, at their address, and change nothing");
}

int main(void) {
  check_features();
  check_absent();
  return checked();
}
