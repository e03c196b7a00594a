import { mannWhitney } from '../../harness/gate/statistics/mann-whitney.ts';
import { minimumEffect } from '../../harness/gate/statistics/minimum-effect.ts';
import { judgeComparisons, type Comparison } from '../../harness/gate/statistics/relative-verdict.ts';
import { rankable } from '../../harness/gate/statistics/sample.ts';
import { judgeSequentially } from '../../harness/gate/statistics/sequential.ts';
import { judgeShare, type ShareGoal } from '../../harness/gate/statistics/share-verdict.ts';
import type { Random } from '../../harness/model/random.ts';
import type { Simulation } from './gate-simulation.ts';
import { inventHits, inventRuns, UNEQUAL_HORIZONS, WORLDS, type World } from './gate-worlds.ts';

const ALPHA = 0.05;
const CONFIDENCE = 1 - ALPHA;
const ERRS = { atMost: ALPHA };
const TOLERANCE = 0.2;
const METRICS = 12;

const tests: readonly Simulation[] = WORLDS.flatMap((world) =>
  [5, 10, 20].map((runs) => ({
    title: `Mann–Whitney calls the same system slower, ${runs} runs a side, ${world.name}`,
    claim: ERRS,
    counts(random) {
      const baseline = inventRuns(world, runs, random).map(rankable);
      const test = mannWhitney(baseline, inventRuns(world, runs, random).map(rankable));
      return test.kind === 'tested' && test.pLarger <= ALPHA;
    },
  })),
);

/** Near the edge of the tolerance both answers are at their likeliest to be wrong; the edge itself is still allowed. */
const relative: readonly Simulation[] = [...WORLDS, ...UNEQUAL_HORIZONS].flatMap((world) =>
  [
    { answer: 'fail', ratio: 1 + TOLERANCE, where: 'at the edge of +20 %' },
    { answer: 'pass', ratio: 1 + TOLERANCE + 1e-6, where: 'just beyond +20 %' },
  ].flatMap(({ answer, ratio, where }) =>
    [5, 12].map((runs) => ({
      title: `false ${answer} ${where}, ${runs} runs a side, ${world.name}`,
      claim: ERRS,
      counts: (random) => judgeComparisons([invented(world, runs, random, ratio)], CONFIDENCE)[0]?.answer === answer,
    })),
  ),
);

const families: readonly Simulation[] = [
  { tolerance: TOLERANCE, title: 'at the edge of +20 %' },
  { tolerance: 0, title: 'of the same system, no tolerance' },
].map(({ tolerance, title }) => ({
  title: `one false fail or more in ${METRICS} metrics ${title}, 10 runs a side`,
  claim: ERRS,
  counts(random) {
    const family = Array.from({ length: METRICS }, () => invented(WORLDS[0] as World, 10, random, 1 + tolerance, tolerance));
    return judgeComparisons(family, CONFIDENCE).some(({ answer }) => answer === 'fail');
  },
}));

export function invented(world: World, runs: number, random: Random, ratio: number, tolerance = TOLERANCE): Comparison {
  return {
    baseline: inventRuns(world, runs, random),
    candidate: inventRuns(world, runs, random, { ratio }),
    scale: 'ratio',
    tolerance,
  };
}

const GOALS: readonly ShareGoal[] = [0.8, 0.9, 0.95].map((share) => ({ share, confidence: CONFIDENCE }));

const fixed: readonly Simulation[] = GOALS.flatMap((goal) =>
  (['fail', 'pass'] as const).map((answer) => ({
    title: `false ${answer} of 60 runs at a share of exactly ${goal.share}`,
    claim: ERRS,
    counts: (random) => judgeShare({ hits: inventHits(60, goal.share, random), runs: 60 }, goal).answer === answer,
  })),
);

const sequential = (runsMax: number): readonly Simulation[] =>
  GOALS.flatMap((goal) =>
    (['fail', 'pass'] as const).map((answer) => ({
      title: `ever a false ${answer}, looked at after each of ${runsMax} runs, at a share of exactly ${goal.share}`,
      claim: ERRS,
      counts: (random) =>
        isEver(answer, runsMax, goal.share, random, (hits, runs) => judgeSequentially({ hits, runs }, goal, runsMax).answer),
    })),
  );

/** Whether the answer comes at any moment of a walk. */
export function isEver(
  answer: string,
  runsMax: number,
  share: number,
  random: Random,
  judge: (hits: number, runs: number) => string,
): boolean {
  let hits = 0;
  for (let runs = 1; runs <= runsMax; runs++) {
    hits += random() < share ? 1 : 0;
    if (judge(hits, runs) === answer) return true;
  }
  return false;
}

/** The slowdown that is said to be found in 80 % of cases, planted. */
const powers: readonly Simulation[] = [5, 10, 15].flatMap((runs) =>
  [0.1, 0.3].map((cv) => ({
    title: `a planted slowdown of the size promised is found, ${runs} runs a side, CV ${cv}`,
    claim: { about: 0.8, within: 0.02 },
    counts(random) {
      const effect = minimumEffect(runs, runs, { cv });
      if (effect.kind !== 'ratio') return false;
      const world: World = { ...(WORLDS[0] as World), sigma: Math.sqrt(Math.log1p(cv * cv)) };
      const [verdict] = judgeComparisons([invented(world, runs, random, (1 + TOLERANCE) * effect.ratio)], CONFIDENCE);
      return verdict?.answer === 'fail';
    },
  })),
);

/** Verdicts that must be wrong rarely, and a slowdown that must be found as often as promised. */
export const errorSimulations: readonly Simulation[] = [...tests, ...relative, ...fixed, ...sequential(60), ...powers];
/** The same, where each data set takes long. */
export const longSimulations: readonly Simulation[] = [...families, ...sequential(300)];
