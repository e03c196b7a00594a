import type { ScheduledFault } from '../model/fault.ts';
import type { Load } from '../model/load.ts';
import { UsageError, type Problem } from '../model/problem.ts';
import type { Expectation, Scenario, Timeline } from '../model/scenario.ts';
import { show } from '../model/shape.ts';
import type { BreakerDeclaration, Call, Edge, Service, ServiceDeclaration, System } from '../model/system.ts';
import type { Duration } from '../model/time.ts';
import { declarationProblems } from './define-problems.ts';
import { plainDataProblems, readDuration, unknownFieldProblems } from './validate-data.ts';

type Services = Readonly<Record<string, ServiceDeclaration>>;

/** Pairs of caller and callee that `calls` declare. */
type Pairs<V extends Services> = {
  [S in keyof V & string]: V[S] extends { readonly calls: infer C } ? `${S} ${keyof C & string}` : never;
}[keyof V & string];

/** Names of edges: `'orders->payments'`. Two steps, as compilers then print the names in messages and not the whole declaration. */
type Edges<P extends string> = P extends `${infer Caller} ${infer Callee}` ? `${Caller}->${Callee}` : never;

/** What a compiler's message shows of a misspelt callee. */
interface NoService<C> {
  readonly 'no service of that name': C;
}

/** Refuses callees that are no service of the system, and fields that no service has. */
type Wired<V extends Services> = {
  readonly [S in keyof V]: {
    readonly [K in keyof V[S]]: K extends 'calls'
      ? { readonly [C in keyof V[S][K]]: C extends keyof V ? string | Call : NoService<C> }
      : K extends keyof ServiceDeclaration
        ? ServiceDeclaration[K]
        : never;
  };
};

/** A breaker on one of its own service's edges. */
type OwnBreaker<V extends Services> = {
  [S in keyof V & string]: BreakerDeclaration & { readonly service: S; readonly edge: Extract<Edges<Pairs<V>>, `${S}->${string}`> };
}[keyof V & string];

/** A system of services as its team declares it. */
export interface SystemDeclaration<V extends Services, B extends string> {
  readonly name: string;
  /** The service that users talk to. */
  readonly entry: NoInfer<keyof V & string>;
  readonly services: V & Wired<V>;
  /** Breakers by name, with the edge that each guards and the probe that watches it. @default {} */
  readonly breakers?: { readonly [K in B]: NoInfer<OwnBreaker<V>> };
}

/**
 * Declares what runs and who calls whom. Each entry of `calls` becomes an edge `caller->callee` with a proxy in it;
 * the names of services, edges and breakers become types, so that a misspelt one does not compile.
 *
 * @throws {UsageError} with all problems at once: an unknown callee or entry, an empty command, a name that cannot travel
 * @example
 * ```ts
 * import { defineSystem } from 'halfopen';
 * import assert from 'node:assert/strict';
 *
 * const shop = defineSystem({
 *   name: 'shop',
 *   entry: 'orders',
 *   services: {
 *     orders: { command: ['node', 'orders.ts'], ready: '/readyz', calls: { payments: 'PAYMENTS_URL' } },
 *     payments: { command: ['node', 'payments.ts'], ready: '/readyz' },
 *   },
 * });
 * assert.equal(shop.edges[0]?.name, 'orders->payments');
 * ```
 */
export function defineSystem<const V extends Services, const B extends string = never>(
  declaration: SystemDeclaration<V, B>,
): System<keyof V & string, Edges<Pairs<V>>, B> {
  const problems = declarationProblems(declaration);
  if (problems.length > 0) throw new UsageError('Cannot define the system as its declaration is wrong:', problems);
  const services: Services = declaration.services;
  const breakers: Readonly<Record<string, BreakerDeclaration>> = declaration.breakers ?? {};
  const system: System = {
    name: declaration.name,
    entry: declaration.entry,
    services: Object.fromEntries(Object.entries(services).map(([name, service]) => [name, normalService(service)])),
    edges: Object.entries(services).flatMap(([caller, { calls }]) =>
      Object.entries(calls ?? {}).map(([callee, call]) => normalEdge(caller, callee, call)),
    ),
    breakers,
  };
  return system as System<keyof V & string, Edges<Pairs<V>>, B>;
}

function normalService(declaration: ServiceDeclaration): Service {
  const { calls: _, ...service } = declaration;
  return { ...service, command: service.command ?? [], portEnv: service.portEnv ?? 'PORT', readyWithinMs: service.readyWithinMs ?? 15_000 };
}

function normalEdge(caller: string, callee: string, call: string | Call): Edge {
  const declared = typeof call === 'string' ? { env: call } : call;
  return { url: 'http://{host}:{port}', protocol: 'http', ...declared, name: `${caller}->${callee}`, caller, callee };
}

/** Lengths of the phases; the fault phase's follows from the faults. */
export interface PhaseLengths {
  /** The same load, recorded and judged by nothing. @default '0s' */
  readonly warmup?: Duration;
  /** Healthy load that everything is compared with. */
  readonly baseline: Duration;
  /** From the end of the last fault to the end of the load. */
  readonly recovery: Duration;
}

