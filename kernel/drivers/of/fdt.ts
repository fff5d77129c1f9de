/*
 * kernel/drivers/of/fdt.ts - from the flattened device tree to nodes
 *
 * Linux:   drivers/of/fdt.c, drivers/of/base.c, drivers/of/property.c (v6.12)
 * Manual:  Devicetree Specification v0.4, "Flattened Devicetree (DTB) Format"
 * Absent:  overlays, memory reservation block, /memreserve/, FDT versions before 16
 *
 * The blob comes from outside and is believed nothing: every offset is checked, and a tree that does not add up is no
 * tree (-EINVAL), as upstream.
 */

import { EINVAL } from '../../include/uapi/errno.ts';
import type { Kernel } from '../../kernel.ts';
import { cstring } from '../../lib/bytes.ts';

/** Linux: struct device_node. */
export interface DeviceNode {
  /** With its unit address: "pl011@9000000"; the root's is "". */
  readonly name: string;
  readonly parent: DeviceNode | null;
  readonly properties: ReadonlyMap<string, Uint8Array>;
  readonly children: readonly DeviceNode[];
}

const FDT_MAGIC = 0xd00d_feed;
const FDT_HEADER_SIZE = 40;
const FDT_MAX_SIZE = 2 * 1024 * 1024; // what arm64's boot protocol allows
const FDT_LAST_COMPATIBLE_VERSION = 16;
const FDT_BEGIN_NODE = 1;
const FDT_END_NODE = 2;
const FDT_PROP = 3;
const FDT_NOP = 4;
const FDT_END = 9;
const FDT_MAX_DEPTH = 64;

/** Linux: early_init_dt_scan() and unflatten_device_tree(). 0, or -EINVAL. */
export function unflatten_device_tree(kernel: Kernel, dtb: number): number {
  const { ram, ramBase } = kernel.io;
  const blob = ram.subarray(Math.max(0, dtb - ramBase));
  const root = dtb < ramBase ? -EINVAL : unflatten_dt_nodes(blob);
  if (typeof root === 'number') return root;
  kernel.of = new DeviceTree(root);
  return 0;
}

/** The root node of the blob that `bytes` begins with, or -EINVAL. */
export function unflatten_dt_nodes(bytes: Uint8Array): DeviceNode | number {
  const header = fdt_check_header(bytes);
  return header ? new Unflattener(header).root() : -EINVAL;
}

interface Blob {
  readonly structure: Uint8Array;
  readonly strings: Uint8Array;
}

/* Both blocks must lie within the blob, and the blob within what there is. */
function fdt_check_header(bytes: Uint8Array): Blob | null {
  if (bytes.length < FDT_HEADER_SIZE || be32(bytes, 0) !== FDT_MAGIC) return null;
  const [totalsize, offStruct, offStrings] = [be32(bytes, 4), be32(bytes, 8), be32(bytes, 12)];
  const [version, lastCompatible] = [be32(bytes, 20), be32(bytes, 24)];
  const [sizeStrings, sizeStruct] = [be32(bytes, 32), be32(bytes, 36)];
  if (totalsize > Math.min(bytes.length, FDT_MAX_SIZE)) return null;
  if (version < FDT_LAST_COMPATIBLE_VERSION || lastCompatible > version) return null;
  if (offStruct + sizeStruct > totalsize || offStrings + sizeStrings > totalsize) return null;
  if (offStruct % 4 !== 0) return null;
  return {
    structure: bytes.slice(offStruct, offStruct + sizeStruct),
    strings: bytes.slice(offStrings, offStrings + sizeStrings),
  };
}

interface OpenNode extends DeviceNode {
  readonly properties: Map<string, Uint8Array>;
  readonly children: DeviceNode[];
}

/** Reads tokens one after the other. Anything unexpected ends it. */
class Unflattener {
  private readonly structure: Uint8Array;
  private readonly strings: Uint8Array;
  private at = 0;

  constructor({ structure, strings }: Blob) {
    this.structure = structure;
    this.strings = strings;
  }

  root(): DeviceNode | number {
    if (this.token() !== FDT_BEGIN_NODE) return -EINVAL;
    const root = this.node(null, 0);
    return root && this.token() === FDT_END ? root : -EINVAL;
  }

  /* After FDT_BEGIN_NODE. Properties come before children; a node ends where its parent's next token begins. */
  private node(parent: DeviceNode | null, depth: number): DeviceNode | null {
    const name = this.name();
    if (name === null || depth > FDT_MAX_DEPTH) return null;
    const node: OpenNode = { name, parent, properties: new Map(), children: [] };
    for (;;) {
      const token = this.token();
      if (token === FDT_END_NODE) return node;
      if (token === FDT_PROP) {
        if (!this.property(node)) return null;
      } else if (token === FDT_BEGIN_NODE) {
        const child = this.node(node, depth + 1);
        if (!child) return null;
        node.children.push(child);
      } else return null;
    }
  }

