import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { kstrdup_quotable } from '../../../../kernel/lib/string_helpers.ts';

test('what would leave the quotation is written in hexadecimal, as Linux logs it', () => {
  assert.is(kstrdup_quotable('a "b"\n'), 'a \\x22b\\x22\\x0a');
  assert.is(kstrdup_quotable('\f\r\t\v\x07\x1b\\'), '\\x0c\\x0d\\x09\\x0b\\x07\\x1b\\x5c');
});

test('all else is left as it is, printable or not', () => {
  assert.is(kstrdup_quotable("\x01ÿ it's %d"), "\x01ÿ it's %d");
});

test.run();
