/*
 * kernel/auditfilter.ts - the rules of audit: what is recorded, and what is not
 *
 * Linux:   kernel/auditfilter.c, kernel/auditsc.c (audit_filter_rules) (v6.12)
 * Manual:  auditctl(8), audit.rules(7)
 * Absent:  rules about files (watch, dir, inode, perm, exe), labels and classes of calls; the lists user, filesystem and
 *          io_uring take rules but are never asked
 */

import type { AuditContext } from './auditsc.ts';
import type { Task } from './include/linux/sched.ts';
import * as uapi from './include/uapi/audit.ts';
import { EEXIST, EINVAL, ENOENT } from './include/uapi/errno.ts';
import { bytes_to_string, get_unaligned_le32, put_unaligned_le32, string_to_bytes } from './lib/bytes.ts';

/** One condition. */
export interface AuditField {
  readonly type: number;
  readonly op: number;
  /** Of a string: its length. */
  readonly value: number;
}

/** Linux: struct audit_krule. */
export interface AuditRule {
  readonly listnr: number;
  readonly prepend: boolean;
  readonly action: number;
  /** A bit for each system call. */
  readonly mask: readonly number[];
  readonly fields: readonly AuditField[];
  readonly key: string | null;
}

/** One machine's rules. */
export class AuditFilter {
  private readonly lists: readonly AuditRule[][] = [[], [], [], [], [], [], [], []];

  /** Of rules about system calls there are none: nobody notes anything. */
  get n_rules(): number {
    return this.lists.reduce((n, list, nr) => (COUNTED.includes(nr) ? n + list.length : n), 0);
  }

  all(): readonly AuditRule[] {
    return this.lists.flat();
  }

  /** Linux: audit_add_rule(). 0 or -EEXIST. */
  add(rule: AuditRule): number {
    const list = this.lists[rule.listnr]!;
    if (list.some((other) => same_rule(other, rule))) return -EEXIST;
    if (rule.prepend) list.unshift(rule);
    else list.push(rule);
    return 0;
  }

  /** Linux: audit_del_rule(). 0 or -ENOENT. */
  del(rule: AuditRule): number {
    const list = this.lists[rule.listnr]!;
    const at = list.findIndex((other) => same_rule(other, rule));
    if (at < 0) return -ENOENT;
    list.splice(at, 1);
    return 0;
  }

  /** Linux: audit_filter_task(). AUDIT_NEVER: the new task will not be audited. */
  task(task: Task): number {
    for (const rule of this.lists[uapi.AUDIT_FILTER_TASK]!) if (matches(rule, task, null)) return rule.action;
    return uapi.AUDIT_ALWAYS;
  }

  /** Linux: audit_filter_syscall(). The first rule that fits the call and how it ended. */
  syscall(task: Task, context: AuditContext): AuditRule | undefined {
    return this.lists[uapi.AUDIT_FILTER_EXIT]!.find(
      (rule) => in_mask(rule, context.major) && matches(rule, task, context),
    );
  }

  /** Linux: audit_filter() for AUDIT_FILTER_EXCLUDE. Records of this type are not wanted. */
  excludes(type: number): boolean {
    return this.lists[uapi.AUDIT_FILTER_EXCLUDE]!.some((rule) =>
      rule.fields.every((field) => field.type === uapi.AUDIT_MSGTYPE && compare(type, field.op, field.value)),
    );
  }
}

/** Rules of these lists count as rules about system calls. */
const COUNTED: readonly number[] = [
  uapi.AUDIT_FILTER_TASK,
  uapi.AUDIT_FILTER_EXIT,
  uapi.AUDIT_FILTER_URING_EXIT,
];

/** Linux: audit_in_mask(). Numbers that no mask has a bit for never fit. */
function in_mask({ mask }: AuditRule, nr: number): boolean {
  const word = mask[nr >>> 5];
  return nr >= 0 && word !== undefined && (word & (1 << (nr & 31))) !== 0;
}

/** Linux: audit_filter_rules(). All conditions hold. */
function matches({ fields }: AuditRule, task: Task, context: AuditContext | null): boolean {
  return fields.every(({ type, op, value }) => {
    if (type === uapi.AUDIT_FILTERKEY) return true;
    const actual = subject(type, task, context);
    return actual !== null && compare(actual, op, value);
  });
}

type Subject = (task: Task, context: AuditContext) => number | null;

