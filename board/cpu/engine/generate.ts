/*
 * board/cpu/engine/generate.ts - the interpreter's bytes from the table: all that load.ts avoids loading
 */
import { A64 } from '../a64.ts';
import { generateInterpreter } from './interpreter.ts';

export const generate = (counts: boolean): Uint8Array => generateInterpreter(A64, counts);
