import { shareInterval } from '../../harness/gate/statistics/binomial.ts';
import { ratioOf, shiftOf, type Shift } from '../../harness/gate/statistics/hodges-lehmann.ts';
import { kaplanMeier } from '../../harness/gate/statistics/kaplan-meier.ts';
import { normalQuantile } from '../../harness/gate/statistics/normal.ts';
import { quantileInterval, type QuantileBound } from '../../harness/gate/statistics/order-statistics.ts';
import type { Simulation } from './gate-simulation.ts';
import { inventHits, inventRuns, trueQuantileMs, UNEQUAL_HORIZONS, WORLDS } from './gate-worlds.ts';

const CONFIDENCE = 0.95;
const COVERS = { atLeast: CONFIDENCE };

const shares: readonly Simulation[] = [0.5, 0.9, 0.99].flatMap((share) =>
  [5, 20, 60].map((runs) => ({
    title: `share of ${share}, ${runs} runs`,
    claim: COVERS,
    counts(random) {
      const { lower, upper } = shareInterval({ hits: inventHits(runs, share, random), runs }, CONFIDENCE);
      return lower <= share && share <= upper;
    },
  })),
);

const quantiles: readonly Simulation[] = WORLDS.flatMap((world) =>
  [
    { quantile: 0.5, runs: 8 },
    { quantile: 0.5, runs: 20 },
    { quantile: 0.9, runs: 40 },
  ].map(({ quantile, runs }) => ({
    title: `quantile ${quantile}, ${runs} runs, ${world.name}`,
    claim: COVERS,
    counts(random) {
      const interval = quantileInterval(inventRuns(world, runs, random), { quantile, confidence: CONFIDENCE });
      const trueMs = trueQuantileMs(world, quantile === 0.5 ? 0 : normalQuantile(quantile));
      return interval.kind === 'interval' && valueOf(interval.lower) <= trueMs && trueMs <= valueOf(interval.upper);
    },
  })),
);

function valueOf(bound: QuantileBound): number {
  return bound.kind === 'bound' ? bound.value : Infinity;
}

const medians: readonly Simulation[] = [...WORLDS, ...UNEQUAL_HORIZONS].flatMap((world) =>
  [10, 20].map((runs) => ({
    title: `Kaplan–Meier median, ${runs} runs, ${world.name}`,
    claim: COVERS,
    counts(random) {
      const survival = kaplanMeier(inventRuns(world, runs, random), CONFIDENCE);
      const trueMs = trueQuantileMs(world, 0);
      return survival.kind !== 'curve' || ((survival.medianLower ?? 0) <= trueMs && trueMs <= (survival.medianUpper ?? Infinity));
    },
  })),
);

const RATIO = 1.3;
const EXTRA_MS = 500;

const shifts: readonly Simulation[] = [...WORLDS, ...UNEQUAL_HORIZONS].flatMap((world) =>
  [
    { baselines: 5, candidates: 5 },
    { baselines: 10, candidates: 10 },
    { baselines: 20, candidates: 8 },
  ].flatMap(
    ({ baselines, candidates }) =>
      [
        {
          title: `ratio, ${baselines} and ${candidates} runs, ${world.name}`,
          claim: COVERS,
          counts(random) {
            const candidate = inventRuns(world, candidates, random, { ratio: RATIO });
            return includes(ratioOf(inventRuns(world, baselines, random), candidate, CONFIDENCE), RATIO);
          },
        },
        {
          title: `shift, ${baselines} and ${candidates} runs, ${world.name}`,
          claim: COVERS,
          counts(random) {
            const candidate = inventRuns(world, candidates, random, { extraMs: EXTRA_MS });
            return includes(shiftOf(inventRuns(world, baselines, random), candidate, CONFIDENCE), EXTRA_MS);
          },
        },
      ] satisfies readonly Simulation[],
  ),
);

/** The last digits of a quotient must not decide: a ratio of tied values can be the true one exactly. */
export function includes(shift: Shift, truth: number): boolean {
  if (shift.kind !== 'shift') return false;
  const slack = 1e-9 * Math.abs(truth);
  return (shift.lower ?? -Infinity) <= truth + slack && truth - slack <= (shift.upper ?? Infinity);
}

/** Nominal 95 % intervals, tried on worlds with ties and censoring. */
export const coverageSimulations: readonly Simulation[] = [...shares, ...quantiles, ...medians, ...shifts];
