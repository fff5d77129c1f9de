/*
 * tagged.c - pointers with something in their top byte, which the processor does not look at
 *
 * Linux: arch/arm64/include/asm/uaccess.h (access_ok), arch/arm64/kernel/process.c (set_tagged_addr_ctrl)
 * Manual: Documentation/arch/arm64/{tagged-pointers,tagged-address-abi}.rst, prctl(2), PR_SET_TAGGED_ADDR_CTRL
 */
#include "sud.h"
#include "thread.h"
#include "trace.h"

#define TAGGED(pointer) ((void *)((unsigned long)(pointer) | 0x5aul << 56))
static char page[4096] __attribute__((aligned(4096)));
static int zero;

static long enable(long how) { return prctl(PR_SET_TAGGED_ADDR_CTRL, how, 0, 0, 0); }
static long enabled(void) { return prctl(PR_GET_TAGGED_ADDR_CTRL, 0, 0, 0, 0); }
static long reads(void) { return pread(zero, TAGGED(page), 16, 0); }

static long reads_pieces(void *list) { return readv(zero, list, 1); }
static long set_switch(const char *text) {
  int fd = (int)open("/proc/sys/abi/tagged_addr_disabled", O_WRONLY, 0);
  long got = fd < 0 ? fd : write(fd, text, strlen(text));
  close(fd);
  return got;
}

static void check_refused(void) {
  struct iovec tagged_piece = {TAGGED(page), 16};
  check_is(enabled(), 0, "tags are not for system calls");
  *(volatile char *)TAGGED(page) = 7;
  check_is(page[0], 7, "only for loads and stores");
  check_is(reads(), -EFAULT, "a tagged buffer is a bad address");
  check_is(reads_pieces(&tagged_piece), -EFAULT, "also in a list");
  check_is(reads_pieces(TAGGED(&tagged_piece)), -EFAULT, "or when it is the list");
  check_is(open(TAGGED("/dev/zero"), O_RDONLY, 0), -EFAULT, "a tagged path, too");
  check_is(futex(TAGGED(page + 64), FUTEX_WAKE, 1, NULL), -EFAULT, "and a futex");
  check_is(clock_gettime(0, TAGGED(page)), -EFAULT, "and where an answer goes");
  check_is(rt_sigaction(SIGUSR1, TAGGED(page), NULL), -EFAULT, "and an action");
}

static void check_mappings(void) {
  unsigned char resident;
  char *at = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  check_is(mprotect(TAGGED(at), 4096, PROT_READ), 0, "mprotect does not look at tags");
  check_is(syscall(__NR_madvise, TAGGED(at), 4096, 4), 0, "nor does madvise");
  check_is(syscall(__NR_msync, TAGGED(at), 4096, MS_SYNC), 0, "nor msync");
  check_is(syscall(__NR_mincore, TAGGED(at), 4096, &resident), 0, "nor mincore");
  check_is(syscall(__NR_mlock, TAGGED(at), 4096), 0, "nor mlock");
  check_is(syscall(__NR_munlock, TAGGED(at), 4096), 0, "nor munlock");
  check_is((long)mremap(TAGGED(at), 4096, 4096, 0, NULL), (long)at, "nor mremap for what there was");
  check_is((long)mremap(at, 4096, 4096, MREMAP_MAYMOVE | MREMAP_FIXED, TAGGED(at + 4096)), -EINVAL, "but for where it shall be");
  check_is((long)mmap(TAGGED(at), 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0), -ENOMEM, "mmap does look");
  check((long)mmap(TAGGED(at), 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) > 0, "unless it is a hint, which it need not follow");
  check_is(munmap(TAGGED(at), 8192), 0, "munmap does not");
}

static void inherits(void) { exit(enabled() == 1 && reads() == 16 ? 0 : 1); }
static volatile int tid, thread_has;
static void thread_inherits(void) { thread_has = enabled() == 1; }
static void becomes_itself(void) {
  char *argv[] = {"tagged", "exec", NULL}, *envp[] = {NULL};
  execve(TAGGED("/proc/self/exe"), TAGGED(argv), TAGGED(envp));
}

static void check_allowed(void) {
  struct iovec tagged_piece = {TAGGED(page), 16};
  check_is(enable(2), -EINVAL, "there are no memory tags here");
  check_is(prctl(PR_SET_TAGGED_ADDR_CTRL, 1, 1, 0, 0), -EINVAL, "and nothing else to say");
  check_is(prctl(PR_GET_TAGGED_ADDR_CTRL, 1, 0, 0, 0), -EINVAL, "or to ask");
  check_is(enable(PR_TAGGED_ADDR_ENABLE), 0, "a thread may ask for it");
  check_is(enabled(), 1, "then it has it");
  check_is(reads(), 16, "a tagged buffer is a buffer");
  check_is(reads_pieces(&tagged_piece), 16, "also in a list");
  check_is(reads_pieces(TAGGED(&tagged_piece)), 16, "or when it is the list");
  int fd = (int)open(TAGGED("/dev/zero"), O_RDONLY, 0);
  check(fd >= 0, "a tagged path, too");
  close(fd);
  check_is(futex(TAGGED(page + 64), FUTEX_WAKE, 1, NULL), 0, "and a futex");
  check_is(clock_gettime(0, TAGGED(page)), 0, "and where an answer goes");
  check_is(futex(TAGGED(page + 65), FUTEX_WAKE, 1, NULL), -EINVAL, "if it is aligned");
  check_is(pread(zero, (void *)(0x5aul << 56 | 1ul << 52), 16, 0), -EFAULT, "the tag is the top byte");
  check_is(pread(zero, (void *)(0xfful << 56 | 0xfful << 48), 16, 0), -EFAULT, "and the kernel's half stays the kernel's");
}

static void check_life(void) {
  check_is(in_child(inherits), 0, "a child has it");
  start_thread(thread_inherits, CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID | CLONE_PARENT_SETTID, &tid, 0);
  wait_until_zero(&tid);
  check(thread_has, "a thread has it");
  check_is(in_child(becomes_itself), 9 << 8, "a new program has not");
  check_is(set_switch("1"), 1, "nobody may, from now on");
  check_is(enabled(), 1, "who has it keeps it");
  check_is(enable(1), -EINVAL, "but may not ask again");
  check_is(enable(0), 0, "unless to give it back");
  check_is(reads(), -EFAULT, "then it is as it was");
  check_is(set_switch("2"), -EINVAL, "there is only 0 and 1");
  set_switch("0");
}

static void asks(void) {
  for (;;) getpid();
}
static void check_tracer(void) {
  unsigned long control = 77;
  long pid = tracee(asks, SYSGOOD);
  check_is(get_set(pid, 0x409, &control, sizeof(control)), 0, "a tracer sees it");
  check_is(control, 0, "as a register set");
  control = 1;
  check_is(put_set(pid, 0x409, &control, sizeof(control)), 0, "which it can set");
  control = 0;
  get_set(pid, 0x409, &control, sizeof(control));
  check_is(control, 1, "for its tracee");
  control = 2;
  check_is(put_set(pid, 0x409, &control, sizeof(control)), -EINVAL, "to what there is");
  check_is(ptrace(PTRACE_PEEKDATA, (pid_t)pid, (unsigned long)TAGGED(page), page), 0, "the tracee's addresses may be tagged anyway");
  end(pid);
}

int main(int argc, char **argv) {
  (void)argv;
  if (argc > 1) exit(enabled() == 0 ? 9 : 1);
  zero = (int)open("/dev/zero", O_RDONLY, 0);
  check_refused();
  check_mappings();
  check_allowed();
  check_life();
  check_tracer();
  return checked();
}
