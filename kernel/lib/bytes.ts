/*
 * kernel/lib/bytes.ts - numbers in bytes, and names that are bytes
 *
 * Linux:   include/linux/unaligned.h
 * Differs: 64-bit values are numbers, exact below 2^53; those that may be larger are moved as bigint
 *
 * File names, arguments and environment strings are sequences of bytes, not text. As a JavaScript string each byte is
 * one character of code 0..255, so nothing is ever decoded and nothing can be lost.
 */

const WORD = 2 ** 32;

export const get_unaligned_le16 = (p: Uint8Array, at: number): number => p[at]! | (p[at + 1]! << 8);

export function get_unaligned_le32(p: Uint8Array, at: number): number {
  return (p[at]! | (p[at + 1]! << 8) | (p[at + 2]! << 16) | (p[at + 3]! << 24)) >>> 0;
}

/** Unsigned; rounded above 2^53. */
export function get_unaligned_le64(p: Uint8Array, at: number): number {
  return get_unaligned_le32(p, at + 4) * WORD + get_unaligned_le32(p, at);
}

/** Signed: a long, a time_t, a loff_t. Rounded beyond 2^53. */
export function get_unaligned_sle64(p: Uint8Array, at: number): number {
  return (get_unaligned_le32(p, at + 4) | 0) * WORD + get_unaligned_le32(p, at);
}

/** All 64 bits, untouched. */
export function get_unaligned_reg64(p: Uint8Array, at: number): bigint {
  return new DataView(p.buffer, p.byteOffset).getBigUint64(at, true);
}

export function put_unaligned_le16(value: number, p: Uint8Array, at: number): void {
  p[at] = value;
  p[at + 1] = value >>> 8;
}

export function put_unaligned_le32(value: number, p: Uint8Array, at: number): void {
  p[at] = value;
  p[at + 1] = value >>> 8;
  p[at + 2] = value >>> 16;
  p[at + 3] = value >>> 24;
}

/** A negative number is sign-extended. */
export function put_unaligned_le64(value: number | bigint, p: Uint8Array, at: number): void {
  if (typeof value === 'bigint') {
    new DataView(p.buffer, p.byteOffset).setBigInt64(at, value, true);
    return;
  }
  put_unaligned_le32(value >>> 0, p, at);
  put_unaligned_le32(Math.floor(value / WORD) >>> 0, p, at + 4);
}

/** Host characters beyond this many per call would overflow its argument stack. */
const CHUNK = 4096;

/** One character per byte. */
export function bytes_to_string(bytes: Uint8Array): string {
  if (bytes.length <= CHUNK) return String.fromCharCode.apply(null, bytes as unknown as number[]);
  let text = '';
  for (let at = 0; at < bytes.length; at += CHUNK) text += bytes_to_string(bytes.subarray(at, at + CHUNK));
  return text;
}

/** One byte per character; the string must come from bytes (codes 0..255). */
export function string_to_bytes(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

/** The bytes of a C string: up to the first NUL, or all. */
export function cstring(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return bytes_to_string(end < 0 ? bytes : bytes.subarray(0, end));
}
