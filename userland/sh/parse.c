/*
 * parse.c - from text to a tree
 *
 * Manual: POSIX, "Shell Command Language", 2.10.2
 *
 * A parser by recursive descent, one function per rule, which reads the text directly: what a character means
 * depends on where it stands. Words stay as written; expand.c takes them apart each time they are used.
 */
#include "sh.h"

enum { MOST_NESTED = 200 }; // each level is a few calls deep, here and in exec.c

static struct node *parse_and_or(struct parser *p);
static struct node *parse_list(struct parser *p);

bool at_end(const struct parser *p) { return !*p->at; }

static void *fail(struct parser *p, const char *what) {
  if (!p->failed) snprintf(p->error, sizeof(p->error), "syntax error: %s", what);
  p->failed = true;
  return NULL;
}

static void *unexpected(struct parser *p) {
  if (at_end(p)) {
    p->incomplete = true;
    return fail(p, "unexpected end of file");
  }
  char what[40];
  int n = *p->at == '\n' ? 0 : (int)strlen(p->at);
  for (int i = 0; i < n; i++)
    if (i > 0 && strchr(" \t\n;&|()<>", p->at[i])) n = i;
  if (n > 20) n = 20;
  snprintf(what, sizeof(what), n ? "unexpected '%.*s'" : "unexpected newline", n, p->at);
  return fail(p, what);
}

static struct node *new_node(enum kind kind, struct node *left, struct node *right) {
  struct node *node = scratch(sizeof(*node));
  node->kind = kind;
  node->left = left;
  node->right = right;
  return node;
}

/* Quoting: where a word's characters end */

static const char *skip_until(const char *s, char end) {
  while (s && *s) {
    if (*s == end) return s + 1;
    s = skip_quoted(s);
  }
  return NULL;
}

/* Past the `)` that closes what was opened just before s. */
static const char *skip_parentheses(const char *s) {
  for (int depth = 1; s && *s; s = skip_quoted(s)) {
    if (*s == '(') depth++;
    if (*s == ')' && --depth == 0) return s + 1;
  }
  return NULL;
}

static const char *skip_double_quotes(const char *s) {
  for (; s && *s; ) {
    if (*s == '"') return s + 1;
    s = *s == '\'' ? s + 1 : skip_quoted(s);
  }
  return NULL;
}

const char *skip_quoted(const char *s) {
  const char *end;
  switch (*s) {
    case '\\': return s[1] ? s + 2 : NULL;
    case '\'':
      end = strchr(s + 1, '\'');
      return end ? end + 1 : NULL;
    case '"': return skip_double_quotes(s + 1);
    case '`': return skip_until(s + 1, '`');
    case '$':
      if (s[1] == '(') return skip_parentheses(s + 2);
      if (s[1] == '{') return skip_until(s + 2, '}');
      return s + 1;
    default: return s + 1;
  }
}

/* Tokens */

static void skip_blanks(struct parser *p) {
  for (;;) {
    if (*p->at == ' ' || *p->at == '\t') p->at++;
    else if (p->at[0] == '\\' && p->at[1] == '\n') p->at += 2;
    else break;
  }
  if (*p->at == '#')
    while (!at_end(p) && *p->at != '\n') p->at++;
}

static bool take(struct parser *p, const char *operator) {
  skip_blanks(p);
  if (!starts_with(p->at, operator)) return false;
  p->at += strlen(operator);
  return true;
}

static bool is_word_end(char c) { return strchr(" \t\n;&|()<>", c) != NULL; } // NUL too

static const char *word_end(const char *s) {
  while (s && !is_word_end(*s)) s = skip_quoted(s);
  return s;
}

static char *take_word(struct parser *p) {
  skip_blanks(p);
  const char *end = word_end(p->at);
  if (!end) {
    p->at += strlen(p->at); // a quote is open
    return unexpected(p);
  }
  if (end == p->at) return NULL;
  char *word = scratch_string(p->at, (size_t)(end - p->at));
  p->at = end;
  return word;
}

