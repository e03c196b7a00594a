import type { Finding } from '../../model/finding.ts';
import type { RequestRow } from '../../model/recording.ts';
import type { Guard } from '../checks/contract.ts';
import { cite } from '../cite.ts';
import type { Evidence } from '../evidence.ts';
import { JUDGED_PHASES } from '../../model/run-statistics.ts';
import { guardFinding, roundMs, roundRatio, type GuardResult } from './guard-finding.ts';
import { scriptTrouble } from './script-load.ts';
import { usersTrouble } from './users-load.ts';

/** A phase of which less than this was sent is one without its load: what needs pressure to show did not get it. */
const MOSTLY_OFFERED = 0.5;

/**
 * What was not asked of the system was not answered by it either. A run whose baseline lacked arrivals, or that lacked most of them in
 * a phase, says nothing; where some were lacking later, times of that phase are unsure.
 */
export const loadWasOffered: Guard = {
  check: 'load-was-offered',
  evaluate: (evidence) => [judgeLoad(evidence)],
};

function judgeLoad(evidence: Evidence): Finding {
  const { plan, scheduled: rows, loadStartedUs } = evidence;
  const scheduled = plan.schedule.intendedUs.length;
  if (loadStartedUs === null) return said({ verdict: 'invalid', code: 'load-never-started', values: { scheduled } });
  const distinct = distinctArrivals(rows, scheduled);
  if (plan.load.kind === 'k6-script') return judgeScript(evidence);
  if (scheduled === 0 || distinct !== scheduled || distinct !== rows.length) {
    return said({
      verdict: 'invalid',
      code: 'arrivals-unaccounted',
      values: { scheduled, rows: rows.length, distinct },
      expected: { value: scheduled, unit: 'count' },
      measured: { value: distinct, unit: 'count' },
    });
  }
  const trouble = usersTrouble(evidence);
  return trouble === null ? judgeRatios(scheduled, evidence) : said(trouble);
}

/** A script brings its own arrivals: what was to be sent is what it began or dropped, to the end of the timeline. */
function judgeScript(evidence: Evidence): Finding {
  const trouble = scriptTrouble(evidence);
  return trouble === null ? judgeRatios(evidence.recording.requests.length, evidence) : said(trouble);
}

function judgeRatios(scheduled: number, evidence: Evidence): Finding {
  const { plan } = evidence;
  const { offeredRatioMin } = plan.guards;
  const phases = JUDGED_PHASES.flatMap((phase) => offeredIn(phase, evidence) ?? []).toSorted((left, right) => left.ratio - right.ratio);
  const short = phases.filter(({ ratio }) => ratio < offeredRatioMin);
  const undone = short.find(({ phase, ratio }) => phase === 'baseline' || ratio < MOSTLY_OFFERED);
  const shown = undone ?? phases[0];
  return said({
    ...(undone === undefined ? ofShortPhases(short, evidence) : { verdict: 'invalid', code: 'load-not-offered' }),
    values: { scheduled, offered: evidence.scheduled.filter(wasOffered).length, ratioMin: offeredRatioMin, ...shown?.values },
    expected: { value: offeredRatioMin, unit: 'ratio' },
    measured: { value: shown?.ratio ?? 1, unit: 'ratio' },
    evidence: shown === undefined || short.length === 0 ? [] : [cite('requests', shown.missed)],
  });
}

/**
 * A fault that makes answers slow uses up what sends requests. What was sent still shows how the system behaved; how long those would have
 * waited who found no sender nobody knows, so that no time of that phase is sure.
 */
function ofShortPhases(short: readonly OfferedPhase[], { endUs }: Evidence): Pick<GuardResult, 'verdict' | 'code' | 'noiseMs' | 'noiseIn'> {
  if (short.length === 0) return { verdict: 'pass', code: 'load-offered' };
  const noiseMs = roundMs(endUs / 1000);
  const noiseIn = Object.fromEntries(short.map(({ phase }) => [phase, noiseMs]));
  return { verdict: 'inconclusive', code: 'load-partly-offered', noiseMs, noiseIn };
}

/** How many of the scheduled arrivals have a row: ids are ordinals in the schedule. */
function distinctArrivals(rows: readonly RequestRow[], scheduled: number): number {
  const seen = new Uint8Array(scheduled);
  for (const { id } of rows) seen[id] = 1;
  return seen.reduce((sum, flag) => sum + flag, 0);
}

interface OfferedPhase {
  readonly phase: (typeof JUDGED_PHASES)[number];
  readonly ratio: number;
  readonly missed: readonly RequestRow[];
  readonly values: GuardResult['values'];
}

function offeredIn(phase: OfferedPhase['phase'], evidence: Evidence): OfferedPhase | null {
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
    phase,
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
