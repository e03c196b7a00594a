import { kaplanMeier } from '../../harness/gate/statistics/kaplan-meier.ts';
import { ratioOf } from '../../harness/gate/statistics/hodges-lehmann.ts';
import { mannWhitney } from '../../harness/gate/statistics/mann-whitney.ts';
import { normalDraw } from '../../harness/gate/statistics/normal.ts';
import { judgeComparisons } from '../../harness/gate/statistics/relative-verdict.ts';
import { isCensored, leastOf } from '../../harness/gate/statistics/sample.ts';
import { judgeShare } from '../../harness/gate/statistics/share-verdict.ts';
import { includes } from './gate-coverage.ts';
import { invented, isEver } from './gate-errors.ts';
import type { Simulation } from './gate-simulation.ts';
import { inventHits, inventRuns, trueQuantileMs, WORLDS, type World } from './gate-worlds.ts';

const PLAIN = WORLDS[0] as World;
const CENSORED: World = { ...PLAIN, name: 'censored', horizonMs: () => 3300 };
const GOAL = { share: 0.9, confidence: 0.95 };

/** Mistakes that gates make. The simulations prove something only as they refute each of them. */
export const plantedSimulations: readonly Simulation[] = [
  {
    title: 'the textbook interval of a share: p ± 1.96 deviations',
    claim: { atLeast: 0.95 },
    counts(random) {
      const share = inventHits(20, 0.9, random) / 20;
      return Math.abs(share - 0.9) <= 1.96 * Math.sqrt((share * (1 - share)) / 20);
    },
  },
  {
    title: 'exact bounds for a fixed number of runs, looked at after every run',
    claim: { atMost: 0.05 },
    counts: (random) => isEver('fail', 40, GOAL.share, random, (hits, runs) => judgeShare({ hits, runs }, GOAL).answer),
  },
  {
    title: 'requests counted as if each were a run of its own',
    claim: { atMost: 0.05 },
    counts(random) {
      const requests = (): number[] =>
        Array.from({ length: 5 }, () => normalDraw(random)).flatMap((run) => Array.from({ length: 4 }, () => run + normalDraw(random)));
      const test = mannWhitney(requests(), requests());
      return test.kind === 'tested' && test.pLarger <= 0.05;
    },
  },
  {
    title: 'twelve metrics, each judged as if it were the only one',
    claim: { atMost: 0.05 },
    counts: (random) =>
      Array.from({ length: 12 }, () => judgeComparisons([invented(PLAIN, 6, random, 1.2)], 0.95)[0]).some(
        (verdict) => verdict?.answer === 'fail',
      ),
  },
  {
    title: 'censored runs left out of the median',
    claim: { atLeast: 0.95 },
    counts(random) {
      const survival = kaplanMeier(
        inventRuns(CENSORED, 20, random).filter((run) => !isCensored(run)),
        0.95,
      );
      const trueMs = trueQuantileMs(CENSORED, 0);
      return survival.kind === 'curve' && (survival.medianLower ?? 0) <= trueMs && trueMs <= (survival.medianUpper ?? Infinity);
    },
  },
  {
    title: 'censored runs counted as if they had recovered at the horizon',
    claim: { atLeast: 0.95 },
    counts(random) {
      const measured = (ratio: number) => inventRuns(CENSORED, 20, random, { ratio }).map((run) => ({ value: leastOf(run) }));
      return includes(ratioOf(measured(1), measured(1.3), 0.95), 1.3);
    },
  },
  {
    title: 'an effect half as large, with the same promise',
    claim: { about: 0.8, within: 0.02 },
    counts: (random) => judgeComparisons([invented(PLAIN, 10, random, 1.2 * 1.2)], 0.95)[0]?.answer === 'fail',
  },
];
