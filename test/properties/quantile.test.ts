import fc from 'fast-check';
import { it } from 'vitest';
import { quantile, quantileIsWithin } from '../../harness/analysis/quantile.ts';

const values = fc.array(fc.integer({ min: 0, max: 1000 }), { minLength: 1, maxLength: 60 });
const shares = fc.integer({ min: 1, max: 1000 }).map((thousandths) => thousandths / 1000);

/** By definition: the smallest value that at least q of all values do not exceed, counted in whole thousandths. */
function naive(list: readonly number[], q: number): number {
  const candidates = list.filter(
    (candidate) => 1000 * list.filter((value) => value <= candidate).length >= Math.round(q * 1000) * list.length,
  );
  return Math.min(...candidates);
}

it('agrees with the definition by counting', () => {
  fc.assert(fc.property(values, shares, (list, q) => quantile(list, q) === naive(list, q)));
});

it('never falls as the share rises', () => {
  fc.assert(
    fc.property(values, shares, shares, (list, a, b) => (quantile(list, Math.min(a, b)) ?? 0) <= (quantile(list, Math.max(a, b)) ?? 0)),
  );
});

it('keeps a limit exactly when the count of exceeding values says so', () => {
  fc.assert(
    fc.property(values, shares, fc.integer({ min: 0, max: 1000 }), (list, q, limit) => {
      const exceeding = list.filter((value) => value > limit).length;
      return quantileIsWithin(q, list.length, exceeding) === (quantile(list, q) ?? Infinity) <= limit;
    }),
  );
});
