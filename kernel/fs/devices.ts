/*
 * kernel/fs/devices.ts - character devices, and /dev, which makes their nodes by itself
 *
 * Linux:   fs/char_dev.c, drivers/base/devtmpfs.c
 * Differs: registering a device makes its node in devtmpfs at once; upstream's class and kobject layers are not between
 */

import type { Dentry, File, FileOperations, Inode, SuperBlock } from '../include/linux/fs.ts';
import type { Task } from '../include/linux/sched.ts';
import { ENXIO } from '../include/uapi/errno.ts';
import { MAJOR, MKDEV, S_IFCHR, S_IFDIR } from '../include/uapi/stat.ts';
import type { Kernel } from '../kernel.ts';
import type { MaySleep } from '../sched/wait.ts';
import { d_alloc } from './dcache.ts';
import { get_tree_single, register_filesystem } from './super.ts';
import { shmem_fill_super, shmem_get_inode, tmpfs_add } from './tmpfs.ts';

interface CharDevice {
  readonly rdev: number;
  /** Its node in /dev; directories in it are made ("pts/0"). */
  readonly name: string;
  readonly mode: number;
  readonly fops: FileOperations;
}

/** A device appears: open() of its number reaches `fops`, /dev has its node. */
export function register_chrdev(
  kernel: Kernel,
  rdev: number,
  name: string,
  mode: number,
  fops: FileOperations,
): void {
  kernel.fs.chrdevs.set(rdev, fops);
  devtmpfs_create_node(kernel, { rdev, name, mode, fops });
}

/** A whole major: its devices make their nodes elsewhere. */
export function register_chrdev_region(
  kernel: Kernel,
  major: number,
  name: string,
  fops: FileOperations,
): void {
  kernel.fs.chrdev_regions.set(major, { name, fops });
}

/** /proc/devices: "  1 mem", a line for each major and name. */
export function show_chrdevs(kernel: Kernel): string {
  const { chrdevs, chrdev_regions } = kernel.fs;
  const nodes = [...chrdevs.keys()].map((rdev) => [rdev, chrdev_name(kernel, rdev)] as const);
  const regions = [...chrdev_regions].map(([major, { name }]) => [MKDEV(major, 0), name] as const);
  const rows = [...nodes, ...regions].sort(([a], [b]) => a - b);
  return [...new Set(rows.map(([rdev, name]) => `${String(MAJOR(rdev)).padStart(3)} ${name}\n`))].join('');
}

const MEM_MAJOR = 1;

/** Upstream registers a region under one name; here it is what the names of its nodes have in common. */
function chrdev_name(kernel: Kernel, rdev: number): string {
  if (MAJOR(rdev) === MEM_MAJOR) return 'mem';
  const node = [...devtmpfs(kernel).s_root.d_children.values()].find((d) => d.d_inode?.i_rdev === rdev);
  const name = node?.d_name ?? '?';
  return /\d$/.test(name) ? name.replace(/\d+$/, '') : `/dev/${name}`;
}

/** The node's own methods: put the driver's in their place, and open again. */
function chrdev_open(inode: Inode, file: File, task: Task): MaySleep<number> {
  const { chrdevs, chrdev_regions } = task.kernel.fs;
  const fops = chrdevs.get(inode.i_rdev) ?? chrdev_regions.get(MAJOR(inode.i_rdev))?.fops;
  if (!fops) return -ENXIO;
  file.f_op = fops;
  return fops.open?.(inode, file, task) ?? 0;
}

export const def_chr_fops: FileOperations = { open: chrdev_open };

/** One devtmpfs for all mounts of it, as upstream: nodes made before anybody mounts it are there. */
export function devtmpfs_init(kernel: Kernel): void {
  register_filesystem(kernel, {
    name: 'devtmpfs',
    nodev: true,
    get_tree: (k) => devtmpfs(k),
  });
  devtmpfs(kernel);
}

const devtmpfs = (kernel: Kernel): SuperBlock =>
  get_tree_single(kernel, 'devtmpfs', (k) => shmem_fill_super(k, 'devtmpfs', { mode: 0o755 }));

function devtmpfs_create_node(kernel: Kernel, { rdev, name, mode }: CharDevice): void {
  const parts = name.split('/');
  let dir = devtmpfs(kernel).s_root;
  for (const part of parts.slice(0, -1)) dir = devtmpfs_dir(dir, part);

  const dentry = d_alloc(dir, parts.at(-1)!);
  if (dir.d_children.has(dentry.d_name)) return;
  const inode = shmem_get_inode(dir.d_sb, S_IFCHR | mode, rdev);
  if (typeof inode === 'object') tmpfs_add(dir, dentry, inode);
}

function devtmpfs_dir(parent: Dentry, name: string): Dentry {
  const known = parent.d_children.get(name);
  if (known) return known;
  const dentry = d_alloc(parent, name);
  const inode = shmem_get_inode(parent.d_sb, S_IFDIR | 0o755, 0);
  if (typeof inode === 'object') tmpfs_add(parent, dentry, inode);
  return dentry;
}
