/**
 * Goal: without a tap a fault counts as felt only where a connection of the harness's own was well before it and met it during; a run whose
 * fault nobody can have felt is invalid, and what cannot be known keeps a run from passing without calling it broken.
 */
import { describe, expect, it } from 'vitest';
import { analyze } from '../../../../harness/analysis/analyze.ts';
import { guards } from '../../../../harness/analysis/guards/index.ts';
import type { CanarySent } from '../../../../harness/model/event.ts';
import type { Expectation } from '../../../../harness/model/scenario.ts';
import { explain } from '../../../../harness/verdict/explain.ts';
import { judge } from '../../../../harness/verdict/judge.ts';
import { recordingOf, steadily, type RecordingSketch } from '../../../recordings.ts';

const EDGE = 'orders->payments';

type Sketch = Partial<Pick<CanarySent, 'edge' | 'occurrence' | 'outcome' | 'durationMs'>>;

function canary(moment: CanarySent['moment'], isBitten: boolean | null, more: Sketch = {}) {
  const atMs = { before: 3500, during: 4200, after: 8200 }[moment];
  return {
    atMs,
    kind: 'canary',
    fault: 'storm',
    occurrence: 0,
    edge: EDGE,
    moment,
    outcome: 'answered',
    durationMs: 4,
    isBitten,
    ...more,
  } as const;
}

function recording(events: RecordingSketch['events'] = [], sketch: RecordingSketch = {}) {
  return recordingOf({
    requests: steadily(0, 18_000, 40),
    exchanges: [],
    events,
    ...sketch,
    plan: { environment: 'attach', powers: ['tcp'], unwatched: ['orders.payments'], ...sketch.plan },
  });
}

function felt(events: RecordingSketch['events'], sketch: RecordingSketch = {}) {
  const [finding] = analyze(recording(events, sketch), [], { guards: { felt: guards['fault-was-felt'] } });
  if (finding === undefined) throw new Error('the guard said nothing');
  return { ...finding, code: finding.explanation.code, sentence: explain(finding).sentence };
}

const well = canary('before', false);
const bitten = canary('during', true, { outcome: 'timeout', durationMs: 504 });
const spared = canary('during', false);
const mute = canary('during', null, { outcome: 'refused' });

describe('a fault on an edge without a tap', () => {
  it('was felt where a canary was well before it and met it', () => {
    const { verdict, code, sentence } = felt([well, bitten, canary('after', false)]);
    expect([verdict, code]).toEqual(['pass', 'canary-felt']);
    expect(sentence).toBe(
      "Fault 'storm' was felt by a connection of the harness's own on orders->payments: no answer within 504 ms; before it, an answer after 4 ms.",
    );
  });

  it('was felt although chance spared the first canary', () => expect(felt([well, spared, bitten]).verdict).toBe('pass'));

  it('was felt in its second occurrence only', () => {
    const second = { occurrence: 1 };
    const windows = [
      [4000, 5000],
      [6000, 8000],
    ] as const;
    const events = [well, spared, { ...well, ...second, atMs: 5500 }, { ...bitten, ...second, atMs: 6200 }];
    expect(felt(events, { faults: [{ windows }] }).verdict).toBe('pass');
  });

  it('says so when it still showed after its end', () => {
    expect(felt([well, bitten, canary('after', true, { outcome: 'timeout' })]).sentence).toContain('It still showed after');
  });

  it('was not felt where every canary was answered as before, and the run is invalid', () => {
    const { verdict, code, sentence } = felt([well, spared, spared]);
    expect([verdict, code]).toEqual(['invalid', 'canary-unfelt']);
    expect(sentence).toContain('2 connections of the harness');
  });

  it.each<[string, RecordingSketch['events'], string, string]>([
    ['no canary could be sent', [], 'none-sent', 'no connection'],
    ['it was not well before', [canary('before', null, { outcome: 'refused' }), bitten], 'unwell', 'already before it'],
    ['one of those before it was not well', [well, canary('before', null, { outcome: 'timeout' }), bitten], 'unwell', 'already before it'],
    ['none was home before it', [bitten], 'unwell', 'not answered in time (nothing)'],
    ['what was met does not tell', [well, mute], 'no-sign', 'a refused connection'],
    ['one was spared and the other does not tell', [well, spared, mute], 'no-sign', 'does not tell'],
    ['none flew while it was in force', [well], 'no-sign', 'does not tell (nothing'],
  ])('cannot be known where %s', (_, events, reason, words) => {
    const { verdict, code, sentence, explanation } = felt(events);
    expect([verdict, code, explanation.values['reason']]).toEqual(['inconclusive', 'canary-cannot-tell', reason]);
    expect(sentence).toContain(words);
    expect(sentence).toMatch(/^Cannot tell .*\.$/);
  });

  it('cannot be known where one of its edges was spared and nobody looked at the other', () => {
    const faults = [{ edges: [EDGE, 'orders->inventory'] }];
    expect(felt([well, spared], { faults }).verdict).toBe('inconclusive');
    const other = { edge: 'orders->inventory' };
    expect(felt([well, spared, { ...well, ...other }, { ...spared, ...other }], { faults }).verdict).toBe('invalid');
    expect(felt([well, spared, { ...well, ...other }, { ...bitten, ...other }], { faults }).verdict).toBe('pass');
  });

  it('ignores canaries of another fault', () => {
    expect(felt([well, { ...bitten, fault: 'other' }]).verdict).toBe('inconclusive');
  });

  it('is judged by canaries where there is no tap, whatever the plan says of its bite', () => {
    expect(felt([], { faults: [{ bite: 'window' }] }).code).toBe('canary-cannot-tell');
    expect(felt([], { faults: [{ bite: 'tap' }] }).code).toBe('canary-cannot-tell');
  });

  it('that never came into force is invalid all the same', () => {
    expect(felt([well, bitten], { faults: [{ acknowledgedLateMs: null }] }).code).toBe('fault-not-acknowledged');
  });
});

