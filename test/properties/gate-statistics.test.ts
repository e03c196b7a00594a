import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lowerShare, upperShare } from '../../harness/gate/statistics/binomial.ts';
import { ratioOf, shiftOf } from '../../harness/gate/statistics/hodges-lehmann.ts';
import { holm } from '../../harness/gate/statistics/holm.ts';
import { kaplanMeier } from '../../harness/gate/statistics/kaplan-meier.ts';
import { mannWhitney } from '../../harness/gate/statistics/mann-whitney.ts';
import { quantileInterval } from '../../harness/gate/statistics/order-statistics.ts';
import { distributionOfU } from '../../harness/gate/statistics/rank-sum.ts';
import { judgeComparisons } from '../../harness/gate/statistics/relative-verdict.ts';
import { rankable, type Observation } from '../../harness/gate/statistics/sample.ts';
import { judgeSequentially } from '../../harness/gate/statistics/sequential.ts';
import { judgeShare } from '../../harness/gate/statistics/share-verdict.ts';

/** Few distinct values, so that ties are common; one in five was not reached. */
const observation: fc.Arbitrary<Observation> = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: 1, max: 30 }).map((value) => ({ value })) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 30 }).map((censoredAtMs) => ({ censoredAtMs })) },
);
const sample = fc.array(observation, { maxLength: 14 });
const confidence = fc.constantFrom(0.8, 0.9, 0.95, 0.99);
const goal = fc.record({ share: fc.constantFrom(0.5, 0.8, 0.9, 0.95, 0.99, 1), confidence });
const count = fc.integer({ min: 0, max: 120 }).chain((runs) => fc.integer({ min: 0, max: runs }).map((hits) => ({ hits, runs })));

/** A sample with the same runs in another order. */
const shuffled = sample.chain((runs) =>
  fc.shuffledSubarray(runs, { minLength: runs.length, maxLength: runs.length }).map((other) => ({ runs, other })),
);

const everything = (baseline: readonly Observation[], candidate: readonly Observation[]) => ({
  quantile: quantileInterval(candidate, { quantile: 0.5, confidence: 0.9 }),
  survival: kaplanMeier(candidate, 0.9),
  test: mannWhitney(baseline.map(rankable), candidate.map(rankable)),
  shift: shiftOf(baseline, candidate, 0.9),
  verdict: judgeComparisons([{ baseline, candidate, scale: 'ratio', tolerance: 0.2 }], 0.95),
});

/** What a JSON file could not hold, anywhere inside. */
function holdsNonsense(value: unknown): boolean {
  if (typeof value === 'number') return !Number.isFinite(value);
  if (value === undefined) return true;
  return typeof value === 'object' && value !== null && Object.values(value).some(holdsNonsense);
}

describe('every statistic', () => {
  it('is the same whatever the order of the runs', () => {
    fc.assert(
      fc.property(shuffled, shuffled, (a, b) => {
        expect(everything(a.other, b.other)).toEqual(everything(a.runs, b.runs));
      }),
    );
  });

  it('answers to every sample, without NaN, infinity or undefined', () => {
    fc.assert(fc.property(sample, sample, (a, b) => !holdsNonsense(everything(a, b))));
  });

  it('has bounds that do not cross, around the estimate', () => {
    fc.assert(
      fc.property(sample, sample, confidence, (a, b, level) => {
        const shift = ratioOf(a, b, level);
        if (shift.kind !== 'shift') return;
        expect(shift.lower ?? -Infinity).toBeLessThanOrEqual(shift.upper ?? Infinity);
        expect(shift.confidence).toBeGreaterThanOrEqual(level - 1e-9);
        if (shift.estimate === null) return;
        expect(shift.lower ?? -Infinity).toBeLessThanOrEqual(shift.estimate + 1e-9);
        expect(shift.upper ?? Infinity).toBeGreaterThanOrEqual(shift.estimate - 1e-9);
      }),
    );
  });
});

