// Goal: there are pages for the requests that may be on their way at a time, and their clocks cannot put a row where it was not.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { answerReader } from '../../../../../harness/run/load/answer.ts';
import { judge, largestOverlap, timesOf } from '../../../../../harness/run/load/playwright/fetch-pool.ts';
import { get } from '../../../../../harness/scenario/load.ts';

describe('the largest overlap', () => {
  test('counts those whose time is not over', () => {
    const at = (...intendedMs: readonly number[]) => intendedMs.map((ms) => ({ intendedUs: ms * 1000, timeoutMs: 10 }));
    expect(largestOverlap([])).toBe(0);
    expect(largestOverlap(at(0, 5, 9))).toBe(3);
    expect(largestOverlap(at(0, 10, 20))).toBe(1);
    expect(largestOverlap([{ intendedUs: 0, timeoutMs: 100 }, ...at(10, 30, 35)])).toBe(3);
  });

  test('is what counting each moment gives', () => {
    const arrival = fc.record({
      intendedUs: fc.integer({ min: 0, max: 50 }).map((ms) => ms * 1000),
      timeoutMs: fc.integer({ min: 1, max: 20 }),
    });
    fc.assert(
      fc.property(fc.array(arrival, { maxLength: 30 }), (list) => {
        const arrivals = list.toSorted((left, right) => left.intendedUs - right.intendedUs);
        const under = (atUs: number) =>
          arrivals.filter(({ intendedUs, timeoutMs }) => intendedUs <= atUs && atUs < intendedUs + timeoutMs * 1000);
        expect(largestOverlap(arrivals)).toBe(Math.max(0, ...arrivals.map(({ intendedUs }) => under(intendedUs).length)));
      }),
    );
  });
});

test('times of a page lie on the run’s clock, and never outside of what the driver saw itself', () => {
  const answer = { startedMs: 10, firstByteMs: 12.5, endedMs: 20 };
  const clock = { offsetUs: 1_000_000, uncertaintyUs: 900 };
  expect(timesOf(answer, clock, { fromUs: 0, toUs: 9_000_000 })).toEqual({
    startedUs: 1_010_000,
    firstByteUs: 1_012_500,
    endedUs: 1_020_000,
  });
  expect(timesOf(answer, clock, { fromUs: 1_011_000, toUs: 1_019_000 })).toEqual({
    startedUs: 1_011_000,
    firstByteUs: 1_012_500,
    endedUs: 1_019_000,
  });
  expect(timesOf({ ...answer, firstByteMs: null }, clock, { fromUs: 0, toUs: 9_000_000 }).firstByteUs).toBeNull();
});

describe('an answer', () => {
  const reader = answerReader(get('r', '/', { observe: { value: '/a' } }), (text) => text);
  const whole = {
    ordinal: 0,
    startedMs: 0,
    firstByteMs: 1,
    endedMs: 5,
    status: 200,
    isRedirect: false,
    bytes: 7,
    text: '{"a":1}',
    isCut: false,
    reused: false,
    error: null,
    message: '',
    netError: null,
  };

  test('that came whole is read as every driver reads it', () => {
    expect(judge(whole, reader)).toEqual({ outcome: 'ok', observed: { value: 1 } });
    expect(judge({ ...whole, text: 'no JSON' }, reader).outcome).toBe('wrong');
    expect(judge({ ...whole, status: 503 }, reader).outcome).toBe('http-error');
    expect(judge({ ...whole, status: 0, isRedirect: true }, reader).outcome).toBe('http-error');
  });

  test('that did not come is judged by what the browser’s network says', () => {
    const failed = { ...whole, error: 'TypeError', message: 'Failed to fetch' };
    expect(judge({ ...failed, error: 'TimeoutError' }, reader).outcome).toBe('timeout');
    expect(judge({ ...failed, netError: 'ERR_CONNECTION_REFUSED' }, reader).outcome).toBe('refused');
    expect(judge(failed, reader)).toEqual({ outcome: 'reset', observed: { mismatch: 'failed with TypeError: Failed to fetch' } });
    expect(judge({ ...failed, endedMs: 0.2, message: 'GET cannot have a body' }, reader).outcome).toBe('shed');
  });
});
