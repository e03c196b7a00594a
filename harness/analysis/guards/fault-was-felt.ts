import type { Finding } from '../../model/finding.ts';
import type { FaultStep } from '../../model/event.ts';
import type { PlannedFault } from '../../model/plan.ts';
import type { Edge } from '../../model/system.ts';
import type { ExchangeRow } from '../../model/recording.ts';
import type { Guard } from '../checks/contract.ts';
import { allExchanges } from '../checks/traffic.ts';
import { cite } from '../cite.ts';
import type { Evidence, FaultOccurrence, Span } from '../evidence.ts';
import { activeSpans } from '../fault-occurrences.ts';
import { judgeCanaries } from './canary-bite.ts';
import { guardFinding, roundMs, type GuardResult } from './guard-finding.ts';
import { biteInSlowness, isFailing, slownessOnEdges, type Bite } from './slower.ts';

/** A run whose fault nobody felt says nothing about how the system bears it. */
export const faultWasFelt: Guard = {
  check: 'fault-was-felt',
  evaluate: (evidence) => evidence.plan.faults.map((fault) => judgeFault(fault, evidence)),
};

function judgeFault(fault: PlannedFault, evidence: Evidence): Finding {
  const occurrences = evidence.occurrences(fault.name);
  const about = { check: faultWasFelt.check, subject: fault.name };
  const unseen = missingStep(occurrences, evidence);
  if (unseen !== null) return guardFinding({ ...about, verdict: 'invalid', ...unseen });
  const isTapped = evidence.plan.powers.includes('tap') && fault.reach.bite !== 'canary';
  if (!isTapped && fault.reach.edges.length > 0) return guardFinding({ ...about, ...judgeCanaries(fault, evidence) });

  const active = activeSpans(occurrences, evidence.endUs);
  const bite = biteOf(fault, active, evidence);
  const bypassed = bite.count > 0 ? [] : bypassedEdges(fault, evidence);
  const values = {
    ...bite.values,
    ...timeInForce(fault, active),
    edges: fault.reach.edges,
    services: fault.reach.services,
    occurrences: occurrences.length,
  };
  return guardFinding({
    ...about,
    verdict: bite.count > 0 ? 'pass' : 'invalid',
    code: bite.count > 0 ? 'fault-felt' : bypassed.length > 0 ? 'edge-bypassed' : 'fault-never-felt',
    values: { ...values, ...bypassValues(bypassed), touched: bite.count },
    expected: { value: 1, unit: 'count' },
    measured: { value: bite.count, unit: 'count' },
    evidence: [...bite.evidence, { table: 'events', ids: occurrences.flatMap(({ eventIds }) => eventIds).slice(0, 50) }],
  });
}

/** A planned occurrence that was not seen to come into force, or to end. */
function missingStep(
  occurrences: readonly FaultOccurrence[],
  evidence: Evidence,
): Pick<GuardResult, 'code' | 'values' | 'evidence'> | null {
  const missing = occurrences.find(({ acknowledgedUs, withdrawnUs }) => acknowledgedUs === null || withdrawnUs === null);
  if (missing === undefined) return null;
  const failed = evidence.recording.events.find(
    (event): event is FaultStep => event.kind === 'fault' && event.step === 'failed' && missing.eventIds.includes(event.id),
  );
  return {
    code: missing.acknowledgedUs === null ? 'fault-not-acknowledged' : 'fault-not-withdrawn-in-run',
    values: { occurrence: missing.occurrence + 1, occurrences: occurrences.length, reason: failed?.reason ?? null },
    evidence: [{ table: 'events', ids: missing.eventIds }],
  };
}

/** Edges of the fault that no call passed in the whole run, though users sent requests: their callers go another way. */
function bypassedEdges({ reach }: PlannedFault, evidence: Evidence): readonly Edge[] {
  if (!evidence.recording.requests.some(({ startedUs }) => startedUs !== null)) return [];
  return evidence.plan.system.edges.filter(({ name }) => reach.edges.includes(name) && allExchanges(evidence, name).length === 0);
}

