/*
 * redirect.c - < > >> <> <& >& &> and here-documents
 */
#include "sh.h"

enum { SAVED_FD = 10 }; // scripts have 0 to 9 for themselves

static const struct {
  const char *op;
  int flags;
} openings[] = {
  {"<", O_RDONLY},
  {">", O_WRONLY | O_CREAT | O_TRUNC},
  {">|", O_WRONLY | O_CREAT | O_TRUNC},
  {">>", O_WRONLY | O_CREAT | O_APPEND},
  {"<>", O_RDWR | O_CREAT},
  {"&>", O_WRONLY | O_CREAT | O_TRUNC},
};

/* A file without a name: whatever its length, nobody needs to read while we write. */
static int open_document(const struct redirect *redirect) {
  const char *text = redirect->literal ? redirect->target : expand_document(redirect->target);
  char path[40];
  snprintf(path, sizeof(path), "/tmp/sh-document-%ld", getpid());
  int fd = text ? (int)open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600) : -EINVAL;
  if (fd < 0) return fd;
  unlink(path);
  long err = write_all(fd, text, strlen(text));
  lseek(fd, 0, SEEK_SET);
  if (err == 0) return fd;
  close(fd);
  return (int)err;
}

static int open_target(const struct redirect *redirect, const char *target) {
  for (size_t i = 0; i < countof(openings); i++)
    if (strcmp(redirect->op, openings[i].op) == 0) return (int)open(target, openings[i].flags | O_CLOEXEC, 0666);
  return -EINVAL;
}

/* Away from the numbers that scripts use, if the limit of open files permits. */
static int copy_away(int fd) {
  int copy = (int)fcntl(fd, F_DUPFD_CLOEXEC, SAVED_FD);
  return copy == -EINVAL ? (int)fcntl(fd, F_DUPFD_CLOEXEC, STDERR + 1) : copy;
}

static bool save(int fd, struct saved_fds *saved) {
  if (!saved || saved->count == (int)countof(saved->from)) return true;
  for (int i = 0; i < saved->count; i++)
    if (saved->from[i] == fd) return true; // the first is the one to go back to
  int copy = copy_away(fd);
  if (copy < 0 && copy != -EBADF) return !error("saving a file", strerror(-copy));
  saved->from[saved->count] = fd;
  saved->to[saved->count++] = copy; // -EBADF: it was not open
  return true;
}

/* fd now means what `from` means. A copy of itself only loses the close-on-exec flag. */
static bool move(int from, int fd, struct saved_fds *saved) {
  if (!save(fd, saved)) return false;
  long err = from == fd ? fcntl(fd, F_SETFD, 0) : dup3(from, fd, 0);
  return err >= 0 || !error("redirection", strerror((int)-err));
}

static bool redirect_copy(const struct redirect *redirect, const char *target, struct saved_fds *saved) {
  if (strcmp(target, "-") == 0) {
    if (!save(redirect->fd, saved)) return false;
    close(redirect->fd);
    return true;
  }
  long fd;
  if (!parse_long(target, &fd) || fcntl((int)fd, F_GETFD, 0) < 0) return !error(target, "Bad file descriptor");
  return move((int)fd, redirect->fd, saved);
}

static bool redirect_one(const struct redirect *redirect, struct saved_fds *saved) {
  bool document = redirect->op[0] == '<' && redirect->op[1] == '<';
  const char *target = document ? "here-document" : expand_single(redirect->target);
  if (!target) return false;
  if (redirect->op[1] == '&') return redirect_copy(redirect, target, saved);

  int fd = document ? open_document(redirect) : open_target(redirect, target);
  if (fd < 0) return !error(target, strerror(-fd));
  bool done = move(fd, redirect->fd, saved);
  if (redirect->op[0] == '&') done = done && move(fd, STDERR, saved);
  if (fd != redirect->fd) close(fd);
  return done;
}

bool redirect(const struct redirect *list, struct saved_fds *saved) {
  for (; list; list = list->next)
    if (!redirect_one(list, saved)) return false;
  return true;
}

void undo_redirects(struct saved_fds *saved) {
  while (saved->count > 0) {
    int fd = saved->from[--saved->count], copy = saved->to[saved->count];
    if (copy < 0) {
      close(fd);
    } else {
      dup3(copy, fd, 0);
      close(copy);
    }
  }
}
