/*
 * ls.c - what is in directories
 *
 * Usage: ls [-la1dF] [file]...
 */
#include "lib.h"

enum { LONG, ALL, ONE, SELF, MARK, OPTIONS };
static bool seen[OPTIONS];

/* One name to show; all of them live in one text, one after the other. */
struct entry {
  struct stat st;
  char name[];
};

static int by_name(const void *a, const void *b) {
  return strcmp(((const struct entry *)a)->name, ((const struct entry *)b)->name);
}

static const char *mark(const struct entry *entry) {
  if (!seen[MARK]) return "";
  switch (entry->st.st_mode & S_IFMT) {
    case S_IFDIR: return "/";
    case S_IFLNK: return "@";
    case S_IFIFO: return "|";
    case S_IFREG: return entry->st.st_mode & 0111 ? "*" : "";
    default: return "";
  }
}

static void show_owner(unsigned id) {
  if (id == 0) printf("root     ");
  else printf("%-8u ", id);
}

static void show_long(const struct entry *entry, const char *path) {
  const struct stat *st = &entry->st;
  char mode[11], target[PATH_MAX];
  mode_string(st->st_mode, mode);
  printf("%s %4u ", mode, st->st_nlink);
  show_owner(st->st_uid);
  show_owner(st->st_gid);

  unsigned type = st->st_mode & S_IFMT;
  unsigned dev = (unsigned)st->st_rdev;
  if (type == S_IFCHR || type == S_IFBLK) printf("%4u, %3u ", dev >> 8 & 0xfff, (dev & 0xff) | (dev >> 12 & 0xfff00));
  else printf("%9ld ", st->st_size);

  struct date d = to_date((long)st->st_mtime);
  printf("%s %2d %02d:%02d %s", month_names[d.month - 1], d.day, d.hour, d.minute, entry->name);
  long n = type == S_IFLNK ? readlink(path, target, sizeof(target)) : 0;
  if (n > 0) printf(" -> %.*s", (int)n, target);
  printf("%s\n", mark(entry));
}

static int terminal_width(void) {
  struct winsize size;
  if (ioctl(STDOUT, TIOCGWINSZ, &size) < 0) return 0; // no terminal: one name a line
  return size.ws_col ? size.ws_col : 80;
}

/* Columns are filled downwards, all as wide as the longest name. */
static void show_columns(struct entry **entries, size_t n) {
  size_t widest = 0, width = (size_t)terminal_width();
  for (size_t i = 0; i < n; i++) {
    size_t length = strlen(entries[i]->name) + strlen(mark(entries[i]));
    if (length > widest) widest = length;
  }
  size_t columns = seen[ONE] ? 1 : width / (widest + 2);
  if (columns == 0) columns = 1;
  size_t rows = (n + columns - 1) / columns;

  struct text line = {0};
  for (size_t row = 0; row < rows; row++) {
    for (size_t i = row; i < n; i += rows) {
      char cell[PATH_MAX];
      int pad = i + rows < n ? (int)(widest + 2) : 0;
      char marked[NAME_MAX + 2];
      snprintf(marked, sizeof(marked), "%s%s", entries[i]->name, mark(entries[i]));
      snprintf(cell, sizeof(cell), "%-*s", pad, marked);
      text_add_string(&line, cell);
    }
    text_add_string(&line, "\n");
  }
  if (n) write_all(STDOUT, line.data, line.length);
  text_free(&line);
}

/* The list: a text of entries, and the offset of each in a second one, since the first may move. */
struct list {
  struct text entries, order;
};

static int add(struct list *list, const char *name, const char *path) {
  struct stat st = {0};
  long err = lstat(path, &st);
  if (err < 0) return complain("ls", path, (int)err);

  size_t offset = list->entries.length;
  size_t size = sizeof(st) + strlen(name) + 1;
  static const char zeros[8];
  text_add(&list->order, &offset, sizeof(offset));
  text_add(&list->entries, &st, sizeof(st));
  text_add(&list->entries, name, strlen(name) + 1);
  text_add(&list->entries, zeros, -size & 7);
  return 0;
}

static void show(struct list *list, const char *dir) {
  struct entry **entries = (struct entry **)list->order.data;
  size_t n = list->order.length / sizeof(*entries);
  for (size_t i = 0; i < n; i++) entries[i] = (struct entry *)(list->entries.data + (size_t)entries[i]);
  sort((void **)entries, n, by_name);

  unsigned long blocks = 0;
  for (size_t i = 0; i < n; i++) blocks += (unsigned long)entries[i]->st.st_blocks;
  if (!seen[LONG]) show_columns(entries, n);
  else if (dir) printf("total %lu\n", blocks / 2); // in KiB
  for (size_t i = 0; seen[LONG] && i < n; i++) {
    char path[PATH_MAX];
    join_path(path, sizeof(path), dir ? dir : "", entries[i]->name);
    show_long(entries[i], path);
  }
  text_free(&list->entries);
  text_free(&list->order);
}

static int list_directory(const char *path) {
  struct list list = {0};
  struct dir dir;
  int status = 0;
  long err = dir_open(&dir, path);
  if (err < 0) return complain("ls", path, (int)err);

  char inside[PATH_MAX];
  static const char *const dots[] = {".", ".."};
  for (int i = 0; seen[ALL] && i < 2; i++) {
    join_path(inside, sizeof(inside), path, dots[i]);
    status |= add(&list, dots[i], inside);
  }
  for (struct linux_dirent64 *entry; (entry = dir_next(&dir));) {
    if (entry->d_name[0] == '.' && !seen[ALL]) continue;
    join_path(inside, sizeof(inside), path, entry->d_name);
    status |= add(&list, entry->d_name, inside);
  }
  dir_close(&dir);
  show(&list, path);
  return status;
}

static bool is_directory(const char *path) {
  struct stat st;
  long err = seen[LONG] ? lstat(path, &st) : stat(path, &st);
  return err == 0 && (st.st_mode & S_IFMT) == S_IFDIR && !seen[SELF];
}

int main(int argc, char **argv) {
  struct list files = {0};
  static char *here[] = {"ls", ".", NULL};
  int status = 0, first = options(argc, argv, "la1dF", seen);
  if (first < 0) return 2;
  if (first == argc) argv = here, argc = 2, first = 1;

  for (int i = first; i < argc; i++)
    if (!is_directory(argv[i])) status |= add(&files, argv[i], argv[i]) * 2;
  bool any_file = files.order.length > 0;
  show(&files, NULL);

  bool first_title = !any_file;
  for (int i = first; i < argc; i++) {
    if (!is_directory(argv[i])) continue;
    if (argc - first > 1) printf("%s%s:\n", first_title ? "" : "\n", argv[i]);
    first_title = false;
    status |= list_directory(argv[i]) * 2;
  }
  return status;
}
