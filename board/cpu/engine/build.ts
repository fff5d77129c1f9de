/*
 * board/cpu/engine/build.ts - `node dist/board/cpu/engine/build.js`: writes the interpreter beside load.js
 *
 * Runs after tsc. Does nothing when the file is there already.
 */
import { interpreterBytes } from './load.ts';

interpreterBytes();
