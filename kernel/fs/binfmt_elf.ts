/*
 * kernel/fs/binfmt_elf.ts - load an ELF program, and the interpreter that it may ask for
 *
 * Linux:   fs/binfmt_elf.c, arch/arm64/include/asm/elf.h (v6.12)
 * Manual:  elf(5), execve(2)
 * Absent:  32-bit programs, core dumps, GNU properties (BTI)
 *
 * Nothing in the file is to be believed. What is found wrong before the point of no return is an errno for the caller;
 * afterwards there is no caller any more, and every error is the end of the process.
 */

import type { LinuxBinfmt, LinuxBinprm } from '../include/linux/binfmts.ts';
import type { File } from '../include/linux/fs.ts';
import { PATH_MAX } from '../include/linux/fs_modes.ts';
import { VM_EXEC } from '../include/linux/mm.ts';
import type { Task } from '../include/linux/sched.ts';
import { PAGE_SIZE, page_align, page_align_down, TASK_SIZE, type UserPtr } from '../include/linux/types.ts';
import * as elf from '../include/uapi/elf.ts';
import { EEXIST, EFAULT, EINVAL, EIO, ELIBBAD, ENOEXEC, ENOMEM } from '../include/uapi/errno.ts';
import {
  MAP_FIXED,
  MAP_FIXED_NOREPLACE,
  MAP_PRIVATE,
  PROT_EXEC,
  PROT_READ,
  PROT_WRITE,
} from '../include/uapi/mman.ts';
import { bytes_to_string } from '../lib/bytes.ts';
import { clear_user } from '../lib/usercopy.ts';
import { vm_brk_flags } from '../mm/brk.ts';
import { do_munmap, vm_mmap_pgoff } from '../mm/mmap.ts';
import {
  arch_mmap_rnd,
  arch_randomize_brk,
  ELF_ET_DYN_BASE,
  may_randomize,
  randomize_stack_top,
} from '../mm/util.ts';
import type { Sleeps } from '../sched/wait.ts';
import { parse_ehdr, parse_phdrs } from './elf_headers.ts';
import { create_elf_tables } from './elf_tables.ts';
import { begin_new_exec, finalize_exec, would_dump } from './exec.ts';
import { setup_arg_pages } from './exec_args.ts';
import { fput } from './file_table.ts';
import { open_exec } from './open.ts';
import { kernel_read } from './read_write.ts';

/** A file that passed the first look: its header and program headers. */
interface Image {
  readonly file: File;
  readonly ehdr: elf.Elf64Ehdr;
  readonly phdrs: readonly elf.Elf64Phdr[];
}

/** Where a program came to lie. */
export interface LoadedElf {
  /** What was added to its addresses. */
  readonly bias: number;
  readonly entry: number;
  /** Its program headers in memory; 0: no segment holds them. */
  readonly phdr: number;
}

/* ---- Before the point of no return ---- */

function* load_elf_binary(bprm: LinuxBinprm): Sleeps<number> {
  const { task } = bprm;
  const image = read_image(task, bprm.file, bprm.buf);
  if (!image || !can_be_loaded(image)) return -ENOEXEC;
  const interpreter = find_interpreter(bprm, image);
  if (typeof interpreter === 'number') return interpreter;

  const err = yield* begin_new_exec(bprm);
  const loaded = err < 0 ? err : load_images(bprm, image, interpreter);
  if (interpreter) fput(interpreter.file);
  return loaded;
}

/** null: no ELF file for this machine, or its program headers make no sense. Class and byte order are not looked at. */
function read_image(task: Task, file: File, header: Uint8Array): Image | null {
  const ehdr = parse_ehdr(header);
  if (!ehdr || ehdr.e_machine !== task.kernel.arch.elf_machine) return null;
  const phdrs = load_elf_phdrs(task, file, ehdr);
  return phdrs && { file, ehdr, phdrs };
}

const can_be_loaded = ({ ehdr, file }: Image): boolean =>
  (ehdr.e_type === elf.ET_EXEC || ehdr.e_type === elf.ET_DYN) && file.f_op.mmap !== undefined;

