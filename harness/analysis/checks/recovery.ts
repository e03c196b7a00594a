import type { RecoveryTimeline } from '../../model/finding.ts';
import type { Problem } from '../../model/problem.ts';
import type { Expectation } from '../../model/scenario.ts';
import { formatMs, type Duration } from '../../model/time.ts';
import { journeysByUsers } from '../../model/users.ts';
import type { Evidence } from '../evidence.ts';
import { bucketUsFor } from '../series.ts';
import { limitMs, numberAbove, share } from './arguments.ts';
import type { Check } from './contract.ts';
import { faultNotInForce, faultNotWithdrawn, findingOf, toMs, type Result } from './finding.ts';
import { aboveTimeout, roomAfterMs, unreachable, type PlanSoFar } from './timeline.ts';
import { verdictWithin } from './breaker-states.ts';

/** Users are served again, as well as before, soon after a fault is withdrawn. */
export interface Recovery<F extends string = string, R extends string = string> extends Expectation<never, never, F, R, never> {
  readonly check: 'recovery';
  readonly of: F;
  readonly request?: R;
  /** From the fault's withdrawal (t3) to the first window that meets the objective and holds it (t6). */
  readonly withinMs: number;
  /** Least share of `ok` answers; a degraded answer contains harm, it does not recover. */
  readonly availability: number;
  readonly p95Ms: number;
  readonly holdForMs: number;
}

/**
 * Users are served again within a time after a fault ended: from then on, and for `holdFor`, at least the share
 * `availability` of answers is ok and their p95 latency (from the intended time) is at most `p95Ms` milliseconds. Not
 * recovered by the end of the timeline is a failure without a number.
 *
 * @example
 * ```ts
 * import { recovery } from 'halfopen';
 * import assert from 'node:assert/strict';
 *
 * const expected = recovery({ of: 'storm', within: '8s', availability: 0.99, p95Ms: 250, holdFor: '3s' });
 * assert.equal(expected.withinMs, 8000);
 * ```
 * @throws {RangeError} if a limit is not above 0 or `availability` not a share
 * @throws {SyntaxError} if a text is no duration
 */
export function recovery<const F extends string, const R extends string = never>(options: {
  readonly of: F;
  readonly within: Duration;
  readonly availability: number;
  readonly p95Ms: number;
  readonly holdFor: Duration;
  /** Only requests of this name count. @default all requests */
  readonly request?: R;
}): Recovery<F, NoInfer<R>> {
  const what = `recovery from ${options.of}`;
  return {
    check: 'recovery',
    of: options.of,
    ...(options.request === undefined ? {} : { request: options.request }),
    withinMs: limitMs(options.within, 'within', what),
    availability: share(options.availability, 'availability', what),
    p95Ms: numberAbove(options.p95Ms, 0, 'p95Ms', what),
    holdForMs: limitMs(options.holdFor, 'holdFor', what),
  };
}

export const recoveryCheck: Check<Recovery> = {
  kind: 'recovery',
  needs: [],
  schema: {
    of: { type: 'fault' },
    request: { type: 'request', optional: true },
    withinMs: { type: 'number', min: 1, unit: 'ms' },
    availability: { type: 'number', min: 0.01, max: 1 },
    p95Ms: { type: 'number', min: 0.1, unit: 'ms' },
    holdForMs: { type: 'number', min: 1, unit: 'ms' },
  },
  describe: ({ of, request, withinMs, availability, p95Ms, holdForMs }) =>
    `${request ?? 'every request'} is served again within ${formatMs(withinMs)} of the end of ${of} (${Number((availability * 100).toFixed(2))} % ok, p95 ≤ ${formatMs(p95Ms)}, held for ${formatMs(holdForMs)})`,
  problems,
  evaluate(expectation, evidence) {
    const subject = expectation.request === undefined ? expectation.of : `${expectation.of} (${expectation.request})`;
    return findingOf(expectation, subject, { expected: { value: expectation.withinMs, unit: 'ms' }, ...evaluate(expectation, evidence) });
  },
};

/** What a scenario demands of users' traffic after a fault, once for each way in which it is said. */
export function recoveriesOf(expectations: readonly Expectation[], fault: string): readonly Recovery[] {
  return expectations.filter((expectation): expectation is Recovery => expectation.check === 'recovery' && expectation.of === fault);
}

function problems(expectation: Recovery, plan: PlanSoFar, path: string): readonly Problem[] {
  const { of, request, withinMs, p95Ms, holdForMs } = expectation;
  if (journeysByUsers(plan.load).some(({ name }) => name === request)) {
    const found = `'${request}', which users go again and again`;
    const hint = `give '${request}' a rate: who waits for the end of a stall says nothing of when it ended`;
    return [{ path: `${path}.request`, expected: 'arrivals that come whatever became of those before', found, hint }];
  }
  const roomMs = roomAfterMs(plan, of, 'end');
  const why = `what is left of the timeline when ${of} ends, less ${formatMs(holdForMs)} to hold`;
  const resolutionMs = plannedBucketMs(plan, of, request);
  const isTooFine: Problem[] =
    resolutionMs === null || withinMs > resolutionMs
      ? []
      : [
          {
            path: `${path}.withinMs`,
            expected: `more than ${formatMs(resolutionMs)}, as finely as recovery can be measured under this load`,
            found: formatMs(withinMs),
          },
        ];
  return [
    ...unreachable(`${path}.withinMs`, withinMs, roomMs === null ? null : roomMs - holdForMs, why),
    ...isTooFine,
    ...aboveTimeout(`${path}.p95Ms`, p95Ms, plan, request),
  ];
}

