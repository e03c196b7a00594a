import { describe, expect, it } from 'vitest';
import { analyze } from '../../../harness/analysis/analyze.ts';
import { servedAgainUs } from '../../../harness/analysis/checks/served-again.ts';
import { evidenceOf } from '../../../harness/analysis/evidence.ts';
import type { Finding } from '../../../harness/model/finding.ts';
import { explain } from '../../../harness/verdict/explain.ts';
import { recordingOf, steadily, type RecordingSketch } from '../../recordings.ts';

/** Samples of the proxy's clock at the run's start and end: offset and uncertainty, in milliseconds. */
function clock(...samples: readonly (readonly [offsetMs: number, uncertaintyMs: number])[]): Pick<RecordingSketch, 'events'> {
  return {
    events: samples.map(([offsetMs, uncertaintyMs], index) => ({
      atMs: index * 18_000,
      kind: 'clock',
      source: 'proxy',
      offsetUs: offsetMs * 1000,
      uncertaintyUs: uncertaintyMs * 1000,
    })),
  };
}

const ONE_CLOCK = clock([0.3, 0.5], [-0.2, 0.4]);
const FAR_CLOCK = clock([5000, 300], [5000, 300]);

describe('the uncertainty between the proxy’s clock and the run’s', () => {
  it.each<[string, RecordingSketch['events'], number]>([
    ['nothing was sampled', [], 0],
    ['every sample leaves room for no offset', ONE_CLOCK.events, 0],
    ['one clock ahead, steadily: what each sample leaves open', FAR_CLOCK.events, 300],
    ['clocks that drift apart: that as well', clock([5000, 2], [5040, 3]).events, 43],
    ['a clock that was one and is no more', clock([0.1, 0.5], [80, 1]).events, 81],
    ['samples too coarse to tell one clock from two', clock([100, 150], [0, 150]).events, 250],
  ])('%s', (_, events = [], expectedMs) => {
    expect(evidenceOf(recordingOf({ events })).clockUncertaintyUs).toBe(expectedMs * 1000);
  });
});

function judge(expectation: { readonly check: string } & Record<string, unknown>, sketch: RecordingSketch): Finding {
  const finding = analyze(recordingOf({ ...sketch, expectations: [expectation] }), [expectation]).find(({ guard }) => !guard);
  if (finding === undefined) throw new Error('nothing was found');
  return finding;
}

