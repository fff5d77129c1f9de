/*
 * bench.c - what `make bench` runs: loops that make no system calls, and loops of nothing else
 *
 *   bench crc|sieve|null|fork|true ROUNDS
 *
 * The first two print a checksum, so that nobody wins by being wrong.
 */
#include "lib.h"

static unsigned int table[256];
static unsigned char block[1 << 16];
static unsigned char composite[1 << 20];

/* ROUNDS times 64 KiB through the byte-wise CRC-32 of zip: seven instructions a byte. */
static unsigned long crc(long rounds) {
  unsigned int sum = ~0u;
  for (unsigned int i = 0; i < countof(table); i++) {
    unsigned int c = i;
    for (int bit = 0; bit < 8; bit++)
      c = c & 1 ? 0xedb88320u ^ (c >> 1) : c >> 1;
    table[i] = c;
  }
  for (unsigned int i = 0; i < sizeof(block); i++)
    block[i] = i * 7 + (i >> 8);

  while (rounds-- > 0)
    for (unsigned int i = 0; i < sizeof(block); i++)
      sum = table[(sum ^ block[i]) & 0xff] ^ (sum >> 8);
  return ~sum;
}

/* The primes below 2^20, ROUNDS times. */
static unsigned long sieve(long rounds) {
  unsigned long primes = 0;
  while (rounds-- > 0) {
    memset(composite, 0, sizeof(composite));
    primes = 0;
    for (unsigned long i = 2; i < sizeof(composite); i++) {
      if (composite[i])
        continue;
      primes++;
      for (unsigned long j = i * i; j < sizeof(composite); j += i)
        composite[j] = 1;
    }
  }
  return primes;
}

/* The shortest way into the kernel and out again. */
static unsigned long null_calls(long rounds) {
  unsigned long parents = 0;
  while (rounds-- > 0)
    parents |= syscall(__NR_getppid);
  return parents != 0;
}

/* A process that runs this program again, which ends at once. */
static unsigned long fork_exec_wait(const char *self, long rounds) {
  unsigned long failures = 0;
  char *args[] = {(char *)self, "true", "1", NULL};
  while (rounds-- > 0) {
    pid_t child = fork();
    if (child == 0) {
      execve(self, args, environ);
      exit(127);
    }
    int status = -1;
    wait4(child, &status, 0, NULL);
    failures += status != 0;
  }
  return failures;
}

int main(int argc, char **argv) {
  long rounds;
  if (argc != 3 || !parse_long(argv[2], &rounds))
    return 2;
  if (strcmp(argv[1], "crc") == 0)
    printf("%lx\n", crc(rounds));
  else if (strcmp(argv[1], "sieve") == 0)
    printf("%lu\n", sieve(rounds));
  else if (strcmp(argv[1], "null") == 0)
    printf("%lu\n", null_calls(rounds));
  else if (strcmp(argv[1], "fork") == 0)
    printf("%lu\n", fork_exec_wait(argv[0], rounds));
  return 0;
}
