import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Assembler } from '../../../../../arch/arm64/kernel/vdso-asm.ts';
import { elf_hash, vdso_image } from '../../../../../arch/arm64/kernel/vdso-image.ts';
import { VDSO_TEXT } from '../../../../../arch/arm64/kernel/vdso-text.ts';
import { Vdso } from '../../../../../arch/arm64/kernel/vdso.ts';
import { show_map_vma } from '../../../../../kernel/fs/proc/task_mmu.ts';
import { dup_mm, mmput } from '../../../../../kernel/mm/init-mm.ts';
import { clone_time_ns, timens_commit } from '../../../../../kernel/time/namespace.ts';
import { assemble } from '../../../../lib/asm.ts';
import { memoryMachine, user } from '../../../../lib/memory.ts';

const image = vdso_image([
  { name: '__kernel_rt_sigreturn', before: [0xd503_201f], code: [0xd280_1168, 0xd400_0001] },
  { name: '__kernel_clock_gettime', before: [], code: [0xd280_0e28, 0xd400_0001, 0xd65f_03c0] },
]);
const view = new DataView(image.bytes.buffer);
const u64 = (at: number): number => Number(view.getBigUint64(at, true));
const text = (at: number): string => {
  const end = image.bytes.indexOf(0, at);
  return String.fromCharCode(...image.bytes.subarray(at, end));
};

/** The way a C library finds a function: program headers, dynamic section, symbol and version. */
function lookup(name: string): { value: number; size: number; version: string } | null {
  const dynamic = u64(64 + 56 + 8);
  const tags = new Map<number, number>();
  for (let at = dynamic; u64(at) !== 0; at += 16) tags.set(u64(at), u64(at + 8));
  const [hash, strtab, symtab, versym, verdef] = [4, 5, 6, 0x6fff_fff0, 0x6fff_fffc].map(
    (tag) => tags.get(tag)!,
  );
  for (let i = view.getUint32(hash! + 8, true); i !== 0; i = view.getUint32(hash! + 12 + 4 * i, true)) {
    const symbol = symtab! + 24 * i;
    if (text(strtab! + view.getUint32(symbol, true)) !== name) continue;
    let definition = verdef!;
    for (; view.getUint16(definition + 4, true) !== view.getUint16(versym! + 2 * i, true); )
      definition += view.getUint32(definition + 16, true);
    const aux = definition + view.getUint32(definition + 12, true);
    return {
      value: u64(symbol + 8),
      size: u64(symbol + 16),
      version: text(strtab! + view.getUint32(aux, true)),
    };
  }
  return null;
}

test('a C library finds its functions under version LINUX_2.6.39', () => {
  for (const [name, size] of [
    ['__kernel_rt_sigreturn', 8],
    ['__kernel_clock_gettime', 12],
  ] as const) {
    assert.equal(lookup(name), { value: image.symbols.get(name), size, version: 'LINUX_2.6.39' });
  }
  assert.is(lookup('__kernel_nothing'), null);
});

test('the trampoline is mov x8, #139; svc #0, with an instruction before it', () => {
  const at = image.symbols.get('__kernel_rt_sigreturn')!;
  assert.equal(
    [-4, 0, 4].map((d) => view.getUint32(at + d, true)),
    [0xd503_201f, 0xd280_1168, 0xd400_0001],
  );
});

test('the hash is the one of the System V ABI', () => {
  assert.is(elf_hash('LINUX_2.6.39'), 0x075f_cb89);
  assert.is(elf_hash('LINUX_2.6'), 0x03ae_75f6);
});

for (const { name, before, text } of VDSO_TEXT) {
  test(`${name} is what a real assembler makes of its text`, () => {
    const asm = new Assembler();
    assert.equal([...asm.assemble(before), ...asm.assemble(text)], assemble(`${before}\n${text}`));
  });
}

test('an instruction or a label that it does not know is a mistake in the text', () => {
  const asm = new Assembler();
  assert.throws(() => asm.assemble('ldr q0, [x1, #0]'), /no such instruction: ldr q0/);
  assert.throws(() => asm.assemble('b nowhere'), /no such instruction: b nowhere/);
});

test('its data is in front of it, two pages of addresses', () => {
  const { kernel, task } = memoryMachine();
  const vdso = new Vdso(() => kernel);
  assert.is(vdso.setup_additional_pages(task, task.mm!), 0);
  assert.equal(
    task.mm!.mmap.map((vma) => show_map_vma(vma).trimEnd().replace(/ +/g, ' ')),
    [
      'fffff7ffd000-fffff7fff000 r--p 00000000 00:00 0 [vvar]',
      'fffff7fff000-fffff8000000 r-xp 00000000 00:00 0 [vdso]',
    ],
  );
  assert.is(task.mm!.vdso, 0xffff_f7ff_f000);
});

test("a time namespace's page is shared by those who fork there, and goes with the last of them", () => {
  const { kernel, task, mmu } = memoryMachine();
  const mm = task.mm!;
  const vdso = new Vdso(() => kernel);
  vdso.setup_additional_pages(task, mm);
  const seq = (page: number, of = mm): number => mmu.get_user(of, user(0xffff_f7ff_d000 + page * 4096), 4);
  assert.is(seq(0) % 2, 0);
  assert.is(seq(1), -14); // EFAULT
  const before = kernel.mm.nr_free_pages();

  const { time_ns } = task.nsproxy;
  const ns = timens_commit(clone_time_ns(kernel, task.cred.user_ns, time_ns));
  assert.is(vdso.vdso_join_timens(mm, ns), 0);
  assert.equal([seq(0) % 2, seq(1) % 2], [1, 0]);
  assert.is(kernel.mm.nr_free_pages(), before - 1);

  const child = dup_mm(task);
  if (typeof child === 'number') return assert.unreachable();
  assert.is(vdso.vdso_join_timens(mm, time_ns), 0); // the parent goes back
  assert.equal([seq(0) % 2, seq(1)], [0, -14]);
  assert.equal([seq(0, child) % 2, seq(1, child) % 2], [1, 0]);
  mmput(child);
  assert.is(kernel.mm.nr_free_pages(), before);
});

test.run();
