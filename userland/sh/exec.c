/*
 * exec.c - running the tree
 */
#include "sh.h"

int error(const char *what, const char *why) {
  fdprintf(STDERR, "%s: %s: %s\n", basename(sh.name), what, why);
  return 1;
}

int error_in(const char *builtin, const char *what, const char *why) {
  fdprintf(STDERR, "%s: %s: %s: %s\n", basename(sh.name), builtin, what, why);
  return 1;
}

bool unwinding(void) {
  return sh.interrupted || sh.exiting || sh.returning || sh.breaking > 0 || sh.continuing > 0;
}

_Noreturn void leave(int status) {
  sh.status = status;
  run_exit_trap();
  exit(sh.status);
}

/* Programs */

const char *find_program(const char *name, char *out, size_t size) {
  if (strchr(name, '/')) return name;
  const char *path = variable("PATH");
  while (path && *path) {
    const char *colon = strchr(path, ':');
    size_t n = colon ? (size_t)(colon - path) : strlen(path);
    snprintf(out, size, "%.*s%s%s", (int)n, path, n ? "/" : "", name);
    struct stat st;
    if (stat(out, &st) == 0 && (st.st_mode & S_IFMT) == S_IFREG && access(out, X_OK) == 0) return out;
    path += n + (colon != NULL);
  }
  return NULL;
}

/* A text file without #! is a script of ours: Linux says ENOEXEC. */
static void exec_script(const char *file, char **argv) {
  struct strings args = {0};
  strings_add(&args, "sh");
  strings_add(&args, (char *)file);
  for (int i = 1; argv[i]; i++) strings_add(&args, argv[i]);
  execve("/bin/sh", args.items, make_environment());
}

_Noreturn void exec_program(char **argv) {
  char path[PATH_MAX];
  const char *file = find_program(argv[0], path, sizeof(path));
  if (!file) {
    error(argv[0], "not found");
    exit(127);
  }
  long err = execve(file, argv, make_environment());
  if (err == -ENOEXEC) exec_script(file, argv);
  error(argv[0], strerror((int)-err));
  exit(err == -ENOENT ? 127 : 126);
}

/* Simple commands */

static void trace(char **argv) {
  for (int i = 0; argv[i]; i++) fdprintf(STDERR, "%s%s", i ? " " : "+ ", argv[i]);
  fdprintf(STDERR, "\n");
}

/* Gives the variables before a command their values; they are saved first if it is for this command only. */
static struct variable *assign(const struct word *words, bool only_now) {
  struct variable *saved = NULL;
  for (; words && is_assignment(words->text); words = words->next) {
    char *name = scratch_string(words->text, name_length(words->text));
    if (only_now) save_variable(&saved, name);
    set_assignment(words->text);
    if (only_now) export_variable(name);
  }
  return saved;
}

static const struct word *arguments_of(const struct node *node) {
  const struct word *words = node->words;
  while (words && is_assignment(words->text)) words = words->next;
  return words;
}

int run_function(const char *body, char **argv) {
  if (++sh.functions > 1000) {
    sh.functions--;
    return error(argv[0], "functions are nested too deeply");
  }
  char **params = sh.params;
  int count = sh.param_count, loops = sh.loops;
  struct variable *locals = sh.locals;
  sh.locals = NULL;
  sh.params = argv + 1;
  for (sh.param_count = 0; sh.params[sh.param_count]; sh.param_count++) {}
  sh.loops = 0;
  int status = run_text(scratch_string(body, strlen(body))); // it may redefine itself meanwhile
  sh.returning = false;
  restore_variables(&sh.locals);
  sh.locals = locals;
  sh.functions--;
  sh.loops = loops;
  sh.params = params;
  sh.param_count = count;
  return sh.status = status;
}

/* `exec` without a program keeps its redirections. */
static bool keeps_redirects(char **argv) { return strcmp(argv[0], "exec") == 0 && !argv[1]; }

static int run_inside(const struct node *node, builtin_fn *builtin, const char *function, char **argv) {
  struct saved_fds saved = {.count = 0};
  int status = 1;
  struct variable *hidden = assign(node->words, !is_special_builtin(argv[0]));
  if (redirect(node->redirects, keeps_redirects(argv) ? NULL : &saved))
    status = function ? run_function(function, argv) : builtin(argv);
  undo_redirects(&saved);
  restore_variables(&hidden);
  return status;
}

static int run_assignments_only(const struct node *node) {
  struct saved_fds saved = {.count = 0};
  sh.status = 0; // unless a $(command) says otherwise
  bool done = redirect(node->redirects, &saved); // `> file` empties it
  undo_redirects(&saved);
  assign(node->words, false);
  return done ? sh.status : 1;
}

static int run_simple(struct node *node) {
  struct strings args = {0};
  if (!expand_words(arguments_of(node), &args)) return 1;
  if (args.count == 0) return run_assignments_only(node);
  if (sh.trace) trace(args.items);

  const char *function = find_function(args.items[0]);
  builtin_fn *builtin = find_builtin(args.items[0]);
  if (function || builtin) return run_inside(node, builtin, function, args.items);
  return run_in_child(node, args.items);
}

