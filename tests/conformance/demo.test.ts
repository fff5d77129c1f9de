/*
 * tests/conformance/demo.test.ts - the demos do what they are for
 *
 * What they print here they printed on Linux 6.12, but for addresses.
 */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { boot } from '../../arch/arm64/boot/boot.ts';

/** Output with every address replaced, as no two systems have the same. */
async function output(program: string, ...args: string[]): Promise<string[]> {
  const machine = await boot();
  const result = await machine.run(program, args);
  return result.output
    .replaceAll('\r', '')
    .replace(/0x[0-9a-f]{6,}/g, 'ADDRESS')
    .trim()
    .split('\n');
}

test('strace shows the system calls of a program, what they are given and what they answer', async () => {
  assert.equal(await output('/demo/strace', 'echo', 'hello', 'world'), [
    'execve("/bin/echo", ADDRESS, ADDRESS) = 0',
    'mmap(0, 4096, 0x3, 0x22, -1, 0) = ADDRESS',
    'write(1, "hello world\\n", 12)hello world',
    ' = 12',
    'exit_group(0) = ?',
    '+++ exited with 0 +++',
  ]);
});

test('strace shows why a program could not be run', async () => {
  assert.equal(await output('/demo/strace', 'nobody'), [
    'execve("/bin/nobody", ADDRESS, ADDRESS) = -1 ENOENT (No such file or directory)',
    'write(2, "strace: /bin/nobody: No such fil"..., 47)strace: /bin/nobody: No such file or directory',
    ' = 47',
    'exit_group(1) = ?',
    '+++ exited with 1 +++',
  ]);
});

test('a sandboxed program is given files to read, and nothing below /etc', async () => {
  assert.equal(await output('/demo/sandbox', 'head', '-n', '1', '/proc/version'), [
    'sandbox: open /proc/version: here you are',
    (await output('/bin/head', '-n', '1', '/proc/version'))[0],
  ]);
  assert.equal(await output('/demo/sandbox', 'cat', '/etc/motd'), [
    'sandbox: open /etc/motd: Permission denied',
    'cat: /etc/motd: Permission denied',
  ]);
});

test('a sandboxed program changes nothing', async () => {
  assert.equal(await output('/demo/sandbox', 'mkdir', '/tmp/new'), [
    'mkdir: /tmp/new: Operation not permitted',
  ]);
  assert.equal(await output('/demo/sandbox', 'sh', '-c', 'echo > /tmp/new'), [
    'sandbox: open /tmp/new: Permission denied',
    'sh: /tmp/new: Permission denied',
  ]);
});

// No released arm64 kernel can show this one.
test('a program of another system is served from user space', async () => {
  assert.equal(await output('/demo/personality'), [
    'hello from 1979',
    'process 2, much later',
    'write to 99: error 9',
    'call 63: error 22',
    'personality: 9 foreign calls',
  ]);
});

test.run();
