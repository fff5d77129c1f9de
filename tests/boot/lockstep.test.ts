/*
 * tests/boot/lockstep.test.ts - two engines side by side: equal when both are right, and when one is not it is found
 *
 * What is wrong here is the subject alone, from an instruction count that the test knows: an alarm of its board's clock,
 * which rings between two instructions, changes a register or a byte.
 */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { boot, Divergence, initramfs, Machine, machineOptions, withJob } from '../../arch/arm64/boot/boot.ts';
import { Driver } from '../../arch/arm64/boot/driver.ts';
import { Lockstep } from '../../arch/arm64/boot/lockstep/lockstep.ts';

/** The platform register: our programs have no use for it, so that what is wrong there stays wrong. */
const UNUSED = 18;
const BUSY = 'for i in 1 2 3 4 5 6 7 8; do ls -la /bin | sort | head -3; done; echo $$; cat /proc/uptime';

const short = (): ReturnType<typeof machineOptions> =>
  machineOptions(
    { ram: 64 * 2 ** 20, append: 'quiet loglevel=0', threshold: 50 },
    withJob(initramfs(), ['/bin/sh', '-c', 'ls /bin | sort']),
  );

/** Runs a short script in lockstep with a subject that is spoiled at instruction `at`. */
async function spoiled(at: number, spoil: (machine: Machine) => void): Promise<Divergence> {
  const pair = new Lockstep({
    ...short(),
    engine: 'auto',
    output: () => {},
    spoil: (machine) => machine.board.clock.alarm(() => spoil(machine)).set(at),
  });
  const error = await new Driver(pair, { idle: 'skip' }).run().catch((thrown: unknown) => thrown);
  assert.instance(error, Divergence);
  return error as Divergence;
}

/** The first instruction count from `at` on between two instructions of the program, not in the kernel. */
function userMode(at: number): number {
  const machine = new Machine({ ...short(), engine: 'interpreter', output: () => {} });
  machine.run(at - 1);
  for (;;) {
    const { now } = machine;
    assert.is(machine.run(now + 1), 'paused');
    if (machine.now === now + 1 && machine.now >= at) return machine.now;
  }
}

test('both engines run a shell with pipes and processes to the same end', async () => {
  const args = ['-c', BUSY];
  const alone = await (await boot({ engine: 'interpreter' })).run('/bin/sh', args);
  const both = await (await boot({ engine: 'lockstep', threshold: 2 })).run('/bin/sh', args);
  assert.is(both.output, alone.output);
  assert.is(both.instructions, alone.instructions);
  assert.equal(both.events, alone.events);
});

test('a register that is wrong after N instructions is found after N instructions, and shown', async () => {
  const at = userMode(100_003);
  const divergence = await spoiled(at, ({ board }) => {
    board.cpu.x[UNUSED]! ^= 4n;
  });
  assert.is(divergence.at, at);
  const { report } = divergence;
  assert.match(report, new RegExp(`\\nthe same at instruction ${at - 1}, not at ${at} `));
  const wrong = report.split('\n').filter((line) => line.startsWith('* '));
  assert.is(wrong.length, 1);
  const [, name, , right, subject] = wrong[0]!.split(/ +/);
  assert.is(name, `x${UNUSED}`);
  assert.is(BigInt(right!) ^ 4n, BigInt(subject!));
  // The instruction, its address and its physical address.
  assert.match(report, /executed meanwhile[^\n]*\n {2}[0-9a-f]{12} {2}\[0x4[0-9a-f]{7}\] {2}[a-z]+/);
});

test('a byte of RAM that is wrong is found although nobody reads it', async () => {
  const divergence = await spoiled(120_000, ({ board }) => {
    board.bus.ram[board.bus.ramSize - 1]! ^= 0x80;
  });
  assert.match(divergence.report, /RAM at 0x43ffffff/);
  assert.match(divergence.report, /\n\* \[0x43fffff8\] /);
  assert.ok(divergence.at >= 120_000 && divergence.at < 120_100, `${divergence.at}`);
});

test.run();
