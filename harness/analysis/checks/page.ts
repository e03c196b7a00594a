import { PHASES, type PhaseName } from '../../model/plan.ts';
import type { Problem } from '../../model/problem.ts';
import type { Expectation } from '../../model/scenario.ts';
import { show, type TextForm } from '../../model/shape.ts';
import { formatMs, milliseconds, type Duration } from '../../model/time.ts';
import { usersOf } from '../../model/users.ts';
import type { Evidence, Span } from '../evidence.ts';
import { share } from './arguments.ts';
import { duringOf } from './availability.ts';
import type { Check } from './contract.ts';
import { faultNotInForce, findingOf, rowsOf, tooFew, toMs, type Result } from './finding.ts';
import { judgeSteps, type PageSteps } from './page-steps.ts';
import { loadSpan, type PlanSoFar } from './timeline.ts';

/** What users see on the pages of a journey. */
export interface PageShows<F extends string = string, R extends string = string> extends Expectation<never, never, F, R, never> {
  readonly check: 'page';
  readonly journey: R;
  readonly step?: string;
  readonly of?: F;
  readonly phase?: PhaseName;
  readonly afterMs?: number;
  readonly shows?: string;
  readonly showsNot?: string;
  readonly neverBlank?: boolean;
  readonly min?: number;
}

/**
 * What users see in a real browser, at the end of each step of a journey: a text is visible, another one is not, the page is
 * never blank. A step counts if it began during the fault (its name) or the phase, and ended or failed there; in a fault, until
 * the harness asks for its withdrawal. For `shows` and `showsNot` a step that failed counts against the expectation, whatever
 * the page showed, and so does a journey that failed before it came to the step; for `neverBlank` only what was blank or
 * crashed, and a journey that failed before its first step. What the harness itself broke off or shed does not count; without any step
 * nothing can be told.
 *
 * @example
 * ```ts
 * import { page } from 'halfopen';
 * import assert from 'node:assert/strict';
 *
 * const notice = page({ journey: 'buying', step: 'price', during: 'storm', after: '1s', shows: 'may be out of date' });
 * assert.deepEqual([notice.journey, notice.of, notice.afterMs], ['buying', 'storm', 1000]);
 * assert.equal(page({ journey: 'buying', neverBlank: true }).neverBlank, true);
 * ```
 * @throws {TypeError} if nothing is asked for, or a text or the step's name is empty
 * @throws {RangeError} if `min` is not above 0 and at most 1, or `after` below 0
 * @throws {SyntaxError} if a text is no duration
 */
export function page<const R extends string, const D extends string = never>(options: {
  readonly journey: R;
  /** Only steps of this name count. @default all steps */
  readonly step?: string;
  /** @default the whole timeline from the baseline on */
  readonly during?: D;
  /** How long after the fault came into force, or the phase began, steps begin to count. @default '0s' */
  readonly after?: Duration;
  /** A text that is visible; white space counts as one space. */
  readonly shows?: string;
  /** A text that is not visible. */
  readonly showsNot?: string;
  /** Something is visible: a text, a picture, a control. @default false */
  readonly neverBlank?: boolean;
  /** Least share of steps for which all of it must hold. @default 1 */
  readonly min?: number;
}): PageShows<Exclude<NoInfer<D>, PhaseName>, R> {
  const { journey, during, after, shows, showsNot, neverBlank, step, min } = options;
  const what = `the pages of ${journey}`;
  if (shows === undefined && showsNot === undefined && neverBlank !== true) {
    throw new TypeError(
      `Cannot expect anything of ${what} as one of 'shows', 'showsNot' and 'neverBlank' must be given: current value is none`,
    );
  }
  for (const [name, text] of Object.entries({ step, shows, showsNot })) {
    if (text === undefined || SEEN.pattern.test(text)) continue;
    throw new TypeError(`Cannot expect anything of ${what} as '${name}' must be ${SEEN.words}: current value is ${show(text)}`);
  }
  const when = during === undefined ? {} : duringOf<D>(during);
  return {
    check: 'page',
    journey,
    ...(step === undefined ? {} : { step }),
    ...when,
    ...(after === undefined ? {} : { afterMs: milliseconds(after, 'after') }),
    ...(shows === undefined ? {} : { shows }),
    ...(showsNot === undefined ? {} : { showsNot }),
    ...(neverBlank === true ? { neverBlank: true } : {}),
    ...(min === undefined ? {} : { min: share(min, 'min', what) }),
  };
}

