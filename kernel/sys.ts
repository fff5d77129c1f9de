/*
 * kernel/sys.ts - names, numbers and limits of a process
 *
 * Linux:   kernel/sys.c (v6.12)
 * Manual:  credentials(7), setpgid(2), getrlimit(2), uname(2)
 * Differs: ids are in kernel/uid.ts, prctl() in kernel/prctl.ts
 */

import { capable } from './cred.ts';
import { proc_clear_tty } from './drivers/tty/tty_jobctrl.ts';
import { PF_FORKNOEXEC, type Task } from './include/linux/sched.ts';
import type { Rlimit } from './include/linux/signal.ts';
import { NULL, PAGE_SIZE, type UserPtr } from './include/linux/types.ts';
import { CAP_SYS_ADMIN, CAP_SYS_RESOURCE } from './include/uapi/capability.ts';
import { EACCES, EFAULT, EINVAL, EPERM, ESRCH } from './include/uapi/errno.ts';
import { RLIM_NLIMITS, RLIMIT_CPU, RLIMIT_NOFILE } from './include/uapi/resource.ts';
import { get_unaligned_le32, get_unaligned_le64, put_unaligned_le16, put_unaligned_le32, put_unaligned_le64, string_to_bytes } from './lib/bytes.ts';
import { copy_to_user, memdup_user } from './lib/usercopy.ts';
import { NR_OPEN } from './fs/file.ts';
import { change_pid, type Pid, PIDTYPE_PGID, PIDTYPE_PID, PIDTYPE_SID, pid_task } from './pid.ts';
import { update_rlimit_cpu } from './time/rlimit_cpu.ts';
import { enumeration, int, outptr, ptr, SYSCALL_DEFINE, uint } from './syscalls/define.ts';
import { NSEC_PER_SEC } from './time/timekeeping.ts';
