import type { Plan } from '../model/plan.ts';
import type { Redactor } from '../model/redact.ts';
import type { Sink } from '../model/sink.ts';
import { demandAllowedTargets } from './allowed-targets.ts';
import type { RunClock } from './clock.ts';
import type { RunningSystem, ServiceLine, ServiceProcessEvent } from './environments/contract.ts';
import { watchHealth } from './health.ts';
import { injectThroughWindows } from './inject.ts';
import type { Ledger } from './ledger/contract.ts';
import { checkLoad, startLoad } from './load/company.ts';
import type { RunningLoad } from './load/contract.ts';
import type { Parts } from './parts.ts';
import { watchEffects } from './probes/effects.ts';
import { sampleReadiness } from './probes/readiness.ts';
import type { Watch } from './probes/contract.ts';
import { firstOf } from './teardown.ts';

/** Between "everything is up" and the first arrival. */
const START_DELAY_US = 200_000;
const FLUSH_MS = 5000;

export interface PerformContext {
  readonly parts: Parts;
  readonly sink: Sink;
  readonly clock: RunClock;
  readonly runId: string;
  readonly runFolder: string;
  readonly projectFolder: string;
  readonly redactor: Redactor;
  readonly ledger: Ledger;
  /** Ends the run early: the load stops, faults are withdrawn, everything is taken down. */
  readonly signal: AbortSignal;
  /** That the load can be sent here was found out before. @default it is found out first */
  readonly isLoadChecked?: true;
  /**
   * Called after the load's end with the addresses at which the system can be reached, without faults; it is taken down
   * once this resolves. What happens meanwhile is no part of the recording.
   */
  readonly keep?: (addresses: Readonly<Record<string, string>>) => Promise<void>;
}

/**
 * Carries out a plan: up → steady → inject → withdraw → drain → down. Whatever happens on the way, everything that was
 * started is stopped and every fault withdrawn before it settles.
 *
 * @throws {HarnessError} if the environment, the proxy or the load driver fails
 * @throws the signal's reason if the run was aborted
 */
export async function perform(plan: Plan, context: PerformContext): Promise<void> {
  const { clock, sink } = context;
  const ended = (how: 'completed' | 'interrupted' | 'failed', reason?: string): void =>
    sink({ table: 'events', row: { kind: 'run-ended', atUs: clock.nowUs(), how, ...(reason === undefined ? {} : { reason }) } });
  try {
    await performUntilDown(plan, pausedWhileKept(context));
    ended('completed');
  } catch (thrown) {
    const error = firstOf(thrown);
    ended(context.signal.aborted ? 'interrupted' : 'failed', error.message);
    throw error;
  }
}

function pausedWhileKept(context: PerformContext): PerformContext {
  const { sink, keep } = context;
  if (keep === undefined) return context;
  let isPaused = false;
  return {
    ...context,
    sink: (record) => {
      if (!isPaused) sink(record);
    },
    keep: async (addresses) => {
      isPaused = true;
      await keep(addresses);
      isPaused = false;
    },
  };
}

/** What a load driver may want to hear of while it runs. */
const NOTICED: readonly string[] = ['phase', 'fault', 'breaker'];

async function performUntilDown(plan: Plan, outer: PerformContext): Promise<void> {
  let load: RunningLoad | undefined;
  const sink: Sink = (record) => {
    outer.sink(record);
    if (record.table === 'events' && NOTICED.includes(record.row.kind)) load?.notice?.(record.row);
  };
  const context = { ...outer, sink };
  const { clock, parts, signal } = context;
  await using stack = new AsyncDisposableStack();
  stack.use(watchHealth({ clock, sink }));
  const listeners = listen(plan, context, stack);
  const environment = parts.environments[plan.environment];
  if (environment === undefined)
    throw new TypeError(`Cannot perform as 'environment' must be a known one: current value is ${plan.environment}`);
  // Before anything is started: what is missing is told at once.
  if (context.isLoadChecked !== true) await checkLoad(plan, parts.loads, context);
  const system = stack.use(await environment.up({ ...context, plan, redact: (text) => context.redactor.text(text), ...listeners }));
  demandAllowedTargets(system, plan.settings.allowTargets);
  load = stack.use(
    await startLoad(parts.loads, {
      ...context,
      plan,
      entry: system.entry,
      sentinel: system.sentinel,
      ...(system.inside === undefined ? {} : { inside: system.inside }),
      redact: (text) => context.redactor.text(text),
      onRequests: (rows) => rows.forEach((row) => sink({ table: 'requests', row })),
      onHealth: (row) => sink({ table: 'events', row }),
      onEvent: (row) => sink({ table: 'events', row }),
    }),
  );
  watchReadiness(system, context, stack);
  await sampleClock(plan, { ...context, system }, signal);
  await runTimeline(plan, { ...context, system, load });
  await drain(plan, { ...context, system });
  const { host, port } = system.entry;
  await context.keep?.({ entry: `http://${host}:${port}`, ...system.readyUrls });
}

