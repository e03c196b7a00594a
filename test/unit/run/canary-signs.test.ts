/** Goal: what a canary met shows a toxic only where that toxic explains it, and says null rather than guess. */
import { describe, expect, it } from 'vitest';
import type { CanarySample } from '../../../harness/run/canary-connection.ts';
import { healthyOf, LONGEST_WAIT_MS, showsBite, waitFor } from '../../../harness/run/canary-signs.ts';
import type { ToxicSpec } from '../../../harness/run/proxy/contract.ts';

const toxic = (type: string, attributes: ToxicSpec['attributes'] = {}, more: Partial<ToxicSpec> = {}): ToxicSpec => ({
  name: type,
  type,
  stream: 'downstream',
  attributes,
  ...more,
});
const met = (outcome: CanarySample['outcome'], durationMs = 5, bytes = 200): CanarySample => ({ outcome, durationMs, bytes });
const healthy = { slowestMs: 5, spreadMs: 2, bytes: 200 };
const slow = toxic('latency', { latency: 300, jitter: 0 });

describe('a canary shows', () => {
  it.each<[string, ToxicSpec, CanarySample, boolean | null]>([
    ['latency by an answer later by half of it', slow, met('answered', 156), true],
    ['latency by no answer at all', slow, met('timeout', 900), true],
    ['no latency by an answer that is as fast', slow, met('answered', 150), false],
    ['nothing of latency by a reset', slow, met('reset'), null],
    ['nothing of a latency that a machine adds by itself', toxic('latency', { latency: 4 }), met('answered', 9), null],
    ['a swallowed call by no answer', toxic('timeout', { timeout: 0 }), met('timeout', 500), true],
    ['a swallowed call by a close', toxic('timeout', { timeout: 100 }), met('closed', 100), true],
    ['no swallowed call by an answer', toxic('timeout', { timeout: 0 }), met('answered'), false],
    ['nothing of it by a refused connection', toxic('timeout', { timeout: 0 }), met('refused'), null],
    ['a reset', toxic('reset_peer', { timeout: 0 }), met('reset'), true],
    ['no reset by an answer', toxic('reset_peer', { timeout: 0 }), met('answered'), false],
    ['nothing of a reset by silence', toxic('reset_peer', { timeout: 0 }), met('timeout'), null],
    ['a narrow edge by a slow answer', toxic('bandwidth', { rate: 1 }), met('answered', 150), true],
    ['nothing of an edge that is wide for what is asked', toxic('bandwidth', { rate: 1000 }), met('answered', 5), null],
    ['pieces by a slow answer', toxic('slicer', { average_size: 2, size_variation: 0, delay: 1000 }), met('answered', 110), true],
    ['a cut answer', toxic('limit_data', { bytes: 50 }), met('closed'), true],
    ['no cut answer by a whole one', toxic('limit_data', { bytes: 50 }), met('answered'), false],
    ['nothing of a cut that its answer does not reach', toxic('limit_data', { bytes: 5000 }), met('answered'), null],
    ['nothing of a toxic that nobody knows', toxic('slow_close', { delay: 100 }), met('answered'), null],
    ['nothing of names that objects have', toxic('constructor'), met('answered'), null],
  ])('%s', (_, spec, sample, expected) => expect(showsBite([spec], sample, healthy)).toBe(expected));

  it('nothing where nothing was well before', () => {
    expect(showsBite([slow], met('timeout', 900), null)).toBeNull();
    expect(healthyOf([met('answered'), met('timeout')])).toBeNull();
    expect(healthyOf([])).toBeNull();
  });

  it('nothing of latency where healthy answers differ by as much', () => {
    expect(showsBite([slow], met('answered', 400), { ...healthy, slowestMs: 200, spreadMs: 190 })).toBeNull();
  });

  it('nothing of a share that spared it, and all of one that hit it', () => {
    const half = toxic('timeout', { timeout: 0 }, { toxicity: 0.5 });
    expect(showsBite([half], met('answered'), healthy)).toBeNull();
    expect(showsBite([half], met('timeout'), healthy)).toBe(true);
  });

  it('any of several toxics; none of them only if none of them can be meant', () => {
    const unknown = toxic('slow_close');
    expect(showsBite([unknown, slow], met('answered', 400), healthy)).toBe(true);
    expect(showsBite([unknown, slow], met('answered'), healthy)).toBeNull();
    expect(showsBite([], met('timeout'), healthy)).toBeNull();
  });
});

it('a canary waits long enough to see the toxic, and never for ever', () => {
  expect(waitFor([slow], healthy)).toBeGreaterThan(300 + healthy.slowestMs);
  expect(waitFor([toxic('latency', { latency: 60_000 })], healthy)).toBe(LONGEST_WAIT_MS);
  expect(waitFor([], { ...healthy, slowestMs: 1e9 })).toBe(LONGEST_WAIT_MS);
});

it('what was well before is told by the slowest, their spread and the shortest answer', () => {
  expect(healthyOf([met('answered', 3, 210), met('answered', 8, 200)])).toEqual({ slowestMs: 8, spreadMs: 5, bytes: 200 });
});
