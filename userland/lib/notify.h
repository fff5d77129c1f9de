/*
 * notify.h - the two sides of a seccomp listener, for tests
 */
#pragma once
#include "filter.h"

static long notify_fd;

/* A child whose getppid asks. It shares our table of descriptors, and so its listener. */
static inline long start_asking(unsigned flags, void (*run)(void)) {
  volatile long *made = shared_page();
  long pid = syscall(__NR_clone, SIGCHLD | CLONE_FILES);
  if (pid == 0) {
    *made = filter_call(__NR_getppid, SECCOMP_RET_USER_NOTIF, SECCOMP_FILTER_FLAG_NEW_LISTENER | flags);
    run();
    exit(0);
  }
  while (*made == 0) sched_yield();
  notify_fd = *made;
  return pid;
}

static struct seccomp_notif request;
static inline long receive(void) {
  memset(&request, 0, sizeof(request));
  return ioctl((int)notify_fd, SECCOMP_IOCTL_NOTIF_RECV, &request);
}
static inline long answer(long value, int error, unsigned flags) {
  struct seccomp_notif_resp response = {request.id, value, error, flags};
  return ioctl((int)notify_fd, SECCOMP_IOCTL_NOTIF_SEND, &response);
}
static inline long valid(void) { return ioctl((int)notify_fd, SECCOMP_IOCTL_NOTIF_ID_VALID, &request.id); }
static inline int finish(long pid) {
  int status = -1;
  wait4((pid_t)pid, &status, 0, NULL);
  close((int)notify_fd);
  return status;
}
