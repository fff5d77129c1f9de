/*
 * errnos.c - every call with one argument wrong, and with two: which of them is told
 *
 * Linux: include/linux/syscalls.h, Manual: the pages of section 2
 *
 *   errnos          a sentence for each call: what each way to call it answered
 *   errnos NAME     each way of this call, or of `all`, with its arguments
 *
 * A letter for each kind of argument (calls.h) says what it may be (`kinds` below); the first value is a good one. The call is made
 * with good values, then with each other value in each place, then with each two of them. Each is made by a child of its
 * own, on files made anew. `+` is success, `~` a call that sleeps, `!` one that kills; the other letters are `codes` below.
 */
#include "calls.h"
#include "check.h"

enum { BAD = 16, MAX_VALUES = 7, MAX_ARGUMENTS = 6, LINE = 100 };
enum { FILE_FD = 3, PIPE_FD, PIPE_END, FOLDER_FD, PATH_FD, EVENT_FD, EPOLL_FD, SOCKET_FD, NO_FD = 77 };

static char zeroes[4096] __attribute__((aligned(4096)));
static const struct timespec no_time, negative = {-1, 0}, too_many = {0, 1000000000};
static const char *const arguments[] = {"x", NULL};
static struct iovec vectors[2] = {{zeroes, 8}, {zeroes, 8}};
static struct iovec wild_vector[1] = {{(void *)BAD, 8}};
static struct iovec endless_vector[1] = {{zeroes, (size_t)-1}};

#define P(pointer) ((long)(pointer))
struct kind {
  char letter;
  char n;
  long values[MAX_VALUES];
};
static const struct kind kinds[] = {
  {'f', 7, {FILE_FD, -1, NO_FD, PIPE_FD, FOLDER_FD, PATH_FD, EVENT_FD}}, // a descriptor
  {'d', 4, {AT_FDCWD, -1, FILE_FD, FOLDER_FD}}, //                           a folder to begin at
  {'p', 6, {P("file"), BAD, P(""), P("none"), P("file/x"), P("loop")}}, //   a path that is there
  {'P', 6, {P("new"), BAD, P(""), P("file"), P("none/x"), P("folder")}}, //  one that is not
  {'D', 4, {P("folder"), BAD, P("file"), P("none")}}, //                      a folder's path
  {'b', 3, {P(zeroes), BAD, -4096}}, //                                       memory to be read or written
  {'z', 3, {0, BAD, P(zeroes)}}, //                                           the same, or nothing
  {'l', 4, {8, 0, 1, -1}}, //                                                 its length
  {'v', 4, {P(vectors), BAD, P(wild_vector), P(endless_vector)}}, //          vectors
  {'n', 4, {1, 0, -1, 5000}}, //                                              how many
  {'m', 4, {0, 1, 7, -1}}, //                                                 flags, of which some mean something
  {'g', 3, {0, 0x40000000, -1}}, //                                           flags, of which these mean nothing
  {'c', 6, {0, 1, 2, 3, 99, -1}}, //                                          a command, a clock or a way
  {'i', 3, {0, -7, 99999}}, //                                             a process
  {'k', 3, {0, -1, 65}}, //                                                   a signal
  {'o', 3, {0, -1, 0x7fffffffffffffff}}, //                                   an offset
  {'t', 4, {P(&no_time), BAD, P(&negative), P(&too_many)}}, //                a time
  {'s', 3, {8, 7, 128}}, //                                                   the size of a signal set
  {'x', 4, {P(zeroes), 0, -65536, 0x7}}, //                                    an address in memory
  {'F', 4, {1, 0, 99, -1}}, //                                          a family
  {'u', 2, {0, -1}}, //                                                       an owner
  {'a', 2, {P(arguments), BAD}}, //                                           a vector of strings
};

static const struct { char letter; int errno; } codes[] = {
  {'b', EBADF}, {'i', EINVAL}, {'f', EFAULT}, {'n', ENOENT}, {'d', ENOTDIR}, {'D', EISDIR}, {'e', EEXIST}, {'l', ELOOP},
  {'s', ESRCH}, {'p', EPERM}, {'a', EACCES}, {'P', ESPIPE}, {'m', ENOMEM}, {'o', EOPNOTSUPP}, {'S', ENOTSOCK}, {'B', EFBIG},
  {'A', EAGAIN}, {'c', ECHILD}, {'t', ENOTTY}, {'y', EBUSY}, {'x', EXDEV}, {'v', EOVERFLOW}, {'E', ENODEV}, {'N', ENOSYS},
  {'r', ERANGE}, {'2', E2BIG}, {'L', ENAMETOOLONG}, {'F', EAFNOSUPPORT}, {'T', EPROTONOSUPPORT}, {'k', ESOCKTNOSUPPORT},
  {'X', ENXIO}, {'q', ENODATA}, {'C', ENOEXEC}, {'R', EROFS}, {'I', EINTR}, {'O', ETIMEDOUT}, {'M', EMFILE}, {'G', ENOTEMPTY},
  {'K', ENOTBLK}, {'z', ENOTCONN}, {'Z', EDESTADDRREQ}, {'h', EHWPOISON},
};

