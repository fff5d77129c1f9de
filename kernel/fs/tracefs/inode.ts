/*
 * kernel/fs/tracefs/inode.ts - /sys/kernel/tracing: its tree
 *
 * Linux:   fs/tracefs/inode.c, fs/tracefs/event_inode.c, kernel/trace/trace.c (init_tracer_tracefs) (v6.12)
 * Manual:  Documentation/trace/ftrace.rst, "The File System"
 * Absent:  gid= and the other mount options
 */

import type { Dentry, FileOperations, SuperBlock } from '../../include/linux/fs.ts';
import { TRACEFS_MAGIC } from '../../include/uapi/stat.ts';
import type { Kernel } from '../../kernel.ts';
import type { TraceArray } from '../../trace/trace.ts';
import { show_format, type TraceEvent } from '../../trace/trace_events.ts';
import { simple_create, simple_fill_super, simple_mkdir } from '../libfs.ts';
import { get_tree_single, register_filesystem } from '../super.ts';
import { sysfs_create_mount_point } from '../sysfs.ts';
import {
  buffer_size_kb,
  current_tracer,
  event_enable,
  set_event_fops,
  set_event_pid_fops,
  text_file,
  trace_fops,
  trace_pipe_fops,
  tracing_on,
} from './files.ts';

const READ_ONLY = 0o440;
const READ_WRITE = 0o640;

export function tracefs_init(kernel: Kernel): void {
  register_filesystem(kernel, { name: 'tracefs', nodev: true, get_tree: tracefs_super });
  sysfs_create_mount_point(kernel, 'kernel/tracing', 0o700);
}

const tracefs_super = (kernel: Kernel): SuperBlock => get_tree_single(kernel, 'tracefs', fill_super);

function fill_super(kernel: Kernel): SuperBlock {
  const sb = simple_fill_super(kernel, 'tracefs', TRACEFS_MAGIC, 0o700);
  const { tr } = kernel.trace;
  for (const [name, mode, fops] of top_files(tr)) simple_create(sb.s_root, name, mode, fops);
  fill_events(simple_mkdir(sb.s_root, 'events', 0o755), tr);
  return sb;
}

// biome-ignore format: columns teach
const top_files = (tr: TraceArray): readonly (readonly [name: string, mode: number, fops: FileOperations])[] => [
  ['available_events',  READ_ONLY,  text_file(() => tr.events.map((each) => `${each.system}:${each.name}\n`).join(''))],
  ['available_tracers', READ_ONLY,  text_file(() => 'nop\n')],
  ['buffer_size_kb',    READ_WRITE, buffer_size_kb(tr)],
  ['current_tracer',    READ_WRITE, current_tracer()],
  ['set_event',         READ_WRITE, set_event_fops(tr)],
  ['set_event_pid',     READ_WRITE, set_event_pid_fops(tr)],
  ['trace',             READ_WRITE, trace_fops(tr)],
  ['trace_pipe',        READ_ONLY,  trace_pipe_fops(tr)],
  ['tracing_on',        READ_WRITE, tracing_on(tr)],
];

/** events/enable, events/SYSTEM/enable, events/SYSTEM/EVENT/{enable,format,id} */
function fill_events(dir: Dentry, tr: TraceArray): void {
  simple_create(dir, 'enable', READ_WRITE, event_enable(tr, tr.events));
  for (const system of new Set(tr.events.map((event) => event.system))) {
    const members = tr.events.filter((event) => event.system === system);
    const folder = simple_mkdir(dir, system, 0o755);
    simple_create(folder, 'enable', READ_WRITE, event_enable(tr, members));
    for (const event of members) fill_event(simple_mkdir(folder, event.name, 0o755), tr, event);
  }
}

function fill_event(dir: Dentry, tr: TraceArray, event: TraceEvent): void {
  simple_create(dir, 'enable', READ_WRITE, event_enable(tr, [event]));
  simple_create(
    dir,
    'format',
    READ_ONLY,
    text_file(() => show_format(event)),
  );
  simple_create(
    dir,
    'id',
    READ_ONLY,
    text_file(() => `${event.id}\n`),
  );
}
