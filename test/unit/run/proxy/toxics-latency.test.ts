import fc from 'fast-check';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { seededRandom } from '../../../../harness/model/random.ts';
import { delayMs, standardNormal, type DelayShape } from '../../../../harness/run/proxy/toxics/delay-distribution.ts';
import { latency } from '../../../../harness/run/proxy/toxics/latency.ts';
import { advance, startToxic, stopTime } from './toxics-rig.ts';

beforeEach(stopTime);
afterEach(() => void vi.useRealTimers());

const rounded = (times: readonly number[]): number[] => times.map(Math.round);

test('each chunk leaves its latency after it came, pipelined, and the end right behind the last', async () => {
  const rig = startToxic(latency, { latency: 100, jitter: 0 });
  rig.stage.chunk(Buffer.from('a'));
  await advance(50);
  rig.stage.chunk(Buffer.from('b'));
  rig.stage.end();
  await advance(49);
  expect(rig.text()).toBe('');
  await advance(2);
  expect(rig.text()).toBe('a');
  expect(rig.endedAtMs).toBeNull();
  await advance(50);
  expect(rounded(rig.chunks.map(({ atMs }) => atMs))).toEqual([100, 150]);
  expect(Math.round(rig.endedAtMs ?? 0)).toBe(150);
  expect(rig.touches).toBe(2);
});

test('an end without data before it is not delayed, and neither is anything without latency', () => {
  const idle = startToxic(latency, { latency: 100, jitter: 0 });
  idle.stage.end();
  expect(idle.endedAtMs).toBe(0);
  const none = startToxic(latency, { latency: 0, jitter: 0 });
  none.stage.chunk(Buffer.from('a'));
  expect(none.text()).toBe('a');
  expect(none.touches).toBe(0);
});

test('a late chunk holds up those behind it', async () => {
  const rig = startToxic(latency, { latency: 50, jitter: 50 });
  const sent = Array.from({ length: 40 }, (_, index) => Buffer.from(`${index},`));
  for (const data of sent) rig.stage.chunk(data);
  await advance(100);
  expect(rig.text()).toBe(Buffer.concat(sent).toString());
  const times = rig.chunks.map(({ atMs }) => atMs);
  expect(times).toEqual(times.toSorted((left, right) => left - right));
  expect(new Set(rounded(times)).size).toBeGreaterThan(2);
});

test('an update lets the first go, gives the others the new latency from their arrival, and draws nothing anew', async () => {
  const rig = startToxic(latency, { latency: 1000, jitter: 0 });
  for (const text of ['a', 'b', 'c']) {
    rig.stage.chunk(Buffer.from(text));
    await advance(10);
  }
  rig.attributes['latency'] = 200;
  rig.stage.update();
  expect(rig.text()).toBe('a');
  await advance(200);
  expect(rounded(rig.chunks.map(({ atMs }) => atMs))).toEqual([30, 210, 220]);
  const jittered = async (isUpdated: boolean): Promise<number[]> => {
    const own = startToxic(latency, { latency: 50, jitter: 40 });
    for (const text of ['a', 'b', 'c']) own.stage.chunk(Buffer.from(text));
    if (isUpdated) own.stage.update();
    await advance(100);
    own.stage.chunk(Buffer.from('d'));
    await advance(100);
    return rounded(own.chunks.map(({ atMs }) => atMs));
  };
  const plain = await jittered(false);
  const updated = await jittered(true);
  expect(updated[0]).toBe(0);
  // A late first chunk held the second up; without it, each is on its own time.
  expect([Math.max(plain[0] ?? 0, updated[1] ?? 0), updated[3]]).toEqual([plain[1], plain[3]]);
});

test('a withdrawal lets everything go at once, the end behind it', () => {
  const rig = startToxic(latency, { latency: 60_000, jitter: 0 });
  for (const text of ['a', 'b', 'c']) rig.stage.chunk(Buffer.from(text));
  rig.stage.end();
  rig.stage.release();
  expect([rig.text(), rig.endedAtMs]).toEqual(['abc', 0]);
  expect(vi.getTimerCount()).toBe(0);
});

test('it is full at 1024 chunks or 32 MiB, says so once, and says when it no longer is', async () => {
  const small = startToxic(latency, { latency: 10, jitter: 0 });
  for (let count = 0; count < 1023; count++) small.stage.chunk(Buffer.alloc(1));
  expect([small.stage.full(), small.flows]).toEqual([false, 0]);
  small.stage.chunk(Buffer.alloc(1));
  small.stage.chunk(Buffer.alloc(1));
  expect([small.stage.full(), small.flows]).toEqual([true, 1]);
  await advance(11);
  expect([small.stage.full(), small.flows, small.bytes().length]).toEqual([false, 2, 1025]);
  const large = startToxic(latency, { latency: 10, jitter: 0 });
  const data = Buffer.alloc(64 * 1024);
  for (let count = 0; count < 511; count++) large.stage.chunk(data);
  expect(large.stage.full()).toBe(false);
  large.stage.chunk(data);
  expect(large.stage.full()).toBe(true);
  await advance(11);
  expect([large.stage.full(), large.flows, large.bytes().length]).toEqual([false, 2, 32 * 1024 * 1024]);
});

