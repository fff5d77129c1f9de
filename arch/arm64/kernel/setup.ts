/*
 * arch/arm64/kernel/setup.ts - the machine, as the device tree and the CPU describe it
 *
 * Linux:   arch/arm64/kernel/setup.c (setup_arch), arch/arm64/mm/init.c (arm64_memblock_init), v6.12
 * Manual:  Documentation/arch/arm64/booting.rst
 * Absent:  EFI, ACPI, NUMA, further CPUs
 */

import { of_initrd, of_scan_memory } from '../../../kernel/drivers/of/address.ts';
import { of_property_read_string, unflatten_device_tree } from '../../../kernel/drivers/of/fdt.ts';
import { psci_dt_init } from '../../../kernel/drivers/firmware/psci.ts';
import type { Kernel } from '../../../kernel/kernel.ts';
import { page_align, page_align_down } from '../../../kernel/include/linux/types.ts';
import { panic } from '../../../kernel/panic.ts';
import type { Arm64 } from '../arch.ts';
import { cpu_setup } from '../mm/proc.ts';
import { debug_monitors_init } from './debug-monitors.ts';

export function setup_arch(arm64: Arm64, kernel: Kernel, dtb: number): void {
  const { cpu, fpsimd } = arm64;
  const hex = (value: number): string => `0x${value.toString(16).padStart(10, '0')}`;
  const [mpidr, midr] = [cpu.readSysregHalf('MPIDR_EL1', 0) & 0xff_ffff, cpu.readSysregHalf('MIDR_EL1', 0)];
  kernel.printk.info(`Booting Linux on physical CPU ${hex(mpidr)} [0x${midr.toString(16).padStart(8, '0')}]`);

  setup_machine_fdt(kernel, dtb);
  arm64_memblock_init(kernel, dtb);
  fpsimd.fpsimd_init();
  cpu_setup(cpu);
  debug_monitors_init(cpu);
  psci_dt_init(kernel);
}

function setup_machine_fdt(kernel: Kernel, dtb: number): void {
  if (unflatten_device_tree(kernel, dtb) < 0)
    panic(`Invalid device tree blob at physical address 0x${dtb.toString(16)}`);
  const model = of_property_read_string(kernel.of.root, 'model');
  if (model) kernel.printk.info(`Machine model: ${model}`);
}

/** All of memory, without what the boot loader left there: the tree itself and the first file system. */
function arm64_memblock_init(kernel: Kernel, dtb: number): void {
  const { mm } = kernel;
  for (const { start, size } of of_scan_memory(kernel.of)) mm.memblock_add(start, size);
  const reserve = (start: number, size: number): void =>
    mm.memblock_reserve(page_align_down(start), page_align(start + size) - page_align_down(start));
  reserve(dtb, fdt_totalsize(kernel, dtb));
  const initrd = of_initrd(kernel.of);
  if (initrd) reserve(initrd.start, initrd.size);
}

/** The blob's second word, big-endian. */
function fdt_totalsize({ io: { ram, ramBase } }: Kernel, dtb: number): number {
  return new DataView(ram.buffer, ram.byteOffset + dtb - ramBase).getUint32(4);
}
