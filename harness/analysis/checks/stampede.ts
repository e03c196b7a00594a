import type { Expectation } from '../../model/scenario.ts';
import type { Evidence, Span } from '../evidence.ts';
import { numberFrom } from './arguments.ts';
import type { Check } from './contract.ts';
import { faultNotInForce, findingOf, rowsOf, tooFew, type Result } from './finding.ts';
import type { PlanSoFar } from './timeline.ts';

/** The calls that something else kept away from an edge do not all fall on it once that is gone. */
export interface Stampede<E extends string = string, F extends string = string> extends Expectation<E, never, F, never, never> {
  readonly check: 'stampede';
  readonly edge: E;
  readonly of: F;
  /** Calls a second while the fault is in force, divided by calls a second in the baseline. */
  readonly ratioMax: number;
}

/** Calls in each of the two stretches, below which a rate says nothing. */
const CALLS_NEEDED = 10;

/**
 * Calls on an edge do not come more than `ratioMax` times as often while a fault is in force as in the baseline: the source
 * behind a cache does not get all that the cache took off it. Needs 10 calls in the baseline and 10 under the fault, else it cannot tell.
 *
 * @example
 * ```ts
 * import { stampede } from 'halfopen';
 * import assert from 'node:assert/strict';
 *
 * assert.equal(stampede({ edge: 'gateway->catalog', of: 'cache-gone', ratioMax: 2 }).ratioMax, 2);
 * ```
 * @throws {RangeError} if `ratioMax` is below 1
 */
export function stampede<const E extends string, const F extends string>(options: {
  readonly edge: E;
  readonly of: F;
  readonly ratioMax: number;
}): Stampede<E, F> {
  const { edge, of } = options;
  return { check: 'stampede', edge, of, ratioMax: numberFrom(options.ratioMax, 1, 'ratioMax', `no stampede on ${edge}`) };
}

export const stampedeCheck: Check<Stampede> = {
  kind: 'stampede',
  needs: ['tap'],
  schema: { edge: { type: 'edge' }, of: { type: 'fault' }, ratioMax: { type: 'number', min: 1, unit: 'times the baseline' } },
  describe: ({ edge, of, ratioMax }) => `calls on ${edge} come at most ${ratioMax} times as often during ${of} as in the baseline`,
  problems({ of, ratioMax }: Stampede, plan, path) {
    const most = mostRatio(plan, of);
    if (most === null || ratioMax < most) return [];
    const expected = `less than ${Number(most.toFixed(2))} (all arrivals during ${of} against the fewest calls that a baseline may have), or it could never fail`;
    return [{ path: `${path}.ratioMax`, expected, found: String(ratioMax) }];
  },
  evaluate(expectation, evidence) {
    const span = evidence.faultSpan(expectation.of);
    const result = span === null ? faultNotInForce(expectation.of) : evaluate(expectation, evidence, span);
    return findingOf(expectation, expectation.edge, { expected: { value: expectation.ratioMax, unit: 'x' }, ...result });
  },
};

function evaluate({ edge, of, ratioMax }: Stampede, evidence: Evidence, span: Span): Result {
  const baseline = evidence.phase('baseline');
  const before = baseline === null ? [] : evidence.exchangesIn(baseline, edge);
  const during = evidence.exchangesIn(span, edge);
  if (baseline === null || before.length < CALLS_NEEDED) return tooFew(`calls on ${edge} in the baseline`, before.length, CALLS_NEEDED);
  if (during.length < CALLS_NEEDED) return tooFew(`calls on ${edge} during ${of}`, during.length, CALLS_NEEDED);
  const beforePerSecond = before.length / seconds(baseline);
  const duringPerSecond = during.length / seconds(span);
  const ratio = duringPerSecond / beforePerSecond;
  return {
    verdict: ratio <= ratioMax ? 'pass' : 'fail',
    code: 'stampede',
    values: { edge, of, ratio, ratioMax, beforePerSecond, duringPerSecond, calls: during.length },
    measured: { value: ratio, unit: 'x' },
    evidence: rowsOf(
      'exchanges',
      during.map(({ id }) => id),
      span,
    ),
  };
}

/** The ratio at which every arrival under the fault calls once and the baseline has as few calls as it may; null where that is unknown. */
function mostRatio({ faults, phases, schedule, load }: PlanSoFar, of: string): number | null {
  // Nobody has planned a script's arrivals.
  if (load.kind === 'k6-script') return null;
  const windows = faults.find(({ name }) => name === of)?.windows ?? [];
  const [first] = windows;
  const last = windows.at(-1);
  const baseline = phases.find(({ name }) => name === 'baseline');
  if (first === undefined || last === undefined || baseline === undefined) return null;
  const span = { fromUs: first.fromUs, toUs: last.toUs };
  const arrivals = schedule.intendedUs.filter((atUs) => atUs >= span.fromUs && atUs < span.toUs).length;
  return arrivals / seconds(span) / (CALLS_NEEDED / seconds(baseline));
}

function seconds({ fromUs, toUs }: Span): number {
  return (toUs - fromUs) / 1_000_000;
}
