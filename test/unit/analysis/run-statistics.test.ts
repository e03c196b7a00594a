/** Goal: what a run hands to a gate is what its recording shows, no more: nothing of invalid runs, no number where there is too little to tell. */
import { describe, expect, it } from 'vitest';
import { censoredRun, failingRun, invalidRun, passingRun } from '../../../fixtures/recordings/index.ts';
import { analyze } from '../../../harness/analysis/analyze.ts';
import { availability } from '../../../harness/analysis/checks/availability.ts';
import { breaker } from '../../../harness/analysis/checks/breaker.ts';
import { recovery } from '../../../harness/analysis/checks/recovery.ts';
import { retries } from '../../../harness/analysis/checks/retries.ts';
import { runStatistics } from '../../../harness/analysis/run-statistics.ts';
import { isUsable, measurementName, measurementsOf, type RunStatistics } from '../../../harness/model/run-statistics.ts';
import type { Recording } from '../../../harness/model/recording.ts';
import { judge } from '../../../harness/verdict/judge.ts';
import { recordingOf, steadily, type RecordingSketch } from '../../recordings.ts';
import { going, LOOKING, withUsers } from './users-recording.ts';

const recovered = recovery({ of: 'storm', within: '5s', availability: 0.99, p95Ms: 100, holdFor: '2s' });

/** 50 arrivals a second; the storm is in force 4–8 s, users are served again from `againMs` on. */
function outage(againMs: number, sketch: Partial<RecordingSketch> = {}): RecordingSketch {
  return {
    requests: [
      ...steadily(0, 4000, 20),
      ...steadily(4000, againMs, 20, { outcome: 'http-error' } as const),
      ...steadily(againMs, 18_000, 20),
    ],
    breakers: {
      'orders.payments': [
        [0, 'closed'],
        [4500, 'open'],
        [9400, 'closed'],
      ],
    },
    expectations: [recovered],
    ...sketch,
  };
}

function statisticsOf(sketch: RecordingSketch): RunStatistics {
  return statisticsOfRecording(recordingOf(sketch));
}

function statisticsOfRecording(recording: Recording): RunStatistics {
  const statistics = runStatistics(recording, judge(analyze(recording, recording.run.plan.expectations)));
  if (!isUsable(statistics)) throw new Error(`unusable: ${statistics.unusable}`);
  return statistics;
}

function fault(statistics: RunStatistics, place = 0) {
  const found = statistics.metrics.faults[place];
  if (found === undefined) throw new Error('no fault');
  return found;
}

function phase(statistics: RunStatistics, name: string, request?: string) {
  const found = statistics.metrics.phases.find((entry) => entry.phase === name && entry.request === request);
  if (found === undefined) throw new Error(`no phase ${name}`);
  return found;
}

