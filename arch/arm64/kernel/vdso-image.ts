/*
 * arch/arm64/kernel/vdso-image.ts - an ELF shared object from a handful of functions
 *
 * Linux:  arch/arm64/kernel/vdso/vdso.lds.S (v6.12)
 * Manual: System V ABI, "Object Files", "Dynamic Linking"; vdso(7)
 *
 * One segment, read and execute, that is the file itself:
 *
 *    ELF header, program headers | .hash .dynsym .dynstr .gnu.version .gnu.version_d .note .dynamic .text | names, section headers
 */

export interface VdsoFunction {
  readonly name: string;
  /** Instructions in front of it that belong to nobody. */
  readonly before: readonly number[];
  readonly code: readonly number[];
}

export interface VdsoImage {
  readonly bytes: Uint8Array;
  /** Offset of each function. */
  readonly symbols: ReadonlyMap<string, number>;
}

const SONAME = 'linux-vdso.so.1';
const VERSION = 'LINUX_2.6.39';
/** LINUX_VERSION_CODE of 6.12.0, in the "Linux" note. */
const VERSION_CODE = 0x06_0c_00;

const EHDR_SIZE = 64;
const PHDR_SIZE = 56;
const SHDR_SIZE = 64;
const SYM_SIZE = 24;

/* Section header: types and flags. */
const SHT_PROGBITS = 1;
const SHT_STRTAB = 3;
const SHT_HASH = 5;
const SHT_DYNAMIC = 6;
const SHT_NOTE = 7;
const SHT_DYNSYM = 11;
const SHT_GNU_verdef = 0x6fff_fffd;
const SHT_GNU_versym = 0x6fff_ffff;
const SHF_ALLOC = 2;
const SHF_EXECINSTR = 4;

/* Program headers. */
const PT_LOAD = 1;
const PT_DYNAMIC = 2;
const PT_NOTE = 4;
const PF_X = 1;
const PF_R = 4;

/* Dynamic tags. */
const DT_HASH = 4;
const DT_STRTAB = 5;
const DT_SYMTAB = 6;
const DT_STRSZ = 10;
const DT_SYMENT = 11;
const DT_SONAME = 14;
const DT_VERSYM = 0x6fff_fff0;
const DT_VERDEF = 0x6fff_fffc;
const DT_VERDEFNUM = 0x6fff_fffd;

const EM_AARCH64 = 183;
const ET_DYN = 3;
const STB_GLOBAL_FUNC = 0x12;
const SHN_ABS_OBJECT = 0x11;
const SHN_ABS = 0xfff1;
const VER_FLG_BASE = 1;

interface Section {
  readonly name: string;
  readonly type: number;
  readonly flags: number;
  readonly align: number;
  readonly entsize: number;
  /** Names of the section in sh_link; number in sh_info. */
  readonly link: string;
  readonly info: number;
  data: Uint8Array;
  offset: number;
}

const u16 = (...values: number[]): Uint8Array => new Uint8Array(Uint16Array.from(values).buffer);
const u32 = (...values: number[]): Uint8Array => new Uint8Array(Uint32Array.from(values).buffer);
/** 64-bit values, all small. */
const u64 = (...values: number[]): Uint8Array => u32(...values.flatMap((value) => [value, 0]));
const ascii = (text: string): Uint8Array => Uint8Array.from(text, (c) => c.charCodeAt(0));

function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** NUL-terminated names; remembers where each is. */
class Strings {
  private text = '\0';

  offset(name: string): number {
    const found = this.text.indexOf(`\0${name}\0`);
    if (found >= 0) return found + 1;
    const at = this.text.length;
    this.text += `${name}\0`;
    return at;
  }

  get bytes(): Uint8Array {
    return ascii(this.text);
  }
}

/** System V's hash of a symbol or version name. */
export function elf_hash(name: string): number {
  let hash = 0;
  for (const c of name) {
    hash = ((hash << 4) + c.charCodeAt(0)) >>> 0;
    hash = (hash ^ ((hash >>> 24) & 0xf0)) & 0x0fff_ffff;
  }
  return hash;
}

