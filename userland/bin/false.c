/*
 * false.c - fails
 */
#include "lib.h"

int main(void) { return 1; }
