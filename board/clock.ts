/*
 * board/clock.ts - virtual time
 *
 * Absent: any other clock. Nothing inside the machine reads the host's.
 *
 * Time is the number of instructions executed since power-on, plus what idle skips. It is exact, so a run with the
 * same seed and the same input log repeats to the byte, whichever engine executed it.
 */

/** What one instruction is said to take, in nanoseconds: the board pretends to be a steady 250 MIPS machine. */
export const NS_PER_INSTRUCTION = 4;

/** Of the counter that the guest sees (timer/generic-timer.ts): so 16 ns, as on QEMU's board. */
export const INSTRUCTIONS_PER_TICK = 4;

interface Alarm {
  at: number;
  readonly ring: () => void;
}

/** Something that is to happen at an instruction count; at most one per alarm object. */
export interface AlarmHandle {
  /** Rings when `clock.now >= at`; Infinity disarms. Setting again moves it. */
  set(at: number): void;
}

export class Clock {
  /** Instructions since power-on; an exact integer up to 2^53. */
  now = 0;
  /** The count at which the next alarm rings; Infinity when none is set. Until then nothing asynchronous happens. */
  deadline = Infinity;
  private readonly alarms: Alarm[] = [];

  /** A new, disarmed alarm. `ring` may set it again. Made at board construction: there are a handful. */
  alarm(ring: () => void): AlarmHandle {
    const alarm: Alarm = { at: Infinity, ring };
    this.alarms.push(alarm);
    return {
      set: (at) => {
        alarm.at = at;
        this.deadline = this.earliest();
      },
    };
  }

  /** Rings everything that is due, in order of time, ties in order of construction. */
  ringDue(): void {
    for (;;) {
      let due: Alarm | undefined;
      for (const alarm of this.alarms) if (alarm.at <= this.now && (!due || alarm.at < due.at)) due = alarm;
      if (!due) return;
      due.at = Infinity;
      this.deadline = this.earliest();
      due.ring();
    }
  }

  private earliest(): number {
    let first = Infinity;
    for (const alarm of this.alarms) if (alarm.at < first) first = alarm.at;
    return first;
  }
}
