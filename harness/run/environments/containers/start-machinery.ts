import { RELAY, SENTINEL, TOXIPROXY } from '../../../compose/own-services.ts';
import { HarnessError } from '../../../model/problem.ts';
import type { RealToxiproxy } from '../../proxy/contract.ts';
import type { Address, UpContext } from '../contract.ts';
import { untilReady } from '../until-ready.ts';
import type { Container, ContainerSpec, Engine } from './contract.ts';
import { relaySpec, sentinelSpec, toxiproxySpec, type Way } from './machinery.ts';
import { containerName } from './names.ts';
import type { ContainerParts } from './parts.ts';
import type { Watchers } from './watchers.ts';

/** How long relay and Toxiproxy may take until they answer, in milliseconds. */
const ANSWER_MS = 30_000;

export interface MachineryRequest {
  readonly context: UpContext;
  readonly parts: ContainerParts;
  readonly engine: Engine;
  readonly watchers: Watchers;
  readonly network: string;
  readonly ways: ReadonlyMap<string, Way>;
  readonly ports: MachineryPorts;
  /** Starts a container that goes down with the run. */
  run(spec: ContainerSpec): Promise<Container>;
}

/** Ports of this machine. */
export interface MachineryPorts {
  readonly relayControl: number;
  readonly sentinel: number;
  readonly toxiproxyControl: number;
}

export interface Machinery {
  /** The Toxiproxy that stands now. */
  toxiproxy(): RealToxiproxy;
  recreate(signal: AbortSignal): Promise<void>;
}

/** Starts relay, Toxiproxy and sentinel; resolves when every edge is open through both proxies. */
export async function startMachinery(request: MachineryRequest): Promise<Machinery> {
  const { context, ports, watchers } = request;
  const own = (name: string): Pick<ContainerSpec, 'name' | 'network' | 'labels'> => ({
    name: containerName(context.runId, name),
    network: request.network,
    labels: context.ledger.labels,
  });
  const start = async (spec: ContainerSpec): Promise<Container> => {
    const container = await request.run(spec);
    watchers.watch(container);
    return container;
  };
  const { plan, signal } = context;
  const relay = relaySpec(own(RELAY), { seed: plan.seed, controlPort: ports.relayControl, sentinelPort: ports.sentinel });
  const real = toxiproxySpec(own(TOXIPROXY), { image: plan.settings.docker?.toxiproxyImage, controlPort: ports.toxiproxyControl });
  const [first] = await Promise.all([
    start(real).then(async (container) => ({ container, toxiproxy: await connect(request, signal) })),
    start(relay).then(() => openEdges(request)),
    start(sentinelSpec(own(SENTINEL))),
  ]);

  let { container, toxiproxy } = first;
  return {
    toxiproxy: () => toxiproxy,
    async recreate(aborter) {
      watchers.forget(container);
      await container.remove();
      container = await start(real);
      toxiproxy = await connect(request, aborter);
    },
  };
}

async function connect({ engine, ports, parts, ways }: MachineryRequest, signal: AbortSignal): Promise<RealToxiproxy> {
  const address = { host: engine.host, port: ports.toxiproxyControl };
  await demandAnswer('Toxiproxy', address, signal);
  const toxiproxy = await parts.connectToxiproxy({ controlUrl: `http://${address.host}:${address.port}`, signal });
  const proxies = [...ways.values()].map((way) => way.toxiproxy);
  await toxiproxy.ensure(proxies, signal);
  return toxiproxy;
}

async function openEdges({ engine, ports, parts, ways, context: { signal } }: MachineryRequest): Promise<void> {
  const address = { host: engine.host, port: ports.relayControl };
  await demandAnswer('relay', address, signal);
  await using relay = await parts.connectProxy({
    controlUrl: `http://${address.host}:${address.port}`,
    // Nothing that passes it yet belongs to a run.
    onTap: () => undefined,
    onLost: () => undefined,
    onHealth: () => undefined,
    signal,
  });
  await Promise.all([...ways.values()].map((way) => relay.open(way.relay, signal)));
}

async function demandAnswer(what: string, address: Address, signal: AbortSignal): Promise<void> {
  const answer = await untilReady({ address, path: '/version', withinMs: ANSWER_MS, signal });
  if (answer !== undefined) throw new HarnessError(`The ${what} of the harness did not answer within ${ANSWER_MS} ms: ${answer}`);
}
