/*
 * kernel/init/main.ts - from the first instruction to init's
 *
 * Linux:   init/main.c (v6.12)
 * Manual:  Documentation/admin-guide/init.rst, bootparam(7)
 * Differs: create_kernel() stands for what upstream's linker and assembly have done before: memory that holds nothing yet.
 *          start_kernel() returns where upstream's idle loop begins, because that loop is the machine owner's.
 * Absent:  a root file system other than the initramfs; kthreadd (kernel threads are made directly)
 *
 * The order is upstream's, and each line needs what stands above it.
 */

import type { Arch } from '../arch.ts';
import { audit_init } from '../audit.ts';
import { UserTable } from '../cred.ts';
import { chr_dev_init } from '../drivers/char/mem.ts';
import { random_init } from '../drivers/char/random.ts';
import { timer_probe } from '../drivers/clocksource/arm_arch_timer.ts';
import { irqchip_init } from '../drivers/irqchip/irq-gic-v3.ts';
import { of_initrd } from '../drivers/of/address.ts';
import { of_property_read_string } from '../drivers/of/fdt.ts';
import { pl031_init } from '../drivers/rtc/rtc-pl031.ts';
import { cpu_dev_init } from '../drivers/base/cpu.ts';
import { unix98_pty_init } from '../drivers/tty/pty.ts';
import { pl011_init } from '../drivers/tty/amba-pl011.ts';
import { tty_init } from '../drivers/tty/tty_io.ts';
import { syscall_user_dispatch_init } from '../entry/syscall_user_dispatch.ts';
import { fork_init, kernel_thread } from '../fork.ts';
import { vfs_caches_init } from '../fs/dcache.ts';
import { init_devpts_fs } from '../fs/devpts.ts';
import { devtmpfs_init } from '../fs/devices.ts';
import { kernel_execve } from '../fs/exec.ts';
import { fd_install, get_unused_fd_flags, ksys_dup3 } from '../fs/file.ts';
import { init_fs } from '../fs/fs_struct.ts';
import { default_rootfs, populate_rootfs } from '../fs/initramfs.ts';
import { filp_open } from '../fs/open.ts';
import { KcmpOrder } from '../kcmp.ts';
import { UnixTable } from '../net/unix/names.ts';
import { proc_root_init } from '../fs/proc/root.ts';
import { FutexTable } from '../futex/core.ts';
import type { Task } from '../include/linux/sched.ts';
import { PAGE_SIZE } from '../include/linux/types.ts';
import { ENOENT } from '../include/uapi/errno.ts';
import { O_RDWR } from '../include/uapi/fcntl.ts';
import { CLONE_FS } from '../include/uapi/sched.ts';
import { early_irq_init } from '../irq/irqdesc.ts';
import type { Io, Kernel } from '../kernel.ts';
import { PageAllocator } from '../mm/page_alloc.ts';
import { panic } from '../panic.ts';
import { PidTable } from '../pid.ts';
import { Printk } from '../printk.ts';
import { Yama, yama_init } from '../security/yama.ts';
import { Scheduler } from '../sched/core.ts';
import type { Sleeps } from '../sched/wait.ts';
import { rseq_init } from '../rseq.ts';
import { new_actions_logged, seccomp_sysctl_init } from '../seccomp.ts';
import { HrTimers } from '../time/hrtimer.ts';
import { Timekeeping } from '../time/timekeeping.ts';
import { init_task } from './init_task.ts';
import { sysfs_init } from '../fs/sysfs.ts';
import { tracefs_init } from '../fs/tracefs/inode.ts';
import { index_syscalls } from '../syscalls/table.ts';
import { SyscallTrace } from '../trace/trace_syscalls.ts';
import { parse_args } from './params.ts';
import { linux_banner } from './version.ts';
import { PROC_DYNAMIC_FIRST } from '../include/linux/ns_common.ts';

/** A kernel that has done nothing yet. The fields that are missing here are made by the init functions, in their order. */
export function create_kernel(arch: Arch, io: Io): Kernel {
  const users = new UserTable();
  const kernel = {
    arch,
    io,
    events: null,
    command_line: '',
    params: new Map<string, string>(),
    init_args: [],
    init_env: ['HOME=/', 'TERM=linux'],
    pids: new PidTable(users),
    users,
    futex: new FutexTable(),
    yama: new Yama(),
    init: null,
    pm_power_off: null,
    restart_handler: null,
    next_ns_inum: PROC_DYNAMIC_FIRST,
    unknown_syscalls: new Set<number>(),
    kcmp: new KcmpOrder(),
    unix: new UnixTable(),
    seccomp_actions_logged: new_actions_logged(),
    syscall_user_dispatch: true,
    rseq_debug: false,
    mm: new PageAllocator(io),
  } as Partial<Kernel> as Kernel & { init_task: Task };
  kernel.printk = new Printk(kernel);
  kernel.hrtimers = new HrTimers(kernel);
  kernel.time = new Timekeeping(
    () => kernel.hrtimers.clock_was_set(),
    () => kernel.arch.update_vsyscall(),
  );
  kernel.init_task = init_task(kernel);
  return kernel;
}