/** One bucket: a search through so few symbols needs no better. */
function hash_table(count: number): Uint8Array {
  const chain = Array.from({ length: count }, (_, i) => (i === 0 || i === count - 1 ? 0 : i + 1));
  return u32(1, count, count > 1 ? 1 : 0, ...chain);
}

/** Versions 1 (the library itself) and 2 (the symbols'). */
const version_definitions = (strings: Strings): Uint8Array =>
  concat(
    u16(1, VER_FLG_BASE, 1, 1),
    u32(elf_hash(SONAME), 20, 28, strings.offset(SONAME), 0),
    u16(1, 0, 2, 1),
    u32(elf_hash(VERSION), 20, 0, strings.offset(VERSION), 0),
  );

const note = (): Uint8Array => concat(u32(6, 4, 0), ascii('Linux\0\0\0'), u32(VERSION_CODE));

function text_section(functions: readonly VdsoFunction[]): { words: number[]; starts: number[] } {
  const words: number[] = [];
  const starts: number[] = [];
  for (const { before, code } of functions) {
    words.push(...before);
    starts.push(words.length * 4);
    words.push(...code);
  }
  return { words, starts };
}

const section = (
  name: string,
  type: number,
  data: Uint8Array,
  rest: Partial<Pick<Section, 'flags' | 'align' | 'entsize' | 'link' | 'info'>> = {},
): Section => ({
  name,
  type,
  data,
  flags: SHF_ALLOC,
  align: 8,
  entsize: 0,
  link: '',
  info: 0,
  offset: 0,
  ...rest,
});

const DYNAMIC_ENTRIES = 10;

export function vdso_image(functions: readonly VdsoFunction[]): VdsoImage {
  const strings = new Strings();
  const { words, starts } = text_section(functions);
  const count = functions.length + 2;
  for (const { name } of functions) strings.offset(name);
  const verdef = version_definitions(strings);

  // Sizes first: addresses inside .dynsym and .dynamic depend on where everything lies.
  // biome-ignore format: columns teach
  const sections: Section[] = [
    section('.hash',          SHT_HASH,       hash_table(count),                      { entsize: 4, link: '.dynsym' }),
    section('.dynsym',        SHT_DYNSYM,     new Uint8Array(count * SYM_SIZE),       { entsize: SYM_SIZE, link: '.dynstr', info: 1 }),
    section('.dynstr',        SHT_STRTAB,     strings.bytes,                          { align: 1 }),
    section('.gnu.version',   SHT_GNU_versym, u16(0, ...Array(count - 1).fill(2)),    { align: 2, entsize: 2, link: '.dynsym' }),
    section('.gnu.version_d', SHT_GNU_verdef, verdef,                                 { link: '.dynstr', info: 2 }),
    section('.note',          SHT_NOTE,       note(),                                 { align: 4 }),
    section('.dynamic',       SHT_DYNAMIC,    new Uint8Array(DYNAMIC_ENTRIES * 16),   { entsize: 16, link: '.dynstr' }),
    section('.text',          SHT_PROGBITS,   u32(...words),                          { align: 16, flags: SHF_ALLOC | SHF_EXECINSTR }),
  ];
  const loadEnd = place(sections, EHDR_SIZE + 3 * PHDR_SIZE);
  const at = (name: string): number => sections.find((each) => each.name === name)!.offset;
  const find = (name: string): Section => sections.find((each) => each.name === name)!;

  const symbols = new Map(functions.map(({ name }, i) => [name, at('.text') + starts[i]!]));
  find('.dynsym').data = symbol_table(functions, symbols, strings);
  find('.dynamic').data = u64(
    ...[DT_HASH, at('.hash'), DT_STRTAB, at('.dynstr'), DT_SYMTAB, at('.dynsym')],
    ...[DT_STRSZ, strings.bytes.length, DT_SYMENT, SYM_SIZE, DT_SONAME, strings.offset(SONAME)],
    ...[DT_VERSYM, at('.gnu.version'), DT_VERDEF, at('.gnu.version_d'), DT_VERDEFNUM, 2, 0, 0],
  );
  return { bytes: assemble(sections, loadEnd), symbols };
}

