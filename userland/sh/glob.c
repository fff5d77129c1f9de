/*
 * glob.c - patterns: * ? [set] [!set], where a backslash takes a special meaning away
 */
#include "sh.h"

/* [set] at p: its end, and whether c is in it. Without a closing bracket it is no set: NULL. */
static const char *match_set(const char *p, char c, bool *found) {
  bool inverted = p[1] == '!' || p[1] == '^';
  bool in = false;
  p += 1 + inverted;
  for (bool first = true; first || *p != ']'; first = false) {
    if (*p == '\\' && p[1]) p++;
    char low = *p++, high = low;
    if (!low) return NULL;
    if (p[0] == '-' && p[1] && p[1] != ']') high = p[1], p += 2;
    in |= c >= low && c <= high;
  }
  *found = in != inverted;
  return p + 1;
}

bool glob_match(const char *p, const char *s) {
  for (; *p; s++) {
    bool found;
    const char *end;
    if (*p == '*') {
      while (*p == '*') p++;
      for (;; s++) {
        if (glob_match(p, s)) return true;
        if (!*s) return false;
      }
    }
    if (!*s) return false;
    if (*p == '?') p++;
    else if (*p == '[' && (end = match_set(p, *s, &found))) {
      if (!found) return false;
      p = end;
    } else {
      if (*p == '\\' && p[1]) p++;
      if (*p++ != *s) return false;
    }
  }
  return !*s;
}

bool glob_is_pattern(const char *s) {
  for (; *s; s++) {
    if (*s == '\\' && s[1]) s++;
    else if (*s == '*' || *s == '?' || *s == '[') return true;
  }
  return false;
}

char *glob_unescape(char *s) {
  char *to = s;
  for (const char *from = s; *from; from++) {
    if (*from == '\\' && from[1]) from++;
    *to++ = *from;
  }
  *to = 0;
  return s;
}

static bool exists(const char *path) {
  struct stat st;
  return lstat(path, &st) == 0;
}

static void walk(const char *prefix, const char *pattern, struct strings *out);

/* One name has matched the first part of the pattern; the rest of it looks below that name. */
static void walk_below(const char *prefix, const char *name, const char *rest, struct strings *out) {
  char path[PATH_MAX];
  snprintf(path, sizeof(path), "%s%s", prefix, name);
  if (!*rest) {
    if (exists(path)) strings_add(out, scratch_string(path, strlen(path)));
    return;
  }
  size_t n = strlen(path);
  while (*rest == '/' && n + 1 < sizeof(path)) path[n++] = *rest++;
  path[n] = 0;
  if (exists(path)) walk(path, rest, out);
}

static void walk(const char *prefix, const char *pattern, struct strings *out) {
  const char *slash = strchr(pattern, '/');
  size_t n = slash ? (size_t)(slash - pattern) : strlen(pattern);
  char *part = scratch_string(pattern, n);
  if (!glob_is_pattern(part)) {
    walk_below(prefix, glob_unescape(part), pattern + n, out);
    return;
  }

  struct dir dir;
  struct strings names = {0};
  if (dir_open(&dir, *prefix ? prefix : ".") < 0) return;
  for (struct linux_dirent64 *entry; (entry = dir_next(&dir));)
    if ((entry->d_name[0] != '.' || *part == '.') && glob_match(part, entry->d_name))
      strings_add(&names, scratch_string(entry->d_name, strlen(entry->d_name)));
  dir_close(&dir); // before going deeper: a deep tree must not use up the descriptors
  for (size_t i = 0; i < names.count; i++) walk_below(prefix, names.items[i], pattern + n, out);
}

void glob_files(const char *pattern, struct strings *out) {
  struct strings found = {0};
  size_t slashes = 0;
  while (pattern[slashes] == '/') slashes++;
  walk(scratch_string(pattern, slashes), pattern + slashes, &found);
  sort((void **)found.items, found.count, compare_strings);
  for (size_t i = 0; i < found.count; i++) strings_add(out, found.items[i]);
}
