/*
 * kernel/lib/string_helpers.ts - somebody else's text, fit for the log
 *
 * Linux: lib/string_helpers.c (v6.12)
 */

const ESCAPED = '\f\n\r\t\v\u0007\u001b\\"';

const escaped = (c: string): string =>
  ESCAPED.includes(c) ? `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}` : c;

/** What ends a line, moves the cursor or ends the quotation is written as \xHH; all else as it is. */
export const kstrdup_quotable = (text: string): string => Array.from(text, escaped).join('');
