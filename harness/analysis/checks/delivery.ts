import type { EvidenceLost } from '../../model/event.ts';
import type { EffectRow } from '../../model/recording.ts';
import type { Expectation } from '../../model/scenario.ts';
import { formatMs, type Duration } from '../../model/time.ts';
import { cite } from '../cite.ts';
import type { Evidence } from '../evidence.ts';
import { limitMs } from './arguments.ts';
import type { Check } from './contract.ts';
import { cutOff, faultNotInForce, faultNotWithdrawn, findingOf, rowsOf, tooFew, toMs, type Result } from './finding.ts';
import { faultMoments, horizonUs, missingMs, roomAfterMs, unreachable } from './timeline.ts';

/** What was promised is done, also when a fault was in between. */
export interface Delivery<F extends string = string> extends Expectation<never, never, F, never, never> {
  readonly check: 'delivery';
  /** The effect that promises: `order-accepted`. */
  readonly from: string;
  /** The effect that keeps the promise, with the same key: `order-announced`. */
  readonly to: string;
  readonly of: F;
  /** Counted from the promise, or from the fault's last withdrawal (acknowledged) where that is later. */
  readonly withinMs: number;
}

/**
 * Each key that the effect `from` was reported with has the effect `to` within a time: counted from the promise, and for those made
 * before the fault ended from its end, by which a backlog is drained. Promises too close to the end of the load to be judged are left out.
 * Services report effects as JSON lines; a run in which none is promised, or some were lost, cannot tell.
 *
 * @example
 * ```ts
 * import { delivery } from 'halfopen';
 * import assert from 'node:assert/strict';
 *
 * assert.equal(delivery({ from: 'order-accepted', to: 'order-announced', of: 'cut', within: '8s' }).withinMs, 8000);
 * ```
 * @throws {TypeError} if an effect has no name, or both have the same
 * @throws {SyntaxError} if `within` is no duration
 * @throws {RangeError} if `within` is not above 0
 */
export function delivery<const F extends string>(options: {
  readonly from: string;
  readonly to: string;
  readonly of: F;
  readonly within: Duration;
}): Delivery<F> {
  const { from, to, of } = options;
  for (const [name, effect] of Object.entries({ from, to })) {
    if (effect === '') throw new TypeError(`Cannot expect delivery as '${name}' must be the name of an effect: current value is ''`);
  }
  if (from === to) throw new TypeError(`Cannot expect delivery as 'to' must be another effect than 'from': current value is '${to}'`);
  return { check: 'delivery', from, to, of, withinMs: limitMs(options.within, 'within', `delivery of ${from}`) };
}

export const deliveryCheck: Check<Delivery> = {
  kind: 'delivery',
  needs: ['stdout'],
  schema: { from: { type: 'string' }, to: { type: 'string' }, of: { type: 'fault' }, withinMs: { type: 'number', min: 1, unit: 'ms' } },
  describe: ({ from, to, of, withinMs }) =>
    `each ${from} is followed by ${to} within ${formatMs(withinMs)}, of the end of ${of} at the latest`,
  problems: ({ of, withinMs }: Delivery, plan, path) =>
    unreachable(`${path}.withinMs`, withinMs, roomAfterMs(plan, of, 'end'), `what is left of the timeline when ${of} ends`),
  evaluate(expectation, evidence) {
    const moments = faultMoments(evidence, expectation.of);
    const result =
      moments === null
        ? faultNotInForce(expectation.of)
        : moments.withdrawnUs === null
          ? faultNotWithdrawn(expectation.of)
          : evaluate(expectation, evidence, moments.withdrawnUs);
    return findingOf(expectation, expectation.from, { expected: { value: expectation.withinMs, unit: 'ms' }, ...result });
  },
};

/** Keys that a finding names; the rest is found through its evidence. */
const KEYS_NAMED = 3;

/** One promise, with when it was to be kept and when it was. */
interface Promised {
  readonly row: EffectRow;
  readonly dueUs: number;
  readonly kept: EffectRow | null;
}

