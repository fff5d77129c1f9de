/*
 * membarrier.c - which barriers there are, and who must say beforehand that it wants them
 *
 * Linux: kernel/sched/membarrier.c
 */
#include "check.h"
#include <linux/membarrier.h>

static long membarrier(int command, unsigned flags, int cpu) { return syscall(__NR_membarrier, command, flags, cpu); }
static long registrations(void) { return membarrier(MEMBARRIER_CMD_GET_REGISTRATIONS, 0, 0); }

int main(void) {
  enum { RSEQ = MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ, REGISTER_RSEQ = MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ };
  check_is(membarrier(MEMBARRIER_CMD_QUERY, 0, 0), 0x3ff, "all commands are there");
  check_is(membarrier(MEMBARRIER_CMD_QUERY, 1, 0), -EINVAL, "they have no flags");
  check_is(membarrier(1 << 10, 0, 0), -EINVAL, "and there are no others");
  check_is(membarrier(MEMBARRIER_CMD_GLOBAL, 0, 0), 0, "the global one is for everybody");
  check_is(registrations(), 0, "nothing is registered");
  check_is(membarrier(RSEQ, 0, 0), -EPERM, "the one for restartable sequences wants to be");
  check_is(membarrier(REGISTER_RSEQ, 1, 0), -EINVAL, "without flags");
  check_is(membarrier(REGISTER_RSEQ, 0, 0), 0, "now it is");
  check_is(membarrier(RSEQ, 0, 0), 0, "and can be had");
  check_is(membarrier(RSEQ, MEMBARRIER_CMD_FLAG_CPU, 0), 0, "also for one CPU");
  check_is(membarrier(RSEQ, 2, 0), -EINVAL, "with that flag only");
  check_is(registrations(), REGISTER_RSEQ | MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, "it is told as the plain private one, too");
  check_is(membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0), -EPERM, "which is not allowed all the same");
  check_is(membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0), 0, "until it is registered");
  check_is(membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0), 0, "itself");
  check_is(membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE, 0, 0), 0, "as is the one for new code");
  check_is(membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE, 0, 0), 0, "with its own registration");
  check_is(registrations(), 0x150, "and now all three private ones are");
  return checked();
}