/** The bucket that the arrivals from the fault's begin on allow, in milliseconds; null for a script, whose arrivals nobody has planned. */
function plannedBucketMs(plan: PlanSoFar, of: string, request: string | undefined): number | null {
  if (plan.load.kind === 'k6-script') return null;
  const fromUs = plan.faults.find(({ name }) => name === of)?.windows[0]?.fromUs ?? 0;
  const wanted = plan.load.requests.findIndex(({ name }) => name === request);
  const arrivals = plan.schedule.intendedUs.reduce((sum, intendedUs, index) => {
    const counts = intendedUs >= fromUs && (request === undefined || plan.schedule.request[index] === wanted);
    return sum + (counts ? 1 : 0);
  }, 0);
  return toMs(bucketUsFor(arrivals, (plan.phases.at(-1)?.toUs ?? fromUs) - fromUs));
}

function evaluate(expectation: Recovery, evidence: Evidence): Result {
  const { of, withinMs, availability, p95Ms, holdForMs, request } = expectation;
  if (evidence.faultSpan(of) === null) return faultNotInForce(of);
  const timeline = recoveredBy(expectation, evidence, p95Ms);
  const withdrawnUs = momentUs(timeline, 't3');
  if (withdrawnUs === null) return { ...faultNotWithdrawn(of), timeline };
  // What a proxy on another clock saw of it is as uncertain as that clock.
  const resolutionMs = toMs(timeline.bucketUs + evidence.clockUncertaintyUs);
  const leftMs = toMs(timeline.horizonUs - withdrawnUs);
  const values = { of, withinMs, availability, p95Ms, holdForMs, request: request ?? null, leftMs };
  const common = {
    resolutionMs,
    timeline,
    evidence: timeline.moments
      .filter(({ moment }) => moment === 't3' || moment === 't6' || moment === 't8')
      .flatMap((moment) => moment.evidence),
  };
  if (timeline.recoveryMs === null) {
    if (leftMs < withinMs + holdForMs)
      return { ...common, verdict: 'inconclusive', code: 'run-too-short', values: { of, neededMs: withinMs + holdForMs, leftMs } };
    return {
      ...common,
      verdict: 'fail',
      code: 'recovery-censored',
      values: { ...values, ...reached(timeline) },
      timingMarginMs: slackMs(expectation, evidence),
    };
  }
  const { recoveryMs } = timeline;
  // Recovery is the begin of a window: users may have been served again at any moment of the window before it.
  const verdict = verdictWithin(recoveryMs - resolutionMs, recoveryMs, withinMs);
  return {
    ...common,
    verdict,
    code: verdict === 'inconclusive' ? 'recovery-unclear' : 'recovery',
    values: { ...values, recoveryMs, ...reached(timeline) },
    measured: { value: recoveryMs, unit: 'ms' },
    timingMarginMs: verdict === 'fail' ? Math.min(recoveryMs - withinMs, slackMs(expectation, evidence)) : withinMs - recoveryMs,
  };
}

function recoveredBy({ of, availability, holdForMs, request }: Recovery, evidence: Evidence, p95Ms: number): RecoveryTimeline {
  return evidence.recovery({ fault: of, availability, p95Ms, holdMs: holdForMs, ...(request === undefined ? {} : { request }) });
}

function momentUs(timeline: RecoveryTimeline, wanted: string): number | null {
  return timeline.moments.find(({ moment, state }) => moment === wanted && state === 'seen')?.atUs ?? null;
}

/** When traffic got through and the breakers closed again, in milliseconds after the withdrawal: what recovery waited for. */
function reached(timeline: RecoveryTimeline): { readonly firstGoodMs: number | null; readonly closedMs: number | null } {
  const withdrawnUs = momentUs(timeline, 't3') ?? 0;
  const after = (moment: string): number | null => {
    const atUs = momentUs(timeline, moment);
    return atUs === null ? null : toMs(atUs - withdrawnUs);
  };
  return { firstGoodMs: after('t4'), closedMs: after('t5') };
}

/** Delays that a machine might have added to each answer, in milliseconds, finest first. */
const DELAYS_MS = [5, 10, 20, 40, 80, 160, 320, 640, 1280];

/**
 * How much delay a missed recovery can do without: the largest of these steps that, taken from each answer, still leaves
 * it missed. Where users got errors rather than slow answers, that is the last one.
 */
function slackMs(expectation: Recovery, evidence: Evidence): number {
  let slack = 0;
  for (const delayMs of DELAYS_MS) {
    const { recoveryMs } = recoveredBy(expectation, evidence, expectation.p95Ms + delayMs);
    if (recoveryMs !== null && recoveryMs <= expectation.withinMs) return slack;
    slack = delayMs;
  }
  return slack;
}
