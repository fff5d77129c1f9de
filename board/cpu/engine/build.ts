/*
 * board/cpu/engine/build.ts - `node dist/board/cpu/engine/build.js`: writes the interpreter's two forms beside load.js
 *
 * Runs after tsc. Does nothing when the files are there already.
 */
import { interpreterBytes } from './load.ts';

interpreterBytes('interpreter');
interpreterBytes('counting');
