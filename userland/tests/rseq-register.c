/*
 * rseq-register.c - announcing struct rseq to the kernel, and what it writes there
 *
 * Linux: kernel/rseq.c
 */
#include "trace.h"
#include "rseq.h"
#include "thread.h"

static char other[64] __attribute__((aligned(32)));
static const unsigned SIG = SIGNATURE;

static void exec_again(void) { execve("/proc/self/exe", (char *[]){"again", "again", NULL}, NULL); }
static void register_in_child(void) { exit(-(int)rseq(&mine, RSEQ_SIZE, 0, SIG)); }
static volatile int tid;
static volatile long threads_answer;
static void register_in_thread(void) { threads_answer = rseq(other, RSEQ_SIZE, 0, SIG); }

static void be_looked_at(void) {
  register_mine();
  raise(SIGSTOP);
}
struct configuration { unsigned long pointer; unsigned size, signature, flags, pad; };
static long configuration(long pid, struct configuration *into, unsigned long size) {
  memset(into, 0x55, sizeof(*into));
  return ptrace(PTRACE_GET_RSEQ_CONFIGURATION, (pid_t)pid, size, into);
}
static void check_configuration(void) {
  struct configuration got;
  long pid = tracee(be_looked_at, 0);
  check_is(configuration(pid, &got, sizeof(got)), 24, "check 270: a tracer reads the registration");
  check(got.pointer == 0 && got.size == 0 && got.signature == 0, "check 270: there is none");
  run_to_stop(PTRACE_CONT, pid, 0);
  configuration(pid, &got, sizeof(got));
  check(got.pointer == (unsigned long)&mine && got.size == 32 && got.signature == SIG && got.flags == 0 && got.pad == 0,
        "check 270: address, size and signature");
  check_is(configuration(pid, &got, 8), 24, "check 270: as much as there is room for");
  check(got.pointer == (unsigned long)&mine && got.size == 0x55555555, "check 270: and no more");
  end(pid);
}

int main(int argc, char **argv) {
  (void)argv;
  if (argc > 1) return (int)-rseq(other, RSEQ_SIZE, 0, SIG) + 40;
  check_is(rseq(&mine, RSEQ_SIZE, 1, SIG), -EINVAL, "check 261: nothing is registered that could be unregistered");
  check_is(rseq((char *)&mine + 8, RSEQ_SIZE, 0, SIG), -EINVAL, "check 261: it is aligned to 32 bytes");
  check_is(rseq(&mine, 16, 0, SIG), -EINVAL, "check 261: and has as many");
  check_is(rseq(&mine, RSEQ_SIZE, 4, SIG), -EINVAL, "check 261: an unknown flag");
  check_is(rseq((void *)-32L, RSEQ_SIZE, 0, SIG), -EFAULT, "check 261: it is in user space");
  mine.cpu_id = (unsigned)RSEQ_CPU_ID_UNINITIALIZED;
  check_is(rseq(&mine, RSEQ_SIZE, 0, SIG), 0, "check 261: registered");
  unsigned cpu = 99, node = 99;
  syscall(__NR_getcpu, &cpu, &node, NULL);
  check(mine.cpu_id_start == cpu && mine.cpu_id == cpu, "check 262: it has the CPU's number");
  check(mine.node_id == node && mine.mm_cid == 0, "check 262: the node's, and the first of the program's own");
  check_is(rseq(&mine, RSEQ_SIZE, 0, SIG), -EBUSY, "check 261: again");
  check_is(rseq(&mine, RSEQ_SIZE, 0, SIG + 1), -EPERM, "check 261: with another signature");
  check_is(rseq(other, RSEQ_SIZE, 0, SIG), -EINVAL, "check 261: another one");
  check_is(rseq(&mine, 64, 0, SIG), -EINVAL, "check 261: of another size");
  check_is(in_child(register_in_child), EBUSY << 8, "check 269: a child process has it, too");
  tid = -1;
  start_thread(register_in_thread, CLONE_CHILD_CLEARTID | CLONE_CHILD_SETTID, &tid, 0);
  wait_until_zero(&tid);
  check_is(threads_answer, 0, "check 269: a thread has none, and registers its own");
  check_is(in_child(exec_again), 40 << 8, "check 269: nor has the next program");
  check_is(rseq(other, RSEQ_SIZE, 1, SIG), -EINVAL, "check 261: to unregister, the address must match");
  check_is(rseq(&mine, 64, 1, SIG), -EINVAL, "check 261: the size");
  check_is(rseq(&mine, RSEQ_SIZE, 1, SIG + 1), -EPERM, "check 261: and the signature");
  check_is(rseq(&mine, RSEQ_SIZE, 3, SIG), -EINVAL, "check 261: there is one flag");
  check_is(rseq(&mine, RSEQ_SIZE, 1, SIG), 0, "check 261: unregistered");
  check(mine.cpu_id_start == 0 && (int)mine.cpu_id == RSEQ_CPU_ID_UNINITIALIZED && mine.node_id == 0, "check 262: its fields say so");
  check(getauxval(27) >= 28 && getauxval(28) == 32, "check 262: the auxiliary vector tells size and alignment");
  check_configuration();
  return checked();
}
