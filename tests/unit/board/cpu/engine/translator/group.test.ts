/*
 * tests/unit/board/cpu/engine/translator/group.test.ts - which traces share a function
 */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { A64 } from '../../../../../../board/cpu/a64.ts';
import { Discovery } from '../../../../../../board/cpu/engine/translator/discovery.ts';
import { type Group, groupsOf } from '../../../../../../board/cpu/engine/translator/group.ts';
import { assembleAll } from '../../../../../lib/asm.ts';

const code = assembleAll({
  line: 'cbz x0, 1f; mov x1, #1; ret; 1: mov x1, #2; ret',
  loop: 'mov x1, #0; 1: subs x0, x0, #1; b.ne 1b; ret',
  nested: 'mov x0, #9; 1: mov x1, #9; 2: subs x1, x1, #1; b.ne 2b; subs x0, x0, #1; b.ne 1b; ret',
  // A switch in a loop, a case of which is left for good.
  choice: '1: br x0; 2: add x1, x1, #1; b 1b; 3: add x1, x1, #2; b 1b; 4: ret',
  // A loop that calls through a register what is in the page.
  callback: '1: blr x3; subs x0, x0, #1; b.ne 1b; ret; 2: add x1, x1, #1; ret',
});

function groups(piece: keyof typeof code, entries = [0]): readonly Group[] {
  const words = new Uint32Array(1024);
  words.set(code[piece]);
  const page = { isKnown: () => false, isHot: () => false, mayBeHot: () => true };
  return groupsOf(new Discovery(A64).region(words, entries, page));
}

/** The words where the traces of each group begin. */
const heads = (piece: keyof typeof code, entries?: number[]): string[] =>
  groups(piece, entries)
    .map(({ traces }) => traces.map(({ head }) => head / 4).join(' '))
    .sort();

test('traces that nobody comes back to are alone', () => {
  assert.equal(heads('line'), ['0', '3']);
});

test('a trace that branches to its start is a loop alone', () => {
  const [before, loop] = [...groups('loop')].sort((a, b) => a.first - b.first);
  assert.is(loop!.loops, true);
  assert.is(loop!.isSeveral, false);
  assert.is(before!.loops, false);
});

test('loops within each other share a function', () => {
  assert.equal(heads('nested'), ['0', '2 1']);
});

test('a jump through a register may lead to whatever is not behind a call', () => {
  assert.equal(heads('choice', [0, 4, 12, 20]), ['0 1 3', '5']);
});

test('a return leads behind a call', () => {
  assert.equal(heads('callback', [0, 16]), ['0 4 1']);
});

test('traces are numbered by instructions where a register may say which', () => {
  const choice = groups('choice', [0, 4, 12, 20]).find(({ isSeveral }) => isSeveral)!;
  assert.equal(choice.heads(), [0, 4, -1, 12]);
  const nested = groups('nested').find(({ isSeveral }) => isSeveral)!;
  assert.equal([...nested.heads()].sort(), [4, 8]);
});

test.run();
