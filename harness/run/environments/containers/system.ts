import type { NewEvent } from '../../../model/sink.ts';
import type { ProxyProcess } from '../../proxy/contract.ts';
import type { RunningSystem, UpContext } from '../contract.ts';
import { logOf, OWN_LOG } from '../run-logs.ts';
import type { ServiceLog } from '../service-log.ts';
import { declarationOf } from '../service-environment.ts';
import { tapInto } from '../tap-rows.ts';
import { containerControl, processControl } from './control.ts';
import { insideOf } from './inside.ts';
import type { Launched } from './launched.ts';
import type { ContainerParts } from './parts.ts';
import type { ServiceContainer } from './service-container.ts';

/** The run that uses the containers. */
export interface Served {
  readonly context: UpContext;
  readonly logs: ReadonlyMap<string, ServiceLog>;
  /** Nobody used them before. */
  readonly isFirst: boolean;
}

/** Told once, when a run begins to use the containers: what it is given. */
type Proof = NewEvent & { readonly kind: 'environment' };

/**
 * Lets a run use containers that are up: their output, their exits and what passes the relay belong to this run until the result is
 * disposed. The containers stay.
 */
export async function serveRun(launched: Launched, { context, logs, isFirst }: Served, parts: ContainerParts): Promise<RunningSystem> {
  await using stack = new AsyncDisposableStack();
  const { clock, sink } = context;
  const own = logOf(logs, OWN_LOG);
  const tell = (row: Omit<Proof, 'id' | 'kind' | 'atUs'>): void => {
    sink({ table: 'events', row: { kind: 'environment', atUs: clock.nowUs(), ...row } });
  };
  for (const [subject, detail] of Object.entries(launched.images)) tell({ what: 'image', subject, detail });
  tell({ what: 'engine', subject: 'engine', detail: `${launched.engine.version}, API ${launched.engine.apiVersion}` });

  const taps = tapInto(context, { awaitsSample: true });
  const relay: ProxyProcess = await parts.connectProxy({
    controlUrl: launched.relayUrl,
    ...taps,
    // Not the run's own: an interrupted run still wants the taps of what is in flight.
    signal: new AbortController().signal,
  });
  const proxy = stack.use(
    parts.chainProxies({
      relay,
      toxiproxy: () => launched.toxiproxy(),
      recreate: (signal) => launched.recreateToxiproxy(signal),
      onRecreated: (detail) => {
        own.write(`halfopen: ${detail}`);
        tell({ what: 'proxy-recreated', subject: 'Toxiproxy', detail });
      },
    }),
  );
  taps.mapBy(await proxy.clock(context.signal));
  // What served no run before was followed for this one from its first line on.
  if (!isFirst) for (const [name, service] of launched.services) service.serve({ context, log: logOf(logs, name) });
  launched.logTo(own);
  stack.defer(() => {
    launched.logTo(undefined);
    for (const service of launched.services.values()) service.rest();
  });

  const inside = launched.inside === null ? null : stack.use(insideOf(launched, launched.inside, context.runId));
  const used = stack.move();
  let ending: Promise<void> | undefined;
  return {
    entry: entryOf(launched).address,
    sentinel: launched.sentinel,
    proxy,
    processes: processControl(launched),
    containers: containerControl(launched),
    readyUrls: readyUrls(context, launched),
    ...(inside === null ? {} : { inside }),
    broken: launched.broken,
    [Symbol.asyncDispose]: () => (ending ??= used.disposeAsync()),
  };
}

function entryOf({ services, entry }: Launched): ServiceContainer {
  const service = services.get(entry);
  if (service !== undefined) return service;
  throw new TypeError(`Cannot reach the system as 'entry' must be one of ${[...services.keys()].join(', ')}: current value is '${entry}'`);
}

function readyUrls({ plan }: UpContext, { services }: Launched): Readonly<Record<string, string>> {
  const urls = [...services].flatMap(([name, { address }]) => {
    const { ready } = declarationOf(plan, name);
    return ready === undefined ? [] : [[name, `http://${address.host}:${address.port}${ready}`] as const];
  });
  return Object.fromEntries(urls);
}
