/**
 * Goal: the table of a journey counts each step once, in the one phase in which it began and ended, and says of every text that an
 * expectation asks for how many steps showed it, none included.
 */
import { describe, expect, test } from 'vitest';
import { passingRun } from '../../../fixtures/recordings/index.ts';
import { inOrder, NEVER_SHOWN, shoppingRun, STALE_NOTICE } from '../../../fixtures/recordings/shopping.ts';
import type { StepTaken } from '../../../harness/model/event.ts';
import type { JudgedRun } from '../../../harness/report/contract.ts';
import { digestRun } from '../../../harness/report/html/digest.ts';
import type { JourneyCell, JourneyView } from '../../../harness/report/html/payload.ts';

function journeyOf(run: JudgedRun): JourneyView {
  const [journey] = digestRun(run).detail.journeys;
  if (journey === undefined) throw new Error('the run has no journey');
  return journey;
}

function cell(journey: JourneyView, step: string | null, phase: string): JourneyCell {
  const found = journey.rows.find((row) => row.step === step)?.cells[journey.phases.indexOf(phase)];
  if (found === undefined) throw new Error(`no ${step} in ${phase}`);
  return found;
}

const steps = (run: JudgedRun): readonly StepTaken[] => run.recording.events.filter((event) => event.kind === 'step');

/** The run with these steps in place of its own; times in milliseconds since the fault was acknowledged. */
function withSteps(sketches: readonly (Partial<StepTaken> & { readonly fromMs: number; readonly toMs: number })[]): JudgedRun {
  const run = shoppingRun();
  const { events } = run.recording;
  const zeroUs = events.find((event) => event.kind === 'fault' && event.step === 'acknowledged')?.atUs ?? 0;
  const [model] = steps(run);
  if (model === undefined) throw new Error('no step to take as a model');
  const own = sketches.map(({ fromMs, toMs, ...rest }) => ({
    ...model,
    startedUs: zeroUs + fromMs * 1000,
    atUs: zeroUs + toMs * 1000,
    ...rest,
  }));
  const others = events.filter(({ kind }) => kind !== 'step' && kind !== 'screenshot');
  return { ...run, recording: { ...run.recording, events: inOrder([...others, ...own]) } };
}

