/*
 * Executing what is not a program. Nothing anybody can write into a file may do more than fail, or end the process that
 * tried; and whatever happens, no page, no table and no file stays behind.
 */

import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { vfs_caches_init } from '../../../../kernel/fs/dcache.ts';
import { kernel_execve } from '../../../../kernel/fs/exec.ts';
import { parse_script } from '../../../../kernel/fs/binfmt_script.ts';
import { fput } from '../../../../kernel/fs/file_table.ts';
import { init_fs } from '../../../../kernel/fs/fs_struct.ts';
import { filp_open } from '../../../../kernel/fs/open.ts';
import { EM_AARCH64 } from './elf-file.ts';
import { ENOEXEC } from '../../../../kernel/include/uapi/errno.ts';
import { IovIter } from '../../../../kernel/lib/iov_iter.ts';
import { string_to_bytes } from '../../../../kernel/lib/bytes.ts';
import { mmput } from '../../../../kernel/mm/init-mm.ts';
import { show_map_vma } from '../../../../kernel/fs/proc/task_mmu.ts';
import { is_generator } from '../../../../kernel/sched/wait.ts';
import { now } from '../../../lib/kernel.ts';
import { type MemoryMachine, memoryMachine, newMm } from '../../../lib/memory.ts';
import { elfFile, type Segment } from './elf-file.ts';

const O_WRONLY = 1;
const O_CREAT = 0o100;
const O_TRUNC = 0o1000;
/** FATAL: the process is dead, with SIGSEGV. */
const FATAL = 'SIGSEGV';

interface ExecMachine extends MemoryMachine {
  started: { pc: number; sp: number } | null;
}

function execMachine(): ExecMachine {
  const machine: ExecMachine = Object.assign(
    memoryMachine(8 * 2 ** 20, {
      elf_machine: EM_AARCH64,
      elf_platform: 'aarch64',
      elf_hwcap: 0x8ff,
      elf_hwcap2: 0,
      minsigstksz: 4720,
      arch_setup_additional_pages: () => 0,
      flush_thread: () => {},
      start_thread: (_task, pc, sp) => {
        machine.started = { pc, sp };
      },
    }),
    { started: null },
  );
  const { kernel, task } = machine;
  vfs_caches_init(kernel);
  kernel.init_task.fs = task.fs = init_fs(kernel.fs.root);
  task.files = null;
  return machine;
}

function write(machine: ExecMachine, name: string, bytes: Uint8Array): void {
  const file = filp_open(machine.task, name, O_WRONLY | O_CREAT | O_TRUNC, 0o755);
  if (typeof file === 'number') throw new Error(`${name}: ${file}`);
  const written = file.f_op.write_iter!(machine.task, { file, pos: 0, ki_flags: 0 }, IovIter.kernel(bytes));
  if (is_generator(written) || written !== bytes.length) throw new Error(`${name}: ${String(written)}`);
  fput(file);
}

/** execve's answer, or FATAL. */
function exec(machine: ExecMachine, bytes: Uint8Array): number | typeof FATAL {
  write(machine, '/program', bytes);
  const { task } = machine;
  const old = task.mm;
  const ret = now(kernel_execve(task, '/program', ['program', 'x'], ['A=1']));
  if (ret === 0 || task.mm === old) return ret;
  assert.is(task.pending.signal.lo, 1 << 10, 'what got that far dies');
  return FATAL;
}

test('a program is mapped where it says, and starts with its arguments on the stack', () => {
  const machine = execMachine();
  const { task, mmu } = machine;
  const code = elfFile({
    type: 2,
    entry: 0x40_0100,
    segments: [{ vaddr: 0x40_0000, filesz: 0x200, memsz: 0x1800, flags: 7 }],
  });
  assert.is(exec(machine, code), 0);
  assert.equal(
    task.mm!.mmap.map((vma) => show_map_vma(vma).slice(0, 26).trim()),
    ['00400000-00401000 rwxp 000', '00401000-00402000 rwxp 000', 'fffffffdf000-1000000000000'],
  );
  assert.is(machine.started!.pc, 0x40_0100);
  assert.is(machine.started!.sp % 16, 0);
  assert.is(mmu.get_user(task.mm!, machine.started!.sp as never, 8), 2, 'argc');
  const argv0 = mmu.get_user(task.mm!, (machine.started!.sp + 8) as never, 8);
  const bytes = new Uint8Array(8);
  mmu.copy_from_user(task.mm!, bytes, argv0 as never);
  assert.equal(bytes, string_to_bytes('program\0'));
  assert.is(task.comm, 'program');
});

