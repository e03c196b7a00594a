import type { Observation } from '../../harness/gate/statistics/sample.ts';
import { normalDraw } from '../../harness/gate/statistics/normal.ts';
import type { Random } from '../../harness/model/random.ts';

/** How recovery times are invented. */
export interface World {
  readonly name: string;
  readonly medianMs: number;
  /** Standard deviation of the logarithms. */
  readonly sigma: number;
  /** Measured in buckets of this length, so that values are tied; 0 for none. */
  readonly bucketMs: number;
  /** How long a run is watched; null for as long as it takes. */
  horizonMs(random: Random): number | null;
}

const PLAIN: World = { name: 'plain', medianMs: 3000, sigma: 0.3, bucketMs: 0, horizonMs: () => null };

/** Ties as buckets of 500 ms make them; a horizon that about one run in five does not reach, and horizons that differ from run to run. */
export const WORLDS: readonly World[] = [
  PLAIN,
  { ...PLAIN, name: 'ties', bucketMs: 500 },
  { ...PLAIN, name: 'censored', horizonMs: () => 3900 },
  { ...PLAIN, name: 'ties, censored', bucketMs: 500, horizonMs: () => 4000 },
];
export const UNEQUAL_HORIZONS: readonly World[] = [
  { ...PLAIN, name: 'horizons differ', horizonMs: (random) => 2000 + 6000 * random() },
  { ...PLAIN, name: 'ties, horizons differ', bucketMs: 500, horizonMs: (random) => 500 * Math.ceil(4 + 12 * random()) },
];

/** So many runs; the times are multiplied by `ratio` before they are cut off, and lengthened by `extraMs`. */
export function inventRuns(
  { medianMs, sigma, bucketMs, horizonMs }: World,
  runs: number,
  random: Random,
  { ratio = 1, extraMs = 0 }: { readonly ratio?: number; readonly extraMs?: number } = {},
): readonly Observation[] {
  return Array.from({ length: runs }, () => {
    const drawnMs = medianMs * Math.exp(sigma * normalDraw(random));
    const value = ratio * inBuckets(drawnMs, bucketMs) + extraMs;
    const watchedMs = horizonMs(random);
    return watchedMs !== null && value > watchedMs ? { censoredAtMs: watchedMs } : { value };
  });
}

/** The true quantile of what is measured without a horizon, `z` being the normal distribution's. */
export function trueQuantileMs({ medianMs, sigma, bucketMs }: World, z: number): number {
  return inBuckets(medianMs * Math.exp(sigma * z), bucketMs);
}

function inBuckets(valueMs: number, bucketMs: number): number {
  return bucketMs === 0 ? valueMs : Math.ceil(valueMs / bucketMs) * bucketMs;
}

/** One run of a system that does what is asked with this probability. */
export function inventHits(runs: number, share: number, random: Random): number {
  let hits = 0;
  for (let run = 0; run < runs; run++) if (random() < share) hits++;
  return hits;
}
