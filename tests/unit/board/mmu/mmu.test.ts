/*
 * tests/unit/board/mmu/mmu.test.ts - accesses by machine code through page tables: alignment, crossing, devices, TLBI
 *
 * Manual: Arm ARM, "Alignment support"; "TLB maintenance instructions"; "Address tagging"; "PAR_EL1"
 */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { MmioDevice } from '../../../../board/bus.ts';
import { PAUSE } from '../../../../board/cpu/cpu.ts';
import { assembleAll } from '../../../lib/asm.ts';
import { PTE, RAM, Rig } from '../../../lib/rig.ts';

const code = assembleAll({
  load: 'ldr x0, [x1]; svc #0',
  loadHalf: 'ldrh w0, [x1]; svc #0',
  loadPair: 'ldp x0, x2, [x1], #16; svc #0',
  loadExclusive: 'ldxr x0, [x1]; svc #0',
  loadAcquire: 'ldar x0, [x1]; svc #0',
  atomic: 'mov x2, #1; ldadd x2, x0, [x1]; svc #0',
  store: 'str x0, [x1]; svc #0',
  storePair: 'stp x0, x2, [x1, #-16]!; svc #0',
  twice: 'ldr x0, [x1]; ldr x2, [x1]; svc #0',
  branch: 'br x1',
  exclusive: 'ldxr x0, [x1]; add x0, x0, #1; stxr w2, x0, [x1]; stxr w3, x0, [x1]; svc #0',
  loadAndStay: 'ldr x0, [x1]; b .',
  unprivileged: 'ldtr x0, [x1]; b .',
  at: 'at s1e0r, x1; mrs x0, par_el1; at s1e1w, x1; mrs x2, par_el1; b .',
  ivau: 'ic ivau, x1; svc #0',
  zva: 'dc zva, x1; svc #0',
  trailing: 'b .',
});
const SVC = 0x15;
const DATA = RAM + 0x1_0000;
const USER_NG = PTE.USER | PTE.NG;

/** Code at 0x1000, two pages of data at 0x10_0000 (not adjacent in RAM), a device at 0x20_0000. */
function machine(piece: keyof typeof code): Rig {
  const rig = new Rig();
  rig.mmuOn();
  rig.map(0x1000n, RAM, USER_NG);
  rig.map(0x10_0000n, DATA, USER_NG);
  rig.map(0x10_1000n, DATA + 0x8000, USER_NG);
  rig.map(0x20_0000n, 0x900_0000, USER_NG | PTE.DEVICE);
  rig.code(RAM, code[piece]);
  return rig;
}

function run(piece: keyof typeof code, address: bigint, prepare: (rig: Rig) => void = () => {}): Rig {
  const rig = machine(piece);
  rig.cpu.x[1] = address;
  prepare(rig);
  assert.is(rig.go(0x1000), 0x400);
  return rig;
}

test('an unaligned access to normal memory works', () => {
  const rig = run('load', 0x10_0003n, (r) => {
    r.setU64(DATA, 0x8877_6655_4433_2211n);
    r.setU64(DATA + 8, 0x99aan);
  });
  assert.is(rig.ec, SVC);
  assert.is(rig.cpu.x[0], 0x0099_aa88_7766_5544n & 0xffff_ffff_ffff_ffffn);
});

test('a load across pages takes its bytes from both', () => {
  const rig = run('load', 0x10_0ffdn, (r) => {
    r.setU64(DATA + 0xff8, 0x3322_11ff_ffff_ffffn);
    r.setU64(DATA + 0x8000, 0xffff_ff88_7766_5544n);
  });
  assert.is(rig.ec, SVC);
  assert.is(rig.cpu.x[0], 0x8877_6655_4433_2211n);
});

test('a store across pages reaches both, and nothing else', () => {
  const rig = run('storePair', 0x10_1008n, (r) => {
    r.cpu.x[0] = 0x1111_1111_1111_1111n;
    r.cpu.x[2] = 0x2222_2222_2222_2222n;
    r.setU64(DATA + 0x8008, 0x99n);
  });
  assert.is(rig.ec, SVC);
  assert.is(rig.cpu.x[1], 0x10_0ff8n, 'written back');
  assert.is(rig.u64(DATA + 0xff8), 0x1111_1111_1111_1111n);
  assert.is(rig.u64(DATA + 0x8000), 0x2222_2222_2222_2222n);
  assert.is(rig.u64(DATA + 0x8008), 0x99n);
});

