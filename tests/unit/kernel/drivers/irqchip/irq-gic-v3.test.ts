/*
 * The driver and the board's interrupt controller together. Expected: the GIC architecture (IHI 0069), and the form of
 * /proc/interrupts on Linux 6.12 arm64 (recorded: "11:       1510     GICv3  27 Level     arch_timer").
 */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { IrqReturn } from '../../../../../kernel/irq/irqdesc.ts';
import { IRQ_HANDLED, IRQ_NONE } from '../../../../../kernel/irq/irqdesc.ts';
import { show_interrupts } from '../../../../../kernel/irq/handle.ts';
import {
  IRQF_SHARED,
  disable_irq,
  enable_irq,
  free_irq,
  request_irq,
} from '../../../../../kernel/irq/manage.ts';
import { EBUSY, EINVAL } from '../../../../../kernel/include/uapi/errno.ts';
import { machineWithIrqs } from '../machine.ts';

/** The RTC's interrupt with a handler that counts, and the wire in our hand. */
function rtc(answer: () => IrqReturn = () => IRQ_HANDLED) {
  const m = machineWithIrqs();
  const irq = m.kernel.irq.irq_of_parse_and_map(m.kernel.of.of_find_compatible_nodes('arm,pl031')[0]!, 0);
  const wire = m.board.gic.line(34);
  const calls = { count: 0 };
  const handler = (): IrqReturn => {
    calls.count++;
    wire.set(false);
    return answer();
  };
  const pending = () => (m.board.cpu.readSysreg('ISR_EL1') & 0x80) !== 0;
  return { ...m, irq, wire, calls, handler, pending };
}

test('it announces what it found', () => {
  const { log } = machineWithIrqs();
  assert.ok(log.includes('GICv3: 256 SPIs implemented'), log.join('\n'));
  assert.ok(log.includes('GICv3: CPU0: found redistributor 0 region 0:0x00000000080a0000'));
});

test('an interrupt that was requested calls its handler, once', () => {
  const r = rtc();
  assert.is(request_irq(r.kernel, r.irq, r.handler, 0, 'rtc'), 0);
  r.wire.set(true);
  assert.is(r.pending(), true);
  r.kernel.irq.handle_irq();
  assert.is(r.calls.count, 1);
  assert.is(r.pending(), false);
  assert.is(r.board.cpu.readSysreg('ICC_RPR_EL1'), 0xff, 'the priority was dropped');
});

test('nobody is interrupted by what nobody requested', () => {
  const r = rtc();
  r.wire.set(true);
  assert.is(r.pending(), false);
});

test('disabling nests, and what came meanwhile comes afterwards', () => {
  const r = rtc();
  request_irq(r.kernel, r.irq, r.handler, 0, 'rtc');
  disable_irq(r.kernel, r.irq);
  disable_irq(r.kernel, r.irq);
  r.wire.set(true);
  enable_irq(r.kernel, r.irq);
  assert.is(r.pending(), false);
  enable_irq(r.kernel, r.irq);
  assert.is(r.pending(), true);
});

test('an interrupt is shared only if all want to share it', () => {
  const r = rtc();
  assert.is(request_irq(r.kernel, r.irq, r.handler, IRQF_SHARED, 'a'), 0);
  assert.is(request_irq(r.kernel, r.irq, r.handler, 0, 'b'), -EBUSY);
  assert.is(request_irq(r.kernel, r.irq, r.handler, IRQF_SHARED, 'c'), 0);
  assert.is(request_irq(r.kernel, 99, r.handler, 0, 'd'), -EINVAL);
});

test('a freed interrupt is silent', () => {
  const r = rtc();
  request_irq(r.kernel, r.irq, r.handler, 0, 'rtc');
  free_irq(r.kernel, r.irq, r.handler);
  r.wire.set(true);
  assert.is(r.pending(), false);
});

test('an interrupt that nobody handles 99,900 times of 100,000 is disabled', () => {
  const r = rtc(() => IRQ_NONE);
  request_irq(r.kernel, r.irq, r.handler, 0, 'rtc');
  for (let n = 0; n < 100_000; n++) {
    r.wire.set(true);
    r.kernel.irq.handle_irq();
  }
  r.wire.set(true);
  assert.is(r.pending(), false);
  assert.ok(r.log.some((line) => line.startsWith(`irq ${r.irq}: nobody cared`)));
});

test('/proc/interrupts looks as on arm64 Linux', () => {
  const r = rtc();
  request_irq(r.kernel, r.irq, r.handler, 0, 'rtc-pl031');
  r.wire.set(true);
  r.kernel.irq.handle_irq();
  assert.is(
    show_interrupts(r.kernel),
    '           CPU0       \n  1:          1     GICv3  34 Level     rtc-pl031\nErr:          0\n',
  );
});

test.run();
