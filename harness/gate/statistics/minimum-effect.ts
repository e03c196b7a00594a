/**
 * What a one-sided Mann–Whitney test of so many runs a side can find: the slowdown that it detects with a stated power, and the runs that
 * a given slowdown needs.
 *
 * Runs are taken to vary log-normally about their median. A slowdown then shifts the logarithms, and the test finds it exactly when the
 * shift exceeds a quantile of the pairs' differences, so one seeded simulation answers for every spread and every slowdown. Beyond
 * `PAIRS_SIMULATED_MAX` pairs the efficiency of the test relative to the t-test stands in, which is 3/π for the normal distribution
 * (Hodges & Lehmann, Annals of Mathematical Statistics 27 (1956), 324–335).
 */
import { seededRandom } from '../../model/random.ts';
import { criticalRank, runsASideFor } from './hodges-lehmann.ts';
import { normalDraw, normalQuantile } from './normal.ts';
import { checkOpenShare, checkWhole } from './sample.ts';

/** Enough for about one percent of the effect, and more where a data set is small and its answer coarse. */
const DATA_SETS = { min: 4000, max: 40_000, pairs: 1_000_000 };
const PAIRS_SIMULATED_MAX = 400;
const RUNS_MAX = 100_000;

export interface Power {
  /** Probability of a false alarm, one-sided. @default 0.05 */
  readonly alpha?: number;
  /** Probability of finding the effect. @default 0.8 */
  readonly power?: number;
}

export interface Effort extends Power {
  /** Standard deviation of a run's value over its mean, from run to run: 0.1 is 10 %. */
  readonly cv: number;
}

export type MinimumEffect =
  /** `ratio` 1.19: a slowdown by 19 %. */
  | { readonly kind: 'ratio'; readonly ratio: number; readonly method: 'simulated' | 'approximate' }
  /** However large, nothing can be significant; `runsASide` is the least. */
  | { readonly kind: 'too-few'; readonly runsASide: number };

/**
 * The smallest slowdown that is found with the power asked for, as a ratio. The shift of the logarithms is right to about one percent.
 *
 * @throws {RangeError} if a number of runs is no whole number, or `cv` is negative or not finite
 */
export function minimumEffect(baselines: number, candidates: number, { cv, alpha = 0.05, power = 0.8 }: Effort): MinimumEffect {
  checkWhole(baselines, 'baselines');
  checkWhole(candidates, 'candidates');
  checkPower({ alpha, power });
  const sigma = logSpread(cv);
  if (criticalRank(baselines, candidates, alpha) === null) return { kind: 'too-few', runsASide: runsASideFor(alpha) };
  const ratio = Math.exp(sigma * neededShift(baselines, candidates, { alpha, power }));
  return { kind: 'ratio', ratio, method: isSimulated(baselines, candidates) ? 'simulated' : 'approximate' };
}

/**
 * The fewest runs a side that find a slowdown by this ratio; null where more than 100,000 were needed.
 *
 * @throws {RangeError} if the ratio does not exceed 1, or `cv` is negative or not finite
 */
export function runsForEffect(ratio: number, { cv, alpha = 0.05, power = 0.8 }: Effort): number | null {
  if (!(ratio > 1 && Number.isFinite(ratio))) throw new RangeError(`Cannot plan runs as 'ratio' must exceed 1: current value is ${ratio}`);
  checkPower({ alpha, power });
  const least = runsASideFor(alpha);
  const sigma = logSpread(cv);
  if (sigma === 0) return least;
  const target = Math.log(ratio) / sigma;
  const planned = Math.ceil(2 * ((Math.PI / 3) * ((normalQuantile(1 - alpha) + normalQuantile(power)) / target) ** 2));
  if (planned > RUNS_MAX) return null;
  let runs = Math.max(least, planned - 3);
  while (neededShift(runs, runs, { alpha, power }) > target) runs++;
  return runs;
}

/** In standard deviations of a run. */
function neededShift(baselines: number, candidates: number, power: Required<Power>): number {
  return (isSimulated(baselines, candidates) ? simulatedShift : approximateShift)(baselines, candidates, power);
}

function isSimulated(baselines: number, candidates: number): boolean {
  return baselines * candidates <= PAIRS_SIMULATED_MAX;
}

/** The spread of the logarithms of log-normal values with this coefficient of variation. */
function logSpread(cv: number): number {
  if (!(cv >= 0 && Number.isFinite(cv)))
    throw new RangeError(`Cannot plan runs as 'cv' must be a finite number of at least 0: current value is ${cv}`);
  return Math.sqrt(Math.log1p(cv * cv));
}

/** What was simulated once; the same question has the same answer. */
const simulated = new Map<string, number>();

/** In standard deviations: the shift that so many of the simulated comparisons find. */
function simulatedShift(baselines: number, candidates: number, { alpha, power }: Required<Power>): number {
  const question = `${baselines} ${candidates} ${alpha} ${power}`;
  const known = simulated.get(question);
  if (known !== undefined) return known;
  const random = seededRandom(1, `minimum effect ${baselines} ${candidates}`);
  const rank = criticalRank(baselines, candidates, alpha)?.rank ?? 1;
  const differences = new Float64Array(baselines * candidates);
  const dataSets = Math.min(DATA_SETS.max, Math.max(DATA_SETS.min, Math.ceil(DATA_SETS.pairs / differences.length)));
  const needed = new Float64Array(dataSets);
  for (let set = 0; set < dataSets; set++) {
    const baseline = Array.from({ length: baselines }, () => normalDraw(random));
    let at = 0;
    for (let run = 0; run < candidates; run++) {
      const value = normalDraw(random);
      for (const other of baseline) differences[at++] = value - other;
    }
    differences.sort();
    needed[set] = -(differences[rank - 1] as number);
  }
  const shift = needed.sort()[Math.ceil(power * dataSets) - 1] as number;
  simulated.set(question, shift);
  return shift;
}

/** The exact test of some twenty runs needs a little more than its limit says; the simulation shows this much. */
const SMALL_SAMPLE = 0.55;

function approximateShift(baselines: number, candidates: number, { alpha, power }: Required<Power>): number {
  const z = normalQuantile(1 - alpha) + normalQuantile(power);
  const runs = (2 * baselines * candidates) / (baselines + candidates);
  return z * Math.sqrt(((Math.PI / 3) * 2) / runs) * (1 + SMALL_SAMPLE / runs);
}

function checkPower({ alpha, power }: Required<Power>): void {
  checkOpenShare(alpha, 'alpha');
  checkOpenShare(power, 'power');
}