const SEEN: TextForm = { pattern: /\S/, words: 'a text that can be seen' };

export const pageCheck: Check<PageShows> = {
  kind: 'page',
  needs: [],
  schema: {
    journey: { type: 'request' },
    step: { type: 'string', form: SEEN, optional: true },
    of: { type: 'fault', optional: true },
    phase: { type: 'choice', of: PHASES, optional: true },
    afterMs: { type: 'number', min: 0, unit: 'ms', optional: true },
    shows: { type: 'string', form: SEEN, optional: true },
    showsNot: { type: 'string', form: SEEN, optional: true },
    neverBlank: { type: 'boolean', optional: true },
    min: { type: 'number', min: 0.0001, max: 1, optional: true },
  },
  describe: ({ journey, step, of, phase, min, ...looked }) => {
    const share = min === undefined ? 'each step' : `at least ${Number((min * 100).toFixed(2))} % of the steps`;
    const when = of === undefined && phase === undefined ? '' : ` during ${of ?? phase}`;
    return `in ${share}${step === undefined ? '' : ` '${step}'`} of ${journey} the page ${wanted(looked).join(' and ')}${when}`;
  },
  problems,
  evaluate(expectation, evidence) {
    const spans = spansOf(expectation, evidence);
    const result = spans === null ? faultNotInForce(expectation.of ?? '') : evaluate(expectation, evidence, spans);
    const { journey, step } = expectation;
    return findingOf(expectation, step === undefined ? journey : `${journey}/${step}`, {
      expected: { value: expectation.min ?? 1, unit: 'ratio' },
      ...result,
    });
  },
};

function wanted({ shows, showsNot, neverBlank }: Pick<PageShows, 'shows' | 'showsNot' | 'neverBlank'>): string[] {
  return [
    ...(shows === undefined ? [] : [`shows '${shows}'`]),
    ...(showsNot === undefined ? [] : [`does not show '${showsNot}'`]),
    ...(neverBlank === true ? ['is not blank'] : []),
  ];
}

function problems(expectation: PageShows, plan: PlanSoFar, path: string): readonly Problem[] {
  const { journey, of, phase, afterMs = 0, shows, showsNot, neverBlank } = expectation;
  const found: Problem[] = [];
  if (shows === undefined && showsNot === undefined && neverBlank !== true)
    found.push({ path, expected: "'shows', 'showsNot' or 'neverBlank'", found: 'none of them' });
  if (shows !== undefined && shows === showsNot)
    found.push({ path: `${path}.showsNot`, expected: "another text than 'shows'", found: show(showsNot) });
  if (of !== undefined && phase !== undefined) found.push({ path, expected: "either 'of' (a fault) or 'phase'", found: 'both' });
  const place = journeyPlace(plan, journey);
  if (place === null) {
    found.push({ path: `${path}.journey`, expected: 'a journey of the load', found: `'${journey}', which is a request without a page` });
    return found;
  }
  const windows = windowsOf(expectation, plan);
  const roomMs = Math.max(...windows.map(({ fromUs, toUs }) => toMs(toUs - fromUs)));
  if (afterMs >= roomMs) {
    const what = of === undefined ? (phase ?? 'the timeline') : of;
    found.push({ path: `${path}.afterMs`, expected: `less than ${formatMs(roomMs)} (${what} is over then)`, found: formatMs(afterMs) });
  } else if (
    !setsOutIn(
      windows.map((window) => startingLater(window, afterMs)),
      plan,
      place,
    )
  ) {
    found.push({
      path: `${path}.journey`,
      expected: 'a journey that somebody sets out on in the time that counts',
      found: `'${journey}', on which nobody does then`,
      hint: 'raise its rate or lengthen the fault',
    });
  }
  return found;
}

/** The journey's place in the schedule; null where the load has no such journey. */
function journeyPlace({ load }: PlanSoFar, name: string): number | null {
  const place = load.kind === 'open' ? (load.journeys ?? []).findIndex((journey) => journey.name === name) : -1;
  return place < 0 ? null : load.requests.length + place;
}

