/*
 * tests/boot/terminal.test.ts - what a person at the terminal sees
 */

import { execFileSync } from 'node:child_process';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { openPty, type Pty } from '../lib/pty.ts';

const PROMPT = '# ';

test('it boots to a prompt and ends when the shell ends', async () => {
  const pty = openPty();
  await pty.expect(PROMPT);
  pty.type('echo $((6*7))"!"\r');
  await pty.expect('42!\r\n');
  await pty.expect(PROMPT);
  pty.type('exit 7\r');
  assert.is(await pty.exit(), 7);
});

test('^C stops a sleep and gives the prompt back', async () => {
  const pty = openPty();
  await pty.expect(PROMPT);
  pty.type('sleep 1000\r');
  await pty.expect('sleep 1000\r\n');
  pty.type('\x03');
  await pty.expect('^C');
  await pty.expect(PROMPT);
  pty.type('echo status $?\r');
  await pty.expect('status 130\r\n');
  pty.type('sleep 1000\r');
  await pty.expect('sleep 1000\r\n');
  pty.type('\x03');
  await pty.expect(PROMPT);
  pty.type('exit\r');
  assert.is(await pty.exit(), 130);
});

test('^Z stops a job, jobs lists it, fg continues it', async () => {
  const pty = openPty();
  await pty.expect(PROMPT);
  pty.type('sleep 1000\r');
  await pty.expect('sleep 1000\r\n');
  pty.type('\x1a');
  await pty.expect('Stopped');
  await pty.expect(PROMPT);
  pty.type('jobs\r');
  await pty.expect(/Stopped +sleep 1000\r\n/);
  await pty.expect(PROMPT);
  pty.type('fg\r');
  await pty.expect('fg\r\nsleep 1000\r\n');
  pty.type('\x03');
  await pty.expect(PROMPT);
  pty.type('exit 0\r');
  assert.is(await pty.exit(), 0);
});

test('a sleep follows the wall clock', async () => {
  const pty = openPty();
  await pty.expect(PROMPT);
  const before = Date.now();
  pty.type('sleep 1; echo awake after $((1))\r');
  await pty.expect('awake after 1\r\n');
  assert.ok(Date.now() - before >= 950, 'it came back early');
  pty.type('\x04');
  assert.is(await pty.exit(), 0);
});

test('backspace, ^U and ^W edit the line', async () => {
  const pty = openPty();
  await pty.expect(PROMPT);
  pty.type('rubbish\x15echo onee\x7f twwo\x17three\r');
  await pty.expect('\r\none three\r\n');
  pty.type('exit 0\r');
  assert.is(await pty.exit(), 0);
});

test('ctrl-a x quits at once, ctrl-a h helps, ctrl-a c is the monitor and back', async () => {
  const pty = openPty();
  await pty.expect(PROMPT);
  pty.type('\x01h');
  await pty.expect('ctrl-a x');
  pty.type('\x01c');
  await pty.expect('(eret)');
  pty.type('info tasks\r');
  await pty.expect('init');
  pty.type('infp\x7fo clock\r');
  await pty.expect('instructions');
  pty.type('cont\recho $((40+2)) still here\r');
  await pty.expect('42 still here\r\n');
  pty.type('\x01x');
  assert.is(await pty.exit(), 0);
});

test('the terminal is left as it was found, also by SIGTERM', async () => {
  const shell = openPty(
    [
      '-c',
      'before=$(stty -a); node dist/arch/arm64/boot/eret.js; test "$before" = "$(stty -a)" && echo compared equal',
    ],
    '/bin/sh',
    [],
  );
  await shell.expect(PROMPT);
  execFileSync('pkill', ['-TERM', '-P', String(shell.pid), 'node']);
  await shell.expect('compared equal');
  await shell.exit();
});

test('resize asks the terminal how large it is, and tells the kernel', async () => {
  const pty = openPty();
  await pty.expect(PROMPT);
  pty.type('resize; stty size\r');
  await pty.expect('\x1b[6n');
  pty.type('\x1b[33;101R'); // somebody has pulled at the window's corner
  await pty.expect('33 101\r\n33 101\r\n');
  pty.type('exit\r');
  assert.is(await pty.exit(), 0);
});

/** It may answer before it has heard that it was continued; as long as it has not, each return is made two. */
async function isRaw(shell: Pty): Promise<void> {
  let answer = '';
  while (!answer.endsWith('\n42\r\n')) {
    shell.type('echo $((6*7))\r');
    answer = await shell.expect(/\n42\r+\n/);
  }
}

test('stopped and continued it has the terminal again', async () => {
  const shell = openPty(['-i'], '/bin/sh', []);
  await shell.expect(/[#$] $/);
  shell.type("PS1='$((40+2))> '\r");
  await shell.expect('42> ');
  shell.type('node dist/arch/arm64/boot/eret.js\r');
  await shell.expect(PROMPT);
  execFileSync('pkill', ['-TSTP', '-P', String(shell.pid), 'node']);
  await shell.expect(/Stopped[\s\S]*42> /);
  shell.type('fg\r');
  await shell.expect('eret.js\r\n');
  await isRaw(shell);
  await shell.expect(PROMPT);
  shell.type('sleep 1000\r');
  await shell.expect('sleep 1000\r\n');
  shell.type('\x03'); // the guest's to hear
  await shell.expect(PROMPT);
  shell.type('exit 9\r');
  await shell.expect('42> ');
  shell.type('exit\r');
  assert.is(await shell.exit(), 9);
});

test.run();
