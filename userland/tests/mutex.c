/*
 * mutex.c - a lock made of one word and a futex, between threads and between processes
 *
 * Linux: kernel/futex/waitwake.c, Manual: futex(2)
 */
#include "check.h"
#include "thread.h"

enum { WORKERS = 3, ROUNDS = 200 };

/* The lock, and what it protects. */
struct counter {
  volatile int lock; // 0: free, 1: taken, 2: taken, and somebody may be asleep
  volatile int value;
};

static struct counter own, *counter = &own;
static volatile int thread_id[WORKERS], turns;

static void take(volatile int *lock) {
  int was = __sync_val_compare_and_swap(lock, 0, 1);
  for (; was != 0; was = __atomic_exchange_n(lock, 2, __ATOMIC_ACQUIRE)) futex(lock, FUTEX_WAIT, 2, NULL);
}

static void release(volatile int *lock) {
  if (__atomic_exchange_n(lock, 0, __ATOMIC_RELEASE) == 2) futex(lock, FUTEX_WAKE, 1, NULL);
}

/* Reads, gives others every chance to get in between, and writes. */
static void work(void) {
  for (int i = 0; i < ROUNDS; i++) {
    take(&counter->lock);
    int value = counter->value;
    if (i % 8 == 0) sched_yield();
    counter->value = value + 1;
    release(&counter->lock);
  }
}

static void check_threads(void) {
  for (int i = 0; i < WORKERS; i++) {
    thread_id[i] = 1;
    start_thread(work, CLONE_CHILD_CLEARTID, &thread_id[i], 0);
  }
  for (int i = 0; i < WORKERS; i++) wait_until_zero(&thread_id[i]);
  check_is(counter->value, WORKERS * ROUNDS, "threads that take turns lose no count");
  check_is(counter->lock, 0, "and leave the lock open");
}

static void check_processes(void) {
  counter = shared_page();
  for (int i = 0; i < WORKERS; i++) {
    if (fork() != 0) continue;
    work();
    exit(0);
  }
  while (wait4(-1, NULL, 0, NULL) > 0) {}
  check_is(counter->value, WORKERS * ROUNDS, "processes with the lock in shared memory lose none either");
}

/* Two threads and one word: each waits for its own number and then writes the other's. */
static void play(int mine, int others) {
  for (int i = 0; i < ROUNDS; i++) {
    for (int now; (now = counter->lock) != mine;) futex(&counter->lock, FUTEX_WAIT, now, NULL);
    turns++;
    counter->lock = others;
    futex(&counter->lock, FUTEX_WAKE, 1, NULL);
  }
}

static void play_second(void) { play(2, 1); }

static void check_ping_pong(void) {
  counter->lock = 1;
  thread_id[0] = 1;
  start_thread(play_second, CLONE_CHILD_CLEARTID, &thread_id[0], 0);
  play(1, 2);
  wait_until_zero(&thread_id[0]);
  check_is(turns, 2 * ROUNDS, "two threads can wake each other in turn");
}

int main(void) {
  check_threads();
  check_processes();
  check_ping_pong();
  return checked();
}
