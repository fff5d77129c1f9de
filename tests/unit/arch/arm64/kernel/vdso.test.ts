import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { elf_hash, vdso_image } from '../../../../../arch/arm64/kernel/vdso-image.ts';

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

test.run();
