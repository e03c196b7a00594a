import { describe, expect, it } from 'vitest';
import { describeProblem, nearest } from '../../../harness/model/problem.ts';
import { shapeProblems, type Names, type Shape } from '../../../harness/model/shape.ts';

const names: Names = { service: ['orders', 'payments'], edge: ['orders->payments'], breaker: [], fault: ['storm'], request: ['quote'] };
const shape: Shape = {
  edge: { type: 'edge' },
  delayMs: { type: 'integer', min: 0, max: 1000, unit: 'ms' },
  mode: { type: 'choice', of: ['a', 'b'], optional: true },
  from: { type: 'service', list: true, optional: true },
  target: { type: 'object', fields: { share: { type: 'number', min: 0, max: 1, optional: true } }, optional: true },
};
const say = (value: unknown): string[] => shapeProblems(value, shape, names, 'inject', ['kind']).map(describeProblem);

describe('shape', () => {
  it('accepts what fits, the selecting field included', () => {
    expect(say({ kind: 'x', edge: 'orders->payments', delayMs: 5, mode: 'a', from: ['orders'], target: { share: 0.2 } })).toEqual([]);
  });

  it('reports all problems at once, each with its path and the nearest name', () => {
    expect(say({ edge: 'orders->paymnts', delayMs: -1, mode: 'c', from: [], target: { share: 2 }, dealyMs: 1 })).toEqual([
      'inject.edge: expected the name of an edge (orders->payments), found "orders->paymnts" (did you mean \'orders->payments\'?)',
      'inject.delayMs: expected a whole number from 0 to 1000 ms, found -1',
      'inject.mode: expected one of "a", "b", found "c"',
      'inject.from: expected a list of services, found []',
      'inject.target.share: expected a number from 0 to 1, found 2',
      "inject.dealyMs: expected one of edge, delayMs, mode, from, target, found the unknown field 'dealyMs' (did you mean 'delayMs'?)",
    ]);
  });

  it('says what is missing, and refuses what is no object', () => {
    expect(say({})).toHaveLength(2);
    expect(say(null)).toEqual(['inject: expected an object, found null']);
    expect(say([])).toEqual(['inject: expected an object, found []']);
  });
});

describe('nearest', () => {
  it('finds a misspelt name and offers nothing for a stranger', () => {
    expect(nearest('recovry', ['recovery', 'retries'])).toBe('recovery');
    expect(nearest('entirely-else', ['recovery', 'retries'])).toBeUndefined();
  });
});