/** When it counts, as planned: in microseconds since the load's start. */
function windowsOf({ of, phase }: PageShows, plan: PlanSoFar): readonly Span[] {
  if (of !== undefined) return plan.faults.find(({ name }) => name === of)?.windows ?? [];
  const [first, last] = phase === undefined ? [plan.phases.find(({ name }) => name === 'baseline'), plan.phases.at(-1)] : [];
  if (first !== undefined && last !== undefined) return [{ fromUs: first.fromUs, toUs: last.toUs }];
  return plan.phases.filter(({ name }) => name === phase);
}

function setsOutIn(windows: readonly Span[], { load, schedule }: PlanSoFar, place: number): boolean {
  // Users go again and again: somebody sets out whenever there is time for it.
  if (usersOf(load).some(({ request }) => request === place)) return windows.some(({ fromUs, toUs }) => toUs > fromUs);
  return schedule.intendedUs.some(
    (atUs, ordinal) => schedule.request[ordinal] === place && windows.some(({ fromUs, toUs }) => atUs >= fromUs && atUs < toUs),
  );
}

function startingLater({ fromUs, toUs }: Span, afterMs: number): Span {
  return { fromUs: fromUs + afterMs * 1000, toUs };
}

/** When it counts, as it was; null where the fault never was in force. */
function spansOf({ of, phase, afterMs = 0 }: PageShows, evidence: Evidence): readonly Span[] | null {
  if (of !== undefined) {
    // What a page shows while a fault is being withdrawn may be either.
    const spans = evidence
      .occurrences(of)
      .flatMap(({ acknowledgedUs, withdrawRequestedUs, withdrawnUs }) =>
        acknowledgedUs === null ? [] : [{ fromUs: acknowledgedUs, toUs: withdrawRequestedUs ?? withdrawnUs ?? evidence.endUs }],
      );
    return spans.length === 0 ? null : spans.map((span) => startingLater(span, afterMs));
  }
  const whole = loadSpan(evidence);
  if (whole === null) return [];
  const baseline = evidence.phase('baseline');
  const span = phase === undefined ? { ...whole, fromUs: baseline?.fromUs ?? whole.fromUs } : evidence.phase(phase);
  return span === null ? [] : [startingLater(span, afterMs)];
}

function evaluate(expectation: PageShows, evidence: Evidence, spans: readonly Span[]): Result {
  const { journey, step, of, phase, shows, showsNot, neverBlank, min = 1 } = expectation;
  const steps = judgeSteps(expectation, evidence, spans);
  const named = step === undefined ? '' : ` '${step}'`;
  if (steps.total === 0) return tooFew(`steps${named} of ${journey} in the time that counts`, 0, 1);
  const ratio = (steps.total - steps.broken.length) / steps.total;
  const [first] = steps.broken;
  const values = {
    journey,
    step: step ?? null,
    during: of ?? phase ?? null,
    shows: shows ?? null,
    showsNot: showsNot ?? null,
    neverBlank: neverBlank === true,
    min,
    ratio,
    steps: steps.total,
    kept: steps.total - steps.broken.length,
    ...steps.counts,
    atMs: first === undefined ? null : toMs(first.atUs - (evidence.loadStartedUs ?? 0)),
    reason: first?.reason ?? null,
  };
  return {
    verdict: ratio >= min ? 'pass' : 'fail',
    code: ratio >= min ? 'page' : 'page-broken',
    values,
    measured: { value: ratio, unit: 'ratio' },
    ...marginOf(steps, min),
    evidence: [...rowsOf('events', steps.broken.length === 0 ? steps.events : eventsOf(steps)), ...rowsOf('requests', requestsOf(steps))],
  };
}

function eventsOf({ broken }: PageSteps): (number | null)[] {
  return broken.map(({ table, id }) => (table === 'events' ? id : null));
}

function requestsOf({ broken }: PageSteps): (number | null)[] {
  return broken.map(({ table, id }) => (table === 'requests' ? id : null));
}

/** How much the machine would have had to add until so few steps are left that broke what was expected that it holds. */
function marginOf({ broken, total }: PageSteps, min: number): { readonly timingMarginMs?: number } {
  const excused = broken.findIndex((_, index) => (total - broken.length + index + 1) / total >= min);
  if (broken.length === 0 || (total - broken.length) / total >= min) return {};
  const margins = broken.map(({ marginMs }) => marginMs).toSorted((left, right) => left - right);
  const marginMs = margins[excused] ?? Infinity;
  return Number.isFinite(marginMs) ? { timingMarginMs: marginMs } : {};
}