/* In a process of its own. */
_Noreturn void run_and_exit(struct node *node) {
  if (node->kind != SIMPLE) leave(run(node));
  struct strings args = {0};
  if (!expand_words(arguments_of(node), &args)) leave(1);
  if (args.count == 0) leave(run_assignments_only(node));
  if (find_function(args.items[0]) || find_builtin(args.items[0])) leave(run(node));
  if (!redirect(node->redirects, NULL)) leave(1);
  assign(node->words, true); // for good: this process has nothing else to do
  exec_program(args.items);
}

/* Compound commands */

static int run_condition(struct node *node) {
  sh.errexit_off++;
  int status = run(node);
  sh.errexit_off--;
  return status;
}

static int run_and_or(struct node *node) {
  int status = run_condition(node->left);
  bool wanted = (status == 0) == (node->kind == AND);
  return wanted && !unwinding() ? run(node->right) : status;
}

static int run_if(struct node *node) {
  int status = run_condition(node->left);
  if (unwinding()) return status;
  if (status == 0) return run(node->right);
  return node->otherwise ? run(node->otherwise) : 0;
}

/* After one round of a loop: whether there is another. */
static bool goes_on(void) {
  if (sh.continuing > 0 && --sh.continuing == 0) return true;
  if (sh.breaking > 0) sh.breaking--;
  else if (!unwinding()) return true;
  return false;
}

static int run_while(struct node *node) {
  int status = 0;
  sh.loops++;
  for (bool more = true; more;) {
    struct mark mark = scratch_mark();
    int condition = run_condition(node->left);
    if (unwinding() || (condition == 0) != (node->kind == WHILE)) more = unwinding() && goes_on();
    else status = run(node->right), more = goes_on();
    scratch_release(mark);
  }
  sh.loops--;
  return status;
}

static int run_for(struct node *node) {
  struct strings items = {0};
  int status = 0;
  if (node->all_params)
    for (int i = 0; i < sh.param_count; i++) strings_add(&items, sh.params[i]);
  else if (!expand_words(node->words, &items)) return 1;

  sh.loops++;
  for (size_t i = 0; i < items.count; i++) {
    struct mark mark = scratch_mark();
    set_variable(node->name, items.items[i]);
    status = run(node->right);
    scratch_release(mark);
    if (!goes_on()) break;
  }
  sh.loops--;
  return status;
}

static bool clause_matches(const struct clause *clause, const char *subject) {
  for (const struct word *word = clause->patterns; word; word = word->next) {
    const char *pattern = expand_pattern(word->text);
    if (pattern && glob_match(pattern, subject)) return true;
  }
  return false;
}

static int run_case(struct node *node) {
  const char *subject = expand_single(node->words->text);
  if (!subject) return 1;
  for (const struct clause *clause = node->clauses; clause; clause = clause->next)
    if (clause_matches(clause, subject)) return clause->body ? run(clause->body) : 0;
  return 0;
}

static int run_kind(struct node *node) {
  switch (node->kind) {
    case SIMPLE: return run_simple(node);
    case PIPE: return run_pipeline(node, false);
    case AND:
    case OR: return run_and_or(node);
    case NOT: return run_condition(node->left) == 0;
    case SEQUENCE: run(node->left); return unwinding() ? sh.status : run(node->right);
    case BACKGROUND: return run_pipeline(node->left, true);
    case SUBSHELL: return run_in_child(node, NULL);
    case GROUP: return run(node->left);
    case IF: return run_if(node);
    case WHILE:
    case UNTIL: return run_while(node);
    case FOR: return run_for(node);
    case CASE: return run_case(node);
    case FUNCTION: set_function(node->name, scratch_string(node->source, node->length)); return 0;
  }
  return 1;
}

static int run_redirected(struct node *node) {
  struct saved_fds saved = {.count = 0};
  int status = redirect(node->redirects, &saved) ? run_kind(node) : 1;
  undo_redirects(&saved);
  return status;
}

/* `set -e` is about commands that fail by themselves, not about lists that end in one. */
static bool may_end_shell(const struct node *node) {
  return node->kind == SIMPLE || node->kind == PIPE || node->kind == SUBSHELL;
}

int run(struct node *node) {
  if (!node) return sh.status;
  bool here = node->redirects && node->kind != SIMPLE && node->kind != SUBSHELL;
  int status = here ? run_redirected(node) : run_kind(node);
  if (!sh.exiting) sh.status = status; // `exit 3` has set it
  run_traps();
  if (sh.exit_on_error && sh.status != 0 && sh.errexit_off == 0 && may_end_shell(node)) sh.exiting = true;
  return sh.status;
}

int run_text(const char *text) {
  struct parser parser = {.text = text, .at = text};
  while (!at_end(&parser) && !unwinding()) {
    struct mark mark = scratch_mark();
    struct node *node = parse_line(&parser);
    if (parser.failed) {
      fdprintf(STDERR, "%s: %s\n", basename(sh.name), parser.error);
      if (!sh.interactive) sh.exiting = true;
      return sh.status = 2;
    }
    if (node) run(node);
    scratch_release(mark);
  }
  return sh.status;
}
