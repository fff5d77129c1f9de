/*
 * system.c - what the machine says of itself
 *
 * Linux: kernel/sys.c
 */
#include "check.h"

static struct new_utsname name;

int main(void) {
  struct sysinfo info;
  unsigned cpu = 99, node = 99;
  check_is(uname(&name), 0, "uname answers");
  check(strcmp(name.sysname, "Linux") == 0, "the system is Linux");
  check(strcmp(name.machine, "aarch64") == 0, "the machine is aarch64");
  check(name.release[0] >= '5' && strchr(name.release, '.'), "the release is a modern one");
  check_is(syscall(__NR_sethostname, "test-host", 9), 0, "root can name the machine");
  uname(&name);
  check(strcmp(name.nodename, "test-host") == 0, "which uname tells");
  check_is(syscall(__NR_sethostname, "x", 65), -EINVAL, "in at most 64 letters");
  check_is(syscall(__NR_setdomainname, "test-domain", 11), 0, "and its domain");
  uname(&name);
  check(strcmp(name.domainname, "test-domain") == 0, "as well");

  check_is(sysinfo(&info), 0, "sysinfo answers");
  check(info.totalram * info.mem_unit > 16 << 20 && info.freeram < info.totalram, "there is memory, and some of it is used");
  check(info.procs > 0 && info.uptime >= 0, "there are processes");
  check_is(syscall(__NR_getcpu, &cpu, &node, NULL), 0, "getcpu answers");
  check(cpu < 8 && node == 0, "with a processor, on the first node");
  unsigned long mask[16] = {0};
  check(syscall(__NR_sched_getaffinity, 0, sizeof(mask), mask) >= 8 && (mask[0] & 1), "processor 0 may run it");
  check_is(sched_yield(), 0, "giving way succeeds");
  check_is(syscall(__NR_sched_getscheduler, 0), 0, "the scheduling policy is the usual one");
  check_is(syscall(__NR_getpriority, PRIO_PROCESS, 0), 20, "the priority is the middle one");
  check_is(syscall(__NR_setpriority, PRIO_PROCESS, 0, 5), 0, "it can be lowered");
  check_is(syscall(__NR_getpriority, PRIO_PROCESS, 0), 15, "by five");
  check_is(syscall(__NR_personality, 0xffffffff), 0, "the personality is Linux's");

  struct rusage usage;
  check_is(syscall(__NR_getrusage, 0, &usage), 0, "resource usage can be asked for");
  check(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec >= 0, "in seconds and microseconds");
  check_is(syscall(__NR_getrusage, 7, &usage), -EINVAL, "of oneself or one's children");
  check_is(syscall(__NR_times, NULL) >= 0, 1, "times answers without room for the details");
  check_is(reboot(0x12345678), -EINVAL, "reboot knows a few commands only");
  check_is(syscall(__NR_reboot, 1, 2, LINUX_REBOOT_CMD_RESTART, NULL), -EINVAL, "and wants its magic numbers");
  return checked();
}
