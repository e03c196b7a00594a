import { describe, expect, it } from 'vitest';
import { evidenceOf, type RecoveryObjective } from '../../../harness/analysis/evidence.ts';
import type { RecoveryMoment } from '../../../harness/model/finding.ts';
import { recordingOf, steadily, type RecordingSketch } from '../../recordings.ts';

const objective: RecoveryObjective = { fault: 'storm', availability: 0.99, p95Ms: 100, holdMs: 2000 };

/** 50 arrivals a second; the storm is in force 4–8 s, users are served again from 9.5 s on. */
const healthy = steadily(0, 4000, 20);
const failing = steadily(4000, 9500, 20, { outcome: 'http-error' } as const);
const wellAgain = steadily(9500, 18_000, 20);

function timelineOf(sketch: RecordingSketch, changed: Partial<RecoveryObjective> = {}) {
  const timeline = evidenceOf(recordingOf(sketch)).recovery({ ...objective, ...changed });
  const moment = (name: RecoveryMoment) => {
    const found = timeline.moments.find((candidate) => candidate.moment === name);
    if (found === undefined) throw new Error(`no moment ${name}`);
    return found.state === 'seen' && found.atUs !== null ? found.atUs / 1000 : found.state;
  };
  return { timeline, moment };
}

describe('an outage that ends', () => {
  const { timeline, moment } = timelineOf({
    requests: [...healthy, ...failing, ...wellAgain],
    faults: [{ acknowledgedLateMs: 5, withdrawnLateMs: 10 }],
    breakers: {
      'orders.payments': [
        [0, 'closed'],
        [4500, 'open'],
        [8500, 'half-open'],
        [8600, 'open'],
        [9400, 'half-open'],
        [9480, 'closed'],
      ],
    },
    exchanges: [
      { atMs: 4100, fault: 'storm', status: 503 },
      { atMs: 7000, status: 200 },
      { atMs: 8020, fault: 'storm', touch: 'latency', status: 200 },
      { atMs: 8500, status: 502 },
      { atMs: 9400, tookMs: 70 },
    ],
  });

  it('has every moment at the event that proves it', () => {
    expect([moment('t0'), moment('t1'), moment('t3'), moment('t4'), moment('t5')]).toEqual([4005, 4020, 8010, 9470, 9480]);
  });

  it('is recovered at the first window that meets the objective, within one bucket of the truth', () => {
    expect(timeline.bucketUs).toBe(250_000);
    expect(moment('t6')).toBe(9510);
    expect(timeline.recoveryMs).toBe(1500);
    expect(moment('t8')).toBe(11_510);
  });

  it('was contained only when users were served again', () => {
    expect(moment('t2')).toBeGreaterThanOrEqual(9500);
    expect(moment('t2')).toBeLessThan(9750);
  });

  it('cites rows for each moment that was seen', () => {
    for (const { state, evidence } of timeline.moments) if (state === 'seen') expect(evidence.flatMap(({ ids }) => ids)).not.toEqual([]);
    expect(timeline.moments[6]?.evidence).toMatchObject([{ table: 'windows', fromUs: 9_510_000, toUs: 9_760_000 }, { table: 'requests' }]);
  });
});

describe('what counts as recovered', () => {
  it('does not: degraded answers contain, they do not recover', () => {
    const fallback = steadily(4000, 18_000, 20, { outcome: 'degraded' } as const);
    const { timeline, moment } = timelineOf({ requests: [...healthy, ...fallback] });
    expect(moment('t2')).toBe(moment('t1'));
    expect(moment('t6')).toBe('censored');
    expect(timeline.recoveryMs).toBeNull();
  });

  it('does not: ok answers that are slower than the objective', () => {
    const slow = steadily(4000, 18_000, 20, { tookMs: 101 });
    expect(timelineOf({ requests: [...healthy, ...slow] }).moment('t6')).toBe('censored');
    expect(timelineOf({ requests: [...healthy, ...slow] }, { p95Ms: 101 }).moment('t6')).toBe(8000);
  });

  it('does not: a good window that a relapse follows before the hold is over', () => {
    const relapsed = [
      ...steadily(9500, 11_000, 20),
      ...steadily(11_000, 12_000, 20, { outcome: 'timeout' } as const),
      ...steadily(12_000, 18_000, 20),
    ];
    expect(timelineOf({ requests: [...healthy, ...failing, ...relapsed] }).moment('t6')).toBe(12_000);
    expect(timelineOf({ requests: [...healthy, ...failing, ...relapsed] }, { holdMs: 1000 }).moment('t6')).toBe(9500);
  });

  it('does not: a relapse of two windows, even if the objective would grant as many bad answers', () => {
    const lenient = { availability: 0.5 };
    const relapse = (untilMs: number) =>
      wellAgain.map((row) => (row.atMs >= 10_500 && row.atMs < untilMs ? { ...row, outcome: 'timeout' as const } : row));
    expect(timelineOf({ requests: [...healthy, ...failing, ...relapse(10_750)] }, lenient).moment('t6')).toBe(9500);
    expect(timelineOf({ requests: [...healthy, ...failing, ...relapse(11_000)] }, lenient).moment('t6')).toBe(11_000);
  });

  it('does: a stray failure within what the objective grants', () => {
    const stray = wellAgain.map((row) => (row.atMs === 10_500 ? { ...row, outcome: 'timeout' as const } : row));
    expect(timelineOf({ requests: [...healthy, ...failing, ...stray] }).moment('t6')).toBe(9500);
    expect(timelineOf({ requests: [...healthy, ...failing, ...stray] }, { availability: 0.995 }).moment('t6')).toBeGreaterThan(10_500);
  });

  it('does not: windows with too few arrivals, which prove nothing', () => {
    const sparse = [...steadily(8000, 12_000, 20, { outcome: 'timeout' } as const), ...steadily(12_000, 18_000, 200)];
    expect(
      timelineOf({ requests: [...healthy, ...steadily(4000, 8000, 20, { outcome: 'timeout' } as const), ...sparse] }).moment('t6'),
    ).toBe('censored');
  });

  it('does not: silence', () => {
    const { timeline, moment } = timelineOf({ requests: [...healthy, ...steadily(4000, 8000, 20)] });
    expect(moment('t6')).toBe('censored');
    expect(timeline.recoveryMs).toBeNull();
  });

  it('is censored when the hold ends after the horizon', () => {
    const late = [...steadily(4000, 16_250, 20, { outcome: 'timeout' } as const), ...steadily(16_250, 18_000, 20)];
    expect(timelineOf({ requests: [...healthy, ...late] }).moment('t6')).toBe('censored');
    expect(timelineOf({ requests: [...healthy, ...late] }, { holdMs: 1500 }).moment('t6')).toBe(16_250);
  });

  it('looks at one kind of request when the objective names it', () => {
    const stock = steadily(4010, 18_000, 20, { name: 'stock' });
    const sketch = { requests: [...healthy, ...failing, ...wellAgain, ...stock] };
    expect(timelineOf(sketch, { request: 'stock' }).moment('t6')).toBe(8000);
    expect(timelineOf(sketch, { request: 'stock' }).moment('t1')).toBe('not-applicable');
    expect(timelineOf(sketch, { request: 'quote' }).moment('t6')).toBe(9500);
  });
});

