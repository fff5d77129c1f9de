/*
 * kernel/net/scm.ts - what can be sent beside the bytes: descriptors and credentials
 *
 * Linux:   net/core/scm.c, net/core/sock.c (put_cmsg) (v6.12)
 * Manual:  unix(7), "Ancillary messages"; cmsg(3)
 */

import { CAP_SETGID, CAP_SETUID, CAP_SYS_ADMIN, capable } from '../cred.ts';
import { fd_install_new, fdget_raw } from '../fs/file.ts';
import { fput, get_file } from '../fs/file_table.ts';
import type { File } from '../include/linux/fs.ts';
import type { Task } from '../include/linux/sched.ts';
import type { UserPtr } from '../include/linux/types.ts';
import { EBADF, EFAULT, EINVAL, EPERM, ESRCH } from '../include/uapi/errno.ts';
import { O_CLOEXEC } from '../include/uapi/fcntl.ts';
import {
  MSG_CMSG_CLOEXEC,
  MSG_CTRUNC,
  SCM_CREDENTIALS,
  SCM_RIGHTS,
  SOL_SOCKET,
} from '../include/uapi/socket.ts';
import {
  get_unaligned_le32,
  get_unaligned_le64,
  put_unaligned_le32,
  put_unaligned_le64,
} from '../lib/bytes.ts';
import { copy_to_user } from '../lib/usercopy.ts';
import { find_vpid, pid_vnr, task_tgid, task_tgid_vnr } from '../pid.ts';
import { from_kgid_munged, from_kuid_munged, INVALID_ID, make_kid } from '../user_namespace.ts';
import type { Message, ScmCookie, Ucred } from './socket.ts';

/* struct cmsghdr: length (with this header), level, type */
const CMSG_HDR = 16;
const CMSG_ALIGN = (length: number): number => (length + 7) & ~7;
const SCM_MAX_FD = 253;
const UCRED_SIZE = 12;
/** Who nobody told about. */
const OVERFLOW_ID = 65534;

export const own_creds = (task: Task): Ucred => ({
  pid: task_tgid(task),
  uid: task.cred.uid,
  gid: task.cred.gid,
});
export const NO_CREDS: Ucred = { pid: null, uid: OVERFLOW_ID, gid: OVERFLOW_ID };

/** Linux: __scm_send(). Takes the control messages apart; 0 or -errno, and then nothing is held. */
export function scm_send(task: Task, control: Uint8Array, scm: ScmCookie): number {
  for (let at = 0; at + CMSG_HDR <= control.length; ) {
    const length = get_unaligned_le64(control, at);
    if (length < CMSG_HDR || at + length > control.length) return scm_destroy(scm, -EINVAL);
    const level = get_unaligned_le32(control, at + 8);
    const type = get_unaligned_le32(control, at + 12);
    const err =
      level === SOL_SOCKET ? scm_one(task, type, control.subarray(at + CMSG_HDR, at + length), scm) : 0;
    if (err < 0) return scm_destroy(scm, err);
    at += CMSG_ALIGN(length);
  }
  return 0;
}

function scm_one(task: Task, type: number, data: Uint8Array, scm: ScmCookie): number {
  if (type === SCM_RIGHTS) return scm_fp_copy(task, data, scm);
  return type === SCM_CREDENTIALS ? scm_creds(task, data, scm) : -EINVAL;
}

function scm_fp_copy(task: Task, data: Uint8Array, scm: ScmCookie): number {
  const count = data.length >> 2;
  if (scm.files.length + count > SCM_MAX_FD) return -EINVAL;
  for (let i = 0; i < count; i++) {
    const file = fdget_raw(task, get_unaligned_le32(data, 4 * i) | 0);
    if (typeof file === 'number') return -EBADF;
    scm.files.push(get_file(file));
  }
  return 0;
}

