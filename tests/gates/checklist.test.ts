/*
 * tests/gates/checklist.test.ts - every fact of the checklist has a test, or a difference with its reason
 */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { checklist, unknownNumbers } from '../lib/checklist-page.ts';

/** Facts that nothing shows yet, and why. It only shrinks: a number with a test must go. */
const OPEN = new Map<number, string>([]);

const facts = checklist();
const isShown = (fact: (typeof facts)[number]): boolean => fact.tested.length > 0 || !!fact.difference;
const shown = facts.filter(isShown).map(({ number }) => number);

test('the facts are numbered from 1 to 300', () => {
  assert.equal(
    facts.map(({ number }) => number),
    Array.from({ length: 300 }, (_, i) => i + 1),
  );
});

test('every fact has a test that names it, or a row in tests/DIFFERENCES.md', () => {
  const missing = facts.filter(({ number }) => !shown.includes(number) && !OPEN.has(number));
  assert.equal(
    missing.map(({ number, fact }) => `${number} ${fact}`),
    [],
  );
});

test('no fact that is shown is still on the list of open ones', () => {
  assert.equal(
    [...OPEN.keys()].filter((number) => shown.includes(number)),
    [],
  );
});

test('no test and no difference names a fact that does not exist', () => {
  assert.equal(unknownNumbers(facts), []);
});

test.run();
