/*
 * kernel/audit.ts - records of what happened, for whoever keeps them
 *
 * Linux:   kernel/audit.c (v6.12)
 * Manual:  auditctl(8), audit.rules(7)
 * Differs: a record goes out when it is complete, not from a thread; so the backlog is always empty. Every subject is
 *          "unconfined", as under a security module without a policy.
 * Absent:  login uids and sessions (they are never set), AUDIT_USER_TTY, TTY auditing, MAKE_EQUIV and TRIM
 *
 * Without a daemon records go to the kernel's log, at most so many at a time.
 */

import { AuditFilter } from './auditfilter.ts';
import { d_path } from './fs/dcache.ts';
import { kstrtoint } from './fs/proc/generic.ts';
import { register_sysctl } from './fs/proc/proc_sysctl.ts';
import type { Task } from './include/linux/sched.ts';
import { AUDIT_EOE } from './include/uapi/audit.ts';
import { EINVAL } from './include/uapi/errno.ts';
import type { Kernel } from './kernel.ts';
import { RateLimit } from './lib/ratelimit.ts';

/** Linux: (uid_t)-1. Nobody logged in. */
export const AUDIT_UID_UNSET = 0xffff_ffff;
/** audit_failure: what to do when records are lost. */
const AUDIT_FAIL_PRINTK = 1;

export const AUDIT_OFF = 0;
export const AUDIT_ON = 1;
/** On, and nobody can change that or the rules before the next boot. */
export const AUDIT_LOCKED = 2;

const HZ = 250;

/** When an event happened, and its number: what its records have in common. */
export interface AuditStamp {
  readonly sec: number;
  readonly msec: number;
  readonly serial: number;
}

/** Who gets records: kernel/net/netlink/audit.ts. */
export interface AuditListeners {
  /** To the daemon; false: it is gone. */
  unicast(portid: number, type: number, text: string): boolean;
  /** To everybody who reads along. */
  multicast(type: number, text: string): void;
}

/** One machine's audit. */
export class Audit {
  readonly kernel: Kernel;
  readonly filter: AuditFilter;
  /** "audit=0" on the command line: nothing is ever recorded. */
  readonly disabled: boolean;
  enabled: number;
  /** Tasks get a context at fork only if it ever was. */
  ever_enabled: boolean;
  failure = AUDIT_FAIL_PRINTK;
  rate_limit = 0;
  backlog_limit = 64;
  backlog_wait_time = 60 * HZ;
  lost = 0;
  /** The daemon: its process and its socket's address; 0: none. */
  auditd_pid = 0;
  auditd_portid = 0;
  listeners: AuditListeners | null = null;
  /** With "audit=1" on the command line: records kept for the daemon that will come. */
  private hold: { readonly type: number; readonly text: string }[] = [];
  private readonly keeps: boolean;
  readonly printk_ratelimit = new RateLimit();
  private serial = 0;

  constructor(kernel: Kernel, filter: AuditFilter) {
    this.kernel = kernel;
    this.filter = filter;
    const wanted = boot_setting(kernel.params.get('audit'));
    this.disabled = wanted === AUDIT_OFF;
    this.keeps = wanted === AUDIT_ON;
    this.enabled = wanted ?? AUDIT_OFF;
    this.ever_enabled = this.enabled !== AUDIT_OFF;
  }

  /** Linux: audit_serial(). Never 0. */
  next_serial(): number {
    this.serial = (this.serial + 1) >>> 0 || 1;
    return this.serial;
  }

  /** Of an event that is not a system call. */
  stamp(): AuditStamp {
    const { sec, nsec } = this.kernel.time.realtime();
    return { sec, msec: Math.floor(nsec / 1_000_000), serial: this.next_serial() };
  }

  /** Linux: audit_log_start() to audit_log_end(), kauditd_thread(). `given`: of the event that this is part of. */
  log(type: number, body: string, given?: AuditStamp): void {
    if (this.disabled || this.filter.excludes(type)) return;
    const { sec, msec, serial } = given ?? this.stamp();
    const text = `audit(${sec}.${String(msec).padStart(3, '0')}:${serial}): ${body}`;
    if (!this.to_auditd(type, text)) this.kauditd_hold(type, text);
    this.listeners?.multicast(type, text);
  }

