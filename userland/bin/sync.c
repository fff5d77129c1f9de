/*
 * sync.c - writes everything back
 */
#include "lib.h"

int main(void) { return (int)sync(); }
