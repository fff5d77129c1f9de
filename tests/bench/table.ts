/*
 * tests/bench/table.ts - figures in columns on the terminal, a line as soon as it is known
 */

import type { Sample } from './peer.ts';

/** A heading, and how wide its column is; negative: aligned to the left, as printf has it. */
export type Column = readonly [heading: string, width: number];
export type Line = (cells: readonly string[]) => void;

/** Prints the headings. Returns what prints a line. */
export function table(columns: readonly Column[]): Line {
  const print: Line = (cells) =>
    console.log(
      columns
        .map(([, width], i) => aligned(cells[i] ?? '', width))
        .join('')
        .trimEnd(),
    );
  console.log();
  print(columns.map(([heading]) => heading));
  return print;
}

const aligned = (text: string, width: number): string =>
  width < 0 ? text.padEnd(-width) : text.padStart(width);

/** "12.3 ±4%": the best in units of `unit` seconds, and the spread; nothing where there is none. */
export const withSpread = (sample: Sample | undefined, unit: number): string =>
  sample ? `${digits(sample.best / unit)} ${spread(sample).padEnd(5)}` : '';

export const spread = ({ spread }: Sample): string => `±${Math.round(spread * 100)}%`;

/** Three significant digits or the whole number; nothing where there is none. */
export const digits = (value: number | undefined): string =>
  value === undefined ? '' : value.toFixed(value < 1 ? 3 : value < 10 ? 2 : value < 100 ? 1 : 0);