/** Gives every section its offset; returns the end of the last. */
function place(sections: readonly Section[], start: number): number {
  let end = start;
  for (const each of sections) {
    each.offset = Math.ceil(end / each.align) * each.align;
    end = each.offset + each.data.length;
  }
  return end;
}

function symbol_table(
  functions: readonly VdsoFunction[],
  symbols: ReadonlyMap<string, number>,
  strings: Strings,
): Uint8Array {
  const text = 8; // index of .text in the section table, which begins with an empty entry
  const symbol = (name: string, info: number, index: number, value: number, size: number): Uint8Array =>
    concat(u32(strings.offset(name) | 0), Uint8Array.of(info, 0), u16(index), u64(value, size));
  return concat(
    new Uint8Array(SYM_SIZE),
    ...functions.map(({ name, code }) =>
      symbol(name, STB_GLOBAL_FUNC, text, symbols.get(name)!, code.length * 4),
    ),
    symbol(VERSION, SHN_ABS_OBJECT, SHN_ABS, 0, 0),
  );
}

/** Headers, sections, names of sections, section headers. */
function assemble(sections: readonly Section[], loadEnd: number): Uint8Array {
  const names = new Strings();
  for (const { name } of sections) names.offset(name);
  const shstrtab = section('.shstrtab', SHT_STRTAB, new Uint8Array(0), { flags: 0, align: 1 });
  names.offset(shstrtab.name);
  shstrtab.data = names.bytes;
  shstrtab.offset = loadEnd;
  const all = [...sections, shstrtab];
  const shoff = Math.ceil((loadEnd + shstrtab.data.length) / 8) * 8;

  const bytes = new Uint8Array(shoff + (all.length + 1) * SHDR_SIZE);
  bytes.set(elf_header(shoff, all.length + 1));
  bytes.set(program_headers(sections, loadEnd), EHDR_SIZE);
  for (const { data, offset } of all) bytes.set(data, offset);
  all.forEach((each, i) => {
    const link = all.findIndex(({ name }) => name === each.link) + 1;
    bytes.set(section_header(each, names.offset(each.name), link), shoff + (i + 1) * SHDR_SIZE);
  });
  return bytes;
}

const elf_header = (shoff: number, shnum: number): Uint8Array =>
  concat(
    Uint8Array.of(0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0),
    u16(ET_DYN, EM_AARCH64),
    u32(1),
    u64(0, EHDR_SIZE, shoff),
    u32(0),
    u16(EHDR_SIZE, PHDR_SIZE, 3, SHDR_SIZE, shnum, shnum - 1),
  );

function program_headers(sections: readonly Section[], loadEnd: number): Uint8Array {
  const header = (type: number, flags: number, offset: number, size: number, align: number): Uint8Array =>
    concat(u32(type, flags), u64(offset, offset, offset, size, size, align));
  const of = (type: number, flags: number, name: string): Uint8Array => {
    const { offset, data, align } = sections.find((each) => each.name === name)!;
    return header(type, flags, offset, data.length, align);
  };
  return concat(
    header(PT_LOAD, PF_R | PF_X, 0, loadEnd, 16),
    of(PT_DYNAMIC, PF_R, '.dynamic'),
    of(PT_NOTE, PF_R, '.note'),
  );
}

const section_header = (each: Section, name: number, link: number): Uint8Array =>
  concat(
    u32(name, each.type),
    u64(each.flags, each.flags & SHF_ALLOC ? each.offset : 0, each.offset, each.data.length),
    u32(link, each.info),
    u64(each.align, each.entsize),
  );
