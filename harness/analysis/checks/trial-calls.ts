import type { ExchangeRow } from '../../model/recording.ts';
import type { Expectation } from '../../model/scenario.ts';
import type { Evidence, Span } from '../evidence.ts';
import { possiblyWithin, surelyWithin } from '../proxy-clock.ts';
import { statesIn } from './breaker-states.ts';
import type { Check } from './contract.ts';
import { findingOf, rowsOf, tooFew, toMs, type Result } from './finding.ts';
import { loadSpan } from './timeline.ts';

/** A half-open breaker lets only so many calls try. */
export interface TrialCalls<B extends string = string> extends Expectation<never, B, never, never, never> {
  readonly check: 'trialCalls';
  readonly breaker: B;
  /** Calls admitted in one half-open stretch; retries of one request count once. */
  readonly max: number;
}

export const trialCallsCheck: Check<TrialCalls> = {
  kind: 'trialCalls',
  needs: ['tap'],
  schema: { breaker: { type: 'breaker' }, max: { type: 'integer', min: 1 } },
  describe: ({ breaker, max }) => `${breaker} lets at most ${max} ${max === 1 ? 'call' : 'calls'} try while half-open`,
  problems: () => [],
  evaluate(expectation, evidence) {
    const span = loadSpan(evidence);
    const result = span === null ? tooFew('arrivals', 0, 1) : evaluate(expectation, evidence, span);
    return findingOf(expectation, expectation.breaker, { expected: { value: expectation.max, unit: 'count' }, ...result });
  },
};

/** What tried in one half-open stretch: surely in it, and as far as its blurred edges allow. */
interface Trial extends Span {
  readonly eventId: number | null;
  readonly surely: readonly ExchangeRow[];
  readonly possibly: readonly ExchangeRow[];
}

function evaluate({ breaker, max }: TrialCalls, evidence: Evidence, span: Span): Result {
  const edge = evidence.plan.system.breakers[breaker]?.edge ?? '';
  const states = statesIn(evidence, breaker, span);
  const trials = states.flatMap((stretch, index): Trial[] => {
    if (stretch.state !== 'half-open') return [];
    const endBlurUs = states[index + 1]?.uncertaintyUs ?? 0;
    const { fromUs, toUs, uncertaintyUs } = stretch;
    const clockUs = evidence.clockUncertaintyUs;
    return [
      {
        fromUs: stretch.fromUs,
        toUs: stretch.toUs,
        eventId: stretch.eventId,
        surely: admitted(evidence, edge, surelyWithin({ fromUs, toUs: toUs - endBlurUs }, clockUs)),
        possibly: admitted(evidence, edge, possiblyWithin({ fromUs: fromUs - uncertaintyUs, toUs }, clockUs)),
      },
    ];
  });
  if (trials.length === 0) return tooFew(`half-open stretches of ${breaker}`, 0, 1);
  const worst = trials.reduce((most, trial) => (trial.surely.length > most.surely.length ? trial : most));
  const most = Math.max(...trials.map(({ possibly }) => possibly.length));
  if (most === 0) return tooFew(`trial calls on ${edge}`, 0, 1);
  const calls = worst.surely.length;
  const verdict = calls > max ? 'fail' : most <= max ? 'pass' : 'inconclusive';
  return {
    verdict,
    code: verdict === 'inconclusive' ? 'trial-calls-unclear' : 'trial-calls',
    values: { max, calls: verdict === 'fail' ? calls : most, stretches: trials.length, atMs: toMs(worst.fromUs - span.fromUs), edge },
    measured: { value: verdict === 'fail' ? calls : most, unit: 'count' },
    ...(verdict === 'fail' ? { timingMarginMs: shiftMs(worst, calls - max) } : {}),
    evidence: [
      ...rowsOf(
        'events',
        trials.map(({ eventId }) => eventId),
      ),
      ...rowsOf(
        'exchanges',
        worst.surely.map(({ id }) => id),
        worst,
      ),
    ],
  };
}

/** First calls of requests that had not called before the span: retries of a call admitted earlier are no trials. */
function admitted(evidence: Evidence, edge: string, span: Span): readonly ExchangeRow[] {
  if (span.toUs <= span.fromUs) return [];
  const earlier = new Set(
    evidence.exchangesIn({ fromUs: span.fromUs - CARRIED_OVER_US, toUs: span.fromUs }, edge).map(({ traceId }) => traceId),
  );
  const known = new Set<string>();
  return evidence.exchangesIn(span, edge).filter(({ traceId }) => {
    if (traceId === '') return true;
    if (earlier.has(traceId) || known.has(traceId)) return false;
    known.add(traceId);
    return true;
  });
}

/** How long after its first call a request may still retry, in microseconds. */
const CARRIED_OVER_US = 10_000_000;

/** By how much the clock readings of as many calls as are too many would have to be off to put them outside. */
function shiftMs({ surely, fromUs, toUs }: Trial, excess: number): number {
  const shifts = surely.map(({ startedUs }) => Math.min(startedUs - fromUs, toUs - startedUs)).toSorted((left, right) => left - right);
  return toMs(shifts[excess - 1] ?? 0);
}
