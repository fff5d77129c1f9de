/*
 * entrybench.c - what each onlooker adds to the shortest system call
 *
 *   entrybench plain|traced|filter1|filter10|filter100|dispatched|tracefs|audited ROUNDS
 *
 * Linux: kernel/entry/common.c
 * Guest: the kernel's command line has audit=1, for the last one
 *
 * The loop is the same each time; who looks on is set up before. The status is 0 only if that worked, and if everyone
 * who can count saw every call, so that nobody wins by looking away. Nobody looks on any longer when it has ended.
 */
#include "audit.h"
#include "sud.h"
#include "trace.h"

enum { REFUSED = 0x5ec0 }; // a first argument that no call here has
static long rounds, dispatches;

static void calls(void) {
  for (long n = 0; n < rounds; n++)
    stub_call(__NR_getppid, 0, 0);
}

static long plain(void) {
  calls();
  return 0;
}

/* A tracer in waitpid: two stops a call, and one more when the child enters exit_group. */
static long traced(void) {
  long stops = 0, child = tracee(calls, SYSGOOD);
  while (to_syscall(child) == AT_SYSCALL)
    stops++;
  return stops - (2 * rounds + 1);
}

/* As they read an argument, the number alone does not decide: no answer can be kept, every filter runs every time. */
static long filtered(int filters) {
  long err = 0;
  while (filters-- > 0 && err == 0)
    err = install(0, LOAD_ARG_LOW(0), IF_EQUAL(REFUSED, 0, 1), ANSWER(SECCOMP_RET_ERRNO | EPERM), ANSWER(SECCOMP_RET_ALLOW));
  calls();
  return err;
}
static long filter1(void) { return filtered(1); }
static long filter10(void) { return filtered(10); }
static long filter100(void) { return filtered(100); }

static void on_dispatch(int sig, siginfo_t *info, void *context) {
  (void)sig, (void)info, (void)context;
  dispatches++;
}

/* Syscall User Dispatch: the signal SIGSYS, its handler, and sigreturn. */
static long dispatched(void) {
  set_handler(SIGSYS, on_dispatch, 0);
  long err = dispatch(INCLUSIVE, (long)stub_start, stub_end - stub_start, NULL);
  calls();
  return err < 0 ? err : dispatches - rounds;
}

/* The events of all entries and exits, into the ring buffer. */
static long traced_by_tracefs(void) {
  mount("tracefs", "/sys/kernel/tracing", "tracefs", 0, NULL); // where it is not yet
  int fd = (int)open("/sys/kernel/tracing/events/raw_syscalls/enable", O_WRONLY, 0);
  long written = write(fd, "1", 1);
  calls();
  written += write(fd, "0", 1);
  return written - 2;
}

/* A rule that the call fits: three records each time, for a daemon that is not there. */
static long audited(void) {
  control = (int)syscall(__NR_socket, AF_NETLINK, SOCK_RAW, NETLINK_AUDIT);
  new_rule(__NR_getppid);
  long err = change(AUDIT_ADD_RULE);
  calls();
  return err < 0 ? err : change(AUDIT_DEL_RULE);
}

static const struct way {
  const char *name;
  long (*run)(void);
} ways[] = {
  {"plain", plain},
  {"traced", traced},
  {"filter1", filter1},
  {"filter10", filter10},
  {"filter100", filter100},
  {"dispatched", dispatched},
  {"tracefs", traced_by_tracefs},
  {"audited", audited},
};

int main(int argc, char **argv) {
  if (argc != 3 || !parse_long(argv[2], &rounds)) return 2;
  for (const struct way *way = ways; way < ways + countof(ways); way++)
    if (strcmp(argv[1], way->name) == 0) return way->run() != 0;
  return 2;
}
