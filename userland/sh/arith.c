/*
 * arith.c - $((...)): C's operators on 64-bit numbers and variables
 *
 * Precedence climbing: each binary operator has a row with its rank, and a right side takes
 * only operators of a higher rank.
 */
#include "sh.h"

struct sum {
  const char *at;
  const char *error;
};

static const struct operator {
  const char *text;
  int rank;
} operators[] = {
  {"||", 1}, {"&&", 2}, {"<<", 8}, {">>", 8}, {"<=", 7}, {">=", 7}, {"==", 6}, {"!=", 6}, {"|", 3}, {"^", 4},
  {"&", 5},  {"<", 7},  {">", 7},  {"+", 9},  {"-", 9},  {"*", 10}, {"/", 10}, {"%", 10},
};

static long parse_expression(struct sum *sum, int least_rank);

static void skip_spaces(struct sum *sum) {
  while (*sum->at == ' ' || *sum->at == '\t' || *sum->at == '\n') sum->at++;
}

static bool take(struct sum *sum, const char *text) {
  skip_spaces(sum);
  if (!starts_with(sum->at, text)) return false;
  sum->at += strlen(text);
  return true;
}

/* NULL too after an error, which ends everything. */
static const struct operator *next_operator(struct sum *sum) {
  if (sum->error) return NULL;
  skip_spaces(sum);
  for (size_t i = 0; i < countof(operators); i++)
    if (starts_with(sum->at, operators[i].text)) return &operators[i];
  return NULL;
}

static long apply(struct sum *sum, const char *operator, long a, long b) {
  unsigned long x = (unsigned long)a, y = (unsigned long)b; // which may overflow
  switch (*operator) {
    case '+': return (long)(x + y);
    case '-': return (long)(x - y);
    case '*': return (long)(x * y);
    case '/':
    case '%':
      if (b == 0) return sum->error = "division by zero", 0;
      if (b == -1) return *operator == '/' ? (long)-x : 0;
      return *operator == '/' ? a / b : a % b;
    case '<': return operator[1] == '<' ? (long)(x << (y & 63)) : operator[1] == '=' ? a <= b : a < b;
    case '>': return operator[1] == '>' ? a >> (y & 63) : operator[1] == '=' ? a >= b : a > b;
    case '=': return a == b;
    case '!': return a != b;
    case '|': return operator[1] ? a || b : a | b;
    case '&': return operator[1] ? a && b : a & b;
    default: return a ^ b;
  }
}

static long value_of(const char *name) {
  long value = 0;
  const char *text = variable(name);
  if (text) parse_long(text, &value);
  return value;
}

/* A variable, or an assignment to it: = or one of the operators before it. */
static long parse_name(struct sum *sum) {
  char *name = scratch_string(sum->at, name_length(sum->at));
  sum->at += strlen(name);
  const struct operator *operator = next_operator(sum);
  size_t n = operator ? strlen(operator->text) : 0;
  bool comparison = operator && (operator->rank == 6 || operator->rank == 7);
  if (comparison || sum->at[n] != '=' || sum->at[n + 1] == '=') return value_of(name);

  sum->at += n + 1;
  long right = parse_expression(sum, 0);
  long value = operator ? apply(sum, operator->text, value_of(name), right) : right;
  char text[24];
  snprintf(text, sizeof(text), "%ld", value);
  set_variable(name, text);
  return value;
}

static long parse_number(struct sum *sum) {
  size_t n = 0;
  while (name_length(sum->at + n) || (sum->at[n] >= '0' && sum->at[n] <= '9')) n++;
  long value = 0;
  if (n == 0 || !parse_long(scratch_string(sum->at, n), &value)) sum->error = "not a number";
  sum->at += n;
  return value;
}

static long parse_unary(struct sum *sum) {
  if (take(sum, "-")) return -parse_unary(sum);
  if (take(sum, "+")) return parse_unary(sum);
  if (take(sum, "~")) return ~parse_unary(sum);
  if (!starts_with(sum->at, "!=") && take(sum, "!")) return !parse_unary(sum);
  if (take(sum, "(")) {
    long value = parse_expression(sum, 0);
    if (!take(sum, ")")) sum->error = "missing )";
    return value;
  }
  return name_length(sum->at) ? parse_name(sum) : parse_number(sum);
}

static long parse_expression(struct sum *sum, int least_rank) {
  long left = parse_unary(sum);
  for (const struct operator *operator; (operator = next_operator(sum)) && operator->rank > least_rank;) {
    sum->at += strlen(operator->text);
    left = apply(sum, operator->text, left, parse_expression(sum, operator->rank));
  }
  if (least_rank > 0 || sum->error || !take(sum, "?")) return left;

  long yes = parse_expression(sum, 0);
  if (!take(sum, ":")) sum->error = "missing :";
  long no = parse_expression(sum, 0);
  return left ? yes : no;
}

bool arithmetic(const char *text, long *value) {
  struct sum sum = {.at = text};
  skip_spaces(&sum);
  *value = *sum.at ? parse_expression(&sum, 0) : 0;
  skip_spaces(&sum);
  if (!sum.error && *sum.at) sum.error = "unexpected text";
  if (sum.error) error(text, sum.error);
  return !sum.error;
}