test('an access across pages of which the second faults changes nothing and reports the second', () => {
  const rig = run('store', 0x10_1ffcn, (r) => {
    r.cpu.x[0] = 0xffff_ffff_ffff_ffffn;
  });
  assert.equal([rig.ec, rig.iss, rig.cpu.far], [0x24, 0x47, 0x10_2000n]);
  assert.is(rig.u64(DATA + 0x8ff8), 0n);

  const readOnly = run('store', 0x10_0ffcn, (r) => r.map(0x10_1000n, DATA + 0x8000, USER_NG | PTE.RDONLY));
  assert.equal([readOnly.ec, readOnly.iss, readOnly.cpu.far], [0x24, 0x4f, 0x10_1000n]);
  assert.is(readOnly.u64(DATA + 0xff8), 0n);
});

test('a faulting pair with write-back leaves all registers alone', () => {
  const rig = run('loadPair', 0x10_1ff8n, (r) => {
    r.cpu.x[0] = 7n;
    r.cpu.x[2] = 8n;
  });
  assert.equal([rig.ec, rig.iss, rig.cpu.far], [0x24, 0x07, 0x10_2000n]);
  assert.equal([rig.cpu.x[0], rig.cpu.x[1], rig.cpu.x[2]], [7n, 0x10_1ff8n, 8n]);
});

test('exclusives, acquire and atomics must be aligned (0x21)', () => {
  for (const piece of ['loadExclusive', 'loadAcquire'] as const) {
    const rig = run(piece, 0x10_0004n);
    assert.equal([rig.ec, rig.iss, rig.cpu.far], [0x24, 0x21, 0x10_0004n], piece);
  }
  assert.is(run('atomic', 0x10_0004n).iss & 0x3f, 0x21);
});

test('SCTLR_EL1.A makes every unaligned access fault', () => {
  const rig = run('loadHalf', 0x10_0001n, (r) => r.cpu.writeSysreg('SCTLR_EL1', 0b11));
  assert.equal([rig.ec, rig.iss], [0x24, 0x21]);
  assert.is(run('load', 0x10_0008n, (r) => r.cpu.writeSysreg('SCTLR_EL1', 0b11)).ec, SVC);
  // a pair is aligned when its elements are
  assert.is(run('loadPair', 0x10_0008n, (r) => r.cpu.writeSysreg('SCTLR_EL1', 0b11)).ec, SVC);
});

test('an atomic that faults reports a read unless only the write is forbidden', () => {
  assert.is(run('atomic', 0x40_0000n).iss, 0x06);
  assert.is(run('atomic', 0x10_0000n, (r) => r.map(0x10_0000n, DATA, USER_NG | PTE.RDONLY)).iss, 0x4f);
});

/* A device of four registers that records what is done to it. */
class Recorder implements MmioDevice {
  readonly name = 'recorder';
  readonly size = 0x1000;
  readonly log: string[] = [];
  read(offset: number, width: number): number {
    this.log.push(`read ${offset} ${width}`);
    return 0x1111_1111 * (1 + offset / 4);
  }
  write(offset: number, value: number, width: number): void {
    this.log.push(`write ${offset} ${width} ${value.toString(16)}`);
  }
}

function withDevice(
  piece: keyof typeof code,
  address: bigint,
  prepare: (rig: Rig) => void = () => {},
): [Rig, string[]] {
  const device = new Recorder();
  const rig = run(piece, address, (r) => {
    r.bus.attach(0x900_0000, device);
    prepare(r);
  });
  return [rig, device.log];
}

test('a device sees accesses of its width, once, and 8 bytes as two words', () => {
  const [half, halfLog] = withDevice('loadHalf', 0x20_0002n);
  assert.equal(halfLog, ['read 2 2']);
  assert.is(half.ec, SVC);
  const [wide, wideLog] = withDevice('load', 0x20_0000n);
  assert.equal(wideLog, ['read 0 4', 'read 4 4']);
  assert.is(wide.cpu.x[0], 0x2222_2222_1111_1111n);
  const [, stores] = withDevice('store', 0x20_0008n, (r) => {
    r.cpu.x[0] = 0xaaaa_bbbb_cccc_ddddn;
  });
  assert.equal(stores, ['write 8 4 ccccdddd', 'write 12 4 aaaabbbb']);
});

test('an unaligned access to Device memory is an alignment fault and never reaches the device', () => {
  const [rig, log] = withDevice('load', 0x20_0004n);
  assert.equal([rig.ec, rig.iss & 0x3f, log], [0x24, 0x21, []]);
});