function load_elf_phdrs(task: Task, file: File, ehdr: elf.Elf64Ehdr): elf.Elf64Phdr[] | null {
  if (ehdr.e_phentsize !== elf.ELF64_PHDR_SIZE) return null;
  const size = ehdr.e_phnum * elf.ELF64_PHDR_SIZE;
  if (size === 0 || size > elf.ELF_MAX_PHDRS_BYTES) return null;
  const bytes = new Uint8Array(size);
  return elf_read(task, file, bytes, ehdr.e_phoff) < 0 ? null : parse_phdrs(bytes);
}

/** All of it, or -EIO. */
function elf_read(task: Task, file: File, into: Uint8Array, offset: number): number {
  if (offset >= 2 ** 63) return -EINVAL; // a negative position
  const read = kernel_read(task, file, into, offset);
  if (read < 0) return read;
  return read === into.length ? 0 : -EIO;
}

/** The program named by PT_INTERP, opened and looked at; null: the program needs none; or -errno. */
function find_interpreter(bprm: LinuxBinprm, image: Image): Image | null | number {
  const { task } = bprm;
  const phdr = image.phdrs.find((p) => p.p_type === elf.PT_INTERP);
  if (!phdr) return null;
  const name = interpreter_name(task, image.file, phdr);
  if (typeof name === 'number') return name;

  const file = open_exec(task, name);
  if (typeof file === 'number') return file;
  would_dump(bprm, file);
  const header = new Uint8Array(elf.ELF64_EHDR_SIZE);
  const err = elf_read(task, file, header, 0);
  const found = err < 0 ? null : read_image(task, file, header);
  if (found) return found;
  fput(file);
  return err < 0 ? err : -ELIBBAD;
}

function interpreter_name(task: Task, file: File, phdr: elf.Elf64Phdr): string | number {
  if (phdr.p_filesz > PATH_MAX || phdr.p_filesz < 2) return -ENOEXEC;
  const bytes = new Uint8Array(phdr.p_filesz);
  const err = elf_read(task, file, bytes, phdr.p_offset);
  if (err < 0) return err;
  if (bytes[bytes.length - 1] !== 0) return -ENOEXEC;
  return bytes_to_string(bytes.subarray(0, bytes.indexOf(0)));
}

/* ---- Beyond it ---- */

function load_images(bprm: LinuxBinprm, image: Image, interpreter: Image | null): number {
  const { task } = bprm;
  const stack = image.phdrs.findLast((p) => p.p_type === elf.PT_GNU_STACK);
  const executable = stack !== undefined && (stack.p_flags & elf.PF_X) !== 0;
  let err = setup_arg_pages(bprm, randomize_stack_top(task), executable);
  if (err < 0) return err;

  const program = load_program(bprm, image, interpreter !== null);
  if (typeof program === 'number') return program;
  const linker = interpreter ? load_elf_interp(task, interpreter) : null;
  if (typeof linker === 'number') return linker;
  const entry = linker ? linker.entry : program.entry;
  if (!is_address(entry)) return -EINVAL;

  err = task.kernel.arch.arch_setup_additional_pages(task, task.mm!);
  if (err < 0) return err;
  err = create_elf_tables(bprm, image.ehdr, program, linker ? linker.bias : 0);
  if (err < 0) return err;
  place_brk(task, image, interpreter !== null);
  finalize_exec(bprm);
  task.kernel.arch.start_thread(task, entry, bprm.p);
  return 0;
}

const is_address = (value: number): boolean => value >= 0 && value < TASK_SIZE;

/** Maps the program itself and notes in the mm what lies where. */
function load_program(bprm: LinuxBinprm, image: Image, hasInterpreter: boolean): LoadedElf | number {
  const { task } = bprm;
  const mm = task.mm!;
  const { ehdr, phdrs } = image;
  const loads = phdrs.filter((p) => p.p_type === elf.PT_LOAD);
  const bias = map_segments(task, image, loads, first_address(task, image, loads, hasInterpreter));
  if (bias === MAP_FAILED) return -ENOMEM;

  const holder = loads.findLast((p) => p.p_offset <= ehdr.e_phoff && ehdr.e_phoff < p.p_offset + p.p_filesz);
  const code = loads.filter((p) => (p.p_flags & elf.PF_X) !== 0);
  mm.start_code = Math.min(...code.map((p) => p.p_vaddr), TASK_SIZE - 1) + bias;
  mm.end_code = Math.max(0, ...code.map((p) => p.p_vaddr + p.p_filesz)) + bias;
  mm.start_data = Math.max(0, ...loads.map((p) => p.p_vaddr)) + bias;
  mm.end_data = Math.max(0, ...loads.map((p) => p.p_vaddr + p.p_filesz)) + bias;
  mm.brk = mm.start_brk = page_align(Math.max(0, ...loads.map((p) => p.p_vaddr + p.p_memsz)) + bias);
  return {
    bias,
    entry: ehdr.e_entry + bias,
    phdr: holder ? ehdr.e_phoff - holder.p_offset + holder.p_vaddr + bias : 0,
  };
}

