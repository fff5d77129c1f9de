/*
 * arch/arm64/boot/sourcemap.ts - a stack trace in terms of the TypeScript that was written
 *
 * Node can do this by itself, but reads every map when it loads the program. A panic is rare and a start is not: so the
 * map is read when there is something to show with it.
 */

import { readFileSync } from 'node:fs';
import { SourceMap, type SourceMapPayload } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const PLACE = /(file:\/\/\/[^\s():]+\.c?js):(\d+):(\d+)/g;

/** Replaces every place in a built file by the place in its source; what has no map stays as it is. */
export function mapStack(text: string): string {
  const maps = new Map<string, SourceMap | null>();
  return text.replace(PLACE, (place, url: string, line: string, column: string) => {
    if (!maps.has(url)) maps.set(url, readMap(url));
    const entry = maps.get(url)?.findEntry(Number(line) - 1, Number(column) - 1);
    if (!entry || !('originalSource' in entry)) return place;
    const source = join(dirname(fileURLToPath(url)), entry.originalSource);
    return `${relative(process.cwd(), source)}:${entry.originalLine + 1}:${entry.originalColumn + 1}`;
  });
}

function readMap(url: string): SourceMap | null {
  try {
    return new SourceMap(JSON.parse(readFileSync(`${fileURLToPath(url)}.map`, 'utf8')) as SourceMapPayload);
  } catch {
    return null; // not built, or shipped without maps: the built line is better than none
  }
}