const u64 = fc.oneof(
  fc.constantFrom(
    0n,
    1n,
    4096n,
    0x400000n,
    2n ** 47n,
    2n ** 48n - 4096n,
    2n ** 48n,
    2n ** 53n,
    2n ** 63n,
    2n ** 64n - 4096n,
    2n ** 64n - 1n,
  ),
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  fc.bigInt({ min: 0n, max: 0x10000n }),
);
const segment: fc.Arbitrary<Segment> = fc.record({
  type: fc.constantFrom(1, 1, 1, 1, 1, 1, 3, 0, 0x6474_e551),
  flags: fc.nat(7),
  offset: fc.oneof(fc.constant(0n), u64),
  vaddr: fc.oneof(fc.constantFrom(0x40_0000n, 0x50_0000n, 0x40_1000n), u64),
  filesz: fc.oneof(fc.nat(0x2000), u64),
  memsz: fc.oneof(fc.nat(0x4000), u64),
  align: u64,
});
const elf = fc.record({
  type: fc.constantFrom(2, 3, 2, 3, 2, 3, 2, 3, 1),
  entry: u64,
  phoff: fc.oneof({ weight: 9, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: u64 }),
  phentsize: fc.oneof({ weight: 9, arbitrary: fc.constant(56) }, { weight: 1, arbitrary: fc.nat(99) }),
  segments: fc.array(segment, { maxLength: 5 }),
});

function survives(machine: ExecMachine, bytes: Uint8Array): void {
  const { task, kernel } = machine;
  const before = kernel.mm.nr_free_pages();
  const promised = kernel.mm.vm_committed_as;
  const ret = exec(machine, bytes);
  assert.ok(ret === FATAL || (Number.isInteger(ret) && ret <= 0 && ret > -4096), String(ret));

  mmput(task.mm!);
  task.mm = newMm(kernel);
  task.pending.list.length = 0;
  task.pending.signal = { lo: 0, hi: 0 };
  task.signal.shared_pending.list.length = 0;
  task.signal.shared_pending.signal = { lo: 0, hi: 0 };
  task.signal.flags = 0;
  write(machine, '/program', new Uint8Array(0)); // ETXTBSY if somebody still had it
  assert.is(kernel.mm.nr_free_pages(), before);
  assert.is(kernel.mm.vm_committed_as, promised);
}

test('a hostile ELF file fails or kills, and leaves nothing behind', () => {
  const machine = execMachine();
  machine.task.mm!.mmap_base = 0;
  fc.assert(
    fc.property(elf, fc.nat(1000), (header, cut) => {
      const bytes = elfFile(header);
      survives(machine, cut < 100 ? bytes.subarray(0, cut * 4) : bytes);
    }),
    { numRuns: 500, seed: 2 },
  );
});

test('random bytes, also behind the right beginnings, are no program', () => {
  const machine = execMachine();
  const start = fc.constantFrom('', '#!', '#! /', '#!/program', '\x7fELF', '\x7fELF\x02\x01\x01');
  fc.assert(
    fc.property(start, fc.uint8Array({ maxLength: 400 }), (text, rest) => {
      survives(machine, Uint8Array.from([...string_to_bytes(text), ...rest]));
    }),
    { numRuns: 300, seed: 3 },
  );
});

test('every first line parses to a name and an argument, or is refused', () => {
  const byte = fc.constantFrom(0x20, 0x09, 0x0a, 0, 0x2f, 0x61);
  fc.assert(
    fc.property(fc.array(byte, { maxLength: 254 }), (line) => {
      const buf = new Uint8Array(256);
      buf.set([0x23, 0x21, ...line]);
      const parsed = parse_script(buf);
      if (typeof parsed === 'number') return assert.is(parsed, -ENOEXEC);
      assert.not.match(parsed.interpreter, /[ \t\n\0]/);
      if (parsed.argument !== null) assert.not.match(parsed.argument, /^[ \t]|[\n\0]/);
    }),
    { numRuns: 500, seed: 4 },
  );
});

test.run();
