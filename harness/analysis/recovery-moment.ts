import type { EvidenceRef } from '../model/finding.ts';

/** One moment of a recovery timeline as it was found. */
export interface Moment {
  readonly atUs: number | null;
  readonly state: 'seen' | 'censored' | 'not-applicable';
  readonly evidence: readonly EvidenceRef[];
}

export const CENSORED: Moment = { atUs: null, state: 'censored', evidence: [] };
export const NOT_APPLICABLE: Moment = { atUs: null, state: 'not-applicable', evidence: [] };

/** A moment that was seen, with what proves it. */
export function seen(atUs: number, ...evidence: readonly EvidenceRef[]): Moment {
  return { atUs, state: 'seen', evidence };
}