/** A scenario as its team declares it. */
export interface ScenarioDeclaration<
  S extends string,
  E extends string,
  B extends string,
  F extends string,
  R extends string,
> extends PhaseLengths {
  /** The hypothesis, as a sentence. */
  readonly title: string;
  /** @default the file's name without `.chaos.ts` */
  readonly name?: string;
  /** @default [] */
  readonly tags?: readonly string[];
  readonly load: Load<R>;
  /** Times count from the end of the baseline. */
  readonly faults: readonly ScheduledFault<F, NoInfer<E>, NoInfer<S>>[];
  readonly expect: readonly Expectation<NoInfer<E>, NoInfer<B>, NoInfer<F>, NoInfer<R>, NoInfer<S>>[];
  /** Shorter phases for `--pace fast`; what is left out stays as it is. */
  readonly pace?: { readonly fast?: Partial<PhaseLengths> };
}

const PHASES = ['warmup', 'baseline', 'recovery'] as const;
const DECLARED = ['title', 'name', 'tags', 'load', ...PHASES, 'faults', 'expect', 'pace'];

/**
 * Declares one hypothesis about a system: the load, the faults and what is expected. The result is plain data that
 * survives JSON; it is checked against the tables of faults, checks and probes when a plan is made from it.
 *
 * @throws {UsageError} with all problems at once: unreadable phase lengths, a title that is missing, anything that JSON cannot hold
 * @example
 * ```ts
 * import { breaker, defineScenario, defineSystem, get, httpStatus, openLoad, stdoutEvents } from 'halfopen';
 * import assert from 'node:assert/strict';
 *
 * const shop = defineSystem({
 *   name: 'shop',
 *   entry: 'orders',
 *   services: {
 *     orders: { command: ['node', 'orders.ts'], calls: { payments: 'PAYMENTS_URL' } },
 *     payments: { command: ['node', 'payments.ts'] },
 *   },
 *   breakers: { 'orders.payments': { service: 'orders', edge: 'orders->payments', probe: stdoutEvents() } },
 * });
 * const outage = defineScenario(shop, {
 *   title: 'A payments outage opens the breaker',
 *   load: openLoad({ ratePerSecond: 20, requests: [get('quote', '/quote')] }),
 *   baseline: '5s',
 *   faults: [{ name: 'storm', inject: httpStatus('orders->payments', { status: 503 }), from: '0s', for: '6s' }],
 *   recovery: '10s',
 *   expect: [breaker('orders.payments').opens({ within: '2s', of: 'storm' })],
 * });
 * assert.equal(outage.timeline.baselineMs, 5000);
 * ```
 */
export function defineScenario<
  const S extends string,
  const E extends string,
  const B extends string,
  const F extends string = never,
  const R extends string = never,
>(system: System<S, E, B>, declaration: ScenarioDeclaration<S, E, B, F, R>): Scenario {
  const problems: Problem[] = unknownFieldProblems({ ...declaration }, DECLARED, '');
  const { title, faults, expect } = declaration;
  if (typeof title !== 'string' || title.trim() === '') problems.push({ path: 'title', expected: 'a sentence', found: show(title) });
  const scenario: Scenario = {
    schemaVersion: 1,
    name: declaration.name ?? '',
    title,
    tags: declaration.tags ?? [],
    system,
    load: declaration.load,
    timeline: {
      warmupMs: 0,
      baselineMs: 0,
      recoveryMs: 0,
      ...timelineOf({ ...declaration, warmup: declaration.warmup ?? 0 }, PHASES, '', problems),
    },
    pace: paceOf(declaration.pace, problems),
    faults,
    expect,
  };
  problems.push(...plainDataProblems(scenario, ''));
  if (problems.length > 0) throw new UsageError('Cannot define the scenario as its declaration is wrong:', problems);
  return scenario;
}

function paceOf(pace: { readonly fast?: Partial<PhaseLengths> } | undefined, problems: Problem[]): Scenario['pace'] {
  if (pace?.fast === undefined) return {};
  const phases = PHASES.filter((phase) => pace.fast?.[phase] !== undefined);
  problems.push(...unknownFieldProblems({ ...pace.fast }, PHASES, 'pace.fast'));
  return { fast: timelineOf(pace.fast, phases, 'pace.fast.', problems) };
}

function timelineOf(
  lengths: Partial<PhaseLengths>,
  phases: readonly (keyof PhaseLengths)[],
  prefix: string,
  problems: Problem[],
): Partial<Timeline> {
  const timeline: Partial<Record<keyof Timeline, number>> = {};
  for (const phase of phases) {
    const read = readDuration(lengths[phase], `${prefix}${phase}`);
    if ('problem' in read) problems.push(read.problem);
    else timeline[`${phase}Ms`] = read.lengthMs;
  }
  return timeline;
}
