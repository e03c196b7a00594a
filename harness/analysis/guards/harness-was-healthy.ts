import type { HealthReported } from '../../model/event.ts';
import type { Guard } from '../checks/contract.ts';
import { cite } from '../cite.ts';
import type { Evidence } from '../evidence.ts';
import { guardFinding, roundMs } from './guard-finding.ts';

/** A harness whose own event loops stalled stamped times late and held up what passed through its proxy. */
export const harnessWasHealthy: Guard = {
  check: 'harness-was-healthy',
  evaluate(evidence) {
    const limitMs = evidence.plan.guards.loopDelayP99MsMax;
    const reports = reportsOfJudgedTime(evidence);
    const worst = reports.toSorted((left, right) => right.loopDelayP99Ms - left.loopDelayP99Ms || left.id - right.id)[0];
    const about = { check: 'harness-was-healthy', subject: 'harness', expected: { value: limitMs, unit: 'ms' } } as const;
    if (worst === undefined) {
      return [guardFinding({ ...about, verdict: 'inconclusive', code: 'health-unseen', values: {}, noiseMs: evidence.endUs / 1000 })];
    }
    const isIll = worst.loopDelayP99Ms > limitMs;
    return [
      guardFinding({
        ...about,
        verdict: isIll ? 'inconclusive' : 'pass',
        code: isIll ? 'harness-stalled' : 'harness-healthy',
        values: {
          part: worst.part,
          p99Ms: roundMs(worst.loopDelayP99Ms),
          maxMs: limitMs,
          atMs: roundMs(worst.atUs / 1000),
          cpuRatio: Math.round(worst.cpuRatio * 100) / 100,
          reports: reports.length,
        },
        measured: { value: roundMs(worst.loopDelayP99Ms), unit: 'ms' },
        ...(isIll ? { noiseMs: worst.loopDelayP99Ms } : {}),
        evidence: [cite('events', isIll ? reports.filter(({ loopDelayP99Ms }) => loopDelayP99Ms > limitMs) : [worst])],
      }),
    ];
  },
};

/** From the begin of the baseline on: a report tells of the interval before it, so the first one may be of the warmup's end. */
function reportsOfJudgedTime(evidence: Evidence): readonly HealthReported[] {
  const fromUs = evidence.phase('baseline')?.fromUs ?? 0;
  const toUs = evidence.phase('recovery')?.toUs ?? evidence.endUs;
  return evidence.recording.events.filter(
    (event): event is HealthReported => event.kind === 'health' && event.atUs > fromUs && event.atUs <= toUs,
  );
}
