import { describe, expect, it } from 'vitest';
import { evidenceOf } from '../../../../harness/analysis/evidence.ts';
import { guards } from '../../../../harness/analysis/guards/index.ts';
import type { Finding } from '../../../../harness/model/finding.ts';
import { SCRIPT_EXCEPTIONS, SCRIPT_EXCEPTIONS_MAX } from '../../../../harness/model/script.ts';
import { guardExplanations } from '../../../../harness/verdict/explain-guards.ts';
import { explain } from '../../../../harness/verdict/explain.ts';
import { recordingOf, steadily, type RecordingSketch } from '../../../recordings.ts';

const SCRIPT = { kind: 'k6-script', file: 'load/checkout.js', requests: [], env: {} } as const;
const exited = (atMs: number) => ({ atMs, kind: 'driver', driver: 'k6', instance: 'k6-1', what: 'exit', detail: 'exit code 0' }) as const;
const exceptions = (value: number) =>
  ({
    atMs: 18_000,
    kind: 'threshold',
    metric: SCRIPT_EXCEPTIONS,
    condition: `rate<=${SCRIPT_EXCEPTIONS_MAX}`,
    phase: 'fault',
    judgedBy: 'halfopen',
    isMet: value <= SCRIPT_EXCEPTIONS_MAX,
    value,
    samples: 200,
  }) as const;

/** A run in which everything was as it should be: 50 arrivals a second throughout. */
const requests = steadily(0, 18_000, 20);
const expectations = [{ check: 'opens', breaker: 'orders.payments' }];

/** The findings of one guard as `verdict code`, and the first of them whole. */
function look(guard: keyof typeof guards, sketch: RecordingSketch): { readonly said: readonly string[]; readonly first: Finding } {
  const findings: readonly Finding[] = guards[guard].evaluate(evidenceOf(recordingOf({ requests, expectations, ...sketch })));
  const [first] = findings;
  if (first === undefined) throw new Error(`${guard} found nothing`);
  return { said: findings.map(({ verdict, explanation }) => `${verdict} ${explanation.code}`), first };
}

it('all pass on a run in which everything was as it should be', () => {
  const evidence = evidenceOf(recordingOf({ requests, expectations }));
  const verdicts = Object.values(guards).flatMap((guard) => guard.evaluate(evidence).map(({ check, verdict }) => [check, verdict]));
  expect(verdicts).toEqual(Object.keys(guards).map((check) => [check, 'pass']));
});

it('none passes on a recording that is empty', () => {
  const evidence = evidenceOf(
    recordingOf({ loadStartedMs: null, exchanges: [], sentinel: [], breakers: {}, health: [], ended: null, expectations }),
  );
  for (const guard of Object.values(guards)) {
    const findings = guard.evaluate(evidence);
    expect(findings, guard.check).not.toEqual([]);
    for (const { verdict } of findings) expect(verdict, guard.check).not.toBe('pass');
  }
});