describe('times of a fault', () => {
  it('are those of the recovery timeline, each with its resolution', () => {
    const statistics = statisticsOf(outage(9500, { exchanges: [{ atMs: 4000, fault: 'storm', status: 503 }] }));
    expect(fault(statistics)).toEqual({
      fault: 'storm',
      servedAgain: { availability: 0.99, p95Ms: 100, holdForMs: 2000 },
      recovery: { value: 1500, resolutionMs: 250 },
      containment: { value: 5500, resolutionMs: 250 },
      readmission: { value: 1400, resolutionMs: 0 },
      drain: { value: 0, resolutionMs: 0 },
    });
  });

  it('are censored, not counted, where the run ended before', () => {
    // Of 10 s after the storm, the last 2 are needed to confirm a recovery.
    const { recovery: back, containment, drain } = fault(statisticsOf(outage(18_000)));
    expect([back, drain]).toMatchObject([{ censoredAtMs: 8000 }, { censoredAtMs: 8000 }]);
    expect(containment).toMatchObject({ censoredAtMs: 14_000 });
  });

  it('of breakers are censored, unknown, or as uncertain as the probe', () => {
    const after = (moves: NonNullable<RecordingSketch['breakers']>[string], sketch: Partial<RecordingSketch> = {}) =>
      fault(statisticsOf(outage(9500, { breakers: { 'orders.payments': moves }, ...sketch }))).readmission;
    expect(
      after([
        [0, 'closed'],
        [4500, 'open'],
      ]),
    ).toEqual({ censoredAtMs: 10_000, resolutionMs: 0 });
    expect(after([[0, 'closed']])).toEqual({ unknown: 'no breaker on an edge of storm left closed', resolutionMs: 0 });
    expect(
      after([[0, 'closed']], {
        faults: [{ edges: ['orders->inventory'] }],
        exchanges: [{ atMs: 4000, edge: 'orders->inventory', fault: 'storm' }],
      }),
    ).toMatchObject({
      unknown: 'no breaker is declared on an edge of storm',
    });
    expect(after([[0, 'unknown']], { plan: { unwatched: ['orders.payments'] } })).toMatchObject({
      unknown: 'nobody can watch the breaker orders.payments in embedded',
    });
  });

  it('are unknown where no recovery() says what they mean, breakers aside', () => {
    const {
      recovery: back,
      readmission,
      servedAgain,
    } = fault(statisticsOf(outage(9500, { expectations: [availability({ during: 'baseline', min: 0.9 })] })));
    expect(back).toMatchObject({ unknown: expect.stringContaining('no recovery() of storm') as string });
    expect(readmission).toMatchObject({ value: 1400 });
    expect(servedAgain).toBeUndefined();
  });

  it('are there for each recovery() of a fault', () => {
    const strict = recovery({ of: 'storm', within: '5s', availability: 0.99, p95Ms: 100, holdFor: '2s', request: 'stock' });
    const { metrics } = statisticsOf(outage(9500, { expectations: [recovered, strict] }));
    expect(metrics.faults.map(({ request }) => request)).toEqual([undefined, 'stock']);
    const names = measurementsOf({ metrics }).map(measurementName);
    expect(new Set(names).size).toBe(names.length);
    expect(names.filter((name) => name.startsWith('readmission'))).toEqual(['readmission after storm']);
  });

  it('are unknown where a loud machine may have decided them', () => {
    // 110 ms each after the storm: too slow by 10, while the sentinel lost 30.
    const slow = [
      ...steadily(0, 4000, 20),
      ...steadily(4000, 9000, 20, { outcome: 'http-error' } as const),
      ...steadily(9000, 18_000, 20, { tookMs: 110 }),
    ];
    const quiet = fault(statisticsOf(outage(0, { requests: slow })));
    expect(quiet.recovery).toMatchObject({ censoredAtMs: 8000 });
    const loud = statisticsOf(outage(0, { requests: slow, sentinel: steadily(0, 18_000, 100, { tookMs: 40 }) }));
    expect(loud.noiseMs.recovery).toBeGreaterThan(10);
    expect(fault(loud).recovery).toMatchObject({ unknown: expect.stringContaining('added up to') as string });
    // Errors are none of its doing.
    const failing = statisticsOf(outage(9500, { sentinel: steadily(0, 18_000, 100, { tookMs: 40 }) }));
    expect(fault(failing).recovery).toMatchObject({ value: 1500 });
  });
});

