/*
 * kernel/include/linux/fs_modes.ts - bits that only the kernel sees: file modes, permission masks, lookup flags
 *
 * Linux: include/linux/fs.h (FMODE_*, MAY_*), include/linux/namei.h (LOOKUP_*)
 */

export const FMODE_READ = 0x1;
export const FMODE_WRITE = 0x2;
export const FMODE_LSEEK = 0x4;
export const FMODE_PREAD = 0x8;
export const FMODE_PWRITE = 0x10;
export const FMODE_EXEC = 0x20;
/** Holds a write reference: put back at the last fput(). */
export const FMODE_WRITER = 0x40;
/** Opened with O_PATH: good for naming, not for reading. */
export const FMODE_PATH = 0x4000;
/** Knows what it means not to wait (RWF_NOWAIT). */
export const FMODE_NOWAIT = 0x800_0000;
/** May be opened with O_DIRECT: set by the file's open(). */
export const FMODE_CAN_ODIRECT = 0x40_0000;
/** No position: the stream moves by itself. */
export const FMODE_STREAM = 0x20_0000;

export const MAY_EXEC = 1;
export const MAY_WRITE = 2;
export const MAY_READ = 4;
export const MAY_APPEND = 8;
export const MAY_ACCESS = 0x10;
export const MAY_OPEN = 0x20;
export const MAY_CHDIR = 0x40;

export const LOOKUP_FOLLOW = 0x1;
export const LOOKUP_DIRECTORY = 0x2;
export const LOOKUP_EMPTY = 0x4000;
/* The RESOLVE_* of openat2, in their own corner. */
export const LOOKUP_NO_SYMLINKS = 0x01_0000;
export const LOOKUP_NO_MAGICLINKS = 0x02_0000;
export const LOOKUP_NO_XDEV = 0x04_0000;
export const LOOKUP_BENEATH = 0x08_0000;
export const LOOKUP_IN_ROOT = 0x10_0000;
export const LOOKUP_IS_SCOPED = LOOKUP_BENEATH | LOOKUP_IN_ROOT;

export const NAME_MAX = 255;
export const PATH_MAX = 4096;
/** More symbolic links than this in one walk are a loop. */
export const MAXSYMLINKS = 40;
/** What one read or write moves at most: INT_MAX rounded down to a page. */
export const MAX_RW_COUNT = 0x7fff_f000;
export const MAX_LFS_FILESIZE = 2 ** 63;

export const IOCB_APPEND = 0x10;
export const IOCB_NOWAIT = 0x08;
