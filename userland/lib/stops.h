/*
 * stops.h - every kind of stop that a tracer can hold a tracee in, and how to lead one there
 *
 * What the tracee does is its `body`; afterwards it leaves the mark "p" and exits with 7. A stop is reached by moves: a
 * request, the signal to go on with, and what wait4 says of the stop that comes. What happens there is stagecraft.h's.
 */
#pragma once
#include "sud.h"
#include "thread.h"
#include "trace.h"

enum { SCENE_FD = 20, MARKS_FD = 21, MARKED_FD = 22 }; // kept over exec: the stage, and a pipe for the marks
enum { ORDER_EXIT = 1, ORDER_EXEC, ORDER_LEAVE };      // for the tracee's second thread
enum { EVENT_STOPPED = AT_EVENT(PTRACE_EVENT_STOP), AT_SIGSYS = SIGSYS << 8 | 0x7f, AT_SIGUSR2 = SIGUSR2 << 8 | 0x7f };

struct scene {
  volatile int process;                      // the tracee's
  volatile int pid;                          // who is led to the stop
  volatile int child;                        // which it has made there; it is in its first stop
  volatile int start, reached, struck, exec; // what has happened
  volatile int order;
  bool by_thread; // the tracee is a thread, and it is the leader that waits for an order
  bool is_parent; // the tracer is the tracee's parent
  char tracer_saw[160], parent_saw[160];
};
static struct scene *scene;

static void mark(char c) { write(MARKS_FD, &c, 1); }
static void become(char *word) {
  char *argv[] = {"stops", word, NULL}, *envp[] = {NULL};
  execve("/proc/self/exe", argv, envp);
}

/*
 * What tracees do
 */

static void nothing_special(void) {}
static void makes_call(void) {
  struct iovec word = {"w", 1};
  writev(MARKS_FD, &word, 1);
}
static void forks(void) {
  if (fork() == 0) exit(0);
}
static void forks_and_ends(void) { // the stop is the child's
  if (fork() > 0) exit(8);
}
static void vforks(void) {
  if (syscall(__NR_clone, CLONE_VFORK | SIGCHLD) == 0) exit(0);
}
static void runs_out(void) {}
static void makes_thread(void) { start_thread(runs_out, 0, NULL, 0); }
static void becomes_another(void) { become("past"); }
static void thread_ends(void) { syscall(__NR_exit, 7); }
static void process_ends(void) { exit(7); }
static void asks_filter(void) {
  filter_call(__NR_writev, SECCOMP_RET_TRACE, 0);
  makes_call();
}
static void is_trapped(void) {
  filter_call(__NR_writev, SECCOMP_RET_TRAP, 0);
  makes_call();
}
static void is_dispatched(void) {
  struct iovec word = {"w", 1};
  selector = BLOCK;
  dispatch(INCLUSIVE, (long)stub_start, stub_end - stub_start, &selector);
  stub_call(__NR_writev, MARKS_FD, (long)&word);
}
static void gets_signal(void) { raise(SIGUSR2); }
static void stops(void) { raise(SIGSTOP); }
static void breaks(void) { __asm__ volatile("brk #1"); }

static volatile long watched;
__attribute__((noinline)) static void landmark(void) { __asm__ volatile("nop"); }
static void touches(void) {
  landmark();
  watched = 1;
}

/*
 * What tracers prepare
 */

static void arm_debug(long pid, unsigned long type, const volatile void *at, unsigned ctrl) {
  struct {
    unsigned info, pad;
    unsigned long addr;
    unsigned ctrl, pad2;
  } debug = {.addr = (unsigned long)at, .ctrl = ctrl};
  put_set(pid, type, &debug, sizeof(debug));
}
static void arm_breakpoint(long pid) { arm_debug(pid, 0x402, (void *)landmark, 0x1e5); }
static void arm_watchpoint(long pid) { arm_debug(pid, 0x403, &watched, 0x1ff5); }

/*
 * The kinds
 */

struct move {
  short request, sig;
  int status; // 0: it does not come to another stop
};
enum { FOLLOW_CHILD = -1 }; // instead of a request: let it go, and turn to the child it has made

enum { SEIZED = 1, ALONE = 2, LISTENING = 4, PARENT = 8, NEWBORN = 16, EXEC = 32 };
/* ALONE: the other thread is gone when it stops. PARENT: there is a child, which is traced. */
struct stop {
  const char *name;
  void (*body)(void);
  long options;
  unsigned flags;
  struct move moves[3]; // from the stop in which the tracer first has it
  void (*prepare)(long pid);
};

