/*
 * kernel/fs/elf_core.ts - a process as an ELF file: registers in notes, memory in segments
 *
 * Linux:   fs/binfmt_elf.c (elf_core_dump), include/linux/elfcore.h (v6.12)
 * Manual:  core(5), elf(5)
 *
 *    ELF header | program headers: PT_NOTE, a PT_LOAD for each mapping | notes | pages
 *
 * The notes are NT_PRSTATUS, NT_PRPSINFO, NT_SIGINFO, NT_AUXV, NT_FILE and the other register sets of the thread that died, then
 * NT_PRSTATUS and the other sets of each further thread.
 */

import type { Kernel } from '../kernel.ts';
import type { UserRegset } from '../include/linux/regset.ts';
import type { Task } from '../include/linux/sched.ts';
import type { KernelSigInfo } from '../include/linux/signal.ts';
import type { Mm, VmArea } from '../include/linux/mm_types.ts';
import { VM_DONTDUMP, VM_EXEC, VM_IO, VM_READ, VM_SHARED, VM_WRITE } from '../include/linux/mm.ts';
import { PAGE_SIZE, page_align } from '../include/linux/types.ts';
import {
  ELF64_EHDR_SIZE,
  ELF64_PHDR_SIZE,
  ELFMAG,
  ET_CORE,
  NT_AUXV,
  NT_FILE,
  NT_PRPSINFO,
  NT_PRSTATUS,
  NT_SIGINFO,
  PF_R,
  PF_W,
  PF_X,
  PT_LOAD,
  PT_NOTE,
} from '../include/uapi/elf.ts';
import { SIGINFO_SIZE } from '../include/uapi/siginfo.ts';
import { put_unaligned_le16, put_unaligned_le32, put_unaligned_le64, string_to_bytes } from '../lib/bytes.ts';
import { access_remote_vm } from '../mm/gup.ts';
import { put_timeval, task_cputime } from '../sched/cputime.ts';
import { siginfo_to_bytes } from '../signal/siginfo.ts';
import { sigset_to_bytes } from '../signal/sigset.ts';
import { d_path } from './dcache.ts';
import { pid_vnr, task_pid_vnr, task_tgid_vnr } from '../pid.ts';

