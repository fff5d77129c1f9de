/*
 * kernel/syscalls/table.ts - the system calls of arm64
 *
 * Linux:  include/uapi/asm-generic/unistd.h, arch/arm64/kernel/sys.c
 * Manual: syscalls(2)
 *
 * The numbers are the ABI. Rows are grouped by the file that implements them, so reading the table is a tour of the
 * kernel. A call without a row is -ENOSYS and is told once in the log; `gap` says what a row does not do.
 */

import {
  sys_chdir,
  sys_chroot,
  sys_faccessat,
  sys_faccessat2,
  sys_fchdir,
  sys_getcwd,
  sys_umask,
} from '../fs/access.ts';
import {
  sys_fallocate,
  sys_fchmod,
  sys_fchmodat,
  sys_fchmodat2,
  sys_fchown,
  sys_fchownat,
  sys_ftruncate,
  sys_truncate,
  sys_utimensat,
} from '../fs/attr.ts';
import {
  sys_linkat,
  sys_mkdirat,
  sys_mknodat,
  sys_renameat,
  sys_renameat2,
  sys_symlinkat,
  sys_unlinkat,
} from '../fs/dirops.ts';
import { sys_epoll_create1, sys_epoll_ctl, sys_epoll_pwait, sys_epoll_pwait2 } from '../fs/epoll_syscalls.ts';
import { sys_eventfd2 } from '../fs/eventfd.ts';
import { sys_execve, sys_execveat } from '../fs/exec.ts';
import { sys_fcntl } from '../fs/fcntl.ts';
import { sys_close, sys_close_range, sys_dup, sys_dup3 } from '../fs/file.ts';
import { sys_ioctl } from '../fs/ioctl.ts';
import { sys_flock } from '../fs/locks.ts';
import { sys_memfd_create } from '../fs/memfd.ts';
import { sys_mount, sys_umount2 } from '../fs/namespace.ts';
import { sys_openat, sys_openat2 } from '../fs/open.ts';
import { sys_pipe2 } from '../fs/pipe.ts';
import {
  sys_lseek,
  sys_pread64,
  sys_preadv,
  sys_preadv2,
  sys_pwrite64,
  sys_pwritev,
  sys_pwritev2,
  sys_read,
  sys_readv,
  sys_write,
  sys_writev,
} from '../fs/read_write.ts';
import { sys_getdents64 } from '../fs/readdir.ts';
import { sys_ppoll, sys_pselect6 } from '../fs/select.ts';
import { sys_signalfd4 } from '../fs/signalfd.ts';
import { sys_copy_file_range, sys_sendfile64, sys_splice, sys_tee, sys_vmsplice } from '../fs/splice.ts';
import { sys_newfstat, sys_newfstatat, sys_readlinkat, sys_statx } from '../fs/stat.ts';
import { sys_fstatfs, sys_statfs } from '../fs/statfs.ts';
import { sys_timerfd_create, sys_timerfd_gettime, sys_timerfd_settime } from '../fs/timerfd.ts';
import {
  sys_fadvise64,
  sys_fdatasync,
  sys_fsync,
  sys_readahead,
  sys_sync,
  sys_sync_file_range,
  sys_syncfs,
} from '../fs/sync.ts';
import {
  sys_setxattr,
  sys_lsetxattr,
  sys_fsetxattr,
  sys_getxattr,
  sys_lgetxattr,
  sys_fgetxattr,
  sys_listxattr,
  sys_llistxattr,
  sys_flistxattr,
  sys_removexattr,
  sys_lremovexattr,
  sys_fremovexattr,
} from '../fs/xattr_syscalls.ts';
import {
  sys_accept,
  sys_accept4,
  sys_bind,
  sys_connect,
  sys_getpeername,
  sys_getsockname,
  sys_recvfrom,
  sys_recvmsg,
  sys_sendmsg,
  sys_sendto,
  sys_shutdown,
  sys_socket,
  sys_socketpair,
  sys_listen,
} from '../net/syscalls.ts';
import { sys_getsockopt, sys_setsockopt } from '../net/sockopt.ts';
import { sys_brk } from '../mm/brk.ts';
import { sys_madvise } from '../mm/madvise.ts';
import { sys_mincore } from '../mm/mincore.ts';
import { sys_process_vm_readv, sys_process_vm_writev } from '../mm/process_vm_access.ts';
import { sys_mlock, sys_mlock2, sys_mlockall, sys_munlock, sys_munlockall } from '../mm/mlock.ts';
import { sys_mmap, sys_munmap } from '../mm/mmap.ts';
import { sys_mprotect } from '../mm/mprotect.ts';
import { sys_mremap } from '../mm/mremap.ts';
import { sys_msync } from '../mm/msync.ts';
import { sys_kcmp } from '../kcmp.ts';
import { sys_syslog } from '../printk.ts';
import {
  sys_kill,
  sys_restart_syscall,
  sys_rt_sigaction,
  sys_rt_sigpending,
  sys_rt_sigprocmask,
  sys_rt_sigqueueinfo,
  sys_rt_sigreturn,
  sys_rt_sigsuspend,
  sys_rt_sigtimedwait,
  sys_rt_tgsigqueueinfo,
  sys_sigaltstack,
  sys_tgkill,
  sys_tkill,
} from '../signal/syscalls.ts';
import { sys_clone, sys_clone3, sys_set_tid_address, sys_unshare } from '../clone.ts';
import { sys_exit, sys_exit_group } from '../exit.ts';
import { sys_setns } from '../nsproxy.ts';
import { sys_wait4, sys_waitid } from '../wait.ts';
import { sys_pidfd_open, sys_pidfd_send_signal } from '../fs/pidfs.ts';
import { sys_pidfd_getfd } from '../pidfd.ts';
import { sys_futex, sys_get_robust_list, sys_set_robust_list } from '../futex/syscalls.ts';
import {
  sys_getcpu,
  sys_getpriority,
  sys_sched_get_priority_max,
  sys_sched_get_priority_min,
  sys_sched_getaffinity,
  sys_sched_getattr,
  sys_sched_getparam,
  sys_sched_getscheduler,
  sys_sched_rr_get_interval,
  sys_sched_setaffinity,
  sys_sched_setattr,
  sys_sched_setparam,
  sys_sched_setscheduler,
  sys_sched_yield,
  sys_setpriority,
} from '../sched/syscalls.ts';
import { sys_getrusage, sys_times } from '../sched/cputime.ts';
import { sys_getitimer, sys_setitimer } from '../time/itimer.ts';
import {
  sys_timer_create,
  sys_timer_delete,
  sys_timer_getoverrun,
  sys_timer_gettime,
  sys_timer_settime,
} from '../time/posix-timers.ts';
import { sys_clock_getres, sys_clock_gettime, sys_clock_settime } from '../time/posix-clock.ts';
import { sys_clock_nanosleep, sys_nanosleep } from '../time/nanosleep.ts';
import { sys_adjtimex, sys_clock_adjtime, sys_gettimeofday, sys_settimeofday } from '../time/time.ts';
import {
  sys_getpgid,
  sys_getpid,
  sys_getppid,
  sys_getsid,
  sys_gettid,
  sys_newuname,
  sys_personality,
  sys_setdomainname,
  sys_sethostname,
  sys_setpgid,
  sys_setsid,
  sys_sysinfo,
} from '../sys.ts';
import {
  sys_getegid,
  sys_geteuid,
  sys_getgid,
  sys_getgroups,
  sys_getresgid,
  sys_getresuid,
  sys_getuid,
  sys_setfsgid,
  sys_setfsuid,
  sys_setgid,
  sys_setgroups,
  sys_setregid,
  sys_setresgid,
  sys_setresuid,
  sys_setreuid,
  sys_setuid,
} from '../uid.ts';
import { sys_getrlimit, sys_prlimit64, sys_setrlimit } from '../rlimit.ts';
import { sys_prctl } from '../prctl.ts';
import { sys_rseq } from '../rseq.ts';
import { sys_seccomp } from '../seccomp.ts';
import { sys_ptrace } from '../ptrace.ts';
import { sys_capget, sys_capset } from '../capability.ts';
import { sys_getrandom } from '../drivers/char/random.ts';
import { sys_reboot } from '../reboot.ts';
import { sys_ioprio_get, sys_ioprio_set } from '../ioprio.ts';
import { sys_membarrier } from '../sched/membarrier.ts';
import type { Syscall } from './define.ts';

