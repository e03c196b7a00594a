import type { Problem } from '../../model/problem.ts';
import type { RequestRow } from '../../model/recording.ts';
import type { Expectation } from '../../model/scenario.ts';
import { formatMs, type Duration } from '../../model/time.ts';
import type { Evidence } from '../evidence.ts';
import { limitMs } from './arguments.ts';
import type { Check } from './contract.ts';
import { judgeAnswers, type FallbackAnswers } from './fallback-answers.ts';
import { faultNotInForce, faultNotWithdrawn, findingOf, rowsOf, tooFew, toMs, type Result } from './finding.ts';
import type { Recovery } from './recovery.ts';
import { faultMoments, horizonUs, roomAfterMs, unreachable, type FaultMoments, type PlanSoFar } from './timeline.ts';
import { allExchanges } from './traffic.ts';

/** Answers that stand in for the real one are honest, bounded in age, and gone once the fault is. */
export interface Fallback<E extends string = string, F extends string = string, R extends string = string> extends Expectation<
  E,
  never,
  F,
  R,
  never
> {
  readonly check: 'fallback';
  readonly request: R;
  readonly of: F;
  readonly stalenessMaxMs: number;
  /** The edge behind which the truth is. Without one: the only edge with `observe` that the fault reaches. */
  readonly edge?: E;
  /** Degraded answers must have ended by then, counted from the withdrawal. */
  readonly endsWithinMs?: number;
}

/**
 * While a fault is in force and afterwards, every answer to a request is honest: a degraded one carries its marker and a
 * value and version that the tap saw come from the source, at most `stalenessMax` ago; one without a marker is as fresh as
 * in the baseline; none is invented. An answer that is marked and carries no value at all is honest too. Once the source
 * answers again and the breakers are closed (1 s later, at the latest after `endsWithin`), none is degraded any more
 * unless one of its own calls failed.
 *
 * @example
 * ```ts
 * import { fallback } from 'halfopen';
 * import assert from 'node:assert/strict';
 *
 * assert.equal(fallback({ request: 'quote', during: 'storm', stalenessMax: '8s' }).stalenessMaxMs, 8000);
 * ```
 * @throws {RangeError} if a limit is not above 0
 * @throws {SyntaxError} if a text is no duration
 */
export function fallback<const R extends string, const F extends string, const E extends string = never>(options: {
  readonly request: R;
  readonly during: F;
  readonly stalenessMax: Duration;
  /** The edge that the value comes from. @default the only edge with `observe` that the fault reaches */
  readonly source?: E;
  /** @default the `within` of the scenario's recovery from the same fault, else half of the recovery phase */
  readonly endsWithin?: Duration;
}): Fallback<NoInfer<E>, F, R> {
  const what = `fallback of ${options.request}`;
  return {
    check: 'fallback',
    request: options.request,
    of: options.during,
    stalenessMaxMs: limitMs(options.stalenessMax, 'stalenessMax', what),
    ...(options.source === undefined ? {} : { edge: options.source }),
    ...(options.endsWithin === undefined ? {} : { endsWithinMs: limitMs(options.endsWithin, 'endsWithin', what) }),
  };
}

export const fallbackCheck: Check<Fallback> = {
  kind: 'fallback',
  needs: ['tap'],
  schema: {
    request: { type: 'request' },
    of: { type: 'fault' },
    stalenessMaxMs: { type: 'number', min: 1, unit: 'ms' },
    edge: { type: 'edge', optional: true },
    endsWithinMs: { type: 'number', min: 1, unit: 'ms', optional: true },
  },
  describe: ({ request, of, stalenessMaxMs }) =>
    `degraded answers to ${request} are marked, real, at most ${formatMs(stalenessMaxMs)} old, and gone after ${of}`,
  problems,
  evaluate(expectation, evidence) {
    const moments = faultMoments(evidence, expectation.of);
    const result = moments === null ? faultNotInForce(expectation.of) : evaluate(expectation, evidence, moments);
    return findingOf(expectation, expectation.request, { expected: { value: expectation.stalenessMaxMs, unit: 'ms' }, ...result });
  },
};

