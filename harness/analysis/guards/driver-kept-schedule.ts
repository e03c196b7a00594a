import type { RequestRow } from '../../model/recording.ts';
import type { Guard } from '../checks/contract.ts';
import { cite } from '../cite.ts';
import type { Evidence } from '../evidence.ts';
import { quantile } from '../quantile.ts';
import { JUDGED_PHASES } from '../../model/run-statistics.ts';
import { guardFinding, roundMs } from './guard-finding.ts';

/** A driver that started late made users wait who would not have waited. */
export const driverKeptSchedule: Guard = {
  check: 'driver-kept-schedule',
  evaluate(evidence) {
    const limitMs = evidence.plan.guards.startLagP99MsMax;
    const phases = JUDGED_PHASES.flatMap((phase) => lagIn(phase, evidence) ?? []);
    const worst = phases.toSorted((left, right) => right.p99Ms - left.p99Ms)[0];
    const about = { check: 'driver-kept-schedule', subject: 'driver', expected: { value: limitMs, unit: 'ms' } } as const;
    if (worst === undefined) {
      return [guardFinding({ ...about, verdict: 'inconclusive', code: 'driver-unseen', values: {}, noiseMs: evidence.endUs / 1000 })];
    }
    const isLate = worst.p99Ms > limitMs;
    return [
      guardFinding({
        ...about,
        verdict: isLate ? 'inconclusive' : 'pass',
        code: isLate ? 'driver-late' : 'driver-on-time',
        values: { phase: worst.phase, p99Ms: worst.p99Ms, maxMs: limitMs, starts: worst.rows.length },
        measured: { value: worst.p99Ms, unit: 'ms' },
        ...(isLate
          ? {
              noiseMs: worst.p99Ms,
              noiseIn: Object.fromEntries(phases.map(({ phase, p99Ms }) => [phase, p99Ms])),
              evidence: [cite('requests', latest(worst.rows, limitMs))],
            }
          : {}),
      }),
    ];
  },
};

function lagIn(phase: (typeof JUDGED_PHASES)[number], evidence: Evidence) {
  const span = evidence.phase(phase);
  const rows = span === null ? [] : evidence.requestsIn(span).filter(({ startedUs }) => startedUs !== null);
  const p99Ms = quantile(rows.map(lagMs), 0.99);
  return p99Ms === null ? null : { phase, rows, p99Ms: roundMs(p99Ms) };
}

function lagMs({ startedUs, intendedUs }: RequestRow): number {
  return ((startedUs ?? intendedUs) - intendedUs) / 1000;
}

function latest(rows: readonly RequestRow[], limitMs: number): readonly RequestRow[] {
  return rows.filter((row) => lagMs(row) > limitMs);
}
