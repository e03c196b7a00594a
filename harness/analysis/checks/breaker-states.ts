import type { BreakerStretch, Evidence, Span } from '../evidence.ts';

/**
 * A breaker's stretches within a span, cut to it; neighbours of one state are one. A stretch of no length counts: a
 * breaker may pass through a state within one microsecond.
 */
export function statesIn(evidence: Evidence, breaker: string, span: Span): readonly BreakerStretch[] {
  const merged: BreakerStretch[] = [];
  for (const stretch of evidence.breaker(breaker)) {
    const isBefore = stretch.toUs < span.fromUs || (stretch.toUs === span.fromUs && stretch.fromUs < span.fromUs);
    if (isBefore || stretch.fromUs > span.toUs) continue;
    const fromUs = Math.max(stretch.fromUs, span.fromUs);
    const cut = {
      ...stretch,
      fromUs,
      toUs: Math.max(fromUs, Math.min(stretch.toUs, span.toUs)),
      uncertaintyUs: stretch.fromUs < span.fromUs ? 0 : stretch.uncertaintyUs,
    };
    const last = merged.at(-1);
    if (last?.state === cut.state) merged[merged.length - 1] = { ...last, toUs: Math.max(last.toUs, cut.toUs) };
    else merged.push(cut);
  }
  return merged;
}

/** For how long within a span nobody knows the breaker's state, in microseconds. */
export function unknownUs(evidence: Evidence, breaker: string, span: Span): number {
  const known = statesIn(evidence, breaker, span).filter((stretch) => stretch.state !== 'unknown');
  return Math.max(0, span.toUs - span.fromUs - known.reduce((sum, stretch) => sum + stretch.toUs - stretch.fromUs, 0));
}

/**
 * The interval in which the stretch at `index` began: a stretch's `fromUs` is the latest moment, its uncertainty reaches
 * back from there, and all of an unknown stretch before it does too.
 */
export function beginOf(stretches: readonly BreakerStretch[], index: number): { readonly earliestUs: number; readonly latestUs: number } {
  const stretch = stretches[index];
  const before = stretches[index - 1];
  const fromUs = stretch?.fromUs ?? 0;
  const earliestUs = before?.state === 'unknown' ? before.fromUs : fromUs - (stretch?.uncertaintyUs ?? 0);
  return { earliestUs, latestUs: fromUs };
}

/** A limit against a length that is only known as an interval: what cannot be told is neither kept nor missed. */
export function verdictWithin(lowestMs: number, highestMs: number, limitMs: number): 'pass' | 'fail' | 'inconclusive' {
  if (highestMs <= limitMs) return 'pass';
  return lowestMs > limitMs ? 'fail' : 'inconclusive';
}
