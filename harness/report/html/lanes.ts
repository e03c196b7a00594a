import type { BreakerState } from '../../model/breaker.ts';
import type { BreakerMoved, FaultStep, RunEvent } from '../../model/event.ts';
import type { Recording } from '../../model/recording.ts';
import { zeros, type Axis } from './axis.ts';
import type { BreakerLane, FaultLane, FaultWindow, Hold, RunDetail, ServiceLane, ServiceState } from './payload.ts';

/** Phases as they were: from the load's start where it was seen, none otherwise. */
export function phaseLanes(recording: Recording, axis: Axis): RunDetail['phases'] {
  const { loadStartedUs } = axis;
  if (loadStartedUs === null) return [];
  return recording.run.plan.phases
    .filter((phase) => phase.toUs > phase.fromUs)
    .map(({ name, fromUs, toUs }) => ({ name, fromMs: axis.ms(loadStartedUs + fromUs), toMs: axis.ms(loadStartedUs + toUs) }));
}

/** The name of what comes after the last phase: answers that are still on their way. */
export const DRAIN = 'drain';

/** The phase of a moment; empty before the load. */
export function phaseOfMoment(atMs: number, phases: RunDetail['phases']): string {
  const last = phases.at(-1);
  if (last !== undefined && atMs >= last.toMs) return DRAIN;
  return phases.find(({ fromMs, toMs }) => atMs >= fromMs && atMs < toMs)?.name ?? '';
}

export function faultLanes(recording: Recording, axis: Axis): FaultLane[] {
  const steps = recording.events.filter((event) => event.kind === 'fault');
  return recording.run.plan.faults.map((planned) => {
    const own = steps.filter(({ fault }) => fault === planned.name);
    const occurrences = [...new Set(own.map(({ occurrence }) => occurrence))].toSorted((left, right) => left - right);
    const windows = occurrences.map((occurrence) =>
      windowOf(
        own.filter((step) => step.occurrence === occurrence),
        axis,
      ),
    );
    return {
      name: planned.name,
      summary: planned.summary,
      edges: planned.reach.edges,
      bite: planned.reach.bite,
      windows,
      ...bite(recording, planned.name, planned.reach.edges, windows, axis),
    };
  });
}

function windowOf(steps: readonly FaultStep[], axis: Axis): FaultWindow {
  const at = (wanted: FaultStep['step']): number | null => {
    const step = steps.find(({ step }) => step === wanted);
    return step === undefined ? null : axis.ms(step.atUs);
  };
  const failed = steps.find(({ step }) => step === 'failed');
  return {
    requestedMs: at('requested'),
    acknowledgedMs: at('acknowledged'),
    withdrawRequestedMs: at('withdraw-requested'),
    withdrawnMs: at('withdrawn'),
    failed: failed === undefined ? null : (failed.reason ?? 'no reason given'),
  };
}

/** Exchanges that the fault touched, by bucket, and how many there were on its edges while it acted. */
function bite(
  recording: Recording,
  fault: string,
  edges: readonly string[],
  windows: readonly FaultWindow[],
  axis: Axis,
): Pick<FaultLane, 'touched' | 'exposed'> {
  const touched = zeros(axis);
  let exposed = 0;
  for (const exchange of recording.exchanges) {
    if (exchange.fault === fault) {
      const bucket = axis.bucket(exchange.startedUs);
      touched[bucket] = (touched[bucket] ?? 0) + 1;
    }
    if (!edges.includes(exchange.edge)) continue;
    const atMs = axis.ms(exchange.startedUs);
    if (
      windows.some((window) => window.acknowledgedMs !== null && atMs >= window.acknowledgedMs && atMs < (window.withdrawnMs ?? Infinity))
    )
      exposed += 1;
  }
  return { touched, exposed };
}

/** One lane for each breaker of each instance; a breaker that never spoke is unknown throughout. */
export function breakerLanes(recording: Recording, axis: Axis): BreakerLane[] {
  const moves = Map.groupBy(
    recording.events.filter((event) => event.kind === 'breaker').filter(({ atUs }) => atUs <= axis.loadEndedUs),
    (event) => `${event.breaker}\n${event.instance}`,
  );
  const spoken = new Set([...moves.values()].map((list) => list[0]?.breaker));
  const silent = Object.keys(recording.run.plan.system.breakers).filter((name) => !spoken.has(name));
  return [
    ...[...moves.values()].map((list) => laneOf(list, axis)),
    ...silent.map((name) => ({
      name,
      instance: '',
      source: 'never spoke',
      stretches: [{ ...axis.span, state: 'unknown' as const, earliestMs: axis.span.fromMs, event: null }],
    })),
  ];
}

