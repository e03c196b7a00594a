import type { PlannedFault } from '../../model/plan.ts';
import type { Finding } from '../../model/finding.ts';
import type { ExchangeRow, RequestRow } from '../../model/recording.ts';
import { cite } from '../cite.ts';
import type { Evidence, Span } from '../evidence.ts';
import { quantile } from '../quantile.ts';
import { roundMs } from './guard-finding.ts';

/** What there was of a fault, and where. */
export interface Bite {
  readonly count: number;
  readonly values: Readonly<Record<string, string | number>>;
  readonly evidence: Finding['evidence'];
}

/** Fewer calls before the fault say nothing about how long one takes. */
const BEFORE_MIN = 20;
/** A call is slow from this many times the p95 before the fault, beyond what the sentinel's p95 grew by. */
const SLOW_TIMES = 2;
/** Fewest slow or failing calls, and their least share of all: one call in twenty exceeds a p95 by chance. */
const HURT_MIN = 3;
const HURT_RATIO_MIN = 0.1;

/**
 * The bite of a fault that leaves calls alive and makes them slow. It is told on one edge at a time: enough of its exchanges must fail or
 * take far longer than before the fault, and by more than an echo service slowed down that no fault touches: what is slow for both is the
 * machine. Where no edge of the fault can be compared – nobody calls the service, or only on connections that stay open – the load's
 * own requests are.
 */
export function biteInSlowness(fault: PlannedFault, active: readonly Span[], evidence: Evidence): Bite {
  const edges = slownessOnEdges(fault, active, evidence);
  return edges ?? biteOfLanes(requestLanes(active, sentinelRiseMs(active, evidence), evidence), active, evidence);
}

/** The same by the fault's edges alone; null where none of them can be compared. */
export function slownessOnEdges(fault: PlannedFault, active: readonly Span[], evidence: Evidence): Bite | null {
  const riseMs = sentinelRiseMs(active, evidence);
  const edges = fault.reach.edges.flatMap((edge) => {
    const rows = evidence.exchangesIn({ fromUs: 0, toUs: evidence.endUs + 1 }, edge);
    return lane({
      name: edge,
      table: 'exchanges',
      calls: rows.map(callOfExchange),
      active,
      clockUs: evidence.clockUncertaintyUs,
      riseMs,
      evidence,
    });
  });
  return edges.length === 0 ? null : biteOfLanes(edges, active, evidence);
}

function biteOfLanes(lanes: readonly Lane[], active: readonly Span[], evidence: Evidence): Bite {
  const riseMs = sentinelRiseMs(active, evidence);
  const felt = lanes.filter(({ hurt, calls }) => hurt.length >= Math.max(HURT_MIN, HURT_RATIO_MIN * calls.length));
  const [shown] = (felt.length > 0 ? felt : lanes).toSorted((left, right) => shareOf(right) - shareOf(left));
  if (shown === undefined)
    return { count: 0, values: { bite: 'slower', where: '', hurt: 0, exchanges: 0, needed: BEFORE_MIN }, evidence: [] };
  return {
    count: felt.length > 0 ? shown.hurt.length : 0,
    values: {
      bite: 'slower',
      where: shown.name,
      hurt: shown.hurt.length,
      exchanges: shown.calls.length,
      needed: Math.max(HURT_MIN, Math.ceil(HURT_RATIO_MIN * shown.calls.length)),
      times: SLOW_TIMES,
      beforeP95Ms: roundMs(shown.beforeP95Ms),
      sentinelRiseMs: roundMs(riseMs),
      limitMs: roundMs(shown.limitMs),
    },
    evidence: [cite(shown.table, shown.hurt)],
  };
}

/** Whether the caller got no answer, or an error of the server. */
export function isFailing({ outcome, status }: ExchangeRow): boolean {
  return outcome !== 'answered' || status >= 500;
}

interface Call extends Span {
  readonly id: number;
  readonly isFailing: boolean;
}

function callOfExchange(row: ExchangeRow): Call {
  return { id: row.id, fromUs: row.startedUs, toUs: row.endedUs, isFailing: isFailing(row) };
}

function callOfRequest(row: RequestRow): Call {
  const { id, intendedUs, startedUs, endedUs, outcome } = row;
  return { id, fromUs: startedUs ?? intendedUs, toUs: endedUs, isFailing: outcome !== 'ok' && outcome !== 'degraded' };
}

interface Lane {
  readonly name: string;
  readonly table: 'exchanges' | 'requests';
  /** Those under way while the fault was in force. */
  readonly calls: readonly Call[];
  readonly hurt: readonly Call[];
  readonly beforeP95Ms: number;
  readonly limitMs: number;
}

interface LaneRequest extends Pick<Lane, 'name' | 'table' | 'calls'> {
  readonly active: readonly Span[];
  /** How far the clock of the calls may be off. */
  readonly clockUs: number;
  readonly riseMs: number;
  readonly evidence: Evidence;
}

/** Nothing where too few calls were made before the fault, or none while it was in force. */
function lane({ name, table, calls, active, clockUs, riseMs, evidence }: LaneRequest): readonly Lane[] {
  const baseline = evidence.phase('baseline');
  const before = calls.filter((call) => baseline !== null && call.fromUs >= baseline.fromUs && call.toUs < baseline.toUs);
  const beforeP95Ms = quantile(before.map(lengthMs), 0.95);
  const during = calls.filter((call) => active.some(({ fromUs, toUs }) => call.fromUs < toUs - clockUs && call.toUs > fromUs + clockUs));
  if (before.length < BEFORE_MIN || beforeP95Ms === null || during.length === 0) return [];
  const limitMs = SLOW_TIMES * beforeP95Ms + riseMs;
  const hurt = during.filter((call) => call.isFailing || lengthMs(call) > limitMs);
  return [{ name, table, calls: during, hurt, beforeP95Ms, limitMs }];
}

function requestLanes(active: readonly Span[], riseMs: number, evidence: Evidence): readonly Lane[] {
  return evidence.plan.load.requests.flatMap(({ name }) => {
    const rows = evidence.requestsIn({ fromUs: 0, toUs: evidence.endUs + 1 }, name);
    return lane({ name, table: 'requests', calls: rows.map(callOfRequest), active, clockUs: 0, riseMs, evidence });
  });
}

/** By how much the machine itself got slower while the fault was in force. */
function sentinelRiseMs(active: readonly Span[], { recording, ...evidence }: Evidence): number {
  const baseline = evidence.phase('baseline');
  const p95Ms = (spans: readonly Span[]): number => {
    const rows = recording.sentinel.filter(({ intendedUs }) => spans.some(({ fromUs, toUs }) => intendedUs >= fromUs && intendedUs < toUs));
    return quantile(rows.map(callOfRequest).map(lengthMs), 0.95) ?? 0;
  };
  return Math.max(0, p95Ms(active) - p95Ms(baseline === null ? [] : [baseline]));
}

function lengthMs({ fromUs, toUs }: Span): number {
  return (toUs - fromUs) / 1000;
}

function shareOf({ hurt, calls }: Lane): number {
  return hurt.length / calls.length;
}