test('a latency of any size waits, whatever timers can hold', async () => {
  for (const ms of [2 ** 31, 2 ** 53 - 1]) {
    const rig = startToxic(latency, { latency: ms, jitter: ms });
    rig.stage.chunk(Buffer.from('a'));
    await advance(20, 1);
    expect(rig.text()).toBe('');
    rig.stage.release();
    expect(rig.text()).toBe('a');
  }
});

test('the standard normal quantile has the values of the tables', () => {
  const table = [
    [0.5, 0],
    [0.8413447461, 1],
    [0.975, 1.9599639845],
    [0.001, -3.0902323062],
    [1e-9, -5.997807015],
    [1e-12, -7.0344838254],
  ] as const;
  for (const [share, z] of table) expect(standardNormal(share)).toBeCloseTo(z, 5);
});

const shape = (changes: Partial<DelayShape>): DelayShape => ({
  distribution: 'uniform',
  latencyMs: 100,
  jitterMs: 20,
  shape: 3,
  ...changes,
});

test('quantiles are those of the closed forms', () => {
  const sigma = Math.log(120 / 100);
  const cases: [Partial<DelayShape>, number, number][] = [
    [{}, 0, 80],
    [{}, 0.5, 100],
    [{}, 1 - 2 ** -32, 119],
    [{ distribution: 'normal' }, 0.5, 100],
    [{ distribution: 'normal' }, 0.8413447461, 120],
    [{ distribution: 'normal', latencyMs: 10 }, 0.1, 0],
    [{ distribution: 'lognormal' }, 0.5, 100],
    [{ distribution: 'lognormal' }, 0.8413447461, 120],
    [{ distribution: 'lognormal' }, 0.975, 100 * Math.exp(sigma * 1.9599639845)],
    [{ distribution: 'pareto' }, 0, 100],
    [{ distribution: 'pareto', shape: 2 }, 0.75, 120],
    [{ distribution: 'pareto', shape: 1, jitterMs: 100 }, 0.9, 1000],
    [{ distribution: 'pareto', jitterMs: 0 }, 0.9, 100],
  ];
  for (const [changes, drawn, expected] of cases) {
    expect(delayMs(shape(changes), drawn), JSON.stringify([changes, drawn])).toBeCloseTo(expected, 3);
  }
});

/** Source: Abramowitz and Stegun, 7.1.26: within 1.5e-7. */
function normalCdf(z: number): number {
  const t = 1 / (1 + 0.3275911 * (Math.abs(z) / Math.SQRT2));
  const tail = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  const erf = 1 - tail * Math.exp((-z * z) / 2);
  return z < 0 ? (1 - erf) / 2 : (1 + erf) / 2;
}

test('delays drawn by the seed are distributed as they say (Kolmogorov–Smirnov, p = 0.001)', () => {
  const count = 20_000;
  const cdfs = {
    normal: (ms: number) => normalCdf((ms - 100) / 20),
    lognormal: (ms: number) => normalCdf(Math.log(ms / 100) / Math.log(1.2)),
    pareto: (ms: number) => 1 - (1 + (ms - 100) / 20) ** -3,
  };
  for (const distribution of ['normal', 'lognormal', 'pareto'] as const) {
    for (const seed of [1, 2, 3]) {
      const random = seededRandom(seed, 'delays');
      const drawn = Array.from({ length: count }, () => delayMs(shape({ distribution }), random())).toSorted((a, b) => a - b);
      const distance = Math.max(...drawn.map((ms, index) => Math.abs(cdfs[distribution](ms) - (index + 0.5) / count)));
      expect(distance, `${distribution}, seed ${seed}`).toBeLessThan(1.95 / Math.sqrt(count));
    }
  }
});

test('uniform delays are whole milliseconds from latency − jitter, below latency + jitter, each as likely', () => {
  const random = seededRandom(1, 'delays');
  const counts = new Map<number, number>();
  for (let draw = 0; draw < 40_000; draw++) {
    const ms = delayMs(shape({ jitterMs: 10 }), random());
    counts.set(ms, (counts.get(ms) ?? 0) + 1);
  }
  expect([...counts.keys()].toSorted((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, index) => 90 + index));
  for (const count of counts.values()) expect(Math.abs(count - 2000)).toBeLessThan(5 * Math.sqrt(2000));
});

test('no draw gives a delay that is negative or not a number', () => {
  const anyShape = fc.record<DelayShape>({
    distribution: fc.constantFrom('uniform', 'normal', 'lognormal', 'pareto'),
    latencyMs: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
    jitterMs: fc.maxSafeNat(),
    shape: fc.double({ min: 1, max: 100, noNaN: true }),
  });
  fc.assert(
    fc.property(anyShape, fc.double({ min: 0, max: 1 - 2 ** -32, noNaN: true }), (any, drawn) => {
      expect(delayMs(any, drawn)).toBeGreaterThanOrEqual(0);
    }),
  );
});

test('lognormal without a median is refused, and nothing else is', () => {
  expect(latency.problem?.({ latency: 0, jitter: 5, distribution: 'lognormal' })).toMatch(/^latency must be at least 1/);
  expect(latency.problem?.({ latency: 0, jitter: 0, distribution: 'lognormal' })).toBeUndefined();
  expect(latency.problem?.({ latency: 0, jitter: 5, distribution: 'normal' })).toBeUndefined();
});
