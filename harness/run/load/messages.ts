import type { OpenLoad } from '../../model/load.ts';
import type { Program } from '../../model/problem.ts';
import type { RequestRow } from '../../model/recording.ts';
import type { Address } from '../environments/contract.ts';
import type { Share } from './share.ts';

/** Everything that the driver's process needs to know. Times count from the load's start, in microseconds. */
export interface DriverJob extends Share {
  readonly runId: string;
  readonly seed: number;
  readonly load: Pick<OpenLoad, 'requests' | 'values'>;
  readonly entry: Address;
  readonly sentinel: Address;
  /** Null: somebody else asks the sentinel. */
  readonly sentinelEveryUs: number | null;
  /** End of the last phase. */
  readonly totalUs: number;
  readonly drainMs: number;
  readonly redact: readonly string[];
  /** Run start on the machine's monotonic clock, in microseconds. */
  readonly originUs: number;
}

export interface Totals {
  readonly scheduled: number;
  readonly sent: number;
}

export interface DriverHealth {
  readonly atUs: number;
  readonly loopDelayP99Ms: number;
  readonly cpuRatio: number;
  readonly detail: Readonly<Record<string, number>>;
}

/** What the orchestrator says to the driver's process. `atUs` in microseconds since run start. */
export type ToDriver =
  { readonly kind: 'prepare'; readonly job: DriverJob } | { readonly kind: 'begin'; readonly atUs: number } | { readonly kind: 'stop' };

/** What the process of any driver tells of a load. Rows always come before the `ended` that counts them. */
export type LoadTold =
  | { readonly kind: 'ready' }
  | { readonly kind: 'rows'; readonly rows: readonly RequestRow[] }
  | { readonly kind: 'health'; readonly health: DriverHealth }
  | ({ readonly kind: 'ended' } & Totals);

/** The driver's process cannot go on. `usage`: the scenario is at fault, not the harness. */
export interface DriverFailed {
  readonly kind: 'failed';
  readonly usage: boolean;
  /** What the machine lacks, where that is why. */
  readonly missing?: Program | null;
  readonly message: string;
}

/** What the driver's process says. */
export type FromDriver = LoadTold | DriverFailed;