/** Bytes and where they belong in the file. */
export interface CorePart {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/** Everything but the pages is as it is now; the pages are read while the parts are taken. */
export function elf_core_parts(task: Task, info: KernelSigInfo): Iterable<CorePart> {
  const mm = task.mm!;
  const notes = concat(core_notes(task, mm, info));
  const segments = mm.mmap.map((vma) => ({ vma, filesz: vma_dump_size(vma) }));
  const notesAt = ELF64_EHDR_SIZE + ELF64_PHDR_SIZE * (segments.length + 1);
  const pagesAt = page_align(notesAt + notes.length);

  const headers = new Uint8Array(notesAt);
  headers.set(elf_header(task.kernel, segments.length + 1));
  headers.set(program_header(PT_NOTE, 0, notesAt, 0, notes.length, 0, 4), ELF64_EHDR_SIZE);
  let offset = pagesAt;
  segments.forEach(({ vma, filesz }, i) => {
    const size = vma.vm_end - vma.vm_start;
    const header = program_header(PT_LOAD, segment_flags(vma), offset, vma.vm_start, filesz, size, PAGE_SIZE);
    headers.set(header, ELF64_EHDR_SIZE + ELF64_PHDR_SIZE * (i + 1));
    offset += filesz;
  });
  return core_parts(mm, segments, [headers, notes], pagesAt);
}

function* core_parts(
  mm: Mm,
  segments: readonly { readonly vma: VmArea; readonly filesz: number }[],
  front: readonly Uint8Array[],
  pagesAt: number,
): Generator<CorePart, void, void> {
  yield { offset: 0, bytes: concat(front) };
  let offset = pagesAt;
  for (const { vma, filesz } of segments) {
    for (let at = 0; at < filesz; at += PAGE_SIZE) {
      const bytes = new Uint8Array(PAGE_SIZE);
      // What cannot be had reads as zeroes.
      access_remote_vm(mm, vma.vm_start + at, bytes, false);
      yield { offset: offset + at, bytes };
    }
    offset += filesz;
  }
}

/** Linux: vma_dump_size() with the usual coredump_filter: what the process has changed, and the first page of programs. */
function vma_dump_size(vma: VmArea): number {
  const size = vma.vm_end - vma.vm_start;
  if (vma.vm_pages) return size; // the vDSO: a debugger wants its symbols
  if (vma.vm_flags & (VM_IO | VM_DONTDUMP)) return 0;
  if (vma.vm_flags & VM_SHARED) return vma.vm_file ? 0 : size;
  if (vma.anon_vma || !vma.vm_file) return size;
  return vma.vm_pgoff === 0 && vma.vm_flags & VM_READ && vma.vm_flags & VM_EXEC ? PAGE_SIZE : 0;
}

const segment_flags = ({ vm_flags }: VmArea): number =>
  (vm_flags & VM_READ ? PF_R : 0) | (vm_flags & VM_WRITE ? PF_W : 0) | (vm_flags & VM_EXEC ? PF_X : 0);

function elf_header({ arch }: Kernel, phnum: number): Uint8Array {
  const bytes = new Uint8Array(ELF64_EHDR_SIZE);
  bytes.set([...ELFMAG, 2, 1, 1]);
  put_unaligned_le16(ET_CORE, bytes, 16);
  put_unaligned_le16(arch.elf_machine, bytes, 18);
  put_unaligned_le32(1, bytes, 20);
  put_unaligned_le64(ELF64_EHDR_SIZE, bytes, 32);
  put_unaligned_le16(ELF64_EHDR_SIZE, bytes, 52);
  put_unaligned_le16(ELF64_PHDR_SIZE, bytes, 54);
  put_unaligned_le16(phnum, bytes, 56);
  return bytes;
}

function program_header(
  type: number,
  flags: number,
  offset: number,
  vaddr: number,
  filesz: number,
  memsz: number,
  align: number,
): Uint8Array {
  const bytes = new Uint8Array(ELF64_PHDR_SIZE);
  put_unaligned_le32(type, bytes, 0);
  put_unaligned_le32(flags, bytes, 4);
  [offset, vaddr, 0, filesz, memsz, align].forEach((value, i) => {
    put_unaligned_le64(value, bytes, 8 + 8 * i);
  });
  return bytes;
}

/*
 * Notes
 */

const align4 = (n: number): number => Math.ceil(n / 4) * 4;

function note(name: string, type: number, data: Uint8Array): Uint8Array {
  const namesz = name.length + 1;
  const bytes = new Uint8Array(12 + align4(namesz) + align4(data.length));
  put_unaligned_le32(namesz, bytes, 0);
  put_unaligned_le32(data.length, bytes, 4);
  put_unaligned_le32(type, bytes, 8);
  bytes.set(string_to_bytes(name), 12);
  bytes.set(data, 12 + align4(namesz));
  return bytes;
}

const core_note = (type: number, data: Uint8Array): Uint8Array => note('CORE', type, data);

/** Register sets that only this CPU has are Linux's, the old ones System V's. */
const regset_note = (set: UserRegset, task: Task): Uint8Array =>
  note(set.core_note_type < 0x100 ? 'CORE' : 'LINUX', set.core_note_type, set.get(task));

function core_notes(task: Task, mm: Mm, info: KernelSigInfo): Uint8Array[] {
  const [gpr, ...others] = task.kernel.arch.regsets;
  const sig = info.si_signo;
  const notes = [
    core_note(NT_PRSTATUS, prstatus(task, gpr!, sig)),
    core_note(NT_PRPSINFO, prpsinfo(task, mm)),
    core_note(NT_SIGINFO, siginfo(info)),
    core_note(NT_AUXV, mm.saved_auxv),
    core_note(NT_FILE, file_note(mm)),
    ...others.map((set) => regset_note(set, task)),
  ];
  for (const thread of task.signal.threads) {
    if (thread === task || thread.mm !== mm) continue;
    notes.push(core_note(NT_PRSTATUS, prstatus(thread, gpr!, sig)));
    notes.push(...others.map((set) => regset_note(set, thread)));
  }
  return notes;
}

/** struct elf_prstatus: the registers are at 112. */
function prstatus(task: Task, gpr: UserRegset, sig: number): Uint8Array {
  const bytes = new Uint8Array(112 + gpr.size + 8);
  const view = new DataView(bytes.buffer);
  put_unaligned_le32(sig, bytes, 0);
  put_unaligned_le16(sig, bytes, 12);
  sigset_to_bytes(view, 16, task.pending.signal);
  sigset_to_bytes(view, 24, task.blocked);
  const { signal } = task;
  process_numbers(task).forEach((nr, i) => {
    put_unaligned_le32(nr, bytes, 32 + 4 * i);
  });
  const { utime, stime } = task_cputime(task);
  [utime, stime, signal.cutime, signal.cstime].forEach((ns, i) => {
    put_timeval(bytes, 48 + 16 * i, ns);
  });
  bytes.set(gpr.get(task), 112);
  put_unaligned_le32(1, bytes, 112 + gpr.size); // pr_fpvalid
  return bytes;
}

/** Thread, parent, group and session, as the process itself knows them. */
const process_numbers = (task: Task): number[] => [
  task_pid_vnr(task, task),
  task_tgid_vnr(task.real_parent, task),
  pid_vnr(task.signal.pgrp, task),
  pid_vnr(task.signal.session, task),
];

const PRPSINFO_SIZE = 136;
const PSARGS_SIZE = 80;

/** struct elf_prpsinfo: what ps would have shown. */
function prpsinfo(task: Task, mm: Mm): Uint8Array {
  const bytes = new Uint8Array(PRPSINFO_SIZE);
  bytes[1] = 'R'.charCodeAt(0);
  bytes[3] = task.nice;
  put_unaligned_le64(task.flags, bytes, 8);
  const { cred } = task;
  const ids = [cred.uid, cred.gid, ...process_numbers(task)];
  ids.forEach((id, i) => {
    put_unaligned_le32(id, bytes, 16 + 4 * i);
  });
  bytes.set(string_to_bytes(task.comm), 40);
  const args = new Uint8Array(Math.min(mm.arg_end - mm.arg_start, PSARGS_SIZE - 1));
  access_remote_vm(mm, mm.arg_start, args, false);
  bytes.set(
    args.map((byte) => (byte === 0 ? 0x20 : byte)),
    56,
  );
  return bytes;
}

function siginfo(info: KernelSigInfo): Uint8Array {
  const bytes = new Uint8Array(SIGINFO_SIZE);
  siginfo_to_bytes(new DataView(bytes.buffer), 0, info);
  return bytes;
}

/** {count, page size, count x {start, end, page offset}, names}: which file is mapped where. */
function file_note(mm: Mm): Uint8Array {
  const files = mm.mmap.filter((vma) => vma.vm_file);
  const bytes = new Uint8Array(16 + 24 * files.length);
  put_unaligned_le64(files.length, bytes, 0);
  put_unaligned_le64(PAGE_SIZE, bytes, 8);
  files.forEach(({ vm_start, vm_end, vm_pgoff }, i) => {
    [vm_start, vm_end, vm_pgoff].forEach((value, n) => {
      put_unaligned_le64(value, bytes, 16 + 24 * i + 8 * n);
    });
  });
  const names = files.map((vma) => string_to_bytes(`${d_path(vma.vm_file!.f_path)}\0`));
  return concat([bytes, ...names]);
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
