/*
 * dir.c - reading directories
 */
#include "lib.h"

long dir_open(struct dir *dir, const char *path) {
  dir->next = dir->filled = 0;
  dir->fd = (int)open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
  return dir->fd < 0 ? dir->fd : 0;
}

struct linux_dirent64 *dir_next(struct dir *dir) {
  for (;;) {
    if (dir->next >= dir->filled) {
      dir->next = 0;
      dir->filled = getdents64(dir->fd, dir->buffer, sizeof(dir->buffer));
      if (dir->filled <= 0) return NULL;
    }
    struct linux_dirent64 *entry = (struct linux_dirent64 *)(dir->buffer + dir->next);
    dir->next += entry->d_reclen;
    if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) return entry;
  }
}

void dir_close(struct dir *dir) { close(dir->fd); }
