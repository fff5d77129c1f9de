/*
 * tests/unit/board/mmu/walk.test.ts - the table walk against tables written by hand
 *
 * Manual: Arm ARM, "VMSAv8-64 descriptor formats"; "Data access permissions"; "ISS encoding for an exception from a Data Abort" (DFSC)
 */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Bus } from '../../../../board/bus.ts';
import { EL1_SHIFT, FSC_NONE, PERM_EXEC, PERM_READ, PERM_WRITE, Walker } from '../../../../board/mmu/walk.ts';

const RAM = 0x4000_0000;
const TABLE = 0b11; // also: page
const BLOCK = 0b01;
const AF = 1n << 10n;
const NG = 1n << 11n;
const AP = (ap: number) => BigInt(ap) << 6n;
const ATTR = (index: number) => BigInt(index) << 2n;
const PXN = 1n << 53n;
const UXN = 1n << 54n;
const PXN_TABLE = 1n << 59n;
const UXN_TABLE = 1n << 60n;
const AP_TABLE = (ap: number) => BigInt(ap) << 61n;

/* Level n's table stands at RAM + n * 4 KiB. */
const L = (level: number) => RAM + 0x1000 * level;

interface Ground {
  walker: Walker;
  put(pa: number, descriptor: bigint): void;
  walk(va: bigint): Walker;
}

function ground(): Ground {
  const memory = new WebAssembly.Memory({ initial: 2 });
  const bus = new Bus(memory, RAM, 0x1_0000, 0x1_0000);
  const walker = new Walker(bus);
  const view = new DataView(memory.buffer, bus.ramOffset);
  walker.half[0].base = L(0);
  walker.half[1].base = L(0);
  return {
    walker,
    put: (pa, descriptor) => view.setBigUint64(pa - RAM, descriptor, true),
    walk: (va) => {
      walker.walk(Number(va >> 32n), Number(va & 0xffff_ffffn));
      return walker;
    },
  };
}

const table = (pa: number, attributes = 0n) => BigInt(pa) | BigInt(TABLE) | attributes;

/** Three tables that lead 0x0000_1234_5678_9xxx to a leaf at level 3. */
function threeTables(g: Ground, leaf: bigint, attributes = 0n): void {
  // 0x1234_5678_9000: index 0x24 at level 0, 0xd1 at 1, 0xb3 at 2, 0x189 at 3
  g.put(L(0) + 8 * 0x24, table(L(1), attributes));
  g.put(L(1) + 8 * 0xd1, table(L(2)));
  g.put(L(2) + 8 * 0xb3, table(L(3)));
  g.put(L(3) + 8 * 0x189, leaf);
}
const VA = 0x1234_5678_9abcn;

test('a 48-bit address goes through four levels to a page', () => {
  const g = ground();
  threeTables(g, 0x0000_9876_5432_1000n | BigInt(TABLE) | AF | NG | AP(1) | ATTR(5));
  const w = g.walk(VA);
  assert.is(w.fsc, FSC_NONE);
  assert.is(w.level, 3);
  assert.is(w.page, 0x9876_5432_1000);
  assert.is(w.attrIndex, 5);
  assert.ok(w.nonGlobal);
});

test('a level 2 block maps 2 MiB and a level 1 block 1 GiB', () => {
  const g = ground();
  g.put(L(0), table(L(1)));
  g.put(L(1), table(L(2)));
  g.put(L(2) + 8, 0x0000_0001_2340_0000n | BigInt(BLOCK) | AF);
  assert.is(g.walk(0x0032_1fffn).page, 0x1_2352_1000);
  assert.is(g.walker.level, 2);

  g.put(L(1) + 8, 0x0000_0080_4000_0000n | BigInt(BLOCK) | AF);
  assert.is(g.walk(0x7654_3210n).page, 0x80_7654_3000);
  assert.is(g.walker.level, 1);
});

test('TnSZ decides the first level and how much of it is used', () => {
  const g = ground();
  // 39 bits: the walk begins at level 1, as Linux's three-level configuration does
  g.walker.half[0].inputSize = 39;
  g.put(L(0) + 8 * 0x1ff, 0x4000_0000n | BigInt(BLOCK) | AF);
  assert.is(g.walk(0x7f_c000_0000n).page, 0x4000_0000);
  assert.is(g.walk(0x80_0000_0000n).fsc, 0x04);
  // 25 bits, the least: level 2, of which 16 entries are used
  g.walker.half[0].inputSize = 25;
  g.put(L(0) + 8 * 0xf, 0x4020_0000n | BigInt(BLOCK) | AF);
  assert.is(g.walk(0x01e0_0000n).page, 0x4020_0000);
  assert.is(g.walk(0x0200_0000n).fsc, 0x04);
  g.walker.half[0].inputSize = 24;
  assert.is(g.walk(0n).fsc, 0x04);
});

test('bit 55 chooses the half, and the bits above the input size must agree with it', () => {
  const g = ground();
  g.walker.half[1].base = L(4);
  g.put(L(4) + 8 * 0x1ff, table(L(1)));
  g.put(L(1) + 8 * 0x1ff, 0x4000_0000n | BigInt(BLOCK) | AF);
  assert.is(g.walk(0xffff_ffff_c000_0000n).fsc, FSC_NONE);
  assert.is(g.walk(0x7fff_ffff_c000_0000n).fsc, 0x04);
  assert.is(g.walk(0x0001_0000_0000_0000n).fsc, 0x04);
  g.walker.half[1].ignoreTop = true;
  assert.is(g.walk(0x7fff_ffff_c000_0000n).page, 0x4000_0000);
  assert.is(g.walk(0xff7f_ffff_c000_0000n).fsc, 0x04);
});

