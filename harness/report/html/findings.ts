import type { EvidenceRef, Quantity } from '../../model/finding.ts';
import type { JudgedFinding, RunVerdict } from '../../model/outcome.ts';
import type { Axis } from './axis.ts';
import { evidenceView, type RowTimes } from './evidence.ts';
import type { EvidenceView, FindingView, Measure, RecoverySummary, RecoveryView } from './payload.ts';

export function findingViews(verdict: RunVerdict, times: RowTimes, axis: Axis): FindingView[] {
  return verdict.findings.map((finding) => ({
    check: finding.check,
    subject: finding.subject,
    guard: finding.guard,
    reported: finding.reported === true,
    verdict: finding.verdict,
    declared: finding.declared,
    sentence: finding.sentence,
    expected: finding.expected,
    measured: finding.measured,
    resolution: finding.resolution ?? null,
    quantities: quantitiesOf(finding),
    evidence: viewsOf(finding.evidence, times, axis),
    recovery: recoveryView(finding, times, axis),
  }));
}

/** References that point at nothing would be links to nowhere. */
function viewsOf(references: readonly EvidenceRef[], times: RowTimes, axis: Axis): EvidenceView[] {
  return references.map((reference) => evidenceView(reference, times, axis)).filter(({ count, fromMs }) => count > 0 || fromMs !== null);
}

function quantitiesOf({ quantities: { expected, measured } }: JudgedFinding): FindingView['quantities'] {
  return { ...(expected === undefined ? {} : { expected }), ...(measured === undefined ? {} : { measured }) };
}

function recoveryView(finding: JudgedFinding, times: RowTimes, axis: Axis): RecoveryView | null {
  const { timeline } = finding;
  if (timeline === undefined) return null;
  return {
    fault: timeline.fault,
    recoveryMs: timeline.recoveryMs,
    limitMs: lengthMs(finding.quantities.expected),
    resolutionMs: finding.resolutionMs ?? timeline.bucketUs / 1000,
    horizonMs: axis.ms(timeline.horizonUs),
    moments: timeline.moments.map(({ moment, atUs, state, evidence }) => ({
      moment,
      atMs: atUs === null ? null : axis.ms(atUs),
      state,
      evidence: viewsOf(evidence, times, axis),
    })),
  };
}

/** The limit on p95 that draws its line over the latency: the first that an expectation with a recovery timeline declares. */
export function p95LimitMs(verdict: RunVerdict): number | null {
  for (const { timeline, expectation } of verdict.findings) {
    const limit = timeline === undefined ? undefined : expectation?.['p95Ms'];
    if (typeof limit === 'number') return limit;
  }
  return null;
}

export function measuresOf(verdict: RunVerdict): Measure[] {
  return verdict.findings
    .filter(({ guard, reported }) => !guard && reported !== true)
    .map((finding) => ({ check: finding.check, subject: finding.subject, verdict: finding.verdict, ...quantitiesOf(finding) }));
}

/** The worst recovery of a run, for the overview: a censored one before a long one. */
export function recoverySummary(verdict: RunVerdict): RecoverySummary | null {
  const all = verdict.findings.flatMap((finding): RecoverySummary[] => {
    const { timeline } = finding;
    if (timeline === undefined) return [];
    const withdrawnUs = timeline.moments.find(({ moment }) => moment === 't3')?.atUs ?? null;
    return [
      {
        fault: timeline.fault,
        verdict: finding.verdict,
        recoveryMs: timeline.recoveryMs,
        limitMs: lengthMs(finding.quantities.expected),
        resolutionMs: finding.resolutionMs ?? timeline.bucketUs / 1000,
        lookedMs: withdrawnUs === null ? null : (timeline.horizonUs - withdrawnUs) / 1000,
      },
    ];
  });
  return all.toSorted((left, right) => (right.recoveryMs ?? Infinity) - (left.recoveryMs ?? Infinity) || 0)[0] ?? null;
}

function lengthMs(quantity: Quantity | undefined): number | null {
  if (quantity?.unit === 'ms') return quantity.value;
  return quantity?.unit === 's' ? quantity.value * 1000 : null;
}
