/*
 * arch/arm64/boot/inputlog.ts - everything that came into a machine from outside
 *
 * Seed, options and this log decide a run to the byte. One JSON object a line: first the header, then what arrived, each
 * stamped with the instruction count at which it did.
 */

export const INPUT_LOG_VERSION = 1;

/** What must be equal for a log to mean the same run. */
export interface InputLogHeader {
  readonly eret: typeof INPUT_LOG_VERSION;
  readonly seed: number;
  readonly rtc: number;
  readonly ram: number;
  readonly append: string;
  /** SHA-256 of the initramfs, as hex. */
  readonly initrd: string;
}

/** Bytes typed at instruction `t`, one character each. */
export interface InputEvent {
  readonly t: number;
  readonly in: string;
}

export interface InputLog {
  readonly header: InputLogHeader;
  readonly events: readonly InputEvent[];
}

export const formatLine = (line: InputLogHeader | InputEvent): string => `${JSON.stringify(line)}\n`;

/** The log, or one line that says what is wrong with it. */
export function parseInputLog(text: string): InputLog | string {
  const lines = text.split('\n').filter((line) => line !== '');
  const values: unknown[] = [];
  for (const [i, line] of lines.entries()) {
    try {
      values.push(JSON.parse(line));
    } catch {
      return `line ${i + 1} is not JSON`;
    }
  }
  const [header, ...events] = values;
  if (isRecord(header) && 'eret' in header && header.eret !== INPUT_LOG_VERSION)
    return `version ${header.eret} of an input log, not ${INPUT_LOG_VERSION}`;
  if (!isHeader(header)) return 'line 1 is not the header of an eret input log';
  const bad = events.findIndex((event) => !isEvent(event));
  if (bad >= 0) return `line ${bad + 2} is not an input event`;
  return { header, events: events as InputEvent[] };
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;

const isHeader = (value: unknown): value is InputLogHeader =>
  isRecord(value) &&
  value.eret === INPUT_LOG_VERSION &&
  ['seed', 'rtc', 'ram'].every((key) => Number.isSafeInteger(value[key])) &&
  ['append', 'initrd'].every((key) => typeof value[key] === 'string');

const IS_BYTES = /^[\0-\xff]*$/;
const isEvent = (value: unknown): value is InputEvent =>
  isRecord(value) && Number.isSafeInteger(value.t) && typeof value.in === 'string' && IS_BYTES.test(value.in);

/** The first thing in which a recorded run and this one differ, or null. */
export function headerMismatch(recorded: InputLogHeader, now: InputLogHeader): string | null {
  for (const key of Object.keys(recorded) as (keyof InputLogHeader)[])
    if (recorded[key] !== now[key]) return `${key} was ${recorded[key]}, is ${now[key]}`;
  return null;
}
