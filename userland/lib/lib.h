/*
 * lib.h - the little that every program here shares
 *
 * There is no libc: what is not in this file or in syscall.h, a program does itself.
 */
#pragma once
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include "syscall.h"

#define countof(array) (sizeof(array) / sizeof((array)[0]))

/* start.c: what the kernel put on the stack before the first instruction */
extern char **environ;
extern unsigned long *auxv;
const char *getenv(const char *name);
unsigned long getauxval(unsigned long type);

/* string.c: the first four also because the compiler calls them */
void *memcpy(void *to, const void *from, size_t n);
void *memmove(void *to, const void *from, size_t n);
void *memset(void *to, int byte, size_t n);
int memcmp(const void *a, const void *b, size_t n);
size_t strlen(const char *s);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);
char *strchr(const char *s, int c);
char *strrchr(const char *s, int c);
char *strstr(const char *s, const char *what);
bool starts_with(const char *s, const char *prefix);
const char *basename(const char *path);
bool parse_long(const char *s, long *value); // decimal, or hexadecimal after 0x; false unless all of it is a number
void join_path(char *out, size_t size, const char *dir, const char *name);

/* printf.c: %d %u %x %o %c %s %p %% with l, width, precision, '-' and '0'; one write(2) a call */
int vsnprintf(char *out, size_t size, const char *format, va_list args);
__attribute__((format(printf, 3, 4))) int snprintf(char *out, size_t size, const char *format, ...);
__attribute__((format(printf, 1, 2))) int printf(const char *format, ...);
__attribute__((format(printf, 2, 3))) int fdprintf(int fd, const char *format, ...);

/* error.c */
const char *strerror(int err); //  "No such file or directory"
const char *errno_name(int err); // "ENOENT"
int complain(const char *who, const char *what, int err); // "who: what: No such file or directory"; returns 1

/* text.c: a string that grows; {0} is an empty one */
struct text {
  char *data; // always NUL-terminated once something was added
  size_t length, size;
};
bool text_add(struct text *text, const void *data, size_t n);
bool text_add_string(struct text *text, const char *s);
void text_clear(struct text *text);
void text_free(struct text *text);
long text_read_all(struct text *text, int fd); // until end of file; 0 or an errno

/* lines.c: a file, line by line */
struct lines {
  int fd;
  bool ended;
  bool newline; // after the line that was last returned; the last one of a file may lack it
  size_t start;
  struct text text;
};
char *next_line(struct lines *lines, size_t *length); // without its newline, or NULL at the end
long write_all(int fd, const void *data, size_t n); //   0 or an errno
long copy_fd(int from, int to);

/* signals.c */
const char *signal_name(int sig); //  "INT" for 2, NULL for what is no signal
int signal_number(const char *name); // of "INT", "SIGINT" or "2"; -1 if there is none
const char *signal_text(int sig); //  "Interrupt"
void set_signal(int sig, void (*handler)(int), unsigned long flags);
typedef void signal_handler(int sig, siginfo_t *info, void *context);
void set_handler(int sig, signal_handler *handler, unsigned long flags); // with SA_SIGINFO
sigset_t signal_set(int sig);

/* options.c: `-abc`, one letter each; stops at the first argument that is none */
int options(int argc, char **argv, const char *allowed, bool *seen); // index of the first operand, or -1 (told already)

/* dir.c: the names in a directory, without "." and ".." */
struct dir {
  int fd;
  long next, filled;
  char buffer[2048] __attribute__((aligned(8)));
};
long dir_open(struct dir *dir, const char *path); // 0 or an errno
struct linux_dirent64 *dir_next(struct dir *dir); // NULL at the end
void dir_close(struct dir *dir);

/* sort.c */
typedef int compare_fn(const void *a, const void *b);
void sort(void **items, size_t n, compare_fn *compare);
int compare_strings(const void *a, const void *b);

/* date.c: the calendar, UTC */
struct date {
  long year;
  int month, day, hour, minute, second, weekday; // month 1 to 12, weekday 0 is Sunday
};
struct date to_date(long seconds);
extern const char *const month_names[12], *const weekday_names[7];

/* mode.c */
void mode_string(unsigned mode, char out[11]); // "drwxr-xr-x"
