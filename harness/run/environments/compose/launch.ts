import type { FoundEdge } from '../../../compose/found-overlay.ts';
import { HOST_PORTS, OWN_SERVICES, RELAY, TOXIPROXY } from '../../../compose/own-services.ts';
import { portsInside, publishedPort, runChangesText, type Reached } from '../../../compose/run-changes.ts';
import { ownerOf } from '../../../compose/wiring.ts';
import { HarnessError } from '../../../model/problem.ts';
import type { RealToxiproxy } from '../../proxy/contract.ts';
import type { Engine } from '../containers/contract.ts';
import { connectEngine } from '../containers/engine.ts';
import { imagesIn } from '../containers/images-in.ts';
import type { InsidePlace, Launched } from '../containers/launched.ts';
import type { ContainerParts } from '../containers/parts.ts';
import { ServiceContainer } from '../containers/service-container.ts';
import { engineUndoers, PROJECT_LABEL } from '../containers/undo.ts';
import { Watchers } from '../containers/watchers.ts';
import type { UpContext } from '../contract.ts';
import { reservePort } from '../ports.ts';
import { logOf, OWN_LOG } from '../run-logs.ts';
import type { ServiceLog } from '../service-log.ts';
import { untilReady } from '../until-ready.ts';
import { readChaosProject, type ChaosProject } from './chaos-project.ts';
import { bringUp, takeDown, unhurried, type ComposeCall } from './docker-compose.ts';
import { demandImages } from './images.ts';
import { ALL_NETWORKS, asOnOneNetwork } from './one-network.ts';
import { OWN_CODE } from './own-code.ts';
import { explained } from './start-failure.ts';

/** How long relay and Toxiproxy may take until they answer, in milliseconds. */
const ANSWER_MS = 30_000;
/** How long services may take to end by themselves when everything is taken down, in seconds. */
const GRACE_S = 2;

/**
 * Brings the project of the user's compose files up, as one of this run's own, until the system's services are ready.
 *
 * @throws {UsageError} if the files are wrong, or do not fit the system
 * @throws {HarnessError} that names what could not be started; everything else is removed again
 */
export async function launchCompose(context: UpContext, logs: ReadonlyMap<string, ServiceLog>, parts: ContainerParts): Promise<Launched> {
  const { plan, signal, ledger } = context;
  const engine = await connectEngine();
  await using stack = new AsyncDisposableStack();
  const ports = await hostPorts();
  const found = await readChaosProject(context, {
    [HOST_PORTS.relay.variable]: String(ports.relay),
    [HOST_PORTS.toxiproxy.variable]: String(ports.toxiproxy),
    [HOST_PORTS.sentinel.variable]: String(ports.sentinel),
    [HOST_PORTS.entry.variable]: String(ports.entry),
  });
  const reached = await reachedPorts(context, found);
  const call = withRunChanges(context, found, reached);
  await demandImages(engine, call, found.project);
  const watchers = stack.use(new Watchers(engine, logOf(logs, OWN_LOG)));
  const project = { kind: 'compose', project: found.name, files: found.call.files, folder: found.call.folder } as const;
  ledger.note(project);
  stack.defer(async () => {
    await removeAll(context, engine, unhurried(call), found.name);
    ledger.strike(project);
  });
  const services = new Map<string, ServiceContainer>();
  stack.defer(() => {
    for (const service of services.values()) service.close();
  });
  const request: StartRequest = { context, logs, parts, engine, watchers, call, found, reached, ports, services };
  const machinery = await watchers.unlessBroken(startMachinery(request));
  await watchers.unlessBroken(startServices(request));
  signal.throwIfAborted();
  const images = await imagesIn(services);
  const up = stack.move();
  return {
    engine,
    ledger,
    network: ALL_NETWORKS,
    services,
    entry: plan.system.entry,
    sentinel: { host: engine.host, port: ports.sentinel },
    inside: await placeInside(request),
    relayUrl: `http://${engine.host}:${ports.relay}`,
    toxiproxy: machinery.toxiproxy,
    recreateToxiproxy: machinery.recreate,
    logTo: (log) => watchers.logTo(log),
    images,
    broken: watchers.broken,
    [Symbol.asyncDispose]: () => up.disposeAsync(),
  };
}

