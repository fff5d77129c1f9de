/*
 * kernel/drivers/rtc/rtc-pl031.ts - what day it is
 *
 * Linux:   drivers/rtc/rtc-pl031.c, drivers/rtc/class.c (rtc_hctosys) (v6.12)
 * Manual:  PrimeCell Real Time Clock (PL031), Arm DDI 0224
 * Absent:  alarms and /dev/rtc0: the clock is read once, when it is found
 */

import type { Kernel } from '../../kernel.ts';
import { of_address_to_resource } from '../of/address.ts';

const RTC_DR = 0x00; // data: seconds since the epoch
const RTC_CR = 0x0c; // control
const RTC_CR_EN = 1 << 0;

/** Linux: module_amba_driver(pl031_driver). */
export function pl031_init(kernel: Kernel): void {
  for (const node of kernel.of.of_find_compatible_nodes('arm,pl031')) {
    const res = of_address_to_resource(node, 0);
    if (res) pl031_probe(kernel, res.start);
  }
}

function pl031_probe(kernel: Kernel, base: number): void {
  const { io, printk } = kernel;
  const name = `rtc-pl031 ${base.toString(16)}.pl031`;
  io.writel(base + RTC_CR, io.readl(base + RTC_CR) | RTC_CR_EN);
  printk.info(`${name}: registered as rtc0`);

  const sec = io.readl(base + RTC_DR);
  kernel.time.do_settimeofday64({ sec, nsec: 0 });
  const utc = new Date(sec * 1000).toISOString().slice(0, 19);
  printk.info(`${name}: setting system clock to ${utc} UTC (${sec})`);
}
