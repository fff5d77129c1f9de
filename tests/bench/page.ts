/*
 * tests/bench/page.ts - figures in columns: on the terminal as soon as they are known, and in the README in the end
 */

import { readFileSync, writeFileSync } from 'node:fs';
import type { Sample } from './peer.ts';

/** A heading, and how wide its column is; negative: aligned to the left, as printf has it. */
export type Column = readonly [heading: string, width: number];
export type Line = (cells: readonly string[]) => void;

const README = 'README.md';
const BEGIN = '<!-- bench: made by `make bench ARGS=--write` -->';
const END = '<!-- /bench -->';

export class Page {
  private readonly markdown: string[] = [];

  /** Begins a table. Returns what adds a line to it. */
  table(columns: readonly Column[]): Line {
    const line: Line = (cells) => {
      console.log(
        columns
          .map(([, width], i) => aligned(cells[i] ?? '', width))
          .join('')
          .trimEnd(),
      );
      this.markdown.push(`| ${columns.map((_, i) => (cells[i] ?? '').trim()).join(' | ')} |`);
    };
    console.log();
    this.markdown.push('');
    line(columns.map(([heading]) => heading));
    this.markdown.push(`|${columns.map(([, width]) => (width < 0 ? '---|' : '---:|')).join('')}`);
    return line;
  }

  /** Between its marks in the README. */
  write(): void {
    const readme = readFileSync(README, 'utf8');
    const from = readme.indexOf(BEGIN) + BEGIN.length;
    const rest = readme.slice(readme.indexOf(END));
    writeFileSync(README, `${readme.slice(0, from)}\n${this.markdown.join('\n')}\n\n${rest}`);
  }
}

const aligned = (text: string, width: number): string =>
  width < 0 ? text.padEnd(-width) : text.padStart(width);

/** "12.3 ±4%": the best in units of `unit` seconds, and the spread; nothing where there is none. */
export const withSpread = (sample: Sample | undefined, unit: number): string =>
  sample ? `${digits(sample.best / unit)} ${spread(sample).padEnd(5)}` : '';

const spread = (sample: Sample): string => `±${Math.round(sample.spread * 100)}%`;

/** Three significant digits or the whole number; nothing where there is none. */
export const digits = (value: number | undefined): string =>
  value === undefined ? '' : value.toFixed(value < 1 ? 3 : value < 10 ? 2 : value < 100 ? 1 : 0);
