import { JUDGED_PHASES, QUANTILES, type JudgedPhase, type Measured, type PhaseStatistics } from '../model/run-statistics.ts';
import type { RequestRow } from '../model/recording.ts';
import { journeysByUsers } from '../model/users.ts';
import { ARRIVALS_NEEDED } from './checks/availability.ts';
import { samplesFor, waitsIn } from './checks/traffic.ts';
import type { Evidence } from './evidence.ts';
import { ascending, quantileOfSorted } from './quantile.ts';
import { roundMs } from './guards/guard-finding.ts';
import { reachedSystem } from './unsent.ts';

/** Their share and their quantiles leave out who did not come because somebody waited. */
const CLOSED = { unknown: 'its users come less often the longer they wait: a journey with a rate can be judged' } as const;

/** Users' traffic in each phase that is judged: all requests together, and each kind by itself. */
export function phaseStatistics(evidence: Evidence): readonly PhaseStatistics[] {
  const names = requestNames(evidence);
  return JUDGED_PHASES.flatMap((phase) => [undefined, ...names].map((request) => statisticsOf(phase, request, evidence)));
}

/** Kinds of requests that were declared or seen, in one order. */
function requestNames({ plan: { load }, recording }: Evidence): readonly string[] {
  const declared = [...load.requests, ...(load.kind === 'open' ? (load.journeys ?? []) : [])].map(({ name }) => name);
  const seen = new Set(recording.requests.map(({ name }) => name));
  return [...declared, ...[...seen].filter((name) => !declared.includes(name)).toSorted()];
}

function statisticsOf(phase: JudgedPhase, request: string | undefined, evidence: Evidence): PhaseStatistics {
  const span = evidence.phase(phase);
  const rows = span === null ? [] : evidence.requestsIn(span, request);
  const unsent = rows.reduce((sum, row) => sum + (reachedSystem(row) ? 0 : 1), 0);
  const sortedMs = ascending(rows.map(waitsIn(evidence)));
  const isEnough = rows.length >= ARRIVALS_NEEDED;
  const ok = rows.reduce((sum, { outcome }) => sum + (outcome === 'ok' ? 1 : 0), 0);
  const isClosed = journeysByUsers(evidence.plan.load).some(({ name }) => name === request);
  return {
    phase,
    ...(request === undefined ? {} : { request }),
    samples: rows.length,
    ...(unsent === 0 ? {} : { unsent }),
    availability: isClosed ? CLOSED : isEnough ? { value: roundShare(ok / rows.length) } : tooFew(rows.length, ARRIVALS_NEEDED),
    wrongAnswers: wrongAnswersIn(rows, request, evidence),
    latency: QUANTILES.map((quantile) => {
      if (isClosed) return { quantile, ...CLOSED };
      const needed = samplesFor(quantile);
      const valueMs = rows.length < needed ? null : quantileOfSorted(sortedMs, quantile);
      return { quantile, ...(valueMs === null ? tooFew(rows.length, needed) : { value: roundMs(valueMs) }) };
    }),
  };
}

function wrongAnswersIn(rows: readonly RequestRow[], request: string | undefined, { plan: { load } }: Evidence): Measured {
  const wrong = rows.reduce((sum, { outcome }) => sum + (outcome === 'wrong' ? 1 : 0), 0);
  if (rows.length < ARRIVALS_NEEDED) {
    const { unknown } = tooFew(rows.length, ARRIVALS_NEEDED);
    return { unknown: wrong === 0 ? unknown : `${unknown}; ${wrong} of them had a wrong answer` };
  }
  // Journeys say for themselves what is wrong; of the others, only a body that somebody reads can be.
  const own = load.requests.filter(({ name }) => request === undefined || name === request);
  const isBlind = own.length > 0 && own.every(({ schema, observe }) => schema === undefined && observe === undefined);
  if (wrong === 0 && isBlind && !hasJourney(load, request))
    return { unknown: "nobody looks at the bodies: no request has 'schema' or 'observe'" };
  return { value: wrong };
}

function hasJourney(load: Evidence['plan']['load'], request: string | undefined): boolean {
  return load.kind === 'open' && (load.journeys ?? []).some(({ name }) => request === undefined || name === request);
}

function tooFew(count: number, needed: number): { readonly unknown: string } {
  return { unknown: `${count} arrivals, and fewer than ${needed} say nothing` };
}

/** To six digits. */
function roundShare(share: number): number {
  return Math.round(share * 1e6) / 1e6;
}
