/*
 * stops-detached.c - a tracer lets go of its tracee in each kind of stop
 *
 * Linux: kernel/ptrace.c (ptrace_detach), Manual: ptrace(2), "Attaching and detaching"
 */
#include "ways.h"

int main(int argc, char **argv) {
  if (!set_the_stage(argc, argv)) return 0;
  play_everywhere(detached, countof(detached));
  return checked();
}
