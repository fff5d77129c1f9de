/*
 * kernel/fs/elf_tables.ts - what a new program finds on its stack
 *
 * Linux:   fs/binfmt_elf.c (create_elf_tables()), arch/arm64/include/asm/elf.h (ARCH_DLINFO)
 * Manual:  System V ABI, "Process Initialization"; getauxval(3)
 *
 *   strings (exec_args.ts)
 *   platform name, NUL       <- AT_PLATFORM
 *   16 random bytes          <- AT_RANDOM
 *   auxv pairs, AT_NULL
 *   envp pointers, NULL
 *   argv pointers, NULL
 *   argc                     <- sp, 16-byte aligned
 */

import type { LinuxBinprm } from '../include/linux/binfmts.ts';
import type { Task } from '../include/linux/sched.ts';
import { PAGE_SIZE, type UserPtr } from '../include/linux/types.ts';
import * as aux from '../include/uapi/auxvec.ts';
import { ELF64_PHDR_SIZE, type Elf64Ehdr } from '../include/uapi/elf.ts';
import { EFAULT } from '../include/uapi/errno.ts';
import { put_unaligned_le64, string_to_bytes } from '../lib/bytes.ts';
import { copy_to_user } from '../lib/usercopy.ts';
import { may_randomize } from '../mm/util.ts';
import type { LoadedElf } from './binfmt_elf.ts';

const USER_HZ = 100;
/** struct rseq: up to mm_cid, and what it must be aligned to. */
const RSEQ_FEATURE_SIZE = 28;
const RSEQ_ALIGN = 32;

const align16 = (address: number): number => address - (address % 16);

/** Writes it all below bprm.p, which becomes the stack pointer. 0 or -EFAULT. */
export function create_elf_tables(
  bprm: LinuxBinprm,
  ehdr: Elf64Ehdr,
  program: LoadedElf,
  interpreterBase: number,
): number {
  const { task } = bprm;
  const mm = task.mm!;
  const platform = arch_align_stack(task, bprm.p) - round_up(task.kernel.arch.elf_platform.length + 1, 8);
  const random = platform - 16;
  const auxv = auxiliary_vector(bprm, ehdr, program, interpreterBase, random, platform);
  const words = [bprm.argv.length, ...string_addresses(bprm), ...auxv];

  const sp = align16(random - 8 * words.length);
  const bytes = new Uint8Array(bprm.p - sp);
  for (const [i, word] of words.entries()) put_unaligned_le64(word, bytes, 8 * i);
  bytes.set(task.kernel.random.get_random_bytes(16), random - sp);
  bytes.set(string_to_bytes(task.kernel.arch.elf_platform), platform - sp);

  mm.saved_auxv = bytes.slice(8 * (words.length - auxv.length), 8 * words.length);
  mm.start_stack = sp;
  bprm.p = sp;
  return copy_to_user(task, sp as UserPtr, bytes) ? -EFAULT : 0;
}

const round_up = (n: number, to: number): number => Math.ceil(n / to) * to;

/** Programs' stacks begin at different offsets in their page, so that they do not all use the same cache lines. */
function arch_align_stack(task: Task, sp: number): number {
  const shift = may_randomize(task) ? task.kernel.random.get_random_u32_below(PAGE_SIZE) : 0;
  return align16(sp - shift);
}

/** argv and envp: each ends in NULL. */
function string_addresses(bprm: LinuxBinprm): number[] {
  const words: number[] = [];
  let at = bprm.task.mm!.arg_start;
  for (const list of [bprm.argv, bprm.envp]) {
    for (const text of list) {
      words.push(at);
      at += text.length + 1;
    }
    words.push(0);
  }
  return words;
}

/** In the order that real arm64 Linux has, which nobody should rely on. */
function auxiliary_vector(
  bprm: LinuxBinprm,
  ehdr: Elf64Ehdr,
  program: LoadedElf,
  interpreterBase: number,
  random: number,
  platform: number,
): number[] {
  const { cred, kernel, mm } = bprm.task;
  const { arch } = kernel;
  // biome-ignore format: columns teach
  return [
    aux.AT_SYSINFO_EHDR,      mm!.vdso,
    aux.AT_MINSIGSTKSZ,       arch.minsigstksz,
    aux.AT_HWCAP,             arch.elf_hwcap,
    aux.AT_PAGESZ,            PAGE_SIZE,
    aux.AT_CLKTCK,            USER_HZ,
    aux.AT_PHDR,              program.phdr,
    aux.AT_PHENT,             ELF64_PHDR_SIZE,
    aux.AT_PHNUM,             ehdr.e_phnum,
    aux.AT_BASE,              interpreterBase,
    aux.AT_FLAGS,             0,
    aux.AT_ENTRY,             program.entry,
    aux.AT_UID,               cred.uid,
    aux.AT_EUID,              cred.euid,
    aux.AT_GID,               cred.gid,
    aux.AT_EGID,              cred.egid,
    aux.AT_SECURE,            bprm.secureexec ? 1 : 0,
    aux.AT_RANDOM,            random,
    aux.AT_HWCAP2,            arch.elf_hwcap2,
    aux.AT_EXECFN,            bprm.exec,
    aux.AT_PLATFORM,          platform,
    aux.AT_RSEQ_FEATURE_SIZE, RSEQ_FEATURE_SIZE,
    aux.AT_RSEQ_ALIGN,        RSEQ_ALIGN,
    aux.AT_NULL,              0,
  ];
}