/* What a field is about. null: not known here, so the rule does not fit. */
// biome-ignore format: columns teach
const SUBJECTS: ReadonlyMap<number, Subject> = new Map<number, Subject>([
  [uapi.AUDIT_PID,          (task) => task.tgid],
  [uapi.AUDIT_PPID,         (task) => task.real_parent.tgid],
  [uapi.AUDIT_UID,          (task) => task.cred.uid],
  [uapi.AUDIT_EUID,         (task) => task.cred.euid],
  [uapi.AUDIT_SUID,         (task) => task.cred.suid],
  [uapi.AUDIT_FSUID,        (task) => task.cred.fsuid],
  [uapi.AUDIT_GID,          (task) => task.cred.gid],
  [uapi.AUDIT_EGID,         (task) => task.cred.egid],
  [uapi.AUDIT_SGID,         (task) => task.cred.sgid],
  [uapi.AUDIT_FSGID,        (task) => task.cred.fsgid],
  [uapi.AUDIT_PERS,         (task) => task.personality],
  [uapi.AUDIT_LOGINUID,     () => UNSET],
  [uapi.AUDIT_LOGINUID_SET, () => 0],
  [uapi.AUDIT_SESSIONID,    () => UNSET],
  [uapi.AUDIT_ARCH,         (_task, context) => context.arch],
  [uapi.AUDIT_EXIT,         (_task, { success, exit }) => (success === null ? null : exit >>> 0)],
  [uapi.AUDIT_SUCCESS,      (_task, { success }) => (success === null ? null : success ? 1 : 0)],
]);

const UNSET = 0xffff_ffff;

/* About a call, so known only when there is one. */
const needs_context = (type: number): boolean =>
  type === uapi.AUDIT_ARCH || type === uapi.AUDIT_EXIT || type === uapi.AUDIT_SUCCESS || is_argument(type);
const is_argument = (type: number): boolean => type >= uapi.AUDIT_ARG0 && type <= uapi.AUDIT_ARG3;

function subject(type: number, task: Task, context: AuditContext | null): number | null {
  if (!context && needs_context(type)) return null;
  // Only the low half of an argument is compared: the value in the rule has no more.
  if (is_argument(type)) return Number(context!.argv[type - uapi.AUDIT_ARG0]! & 0xffff_ffffn);
  return SUBJECTS.get(type)?.(task, context!) ?? null;
}

/* Linux: audit_comparator(). Both sides are 32 bits without a sign. */
// biome-ignore format: columns teach
const COMPARATORS: ReadonlyMap<number, (left: number, right: number) => boolean> = new Map([
  [uapi.AUDIT_EQUAL,                 (left: number, right: number) => left === right],
  [uapi.AUDIT_NOT_EQUAL,             (left: number, right: number) => left !== right],
  [uapi.AUDIT_LESS_THAN,             (left: number, right: number) => left < right],
  [uapi.AUDIT_LESS_THAN_OR_EQUAL,    (left: number, right: number) => left <= right],
  [uapi.AUDIT_GREATER_THAN,          (left: number, right: number) => left > right],
  [uapi.AUDIT_GREATER_THAN_OR_EQUAL, (left: number, right: number) => left >= right],
  [uapi.AUDIT_BIT_MASK,              (left: number, right: number) => (left & right) !== 0],
  [uapi.AUDIT_BIT_TEST,              (left: number, right: number) => (left & right) >>> 0 === right],
]);

const compare = (left: number, op: number, right: number): boolean => COMPARATORS.get(op)!(left >>> 0, right);

/** Linux: audit_compare_rule(). */
function same_rule(a: AuditRule, b: AuditRule): boolean {
  const text = ({ action, fields, mask, key }: AuditRule): string =>
    JSON.stringify([action, fields, mask, key]);
  return text(a) === text(b);
}

/*
 * struct audit_rule_data: flags, action, field_count, mask[64], fields[64], values[64], fieldflags[64], buflen, buf[]
 */
const MASK = 12;
const FIELDS = MASK + 4 * uapi.AUDIT_BITMASK_SIZE;
const VALUES = FIELDS + 4 * uapi.AUDIT_MAX_FIELDS;
const FIELDFLAGS = VALUES + 4 * uapi.AUDIT_MAX_FIELDS;
const BUFLEN = FIELDFLAGS + 4 * uapi.AUDIT_MAX_FIELDS;
const BUF = BUFLEN + 4;

const LISTS: readonly number[] = [
  uapi.AUDIT_FILTER_USER,
  uapi.AUDIT_FILTER_TASK,
  uapi.AUDIT_FILTER_EXIT,
  uapi.AUDIT_FILTER_EXCLUDE,
  uapi.AUDIT_FILTER_FS,
  uapi.AUDIT_FILTER_URING_EXIT,
];

/** The last 16 bits of the mask name whole classes of calls. */
const CLASS_WORD = uapi.AUDIT_BITMASK_SIZE - 1;