function problems(expectation: Fallback, plan: PlanSoFar, path: string): readonly Problem[] {
  const { of, request, stalenessMaxMs, endsWithinMs } = expectation;
  const found: Problem[] = [
    ...unreachable(
      `${path}.stalenessMaxMs`,
      stalenessMaxMs,
      roomAfterMs(plan, of, 'begin'),
      `what is left of the timeline when ${of} begins`,
    ),
  ];
  if (endsWithinMs !== undefined)
    found.push(
      ...unreachable(`${path}.endsWithinMs`, endsWithinMs, roomAfterMs(plan, of, 'end'), `what is left of the timeline when ${of} ends`),
    );
  const observe = plan.load.requests.find(({ name }) => name === request)?.observe;
  if (observe?.degraded === undefined || (observe.value === undefined && observe.version === undefined)) {
    found.push({
      path: `${path}.request`,
      expected: "a request that observes 'degraded' and 'value' or 'version'",
      found: `'${request}', which does not`,
    });
  }
  const source = sourceOf(expectation, plan);
  if (source === null)
    found.push({
      path: `${path}.edge`,
      expected: `the edge that the value comes from, as ${of} does not reach exactly one edge with 'observe'`,
      found: 'nothing',
    });
  const observed = plan.system.edges.find(({ name }) => name === source)?.observe;
  if (source !== null && observed?.value === undefined && observed?.version === undefined) {
    found.push({ path: `${path}.edge`, expected: "an edge that observes 'value' or 'version'", found: `'${source}', which does not` });
  }
  return found;
}

function sourceOf({ edge, of }: Fallback, plan: PlanSoFar): string | null {
  if (edge !== undefined) return edge;
  const reached = plan.faults.find(({ name }) => name === of)?.reach.edges ?? [];
  const [only, ...others] = plan.system.edges.filter(({ name, observe }) => observe !== undefined && reached.includes(name));
  return only === undefined || others.length > 0 ? null : only.name;
}

function evaluate(expectation: Fallback, evidence: Evidence, { requestedUs, acknowledgedUs, withdrawnUs }: FaultMoments): Result {
  const { request, of, stalenessMaxMs } = expectation;
  const source = sourceOf(expectation, evidence.plan);
  if (source === null) return tooFew(`edges with 'observe' that ${of} reaches`, 0, 1);
  if (!allExchanges(evidence, source).some(({ observed }) => observed !== null)) return tooFew(`values seen on ${source}`, 0, 1);
  const toUs = horizonUs(evidence);
  const answers = judgeAnswers(
    {
      request,
      source,
      stalenessMaxUs: stalenessMaxMs * 1000,
      baseline: evidence.phase('baseline'),
      span: { fromUs: requestedUs, toUs },
      withdrawnUs,
      deadlineUs: withdrawnUs === null ? toUs : withdrawnUs + endsWithinUs(expectation, evidence),
    },
    evidence,
  );
  return resultOf(expectation, answers, { source, acknowledgedUs, withdrawnUs, clockUs: evidence.clockUncertaintyUs });
}

function endsWithinUs({ of, endsWithinMs }: Fallback, { plan, ...evidence }: Evidence): number {
  if (endsWithinMs !== undefined) return endsWithinMs * 1000;
  const recovery = plan.expectations.find((other): other is Recovery => other.check === 'recovery' && other.of === of);
  if (recovery !== undefined) return recovery.withinMs * 1000;
  const phase = evidence.phase('recovery');
  return phase === null ? 0 : (phase.toUs - phase.fromUs) / 2;
}

