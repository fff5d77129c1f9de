/*
 * tests/lib/memory.ts - a kernel with RAM and an MMU that reads it: address spaces without a CPU
 */

import { Arm64Mm } from '../../arch/arm64/mm/mmu.ts';
import { Bus } from '../../board/bus.ts';
import { FSC_NONE, Walker } from '../../board/mmu/walk.ts';
import type { Arch } from '../../kernel/arch.ts';
import type { Mm } from '../../kernel/include/linux/mm_types.ts';
import type { Task } from '../../kernel/include/linux/sched.ts';
import type { UserPtr } from '../../kernel/include/linux/types.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import { mm_alloc } from '../../kernel/mm/init-mm.ts';
import { PageAllocator } from '../../kernel/mm/page_alloc.ts';
import { Random } from '../../kernel/drivers/char/random.ts';
import { testKernel, testTask } from './kernel.ts';

export const RAM_BASE = 0x4000_0000;

export interface MemoryMachine {
  readonly kernel: Kernel;
  readonly bus: Bus;
  readonly mmu: Arm64Mm;
  readonly walker: Walker;
  /** TLB maintenance that was asked for, in order. */
  readonly tlbi: string[];
  readonly task: Task;
}

/** The methods of an object that is a class instance, as plain properties: what fakeArch() takes. */
function methods(object: Arm64Mm): Partial<Arch> {
  const all = Object.entries(Object.getOwnPropertyDescriptors(Arm64Mm.prototype));
  return Object.fromEntries(all.map(([name, { value }]) => [name, value.bind(object)]));
}

/** `params`: the kernel's command line. */
export function memoryMachine(ramSize = 4 * 2 ** 20, over: Partial<Arch> = {}): MemoryMachine {
  const memory = new WebAssembly.Memory({ initial: ramSize / 65536 });
  const bus = new Bus(memory, RAM_BASE, ramSize, 0);
  const io = { ram: bus.ram, ramBase: RAM_BASE } as Kernel['io'];
  const tlbi: string[] = [];
  const find = (name: string) => ({
    write: () => void (name.startsWith('TLBI') && tlbi.push(name.slice('TLBI '.length))),
  });
  const cpu = { sysregs: { find } };
  const mmu: Arm64Mm = new Arm64Mm(io, cpu, () => kernel.mm);
  const kernel = testKernel({ ...methods(mmu), ...over });
  Object.assign(kernel, { io, params: new Map([['norandmaps', '']]) });
  kernel.random = new Random();
  kernel.random.add_bootloader_randomness(Uint8Array.of(1, 2, 3, 4));
  kernel.mm = new PageAllocator(io);
  kernel.mm.memblock_add(RAM_BASE, ramSize);
  kernel.mm.memblock_free_all();
  for (const limit of kernel.init_task.signal.rlim) Object.assign(limit, { cur: Infinity, max: Infinity });
  testTask(kernel); // PID 1, which has rights and duties of its own
  const task = testTask(kernel);
  kernel.sched.current = task;
  task.mm = newMm(kernel);
  task.mm.mmap_base = 0xffff_f800_0000;
  return { kernel, bus, mmu, walker: new Walker(bus), tlbi, task };
}

export function newMm(kernel: Kernel): Mm {
  const mm = mm_alloc(kernel);
  if (typeof mm === 'number') throw new Error(`no mm: ${mm}`);
  return mm;
}

/** What the MMU would make of an access by user space: the frame and its PERM_* bits, or null = it would fault. */
export function translate(
  { walker }: MemoryMachine,
  mm: Mm,
  address: number,
): { pfn: number; perms: number } | null {
  walker.half[0].base = mm.pgd;
  if (walker.walk(Math.floor(address / 2 ** 32), address >>> 0) !== FSC_NONE) return null;
  return { pfn: walker.page / 4096, perms: walker.perms & 7 };
}

export const user = (address: number): UserPtr => address as UserPtr;
