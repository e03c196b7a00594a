import { HarnessError } from '../../../model/problem.ts';
import type { UpContext } from '../contract.ts';
import { declarationOf } from '../service-environment.ts';
import { untilReady } from '../until-ready.ts';
import type { Launched } from './launched.ts';
import type { ContainerParts } from './parts.ts';
import type { ServiceContainer } from './service-container.ts';

/**
 * Resets a system that served another run, and reads back that nothing of that run is left: no toxic, no rule, no connection; every
 * container runs, on its network, under its names, within its own limits; every service is ready.
 *
 * @returns what was proved, as text
 * @throws {HarnessError} that says what is not clean
 */
export async function resetToClean(launched: Launched, context: UpContext, parts: ContainerParts): Promise<string> {
  const { signal } = context;
  const proxies = await resetProxies(launched, parts, signal);
  const restarted = await Promise.all([...launched.services.values()].map((service) => settle(service, launched, context)));
  const anew = restarted.flatMap((name) => name ?? []);
  return [
    proxies,
    `${launched.services.size} containers run, connected, named and limited as at the start`,
    'all services are ready',
    ...(anew.length === 0 ? [] : [`started anew, as a breaker of theirs was not closed: ${anew.join(', ')}`]),
  ].join('; ');
}

async function resetProxies(launched: Launched, { connectProxy, chainProxies }: ContainerParts, signal: AbortSignal): Promise<string> {
  const relay = await connectProxy({
    controlUrl: launched.relayUrl,
    onTap: () => undefined,
    onLost: () => undefined,
    onHealth: () => undefined,
    signal,
  });
  await using chain = chainProxies({
    relay,
    toxiproxy: () => launched.toxiproxy(),
    recreate: (aborter) => launched.recreateToxiproxy(aborter),
    onRecreated: () => undefined,
  });
  return chain.reset(signal);
}

/** Answers the service's name if it had to be started anew. */
async function settle(service: ServiceContainer, { network }: Launched, { plan, signal }: UpContext): Promise<string | null> {
  const isOpen = service.openBreakers.length > 0;
  if (isOpen) {
    await service.kill();
    await service.start();
  }
  const { status, networks, cpus, memoryBytes } = await service.container.inspect();
  const demand = (holds: boolean, what: string): void => {
    if (!holds) throw new HarnessError(`The container of '${service.service}' is not clean: ${what}`);
  };
  demand(status === 'running', `it is ${status}`);
  demand(
    service.aliases.every((alias) => networks[network]?.includes(alias) === true),
    `it is not on ${network} under its names`,
  );
  const { resources } = service;
  demand(cpus === (resources.cpus ?? 0), `it has ${cpus} CPUs`);
  demand(resources.memoryMb === undefined || memoryBytes === resources.memoryMb * 1024 * 1024, `it has ${memoryBytes} bytes of memory`);
  const { ready: path, readyWithinMs, backing } = declarationOf(plan, service.service);
  if (backing === undefined) {
    const answer = await untilReady({ address: service.address, path, withinMs: readyWithinMs, signal, isForwarded: true });
    demand(answer === undefined, `it is not ready: ${answer ?? ''}`);
  }
  return isOpen ? service.service : null;
}
