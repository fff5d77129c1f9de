/*
 * kernel/net/netlink/audit.ts - audit's side of its netlink socket: what auditctl and auditd say
 *
 * Linux:   kernel/audit.c (audit_receive_msg, audit_netlink_ok, auditd_send_unicast_skb) (v6.12)
 * Manual:  auditctl(8), auditd(8)
 * Absent:  features (AUDIT_SET_FEATURE), TTY auditing, trees; a record that nobody took is kept until a daemon comes only
 *          if there was "audit=1", as upstream
 */

import {
  AUDIT_LOCKED,
  AUDIT_OFF,
  AUDIT_UID_UNSET,
  type Audit,
  audit_exe,
  audit_key,
  audit_session,
  untrusted_string,
} from '../../audit.ts';
import { type AuditRule, audit_data_to_rule, audit_rule_to_data } from '../../auditfilter.ts';
import { audit_log } from '../../auditsc.ts';
import { CAP_AUDIT_CONTROL, CAP_AUDIT_READ, CAP_AUDIT_WRITE, capable } from '../../cred.ts';
import type { Task } from '../../include/linux/sched.ts';
import * as uapi from '../../include/uapi/audit.ts';
import { EACCES, EEXIST, EINVAL, EOPNOTSUPP, EPERM } from '../../include/uapi/errno.ts';
import { NLM_F_MULTI, NLMSG_DONE } from '../../include/uapi/socket.ts';
import type { Kernel } from '../../kernel.ts';
import { cstring, get_unaligned_le32, put_unaligned_le32, string_to_bytes } from '../../lib/bytes.ts';
import { NetlinkTable, type NetlinkSock, type NlMsg, netlink_unicast, nlmsg } from './af_netlink.ts';

/** One machine's NETLINK_AUDIT. */
export interface AuditNetlink {
  readonly table: NetlinkTable;
  receive(task: Task, nlk: NetlinkSock, msg: NlMsg): number;
  /** Sends the answers that the requests of one message asked for. */
  flush(): void;
}

/** Made when the first socket is; kept by audit, whose listeners it then is. */
export function audit_netlink({ audit }: Kernel): AuditNetlink {
  if (audit.listeners) return audit.listeners as AuditListening;
  audit.listeners = new AuditListening(audit);
  return audit.listeners as AuditListening;
}

class AuditListening implements AuditNetlink {
  readonly table = new NetlinkTable();
  private readonly audit: Audit;
  private readonly replies: (() => void)[] = [];

  constructor(audit: Audit) {
    this.audit = audit;
  }

  /** To the daemon the header says how long the text is, to others how long the message is: so it has always been. */
  unicast(portid: number, type: number, text: string): boolean {
    const nlk = this.table.bound.get(portid);
    const payload = string_to_bytes(text);
    return nlk !== undefined && netlink_unicast(nlk, nlmsg(type, 0, 0, 0, payload, payload.length), 0);
  }

  multicast(type: number, text: string): void {
    for (const nlk of this.table.bound.values()) {
      if (nlk.groups & uapi.AUDIT_NLGRP_READLOG)
        netlink_unicast(nlk, nlmsg(type, 0, 0, 0, string_to_bytes(text)), uapi.AUDIT_NLGRP_READLOG);
    }
  }

  receive = (task: Task, nlk: NetlinkSock, msg: NlMsg): number => {
    const err = audit_netlink_ok(task, msg.type);
    if (err < 0) return err;
    if (is_user_message(msg.type)) return audit_user_message(task, msg);
    const request = REQUESTS.get(msg.type);
    return request ? request({ task, nlk, msg, audit: this.audit, replies: this.replies }) : -EINVAL;
  };

  flush = (): void => {
    for (const reply of this.replies.splice(0)) reply();
  };
}

const is_user_message = (type: number): boolean =>
  type === uapi.AUDIT_USER ||
  (type >= uapi.AUDIT_FIRST_USER_MSG && type <= uapi.AUDIT_LAST_USER_MSG) ||
  (type >= uapi.AUDIT_FIRST_USER_MSG2 && type <= uapi.AUDIT_LAST_USER_MSG2);

const OLD_REQUESTS: readonly number[] = [uapi.AUDIT_LIST, uapi.AUDIT_ADD, uapi.AUDIT_DEL];

