/*
 * Expected: the Devicetree Specification v0.4, and the tree that QEMU's board has (its addresses and interrupts).
 */
import { spawnSync } from 'node:child_process';
import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { deviceTree, flatten } from '../../../../../board/dtb.ts';
import {
  of_address_to_resource,
  of_initrd,
  of_irq_parse_one,
  of_scan_memory,
} from '../../../../../kernel/drivers/of/address.ts';
import type { DeviceNode } from '../../../../../kernel/drivers/of/fdt.ts';
import {
  DeviceTree,
  of_node_full_name,
  of_property_read_string,
  of_property_read_strings,
  of_property_read_u32,
  unflatten_dt_nodes,
} from '../../../../../kernel/drivers/of/fdt.ts';
import { EINVAL } from '../../../../../kernel/include/uapi/errno.ts';

const blob = flatten(
  deviceTree(0x1000_0000, { bootargs: 'quiet', initrd: { start: 0x4f00_0000, end: 0x4f00_1234 } }),
);
const parse = (bytes: Uint8Array): DeviceTree => {
  const root = unflatten_dt_nodes(bytes);
  if (typeof root === 'number') throw new Error(`${root}`);
  return new DeviceTree(root);
};
const tree = parse(blob);
const one = (compatible: string): DeviceNode => tree.of_find_compatible_nodes(compatible)[0]!;

test('devices are found by what they are compatible with, and know where they are', () => {
  assert.equal(of_address_to_resource(one('arm,pl011'), 0), { start: 0x0900_0000, size: 0x1000 });
  assert.equal(of_address_to_resource(one('arm,gic-v3'), 0), { start: 0x0800_0000, size: 0x1_0000 });
  assert.equal(of_address_to_resource(one('arm,gic-v3'), 1)!.start, 0x080a_0000);
  assert.is(of_address_to_resource(one('arm,gic-v3'), 2), null);
  assert.is(of_node_full_name(one('arm,pl011')), '/pl011@9000000');
});

test('an interrupt is its controller and the cells that the controller wants', () => {
  const uart = of_irq_parse_one(tree, one('arm,pl011'), 0)!;
  assert.equal(uart.args, [0, 1, 4], 'SPI 1, level high');
  assert.is(uart.node, one('arm,gic-v3'));
  assert.equal(
    of_irq_parse_one(tree, one('arm,armv8-timer'), 2)!.args,
    [1, 11, 4],
    'PPI 11, the virtual timer',
  );
  assert.is(of_irq_parse_one(tree, one('arm,armv8-timer'), 4), null);
});

test('memory, boot arguments and initrd are found', () => {
  assert.equal(of_scan_memory(tree), [{ start: 0x4000_0000, size: 0x1000_0000 }]);
  assert.equal(of_initrd(tree), { start: 0x4f00_0000, size: 0x1234 });
  assert.is(of_property_read_string(tree.chosen!, 'bootargs'), 'quiet');
});

test('a path may leave unit addresses out', () => {
  assert.is(tree.of_find_node_by_path('/pl011'), one('arm,pl011'));
  assert.is(tree.of_find_node_by_path('/cpus/cpu@0')!.name, 'cpu@0');
  assert.is(tree.of_find_node_by_path('/nothing/here'), null);
});

/** What dtc makes of a source, where dtc is installed. */
function compile(source: string): Uint8Array | null {
  const dtc = spawnSync('dtc', ['-q', '-I', 'dts', '-O', 'dtb'], { input: source });
  return dtc.error ? null : new Uint8Array(dtc.stdout);
}

const dtcBlob = compile(`/dts-v1/; / { #address-cells = <2>; #size-cells = <1>;
  bus { #address-cells = <1>; #size-cells = <1>; ranges = <0x100 0x1 0x2000 0x1000>;
    a: dev@180 { reg = <0x180 0x10>; strings = "one", "two", ""; compatible = "x,y"; };
    off@1 { status = "disabled"; compatible = "x,y"; reg = <1 1>; }; };
  closed { #address-cells = <1>; #size-cells = <1>; dev@0 { reg = <0 4>; }; }; };`);
if (!dtcBlob) console.log('fdt.test: dtc is not installed, its trees were not read');

(dtcBlob ? test : test.skip)(
  'a tree that dtc made is read: ranges, lists of strings, nodes that are off',
  () => {
    const t = parse(dtcBlob!);
    const [dev, ...others] = t.of_find_compatible_nodes('x,y');
    assert.equal(others, []);
    assert.equal(of_address_to_resource(dev!, 0), { start: 0x1_0000_2080, size: 0x10 });
    assert.equal(of_property_read_strings(dev!, 'strings'), ['one', 'two', '']);
    assert.is(
      of_address_to_resource(t.of_find_node_by_path('/closed/dev')!, 0),
      null,
      'no ranges: not visible from the CPU',
    );
    assert.is(of_property_read_u32(t.root, '#size-cells'), 1);
  },
);

test('a blob that is cut short is refused, wherever it is cut', () => {
  for (let length = 0; length < blob.length; length += 7)
    assert.is(unflatten_dt_nodes(blob.subarray(0, length)), -EINVAL);
});

test('no damage to the blob makes the reader throw', () => {
  const damage = fc.array(fc.tuple(fc.nat(blob.length - 1), fc.nat(255)), { minLength: 1, maxLength: 12 });
  fc.assert(
    fc.property(damage, (changes) => {
      const bad = blob.slice();
      for (const [at, value] of changes) bad[at] = value;
      const root = unflatten_dt_nodes(bad);
      if (typeof root === 'number') return;
      const damaged = new DeviceTree(root);
      for (const node of damaged.nodes()) {
        of_address_to_resource(node, 0);
        of_irq_parse_one(damaged, node, 0);
      }
      of_scan_memory(damaged);
      of_initrd(damaged);
    }),
    { numRuns: 300, seed: 1 },
  );
});

test('a tree that is nested without end is refused', () => {
  const deep = (depth: number): ReturnType<typeof deviceTree> => ({
    properties: {},
    children: depth ? { n: deep(depth - 1) } : {},
  });
  assert.is(typeof unflatten_dt_nodes(flatten(deep(60))), 'object');
  assert.is(unflatten_dt_nodes(flatten(deep(100))), -EINVAL);
});

test.run();
