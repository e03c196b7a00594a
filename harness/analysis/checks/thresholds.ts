import type { Expectation } from '../../model/scenario.ts';
import { thresholdsOf } from '../thresholds.ts';
import type { Check } from './contract.ts';
import { findingOf, rowsOf, tooFew, type Result } from './finding.ts';

/** When thresholds are looked at: during a phase, or over the whole run. */
const DURING = ['baseline', 'fault', 'recovery', 'run'] as const;
type During = (typeof DURING)[number];

/** No threshold of the k6 script that sends the load is crossed. */
export interface Thresholds extends Expectation<never, never, never, never, never> {
  readonly check: 'thresholds';
  readonly during: During;
}

/**
 * No threshold of the load's own k6 script is crossed during a phase, by the samples in that phase alone, or over the whole `run`. Without
 * it a script's thresholds are only reported. A threshold without samples leaves it undecided: k6 itself would call it met.
 *
 * @example
 * ```ts
 * import { thresholds } from 'halfopen';
 * import assert from 'node:assert/strict';
 *
 * assert.equal(thresholds({ during: 'recovery' }).during, 'recovery');
 * ```
 * @throws {TypeError} if `during` is none of `baseline`, `fault`, `recovery` and `run`
 */
export function thresholds({ during }: { readonly during: During }): Thresholds {
  if (!DURING.includes(during)) {
    throw new TypeError(
      `Cannot expect thresholds to be kept as 'during' must be one of ${DURING.join(', ')}: current value is ${JSON.stringify(during)}`,
    );
  }
  return { check: 'thresholds', during };
}

export const thresholdsCheck: Check<Thresholds> = {
  kind: 'thresholds',
  needs: [],
  schema: { during: { type: 'choice', of: DURING } },
  describe: ({ during }) => `no threshold of the k6 script is crossed ${words(during)}`,
  problems: (_expectation: Thresholds, { load }, path) =>
    load.kind === 'k6-script'
      ? []
      : [{ path, expected: 'a load that has thresholds: a k6 script, by k6Script()', found: `a load of kind '${load.kind}'` }],
  evaluate(expectation, evidence) {
    const judged = thresholdsOf(evidence).filter(({ phase }) => phase === expectation.during);
    return findingOf(expectation, words(expectation.during), judgeAll(expectation.during, judged));
  },
};

function words(during: During): string {
  return during === 'run' ? 'over the whole run' : `during ${during}`;
}

function judgeAll(during: During, judged: ReturnType<typeof thresholdsOf>): Result {
  if (judged.length === 0) return tooFew(`thresholds that were judged ${words(during)}`, 0, 1);
  const nameOf = ({ metric, condition }: (typeof judged)[number]): string => `${metric}: ${condition}`;
  const crossed = judged.filter(({ isMet }) => isMet === false);
  const unsampled = judged.filter(({ isMet }) => isMet === null);
  const of = crossed.length > 0 ? crossed : unsampled.length > 0 ? unsampled : judged;
  return {
    verdict: crossed.length > 0 ? 'fail' : unsampled.length > 0 ? 'inconclusive' : 'pass',
    code: crossed.length > 0 ? 'thresholds-crossed' : unsampled.length > 0 ? 'thresholds-unsampled' : 'thresholds-met',
    values: { during: words(during), thresholds: judged.length, named: of.map(nameOf) },
    measured: { value: crossed.length, unit: 'count' },
    // A slow machine may have crossed any of them.
    ...(crossed.length > 0 ? { timingMarginMs: 0 } : {}),
    evidence: rowsOf(
      'events',
      of.map(({ id }) => id),
    ),
  };
}
