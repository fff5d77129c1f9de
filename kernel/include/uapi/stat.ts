/*
 * kernel/include/uapi/stat.ts - what kind of file, and who may
 *
 * Linux: include/uapi/linux/stat.h, include/linux/stat.h, include/linux/fs_types.h, include/uapi/linux/magic.h
 */

export const S_IFMT = 0o17_0000;
export const S_IFSOCK = 0o14_0000;
export const S_IFLNK = 0o12_0000;
export const S_IFREG = 0o10_0000;
export const S_IFBLK = 0o6_0000;
export const S_IFDIR = 0o4_0000;
export const S_IFCHR = 0o2_0000;
export const S_IFIFO = 0o1_0000;
export const S_ISUID = 0o4000;
export const S_ISGID = 0o2000;
export const S_ISVTX = 0o1000;
export const S_IALLUGO = 0o7777;
export const S_IRWXUGO = 0o777;
export const S_IXGRP = 0o10;
export const S_IXUGO = 0o111;

export const S_ISLNK = (mode: number): boolean => (mode & S_IFMT) === S_IFLNK;
export const S_ISREG = (mode: number): boolean => (mode & S_IFMT) === S_IFREG;
export const S_ISDIR = (mode: number): boolean => (mode & S_IFMT) === S_IFDIR;
export const S_ISCHR = (mode: number): boolean => (mode & S_IFMT) === S_IFCHR;
export const S_ISBLK = (mode: number): boolean => (mode & S_IFMT) === S_IFBLK;
export const S_ISFIFO = (mode: number): boolean => (mode & S_IFMT) === S_IFIFO;
export const S_ISSOCK = (mode: number): boolean => (mode & S_IFMT) === S_IFSOCK;

/** d_type of getdents64: the kind, moved down. */
export const fs_umode_to_dtype = (mode: number): number => (mode & S_IFMT) >>> 12;
export const DT_DIR = 4;
export const DT_LNK = 10;

export const STATX_TYPE = 0x001;
export const STATX_BASIC_STATS = 0x7ff;
export const STATX_BTIME = 0x800;
export const STATX_MNT_ID = 0x1000;
export const STATX_MNT_ID_UNIQUE = 0x4000;
export const STATX__RESERVED = 0x8000_0000;
export const STATX_ATTR_MOUNT_ROOT = 0x2000;

/* A device number inside the kernel: 12 bits of major, 20 of minor. */
export const MKDEV = (major: number, minor: number): number => major * 2 ** 20 + minor;
export const MAJOR = (dev: number): number => Math.floor(dev / 2 ** 20);
export const MINOR = (dev: number): number => dev % 2 ** 20;
/** As user space sees it (struct stat, mknod): the low byte of the minor stays where Unix once put it. */
export const new_encode_dev = (dev: number): number =>
  ((MINOR(dev) & 0xff) | (MAJOR(dev) << 8) | ((MINOR(dev) & 0xf_ff00) << 12)) >>> 0;
export const new_decode_dev = (dev: number): number =>
  MKDEV((dev >>> 8) & 0xfff, (dev & 0xff) | ((dev >>> 12) & 0xf_ff00));

export const TMPFS_MAGIC = 0x0102_1994;
export const PROC_SUPER_MAGIC = 0x9fa0;
export const SYSFS_MAGIC = 0x6265_6572;
export const PIPEFS_MAGIC = 0x5049_5045;
export const ANON_INODE_FS_MAGIC = 0x0904_1934;
export const TRACEFS_MAGIC = 0x7472_6163;
export const DEVPTS_SUPER_MAGIC = 0x1cd1;
export const SOCKFS_MAGIC = 0x534f_434b;
