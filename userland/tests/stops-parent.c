/*
 * stops-parent.c - the tracer is the tracee's parent: whom it tells of its end is another one, when the tracer is gone
 *
 * Linux: kernel/exit.c (forget_original_parent), kernel/ptrace.c (__ptrace_detach), Manual: ptrace(2)
 */
#include "ways.h"

int main(int argc, char **argv) {
  if (!set_the_stage(argc, argv)) return 0;
  is_parent = true;
  play_everywhere(killed, 2);
  play_everywhere(orphaned, countof(orphaned));
  by_thread = true;
  play_everywhere(orphaned, countof(orphaned));
  return checked();
}
