import type { Finding } from '../../model/finding.ts';
import type { RequestRow } from '../../model/recording.ts';
import type { Guard } from '../checks/contract.ts';
import { cite } from '../cite.ts';
import type { Evidence } from '../evidence.ts';
import { guardFinding, JUDGED_PHASES, roundRatio, type GuardResult } from './guard-finding.ts';
import { scriptTrouble } from './script-load.ts';

/** What was not asked of the system was not answered by it either. */
export const loadWasOffered: Guard = {
  check: 'load-was-offered',
  evaluate: (evidence) => [judgeLoad(evidence)],
};

function judgeLoad(evidence: Evidence): Finding {
  const { plan, recording, loadStartedUs } = evidence;
  const scheduled = plan.schedule.intendedUs.length;
  if (loadStartedUs === null) return said({ verdict: 'invalid', code: 'load-never-started', values: { scheduled } });
  const distinct = distinctArrivals(recording.requests, scheduled);
  if (plan.load.kind === 'k6-script') return judgeScript(evidence);
  if (scheduled === 0 || distinct !== scheduled || distinct !== recording.requests.length) {
    return said({
      verdict: 'invalid',
      code: 'arrivals-unaccounted',
      values: { scheduled, rows: recording.requests.length, distinct },
      expected: { value: scheduled, unit: 'count' },
      measured: { value: distinct, unit: 'count' },
    });
  }
  return judgeRatios(scheduled, evidence);
}

/** A script brings its own arrivals: what was to be sent is what it began or dropped, to the end of the timeline. */
function judgeScript(evidence: Evidence): Finding {
  const trouble = scriptTrouble(evidence);
  return trouble === null ? judgeRatios(evidence.recording.requests.length, evidence) : said(trouble);
}

function judgeRatios(scheduled: number, evidence: Evidence): Finding {
  const { plan, recording } = evidence;
  const phases = JUDGED_PHASES.flatMap((phase) => offeredIn(phase, evidence) ?? []);
  const worst = phases.toSorted((left, right) => left.ratio - right.ratio)[0];
  const sum = recording.requests.filter(wasOffered).length;
  const { offeredRatioMin } = plan.guards;
  const isOffered = worst === undefined || worst.ratio >= offeredRatioMin;
  return said({
    verdict: isOffered ? 'pass' : 'invalid',
    code: isOffered ? 'load-offered' : 'load-not-offered',
    values: { scheduled, offered: sum, ratioMin: offeredRatioMin, ...(worst === undefined ? {} : worst.values) },
    expected: { value: offeredRatioMin, unit: 'ratio' },
    measured: { value: worst?.ratio ?? 1, unit: 'ratio' },
    evidence: worst === undefined || isOffered ? [] : [cite('requests', worst.missed)],
  });
}

/** How many of the scheduled arrivals have a row: ids are ordinals in the schedule. */
function distinctArrivals(rows: readonly RequestRow[], scheduled: number): number {
  const seen = new Uint8Array(scheduled);
  for (const { id } of rows) seen[id] = 1;
  return seen.reduce((sum, flag) => sum + flag, 0);
}

function offeredIn(phase: (typeof JUDGED_PHASES)[number], evidence: Evidence) {
  const planned = evidence.plan.phases.find(({ name }) => name === phase);
  const span = evidence.phase(phase);
  if (planned === undefined || span === null) return null;
  const rows = evidence.requestsIn(span);
  const scheduled =
    evidence.plan.load.kind === 'k6-script'
      ? rows.length
      : evidence.plan.schedule.intendedUs.filter((atUs) => atUs >= planned.fromUs && atUs < planned.toUs).length;
  if (scheduled === 0) return null;
  const missed = rows.filter((row) => !wasOffered(row));
  const offered = Math.min(rows.length - missed.length, scheduled);
  const count = (outcome: RequestRow['outcome']): number => missed.filter((row) => row.outcome === outcome).length;
  return {
    ratio: roundRatio(offered / scheduled),
    missed,
    values: { phase, phaseScheduled: scheduled, phaseOffered: offered, shed: count('shed'), aborted: count('aborted') },
  };
}

/** Sent, and given the time that it was due: a request that the harness itself gave up (`aborted`) was not. */
function wasOffered({ startedUs, outcome }: RequestRow): boolean {
  return startedUs !== null && outcome !== 'shed' && outcome !== 'aborted';
}

function said(result: Omit<GuardResult, 'check' | 'subject'>): Finding {
  return guardFinding({ check: loadWasOffered.check, subject: 'load', ...result });
}
