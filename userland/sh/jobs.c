/*
 * jobs.c - processes, process groups, and whose turn it is at the terminal
 *
 * Every pipeline is a job. With job control each job is a process group: ^C and ^Z go to the group that the
 * terminal calls its foreground, and the shell makes itself that group whenever it wants to read.
 */
#include "sh.h"

enum state { RUNNING, STOPPED, DONE };

struct process {
  struct process *next;
  pid_t pid;
  enum state state;
  int status; // as wait4 reported it
};

struct job {
  struct job *next;
  int id;
  pid_t pgid;
  struct process *processes; // the last one of the pipeline first: its status is the job's
  char *text;
  bool background;
  bool told_stop; // the user has been told that it is stopped
  bool has_termios;
  struct termios termios; // as it left the terminal when it was stopped
};

static struct job *jobs; // the newest first
static int terminal = -1;
static struct termios shell_termios;

/* Starting up */

void jobs_start(void) {
  terminal = (int)fcntl(STDIN, F_DUPFD_CLOEXEC, 10);
  if (ioctl(terminal, TCGETS, &shell_termios) < 0) {
    sh.job_control = false;
    return;
  }
  // Somebody else's turn: wait until the shell is in the foreground.
  pid_t foreground = 0, own = (pid_t)getpgid(0);
  while (ioctl(terminal, TIOCGPGRP, &foreground) == 0 && foreground != own) kill(0, SIGTTIN);

  static const int ignored[] = {SIGTSTP, SIGTTIN, SIGTTOU, SIGQUIT, SIGTERM};
  for (size_t i = 0; i < countof(ignored); i++) set_signal(ignored[i], SIG_IGN, 0);
  setpgid(0, 0);
  own = (pid_t)getpid();
  sh.job_control = ioctl(terminal, TIOCSPGRP, &own) == 0;
}

static void give_terminal(pid_t pgid) {
  if (sh.job_control) ioctl(terminal, TIOCSPGRP, &pgid);
}

static void take_terminal_back(struct job *job, enum state state) {
  if (!sh.job_control) return;
  give_terminal((pid_t)getpgid(0));
  if (state == STOPPED) job->has_termios = ioctl(terminal, TCGETS, &job->termios) == 0;
  else if (job->processes->status == 0) ioctl(terminal, TCGETS, &shell_termios); // `stty` is meant to last
  ioctl(terminal, TCSETSW, &shell_termios);
}

/* The list */

static struct job *add_job(const char *text, size_t length, bool background) {
  struct job *job = keep(sizeof(*job));
  for (struct job *other = jobs; other; other = other->next)
    if (other->id > job->id) job->id = other->id;
  job->id++;
  job->background = background;
  job->text = keep(length + 1);
  memcpy(job->text, text, length);
  while (length > 0 && strchr(" \t\n;", job->text[length - 1])) job->text[--length] = 0;
  job->next = jobs;
  return jobs = job;
}

static void remove_job(struct job *job) {
  struct job **at = &jobs;
  while (*at && *at != job) at = &(*at)->next;
  if (*at) *at = job->next;
  for (struct process *process = job->processes, *next; process; process = next) {
    next = process->next;
    let_go(process);
  }
  let_go(job->text);
  let_go(job);
}

void forget_jobs(void) {
  while (jobs) remove_job(jobs);
}

static enum state job_state(const struct job *job) {
  enum state state = DONE;
  for (const struct process *process = job->processes; process; process = process->next) {
    if (process->state == RUNNING) return RUNNING;
    if (process->state == STOPPED) state = STOPPED;
  }
  return state;
}

