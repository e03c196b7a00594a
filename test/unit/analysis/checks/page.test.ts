import { describe, expect, test } from 'vitest';
import { page, pageCheck } from '../../../../harness/analysis/checks/page.ts';
import type { StepTaken } from '../../../../harness/model/event.ts';
import type { Plan } from '../../../../harness/model/plan.ts';
import { explain } from '../../../../harness/verdict/explain.ts';
import { recordingOf, type RecordingSketch, type RequestSketch } from '../../../recordings.ts';
import { code, judged } from './judged.ts';

const NOTICE = 'may be out of date';

interface StepSketch extends Partial<Pick<StepTaken, 'journey' | 'request' | 'step' | 'outcome' | 'shows' | 'isBlank' | 'reason'>> {
  readonly fromMs: number;
  /** @default 100 ms later */
  readonly toMs?: number;
}

/** Storm at 4–8 s, timeline until 18 s. */
function recorded(steps: readonly StepSketch[], more: RecordingSketch = {}): RecordingSketch {
  const events = steps.map(({ fromMs, toMs = fromMs + 100, ...step }, place) => ({
    kind: 'step' as const,
    atMs: toMs,
    journey: 'buying',
    request: place,
    step: 'price',
    place: 0,
    startedUs: fromMs * 1000,
    outcome: 'ok' as const,
    shows: [],
    isBlank: false,
    consoleErrors: 0,
    failedRequests: 0,
    vitals: { lcpMs: null, inpMs: null, cls: null },
    ...step,
  }));
  return { ...more, events: [...events, ...(more.events ?? [])] };
}

const shown = (fromMs: number, more: Partial<StepSketch> = {}): StepSketch => ({ fromMs, shows: [NOTICE], ...more });
const bare = (fromMs: number, more: Partial<StepSketch> = {}): StepSketch => ({ fromMs, ...more });
const journeyRow = (atMs: number, outcome: RequestSketch['outcome']): RequestSketch => ({
  atMs,
  name: 'buying',
  ...(outcome === undefined ? {} : { outcome }),
});

const notice = page({ journey: 'buying', step: 'price', during: 'storm', after: '1s', shows: NOTICE });

describe('shows', () => {
  test('holds when every step in the fault showed the text, and says so', () => {
    const finding = judged(notice, recorded([shown(5000), shown(6000), shown(7000), bare(3000), bare(9000)]));
    expect(code(finding)).toBe('pass page');
    expect(finding.subject).toBe('buying/price');
    expect(finding.measured).toEqual({ value: 1, unit: 'ratio' });
    expect(explain(finding).sentence).toBe(
      "In 3 of 3 steps 'price' of buying during storm users had a page that shows 'may be out of date'.",
    );
    expect(explain(finding).declared).toBe(
      "page({ journey: 'buying', step: 'price', during: 'storm', after: '1s', shows: 'may be out of date' })",
    );
  });

  test('one step without the text breaks it, with the row that proves it', () => {
    const steps = [bare(2000), shown(5000), bare(6500), shown(7000)];
    const finding = judged(notice, recorded(steps));
    expect(code(finding)).toBe('fail page-broken');
    const { events } = recordingOf(recorded(steps));
    const proof = events.find((event) => event.kind === 'step' && event.startedUs === 6_500_000);
    expect(finding.evidence).toEqual([{ table: 'events', ids: [proof?.id] }]);
    // The machine would have had to hold the fault up from 5 s, when steps begin to count, to 6.5 s.
    expect(finding.timingMarginMs).toBe(1500);
    expect(explain(finding).sentence).toBe(
      "Only in 2 of 3 steps 'price' of buying during storm users had a page that shows 'may be out of date'; all were expected: 1 did not show 'may be out of date', the first 6.6 s after the load began.",
    );
  });

  test('a step that took longer than any in the baseline may have been held up by the machine', () => {
    const margin = (toMs: number, before: readonly StepSketch[] = [bare(2000, { toMs: 2200 })]): number | undefined =>
      judged(notice, recorded([...before, shown(5000), bare(6500, { toMs })])).timingMarginMs;
    expect(margin(6700)).toBe(1500);
    expect(margin(6701)).toBe(0);
    expect(margin(6600, [])).toBe(0);
    expect(margin(6600, [bare(2000, { toMs: 3900, outcome: 'timeout' })])).toBe(0);
    expect(margin(6600, [bare(3950, { toMs: 4150 })])).toBe(0);
    expect(margin(6600, [bare(900, { toMs: 1100 })])).toBe(0);
  });

  test('steps of another name or journey, and texts that are alike, count for nothing', () => {
    const others = [bare(6000, { step: 'order' }), bare(6000, { journey: 'selling' })];
    expect(code(judged(notice, recorded([shown(5000), ...others])))).toBe('pass page');
    expect(code(judged(notice, recorded([shown(5000, { shows: [`${NOTICE}!`] })])))).toBe('fail page-broken');
  });

  test('a step that failed counts against it whatever the page showed, and a slow machine may be to blame', () => {
    const finding = judged(notice, recorded([shown(5000), shown(6000, { outcome: 'timeout', reason: 'Timeout 5000ms exceeded.' })]));
    expect(code(finding)).toBe('fail page-broken');
    expect(finding.timingMarginMs).toBe(0);
    expect(explain(finding).sentence).toContain('1 failed, the first 6.1 s after the load began: Timeout 5000ms exceeded.');
  });

  test('with a least share, as many may break it as that leaves', () => {
    const most = page({ journey: 'buying', during: 'storm', shows: NOTICE, min: 0.75 });
    expect(code(judged(most, recorded([shown(4000), shown(5000), shown(6000), bare(7000)])))).toBe('pass page');
    const finding = judged(most, recorded([bare(2000), shown(4000), shown(5000), bare(6000), bare(7000)]));
    expect(code(finding)).toBe('fail page-broken');
    // To excuse one of the two is enough: the earlier one, two seconds into the fault.
    expect(finding.timingMarginMs).toBe(2000);
  });
});

