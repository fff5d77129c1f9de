/*
 * Expected: what `dtc` reads back (skipped, and said so, where it is not installed), and the addresses and interrupts in
 * the tree that QEMU 7.2 dumps for `-M virt,gic-version=3`.
 */
import { spawnSync } from 'node:child_process';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { deviceTree, flatten } from '../../../board/dtb.ts';

const chosen = {
  bootargs: 'console=ttyAMA0',
  initrd: { start: 0x4800_0000, end: 0x4810_0000 },
  rngSeed: new Uint8Array(32).fill(7),
};
const blob = flatten(deviceTree(0x1000_0000, chosen));
const dts = spawnSync('dtc', ['-q', '-I', 'dtb', '-O', 'dts'], { input: blob, encoding: 'utf8' });
const withDtc = dts.error ? test.skip : test;

test('the header says version 17, readable by 16, and the real size', () => {
  const view = new DataView(blob.buffer);
  assert.is(view.getUint32(0), 0xd00d_feed);
  assert.is(view.getUint32(4), blob.length);
  assert.is(view.getUint32(20), 17);
  assert.is(view.getUint32(24), 16);
  assert.is(view.getUint32(8) % 4, 0);
  assert.is(view.getUint32(16) % 8, 0);
});

withDtc('dtc reads it back without complaint', () => {
  assert.is(dts.status, 0, dts.stderr);
});

/* Lines of `qemu-system-aarch64 -M virt,gic-version=3,dumpdtb=...` through dtc. */
const QEMU = [
  'pl011@9000000 {',
  'pl031@9010000 {',
  'intc@8000000 {',
  'memory@40000000 {',
  'reg = <0x00 0x40000000 0x00 0x10000000>;',
  'interrupts = <0x00 0x01 0x04>;',
  'interrupts = <0x00 0x02 0x04>;',
  'reg = <0x00 0x9000000 0x00 0x1000>;',
  'reg = <0x00 0x9010000 0x00 0x1000>;',
  'interrupts = <0x01 0x0d 0x04 0x01 0x0e 0x04 0x01 0x0b 0x04 0x01 0x0a 0x04>;',
  'compatible = "arm,gic-v3";',
  'compatible = "arm,pl011\\0arm,primecell";',
  'compatible = "arm,pl031\\0arm,primecell";',
  'compatible = "arm,psci-1.0\\0arm,psci-0.2\\0arm,psci";',
  'compatible = "arm,armv8-timer\\0arm,armv7-timer";',
  'clock-names = "uartclk\\0apb_pclk";',
  'clock-frequency = <0x16e3600>;',
  'method = "hvc";',
  'stdout-path = "/pl011@9000000";',
];

for (const line of QEMU)
  withDtc(`as on QEMU's board: ${line}`, () => assert.ok(dts.stdout.includes(line), dts.stdout));

withDtc('chosen carries the boot arguments, the initrd and the seed', () => {
  assert.match(dts.stdout, 'bootargs = "console=ttyAMA0";');
  assert.match(dts.stdout, 'linux,initrd-start = <0x00 0x48000000>;');
  assert.match(dts.stdout, 'linux,initrd-end = <0x00 0x48100000>;');
  assert.match(dts.stdout, /rng-seed = <(0x7070707 ?){8}>/);
});

if (dts.error) console.log('dtb.test: dtc is not installed, its opinion was not asked');
test.run();
