/*
 * kernel/include/uapi/audit.ts - messages, records and rules of audit
 *
 * Linux: include/uapi/linux/audit.h, include/uapi/linux/elf-em.h
 */

const EM_AARCH64 = 183;
const __AUDIT_ARCH_64BIT = 0x8000_0000;
const __AUDIT_ARCH_LE = 0x4000_0000;

/** Which architecture's system call numbers are meant. */
export const AUDIT_ARCH_AARCH64 = EM_AARCH64 + __AUDIT_ARCH_64BIT + __AUDIT_ARCH_LE;

/* Requests, 1000..1099 */
export const AUDIT_GET = 1000;
export const AUDIT_SET = 1001;
export const AUDIT_LIST = 1002;
export const AUDIT_ADD = 1003;
export const AUDIT_DEL = 1004;
export const AUDIT_USER = 1005;
export const AUDIT_SIGNAL_INFO = 1010;
export const AUDIT_ADD_RULE = 1011;
export const AUDIT_DEL_RULE = 1012;
export const AUDIT_LIST_RULES = 1013;
export const AUDIT_TRIM = 1014;
export const AUDIT_MAKE_EQUIV = 1015;
export const AUDIT_TTY_GET = 1016;
export const AUDIT_TTY_SET = 1017;
export const AUDIT_SET_FEATURE = 1018;
export const AUDIT_GET_FEATURE = 1019;
export const AUDIT_FIRST_USER_MSG = 1100;
export const AUDIT_LAST_USER_MSG = 1199;
export const AUDIT_FIRST_USER_MSG2 = 2100;
export const AUDIT_LAST_USER_MSG2 = 2999;

/* Records */
export const AUDIT_SYSCALL = 1300;
export const AUDIT_CONFIG_CHANGE = 1305;
export const AUDIT_EOE = 1320;
export const AUDIT_SECCOMP = 1326;
export const AUDIT_PROCTITLE = 1327;
export const AUDIT_REPLACE = 1329;
/** Somebody begins, or ceases, to read along. */
export const AUDIT_EVENT_LISTENER = 1335;
export const AUDIT_ANOM_ABEND = 1701;

/* struct audit_status: which of its fields are to be set */
export const AUDIT_STATUS_ENABLED = 0x01;
export const AUDIT_STATUS_FAILURE = 0x02;
export const AUDIT_STATUS_PID = 0x04;
export const AUDIT_STATUS_RATE_LIMIT = 0x08;
export const AUDIT_STATUS_BACKLOG_LIMIT = 0x10;
export const AUDIT_STATUS_BACKLOG_WAIT_TIME = 0x20;
export const AUDIT_STATUS_LOST = 0x40;

/** What audit_status.feature_bitmap says v6.12 can. */
export const AUDIT_FEATURE_BITMAP_ALL = 0x7f;

/* Lists of rules */
export const AUDIT_FILTER_USER = 0;
export const AUDIT_FILTER_TASK = 1;
export const AUDIT_FILTER_EXIT = 4;
export const AUDIT_FILTER_EXCLUDE = 5;
export const AUDIT_FILTER_FS = 6;
export const AUDIT_FILTER_URING_EXIT = 7;
export const AUDIT_FILTER_PREPEND = 0x10;

/* What a rule that matches means */
export const AUDIT_NEVER = 0;
export const AUDIT_ALWAYS = 2;

/* struct audit_rule_data */
export const AUDIT_MAX_FIELDS = 64;
export const AUDIT_BITMASK_SIZE = 64;
export const AUDIT_MAX_KEY_LEN = 256;

/* Fields of rules */
export const AUDIT_PID = 0;
export const AUDIT_UID = 1;
export const AUDIT_EUID = 2;
export const AUDIT_SUID = 3;
export const AUDIT_FSUID = 4;
export const AUDIT_GID = 5;
export const AUDIT_EGID = 6;
export const AUDIT_SGID = 7;
export const AUDIT_FSGID = 8;
export const AUDIT_LOGINUID = 9;
export const AUDIT_PERS = 10;
export const AUDIT_ARCH = 11;
export const AUDIT_MSGTYPE = 12;
export const AUDIT_PPID = 18;
export const AUDIT_LOGINUID_SET = 24;
export const AUDIT_SESSIONID = 25;
export const AUDIT_EXIT = 103;
export const AUDIT_SUCCESS = 104;
export const AUDIT_ARG0 = 200;
export const AUDIT_ARG3 = 203;
export const AUDIT_FILTERKEY = 210;

/* How a field is compared */
export const AUDIT_OPERATORS = 0x7800_0000;
export const AUDIT_BIT_MASK = 0x0800_0000;
export const AUDIT_LESS_THAN = 0x1000_0000;
export const AUDIT_GREATER_THAN = 0x2000_0000;
export const AUDIT_NOT_EQUAL = 0x3000_0000;
export const AUDIT_EQUAL = 0x4000_0000;
export const AUDIT_BIT_TEST = AUDIT_BIT_MASK | AUDIT_EQUAL;
export const AUDIT_LESS_THAN_OR_EQUAL = AUDIT_LESS_THAN | AUDIT_EQUAL;
export const AUDIT_GREATER_THAN_OR_EQUAL = AUDIT_GREATER_THAN | AUDIT_EQUAL;

/** Group of a socket bound to read every record. */
export const AUDIT_NLGRP_READLOG = 1;