describe('what lies in the time that counts', () => {
  const judgedAt = (step: StepSketch, more?: RecordingSketch): string => code(judged(notice, recorded([step], more)));

  test('a step counts from its begin after the fault came into force, and if it ended before its withdrawal was asked for', () => {
    expect(judgedAt(bare(4999))).toBe('inconclusive too-few');
    expect(judgedAt(bare(5000))).toBe('fail page-broken');
    expect(judgedAt(bare(7899, { toMs: 8000 }))).toBe('fail page-broken');
    expect(judgedAt(bare(7900, { toMs: 8001 }))).toBe('inconclusive too-few');
    expect(judgedAt(bare(8000))).toBe('inconclusive too-few');
  });

  test('a step that began in time and failed later counts; what the harness broke off does not', () => {
    expect(judgedAt(bare(7900, { toMs: 13_000, outcome: 'timeout' }))).toBe('fail page-broken');
    expect(judgedAt(bare(8000, { outcome: 'timeout' }))).toBe('inconclusive too-few');
    expect(judgedAt(bare(7900, { outcome: 'aborted' }))).toBe('inconclusive too-few');
  });

  test('what a page shows while the fault is being withdrawn may be either', () => {
    expect(judgedAt(bare(7900, { toMs: 8300 }), { faults: [{ withdrawnLateMs: 500 }] })).toBe('inconclusive too-few');
  });

  test('the moment is that of the acknowledgement, of each occurrence', () => {
    expect(judgedAt(bare(5200), { faults: [{ acknowledgedLateMs: 300 }] })).toBe('inconclusive too-few');
    expect(judgedAt(bare(5300), { faults: [{ acknowledgedLateMs: 300 }] })).toBe('fail page-broken');
    const twice = {
      faults: [
        {
          windows: [
            [4000, 6000],
            [7000, 9000],
          ],
        },
      ],
    } as const;
    expect(judgedAt(bare(6500), twice)).toBe('inconclusive too-few');
    expect(judgedAt(bare(8100), twice)).toBe('fail page-broken');
    expect(judgedAt(bare(7500), twice)).toBe('inconclusive too-few');
  });

  test('a fault that never came into force, and a run without a step, tell nothing', () => {
    expect(judgedAt(bare(6000), { faults: [{ acknowledgedLateMs: null }] })).toBe('inconclusive fault-not-in-force');
    expect(code(judged(notice, recorded([])))).toBe('inconclusive too-few');
  });

  test('a phase counts by the plan, and without any time all from the baseline on', () => {
    const after = page({ journey: 'buying', during: 'recovery', after: '2s', showsNot: NOTICE });
    expect(code(judged(after, recorded([shown(9900), bare(10_000)])))).toBe('pass page');
    expect(code(judged(after, recorded([shown(10_000)])))).toBe('fail page-broken');
    const always = page({ journey: 'buying', showsNot: NOTICE });
    expect(code(judged(always, recorded([shown(999), bare(1000)])))).toBe('pass page');
    expect(code(judged(always, recorded([shown(1000)])))).toBe('fail page-broken');
    expect(judged(always, recorded([bare(1000)])).subject).toBe('buying');
  });
});

