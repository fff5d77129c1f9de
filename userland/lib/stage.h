/*
 * stage.h - what happens to a tracee in a stop, and to its tracer
 *
 *    main     the parent of the other two, and of whoever is orphaned: sees how the tracee ends
 *    tracer   leads the tracee to the stop (stops.h), then does what the way says, and notes what it sees of it
 *    tracee   two threads; the one that is not traced waits for an order
 *
 * What comes of it is one line: what the tracer saw | what the parent saw | the marks that the tracee left:
 *
 *    w   its call was made                     p   it has gone on            o   its other thread's new program ran
 *    s   the handler of the stop's SIGUSR2     y   of its SIGSYS             u   of the SIGUSR1 that a detach passes on
 */
#pragma once
#include "stops.h"

enum { EXITKILL = 1, UNSEEN = 2, THREAD = 4, HELPER = 8, LINGERS = 16, SIBLING = 32 };
struct way {
  const char *name;
  unsigned flags; // UNSEEN: the tracer has not waited for the stop; LINGERS: its process stays when it has struck
  void (*by_tracer)(void);
  void (*by_parent)(void);
};

static const struct stop *stop;
static const struct way *way;
static bool by_thread, is_parent; // for all that is played from here on

/*
 * Notes
 */

static void note(char *notes, const char *what) {
  size_t length = strlen(notes);
  snprintf(notes + length, sizeof(scene->tracer_saw) - length, "%s ", what);
}
static void note_number(char *notes, const char *what, int number) {
  char words[24];
  snprintf(words, sizeof(words), "%s-%d", what, number);
  note(notes, words);
}
static void note_error(long err) { note(scene->tracer_saw, errno_name((int)-err)); }

static void note_status(char *notes, int status) {
  if (WIFEXITED(status)) note_number(notes, "exits", WEXITSTATUS(status));
  else if (WIFSIGNALED(status)) note_number(notes, "killed", WTERMSIG(status));
  else if (status >> 16) note_number(notes, "event", status >> 16);
  else note_number(notes, "stops", WSTOPSIG(status));
}

/*
 * The tracee
 */

static void leaves_mark(int sig) { mark(sig == SIGUSR1 ? 'u' : sig == SIGUSR2 ? 's' : 'y'); }

static void other_thread(void) {
  while (!scene->order) sleep_ms(1);
  if (scene->order == ORDER_EXIT) exit(9);
  if (scene->order == ORDER_EXEC) become("other");
  syscall(__NR_exit, 5);
}

static void traced_thread(void) {
  scene->pid = (int)gettid();
  while (!scene->start) {} // no calls: they would be traced
  stop->body();
  mark('p');
  exit(7);
}

static void tracee_main(void) {
  sigset_t blocked = signal_set(SIGCHLD); // its children end whenever they do
  rt_sigprocmask(SIG_BLOCK, &blocked, NULL);
  setpgid(0, 0);
  scene->process = (int)getpid();
  set_signal(SIGUSR1, leaves_mark, 0);
  set_signal(SIGUSR2, leaves_mark, 0);
  set_signal(SIGSYS, leaves_mark, 0);
  start_thread(scene->by_thread ? traced_thread : other_thread, 0, NULL, 0);
  scene->by_thread ? other_thread() : traced_thread();
}

/*
 * The tracer
 */

/* Does it come to that stop? If not `seen`, nobody has waited for it then. */
static bool comes_to(int status, bool seen) {
  siginfo_t info = {0};
  waitid(P_PID, scene->pid, &info, WSTOPPED | WEXITED | WNOWAIT | __WALL);
  bool there = info.si_code == CLD_TRAPPED && (info.si_status << 8 | 0x7f) == status;
  if (!there) note_number(scene->tracer_saw, "not there, but", info.si_status);
  if (seen) wait_for(scene->pid);
  return there;
}