describe('fault-was-felt', () => {
  it('is invalid when no exchange was touched, and says of how many', () => {
    const { said, first } = look('fault-was-felt', { exchanges: steadily(4000, 5000, 100) });
    expect(said).toEqual(['invalid fault-never-felt']);
    expect(first.explanation.values).toMatchObject({ touched: 0, exchanges: 10 });
  });

  it('counts what the fault itself touched, on its own edges', () => {
    const exchanges = [{ atMs: 4100, fault: 'other' }, { atMs: 4200, fault: 'storm', edge: 'orders->inventory' }, { atMs: 4300 }];
    expect(look('fault-was-felt', { exchanges }).said).toEqual(['invalid fault-never-felt']);
    expect(look('fault-was-felt', { exchanges: [...exchanges, { atMs: 4400, fault: 'storm' }] }).first).toMatchObject({
      verdict: 'pass',
      measured: { value: 1 },
    });
  });

  it('judges each fault on its own', () => {
    const faults = [{}, { name: 'late', windows: [[5000, 6000] as const] }];
    expect(look('fault-was-felt', { faults, exchanges: [{ atMs: 4100, fault: 'storm' }] }).said).toEqual([
      'pass fault-felt',
      'invalid fault-never-felt',
    ]);
  });

  it('is invalid when an occurrence was never acknowledged or never withdrawn', () => {
    expect(look('fault-was-felt', { faults: [{ acknowledgedLateMs: null }] }).said).toEqual(['invalid fault-not-acknowledged']);
    expect(look('fault-was-felt', { faults: [{ withdrawnLateMs: null }] }).said).toEqual(['invalid fault-not-withdrawn-in-run']);
  });

  it('tells the bite of a process fault by failing exchanges while it was in force', () => {
    const faults = [{ bite: 'window', services: ['payments'] } as const];
    const failing = { outcome: 'refused' } as const;
    expect(
      look('fault-was-felt', { faults, exchanges: [{ atMs: 3900, ...failing }, { atMs: 5000 }, { atMs: 8100, ...failing }] }).said,
    ).toEqual(['invalid fault-never-felt']);
    expect(look('fault-was-felt', { faults, exchanges: [{ atMs: 5000, ...failing }] }).said).toEqual(['pass fault-felt']);
    expect(look('fault-was-felt', { faults, exchanges: [{ atMs: 3999, tookMs: 100, outcome: 'reset' }] }).said).toEqual([
      'pass fault-felt',
    ]);
    expect(look('fault-was-felt', { faults, exchanges: [{ atMs: 5000, status: 404 }] }).said).toEqual(['invalid fault-never-felt']);
  });

  it('tells the bite of a process fault by late answers where none failed, but not by the load’s own requests', () => {
    const faults = [{ bite: 'window', services: ['payments'] } as const];
    const before = steadily(1000, 4000, 20, { tookMs: 10 });
    const late = steadily(4000, 8000, 20, { tookMs: 900 });
    const { said, first } = look('fault-was-felt', { faults, exchanges: [...before, ...late] });
    expect(said).toEqual(['pass fault-felt']);
    expect(first.explanation.values).toMatchObject({ bite: 'slower', where: 'orders->payments', hurt: 200 });
    const asBefore = look('fault-was-felt', { faults, exchanges: [...before, ...steadily(4000, 8000, 20, { tookMs: 15 })] });
    expect(asBefore.said).toEqual(['invalid fault-never-felt']);
    expect(asBefore.first.explanation.values).toMatchObject({ bite: 'window', exchanges: 200 });
    expect(look('fault-was-felt', { faults, exchanges: [], requests: [...before, ...late] }).said).toEqual(['invalid edge-bypassed']);
  });

  it('says so when a fault took so long to take hold that little of its time was left', () => {
    const late = look('fault-was-felt', {
      faults: [{ bite: 'window', services: ['payments'], acknowledgedLateMs: 3999 }],
      exchanges: [{ atMs: 5000 }],
    });
    expect(explain(late.first).sentence).toBe(
      "Invalid: fault never felt: while 'storm' was in force, nothing passed orders->payments. It was in force for 1 ms of the 4 s planned, as it took the rest to take hold: let it last longer.",
    );
    expect(explain(look('fault-was-felt', { exchanges: [{ atMs: 5000 }] }).first).sentence).not.toContain('It was in force for');
  });

  it('tells the bite of a fault on a service that only calls others by what became of it: what it cannot send reaches no tap', () => {
    const faults = [{ bite: 'window', edges: ['gateway->orders'], services: ['gateway'] } as const];
    const exchanges = [{ atMs: 5000, edge: 'gateway->orders', outcome: 'reset' }] as const;
    expect(look('fault-was-felt', { faults, exchanges }).said).toEqual(['invalid fault-never-felt']);
    const events = [{ atMs: 4000, kind: 'service', service: 'gateway', state: 'disconnected' } as const];
    expect(look('fault-was-felt', { faults, exchanges, events }).said).toEqual(['pass fault-felt']);
  });

  it('tells the bite of a fault on a service without edges by its process', () => {
    const faults = [{ bite: 'window', edges: [], services: ['gateway'] } as const];
    expect(look('fault-was-felt', { faults, exchanges: [] }).said).toEqual(['invalid fault-never-felt']);
    const events = [{ atMs: 3995, kind: 'service', service: 'gateway', state: 'killed' } as const];
    expect(look('fault-was-felt', { faults, exchanges: [], events }).said).toEqual(['pass fault-felt']);
  });
});

