/*
 * arch/arm64/boot/precompile.ts - `node dist/arch/arm64/boot/precompile.js`: keeps V8's code of the command line
 *
 * A shell does a little, with all of it translated: so whatever the first seconds of a session need has been compiled.
 */
import { writeFileSync } from 'node:fs';

const JOB = ['--engine=translator', 'build/userland/bin/sh', '-c', 'ls / | grep proc; ps; cat /proc/uptime'];

process.argv.splice(2, Infinity, ...JOB);
const { CODE, script } = await import('./eret.ts');
process.on('exit', () => writeFileSync(CODE, script.createCachedData()));