/** Where a program's first segment should go, and how firmly. */
interface Placement {
  /** To be added to p_vaddr; meaningless with `anywhere`. */
  readonly bias: number;
  readonly flags: number;
}

/**
 * ET_EXEC: where it says. A position-independent program with an interpreter: in its own region. One without is itself
 * something like an interpreter (or a static-pie program): among the mappings, so that what it loads has the region.
 */
function first_address(
  task: Task,
  image: Image,
  loads: readonly elf.Elf64Phdr[],
  hasInterpreter: boolean,
): Placement {
  if (image.ehdr.e_type === elf.ET_EXEC) return { bias: 0, flags: MAP_FIXED_NOREPLACE };
  const alignment = maximum_alignment(loads);
  const vaddr = page_align_down(loads[0]?.p_vaddr ?? 0);
  if (hasInterpreter) {
    const base = ELF_ET_DYN_BASE + arch_mmap_rnd(task);
    return { bias: page_align_down(base - (base % alignment)) - vaddr, flags: MAP_FIXED_NOREPLACE };
  }
  if (alignment <= PAGE_SIZE) return { bias: -vaddr, flags: 0 };
  return aligned_placement(task, image, loads, alignment, vaddr);
}

/** Finds a place by mapping the whole program there and taking it away again; then it is put where it is aligned. */
function aligned_placement(
  task: Task,
  image: Image,
  loads: readonly elf.Elf64Phdr[],
  alignment: number,
  vaddr: number,
): Placement {
  const total = total_mapping_size(loads);
  const at = elf_map(task, image.file, 0, loads[0]!, PROT_READ, MAP_PRIVATE, total);
  if (at < 0) return { bias: -vaddr, flags: 0 };
  do_munmap(task.mm!, at, total);
  return { bias: at - (at % alignment) - vaddr, flags: MAP_FIXED_NOREPLACE };
}

const is_power_of_2 = (n: number): boolean => n > 0 && Number.isInteger(Math.log2(n));

/** The largest sensible p_align; segments with one that is not a power of two do not count. */
function maximum_alignment(loads: readonly elf.Elf64Phdr[]): number {
  const wished = loads.map((p) => p.p_align).filter((align) => is_power_of_2(align) && align < TASK_SIZE);
  return Math.max(PAGE_SIZE, ...wished);
}

/** From the first segment's page to the last one's end. */
function total_mapping_size(loads: readonly elf.Elf64Phdr[]): number {
  if (loads.length === 0) return 0;
  const start = Math.min(...loads.map((p) => page_align_down(p.p_vaddr)));
  const end = Math.max(...loads.map((p) => p.p_vaddr + p.p_memsz));
  return end - start;
}

const MAP_FAILED = Number.NEGATIVE_INFINITY;

/** Maps all PT_LOAD segments in the file's order. The bias that they got, or MAP_FAILED. */
function map_segments(task: Task, image: Image, loads: readonly elf.Elf64Phdr[], first: Placement): number {
  let { bias } = first;
  const dynamic = image.ehdr.e_type === elf.ET_DYN;
  const total = dynamic ? total_mapping_size(loads) : 0;
  if (dynamic && total === 0) return MAP_FAILED;
  for (const [n, phdr] of loads.entries()) {
    const flags = MAP_PRIVATE | (n === 0 ? first.flags : MAP_FIXED);
    const at = elf_load(task, image.file, bias + phdr.p_vaddr, phdr, flags, n === 0 ? total : 0);
    if (!is_address(at)) return MAP_FAILED;
    if (n === 0 && dynamic) bias += at - page_align_down(bias + phdr.p_vaddr);
    if (!segment_is_sane(phdr)) return MAP_FAILED;
  }
  return bias;
}

function segment_is_sane({ p_vaddr, p_filesz, p_memsz }: elf.Elf64Phdr): boolean {
  return is_address(p_vaddr) && p_filesz <= p_memsz && p_memsz <= TASK_SIZE && p_vaddr <= TASK_SIZE - p_memsz;
}

