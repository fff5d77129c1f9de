/*
 * stops-killed.c - a tracee is killed in each kind of stop, and its tracer lives to see it
 *
 * Linux: kernel/signal.c (ptrace_stop, complete_signal), fs/exec.c (de_thread), Manual: ptrace(2)
 */
#include "ways.h"

int main(int argc, char **argv) {
  if (!set_the_stage(argc, argv)) return 0;
  play_everywhere(killed, countof(killed));
  return checked();
}
