/*
 * board/power/psci.ts - the firmware behind HVC and SMC: turning things on and off
 *
 * Manual: Arm Power State Coordination Interface, Arm DEN 0022, "PSCI function prototypes", "PSCI return codes";
 *         SMC Calling Convention, Arm DEN 0028, "General service queries"
 * Guest:  kernel/drivers/firmware/psci.ts
 * Absent: a second processing element to turn on; power states deeper than standby; everything a real firmware does besides.
 */

/** Set by the guest, read by who runs the board between two instructions. */
export type PowerState = 'on' | 'off' | 'reset';

const SMCCC_VERSION = 0x8000_0000;
const SMCCC_ARCH_FEATURES = 0x8000_0001;
const PSCI_FEATURES = 0x8400_000a;
/** Bit 30 of a function id: the SMC64 form, whose arguments are 64 bits wide. */
const SMC64 = 0x4000_0000;

const VERSION_PSCI_1_1 = 0x0001_0001;
const VERSION_SMCCC_1_1 = 0x0001_0001;
const TRUSTED_OS_NOT_PRESENT = 2;

const SUCCESS = 0;
const NOT_SUPPORTED = -1;
const INVALID_PARAMETERS = -2;
const ALREADY_ON = -4;
const AFFINITY_ON = 0;
/* CPU_SUSPEND's power_state: StateType, bit 16, says "power down", which no state of ours does. */
const POWER_STATE_STANDBY_ONLY = 0xffff_0000;

export interface PsciWiring {
  /** Stop until an interrupt is pending: WFI, as CPU_SUSPEND's standby state is. */
  readonly standby: () => void;
}

interface Row {
  readonly fn: number;
  readonly name: string;
  call(psci: Psci, a1: number, a2: number): number;
}

/* Arguments arrive as the affinity of a PE or a small number: the low word is enough, but for "not 0.0.0.0". */
// biome-ignore format: columns teach
const FUNCTIONS: readonly Row[] = [
  { fn: SMCCC_VERSION,       name: 'SMCCC_VERSION',       call: () => VERSION_SMCCC_1_1 },
  { fn: SMCCC_ARCH_FEATURES, name: 'SMCCC_ARCH_FEATURES', call: (_, fn) => (fn === SMCCC_VERSION || fn === SMCCC_ARCH_FEATURES ? SUCCESS : NOT_SUPPORTED) },
  { fn: 0x8400_0000,         name: 'PSCI_VERSION',        call: () => VERSION_PSCI_1_1 },
  { fn: 0x8400_0001,         name: 'CPU_SUSPEND',         call: (psci, state) => psci.suspend(state) },
  { fn: 0xc400_0001,         name: 'CPU_SUSPEND',         call: (psci, state) => psci.suspend(state) },
  { fn: 0x8400_0002,         name: 'CPU_OFF',             call: (psci) => psci.leave('off') }, // the only one: nobody is left to turn it on again
  { fn: 0x8400_0003,         name: 'CPU_ON',              call: (_, target) => (target === 0 ? ALREADY_ON : INVALID_PARAMETERS) },
  { fn: 0xc400_0003,         name: 'CPU_ON',              call: (_, target) => (target === 0 ? ALREADY_ON : INVALID_PARAMETERS) },
  { fn: 0x8400_0004,         name: 'AFFINITY_INFO',       call: (_, target, level) => affinityInfo(target, level) },
  { fn: 0xc400_0004,         name: 'AFFINITY_INFO',       call: (_, target, level) => affinityInfo(target, level) },
  { fn: 0x8400_0006,         name: 'MIGRATE_INFO_TYPE',   call: () => TRUSTED_OS_NOT_PRESENT },
  { fn: 0x8400_0008,         name: 'SYSTEM_OFF',          call: (psci) => psci.leave('off') },
  { fn: 0x8400_0009,         name: 'SYSTEM_RESET',        call: (psci) => psci.leave('reset') },
  { fn: PSCI_FEATURES,       name: 'PSCI_FEATURES',       call: (_, fn) => (find(fn) && fn !== SMCCC_ARCH_FEATURES ? SUCCESS : NOT_SUPPORTED) },
  { fn: 0x8400_0012,         name: 'SYSTEM_RESET2',       call: (psci, type) => (type === 0 ? psci.leave('reset') : INVALID_PARAMETERS) },
  { fn: 0xc400_0012,         name: 'SYSTEM_RESET2',       call: (psci, type) => (type === 0 ? psci.leave('reset') : INVALID_PARAMETERS) },
];

export class Psci {
  power: PowerState = 'on';
  private readonly standby: () => void;

  constructor({ standby }: PsciWiring) {
    this.standby = standby;
  }

  /** The CPU executed HVC or SMC: X0 is the function, X1 up the arguments; the answer goes to X0. */
  call(x: BigUint64Array): void {
    const words = new Uint32Array(x.buffer, x.byteOffset, 8);
    const fn = words[0]!;
    const result = find(fn)?.call(this, argument(words, fn, 1), argument(words, fn, 2)) ?? NOT_SUPPORTED;
    words[0] = result;
    words[1] = result < 0 ? 0xffff_ffff : 0; // a signed 64-bit answer, which serves SMC32 callers too
  }

  leave(state: PowerState): number {
    this.power = state;
    return SUCCESS;
  }

  suspend(state: number): number {
    if (state & POWER_STATE_STANDBY_ONLY) return INVALID_PARAMETERS;
    this.standby();
    return SUCCESS;
  }
}

function find(fn: number): Row | undefined {
  return FUNCTIONS.find((row) => row.fn === fn);
}

/* W registers for SMC32; for SMC64 an exact integer, or something that is at least not small. */
function argument(words: Uint32Array, fn: number, n: number): number {
  const high = (fn & SMC64) !== 0 ? words[2 * n + 1]! : 0;
  return high * 2 ** 32 + words[2 * n]!;
}

/* Level 0 asks about one PE; "all of the cluster" is answered the same, because it is the same. */
function affinityInfo(target: number, level: number): number {
  return target === 0 && level <= 3 ? AFFINITY_ON : INVALID_PARAMETERS;
}
