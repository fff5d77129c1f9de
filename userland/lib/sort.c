/*
 * sort.c - heap sort: no worst case, no memory
 */
#include "lib.h"

int compare_strings(const void *a, const void *b) { return strcmp(a, b); }

static void swap(void **a, void **b) {
  void *t = *a;
  *a = *b;
  *b = t;
}

static void sift_down(void **items, size_t root, size_t n, compare_fn *compare) {
  for (size_t child; (child = 2 * root + 1) < n; root = child) {
    if (child + 1 < n && compare(items[child], items[child + 1]) < 0) child++;
    if (compare(items[root], items[child]) >= 0) return;
    swap(&items[root], &items[child]);
  }
}

void sort(void **items, size_t n, compare_fn *compare) {
  for (size_t i = n / 2; i-- > 0;) sift_down(items, i, n, compare);
  while (n > 1) {
    swap(&items[0], &items[--n]);
    sift_down(items, 0, n, compare);
  }
}