static bool next_is(struct parser *p, const char *reserved) {
  skip_blanks(p);
  size_t n = strlen(reserved);
  return strncmp(p->at, reserved, n) == 0 && is_word_end(p->at[n]);
}

static bool take_reserved(struct parser *p, const char *reserved) {
  if (!next_is(p, reserved)) return false;
  p->at += strlen(reserved);
  return true;
}

static bool expect_reserved(struct parser *p, const char *reserved) {
  if (p->failed) return false;
  if (!take_reserved(p, reserved)) unexpected(p);
  return !p->failed;
}

size_t name_length(const char *s) {
  size_t n = 0;
  for (; s[n] == '_' || (s[n] >= 'a' && s[n] <= 'z') || (s[n] >= 'A' && s[n] <= 'Z') ||
         (n > 0 && s[n] >= '0' && s[n] <= '9'); n++) {}
  return n;
}

/* Here-documents: their text starts at the next line */

static char *unquote(const char *s) {
  char *out = scratch(strlen(s) + 1), *to = out;
  for (; *s; s++)
    if (!strchr("\\'\"", *s)) *to++ = *s;
  return out;
}

static void read_document(struct parser *p, struct redirect *document) {
  const char *delimiter = unquote(document->target), *start = p->at;
  bool strip = document->op[2] == '-';
  document->literal = strcmp(delimiter, document->target) != 0;

  char *text = scratch(strlen(start) + 1), *to = text;
  while (!at_end(p)) {
    const char *line = p->at, *end = strchr(line, '\n');
    if (!end) break;
    p->at = end + 1;
    while (strip && *line == '\t') line++;
    if ((size_t)(end - line) == strlen(delimiter) && strncmp(line, delimiter, strlen(delimiter)) == 0) {
      document->target = text;
      return;
    }
    memcpy(to, line, (size_t)(p->at - line));
    to += p->at - line;
  }
  p->at = start + strlen(start);
  unexpected(p);
}

static bool take_newline(struct parser *p) {
  skip_blanks(p);
  if (*p->at != '\n') return false;
  p->at++;
  for (int i = 0; i < p->document_count && !p->failed; i++) read_document(p, p->documents[i]);
  p->document_count = 0;
  return true;
}

static void skip_newlines(struct parser *p) {
  while (take_newline(p)) {}
}

/* Redirections */

static bool take_redirect(struct parser *p, struct redirect ***end) {
  static const char *const operators[] = {"<<-", "<<", "<>", "<&", "<", ">>", ">&", ">|", ">", "&>"};
  skip_blanks(p);
  const char *s = p->at;
  int fd = -1;
  if (*s >= '0' && *s <= '9' && (s[1] == '<' || s[1] == '>')) fd = *s++ - '0';
  for (size_t i = 0; i < countof(operators); i++) {
    if (!starts_with(s, operators[i])) continue;
    struct redirect *redirect = scratch(sizeof(*redirect));
    p->at = s + strlen(operators[i]);
    memcpy(redirect->op, operators[i], strlen(operators[i]) + 1);
    redirect->fd = fd >= 0 ? fd : *s == '<' ? STDIN : STDOUT;
    redirect->target = take_word(p);
    if (!redirect->target) return unexpected(p), false;
    if (starts_with(redirect->op, "<<") && p->document_count < (int)countof(p->documents))
      p->documents[p->document_count++] = redirect;
    **end = redirect;
    *end = &redirect->next;
    return true;
  }
  return false;
}

static struct word *take_words(struct parser *p) {
  struct word *first = NULL, **end = &first;
  for (char *text; !p->failed && (text = take_word(p)); end = &(*end)->next) {
    *end = scratch(sizeof(**end));
    (*end)->text = text;
  }
  return first;
}

/* Commands */