/** Linux: audit_data_to_entry(). A rule, or -EINVAL. */
export function audit_data_to_rule(data: Uint8Array): AuditRule | number {
  if (data.length < BUF) return -EINVAL;
  const word = (at: number): number => get_unaligned_le32(data, at);
  const flags = word(0);
  const listnr = flags & ~uapi.AUDIT_FILTER_PREPEND;
  const action = word(4);
  const count = word(8);
  if (!LISTS.includes(listnr) || count > uapi.AUDIT_MAX_FIELDS) return -EINVAL;
  if (action !== uapi.AUDIT_NEVER && action !== uapi.AUDIT_ALWAYS) return -EINVAL;
  if (data.length < BUF + word(BUFLEN)) return -EINVAL;

  const mask = Array.from({ length: uapi.AUDIT_BITMASK_SIZE }, (_, i) => word(MASK + 4 * i));
  mask[CLASS_WORD]! &= 0xffff;
  const fields: AuditField[] = [];
  for (let i = 0; i < count; i++) {
    const field = { type: word(FIELDS + 4 * i), op: word(FIELDFLAGS + 4 * i), value: word(VALUES + 4 * i) };
    if (!field_valid(field, listnr)) return -EINVAL;
    fields.push(field);
  }
  const key = unpack_key(data, fields);
  if (typeof key === 'number') return key;
  return { listnr, prepend: (flags & uapi.AUDIT_FILTER_PREPEND) !== 0, action, mask, fields, key };
}

/** Fields that are the same or not, but never more or less. */
const EQUALITY_ONLY: readonly number[] = [
  uapi.AUDIT_ARCH,
  uapi.AUDIT_LOGINUID_SET,
  uapi.AUDIT_FILTERKEY,
  uapi.AUDIT_PERS,
];

/** Linux: audit_field_valid(). */
function field_valid({ type, op, value }: AuditField, listnr: number): boolean {
  if (!COMPARATORS.has(op)) return false;
  if (
    !SUBJECTS.has(type) &&
    !is_argument(type) &&
    type !== uapi.AUDIT_FILTERKEY &&
    type !== uapi.AUDIT_MSGTYPE
  )
    return false;
  const about_records = listnr === uapi.AUDIT_FILTER_EXCLUDE || listnr === uapi.AUDIT_FILTER_USER;
  if (type === uapi.AUDIT_MSGTYPE && !about_records) return false;
  if (type === uapi.AUDIT_LOGINUID_SET && value > 1) return false;
  const bits = op === uapi.AUDIT_BIT_MASK || op === uapi.AUDIT_BIT_TEST;
  if (bits && NO_BITS.includes(type)) return false;
  return !EQUALITY_ONLY.includes(type) || op === uapi.AUDIT_EQUAL || op === uapi.AUDIT_NOT_EQUAL;
}

/** Identities are numbers without bits. */
// biome-ignore format: columns teach
const NO_BITS: readonly number[] = [
  uapi.AUDIT_PID, uapi.AUDIT_PPID, uapi.AUDIT_UID, uapi.AUDIT_EUID, uapi.AUDIT_SUID, uapi.AUDIT_FSUID,
  uapi.AUDIT_GID, uapi.AUDIT_EGID, uapi.AUDIT_SGID, uapi.AUDIT_FSGID, uapi.AUDIT_LOGINUID,
  uapi.AUDIT_MSGTYPE, uapi.AUDIT_EXIT, uapi.AUDIT_SUCCESS,
];

/** The one string there can be: at most one key of at most 256 bytes. */
function unpack_key(data: Uint8Array, fields: readonly AuditField[]): string | null | number {
  const keys = fields.filter((field) => field.type === uapi.AUDIT_FILTERKEY);
  const key = keys[0];
  if (!key) return null;
  const length = key.value;
  if (keys.length > 1 || length === 0 || length > uapi.AUDIT_MAX_KEY_LEN) return -EINVAL;
  if (length > get_unaligned_le32(data, BUFLEN)) return -EINVAL;
  return bytes_to_string(data.subarray(BUF, BUF + length));
}

/** Linux: audit_krule_to_data(). */
export function audit_rule_to_data(rule: AuditRule): Uint8Array {
  const key = string_to_bytes(rule.key ?? '');
  const data = new Uint8Array(BUF + key.length);
  const put = (at: number, value: number): void => put_unaligned_le32(value, data, at);
  put(0, rule.listnr);
  put(4, rule.action);
  put(8, rule.fields.length);
  for (const [i, word] of rule.mask.entries()) put(MASK + 4 * i, word);
  for (const [i, { type, op, value }] of rule.fields.entries()) {
    put(FIELDS + 4 * i, type);
    put(FIELDFLAGS + 4 * i, op);
    put(VALUES + 4 * i, value);
  }
  put(BUFLEN, key.length);
  data.set(key, BUF);
  return data;
}