describe('conclusions from both clocks', () => {
  /** Quotes of a price that the source last gave at 4 s, served until 7.9 s: 3.9 s old at most. */
  const stale: RecordingSketch = {
    requests: [
      ...steadily(0, 4000, 20, { observed: { value: 5, version: 'a' } }),
      ...steadily(4000, 7900, 20, { outcome: 'degraded', observed: { value: 5, version: 'a' } } as const),
      ...steadily(8000, 18_000, 20, { observed: { value: 5, version: 'a' } }),
    ],
    exchanges: [
      ...steadily(0, 4000, 20, { observed: { value: 5, version: 'a' } }),
      ...steadily(4000, 8000, 100, { status: 503, fault: 'storm' }),
      ...steadily(8000, 18_000, 20, { observed: { value: 5, version: 'a' } }),
    ],
  };
  const fallback = (stalenessMaxMs: number) => ({ check: 'fallback', request: 'quote', of: 'storm', stalenessMaxMs, endsWithinMs: 5000 });

  it('a staleness limit that the clocks cannot tell from the age is neither met nor missed', () => {
    expect(judge(fallback(4000), { ...stale, ...FAR_CLOCK })).toMatchObject({
      verdict: 'inconclusive',
      explanation: { code: 'fallback-unclear' },
    });
    expect(judge(fallback(3700), { ...stale, ...FAR_CLOCK })).toMatchObject({ verdict: 'inconclusive' });
    expect(judge(fallback(4300), { ...stale, ...FAR_CLOCK }).verdict).toBe('pass');
    expect(judge(fallback(3400), { ...stale, ...FAR_CLOCK })).toMatchObject({ verdict: 'fail', explanation: { code: 'fallback-stale' } });
    const { sentence } = explain(judge(fallback(4000), { ...stale, ...FAR_CLOCK }));
    expect(sentence).toMatch(
      /^Cannot tell: the oldest .* two clocks that are known to each other to 300 ms, too close to the 4 s allowed\.$/,
    );
  });

  it('with one clock the same limits are met and missed as they always were', () => {
    for (const events of [{}, ONE_CLOCK]) {
      expect(judge(fallback(4000), { ...stale, ...events }).verdict).toBe('pass');
      expect(judge(fallback(3700), { ...stale, ...events }).verdict).toBe('fail');
    }
  });

  it('a source that seems to have given a value just after it was served may have given it before', () => {
    const newer = { value: 6, version: 'b' };
    const early: RecordingSketch = {
      requests: [...(stale.requests ?? []), { atMs: 4500, outcome: 'degraded', observed: newer }],
      exchanges: [...(stale.exchanges ?? []), { atMs: 4700, observed: newer }],
    };
    expect(judge(fallback(4300), early).explanation.code).toBe('fallback-unreal');
    expect(judge(fallback(4300), { ...early, ...FAR_CLOCK }).verdict).toBe('pass');
  });

  it('recovery is printed no finer than the clocks are known', () => {
    const recovery = { check: 'recovery', of: 'storm', withinMs: 600, availability: 0.99, p95Ms: 250, holdForMs: 3000 };
    const requests = [
      ...steadily(0, 4000, 20),
      ...steadily(4000, 8500, 20, { outcome: 'http-error' } as const),
      ...steadily(8500, 18_000, 20),
    ];
    const one = judge(recovery, { requests, ...ONE_CLOCK });
    const far = judge(recovery, { requests, ...FAR_CLOCK });
    expect([one.verdict, one.resolutionMs, far.resolutionMs]).toEqual(['pass', 250, 550]);
    expect(judge({ ...recovery, withinMs: 450 }, { requests, ...FAR_CLOCK }).verdict).toBe('inconclusive');
  });

  it('a failing call at the edge of a fault’s window is no proof of its bite', () => {
    const sketch: RecordingSketch = {
      faults: [{ bite: 'window', services: ['payments'] }],
      requests: steadily(0, 18_000, 20),
      exchanges: [{ atMs: 4050, tookMs: 100, outcome: 'refused' }],
    };
    const felt = (events: Pick<RecordingSketch, 'events'>): string | undefined =>
      analyze(recordingOf({ ...sketch, ...events }), []).find(({ check }) => check === 'fault-was-felt')?.verdict;
    expect([felt(ONE_CLOCK), felt({}), felt(FAR_CLOCK)]).toEqual(['pass', 'pass', 'invalid']);
  });

  it('a call that may have begun before the withdrawal is not the first good one after it, and ends no fallback', () => {
    const exchanges = [{ atMs: 4100, fault: 'storm' }, { atMs: 8100 }, { atMs: 8400 }];
    const objective = { fault: 'storm', availability: 0.99, p95Ms: 250, holdMs: 1000 };
    const sketch: RecordingSketch = { requests: steadily(0, 18_000, 20), exchanges };
    const firstGoodMs = (events: Pick<RecordingSketch, 'events'>): number =>
      (evidenceOf(recordingOf({ ...sketch, ...events }))
        .recovery(objective)
        .moments.find(({ moment }) => moment === 't4')?.atUs ?? 0) / 1000;
    expect([firstGoodMs(ONE_CLOCK), firstGoodMs(FAR_CLOCK)]).toEqual([8105, 8405]);
    const served = (events: Pick<RecordingSketch, 'events'>): number =>
      servedAgainUs(evidenceOf(recordingOf({ ...sketch, ...events })), {
        source: 'orders->payments',
        withdrawnUs: 8_000_000,
        deadlineUs: 18_000_000,
      }) / 1000;
    expect([served(ONE_CLOCK), served(FAR_CLOCK)]).toEqual([9105, 9705]);
  });

  it('a call at the edge of a breaker’s state or of a claim to be ready belongs to it possibly, not surely', () => {
    const breakers = {
      'orders.payments': [
        [0, 'closed'],
        [4500, 'open'],
        [6000, 'half-open'],
        [7000, 'closed'],
      ],
    } as const;
    const trials = { check: 'trialCalls', breaker: 'orders.payments', max: 1 };
    const exchanges = [{ atMs: 4100, fault: 'storm' }, { atMs: 6100 }, { atMs: 6500 }];
    const requests = steadily(0, 18_000, 20);
    expect(judge(trials, { breakers, exchanges, requests }).verdict).toBe('fail');
    expect(judge(trials, { breakers, exchanges, requests, ...FAR_CLOCK }).verdict).toBe('inconclusive');
    const ready = [9000, 9500, 10_000].map(
      (atMs) => ({ atMs, kind: 'readiness', service: 'payments', ready: true, answeredUs: (atMs + 5) * 1000, status: 200 }) as const,
    );
    const truth = (events: Pick<RecordingSketch, 'events'>, atMs: number): string =>
      judge(
        { check: 'readinessTruth', service: 'payments' },
        { requests, exchanges: [{ atMs: 9600 }, { atMs, status: 500 }], events: [...ready, ...(events.events ?? [])] },
      ).verdict;
    expect([truth(ONE_CLOCK, 9100), truth(FAR_CLOCK, 9100), truth(FAR_CLOCK, 9500)]).toEqual(['fail', 'pass', 'fail']);
  });

  it('one clock, sampled or not, changes no finding', () => {
    const sketches: readonly RecordingSketch[] = [stale, { requests: steadily(0, 18_000, 20) }, { exchanges: [] }];
    for (const sketch of sketches) {
      const found = (events: Pick<RecordingSketch, 'events'>): readonly Partial<Finding>[] =>
        analyze(recordingOf({ ...sketch, ...events }), [fallback(4000)]).map((finding) => ({ ...finding, evidence: [] }));
      // The samples are events themselves, and counted as such.
      const counted = (findings: readonly Partial<Finding>[]) => findings.filter(({ check }) => check !== 'recording-is-whole');
      expect(counted(found(ONE_CLOCK))).toEqual(counted(found({})));
    }
  });
});

