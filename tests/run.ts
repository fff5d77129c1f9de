/*
 * tests/run.ts - runs every test file, each in a process of its own, two at a time, and adds up what they say
 *
 * uvu's own runner shares one process; a test that boots ten machines or hangs must not take the others along. Called with
 * file names (or parts of them), runs just those. The last line is "N passed, N failed".
 */

import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';

/** A file that takes longer hangs. */
const DEADLINE_MS = 300_000;
const TSX = 'node_modules/.bin/tsx';

interface Result {
  readonly file: string;
  readonly passed: number;
  readonly failed: number;
  readonly ms: number;
  readonly output: string;
}

const isTest = (file: string): boolean => file.endsWith('.test.ts');

function testFiles(wanted: readonly string[]): string[] {
  const all = readdirSync('tests', { recursive: true, encoding: 'utf8' }).filter(isTest).sort();
  return all
    .map((file) => join('tests', file))
    .filter((file) => wanted.length === 0 || wanted.some((part) => file.includes(part)));
}

function runFile(file: string): Promise<Result> {
  const started = performance.now();
  const child = spawn(TSX, [file], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NO_COLOR: '1' },
  });
  let output = '';
  child.stdout.on('data', (data) => (output += data));
  child.stderr.on('data', (data) => (output += data));
  const timer = setTimeout(() => child.kill('SIGKILL'), DEADLINE_MS);
  return new Promise((resolve) => {
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      if (signal) output += `\n${file}: stopped after ${DEADLINE_MS / 1000} s\n`;
      resolve({ file, ...count(output, code), ms: performance.now() - started, output });
    });
  });
}

/** uvu's closing lines; a file that died before them counts as one failure. */
function count(output: string, code: number | null): { passed: number; failed: number } {
  const total = Number(/^\s+Total:\s+(\d+)/m.exec(output)?.[1] ?? 0);
  const passed = Number(/^\s+Passed:\s+(\d+)/m.exec(output)?.[1] ?? 0);
  const failed = total - passed;
  return { passed, failed: code === 0 ? failed : Math.max(1, failed) };
}

function report(result: Result): void {
  const verdict = result.failed ? 'FAIL' : 'ok';
  console.log(
    `${verdict.padEnd(5)}${result.file} (${result.passed} passed, ${(result.ms / 1000).toFixed(1)} s)`,
  );
  for (const line of result.output.split('\n')) if (/^skipped: /.test(line)) console.log(`     ${line}`);
  if (result.failed) console.log(result.output);
}

const queue = testFiles(process.argv.slice(2));
const results: Result[] = [];
async function worker(): Promise<void> {
  for (let file = queue.shift(); file; file = queue.shift()) {
    const result = await runFile(file);
    results.push(result);
    report(result);
  }
}
await Promise.all(Array.from({ length: Math.max(2, availableParallelism()) }, worker));

const passed = results.reduce((sum, r) => sum + r.passed, 0);
const failed = results.reduce((sum, r) => sum + r.failed, 0);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed || passed === 0 ? 1 : 0;