describe('baseline-was-steady', () => {
  const withBaseline = (baseline: RecordingSketch['requests']): RecordingSketch => ({
    requests: [...(baseline ?? []), ...steadily(4000, 18_000, 20)],
  });

  it('is invalid when the system was not well', () => {
    const ill = steadily(1000, 4000, 20).map((row, place) => (place % 50 === 0 ? { ...row, outcome: 'degraded' as const } : row));
    const { said, first } = look('baseline-was-steady', withBaseline(ill));
    expect(said).toEqual(['invalid baseline-not-ok']);
    expect(first.explanation.values).toMatchObject({ notOk: 3, arrivals: 150, okRatio: 0.98 });
  });

  it('bears as many bad answers as the limit grants', () => {
    const nearly = steadily(1000, 4000, 20).map((row, place) => (place === 70 ? { ...row, outcome: 'timeout' as const } : row));
    expect(look('baseline-was-steady', withBaseline(nearly)).said).toEqual(['pass baseline-steady']);
  });

  it('is invalid when latency rose or fell between its halves', () => {
    const rising = [...steadily(1000, 2500, 20, { tookMs: 10 }), ...steadily(2500, 4000, 20, { tookMs: 90 })];
    const falling = [...steadily(1000, 2500, 20, { tookMs: 90 }), ...steadily(2500, 4000, 20, { tookMs: 10 })];
    expect(look('baseline-was-steady', withBaseline(rising)).said).toEqual(['invalid baseline-drifted']);
    expect(look('baseline-was-steady', withBaseline(falling)).said).toEqual(['invalid baseline-drifted']);
  });

  it('takes no difference for a drift that the machine alone may make', () => {
    const jittery = [...steadily(1000, 2500, 20, { tookMs: 1 }), ...steadily(2500, 4000, 20, { tookMs: 45 })];
    expect(look('baseline-was-steady', withBaseline(jittery)).said).toEqual(['pass baseline-steady']);
  });

  it('is invalid with too few arrivals to know', () => {
    expect(look('baseline-was-steady', withBaseline(steadily(1000, 4000, 200))).said).toEqual(['invalid baseline-too-few']);
  });
});

describe('probe-was-watching', () => {
  const silent = { atMs: 18_000, kind: 'probe', breaker: 'orders.payments', state: 'silent', detail: 'not one line' } as const;

  it('looks only at breakers that an expectation names', () => {
    expect(guards['probe-was-watching'].evaluate(evidenceOf(recordingOf({ requests, expectations: [], breakers: {} })))).toEqual([]);
  });

  it('is invalid when the probe never told a state', () => {
    const { said, first } = look('probe-was-watching', { breakers: {}, events: [silent] });
    expect(said).toEqual(['invalid probe-silent']);
    expect(first.explanation.values['detail']).toBe('not one line');
  });

  it('is invalid when the state was unknown in a part of the baseline', () => {
    expect(look('probe-was-watching', { breakers: { 'orders.payments': [[1500, 'closed']] } }).said).toEqual([
      'invalid probe-blind-in-baseline',
    ]);
    expect(look('probe-was-watching', { breakers: { 'orders.payments': [[900, 'closed']] } }).said).toEqual(['pass probe-watched']);
  });

  it('is invalid when the probe brought garbage, whatever else it brought', () => {
    const events = [{ atMs: 5000, kind: 'probe', breaker: 'orders.payments', state: 'garbage', detail: 'no state' } as const];
    expect(look('probe-was-watching', { events }).said).toEqual(['invalid probe-garbage']);
  });

  it('is invalid when the service died, unless a fault killed it', () => {
    const breakers = {
      'orders.payments': [
        [0, 'closed'],
        [5000, 'unknown'],
        [6000, 'closed'],
      ],
    } as const;
    expect(look('probe-was-watching', { breakers }).said).toEqual(['invalid probe-lost']);
    expect(look('probe-was-watching', { breakers, faults: [{ services: ['payments'] }] }).said).toEqual(['invalid probe-lost']);
    expect(look('probe-was-watching', { breakers, faults: [{ services: ['orders'] }] }).said).toEqual(['pass probe-watched']);
  });

  it('does not mind that services stop after the run', () => {
    expect(
      look('probe-was-watching', {
        breakers: {
          'orders.payments': [
            [0, 'closed'],
            [18_001, 'unknown'],
          ],
        },
      }).said,
    ).toEqual(['pass probe-watched']);
  });
});

