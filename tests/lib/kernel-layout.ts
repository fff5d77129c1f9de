/*
 * tests/lib/kernel-layout.ts - where the programs of kernel-programs.ts and their kernel lie, and random tables for them
 *
 * Manual: Arm ARM, "VMSAv8-64 descriptor formats"
 *
 *   0x0040_0000  WINDOW   2 MiB of pages: what programs see
 *     page 0x000  CODE        the program
 *          0x010  CODE_AGAIN  the same
 *          0x040  DATA        pages of all kinds
 *          0x080  TABLES      both tables of level 3, both of level 2
 *          0x100  IMAGE       the kernel: vectors, handlers, and at its end what it knows
 *   0x0060_0000  BLOCK    2 MiB of RAM in one piece, for EL1
 *   0x4000_0000  LINEAR   RAM at its own address, in one piece of 1 GiB, for EL1
 *
 * There are two such address spaces, A and B, of which B has some pages elsewhere; either can be in either half.
 */
import type { Random } from './random-insn.ts';
import { PTE, RAM } from './rig.ts';

export const PAGE = 0x1000;
export const PAGE_WORDS = PAGE / 4;
const WINDOW = 0x40_0000;
const BLOCK = 0x60_0000;
/** What the upper half of the address space adds. */
export const HIGH = 0xffff_0000_0000_0000n;

/* Pages of the window. */
const CODE_PAGE = 0x00;
const CODE_AGAIN_PAGE = 0x10;
const DATA_PAGE = 0x40;
const TABLES_PAGE = 0x80;
const IMAGE_PAGE = 0x100;
/** All but the kernel's own, which nobody else changes. */
export const CHANGED_PAGES = TABLES_PAGE + 4;

export const CODE = WINDOW + PAGE * CODE_PAGE;
export const CODE_AGAIN = WINDOW + PAGE * CODE_AGAIN_PAGE;
export const CODE_PAGES = 5;
const CODE_PA = RAM + 0x2_0000;
export const codePa = (page: number): number => CODE_PA + PAGE * ((page * 7 + 3) % 16);

export const DATA = WINDOW + PAGE * DATA_PAGE;
export const DATA_PAGES = 16;
/** Pages 1 to 5 are the common kind, and what most of a program is about. */
const OFTEN = 5;
const DATA_PA = RAM + 0x10_0000;
export const dataPa = (page: number): number => DATA_PA + PAGE * ((page * 5 + 2) % 16);

export const IMAGE = WINDOW + PAGE * IMAGE_PAGE;
export const IMAGE_PA = RAM + 0x1_0000;
const IMAGE_PAGES = 8;
/** The last page of the image: what the kernel knows, and writes. */
export const KNOWN = PAGE * (IMAGE_PAGES - 1);

/* Tables: of A, and one page further of B. */
const LEVEL0 = RAM + 0x20_0000;
const LEVEL1 = RAM + 0x20_2000;
const LEVEL2 = RAM + 0x20_4000;
export const LEVEL3 = RAM + 0x20_6000;
/** What the tables of level 3 are made good from. */
export const GOOD_LEVEL3 = RAM + 0x20_8000;

export const DEVICE_PA = 0x0900_0000;

export const SPACES = [0, 1] as const;
export const rootOf = (space: number): number => LEVEL0 + PAGE * space;

/** The kernel's addresses. Not by the one big piece, which WXN makes data. */
export const VECTORS = [BigInt(IMAGE) | HIGH, BigInt(IMAGE)];

/** Whether an address, of which these are the low bits, is the kernel's. */
export const isInImage = (lo: number): boolean =>
  [IMAGE, IMAGE_PA].some((base) => lo >= base && lo < base + PAGE * IMAGE_PAGES);

/** Where the entry for a page that programs see, chosen at random, can be written; and the page. */
export function randomEntry(random: Random): { at: number; va: number } {
  const space = random.below(2);
  if (random.below(12) === 0)
    return { at: WINDOW + PAGE * (TABLES_PAGE + 2 + space) + 8 * (BLOCK >>> 21), va: BLOCK };
  const page = random.pick([
    CODE_PAGE + random.below(CODE_PAGES),
    CODE_AGAIN_PAGE + random.below(CODE_PAGES),
    DATA_PAGE + 1 + random.below(OFTEN),
    DATA_PAGE + 1 + random.below(OFTEN),
    DATA_PAGE + random.below(DATA_PAGES),
  ]);
  return { at: WINDOW + PAGE * (TABLES_PAGE + space) + 8 * page, va: WINDOW + PAGE * page };
}

/** Into a common page of the data, often near its end. */
export function commonPointer(random: Random): bigint {
  return BigInt(DATA + PAGE * (1 + random.below(OFTEN)) + randomOffset(random));
}

