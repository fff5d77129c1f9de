/*
 * kernel/fs/exec.ts - a process becomes another program
 *
 * Linux:   fs/exec.c (v6.12)
 * Manual:  execve(2), execveat(2)
 * Differs: argument strings wait in the kernel until the new stack exists (exec_args.ts)
 * Absent:  binfmt_misc
 *
 *   execve()
 *     the file is opened, the strings are copied       an error is returned
 *     a format recognises it (search_binary_handler)   an error is returned
 *   begin_new_exec() ----------------------------------- point of no return
 *     the other threads die, the old memory goes       an error kills the process
 *     the format maps the program, start_thread()
 */

import { commit_creds, prepare_creds } from '../cred.ts';
import { clear_syscall_work_syscall_user_dispatch } from '../entry/syscall_user_dispatch.ts';
import { exec_mm_release } from '../fork.ts';
import { BINPRM_BUF_SIZE, type LinuxBinfmt, type LinuxBinprm } from '../include/linux/binfmts.ts';
import type { File } from '../include/linux/fs.ts';
import { LOOKUP_EMPTY, MAY_READ } from '../include/linux/fs_modes.ts';
import type { Mm } from '../include/linux/mm_types.ts';
import { PF_FORKNOEXEC, PF_KTHREAD, PF_NPROC_EXCEEDED, type Task } from '../include/linux/sched.ts';
import { NULL, type UserPtr } from '../include/linux/types.ts';
import { E2BIG, EAGAIN, ELOOP, ENOEXEC, ERESTARTNOINTR } from '../include/uapi/errno.ts';
import { AT_EMPTY_PATH, AT_FDCWD, AT_SYMLINK_NOFOLLOW } from '../include/uapi/fcntl.ts';
import { PTRACE_EVENT_EXEC } from '../include/uapi/ptrace.ts';
import { RLIMIT_NPROC, RLIMIT_STACK } from '../include/uapi/resource.ts';
import { SIGSEGV } from '../include/uapi/signal.ts';
import { mutex_lock_interruptible, mutex_unlock } from '../locking/mutex.ts';
import { mm_alloc, mmput } from '../mm/init-mm.ts';
import { get_mm_rss } from '../mm/rmap.ts';
import { arch_pick_mmap_layout } from '../mm/util.ts';
import { ptrace_event } from '../ptrace.ts';
import { rseq_execve } from '../rseq.ts';
import type { Sleeps } from '../sched/wait.ts';
import { fatal_signal_pending, flush_signal_handlers, force_fatal_sig } from '../signal.ts';
import { bits, dirfd, environ, path, strings, SYSCALL_DEFINE } from '../syscalls/define.ts';
import { exit_itimers } from '../time/posix-timers.ts';
import { elf_format } from './binfmt_elf.ts';
import { script_format } from './binfmt_script.ts';
import { _STK_LIM, bprm_stack_limits, copy_strings, read_pointers, take_room } from './exec_args.ts';
import { bprm_creds_from_file, check_unsafe_exec } from './exec_creds.ts';
import { de_thread, unshare_sighand } from './exec_threads.ts';
import { do_close_on_exec, get_close_on_exec, unshare_files } from './file.ts';
import { fput, get_file } from './file_table.ts';
import { getname } from './namei.ts';
import { do_open_execat } from './open.ts';
import { inode_permission } from './permission.ts';
import { kernel_read } from './read_write.ts';
import { task_pid_vnr } from '../pid.ts';
import { exec_task_namespaces } from '../nsproxy.ts';

/** In the order in which they are asked. */
const formats: readonly LinuxBinfmt[] = [script_format, elf_format];

/** Scripts may be interpreted by scripts, so many deep. */
const MAX_INTERPRETERS = 5;

/* TASK_COMM_LEN without its NUL. */
const COMM_LENGTH = 15;

/* ---- Before the point of no return ---- */

function* do_execveat_common(
  task: Task,
  fd: number,
  filename: string,
  argv: UserPtr,
  envp: UserPtr,
  flags: number,
): Sleeps<number> {
  // The user has changed since the last fork, to one with too many processes; still?
  const { user } = task.cred;
  if (task.flags & PF_NPROC_EXCEEDED && user.processes > task.signal.rlim[RLIMIT_NPROC]!.cur) return -EAGAIN;
  task.flags &= ~PF_NPROC_EXCEEDED;
  const bprm = alloc_bprm(task, fd, filename, flags);
  if (typeof bprm === 'number') return bprm;
  const err = copy_user_strings(bprm, argv, envp);
  if (err < 0) {
    free_bprm(bprm);
    return err;
  }
  return yield* bprm_execve(bprm);
}