function laneOf(moves: readonly BreakerMoved[], axis: Axis): BreakerLane {
  const first = moves[0];
  const stretches: BreakerLane['stretches'][number][] = [];
  const push = (state: BreakerState, fromMs: number, toMs: number, earliestMs: number, event: number | null): void => {
    const from = Math.max(fromMs, axis.span.fromMs);
    if (toMs > from)
      stretches.push({
        fromMs: from,
        toMs: Math.min(toMs, axis.span.toMs),
        state,
        earliestMs: Math.max(earliestMs, axis.span.fromMs),
        event,
      });
  };
  if (first !== undefined) push(first.from, axis.span.fromMs, axis.ms(lastSeenUs(first)), axis.span.fromMs, null);
  moves.forEach((move, index) => {
    const next = moves[index + 1];
    push(
      move.to,
      axis.ms(move.latestUs),
      next === undefined ? axis.span.toMs : axis.ms(lastSeenUs(next)),
      axis.ms(lastSeenUs(move)),
      move.id,
    );
  });
  return {
    name: first?.breaker ?? '',
    instance: first?.instance ?? '',
    source: [...new Set(moves.map(({ source }) => source))].join(', '),
    stretches,
  };
}

/**
 * Until when the state before a move is known to have lasted. A source that reports each move leaves no doubt between
 * two of them; one that samples does.
 */
function lastSeenUs(move: BreakerMoved): number {
  return move.source === 'poll' || move.source === 'inferred' ? move.earliestUs : move.latestUs;
}

/** Each service's states during the load. */
export function serviceLanes(recording: Recording, axis: Axis): ServiceLane[] {
  return Object.keys(recording.run.plan.system.services).flatMap((service) => {
    const stretches = serviceStretches(service, recording.events, axis);
    return stretches.length === 0 ? [] : [{ service, stretches }];
  });
}

function serviceStretches(service: string, events: readonly RunEvent[], axis: Axis): ServiceLane['stretches'] {
  const stretches: { fromMs: number; toMs: number; state: ServiceState }[] = [];
  let condition: Condition = { state: null, hold: null };
  let sinceMs = axis.span.fromMs;
  const close = (atMs: number): void => {
    const fromMs = Math.max(sinceMs, axis.span.fromMs);
    const toMs = Math.min(atMs, axis.span.toMs);
    const state = shown(condition);
    if (state !== null && toMs > fromMs) stretches.push({ fromMs, toMs, state });
  };
  for (const event of events) {
    if (event.atUs > axis.loadEndedUs) break;
    const next = nextCondition(condition, event, service);
    if (shown(next) !== shown(condition)) {
      close(axis.ms(event.atUs));
      sinceMs = axis.ms(event.atUs);
    }
    condition = next;
  }
  close(axis.span.toMs);
  return stretches;
}

/** What a service is by itself, and what a fault on its container does to it meanwhile. */
interface Condition {
  readonly state: Exclude<ServiceState, Hold> | null;
  readonly hold: Hold | null;
}

/** A service that is down is that first of all; whether one that is held answers its readiness path says less than the hold. */
function shown({ state, hold }: Condition): ServiceState | null {
  return hold === null || state === 'down' || state === 'paused' || state === 'starting' ? state : hold;
}

/** A refused readiness sample tells nothing new of a service that is known to be down, starting or paused. */
function nextCondition(condition: Condition, event: RunEvent, service: string): Condition {
  const { state } = condition;
  if (event.kind === 'readiness' && event.service === service) {
    if (event.ready) return { ...condition, state: 'ready' };
    return state === 'down' || state === 'paused' || state === 'starting' ? condition : { ...condition, state: 'not-ready' };
  }
  if (event.kind !== 'service' || event.service !== service) return condition;
  switch (event.state) {
    case 'starting':
    case 'ready':
    case 'paused':
      return { ...condition, state: event.state };
    case 'resumed':
      return { ...condition, state: 'ready' };
    case 'exited':
    case 'killed':
    case 'stopped':
      return { ...condition, state: 'down' };
    case 'disconnected':
    case 'unnamed':
    case 'squeezed':
      return { ...condition, hold: event.state };
    case 'connected':
    case 'named':
    case 'relaxed':
      return { ...condition, hold: null };
  }
}
