/*
 * variables.c - variables and functions
 */
#include "sh.h"

struct variable {
  struct variable *next;
  char *name, *value; // value NULL: exported, but not set
  bool exported;
};

struct function {
  struct function *next;
  char *name, *body;
};

static struct variable *variables;
static struct function *functions;

static struct variable **find(const char *name) {
  struct variable **at = &variables;
  while (*at && strcmp((*at)->name, name) != 0) at = &(*at)->next;
  return at;
}

static struct variable *find_or_make(const char *name) {
  struct variable **at = find(name);
  if (*at) return *at;
  *at = keep(sizeof(**at));
  (*at)->name = keep_string(name);
  return *at;
}

static void start_variable(const char *entry) {
  const char *equals = strchr(entry, '=');
  if (!equals || name_length(entry) != (size_t)(equals - entry)) return;
  char *name = scratch_string(entry, (size_t)(equals - entry));
  set_variable(name, equals + 1);
  export_variable(name);
}

void variables_start(void) {
  for (char **entry = environ; *entry; entry++) start_variable(*entry);
  if (!variable("PATH")) set_variable("PATH", "/bin:/sbin:/usr/bin:/usr/sbin");
  char path[PATH_MAX];
  if (getcwd(path, sizeof(path)) > 0) set_variable("PWD", path);
}

const char *variable(const char *name) {
  struct variable *found = *find(name);
  return found ? found->value : NULL;
}

void set_variable(const char *name, const char *value) {
  struct variable *v = find_or_make(name);
  char *old = v->value;
  v->value = keep_string(value); // which may be part of the old one
  let_go(old);
}

bool is_assignment(const char *word) {
  size_t n = name_length(word);
  return n > 0 && word[n] == '=';
}

void set_assignment(const char *assignment) {
  size_t n = name_length(assignment);
  char *value = expand_single(assignment + n + 1);
  if (value) set_variable(scratch_string(assignment, n), value);
}

void export_variable(const char *name) { find_or_make(name)->exported = true; }

static void free_variable(struct variable *variable) {
  let_go(variable->name);
  let_go(variable->value);
  let_go(variable);
}

void unset_variable(const char *name) {
  struct variable **at = find(name), *found = *at;
  if (!found) return;
  *at = found->next;
  free_variable(found);
}

void show_variables(bool exported_only) {
  for (struct variable *v = variables; v; v = v->next) {
    if (exported_only ? !v->exported : !v->value) continue;
    printf("%s%s", exported_only ? "export " : "", v->name);
    printf(v->value ? "='%s'\n" : "\n", v->value);
  }
}

char **make_environment(void) {
  struct strings strings = {0};
  for (struct variable *v = variables; v; v = v->next) {
    if (!v->exported || !v->value) continue;
    size_t size = strlen(v->name) + strlen(v->value) + 2;
    char *entry = scratch(size);
    snprintf(entry, size, "%s=%s", v->name, v->value);
    strings_add(&strings, entry);
  }
  static char *nothing[] = {NULL};
  return strings.items ? strings.items : nothing;
}

/* Before an assignment that holds for one command or one function only: remembers the old value in a list. */
void save_variable(struct variable **list, const char *name) {
  struct variable *saved = keep(sizeof(*saved)), *found = *find(name);
  saved->name = keep_string(name);
  saved->value = found && found->value ? keep_string(found->value) : NULL;
  saved->exported = found && found->exported;
  saved->next = *list;
  *list = saved;
}

/* The last one saved comes first, so a name that was saved twice gets its oldest value. */
void restore_variables(struct variable **list) {
  for (struct variable *saved; (saved = *list);) {
    *list = saved->next;
    unset_variable(saved->name);
    if (saved->value) set_variable(saved->name, saved->value);
    if (saved->exported) export_variable(saved->name);
    free_variable(saved);
  }
}

static struct function **find_function_slot(const char *name) {
  struct function **at = &functions;
  while (*at && strcmp((*at)->name, name) != 0) at = &(*at)->next;
  return at;
}

const char *find_function(const char *name) {
  struct function *found = *find_function_slot(name);
  return found ? found->body : NULL;
}

void set_function(const char *name, const char *body) {
  struct function **at = find_function_slot(name), *found = *at;
  if (found) {
    *at = found->next;
    let_go(found->name);
    let_go(found->body);
    let_go(found);
  }
  if (!body) return;
  struct function *made = keep(sizeof(*made));
  *made = (struct function){functions, keep_string(name), keep_string(body)};
  functions = made;
}
