/*
 * mode.c - file modes as `ls -l` prints them
 */
#include "lib.h"

static char type_letter(unsigned mode) {
  switch (mode & S_IFMT) {
    case S_IFDIR: return 'd';
    case S_IFLNK: return 'l';
    case S_IFCHR: return 'c';
    case S_IFBLK: return 'b';
    case S_IFIFO: return 'p';
    case S_IFSOCK: return 's';
    default: return '-';
  }
}

void mode_string(unsigned mode, char out[11]) {
  memcpy(out, "-rwxrwxrwx", 11);
  out[0] = type_letter(mode);
  for (int bit = 0; bit < 9; bit++)
    if (!(mode & (0400u >> bit))) out[1 + bit] = '-';
  if (mode & S_ISUID) out[3] = mode & S_IXUSR ? 's' : 'S';
  if (mode & S_ISGID) out[6] = mode & S_IXGRP ? 's' : 'S';
  if (mode & S_ISVTX) out[9] = mode & S_IXOTH ? 't' : 'T';
}
