import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  bytes_to_string,
  cstring,
  get_unaligned_le16,
  get_unaligned_le32,
  get_unaligned_le64,
  get_unaligned_reg64,
  get_unaligned_sle64,
  put_unaligned_le16,
  put_unaligned_le32,
  put_unaligned_le64,
  string_to_bytes,
} from '../../../../kernel/lib/bytes.ts';

test('numbers are little-endian and may stand anywhere', () => {
  const bytes = new Uint8Array(11);
  put_unaligned_le16(0x1_2345, bytes, 1);
  assert.equal([...bytes.subarray(0, 4)], [0, 0x45, 0x23, 0]);
  assert.is(get_unaligned_le16(bytes, 1), 0x2345);
  put_unaligned_le32(-2, bytes, 3);
  assert.is(get_unaligned_le32(bytes, 3), 0xffff_fffe);
  put_unaligned_le64(2 ** 53 - 1, bytes, 3);
  assert.is(get_unaligned_le64(bytes, 3), 2 ** 53 - 1);
});

test('a negative number is sign-extended to 64 bits, as DataView would do it', () => {
  fc.assert(
    fc.property(fc.maxSafeInteger(), (value) => {
      const bytes = new Uint8Array(9);
      put_unaligned_le64(value, bytes, 1);
      assert.is(new DataView(bytes.buffer).getBigInt64(1, true), BigInt(value));
      assert.is(get_unaligned_sle64(bytes, 1), value);
    }),
  );
});

test('a 64-bit datum is moved untouched', () => {
  const bytes = new Uint8Array(16);
  put_unaligned_le64(0xfedc_ba98_7654_3210n, bytes.subarray(3), 2);
  assert.is(get_unaligned_reg64(bytes.subarray(3), 2), 0xfedc_ba98_7654_3210n);
  assert.is(bytes[5], 0x10);
});

test('names are bytes: every one survives, however long the name', () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => assert.equal(string_to_bytes(bytes_to_string(bytes)), bytes)),
  );
  const long = Uint8Array.from({ length: 300_000 }, (_, i) => i);
  assert.equal(string_to_bytes(bytes_to_string(long)), long);
});

test('a C string ends at its NUL, or with its buffer', () => {
  assert.is(cstring(Uint8Array.of(0x61, 0x62, 0, 0x63)), 'ab');
  assert.is(cstring(Uint8Array.of(0x61, 0xff)), 'a\xff');
  assert.is(cstring(new Uint8Array(0)), '');
});

test.run();
