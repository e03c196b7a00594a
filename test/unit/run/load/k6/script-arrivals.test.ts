import fc from 'fast-check';
import { expect, it } from 'vitest';
import { dueTimesOf } from '../../../../../harness/run/load/k6/script-arrivals.ts';
import { rankingBy } from '../../../../../harness/run/load/k6/script-ranks.ts';

const firstOf = (count: number, ...[executor]: Parameters<typeof dueTimesOf>): readonly number[] => {
  const due = dueTimesOf(executor);
  if (due === null) throw new Error('it is a closed model');
  return Array.from({ length: count }, (_, rank) => Math.round(due(rank)));
};

it('spaces a constant rate evenly, from zero on', () => {
  expect(firstOf(4, { executor: 'constant-arrival-rate', rate: 3, timeUnitMs: 1000 })).toEqual([0, 333_333, 666_666, 1_000_000]);
  expect(firstOf(3, { executor: 'constant-arrival-rate', rate: 30, timeUnitMs: 60_000 })).toEqual([0, 2_000_000, 4_000_000]);
});

it('follows a ramp by the area under it, as the comment in k6 works out: 2/s for 5 s, then up to 3/s in 5 s', () => {
  const stages = [
    { target: 2, durationMs: 5000 },
    { target: 3, durationMs: 5000 },
  ];
  const times = firstOf(22, { executor: 'ramping-arrival-rate', rate: 2, timeUnitMs: 1000, stages });
  expect(times.slice(0, 3)).toEqual([500_000, 1_000_000, 1_500_000]);
  expect(times[9]).toBe(5_000_000);
  // 2 x + x² / 10 = 12 - 10
  expect(times[11]).toBe(Math.round((5 + (-2 + Math.sqrt(4 + 0.4 * 2)) / 0.2) * 1e6));
  expect(times[21]).toBeLessThanOrEqual(10_000_000);
});

it('goes down to nothing, and has nothing due after its last stage', () => {
  const falling = firstOf(20, { executor: 'ramping-arrival-rate', rate: 10, timeUnitMs: 1000, stages: [{ target: 0, durationMs: 2000 }] });
  expect(falling[9]).toBe(2_000_000);
  expect(falling[19]).toBe(2_000_000);
});

it('never goes back in time, whatever the stages are', () => {
  const stage = fc.record({ target: fc.integer({ min: 0, max: 500 }), durationMs: fc.integer({ min: 0, max: 20_000 }) });
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 500 }), fc.array(stage, { minLength: 1, maxLength: 6 }), (rate, stages) => {
      const times = firstOf(300, { executor: 'ramping-arrival-rate', rate, timeUnitMs: 1000, stages });
      expect(times.every((atUs, place) => Number.isFinite(atUs) && atUs >= (times[place - 1] ?? 0))).toBe(true);
    }),
  );
});

it.each(['constant-vus', 'ramping-vus', 'shared-iterations', 'per-vu-iterations'])('knows that %s is a closed model', (executor) => {
  expect(dueTimesOf({ executor })).toBeNull();
});

it('ranks what came by time, drops included, whatever order it was heard in', () => {
  const placed: Record<string, number> = {};
  const ranking = rankingBy(
    (rank) => rank * 100,
    () => 7,
  );
  const add = (name: string, atUs: number, executorUs: number | null = 1000): void =>
    ranking.add({ atUs, executorUs, onPlaced: (dueUs) => (placed[name] = dueUs) });
  add('third', 1205);
  add('first', 1001);
  add('dropped', 1102, null);
  ranking.settle(1150);
  expect(placed).toEqual({ first: 1000, dropped: 1100 });
  add('fourth', 1300);
  ranking.settle(Infinity);
  expect(placed).toEqual({ first: 1000, dropped: 1100, third: 1200, fourth: 1300 });
});

it('takes the load’s zero where nobody says when an executor started', () => {
  const placed: number[] = [];
  const ranking = rankingBy(
    (rank) => rank * 10,
    () => 500,
  );
  for (const atUs of [501, 512]) ranking.add({ atUs, executorUs: null, onPlaced: (dueUs) => placed.push(dueUs) });
  ranking.settle(Infinity);
  expect(placed).toEqual([500, 510]);
});
