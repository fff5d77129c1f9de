/*
 * expand.c - from words to fields
 *
 * Manual: POSIX, "Shell Command Language", 2.6
 *
 * One pass over a word builds its fields as patterns: what was quoted stands there with a backslash in front,
 * so that a quoted star is a star and an unquoted one finds files. What unquoted expansions yield is
 * split at the characters of IFS on the way.
 */
#include "sh.h"

struct expansion {
  char *out; // the field that is being built
  size_t length, size;
  bool quoted_part; // then it is a field even if nothing is in it
  bool split; //       into fields, and these into file names
  bool failed;
  struct strings *fields;
};

static void expand_text(struct expansion *x, const char *s, const char *end, bool quoted);

static void put(struct expansion *x, char c) {
  if (x->length + 2 > x->size) {
    size_t size = x->size ? x->size * 2 : 64;
    char *larger = scratch(size);
    memcpy(larger, x->out, x->length);
    x->out = larger;
    x->size = size;
  }
  x->out[x->length++] = c;
  x->out[x->length] = 0;
}

static void put_quoted(struct expansion *x, char c) {
  if (strchr("*?[]!^-\\", c)) put(x, '\\');
  put(x, c);
}

static void end_field(struct expansion *x) {
  if (x->length > 0 || x->quoted_part) {
    size_t before = x->fields->count;
    char *field = scratch_string(x->out ? x->out : "", x->length);
    if (glob_is_pattern(field)) glob_files(field, x->fields);
    if (x->fields->count == before) strings_add(x->fields, glob_unescape(field)); // no such file: as written
  }
  x->length = 0;
  x->quoted_part = false;
}

static const char *ifs(void) {
  const char *value = variable("IFS");
  return value ? value : " \t\n";
}

static void put_value(struct expansion *x, const char *s, bool quoted) {
  const char *separators = quoted || !x->split ? "" : ifs();
  for (; *s; s++) {
    if (strchr(separators, *s)) {
      bool space = *s == ' ' || *s == '\t' || *s == '\n';
      if (!space) x->quoted_part = true; // a:: has an empty field in the middle
      end_field(x);
    } else if (quoted || *s == '\\') {
      put_quoted(x, *s);
    } else {
      put(x, *s);
    }
  }
}

static void put_number(struct expansion *x, long n, bool quoted) {
  char text[24];
  snprintf(text, sizeof(text), "%ld", n);
  put_value(x, text, quoted);
}

/* "$@": each parameter is a field of its own, whatever is in it. */
static void put_params(struct expansion *x, char which, bool quoted) {
  char separator = *ifs();
  for (int i = 0; i < sh.param_count; i++) {
    if (i > 0 && quoted && (which == '*' || !x->split)) {
      if (separator) put_quoted(x, which == '@' ? ' ' : separator);
    } else if (i > 0) {
      if (x->split) end_field(x);
      else put(x, ' ');
    }
    if (quoted && which == '@') x->quoted_part = true;
    put_value(x, sh.params[i], quoted);
  }
}

/* $(commands) */

static void strip_newlines(struct text *text) {
  while (text->length > 0 && text->data[text->length - 1] == '\n') text->data[--text->length] = 0;
}

static void put_output(struct expansion *x, const char *commands, bool quoted) {
  int fds[2];
  long err = pipe2(fds, O_CLOEXEC);
  if (err < 0) {
    x->failed = error("pipe", strerror((int)-err));
    return;
  }
  pid_t pid = fork_shell();
  if (pid == 0) {
    dup3(fds[1], STDOUT, 0);
    close(fds[0]);
    if (fds[1] != STDOUT) close(fds[1]);
    leave(run_text(commands));
  }
  close(fds[1]);
  struct text output = {0};
  if (pid > 0) text_read_all(&output, fds[0]);
  close(fds[0]);
  if (pid > 0) sh.status = wait_child(pid);
  else x->failed = true;
  strip_newlines(&output);
  if (output.length > 0) put_value(x, output.data, quoted);
  text_free(&output);
}

