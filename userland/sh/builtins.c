/*
 * builtins.c - what the shell does itself: because it must (cd), or because it is quicker (echo)
 */
#include "sh.h"

static int builtin_true(char **argv) {
  (void)argv;
  return 0;
}

static int builtin_false(char **argv) {
  (void)argv;
  return 1;
}

static int builtin_echo(char **argv) {
  struct text line = {0};
  bool newline = true;
  for (argv++; *argv && strcmp(*argv, "-n") == 0; argv++) newline = false;
  for (; *argv; argv++) {
    text_add_string(&line, *argv);
    if (argv[1]) text_add_string(&line, " ");
  }
  if (newline) text_add_string(&line, "\n");
  long err = write_all(STDOUT, line.data, line.length);
  text_free(&line);
  return err < 0 ? error("echo", strerror((int)-err)) : 0;
}

/* The working directory */

static int builtin_pwd(char **argv) {
  char path[PATH_MAX];
  long n = getcwd(path, sizeof(path));
  if (n < 0) return error(argv[0], strerror((int)-n));
  printf("%s\n", path);
  return 0;
}

static int builtin_cd(char **argv) {
  const char *to = argv[1] ? argv[1] : variable("HOME");
  bool back = to && strcmp(to, "-") == 0;
  if (back) to = variable("OLDPWD");
  if (!to) return error("cd", back ? "OLDPWD not set" : "HOME not set");
  long err = chdir(to);
  if (err < 0) return error_in("cd", to, strerror((int)-err));
  if (back) printf("%s\n", to);

  char path[PATH_MAX];
  if (variable("PWD")) set_variable("OLDPWD", variable("PWD"));
  if (getcwd(path, sizeof(path)) > 0) set_variable("PWD", path);
  return 0;
}

static int builtin_umask(char **argv) {
  if (!argv[1]) {
    int mask = (int)umask(0);
    umask(mask);
    return printf("%04o\n", mask) < 0;
  }
  int mask = 0;
  for (const char *s = argv[1]; *s; s++) {
    if (*s < '0' || *s > '7') return error_in("umask", argv[1], "not an octal number");
    mask = mask * 8 + *s - '0';
  }
  umask(mask);
  return 0;
}

/* Variables */

static int builtin_export(char **argv) {
  if (!argv[1] || strcmp(argv[1], "-p") == 0) return show_variables(true), 0;
  for (argv++; *argv; argv++) {
    size_t n = name_length(*argv);
    if (n == 0 || ((*argv)[n] && (*argv)[n] != '=')) return error_in("export", *argv, "not a valid name");
    char *name = scratch_string(*argv, n);
    if ((*argv)[n]) set_variable(name, *argv + n + 1);
    export_variable(name);
  }
  return 0;
}

static int builtin_local(char **argv) {
  if (sh.functions == 0) return error("local", "not in a function");
  for (argv++; *argv; argv++) {
    size_t n = name_length(*argv);
    if (n == 0 || ((*argv)[n] && (*argv)[n] != '=')) return error_in("local", *argv, "not a valid name");
    char *name = scratch_string(*argv, n);
    save_variable(&sh.locals, name);
    set_variable(name, (*argv)[n] ? *argv + n + 1 : "");
  }
  return 0;
}

static int builtin_unset(char **argv) {
  bool function = argv[1] && strcmp(argv[1], "-f") == 0;
  if (argv[1] && argv[1][0] == '-') argv++;
  for (argv++; *argv; argv++) {
    if (function) set_function(*argv, NULL);
    else unset_variable(*argv);
  }
  return 0;
}

static void set_params(char **argv) {
  int count = 0;
  while (argv[count]) count++;
  sh.params = keep((size_t)(count + 1) * sizeof(*argv)); // never let go: a caller may still have the old ones
  for (int i = 0; i < count; i++) sh.params[i] = keep_string(argv[i]);
  sh.param_count = count;
}

static int builtin_set(char **argv) {
  if (!argv[1]) return show_variables(false), 0;
  for (argv++; *argv && ((*argv)[0] == '-' || (*argv)[0] == '+') && (*argv)[1]; argv++) {
    if (strcmp(*argv, "--") == 0) return set_params(argv + 1), 0;
    bool on = **argv == '-';
    for (const char *letter = *argv + 1; *letter; letter++) {
      if (*letter == 'e') sh.exit_on_error = on;
      else if (*letter == 'x') sh.trace = on;
      else return error_in("set", *argv, "unknown option");
    }
  }
  if (*argv) set_params(argv);
  return 0;
}

static int builtin_shift(char **argv) {
  long n = 1;
  if (argv[1] && (!parse_long(argv[1], &n) || n < 0)) return error_in(argv[0], argv[1], "not a number");
  if (n > sh.param_count) return 1;
  sh.params += n;
  sh.param_count -= (int)n;
  return 0;
}

/* The line's words go to the names; the last name gets all the rest. */
static void read_fields(char *line, char **names) {
  const char *ifs = variable("IFS") ? variable("IFS") : " \t\n";
  for (; *names; names++) {
    while (*line && strchr(ifs, *line)) line++;
    char *end = line;
    while (*end && (!names[1] ? true : !strchr(ifs, *end))) end++;
    char *next = *end ? end + 1 : end;
    while (end > line && strchr(ifs, end[-1])) end--;
    *end = 0;
    set_variable(*names, line);
    line = next;
  }
}

/* Without -r a backslash protects the next character, and joins lines. */
static bool read_joined(struct text *line, bool raw) {
  if (read_input_line(STDIN, line) <= 0) return false;
  while (!raw && line->length >= 2 && strcmp(line->data + line->length - 2, "\\\n") == 0) {
    line->length -= 2;
    if (read_input_line(STDIN, line) <= 0) break;
  }
  if (line->data[line->length - 1] == '\n') line->data[--line->length] = 0;
  if (!raw) glob_unescape(line->data);
  return true;
}

