import { expect, it } from 'vitest';
import { interleaved, summarised } from '../../../../scripts/bench/measure.ts';

it('measures lanes in turn, forwards and backwards, and throws the first round away', async () => {
  const order: string[] = [];
  const lane = (name: string) => ({
    name,
    measure: () => {
      order.push(name);
      return Promise.resolve(order.length);
    },
  });
  const measured = await interleaved([lane('a'), lane('b')], 2);
  expect(order).toEqual(['a', 'b', 'b', 'a', 'a', 'b']);
  expect(measured).toEqual([
    { name: 'a', median: expect.any(Number) as number, least: 4, most: 5 },
    { name: 'b', median: expect.any(Number) as number, least: 3, most: 6 },
  ]);
});

it('takes the middle of the rounds, not their mean', () => {
  expect(summarised('x', [1, 2, 900])).toEqual({ name: 'x', median: 2, least: 1, most: 900 });
});

it('refuses to summarise nothing', () => {
  expect(() => summarised('x', [])).toThrow(/at least one number/);
});

it('keeps the first round where being cold is part of what is measured', async () => {
  let calls = 0;
  const lane = { name: 'a', measure: () => Promise.resolve(++calls) };
  expect(await interleaved([lane], 1, { isCold: true })).toEqual([{ name: 'a', median: 1, least: 1, most: 1 }]);
});