/** Parallel lists: the edges, who calls there, and the variable that should have led through the proxy. */
function bypassValues(edges: readonly Edge[]): GuardResult['values'] {
  if (edges.length === 0) return {};
  return {
    bypassed: edges.map(({ name }) => name),
    callers: edges.map(({ caller }) => caller),
    variables: edges.map(({ env }) => env),
  };
}

/** How long it was in force, and was meant to be. */
function timeInForce({ windows }: PlannedFault, active: readonly Span[]): { readonly actedMs: number; readonly plannedMs: number } {
  const totalMs = (spans: readonly Span[]): number => roundMs(spans.reduce((sum, { fromUs, toUs }) => sum + toUs - fromUs, 0) / 1000);
  return { actedMs: totalMs(active), plannedMs: totalMs(windows) };
}

function biteOf(fault: PlannedFault, active: readonly Span[], evidence: Evidence): Bite {
  if (fault.reach.bite === 'slower') return biteInSlowness(fault, active, evidence);
  if (!isSeenOnEdges(fault, evidence)) return biteOnServices(fault, active, evidence);
  const bite = biteOnEdges(fault, active, evidence);
  if (bite.count > 0 || fault.reach.bite === 'tap') return bite;
  // Short absences fail no call: TCP and the proxy hold it, and it is answered late.
  const slowness = slownessOnEdges(fault, active, evidence);
  return slowness !== null && slowness.count > 0 ? slowness : bite;
}

/** Whether a fault was felt on one of its edges. */
export function isFeltOn(edge: string, fault: PlannedFault, evidence: Evidence): boolean {
  const reach = { ...fault.reach, edges: [edge] };
  const there = { ...fault, reach };
  if (!evidence.plan.powers.includes('tap') || reach.bite === 'canary') return judgeCanaries(there, evidence).verdict === 'pass';
  const active = activeSpans(evidence.occurrences(fault.name), evidence.endUs);
  if (reach.bite !== 'slower' && biteOnEdges(there, active, evidence).count > 0) return true;
  return reach.bite !== 'tap' && (slownessOnEdges(there, active, evidence)?.count ?? 0) > 0;
}

/** What a service cannot send reaches no tap: a fault on a service shows on the edges that lead to it, if there are any. */
function isSeenOnEdges({ reach: { edges, services } }: PlannedFault, { plan }: Evidence): boolean {
  if (services.length === 0) return edges.length > 0;
  return plan.system.edges.some(({ name, callee }) => edges.includes(name) && services.includes(callee));
}

function biteOnEdges(fault: PlannedFault, active: readonly Span[], evidence: Evidence): Bite {
  const tapped = fault.reach.bite === 'tap';
  const clockUs = evidence.clockUncertaintyUs;
  const touched: ExchangeRow[] = [];
  let passed = 0;
  for (const edge of fault.reach.edges) {
    for (const exchange of evidence.exchangesIn({ fromUs: 0, toUs: evidence.endUs + 1 }, edge)) {
      const meanwhile = active.some(({ fromUs, toUs }) => exchange.startedUs < toUs - clockUs && exchange.endedUs > fromUs + clockUs);
      if (meanwhile) passed++;
      if (tapped ? exchange.fault === fault.name : meanwhile && isFailing(exchange)) touched.push(exchange);
    }
  }
  return {
    count: touched.length,
    values: { bite: fault.reach.bite, exchanges: Math.max(passed, touched.length) },
    evidence: [cite('exchanges', touched)],
  };
}

/** A fault on a service that nobody calls through an edge shows in what became of the service. */
function biteOnServices({ reach }: PlannedFault, active: readonly Span[], evidence: Evidence): Bite {
  const hit = evidence.recording.events.filter(
    (event) =>
      event.kind === 'service' &&
      reach.services.includes(event.service) &&
      ['exited', 'killed', 'paused', 'stopped', 'disconnected', 'unnamed'].includes(event.state) &&
      active.some(({ fromUs, toUs }) => event.atUs <= toUs && event.atUs >= fromUs - REACTION_US),
  );
  return { count: hit.length, values: { bite: 'process', exchanges: 0 }, evidence: [cite('events', hit)] };
}

/** A process dies before its death is acknowledged. */
const REACTION_US = 1_000_000;
