/*
 * kernel/include/uapi/sched.ts - what a clone shares with its maker
 *
 * Linux:  include/uapi/linux/sched.h
 * Manual: clone(2)
 */

/** The low byte of clone()'s flags: the signal that tells the parent of the child's end. */
export const CSIGNAL = 0x0000_00ff;
export const CLONE_NEWTIME = 0x0000_0080; // clone3() only: clone() has its signal there
export const CLONE_VM = 0x0000_0100;
export const CLONE_FS = 0x0000_0200;
export const CLONE_FILES = 0x0000_0400;
export const CLONE_SIGHAND = 0x0000_0800;
export const CLONE_PIDFD = 0x0000_1000;
export const CLONE_PTRACE = 0x0000_2000;
export const CLONE_VFORK = 0x0000_4000;
export const CLONE_PARENT = 0x0000_8000;
export const CLONE_THREAD = 0x0001_0000;
export const CLONE_NEWNS = 0x0002_0000;
export const CLONE_SYSVSEM = 0x0004_0000;
export const CLONE_SETTLS = 0x0008_0000;
export const CLONE_PARENT_SETTID = 0x0010_0000;
export const CLONE_CHILD_CLEARTID = 0x0020_0000;
export const CLONE_DETACHED = 0x0040_0000;
export const CLONE_UNTRACED = 0x0080_0000;
export const CLONE_CHILD_SETTID = 0x0100_0000;
export const CLONE_NEWCGROUP = 0x0200_0000;
export const CLONE_NEWUTS = 0x0400_0000;
export const CLONE_NEWIPC = 0x0800_0000;
export const CLONE_NEWUSER = 0x1000_0000;
export const CLONE_NEWPID = 0x2000_0000;
export const CLONE_NEWNET = 0x4000_0000;
export const CLONE_IO = 0x8000_0000;

/* The upper half of clone3()'s flags. */
export const CLONE_CLEAR_SIGHAND_HI = 0x1;
export const CLONE_INTO_CGROUP_HI = 0x2;

/** Namespaces that need CAP_SYS_ADMIN; CLONE_NEWUSER is the one that does not. */
export const CLONE_NEW_PRIVILEGED =
  CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWCGROUP;

/** By name, for strace. */
export const CLONE_FLAGS: Readonly<Record<string, number>> = {
  CLONE_VM,
  CLONE_FS,
  CLONE_FILES,
  CLONE_SIGHAND,
  CLONE_PIDFD,
  CLONE_PTRACE,
  CLONE_VFORK,
  CLONE_PARENT,
  CLONE_THREAD,
  CLONE_NEWNS,
  CLONE_SYSVSEM,
  CLONE_SETTLS,
  CLONE_PARENT_SETTID,
  CLONE_CHILD_CLEARTID,
  CLONE_DETACHED,
  CLONE_UNTRACED,
  CLONE_CHILD_SETTID,
  CLONE_NEWCGROUP,
  CLONE_NEWUTS,
  CLONE_NEWIPC,
  CLONE_NEWUSER,
  CLONE_NEWPID,
  CLONE_NEWNET,
  CLONE_IO,
};

/* wait4(), waitid() */
export const WNOHANG = 0x0000_0001;
export const WUNTRACED = 0x0000_0002;
export const WSTOPPED = WUNTRACED;
export const WEXITED = 0x0000_0004;
export const WCONTINUED = 0x0000_0008;
export const WNOWAIT = 0x0100_0000;
/** Children of this thread only. */
export const __WNOTHREAD = 0x2000_0000;
/** Children of any kind. */
export const __WALL = 0x4000_0000;
/** Only children that end with another signal than SIGCHLD. */
export const __WCLONE = 0x8000_0000;

export const P_ALL = 0;
export const P_PID = 1;
export const P_PGID = 2;
export const P_PIDFD = 3;

/* getrusage() */
export const RUSAGE_SELF = 0;
export const RUSAGE_CHILDREN = -1;
export const RUSAGE_BOTH = -2; // inside the kernel: wait4() wants all of it
export const RUSAGE_THREAD = 1;