#define TO_CALL {PTRACE_SYSCALL, 0, AT_SYSCALL}
#define TO_EVENT(event) {PTRACE_CONT, 0, AT_EVENT(event)}
#define FILTERED {"seccomp's SIGSYS", is_trapped, 0, 0, {{PTRACE_CONT, 0, AT_SIGSYS}}}
static const struct stop kinds[] = {
  {"call's entry", makes_call, SYSGOOD, 0, {TO_CALL}},
  {"call's exit", makes_call, SYSGOOD, 0, {TO_CALL, TO_CALL}},
  {"call's entry without SYSGOOD", makes_call, 0, 0, {{PTRACE_SYSCALL, 0, AT_TRAP}}},
  {"call's entry, seized", makes_call, SYSGOOD, SEIZED, {TO_CALL}},
  {"emulated call", makes_call, SYSGOOD, 0, {{PTRACE_SYSEMU, 0, AT_SYSCALL}}},
  {"fork event", forks, PTRACE_O_TRACEFORK, PARENT, {TO_EVENT(PTRACE_EVENT_FORK)}},
  {"vfork event", vforks, PTRACE_O_TRACEVFORK, PARENT, {TO_EVENT(PTRACE_EVENT_VFORK)}},
  {"vfork-done event", vforks, PTRACE_O_TRACEVFORKDONE, 0, {TO_EVENT(PTRACE_EVENT_VFORK_DONE)}},
  {"clone event", makes_thread, PTRACE_O_TRACECLONE, PARENT, {TO_EVENT(PTRACE_EVENT_CLONE)}},
  {"exec event", becomes_another, PTRACE_O_TRACEEXEC, ALONE | EXEC, {TO_EVENT(PTRACE_EVENT_EXEC)}},
  {"exec's SIGTRAP", becomes_another, 0, ALONE | EXEC, {{PTRACE_CONT, 0, AT_TRAP}}},
  {"exit event", thread_ends, 0, 0, {TO_EVENT(PTRACE_EVENT_EXIT)}},
  {"exit event of a process", process_ends, 0, ALONE, {TO_EVENT(PTRACE_EVENT_EXIT)}},
  {"seccomp event", asks_filter, PTRACE_O_TRACESECCOMP, 0, {TO_EVENT(PTRACE_EVENT_SECCOMP)}},
  FILTERED,
  {"attach's SIGSTOP", nothing_special, 0, 0, {{0}}},
  {"interrupt", nothing_special, 0, SEIZED, {{0}}},
  {"newborn's SIGSTOP", forks_and_ends, PTRACE_O_TRACEFORK, ALONE | NEWBORN, {TO_EVENT(PTRACE_EVENT_FORK), {FOLLOW_CHILD, 0, AT_SIGSTOP}}},
  {"newborn's stop, seized", forks_and_ends, PTRACE_O_TRACEFORK, ALONE | NEWBORN | SEIZED, {TO_EVENT(PTRACE_EVENT_FORK), {FOLLOW_CHILD, 0, EVENT_STOPPED}}},
  {"signal", gets_signal, 0, 0, {{PTRACE_CONT, 0, AT_SIGUSR2}}},
  {"group stop", stops, 0, 0, {{PTRACE_CONT, 0, AT_SIGSTOP}, {PTRACE_CONT, SIGSTOP, AT_SIGSTOP}}},
  {"group stop, seized", stops, 0, SEIZED, {{PTRACE_CONT, 0, AT_SIGSTOP}, {PTRACE_CONT, SIGSTOP, PTRACE_EVENT_STOP << 16 | AT_SIGSTOP}}},
  {"group stop, listening", stops, 0, SEIZED | LISTENING,
   {{PTRACE_CONT, 0, AT_SIGSTOP}, {PTRACE_CONT, SIGSTOP, PTRACE_EVENT_STOP << 16 | AT_SIGSTOP}, {PTRACE_LISTEN, 0, 0}}},
  {"step", nothing_special, 0, 0, {{PTRACE_SINGLESTEP, 0, AT_TRAP}}},
  {"step over a call", makes_call, SYSGOOD, 0, {TO_CALL, {PTRACE_SINGLESTEP, 0, AT_TRAP}}},
  {"step into a handler", gets_signal, 0, 0, {{PTRACE_CONT, 0, AT_SIGUSR2}, {PTRACE_SINGLESTEP, SIGUSR2, AT_TRAP}}},
  {"brk", breaks, 0, 0, {{PTRACE_CONT, 0, AT_TRAP}}},
  {"breakpoint", touches, 0, 0, {{PTRACE_CONT, 0, AT_TRAP}}, arm_breakpoint},
  {"watchpoint", touches, 0, 0, {{PTRACE_CONT, 0, AT_TRAP}}, arm_watchpoint},
};

static const struct stop filtered = FILTERED;
/* Needs a kernel with Syscall User Dispatch on arm64. */
static const struct stop dispatched = {"dispatch's SIGSYS", is_dispatched, 0, 0, {{PTRACE_CONT, 0, AT_SIGSYS}}};
