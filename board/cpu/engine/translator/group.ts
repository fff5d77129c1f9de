/*
 * board/cpu/engine/translator/group.ts - which traces share a function
 *
 * Traces that execution comes back to by way of others belong together: while it is among them registers need not leave
 * their locals. These are the strongly connected components of the graph whose edges are jumps. Where a jump through a
 * register leads is not known; but a return leads behind a call, and nothing else does.
 */
import type { Signature } from '../../wasm.ts';
import type { Trace } from './discovery.ts';

export const ONE: Signature = { params: ['i32'], result: 'i32' };
const SEVERAL: Signature = { params: ['i32', 'i32'], result: 'i32' };

export class Group {
  /** Those that are jumped to come after those that jump there, as far as that goes. */
  readonly traces: readonly Trace[];
  /** A jump through a register may lead from one to another. */
  readonly isIndirect: boolean;
  /** The lowest offset where one begins. */
  readonly first: number;

  constructor(traces: readonly Trace[]) {
    this.traces = traces;
    this.isIndirect = traces.length > 1 && traces.some(({ byRegister }) => byRegister !== undefined);
    this.first = Math.min(...traces.map(({ head }) => head));
  }

  get isSeveral(): boolean {
    return this.traces.length > 1;
  }

  get signature(): Signature {
    return this.isSeveral ? SEVERAL : ONE;
  }

  /** Execution may come back to what it has passed. */
  get loops(): boolean {
    return this.isSeveral || this.traces.some(({ head, targets }) => targets.includes(head));
  }

  has(head: number): boolean {
    return this.traces.some((trace) => trace.head === head);
  }

  /** By number; -1 where there is none. What can come out of a register is numbered by instructions. */
  heads(): readonly number[] {
    if (!this.isIndirect) return this.traces.map(({ head }) => head);
    const heads: number[] = [];
    for (const { head } of this.traces) heads[this.numberOf(head)] = head;
    return Array.from(heads, (head) => head ?? -1);
  }

  numberOf(head: number): number {
    return this.isIndirect
      ? (head - this.first) >>> 2
      : this.traces.findIndex((trace) => trace.head === head);
  }
}

export function groupsOf(traces: readonly Trace[]): Group[] {
  return new Components(traces).found.map((component) => new Group(component));
}

/** Each trace in a function of its own. */
export const alone = (traces: readonly Trace[]): Group[] => traces.map((trace) => new Group([trace]));

/** Tarjan's algorithm. */
class Components {
  readonly found: Trace[][] = [];
  private readonly byHead: ReadonlyMap<number, Trace>;
  private readonly byRegister: Readonly<Record<'jump' | 'return', readonly Trace[]>>;
  private readonly order = new Map<Trace, number>();
  private readonly path: Trace[] = [];
  private readonly finished: Trace[] = [];

  constructor(traces: readonly Trace[]) {
    this.byHead = new Map(traces.map((trace) => [trace.head, trace]));
    const returns = new Set(traces.flatMap((trace) => trace.returns));
    this.byRegister = {
      jump: traces.filter(({ head }) => !returns.has(head)),
      return: traces.filter(({ head }) => returns.has(head)),
    };
    for (const trace of traces) if (!this.order.has(trace)) this.visit(trace);
  }

  /** Returns the place, in the order of visits, of the first trace on the path that this one leads back to. */
  private visit(trace: Trace): number {
    const place = this.order.size;
    const start = this.path.push(trace) - 1;
    this.order.set(trace, place);
    let least = place;
    for (const next of this.after(trace)) {
      if (!this.order.has(next)) least = Math.min(least, this.visit(next));
      else if (this.path.includes(next)) least = Math.min(least, this.order.get(next)!);
    }
    this.finished.push(trace);
    if (least === place) this.found.push(this.sorted(this.path.splice(start)));
    return least;
  }

  private after({ targets, byRegister }: Trace): readonly Trace[] {
    const direct = targets.flatMap((target) => this.byHead.get(target) ?? []);
    return byRegister === undefined ? direct : [...direct, ...this.byRegister[byRegister]];
  }

  private sorted(traces: Trace[]): Trace[] {
    return traces.sort((a, b) => this.finished.indexOf(b) - this.finished.indexOf(a));
  }
}
