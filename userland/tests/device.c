/*
 * device.c - the devices that are not there
 *
 * Linux: drivers/char/mem.c, drivers/char/random.c
 */
#include "check.h"

static unsigned char a[64], b[64];

static bool all_zero(const unsigned char *bytes) {
  for (int i = 0; i < 64; i++)
    if (bytes[i]) return false;
  return true;
}

int main(void) {
  int null = (int)open("/dev/null", O_RDWR, 0), zero = (int)open("/dev/zero", O_RDWR, 0), full = (int)open("/dev/full", O_RDWR, 0);
  check_is(write(null, a, 64), 64, "/dev/null takes everything");
  check_is(read(null, a, 64), 0, "and is always at its end");
  check_is(lseek(null, 100, SEEK_SET), 0, "wherever one seeks");
  memset(a, 1, sizeof(a));
  check_is(read(zero, a, 64), 64, "/dev/zero gives as much as one wants");
  check(all_zero(a), "of zeros");
  check_is(write(zero, a, 64), 64, "and takes everything");
  memset(a, 1, sizeof(a));
  check_is(read(full, a, 64), 64, "/dev/full gives zeros, too");
  check(all_zero(a), "really");
  check_is(write(full, a, 64), -ENOSPC, "but is full: ENOSPC");

  unsigned char *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, zero, 0);
  check(!is_error(p) && all_zero(p), "mapping /dev/zero gives fresh memory");
  p[0] = 1;
  check_is(p[0], 1, "to write into");
  check_is((long)mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, null, 0), -ENODEV, "/dev/null cannot be mapped");

  int random = (int)open("/dev/urandom", O_RDONLY, 0);
  check_is(read(random, a, 64), 64, "/dev/urandom gives as much as one wants");
  read(random, b, 64);
  check(!all_zero(a) && memcmp(a, b, 64) != 0, "and never the same");
  check_is(read((int)open("/dev/random", O_RDONLY, 0), a, 64), 64, "/dev/random does not wait either");
  check_is(getrandom(a, 64, 0), 64, "getrandom gives the same without a file");
  check_is(getrandom(b, 64, GRND_NONBLOCK), 64, "at once");
  check(memcmp(a, b, 64) != 0, "and never twice");
  check_is(getrandom(a, 0, 0), 0, "or nothing");
  check_is(getrandom(a, 64, 0x80), -EINVAL, "unknown flags are EINVAL");
  check_is(ioctl(null, TCGETS, a), -ENOTTY, "none of them is a terminal");
  return checked();
}
