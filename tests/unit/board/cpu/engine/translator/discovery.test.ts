/*
 * tests/unit/board/cpu/engine/translator/discovery.test.ts - how code is cut into traces
 */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { A64 } from '../../../../../../board/cpu/a64.ts';
import { Discovery, type Page } from '../../../../../../board/cpu/engine/translator/discovery.ts';
import { assembleAll } from '../../../../../lib/asm.ts';

const ALL: Page = { isKnown: () => false, isHot: () => false, mayBeHot: () => true };

const code = assembleAll({
  jump: 'mov x0, #1; b 2f; 1: mov x0, #2; ret; 2: mov x0, #3; b 1b',
  loop: '1: add x0, x0, #1; cmp x0, #9; b.ne 1b; ret',
  enteredInside: 'mov x0, #0; b 2f; 1: add x1, x1, x0; 2: add x0, x0, #1; cmp x0, #9; b.ne 1b; ret',
  shortCall: 'bl 1f; add x0, x0, #1; ret; 1: add x0, x0, #2; ret',
  callingCall: 'bl 1f; add x0, x0, #1; ret; 1: mov x9, x30; bl 2f; ret x9; 2: ret',
  systemCall: 'mov x8, #1; svc #0; mov x0, #0; ret',
  system: 'mov x0, #1; mrs x1, tpidr_el0; mrs x2, ctr_el0; mov x0, #2; ret',
  byRegister: 'br x0; 1: mov x0, #1; ret; 2: mov x0, #2; ret',
  undefined: 'mov x0, #1; udf #0',
});

/** Each trace as its offsets in words, then where it goes on if it does not say so itself. */
function traces(piece: keyof typeof code, page: Partial<Page> = {}, entries = [0]): string[] {
  const words = new Uint32Array(1024);
  words.set(code[piece]);
  const found = new Discovery(A64).region(words, entries, { ...ALL, ...page });
  return found.map(({ head, instructions, next, targets }) => {
    const path = instructions.map(({ offset }) => offset / 4).join(' ');
    return `${path} -> ${next / 4}${targets.includes(head) ? ' loop' : ''}`;
  });
}

test('a trace follows branches forward and backward, and ends with a return', () => {
  assert.equal(traces('jump'), ['0 1 4 5 2 3 -> 4']);
});

test('a loop is a trace that branches to its own start', () => {
  assert.equal(traces('loop'), ['0 1 2 3 -> 4 loop']);
});

test('a loop that is entered in the middle has a trace for its top, too', () => {
  assert.equal(traces('enteredInside'), ['0 1 3 4 5 6 -> 7', '2 3 4 5 6 -> 7 loop']);
});

test('a short function that calls nobody is followed, and so is its return', () => {
  assert.equal(traces('shortCall'), ['0 3 4 1 2 -> 3']);
});

test('a function that calls others has a trace of its own, and so has the place that it returns to', () => {
  assert.equal(traces('callingCall').slice(0, 3), ['0 -> 1', '1 2 -> 3', '3 4 6 5 -> 6']);
});

test('a system call ends a trace, and what follows it begins one', () => {
  assert.equal(traces('systemCall'), ['0 1 -> 2', '2 3 -> 4']);
});

test('what only the interpreter can do ends a trace before it', () => {
  const [first] = traces('undefined');
  assert.is(first, '0 -> 1');
});

test('after a jump through a register the hot places of the page are looked at', () => {
  assert.equal(traces('byRegister'), ['0 -> 1']);
  assert.equal(traces('byRegister', { isHot: (offset) => offset === 12 }), ['0 -> 1', '3 4 -> 5']);
});

test('what is known or not worth while is left out', () => {
  const inLoop = 4 * 2;
  assert.equal(traces('enteredInside', { isKnown: (offset) => offset === inLoop }).length, 1);
  assert.equal(traces('enteredInside', { mayBeHot: (offset) => offset === 0 }).length, 1);
});

test('a region may have several entries', () => {
  assert.equal(traces('byRegister', {}, [4, 12]), ['1 2 -> 3', '3 4 -> 5']);
});

test.run();
