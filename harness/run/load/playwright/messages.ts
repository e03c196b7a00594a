import type { JourneyTemplate, OpenLoad } from '../../../model/load.ts';
import type { Phase } from '../../../model/plan.ts';
import type { Program } from '../../../model/problem.ts';
import type { RequestRow } from '../../../model/recording.ts';
import type { BrowserSettings } from '../../../model/scenario.ts';
import type { Address } from '../../environments/contract.ts';
import type { LoadEvent } from '../contract.ts';
import type { DriverHealth, Totals } from '../messages.ts';
import type { Share } from '../share.ts';

/** How the folder is called in which the driver's process and its browser keep what they need while they live. */
export const SCRATCH_PREFIX = 'halfopen-browser-';

/** A journey of the load with the texts that expectations ask for. */
export type WantedJourney = JourneyTemplate & { readonly texts: readonly string[] };

/** What is looked at before anything is started. */
export interface CheckJob {
  readonly journeys: readonly WantedJourney[];
  readonly browser: BrowserSettings;
  readonly projectFolder: string;
}

/** Everything that the driver's process needs to know. Times count from the load's start, in microseconds. */
export interface BrowserJob extends CheckJob, Share {
  readonly runId: string;
  readonly seed: number;
  readonly load: Pick<OpenLoad, 'requests' | 'values'>;
  /** Arrivals of the whole schedule, whoever sends them: users' journeys are numbered behind these. */
  readonly scheduled: number;
  readonly phases: readonly Phase[];
  readonly entry: Address;
  readonly sentinel: Address;
  readonly drainMs: number;
  readonly redact: readonly string[];
  readonly runFolder: string;
  /** Run start on the machine's monotonic clock, in microseconds. */
  readonly originUs: number;
}

/** Something that happens to the system while pages are open. */
export interface Occasion {
  readonly occasion: 'fault' | 'breaker';
  readonly subject: string;
}

export type ToBrowser =
  | { readonly kind: 'check'; readonly job: CheckJob }
  | { readonly kind: 'prepare'; readonly job: BrowserJob }
  | { readonly kind: 'begin'; readonly atUs: number }
  | { readonly kind: 'stop' }
  | ({ readonly kind: 'notice' } & Occasion);

/** What the driver's process says. Rows and events always come before the `ended` that ends them. */
export type FromBrowser =
  | { readonly kind: 'checked' }
  /** The browser's main process: it leads a group of its own. */
  | { readonly kind: 'browser'; readonly pid: number }
  | { readonly kind: 'ready' }
  /** `usage`: what the user wrote or has not installed is at fault, not the harness. */
  | { readonly kind: 'failed'; readonly usage: boolean; readonly missing: Program | null; readonly message: string }
  | { readonly kind: 'rows'; readonly rows: readonly RequestRow[] }
  | { readonly kind: 'event'; readonly event: LoadEvent }
  | { readonly kind: 'health'; readonly health: DriverHealth }
  | ({ readonly kind: 'ended' } & Totals);