/** Into the data, seldom by way of the big pieces. */
export function randomPointer(random: Random): bigint {
  const high = random.below(4) === 0 ? HIGH : 0n;
  if (random.below(5)) return commonPointer(random) | high;
  const page = OFTEN + random.below(DATA_PAGES - OFTEN);
  const base = random.pick([DATA + PAGE * page, BLOCK - RAM + dataPa(page), dataPa(page)]);
  return BigInt(base + randomOffset(random)) | high;
}

const randomOffset = (random: Random): number =>
  random.below(3) === 0 ? 0xff0 + random.below(16) : 16 * random.below(256);

/** An address of a program's, or of nobody's. */
export function randomAddress(random: Random): bigint {
  const page = random.below(2) ? random.below(CODE_PAGES) : CODE_AGAIN_PAGE + random.below(CODE_PAGES);
  const code = BigInt(WINDOW + PAGE * page + 4 * random.below(PAGE_WORDS));
  return random.pick([randomPointer(random), code, code | HIGH, random.dword()]);
}

/* ---- Tables ---- */

/** A table's physical address and its entries by index. */
export type Table = readonly [pa: number, entries: ReadonlyMap<number, bigint>];

const VALID = 3n;
const BLOCK_VALID = 1n;
const PAGE_BITS = PTE.AF | VALID;
/** Rights to code: EL1 writes it and both execute it; both read and execute; EL0 writes, and alone executes. */
const CODE_BITS = [0n, 0n, 0n, PTE.USER | PTE.RDONLY, PTE.USER];
/** To data, which nobody executes, of the less common kind. */
const DATA_BITS = [PTE.USER, PTE.USER, 0n, PTE.USER | PTE.RDONLY, PTE.RDONLY];

export function randomTables(random: Random): Table[] {
  const good = SPACES.map((space) => randomPages(random, space));
  return SPACES.flatMap((space): Table[] => {
    const next = (level: number) => new Map([[0, BigInt(level + PAGE * space) | VALID]]);
    const level1 = next(LEVEL2).set(RAM / 2 ** 30, BigInt(RAM) | PTE.UXN | PTE.AF | BLOCK_VALID);
    const level2 = new Map([
      [WINDOW >>> 21, BigInt(LEVEL3 + PAGE * space) | VALID],
      [BLOCK >>> 21, BigInt(RAM) | PTE.UXN | PTE.AF | BLOCK_VALID | nonGlobal(random)],
    ]);
    return [
      [rootOf(space), next(LEVEL1)],
      [LEVEL1 + PAGE * space, level1],
      [LEVEL2 + PAGE * space, level2],
      [LEVEL3 + PAGE * space, good[space]!],
      [GOOD_LEVEL3 + PAGE * space, good[space]!],
    ];
  });
}

const nonGlobal = (random: Random): bigint => (random.below(2) ? PTE.NG : 0n);

/** Entries of level 3. */
function randomPages(random: Random, space: number): Map<number, bigint> {
  const pages = new Map<number, bigint>();
  const map = (page: number, pa: number, bits: bigint) => pages.set(page, BigInt(pa) | bits | PAGE_BITS);
  for (let i = 0; i < CODE_PAGES; i++) {
    // In B two pages of code have changed places.
    const pa = codePa(space === 1 && i > 2 ? 7 - i : i);
    map(CODE_PAGE + i, pa, random.pick(CODE_BITS) | nonGlobal(random));
    map(CODE_AGAIN_PAGE + i, pa, random.pick(CODE_BITS) | nonGlobal(random));
  }
  for (let i = 0; i < DATA_PAGES; i++) {
    const rights = i <= OFTEN ? PTE.USER : random.pick(DATA_BITS);
    const pa = dataPa((i + 5 * space) % DATA_PAGES);
    map(DATA_PAGE + i, pa, rights | nonGlobal(random) | PTE.UXN | PTE.PXN);
  }
  const special = PTE.USER | PTE.UXN | PTE.PXN;
  map(DATA_PAGE + 11, DEVICE_PA, special | PTE.DEVICE);
  map(DATA_PAGE + 12, dataPa(12), special | PTE.DEVICE);
  map(DATA_PAGE + 14, codePa(1), special);
  map(DATA_PAGE + 15, codePa(0), special);
  pages.delete(DATA_PAGE + 10);
  for (const [i, pa] of [LEVEL3, LEVEL3 + PAGE, LEVEL2, LEVEL2 + PAGE].entries())
    map(TABLES_PAGE + i, pa, PTE.UXN | PTE.PXN | (random.below(6) ? 0n : PTE.USER));
  for (let i = 0; i < IMAGE_PAGES - 1; i++) map(IMAGE_PAGE + i, IMAGE_PA + PAGE * i, PTE.RDONLY | PTE.UXN);
  map(IMAGE_PAGE + IMAGE_PAGES - 1, IMAGE_PA + KNOWN, PTE.UXN | PTE.PXN);
  return pages;
}