/** For the kernel's first program. Strings are one character per byte. */
export function* kernel_execve(
  task: Task,
  filename: string,
  argv: readonly string[],
  envp: readonly string[],
): Sleeps<number> {
  const bprm = alloc_bprm(task, AT_FDCWD, filename, 0);
  if (typeof bprm === 'number') return bprm;
  const room = bprm_stack_limits(bprm.rlim_stack.cur, argv.length, envp.length);
  bprm.room = room;
  bprm.argv.push(...argv);
  (bprm.envp as string[]).push(...envp);
  if (room < 0 || [bprm.filename, ...argv, ...envp].some((text) => take_room(bprm, text) < 0)) {
    free_bprm(bprm);
    return -E2BIG;
  }
  return yield* bprm_execve(bprm);
}

function alloc_bprm(task: Task, fd: number, name: string, flags: number): LinuxBinprm | number {
  const file = do_open_execat(task, fd, name, flags);
  if (typeof file === 'number') return file;
  const byName = fd === AT_FDCWD || name.startsWith('/');
  const filename = byName ? name : name === '' ? `/dev/fd/${fd}` : `/dev/fd/${fd}/${name}`;
  return {
    task,
    file,
    interpreter: null,
    buf: new Uint8Array(BINPRM_BUF_SIZE),
    filename,
    interp: filename,
    path_inaccessible: !byName && task.files !== null && get_close_on_exec(task.files, fd),
    comm_from_dentry: !byName && name === '',
    argv: [],
    envp: [],
    room: 0,
    cred: prepare_creds(task),
    unsafe: 0,
    secureexec: false,
    enforce_nondump: false,
    rlim_stack: { ...task.signal.rlim[RLIMIT_STACK]! },
    point_of_no_return: false,
    p: 0,
    exec: 0,
  };
}

function free_bprm(bprm: LinuxBinprm): void {
  fput(bprm.file);
  if (bprm.interpreter) fput(bprm.interpreter);
}

function copy_user_strings(bprm: LinuxBinprm, argv: UserPtr, envp: UserPtr): number {
  const { task } = bprm;
  const args = read_pointers(task, argv);
  if (typeof args === 'number') return args;
  const env = read_pointers(task, envp);
  if (typeof env === 'number') return env;
  bprm.room = bprm_stack_limits(bprm.rlim_stack.cur, args.length, env.length);
  if (bprm.room < 0) return bprm.room;

  let err = take_room(bprm, bprm.filename);
  if (err < 0) return err;
  err = copy_strings(task, bprm, env, bprm.envp as string[]);
  if (err < 0) return err;
  err = copy_strings(task, bprm, args, bprm.argv);
  if (err < 0) return err;

  // Programs rely on argv[0], and some set-user-ID ones were lost without it.
  if (bprm.argv.length === 0) {
    task.kernel.printk.warn(
      `process '${task.comm}' launched '${bprm.filename}' with NULL argv: empty string added`,
    );
    bprm.argv.push('');
    return take_room(bprm, '');
  }
  return 0;
}

function* bprm_execve(bprm: LinuxBinprm): Sleeps<number> {
  const { task } = bprm;
  const { cred_guard_mutex } = task.signal;
  if ((yield* mutex_lock_interruptible(task, cred_guard_mutex)) < 0) {
    free_bprm(bprm);
    return -ERESTARTNOINTR;
  }
  bprm.unsafe = check_unsafe_exec(task);
  const old_pid = task_pid_vnr(task, task.parent); // a thread takes its leader's
  const err = yield* exec_binprm(bprm);
  if (cred_guard_mutex.owner === task) mutex_unlock(cred_guard_mutex);
  free_bprm(bprm);
  if (err === 0) {
    task.kernel.events?.emit({ type: 'exec', filename: bprm.filename });
    yield* ptrace_event(task, PTRACE_EVENT_EXEC, old_pid);
    return 0;
  }
  // There is nothing left to return to.
  if (bprm.point_of_no_return && !fatal_signal_pending(task)) force_fatal_sig(SIGSEGV, task);
  return err;
}

/** Until a format has loaded something, or a script's interpreter's interpreter's... is too deep. */
function* exec_binprm(bprm: LinuxBinprm): Sleeps<number> {
  for (let depth = 0; depth <= MAX_INTERPRETERS; depth++) {
    const err = yield* search_binary_handler(bprm);
    if (err < 0 || !bprm.interpreter) return err;
    fput(bprm.file);
    bprm.file = bprm.interpreter;
    bprm.interpreter = null;
  }
  return -ELOOP;
}

