import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { insert_at, remove_at } from '../../../../kernel/lib/sorted.ts';

test('an entry goes where it is put, and the others keep their order', () => {
  const array: string[] = [];
  insert_at(array, 0, 'c');
  insert_at(array, 0, 'a');
  insert_at(array, 1, 'b');
  insert_at(array, 3, 'd');
  assert.equal(array, ['a', 'b', 'c', 'd']);
});

test('an entry is taken out wherever it is', () => {
  const array = ['a', 'b', 'c', 'd'];
  remove_at(array, 3);
  remove_at(array, 0);
  assert.equal(array, ['b', 'c']);
  remove_at(array, 0);
  remove_at(array, 0);
  assert.equal(array, []);
});

test.run();