test('EPDn forbids walks of its half', () => {
  const g = ground();
  g.walker.half[0].disabled = true;
  assert.is(g.walk(0n).fsc, 0x04);
});

test('translation faults tell the level that was invalid', () => {
  const g = ground();
  assert.is(g.walk(VA).fsc, 0x04);
  g.put(L(0) + 8 * 0x24, table(L(1)));
  assert.is(g.walk(VA).fsc, 0x05);
  g.put(L(1) + 8 * 0xd1, table(L(2)));
  assert.is(g.walk(VA).fsc, 0x06);
  g.put(L(2) + 8 * 0xb3, table(L(3)));
  assert.is(g.walk(VA).fsc, 0x07);
  g.put(L(3) + 8 * 0x189, 0x4000_0000n | BigInt(BLOCK) | AF);
  assert.is(g.walk(VA).fsc, 0x07, 'a block pattern at level 3 is reserved');
  g.put(L(0) + 8 * 0x24, 0x4000_0000n | BigInt(BLOCK) | AF);
  assert.is(g.walk(VA).fsc, 0x04, 'there are no blocks at level 0');
});

test('a leaf without AF is an access flag fault at its level', () => {
  const g = ground();
  threeTables(g, 0x4000_0000n | BigInt(TABLE));
  assert.is(g.walk(VA).fsc, 0x0b);
  g.put(L(2) + 8 * 0xb3, 0x4000_0000n | BigInt(BLOCK));
  assert.is(g.walk(VA).fsc, 0x0a);
});

test('an address beyond the output size is an address size fault where it appears', () => {
  const g = ground();
  g.walker.setOutputSize(40);
  g.walker.half[0].base = 2 ** 40;
  assert.is(g.walk(VA).fsc, 0x00);
  g.walker.half[0].base = L(0);
  threeTables(g, (2n ** 40n) | BigInt(TABLE) | AF);
  assert.is(g.walk(VA).fsc, 0x03);
  g.put(L(1) + 8 * 0xd1, (2n ** 47n) | BigInt(TABLE));
  assert.is(g.walk(VA).fsc, 0x01);
});

test('a table where there is no memory is an external abort on the walk', () => {
  const g = ground();
  g.put(L(0) + 8 * 0x24, table(0x1000));
  assert.is(g.walk(VA).fsc, 0x15);
});

const perms = (el0: number, el1: number) => el0 | (el1 << EL1_SHIFT);
const [R, W, X] = [PERM_READ, PERM_WRITE, PERM_EXEC];

/* The manual's tables of access and execute permissions, WXN = 0. Execute-only user pages are real: EL0 needs no read. */
const PERMISSIONS: [attributes: bigint, el0: number, el1: number, name: string][] = [
  [AP(0), X, R | W | X, 'AP 00'],
  [AP(1), R | W | X, R | W, 'AP 01: what EL0 writes EL1 does not execute'],
  [AP(2), X, R | X, 'AP 10'],
  [AP(3), R | X, R | X, 'AP 11'],
  [AP(0) | UXN, 0, R | W | X, 'AP 00 UXN'],
  [AP(1) | UXN | PXN, R | W, R | W, 'AP 01 UXN PXN'],
  [AP(3) | PXN, R | X, R, 'AP 11 PXN'],
];

test("AP, UXN and PXN give the rights of the manual's table", () => {
  const g = ground();
  for (const [attributes, el0, el1, name] of PERMISSIONS) {
    threeTables(g, 0x4000_0000n | BigInt(TABLE) | AF | attributes);
    assert.is(g.walk(VA).perms, perms(el0, el1), name);
  }
});

test('table attributes only take rights away', () => {
  const g = ground();
  const rwx = 0x4000_0000n | BigInt(TABLE) | AF | AP(1);
  threeTables(g, rwx, AP_TABLE(1));
  assert.is(g.walk(VA).perms, perms(X, R | W | X), 'APTable[0]: nothing for EL0');
  threeTables(g, rwx, AP_TABLE(2));
  assert.is(g.walk(VA).perms, perms(R | X, R | X), 'APTable[1]: read-only');
  threeTables(g, rwx, UXN_TABLE);
  assert.is(g.walk(VA).perms, perms(R | W, R | W));
  threeTables(g, 0x4000_0000n | BigInt(TABLE) | AF | AP(0), PXN_TABLE);
  assert.is(g.walk(VA).perms, perms(X, R | W));
});

test('WXN makes what is writable not executable', () => {
  const g = ground();
  g.walker.wxn = true;
  threeTables(g, 0x4000_0000n | BigInt(TABLE) | AF | AP(1));
  assert.is(g.walk(VA).perms, perms(R | W, R | W));
  threeTables(g, 0x4000_0000n | BigInt(TABLE) | AF | AP(0));
  assert.is(g.walk(VA).perms, perms(X, R | W));
  threeTables(g, 0x4000_0000n | BigInt(TABLE) | AF | AP(3));
  assert.is(g.walk(VA).perms, perms(R | X, R | X));
});

test.run();
