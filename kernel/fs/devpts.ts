/*
 * kernel/fs/devpts.ts - the names of pseudo-terminals: /dev/pts
 *
 * Linux:   fs/devpts/inode.c (v6.12)
 * Manual:  Documentation/filesystems/devpts.rst, pts(4)
 * Differs: a terminal's number is free again when both of its ends are; the reserve for the first instance is not kept
 *
 * Each mount is an instance of its own, with its own numbers. Who opens a ptmx gets a terminal of the instance that the
 * ptmx belongs to: the one in the same file system, or mounted on "pts" beside it.
 */

import type { Dentry, File, Mount, Path, SuperBlock } from '../include/linux/fs.ts';
import type { Task } from '../include/linux/sched.ts';
import { EINVAL, ENODEV, ENOENT, ENOSPC } from '../include/uapi/errno.ts';
import { DEVPTS_SUPER_MAGIC, MKDEV, S_IFCHR } from '../include/uapi/stat.ts';
import type { Kernel } from '../kernel.ts';
import { d_add, d_alloc, d_delete } from './dcache.ts';
import { clear_nlink, init_special_inode, new_inode, no_fops, no_iops } from './inode.ts';
import { simple_fill_super } from './libfs.ts';
import { follow_mount } from './namespace.ts';
import { register_filesystem } from './super.ts';

const TTYAUX_MAJOR = 5;
const PTMX_MINOR = 2;
export const UNIX98_PTY_MASTER_MAJOR = 128;
export const UNIX98_PTY_SLAVE_MAJOR = 136;
export const NR_UNIX98_PTY_MAX = 1 << 20;
/** Linux: NR_UNIX98_PTY_DEFAULT, which /proc/sys/kernel/pty/max begins with. Of all instances together. */
const PTY_LIMIT = 4096;
const PTMX_INO = 2;
const FIRST_PTS_INO = 3;

interface PtsMountOpts {
  /** null: whoever opens the ptmx. */
  uid: number | null;
  gid: number | null;
  mode: number;
  ptmxmode: number;
  max: number;
}

/** An instance. */
export interface PtsFsInfo {
  readonly sb: SuperBlock;
  readonly mount_opts: PtsMountOpts;
  readonly allocated_ptys: Set<number>;
}

/** An instance, and the mount through which it was found. */
export interface AcquiredPts {
  readonly fsi: PtsFsInfo;
  readonly mnt: Mount;
}

export function init_devpts_fs(kernel: Kernel): void {
  register_filesystem(kernel, {
    name: 'devpts',
    nodev: true,
    get_tree: (k, data) => {
      const options = devpts_parse_options(data);
      return typeof options === 'number' ? options : devpts_fill_super(k, options);
    },
  });
}

function devpts_fill_super(kernel: Kernel, mount_opts: PtsMountOpts): SuperBlock {
  const s_op = { show_options: devpts_show_options };
  const sb = simple_fill_super(kernel, 'devpts', DEVPTS_SUPER_MAGIC, 0o755, s_op);
  sb.s_fs_info = { sb, mount_opts, allocated_ptys: new Set() } satisfies PtsFsInfo;
  const ptmx = MKDEV(TTYAUX_MAJOR, PTMX_MINOR);
  d_add(d_alloc(sb.s_root, 'ptmx'), make_node(sb, mount_opts.ptmxmode, ptmx, PTMX_INO));
  return sb;
}

function make_node(sb: SuperBlock, mode: number, rdev: number, ino: number) {
  const inode = new_inode(sb, S_IFCHR | mode, no_iops, no_fops, ino);
  init_special_inode(inode, rdev);
  return inode;
}

const octal = (mode: number): string => mode.toString(8).padStart(3, '0');

function devpts_show_options(sb: SuperBlock): string {
  const { uid, gid, mode, ptmxmode, max } = (sb.s_fs_info as PtsFsInfo).mount_opts;
  const ids = `${uid === null ? '' : `,uid=${uid}`}${gid === null ? '' : `,gid=${gid}`}`;
  const limit = max < NR_UNIX98_PTY_MAX ? `,max=${max}` : '';
  return `${ids},mode=${octal(mode)},ptmxmode=${octal(ptmxmode)}${limit}`;
}