describe('traffic of a phase', () => {
  it('is told phase by phase, and never over several', () => {
    const statistics = statisticsOf(outage(9500));
    expect(
      statistics.metrics.phases
        .filter(({ request }) => request === undefined)
        .map((entry) => [entry.phase, entry.samples, entry.availability]),
    ).toEqual([
      ['baseline', 150, { value: 1 }],
      ['fault', 200, { value: 0 }],
      ['recovery', 500, { value: 0.85 }],
    ]);
    expect(phase(statistics, 'recovery').latency).toEqual([0.5, 0.9, 0.95, 0.99].map((quantile) => ({ quantile, value: 10 })));
  });

  it('is unknown, with the reason, where too few arrived', () => {
    const {
      availability: share,
      wrongAnswers,
      latency,
    } = phase(
      statisticsOf(
        outage(9500, {
          requests: [...steadily(0, 4000, 20), ...steadily(4000, 8000, 500, { outcome: 'wrong' } as const), ...steadily(8000, 18_000, 20)],
        }),
      ),
      'fault',
    );
    expect(share).toEqual({ unknown: '8 arrivals, and fewer than 20 say nothing' });
    expect(wrongAnswers).toEqual({ unknown: '8 arrivals, and fewer than 20 say nothing; 8 of them had a wrong answer' });
    expect(latency.every((entry) => 'unknown' in entry)).toBe(true);
    const sixty = phase(
      statisticsOf(outage(9500, { requests: [...steadily(0, 4000, 20), ...steadily(4000, 8000, 60), ...steadily(8000, 18_000, 20)] })),
      'fault',
    );
    expect(sixty.latency.map((entry) => 'value' in entry)).toEqual([true, true, true, false]);
  });

  it('has no wrong answers only where somebody looks for them', () => {
    const plain = statisticsOf(outage(9500));
    const request = { name: 'quote', method: 'GET', path: '/', weight: 1, headers: {}, timeoutMs: 1000 };
    const load = (template: object) => ({
      load: {
        kind: 'open',
        arrivals: { kind: 'constant', ratePerSecond: 50 },
        requests: [{ ...request, ...template }],
        values: {},
      } as const,
    });
    const blind = statisticsOf(outage(9500, { plan: load({}) }));
    const seeing = statisticsOf(outage(9500, { plan: load({ schema: {} }) }));
    expect(phase(blind, 'fault').wrongAnswers).toMatchObject({ unknown: expect.stringContaining('nobody looks') as string });
    expect(phase(seeing, 'fault').wrongAnswers).toEqual({ value: 0 });
    expect(plain.metrics.phases.some(({ request: name }) => name === 'quote')).toBe(true);
  });

  it('of a journey by users is unknown: who waits keeps others away', () => {
    const user = going(18_000, () => 100);
    const { phases } = statisticsOfRecording(withUsers([user, user], outage(9500))).metrics;
    const looking = phases.find(({ phase, request }) => phase === 'baseline' && request === LOOKING.name);
    expect(looking).toMatchObject({ availability: { unknown: expect.stringContaining('a journey with a rate') as string } });
    expect(looking?.latency.every((quantile) => 'unknown' in quantile)).toBe(true);
    expect(phases.find(({ phase, request }) => phase === 'baseline' && request === undefined)).toMatchObject({
      availability: { value: 1 },
    });
  });

  it('counts arrivals that were not sent as failed, and says so', () => {
    const rows = [...steadily(0, 4000, 20), ...steadily(4000, 9500, 20, { outcome: 'http-error' } as const), ...steadily(9500, 18_000, 20)];
    const unsent = rows.map((row) => (row.atMs === 12_000 ? { ...row, outcome: 'shed' as const } : row));
    expect(phase(statisticsOf(outage(9500, { requests: unsent })), 'recovery')).toMatchObject({
      samples: 500,
      unsent: 1,
      availability: { value: 0.848 },
    });
  });
});

describe('retries on an edge', () => {
  it('are attempts for each request that called while the fault was in force', () => {
    const exchanges = steadily(4000, 8000, 200, { fault: 'storm', status: 503 }).flatMap((call, index) => [
      { ...call, trace: index },
      { ...call, atMs: call.atMs + 50, trace: index },
    ]);
    const { metrics } = statisticsOf(outage(9500, { exchanges: [...exchanges, { atMs: 2000, trace: 99 }] }));
    expect(metrics.edges.find(({ edge }) => edge === 'orders->payments')).toEqual({
      edge: 'orders->payments',
      fault: 'storm',
      samples: 20,
      amplification: { value: 2 },
    });
    expect(metrics.edges.find(({ edge }) => edge === 'orders->inventory')?.amplification).toMatchObject({
      unknown: expect.stringContaining('0 requests') as string,
    });
  });

  it('are unknown where calls cannot be told from attempts, and absent without a tap', () => {
    const untraced = steadily(4000, 8000, 200, { fault: 'storm', status: 503, trace: '' });
    expect(
      statisticsOf(outage(9500, { exchanges: untraced })).metrics.edges.find(({ edge }) => edge === 'orders->payments')?.amplification,
    ).toMatchObject({
      unknown: '20 of 20 calls carry no trace id',
    });
  });
});

