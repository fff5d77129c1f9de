/*
 * stops-orphaned.c - a tracer is gone, wholly or in part, and its tracee is in each kind of stop
 *
 * Linux: kernel/ptrace.c (exit_ptrace), Manual: ptrace(2), PTRACE_O_EXITKILL
 */
#include "ways.h"

int main(int argc, char **argv) {
  if (!set_the_stage(argc, argv)) return 0;
  play_everywhere(orphaned, countof(orphaned));
  return checked();
}