static struct node *parse_simple(struct parser *p) {
  struct node *node = new_node(SIMPLE, NULL, NULL);
  struct word **words = &node->words;
  struct redirect **redirects = &node->redirects;
  for (;;) {
    if (take_redirect(p, &redirects)) continue;
    char *text = p->failed ? NULL : take_word(p);
    if (!text) break;
    *words = scratch(sizeof(**words));
    (*words)->text = text;
    words = &(*words)->next;
  }
  if (!node->words && !node->redirects) return unexpected(p);
  return node;
}

static struct node *parse_if(struct parser *p) {
  struct node *node = new_node(IF, parse_list(p), NULL);
  if (!expect_reserved(p, "then")) return NULL;
  node->right = parse_list(p);
  if (p->failed) return NULL;
  if (take_reserved(p, "elif")) {
    node->otherwise = parse_if(p); // which also takes the `fi`
    return node;
  }
  if (take_reserved(p, "else")) node->otherwise = parse_list(p);
  expect_reserved(p, "fi");
  return node;
}

static struct node *parse_do_group(struct parser *p) {
  if (!expect_reserved(p, "do")) return NULL;
  struct node *body = parse_list(p);
  expect_reserved(p, "done");
  return body;
}

static struct node *parse_while(struct parser *p, enum kind kind) {
  struct node *condition = parse_list(p);
  return p->failed ? NULL : new_node(kind, condition, parse_do_group(p));
}

static struct node *parse_for(struct parser *p) {
  struct node *node = new_node(FOR, NULL, NULL);
  node->name = take_word(p);
  if (!node->name || name_length(node->name) != strlen(node->name)) return unexpected(p);
  skip_newlines(p);
  node->all_params = !take_reserved(p, "in");
  if (!node->all_params) node->words = take_words(p);
  take(p, ";");
  skip_newlines(p);
  node->right = parse_do_group(p);
  return node;
}

static struct clause *parse_clause(struct parser *p) {
  struct clause *clause = scratch(sizeof(*clause));
  struct word **end = &clause->patterns;
  take(p, "(");
  do {
    *end = scratch(sizeof(**end));
    (*end)->text = take_word(p);
    if (!(*end)->text) return unexpected(p);
    end = &(*end)->next;
  } while (take(p, "|"));
  if (!take(p, ")")) return unexpected(p);
  skip_newlines(p);
  if (!next_is(p, "esac") && !starts_with(p->at, ";;")) clause->body = parse_list(p);
  if (!take(p, ";;") && !next_is(p, "esac")) return unexpected(p);
  skip_newlines(p);
  return clause;
}

static struct node *parse_case(struct parser *p) {
  struct node *node = new_node(CASE, NULL, NULL);
  struct clause **end = &node->clauses;
  node->words = scratch(sizeof(*node->words));
  node->words->text = take_word(p);
  if (!node->words->text) return unexpected(p);
  skip_newlines(p);
  if (!expect_reserved(p, "in")) return NULL;
  skip_newlines(p);
  while (!p->failed && !take_reserved(p, "esac")) {
    *end = parse_clause(p);
    if (*end) end = &(*end)->next;
  }
  return node;
}

static struct node *parse_group(struct parser *p) {
  struct node *node = new_node(GROUP, parse_list(p), NULL);
  if (!p->failed && !take_reserved(p, "}")) return unexpected(p);
  return node;
}

static struct node *parse_subshell(struct parser *p) {
  struct node *node = new_node(SUBSHELL, parse_list(p), NULL);
  if (!p->failed && !take(p, ")")) return unexpected(p);
  return node;
}

/* A compound command, or NULL if the next is none. */
static struct node *parse_compound(struct parser *p) {
  if (take_reserved(p, "if")) return parse_if(p);
  if (take_reserved(p, "while")) return parse_while(p, WHILE);
  if (take_reserved(p, "until")) return parse_while(p, UNTIL);
  if (take_reserved(p, "for")) return parse_for(p);
  if (take_reserved(p, "case")) return parse_case(p);
  if (take_reserved(p, "{")) return parse_group(p);
  if (take(p, "(")) return parse_subshell(p);
  return NULL;
}

