// Goal: users go in circles for as long as the load lasts and no longer, and never faster than the shortest turn, whatever their journeys do.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { LIMITS } from '../../../../../harness/model/limits.ts';
import type { RequestRow } from '../../../../../harness/model/recording.ts';
import { numberedUsers } from '../../../../../harness/model/users.ts';
import { openCircling } from '../../../../../harness/run/load/playwright/users.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** The moments at which each ordinal set out, in milliseconds since the load's start, and when nobody did any more. */
function circle(options: {
  readonly users: number;
  readonly thinkMs: number;
  readonly totalMs: number;
  /** How long a journey takes; null for one that cannot begin, as there is no browser. */
  readonly tookMs: number | null | ((user: number) => number);
  readonly stopAtMs?: number;
}) {
  const nowUs = (): number => performance.now() * 1000;
  const zeroUs = nowUs() + 50_000;
  const setOuts: { readonly ordinal: number; readonly atMs: number }[] = [];
  const over: number[] = [];
  const template = { name: 'looking', file: 'a.ts', export: 'default', timeoutMs: 1000 };
  const circling = openCircling({
    users: numberedUsers(1, [{ ...template, users: options.users, thinkMs: options.thinkMs }]),
    scheduled: 10,
    nowUs,
    onOver: () => over.push(Math.round((nowUs() - zeroUs) / 1000)),
    setOut(user, ordinal, dueUs, onEnded) {
      setOuts.push({ ordinal, atMs: Math.round((dueUs - zeroUs) / 1000) });
      const startedUs = nowUs();
      const ended = (began: number | null): void => onEnded({ startedUs: began, endedUs: nowUs() } as RequestRow);
      const tookMs = typeof options.tookMs === 'function' ? options.tookMs(user.number) : options.tookMs;
      if (tookMs === null) ended(null);
      else if (tookMs === 0) ended(startedUs);
      else setTimeout(() => ended(startedUs), tookMs);
    },
  });
  circling.begin(zeroUs, zeroUs + options.totalMs * 1000);
  if (options.stopAtMs !== undefined) setTimeout(circling.stop, 50 + options.stopAtMs);
  vi.advanceTimersByTime(60_000);
  expect(circling.begun()).toBe(setOuts.length);
  return { setOuts, over };
}

test('each goes again when their last has ended and they have thought, and nobody at the end or later', () => {
  const { setOuts, over } = circle({ users: 2, thinkMs: 100, totalMs: 1000, tookMs: 400 });
  expect(setOuts).toEqual([
    { ordinal: 10, atMs: 0 },
    { ordinal: 11, atMs: 0 },
    { ordinal: 12, atMs: 500 },
    { ordinal: 13, atMs: 500 },
  ]);
  expect(over).toEqual([1000]);
});

test('a quick user has the turns of nobody else', () => {
  const { setOuts } = circle({ users: 2, thinkMs: 0, totalMs: 1000, tookMs: (user) => (user === 0 ? 700 : 300) });
  // At 0, 0, 300, 600, 700 and 900 ms, and of two users.
  expect(setOuts.map(({ ordinal }) => ordinal)).toEqual([10, 11, 13, 15, 12, 17]);
});

test('who is under way at the end does not go again', () => {
  const { setOuts, over } = circle({ users: 1, thinkMs: 0, totalMs: 1000, tookMs: 5000 });
  expect([setOuts.length, over]).toEqual([1, [1000]]);
});

test('journeys that end at once begin no more often than they may', () => {
  const { setOuts } = circle({ users: 1, thinkMs: 0, totalMs: 1000, tookMs: 0 });
  expect(setOuts).toHaveLength(1000 / LIMITS.repetitionMs);
});

test('without a browser a user tries once a second, or as seldom as they think', () => {
  expect(circle({ users: 1, thinkMs: 0, totalMs: 3000, tookMs: null }).setOuts.map(({ atMs }) => atMs)).toEqual([0, 1000, 2000]);
  expect(circle({ users: 1, thinkMs: 2000, totalMs: 3000, tookMs: null }).setOuts.map(({ atMs }) => atMs)).toEqual([0, 2000]);
});

test('after a stop nobody sets out, and its end is not told', () => {
  const { setOuts, over } = circle({ users: 1, thinkMs: 100, totalMs: 10_000, tookMs: 400, stopAtMs: 1200 });
  expect([setOuts.map(({ atMs }) => atMs), over]).toEqual([[0, 500, 1000], []]);
});

test('a load without users is over as it begins', () => {
  expect(circle({ users: 0, thinkMs: 0, totalMs: 1000, tookMs: 0 })).toEqual({ setOuts: [], over: [-50] });
});