test('exclusives and atomics on a device are fault 0x35', () => {
  assert.is(withDevice('loadExclusive', 0x20_0000n)[0].iss, 0x35);
  assert.is(withDevice('atomic', 0x20_0000n)[0].iss & 0x3f, 0x35);
});

test('a device that raises its line in an access interrupts before the next instruction', () => {
  const rig = machine('twice');
  const line = rig.cpu.irqLine;
  const read = () => {
    line.set(true);
    return 7;
  };
  rig.bus.attach(0x900_0000, { name: 'd', size: 0x1000, read, write: () => {} });
  rig.cpu.x[1] = 0x20_0000n;
  assert.is(rig.go(0x1000), 0x480);
  assert.is(rig.cpu.elr, 0x1004n);
  assert.is(rig.cpu.x[0], 0x7_0000_0007n);
});

test('the clock is exact when a device is asked', () => {
  const rig = machine('twice');
  const seen: number[] = [];
  rig.bus.attach(0x900_0000, {
    name: 'd',
    size: 0x1000,
    read: () => seen.push(rig.clock.now),
    write: () => {},
  });
  rig.code(RAM, [...code.twice.slice(0, 1), ...code.twice]);
  rig.cpu.x[1] = 0x20_0000n;
  rig.go(0x1000);
  assert.equal(seen, [0, 0, 1, 1, 2, 2]);
});

test('tagged addresses reach the same memory, and a tagged branch target loses its tag', () => {
  const rig = run('load', 0xab00_0000_0010_0000n, (r) => r.setU64(DATA, 42n));
  assert.is(rig.cpu.x[0], 42n);
  const branch = machine('branch');
  branch.code(RAM + 0x1000, code.load);
  branch.map(0x3000n, RAM + 0x1000, USER_NG);
  branch.cpu.x[1] = 0x5a00_0000_0000_3000n;
  assert.is(branch.go(0x1000), 0x400);
  assert.equal([branch.ec, branch.cpu.elr], [SVC, 0x3008n], 'PC holds no tag');

  const fault = run('load', 0xab00_0000_0070_0000n);
  assert.is(fault.cpu.far, 0xab00_0000_0070_0000n, 'FAR shows the address as it was used');

  const off = run('load', 0xab00_0000_0010_0000n, (r) => r.cpu.writeSysreg('TCR_EL1', 0x8010_0010, 0x15));
  assert.equal([off.ec, off.iss], [0x24, 0x04]);
});

test('a cached translation lives until TLBI, whichever of them', () => {
  const operand = 0x10_0000 >>> 12;
  const asid = 5 << 16;
  const flushes: [string, (rig: Rig) => void][] = [
    ['VMALLE1', (r) => r.cpu.tlbi('VMALLE1')],
    ['VMALLE1IS', (r) => r.cpu.tlbi('VMALLE1IS')],
    ['VAE1', (r) => r.cpu.tlbi('VAE1', operand, asid)],
    ['VAE1IS', (r) => r.cpu.tlbi('VAE1IS', operand, asid)],
    ['VALE1IS', (r) => r.cpu.tlbi('VALE1IS', operand, asid)],
    ['VAAE1IS', (r) => r.cpu.tlbi('VAAE1IS', operand)],
    ['VAALE1IS', (r) => r.cpu.tlbi('VAALE1IS', operand)],
    ['ASIDE1IS', (r) => r.cpu.tlbi('ASIDE1IS', 0, asid)],
    ['a new TTBR0_EL1', (r) => r.cpu.writeSysreg('TTBR0_EL1', r.cpu.readSysregHalf('TTBR0_EL1', 0), 6 << 16)],
  ];
  for (const [name, flush] of flushes) {
    const rig = machine('load');
    rig.cpu.writeSysreg('TTBR0_EL1', rig.cpu.readSysregHalf('TTBR0_EL1', 0), asid);
    rig.cpu.x[1] = 0x10_0000n;
    rig.go(0x1000);
    assert.is(rig.ec, SVC);
    rig.unmap(0x10_0000n);
    rig.go(0x1000);
    assert.is(rig.ec, SVC, 'still cached');
    flush(rig);
    rig.go(0x1000);
    assert.equal([rig.ec, rig.iss], [0x24, 0x07], name);
  }
});

