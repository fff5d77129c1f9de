/*
 * ulimit.c - the resource limits of the shell and of what it starts
 *
 * Usage: ulimit [-HS] [-a | -letter] [unlimited | number]
 */
#include "sh.h"

static const struct row {
  char letter;
  int what;
  unsigned long unit;
  const char *text;
} rows[] = {
  {'c', RLIMIT_CORE, 512, "core file size (blocks)"},
  {'d', RLIMIT_DATA, 1024, "data (KiB)"},
  {'f', RLIMIT_FSIZE, 512, "file size (blocks)"},
  {'n', RLIMIT_NOFILE, 1, "open files"},
  {'s', RLIMIT_STACK, 1024, "stack (KiB)"},
  {'t', RLIMIT_CPU, 1, "processor time (seconds)"},
  {'u', RLIMIT_NPROC, 1, "processes"},
  {'v', RLIMIT_AS, 1024, "address space (KiB)"},
};

static void show(const struct row *row, bool hard) {
  struct rlimit64 limit;
  prlimit(0, row->what, NULL, &limit);
  unsigned long value = hard ? limit.rlim_max : limit.rlim_cur;
  if (value == RLIM64_INFINITY) printf("unlimited\n");
  else printf("%lu\n", value / row->unit);
}

static int set(const struct row *row, const char *text, bool hard, bool soft) {
  struct rlimit64 limit;
  long number = 0;
  bool unlimited = strcmp(text, "unlimited") == 0;
  if (!unlimited && (!parse_long(text, &number) || number < 0)) return error_in("ulimit", text, "not a number");
  unsigned long value = unlimited ? RLIM64_INFINITY : (unsigned long)number * row->unit;

  prlimit(0, row->what, NULL, &limit);
  if (hard || !soft) limit.rlim_max = value;
  if (soft || !hard) limit.rlim_cur = value;
  long err = prlimit(0, row->what, &limit, NULL);
  return err < 0 ? error("ulimit", strerror((int)-err)) : 0;
}

static int show_all(bool hard) {
  for (size_t i = 0; i < countof(rows); i++) {
    printf("%-26s -%c  ", rows[i].text, rows[i].letter);
    show(&rows[i], hard);
  }
  return 0;
}

static const struct row *find(char letter) {
  for (size_t i = 0; i < countof(rows); i++)
    if (rows[i].letter == letter) return &rows[i];
  return NULL;
}

int builtin_ulimit(char **argv) {
  const struct row *row = find('f');
  bool hard = false, soft = false;
  for (argv++; *argv && **argv == '-'; argv++) {
    for (const char *letter = *argv + 1; *letter; letter++) {
      if (*letter == 'a') return show_all(hard);
      if (*letter == 'H') hard = true;
      else if (*letter == 'S') soft = true;
      else if (!(row = find(*letter))) return error_in("ulimit", *argv, "unknown limit");
    }
  }
  if (*argv) return set(row, *argv, hard, soft);
  show(row, hard);
  return 0;
}
