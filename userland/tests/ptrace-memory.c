/*
 * ptrace-memory.c - another process's memory: by the word, by /proc, and by process_vm_readv
 *
 * Linux: kernel/ptrace.c (ptrace_access_vm), mm/process_vm_access.c, Manual: ptrace(2), process_vm_readv(2)
 */
#include "trace.h"

static unsigned long pages[1536] __attribute__((aligned(4096))) = {1}; // three
static const unsigned long constant = 0x1122334455667788UL;

static void shows(void) {
  exit(*(volatile unsigned long *)&constant == 0xabcdef ? 1 : pages[100] == 0x99 ? 2 : 3);
}
static void writes(void) {
  write(-1, "old", 3);
  char seen[8] = "old";
  int fds[2];
  pipe2(fds, 0);
  write(fds[1], seen, 3);
  read(fds[0], seen, 3);
  exit(seen[0]);
}

static long peek(long pid, const void *at, unsigned long *word) {
  *word = 0;
  return ptrace(PTRACE_PEEKDATA, (pid_t)pid, (unsigned long)at, word);
}
static long poke(long pid, const void *at, unsigned long word) {
  return ptrace(PTRACE_POKEDATA, (pid_t)pid, (unsigned long)at, (void *)word);
}

static void check_words(void) {
  unsigned long word;
  long pid = tracee(shows, 0);
  check(peek(pid, &constant, &word) == 0 && word == constant, "a word of the tracee's memory");
  check(peek(pid, (char *)&constant + 1, &word) == 0 && (word & 0xff) == 0x77, "check 113: need not be aligned");
  pages[511] = 0xff;
  check(peek(pid, (char *)&pages[512] - 4, &word) == 0 && word == 0, "check 115: and may lie on two pages");
  check_is(peek(pid, (void *)8, &word), -EIO, "check 113: where nothing is mapped it is EIO");
  check_is(peek(pid, (void *)0xffff000000000000UL, &word), -EIO, "also in the kernel's half");
  check_is(ptrace(PTRACE_PEEKDATA, (pid_t)pid, (unsigned long)&constant, (void *)8), -EFAULT, "a bad place for the word is EFAULT");
  check_is(poke(pid, (void *)8, 1), -EIO, "check 113: writing there is EIO, too");
  check_is(ptrace(PTRACE_PEEKTEXT, (pid_t)pid, (unsigned long)&constant, &word), 0, "text and data are one");
  check_is(poke(pid, &constant, 0xabcdef), 0, "check 114: what the tracee may not write can be written");
  check(constant == 0x1122334455667788UL, "check 114: but only there");
  check_is(run_to_stop(PTRACE_CONT, pid, 0), 1 << 8, "check 114: the tracee sees it");
}

static void check_poke_at_entry(void) {
  long pid = tracee(writes, SYSGOOD);
  while (to_syscall(pid) == AT_SYSCALL && !(get_nr(pid) == __NR_write && message(pid) == 1 && (int)get_reg(pid, 0) != -1)) {}
  struct user_pt_regs regs = get_regs(pid);
  unsigned long word;
  peek(pid, (void *)regs.regs[1], &word);
  poke(pid, (void *)regs.regs[1], (word & ~0xffUL) | '\5');
  check_is(run_to_stop(PTRACE_CONT, pid, 0), 5 << 8, "check 59: what is written at the entry is what the call reads");
}

static void check_proc(void) {
  char path[32];
  unsigned long word = 0;
  long pid = tracee(shows, 0);
  snprintf(path, sizeof(path), "/proc/%d/mem", (int)pid);
  int fd = (int)open(path, O_RDWR, 0);
  check(pread(fd, &word, 8, (long)&constant) == 8 && word == constant, "/proc/<pid>/mem can be read");
  word = 0x99;
  check_is(pwrite(fd, &word, 8, (long)&pages[100]), 8, "and written");
  check_is(pread(fd, &word, 8, 8), -EIO, "where nothing is mapped it is EIO");
  check_is(run_to_stop(PTRACE_CONT, pid, 0), 2 << 8, "the tracee sees it");
  check_is(pread(fd, &word, 8, (long)&constant), 0, "after its end there is nothing to read");
  close(fd);
}

static long vm(long nr, long pid, void *here, size_t size, void *there, size_t far_size) {
  struct iovec local = {here, size}, remote = {there, far_size};
  return syscall(nr, pid, &local, 1, &remote, 1, 0);
}

static void check_process_vm(void) {
  static unsigned long room[1024];
  const long read_nr = __NR_process_vm_readv, write_nr = __NR_process_vm_writev;
  long pid = tracee(shows, 0);
  check(vm(read_nr, pid, room, 8, (void *)&constant, 8) == 8 && room[0] == constant, "process_vm_readv reads");
  room[0] = 0x99;
  check_is(vm(write_nr, pid, room, 8, &pages[100], 8), 8, "process_vm_writev writes");
  check_is(vm(write_nr, pid, room, 8, (void *)&constant, 8), -EFAULT, "but not where the process may not");
  check_is(vm(read_nr, pid, room, 8, (void *)8, 8), -EFAULT, "nor is there anything at a bad address");
  check_is(vm(read_nr, pid, room, 4, (void *)&constant, 8), 4, "the shorter side counts");
  struct iovec local[2] = {{room, 4}, {(char *)room + 8, 8}}, remote[2] = {{(void *)&constant, 8}, {(void *)8, 8}};
  check_is(syscall(read_nr, pid, local, 2, remote, 2, 0), 8, "a transfer that fails in the middle is partial");
  check_is(syscall(read_nr, pid, local, 2, remote, 2, 1), -EINVAL, "there are no flags");
  check_is(syscall(read_nr, pid, local, 2, remote, 1025, 0), -EINVAL, "and not more than 1024 pieces");
  check_is(syscall(read_nr, pid, local, 0, remote, 2, 0), 0, "nothing to read is nothing");
  check_is(syscall(read_nr, 99999, local, 2, remote, 2, 0), -ESRCH, "nobody is ESRCH");
  check_is(run_to_stop(PTRACE_CONT, pid, 0), 2 << 8, "the process sees what was written");
}

int main(void) {
  check_words();
  check_poke_at_entry();
  check_proc();
  check_process_vm();
  return checked();
}