/** "uid=0,gid=5,mode=620"; -EINVAL. */
function devpts_parse_options(data: string): PtsMountOpts | number {
  const options: PtsMountOpts = { uid: null, gid: null, mode: 0o600, ptmxmode: 0, max: NR_UNIX98_PTY_MAX };
  for (const part of data.split(',').filter((text) => text !== '')) {
    const [name, value = ''] = part.split('=', 2) as [string, string?];
    if (!parse_option(options, name, value)) return -EINVAL;
  }
  return options;
}

function parse_option(options: PtsMountOpts, name: string, value: string): boolean {
  switch (name) {
    case 'uid':
    case 'gid':
      options[name] = Number(value);
      return /^\d+$/.test(value);
    case 'mode':
    case 'ptmxmode':
      options[name] = Number.parseInt(value, 8) & 0o7777;
      return /^[0-7]+$/.test(value);
    case 'max':
      options.max = Number(value);
      return /^\d+$/.test(value) && options.max <= NR_UNIX98_PTY_MAX;
    default:
      return name === 'newinstance'; // they all are
  }
}

/** The instance that the ptmx which is being opened as `file` belongs to, or -errno. */
export function devpts_acquire(task: Task, file: File): AcquiredPts | number {
  const path =
    file.f_path.dentry.d_sb.s_magic === DEVPTS_SUPER_MAGIC ? file.f_path : path_pts(task, file.f_path);
  if (typeof path === 'number') return path;
  if (path.dentry.d_sb.s_magic !== DEVPTS_SUPER_MAGIC) return -ENODEV;
  return { fsi: path.dentry.d_sb.s_fs_info as PtsFsInfo, mnt: path.mnt };
}

/** What is mounted on "pts" beside the ptmx. */
function path_pts(task: Task, ptmx: Path): Path | number {
  const dentry = ptmx.dentry.d_parent.d_children.get('pts');
  return dentry ? follow_mount(task.kernel.fs, { mnt: ptmx.mnt, dentry }) : -ENOENT;
}

/** The lowest number that is free, or -ENOSPC. */
export function devpts_new_index({ sb, mount_opts, allocated_ptys }: PtsFsInfo): number {
  const { fs } = sb.kernel;
  let index = 0;
  while (allocated_ptys.has(index)) index++;
  if (index >= mount_opts.max || fs.pty_count >= PTY_LIMIT) return -ENOSPC;
  allocated_ptys.add(index);
  fs.pty_count++;
  return index;
}

export function devpts_kill_index({ sb, allocated_ptys }: PtsFsInfo, index: number): void {
  allocated_ptys.delete(index);
  sb.kernel.fs.pty_count--;
}

/** The terminal gets its name. `priv`: what opening it leads to. */
export function devpts_pty_new(task: Task, fsi: PtsFsInfo, index: number, priv: unknown): Dentry {
  const { sb, mount_opts } = fsi;
  const inode = make_node(sb, mount_opts.mode, MKDEV(UNIX98_PTY_SLAVE_MAJOR, index), index + FIRST_PTS_INO);
  inode.i_uid = mount_opts.uid ?? task.cred.fsuid;
  inode.i_gid = mount_opts.gid ?? task.cred.fsgid;
  inode.i_private = priv;
  const dentry = d_alloc(sb.s_root, String(index));
  d_add(dentry, inode);
  return dentry;
}

/** What devpts_pty_new() was given; null: the node is not one of ours, only its number is. */
export const devpts_get_priv = (dentry: Dentry): unknown =>
  dentry.d_sb.s_magic === DEVPTS_SUPER_MAGIC ? dentry.d_inode!.i_private : null;

export function devpts_pty_kill(dentry: Dentry): void {
  dentry.d_inode!.i_private = null;
  d_delete(dentry);
  clear_nlink(dentry.d_inode!);
}
