import { HarnessError, UsageError } from '../../model/problem.ts';
import type { RealToxiproxy } from '../proxy/contract.ts';
import { startSentinel } from './attach/attached-sentinel.ts';
import { demandProxies, reachableEdges } from './attach/foreign-proxies.ts';
import { ownToxics } from './attach/own-toxics.ts';
import { readAttachPlace, readPlace, type AttachPlace } from './attach/place.ts';
import { demandThisMachine, demandToxiproxy } from './attach/this-machine.ts';
import type { EnvironmentDriver, ProcessControl, RunningSystem, UpContext } from './contract.ts';
import { declarationOf } from './service-environment.ts';
import { untilReady } from './until-ready.ts';

export interface AttachParts {
  readonly connectToxiproxy: (options: { readonly controlUrl: string; readonly signal: AbortSignal }) => Promise<RealToxiproxy>;
}

/** Services that somebody else runs, behind a Toxiproxy that is there already: nothing is started but the sentinel's echo. */
export function attach(parts: AttachParts): EnvironmentDriver {
  return {
    kind: 'attach',
    powers: ['tcp', 'readiness'],
    lacks: {
      http: 'a Toxiproxy knows bytes, not calls',
      tap: 'a Toxiproxy tells nothing of what passes it',
      process: 'nobody but their owner may touch the services',
      container: 'nobody but their owner may touch the services',
      stdout: 'what the services print goes to their owner',
      readiness: 'config.attach.ready gives no URL',
      backing: 'databases, caches and brokers are their owner’s',
    },
    place: readPlace,
    describe: () => 'services that run already, behind a Toxiproxy that is already there',
    up: (context) => up(context, parts),
  };
}

async function up(context: UpContext, { connectToxiproxy }: AttachParts): Promise<RunningSystem> {
  const { plan, runId, ledger, clock, sink, signal } = context;
  signal.throwIfAborted();
  const { place, problems } = readAttachPlace(plan.settings, plan.system);
  if (place === null) throw new UsageError('Cannot attach as the place is described wrong:', problems);
  await demandThisMachine(place);
  await demandToxiproxy(place.toxiproxy, signal);
  const toxiproxy = await connectToxiproxy({ controlUrl: place.toxiproxy.origin, signal });
  const detail = `version ${toxiproxy.version} at ${toxiproxy.controlUrl}`;
  sink({ table: 'events', row: { kind: 'environment', atUs: clock.nowUs(), what: 'toxiproxy', subject: 'toxiproxy', detail } });
  const proxies = await demandProxies(context, toxiproxy, place);
  await demandReady(context, place);

  // Undo is queued before do: whatever throws below, all that was made is gone.
  await using stack = new AsyncDisposableStack();
  const sentinel = await startSentinel(context, toxiproxy, { place, stack });
  const names = Object.fromEntries([...proxies].map(([edge, { name }]) => [edge, name]));
  const proxy = stack.use(ownToxics({ toxiproxy, proxies: names, runId, ledger }));
  const made = stack.move();
  let closing: Promise<void> | undefined;
  return {
    entry: { host: place.entry.host, port: place.entry.port },
    sentinel: sentinel.address,
    proxy,
    processes: untouchable(context),
    containers: null,
    readyUrls: Object.fromEntries(Object.entries(place.ready).map(([service, { origin, path }]) => [service, `${origin}${path}`])),
    edges: reachableEdges(proxies, place),
    broken: sentinel.broken,
    [Symbol.asyncDispose]: () => (closing ??= made.disposeAsync()),
  };
}

/** Who is not ready when the run begins was not made unready by it. */
async function demandReady({ plan, signal }: UpContext, { entry, ready }: AttachPlace): Promise<void> {
  const asked = Object.entries({ ...(plan.system.entry in ready ? {} : { [plan.system.entry]: { ...entry, path: undefined } }), ...ready });
  await Promise.all(
    asked.map(async ([service, { host, port, origin, path }]) => {
      const withinMs = declarationOf(plan, service).readyWithinMs;
      const failure = await untilReady({ address: { host, port }, path, withinMs, signal });
      if (failure === undefined) return;
      const what = path === undefined ? `accepts connections at ${origin}` : `answers 200 at ${origin}${path}`;
      throw new HarnessError(`Cannot attach as ${service} must be one that ${what}: ${failure} (waited ${withinMs} ms)`);
    }),
  );
}

/** Nothing was started, so nothing may be stopped. */
function untouchable({ plan }: UpContext): ProcessControl {
  const refuse = async (service: string): Promise<never> => {
    declarationOf(plan, service);
    throw new HarnessError(`Cannot act on '${service}': it was running before, and its process is its owner's`);
  };
  return { kill: refuse, start: refuse, stop: refuse, pause: refuse, resume: refuse };
}
