/*
 * calls.h - what kinds of arguments the calls have, a letter for each
 *
 *   f  descriptor           d  folder to begin at      p  path that is there     P  path that is not     D  folder's path
 *   b  memory               z  memory or nothing       l  its length             v  vectors              n  how many
 *   m  flags                g  flags that nobody has   c  command, clock, way    F  family of sockets    s  size of a signal set
 *   i  process              k  signal                  o  offset                 t  time                 u  owner
 *   x  address in memory    a  vector of strings
 */
#pragma once
#include "lib.h"

#define CALL(name, letters) {#name, letters, __NR_##name}
static const struct call {
  const char *name, *letters;
  long nr;
} calls[] = {
  CALL(read, "fbl"), CALL(write, "fbl"), CALL(readv, "fvn"), CALL(writev, "fvn"),
  CALL(pread64, "fblo"), CALL(pwrite64, "fblo"), CALL(preadv, "fvno"), CALL(pwritev, "fvno"),
  CALL(preadv2, "fvnocg"), CALL(pwritev2, "fvnocg"), CALL(lseek, "foc"), CALL(sendfile, "ffzl"),
  CALL(copy_file_range, "fzfzlg"), CALL(close, "f"), CALL(close_range, "ffg"), CALL(dup, "f"), CALL(dup3, "ffg"),
  CALL(pipe2, "bg"), CALL(eventfd2, "mg"), CALL(epoll_create1, "g"), CALL(epoll_ctl, "fcfb"), CALL(epoll_pwait, "fbnczs"),
  CALL(signalfd4, "fbsg"), CALL(timerfd_create, "cg"), CALL(timerfd_gettime, "fb"),
  CALL(timerfd_settime, "fmbz"), CALL(memfd_create, "pg"), CALL(flock, "fc"), CALL(fsync, "f"), CALL(fdatasync, "f"),
  CALL(syncfs, "f"), CALL(sync_file_range, "foom"), CALL(fadvise64, "fooc"), CALL(fallocate, "fgol"), CALL(ftruncate, "fo"),
  CALL(truncate, "po"), CALL(openat, "dpm"), CALL(openat2, "dpbl"), CALL(mkdirat, "dPm"), CALL(mknodat, "dPmm"),
  CALL(unlinkat, "dpg"), CALL(symlinkat, "pdP"), CALL(linkat, "dpdPg"), CALL(renameat2, "dpdPm"), CALL(readlinkat, "dpbl"),
  CALL(faccessat, "dpm"), CALL(faccessat2, "dpmg"), CALL(fchmodat, "dpm"), CALL(fchmodat2, "dpmg"), CALL(fchmod, "fm"),
  CALL(fchownat, "dpuug"), CALL(fchown, "fuu"), CALL(newfstatat, "dpbg"), CALL(fstat, "fb"), CALL(statx, "dpggb"),
  CALL(utimensat, "dpzg"), CALL(statfs, "pb"), CALL(fstatfs, "fb"), CALL(chdir, "D"), CALL(fchdir, "f"), CALL(chroot, "D"),
  CALL(getcwd, "bl"), CALL(getdents64, "fbl"), CALL(ppoll, "bntzs"), CALL(pselect6, "nzzztz"),
  CALL(nanosleep, "tz"), CALL(clock_nanosleep, "cmtz"), CALL(clock_gettime, "cb"), CALL(clock_getres, "cz"),
  CALL(gettimeofday, "zz"), CALL(getitimer, "cb"), CALL(setitimer, "czz"), CALL(timer_create, "czb"), CALL(timer_delete, "c"),
  CALL(timer_gettime, "cb"), CALL(timer_settime, "cmbz"), CALL(timer_getoverrun, "c"), CALL(times, "z"),
  CALL(getrusage, "cb"), CALL(getrlimit, "cb"), CALL(prlimit64, "iszz"), CALL(uname, "b"), CALL(sysinfo, "b"),
  CALL(getcpu, "zzz"), CALL(getrandom, "blm"), CALL(umask, "m"), CALL(personality, "m"),
  CALL(kill, "ik"), CALL(tkill, "ik"), CALL(tgkill, "iik"), CALL(rt_sigaction, "kzzs"), CALL(rt_sigprocmask, "czzs"),
  CALL(rt_sigpending, "bs"), CALL(rt_sigtimedwait, "bzts"), CALL(rt_sigqueueinfo, "ikb"), CALL(rt_tgsigqueueinfo, "iikb"),
  CALL(rt_sigsuspend, "bs"), CALL(sigaltstack, "zz"), CALL(pidfd_open, "ig"), CALL(pidfd_send_signal, "fkzg"),
  CALL(pidfd_getfd, "ffg"), CALL(kcmp, "iicff"), CALL(wait4, "izmz"), CALL(waitid, "ciz"),
  CALL(getpgid, "i"), CALL(getsid, "i"), CALL(setpgid, "ii"), CALL(getpriority, "ci"), CALL(setpriority, "cic"),
  CALL(sched_getparam, "ib"), CALL(sched_setparam, "ib"), CALL(sched_getscheduler, "i"), CALL(sched_setscheduler, "icb"),
  CALL(sched_get_priority_max, "c"), CALL(sched_rr_get_interval, "ib"), CALL(sched_getaffinity, "ilb"),
  CALL(sched_getattr, "ibng"), CALL(sched_setattr, "ibg"), CALL(membarrier, "cg"), CALL(futex, "bcntbc"),
  CALL(set_robust_list, "bl"), CALL(get_robust_list, "ibb"), CALL(rseq, "blmc"),
  CALL(getgroups, "nb"), CALL(setgroups, "nb"), CALL(getresuid, "bbb"), CALL(setresuid, "uuu"), CALL(setreuid, "uu"),
  CALL(capget, "bz"), CALL(capset, "bz"), CALL(prctl, "cmmmm"), CALL(seccomp, "cgz"), CALL(ptrace, "ciz"),
  CALL(mmap, "zlmmfo"), CALL(munmap, "xl"), CALL(mprotect, "xlm"), CALL(mremap, "xllmz"), CALL(madvise, "xlc"),
  CALL(msync, "xlm"), CALL(mlock, "xl"), CALL(mlock2, "xlg"), CALL(munlock, "xl"), CALL(mlockall, "g"), CALL(mincore, "xlb"),
  CALL(process_vm_readv, "ivnvng"), CALL(socket, "Fcc"), CALL(socketpair, "Fccb"), CALL(bind, "fbl"), CALL(connect, "fbl"),
  CALL(listen, "fn"), CALL(accept4, "fzzg"), CALL(getsockname, "fbb"), CALL(getpeername, "fbb"), CALL(sendto, "fblgzl"),
  CALL(recvfrom, "fblgzz"), CALL(sendmsg, "fbg"), CALL(recvmsg, "fbg"), CALL(shutdown, "fc"), CALL(getsockopt, "fccbb"),
  CALL(setsockopt, "fccbl"), CALL(unshare, "c"), CALL(setns, "fg"), CALL(execve, "paa"), CALL(execveat, "dpaag"),
  CALL(fcntl, "fcm"), CALL(ioctl, "fcb"), CALL(getxattr, "ppbl"), CALL(setxattr, "ppblg"), CALL(fgetxattr, "fpbl"),
  CALL(listxattr, "pbl"), CALL(removexattr, "pp"), CALL(mount, "pDpgz"), CALL(umount2, "pg"),
};
