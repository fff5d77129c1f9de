/*
 * kernel/drivers/of/address.ts - where a device is, and what it interrupts
 *
 * Linux:   drivers/of/address.c, drivers/of/irq.c, drivers/of/fdt.c (v6.12)
 * Manual:  Devicetree Specification v0.4, "reg", "ranges", "Interrupts and Interrupt Mapping"
 * Absent:  interrupt-map (PCI), dma-ranges
 */

import type { DeviceNode, DeviceTree } from './fdt.ts';
import {
  of_device_is_available,
  of_property_read_cells,
  of_property_read_string,
  of_property_read_u32,
  of_read_number,
} from './fdt.ts';

/** A stretch of physical addresses. */
export interface Resource {
  readonly start: number;
  readonly size: number;
}

/** An interrupt as its controller's binding spells it. */
export interface OfPhandleArgs {
  readonly node: DeviceNode;
  readonly args: readonly number[];
}

/** Linux: of_address_to_resource(). Entry `index` of "reg" as the CPU sees it, or null. */
export function of_address_to_resource(node: DeviceNode, index: number): Resource | null {
  const parent = node.parent;
  if (!parent) return null;
  const [na, ns] = [addressCells(parent), sizeCells(parent)];
  const at = index * (na + ns);
  const cells = of_property_read_cells(node, 'reg').slice(at, at + na + ns);
  if (na + ns === 0 || cells.length < na + ns) return null;

  const start = of_translate_address(parent, of_read_number(cells.slice(0, na)));
  return start === null ? null : { start, size: of_read_number(cells.slice(na)) };
}

/* Up to the root: each bus says with "ranges" where its addresses appear on its parent's; empty means "the same". */
function of_translate_address(bus: DeviceNode, address: number): number | null {
  if (!bus.parent) return address;
  const ranges = bus.properties.get('ranges');
  if (!ranges) return null;
  if (ranges.length === 0) return of_translate_address(bus.parent, address);

  const [na, pna, ns] = [addressCells(bus), addressCells(bus.parent), sizeCells(bus)];
  const cells = of_property_read_cells(bus, 'ranges');
  for (let at = 0; at + na + pna + ns <= cells.length; at += na + pna + ns) {
    const child = of_read_number(cells.slice(at, at + na));
    const parent = of_read_number(cells.slice(at + na, at + na + pna));
    const size = of_read_number(cells.slice(at + na + pna, at + na + pna + ns));
    if (address >= child && address < child + size)
      return of_translate_address(bus.parent, parent + address - child);
  }
  return null;
}

const addressCells = (node: DeviceNode): number => of_property_read_u32(node, '#address-cells') ?? 2;
const sizeCells = (node: DeviceNode): number => of_property_read_u32(node, '#size-cells') ?? 1;

/** Linux: of_irq_parse_one(). Entry `index` of "interrupts" and the controller it means, or null. */
export function of_irq_parse_one(tree: DeviceTree, node: DeviceNode, index: number): OfPhandleArgs | null {
  const controller = of_irq_find_parent(tree, node);
  const size = controller && of_property_read_u32(controller, '#interrupt-cells');
  if (!controller || !size) return null;
  const args = of_property_read_cells(node, 'interrupts').slice(index * size, (index + 1) * size);
  return args.length === size ? { node: controller, args } : null;
}

/* The nearest "interrupt-parent" on the way to the root, the device's own first. */
function of_irq_find_parent(tree: DeviceTree, node: DeviceNode): DeviceNode | null {
  for (let at: DeviceNode | null = node; at; at = at.parent) {
    const phandle = of_property_read_u32(at, 'interrupt-parent');
    if (phandle !== null) return tree.of_find_node_by_phandle(phandle);
  }
  return null;
}

/** Linux: early_init_dt_scan_memory(). All of main memory. */
export function of_scan_memory(tree: DeviceTree): Resource[] {
  const banks: Resource[] = [];
  for (const node of tree.nodes()) {
    if (of_property_read_string(node, 'device_type') !== 'memory' || !of_device_is_available(node)) continue;
    for (let n = 0, bank = of_address_to_resource(node, 0); bank; bank = of_address_to_resource(node, ++n)) {
      if (bank.size > 0) banks.push(bank);
    }
  }
  return banks;
}

/** Linux: early_init_dt_check_for_initrd(). Where the boot loader put the initial file system, or null. */
export function of_initrd(tree: DeviceTree): Resource | null {
  if (!tree.chosen) return null;
  const start = of_property_read_cells(tree.chosen, 'linux,initrd-start');
  const end = of_property_read_cells(tree.chosen, 'linux,initrd-end');
  if (start.length === 0 || end.length === 0) return null;
  const size = of_read_number(end) - of_read_number(start);
  return size > 0 ? { start: of_read_number(start), size } : null;
}