describe('an edge that nothing ever passed', () => {
  const look = (sketch: RecordingSketch): Finding | undefined =>
    analyze(recordingOf({ requests: steadily(0, 18_000, 20), ...sketch }), []).find(({ check }) => check === 'fault-was-felt');

  it('is said to be by-passed, with the variable that nobody reads', () => {
    const finding = look({ exchanges: [{ atMs: 4100, edge: 'orders->inventory' }] });
    expect(finding).toMatchObject({ verdict: 'invalid', explanation: { code: 'edge-bypassed' } });
    expect(finding && explain(finding).sentence).toBe(
      'Invalid: fault never felt: no call passed orders->payments in the whole run (does orders read PAYMENTS_URL?).',
    );
  });

  it('is named beside others of the fault', () => {
    const finding = look({ faults: [{ edges: ['orders->payments', 'orders->inventory'] }], exchanges: [] });
    expect(finding && explain(finding).sentence).toContain('does orders read PAYMENTS_URL? does orders read INVENTORY_URL?');
  });

  it('is not, where calls passed at other times, where no load ran, or where the fault was felt on another edge', () => {
    expect(look({ exchanges: [{ atMs: 900 }] })?.explanation.code).toBe('fault-never-felt');
    expect(look({ exchanges: [], requests: [] })?.explanation.code).toBe('fault-never-felt');
    const faults = [{ edges: ['orders->payments', 'orders->inventory'] }];
    expect(look({ faults, exchanges: [{ atMs: 4100, fault: 'storm' }] })?.verdict).toBe('pass');
  });
});