type Row = readonly [nr: number, fn: Syscall, gap?: string];

// biome-ignore format: columns teach
export const sys_call_table: readonly Row[] = [
  // kernel/signal/syscalls.ts
  [128, sys_restart_syscall],
  [129, sys_kill],
  [130, sys_tkill],
  [131, sys_tgkill],
  [132, sys_sigaltstack],
  [133, sys_rt_sigsuspend],
  [134, sys_rt_sigaction],
  [135, sys_rt_sigprocmask],
  [136, sys_rt_sigpending],
  [137, sys_rt_sigtimedwait],
  [138, sys_rt_sigqueueinfo],
  [139, sys_rt_sigreturn],
  [240, sys_rt_tgsigqueueinfo],
  // kernel/fs/access.ts
  [ 17, sys_getcwd],
  [ 48, sys_faccessat],
  [ 49, sys_chdir],
  [ 50, sys_fchdir],
  [ 51, sys_chroot],
  [166, sys_umask],
  [439, sys_faccessat2],
  // kernel/fs/attr.ts
  [ 45, sys_truncate],
  [ 46, sys_ftruncate],
  [ 47, sys_fallocate, 'PUNCH_HOLE and KEEP_SIZE only'],
  [ 52, sys_fchmod],
  [ 53, sys_fchmodat],
  [ 54, sys_fchownat],
  [ 55, sys_fchown],
  [ 88, sys_utimensat],
  [452, sys_fchmodat2],
  // kernel/fs/dirops.ts
  [ 33, sys_mknodat],
  [ 34, sys_mkdirat],
  [ 35, sys_unlinkat],
  [ 36, sys_symlinkat],
  [ 37, sys_linkat],
  [ 38, sys_renameat],
  [276, sys_renameat2, 'no RENAME_WHITEOUT'],
  // kernel/fs/epoll_syscalls.ts
  [ 20, sys_epoll_create1],
  [ 21, sys_epoll_ctl],
  [ 22, sys_epoll_pwait],
  [441, sys_epoll_pwait2],
  // kernel/fs/eventfd.ts
  [ 19, sys_eventfd2],
  // kernel/fs/exec.ts
  [221, sys_execve],
  [281, sys_execveat],
  // kernel/fs/fcntl.ts
  [ 25, sys_fcntl, 'no leases, no F_NOTIFY, no SIGIO'],
  // kernel/fs/file.ts
  [ 23, sys_dup],
  [ 24, sys_dup3],
  [ 57, sys_close],
  [436, sys_close_range],
  // kernel/fs/ioctl.ts
  [ 29, sys_ioctl],
  // kernel/fs/locks.ts
  [ 32, sys_flock],
  // kernel/fs/memfd.ts
  [279, sys_memfd_create, 'no MFD_HUGETLB'],
  // kernel/fs/namespace.ts
  [ 39, sys_umount2, 'no MNT_EXPIRE'],
  [ 40, sys_mount, 'every mount is private; no MS_MOVE'],
  // kernel/fs/open.ts
  [ 56, sys_openat, 'O_DIRECT does nothing'],
  [437, sys_openat2],
  // kernel/fs/pipe.ts
  [ 59, sys_pipe2, 'no O_NOTIFICATION_PIPE'],
  // kernel/fs/read_write.ts
  [ 62, sys_lseek],
  [ 63, sys_read],
  [ 64, sys_write],
  [ 65, sys_readv],
  [ 66, sys_writev],
  [ 67, sys_pread64],
  [ 68, sys_pwrite64],
  [ 69, sys_preadv],
  [ 70, sys_pwritev],
  [286, sys_preadv2],
  [287, sys_pwritev2],
  // kernel/fs/readdir.ts
  [ 61, sys_getdents64],
  // kernel/fs/select.ts
  [ 72, sys_pselect6],
  [ 73, sys_ppoll],
  // kernel/fs/signalfd.ts
  [ 74, sys_signalfd4],
  // kernel/fs/timerfd.ts
  [ 85, sys_timerfd_create],
  [ 86, sys_timerfd_settime],
  [ 87, sys_timerfd_gettime],
  // kernel/fs/splice.ts
  [ 71, sys_sendfile64],
  [ 75, sys_vmsplice],
  [ 76, sys_splice],
  [ 77, sys_tee],
  [285, sys_copy_file_range],
  // kernel/fs/stat.ts
  [ 78, sys_readlinkat],
  [ 79, sys_newfstatat],
  [ 80, sys_newfstat],
  [291, sys_statx],
  // kernel/fs/statfs.ts
  [ 43, sys_statfs],
  [ 44, sys_fstatfs],
  // kernel/fs/sync.ts
  [ 81, sys_sync],
  [ 82, sys_fsync],
  [ 83, sys_fdatasync],
  [ 84, sys_sync_file_range],
  [213, sys_readahead],
  [223, sys_fadvise64],
  [267, sys_syncfs],
  // kernel/fs/xattr_syscalls.ts
  [  5, sys_setxattr],
  [  6, sys_lsetxattr],
  [  7, sys_fsetxattr],
  [  8, sys_getxattr],
  [  9, sys_lgetxattr],
  [ 10, sys_fgetxattr],
  [ 11, sys_listxattr],
  [ 12, sys_llistxattr],
  [ 13, sys_flistxattr],
  [ 14, sys_removexattr],
  [ 15, sys_lremovexattr],
  [ 16, sys_fremovexattr],
  // kernel/clone.ts
  [ 96, sys_set_tid_address],
  [ 97, sys_unshare, 'no IPC, network and cgroup namespaces'],
  // kernel/nsproxy.ts
  [268, sys_setns, 'no IPC, network and cgroup namespaces'],
  [220, sys_clone, 'no IPC, network and cgroup namespaces'],
  [435, sys_clone3, 'no IPC, network and cgroup namespaces, no CLONE_INTO_CGROUP'],
  // kernel/exit.ts
  [ 93, sys_exit],
  [ 94, sys_exit_group],
  // kernel/wait.ts
  [ 95, sys_waitid],
  [260, sys_wait4],
  // kernel/fs/pidfs.ts
  [424, sys_pidfd_send_signal],
  [434, sys_pidfd_open],
  // kernel/pidfd.ts
  [438, sys_pidfd_getfd],
  // kernel/futex/syscalls.ts
  [ 98, sys_futex, 'no PI operations'],
  [ 99, sys_set_robust_list],
  [100, sys_get_robust_list],
  // kernel/kcmp.ts
  [272, sys_kcmp, 'no KCMP_EPOLL_TFD'],
  // kernel/printk.ts
  [116, sys_syslog],
  // kernel/sched/syscalls.ts
  [118, sys_sched_setparam],
  [119, sys_sched_setscheduler, 'no SCHED_DEADLINE'],
  [120, sys_sched_getscheduler],
  [121, sys_sched_getparam],
  [122, sys_sched_setaffinity],
  [123, sys_sched_getaffinity],
  [124, sys_sched_yield],
  [125, sys_sched_get_priority_max],
  [126, sys_sched_get_priority_min],
  [127, sys_sched_rr_get_interval],
  [140, sys_setpriority],
  [141, sys_getpriority],
  [168, sys_getcpu],
  [274, sys_sched_setattr, 'no SCHED_DEADLINE, no utilisation clamps'],
  [275, sys_sched_getattr],
  // kernel/ioprio.ts
  [ 30, sys_ioprio_set],
  [ 31, sys_ioprio_get],
  // kernel/sched/membarrier.ts
  [283, sys_membarrier, 'no commands for restartable sequences'],
  // kernel/sched/cputime.ts
  [153, sys_times],
  [165, sys_getrusage],
  // kernel/time/itimer.ts
  [102, sys_getitimer],
  [103, sys_setitimer],
  // kernel/time/posix-timers.ts
  [107, sys_timer_create],
  [108, sys_timer_gettime],
  [109, sys_timer_getoverrun],
  [110, sys_timer_settime],
  [111, sys_timer_delete],
  // kernel/time/posix-clock.ts
  [112, sys_clock_settime],
  [113, sys_clock_gettime, 'no clocks that are descriptors'],
  [114, sys_clock_getres],
  // kernel/time/nanosleep.ts
  [101, sys_nanosleep],
  [115, sys_clock_nanosleep],
  // kernel/time/time.ts
  [169, sys_gettimeofday],
  [170, sys_settimeofday],
  [171, sys_adjtimex, 'steps and reports; the clock is never slewed'],
  [266, sys_clock_adjtime, 'CLOCK_REALTIME only, and as adjtimex'],
  // kernel/net/syscalls.ts
  [198, sys_socket, 'AF_UNIX and NETLINK_AUDIT only'],
  [199, sys_socketpair],
  [200, sys_bind],
  [201, sys_listen],
  [202, sys_accept],
  [203, sys_connect],
  [204, sys_getsockname],
  [205, sys_getpeername],
  [206, sys_sendto],
  [207, sys_recvfrom],
  [210, sys_shutdown],
  [211, sys_sendmsg],
  [212, sys_recvmsg],
  [242, sys_accept4],
  // kernel/net/sockopt.ts
  [208, sys_setsockopt, 'no filters, no time stamps, no SO_LINGER'],
  [209, sys_getsockopt, 'SOL_SOCKET only'],
  // kernel/mm/brk.ts
  [214, sys_brk],
  // kernel/mm/mmap.ts
  [215, sys_munmap],
  [222, sys_mmap, 'no huge pages, no MAP_DROPPABLE, no MAP_SYNC'],
  // kernel/mm/mremap.ts
  [216, sys_mremap],
  // kernel/mm/mprotect.ts
  [226, sys_mprotect],
  // kernel/mm/msync.ts
  [227, sys_msync],
  // kernel/mm/mlock.ts
  [228, sys_mlock],
  [229, sys_munlock],
  [230, sys_mlockall],
  [231, sys_munlockall],
  [284, sys_mlock2],
  // kernel/mm/process_vm_access.ts
  [270, sys_process_vm_readv],
  [271, sys_process_vm_writev],
  // kernel/mm/mincore.ts
  [232, sys_mincore],
  // kernel/mm/madvise.ts
  [233, sys_madvise, 'no MADV_COLLAPSE, no memory poisoning'],
  // kernel/sys.ts
  [ 92, sys_personality],
  [154, sys_setpgid],
  [155, sys_getpgid],
  [156, sys_getsid],
  [157, sys_setsid],
  [160, sys_newuname],
  [161, sys_sethostname],
  [162, sys_setdomainname],
  [172, sys_getpid],
  [173, sys_getppid],
  [178, sys_gettid],
  [179, sys_sysinfo],
  // kernel/uid.ts
  [143, sys_setregid],
  [144, sys_setgid],
  [145, sys_setreuid],
  [146, sys_setuid],
  [147, sys_setresuid],
  [148, sys_getresuid],
  [149, sys_setresgid],
  [150, sys_getresgid],
  [151, sys_setfsuid],
  [152, sys_setfsgid],
  [158, sys_getgroups],
  [159, sys_setgroups],
  [174, sys_getuid],
  [175, sys_geteuid],
  [176, sys_getgid],
  [177, sys_getegid],
  // kernel/rlimit.ts
  [163, sys_getrlimit],
  [164, sys_setrlimit],
  [261, sys_prlimit64],
  // kernel/prctl.ts
  [167, sys_prctl, 'no PR_SET_MM; unknown operations are EINVAL'],
  // kernel/seccomp.ts
  [277, sys_seccomp, 'SECCOMP_FILTER_FLAG_SPEC_ALLOW changes nothing'],
  // kernel/rseq.ts
  [293, sys_rseq, 'no time slice extension'],
  // kernel/ptrace.ts
  [117, sys_ptrace],
  // kernel/capability.ts
  [ 90, sys_capget],
  [ 91, sys_capset],
  // kernel/reboot.ts
  [142, sys_reboot, 'no kexec, no suspend'],
  // kernel/drivers/char/random.ts
  [278, sys_getrandom],
];

/** First number that no call has (v6.12). */
export const __NR_syscalls = 463;

/** The same by number, for who makes the call: index = number. */
export function index_syscalls(rows: readonly Row[] = sys_call_table): (Syscall | undefined)[] {
  const table = new Array<Syscall | undefined>(__NR_syscalls).fill(undefined);
  for (const [nr, fn] of rows) {
    if (table[nr]) throw new Error(`system call ${nr} has two rows: ${table[nr].name} and ${fn.name}`);
    table[nr] = fn;
  }
  return table;
}

/** For those who describe calls instead of making them. */
export const syscall_by_nr = (nr: number): Syscall | undefined =>
  sys_call_table.find(([row]) => row === nr)?.[1];
