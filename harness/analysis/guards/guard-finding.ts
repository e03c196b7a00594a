import type { Finding } from '../../model/finding.ts';
import type { Verdict } from '../../model/verdict.ts';

/** What one guard says of one subject. */
export interface GuardResult extends Partial<Pick<Finding, 'expected' | 'measured' | 'noiseMs' | 'noiseIn' | 'backlogIn' | 'evidence'>> {
  readonly check: string;
  readonly subject: string;
  readonly verdict: Verdict;
  readonly code: string;
  readonly values: Finding['explanation']['values'];
}

export function guardFinding({ check, subject, verdict, code, values, evidence, noiseMs, ...rest }: GuardResult): Finding {
  return {
    check,
    subject,
    guard: true,
    verdict,
    explanation: { code, values: { subject, ...values } },
    ...rest,
    ...(noiseMs === undefined ? {} : { noiseMs: roundMs(noiseMs) }),
    evidence: evidence ?? [],
  };
}

/** Milliseconds to the microsecond. */
export function roundMs(lengthMs: number): number {
  return Math.round(lengthMs * 1000) / 1000;
}

/** A ratio to four digits. */
export function roundRatio(ratio: number): number {
  return Math.round(ratio * 10_000) / 10_000;
}