const page_offset = (address: number): number => address - page_align_down(address);

const make_prot = (flags: number): number =>
  ((flags & elf.PF_R) !== 0 ? PROT_READ : 0) |
  ((flags & elf.PF_W) !== 0 ? PROT_WRITE : 0) |
  ((flags & elf.PF_X) !== 0 ? PROT_EXEC : 0);

/**
 * One segment: pages of the file, then zeroes up to p_memsz. Returns where it begins, page aligned, or -errno. `total`:
 * the size of all segments; room for them is found with the first one.
 */
function elf_load(
  task: Task,
  file: File,
  address: number,
  phdr: elf.Elf64Phdr,
  flags: number,
  total: number,
): number {
  const prot = make_prot(phdr.p_flags);
  const at =
    phdr.p_filesz > 0 ? elf_map(task, file, address, phdr, prot, flags, total) : page_align_down(address);
  if (!is_address(at) || phdr.p_memsz <= phdr.p_filesz) return at;

  const inPage = page_offset(phdr.p_vaddr);
  const fileEnd = at + inPage + phdr.p_filesz;
  // The rest of the last page holds what follows in the file. That it cannot be cleared matters only if it can be seen.
  if (phdr.p_filesz > 0 && padzero(task, fileEnd) !== 0 && (prot & PROT_WRITE) !== 0) return -EFAULT;
  const start = phdr.p_filesz > 0 ? page_align(fileEnd) : at;
  const end = page_align(at + inPage + phdr.p_memsz);
  if (end <= start) return at;
  const err = vm_brk_flags(task, task.mm!, start, end - start, (prot & PROT_EXEC) !== 0 ? VM_EXEC : 0);
  return err < 0 ? err : at;
}

/** Clears from `address` to the end of its page. */
function padzero(task: Task, address: number): number {
  const rest = page_align(address) - address;
  return rest > 0 ? clear_user(task, address as UserPtr, rest) : 0;
}

function elf_map(
  task: Task,
  file: File,
  address: number,
  phdr: elf.Elf64Phdr,
  prot: number,
  flags: number,
  total: number,
): number {
  const inPage = page_offset(phdr.p_vaddr);
  const offset = phdr.p_offset - inPage;
  const start = page_align_down(address);
  const size = page_align(phdr.p_filesz + inPage);
  if (size === 0) return start;
  if (start < 0 || offset < 0 || offset % PAGE_SIZE !== 0) return -EINVAL;

  const whole = page_align(Math.max(total, size));
  const at = vm_mmap_pgoff(task, file, start, whole, prot, flags, offset / PAGE_SIZE);
  if (at === -EEXIST) {
    task.kernel.printk.info(
      `${task.pid} (${task.comm}): Uhuuh, elf segment at ${start.toString(16)} requested but the memory is mapped already`,
    );
  }
  // What lies behind this segment was needed to find room for all of them.
  if (at >= 0 && whole > size) do_munmap(task.mm!, at + size, whole - size);
  return at;
}

function load_elf_interp(task: Task, image: Image): LoadedElf | number {
  const loads = image.phdrs.filter((p) => p.p_type === elf.PT_LOAD);
  if (!can_be_loaded(image) || total_mapping_size(loads) === 0) return -EINVAL;
  const fixed = image.ehdr.e_type === elf.ET_EXEC;
  const first = fixed
    ? { bias: 0, flags: MAP_FIXED }
    : { bias: -page_align_down(loads[0]!.p_vaddr), flags: 0 };
  const bias = map_segments(task, image, loads, first);
  if (bias === MAP_FAILED) return -ENOMEM;
  return { bias, entry: image.ehdr.e_entry + bias, phdr: 0 };
}

/** The heap begins behind the program, or, for one that lies among the mappings, where others would begin. */
function place_brk(task: Task, image: Image, hasInterpreter: boolean): void {
  const mm = task.mm!;
  const among = image.ehdr.e_type === elf.ET_DYN && !hasInterpreter;
  if (among) mm.brk = mm.start_brk = page_align(ELF_ET_DYN_BASE);
  if (may_randomize(task)) mm.brk = mm.start_brk = arch_randomize_brk(task, mm.brk);
}

export const elf_format: LinuxBinfmt = { name: 'elf', load_binary: load_elf_binary };
