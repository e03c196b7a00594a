import type { Duration } from './time.ts';

/** A fault of kind `K`; the kind's own file says what else it carries. */
export interface FaultOf<K extends string> {
  readonly kind: K;
}

/** What shared code may know of any fault: its kind and the names that it mentions. */
export interface Fault<E extends string = string, S extends string = string> {
  readonly kind: string;
  readonly edge?: E;
  readonly service?: S;
  readonly from?: readonly S[];
  readonly to?: readonly S[];
}

/** A fault on the timeline, as a scenario declares it. Times count from the end of the baseline. */
export interface ScheduledFault<N extends string = string, E extends string = string, S extends string = string> {
  readonly name: N;
  readonly inject: Fault<E, S>;
  readonly from: Duration;
  readonly for: Duration;
  /** Repeats the fault with this period, `times` times. */
  readonly every?: Duration;
  readonly times?: number;
}

/** What a fault does to the system, worked out when the plan is compiled. */
export interface FaultReach {
  /** Edges on which its bite must show. */
  readonly edges: readonly string[];
  /** Services that it acts on as a process. */
  readonly services: readonly string[];
  /**
   * How a bite is told: `tap` – the proxy marks each exchange that it touched; `window` – a failing exchange on
   * `edges` while the fault is active counts, and so do enough slow ones; `slower` – enough exchanges on `edges` fail or take
   * much longer than before the fault; `canary` – there is no tap, and a connection of the harness's own shows it.
   */
  readonly bite: 'tap' | 'window' | 'slower' | 'canary';
}