static const char *expand_backquotes(struct expansion *x, const char *s, bool quoted) {
  const char *end = skip_quoted(s);
  char *commands = scratch((size_t)(end - s)), *to = commands;
  for (s++; s < end - 1; s++) {
    if (*s == '\\' && strchr("$`\\", s[1])) s++;
    *to++ = *s;
  }
  put_output(x, commands, quoted);
  return end;
}

static void expand_arithmetic(struct expansion *x, const char *s, size_t n, bool quoted) {
  char *text = expand_document(scratch_string(s, n));
  long value = 0;
  if (!text || !arithmetic(text, &value)) x->failed = true;
  else put_number(x, value, quoted);
}

static const char *expand_parentheses(struct expansion *x, const char *s, bool quoted) {
  const char *end = skip_quoted(s);
  if (s[2] == '(' && end[-2] == ')') expand_arithmetic(x, s + 3, (size_t)(end - s) - 5, quoted);
  else put_output(x, scratch_string(s + 2, (size_t)(end - s) - 3), quoted);
  return end;
}

/* ${name}, ${name-word} and its relatives */

/* The value of a parameter that is one string: a variable, a number, or one of $? $$ $! $# $- $0. */
static const char *parameter(const char *name) {
  static char text[24];
  long number = 0;
  switch (*name) {
    case '?': number = sh.status; break;
    case '$': number = sh.pid; break;
    case '#': number = sh.param_count; break;
    case '-': return sh.interactive ? "i" : "";
    case '!':
      if (!sh.last_background) return NULL;
      number = sh.last_background;
      break;
    default:
      if (name_length(name)) return variable(name);
      parse_long(name, &number);
      if (number == 0) return sh.name;
      return number <= sh.param_count ? sh.params[number - 1] : NULL;
  }
  snprintf(text, sizeof(text), "%ld", number);
  return text;
}

static size_t parameter_length(const char *s) {
  if (name_length(s)) return name_length(s);
  size_t digits = 0;
  while (s[digits] >= '0' && s[digits] <= '9') digits++;
  return digits ? digits : *s && strchr("?$#!-@*", *s) ? 1 : 0;
}

/* ${name#pattern} and ${name%pattern}: the value without its matching start or end; doubled: the longest. */
static void put_trimmed(struct expansion *x, const char *value, const char *s, const char *end, bool quoted) {
  bool at_start = *s == '#', longest = s[1] == *s;
  s += 1 + longest;
  char *pattern = expand_pattern(scratch_string(s, (size_t)(end - s)));
  size_t n = strlen(value);
  for (size_t i = 0; pattern && i <= n; i++) {
    size_t cut = at_start == longest ? n - i : i;
    char *part = at_start ? scratch_string(value, cut) : scratch_string(value + cut, n - cut);
    if (!glob_match(pattern, part)) continue;
    put_value(x, at_start ? value + cut : scratch_string(value, cut), quoted);
    return;
  }
  put_value(x, value, quoted);
}

static char *expand_part(const char *s, const char *end) { return expand_single(scratch_string(s, (size_t)(end - s))); }

static void expand_operator(struct expansion *x, const char *name, const char *s, const char *end, bool quoted) {
  const char *value = parameter(name);
  if (*s == '#' || *s == '%') {
    put_trimmed(x, value ? value : "", s, end, quoted);
    return;
  }
  bool set = value && !(*s == ':' && !*value);
  if (*s == ':') s++;
  char *word;
  switch (*s++) {
    case '-': set ? put_value(x, value, quoted) : expand_text(x, s, end, quoted); break;
    case '+': if (set) expand_text(x, s, end, quoted); break;
    case '=':
      if (!set && (word = expand_part(s, end))) set_variable(name, word);
      put_value(x, variable(name) ? variable(name) : "", quoted);
      break;
    case '?':
      if (set) {
        put_value(x, value, quoted);
        break;
      }
      x->failed = error(name, s < end && (word = expand_part(s, end)) ? word : "parameter not set");
      if (!sh.interactive) sh.exiting = true, sh.status = 1; // a script must not go on without it
      break;
    default: x->failed = error(name, "bad substitution");
  }
}