describe('a run without a tap', () => {
  const every = { 'recording-is-whole': 'pass', 'baseline-was-steady': 'pass', 'load-was-offered': 'pass' } as const;

  it('is told by each guard: what rests on taps and probes cannot be known, and nothing is invalid for that', () => {
    const expectations: Expectation[] = [{ check: 'staysClosed', breaker: 'orders.payments' }];
    const findings = analyze(recording([], { plan: { expectations } }), []);
    const verdicts = Object.fromEntries(findings.map(({ check, verdict }) => [check, verdict]));
    expect(Object.keys(verdicts).toSorted()).toEqual(Object.keys(guards).toSorted());
    expect(verdicts).toMatchObject({ ...every, 'fault-was-felt': 'inconclusive', 'probe-was-watching': 'inconclusive' });
    expect(Object.values(verdicts)).not.toContain('invalid');
  });

  const available = (min: number): Expectation => ({ check: 'availability', of: 'storm', min, countDegraded: false }) as Expectation;
  const harmed = {
    requests: [...steadily(0, 4000, 40), ...steadily(4000, 8000, 40, { outcome: 'http-error' as const }), ...steadily(8000, 18_000, 40)],
  };
  const verdictOf = (events: RecordingSketch['events'], sketch: RecordingSketch, min: number): string =>
    judge(analyze(recording(events, sketch), [available(min)])).verdict;

  it('passes, fails or cannot tell: a failure that users met stands although nobody knows whether the fault bit', () => {
    expect(verdictOf([well, bitten], {}, 0.99)).toBe('pass');
    expect(verdictOf([well, bitten], harmed, 0.99)).toBe('fail');
    expect(verdictOf([well, mute], {}, 0.99)).toBe('inconclusive');
    expect(verdictOf([well, mute], harmed, 0.99)).toBe('fail');
    expect(verdictOf([well, spared], harmed, 0.99)).toBe('invalid');
  });

  it('has no moment of a first good call on an edge', () => {
    const expectation = { check: 'recovery', of: 'storm', withinMs: 4000, availability: 0.99, p95Ms: 250, holdForMs: 2000 };
    const [finding] = analyze(recording([well, bitten]), [expectation], { guards: {} });
    expect(finding?.verdict).toBe('pass');
    expect(finding?.timeline?.moments.find(({ moment }) => moment === 't4')?.state).toBe('not-applicable');
  });
});

describe('a breaker that nobody can watch here', () => {
  const staysClosed: Expectation = { check: 'staysClosed', breaker: 'orders.payments' };

  it('is said, and keeps the run from passing without calling it invalid', () => {
    const run = recording([well, bitten], { breakers: {}, plan: { expectations: [staysClosed] } });
    const { verdict, findings } = judge(analyze(run, [staysClosed]));
    expect(verdict).toBe('inconclusive');
    const said = findings.find(({ check }) => check === 'probe-was-watching');
    expect(said?.sentence).toContain("its probe (stdout-events) cannot watch in the environment 'attach'");
  });

  it('is a silent probe, and invalid, where it could have been watched', () => {
    const run = recordingOf({ requests: steadily(0, 18_000, 40), breakers: {}, expectations: [staysClosed] });
    expect(judge(analyze(run, [staysClosed])).verdict).toBe('invalid');
  });
});
