/*
 * arch/arm64/boot/file-input.ts - standard input that is a file: typed as fast as the machine takes it
 *
 * What comes through a pipe or from a terminal comes when the host brings it, and only the log of it makes the run again.
 * But a file has all of it already. So nobody waits for the host, and the run is the same each time, log or not.
 */
import { fstatSync, readSync } from 'node:fs';
import type { Driver } from './driver.ts';

const STDIN = 0;
const CHUNK = 0x1_0000;

export class FileInput {
  private readonly chunk = new Uint8Array(CHUNK);
  private last: number | undefined;
  private hasEnded = false;

  /** Types some more of it, or says that there is no more. */
  feed(driver: Driver): void {
    if (this.hasEnded) return;
    const count = readSome(this.chunk);
    if (count === 0) {
      this.hasEnded = true;
      return driver.endInput(this.last);
    }
    this.last = this.chunk[count - 1];
    driver.type(this.chunk.subarray(0, count));
  }
}

/** Whether standard input is one; /dev/null and its like are as good. */
export function isFileInput(): boolean {
  try {
    const stat = fstatSync(STDIN);
    return stat.isFile() || (stat.isCharacterDevice() && !process.stdin.isTTY);
  } catch {
    return false; // it is closed
  }
}

/** What cannot be read has ended. */
function readSome(into: Uint8Array): number {
  try {
    return readSync(STDIN, into);
  } catch {
    return 0;
  }
}
