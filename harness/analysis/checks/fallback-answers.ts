import type { RequestRow } from '../../model/recording.ts';
import type { Evidence, Span } from '../evidence.ts';
import { possiblyWithin } from '../proxy-clock.ts';
import { isExcused, servedAgainUs } from './served-again.ts';
import { hasContent, sightingsOn, type Sightings } from './source-sightings.ts';

/** What is asked of the answers to one request. */
export interface FallbackQuestion {
  readonly request: string;
  readonly source: string;
  readonly stalenessMaxUs: number;
  readonly baseline: Span | null;
  /** From the fault's begin to the end of the timeline. */
  readonly span: Span;
  /** null where the fault was never seen withdrawn. */
  readonly withdrawnUs: number | null;
  readonly deadlineUs: number;
}

/** The answers that matter, sorted by what is wrong with them; an answer can be in several lists. */
export interface FallbackAnswers {
  /** Marked as degraded; `valued` of them carry a value or a version. */
  readonly degraded: readonly RequestRow[];
  readonly valued: readonly RequestRow[];
  /** The source never had what was served. */
  readonly unreal: readonly RequestRow[];
  /** Neither marked nor fresh, or without anything to tell. */
  readonly unmarked: readonly RequestRow[];
  /** By how much the oldest unmarked answer is older than fresh ones are; null where one of them has no age. */
  readonly unmarkedExcessUs: number | null;
  /** Does not match its schema. */
  readonly malformed: readonly RequestRow[];
  /** Marked and older than allowed. */
  readonly stale: readonly RequestRow[];
  /** Degraded without an excuse, unreal or malformed, after users were served again. */
  readonly after: readonly RequestRow[];
  readonly oldestUs: number | null;
  readonly freshMaxUs: number;
  /** When users were served again; null where that cannot be told. */
  readonly servedAgainUs: number | null;
}

/** Ages of unmarked answers differ by chance: a cache that lives for 500 ms may be asked a little later. */
const FRESH_SLACK_US = 250_000;
/** Answers in the baseline from which the usual age of a fresh answer is learned. */
const BASELINE_NEEDED = 10;

export function judgeAnswers(question: FallbackQuestion, evidence: Evidence): FallbackAnswers {
  const { request, source, stalenessMaxUs, span, withdrawnUs, deadlineUs } = question;
  const sightings = sightingsOn(evidence, source);
  const clockUs = evidence.clockUncertaintyUs;
  const freshMaxUs = usualAgeUs(question, evidence, sightings) ?? stalenessMaxUs;
  const fromUs = withdrawnUs === null ? null : servedAgainUs(evidence, { source, withdrawnUs, deadlineUs });
  const lists = { degraded: [], valued: [], unreal: [], unmarked: [], malformed: [], stale: [], after: [] } as Record<
    AnswerList,
    RequestRow[]
  >;
  let oldestUs: number | null = null;
  let unmarkedExcessUs = 0;
  for (const row of evidence.requestsIn(span, request)) {
    const isDegraded = row.outcome === 'degraded';
    if (!isDegraded && row.outcome !== 'ok' && row.outcome !== 'wrong') continue;
    const ageUs = hasContent(row.observed) ? ageOf(row, sightings, clockUs) : null;
    const isUnreal = hasContent(row.observed) && ageUs === null;
    if (isDegraded) {
      lists.degraded.push(row);
      if (hasContent(row.observed)) lists.valued.push(row);
    }
    if (row.outcome === 'wrong') lists.malformed.push(row);
    if (isUnreal) lists.unreal.push(row);
    if (isDegraded && ageUs !== null) {
      oldestUs = Math.max(oldestUs ?? 0, ageUs);
      if (ageUs > stalenessMaxUs + clockUs) lists.stale.push(row);
    }
    if (row.outcome === 'ok' && !isUnreal && !isFresh(row, ageUs)) {
      lists.unmarked.push(row);
      unmarkedExcessUs = Math.max(unmarkedExcessUs, ageUs === null ? Infinity : ageUs - freshMaxUs - clockUs);
    }
    const isAfter = fromUs !== null && (row.startedUs ?? row.intendedUs) >= fromUs;
    if (isAfter && (isUnreal || row.outcome === 'wrong' || (isDegraded && !isExcused(row, evidence, { source, deadlineUs }))))
      lists.after.push(row);
  }
  return {
    ...lists,
    unmarkedExcessUs: unmarkedExcessUs === Infinity ? null : unmarkedExcessUs,
    oldestUs,
    freshMaxUs,
    servedAgainUs: fromUs,
  };

  /** No older than answers are in the baseline, or from a call that the request itself made. */
  function isFresh(row: RequestRow, ageUs: number | null): boolean {
    if (!hasContent(row.observed) || ageUs === null) return false;
    return ageUs <= freshMaxUs + clockUs || isFromOwnCall(row, evidence, source, sightings);
  }
}

type AnswerList = 'degraded' | 'valued' | 'unreal' | 'unmarked' | 'malformed' | 'stale' | 'after';

/** How long ago the source last gave out what was served, when it was served, give or take `clockUs`; null if it never had. */
function ageOf(row: RequestRow, sightings: Sightings, clockUs: number): number | null {
  if (row.observed === null) return null;
  const seenUs = sightings.lastSeenUs(row.observed, row.endedUs + clockUs);
  return seenUs === null ? null : Math.max(0, row.endedUs - seenUs);
}

function isFromOwnCall(
  { startedUs, intendedUs, endedUs, traceId, observed }: RequestRow,
  evidence: Evidence,
  source: string,
  sightings: Sightings,
): boolean {
  if (observed === null) return false;
  const span = possiblyWithin({ fromUs: startedUs ?? intendedUs, toUs: endedUs + 1 }, evidence.clockUncertaintyUs);
  const calls = evidence.exchangesIn(span, source);
  return calls.some((call) => call.traceId === traceId && sightings.isFrom(call, observed));
}

/** The greatest age of an unmarked answer in the baseline, with slack; null where there are too few to know. */
function usualAgeUs({ request, baseline }: FallbackQuestion, evidence: Evidence, sightings: Sightings): number | null {
  if (baseline === null) return null;
  const ages = evidence
    .requestsIn(baseline, request)
    .map((row) => (row.outcome === 'ok' && hasContent(row.observed) ? ageOf(row, sightings, evidence.clockUncertaintyUs) : null))
    .filter((age) => age !== null);
  return ages.length < BASELINE_NEEDED ? null : ages.reduce((oldest, age) => Math.max(oldest, age), 0) + FRESH_SLACK_US;
}
