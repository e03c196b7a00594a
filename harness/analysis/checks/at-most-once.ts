import type { Expectation } from '../../model/scenario.ts';
import type { Evidence } from '../evidence.ts';
import type { Check } from './contract.ts';
import { findingOf, rowsOf, tooFew, type Result } from './finding.ts';

/** One intent has at most one effect, however often its call was repeated. */
export interface AtMostOnce extends Expectation<never, never, never, never, never> {
  readonly check: 'atMostOnce';
  /** The name that services report the effect under: `charge`. */
  readonly effect: string;
}

/**
 * Each intent (the key of the effect, such as an order's id) has at most one effect of this name in the whole run. Services
 * report effects as JSON lines; a run in which none is reported cannot tell.
 *
 * @example
 * ```ts
 * import { atMostOnce } from 'halfopen';
 * import assert from 'node:assert/strict';
 *
 * assert.deepEqual(atMostOnce({ effect: 'charge' }), { check: 'atMostOnce', effect: 'charge' });
 * ```
 * @throws {TypeError} if the effect has no name
 */
export function atMostOnce(options: { readonly effect: string }): AtMostOnce {
  if (options.effect === '') throw new TypeError(`Cannot expect an effect at most once as 'effect' must be a name: current value is ''`);
  return { check: 'atMostOnce', effect: options.effect };
}

export const atMostOnceCheck: Check<AtMostOnce> = {
  kind: 'atMostOnce',
  needs: ['stdout'],
  schema: { effect: { type: 'string' } },
  describe: ({ effect }) => `each intent has at most one ${effect}`,
  problems: () => [],
  evaluate(expectation, evidence) {
    return findingOf(expectation, expectation.effect, { expected: { value: 1, unit: 'count' }, ...evaluate(expectation, evidence) });
  },
};

function evaluate({ effect }: AtMostOnce, { recording }: Evidence): Result {
  const rows = recording.effects.filter((row) => row.effect === effect);
  if (rows.length === 0) return tooFew(`'${effect}' effects`, 0, 1);
  const byKey = Map.groupBy(rows, ({ key }) => key);
  const repeated = [...byKey.entries()]
    .filter(([key, group]) => key !== '' && group.length > 1)
    .toSorted((left, right) => right[1].length - left[1].length);
  const most = repeated[0]?.[1].length ?? 1;
  const keyless = byKey.get('')?.length ?? 0;
  const values = {
    effect,
    effects: rows.length,
    intents: byKey.size,
    repeated: repeated.length,
    most,
    example: repeated[0]?.[0] ?? null,
    keyless,
  };
  const measured = { value: most, unit: 'count' as const };
  if (repeated.length > 0) {
    const [first] = repeated[0]?.[1] ?? [];
    const rowsRepeated = repeated.flatMap(([, group]) => group);
    return {
      verdict: 'fail',
      code: 'at-most-once',
      values,
      measured,
      evidence: rowsOf(
        'effects',
        rowsRepeated.map(({ id }) => id),
        { fromUs: first?.atUs ?? 0, toUs: rowsRepeated.at(-1)?.atUs ?? 0 },
      ),
    };
  }
  if (keyless > 0) return { verdict: 'inconclusive', code: 'effects-without-key', values };
  return {
    verdict: 'pass',
    code: 'at-most-once',
    values,
    measured,
    evidence: rowsOf(
      'effects',
      rows.map(({ id }) => id),
    ),
  };
}
