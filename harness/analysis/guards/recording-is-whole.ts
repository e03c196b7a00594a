import type { Finding } from '../../model/finding.ts';
import type { EvidenceLost, RunEnded } from '../../model/event.ts';
import type { Guard } from '../checks/contract.ts';
import { cite } from '../cite.ts';
import type { Evidence } from '../evidence.ts';
import { guardFinding, type GuardResult } from './guard-finding.ts';

/** What a recording lacks may have been the failure. */
export const recordingIsWhole: Guard = {
  check: 'recording-is-whole',
  evaluate: (evidence) => [guardFinding({ check: 'recording-is-whole', subject: 'recording', ...judgeRecording(evidence) })],
};

function judgeRecording({ recording: { events, requests, exchanges }, endUs }: Evidence): Omit<GuardResult, 'check' | 'subject'> {
  const ended = events.findLast((event): event is RunEnded => event.kind === 'run-ended');
  if (ended === undefined) return { verdict: 'invalid', code: 'recording-cut', values: { endMs: Math.round(endUs / 1000) } };
  const proof: Finding['evidence'] = [cite('events', [ended])];
  if (ended.how !== 'completed') {
    return {
      verdict: 'invalid',
      code: `run-${ended.how}`,
      values: { reason: ended.reason ?? null, endMs: Math.round(ended.atUs / 1000) },
      evidence: proof,
    };
  }
  const lost = events.filter((event): event is EvidenceLost => event.kind === 'lost' && event.count > 0);
  const [worst] = lost.toSorted((left, right) => right.count - left.count);
  if (worst !== undefined) {
    const values = { what: worst.what, count: worst.count, limit: worst.limit, kinds: new Set(lost.map(({ what }) => what)).size };
    return {
      verdict: 'invalid',
      code: 'evidence-lost',
      values,
      measured: { value: worst.count, unit: 'count' },
      evidence: [cite('events', lost)],
    };
  }
  if (!events.some(({ kind }) => kind === 'load-ended'))
    return { verdict: 'invalid', code: 'load-end-unseen', values: {}, evidence: proof };
  return {
    verdict: 'pass',
    code: 'recording-whole',
    values: { events: events.length, requests: requests.length, exchanges: exchanges.length },
    evidence: proof,
  };
}
