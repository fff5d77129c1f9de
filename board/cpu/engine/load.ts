/*
 * board/cpu/engine/load.ts - the interpreter, ready to run
 *
 * Generating the module takes longer than booting the machine, so its bytes are kept in a file whose name is a hash of
 * everything they are made from: dist/ has it beside this file (`make` writes it, see build.ts), a run from the
 * sources keeps it in build/. Only when it is missing is the generator loaded at all.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import type { EngineImports } from '../state.ts';

const HERE = fileURLToPath(new URL('.', import.meta.url));
/** '.ts' when run from the sources, '.js' in dist. */
const EXTENSION = extname(fileURLToPath(import.meta.url));
/** What the bytes are made from, as seen from here. */
const SOURCES = ['..', '../fp', '../insn', '.'];

/** The interpreter has two forms: alone, and counting visits for the translator. */
export type Form = 'interpreter' | 'counting';

/** Executes until there is a reason to stop, and returns it (EXIT of state.ts). */
export type Run = () => number;

/**
 * The interpreter over `memory`, calling back into the board.
 *
 * Most of its functions, one for each rare instruction, are never called. V8 compiles each when it is called first; told
 * so, it validates it then too, which else would be most of the time to load the module.
 */
export function loadInterpreter(
  memory: WebAssembly.Memory,
  imports: EngineImports,
  form: Form = 'interpreter',
): Run {
  setFlagsFromString('--wasm-lazy-validation');
  const module = new WebAssembly.Module(interpreterBytes(form));
  const instance = new WebAssembly.Instance(module, { env: { memory, ...imports } });
  return instance.exports.run as Run;
}

/**
 * The module's bytes, from the file if it is there. Beside the bundled program, which has no sources to hash, its name is
 * without the hash: the Makefile puts it there when it makes the bundle.
 */
export function interpreterBytes(form: Form = 'interpreter'): Uint8Array {
  return readIfThere(join(HERE, `${form}.wasm`)) ?? fromSources(form);
}

function fromSources(form: Form): Uint8Array {
  const directory = EXTENSION === '.ts' ? join(HERE, '../../../build') : HERE;
  const name = `${form}-${hashOfSources()}.wasm`;
  return readIfThere(join(directory, name)) ?? generate(directory, name, form);
}

function readIfThere(path: string): Uint8Array | undefined {
  try {
    return readFileSync(path);
  } catch {
    return undefined;
  }
}

function sourceFiles(): string[] {
  return SOURCES.flatMap((directory) => {
    const path = join(HERE, directory);
    const files = readdirSync(path).filter((file) => extname(file) === EXTENSION);
    return files.sort().map((file) => join(path, file));
  });
}

function hashOfSources(): string {
  const hash = createHash('sha1');
  for (const file of sourceFiles()) hash.update(readFileSync(file));
  return hash.digest('hex').slice(0, 16);
}

/** Somebody is editing: what this process has loaded may not be what it has hashed. */
const haveChanged = (): boolean =>
  sourceFiles().some((file) => statSync(file).mtimeMs > performance.timeOrigin);

function generate(directory: string, name: string, form: Form): Uint8Array {
  const generator = createRequire(import.meta.url)(
    `./generate${EXTENSION}`,
  ) as typeof import('./generate.ts');
  const bytes = generator.generate(form === 'counting');
  if (!haveChanged()) keep(directory, name, bytes, form);
  return bytes;
}

/** A read-only installation works too, only slower: failing to keep the file is no error. */
function keep(directory: string, name: string, bytes: Uint8Array, form: Form): void {
  try {
    mkdirSync(directory, { recursive: true });
    const old = readdirSync(directory).filter(
      (file) => file.startsWith(`${form}-`) && file.endsWith('.wasm'),
    );
    // Written aside and renamed: another process may be looking for it.
    const aside = join(directory, `${name}.${process.pid}`);
    writeFileSync(aside, bytes);
    renameSync(aside, join(directory, name));
    for (const file of old) if (file !== name) rmSync(join(directory, file), { force: true });
  } catch {}
}
