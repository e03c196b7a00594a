import { formatMs } from '../../harness/model/time.ts';
import type { CaseFacts, MeasuredTime } from './matrix-case.ts';

/** One time in two environments that lies further apart than it could be measured. */
export interface Difference {
  readonly what: string;
  readonly changeMs: number | null;
  /** Why, by what the two recordings say; null if they do not tell. */
  readonly because: string | null;
}

/** Beside what the sentinel says that the machine added: how much a trial call or a check of its own adds, in milliseconds. */
const SLACK_MS = 100;

/** The times of `other` that differ from those of `base` by more than the resolution, each with what explains it. */
export function differencesOf(base: CaseFacts, other: CaseFacts): readonly Difference[] {
  return base.times.flatMap((time): readonly Difference[] => {
    const same = other.times.find(({ what }) => what === time.what);
    if (same === undefined) return [{ what: time.what, changeMs: null, because: null }];
    if (time.ms === null || same.ms === null) return time.ms === same.ms ? [] : [{ what: time.what, changeMs: null, because: null }];
    const changeMs = same.ms - time.ms;
    if (Math.abs(changeMs) <= Math.max(time.resolutionMs, same.resolutionMs)) return [];
    return [{ what: time.what, changeMs, because: reasonFor(time, same, { base, other }) }];
  });
}

interface Both {
  readonly base: CaseFacts;
  readonly other: CaseFacts;
}

function reasonFor(left: MeasuredTime, right: MeasuredTime, both: Both): string | null {
  const changeMs = (right.ms ?? 0) - (left.ms ?? 0);
  const noiseMs = addedMs(both);
  if (left.what.startsWith('opens ')) return callsReason(left, right, both) ?? noiseReason(changeMs, noiseMs);
  const breaker = left.what.startsWith('closes ') ? left.what.slice('closes '.length) : null;
  const breakers = breaker === null ? Object.keys(both.base.tries) : [breaker];
  // Recovery begins with a bucket, so it follows the breaker's closing by up to one more.
  const slackMs = noiseMs + SLACK_MS + (breaker === null ? Math.max(left.resolutionMs, right.resolutionMs) : 0);
  return triesReason(breakers, changeMs, { ...both, slackMs }) ?? noiseReason(changeMs, noiseMs);
}

/**
 * How long a breaker waited for the try that closed it is chance, up to the time between two tries: the fault ends at any moment between
 * them. What was taken down has to be ready as well, and may take longer for that in one environment.
 */
function triesReason(
  breakers: readonly string[],
  changeMs: number,
  { base, other, slackMs }: Both & { readonly slackMs: number },
): string | null {
  for (const breaker of breakers) {
    const [before, after] = [base.tries[breaker], other.tries[breaker]];
    if (before?.closedByAfterMs == null || after?.closedByAfterMs == null) continue;
    // One that was half-open already when the fault ended closed with the first calls after it.
    const waitChangeMs = Math.max(0, after.closedByAfterMs) - Math.max(0, before.closedByAfterMs);
    if (Math.abs(changeMs - waitChangeMs) > slackMs) continue;
    const everyMs = after.everyMs ?? before.everyMs;
    const readyChangeMs = base.readyAfterMs === null || other.readyAfterMs === null ? 0 : other.readyAfterMs - base.readyAfterMs;
    if (everyMs === null || Math.abs(waitChangeMs) > everyMs + Math.abs(readyChangeMs) + slackMs) continue;
    const ready =
      readyChangeMs === 0
        ? ''
        : `; it could be called ${formatMs(other.readyAfterMs ?? 0)} after it, against ${formatMs(base.readyAfterMs ?? 0)}`;
    return `the try of ${breaker} that closed it came ${whenOf(after.closedByAfterMs)}, against ${whenOf(before.closedByAfterMs)} (it tries every ${formatMs(everyMs)})${ready}`;
  }
  return null;
}

function whenOf(afterMs: number): string {
  return afterMs < 0 ? `${formatMs(-afterMs)} before the fault's end, and waited for it` : `${formatMs(afterMs)} after the fault's end`;
}

/** A breaker counts calls, not time. */
function callsReason(left: MeasuredTime, right: MeasuredTime, { base, other }: Both): string | null {
  if (left.calls === undefined || right.calls === undefined) return null;
  const breaker = left.what.slice('opens '.length);
  const everyMs = Math.max(base.callEveryMs[breaker] ?? 0, other.callEveryMs[breaker] ?? 0);
  const changeMs = (right.ms ?? 0) - (left.ms ?? 0);
  // One call more or less is in how the moments fall between calls.
  const mayBeMs = (Math.abs(right.calls - left.calls) + 1) * everyMs + addedMs({ base, other });
  if (Math.abs(changeMs) > mayBeMs) return null;
  return `it opened at call ${right.calls}, against ${left.calls}; calls came every ${formatMs(everyMs)}`;
}

function noiseReason(changeMs: number, noiseMs: number): string | null {
  return Math.abs(changeMs) > noiseMs ? null : `the machine added up to ${formatMs(noiseMs)} (sentinel p99 at each hop, both runs)`;
}

function addedMs({ base, other }: Both): number {
  return base.sentinelP99Ms * base.hops + other.sentinelP99Ms * other.hops;
}