function evaluate({ from, to, of, withinMs }: Delivery, evidence: Evidence, withdrawnUs: number): Result {
  const lost = lostEffects(evidence);
  if (lost.length > 0) {
    const count = lost.reduce((sum, event) => sum + event.count, 0);
    return { verdict: 'inconclusive', code: 'effects-lost', values: { from, to, count }, evidence: [cite('events', lost)] };
  }
  if (missingMs(evidence) > 0) return cutOff(missingMs(evidence));
  const rows = evidence.recording.effects.filter(({ effect }) => effect === from);
  const keyless = rows.filter(({ key }) => key === '').length;
  if (keyless > 0) return { verdict: 'inconclusive', code: 'effects-without-key', values: { effect: from, effects: rows.length, keyless } };
  const promised = promisesOf(rows, { evidence, to, withinUs: withinMs * 1000, withdrawnUs });
  const judged = promised.filter(({ dueUs }) => dueUs <= horizonUs(evidence));
  if (judged.length === 0) return tooFew(`'${from}' effects that are to be followed by '${to}' within the load`, 0, 1);
  return verdictOn(judged, { from, to, of, withinMs, withdrawnUs, endUs: evidence.endUs });
}

/** Effects of which nobody knows how many are missing may be any of the two. */
function lostEffects({ recording }: Evidence): readonly EvidenceLost[] {
  return recording.events.filter(
    (event): event is EvidenceLost => event.kind === 'lost' && event.count > 0 && /effect|log of/.test(event.what),
  );
}

function promisesOf(
  rows: readonly EffectRow[],
  {
    evidence,
    to,
    withinUs,
    withdrawnUs,
  }: { readonly evidence: Evidence; readonly to: string; readonly withinUs: number; readonly withdrawnUs: number },
): readonly Promised[] {
  const kept = new Map<string, EffectRow>();
  for (const row of evidence.recording.effects) {
    if (row.effect === to && row.atUs < (kept.get(row.key)?.atUs ?? Infinity)) kept.set(row.key, row);
  }
  const first = new Map<string, EffectRow>();
  for (const row of rows) if (row.atUs < (first.get(row.key)?.atUs ?? Infinity)) first.set(row.key, row);
  return [...first.values()].map((row) => ({
    row,
    dueUs: Math.max(row.atUs, withdrawnUs) + withinUs,
    kept: kept.get(row.key) ?? null,
  }));
}

function verdictOn(
  judged: readonly Promised[],
  about: {
    readonly from: string;
    readonly to: string;
    readonly of: string;
    readonly withinMs: number;
    readonly withdrawnUs: number;
    readonly endUs: number;
  },
): Result {
  const { withdrawnUs, endUs, ...named } = about;
  const lost = judged.filter(({ kept }) => kept === null);
  const late = judged.filter(({ kept, dueUs }) => kept !== null && kept.atUs > dueUs);
  const slackMs = judged.map(({ kept, dueUs }) => toMs(dueUs - (kept?.atUs ?? endUs)));
  const backlog = judged.filter(({ row, kept }) => row.atUs < withdrawnUs && (kept === null || kept.atUs > withdrawnUs));
  const drainedMs = Math.max(0, ...backlog.map(({ kept }) => toMs((kept?.atUs ?? endUs) - withdrawnUs)));
  const missed = [...lost, ...late];
  const values = {
    ...named,
    promised: judged.length,
    lost: lost.length,
    late: late.length,
    backlog: backlog.length,
    drainedMs,
    keys: missed.slice(0, KEYS_NAMED).map(({ row }) => row.key),
    overdueMs: Math.max(0, ...slackMs.map((slack) => -slack)),
  };
  const cited = missed.length > 0 ? missed : backlog.length > 0 ? backlog : judged;
  return {
    verdict: missed.length === 0 ? 'pass' : 'fail',
    code: lost.length > 0 ? 'delivery-lost' : late.length > 0 ? 'delivery-late' : 'delivery',
    values,
    measured: { value: lost.length > 0 ? lost.length : drainedMs, unit: lost.length > 0 ? 'count' : 'ms' },
    // What was lost must have been overdue by more than the machine took when the recording ended; what was kept, kept by as much.
    timingMarginMs: missed.length > 0 ? values.overdueMs : Math.max(0, Math.min(...slackMs)),
    evidence: rowsOf(
      'effects',
      cited.flatMap(({ row, kept }) => (kept === null ? [row.id] : [row.id, kept.id])),
    ),
  };
}
