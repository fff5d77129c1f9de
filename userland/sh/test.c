/*
 * test.c - test and [
 *
 * Manual: POSIX, "test"
 */
#include "sh.h"

struct test {
  char **at;
  bool failed;
};

static bool parse_or(struct test *t);

static bool file_test(char letter, const char *path) {
  struct stat st;
  if (letter == 'L' || letter == 'h') return lstat(path, &st) == 0 && (st.st_mode & S_IFMT) == S_IFLNK;
  if (stat(path, &st) < 0) return false;
  unsigned type = st.st_mode & S_IFMT;
  switch (letter) {
    case 'e': return true;
    case 'f': return type == S_IFREG;
    case 'd': return type == S_IFDIR;
    case 'c': return type == S_IFCHR;
    case 'b': return type == S_IFBLK;
    case 'p': return type == S_IFIFO;
    case 'S': return type == S_IFSOCK;
    case 's': return st.st_size > 0;
    case 'r': return access(path, R_OK) == 0;
    case 'w': return access(path, W_OK) == 0;
    default: return access(path, X_OK) == 0;
  }
}

static long number(struct test *t, const char *s) {
  long n = 0;
  if (!parse_long(s, &n)) t->failed = error_in("test", s, "not a number");
  return n;
}

static bool is_terminal(struct test *t, const char *fd) {
  struct termios termios;
  return ioctl((int)number(t, fd), TCGETS, &termios) == 0;
}

static bool unary(struct test *t, char letter, const char *s) {
  if (letter == 'n') return *s;
  if (letter == 'z') return !*s;
  if (letter == 't') return is_terminal(t, s);
  return file_test(letter, s);
}

static bool is_unary(const char *s) { return s[0] == '-' && s[1] && !s[2] && strchr("nzefdcbpSsrwxLht", s[1]); }

enum binary { EQUAL, EQUAL2, UNEQUAL, EQ, NE, LT, LE, GT, GE, NEWER, OLDER, SAME };

static int find_binary(const char *s) {
  static const char *const names[] = {"=", "==", "!=", "-eq", "-ne", "-lt", "-le", "-gt", "-ge", "-nt", "-ot", "-ef"};
  for (size_t i = 0; s && i < countof(names); i++)
    if (strcmp(s, names[i]) == 0) return (int)i;
  return -1;
}

static bool compare_files(int operator, const char *a, const char *b) {
  struct stat x, y;
  if (stat(a, &x) < 0 || stat(b, &y) < 0) return false;
  if (operator == SAME) return x.st_dev == y.st_dev && x.st_ino == y.st_ino;
  long seconds = (long)x.st_mtime - (long)y.st_mtime;
  long difference = seconds ? seconds : (long)x.st_mtime_nsec - (long)y.st_mtime_nsec;
  return operator == NEWER ? difference > 0 : difference < 0;
}

static bool binary(struct test *t, int operator, const char *a, const char *b) {
  if (operator <= UNEQUAL) return (strcmp(a, b) == 0) == (operator != UNEQUAL);
  if (operator >= NEWER) return compare_files(operator, a, b);
  long x = number(t, a), y = number(t, b);
  switch (operator) {
    case EQ: return x == y;
    case NE: return x != y;
    case LT: return x < y;
    case LE: return x <= y;
    case GT: return x > y;
    default: return x >= y;
  }
}

/* How many words follow decides before what they look like: `[ -f ]` asks for a string, `[ ! = x ]` compares. */
static bool parse_primary(struct test *t) {
  char **at = t->at;
  if (!at[0]) return t->failed = error("test", "argument expected"), false;
  int operator = find_binary(at[1]);
  if (operator >= 0 && at[2]) {
    t->at += 3;
    return binary(t, operator, at[0], at[2]);
  }
  if (strcmp(at[0], "!") == 0 && at[1]) {
    t->at++;
    return !parse_primary(t);
  }
  if (is_unary(at[0]) && at[1]) {
    t->at += 2;
    return unary(t, at[0][1], at[1]);
  }
  if (strcmp(at[0], "(") == 0 && at[1]) {
    t->at++;
    bool value = parse_or(t);
    if (!*t->at || strcmp(*t->at, ")") != 0) t->failed = error("test", "missing )");
    else t->at++;
    return value;
  }
  t->at++;
  return *at[0];
}

static bool next_is(struct test *t, const char *operator) {
  if (t->failed || !*t->at || strcmp(*t->at, operator) != 0) return false;
  t->at++;
  return true;
}

static bool parse_and(struct test *t) {
  bool value = parse_primary(t);
  while (next_is(t, "-a")) value &= parse_primary(t);
  return value;
}

static bool parse_or(struct test *t) {
  bool value = parse_and(t);
  while (next_is(t, "-o")) value |= parse_and(t);
  return value;
}

int builtin_test(char **argv) {
  size_t n = 0;
  while (argv[n]) n++;
  if (strcmp(argv[0], "[") == 0) {
    if (strcmp(argv[n - 1], "]") != 0 || n == 1) return error("[", "missing ]"), 2;
    argv[n - 1] = NULL;
  }
  struct test test = {.at = argv + 1};
  if (!*test.at) return 1;
  bool value = parse_or(&test);
  if (!test.failed && *test.at) test.failed = error_in("test", *test.at, "unexpected operator");
  return test.failed ? 2 : !value;
}
