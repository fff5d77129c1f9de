/*
 * board/dtb.ts - the device tree: what the board tells a kernel about itself
 *
 * Manual: Devicetree Specification v0.4, "Flattened Devicetree (DTB) Format"; the bindings of the devices in Linux's
 *         Documentation/devicetree/bindings
 * Guest:  kernel/drivers/of/fdt.ts
 *
 * Written from map.ts's table, so that the two cannot disagree. Node and property names are those QEMU gives them.
 */
import type { Interrupt } from './map.ts';
import { MAP, RAM_BASE, TIMER_IRQS } from './map.ts';
import { CNTFRQ } from './timer/generic-timer.ts';
import { UARTCLK } from './uart/pl011.ts';

/** A property's value: a string, a list of strings, cells of 32 bits, bytes, or nothing but its presence. */
export type Value = string | readonly string[] | readonly number[] | Uint8Array | true;

export interface Node {
  readonly properties: Readonly<Record<string, Value>>;
  readonly children?: Readonly<Record<string, Node>>;
}

/** What changes from boot to boot. */
export interface Chosen {
  readonly bootargs?: string;
  /** Physical addresses, first byte and first byte after. */
  readonly initrd?: { readonly start: number; readonly end: number };
  readonly rngSeed?: Uint8Array;
}

const PHANDLE_CLOCK = 1;
const PHANDLE_CPU = 2;
const PHANDLE_GIC = 3;
/** Interrupt specifier, third cell. */
const IRQ_LEVEL_HIGH = 4;

/** The whole tree, for `ramSize` bytes of memory. */
export function deviceTree(ramSize: number, chosen: Chosen): Node {
  return {
    properties: {
      'interrupt-parent': [PHANDLE_GIC],
      model: 'eret,virt',
      '#size-cells': [2],
      '#address-cells': [2],
      compatible: ['eret,virt', 'linux,dummy-virt'],
    },
    children: {
      psci: psci(),
      [`memory@${RAM_BASE.toString(16)}`]: {
        properties: { reg: reg(RAM_BASE, ramSize), device_type: 'memory' },
      },
      ...devices(),
      cpus: cpus(),
      timer: timer(),
      'apb-pclk': clock(),
      chosen: chosenNode(chosen),
    },
  };
}

function devices(): Record<string, Node> {
  const { GICD, GICR, UART0, RTC } = MAP;
  const pclk = { 'clock-names': 'apb_pclk', clocks: [PHANDLE_CLOCK] };
  return {
    [at('pl031', RTC)]: {
      properties: {
        ...pclk,
        interrupts: irq(RTC.irq),
        reg: reg(RTC.base, RTC.size),
        compatible: ['arm,pl031', 'arm,primecell'],
      },
    },
    [at('pl011', UART0)]: {
      properties: {
        'clock-names': ['uartclk', 'apb_pclk'],
        clocks: [PHANDLE_CLOCK, PHANDLE_CLOCK],
        interrupts: irq(UART0.irq),
        reg: reg(UART0.base, UART0.size),
        compatible: ['arm,pl011', 'arm,primecell'],
      },
    },
    [at('intc', GICD)]: {
      properties: {
        phandle: [PHANDLE_GIC],
        reg: [...reg(GICD.base, GICD.size), ...reg(GICR.base, GICR.size)],
        '#redistributor-regions': [1],
        compatible: 'arm,gic-v3',
        'interrupt-controller': true,
        '#interrupt-cells': [3],
      },
    },
  };
}

function psci(): Node {
  return {
    properties: {
      method: 'hvc',
      compatible: ['arm,psci-1.0', 'arm,psci-0.2', 'arm,psci'],
    },
  };
}

function cpus(): Node {
  return {
    properties: { '#size-cells': [0], '#address-cells': [1] },
    children: {
      'cpu@0': {
        properties: { phandle: [PHANDLE_CPU], reg: [0], compatible: 'arm,armv8', device_type: 'cpu' },
      },
    },
  };
}

function timer(): Node {
  return {
    properties: {
      interrupts: Object.values(TIMER_IRQS).flatMap(irq),
      'clock-frequency': [CNTFRQ],
      'always-on': true,
      compatible: ['arm,armv8-timer', 'arm,armv7-timer'],
    },
  };
}

