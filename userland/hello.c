/*
 * hello.c - the smallest useful program: copy it to start your own
 */
#include "lib.h"

int main(void) {
  printf("Hello from process %ld!\n", getpid());
  return 0;
}
