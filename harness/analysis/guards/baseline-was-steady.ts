import type { Finding } from '../../model/finding.ts';
import type { RequestRow } from '../../model/recording.ts';
import { journeysByUsers } from '../../model/users.ts';
import type { Guard } from '../checks/contract.ts';
import { cite } from '../cite.ts';
import type { Evidence, Span } from '../evidence.ts';
import { quantile } from '../quantile.ts';
import { responseMs } from '../series.ts';
import { guardFinding, roundMs, roundRatio, type GuardResult } from './guard-finding.ts';

/** Fewer arrivals than this are no baseline; its halves then hold ten, the least that has a p95 worth the name. */
const ARRIVALS_MIN = 20;

/** A system that was not well before the fault cannot be said to have recovered from it. */
export const baselineWasSteady: Guard = {
  check: 'baseline-was-steady',
  evaluate: (evidence) => [judgeBaseline(evidence)],
};

function judgeBaseline(evidence: Evidence): Finding {
  const { baselineOkRatioMin, baselineDriftRatioMax, baselineDriftMsMin } = evidence.plan.guards;
  const span = evidence.phase('baseline');
  const rows = span === null ? [] : evidence.requestsIn(span);
  if (span === null || rows.length < ARRIVALS_MIN) {
    return said({
      verdict: 'invalid',
      code: 'baseline-too-few',
      values: { arrivals: rows.length, needed: ARRIVALS_MIN },
      expected: { value: ARRIVALS_MIN, unit: 'count' },
      measured: { value: rows.length, unit: 'count' },
    });
  }
  const answered = [...rows, ...journeysByUsers(evidence.plan.load).flatMap(({ name }) => evidence.requestsIn(span, name))];
  const bad = answered.filter(({ outcome }) => outcome !== 'ok');
  const okRatio = (answered.length - bad.length) / answered.length;
  const availability = {
    expected: { value: baselineOkRatioMin, unit: 'ratio' },
    measured: { value: roundRatio(okRatio), unit: 'ratio' },
  } as const;
  if (okRatio < baselineOkRatioMin) {
    const values = { arrivals: answered.length, notOk: bad.length, okRatio: roundRatio(okRatio), okRatioMin: baselineOkRatioMin };
    return said({ verdict: 'invalid', code: 'baseline-not-ok', values, ...availability, evidence: [cite('requests', bad, span)] });
  }
  const drift = driftOf(rows, span);
  const values = { arrivals: answered.length, okRatio: roundRatio(okRatio), ...drift, ratioMax: baselineDriftRatioMax };
  // Small latencies drift by what the machine adds and by code that warms up: 1 ms to 4 ms is no drift.
  if (drift.ratio > baselineDriftRatioMax && Math.abs(drift.secondP95Ms - drift.firstP95Ms) > baselineDriftMsMin) {
    return said({
      verdict: 'invalid',
      code: 'baseline-drifted',
      values,
      expected: { value: baselineDriftRatioMax, unit: 'x' },
      measured: { value: drift.ratio, unit: 'x' },
      evidence: [{ table: 'requests', ids: [], fromUs: span.fromUs, toUs: span.toUs }],
    });
  }
  return said({ verdict: 'pass', code: 'baseline-steady', values, ...availability, evidence: [cite('requests', answered, span)] });
}

function driftOf(
  rows: readonly RequestRow[],
  { fromUs, toUs }: Span,
): { readonly firstP95Ms: number; readonly secondP95Ms: number; readonly ratio: number } {
  const middleUs = (fromUs + toUs) / 2;
  const p95Ms = (half: readonly RequestRow[]): number => quantile(half.map(responseMs), 0.95) ?? 0;
  const firstP95Ms = p95Ms(rows.filter(({ intendedUs }) => intendedUs < middleUs));
  const secondP95Ms = p95Ms(rows.filter(({ intendedUs }) => intendedUs >= middleUs));
  const [low, high] = [Math.min(firstP95Ms, secondP95Ms), Math.max(firstP95Ms, secondP95Ms)];
  return { firstP95Ms: roundMs(firstP95Ms), secondP95Ms: roundMs(secondP95Ms), ratio: roundRatio(high / Math.max(low, 0.001)) };
}

function said(result: Omit<GuardResult, 'check' | 'subject'>): Finding {
  return guardFinding({ check: baselineWasSteady.check, subject: 'baseline', ...result });
}
