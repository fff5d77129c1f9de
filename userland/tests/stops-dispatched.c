/*
 * stops-dispatched.c - the SIGSYS of Syscall User Dispatch is a stop like that of a filter, whatever happens there
 *
 * Linux: kernel/entry/syscall_user_dispatch.c, Manual: ptrace(2)
 */
#include "ways.h"

static void compare(const struct way *ways, size_t n) {
  char with_filter[400], sentence[100];
  for (size_t i = 0; i < n; i++) {
    snprintf(with_filter, sizeof(with_filter), "%s", play(&filtered, &ways[i]));
    bool same = strcmp(play(&dispatched, &ways[i]), with_filter) == 0;
    snprintf(sentence, sizeof(sentence), "dispatch's SIGSYS, %s: as with a filter's", ways[i].name);
    check(scene->reached && same, sentence);
  }
}

int main(int argc, char **argv) {
  if (!set_the_stage(argc, argv)) return 0;
  compare(killed, countof(killed));
  compare(orphaned, countof(orphaned));
  compare(detached, countof(detached));
  return checked();
}
