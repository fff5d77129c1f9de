/*
 * yes.c - says so until nobody listens
 */
#include "lib.h"

int main(int argc, char **argv) {
  while (printf("%s\n", argc > 1 ? argv[1] : "y") > 0) {}
  return 1;
}