static const struct kind *kind_of(char letter) {
  for (size_t i = 0; i < countof(kinds); i++)
    if (kinds[i].letter == letter) return &kinds[i];
  return NULL;
}

static char code_of(long answer) {
  if (answer >= 0) return '+';
  for (size_t i = 0; i < countof(codes); i++)
    if (codes[i].errno == -answer) return codes[i].letter;
  return '?';
}

/* ---- one call ---- */

static long *answer; // the child's
static long values[MAX_ARGUMENTS];

static void make_files(void) {
  chdir("/t/work");
  syscall(__NR_unlinkat, AT_FDCWD, "new", 0);
  syscall(__NR_unlinkat, AT_FDCWD, "new", AT_REMOVEDIR);
  syscall(__NR_unlinkat, AT_FDCWD, "file", 0);
  syscall(__NR_mkdirat, AT_FDCWD, "folder", 0755);
  syscall(__NR_symlinkat, "loop", AT_FDCWD, "loop");
  dup3((int)open("file", O_CREAT | O_RDWR | O_TRUNC, 0644), FILE_FD + 100, 0);
  write_all(FILE_FD + 100, "12345678", 8);
  syscall(__NR_lseek, FILE_FD + 100, 0, 0);
}

static void open_files(void) {
  int pipe[2] = {PIPE_FD, PIPE_END};
  long fds[] = {FILE_FD + 100, 0, 0, 0, 0, 0, 0};
  pipe2(pipe, O_NONBLOCK);
  fds[1] = pipe[0];
  fds[2] = pipe[1];
  fds[3] = open("folder", O_RDONLY | O_DIRECTORY, 0);
  fds[4] = open("file", O_PATH, 0);
  fds[5] = syscall(__NR_eventfd2, 0, O_NONBLOCK);
  for (size_t i = 0; i < countof(fds); i++) dup3((int)fds[i], FILE_FD + 200 + (int)i, 0);
  for (size_t i = 0; i < countof(fds); i++) dup3(FILE_FD + 200 + (int)i, FILE_FD + (int)i, 0);
  syscall(__NR_close_range, EVENT_FD + 1, ~0u, 0);
}

static const struct call *current;
static void make_the_call(void) {
  struct __kernel_old_itimerval soon = {{0, 0}, {0, 300000}};
  make_files();
  open_files();
  setpgid(0, 0);
  syscall(__NR_setitimer, ITIMER_REAL, &soon, NULL);
  *answer = syscall(current->nr, values[0], values[1], values[2], values[3], values[4], values[5]);
}

static bool verbose;
static char *text;
static size_t length;

static void note(char code) {
  text[length++] = code;
  if (!verbose) return;
  printf("%s ", current->name);
  printf("%c", code);
  for (const char *letter = current->letters; *letter; letter++) printf(" %lx", values[letter - current->letters]);
  printf("\n");
}

static void try_it(void) {
  *answer = 1;
  int status = in_child(make_the_call);
  if (WIFSIGNALED(status)) note(WTERMSIG(status) == SIGALRM ? '~' : '!');
  else note(code_of(*answer));
}

/* ---- all ways to call it ---- */

/* With each other value in the places from `first` on, and one more place further to the right. */
static void try_places(size_t first, int depth) {
  for (size_t at = first; at < strlen(current->letters); at++) {
    const struct kind *kind = kind_of(current->letters[at]);
    for (int i = 1; i < kind->n; i++) {
      values[at] = kind->values[i];
      try_it();
      if (depth > 1) try_places(at + 1, depth - 1);
    }
    values[at] = kind->values[0];
  }
}

static void check_call(const struct call *call) {
  char sentence[LINE + 40];
  current = call;
  length = 0;
  memset(values, 0, sizeof(values));
  for (const char *letter = call->letters; *letter; letter++) values[letter - call->letters] = kind_of(*letter)->values[0];
  try_it();
  try_places(0, 2);
  for (size_t at = 0; at < length; at += LINE) {
    size_t n = length - at < LINE ? length - at : LINE;
    snprintf(sentence, sizeof(sentence), "%s: %.*s", call->name, (int)n, text + at);
    check(strchr(sentence, '?') == NULL, sentence);
  }
}

int main(int argc, char **argv) {
  verbose = argc > 1;
  answer = shared_page();
  text = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  syscall(__NR_mkdirat, AT_FDCWD, "/t", 0755);
  syscall(__NR_mount, "none", "/t", "tmpfs", 0, NULL);
  syscall(__NR_mkdirat, AT_FDCWD, "/t/work", 0755);
  for (size_t i = 0; i < countof(calls); i++)
    if (argc < 2 || strcmp(argv[1], "all") == 0 || strcmp(argv[1], calls[i].name) == 0) check_call(&calls[i]);
  return checked();
}
