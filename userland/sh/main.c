/*
 * main.c - the shell: reading commands and handing them to the rest
 *
 * Usage: sh [-ex] [-c commands [name [params]...] | file [params]...]
 *
 * Manual: POSIX, "sh" and "Shell Command Language"
 * Differs: in $(...) the patterns of `case` need their opening parenthesis
 * Absent: aliases, arrays, `getopts`, `select`, {a,b}, <(...), [[ ]]
 */
#include "sh.h"

struct shell sh;

static void on_interrupt(int sig) {
  (void)sig;
  sh.interrupted = true;
}

long read_input_line(int fd, struct text *line) {
  char c;
  long n, count = 0;
  while ((n = read(fd, &c, 1)) == 1) {
    text_add(line, &c, 1);
    count++;
    if (c == '\n') break;
  }
  return count ? count : n;
}

static char *read_file(const char *path, struct text *text) {
  int fd = (int)open(path, O_RDONLY | O_CLOEXEC, 0);
  long err = fd < 0 ? fd : text_read_all(text, fd);
  if (fd >= 0) close(fd);
  if (err == 0) return text->data;
  error(path, strerror((int)-err));
  return NULL;
}

int source_file(const char *path) {
  struct text text = {0};
  char *commands = read_file(path, &text);
  int status = commands ? run_text(commands) : 1;
  text_free(&text);
  return status;
}

/* PS1 may contain \w (the directory) and \$ (# for root). */
static void make_prompt(char *out, size_t size, bool more) {
  const char *format = more ? variable("PS2") : variable("PS1");
  if (!format) format = more ? "> " : "\\w \\$ ";
  size_t n = 0;
  for (; *format && n + 1 < size; format++) {
    if (format[0] != '\\' || !format[1]) {
      out[n++] = *format;
      continue;
    }
    char path[PATH_MAX] = "?", letter = *++format;
    if (letter == 'w') {
      getcwd(path, sizeof(path));
      n += (size_t)snprintf(out + n, size - n, "%s", path);
      if (n >= size) n = size - 1;
    } else {
      out[n++] = letter == '$' && geteuid() == 0 ? '#' : letter;
    }
  }
  out[n] = 0;
}

/* One more line for the command; with a prompt if a person types it. */
static enum edit_result more_text(struct text *text) {
  static struct text line;
  if (!sh.interactive) return read_input_line(STDIN, text) > 0 ? EDIT_LINE : EDIT_END;
  char prompt[PATH_MAX];
  make_prompt(prompt, sizeof(prompt), text->length > 0);
  enum edit_result result = edit_line(prompt, &line);
  if (result == EDIT_LINE) {
    text_add(text, line.data, line.length);
    text_add_string(text, "\n");
  }
  return result;
}

static void forget_interrupt(void) {
  if (sh.interrupted && sh.interactive) write_all(STDERR, "\n", 1); // below the ^C
  sh.interrupted = sh.returning = false;
  sh.breaking = sh.continuing = 0;
}

/* Collects lines until they are a whole command, and runs it. False at the end of the input. */
static bool read_and_run(struct text *text) {
  struct parser parser;
  struct node *node;
  text_clear(text);
  do {
    enum edit_result result = more_text(text);
    if (result == EDIT_INTERRUPTED) {
      sh.interrupted = false;
      sh.status = 128 + SIGINT;
      return true;
    }
    if (result == EDIT_END && text->length == 0) return false;
    parser = (struct parser){.text = text->data, .at = text->data};
    node = parse_line(&parser);
    if (result == EDIT_END && parser.incomplete) parser.incomplete = false;
  } while (parser.incomplete);

  if (parser.failed) {
    fdprintf(STDERR, "sh: %s\n", parser.error);
    sh.status = 2;
    return sh.interactive;
  }
  if (node) run(node);
  return true;
}

static void read_commands(void) {
  struct text text = {0};
  bool more = true;
  while (more && !sh.exiting) {
    struct mark mark = scratch_mark();
    forget_interrupt();
    if (sh.interactive) show_changed_jobs();
    more = read_and_run(&text);
    scratch_release(mark);
  }
}

static void start_interactive(void) {
  struct termios termios;
  if (ioctl(STDIN, TCGETS, &termios) < 0 || ioctl(STDERR, TCGETS, &termios) < 0) return;
  sh.interactive = true;
  set_signal(SIGINT, on_interrupt, 0);
  jobs_start();
  const char *file = variable("ENV");
  if (file) source_file(file);
}

static void set_params(char **argv) {
  sh.params = argv;
  for (sh.param_count = 0; argv[sh.param_count]; sh.param_count++) {}
}

int main(int argc, char **argv) {
  bool seen[4] = {false};
  sh.name = argc > 0 ? argv[0] : "sh";
  sh.pid = (pid_t)getpid();
  static char *none[] = {"sh", NULL};
  if (argc == 0) argv = none, argc = 1;
  int i = options(argc, argv, "cexi", seen);
  if (i < 0) return 2;
  sh.exit_on_error = seen[1];
  sh.trace = seen[2];
  variables_start();
  set_params(argv + (i < argc ? i : argc));

  if (seen[0] && i == argc) return error("-c", "argument expected"), 2;
  if (i < argc) {
    if (!seen[0] || argv[i + 1]) sh.name = argv[seen[0] ? i + 1 : i];
    set_params(argv + i + 1 + (seen[0] && argv[i + 1] != NULL));
    struct text text = {0};
    const char *commands = seen[0] ? argv[i] : read_file(argv[i], &text);
    if (!commands) leave(127);
    run_text(commands);
  } else {
    start_interactive();
    read_commands();
  }
  leave(sh.status);
}