/** Ports of this machine that the overlay's variables choose. */
type HostPorts = Readonly<Record<keyof typeof HOST_PORTS, number>>;

interface StartRequest {
  readonly context: UpContext;
  readonly logs: ReadonlyMap<string, ServiceLog>;
  readonly parts: ContainerParts;
  readonly engine: Engine;
  readonly watchers: Watchers;
  readonly call: ComposeCall;
  readonly found: ChaosProject;
  readonly reached: readonly Reached[];
  readonly ports: HostPorts;
  /** Each is there as soon as its container runs. */
  readonly services: Map<string, ServiceContainer>;
}

async function hostPorts(): Promise<HostPorts> {
  return { relay: await reservePort(), toxiproxy: await reservePort(), sentinel: await reservePort(), entry: await reservePort() };
}

async function reachedPorts({ plan: { system } }: UpContext, { project, edges }: ChaosProject): Promise<readonly Reached[]> {
  const reached: Reached[] = [];
  for (const [service, target] of portsInside(project, edges, system)) {
    const published = publishedPort(project, service, target);
    reached.push({
      service,
      owner: ownerOf(project, service),
      target,
      host: published ?? (await reservePort()),
      isPublished: published !== null,
    });
  }
  return reached;
}

/** The call with what is this run's own. */
function withRunChanges({ plan, ledger }: UpContext, { call, project, name }: ChaosProject, reached: readonly Reached[]): ComposeCall {
  const { labels } = ledger;
  return { ...call, last: runChangesText({ project, labels, overrides: plan.overrides, reached, name, seed: plan.seed, code: OWN_CODE }) };
}

/** Relay, Toxiproxy and sentinel, before anybody calls through them. */
async function startMachinery(
  request: StartRequest,
): Promise<{ toxiproxy(): RealToxiproxy; recreate(signal: AbortSignal): Promise<void> }> {
  const { context, engine, watchers, call, ports } = request;
  await explained(call, bringUp(call, [...OWN_SERVICES, ...waitingForNobody(request)], { isAlone: true }));
  const names = await containersOf(request);
  for (const service of OWN_SERVICES) if (service !== TOXIPROXY) watchers.watch(engine.container(nameOf(names, service)));
  let container = engine.container(nameOf(names, TOXIPROXY));
  watchers.watch(container);
  const [first] = await Promise.all([
    connect(request, context.signal),
    demandAnswer(RELAY, { host: engine.host, port: ports.relay }, context.signal),
  ]);
  let toxiproxy = first;
  return {
    toxiproxy: () => toxiproxy,
    async recreate(signal) {
      watchers.forget(container);
      await explained(call, bringUp({ ...call, signal }, [TOXIPROXY], { isAlone: true, isRecreating: true }));
      container = engine.container(nameOf(await containersOf(request), TOXIPROXY));
      watchers.watch(container);
      toxiproxy = await connect(request, signal);
    },
  };
}

/** Databases, caches and brokers that can come up meanwhile: they take the longest, and call nobody. */
function waitingForNobody({ context: { plan }, found: { project } }: StartRequest): readonly string[] {
  return Object.entries(plan.system.services).flatMap(([name, { backing }]) =>
    backing !== undefined && project.services[name]?.dependsOn.length === 0 ? [name] : [],
  );
}

async function connect({ engine, ports, parts, found: { edges } }: StartRequest, signal: AbortSignal): Promise<RealToxiproxy> {
  const address = { host: engine.host, port: ports.toxiproxy };
  await demandAnswer(TOXIPROXY, address, signal);
  const toxiproxy = await parts.connectToxiproxy({ controlUrl: `http://${address.host}:${address.port}`, signal });
  await toxiproxy.ensure(
    edges.map((edge: FoundEdge) => edge.toxiproxy),
    signal,
  );
  return toxiproxy;
}

async function demandAnswer(what: string, address: { readonly host: string; readonly port: number }, signal: AbortSignal): Promise<void> {
  const answer = await untilReady({ address, path: '/version', withinMs: ANSWER_MS, signal });
  if (answer !== undefined) throw new HarnessError(`The harness's own service ${what} did not answer within ${ANSWER_MS} ms: ${answer}`);
}

