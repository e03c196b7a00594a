import type { ReadinessSampled } from '../../model/event.ts';
import type { ExchangeRow } from '../../model/recording.ts';
import type { Expectation } from '../../model/scenario.ts';
import type { Evidence, Span } from '../evidence.ts';
import { surelyWithin } from '../proxy-clock.ts';
import type { Check } from './contract.ts';
import { faultNotInForce, findingOf, rowsOf, tooFew, toMs, type Result } from './finding.ts';
import { faultMoments, horizonUs } from './timeline.ts';
import { isGood } from './traffic.ts';

/** A service that says it is ready does serve. */
export interface ReadinessTruth<S extends string = string, F extends string = string> extends Expectation<never, never, F, never, S> {
  readonly check: 'readinessTruth';
  readonly service: S;
  /** Only what happens from this fault's begin on counts; the whole load without it. */
  readonly of?: F;
}

/** One connection that breaks may be an idle one that the service had just closed; an answer with a 5xx is never chance. */
const BROKEN_MAX = 1;

/**
 * While two samples of a service's `ready` path in a row say ready, calls into it are answered: no 5xx, and at most one
 * refused or reset connection, among calls that no fault touched. Calls that overlap a sample that says otherwise, or a
 * start or end of the process, prove nothing. Without any call in such a stretch it cannot tell.
 *
 * @example
 * ```ts
 * import { readinessTruth } from 'halfopen';
 * import assert from 'node:assert/strict';
 *
 * assert.equal(readinessTruth({ service: 'payments', of: 'crash' }).service, 'payments');
 * ```
 */
export function readinessTruth<const S extends string, const F extends string = never>(options: {
  readonly service: S;
  /** @default the whole load counts */
  readonly of?: F;
}): ReadinessTruth<S, NoInfer<F>> {
  return { check: 'readinessTruth', service: options.service, ...(options.of === undefined ? {} : { of: options.of }) };
}

export const readinessTruthCheck: Check<ReadinessTruth> = {
  kind: 'readinessTruth',
  needs: ['tap', 'readiness'],
  schema: { service: { type: 'service' }, of: { type: 'fault', optional: true } },
  describe: ({ service, of }) => `${service} serves whenever it says that it is ready${of === undefined ? '' : `, from ${of} on`}`,
  problems({ service }: ReadinessTruth, plan, path) {
    const hasReadyPath = plan.system.services[service]?.ready !== undefined;
    return hasReadyPath
      ? []
      : [{ path: `${path}.service`, expected: 'a service with a `ready` path', found: `'${service}', which declares none` }];
  },
  evaluate(expectation, evidence) {
    const { of, service } = expectation;
    const fromUs = of === undefined ? evidence.loadStartedUs : (faultMoments(evidence, of)?.requestedUs ?? null);
    const result =
      fromUs === null
        ? of === undefined
          ? tooFew('arrivals', 0, 1)
          : faultNotInForce(of)
        : evaluate(service, evidence, { fromUs, toUs: horizonUs(evidence) });
    return findingOf(expectation, service, { expected: { value: 0, unit: 'count' }, ...result });
  },
};

function evaluate(service: string, evidence: Evidence, span: Span): Result {
  const edges = evidence.plan.system.edges.filter(({ callee }) => callee === service);
  const claims = claimsOf(service, evidence, span).map((claim) => surelyWithin(claim, evidence.clockUncertaintyUs));
  const judged = claims.flatMap((claim) =>
    edges.flatMap(({ name }) =>
      evidence
        .exchangesIn(claim, name)
        .filter((call) => call.fault === null && call.endedUs <= claim.toUs && call.outcome !== 'unfinished')
        .map((call) => ({ call, claim })),
    ),
  );
  if (judged.length === 0) return tooFew(`calls into ${service} while it said that it was ready`, 0, 1);
  const wrongAnswers = judged.filter(({ call }) => call.outcome === 'answered' && !isGood(call));
  const broken = judged.filter(({ call }) => call.outcome === 'refused' || call.outcome === 'reset' || call.outcome === 'truncated');
  const isLying = wrongAnswers.length > 0 || broken.length > BROKEN_MAX;
  const lies = (isLying ? [...wrongAnswers, ...broken] : []).toSorted((left, right) => left.call.startedUs - right.call.startedUs);
  const first = lies[0];
  const last = lies.at(-1);
  return {
    verdict: isLying ? 'fail' : 'pass',
    code: 'readiness-truth',
    values: {
      service,
      lies: lies.length,
      calls: judged.length,
      wrongAnswers: wrongAnswers.length,
      broken: broken.length,
      status: wrongAnswers[0]?.call.status ?? null,
      firstAfterMs: first === undefined ? null : toMs(first.call.startedUs - first.claim.fromUs),
      lastAfterMs: last === undefined ? null : toMs(last.call.endedUs - (first ?? last).claim.fromUs),
      ...(first === undefined ? {} : { atMs: toMs(first.call.startedUs - span.fromUs) }),
    },
    measured: { value: lies.length, unit: 'count' },
    ...(isLying ? { timingMarginMs: lies.reduce((deepest, { call, claim }) => Math.max(deepest, insideMs(call, claim)), 0) } : {}),
    evidence: rowsOf(
      'exchanges',
      (isLying ? lies : judged).map(({ call }) => call.id),
      first === undefined ? span : { fromUs: first.call.startedUs, toUs: last?.call.endedUs ?? first.call.endedUs },
    ),
  };
}

/** Stretches in which the service claimed to be ready without a break: from a ready answer to the last question that was answered so. */
function claimsOf(service: string, evidence: Evidence, span: Span): readonly Span[] {
  const claims: Span[] = [];
  let before: ReadinessSampled | null = null;
  for (const event of evidence.recording.events) {
    if (event.kind === 'service' && event.service === service) before = null;
    if (event.kind !== 'readiness' || event.service !== service) continue;
    if (before !== null && event.ready)
      addClaim(claims, { fromUs: Math.max(before.answeredUs, span.fromUs), toUs: Math.min(event.atUs, span.toUs) }, before);
    before = event.ready ? event : null;
  }
  return claims;
}

/** Joins a claim to the one before it where the sample between them is the same. */
function addClaim(claims: Span[], claim: Span, sample: ReadinessSampled): void {
  if (claim.toUs <= claim.fromUs) return;
  const last = claims.at(-1);
  if (last !== undefined && last.toUs >= sample.atUs) claims[claims.length - 1] = { fromUs: last.fromUs, toUs: claim.toUs };
  else claims.push(claim);
}

/** How far inside its claim a call lies, in milliseconds: clocks would have to be off by that much to excuse it. */
function insideMs(call: ExchangeRow, claim: Span): number {
  return toMs(Math.min(call.startedUs - claim.fromUs, claim.toUs - call.endedUs));
}
