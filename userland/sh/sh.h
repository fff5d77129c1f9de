/*
 * sh.h - the parts of the shell, in the order in which a command line meets them
 *
 * main.c      reads lines, and asks for more while a command is incomplete
 * edit.c      the line editor, complete.c its tab key
 * parse.c     text -> tree, word by word: quotes and dollars still stand in the words
 * expand.c    words -> fields: variables, $(commands), quotes; glob.c file names, arith.c $((sums))
 * exec.c      walks the tree; redirect.c opens files, builtins.c and test.c do what needs no process
 * jobs.c      everything about processes: groups, the terminal, waiting
 * variables.c the variables; memory.c where all of it lives
 */
#pragma once
#include "lib.h"

/* The shell itself. One per process: a subshell inherits a copy. */
struct shell {
  const char *name; //     $0
  char **params; //        $1...
  int param_count;
  int status; //           $?
  pid_t pid; //            $$, of the first shell even in a subshell
  pid_t last_background; // $!
  bool interactive; //     prompts, and no error ends it
  bool job_control; //     jobs have process groups and the terminal changes hands
  bool exit_on_error, trace; // set -e, set -x
  int errexit_off; //      > 0 inside conditions, where failing is no error
  int loops; //            how many are running, so that `break 9` breaks no more than those
  int functions; //        how many are running, for `return`
  struct variable *locals; // what the running function has hidden
  int breaking, continuing; // loops still to leave
  bool returning, exiting;
  volatile bool interrupted; // ^C: everything unwinds to the prompt
};
extern struct shell sh;

/* memory.c */
void *keep(size_t size); //                 until let_go()
char *keep_string(const char *s);
void let_go(void *p);
void *scratch(size_t size); //              until scratch_release() with an earlier mark
char *scratch_string(const char *s, size_t n);
struct mark {
  void *chunk;
  size_t used;
};
struct mark scratch_mark(void);
void scratch_release(struct mark mark);

/* A list of strings in scratch memory; items[count] is NULL. */
struct strings {
  char **items;
  size_t count, size;
};
void strings_add(struct strings *strings, char *s);

/* parse.c */
struct word {
  char *text;
  struct word *next;
};

struct redirect {
  int fd;
  char op[4]; // "<" ">" ">>" ">|" "<>" "<&" ">&" "&>" "<<"
  char *target; // of "<<": the document
  bool literal; // of "<<": its delimiter was quoted, so nothing in it is expanded
  struct redirect *next;
};

struct clause { // of case
  struct word *patterns;
  struct node *body;
  struct clause *next;
};

enum kind { SIMPLE, PIPE, AND, OR, NOT, SEQUENCE, BACKGROUND, SUBSHELL, GROUP, IF, WHILE, UNTIL, FOR, CASE, FUNCTION };

struct node {
  enum kind kind;
  struct node *left, *right, *otherwise; // IF: condition, then, else; WHILE: condition, body; FOR: -, body
  struct word *words; //                    SIMPLE: assignments and arguments; FOR: the items; CASE: the subject
  bool all_params; //                       FOR without `in`
  struct clause *clauses;
  struct redirect *redirects;
  char *name; //                            FOR, FUNCTION
  const char *source; //                    its text, for `jobs` and for functions
  size_t length;
};

struct parser {
  const char *text, *at;
  bool incomplete; // the text ended too early: with one more line it may be right
  bool failed;
  char error[80];
  struct redirect *documents[16]; // here-documents that start after this line
  int document_count;
  int depth; // of commands in commands
};
struct node *parse_line(struct parser *parser); // NULL for an empty line, at the end, or after an error
const char *skip_quoted(const char *s); //         past one character of a word, or past all it quotes; NULL: no end
bool at_end(const struct parser *parser);
size_t name_length(const char *s); //              of the variable name at its start

/* expand.c: NULL after an error, which was told */
bool expand_words(const struct word *words, struct strings *fields);
char *expand_single(const char *word); //  to one string: no fields, no file names
char *expand_pattern(const char *word); // the same, but quoted characters stay escaped, for glob_match()
char *expand_document(const char *text);

/* glob.c */
bool glob_match(const char *pattern, const char *s);
bool glob_is_pattern(const char *s);
void glob_files(const char *pattern, struct strings *out);
char *glob_unescape(char *s);

/* arith.c */
bool arithmetic(const char *text, long *value);

/* variables.c */
void variables_start(void);
const char *variable(const char *name);
void set_variable(const char *name, const char *value);
void set_assignment(const char *assignment); // "name=value", not yet expanded
bool is_assignment(const char *word);
void export_variable(const char *name);
void unset_variable(const char *name);
void show_variables(bool exported_only);
char **make_environment(void);
void save_variable(struct variable **list, const char *name);
void restore_variables(struct variable **list);
const char *find_function(const char *name);
void set_function(const char *name, const char *body); // NULL: no longer

/* exec.c */
int run(struct node *node);
int run_text(const char *text); //            each of its commands
int run_function(const char *body, char **argv);
_Noreturn void run_and_exit(struct node *node); // for a process that has nothing else to do
_Noreturn void exec_program(char **argv);
_Noreturn void leave(int status);
const char *find_program(const char *name, char *out, size_t size);
bool unwinding(void); // break, return, exit or ^C is under way
int error(const char *what, const char *why); // both tell, and return 1
int error_in(const char *builtin, const char *what, const char *why);

/* redirect.c */
struct saved_fds {
  int from[10], to[10], count;
};
bool redirect(const struct redirect *list, struct saved_fds *saved); // saved may be NULL
void undo_redirects(struct saved_fds *saved);

/* jobs.c */
struct job;
void jobs_start(void);
void forget_jobs(void); // in a child
int run_pipeline(struct node *node, bool background);
int run_in_child(struct node *node, char **argv); // argv, if the node's words are expanded already
pid_t fork_shell(void); //                           tells if it fails
int status_of(int wait_status);
int wait_child(pid_t pid); // outside of any job: command substitution
void show_changed_jobs(void);
int builtin_jobs(char **argv), builtin_fg(char **argv), builtin_bg(char **argv), builtin_wait(char **argv);
int builtin_kill(char **argv);

/* builtins.c, trap.c, test.c, ulimit.c */
typedef int builtin_fn(char **argv);
builtin_fn *find_builtin(const char *name);
const char *builtin_name(size_t index); // NULL after the last
bool is_special_builtin(const char *name); // assignments before it stay, and its redirections may too
int builtin_test(char **argv), builtin_trap(char **argv), builtin_ulimit(char **argv);
void run_traps(void);
void run_exit_trap(void);
void reset_signals(void); // in a child
bool is_trapped(int sig);

/* main.c */
int source_file(const char *path);
long read_input_line(int fd, struct text *line); // byte by byte: what follows belongs to the command

/* edit.c, complete.c */
enum edit_result { EDIT_LINE, EDIT_END, EDIT_INTERRUPTED };
enum edit_result edit_line(const char *prompt, struct text *line);
void show_history(void);
struct completion {
  char common[NAME_MAX + 2]; // what can be added without a doubt
  struct strings names; //      the candidates
};
void complete(const char *line, size_t cursor, struct completion *completion);
