import type { EvidenceRef, Finding } from '../../model/finding.ts';
import type { Expectation } from '../../model/scenario.ts';

/** Most ids that one reference lists; the rest is found through its times. */
const IDS_MAX = 50;

/** What one check says of one expectation; the rest of a finding follows from the expectation. */
export interface Result extends Partial<
  Pick<Finding, 'expected' | 'measured' | 'resolutionMs' | 'timingMarginMs' | 'evidence' | 'timeline'>
> {
  readonly verdict: 'pass' | 'fail' | 'inconclusive';
  readonly code: string;
  readonly values: Finding['explanation']['values'];
}

export function findingOf(expectation: Expectation, subject: string, result: Result): Finding {
  const { verdict, code, values, evidence, timingMarginMs, ...rest } = isCountable(result) ? result : NOT_COUNTABLE;
  return {
    check: expectation.check,
    subject,
    guard: false,
    verdict,
    explanation: { code, values: { subject, ...values } },
    ...rest,
    ...(timingMarginMs === undefined ? {} : { timingMarginMs: Math.max(0, roundMs(timingMarginMs)) }),
    evidence: evidence ?? [],
    expectation: { ...expectation },
  };
}

/** Nothing can be told: the recording holds times that are no numbers. */
const NOT_COUNTABLE: Result = { verdict: 'inconclusive', code: 'not-countable', values: {} };

/** A comparison with what is no number is false either way, so it must decide nothing. */
function isCountable({ values, measured, timingMarginMs, timeline }: Result): boolean {
  const moments = timeline?.moments.map(({ atUs }) => atUs) ?? [];
  return [...Object.values(values), measured?.value, timingMarginMs, ...moments].every(
    (value) => typeof value !== 'number' || Number.isFinite(value),
  );
}

/** Rows of one table as evidence, none where there are none. */
export function rowsOf(
  table: EvidenceRef['table'],
  ids: readonly (number | null)[],
  span?: { readonly fromUs: number; readonly toUs: number },
): EvidenceRef[] {
  const known = ids.filter((id) => id !== null);
  if (known.length === 0) return [];
  return [{ table, ids: known.slice(0, IDS_MAX), ...(span === undefined ? {} : { fromUs: span.fromUs, toUs: span.toUs }) }];
}

/** Microseconds as milliseconds, to the microsecond. */
export function toMs(lengthUs: number): number {
  return roundMs(lengthUs / 1000);
}

function roundMs(lengthMs: number): number {
  return Math.round(lengthMs * 1000) / 1000;
}

/** Nothing can be told: the fault was never acknowledged. */
export function faultNotInForce(fault: string): Result {
  return { verdict: 'inconclusive', code: 'fault-not-in-force', values: { fault } };
}

/** Nothing can be told: nobody saw that the fault was withdrawn. */
export function faultNotWithdrawn(fault: string): Result {
  return { verdict: 'inconclusive', code: 'fault-not-withdrawn', values: { fault } };
}

/** Nothing can be told of what holds until the end: the recording breaks off before. */
export function cutOff(missingMs: number): Result {
  return { verdict: 'inconclusive', code: 'run-cut', values: { missingMs: roundMs(missingMs) } };
}

/** Nothing can be told: there is too little of what the check counts. */
export function tooFew(what: string, count: number, needed: number): Result {
  return { verdict: 'inconclusive', code: 'too-few', values: { what, count, needed }, measured: { value: count, unit: 'count' } };
}

/** Nothing can be told: for some of the time nobody knows the breaker's state. */
export function breakerUnknown(breaker: string, unknownUs: number): Result {
  return { verdict: 'inconclusive', code: 'breaker-unknown', values: { breaker, unknownMs: toMs(unknownUs) } };
}

/** Nothing can be told: the breaker never opened. */
export function neverOpened(breaker: string): Result {
  return { verdict: 'inconclusive', code: 'never-opened', values: { breaker } };
}
