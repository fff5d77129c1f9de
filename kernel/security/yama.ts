/*
 * kernel/security/yama.ts - to be somebody's user is not enough to trace him
 *
 * Linux:   security/yama/yama_lsm.c (v6.12)
 * Manual:  Documentation/admin-guide/LSM/Yama.rst
 *
 *    kernel.yama.ptrace_scope
 *      0  whoever may by its ids
 *      1  only an ancestor, or whom the process named by PR_SET_PTRACER
 *      2  only with CAP_SYS_PTRACE
 *      3  nobody, and that cannot be taken back
 */

import { CAP_SYS_PTRACE, capable } from '../cred.ts';
import { kstrtoint } from '../fs/proc/generic.ts';
import { proc_pid_cmdline } from '../fs/proc/pid_files.ts';
import { register_sysctl } from '../fs/proc/proc_sysctl.ts';
import type { Task } from '../include/linux/sched.ts';
import { EINVAL, EPERM } from '../include/uapi/errno.ts';
import type { Kernel } from '../kernel.ts';
import { RateLimit } from '../lib/ratelimit.ts';
import { kstrdup_quotable } from '../lib/string_helpers.ts';
import { find_task_by_vpid } from '../pid.ts';
import { PTRACE_MODE_ATTACH, PTRACE_MODE_NOAUDIT } from '../ptrace/access.ts';

const YAMA_SCOPE_DISABLED = 0;
const YAMA_SCOPE_RELATIONAL = 1;
const YAMA_SCOPE_CAPABILITY = 2;
const YAMA_SCOPE_NO_ATTACH = 3;

export class Yama {
  ptrace_scope = YAMA_SCOPE_DISABLED;
  /** A program that keeps on trying shall not fill the log. */
  readonly ratelimit = new RateLimit();
  /** Who named whom: process to process, by their leaders; null: anybody. */
  readonly ptracer_relations = new Map<Task, Task | null>();
}

export function yama_init(kernel: Kernel): void {
  kernel.printk.info('Yama: becoming mindful.');
  register_sysctl(
    kernel,
    'kernel/yama/ptrace_scope',
    ({ yama }) => yama.ptrace_scope,
    ({ sched }, text) => yama_dointvec_minmax(sched.current, text),
  );
}

function yama_dointvec_minmax(task: Task, text: string): number {
  const { yama } = task.kernel;
  if (!capable(task, CAP_SYS_PTRACE)) return -EPERM;
  const scope = kstrtoint(text);
  const least = yama.ptrace_scope === YAMA_SCOPE_NO_ATTACH ? YAMA_SCOPE_NO_ATTACH : YAMA_SCOPE_DISABLED;
  if (scope === null || scope < least || scope > YAMA_SCOPE_NO_ATTACH) return -EINVAL;
  yama.ptrace_scope = scope;
  return 0;
}

/** Only attaching is its business: who just looks is not asked about. */
export function yama_ptrace_access_check(task: Task, target: Task, mode: number): number {
  if (!(mode & PTRACE_MODE_ATTACH) || may_attach(task, target)) return 0;
  if (!(mode & PTRACE_MODE_NOAUDIT)) report_access('attach', target, task);
  return -EPERM;
}

function may_attach(task: Task, target: Task): boolean {
  switch (task.kernel.yama.ptrace_scope) {
    case YAMA_SCOPE_DISABLED:
      return true;
    case YAMA_SCOPE_RELATIONAL:
      return (
        task_is_descendant(task, target) ||
        ptracer_exception_found(task, target) ||
        capable(task, CAP_SYS_PTRACE)
      );
    case YAMA_SCOPE_CAPABILITY:
      return capable(task, CAP_SYS_PTRACE);
    default:
      return false;
  }
}

/** PTRACE_TRACEME: a parent is always an ancestor, so only the two strictest scopes say no. */
export function yama_ptrace_traceme(task: Task, parent: Task): number {
  const { ptrace_scope } = task.kernel.yama;
  const refused =
    ptrace_scope === YAMA_SCOPE_NO_ATTACH ||
    (ptrace_scope === YAMA_SCOPE_CAPABILITY && !capable(parent, CAP_SYS_PTRACE));
  if (!refused) return 0;
  report_access('traceme', task, parent);
  return -EPERM;
}

/** Is `parent` the process of `child`, or an ancestor of it? */
function task_is_descendant(parent: Task, child: Task): boolean {
  for (let walker = child.group_leader; walker.pid > 0; walker = walker.real_parent.group_leader) {
    if (walker === parent.group_leader) return true;
  }
  return false;
}

/** Who traces it already may go on looking; so may whom it named, and that one's descendants. */
function ptracer_exception_found(tracer: Task, tracee: Task): boolean {
  if (tracee.ptrace && tracee.parent.signal === tracer.signal) return true;
  const named = tracer.kernel.yama.ptracer_relations.get(tracee.group_leader);
  if (named === undefined) return false;
  return named === null || task_is_descendant(named, tracer);
}

/** prctl(PR_SET_PTRACER, pid): 0 takes it back, -1 is anybody. It holds for the process, whichever thread says it. */
export function yama_set_ptracer(task: Task, pid: number): number {
  const { ptracer_relations } = task.kernel.yama;
  const myself = task.group_leader;
  if (pid === 0) {
    ptracer_relations.delete(myself);
    return 0;
  }
  const tracer = pid === -1 ? null : find_task_by_vpid(task, pid);
  if (pid !== -1 && !tracer) return -EINVAL;
  ptracer_relations.set(myself, tracer);
  return 0;
}

/** Either side of a relation is gone. */
export function yama_task_free(task: Task): void {
  const { ptracer_relations } = task.kernel.yama;
  if (ptracer_relations.size === 0) return;
  ptracer_relations.delete(task);
  for (const [tracee, tracer] of ptracer_relations) if (tracer === task) ptracer_relations.delete(tracee);
}

/** Its arguments as they are now, on one line. A kernel thread has none. */
const kstrdup_quotable_cmdline = (task: Task): string =>
  kstrdup_quotable(proc_pid_cmdline(task).replace(/\0+$/, '').replaceAll('\0', ' '));

function report_access(access: string, target: Task, agent: Task): void {
  const { kernel } = target;
  if (!kernel.yama.ratelimit.allows(kernel, '__report_access')) return;
  const [whom, who] = [kstrdup_quotable_cmdline(target), kstrdup_quotable_cmdline(agent)];
  kernel.printk.notice(
    `ptrace ${access} of "${whom}"[${target.pid}] was attempted by "${who}"[${agent.pid}]`,
  );
}