static bool attach(bool seen) {
  bool seized = stop->flags & SEIZED;
  long options = stop->options | PTRACE_O_TRACEEXIT | (way->flags & EXITKILL ? PTRACE_O_EXITKILL : 0);
  ptrace(seized ? PTRACE_SEIZE : PTRACE_ATTACH, scene->pid, 0, (void *)(seized ? options : 0));
  if (seized) ptrace(PTRACE_INTERRUPT, scene->pid, 0, NULL);
  bool there = comes_to(seized ? EVENT_STOPPED : AT_SIGSTOP, seen);
  if (!seized) set_options(scene->pid, options);
  return there;
}

static void go_on(const struct move *move) {
  long pid = scene->pid;
  if (move->request != FOLLOW_CHILD) {
    resume(move->request, pid, move->sig);
    return;
  }
  scene->pid = (int)message(pid);
  resume(PTRACE_CONT, pid, 0);
}

static bool lead(void) {
  const struct move *move = stop->moves;
  bool seen = !(way->flags & UNSEEN);
  if (!attach(seen || move->request)) return false;
  if (stop->prepare) stop->prepare(scene->pid);
  scene->start = 1;
  for (; move < stop->moves + countof(stop->moves) && move->request; move++) {
    bool last = move + 1 == stop->moves + countof(stop->moves) || !move[1].request;
    go_on(move);
    if (move->status && !comes_to(move->status, seen || !last)) return false;
  }
  if (stop->flags & PARENT) wait_for(scene->child = (int)message(scene->pid));
  return true;
}

/* Until it has ended. What it stops with is passed on. */
static void watch(void) {
  if (scene->child) resume(PTRACE_CONT, scene->child, 0);
  for (int status;;) {
    long pid = wait4(-1, &status, __WALL, NULL);
    if (pid < 0) return;
    if (pid == scene->pid) note_status(scene->tracer_saw, status);
    if (pid == scene->pid && !WIFSTOPPED(status)) return;
    resume(PTRACE_CONT, pid, status >> 16 || WSTOPSIG(status) & 0x80 ? 0 : WSTOPSIG(status));
  }
}

static pid_t actor(void (*run)(void)) {
  pid_t pid = (pid_t)fork();
  if (pid == 0) {
    run();
    exit(0);
  }
  return pid;
}

static void trace(void) {
  if (scene->is_parent) actor(tracee_main);
  while (!scene->pid) sleep_ms(1);
  scene->reached = lead();
  if (scene->reached && way->by_tracer) way->by_tracer();
  scene->struck = 1;
  if (scene->reached) watch();
  exit(0);
}

static void other_thread_execs(void) {
  while (!scene->exec) sleep_ms(1);
  become("idle");
}

static void wait_for_ever(void) {
  for (int status; scene->is_parent && wait4(-1, &status, __WALL, NULL) > 0;) note_status(scene->parent_saw, status);
  while (!scene->is_parent) sleep_ms(1000);
}

static void tracer_main(void) {
  int tid;
  if (way->flags & HELPER) start_thread(other_thread_execs, 0, NULL, 0);
  if (!(way->flags & THREAD)) trace();
  tid = (int)start_thread(trace, 0, NULL, 0);
  while (tgkill((pid_t)getpid(), tid, 0) != -ESRCH) sleep_ms(1); // it lets go of its tracees late in its exit
  scene->struck = 1;
  wait_for_ever();
}

/* The tracer after an exec: it still is one. */
static void tracer_again(void) {
  scene->struck = !scene->by_thread; // a thread can end while its leader waits for an order, a leader not
  long err = resume(PTRACE_CONT, scene->pid, 0);
  if (err < 0) note_error(err);
  else watch();
  scene->struck = 1;
}

/*
 * The parent
 */

static char state_of(int pid) {
  char path[32], stat[128] = "";
  snprintf(path, sizeof(path), "/proc/%d/stat", pid);
  int fd = (int)open(path, O_RDONLY, 0);
  read(fd, stat, sizeof(stat) - 1);
  close(fd);
  char *name_ends = strrchr(stat, ')');
  return name_ends ? name_ends[2] : '?';
}

