/* tests/programs/atomics.c - C11's atomic operations, alone and between threads */
#include <pthread.h>
#include <stdatomic.h>
#include "programs.h"

#define OPERATIONS(T, seed)                                                                                           \
  {                                                                                                                   \
    _Atomic T x = (T)(seed);                                                                                          \
    T expected = (T)(seed), out[9];                                                                                   \
    out[0] = atomic_fetch_add(&x, 77);                                                                                \
    out[1] = atomic_fetch_sub_explicit(&x, 5, memory_order_relaxed);                                                  \
    out[2] = atomic_fetch_and_explicit(&x, (T)~(seed), memory_order_acquire);                                         \
    out[3] = atomic_fetch_or_explicit(&x, (T)0x5a, memory_order_release);                                             \
    out[4] = atomic_fetch_xor_explicit(&x, (T)(seed), memory_order_acq_rel);                                          \
    out[5] = atomic_exchange(&x, (T)((seed) * 3));                                                                    \
    out[6] = (T)atomic_compare_exchange_strong(&x, &expected, 1);                                                     \
    out[7] = (T)atomic_compare_exchange_strong(&x, &expected, 2);                                                     \
    out[8] = expected + atomic_load(&x);                                                                              \
    SHOW(#T, out, sizeof out);                                                                                        \
  }

#define THREADS 4
#define ROUNDS 2000

static _Atomic long counter;
static _Atomic double total;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t turned = PTHREAD_COND_INITIALIZER;
static long locked;
static int turn;
static __thread long own = 5;

static void *work(void *argument) {
  long me = (long)argument;
  for (int i = 0; i < ROUNDS; i++) {
    atomic_fetch_add(&counter, me);
    double old = atomic_load(&total);
    while (!atomic_compare_exchange_weak(&total, &old, old + 0.5)) {}
    pthread_mutex_lock(&lock);
    locked++;
    pthread_mutex_unlock(&lock);
    own += me;
  }
  pthread_mutex_lock(&lock);
  while (turn != me) pthread_cond_wait(&turned, &lock);
  printf("thread %ld: own %ld\n", me, own);
  turn++;
  pthread_cond_broadcast(&turned);
  pthread_mutex_unlock(&lock);
  return (void *)(me * me);
}

void atomics(void) {
  OPERATIONS(unsigned char, 0xa7u)
  OPERATIONS(unsigned short, 0xa71bu)
  OPERATIONS(unsigned int, 0xa71bdeadu)
  OPERATIONS(unsigned long, 0xa71bdead1234567ul)

  pthread_t threads[THREADS];
  long squares = 0;
  for (long i = 0; i < THREADS; i++) pthread_create(&threads[i], NULL, work, (void *)i);
  for (int i = 0; i < THREADS; i++) {
    void *result;
    pthread_join(threads[i], &result);
    squares += (long)result;
  }
  printf("counter %ld total %g locked %ld squares %ld own %ld\n", counter, total, locked, squares, own);
}
