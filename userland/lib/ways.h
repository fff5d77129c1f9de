/*
 * ways.h - what can happen to a tracee in a stop
 */
#pragma once
#include "stage.h"

/*
 * It is killed, and its tracer lives to see it
 */

static void tracer_kills(void) { kill(scene->pid, SIGKILL); }
static void tracer_asks(void) { ptrace(PTRACE_KILL, scene->pid, 0, NULL); }
static void third_kills(void) { kill(scene->pid, SIGKILL); }
static void order(int what) {
  kill(scene->pid, SIGCONT); // whoever is to obey may be stopped
  scene->order = what;
}
static void other_thread_exits(void) { order(ORDER_EXIT); }
static void other_thread_becomes(void) { order(ORDER_EXEC); }

static const struct way killed[] = {
  {"killed by its tracer", 0, tracer_kills, NULL},
  {"killed by PTRACE_KILL", 0, tracer_asks, NULL},
  {"killed by a third process", 0, NULL, third_kills},
  {"another thread calls exit_group", SIBLING, NULL, other_thread_exits},
  {"another thread executes a program", SIBLING, NULL, other_thread_becomes},
};

/*
 * Its tracer is gone, wholly or in part
 */

static void kills_itself(void) { kill((pid_t)getpid(), SIGKILL); }
static void exits(void) { exit(0); }
static void its_thread_exits(void) { syscall(__NR_exit, 0); }
static void executes(void) { become("tracer"); }
static void other_executes(void) {
  scene->exec = 1;
  wait_for_ever();
}

static const struct way orphaned[] = {
  {"tracer killed", 0, kills_itself, NULL},
  {"tracer exits", 0, exits, NULL},
  {"tracer exits, unseen", UNSEEN, exits, NULL},
  {"tracer killed, EXITKILL", EXITKILL, kills_itself, NULL},
  {"tracer exits, EXITKILL", EXITKILL, exits, NULL},
  {"tracer's thread exits", THREAD | LINGERS, its_thread_exits, NULL},
  {"tracer's thread exits, EXITKILL", THREAD | LINGERS | EXITKILL, its_thread_exits, NULL},
  {"tracer becomes another program", 0, executes, NULL},
  {"tracer's thread becomes the program", THREAD, executes, NULL},
  {"another thread of the tracer's does", HELPER | LINGERS, other_executes, NULL},
};

/*
 * Its tracer lets it go
 */

static void detach(long sig) {
  long err = resume(PTRACE_DETACH, scene->pid, sig);
  if (err < 0) note_error(err);
  exit(0);
}
static void with_none(void) { detach(0); }
static void with_handled(void) { detach(SIGUSR1); }
static void with_stop(void) { detach(SIGSTOP); }
static void with_kill(void) { detach(SIGKILL); }
static void with_no_signal(void) { detach(65); }

static const struct way detached[] = {
  {"detached", 0, with_none, NULL},
  {"detached with SIGUSR1", 0, with_handled, NULL},
  {"detached with SIGSTOP", 0, with_stop, NULL},
  {"detached with SIGKILL", 0, with_kill, NULL},
  {"detached with signal 65", 0, with_no_signal, NULL},
};
