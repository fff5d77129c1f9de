/*
 * tests/unit/board/cpu/bare-metal.test.ts - a kernel of one page, in machine code: EL1 is a socket
 *
 * Manual: Arm ARM, "Exceptions"; "The AArch64 Virtual Memory System Architecture"
 *
 * It starts at EL1 with the MMU off, writes its own page tables, turns the MMU on, sends itself to the upper half,
 * runs a user program that makes system calls and touches an unmapped page, maps that page in its abort handler, takes
 * interrupts while it waits, and comes to rest with a report in x19..x25.
 */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { IDLE, PAUSE } from '../../../../board/cpu/cpu.ts';
import { assemble } from '../../../lib/asm.ts';
import { RAM, Rig } from '../../../lib/rig.ts';

/* Physical layout: the image at RAM, tables from RAM + 0x10000 on, a user data page at RAM + 0x20000. */
const IMAGE = `
start:
  // TTBR0: an identity block for this code, and the user's pages; TTBR1: the same gigabyte at the top
  ldr x0, =0x40010000            // level 0
  ldr x1, =0x40011003            // level 1, for both halves
  str x1, [x0]
  ldr x2, =0xff8
  str x1, [x0, x2]
  ldr x0, =0x40011000
  ldr x1, =0x40000701            // 0x4000_0000: a 1 GiB block, AF, inner shareable, EL1
  str x1, [x0, #8]
  ldr x1, =0x40012003            // 0x0000_0000: level 2
  str x1, [x0]
  ldr x0, =0x40012000
  ldr x1, =0x40013003            // level 3
  str x1, [x0]
  ldr x1, =0x08000405            // 0x0800_0000: a 2 MiB block of device memory
  str x1, [x0, #0x200]
  ldr x0, =0x40013000
  adr x1, user
  and x1, x1, #~0xfff
  ldr x2, =0x0020000000000fc3    // page, AF, nG, inner shareable, read-only, EL0, PXN
  orr x1, x1, x2
  str x1, [x0, #8]               // 0x1000: the user's code

  ldr x0, =0x04ff                // attribute 0: normal memory, 1: Device-nGnRE
  msr mair_el1, x0
  ldr x0, =0x7580100010          // 48 bits both, TG1 = 4 KiB, 48-bit PA
  msr tcr_el1, x0
  ldr x0, =0x40010000
  msr ttbr0_el1, x0
  msr ttbr1_el1, x0
  ldr x1, =0xffffff8000000000    // level 0 entry 511, level 1 entry 0...
  adr x0, vectors
  orr x0, x0, x1
  msr vbar_el1, x0
  isb
  mrs x0, sctlr_el1
  orr x0, x0, #1
  msr sctlr_el1, x0
  isb
  adr x0, high
  orr x0, x0, x1
  br x0
high:
  adr x19, .                      // where are we now
  adr x0, stack_top
  mov sp, x0
  mov x20, #0                     // sum of the system calls' numbers
  mov x21, #0                     // aborts
  mov x22, #0                     // interrupts
  msr daifclr, #2
  wfi
  msr daifset, #2
  ldr x0, =0x1000
  adr x1, user
  and x1, x1, #0xfff
  orr x0, x0, x1
  msr elr_el1, x0
  msr spsr_el1, xzr
  ldr x0, =0x5000
  msr sp_el0, x0
  eret

  .balign 0x800
vectors:
  .balign 0x80
  b .
  .balign 0x80
  b .
  .balign 0x80
  b .
  .balign 0x80
  b .
  .balign 0x80                    // current level, SP_EL1: synchronous
  b .
  .balign 0x80                    // interrupt
  add x22, x22, #1
  mrs x25, spsr_el1
  mrs x0, isr_el1
  add x22, x22, x0
  ldr x1, =0x08000000
  str w0, [x1]                    // tells the device, which lowers its line
  eret
  .balign 0x80
  b .
  .balign 0x80
  b .
  .balign 0x80                    // from EL0: synchronous
  mrs x9, esr_el1
  lsr x10, x9, #26
  cmp x10, #0x15
  b.eq syscall
  cmp x10, #0x24
  b.eq abort
  b .
  .balign 0x80
  b .

syscall:
  and x10, x9, #0xffff
  cbz x10, rest
  add x20, x20, x10
  eret
abort:
  add x21, x21, #1
  mrs x23, far_el1
  mov x24, x9
  ldr x11, =0xffffff8040013000
  ldr x12, =0x60000040020f43      // RAM + 0x20000: page, AF, nG, EL0 read-write, UXN PXN
  str x12, [x11, #0x20]           // 0x4000
  dsb ishst
  mov x12, #4
  tlbi vae1is, x12
  dsb ish
  isb
  eret
rest:
  b rest
  .ltorg
  .balign 0x1000
user:
  svc #3
  mov x2, #0x4000
  mov x3, #1234
  str x3, [x2, #0x18]             // the abort handler maps this page
  ldr x4, [x2, #0x18]
  svc #4
  stp x3, x4, [sp, #-16]!
  svc #0
  .balign 0x1000
  .skip 0x100
stack_top:
`;

test('a kernel in machine code turns its MMU on, takes exceptions and serves a user program', () => {
  const rig = new Rig();
  const { cpu } = rig;
  rig.code(RAM, assemble(IMAGE));
  rig.bus.attach(0x800_0000, {
    name: 'irq',
    size: 0x1000,
    read: () => 0,
    write: () => cpu.irqLine.set(false),
  });
  cpu.hosted = false;
  assert.is(rig.go(RAM, 0x3c5), IDLE, 'it waits for an interrupt');
  const asleep = rig.clock.now;
  assert.is(cpu.run(), IDLE);
  assert.is(rig.clock.now, asleep, 'waiting executes nothing');

  cpu.irqLine.set(true);
  cpu.stopAt = asleep + 200;
  assert.is(cpu.run(), PAUSE);

  assert.is(cpu.x[19]! >> 39n, 0x1ff_ffffn, 'the kernel runs in the upper half');
  assert.is(cpu.x[22], 1n + 0x80n, 'one interrupt, and ISR_EL1.I while it was pending');
  assert.is(cpu.x[25]! & 0xfn, 5n, 'taken from EL1h');
  assert.is(cpu.x[20], 7n, 'system calls 3 and 4');
  assert.is(cpu.x[21], 1n, 'one abort');
  assert.equal([cpu.x[23], cpu.x[24]], [0x4018n, 0x9200_0047n], 'a write, level 3 translation fault');
  assert.is(cpu.x[4], 1234n);
  assert.is(rig.u64(RAM + 0x2_0018), 1234n);
  assert.is(rig.u64(RAM + 0x2_0ff0), 1234n, 'the user stack ends at 0x5000');
  assert.is(rig.ec, 0x15);
});

test.run();
