/*
 * ps.c - the processes, from /proc
 */
#include "lib.h"

/* What /proc/<pid>/stat tells in its first seven fields and its 14th and 15th. */
struct process {
  char name[64], state;
  long ppid, pgrp, session, tty, utime, stime;
};

static bool read_file(struct text *text, const char *pid, const char *file) {
  char path[64];
  snprintf(path, sizeof(path), "/proc/%s/%s", pid, file);
  text_clear(text);
  int fd = (int)open(path, O_RDONLY, 0);
  if (fd < 0) return false; // it has ended meanwhile
  long err = text_read_all(text, fd);
  close(fd);
  return err == 0;
}

static long number(const char **s) {
  long n = 0;
  while (**s == ' ') (*s)++;
  bool minus = **s == '-';
  if (minus) (*s)++;
  while (**s >= '0' && **s <= '9') n = n * 10 + *(*s)++ - '0';
  return minus ? -n : n;
}

/* The name stands in parentheses and may itself contain some, so the last one counts. */
static bool parse(const char *stat, struct process *process) {
  const char *open = strchr(stat, '('), *close = strrchr(stat, ')');
  if (!open || !close) return false;
  snprintf(process->name, sizeof(process->name), "[%.*s]", (int)(close - open - 1), open + 1);
  process->state = close[2];

  const char *s = close + 3;
  process->ppid = number(&s);
  process->pgrp = number(&s);
  process->session = number(&s);
  process->tty = number(&s);
  for (int skipped = 8; skipped <= 13; skipped++) number(&s);
  process->utime = number(&s);
  process->stime = number(&s);
  return true;
}

static void show_tty(long tty) {
  long major = tty >> 8 & 0xfff, minor = (tty & 0xff) | (tty >> 12 & 0xfff00);
  char name[16];
  if (tty == 0) snprintf(name, sizeof(name), "?");
  else if (major == 204 && minor >= 64) snprintf(name, sizeof(name), "ttyAMA%ld", minor - 64);
  else if (major == 136) snprintf(name, sizeof(name), "pts/%ld", minor);
  else snprintf(name, sizeof(name), "%ld:%ld", major, minor);
  printf("%-8s ", name);
}

static void show(const char *pid) {
  struct process process;
  struct text stat = {0}, cmdline = {0};
  if (read_file(&stat, pid, "stat") && parse(stat.data, &process)) {
    read_file(&cmdline, pid, "cmdline"); // empty for a kernel thread and for a zombie
    for (size_t i = 0; i + 1 < cmdline.length; i++)
      if (!cmdline.data[i]) cmdline.data[i] = ' ';
    long seconds = (process.utime + process.stime) / 100; // USER_HZ
    printf("%5s %5ld %5ld ", pid, process.ppid, process.pgrp);
    show_tty(process.tty);
    printf("%c %3ld:%02ld %s\n", process.state, seconds / 60, seconds % 60,
           cmdline.length ? cmdline.data : process.name);
  }
  text_free(&stat);
  text_free(&cmdline);
}

int main(void) {
  struct dir dir;
  long err = dir_open(&dir, "/proc");
  if (err < 0) return complain("ps", "/proc", (int)err);

  printf("  PID  PPID  PGID TTY      S   TIME COMMAND\n");
  for (struct linux_dirent64 *entry; (entry = dir_next(&dir));)
    if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9') show(entry->d_name);
  return 0;
}