function resultOf(
  { request, of, stalenessMaxMs }: Fallback,
  answers: FallbackAnswers,
  moments: { readonly source: string; readonly acknowledgedUs: number; readonly withdrawnUs: number | null; readonly clockUs: number },
): Result {
  const { source, acknowledgedUs, withdrawnUs, clockUs } = moments;
  const { degraded, valued, unreal, unmarked, malformed, stale, after, oldestUs } = answers;
  // What harms longest comes first; the sentence names the others.
  const broken = (
    [
      ['fallback-after', after],
      ['fallback-unreal', unreal],
      ['fallback-unmarked', unmarked],
      ['fallback-wrong', malformed],
      ['fallback-stale', stale],
    ] as const
  ).filter(([, rows]) => rows.length > 0);
  const worst = broken[0];
  const first = worst?.[1][0];
  const values = {
    request,
    of,
    source,
    stalenessMaxMs,
    oldestMs: oldestUs === null ? null : toMs(oldestUs),
    degraded: degraded.length,
    valued: valued.length,
    unreal: unreal.length,
    unmarked: unmarked.length,
    malformed: malformed.length,
    stale: stale.length,
    after: after.length,
    parts: broken.map(([code]) => code),
    freshMaxMs: toMs(answers.freshMaxUs),
    exampleValue: scalarOf(first),
    exampleVersion: first?.observed?.version ?? null,
    exampleId: first?.id ?? null,
    atMs: first === undefined ? null : toMs(first.endedUs - acknowledgedUs),
    lastAfterMs: after.length === 0 || withdrawnUs === null ? null : toMs((after.at(-1)?.endedUs ?? withdrawnUs) - withdrawnUs),
  };
  const measured = oldestUs === null ? {} : { measured: { value: toMs(oldestUs), unit: 'ms' as const } };
  if (worst !== undefined) {
    const [code, rows] = worst;
    return {
      verdict: 'fail',
      code,
      values,
      ...measured,
      ...marginOf(code, answers, stalenessMaxMs),
      evidence: rowsOf(
        'requests',
        rows.map(({ id }) => id),
        { fromUs: first?.intendedUs ?? 0, toUs: rows.at(-1)?.endedUs ?? 0 },
      ),
    };
  }
  if (withdrawnUs === null) return faultNotWithdrawn(of);
  if (oldestUs === null) return tooFew(`degraded answers to ${request} with a value`, valued.length, 1);
  const isUnclear = clockUs > 0 && toMs(oldestUs + clockUs) > stalenessMaxMs;
  return {
    verdict: isUnclear ? 'inconclusive' : 'pass',
    code: isUnclear ? 'fallback-unclear' : 'fallback',
    values: isUnclear ? { ...values, clockMs: toMs(clockUs) } : values,
    ...measured,
    timingMarginMs: stalenessMaxMs - toMs(oldestUs),
    evidence: rowsOf(
      'requests',
      degraded.map(({ id }) => id),
    ),
  };
}

function scalarOf(row: RequestRow | undefined): string | number | boolean | null {
  return row?.observed?.value ?? null;
}

/** No delay invents a value or drops a marker; an age it can stretch, and a breaker it can open once more. */
function marginOf(code: string, answers: FallbackAnswers, stalenessMaxMs: number): { readonly timingMarginMs?: number } {
  const { oldestUs, unmarkedExcessUs, unreal, malformed, after } = answers;
  if (code === 'fallback-stale') return { timingMarginMs: toMs(oldestUs ?? 0) - stalenessMaxMs };
  if (code === 'fallback-unmarked') return unmarkedExcessUs === null ? {} : { timingMarginMs: toMs(unmarkedExcessUs) };
  const madeWrong = new Set([...unreal, ...malformed]);
  if (code !== 'fallback-after' || after.some((row) => madeWrong.has(row))) return {};
  // A machine that stood still excuses what was answered around that time, and nothing longer.
  return { timingMarginMs: toMs((after.at(-1)?.intendedUs ?? 0) - (after[0]?.intendedUs ?? 0)) };
}