/** Linux: audit_netlink_ok(). Who may say what. */
function audit_netlink_ok(task: Task, type: number): number {
  if (OLD_REQUESTS.includes(type)) return -EOPNOTSUPP;
  if (is_user_message(type)) return capable(task, CAP_AUDIT_WRITE) ? 0 : -EPERM;
  if (!KNOWN.includes(type)) return -EINVAL;
  return capable(task, CAP_AUDIT_CONTROL) ? 0 : -EPERM;
}

// biome-ignore format: columns teach
const KNOWN: readonly number[] = [
  uapi.AUDIT_GET, uapi.AUDIT_SET, uapi.AUDIT_GET_FEATURE, uapi.AUDIT_SET_FEATURE, uapi.AUDIT_LIST_RULES,
  uapi.AUDIT_ADD_RULE, uapi.AUDIT_DEL_RULE, uapi.AUDIT_SIGNAL_INFO, uapi.AUDIT_TTY_GET, uapi.AUDIT_TTY_SET,
  uapi.AUDIT_TRIM, uapi.AUDIT_MAKE_EQUIV,
];

interface Request {
  readonly task: Task;
  readonly nlk: NetlinkSock;
  readonly msg: NlMsg;
  readonly audit: Audit;
  readonly replies: (() => void)[];
}

const REQUESTS: ReadonlyMap<number, (request: Request) => number> = new Map([
  [uapi.AUDIT_GET, audit_get],
  [uapi.AUDIT_SET, audit_set],
  [uapi.AUDIT_ADD_RULE, (request: Request) => change_rule(request, 'add_rule')],
  [uapi.AUDIT_DEL_RULE, (request: Request) => change_rule(request, 'remove_rule')],
  [uapi.AUDIT_LIST_RULES, audit_list_rules],
]);

function reply({ nlk, msg, replies }: Request, type: number, flags: number, payload: Uint8Array): void {
  replies.push(() => netlink_unicast(nlk, nlmsg(type, flags, msg.seq, 0, payload), 0));
}

/* struct audit_status: eleven words */
const AUDIT_STATUS_SIZE = 44;

function audit_get(request: Request): number {
  const { audit } = request;
  const status = new Uint8Array(AUDIT_STATUS_SIZE);
  const { enabled, failure, auditd_pid, rate_limit, backlog_limit, lost, backlog_wait_time } = audit;
  const words = [0, enabled, failure, auditd_pid, rate_limit, backlog_limit, lost, 0];
  words.push(uapi.AUDIT_FEATURE_BITMAP_ALL, backlog_wait_time, 0);
  for (const [i, word] of words.entries()) put_unaligned_le32(word, status, 4 * i);
  reply(request, uapi.AUDIT_GET, 0, status);
  return 0;
}

type Setting = 'enabled' | 'failure' | 'rate_limit' | 'backlog_limit' | 'backlog_wait_time';

/* Which bit of the mask, which word, what it is called, and the most it can be. */
// biome-ignore format: columns teach
const SETTINGS: readonly (readonly [mask: number, word: number, setting: Setting, max: number])[] = [
  [uapi.AUDIT_STATUS_ENABLED,           1, 'enabled',           AUDIT_LOCKED],
  [uapi.AUDIT_STATUS_FAILURE,           2, 'failure',           2],
  [uapi.AUDIT_STATUS_RATE_LIMIT,        4, 'rate_limit',        0xffff_ffff],
  [uapi.AUDIT_STATUS_BACKLOG_LIMIT,     5, 'backlog_limit',     0xffff_ffff],
  [uapi.AUDIT_STATUS_BACKLOG_WAIT_TIME, 9, 'backlog_wait_time', 10 * 60 * 250],
];

function audit_set(request: Request): number {
  const { task, audit } = request;
  const status = new Uint8Array(AUDIT_STATUS_SIZE);
  status.set(request.msg.data.subarray(0, AUDIT_STATUS_SIZE));
  const mask = get_unaligned_le32(status, 0);
  for (const [bit, word, setting, max] of SETTINGS) {
    if (!(mask & bit)) continue;
    const value = get_unaligned_le32(status, 4 * word);
    if (value > max) return -EINVAL;
    const err = audit_do_config_change(task, audit, setting, value);
    if (err < 0) return err;
  }
  if (mask & uapi.AUDIT_STATUS_PID) return audit_set_pid(request, get_unaligned_le32(status, 12));
  return 0;
}