describe('recording-is-whole', () => {
  it('is invalid when the run did not end by itself', () => {
    expect(look('recording-is-whole', { ended: null }).said).toEqual(['invalid recording-cut']);
    expect(look('recording-is-whole', { ended: 'interrupted' }).said).toEqual(['invalid run-interrupted']);
    expect(look('recording-is-whole', { ended: 'failed' }).said).toEqual(['invalid run-failed']);
  });

  it('is invalid when evidence was lost', () => {
    const lost = { atMs: 9000, kind: 'lost', what: 'exchanges', count: 3, limit: 100 } as const;
    expect(look('recording-is-whole', { events: [lost] }).said).toEqual(['invalid evidence-lost']);
    expect(look('recording-is-whole', { events: [{ ...lost, count: 0 }] }).said).toEqual(['pass recording-whole']);
  });
});

describe('timing guards', () => {
  it('measure the noise only when they fail', () => {
    for (const guard of ['driver-kept-schedule', 'harness-was-healthy', 'machine-was-quiet'] as const)
      expect(look(guard, {}).first).not.toHaveProperty('noiseMs');
  });

  it('driver-kept-schedule: doubts times by the p99 of the start lag in the worst phase', () => {
    const late = requests.map((row) => (row.atMs >= 8000 && row.atMs < 9000 ? { ...row, lagMs: 40 } : row));
    expect(look('driver-kept-schedule', { requests: late }).first).toMatchObject({
      verdict: 'inconclusive',
      noiseMs: 40,
      noiseIn: { baseline: 0, fault: 0, recovery: 40 },
      explanation: { values: { phase: 'recovery' } },
    });
    expect(look('driver-kept-schedule', { requests: late, guards: { startLagP99MsMax: 40 } }).said).toEqual(['pass driver-on-time']);
  });

  it('driver-kept-schedule: does not mind the warmup', () => {
    expect(
      look('driver-kept-schedule', { requests: requests.map((row) => (row.atMs < 1000 ? { ...row, lagMs: 400 } : row)) }).said,
    ).toEqual(['pass driver-on-time']);
  });

  it('harness-was-healthy: doubts times by the worst event-loop delay', () => {
    expect(
      look('harness-was-healthy', {
        health: [
          [2000, 5],
          [5000, 130],
          [6000, 110],
        ],
      }).first,
    ).toMatchObject({ verdict: 'inconclusive', noiseMs: 130 });
    expect(
      look('harness-was-healthy', {
        health: [
          [500, 400],
          [5000, 100],
        ],
      }).said,
    ).toEqual(['pass harness-healthy']);
  });

  it('machine-was-quiet: doubts times by the p99 of the sentinel, once for each hop', () => {
    const sentinel = steadily(0, 18_000, 100, { tookMs: 2 }).map((row) =>
      row.atMs >= 4000 && row.atMs < 4500 ? { ...row, tookMs: 30 } : row,
    );
    expect(look('machine-was-quiet', { sentinel }).first).toMatchObject({
      verdict: 'inconclusive',
      noiseMs: 90,
      noiseIn: { baseline: 6, fault: 90, recovery: 6 },
      explanation: { code: 'machine-loud', values: { phase: 'fault', p95Ms: 30, p99Ms: 30, hops: 3 } },
    });
    expect(look('machine-was-quiet', { sentinel, guards: { sentinelP95MsMax: 30 } }).said).toEqual(['pass machine-quiet']);
  });

  it('machine-was-quiet: work may have piled up for as large a share of a phase as that of the samples that waited for too long', () => {
    const from = (fromMs: number) =>
      steadily(0, 18_000, 100, { tookMs: 2 }).map((row) => (row.atMs >= fromMs && row.atMs < 8000 ? { ...row, tookMs: 16 } : row));
    const { first } = look('machine-was-quiet', { sentinel: from(7000) });
    expect(first).toMatchObject({ noiseMs: 48, backlogIn: { baseline: 0, fault: 1000, recovery: 0 } });
    expect(explain(first).sentence).toContain('(p99) at each of 3 hops; work may have piled up for 1 s of it.');
    expect(look('machine-was-quiet', { sentinel: from(4000) }).first.backlogIn?.fault).toBe(4000);
    // As quiet as it has to be: nothing is doubted.
    expect(look('machine-was-quiet', { sentinel: from(7900) }).first).not.toHaveProperty('backlogIn');
  });

  it('machine-was-quiet: knows nothing of a phase with too few samples or failing ones', () => {
    const gap = steadily(0, 18_000, 100, { tookMs: 1 }).filter(({ atMs }) => atMs < 4000 || atMs >= 7000);
    expect(look('machine-was-quiet', { sentinel: gap }).first).toMatchObject({
      verdict: 'inconclusive',
      noiseMs: 18_000,
      explanation: { code: 'sentinel-too-few' },
    });
    const failing = steadily(0, 18_000, 100, { tookMs: 1, outcome: 'refused' } as const);
    expect(look('machine-was-quiet', { sentinel: failing }).said).toEqual(['inconclusive sentinel-failed']);
  });
});