static const char *expand_braces(struct expansion *x, const char *s, bool quoted) {
  const char *end = skip_quoted(s) - 1; // at the closing brace
  s += 2;
  bool length = *s == '#' && s + 1 < end && s[1] != '}';
  if (length) s++;
  size_t n = parameter_length(s);
  char *name = scratch_string(s, n);
  s += n;

  if (n == 0 || (length && s < end)) x->failed = error("${}", "bad substitution");
  else if (length) put_number(x, parameter(name) ? (long)strlen(parameter(name)) : 0, quoted);
  else if (*name == '@' || *name == '*') put_params(x, *name, quoted);
  else if (s < end) expand_operator(x, name, s, end, quoted);
  else put_value(x, parameter(name) ? parameter(name) : "", quoted);
  return end + 1;
}

static const char *expand_dollar(struct expansion *x, const char *s, bool quoted) {
  if (s[1] == '(') return expand_parentheses(x, s, quoted);
  if (s[1] == '{') return expand_braces(x, s, quoted);
  size_t n = parameter_length(s + 1);
  if (n == 0) {
    put(x, '$');
    return s + 1;
  }
  if (s[1] >= '0' && s[1] <= '9') n = 1; // $10 is $1 and a zero
  if (s[1] == '@' || s[1] == '*') {
    put_params(x, s[1], quoted);
  } else {
    const char *value = parameter(scratch_string(s + 1, n));
    if (value) put_value(x, value, quoted);
  }
  return s + 1 + n;
}

/* Quotes, and everything together */

static const char *expand_single_quotes(struct expansion *x, const char *s) {
  x->quoted_part = true;
  for (s++; *s != '\''; s++) put_quoted(x, *s);
  return s + 1;
}

static const char *expand_double_quotes(struct expansion *x, const char *s) {
  const char *end = skip_quoted(s);
  bool only_params = sh.param_count == 0 && starts_with(s, "\"$@\""); // which is no field at all
  if (!only_params) x->quoted_part = true;
  expand_text(x, s + 1, end - 1, true);
  return end;
}

static const char *expand_backslash(struct expansion *x, const char *s, bool quoted) {
  if (s[1] == '\n') return s + 2;
  bool special = !quoted || strchr("$`\"\\", s[1]);
  if (!special) put_quoted(x, '\\');
  put_quoted(x, s[1]);
  return s + 2;
}

static void expand_text(struct expansion *x, const char *s, const char *end, bool quoted) {
  while (s < end && !x->failed) {
    if (*s == '$') s = expand_dollar(x, s, quoted);
    else if (*s == '`') s = expand_backquotes(x, s, quoted);
    else if (*s == '\\' && s + 1 < end) s = expand_backslash(x, s, quoted);
    else if (quoted) put_quoted(x, *s++);
    else if (*s == '\'') s = expand_single_quotes(x, s);
    else if (*s == '"') s = expand_double_quotes(x, s);
    else put(x, *s++);
  }
}

static const char *expand_tilde(struct expansion *x, const char *s) {
  if (*s != '~' || (s[1] && s[1] != '/')) return s;
  const char *home = variable("HOME");
  if (!home) return s;
  x->quoted_part = true; // it is neither split nor a pattern
  put_value(x, home, true);
  return s + 1;
}

static void expand(struct expansion *x, const char *word) {
  const char *s = expand_tilde(x, word);
  expand_text(x, s, s + strlen(s), false);
}

bool expand_words(const struct word *words, struct strings *fields) {
  for (; words; words = words->next) {
    struct expansion x = {.split = true, .fields = fields};
    expand(&x, words->text);
    if (x.failed) return false;
    end_field(&x);
  }
  return true;
}

char *expand_pattern(const char *word) {
  struct expansion x = {0};
  expand(&x, word);
  if (x.failed) return NULL;
  return x.out ? x.out : scratch(1);
}

char *expand_single(const char *word) {
  char *pattern = expand_pattern(word);
  return pattern ? glob_unescape(pattern) : NULL;
}

char *expand_document(const char *text) {
  struct expansion x = {0};
  expand_text(&x, text, text + strlen(text), true);
  if (x.failed) return NULL;
  return x.out ? glob_unescape(x.out) : scratch(1);
}
