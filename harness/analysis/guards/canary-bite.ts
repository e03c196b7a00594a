import type { CanarySent } from '../../model/event.ts';
import type { PlannedFault } from '../../model/plan.ts';
import { cite } from '../cite.ts';
import type { Evidence } from '../evidence.ts';
import { roundMs, type GuardResult } from './guard-finding.ts';

/** The canaries of one occurrence on one edge. */
interface Flight {
  readonly edge: string;
  readonly before: readonly CanarySent[];
  readonly during: readonly CanarySent[];
  readonly after: readonly CanarySent[];
}

/** What one flight tells: `unwell` – already before the fault nobody was answered; `no-sign` – this fault does not show to a canary. */
type Told = 'felt' | 'unfelt' | 'unwell' | 'no-sign';

/**
 * Whether a fault on edges without a tap was felt. Felt: on one edge a canary was answered before the fault, and while it was in force met
 * what it does. Unfelt, and the run invalid: on every edge canaries were answered as before. Everything else cannot be known, so that the
 * run cannot pass; what users met in it still counts against the system.
 */
export function judgeCanaries(fault: PlannedFault, evidence: Evidence): Omit<GuardResult, 'check' | 'subject'> {
  const flights = flightsOf(fault, evidence);
  const told = flights.map((flight) => ({ flight, says: tell(flight) }));
  const felt = told.filter(({ says }) => says === 'felt').map(({ flight }) => flight);
  const known = new Set(told.filter(({ says }) => says === 'unfelt').map(({ flight }) => flight.edge));
  const isUnfelt = fault.reach.edges.length > 0 && fault.reach.edges.every((edge) => known.has(edge));
  const verdict = felt.length > 0 ? 'pass' : isUnfelt ? 'invalid' : 'inconclusive';
  const shown = felt.length > 0 ? felt : flights;
  const bitten = felt.flatMap(({ during }) => during.filter(({ isBitten }) => isBitten === true));
  const after = felt.flatMap((flight) => flight.after.filter(({ isBitten }) => isBitten === true));
  return {
    verdict,
    code: { pass: 'canary-felt', invalid: 'canary-unfelt', inconclusive: 'canary-cannot-tell' }[verdict],
    values: {
      edges: fault.reach.edges,
      touched: bitten.length,
      canaries: flights.reduce((sum, { during }) => sum + during.length, 0),
      ...met(
        'before',
        shown.flatMap(({ before }) => before),
      ),
      ...met('during', bitten.length > 0 ? bitten : shown.flatMap(({ during }) => during)),
      stillAfter: after.length,
      reason: verdict === 'inconclusive' ? reasonOf(told.map(({ says }) => says)) : null,
    },
    expected: { value: 1, unit: 'count' },
    measured: { value: bitten.length, unit: 'count' },
    evidence: [
      cite(
        'events',
        shown.flatMap((flight) => [...flight.before, ...flight.during, ...flight.after]),
      ),
    ],
  };
}

function flightsOf(fault: PlannedFault, { recording }: Evidence): readonly Flight[] {
  const canaries = recording.events.filter((event): event is CanarySent => event.kind === 'canary' && event.fault === fault.name);
  const groups = Map.groupBy(canaries, ({ edge, occurrence }) => `${occurrence} ${edge}`);
  return [...groups.values()].flatMap((group) => {
    const of = (moment: CanarySent['moment']): readonly CanarySent[] => group.filter((canary) => canary.moment === moment);
    const edge = group[0]?.edge;
    return edge === undefined ? [] : [{ edge, before: of('before'), during: of('during'), after: of('after') }];
  });
}

function tell({ before, during }: Flight): Told {
  const wasWell = before.length > 0 && before.every(({ isBitten }) => isBitten === false);
  if (!wasWell) return 'unwell';
  if (during.some(({ isBitten }) => isBitten === true)) return 'felt';
  return during.length > 0 && during.every(({ isBitten }) => isBitten === false) ? 'unfelt' : 'no-sign';
}

function reasonOf(told: readonly Told[]): 'none-sent' | 'unwell' | 'no-sign' {
  if (told.length === 0) return 'none-sent';
  return told.includes('no-sign') ? 'no-sign' : told.includes('unwell') ? 'unwell' : 'none-sent';
}

/** The slowest of what was met most often; nulls where nobody was sent. */
function met(moment: 'before' | 'during', canaries: readonly CanarySent[]): GuardResult['values'] {
  const [most] = [...Map.groupBy(canaries, ({ outcome }) => outcome).values()].toSorted((left, right) => right.length - left.length);
  const slowest = most?.toSorted((left, right) => right.durationMs - left.durationMs)[0];
  return { [moment]: slowest?.outcome ?? null, [`${moment}Ms`]: slowest === undefined ? null : roundMs(slowest.durationMs) };
}