/* name() { ... }: the body is kept as text and parsed again by each call. */
static struct node *parse_function(struct parser *p) {
  const char *start = p->at;
  size_t n = name_length(start);
  p->at += n;
  if (n == 0 || !take(p, "(") || !take(p, ")")) {
    p->at = start;
    return NULL;
  }
  struct node *node = new_node(FUNCTION, NULL, NULL);
  node->name = scratch_string(start, n);
  skip_newlines(p);
  node->source = p->at;
  if (!parse_compound(p)) return unexpected(p);
  node->length = (size_t)(p->at - node->source);
  return node;
}

static bool next_is_closing(struct parser *p) {
  static const char *const closing[] = {"then", "elif", "else", "fi", "do", "done", "esac", "}"};
  for (size_t i = 0; i < countof(closing); i++)
    if (next_is(p, closing[i])) return true;
  return *p->at == ')' || at_end(p) || starts_with(p->at, ";;");
}

static struct node *parse_command(struct parser *p) {
  if (next_is_closing(p)) return unexpected(p);
  if (p->depth == MOST_NESTED) return fail(p, "commands are nested too deeply");
  p->depth++;
  struct node *node = parse_compound(p);
  p->depth--;
  if (p->failed) return NULL;
  if (!node) {
    node = parse_function(p);
    return node || p->failed ? node : parse_simple(p);
  }
  struct redirect **redirects = &node->redirects;
  while (take_redirect(p, &redirects)) {}
  return node;
}

static struct node *parse_pipeline(struct parser *p) {
  skip_blanks(p);
  const char *start = p->at;
  bool negated = false;
  while (take_reserved(p, "!")) negated = !negated;

  struct node *node = parse_command(p);
  while (!p->failed && !starts_with((skip_blanks(p), p->at), "||") && take(p, "|")) {
    skip_newlines(p);
    node = new_node(PIPE, node, parse_command(p));
  }
  if (!node) return NULL;
  if (!node->source) node->source = start, node->length = (size_t)(p->at - start);
  return negated ? new_node(NOT, node, NULL) : node;
}

static struct node *parse_and_or(struct parser *p) {
  struct node *node = parse_pipeline(p);
  while (!p->failed) {
    enum kind kind = AND;
    if (!take(p, "&&")) {
      if (!take(p, "||")) break;
      kind = OR;
    }
    skip_newlines(p);
    node = new_node(kind, node, parse_pipeline(p));
  }
  return node;
}

static struct node *append(struct node *list, struct node *next) {
  return list ? new_node(SEQUENCE, list, next) : next;
}

/* One command and the `;` or `&` after it. `more` tells that another may follow on the same line. */
static struct node *parse_item(struct parser *p, bool *more) {
  skip_blanks(p);
  const char *start = p->at;
  struct node *node = parse_and_or(p);
  *more = false;
  if (p->failed || starts_with((skip_blanks(p), p->at), ";;")) return node;
  if (take(p, "&")) {
    node->source = start;
    node->length = (size_t)(p->at - 1 - start);
    node = new_node(BACKGROUND, node, NULL);
    *more = true;
  } else {
    *more = take(p, ";");
  }
  return node;
}

/* Commands, over several lines, until something that closes them. */
static struct node *parse_list(struct parser *p) {
  struct node *list = NULL;
  bool more;
  skip_newlines(p);
  do {
    list = append(list, parse_item(p, &more));
    if (take_newline(p)) more = true;
    skip_newlines(p);
  } while (more && !p->failed && !next_is_closing(p));
  return list;
}

struct node *parse_line(struct parser *p) {
  struct node *list = NULL;
  bool more = true;
  while (more && !p->failed && !take_newline(p) && !at_end(p)) list = append(list, parse_item(p, &more));
  if (p->failed) return NULL;
  if (!more && !take_newline(p) && !at_end(p)) return unexpected(p);
  if (p->document_count > 0) { // the last line had no newline
    p->at += strlen(p->at);
    return unexpected(p);
  }
  return p->failed ? NULL : list;
}