describe('what was exercised', () => {
  const exercised = (sketch: Partial<RecordingSketch>) => statisticsOf(outage(9500, sketch)).exercised;
  const at = { edge: 'orders->payments', kind: 'http-status', fault: 'storm' };
  const kindless = (sketch: Partial<RecordingSketch>) => exercised(sketch).map(({ edge, isAsserted }) => [edge, isAsserted]);

  it('is each edge on which a fault was felt, and only those', () => {
    const edges = ['orders->payments', 'orders->inventory'];
    expect(kindless({ faults: [{ edges }] })).toEqual([[at.edge, true]]);
  });

  it('is asserted by an expectation on the fault, the edge, its breaker, or a phase that it shapes', () => {
    for (const expectation of [
      recovered,
      breaker('orders.payments').visits(['closed', 'open', 'closed']),
      retries({ edge: 'orders->payments', amplificationMax: 5 }),
      availability({ during: 'recovery', min: 0.5 }),
    ]) {
      const calls = steadily(4000, 8000, 200, { fault: 'storm', status: 503 });
      expect([expectation.check, kindless({ expectations: [expectation], exchanges: calls })]).toEqual([
        expectation.check,
        [[at.edge, true]],
      ]);
    }
  });

  it('is not asserted by an expectation on something else, or by one that nobody could decide', () => {
    for (const expectation of [
      availability({ during: 'baseline', min: 0.5 }),
      retries({ edge: 'orders->inventory', amplificationMax: 5 }),
      // Five callers are needed, and one is there.
      retries({ edge: 'orders->payments', amplificationMax: 5 }),
    ]) {
      expect(kindless({ expectations: [expectation] })).toEqual([[at.edge, false]]);
    }
  });
});

describe('whole runs', () => {
  const statisticsOfRun = ({ recording, verdict }: ReturnType<typeof passingRun>) => runStatistics(recording, verdict);

  it('say nothing when they are invalid', () => {
    expect(statisticsOfRun(invalidRun())).toEqual({ unusable: 'The fault storm touched no exchange: nothing was tested.' });
  });

  it('carry what tells runs apart, and are the same for the same recording', () => {
    const statistics = statisticsOfRun(passingRun());
    expect(statistics).toMatchObject({
      schemaVersion: 1,
      scenario: { name: 'payments-outage', hash: 'a1b2c3d4', tags: ['@smoke'], system: 'shop' },
      seed: 8123,
      environment: 'embedded',
      driver: 'builtin',
      pace: 'full',
      fingerprint: { cores: 2, node: '24.21.0', halfopen: '0.1.0' },
      verdict: 'pass',
    });
    expect(JSON.stringify(statisticsOfRun(passingRun()))).toBe(JSON.stringify(statistics));
    expect(JSON.parse(JSON.stringify(statistics))).toEqual(statistics);
  });

  it('that failed count like all others: a slow recovery is a number, one that never came is censored', () => {
    const recoveryOf = (run: ReturnType<typeof passingRun>) => {
      const statistics = statisticsOfRun(run);
      return isUsable(statistics) ? statistics.metrics.faults[0]?.recovery : null;
    };
    const fast = recoveryOf(passingRun());
    const slow = recoveryOf(failingRun());
    expect(fast).toHaveProperty('value');
    expect(slow).toHaveProperty('value');
    expect((slow as { value: number }).value).toBeGreaterThan((fast as { value: number }).value + 5000);
    expect(recoveryOf(censoredRun())).toHaveProperty('censoredAtMs');
  });
});
