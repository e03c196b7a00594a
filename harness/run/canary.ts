import type { CanarySent } from '../model/event.ts';
import type { PlannedFault } from '../model/plan.ts';
import type { Sink } from '../model/sink.ts';
import type { System } from '../model/system.ts';
import { sendCanary, type CanarySample, type CanaryTarget } from './canary-connection.ts';
import { LONGEST_WAIT_MS, healthyOf, showsBite, waitFor, type HealthyCanaries } from './canary-signs.ts';
import type { RunClock } from './clock.ts';
import type { Address } from './environments/contract.ts';
import type { ProxyControl, ToxicSpec } from './proxy/contract.ts';

/** How long before a fault the first canaries fly, in microseconds: they are home when it begins. */
export const CANARY_LEAD_US = 1_000_000;
/** Canaries on one edge at one moment. */
const EACH = 3;
/** Edges of one fault that get canaries. */
const EDGES_MAX = 8;
const WAIT_BEFORE_MS = 900;

export interface CanaryOptions {
  readonly planned: PlannedFault;
  readonly occurrence: number;
  readonly system: System;
  /** Edge → where this machine reaches its proxy. */
  readonly edges: Readonly<Record<string, Address>>;
  readonly clock: RunClock;
  readonly sink: Sink;
}

/**
 * Connections of the harness's own around one occurrence of a fault, on edges that nobody taps: what a caller would have met before,
 * during and after it. A fault whose bite the tap shows gets none. Nothing here fails a run.
 */
export interface Canaries {
  /** To be called with the fault not in force; home by `untilUs`. */
  before(untilUs: number, signal: AbortSignal): Promise<void>;
  /** The proxy to inject the fault through: which toxics it gets says how the fault must show. */
  watching(proxy: ProxyControl): ProxyControl;
  during(untilUs: number, signal: AbortSignal): Promise<void>;
  after(untilUs: number, signal: AbortSignal): Promise<void>;
}

interface Flown {
  readonly edge: string;
  readonly target: CanaryTarget;
  readonly toxics: Map<string, ToxicSpec>;
  healthy: HealthyCanaries | null;
}

export function canariesFor(options: CanaryOptions): Canaries {
  const flights = targetsOf(options).map(([edge, target]): Flown => ({ edge, target, toxics: new Map(), healthy: null }));
  const fly = flyer(options);
  return {
    before: (untilUs, signal) =>
      each(flights, async (flight) => {
        const samples: CanarySample[] = [];
        for (let number = 0; number < EACH; number++) {
          const sample = await fly(flight, 'before', { untilUs, signal, waitMs: WAIT_BEFORE_MS, judge: isWell });
          if (sample === null) return;
          samples.push(sample.sample);
        }
        flight.healthy = healthyOf(samples);
      }),
    watching: (proxy) => {
      if (flights.length === 0) return proxy;
      const addToxic: ProxyControl['addToxic'] = async (edge, toxic, signal) => {
        flights.find((flight) => flight.edge === edge)?.toxics.set(toxic.name, toxic);
        await proxy.addToxic(edge, toxic, signal);
      };
      return Object.assign(Object.create(proxy) as ProxyControl, { addToxic });
    },
    during: (untilUs, signal) => each(flights, (flight) => flyUntil(true, flight, 'during', { untilUs, signal, fly })),
    after: (untilUs, signal) => each(flights, (flight) => flyUntil(false, flight, 'after', { untilUs, signal, fly })),
  };
}

/** Before a fault an answer is as it should be; anything else tells nothing of a fault that is not there yet. */
function isWell({ outcome }: CanarySample): boolean | null {
  return outcome === 'answered' ? false : null;
}

type Fly = ReturnType<typeof flyer>;

/** Sends one after the other until one shows what was expected: chance may spare the first. */
async function flyUntil(
  wanted: boolean,
  flight: Flown,
  moment: CanarySent['moment'],
  { untilUs, signal, fly }: { readonly untilUs: number; readonly signal: AbortSignal; readonly fly: Fly },
): Promise<void> {
  const { healthy } = flight;
  const toxics = [...flight.toxics.values()];
  const waitMs = healthy === null ? WAIT_BEFORE_MS : waitFor(toxics, healthy);
  for (let number = 0; number < EACH; number++) {
    const flown = await fly(flight, moment, { untilUs, signal, waitMs, judge: (sample) => showsBite(toxics, sample, healthy) });
    if (flown === null || flown.isBitten === wanted) return;
  }
}

function each(flights: readonly Flown[], fly: (flight: Flown) => Promise<void>): Promise<void> {
  return Promise.all(flights.map(fly)).then(() => undefined);
}

/** Sends one canary and records it; null if it was not home in time. */
function flyer({ planned, occurrence, clock, sink }: CanaryOptions) {
  return async (
    { edge, target }: Flown,
    moment: CanarySent['moment'],
    way: {
      readonly untilUs: number;
      readonly signal: AbortSignal;
      readonly waitMs: number;
      judge(sample: CanarySample): boolean | null;
    },
  ): Promise<{ readonly sample: CanarySample; readonly isBitten: boolean | null } | null> => {
    const leftMs = Math.floor((way.untilUs - clock.nowUs()) / 1000);
    if (leftMs <= 0 || way.signal.aborted) return null;
    const atUs = clock.nowUs();
    const home = AbortSignal.any([way.signal, AbortSignal.timeout(Math.min(leftMs, 2 * LONGEST_WAIT_MS))]);
    const sample = await sendCanary(target, { withinMs: way.waitMs, signal: home });
    if (sample === null) return null;
    const isBitten = way.judge(sample);
    const { outcome, durationMs } = sample;
    sink({ table: 'events', row: { kind: 'canary', atUs, fault: planned.name, occurrence, edge, moment, outcome, durationMs, isBitten } });
    return { sample, isBitten };
  };
}

/** The edges on which this fault's bite must show to a canary, and what to ask there: the callee's ready path, or `/`. */
function targetsOf({ planned, system, edges }: CanaryOptions): readonly (readonly [string, CanaryTarget])[] {
  if (planned.reach.bite !== 'canary') return [];
  return planned.reach.edges.slice(0, EDGES_MAX).flatMap((name) => {
    const address = edges[name];
    const edge = system.edges.find((candidate) => candidate.name === name);
    if (address === undefined || edge === undefined) return [];
    const path = system.services[edge.callee]?.ready ?? '/';
    return [[name, { address, protocol: edge.protocol, path }] as const];
  });
}