/** Lines and process events of a service go to the probes of its breakers and to the record of effects. */
function listen(
  plan: Plan,
  { parts, clock, sink }: PerformContext,
  stack: AsyncDisposableStack,
): { onLine(line: ServiceLine): void; onProcess(event: ServiceProcessEvent): void } {
  const effects = stack.use(watchEffects({ clock, sink }));
  const watches = new Map<string, Watch[]>();
  for (const [breaker, declaration] of Object.entries(plan.system.breakers)) {
    if (plan.unwatched?.includes(breaker) === true) continue;
    const probe = parts.probes[declaration.probe.kind];
    if (probe === undefined)
      throw new TypeError(`Cannot watch ${breaker} as its probe must be a known kind: current value is ${declaration.probe.kind}`);
    const watch = stack.use(probe.watch({ breaker, declaration, clock, sink }));
    watches.set(declaration.service, [...(watches.get(declaration.service) ?? []), watch]);
  }
  return {
    onLine: (line) => {
      effects.onLine(line);
      for (const watch of watches.get(line.service) ?? []) watch.onLine(line);
    },
    onProcess: (event) => {
      for (const watch of watches.get(event.service) ?? []) watch.onProcess(event);
    },
  };
}

function watchReadiness(system: RunningSystem, { clock, sink }: PerformContext, stack: AsyncDisposableStack): void {
  const stop = new AbortController();
  const sampling = sampleReadiness({ urls: system.readyUrls, clock, sink, signal: stop.signal });
  // Whoever waits for it is told; until then a failure must not count as unhandled.
  sampling.catch((reason: unknown) => reason);
  stack.defer(async () => {
    stop.abort();
    await sampling;
  });
}

interface Stage extends PerformContext {
  readonly system: RunningSystem;
  readonly load: RunningLoad;
}

/** From the first arrival to the last answer. Whatever fails first ends the rest. */
async function runTimeline(plan: Plan, stage: Stage): Promise<void> {
  const { clock, sink, system, load, parts } = stage;
  const failed = new AbortController();
  const signal = AbortSignal.any([stage.signal, failed.signal]);
  const loadStartUs = clock.nowUs() + START_DELAY_US;
  load.begin(loadStartUs);
  signal.addEventListener('abort', () => load.stop(), { once: true });
  sink({ table: 'events', row: { kind: 'load-started', atUs: loadStartUs } });
  const context = { seed: plan.seed, system: plan.system, proxy: system.proxy, processes: system.processes, containers: system.containers };
  const tasks = [
    announcePhases(plan, { clock, sink, loadStartUs, signal }),
    load.ended.then((counts) => sink({ table: 'events', row: { kind: 'load-ended', atUs: clock.nowUs(), ...counts } })),
    ...plan.faults.map(async (planned) => {
      const driver = parts.faults[planned.fault.kind];
      if (driver === undefined)
        throw new TypeError(`Cannot inject '${planned.name}' as its kind must be known: current value is ${planned.fault.kind}`);
      const edges = system.edges === undefined ? {} : { edges: system.edges };
      await injectThroughWindows({ planned, driver, context, clock, sink, loadStartUs, signal, ...edges });
    }),
  ];
  try {
    await Promise.race([Promise.all(tasks), system.broken]);
    signal.throwIfAborted();
  } catch (error) {
    failed.abort(error);
    throw error;
  } finally {
    // Withdrawals are part of the tasks: none may be left running when the system goes down.
    await Promise.allSettled(tasks);
  }
}

async function announcePhases(
  plan: Plan,
  { clock, sink, loadStartUs, signal }: Pick<PerformContext, 'clock' | 'sink' | 'signal'> & { readonly loadStartUs: number },
): Promise<void> {
  for (const phase of plan.phases) {
    await clock.until(loadStartUs + phase.fromUs, signal);
    sink({ table: 'events', row: { kind: 'phase', atUs: loadStartUs + phase.fromUs, phase: phase.name } });
  }
  const endUs = loadStartUs + (plan.phases.at(-1)?.toUs ?? 0);
  await clock.until(endUs, signal);
  sink({ table: 'events', row: { kind: 'phase', atUs: endUs, phase: 'drain' } });
}

/** Brings in what the proxy still holds; evidence that it lost is said. */
async function drain(plan: Plan, stage: Pick<Stage, 'system' | 'sink' | 'clock'>): Promise<void> {
  await stage.system.proxy.flush(AbortSignal.timeout(FLUSH_MS));
  await sampleClock(plan, stage, AbortSignal.timeout(FLUSH_MS));
}

/** Compares the proxy's clock with the run's; nothing is stamped by the clock of a proxy that has no tap. */
async function sampleClock(
  { powers }: Plan,
  { system, sink, clock }: Pick<Stage, 'system' | 'sink' | 'clock'>,
  signal: AbortSignal,
): Promise<void> {
  if (!powers.includes('tap')) return;
  const sample = await system.proxy.clock(signal);
  sink({ table: 'events', row: { kind: 'clock', atUs: clock.nowUs(), source: 'proxy', ...sample } });
}
