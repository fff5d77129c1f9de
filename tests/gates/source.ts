/*
 * tests/gates/source.ts - the project's source files, as the gates read them
 */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export const ROOMS = ['board', 'kernel', 'arch'] as const;

/** Paths relative to the project, sorted. */
export function sourceFiles(rooms: readonly string[] = ROOMS): string[] {
  const files = rooms.flatMap((room) =>
    readdirSync(room, { recursive: true, encoding: 'utf8' }).map((name) => join(room, name)),
  );
  return files.filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts')).sort();
}

export const read = (file: string): string => readFileSync(file, 'utf8');