describe('journeys that never came to the step', () => {
  const judgedWith = (requests: readonly RequestSketch[], steps: readonly StepSketch[] = [], expectation = notice): string =>
    code(judged(expectation, recorded(steps, { requests })));

  test('one that set out in time and failed counts against it', () => {
    const finding = judged(notice, recorded([shown(5500, { request: 9 })], { requests: [journeyRow(6000, 'refused')] }));
    expect(code(finding)).toBe('fail page-broken');
    expect(finding.evidence).toEqual([{ table: 'requests', ids: [0] }]);
    expect(explain(finding).sentence).toContain('1 journey failed before');
    expect(judgedWith([journeyRow(6000, 'timeout')], [{ fromMs: 6000, request: 0, step: 'open', outcome: 'timeout' }])).toBe(
      'fail page-broken',
    );
  });

  test('one that took the step and failed later, went well, set out at another time, or was never let in does not', () => {
    expect(judgedWith([journeyRow(6000, 'wrong')], [shown(6000, { request: 0 }), bare(6200, { request: 0, step: 'order' })])).toBe(
      'pass page',
    );
    for (const row of [journeyRow(6000, 'ok'), journeyRow(3000, 'refused'), journeyRow(6000, 'shed'), journeyRow(6000, 'aborted')]) {
      expect(judgedWith([row])).toBe('inconclusive too-few');
    }
  });
});

describe('neverBlank', () => {
  const never = page({ journey: 'buying', neverBlank: true });

  test('a blank page breaks it, also where the step itself went well, and no delay explains that', () => {
    expect(code(judged(never, recorded([bare(2000), bare(6000)])))).toBe('pass page');
    const finding = judged(never, recorded([bare(2000), bare(6000, { isBlank: true })]));
    expect(code(finding)).toBe('fail page-broken');
    expect(finding.timingMarginMs).toBeUndefined();
  });

  test('a page that stayed blank until the user gave up may have been slow, by that much', () => {
    const finding = judged(never, recorded([bare(6000, { toMs: 11_000, outcome: 'timeout', isBlank: true })]));
    expect(finding.timingMarginMs).toBe(5000);
    expect(explain(finding).sentence).toContain('1 ended on a blank page');
  });

  test('a step that failed on a page with something to see keeps it; a crashed page does not', () => {
    expect(code(judged(never, recorded([bare(6000, { outcome: 'timeout' })])))).toBe('pass page');
    const crashed = judged(never, recorded([bare(6000, { outcome: 'crashed' })]));
    expect(code(crashed)).toBe('fail page-broken');
    expect(crashed.timingMarginMs).toBe(0);
  });

  test('together with a text both must hold', () => {
    const both = page({ journey: 'buying', shows: NOTICE, neverBlank: true });
    expect(code(judged(both, recorded([shown(6000)])))).toBe('pass page');
    const finding = judged(both, recorded([shown(6000, { isBlank: true }), bare(7000)]));
    expect(finding.explanation.values).toMatchObject({ blank: 1, lacking: 1, kept: 0, steps: 2 });
  });
});