describe('faults that were not seen through', () => {
  it('censor everything after a withdrawal that nobody saw', () => {
    const { moment } = timelineOf({ requests: [...healthy, ...failing, ...wellAgain], faults: [{ withdrawnLateMs: null }] });
    expect([moment('t3'), moment('t4'), moment('t5'), moment('t6'), moment('t7'), moment('t8')]).toEqual(Array(6).fill('censored'));
    expect(moment('t1')).toBe(4000);
  });

  it('censor everything for a fault that was never acknowledged, or is not in the plan', () => {
    for (const timeline of [
      timelineOf({ requests: healthy, faults: [{ acknowledgedLateMs: null }] }).timeline,
      timelineOf({ requests: healthy }, { fault: 'other' }).timeline,
    ]) {
      expect(timeline.moments.map(({ state }) => state)).toEqual(Array(9).fill('censored'));
    }
  });

  it('count from the last occurrence of a repeated fault', () => {
    const { moment } = timelineOf({
      requests: [...healthy, ...failing, ...wellAgain],
      faults: [
        {
          windows: [
            [4000, 5000],
            [6000, 7000],
          ],
        },
      ],
    });
    expect([moment('t0'), moment('t3')]).toEqual([4000, 7000]);
  });
});

describe('breakers on the way back (t5)', () => {
  const requests = [...healthy, ...failing, ...wellAgain];

  it('do not apply where none opened', () => {
    expect(timelineOf({ requests }).moment('t5')).toBe('not-applicable');
    expect(timelineOf({ requests, faults: [{ edges: ['orders->inventory'] }] }).moment('t5')).toBe('not-applicable');
  });

  it('are censored when one never closed again', () => {
    expect(
      timelineOf({
        requests,
        breakers: {
          'orders.payments': [
            [0, 'closed'],
            [4500, 'open'],
          ],
        },
      }).moment('t5'),
    ).toBe('censored');
  });

  it('count from the withdrawal when it closed before that', () => {
    expect(
      timelineOf({
        requests,
        breakers: {
          'orders.payments': [
            [0, 'closed'],
            [4500, 'open'],
            [7000, 'half-open'],
            [7100, 'closed'],
          ],
        },
      }).moment('t5'),
    ).toBe(8000);
  });
});

describe('what the disturbance left behind (t7)', () => {
  it('is the last retry of an arrival from before t6', () => {
    const { moment } = timelineOf({
      requests: [...healthy, ...failing.map((row, place) => ({ ...row, trace: 5000 + place })), ...wellAgain],
      exchanges: [
        { atMs: 9000, trace: 5250, status: 503 },
        { atMs: 9600, tookMs: 30, trace: 5250 },
        { atMs: 9700, trace: 5251 },
      ],
    });
    expect(moment('t7')).toBe(9630);
  });

  it('is the last late answer of an arrival from before t6', () => {
    const hung = [...failing, { atMs: 7990, tookMs: 4000, outcome: 'timeout' as const }];
    expect(timelineOf({ requests: [...healthy, ...hung, ...wellAgain] }).moment('t7')).toBe(11_990);
  });

  it('does not apply where nothing ended late', () => {
    expect(timelineOf({ requests: [...healthy, ...failing, ...wellAgain] }).moment('t7')).toBe('not-applicable');
  });
});