  private property(node: OpenNode): boolean {
    const length = this.cell();
    const nameAt = this.cell();
    if (this.at + length > this.structure.length || nameAt >= this.strings.length) return false;
    if (this.strings.indexOf(0, nameAt) < 0) return false;
    node.properties.set(
      cstring(this.strings.subarray(nameAt)),
      this.structure.subarray(this.at, this.at + length),
    );
    this.skip(length);
    return true;
  }

  private name(): string | null {
    const end = this.structure.indexOf(0, this.at);
    if (end < 0) return null;
    const name = cstring(this.structure.subarray(this.at, end));
    this.skip(end + 1 - this.at);
    return name;
  }

  private token(): number {
    let token = this.cell();
    while (token === FDT_NOP) token = this.cell();
    return token;
  }

  /** The next cell; past the end FDT_END, which no place but the end expects. */
  private cell(): number {
    if (this.at + 4 > this.structure.length) return FDT_END;
    this.at += 4;
    return be32(this.structure, this.at - 4);
  }

  private skip(length: number): void {
    this.at = Math.ceil((this.at + length) / 4) * 4;
  }
}

const be32 = (bytes: Uint8Array, at: number): number =>
  ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;

/** The tree, and how to find things in it. */
export class DeviceTree {
  readonly root: DeviceNode;

  constructor(root: DeviceNode) {
    this.root = root;
  }

  /** Every node, parents before children, in the blob's order. */
  *nodes(from: DeviceNode = this.root): Generator<DeviceNode, void, void> {
    yield from;
    for (const child of from.children) yield* this.nodes(child);
  }

  /** Linux: of_find_node_by_path(). A step may leave its unit address out. */
  of_find_node_by_path(path: string): DeviceNode | null {
    let node: DeviceNode | undefined = this.root;
    for (const step of path.split('/').filter(Boolean)) {
      node = node?.children.find(({ name }) => name === step || name.split('@')[0] === step);
    }
    return node ?? null;
  }

  /** Linux: for_each_compatible_node(). Nodes that are switched off are left out. */
  of_find_compatible_nodes(compatible: string): DeviceNode[] {
    return [...this.nodes()].filter(
      (node) => of_device_is_compatible(node, compatible) && of_device_is_available(node),
    );
  }

  of_find_node_by_phandle(phandle: number): DeviceNode | null {
    for (const node of this.nodes()) if (of_property_read_u32(node, 'phandle') === phandle) return node;
    return null;
  }

  get chosen(): DeviceNode | null {
    return this.of_find_node_by_path('/chosen');
  }
}

export function of_device_is_compatible(node: DeviceNode, compatible: string): boolean {
  return of_property_read_strings(node, 'compatible').includes(compatible);
}

/** "If the status property is absent, it is as if it were okay." - Devicetree Specification */
export function of_device_is_available(node: DeviceNode): boolean {
  const status = of_property_read_string(node, 'status');
  return status === null || status === 'okay' || status === 'ok';
}

export function of_property_read_string(node: DeviceNode, name: string): string | null {
  const value = node.properties.get(name);
  return value ? cstring(value) : null;
}

/** A list of NUL-terminated strings; empty when there is no such property. */
export function of_property_read_strings(node: DeviceNode, name: string): string[] {
  const strings: string[] = [];
  const value = node.properties.get(name) ?? new Uint8Array();
  for (let at = 0; at < value.length; ) {
    const text = cstring(value.subarray(at));
    strings.push(text);
    at += text.length + 1;
  }
  return strings;
}

/** The cell with this index, or null. */
export function of_property_read_u32(node: DeviceNode, name: string, index = 0): number | null {
  return of_property_read_cells(node, name)[index] ?? null;
}

/** All whole cells of a property. */
export function of_property_read_cells(node: DeviceNode, name: string): number[] {
  const value = node.properties.get(name) ?? new Uint8Array();
  const cells: number[] = [];
  for (let at = 0; at + 4 <= value.length; at += 4) cells.push(be32(value, at));
  return cells;
}

/** Linux: of_read_number(). Up to two cells; beyond 2^53 it is rounded, and no such address exists here. */
export function of_read_number(cells: readonly number[]): number {
  return cells.reduce((value, cell) => value * 2 ** 32 + cell, 0);
}

/** Linux: of_node_full_name(): its path. */
export function of_node_full_name(node: DeviceNode): string {
  if (!node.parent) return '/';
  return `${node.parent.parent ? of_node_full_name(node.parent) : ''}/${node.name}`;
}
