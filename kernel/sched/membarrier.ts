/*
 * kernel/sched/membarrier.ts - a memory barrier on every CPU where others of mine run
 *
 * Linux:   kernel/sched/membarrier.c (v6.12)
 * Manual:  membarrier(2)
 * Differs: with one CPU whoever calls is the only one who runs, so the barrier itself is nothing; what can fail still does
 *          (the one for restartable sequences aborts those of other CPUs)
 */

import { EINVAL, EPERM } from '../include/uapi/errno.ts';
import { enumeration, flags, int, SYSCALL_DEFINE } from '../syscalls/define.ts';

const MEMBARRIER_CMD_QUERY = 0;
const MEMBARRIER_CMD_GLOBAL = 1 << 0;
const MEMBARRIER_CMD_GLOBAL_EXPEDITED = 1 << 1;
const MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED = 1 << 2;
const MEMBARRIER_CMD_PRIVATE_EXPEDITED = 1 << 3;
const MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED = 1 << 4;
const MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE = 1 << 5;
const MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE = 1 << 6;
const MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ = 1 << 7;
const MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ = 1 << 8;
const MEMBARRIER_CMD_GET_REGISTRATIONS = 1 << 9;
/** Only the CPU that the third argument names. */
const MEMBARRIER_CMD_FLAG_CPU = 1 << 0;

const COMMANDS = {
  MEMBARRIER_CMD_QUERY,
  MEMBARRIER_CMD_GLOBAL,
  MEMBARRIER_CMD_GLOBAL_EXPEDITED,
  MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED,
  MEMBARRIER_CMD_PRIVATE_EXPEDITED,
  MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED,
  MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE,
  MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE,
  MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ,
  MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ,
  MEMBARRIER_CMD_GET_REGISTRATIONS,
};

/** Each private command wants its own registration. */
const NEEDS: ReadonlyMap<number, number> = new Map([
  [MEMBARRIER_CMD_PRIVATE_EXPEDITED, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED],
  [MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE],
  [MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ],
]);

const PRIVATE_REGISTRATIONS =
  MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED |
  MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE |
  MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ;
const REGISTRATIONS = MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED | PRIVATE_REGISTRATIONS;

/** Any private one is told as the plain one, too, although it does not allow that one's command. */
const registrations = (state: number): number =>
  state & PRIVATE_REGISTRATIONS ? state | MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED : state;

export const sys_membarrier = SYSCALL_DEFINE(
  'membarrier',
  { cmd: enumeration(COMMANDS), flags, cpu_id: int },
  (task, { cmd, flags: wanted }) => {
    const known = cmd === MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ ? MEMBARRIER_CMD_FLAG_CPU : 0;
    if (wanted & ~known) return -EINVAL;
    const mm = task.mm!;
    if (cmd === MEMBARRIER_CMD_QUERY) return Object.values(COMMANDS).reduce((all, each) => all | each);
    if (cmd === MEMBARRIER_CMD_GET_REGISTRATIONS) return registrations(mm.membarrier_state);
    if (!Object.values(COMMANDS).includes(cmd)) return -EINVAL;

    if (cmd & REGISTRATIONS) mm.membarrier_state |= cmd;
    const needs = NEEDS.get(cmd) ?? 0;
    return (mm.membarrier_state & needs) === needs ? 0 : -EPERM;
  },
);