test('another ASID or another address does not disturb a translation', () => {
  const rig = machine('load');
  rig.cpu.x[1] = 0x10_0000n;
  rig.go(0x1000);
  rig.unmap(0x10_0000n);
  rig.cpu.tlbi('ASIDE1IS', 0, 9 << 16);
  rig.cpu.tlbi('VAE1IS', 0x10_1000 >>> 12, 0);
  rig.go(0x1000);
  assert.is(rig.ec, SVC);
});

test('a kernel’s global translations survive a change of address space, and TLBI of one address drops them', () => {
  const rig = atEl1('unprivileged', (r) => {
    r.code(RAM, code.loadAndStay);
    r.map(0x10_0000n, DATA, 0n);
    r.cpu.x[1] = 0x10_0000n;
    r.cpu.writeSysreg('VBAR_EL1', 0, 0xffff_0000);
    r.code(RAM + 0x200, code.trailing);
    r.setU64(DATA, 9n);
  });
  const { cpu } = rig;
  const again = (): bigint => {
    cpu.x[0] = 0n;
    cpu.stopAt = rig.clock.now + 10;
    rig.go(0xffff_0000_0000_0000n, 0x3c5);
    return cpu.x[0]!;
  };
  assert.is(cpu.x[0], 9n);
  rig.unmap(0x10_0000n);
  cpu.writeSysreg('TTBR0_EL1', cpu.readSysregHalf('TTBR0_EL1', 0), 6 << 16);
  assert.is(again(), 9n);
  cpu.tlbi('VAAE1', 0x10_0000 >>> 12);
  assert.is(again(), 0n);
});

test('with TCR_EL1.AS = 0 an ASID has eight bits', () => {
  const rig = machine('load');
  const { cpu } = rig;
  cpu.writeSysreg('TCR_EL1', cpu.readSysregHalf('TCR_EL1', 0), cpu.readSysregHalf('TCR_EL1', 1) & ~(1 << 4));
  cpu.writeSysreg('TTBR0_EL1', cpu.readSysregHalf('TTBR0_EL1', 0), 0x0105 << 16);
  cpu.x[1] = 0x10_0000n;
  rig.go(0x1000);
  rig.unmap(0x10_0000n);
  cpu.writeSysreg('TTBR0_EL1', cpu.readSysregHalf('TTBR0_EL1', 0), 0x0005 << 16);
  rig.go(0x1000);
  assert.is(rig.ec, SVC, 'the same one');
  cpu.tlbi('ASIDE1', 0, 0x0005 << 16);
  rig.go(0x1000);
  assert.is(rig.ec, 0x24);
});

test('TLBI of any address in a block drops the whole block', () => {
  const rig = machine('load');
  rig.map(0x4000_0000n, RAM, PTE.USER | PTE.NG, 2);
  for (const offset of [0x1_0000n, 0x5_0000n]) {
    rig.cpu.x[1] = 0x4000_0000n + offset;
    rig.go(0x1000);
    assert.is(rig.ec, SVC);
  }
  rig.map(0x4000_0000n, 0, 0n, 2);
  rig.cpu.tlbi('VAE1', 0x4000_0000 >>> 12);
  rig.go(0x1000);
  assert.is(rig.ec, 0x24);
});

test('the local monitor passes one store, and an exception return clears it', () => {
  const rig = run('exclusive', 0x10_0008n, (r) => r.setU64(DATA + 8, 41n));
  assert.is(rig.u64(DATA + 8), 42n);
  assert.equal([rig.cpu.x[2], rig.cpu.x[3]], [0n, 1n], 'the second store fails');

  const interrupted = machine('exclusive');
  interrupted.cpu.x[1] = 0x10_0008n;
  interrupted.cpu.stopAt = 1;
  interrupted.go(0x1000);
  interrupted.cpu.stopAt = Infinity;
  interrupted.clock.alarm(() => interrupted.cpu.irqLine.set(true)).set(2);
  assert.is(interrupted.cpu.run(), 0x480);
  interrupted.cpu.irqLine.set(false);
  interrupted.cpu.eret();
  interrupted.cpu.run();
  assert.is(interrupted.cpu.x[2], 1n);
  assert.is(interrupted.u64(DATA + 8), 0n);
});

/** Machine code at EL1, in the upper half; returns after it has come to rest. */
function atEl1(piece: keyof typeof code, prepare: (rig: Rig) => void): Rig {
  const rig = machine(piece);
  rig.cpu.hosted = false;
  rig.map(0xffff_0000_0000_0000n, RAM, PTE.UXN);
  prepare(rig);
  rig.cpu.stopAt = 100;
  assert.is(rig.go(0xffff_0000_0000_0000n, 0x3c5), PAUSE);
  return rig;
}