enum { PATIENCE = 1500 }; // milliseconds
static void see_it_end(pid_t tracer) {
  bool acted = false, stopped = false, stuck = false;
  for (int ms = 0;; ms++) {
    int status;
    long pid = wait4(-1, &status, WNOHANG | __WALL, NULL);
    if (pid == -ECHILD) return;
    if (pid == tracer) scene->struck = 1;
    if (pid > 0 && pid == (stop->flags & NEWBORN ? scene->pid : scene->process)) {
      note_status(scene->parent_saw, status);
      kill(-scene->process, SIGKILL); // its children
      if (way->flags & LINGERS) kill(tracer, SIGKILL);
    }
    if (pid > 0) continue;
    if (!acted && scene->struck) {
      acted = true;
      if (way->by_parent) way->by_parent();
      if (!scene->order) scene->order = ORDER_LEAVE;
    }
    if (acted && !stopped && state_of(scene->pid) == 'T') {
      stopped = true;
      note(scene->parent_saw, "stopped");
      kill(scene->pid, SIGCONT);
    }
    bool lost = scene->struck && !scene->reached;
    if (ms > PATIENCE && !stuck) note(scene->parent_saw, "stays"), stuck = true;
    if (stuck || lost) kill(tracer, SIGKILL), kill(-scene->process, SIGKILL);
    sleep_ms(1);
  }
}

/* What comes of it, as a line. */
static const char *play(const struct stop *the_stop, const struct way *the_way) {
  static char line[400];
  char marks[16] = "";
  stop = the_stop, way = the_way;
  memset(scene, 0, sizeof(*scene));
  scene->by_thread = by_thread;
  scene->is_parent = is_parent;
  if (!is_parent) actor(tracee_main);
  see_it_end(actor(tracer_main));
  long n = read(MARKED_FD, marks, sizeof(marks) - 1);
  marks[n > 0 ? n : 0] = 0;
  snprintf(line, sizeof(line), "%s| %s| %s", scene->tracer_saw, scene->parent_saw, marks);
  return line;
}

/* An order cannot reach a thread that is not there, or that is stopped with the process. */
static bool can_be(const struct stop *kind, const struct way *how) {
  if (by_thread && kind->flags & EXEC) return false; // it would get the leader's number
  if (is_parent && kind->flags & NEWBORN) return false; // it would be somebody else's child
  return !(how->flags & SIBLING) || !(kind->flags & (ALONE | LISTENING));
}

static inline void play_everywhere(const struct way *ways, size_t n) {
  char sentence[500];
  for (const struct stop *kind = kinds; kind < kinds + countof(kinds); kind++)
    for (size_t i = 0; i < n; i++) {
      if (!can_be(kind, &ways[i])) continue;
      const char *line = play(kind, &ways[i]);
      snprintf(sentence, sizeof(sentence), "%s, %s: %s", kind->name, ways[i].name, line);
      check(scene->reached, sentence);
    }
}

/* The beginning of main(). False: this is one of the actors, after an exec; it has done its part. */
static bool set_the_stage(int argc, char **argv) {
  if (argc < 2) {
    int fds[2];
    dup3((int)syscall(__NR_memfd_create, "scene", 0), SCENE_FD, 0);
    ftruncate(SCENE_FD, 4096);
    pipe2(fds, 0);
    dup3(fds[1], MARKS_FD, 0);
    dup3(fds[0], MARKED_FD, 0);
    fcntl(MARKED_FD, F_SETFL, O_NONBLOCK);
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  }
  scene = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, SCENE_FD, 0);
  if (argc < 2) return true;
  if (strcmp(argv[1], "past") == 0) mark('p'), exit(7);
  if (strcmp(argv[1], "other") == 0) mark('o'), exit(11);
  if (strcmp(argv[1], "tracer") == 0) tracer_again(), exit(0);
  scene->struck = 1;
  wait_for_ever();
  return false;
}
