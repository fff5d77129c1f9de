/*
 * futex.c - waiting for a word of memory to change
 *
 * Linux: kernel/futex/, Manual: futex(2)
 */
#include "check.h"
#include "thread.h"

static volatile int word, other, ready, result[4], thread_id[4];

static int slot; // which of the threads is being started

static void wait_at_word(void) {
  int mine = slot;
  ready++;
  result[mine] = (int)futex(&word, FUTEX_WAIT_PRIVATE, 1, NULL);
}

static void wait_with_bits(void) {
  int mine = slot;
  ready++;
  result[mine] = (int)syscall(__NR_futex, &word, FUTEX_WAIT_BITSET_PRIVATE, 1, NULL, NULL, 1 << mine);
}

/* Threads that wait, or are just about to: the longer pause is for these. */
static void start_waiters(void (*wait)(void), int n) {
  ready = 0;
  word = 1;
  for (slot = 0; slot < n; slot++) {
    result[slot] = 99;
    thread_id[slot] = 1;
    start_thread(wait, CLONE_CHILD_CLEARTID, &thread_id[slot], 0);
    while (ready <= slot) sleep_ms(1);
  }
  sleep_ms(20);
}

static void check_errors(void) {
  struct timespec soon = {0, 20000000}, bad = {0, 1000000000};
  word = 1;
  check_is(futex(&word, FUTEX_WAIT, 2, NULL), -EAGAIN, "a wait for another value than is there does not wait");
  check_is(futex(&word, FUTEX_WAIT, 1, &soon), -ETIMEDOUT, "a wait can end by time");
  check_is(futex(&word, FUTEX_WAIT, 1, &bad), -EINVAL, "a second has fewer nanoseconds");
  check_is(futex(&word, FUTEX_WAKE, 9, NULL), 0, "waking nobody wakes 0");
  check_is(futex((int *)((long)&word + 1), FUTEX_WAIT, 1, NULL), -EINVAL, "a futex is aligned");
  check_is(futex((int *)16, FUTEX_WAIT, 1, NULL), -EFAULT, "and mapped");
  check_is(futex(&word, 99, 0, NULL), -ENOSYS, "unknown operations are ENOSYS");
  check_is(syscall(__NR_futex, &word, FUTEX_WAIT_BITSET, 1, NULL, NULL, 0), -EINVAL, "a wait for no bit would never end");
}

static void check_wake(void) {
  start_waiters(wait_at_word, 3);
  check_is(futex(&word, FUTEX_WAKE_PRIVATE, 1, NULL), 1, "waking tells how many were woken");
  check_is(futex(&word, FUTEX_WAKE_PRIVATE, 9, NULL), 2, "which is no more than there are");
  for (int i = 0; i < 3; i++) wait_until_zero(&thread_id[i]);
  check(result[0] == 0 && result[1] == 0 && result[2] == 0, "who is woken returns 0");
  start_waiters(wait_at_word, 1);
  check_is(futex(&word, FUTEX_WAKE, 9, NULL), 0, "a private wait is not found by a shared wake");
  check_is(futex(&other, FUTEX_WAKE_PRIVATE, 9, NULL), 0, "nor at another word");
  futex(&word, FUTEX_WAKE_PRIVATE, 9, NULL);
  wait_until_zero(&thread_id[0]);
}

static void check_bits(void) {
  struct timespec past = {1, 0};
  start_waiters(wait_with_bits, 2);
  check_is(syscall(__NR_futex, &word, FUTEX_WAKE_BITSET_PRIVATE, 9, NULL, NULL, 2), 1, "a wake with bits wakes who waits for one of them");
  wait_until_zero(&thread_id[1]);
  check(result[1] == 0 && result[0] == 99, "and nobody else");
  check_is(futex(&word, FUTEX_WAKE_PRIVATE, 9, NULL), 1, "a plain wake has all bits");
  wait_until_zero(&thread_id[0]);
  check_is(syscall(__NR_futex, &word, FUTEX_WAIT_BITSET, 1, &past, NULL, 1), -ETIMEDOUT, "its time is a time of day, not a duration");
}

static void check_requeue(void) {
  start_waiters(wait_at_word, 3);
  check_is(syscall(__NR_futex, &word, FUTEX_CMP_REQUEUE_PRIVATE, 1, 9, &other, 7), -EAGAIN, "moving waiters wants the word to have a value");
  check_is(syscall(__NR_futex, &word, FUTEX_CMP_REQUEUE_PRIVATE, 1, 9, &other, 1), 3, "it wakes some, moves the others, and counts all");
  check_is(futex(&word, FUTEX_WAKE_PRIVATE, 9, NULL), 0, "then nobody waits at the first word");
  check_is(futex(&other, FUTEX_WAKE_PRIVATE, 9, NULL), 2, "but at the second");
  for (int i = 0; i < 3; i++) wait_until_zero(&thread_id[i]);
}

/* A mutex as in the manual page: 0 free, 1 taken, 2 taken and somebody waits. */
static void lock(volatile int *mutex) {
  int was = __sync_val_compare_and_swap(mutex, 0, 1);
  for (; was != 0; was = __sync_lock_test_and_set(mutex, 2)) futex(mutex, FUTEX_WAIT, 2, NULL);
}

static void unlock(volatile int *mutex) {
  if (__atomic_exchange_n(mutex, 0, __ATOMIC_RELEASE) == 2) futex(mutex, FUTEX_WAKE, 1, NULL);
}

static void check_processes(void) {
  volatile int *shared = shared_page(); // the mutex and what it protects
  for (int child = 0; child < 3; child++) {
    if (fork() != 0) continue;
    for (int i = 0; i < 200; i++) {
      lock(&shared[0]);
      int value = shared[1];
      if (i % 8 == 0) sched_yield();
      shared[1] = value + 1;
      unlock(&shared[0]);
    }
    exit(0);
  }
  while (wait4(-1, NULL, 0, NULL) > 0) {}
  check_is(shared[1], 600, "a mutex in shared memory keeps three processes apart");
}

int main(void) {
  check_errors();
  check_wake();
  check_bits();
  check_requeue();
  check_processes();
  return checked();
}
