/*
 * stops-thread.c - the tracee in each kind of stop is a thread; its leader goes on, exits or executes a program
 *
 * Linux: kernel/exit.c (release_task), fs/exec.c (de_thread), Manual: ptrace(2)
 */
#include "ways.h"

int main(int argc, char **argv) {
  if (!set_the_stage(argc, argv)) return 0;
  by_thread = true;
  play_everywhere(killed, countof(killed));
  play_everywhere(orphaned, 4);
  play_everywhere(detached, 1);
  return checked();
}
