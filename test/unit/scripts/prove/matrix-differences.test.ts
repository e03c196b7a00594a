// Goal: a difference between environments is explained only by what the recordings say, and said to be unexplained otherwise.
import { describe, expect, test } from 'vitest';
import { facts } from './case-facts.ts';
import { differencesOf } from '../../../../scripts/prove/matrix-differences.ts';

const recovery = (ms: number | null) => facts({ times: [{ what: 'recovery storm', ms, resolutionMs: 250 }] });

describe('a recovery time', () => {
  test('that differs by no more than its resolution is no difference', () => {
    expect(differencesOf(recovery(500), recovery(750))).toEqual([]);
  });

  test('that differs by more without anything to explain it is unexplained', () => {
    expect(differencesOf(recovery(500), recovery(1500))).toEqual([{ what: 'recovery storm', changeMs: 1000, because: null }]);
  });

  test('that never came on one side is unexplained, whatever the machine added', () => {
    const noisy = { sentinelP99Ms: 10_000 };
    expect(differencesOf({ ...recovery(500), ...noisy }, { ...recovery(null), ...noisy })).toEqual([
      { what: 'recovery storm', changeMs: null, because: null },
    ]);
    expect(differencesOf(recovery(null), recovery(null))).toEqual([]);
  });

  test('that the other side did not measure at all is unexplained', () => {
    expect(differencesOf(recovery(500), facts({}))).toEqual([{ what: 'recovery storm', changeMs: null, because: null }]);
  });

  test('that waited for the breaker is explained by when it tried again', () => {
    const waiting = (ms: number, closedByAfterMs: number) => ({ ...recovery(ms), tries: { b: { everyMs: 1000, closedByAfterMs } } });
    const [difference] = differencesOf(waiting(250, 200), waiting(1000, 900));
    expect(difference?.because).toBe(
      "the try of b that closed it came 900 ms after the fault's end, against 200 ms after the fault's end (it tries every 1 s)",
    );
    // Half-open since 700 ms before the end: the first call after it closed it.
    expect(differencesOf(waiting(0, -700), waiting(900, 900))[0]?.because).toContain(
      "against 700 ms before the fault's end, and waited for it",
    );
    // The tries came at the same moment: they explain nothing.
    expect(differencesOf(waiting(250, 200), waiting(2000, 210))[0]?.because).toBeNull();
    // Two tries more are no chance, unless what they call took so much longer to be there.
    const [before, after] = [waiting(250, 200), waiting(3250, 3200)];
    expect(differencesOf(before, after)[0]?.because).toBeNull();
    expect(differencesOf({ ...before, readyAfterMs: 100 }, { ...after, readyAfterMs: 2600 })[0]?.because).toContain(
      'it could be called 2.6 s after it, against 100 ms',
    );
  });

  test('that the machine may have added is explained by the sentinel', () => {
    const [difference] = differencesOf(recovery(500), { ...recovery(900), sentinelP99Ms: 200 });
    expect(difference?.because).toContain('the machine added up to 615 ms');
  });
});

describe('the time until a breaker opened', () => {
  const opens = (ms: number, calls: number) =>
    facts({ times: [{ what: 'opens b', ms, resolutionMs: 0, calls }], callEveryMs: { b: 40 }, sentinelP99Ms: 1 });

  test('is explained by the calls that it took', () => {
    expect(differencesOf(opens(980, 24), opens(1060, 26))[0]?.because).toBe('it opened at call 26, against 24; calls came every 40 ms');
  });

  test('is unexplained where the calls were the same and it took much longer', () => {
    expect(differencesOf(opens(980, 24), opens(1500, 24))[0]?.because).toBeNull();
  });
});
