import type { Loadgen } from './loadgen.ts';
import type { GoalRow } from './goal.ts';

/** The ports of what stands behind the proxies, or of one proxy in front of each. */
export interface Ports {
  readonly echo: number;
  /** Sends for ever once it has a byte. */
  readonly source: number;
  /** Takes everything and says so once a MiB. */
  readonly drain: number;
  readonly http: number;
}

/** What every line of the bench measures with. */
export interface Bench {
  readonly isQuick: boolean;
  readonly rounds: number;
  readonly loadgen: Loadgen;
  readonly sink: Ports;
  readonly real: { readonly path: string; readonly version: string };
  /** The folder of our package as it would be installed. */
  readonly packageFolder: string;
  /** Further arguments of `halfopen proxy`, for trying settings against each other. */
  readonly ourArguments: readonly string[];
  readonly signal: AbortSignal;
  say(text: string): void;
}

/** A group of measurements that need the same processes. */
export interface Line {
  readonly name: string;
  readonly title: string;
  run(bench: Bench): Promise<LineReport>;
}

export interface LineReport {
  readonly markdown: string;
  readonly goals: readonly GoalRow[];
}