describe('what cannot be expected', () => {
  const withJourney = (more: RecordingSketch = {}): Plan => {
    const { load, schedule, ...plan } = recordingOf(more).run.plan;
    if (load.kind !== 'open') throw new Error('the load of a sketch is open');
    const journey = { name: 'buying', file: 'buying.journey.ts', export: 'default', ratePerSecond: 1, timeoutMs: 30_000 };
    return {
      ...plan,
      load: { ...load, journeys: [journey] },
      // One at 4.5 s, in the fault, and one at 12 s, in the recovery.
      schedule: { intendedUs: [...schedule.intendedUs, 4_500_000, 12_000_000], request: [...schedule.request, 2, 2] },
    };
  };
  const paths = (expectation: ReturnType<typeof page>): string[] =>
    pageCheck.problems(expectation, withJourney(), 'expect[0]').map(({ path }) => path);

  test('nothing, an empty text, a share of nothing', () => {
    expect(() => page({ journey: 'buying' })).toThrow("one of 'shows', 'showsNot' and 'neverBlank' must be given");
    expect(() => page({ journey: 'buying', neverBlank: false })).toThrow(TypeError);
    expect(() => page({ journey: 'buying', shows: ' \n' })).toThrow("'shows' must be a text that can be seen");
    expect(() => page({ journey: 'buying', step: '', shows: 'x' })).toThrow("'step' must be a text that can be seen");
    expect(() => page({ journey: 'buying', shows: 'x', min: 0 })).toThrow(RangeError);
    expect(() => page({ journey: 'buying', shows: 'x', after: -1 })).toThrow(RangeError);
  });

  test('a request without a page, a text that is to be seen and not, time that has passed', () => {
    expect(paths(page({ journey: 'buying', during: 'storm', shows: 'x' }))).toEqual([]);
    expect(paths(page({ journey: 'quote', shows: 'x' }))).toEqual(['expect[0].journey']);
    expect(paths(page({ journey: 'buying', shows: 'x', showsNot: 'x' }))).toEqual(['expect[0].showsNot']);
    expect(paths({ check: 'page', journey: 'buying' })).toEqual(['expect[0]']);
    expect(paths({ check: 'page', journey: 'buying', shows: 'x', of: 'storm', phase: 'fault' })).toEqual(['expect[0]']);
    expect(paths(page({ journey: 'buying', during: 'storm', after: '4s', shows: 'x' }))).toEqual(['expect[0].afterMs']);
    expect(paths(page({ journey: 'buying', during: 'recovery', after: '10s', shows: 'x' }))).toEqual(['expect[0].afterMs']);
    expect(paths(page({ journey: 'buying', after: '17s', shows: 'x' }))).toEqual(['expect[0].afterMs']);
  });

  test('users set out again and again, whatever the schedule has', () => {
    const plan = withJourney();
    if (plan.load.kind !== 'open') throw new Error('the load of a sketch is open');
    const journeys = [{ name: 'buying', file: 'buying.journey.ts', export: 'default', timeoutMs: 30_000, users: 1, thinkMs: 0 }];
    const byUsers = { ...plan, load: { ...plan.load, journeys }, schedule: { intendedUs: [], request: [] } };
    const found = (expectation: ReturnType<typeof page>) => pageCheck.problems(expectation, byUsers, 'expect[0]').map(({ path }) => path);
    expect(found(page({ journey: 'buying', during: 'storm', after: '3.9s', shows: 'x' }))).toEqual([]);
    expect(found(page({ journey: 'buying', during: 'storm', after: '4s', shows: 'x' }))).toEqual(['expect[0].afterMs']);
  });

  test('a time in which nobody sets out', () => {
    expect(paths(page({ journey: 'buying', during: 'storm', after: '500ms', shows: 'x' }))).toEqual([]);
    expect(paths(page({ journey: 'buying', during: 'storm', after: '501ms', shows: 'x' }))).toEqual(['expect[0].journey']);
    expect(paths(page({ journey: 'buying', during: 'baseline', shows: 'x' }))).toEqual(['expect[0].journey']);
    expect(paths(page({ journey: 'buying', during: 'recovery', shows: 'x' }))).toEqual([]);
  });
});