function clock(): Node {
  return {
    properties: {
      phandle: [PHANDLE_CLOCK],
      'clock-output-names': 'clk24mhz',
      'clock-frequency': [UARTCLK],
      '#clock-cells': [0],
      compatible: 'fixed-clock',
    },
  };
}

function chosenNode({ bootargs, initrd, rngSeed }: Chosen): Node {
  return {
    properties: {
      'stdout-path': `/${at('pl011', MAP.UART0)}`,
      ...(bootargs !== undefined && { bootargs }),
      ...(initrd && { 'linux,initrd-start': cells64(initrd.start), 'linux,initrd-end': cells64(initrd.end) }),
      ...(rngSeed && { 'rng-seed': rngSeed }),
    },
  };
}

const at = (name: string, place: { readonly base: number }): string => `${name}@${place.base.toString(16)}`;
const cells64 = (n: number): number[] => [Math.floor(n / 2 ** 32), n % 2 ** 32];
const reg = (base: number, size: number): number[] => [...cells64(base), ...cells64(size)];
const irq = ({ kind, number }: Interrupt): number[] => [kind === 'SPI' ? 0 : 1, number, IRQ_LEVEL_HIGH];

const FDT_MAGIC = 0xd00d_feed;
const FDT_VERSION = 17;
const FDT_LAST_COMPATIBLE_VERSION = 16;
const FDT_HEADER_SIZE = 40;
const FDT_RESERVE_ENTRY_SIZE = 16;
const FDT_BEGIN_NODE = 1;
const FDT_END_NODE = 2;
const FDT_PROP = 3;
const FDT_END = 9;

/** The tree as bytes: header, (empty) memory reservations, structure, strings. */
export function flatten(root: Node): Uint8Array {
  const strings = new StringsBlock();
  const structure: number[] = [];
  writeNode(structure, strings, '', root);
  word(structure, FDT_END);

  const offStruct = FDT_HEADER_SIZE + FDT_RESERVE_ENTRY_SIZE;
  const offStrings = offStruct + structure.length;
  const total = offStrings + strings.bytes.length;
  const header: number[] = [];
  const reserve = FDT_HEADER_SIZE;
  // biome-ignore format: the second line is what came after version 1
  const fields = [
    FDT_MAGIC, total, offStruct, offStrings, reserve, FDT_VERSION, FDT_LAST_COMPATIBLE_VERSION,
    0, strings.bytes.length, structure.length,
  ];
  for (const field of fields) word(header, field);
  return Uint8Array.from([
    ...header,
    ...new Array<number>(FDT_RESERVE_ENTRY_SIZE).fill(0),
    ...structure,
    ...strings.bytes,
  ]);
}

/** Property names, each once. */
class StringsBlock {
  readonly bytes: number[] = [];
  private readonly offsets = new Map<string, number>();

  offset(name: string): number {
    const known = this.offsets.get(name);
    if (known !== undefined) return known;
    const offset = this.bytes.length;
    this.bytes.push(...encode(name));
    this.offsets.set(name, offset);
    return offset;
  }
}

function writeNode(out: number[], strings: StringsBlock, name: string, node: Node): void {
  word(out, FDT_BEGIN_NODE);
  padded(out, encode(name));
  for (const [key, value] of Object.entries(node.properties)) {
    const bytes = valueBytes(value);
    word(out, FDT_PROP);
    word(out, bytes.length);
    word(out, strings.offset(key));
    padded(out, bytes);
  }
  for (const [key, child] of Object.entries(node.children ?? {})) writeNode(out, strings, key, child);
  word(out, FDT_END_NODE);
}

function valueBytes(value: Value): number[] {
  if (value === true) return [];
  if (typeof value === 'string') return encode(value);
  if (value instanceof Uint8Array) return [...value];
  const bytes: number[] = [];
  for (const item of value) {
    if (typeof item === 'string') bytes.push(...encode(item));
    else word(bytes, item);
  }
  return bytes;
}

/** NUL-terminated. */
function encode(text: string): number[] {
  return [...new TextEncoder().encode(text), 0];
}

/* Big-endian, as everything in a device tree. */
function word(out: number[], value: number): void {
  out.push((value >>> 24) & 0xff, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff);
}

function padded(out: number[], bytes: readonly number[]): void {
  out.push(...bytes);
  while (out.length % 4 !== 0) out.push(0);
}
