/*
 * complete.c - what the tab key offers: programs for the first word of a command, files for the others
 */
#include "sh.h"

static void add(struct completion *completion, const char *name, const char *typed, const char *suffix) {
  char whole[NAME_MAX + 2];
  if (!starts_with(name, typed)) return;
  snprintf(whole, sizeof(whole), "%s%s", name, suffix);
  strings_add(&completion->names, scratch_string(whole, strlen(whole)));
}

static const char *suffix_of(const char *directory, const char *name) {
  char path[PATH_MAX];
  struct stat st;
  join_path(path, sizeof(path), directory, name);
  return stat(path, &st) == 0 && (st.st_mode & S_IFMT) == S_IFDIR ? "/" : " ";
}

static void add_files(struct completion *completion, const char *directory, const char *typed) {
  struct dir dir;
  if (dir_open(&dir, directory) < 0) return;
  for (struct linux_dirent64 *entry; (entry = dir_next(&dir));) {
    if (entry->d_name[0] == '.' && *typed != '.') continue;
    if (starts_with(entry->d_name, typed)) add(completion, entry->d_name, typed, suffix_of(directory, entry->d_name));
  }
  dir_close(&dir);
}

static void add_commands(struct completion *completion, const char *typed) {
  for (size_t i = 0; builtin_name(i); i++) add(completion, builtin_name(i), typed, " ");
  for (const char *path = variable("PATH"); path && *path;) {
    const char *colon = strchr(path, ':');
    size_t n = colon ? (size_t)(colon - path) : strlen(path);
    add_files(completion, scratch_string(path, n), typed);
    path += n + (colon != NULL);
  }
}

/* Sorted and each once: `echo` is a builtin and a program. */
static void tidy(struct strings *names) {
  size_t kept = 0;
  sort((void **)names->items, names->count, compare_strings);
  for (size_t i = 0; i < names->count; i++)
    if (kept == 0 || strcmp(names->items[i], names->items[kept - 1]) != 0) names->items[kept++] = names->items[i];
  names->count = kept;
}

static void find_common(struct completion *completion, size_t typed) {
  const char *first = completion->names.items[0];
  size_t common = strlen(first);
  for (size_t i = 1; i < completion->names.count; i++) {
    size_t n = 0;
    while (n < common && completion->names.items[i][n] == first[n]) n++;
    common = n;
  }
  snprintf(completion->common, sizeof(completion->common), "%.*s", (int)(common - typed), first + typed);
}

void complete(const char *line, size_t cursor, struct completion *completion) {
  size_t start = cursor;
  while (start > 0 && !strchr(" \t;|&<>(=", line[start - 1])) start--;
  size_t before = start;
  while (before > 0 && line[before - 1] == ' ') before--;
  bool is_command = before == 0 || strchr(";|&(", line[before - 1]);

  char *word = scratch_string(line + start, cursor - start);
  char *slash = strrchr(word, '/');
  const char *typed = slash ? slash + 1 : word;
  if (slash && slash > word) *slash = 0;
  if (is_command && !slash) add_commands(completion, typed);
  else add_files(completion, !slash ? "." : slash > word ? expand_single(word) : "/", typed);

  if (completion->names.count == 0) return;
  tidy(&completion->names);
  find_common(completion, strlen(typed));
}
