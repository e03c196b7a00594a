import type { UpContext } from '../contract.ts';
import { reservePort } from '../ports.ts';
import { logOf, OWN_LOG } from '../run-logs.ts';
import { declarationOf } from '../service-environment.ts';
import type { ServiceLog } from '../service-log.ts';
import { connectEngine } from './engine.ts';
import { imagesIn } from './images-in.ts';
import type { Launched } from './launched.ts';
import { portInside, waysOf } from './machinery.ts';
import { demandHostNames, networkName } from './names.ts';
import type { ContainerParts } from './parts.ts';
import { Premises } from './premises.ts';
import type { ServiceContainer } from './service-container.ts';
import { startMachinery, type MachineryPorts } from './start-machinery.ts';
import { imagesOfServices, startServices } from './start-services.ts';
import { Watchers } from './watchers.ts';

/**
 * Brings a system up in containers of its own: network, relay, Toxiproxy, sentinel and services, until all are ready.
 *
 * @throws {HarnessError} that names what could not be started; everything else is removed again
 */
export async function launch(context: UpContext, logs: ReadonlyMap<string, ServiceLog>, parts: ContainerParts): Promise<Launched> {
  const { plan, signal, ledger } = context;
  demandHostNames(Object.keys(plan.system.services));
  const engine = await connectEngine();
  // First: what is wrong with them is found before anything is made.
  const images = await imagesOfServices({ context, engine });
  await using stack = new AsyncDisposableStack();
  const premises = stack.use(new Premises(engine, ledger));
  const watchers = stack.use(new Watchers(engine, logOf(logs, OWN_LOG)));
  const services = new Map<string, ServiceContainer>();
  stack.defer(() => {
    for (const service of services.values()) service.close();
  });
  const network = await premises.network(networkName(context.runId));
  const ways = waysOf(plan.system.edges, (callee) => portInside(declarationOf(plan, callee)));
  const ports = await machineryPorts();
  signal.throwIfAborted();

  const request = {
    context,
    logs,
    parts,
    engine,
    watchers,
    network,
    ways,
    images,
    run: premises.run.bind(premises),
    expect: premises.expect.bind(premises),
  };
  const portsOfServices = await servicePorts(Object.keys(plan.system.services));
  const failed = new AbortController();
  const starting = { ...request, context: { ...context, signal: AbortSignal.any([signal, failed.signal]) } };
  // Nothing is awaited between them: what fails first must find somebody who waits for it.
  const machinery = startMachinery({ ...starting, ports });
  const serving = startServices({ ...starting, ports: portsOfServices, services });
  try {
    await watchers.unlessBroken(Promise.all([machinery, serving]));
  } catch (error) {
    // Nothing may still be starting when everything is removed.
    failed.abort(error);
    await Promise.allSettled([machinery, serving]);
    throw error;
  }
  const { toxiproxy, recreate } = await machinery;
  const used = await imagesIn(services);
  const { entry } = plan.system;
  const up = stack.move();
  return {
    engine,
    ledger,
    network,
    services,
    entry,
    sentinel: { host: engine.host, port: ports.sentinel },
    inside: { network, entry: { host: entry, port: portInside(declarationOf(plan, entry)) }, labels: ledger.labels },
    relayUrl: `http://${engine.host}:${ports.relayControl}`,
    toxiproxy,
    recreateToxiproxy: recreate,
    logTo: (log) => watchers.logTo(log),
    images: used,
    broken: watchers.broken,
    [Symbol.asyncDispose]: () => up.disposeAsync(),
  };
}

async function machineryPorts(): Promise<MachineryPorts> {
  const [relayControl, sentinel, toxiproxyControl] = [await reservePort(), await reservePort(), await reservePort()];
  return { relayControl, sentinel, toxiproxyControl };
}

async function servicePorts(services: readonly string[]): Promise<ReadonlyMap<string, number>> {
  const ports = new Map<string, number>();
  for (const service of services) ports.set(service, await reservePort());
  return ports;
}