int status_of(int status) {
  if (WIFSTOPPED(status)) return 128 + WSTOPSIG(status);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Forking */

pid_t fork_shell(void) {
  pid_t pid = (pid_t)fork();
  if (pid < 0) error("fork", strerror(-pid));
  if (pid != 0) return pid;
  sh.interactive = sh.job_control = false;
  forget_jobs();
  reset_signals();
  return 0;
}

/* In the child and in the parent, since nobody knows which of them runs first. */
static void enter_group(struct job *job, pid_t pid) {
  if (job->pgid == 0) job->pgid = pid;
  setpgid(pid, job->pgid);
  if (!job->background) give_terminal(job->pgid);
}

static void detach(void) {
  int fd = (int)open("/dev/null", O_RDONLY, 0);
  if (fd > 0) dup3(fd, STDIN, 0), close(fd);
  set_signal(SIGINT, SIG_IGN, 0);
  set_signal(SIGQUIT, SIG_IGN, 0);
}

static bool add_process(struct job *job, pid_t pid) {
  if (pid < 0) return false;
  struct process *process = keep(sizeof(*process));
  process->pid = pid;
  process->next = job->processes;
  job->processes = process;
  return true;
}

/* Like fork_shell(), but for a process of a job. */
static pid_t fork_job(struct job *job) {
  bool control = sh.job_control;
  pid_t group = job->pgid;
  bool background = job->background;
  pid_t pid = (pid_t)fork();
  if (pid < 0) error("fork", strerror(-pid));
  if (pid > 0 && control) enter_group(job, pid);
  if (pid != 0) return pid;

  struct job self = {.pgid = group, .background = background};
  if (control) enter_group(&self, (pid_t)getpid());
  sh.interactive = sh.job_control = false;
  forget_jobs();
  reset_signals();
  if (background && !control) detach();
  return 0;
}

/* Waiting */

static struct process *find_process(pid_t pid) {
  for (struct job *job = jobs; job; job = job->next)
    for (struct process *process = job->processes; process; process = process->next)
      if (process->pid == pid) return process;
  return NULL;
}

static void note(pid_t pid, int status) {
  struct process *process = find_process(pid);
  if (!process) return; // an orphan that came with the shell's process
  process->status = status;
  process->state = WIFSTOPPED(status) ? STOPPED : WIFCONTINUED(status) ? RUNNING : DONE;
}

/* One change of one child. 0: nothing happened yet, below zero: an errno. */
static pid_t wait_change(int options) {
  int status;
  pid_t pid = (pid_t)wait4(-1, &status, options | WUNTRACED | WCONTINUED, NULL);
  if (pid > 0) note(pid, status);
  return pid;
}

int wait_child(pid_t pid) {
  int status = 0;
  while (wait4(pid, &status, 0, NULL) == -EINTR) {}
  return status_of(status);
}

static void tell_death(const struct job *job) {
  int status = job->processes->status, sig = WTERMSIG(status);
  if (!WIFSIGNALED(status) || sig == SIGPIPE || sig == SIGINT) return;
  fdprintf(STDERR, "%s%s\n", signal_text(sig), WCOREDUMP(status) ? " (core dumped)" : "");
}

static void show_job(const struct job *job) {
  static const char *const states[] = {"Running", "Stopped", "Done"};
  char ended[40];
  const char *state = states[job_state(job)];
  int status = job->processes->status;
  if (job_state(job) == DONE && WIFSIGNALED(status)) state = signal_text(WTERMSIG(status));
  else if (job_state(job) == DONE && status != 0) {
    snprintf(ended, sizeof(ended), "Exit %d", WEXITSTATUS(status));
    state = ended;
  }
  printf("[%d]%c  %-22s  %s\n", job->id, job == jobs ? '+' : job == jobs->next ? '-' : ' ', state, job->text);
}

static void make_newest(struct job *job) {
  struct job **at = &jobs;
  while (*at != job) at = &(*at)->next;
  *at = job->next;
  job->next = jobs;
  jobs = job;
}

static int wait_foreground(struct job *job) {
  enum state state;
  while ((state = job_state(job)) == RUNNING)
    if (wait_change(0) == -ECHILD) break;
  int status = job->processes->status;
  take_terminal_back(job, state);
  if (state == STOPPED) {
    job->background = job->told_stop = true;
    make_newest(job);
    printf("\n");
    show_job(job);
    return status_of(status);
  }
  tell_death(job);
  if (WIFSIGNALED(status) && WTERMSIG(status) == SIGINT && sh.job_control) sh.interrupted = true; // loops end too
  remove_job(job);
  return status_of(status);
}

void show_changed_jobs(void) {
  while (wait_change(WNOHANG) > 0) {}
  for (struct job *job = jobs, *next; job; job = next) {
    next = job->next;
    enum state state = job_state(job);
    bool news = state == DONE || (state == STOPPED && !job->told_stop);
    if (news && sh.interactive) show_job(job);
    job->told_stop = state == STOPPED;
    if (state == DONE) remove_job(job);
  }
}

/* Pipelines */

static int start_background(struct job *job) {
  sh.last_background = job->processes->pid;
  if (sh.interactive) printf("[%d] %d\n", job->id, sh.last_background);
  return 0;
}

static size_t count_commands(const struct node *node) {
  return node->kind == PIPE ? count_commands(node->left) + 1 : 1;
}

static _Noreturn void run_part(struct node *node, int in, int out, int unused) {
  if (in != STDIN) dup3(in, STDIN, 0), close(in);
  if (out != STDOUT) dup3(out, STDOUT, 0), close(out);
  if (unused >= 0) close(unused);
  if (node->kind == SUBSHELL) leave(redirect(node->redirects, NULL) ? run(node->left) : 1);
  run_and_exit(node);
}

/* Starts the commands from left to right, each reading what the one before writes. */
static bool start_commands(struct job *job, struct node **commands, size_t n) {
  int in = STDIN;
  bool started = true;
  for (size_t i = 0; i < n && started; i++) {
    int fds[2] = {-1, STDOUT};
    long err = i + 1 < n ? pipe2(fds, O_CLOEXEC) : 0;
    if (err < 0) error("pipe", strerror((int)-err));
    pid_t pid = err < 0 ? (pid_t)err : fork_job(job);
    if (pid == 0) run_part(commands[i], in, fds[1], fds[0]);
    started = add_process(job, pid);
    if (in != STDIN) close(in);
    if (fds[1] != STDOUT) close(fds[1]);
    in = fds[0];
  }
  if (in > STDIN) close(in);
  return started;
}

int run_pipeline(struct node *node, bool background) {
  size_t n = count_commands(node);
  struct node **commands = scratch(n * sizeof(*commands)), *last = node;
  for (size_t i = n; i-- > 0; last = last->left) commands[i] = last->kind == PIPE ? last->right : last;

  struct job *job = add_job(node->source ? node->source : "", node->length, background);
  if (!start_commands(job, commands, n) && !job->processes) {
    remove_job(job);
    return 254;
  }
  return background ? start_background(job) : wait_foreground(job);
}

int run_in_child(struct node *node, char **argv) {
  struct job *job = add_job(node->source ? node->source : "", node->length, false);
  pid_t pid = fork_job(job);
  if (pid == 0) {
    if (!argv) run_part(node, STDIN, STDOUT, -1);
    if (!redirect(node->redirects, NULL)) exit(1);
    for (struct word *word = node->words; word && is_assignment(word->text); word = word->next) {
      set_assignment(word->text);
      export_variable(scratch_string(word->text, name_length(word->text)));
    }
    exec_program(argv);
  }
  if (add_process(job, pid)) return wait_foreground(job);
  remove_job(job);
  return 254;
}

/* jobs, fg, bg, wait, kill */

static struct job *find_job(const char *name) {
  long number = 0;
  if (!name || strcmp(name, "%%") == 0 || strcmp(name, "%+") == 0) return jobs;
  if (strcmp(name, "%-") == 0) return jobs ? jobs->next : NULL;
  bool is_id = *name == '%' && parse_long(name + 1, &number);
  if (*name != '%') parse_long(name, &number);
  for (struct job *job = jobs; job; job = job->next) {
    if (is_id ? job->id == number : *name != '%' && (job->pgid == number || job->processes->pid == number)) return job;
    if (!is_id && *name == '%' && starts_with(job->text, name + 1)) return job;
  }
  return NULL;
}

static void show_all(struct job *job, bool pids_only) {
  if (!job) return;
  show_all(job->next, pids_only); // the oldest first
  if (pids_only) printf("%d\n", job->processes->pid);
  else show_job(job);
}

int builtin_jobs(char **argv) {
  while (wait_change(WNOHANG) > 0) {}
  show_all(jobs, argv[1] && strcmp(argv[1], "-p") == 0);
  bool interactive = sh.interactive;
  sh.interactive = false; // all of them have just been shown
  show_changed_jobs();
  sh.interactive = interactive;
  return 0;
}

static void mark_running(struct job *job) {
  for (struct process *process = job->processes; process; process = process->next)
    if (process->state == STOPPED) process->state = RUNNING;
}

static struct job *job_to_resume(char **argv) {
  struct job *job = find_job(argv[1]);
  if (!sh.job_control) return error(argv[0], "no job control"), NULL;
  if (!job && argv[1]) error_in(argv[0], argv[1], "no such job");
  else if (!job) error(argv[0], "no current job");
  return job;
}

int builtin_fg(char **argv) {
  struct job *job = job_to_resume(argv);
  if (!job) return 1;
  printf("%s\n", job->text);
  job->background = false;
  give_terminal(job->pgid);
  if (job->has_termios) ioctl(terminal, TCSETSW, &job->termios);
  mark_running(job);
  kill(-job->pgid, SIGCONT);
  return wait_foreground(job);
}

int builtin_bg(char **argv) {
  struct job *job = job_to_resume(argv);
  if (!job) return 1;
  job->background = true;
  mark_running(job);
  kill(-job->pgid, SIGCONT);
  printf("[%d]+ %s &\n", job->id, job->text);
  return 0;
}

/* Until the job has ended, or a signal with a trap comes. */
static int wait_job(struct job *job) {
  while (job_state(job) == RUNNING) {
    long pid = wait_change(0);
    if (pid == -ECHILD) break;
    if (pid == -EINTR) return 128 + SIGINT;
  }
  int status = status_of(job->processes->status);
  if (job_state(job) == DONE) remove_job(job);
  return status;
}

static struct job *first_running(void) {
  struct job *job = jobs;
  while (job && job_state(job) != RUNNING) job = job->next;
  return job;
}

static int wait_all(void) {
  struct job *job;
  while ((job = first_running())) {
    int status = wait_job(job);
    if (status == 128 + SIGINT) return status;
  }
  show_changed_jobs();
  return 0;
}

int builtin_wait(char **argv) {
  int status = 0;
  if (!argv[1]) return wait_all();
  for (int i = 1; argv[i]; i++) {
    struct job *job = find_job(argv[i]);
    status = job ? wait_job(job) : 127;
  }
  return status;
}

static int kill_one(const char *target, int sig) {
  long pid;
  if (*target == '%') {
    struct job *job = find_job(target);
    if (!job) return error_in("kill", target, "no such job");
    long err = sh.job_control ? kill(-job->pgid, sig) : kill(job->processes->pid, sig);
    if (err == 0 && sh.job_control && job_state(job) == STOPPED && sig != SIGSTOP) kill(-job->pgid, SIGCONT);
    return err < 0 ? error_in("kill", target, strerror((int)-err)) : 0;
  }
  long err = parse_long(target, &pid) ? kill((pid_t)pid, sig) : -EINVAL;
  return err < 0 ? error_in("kill", target, strerror((int)-err)) : 0;
}

int builtin_kill(char **argv) {
  int sig = SIGTERM, i = 1, status = 0;
  if (argv[1] && strcmp(argv[1], "-l") == 0) {
    for (int n = 1; n < SIGRTMIN; n++)
      if (signal_name(n)) printf("%2d %s\n", n, signal_name(n));
    return 0;
  }
  if (argv[1] && argv[1][0] == '-' && argv[1][1] != '-') {
    const char *name = strcmp(argv[1], "-s") == 0 && argv[2] ? argv[++i] : argv[1] + 1;
    sig = signal_number(name);
    if (sig < 0) return error_in("kill", name, "invalid signal");
    i++;
  }
  if (argv[i] && strcmp(argv[i], "--") == 0) i++;
  if (!argv[i]) return error("kill", "usage: kill [-signal] pid|%job...");
  for (; argv[i]; i++) status |= kill_one(argv[i], sig);
  return status;
}
