/*
 * arch/arm64/kernel/vdso-text.ts - the functions of the vDSO, in assembly
 *
 * Linux:   lib/vdso/gettimeofday.c, arch/arm64/kernel/vdso/{sigreturn.S,vgettimeofday.c} (v6.12)
 * Manual:  vdso(7), clock_gettime(2), gettimeofday(2)
 * Differs: no barriers: there is one CPU, and it reads its counter when its turn comes. The coarse clocks read the counter
 *          too, as they do in the kernel
 * Absent:  __kernel_getrandom
 *
 * A leaf function has no frame and leaves x18 and up alone, so who unwinds through it finds its caller in x30.
 */

import {
  VDSO_BASETIME,
  VDSO_CLOCK_MODE,
  VDSO_COARSE,
  VDSO_HRES,
  VDSO_LAST_CLOCK,
  VDSO_MULT,
  VDSO_RAW,
  VDSO_SEQ,
  VDSO_TIMESTAMP_SHIFT,
  VDSO_TIMEZONE,
} from '../../../kernel/include/vdso/datapage.ts';
import { PAGE_SIZE } from '../../../kernel/include/linux/types.ts';
import { CLOCK_REALTIME } from '../../../kernel/include/uapi/time.ts';
import { NSEC_PER_SEC, NSEC_PER_USEC, TICK_NSEC } from '../../../kernel/time/timekeeping.ts';

export interface VdsoSource {
  readonly name: string;
  /** What stands in front of it and belongs to nobody. */
  readonly before: string;
  readonly text: string;
}

/** Before the code: the data, and what is behind that for who lives in a time namespace. */
export const VVAR_SIZE = 2 * PAGE_SIZE;

const NR_clock_gettime = 113;
const NR_clock_getres = 114;
const NR_rt_sigreturn = 139;
const NR_gettimeofday = 169;

const load_w = (register: string, value: number): string => `
        mov     ${register}, #${value & 0xffff}
        movk    ${register}, #${value >>> 16}, lsl #16`;

/** For what cannot be known here. */
const system_call = (nr: number): string => `
call:
        mov     x8, #${nr}
        svc     #0
        ret`;

/** Is clock w0, which is below 32, in the set? Then bit 0 of w2 is 1. */
const clock_in = (set: number): string => `
        mov     w2, #${set}
        lsr     w2, w2, w0`;

/** Where the times of a clock are, from a page on. */
const locate = (clock: string): string => `
        add     x9, x3, ${clock}, uxtw #${VDSO_TIMESTAMP_SHIFT}`;

/**
 * x3: the page with the machine's numbers, w5: which version of them. In a time namespace it is the second one, and what
 * the first one is good for happens before.
 */
const find_data = (label: string, namespace: string): string => `
        adrp    x3, #${-VVAR_SIZE}
        ldr     w5, [x3, #${VDSO_SEQ}]
        tbz     w5, #0, ${label}
${namespace}
        add     x3, x3, #1, lsl #12
        ldr     w5, [x3, #${VDSO_SEQ}]
${label}:`;

const load_offset = (clock: string): string => `
${locate(clock)}
        ldp     x11, x12, [x9, #${VDSO_BASETIME}]`;

/**
 * The time on the clock whose number the register holds: seconds to x7, ns to x8. Uses x3 to x12; goes to "call" if that
 * cannot be known here.
 */
const read_clock = (clock: string): string => `
again:
        mov     x11, #0                 // what the namespace adds
        mov     x12, #0
${find_data('found', load_offset(clock))}
        ldr     w6, [x3, #${VDSO_CLOCK_MODE}]
        cbz     w6, call
        ldr     w6, [x3, #${VDSO_MULT}]
${locate(clock)}
        ldp     x7, x8, [x9, #${VDSO_BASETIME}]
        mrs     x9, cntvct_el0
        ldr     w10, [x3, #${VDSO_SEQ}]
        cmp     w5, w10
        b.ne    again                   // the clocks were set meanwhile
        madd    x8, x9, x6, x8
        add     x8, x8, x12
        add     x7, x7, x11
${load_w('w6', NSEC_PER_SEC)}
        udiv    x9, x8, x6
        add     x7, x7, x9
        msub    x8, x9, x6, x8`;

/** int clock_gettime(w0: clockid_t, x1: struct timespec *) */
const clock_gettime = `
        cmp     w0, #${VDSO_LAST_CLOCK}
        b.hi    call                    // CPU clocks too: they are negative
${clock_in(VDSO_HRES | VDSO_RAW | VDSO_COARSE)}
        tbz     w2, #0, call
${read_clock('w0')}
        stp     x7, x8, [x1]
        mov     w0, #0
        ret
${system_call(NR_clock_gettime)}`;

/** int gettimeofday(x0: struct timeval *, x1: struct timezone *): either may be NULL. */
const gettimeofday = `
        cbz     x0, zone
        mov     w4, #${CLOCK_REALTIME}
${read_clock('w4')}
        mov     w6, #${NSEC_PER_USEC}
        udiv    x8, x8, x6
        stp     x7, x8, [x0]
zone:
        cbz     x1, done
${find_data('there', '')}
        ldr     w6, [x3, #${VDSO_TIMEZONE}]
        ldr     w7, [x3, #${VDSO_TIMEZONE + 4}]
        stp     w6, w7, [x1]
done:
        mov     w0, #0
        ret
${system_call(NR_gettimeofday)}`;

/** int clock_getres(w0: clockid_t, x1: struct timespec *, which may be NULL) */
const clock_getres = `
        cmp     w0, #${VDSO_LAST_CLOCK}
        b.hi    call
        mov     w3, #1                  // ns
${clock_in(VDSO_HRES | VDSO_RAW)}
        tbnz    w2, #0, known
${load_w('w3', TICK_NSEC)}
${clock_in(VDSO_COARSE)}
        tbz     w2, #0, call
known:
        cbz     x1, done
        stp     xzr, x3, [x1]
done:
        mov     w0, #0
        ret
${system_call(NR_clock_getres)}`;

/**
 * Debuggers know a signal frame by the two instructions of the trampoline, and look one instruction before a return
 * address for its function: hence the NOP, which belongs to no function.
 */
const rt_sigreturn = `
        mov     x8, #${NR_rt_sigreturn}
        svc     #0`;

// biome-ignore format: columns teach
export const VDSO_TEXT: readonly VdsoSource[] = [
  { name: '__kernel_rt_sigreturn',  before: 'nop', text: rt_sigreturn },
  { name: '__kernel_gettimeofday',  before: '',    text: gettimeofday },
  { name: '__kernel_clock_gettime', before: '',    text: clock_gettime },
  { name: '__kernel_clock_getres',  before: '',    text: clock_getres },
];
