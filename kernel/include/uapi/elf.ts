/*
 * kernel/include/uapi/elf.ts - executable files, as far as the loader looks
 *
 * Linux:  include/uapi/linux/elf.h, include/uapi/linux/elf-em.h
 * Manual: elf(5)
 *
 * Every field comes from a file that anybody can write. 64-bit ones are numbers, rounded above 2^53: no address and no
 * size that is any good is that large.
 */

export const ELFMAG = [0x7f, 0x45, 0x4c, 0x46] as const;
export const ET_EXEC = 2;
export const ET_DYN = 3;

export const PT_LOAD = 1;
export const PT_INTERP = 3;
export const PT_GNU_STACK = 0x6474_e551;

export const PF_X = 1;
export const PF_W = 2;
export const PF_R = 4;

export const ELF64_EHDR_SIZE = 64;
export const ELF64_PHDR_SIZE = 56;
/** e_phnum entries beyond this many bytes are not even read. */
export const ELF_MAX_PHDRS_BYTES = 65536;

export interface Elf64Ehdr {
  readonly e_type: number;
  readonly e_machine: number;
  readonly e_entry: number;
  readonly e_phoff: number;
  readonly e_phentsize: number;
  readonly e_phnum: number;
}

export interface Elf64Phdr {
  readonly p_type: number;
  readonly p_flags: number;
  readonly p_offset: number;
  readonly p_vaddr: number;
  readonly p_filesz: number;
  readonly p_memsz: number;
  readonly p_align: number;
}

/* Core files: notes, and what they are about. */
export const ET_CORE = 4;
export const PT_NOTE = 4;
export const NT_PRSTATUS = 1;
export const NT_PRFPREG = 2;
export const NT_PRPSINFO = 3;
export const NT_AUXV = 6;
export const NT_SIGINFO = 0x5349_4749;
export const NT_FILE = 0x4649_4c45;
export const NT_ARM_TLS = 0x401;
export const NT_ARM_HW_BREAK = 0x402;
export const NT_ARM_HW_WATCH = 0x403;
export const NT_ARM_SYSTEM_CALL = 0x404;
export const NT_ARM_TAGGED_ADDR_CTRL = 0x409;
