/*
 * kernel/drivers/firmware/psci.ts - asking the firmware to turn things off
 *
 * Linux:   drivers/firmware/psci/psci.c (v6.12)
 * Manual:  Arm Power State Coordination Interface, Arm DEN 0022
 * Absent:  PSCI 0.1 (function numbers in the device tree), suspend, other processors
 */

import { ENODEV, EOPNOTSUPP } from '../../include/uapi/errno.ts';
import type { Kernel } from '../../kernel.ts';
import { of_property_read_string } from '../of/fdt.ts';

const PSCI_0_2_FN_PSCI_VERSION = 0x8400_0000;
const PSCI_0_2_FN_MIGRATE_INFO_TYPE = 0x8400_0006;
const PSCI_0_2_FN_SYSTEM_OFF = 0x8400_0008;
const PSCI_0_2_FN_SYSTEM_RESET = 0x8400_0009;
const PSCI_1_0_FN_PSCI_FEATURES = 0x8400_000a;
const ARM_SMCCC_VERSION_FUNC_ID = 0x8000_0000;
const PSCI_0_2_TOS_MP = 2;
const PSCI_RET_NOT_SUPPORTED = -1;

const major = (version: number): number => version >>> 16;
const minor = (version: number): number => version & 0xffff;

/** Finds the firmware in the device tree and asks what it is. 0 or -errno. */
export function psci_dt_init(kernel: Kernel): number {
  const node =
    kernel.of.of_find_compatible_nodes('arm,psci-0.2')[0] ??
    kernel.of.of_find_compatible_nodes('arm,psci-1.0')[0];
  if (!node) return -ENODEV;
  kernel.printk.info('psci: probing for conduit method from DT.');
  const method = of_property_read_string(node, 'method');
  if (method !== 'hvc') {
    kernel.printk.warn(`psci: invalid "method" property: ${method}`);
    return -EOPNOTSUPP;
  }
  return psci_probe(kernel);
}

function psci_probe(kernel: Kernel): number {
  const version = kernel.arch.hvc(PSCI_0_2_FN_PSCI_VERSION);
  kernel.printk.info(`psci: PSCIv${major(version)}.${minor(version)} detected in firmware.`);
  if (version < 0 || (major(version) === 0 && minor(version) < 2)) {
    kernel.printk.err('psci: Conflicting PSCI version detected.');
    return -EOPNOTSUPP;
  }
  kernel.printk.info('psci: Using standard PSCI v0.2 function IDs');
  const migrate = kernel.arch.hvc(PSCI_0_2_FN_MIGRATE_INFO_TYPE);
  if (migrate === PSCI_0_2_TOS_MP) kernel.printk.info('psci: Trusted OS migration not required');
  if (major(version) >= 1) psci_init_smccc(kernel);
  kernel.pm_power_off = () => psci_sys_poweroff(kernel);
  kernel.restart_handler = () => psci_sys_reset(kernel);
  return 0;
}

function psci_init_smccc(kernel: Kernel): void {
  const feature = kernel.arch.hvc(PSCI_1_0_FN_PSCI_FEATURES, ARM_SMCCC_VERSION_FUNC_ID);
  const version = feature === PSCI_RET_NOT_SUPPORTED ? 0x1_0000 : kernel.arch.hvc(ARM_SMCCC_VERSION_FUNC_ID);
  kernel.printk.info(`psci: SMC Calling Convention v${major(version)}.${minor(version)}`);
}

/** The machine's owner sees the board go off as soon as this returns. */
export function psci_sys_poweroff(kernel: Kernel): void {
  kernel.arch.hvc(PSCI_0_2_FN_SYSTEM_OFF);
}

export function psci_sys_reset(kernel: Kernel): void {
  kernel.arch.hvc(PSCI_0_2_FN_SYSTEM_RESET);
}
