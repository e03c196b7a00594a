import { microseconds } from '../model/time.ts';
import { cite } from './cite.ts';
import type { Evidence, RecoveryObjective, Span } from './evidence.ts';
import { quantileIsWithin } from './quantile.ts';
import { CENSORED, NOT_APPLICABLE, seen, type Moment } from './recovery-moment.ts';
import { ARRIVALS_PER_BUCKET, responseMs } from './series.ts';

/** Fewer arrivals than this prove nothing about a window: half of what a bucket holds on average. */
const PROVING_ARRIVALS = ARRIVALS_PER_BUCKET / 2;

/** t1: the first arrival that was not ok or slower than the objective's p95. */
export function firstHarm(evidence: Evidence, objective: RecoveryObjective, span: Span): Moment {
  const harmed = evidence.requestsIn(span, objective.request).find((row) => row.outcome !== 'ok' || responseMs(row) > objective.p95Ms);
  return harmed === undefined ? NOT_APPLICABLE : seen(harmed.intendedUs, cite('requests', [harmed]));
}

/** t2: the first window in which so many arrivals were ok or degraded as the objective demands to be available. */
export function containedAt(evidence: Evidence, objective: RecoveryObjective, span: Span, bucketUs: number): Moment {
  const counted = countWindows(evidence, objective, span, bucketUs);
  const place = counted.findIndex(
    ({ arrivals, served }) => arrivals >= PROVING_ARRIVALS && served >= objective.availability * arrivals - ROUNDING,
  );
  const window = counted[place];
  return window === undefined
    ? CENSORED
    : seen(window.fromUs, { table: 'windows', ids: [place], fromUs: window.fromUs, toUs: window.toUs });
}

/**
 * t6: the begin of the first window that meets the objective and begins a hold. A hold of `holdMs` is one that, taken
 * together, meets the objective too, in which no two neighbouring windows miss it (a stray bad answer is within the budget that
 * the objective grants, a relapse is not), and which ends before the horizon. A window with fewer than five arrivals
 * proves nothing and counts as a miss.
 */
export function reentry(evidence: Evidence, objective: RecoveryObjective, span: Span, bucketUs: number): Moment {
  const holdUs = microseconds(objective.holdMs);
  const windows = countWindows(evidence, objective, span, bucketUs);
  const sums = runningSums(windows);
  const meets = windows.map((window) => window.arrivals >= PROVING_ARRIVALS && satisfies(window, objective));
  const length = Math.max(1, Math.ceil(holdUs / bucketUs));
  for (const [place, window] of windows.entries()) {
    if (meets[place] !== true) continue;
    if (window.fromUs + holdUs > span.toUs) break;
    const end = Math.min(place + length, windows.length);
    if (!satisfies(difference(sums[end], sums[place]), objective)) continue;
    if (missesTwice(meets, place, end)) continue;
    const rows = evidence.requestsIn(window, objective.request);
    return seen(
      window.fromUs,
      { table: 'windows', ids: [place], fromUs: window.fromUs, toUs: window.toUs },
      cite('requests', rows, window),
    );
  }
  return CENSORED;
}

interface Counts {
  readonly arrivals: number;
  readonly ok: number;
  /** Ok or degraded. */
  readonly served: number;
  /** Slower than the objective's p95. */
  readonly slow: number;
}

/** Absorbs what is lost when a share times a count is not a whole number: `0.99 * 100`. */
const ROUNDING = 1e-9;
const NOTHING: Counts = { arrivals: 0, ok: 0, served: 0, slow: 0 };

function satisfies({ arrivals, ok, slow }: Counts, { availability }: RecoveryObjective): boolean {
  return arrivals > 0 && ok >= availability * arrivals - ROUNDING && quantileIsWithin(0.95, arrivals, slow);
}

function countWindows(evidence: Evidence, objective: RecoveryObjective, span: Span, bucketUs: number): readonly (Counts & Span)[] {
  const windows: (Counts & Span)[] = [];
  const rows = evidence.requestsIn(span, objective.request);
  let next = 0;
  for (let fromUs = span.fromUs; fromUs < span.toUs; fromUs += bucketUs) {
    const toUs = Math.min(fromUs + bucketUs, span.toUs);
    const counts = { fromUs, toUs, ...NOTHING };
    for (let row = rows[next]; row !== undefined && row.intendedUs < toUs; row = rows[++next]) {
      counts.arrivals++;
      if (row.outcome === 'ok') counts.ok++;
      if (row.outcome === 'ok' || row.outcome === 'degraded') counts.served++;
      if (responseMs(row) > objective.p95Ms) counts.slow++;
    }
    windows.push(counts);
  }
  return windows;
}

/** Sums of all windows before each place, so that any hold is one subtraction. */
function runningSums(windows: readonly Counts[]): readonly Counts[] {
  const sums: Counts[] = [NOTHING];
  for (const { arrivals, ok, served, slow } of windows) {
    const before = sums.at(-1) ?? NOTHING;
    sums.push({ arrivals: before.arrivals + arrivals, ok: before.ok + ok, served: before.served + served, slow: before.slow + slow });
  }
  return sums;
}

function difference(to: Counts = NOTHING, from: Counts = NOTHING): Counts {
  return { arrivals: to.arrivals - from.arrivals, ok: to.ok - from.ok, served: to.served - from.served, slow: to.slow - from.slow };
}

function missesTwice(meets: readonly boolean[], from: number, to: number): boolean {
  for (let place = from + 1; place < to; place++) {
    if (meets[place] === false && meets[place - 1] === false) return true;
  }
  return false;
}
