/*
 * kernel/fs/proc_namespace.ts - the mounts, as text
 *
 * Linux:   fs/proc_namespace.c
 * Manual:  proc_pid_mounts(5), proc_pid_mountinfo(5)
 */

import type { Mount, SuperBlock } from '../include/linux/fs.ts';
import type { Task } from '../include/linux/sched.ts';
import { MS_RDONLY } from '../include/uapi/mount.ts';
import { MAJOR, MINOR } from '../include/uapi/stat.ts';
import { d_path_below, dentry_path } from './dcache.ts';
import { show_mnt_opts } from './namespace.ts';

/** Linux: mangle_path(). What separates fields cannot be in one. */
export const mangle = (text: string, special = ' \t\n\\'): string => {
  let out = '';
  for (const c of text) out += special.includes(c) ? `\\${c.charCodeAt(0).toString(8).padStart(3, '0')}` : c;
  return out;
};

const rw = (flags: number): string => (flags & MS_RDONLY ? 'ro' : 'rw');
const sb_options = (sb: SuperBlock): string => sb.s_op.show_options?.(sb) ?? '';

/** The mounts that this task can see, each with where it is. */
function* visible_mounts(task: Task): Iterable<readonly [Mount, string]> {
  for (const mount of task.kernel.fs.mounts) {
    const at = d_path_below({ mnt: mount, dentry: mount.mnt_root }, task.fs.root);
    if (at !== null) yield [mount, at];
  }
}

/** "proc /proc proc rw,relatime 0 0" */
export function proc_mounts(task: Task): string {
  let text = '';
  for (const [mount, at] of visible_mounts(task)) {
    const sb = mount.mnt_sb;
    const flags = rw(mount.mnt_flags | sb.s_flags);
    text += `${mangle(mount.mnt_devname, ' \t\n\\#')} ${mangle(at)} ${sb.s_type} `;
    text += `${flags}${show_mnt_opts(mount)}${sb_options(sb)} 0 0\n`;
  }
  return text;
}

/** "26 1 0:24 / /proc rw,relatime - proc proc rw" */
export function proc_mountinfo(task: Task): string {
  let text = '';
  for (const [mount, at] of visible_mounts(task)) {
    const sb = mount.mnt_sb;
    const parent = mount.mnt_parent ?? mount;
    text += `${mount.mnt_id} ${parent.mnt_id} ${MAJOR(sb.s_dev)}:${MINOR(sb.s_dev)} `;
    text += `${mangle(dentry_path(mount.mnt_root))} ${mangle(at)} ${rw(mount.mnt_flags)}${show_mnt_opts(mount)} - `;
    text += `${sb.s_type} ${mangle(mount.mnt_devname)} ${rw(sb.s_flags)}${sb_options(sb)}\n`;
  }
  return text;
}

export function proc_mountstats(task: Task): string {
  let text = '';
  for (const [mount, at] of visible_mounts(task)) {
    text += `device ${mangle(mount.mnt_devname)} mounted on ${mangle(at)} with fstype ${mount.mnt_sb.s_type}\n`;
  }
  return text;
}
