/*
 * kernel/fs/elf_headers.ts - headers of ELF files, from bytes
 *
 * Linux:  include/uapi/linux/elf.h
 * Manual: elf(5)
 */

import { ELF64_PHDR_SIZE, type Elf64Ehdr, type Elf64Phdr, ELFMAG } from '../include/uapi/elf.ts';
import { get_unaligned_le16, get_unaligned_le32, get_unaligned_le64 } from '../lib/bytes.ts';

/** `bytes` holds ELF64_EHDR_SIZE bytes or more. null: not an ELF file at all. */
export function parse_ehdr(bytes: Uint8Array): Elf64Ehdr | null {
  if (ELFMAG.some((byte, i) => bytes[i] !== byte)) return null;
  return {
    e_type: get_unaligned_le16(bytes, 16),
    e_machine: get_unaligned_le16(bytes, 18),
    e_entry: get_unaligned_le64(bytes, 24),
    e_phoff: get_unaligned_le64(bytes, 32),
    e_phentsize: get_unaligned_le16(bytes, 54),
    e_phnum: get_unaligned_le16(bytes, 56),
  };
}

export function parse_phdrs(bytes: Uint8Array): Elf64Phdr[] {
  const phdrs: Elf64Phdr[] = [];
  for (let at = 0; at + ELF64_PHDR_SIZE <= bytes.length; at += ELF64_PHDR_SIZE) {
    phdrs.push({
      p_type: get_unaligned_le32(bytes, at),
      p_flags: get_unaligned_le32(bytes, at + 4),
      p_offset: get_unaligned_le64(bytes, at + 8),
      p_vaddr: get_unaligned_le64(bytes, at + 16),
      p_filesz: get_unaligned_le64(bytes, at + 32),
      p_memsz: get_unaligned_le64(bytes, at + 40),
      p_align: get_unaligned_le64(bytes, at + 48),
    });
  }
  return phdrs;
}
