#!/usr/bin/env node
/*
 * arch/arm64/boot/eret.ts - the program: starts the command line (cli.ts) from one file, and from what V8 has made of it
 *
 * Manual: Node.js, "vm.Script", cachedData
 *
 * To compile a program of this size takes V8 nearly as long as it takes the machine to boot. So the build starts it once
 * and keeps the code (precompile.ts). Code of another version of V8, or made with other flags, is not taken: then the
 * program is compiled as ever. The modules come without `import`, which would take 10 ms to make namespaces of them.
 */
const { readFileSync } = process.getBuiltinModule('node:fs');
const { createRequire } = process.getBuiltinModule('node:module');
const { setFlagsFromString } = process.getBuiltinModule('node:v8');
const { Script } = process.getBuiltinModule('node:vm');

const PROGRAM = new URL('cli.cjs', import.meta.url);
/** Belongs to this very file: the Makefile removes it when it writes a new one. */
export const CODE = new URL('cli.code', import.meta.url);

type Program = (require: NodeJS.Require, bundleUrl: string) => void;

function readCode(): Buffer | undefined {
  try {
    return readFileSync(CODE);
  } catch {
    return undefined;
  }
}

// What the interpreter asks for when it is loaded: the flags are to be those with which the code was made.
setFlagsFromString('--wasm-lazy-validation');
const source = `(function (require, bundleUrl) {${readFileSync(PROGRAM, 'latin1')}\n})`;
export const script = new Script(source, { filename: PROGRAM.href, cachedData: readCode() });
(script.runInThisContext() as Program)(createRequire(PROGRAM), import.meta.url);