static int builtin_read(char **argv) {
  static char *reply[] = {"REPLY", NULL};
  struct text line = {0};
  bool raw = false;
  for (argv++; *argv && **argv == '-'; argv++) {
    if (strcmp(*argv, "-p") == 0 && argv[1]) fdprintf(STDERR, "%s", *++argv);
    raw |= strcmp(*argv, "-r") == 0;
  }
  bool more = read_joined(&line, raw);
  read_fields(more ? line.data : scratch(1), *argv ? argv : reply);
  text_free(&line);
  return !more;
}

/* Control */

static int builtin_exit(char **argv) {
  long status = sh.status;
  if (argv[1] && !parse_long(argv[1], &status)) return error_in(argv[0], argv[1], "not a number");
  sh.status = (int)status & 0xff;
  sh.exiting = true;
  return sh.status;
}

static int builtin_return(char **argv) {
  long status = sh.status;
  if (argv[1]) parse_long(argv[1], &status);
  if (sh.functions == 0) return error("return", "not in a function");
  sh.returning = true;
  return (int)status & 0xff;
}

static int leave_loops(char **argv, int *count) {
  long n = 1;
  if (argv[1] && (!parse_long(argv[1], &n) || n < 1)) return error_in(argv[0], argv[1], "not a loop count");
  *count = n < sh.loops ? (int)n : sh.loops;
  return 0;
}

static int builtin_break(char **argv) { return leave_loops(argv, &sh.breaking); }

/* `continue 2` leaves one loop and continues the next. */
static int builtin_continue(char **argv) { return leave_loops(argv, &sh.continuing); }

static int builtin_exec(char **argv) {
  if (!argv[1]) return 0; // only its redirections were meant
  char path[PATH_MAX];
  if (!find_program(argv[1], path, sizeof(path))) return error_in("exec", argv[1], "not found"), 127;
  reset_signals();
  exec_program(argv + 1);
}

static int builtin_eval(char **argv) {
  struct text text = {0};
  for (argv++; *argv; argv++) {
    text_add_string(&text, *argv);
    text_add_string(&text, " ");
  }
  int status = text.data ? run_text(text.data) : 0;
  text_free(&text);
  return status;
}

static int builtin_source(char **argv) {
  if (!argv[1]) return error(argv[0], "file name expected");
  return source_file(argv[1]);
}

/* Past functions: `command` is for what a function of the same name hides. */
static int builtin_command(char **argv) {
  if (!argv[1]) return 0;
  builtin_fn *builtin = find_builtin(argv[1]);
  if (builtin) return builtin(argv + 1);
  struct node *node = scratch(sizeof(*node));
  node->source = argv[1];
  node->length = strlen(argv[1]);
  return run_in_child(node, argv + 1);
}

static int builtin_type(char **argv) {
  int status = 0;
  char path[PATH_MAX];
  for (argv++; *argv; argv++) {
    const char *file;
    if (find_function(*argv)) printf("%s is a function\n", *argv);
    else if (find_builtin(*argv)) printf("%s is a shell builtin\n", *argv);
    else if ((file = find_program(*argv, path, sizeof(path)))) printf("%s is %s\n", *argv, file);
    else status = error_in("type", *argv, "not found");
  }
  return status;
}

static int builtin_history(char **argv) {
  (void)argv;
  show_history();
  return 0;
}

static int builtin_help(char **argv) {
  (void)argv;
  for (size_t i = 0; builtin_name(i); i++) printf("%s%s", i ? " " : "", builtin_name(i));
  printf("\nPrograms are in /bin.\n");
  return 0;
}

static const struct row {
  const char *name;
  builtin_fn *run;
  bool special; // POSIX, 2.14
} rows[] = {
  {":", builtin_true, true},
  {".", builtin_source, true},
  {"[", builtin_test, false},
  {"bg", builtin_bg, false},
  {"break", builtin_break, true},
  {"cd", builtin_cd, false},
  {"command", builtin_command, false},
  {"continue", builtin_continue, true},
  {"echo", builtin_echo, false},
  {"eval", builtin_eval, true},
  {"exec", builtin_exec, true},
  {"exit", builtin_exit, true},
  {"export", builtin_export, true},
  {"false", builtin_false, false},
  {"fg", builtin_fg, false},
  {"help", builtin_help, false},
  {"history", builtin_history, false},
  {"jobs", builtin_jobs, false},
  {"kill", builtin_kill, false},
  {"local", builtin_local, false},
  {"pwd", builtin_pwd, false},
  {"read", builtin_read, false},
  {"return", builtin_return, true},
  {"set", builtin_set, true},
  {"shift", builtin_shift, true},
  {"source", builtin_source, false},
  {"test", builtin_test, false},
  {"trap", builtin_trap, true},
  {"true", builtin_true, false},
  {"type", builtin_type, false},
  {"ulimit", builtin_ulimit, false},
  {"umask", builtin_umask, false},
  {"unset", builtin_unset, true},
  {"wait", builtin_wait, false},
};

static const struct row *find(const char *name) {
  for (size_t i = 0; i < countof(rows); i++)
    if (strcmp(rows[i].name, name) == 0) return &rows[i];
  return NULL;
}

builtin_fn *find_builtin(const char *name) {
  const struct row *row = find(name);
  return row ? row->run : NULL;
}

bool is_special_builtin(const char *name) {
  const struct row *row = find(name);
  return row && row->special;
}

const char *builtin_name(size_t index) { return index < countof(rows) ? rows[index].name : NULL; }