  /** The daemon is known, or is known no more. One that comes gets what was kept for it. */
  auditd_set(pid: number, portid: number): void {
    this.auditd_pid = pid;
    this.auditd_portid = portid;
    if (pid === 0) return;
    const { hold } = this;
    this.hold = [];
    for (const { type, text } of hold) this.listeners?.unicast(portid, type, text);
  }

  private to_auditd(type: number, text: string): boolean {
    if (this.auditd_pid === 0) return false;
    if (this.listeners?.unicast(this.auditd_portid, type, text)) return true;
    this.auditd_set(0, 0);
    return false;
  }

  /** Linux: kauditd_hold_skb(). Nobody took it: to the log, and kept if there is room. */
  private kauditd_hold(type: number, text: string): void {
    this.kauditd_printk(type, text);
    if (!this.keeps) return;
    if (this.backlog_limit === 0 || this.hold.length < this.backlog_limit) this.hold.push({ type, text });
    else this.lost++;
  }

  private kauditd_printk(type: number, text: string): void {
    if (type === AUDIT_EOE || !this.printk_ratelimit.allows(this.kernel, 'kauditd_printk_skb')) return;
    this.kernel.printk.notice(`audit: type=${type} ${text}`);
  }
}

/** Linux: audit_init(). The limit on lines in the log is everybody's upstream; here audit is the only one who heeds it. */
export function audit_init(kernel: Kernel): void {
  const audit = new Audit(kernel, new AuditFilter());
  const limit = audit.printk_ratelimit;
  kernel.audit = audit;
  register_sysctl(
    kernel,
    'kernel/printk_ratelimit',
    () => limit.interval,
    set_number((n) => {
      limit.interval = n;
    }),
  );
  register_sysctl(
    kernel,
    'kernel/printk_ratelimit_burst',
    () => limit.burst,
    set_number((n) => {
      limit.burst = n;
    }),
  );
}

const set_number =
  (set: (value: number) => void) =>
  (_kernel: Kernel, text: string): number => {
    const value = kstrtoint(text);
    if (value === null || value < 0) return -EINVAL;
    set(value);
    return 0;
  };

/** "audit=0", "off", "1", "on"; anything else is told and means on. */
function boot_setting(value: string | undefined): number | null {
  if (value === undefined) return null;
  return value === '0' || value === 'off' ? AUDIT_OFF : AUDIT_ON;
}

/** Linux: audit_log_untrustedstring(). In quotes, or in hexadecimal if it could be mistaken for something else. */
export function untrusted_string(text: string): string {
  if (/^[\x21\x23-\x7e]*$/.test(text)) return `"${text}"`;
  let hex = '';
  for (let i = 0; i < text.length; i++) {
    const byte = text.charCodeAt(i);
    hex += HEX[byte >>> 4]! + HEX[byte & 15]!;
  }
  return hex;
}

const HEX = '0123456789ABCDEF';

/** Linux: audit_log_d_path_exe(). */
export function audit_exe(task: Task): string {
  const file = task.mm?.exe_file;
  return file ? `exe=${untrusted_string(d_path(file.f_path))}` : 'exe=(null)';
}

/** Linux: audit_log_task(). */
export function audit_task(task: Task): string {
  const { uid, gid } = task.cred;
  const who = `auid=${AUDIT_UID_UNSET} uid=${uid} gid=${gid} ses=${AUDIT_UID_UNSET} subj=unconfined`;
  return `${who} pid=${task.tgid} comm=${untrusted_string(task.comm)} ${audit_exe(task)}`;
}

/** Linux: audit_log_session_info(), audit_log_task_context(). */
export const audit_session = (): string => `auid=${AUDIT_UID_UNSET} ses=${AUDIT_UID_UNSET} subj=unconfined`;

/** Linux: audit_log_key(). */
export const audit_key = (key: string | null): string =>
  `key=${key === null ? '(null)' : untrusted_string(key)}`;
