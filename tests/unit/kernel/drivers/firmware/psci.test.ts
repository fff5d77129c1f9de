/*
 * The driver and the board's firmware together. Expected: the lines Linux 6.12 logs on QEMU's board.
 */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  psci_dt_init,
  psci_sys_poweroff,
  psci_sys_reset,
} from '../../../../../kernel/drivers/firmware/psci.ts';
import { machine } from '../machine.ts';

test('the firmware is found, asked and logged as on Linux', () => {
  const m = machine();
  assert.is(psci_dt_init(m.kernel), 0);
  assert.equal(m.log, [
    'psci: probing for conduit method from DT.',
    'psci: PSCIv1.1 detected in firmware.',
    'psci: Using standard PSCI v0.2 function IDs',
    'psci: Trusted OS migration not required',
    'psci: SMC Calling Convention v1.1',
  ]);
});

test('the machine is on until it is turned off or reset', () => {
  const [off, reset] = [machine(), machine()];
  assert.is(off.board.power, 'on');
  psci_sys_poweroff(off.kernel);
  assert.is(off.board.power, 'off');
  psci_sys_reset(reset.kernel);
  assert.is(reset.board.power, 'reset');
});

test.run();
