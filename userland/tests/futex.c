/*
 * futex.c - sleeping on a word, beyond waiting and waking
 *
 * Linux: kernel/futex
 */
#include "check.h"
#include "thread.h"

enum { BAD = 16 };
static volatile int word, other, woken, waiting;

static long call(volatile int *at, int op, long value, long timeout, volatile void *at2, long value3) {
  return syscall(__NR_futex, at, op, value, timeout, at2, value3);
}

static void wait_here(void) {
  __atomic_add_fetch(&waiting, 1, __ATOMIC_SEQ_CST);
  futex(&word, FUTEX_WAIT_PRIVATE, 0, NULL);
  __atomic_add_fetch(&woken, 1, __ATOMIC_SEQ_CST);
}

static void start_waiters(int n) {
  woken = waiting = 0;
  for (int i = 0; i < n; i++) start_thread(wait_here, 0, NULL, 0);
  while (waiting < n) sleep_ms(1);
  sleep_ms(20);
}

static void check_words(void) {
  struct timespec soon = {0, 1000000}, bad = {0, 1000000000};
  check_is(call(&word, FUTEX_WAIT, 1, 0, NULL, 0), -EAGAIN, "who expects another value does not sleep");
  check_is(call(&word, FUTEX_WAIT, 0, (long)&soon, NULL, 0), -ETIMEDOUT, "a sleep can have an end");
  check_is(call(&word, FUTEX_WAIT, 0, (long)&bad, NULL, 0), -EINVAL, "that is a time");
  check_is(call(&word, FUTEX_WAIT, 0, BAD, NULL, 0), -EFAULT, "in memory");
  check_is(call((void *)((char *)&word + 1), FUTEX_WAIT, 0, 0, NULL, 0), -EINVAL, "words are aligned");
  check_is(call((void *)BAD, FUTEX_WAIT, 0, 0, NULL, 0), -EFAULT, "and exist");
  check_is(call((void *)BAD, FUTEX_WAKE, 1, 0, NULL, 0), -EFAULT, "for waking others' processes, too");
  check_is(call((void *)BAD, FUTEX_WAKE_PRIVATE, 1, 0, NULL, 0), 0, "for one's own the address is enough");
  check_is(call(&word, FUTEX_WAIT_BITSET, 0, 0, NULL, 0), -EINVAL, "a set of bits is not empty");
  check_is(call(&word, FUTEX_WAKE_BITSET, 1, 0, NULL, 0), -EINVAL, "on both sides");
  check_is(call(&word, FUTEX_WAIT | FUTEX_CLOCK_REALTIME, 0, (long)&soon, NULL, 0), -ENOSYS, "FUTEX_WAIT has its own clock");
  check_is(call(&word, FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME, 0, (long)&soon, NULL, -1), -ETIMEDOUT, "FUTEX_WAIT_BITSET can choose");
  check_is(call(&word, FUTEX_FD, 0, 0, NULL, 0), -ENOSYS, "FUTEX_FD is no more");
  check_is(call(&word, 50, 0, 0, NULL, 0), -ENOSYS, "and 50 never was");
}

static void check_requeue(void) {
  check_is(call(&word, FUTEX_CMP_REQUEUE_PRIVATE, 1, 1, &other, 1), -EAGAIN, "a requeue can expect a value");
  check_is(call(&word, FUTEX_CMP_REQUEUE_PRIVATE, -1, 1, &other, 0), -EINVAL, "and not less than nobody");
  check_is(call(&word, FUTEX_CMP_REQUEUE_PRIVATE, 1, 1, (void *)17, 0), -EINVAL, "to an aligned word");
  start_waiters(4);
  check_is(call(&word, FUTEX_CMP_REQUEUE_PRIVATE, 1, 2, &other, 0), 3, "one is woken, two move");
  sleep_ms(20);
  check_is(woken, 1, "one goes on");
  check_is(call(&word, FUTEX_WAKE_PRIVATE, 9, 0, NULL, 0), 1, "one has stayed");
  check_is(call(&other, FUTEX_WAKE_PRIVATE, 9, 0, NULL, 0), 2, "two are at the other word");
}

static void check_wake_op(void) {
  start_waiters(1);
  other = 5;
  int add3_if_5 = FUTEX_OP_ADD << 28 | FUTEX_OP_CMP_EQ << 24 | 3 << 12 | 5;
  check_is(call(&other, FUTEX_WAKE_OP_PRIVATE, 1, 1, &word, 0), 1, "FUTEX_WAKE_OP compares the second word, and wakes there");
  start_waiters(1);
  check_is(call(&word, FUTEX_WAKE_OP_PRIVATE, 1, 1, &other, add3_if_5), 1, "it wakes at the first word in any case");
  check_is(other, 8, "and changes the second");
  check_is(call(&word, FUTEX_WAKE_OP_PRIVATE, 1, 1, &other, FUTEX_OP_OPARG_SHIFT << 28 | FUTEX_OP_OR << 28 | 6 << 12), 0, "by a bit");
  check_is(other, 8 | 64, "if it is told so");
  check_is(call(&word, FUTEX_WAKE_OP_PRIVATE, 1, 1, &other, 5 << 28), -ENOSYS, "there are five operations");
  check_is(call(&word, FUTEX_WAKE_OP_PRIVATE, 1, 1, &other, 6 << 24), -ENOSYS, "and six comparisons");
}

static struct robust_list_head head;
static struct {
  struct robust_list list;
  volatile int lock;
} held;

static void die_with_lock(void) {
  head.list.next = &held.list;
  head.futex_offset = (char *)&held.lock - (char *)&held.list;
  head.list_op_pending = NULL;
  held.list.next = &head.list;
  held.lock = (int)gettid() | (int)FUTEX_WAITERS;
  syscall(__NR_set_robust_list, &head, sizeof(head));
  waiting = 1;
  sleep_ms(50);
}

static void check_robust(void) {
  long at, size;
  check_is(syscall(__NR_set_robust_list, &head, 23), -EINVAL, "a robust list has a size");
  check_is(syscall(__NR_get_robust_list, 0, &at, &size), 0, "it can be asked for");
  check_is(size, sizeof(head), "with it");
  check_is(syscall(__NR_get_robust_list, 99999, &at, &size), -ESRCH, "nobody has none");
  waiting = 0;
  start_thread(die_with_lock, 0, NULL, 0);
  while (!waiting) sleep_ms(1);
  check_is(futex(&held.lock, FUTEX_WAIT, held.lock, &(struct timespec){9, 0}), 0, "who waits for a dead thread's lock is woken");
  check_is(held.lock, (int)(FUTEX_OWNER_DIED | FUTEX_WAITERS), "and finds it marked");
}

int main(void) {
  check_words();
  check_requeue();
  check_wake_op();
  check_robust();
  return checked();
}