test('LDTR has the rights of EL0', () => {
  const rig = atEl1('unprivileged', (r) => {
    r.cpu.x[1] = 0x10_0000n;
    r.setU64(DATA, 9n);
  });
  assert.is(rig.cpu.x[0], 9n);
  const forbidden = atEl1('unprivileged', (r) => {
    r.map(0x30_0000n, DATA, 0n);
    r.cpu.x[1] = 0x30_0000n;
    r.cpu.writeSysreg('VBAR_EL1', 0, 0xffff_0000);
    r.code(RAM + 0x200, code.trailing);
  });
  assert.equal([forbidden.ec, forbidden.iss], [0x25, 0x0f], 'from the current level, by EL0 permissions');
});

test('AT leaves the address and its attributes, or the fault, in PAR_EL1', () => {
  const good = atEl1('at', (r) => {
    r.cpu.x[1] = 0x10_1234n;
  });
  const page = BigInt(DATA + 0x8000);
  assert.is(good.cpu.x[0]! & 0xff00_ffff_ffff_f001n, 0xff00_0000_0000_0000n | page);
  const bad = atEl1('at', (r) => {
    r.map(0x30_0000n, DATA, PTE.RDONLY);
    r.cpu.x[1] = 0x30_0000n;
  });
  assert.is(bad.cpu.x[0]! & 0x7fn, (0x0fn << 1n) | 1n, 'EL0 may not');
  assert.is(bad.cpu.x[2]! & 0x7fn, (0x0fn << 1n) | 1n, 'EL1 may not write');
});

test('cache maintenance checks its address with CM set', () => {
  const open = (r: Rig) => r.cpu.writeSysreg('SCTLR_EL1', (1 << 26) | 1);
  assert.is(run('ivau', 0x10_0000n, open).ec, SVC);
  const rig = run('ivau', 0x70_0000n, open);
  assert.equal([rig.ec, rig.iss, rig.cpu.far], [0x24, 0x146, 0x70_0000n]);
});

test('DC ZVA clears the 64 bytes around its address', () => {
  const rig = run('zva', 0x10_0047n, (r) => {
    r.cpu.writeSysreg('SCTLR_EL1', (1 << 14) | 1);
    for (let at = 0; at < 0x100; at += 8) r.setU64(DATA + at, 1n);
  });
  assert.is(rig.ec, SVC);
  const left = [];
  for (let at = 0; at < 0x100; at += 8) if (rig.u64(DATA + at) === 0n) left.push(at);
  assert.equal(left, [0x40, 0x48, 0x50, 0x58, 0x60, 0x68, 0x70, 0x78]);
});

test('DC ZVA faults as one store would, with the address it was given', () => {
  const open = (r: Rig) => r.cpu.writeSysreg('SCTLR_EL1', (1 << 14) | 1);
  const faults = (address: bigint, prepare: (r: Rig) => void = () => {}) => {
    const rig = run('zva', address, (r) => {
      open(r);
      prepare(r);
    });
    return [rig.ec, rig.iss, rig.cpu.far];
  };
  assert.equal(faults(0x10_2047n), [0x24, 0x47, 0x10_2047n], 'not mapped');
  assert.equal(
    faults(0x10_0047n, (r) => r.map(0x10_0000n, DATA, USER_NG | PTE.RDONLY)),
    [0x24, 0x4f, 0x10_0047n],
  );
  assert.equal(faults(0x20_0040n), [0x24, 0x61, 0x20_0040n], 'a device, however aligned');
});

test('an access that begins in the last page of the address space and ends in the first is a fault', () => {
  for (const piece of ['load', 'store', 'storePair'] as const) {
    const rig = run(piece, 0xffff_ffff_ffff_fffen);
    assert.equal([rig.ec, rig.iss & 0x3c], [0x24, 0x04]); // a translation fault
  }
});

test('what code writes it executes, without maintenance', () => {
  const rig = machine('store');
  rig.cpu.x[1] = 0x1004n; // over the SVC
  rig.cpu.x[0] = 0xd400_0541_d280_0122n; // mov x2, #9; svc #42
  rig.go(0x1000);
  assert.equal([rig.cpu.x[2], rig.iss], [9n, 42]);
});

test.run();