/** Boots as far as the first thread of PID 1, which runs when the owner calls kernel.sched.run(). */
export function start_kernel(kernel: Kernel, dtb: number): void {
  const { printk, arch } = kernel;
  printk.notice(linux_banner());
  arch.setup_arch(kernel, dtb);
  const { chosen } = kernel.of;
  kernel.command_line = (chosen && of_property_read_string(chosen, 'bootargs')) ?? '';
  printk.notice(`Kernel command line: ${kernel.command_line}`);
  parse_args(kernel);
  printk.console_setup(kernel.params);
  const { uts_ns } = kernel.init_task.nsproxy;
  uts_ns.nodename = kernel.params.get('hostname') ?? uts_ns.nodename;

  mm_core_init(kernel);
  sched_init(kernel);
  early_irq_init(kernel);
  irqchip_init(kernel);
  time_init(kernel);
  random_init(kernel);
  fork_init(kernel, kernel.mm.totalram_pages * PAGE_SIZE);
  vfs_caches_init(kernel);
  kernel.init_task.fs = init_fs(kernel.fs.root);
  proc_root_init(kernel);
  audit_init(kernel);
  yama_init(kernel);
  seccomp_sysctl_init(kernel);
  syscall_user_dispatch_init(kernel);
  rseq_init(kernel);
  do_initcalls(kernel);
  rest_init(kernel);
}

function mm_core_init(kernel: Kernel): void {
  const { mm, printk } = kernel;
  mm.memblock_free_all();
  const kib = (pages: number): number => (pages * PAGE_SIZE) / 1024;
  printk.info(`Memory: ${kib(mm.totalram_pages)}K/${kib(mm.present_pages)}K available`);
}

function sched_init(kernel: Kernel): void {
  kernel.sched = new Scheduler(kernel, kernel.init_task);
}

/** From here on time passes, and the log has stamps. */
function time_init(kernel: Kernel): void {
  if (timer_probe(kernel) < 0) panic('Unable to initialise architected timer.');
}

/** Upstream runs these from kernel_init(), as initcalls; nothing here sleeps. */
function do_initcalls(kernel: Kernel): void {
  sysfs_init(kernel);
  cpu_dev_init(kernel);
  kernel.trace = new SyscallTrace(kernel, index_syscalls());
  tracefs_init(kernel);
  devtmpfs_init(kernel);
  chr_dev_init(kernel);
  tty_init(kernel);
  pl011_init(kernel);
  init_devpts_fs(kernel);
  unix98_pty_init(kernel);
  pl031_init(kernel);
  kernel.arch.initcalls(kernel);
}

/** PID 1 is born here; PID 0 has nothing left to do. */
function rest_init(kernel: Kernel): void {
  kernel_thread(kernel.init_task, kernel_init, 'swapper', CLONE_FS);
}

/** PID 1 as a kernel thread. Returns when it has become a program. */
function* kernel_init(task: Task): Sleeps<void> {
  const { kernel } = task;
  unpack_rootfs(kernel);
  console_on_rootfs(task);

  const { printk, params } = kernel;
  const ramdisk_execute_command = params.get('rdinit') ?? '/init';
  const ret = yield* run_init_process(task, ramdisk_execute_command);
  if (ret === 0) return;
  if (ret !== -ENOENT || params.has('rdinit'))
    printk.err(`Failed to execute ${ramdisk_execute_command} (error ${ret})`);

  const execute_command = params.get('init');
  if (execute_command !== undefined) {
    const err = yield* run_init_process(task, execute_command);
    if (err === 0) return;
    panic(`Requested init ${execute_command} failed (error ${err}).`);
  }
  for (const name of ['/sbin/init', '/etc/init', '/bin/init', '/bin/sh']) {
    const err = yield* run_init_process(task, name);
    if (err === 0) return;
    if (err !== -ENOENT) printk.err(`Starting init: ${name} exists but couldn't execute it (error ${err})`);
  }
  panic(
    'No working init found.  Try passing init= option to kernel. ' +
      'See Linux Documentation/admin-guide/init.rst for guidance.',
  );
}

function unpack_rootfs(kernel: Kernel): void {
  default_rootfs(kernel);
  const initrd = of_initrd(kernel.of);
  if (!initrd) return;
  kernel.printk.info('Trying to unpack rootfs image as initramfs...');
  populate_rootfs(kernel, initrd.start, initrd.start + initrd.size);
  const freed = kernel.mm.free_reserved_area(initrd.start, initrd.size);
  kernel.printk.info(`Freeing initrd memory: ${(freed * PAGE_SIZE) / 1024}K`);
}

/** Descriptors 0, 1 and 2, which everybody inherits. */
function console_on_rootfs(task: Task): void {
  const file = filp_open(task, '/dev/console', O_RDWR, 0);
  if (typeof file === 'number') {
    task.kernel.printk.err('Warning: unable to open an initial console.');
    return;
  }
  const fd = get_unused_fd_flags(task, 0);
  fd_install(task, fd, file);
  ksys_dup3(task, fd, 1, 0);
  ksys_dup3(task, fd, 2, 0);
}

function* run_init_process(task: Task, filename: string): Sleeps<number> {
  const { printk, init_args, init_env } = task.kernel;
  const argv = [filename, ...init_args];
  printk.info(`Run ${filename} as init process`);
  printk.debug(`  with arguments: ${argv.join(' ')}`);
  printk.debug(`  with environment: ${init_env.join(' ')}`);
  return yield* kernel_execve(task, filename, argv, init_env);
}