function audit_do_config_change(task: Task, audit: Audit, setting: Setting, value: number): number {
  const allowed = audit.enabled !== AUDIT_LOCKED;
  config_change(task, audit, setting, value, audit[setting], allowed);
  if (!allowed) return -EPERM;
  audit[setting] = value;
  if (setting === 'enabled' && value !== AUDIT_OFF) audit.ever_enabled = true;
  return 0;
}

function config_change(
  task: Task,
  audit: Audit,
  what: string,
  value: number,
  old: number,
  ok: boolean,
): void {
  if (audit.enabled === AUDIT_OFF) return;
  const text = `op=set audit_${what}=${value} old=${old} ${audit_session()} res=${ok ? 1 : 0}`;
  audit_log(task, uapi.AUDIT_CONFIG_CHANGE, text);
}

/** A daemon comes, or goes: only itself may say so. */
function audit_set_pid({ task, nlk, audit }: Request, pid: number): number {
  const old = audit.auditd_pid;
  if (pid !== 0 && pid !== task.tgid) return -EINVAL;
  if (old !== 0 && pid !== 0) {
    config_change(task, audit, 'pid', pid, old, false);
    return -EEXIST;
  }
  if (old !== 0 && task.tgid !== old) {
    config_change(task, audit, 'pid', pid, old, false);
    return -EACCES;
  }
  audit.auditd_set(pid, pid === 0 ? 0 : nlk.portid);
  config_change(task, audit, 'pid', pid, old, true);
  return 0;
}

function change_rule(request: Request, op: 'add_rule' | 'remove_rule'): number {
  const { task, audit, msg } = request;
  if (audit.enabled === AUDIT_LOCKED) {
    const text = `${common_message(task)} op=${op} audit_enabled=${audit.enabled} res=0`;
    audit_log(task, uapi.AUDIT_CONFIG_CHANGE, text);
    return -EPERM;
  }
  const rule = audit_data_to_rule(msg.data);
  if (typeof rule === 'number') return rule;
  const err = op === 'add_rule' ? audit.filter.add(rule) : audit.filter.del(rule);
  rule_change(task, audit, op, rule, err === 0);
  return err;
}

/** Linux: audit_log_rule_change(). */
function rule_change(task: Task, audit: Audit, op: string, rule: AuditRule, ok: boolean): void {
  if (audit.enabled === AUDIT_OFF) return;
  const text = `${audit_session()} op=${op} ${audit_key(rule.key)} list=${rule.listnr} res=${ok ? 1 : 0}`;
  audit_log(task, uapi.AUDIT_CONFIG_CHANGE, text);
}

function audit_list_rules(request: Request): number {
  for (const rule of request.audit.filter.all())
    reply(request, uapi.AUDIT_LIST_RULES, NLM_F_MULTI, audit_rule_to_data(rule));
  reply(request, NLMSG_DONE, NLM_F_MULTI, new Uint8Array(0));
  return 0;
}

/** Linux: audit_log_common_recv_msg(). */
const common_message = ({ tgid, cred }: Task): string => `pid=${tgid} uid=${cred.uid} ${audit_session()}`;

/** A program has something to say: login, su and the like. Dropped while audit is off. */
function audit_user_message(task: Task, { type, data }: NlMsg): number {
  const { audit } = task.kernel;
  if (audit.enabled === AUDIT_OFF) return 0;
  audit.log(type, `${common_message(task)} msg='${cstring(data)}'`);
  return 0;
}

/** Linux: audit_multicast_bind(). Who reads along must be allowed to, and is recorded. */
export function audit_bind(task: Task, _nlk: NetlinkSock, groups: number): number {
  const err = capable(task, CAP_AUDIT_READ) ? 0 : -EPERM;
  log_multicast(task, groups, 'connect', err);
  return err;
}

export function audit_unbind(task: Task, { groups }: NetlinkSock): void {
  log_multicast(task, groups, 'disconnect', 0);
}

function log_multicast(task: Task, group: number, op: string, err: number): void {
  const { audit } = task.kernel;
  if (audit.enabled === AUDIT_OFF) return;
  const tty = task.signal.tty?.name ?? '(none)';
  const who = `pid=${task.tgid} uid=${task.cred.uid} auid=${AUDIT_UID_UNSET} tty=${tty} ses=${AUDIT_UID_UNSET} subj=unconfined`;
  const text = `${who} comm=${untrusted_string(task.comm)} ${audit_exe(task)} nl-mcgrp=${group} op=${op} res=${err ? 0 : 1}`;
  audit_log(task, uapi.AUDIT_EVENT_LISTENER, text);
}
