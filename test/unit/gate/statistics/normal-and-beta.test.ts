import { expect, it } from 'vitest';
import { betaAtMost, betaQuantile } from '../../../../harness/gate/statistics/beta.ts';
import { normalAbove, normalQuantile } from '../../../../harness/gate/statistics/normal.ts';

it('has the normal distribution of SciPy', () => {
  // SciPy 1.17.1: norm.sf(0.5), norm.sf(1.959963984540054), norm.sf(3.5), norm.sf(6); norm.ppf(.975), norm.ppf(.8), norm.ppf(.9999)
  expect(normalAbove(0.5)).toBeCloseTo(0.3085375387259869, 14);
  expect(normalAbove(1.959963984540054)).toBeCloseTo(0.025, 14);
  expect(normalAbove(3.5) / 0.00023262907903552502).toBeCloseTo(1, 12);
  expect(normalAbove(6) / 9.865876450376946e-10).toBeCloseTo(1, 12);
  expect(normalAbove(-0.5)).toBeCloseTo(1 - 0.3085375387259869, 14);
  expect(normalAbove(0)).toBe(0.5);
  expect(normalQuantile(0.975)).toBeCloseTo(1.959963984540054, 12);
  expect(normalQuantile(0.2)).toBeCloseTo(-0.8416212335729143, 12);
  expect(normalQuantile(0.9999)).toBeCloseTo(3.719016485455709, 10);
  expect(() => normalQuantile(1)).toThrow(RangeError);
});

it('has the beta distribution of SciPy', () => {
  // SciPy 1.17.1: beta.cdf(.3, 2.5, 4.1); beta.ppf(.025, 9.5, 1.2), (.975, 3.3, 40.1), (.5, .7, .7), (.001, 120.5, 3)
  expect(betaAtMost(0.3, 2.5, 4.1)).toBeCloseTo(0.3631825104219686, 12);
  expect(betaQuantile(0.025, 9.5, 1.2)).toBeCloseTo(0.6524297961033686, 11);
  expect(betaQuantile(0.975, 3.3, 40.1)).toBeCloseTo(0.17031359942825927, 11);
  expect(betaQuantile(0.5, 0.7, 0.7)).toBeCloseTo(0.5, 11);
  expect(betaQuantile(0.001, 120.5, 3)).toBeCloseTo(0.9117160854613926, 11);
  expect([betaAtMost(0, 2, 2), betaAtMost(1, 2, 2)]).toEqual([0, 1]);
});
