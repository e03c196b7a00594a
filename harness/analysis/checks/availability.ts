import { PHASES, type PhaseName } from '../../model/plan.ts';
import type { Expectation } from '../../model/scenario.ts';
import type { Evidence, Span } from '../evidence.ts';
import { share } from './arguments.ts';
import type { Check } from './contract.ts';
import { faultNotInForce, findingOf, rowsOf, tooFew, type Result } from './finding.ts';

/** When an expectation about traffic counts: while a fault is in force, or during a phase of the timeline. */
export type During<D extends string> =
  { readonly of: Exclude<D, PhaseName>; readonly phase?: never } | { readonly phase: PhaseName; readonly of?: never };

/** Enough answers are good during a fault or a phase. */
export interface Availability<F extends string = string, R extends string = string> extends Expectation<never, never, F, R, never> {
  readonly check: 'availability';
  readonly of?: F;
  readonly phase?: PhaseName;
  readonly request?: R;
  /** Least share of good answers. */
  readonly min: number;
  /** Degraded answers are good as well. @default false */
  readonly countDegraded?: boolean;
}

/** Arrivals below which a share says nothing. */
export const ARRIVALS_NEEDED = 20;

/**
 * At least the share `min` of the arrivals is answered well during a fault (its name) or a phase (`baseline`, `fault`,
 * `recovery`), by intended time. Everything but `ok` counts against it; with `countDegraded` a degraded answer counts for it.
 *
 * @example
 * ```ts
 * import { availability } from 'halfopen';
 * import assert from 'node:assert/strict';
 *
 * assert.equal(availability({ request: 'stock', during: 'storm', min: 0.99 }).of, 'storm');
 * assert.equal(availability({ during: 'recovery', min: 0.9, countDegraded: true }).phase, 'recovery');
 * ```
 * @throws {RangeError} if `min` is not above 0 and at most 1
 */
export function availability<const D extends string, const R extends string = never>(options: {
  readonly during: D;
  readonly min: number;
  /** Only requests of this name count. @default all requests */
  readonly request?: R;
  /** @default false */
  readonly countDegraded?: boolean;
}): Availability<Exclude<D, PhaseName>, NoInfer<R>> {
  return {
    check: 'availability',
    ...duringOf(options.during),
    ...(options.request === undefined ? {} : { request: options.request }),
    min: share(options.min, 'min', `availability during ${options.during}`),
    ...(options.countDegraded === true ? { countDegraded: true } : {}),
  };
}

export const availabilityCheck: Check<Availability> = {
  kind: 'availability',
  needs: [],
  schema: {
    of: { type: 'fault', optional: true },
    phase: { type: 'choice', of: PHASES, optional: true },
    request: { type: 'request', optional: true },
    min: { type: 'number', min: 0.0001, max: 1 },
    countDegraded: { type: 'boolean', optional: true },
  },
  describe: ({ request, min, countDegraded, ...when }) =>
    `at least ${Number((min * 100).toFixed(2))} % of ${request ?? 'all requests'} ${countDegraded === true ? 'get an answer, degraded or not,' : 'are ok'} during ${when.of ?? when.phase ?? 'the run'}`,
  problems: ({ of, phase }: Availability, _plan, path) => duringProblems(of, phase, path),
  evaluate(expectation, evidence) {
    const span = duringSpan(expectation, evidence);
    const result = span === null ? faultNotInForce(expectation.of ?? '') : evaluate(expectation, evidence, span);
    return findingOf(expectation, expectation.request ?? 'all requests', {
      expected: { value: expectation.min, unit: 'ratio' },
      ...result,
    });
  },
};

/** A fault's or a phase's name as data; a phase's name wins. */
export function duringOf<const D extends string>(during: D): During<D> {
  const phase = PHASES.find((name) => name === during);
  return phase === undefined ? { of: during as Exclude<D, PhaseName> } : { phase };
}

export function duringProblems(
  of: string | undefined,
  phase: string | undefined,
  path: string,
): { path: string; expected: string; found: string }[] {
  if ((of === undefined) !== (phase === undefined)) return [];
  return [{ path, expected: "either 'of' (a fault) or 'phase'", found: of === undefined ? 'neither' : 'both' }];
}

export function duringSpan({ of, phase }: { readonly of?: string; readonly phase?: PhaseName }, evidence: Evidence): Span | null {
  if (phase !== undefined) return evidence.phase(phase);
  return of === undefined ? null : evidence.faultSpan(of);
}

function evaluate({ of, phase, request, min, countDegraded }: Availability, evidence: Evidence, span: Span): Result {
  const rows = evidence.requestsIn(span, request);
  if (rows.length < ARRIVALS_NEEDED) return tooFew(`arrivals of ${request ?? 'any request'}`, rows.length, ARRIVALS_NEEDED);
  const bad = rows.filter(({ outcome }) => outcome !== 'ok' && !(countDegraded === true && outcome === 'degraded'));
  const ratio = (rows.length - bad.length) / rows.length;
  const outcomes = Object.entries(Object.groupBy(bad, ({ outcome }) => outcome)).map(([outcome, group]) => `${group.length} ${outcome}`);
  return {
    verdict: ratio >= min ? 'pass' : 'fail',
    code: 'availability',
    values: {
      during: of ?? phase ?? '',
      request: request ?? null,
      ratio,
      min,
      arrivals: rows.length,
      bad: bad.length,
      outcomes,
      countDegraded: countDegraded === true,
    },
    measured: { value: ratio, unit: 'ratio' },
    // A slow machine lets answers time out.
    ...(ratio >= min ? {} : { timingMarginMs: 0 }),
    evidence: rowsOf('requests', bad.length === 0 ? rows.map(({ id }) => id) : bad.map(({ id }) => id), span),
  };
}