/** All others; resolves when those of the system are ready. */
async function startServices(request: StartRequest): Promise<void> {
  const { context, logs, engine, call, found, reached, services } = request;
  await explained(call, bringUp(call, []));
  const names = await containersOf(request);
  const failed = new AbortController();
  const signal = AbortSignal.any([context.signal, failed.signal]);
  const readiness = reached.map(async ({ service, host }) => {
    const raw = engine.container(nameOf(names, service));
    const { networks, cpus, memoryBytes, id } = await raw.inspect();
    const isApart = found.project.services[service]?.networkMode === null;
    // The engine adds the start of the id by itself, each time.
    const places = Object.fromEntries(
      Object.entries(isApart ? networks : {}).map(([network, aliases]) => [network, aliases.filter((alias) => !id.startsWith(alias))]),
    );
    const container = new ServiceContainer(
      {
        service,
        container: asOnOneNetwork(raw, places),
        address: { host: engine.host, port: host },
        aliases: [...new Set(Object.values(places).flat())],
        resources: { ...(cpus > 0 ? { cpus } : {}), ...(memoryBytes > 0 ? { memoryMb: memoryBytes / (1024 * 1024) } : {}) },
      },
      { context, log: logOf(logs, service) },
    );
    services.set(service, container);
    container.follow();
    await container.ready(signal).catch((error: unknown) => {
      // The first failure ends the wait for the others, and is the one that is told.
      failed.abort(error);
    });
  });
  await Promise.allSettled(readiness);
  signal.throwIfAborted();
  await Promise.all(readiness);
}

/** On a network of the entry's own container; one that this machine can reach, if there is such a one. */
async function placeInside({ context: { plan, ledger }, found, reached, services }: StartRequest): Promise<InsidePlace | null> {
  const { entry } = plan.system;
  const port = reached.find(({ service }) => service === entry)?.target;
  const container = services.get(entry)?.container;
  if (port === undefined || container === undefined || found.project.services[entry]?.networkMode !== null) return null;
  const { networks } = await container.inspect();
  const names = Object.keys(networks).filter((name) => name !== ALL_NETWORKS);
  const isInternal = (name: string): boolean =>
    Object.entries(found.project.networks).some(([key, declared]) => declared.isInternal && name === `${found.name}_${key}`);
  const network = names.find((name) => !isInternal(name)) ?? names[0];
  // With the project's label it goes when compose takes the project down.
  const labels = { ...ledger.labels, [PROJECT_LABEL]: found.name };
  return network === undefined ? null : { network, entry: { host: entry, port }, labels };
}

/** Service → its container's name. */
async function containersOf({ engine, found }: StartRequest): Promise<ReadonlyMap<string, string>> {
  const all = await engine.labelled(`${PROJECT_LABEL}=${found.name}`);
  return new Map(
    all.flatMap(({ kind, name, labels }) => (kind === 'container' ? [[labels['com.docker.compose.service'] ?? '', name] as const] : [])),
  );
}

function nameOf(containers: ReadonlyMap<string, string>, service: string): string {
  const name = containers.get(service);
  if (name !== undefined) return name;
  throw new HarnessError(`Cannot find the container of service '${service}': docker compose has started none`);
}

/**
 * Takes the project down as compose does it; what is left then (a container that hangs, say) goes by force.
 *
 * @throws {HarnessError} if something is still there
 */
async function removeAll({ ledger, runId }: UpContext, engine: Engine, call: ComposeCall, project: string): Promise<void> {
  const said = await takeDown(call, GRACE_S).catch((error: unknown) => (error as Error).message);
  const left = await engine.labelled(`${PROJECT_LABEL}=${project}`);
  if (left.length === 0) return;
  const [runLabel = ''] = Object.entries(ledger.labels).find(([, value]) => value === runId) ?? [];
  const entry = { kind: 'compose', project, files: [], folder: call.folder } as const;
  await engineUndoers(async () => engine, runLabel).compose.undo(entry, ledger.owner, new AbortController().signal);
  const still = await engine.labelled(`${PROJECT_LABEL}=${project}`);
  if (still.length === 0) return;
  const list = still.map(({ kind, name }) => `  ${kind} ${name}`).join('\n');
  throw new HarnessError(
    `Cannot take the compose project ${project} down (way out: halfopen clean)${said === null ? '' : `: ${said}`}\n${list}`,
  );
}
