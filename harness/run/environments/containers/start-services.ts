import { RELAY } from '../../../compose/own-services.ts';
import type { Service } from '../../../model/system.ts';
import { backings } from '../backing/index.ts';
import type { Address, UpContext } from '../contract.ts';
import { logOf } from '../run-logs.ts';
import { containerEnvironment, declarationOf } from '../service-environment.ts';
import type { ServiceLog } from '../service-log.ts';
import type { Container, ContainerSpec, Engine } from './contract.ts';
import { imageOfService, type ServiceImage } from './image-of-service.ts';
import { portInside, type Way } from './machinery.ts';
import { containerName } from './names.ts';
import { ServiceContainer } from './service-container.ts';
import { startOrder } from './start-order.ts';

export interface ServicesRequest {
  readonly context: UpContext;
  readonly logs: ReadonlyMap<string, ServiceLog>;
  readonly engine: Engine;
  readonly network: string;
  readonly ways: ReadonlyMap<string, Way>;
  readonly images: ReadonlyMap<string, ServiceImage>;
  /** Service → port of this machine. */
  readonly ports: ReadonlyMap<string, number>;
  /** Starts a container that goes down with the run. */
  run(spec: ContainerSpec): Promise<Container>;
  /** A container of this name that another starts goes down with the run as well. */
  expect(name: string): void;
  /** Each is there as soon as its container runs. */
  readonly services: Map<string, ServiceContainer>;
}

/** Starts services, callees before callers, and waits until all are ready. Backing services are ready before anybody who calls them starts. */
export async function startServices(request: ServicesRequest): Promise<void> {
  const { context, services } = request;
  const { plan } = context;
  const failed = new AbortController();
  const signal = AbortSignal.any([context.signal, failed.signal]);
  const readiness: Promise<void>[] = [];
  const start = async (name: string): Promise<void> => {
    const service = await startOne(name, request);
    services.set(name, service);
    service.follow();
    const ready = service.ready(signal);
    // Handled from here on: it may fail while others still start.
    readiness.push(orFail(ready));
    if (declarationOf(plan, name).backing !== undefined) await ready;
  };
  const orFail = async (work: Promise<void>): Promise<void> => {
    try {
      await work;
    } catch (error) {
      // The first failure ends the wait for the others, and is the one that is told.
      failed.abort(error);
    }
  };
  for (const group of startOrder(plan.system)) {
    if (!signal.aborted) await Promise.all(group.map((name) => orFail(start(name))));
  }
  await Promise.all(readiness);
  signal.throwIfAborted();
}

/**
 * Images of the services that are no backing services, by service; built or fetched where they are not here.
 *
 * @throws {UsageError} if what a service declares of its image or files is wrong
 */
export async function imagesOfServices({
  context,
  engine,
}: Pick<ServicesRequest, 'context' | 'engine'>): Promise<ReadonlyMap<string, ServiceImage>> {
  const { plan, projectFolder } = context;
  const wanted = Object.entries(plan.system.services).filter(([, { backing }]) => backing === undefined);
  const found = wanted.map(async ([name, service]) => {
    const image = await imageOfService(name, service, {
      engine,
      projectFolder,
      settings: plan.settings.docker ?? {},
      system: plan.system.name,
    });
    return [name, image] as const;
  });
  return new Map(await Promise.all(found));
}

async function startOne(name: string, request: ServicesRequest): Promise<ServiceContainer> {
  const { context, engine, network, ports, logs } = request;
  const service = declarationOf(context.plan, name);
  const port = ports.get(name) ?? 0;
  const aliases = [name];
  const placed = {
    name: containerName(context.runId, name),
    labels: context.ledger.labels,
    network,
    aliases,
    ports: [{ container: portInside(service), host: port }],
    ...(service.resources === undefined ? {} : { resources: service.resources }),
  };
  const container =
    service.backing === undefined
      ? await request.run({ ...placed, ...ownSpec(name, service, request) })
      : await startBacking(name, service, placed, request);
  const address: Address = { host: engine.host, port };
  const parts = { service: name, container, address, aliases, resources: service.resources ?? {} };
  const serving = { context, log: logOf(logs, name) };
  return new ServiceContainer({ ...parts, ...(service.backing === undefined ? {} : { isReadyOnStart: true as const }) }, serving);
}

function ownSpec(
  name: string,
  service: Service,
  { context, ways, images }: ServicesRequest,
): Pick<ContainerSpec, 'image' | 'command' | 'env' | 'workingFolder' | 'hasInit'> {
  const image = images.get(name);
  if (image === undefined) throw new TypeError(`Cannot start '${name}' as it must have an image: current value is undefined`);
  const edges = new Map([...ways].map(([edge, { port }]) => [edge, { host: RELAY, port }] as const));
  const env = containerEnvironment({ plan: context.plan, service: name, port: portInside(service), edges });
  const { image: reference, command, workingFolder } = image;
  // A plain command gets its signals as it does embedded; what an image does as first process is its owner's choice, and stays.
  const isPlainCommand = service.image === undefined && service.dockerfile === undefined;
  return {
    image: reference,
    command,
    env,
    ...(workingFolder === undefined ? {} : { workingFolder }),
    ...(isPlainCommand ? { hasInit: true as const } : {}),
  };
}

async function startBacking(
  name: string,
  { backing, image, env, readyWithinMs }: Service,
  placed: Omit<ContainerSpec, 'image' | 'command' | 'env'>,
  { engine, expect, context: { signal } }: ServicesRequest,
): Promise<Container> {
  if (backing === undefined) throw new TypeError(`Cannot start '${name}' as 'backing' must be of a kind: current value is undefined`);
  expect(placed.name);
  const spec = { ...placed, image: image ?? '', command: [], env: env ?? {} };
  return backings[backing.kind].start({ engine, service: name, spec, backing, readyWithinMs, signal });
}
