import { expect, test } from 'vitest';
import { healthReader } from '../../../../../harness/run/load/k6/health.ts';
import type { K6Health } from '../../../../../harness/run/load/k6/protocol.ts';

function health(at: number, cpuUs: number): K6Health {
  return { t: 'health', at, cpuUs, rss: 5e7, goroutines: 40, queued: 3, vus: 10, vusMax: 20, inFlight: 0 };
}

test('a report tells of the time since the last one, on the run’s clock', () => {
  const lags = [[300, 100, 200, 9000], []];
  const calls = { takeStartLags: () => lags.shift() ?? [], counts: () => ({ inFlight: 2, sent: 7 }) };
  const read = healthReader(calls, (at) => at - 1_000_000);
  expect(read(health(2_000_000, 400_000))).toEqual({
    kind: 'health',
    part: 'driver',
    atUs: 1_000_000,
    loopDelayP99Ms: 0,
    cpuRatio: 0,
    detail: {
      startLagP50Ms: 0.2,
      startLagP99Ms: 9,
      inFlight: 2,
      sent: 7,
      vus: 10,
      vusMax: 20,
      queuedLines: 3,
      goroutines: 40,
      rssBytes: 5e7,
    },
  });
  expect(read(health(3_000_000, 650_000))).toMatchObject({ cpuRatio: 0.25, detail: { startLagP50Ms: 0, startLagP99Ms: 0 } });
});