function* search_binary_handler(bprm: LinuxBinprm): Sleeps<number> {
  bprm.buf.fill(0);
  const read = kernel_read(bprm.task, bprm.file, bprm.buf, 0);
  if (read < 0) return read;
  for (const format of formats) {
    const err = yield* format.load_binary(bprm);
    if (err !== -ENOEXEC || bprm.point_of_no_return) return err;
  }
  return -ENOEXEC;
}

/* ---- The point of no return, and beyond ---- */

/** Everything of the old program that must not reach the new one goes. 0 or -errno. */
export function* begin_new_exec(bprm: LinuxBinprm): Sleeps<number> {
  const { task } = bprm;
  bprm_creds_from_file(bprm);
  bprm.point_of_no_return = true;
  const err = yield* de_thread(task);
  if (err < 0) return err;

  if (task.files) unshare_files(task);
  would_dump(bprm, bprm.file);
  const mm = exec_mmap(bprm);
  if (typeof mm === 'number') return mm;
  exit_itimers(task); // those of timer_create(); "the alarm clock is preserved"
  unshare_sighand(task);

  exec_task_namespaces(task);

  task.flags &= ~(PF_FORKNOEXEC | PF_KTHREAD);
  task.kernel.arch.flush_thread(task);
  clear_syscall_work_syscall_user_dispatch(task);
  rseq_execve(task);
  if (task.files) do_close_on_exec(task);
  if (bprm.secureexec) {
    task.pdeath_signal = 0;
    // A caller must not choose how much stack a privileged program has: mmap's layout follows from it.
    bprm.rlim_stack.cur = Math.min(bprm.rlim_stack.cur, _STK_LIM);
  }
  task.sas_ss_sp = NULL;
  task.sas_ss_size = 0;

  const name = bprm.comm_from_dentry ? bprm.file.f_path.dentry.d_name : kbasename(bprm.filename);
  task.comm = name.slice(0, COMM_LENGTH);
  task.self_exec_id++;
  flush_signal_handlers(task, false);
  commit_creds(task, bprm.cred);
  const own = task.cred.euid === task.cred.uid && task.cred.egid === task.cred.gid;
  mm.dumpable = own && !bprm.enforce_nondump ? 1 : 0;
  arch_pick_mmap_layout(task, mm, bprm.rlim_stack.cur);
  mutex_unlock(task.signal.cred_guard_mutex); // who attaches from now on is judged by the new credentials
  return 0;
}

const kbasename = (name: string): string => name.slice(name.lastIndexOf('/') + 1);

/** Who may execute a file but not read it may not read it from the process's memory either. */
export function would_dump(bprm: LinuxBinprm, file: File): void {
  if (inode_permission(bprm.task.cred, file.f_inode, MAY_READ) < 0) bprm.enforce_nondump = true;
}

/** The old memory goes, and with it vfork's parent is released. Returns the new one. */
function exec_mmap(bprm: LinuxBinprm): Mm | number {
  const { task } = bprm;
  const mm = mm_alloc(task.kernel);
  if (typeof mm === 'number') return mm;
  mm.exe_file = get_file(bprm.file);

  const old = task.mm;
  if (old) task.signal.maxrss = Math.max(task.signal.maxrss, old.hiwater_rss, get_mm_rss(old));
  exec_mm_release(task);
  task.mm = mm;
  task.kernel.arch.switch_mm(mm);
  if (old) mmput(old);
  return mm;
}

/** Linux: finalize_exec(). The limit as it was when the stack was laid out. */
export function finalize_exec({ task, rlim_stack }: LinuxBinprm): void {
  task.signal.rlim[RLIMIT_STACK] = rlim_stack;
}

/* ---- System calls ---- */

export const sys_execve = SYSCALL_DEFINE(
  'execve',
  { filename: path, argv: strings, envp: environ },
  function* (task, { filename, argv, envp }) {
    const name = getname(task, filename);
    if (typeof name === 'number') return name;
    return yield* do_execveat_common(task, AT_FDCWD, name, argv, envp, 0);
  },
);

export const sys_execveat = SYSCALL_DEFINE(
  'execveat',
  {
    fd: dirfd,
    filename: path,
    argv: strings,
    envp: environ,
    flags: bits({ AT_EMPTY_PATH, AT_SYMLINK_NOFOLLOW }),
  },
  function* (task, { fd, filename, argv, envp, flags }) {
    const name = getname(task, filename, (flags & AT_EMPTY_PATH) !== 0 ? LOOKUP_EMPTY : 0);
    if (typeof name === 'number') return name;
    return yield* do_execveat_common(task, fd, name, argv, envp, flags);
  },
);
