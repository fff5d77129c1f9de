/*
 * error.c - errnos in words
 */
#include "lib.h"

struct row {
  const char *name, *text;
};

#define ROW(err, text) [err] = {#err, text}

static const struct row rows[] = {
  ROW(EPERM, "Operation not permitted"),
  ROW(ENOENT, "No such file or directory"),
  ROW(ESRCH, "No such process"),
  ROW(EINTR, "Interrupted system call"),
  ROW(EIO, "Input/output error"),
  ROW(ENXIO, "No such device or address"),
  ROW(E2BIG, "Argument list too long"),
  ROW(ENOEXEC, "Exec format error"),
  ROW(EBADF, "Bad file descriptor"),
  ROW(ECHILD, "No child processes"),
  ROW(EAGAIN, "Resource temporarily unavailable"),
  ROW(ENOMEM, "Cannot allocate memory"),
  ROW(EACCES, "Permission denied"),
  ROW(EFAULT, "Bad address"),
  ROW(ENOTBLK, "Block device required"),
  ROW(EBUSY, "Device or resource busy"),
  ROW(EEXIST, "File exists"),
  ROW(EXDEV, "Invalid cross-device link"),
  ROW(ENODEV, "No such device"),
  ROW(ENOTDIR, "Not a directory"),
  ROW(EISDIR, "Is a directory"),
  ROW(EINVAL, "Invalid argument"),
  ROW(ENFILE, "Too many open files in system"),
  ROW(EMFILE, "Too many open files"),
  ROW(ENOTTY, "Inappropriate ioctl for device"),
  ROW(ETXTBSY, "Text file busy"),
  ROW(EFBIG, "File too large"),
  ROW(ENOSPC, "No space left on device"),
  ROW(ESPIPE, "Illegal seek"),
  ROW(EROFS, "Read-only file system"),
  ROW(EMLINK, "Too many links"),
  ROW(EPIPE, "Broken pipe"),
  ROW(EDOM, "Numerical argument out of domain"),
  ROW(ERANGE, "Numerical result out of range"),
  ROW(EDEADLK, "Resource deadlock avoided"),
  ROW(ENAMETOOLONG, "File name too long"),
  ROW(ENOLCK, "No locks available"),
  ROW(ENOSYS, "Function not implemented"),
  ROW(ENOTEMPTY, "Directory not empty"),
  ROW(ELOOP, "Too many levels of symbolic links"),
  ROW(EOVERFLOW, "Value too large for defined data type"),
  ROW(EOPNOTSUPP, "Operation not supported"),
  ROW(ETIMEDOUT, "Connection timed out"),
  ROW(EALREADY, "Operation already in progress"),
  ROW(EINPROGRESS, "Operation now in progress"),
};

static const struct row *find(int err) {
  return err > 0 && err < (int)countof(rows) && rows[err].name ? &rows[err] : NULL;
}

const char *strerror(int err) {
  const struct row *row = find(err);
  return row ? row->text : "Unknown error";
}

const char *errno_name(int err) {
  const struct row *row = find(err);
  return row ? row->name : "E?";
}

int complain(const char *who, const char *what, int err) {
  fdprintf(STDERR, "%s: %s: %s\n", who, what, strerror(err < 0 ? -err : err));
  return 1;
}