describe('a journey in the report', () => {
  test('is not there where no journey was', () => {
    expect(digestRun(passingRun()).detail.journeys).toEqual([]);
  });

  test('has its steps in their order, and the phases in theirs', () => {
    const journey = journeyOf(shoppingRun());
    expect(journey.rows.map(({ step }) => step)).toEqual([null, 'open', 'price', 'order']);
    expect(journey.phases).toEqual(['baseline', 'fault', 'recovery', 'across']);
  });

  test('counts each step of the judged phases once', () => {
    const run = shoppingRun();
    const journey = journeyOf(run);
    const warm = steps(run).filter(({ startedUs }) => startedUs < 3_200_000 + 2_000_000).length;
    const counted = journey.rows.slice(1).flatMap(({ cells }) => cells.map(({ runs }) => runs));
    expect(counted.reduce((sum, runs) => sum + runs, 0)).toBe(steps(run).length - warm);
  });

  test('keeps apart what began in one phase and ended in another', () => {
    const journey = journeyOf(
      withSteps([
        { fromMs: -900, toMs: -800 },
        { fromMs: -300, toMs: 700 },
        { fromMs: 100, toMs: 400 },
      ]),
    );
    expect(journey.phases.map((phase) => [phase, cell(journey, 'open', phase).p50Ms])).toEqual([
      ['baseline', 100],
      ['fault', 300],
      ['recovery', null],
      ['across', 1000],
    ]);
  });

  test('keeps what began after the last phase apart from it, and what only ended then within it', () => {
    const endMs = digestRun(shoppingRun()).detail.phases.at(-1)?.toMs ?? 0;
    const journey = journeyOf(
      withSteps([
        { fromMs: endMs - 100, toMs: endMs + 300 },
        { fromMs: endMs + 10, toMs: endMs + 60 },
      ]),
    );
    expect(['recovery', 'drain'].map((phase) => cell(journey, 'open', phase).p50Ms)).toEqual([400, 50]);
    expect(journey.phases).not.toContain('across');
  });

  test('takes the nearest ranks: of twenty lengths the tenth and the nineteenth', () => {
    const journey = journeyOf(withSteps(Array.from({ length: 20 }, (_, index) => ({ fromMs: 100, toMs: 100 + (index + 1) * 10 }))));
    expect(cell(journey, 'open', 'fault')).toMatchObject({ runs: 20, p50Ms: 100, p95Ms: 190 });
  });

  test('tells ok from failed, and what was cut off from both', () => {
    const outcomes = ['ok', 'failed', 'timeout', 'crashed', 'aborted'] as const;
    const journey = journeyOf(withSteps(outcomes.map((outcome) => ({ fromMs: 100, toMs: 200, outcome }))));
    expect(cell(journey, 'open', 'fault')).toMatchObject({ runs: 5, ok: 1, failed: 3 });
    expect([journey.failuresTotal, journey.failures.map(({ outcome }) => outcome)]).toEqual([3, ['failed', 'timeout', 'crashed']]);
  });

  test('says how often each wanted text was there, and that one never was', () => {
    const journey = journeyOf(shoppingRun());
    const shown = (phase: string): Readonly<Record<string, number>> =>
      Object.fromEntries(cell(journey, 'price', phase).shows.map(({ text, count }) => [text, count]));
    expect(shown('baseline')).toEqual({ [STALE_NOTICE]: 0, [NEVER_SHOWN]: 0 });
    expect(shown('fault')).toEqual({ [STALE_NOTICE]: cell(journey, 'price', 'fault').runs, [NEVER_SHOWN]: 0 });
  });

  test('counts blank pages and what went wrong behind them; vitals that nobody told stay unknown', () => {
    const journey = journeyOf(shoppingRun());
    expect(cell(journey, 'open', 'fault')).toMatchObject({ blank: 1, consoleErrors: 1, inpMs: null });
    expect(cell(journey, 'open', 'baseline')).toMatchObject({ blank: 0, consoleErrors: 0 });
    const vitals = [100, 200, 300, 400].map((lcpMs) => ({ fromMs: 100, toMs: 200, vitals: { lcpMs, inpMs: null, cls: 0 } }));
    expect(cell(journeyOf(withSteps(vitals)), 'open', 'fault')).toMatchObject({ lcpMs: 300, inpMs: null, cls: 0 });
  });

  test('each failed step names its moment, its reason and its picture', () => {
    const run = shoppingRun();
    const { pictures } = digestRun(run).detail;
    const { failures } = journeyOf(run);
    expect(failures.length).toBeGreaterThan(4);
    for (const { atMs, request, step, reason, picture } of failures) {
      const taken = pictures.find(({ id }) => id === picture);
      expect([taken?.request, taken?.subject]).toEqual([request, step]);
      expect((taken?.atMs ?? 0) - atMs).toBeCloseTo(4, 1);
      expect(reason).toContain('Order confirmed');
    }
  });

  test('users stand in the phase in which they were due; one that was never sent is neither ok nor failed', () => {
    const run = shoppingRun();
    const requests = run.recording.requests.map((row) =>
      row.name === 'buying' && row.intendedUs > 20_000_000 ? { ...row, startedUs: null, outcome: 'shed' as const } : row,
    );
    const recovery = cell(journeyOf({ ...run, recording: { ...run.recording, requests } }), null, 'recovery');
    expect(recovery.runs - recovery.ok - recovery.failed).toBeGreaterThan(5);
  });
});

test('a journey’s length is no latency of a request: it has a group of its own', () => {
  const { arrivals, samples } = digestRun(shoppingRun()).detail;
  const [all] = arrivals;
  expect(arrivals.map(({ name }) => name)).toEqual(['', 'quote', 'stock', 'order', 'buying']);
  expect(all?.total).toBe(shoppingRun().recording.requests.length - 28);
  expect(samples.requests.filter(({ reason, name }) => reason === 'slowest' && name === 'buying')).toEqual([]);
});