it('explains every code that a guard uses, without a hole in the sentence', () => {
  const hostile: readonly RecordingSketch[] = [
    {},
    { exchanges: [] },
    { exchanges: steadily(4000, 5000, 100) },
    { faults: [{ acknowledgedLateMs: null }] },
    { faults: [{ withdrawnLateMs: null }] },
    { faults: [{ edges: [], services: ['gateway'], bite: 'window' }] },
    { requests: [] },
    { requests: requests.map((row) => ({ ...row, outcome: 'timeout' as const, lagMs: 500 })) },
    { requests: requests.map((row) => ({ ...row, tookMs: row.atMs < 2500 ? 10 : 300 })) },
    { requests: requests.map((row) => ({ ...row, lagMs: null, outcome: 'shed' as const })) },
    {
      requests: requests.map((row, place) =>
        row.atMs >= 4000 && place % 5 === 0 ? { ...row, lagMs: null, outcome: 'shed' as const } : row,
      ),
    },
    { breakers: {} },
    { breakers: { 'orders.payments': [[1500, 'closed']] } },
    {
      breakers: {
        'orders.payments': [
          [0, 'closed'],
          [9000, 'unknown'],
        ],
      },
    },
    { events: [{ atMs: 5000, kind: 'probe', breaker: 'orders.payments', state: 'garbage' }] },
    { events: [{ atMs: 5000, kind: 'lost', what: 'exchanges', count: 2, limit: 10 }] },
    { ended: null },
    { ended: 'interrupted' },
    { ended: 'failed' },
    { health: [] },
    { health: [[5000, 500]] },
    { sentinel: [] },
    { sentinel: steadily(0, 18_000, 100, { tookMs: 60 }) },
    { sentinel: steadily(0, 18_000, 100, { outcome: 'timeout' } as const) },
    { loadStartedMs: null },
    { plan: { load: SCRIPT }, requests: steadily(0, 8000, 20) },
    { plan: { load: SCRIPT, driver: 'k6' }, events: [exited(15_000)] },
    { plan: { load: SCRIPT, driver: 'k6' }, events: [exceptions(0.05)] },
  ];
  const explained = new Set<string>();
  for (const sketch of hostile) {
    const evidence = evidenceOf(recordingOf({ requests, expectations, ...sketch }));
    for (const finding of Object.values(guards).flatMap((guard): readonly Finding[] => guard.evaluate(evidence))) {
      const { code, values } = finding.explanation;
      const words = guardExplanations[code]?.(values, finding);
      expect(words, code).toBeDefined();
      expect(Object.values(words ?? {}).join(' '), code).not.toMatch(/undefined|NaN|null|unknown \(|\(\)|Infinity/);
      expect(words?.sentence, code).toMatch(/^[A-Z0-9].*\.$/);
      explained.add(code);
    }
  }
  const neverSaid = Object.keys(guardExplanations).filter((code) => !explained.has(code));
  expect(neverSaid).toEqual(['check-crashed', 'check-unknown']);
});