/** Whose they may be: one's own, or anybody's with the right privileges. */
function scm_creds(task: Task, data: Uint8Array, scm: ScmCookie): number {
  if (data.length !== UCRED_SIZE) return -EINVAL;
  const { cred } = task;
  const nr = get_unaligned_le32(data, 0) | 0;
  const uid = make_kid(cred.user_ns.uid_map, get_unaligned_le32(data, 4));
  const gid = make_kid(cred.user_ns.gid_map, get_unaligned_le32(data, 8));
  if (uid === INVALID_ID || gid === INVALID_ID) return -EINVAL;
  const allowed =
    (nr === task_tgid_vnr(task, task) || capable(task, CAP_SYS_ADMIN)) &&
    ([cred.uid, cred.euid, cred.suid].includes(uid) || capable(task, CAP_SETUID)) &&
    ([cred.gid, cred.egid, cred.sgid].includes(gid) || capable(task, CAP_SETGID));
  if (!allowed) return -EPERM;
  const pid = find_vpid(task, nr);
  if (!pid) return -ESRCH;
  scm.creds = { pid, uid, gid };
  return 0;
}

/** Lets go of the files, and hands the error on. */
export function scm_destroy(scm: ScmCookie, err: number): number {
  for (const file of scm.files) fput(file);
  scm.files = [];
  return err;
}

/** Where control messages go, and how much of it is used. */
export interface ControlBuffer {
  readonly at: UserPtr;
  readonly size: number;
  used: number;
}

/** Linux: scm_recv_unix(). What does not fit is told by MSG_CTRUNC, and files that do not fit are closed. */
export function scm_recv(task: Task, msg: Message, passcred: boolean, to: ControlBuffer): number {
  const { creds, files } = msg.scm;
  let err = 0;
  if (passcred) err = put_cmsg(task, msg, to, SCM_CREDENTIALS, ucred_bytes(creds ?? NO_CREDS, task));
  if (files.length > 0 && err === 0) err = scm_detach_fds(task, msg, to);
  return scm_destroy(msg.scm, err);
}

/** In the numbers that `viewer` knows. */
export function ucred_bytes({ pid, uid, gid }: Ucred, viewer: Task): Uint8Array {
  const bytes = new Uint8Array(UCRED_SIZE);
  put_unaligned_le32(pid ? pid_vnr(pid, viewer) : 0, bytes, 0);
  put_unaligned_le32(from_kuid_munged(viewer.cred, uid), bytes, 4);
  put_unaligned_le32(from_kgid_munged(viewer.cred, gid), bytes, 8);
  return bytes;
}

/** As many as there is room for. */
function scm_detach_fds(task: Task, msg: Message, to: ControlBuffer): number {
  const { files } = msg.scm;
  const room = Math.max(0, Math.floor((to.size - to.used - CMSG_HDR) / 4));
  const open_flags = msg.flags & MSG_CMSG_CLOEXEC ? O_CLOEXEC : 0;
  const fds: number[] = [];
  for (const file of files.slice(0, room)) {
    const fd = fd_install_new(task, get_file(file), open_flags);
    if (fd < 0) break;
    fds.push(fd);
  }
  if (fds.length < files.length) msg.msg_flags |= MSG_CTRUNC;
  if (fds.length === 0) return 0;
  const bytes = new Uint8Array(4 * fds.length);
  for (const [i, fd] of fds.entries()) put_unaligned_le32(fd, bytes, 4 * i);
  return put_cmsg(task, msg, to, SCM_RIGHTS, bytes);
}

function put_cmsg(task: Task, msg: Message, to: ControlBuffer, type: number, data: Uint8Array): number {
  const room = to.size - to.used;
  const length = CMSG_HDR + data.length;
  if (room < length) msg.msg_flags |= MSG_CTRUNC;
  if (room < CMSG_HDR) return 0;

  const bytes = new Uint8Array(Math.min(length, room));
  put_unaligned_le64(bytes.length, bytes, 0);
  put_unaligned_le32(SOL_SOCKET, bytes, 8);
  put_unaligned_le32(type, bytes, 12);
  bytes.set(data.subarray(0, bytes.length - CMSG_HDR), CMSG_HDR);
  if (copy_to_user(task, (to.at + to.used) as UserPtr, bytes)) return -EFAULT;
  to.used += Math.min(CMSG_ALIGN(length), room);
  return 0;
}

/** For MSG_PEEK: the same files once more. */
export const scm_fp_dup = (files: readonly File[]): File[] => files.map(get_file);