describe('two sides', () => {
  it('that are swapped swap their answers', () => {
    fc.assert(
      fc.property(sample, sample, (a, b) => {
        const there = mannWhitney(a.map(rankable), b.map(rankable));
        const back = mannWhitney(b.map(rankable), a.map(rankable));
        if (there.kind !== 'tested' || back.kind !== 'tested') return;
        expect(back.u).toBe(there.pairs - there.u);
        expect(back.pLarger).toBeCloseTo(there.pSmaller, 12);
        const [shift, opposite] = [shiftOf(a, b, 0.9), shiftOf(b, a, 0.9)];
        if (shift.kind !== 'shift' || opposite.kind !== 'shift') return;
        expect(negative(opposite.lower)).toBe(shift.upper);
        expect(negative(opposite.upper)).toBe(shift.lower);
        expect(negative(opposite.estimate)).toBe(shift.estimate);
      }),
    );
  });

  it('have the distribution of U that listing all ways gives', () => {
    const groups = fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(groups, fc.nat(), (sizes, wish) => {
        const values = sizes.flatMap((size, value) => Array.from({ length: size }, () => value));
        const first = wish % (values.length + 1);
        const { scale, probabilities } = distributionOfU(first, sizes) ?? { scale: 1, probabilities: [] };
        const listed = listedU(values, first);
        probabilities.forEach((probability, index) => {
          expect(probability).toBeCloseTo(listed.filter((u) => u * scale === index).length / listed.length, 12);
        });
      }),
    );
  });

  it('never differ in both directions', () => {
    fc.assert(
      fc.property(sample, sample, (a, b) => {
        const there = judgeComparisons([{ baseline: a, candidate: b, scale: 'ratio', tolerance: 0 }], 0.95)[0];
        const back = judgeComparisons([{ baseline: b, candidate: a, scale: 'ratio', tolerance: 0 }], 0.95)[0];
        return !(there?.answer === 'fail' && back?.answer === 'fail');
      }),
    );
  });
});

/** Zero has no sign here. */
function negative(value: number | null): number | null {
  return value === null ? null : 0 - value;
}

function listedU(values: readonly number[], first: number): number[] {
  const us: number[] = [];
  for (let mask = 0; mask < 2 ** values.length; mask++) {
    const chosen = values.filter((_, index) => (mask >> index) % 2 === 1);
    if (chosen.length !== first) continue;
    const others = values.filter((_, index) => (mask >> index) % 2 === 0);
    us.push(chosen.reduce((sum, x) => sum + others.reduce((part, y) => part + (x > y ? 1 : x === y ? 0.5 : 0), 0), 0));
  }
  return us;
}

describe('a decided share', () => {
  const opposites = { pass: 'fail', fail: 'pass' } as const;

  it('is never turned into its opposite by more of the same', () => {
    fc.assert(
      fc.property(count, goal, fc.integer({ min: 2, max: 5 }), (seen, asked, times) => {
        const more = { hits: times * seen.hits, runs: times * seen.runs };
        const [before, after] = [judgeShare(seen, asked).answer, judgeShare(more, asked).answer];
        expect(before === 'cannot-tell' || after !== opposites[before]).toBe(true);
        const [first, then] = [judgeSequentially(seen, asked, 1000).answer, judgeSequentially(more, asked, 1000).answer];
        expect((first !== 'pass' && first !== 'fail') || then !== opposites[first]).toBe(true);
      }),
    );
  });

  it('stays passed with another hit, and failed with another miss', () => {
    fc.assert(
      fc.property(count, goal, ({ hits, runs }, asked) => {
        const hit = { hits: hits + 1, runs: runs + 1 };
        const miss = { hits, runs: runs + 1 };
        for (const judge of [judgeShare, (seen: typeof hit, wanted: typeof asked) => judgeSequentially(seen, wanted, 1000)]) {
          const { answer } = judge({ hits, runs }, asked);
          if (answer === 'pass') expect(judge(hit, asked).answer).toBe('pass');
          if (answer === 'fail') expect(judge(miss, asked).answer).toBe('fail');
        }
      }),
    );
  });

  it('agrees with its bounds', () => {
    fc.assert(
      fc.property(count, goal, (seen, asked) => {
        const { answer } = judgeShare(seen, asked);
        const [lower, upper] = [lowerShare(seen, asked.confidence), upperShare(seen, asked.confidence)];
        if (answer === 'pass') expect(lower).toBeGreaterThanOrEqual(asked.share - 1e-9);
        if (answer === 'fail') expect(upper).toBeLessThan(asked.share + 1e-9);
        if (answer === 'cannot-tell') expect(lower < asked.share + 1e-9 && upper > asked.share - 1e-9).toBe(true);
      }),
    );
  });

  it('is decided by looking each time no earlier than by a number that was fixed', () => {
    fc.assert(
      fc.property(count, goal, (seen, asked) => {
        const { answer } = judgeSequentially(seen, asked, 1000);
        expect((answer !== 'pass' && answer !== 'fail') || judgeShare(seen, asked).answer === answer).toBe(true);
      }),
    );
  });
});

it('adjusts p-values upwards and keeps their order', () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 12 }), (ps) => {
      const adjusted = holm(ps);
      ps.forEach((p, index) => {
        expect(adjusted[index]).toBeGreaterThanOrEqual(p);
        ps.forEach((other, place) => expect(p > other && (adjusted[index] as number) < (adjusted[place] as number)).toBe(false));
      });
    }),
  );
});
