import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { next_args, parse_args } from '../../../../kernel/init/params.ts';
import type { Kernel } from '../../../../kernel/kernel.ts';

function parse(command_line: string): {
  params: Map<string, string>;
  args: string[];
  env: string[];
  log: string[];
} {
  const log: string[] = [];
  const kernel = {
    command_line,
    params: new Map<string, string>(),
    init_args: [],
    init_env: ['HOME=/', 'TERM=linux'],
    printk: { notice: (text: string) => log.push(text) },
  } as unknown as Kernel;
  parse_args(kernel);
  return { params: new Map(kernel.params), args: kernel.init_args, env: kernel.init_env, log };
}

test('words are separated by blanks, and quotes keep them together', () => {
  assert.equal(next_args('quiet  a="b c" "d=e f"'), [
    { name: 'quiet', value: null },
    { name: 'a', value: 'b c' },
    { name: 'd', value: 'e f' },
  ]);
});

test('what the kernel knows is not for init', () => {
  const { params, args, env } = parse('quiet loglevel=3 console=ttyAMA0 root=/dev/vda');
  assert.equal([params.get('quiet'), params.get('loglevel')], ['', '3']);
  assert.equal([args, env], [[], ['HOME=/', 'TERM=linux']]);
});

test('what it does not know is: words as arguments, assignments as environment', () => {
  const { args, env, log } = parse('single TERM=vt100 EDITOR=ed module.option=1');
  assert.equal(args, ['single']);
  assert.equal(env, ['HOME=/', 'TERM=vt100', 'EDITOR=ed']);
  assert.equal(log, [
    'Unknown kernel command line parameters "single EDITOR=ed", will be passed to user space.',
  ]);
});

test('everything behind -- is for init', () => {
  assert.equal(parse('quiet -- quiet a=b').args, ['quiet', 'a=b']);
});

test('init= forgets the arguments before it', () => {
  assert.equal(parse('old init=/bin/sh new').args, ['new']);
});

test.run();
