import { expect, it } from 'vitest';
import { evidenceOf } from '../../../../harness/analysis/evidence.ts';
import { loadWasOffered } from '../../../../harness/analysis/guards/load-was-offered.ts';
import type { Finding } from '../../../../harness/model/finding.ts';
import type { Recording } from '../../../../harness/model/recording.ts';
import { explain } from '../../../../harness/verdict/explain.ts';
import { recordingOf, steadily, type RecordingSketch, type RequestSketch } from '../../../recordings.ts';

const SCRIPT = { kind: 'k6-script', file: 'load/checkout.js', requests: [], env: {} } as const;
const SHED = { lagMs: null, outcome: 'shed' } as const;

/** 50 arrivals a second throughout. */
const requests = steadily(0, 18_000, 20);

function found(recording: Recording): Finding {
  const [finding] = loadWasOffered.evaluate(evidenceOf(recording));
  if (finding === undefined) throw new Error('the guard found nothing');
  return finding;
}

function look(sketch: RecordingSketch): { readonly said: string; readonly first: Finding } {
  const first = found(recordingOf({ requests, ...sketch }));
  return { said: `${first.verdict} ${first.explanation.code}`, first };
}

/** Every so many arrivals between two moments become this. */
function spoiled(every: number, sketch: Partial<RequestSketch>, fromMs = 4000, toMs = 8000): RecordingSketch {
  return {
    requests: requests.map((row, place) => (row.atMs >= fromMs && row.atMs < toMs && place % every === 0 ? { ...row, ...sketch } : row)),
  };
}

it('doubts the times of a phase that lacked some of its arrivals, and of no other, and says how many', () => {
  const { said, first } = look(spoiled(50, SHED));
  expect(said).toBe('inconclusive load-partly-offered');
  expect(first).toMatchObject({ noiseMs: 18_000, noiseIn: { fault: 18_000 }, measured: { value: 0.98, unit: 'ratio' } });
  expect(first.noiseIn).not.toHaveProperty('recovery');
  expect(first.explanation.values).toMatchObject({ phase: 'fault', phaseScheduled: 200, phaseOffered: 196, shed: 4 });
  expect(explain(first).sentence).toBe(
    'Not all of the load was offered: of 200 requests due in the fault phase, 196 were sent and waited for (4 shed, 0 given up by the harness). These count as failed, and no time of that phase is sure.',
  );
  expect(first.evidence[0]?.ids).toHaveLength(4);
  expect(look(spoiled(50, { outcome: 'aborted' })).said).toBe('inconclusive load-partly-offered');
  expect(look(spoiled(10, SHED, 4000, 18_000)).first.noiseIn).toEqual({ fault: 18_000, recovery: 18_000 });
});

it('bears as many missing arrivals as the limit grants, and those of the warmup', () => {
  expect(look(spoiled(100, SHED)).said).toBe('pass load-offered');
  expect(look(spoiled(2, SHED, 0, 1000)).said).toBe('pass load-offered');
});

it('is invalid where the load was not offered to a system that was well', () => {
  const { said, first } = look(spoiled(50, SHED, 1000, 4000));
  expect(said).toBe('invalid load-not-offered');
  expect(first.explanation.values).toMatchObject({ phase: 'baseline', phaseScheduled: 150, phaseOffered: 147 });
  // Whatever else was lacking: this is the reason.
  expect(
    look({ requests: [...(spoiled(50, SHED, 1000, 4000).requests ?? []).slice(0, 200), ...(spoiled(5, SHED).requests ?? []).slice(200)] })
      .first.explanation.values,
  ).toMatchObject({
    phase: 'baseline',
  });
});

it('is invalid where most of a phase was missing', () => {
  expect(look(spoiled(2, SHED)).said).toBe('inconclusive load-partly-offered');
  const twoOfThree = { requests: requests.map((row, place) => (row.atMs >= 8000 && place % 3 > 0 ? { ...row, ...SHED } : row)) };
  expect(look(twoOfThree).said).toBe('invalid load-not-offered');
  expect(look(twoOfThree).first.explanation.values).toMatchObject({ phase: 'recovery' });
});

it('counts a request that the system let wait for ever as offered', () => {
  expect(look(spoiled(2, { outcome: 'timeout' })).said).toBe('pass load-offered');
});

it('is invalid when arrivals have no outcome or two', () => {
  const recording = recordingOf({ requests });
  const [row] = recording.requests;
  const judged = (changed: typeof recording.requests): string => found({ ...recording, requests: changed }).explanation.code;
  expect(judged(recording.requests)).toBe('load-offered');
  expect(judged(recording.requests.slice(1))).toBe('arrivals-unaccounted');
  expect(judged(row === undefined ? [] : [row, ...recording.requests.slice(0, -1)])).toBe('arrivals-unaccounted');
});

it('takes what a script began or dropped for what was to be sent, and demands some of it in every judged phase', () => {
  const script = (rows: NonNullable<RecordingSketch['requests']>) => look({ plan: { load: SCRIPT }, requests: rows });
  expect(script(requests).said).toBe('pass load-offered');
  expect(script(spoiled(20, SHED).requests ?? []).said).toBe('inconclusive load-partly-offered');
  expect(script(spoiled(20, SHED, 0, 18_000).requests ?? []).said).toBe('invalid load-not-offered');
  const { said, first } = script(steadily(0, 8000, 20));
  expect(said).toBe('invalid script-silent');
  expect(first.explanation.values).toMatchObject({ phase: 'recovery' });
});

it('is invalid when nothing was scheduled or the load never started', () => {
  expect(look({ requests: [] }).said).toBe('invalid arrivals-unaccounted');
  expect(look({ loadStartedMs: null }).said).toBe('invalid load-never-started');
});
