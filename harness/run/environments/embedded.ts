import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { HarnessError } from '../../model/problem.ts';
import type { ProxyProcess, TapRecord } from '../proxy/contract.ts';
import { startAnnounced } from './announced-process.ts';
import type { Address, EnvironmentDriver, ProcessControl, RunningSystem, UpContext } from './contract.ts';
import { netemReason } from './netem.ts';
import { reservePort } from './ports.ts';
import { baseEnvironment, declarationOf } from './service-environment.ts';
import { logOf, openLogs, OWN_LOG } from './run-logs.ts';
import { ServiceRunner } from './service-runner.ts';
import { startSupervisor } from './supervisor-client.ts';
import { tapInto } from './tap-rows.ts';

/** How the harness reaches the control port of a proxy process; `run/proxy` has it, `run/parts` brings it here. */
export type ConnectProxy = (options: {
  readonly controlUrl: string;
  onTap(records: readonly TapRecord[]): void;
  onLost(count: number): void;
  onHealth(health: { readonly atUs: number; readonly loopDelayP99Ms: number; readonly cpuRatio: number }): void;
  readonly signal: AbortSignal;
}) => Promise<ProxyProcess>;

export interface EmbeddedParts {
  readonly connectProxy: ConnectProxy;
}

/** The edge on which the machine itself is measured; no fault can name it. */
const SENTINEL_EDGE = 'load->sentinel';

/** Services as child processes on loopback, behind the harness's own proxy. */
export function embedded(parts: EmbeddedParts): EnvironmentDriver {
  return {
    kind: 'embedded',
    powers: ['tcp', 'http', 'tap', 'process', 'stdout', 'readiness'],
    lacks: {
      container: 'services are child processes there, not containers',
      backing: 'databases, caches and brokers are started in containers only',
      // Read when it is asked for: most plans are about other things than the kernel.
      get netem() {
        return netemReason();
      },
    },
    describe: () => 'child processes on loopback, behind the own fault proxy',
    up: (context) => up(context, parts),
  };
}

async function up(context: UpContext, { connectProxy }: EmbeddedParts): Promise<RunningSystem> {
  // Undo is queued before do: whatever throws below, all that was started is stopped.
  await using stack = new AsyncDisposableStack();
  const { plan, runId, signal } = context;
  signal.throwIfAborted();
  const logs = await openLogs(context, stack);
  const supervisor = stack.use(await startSupervisor(runId));
  const broken = Promise.withResolvers<never>();
  broken.promise.catch((reason: unknown) => reason);
  let isClosing = false;
  const onEnd = (reason: unknown): void => {
    if (!isClosing) broken.reject(reason);
  };
  supervisor.died.catch(onEnd);

  const own = { cwd: context.projectFolder, env: baseEnvironment(runId), supervisor, log: logOf(logs, OWN_LOG), signal, onEnd };
  const proxyArgs = ['--host', '127.0.0.1', '--port', '0', '--seed', String(plan.seed), '--parent-stdin'];
  const [control, echo] = await Promise.all([
    startAnnounced({ ...own, name: 'proxy', entry: entryFile('../proxy/main'), args: proxyArgs }),
    startAnnounced({ ...own, name: 'sentinel', entry: entryFile('./sentinel'), args: ['--parent-stdin'] }),
  ]);
  // Not the run's own signal: an interrupted run still wants the taps of what is in flight.
  const taps = { ...tapInto(context), signal: new AbortController().signal };
  const proxy = stack.use(await connectProxy({ controlUrl: `http://${control.host}:${control.port}`, ...taps }));

  const ports = new Map(await Promise.all(Object.keys(plan.system.services).map(async (name) => [name, await reservePort()] as const)));
  const edges = await openEdges(context, proxy, ports);
  const { host, port } = await proxy.open({ edge: SENTINEL_EDGE, protocol: 'http', upstream: `${echo.host}:${echo.port}` }, signal);

  const runners = new Map<string, ServiceRunner>();
  stack.defer(() => {
    isClosing = true;
    return closeAll([...runners.values()]);
  });
  for (const [service, servicePort] of ports) {
    const onPortMoved = (address: Address): Promise<void> => retarget(context, proxy, service, address);
    runners.set(
      service,
      new ServiceRunner({ service, port: servicePort, context, supervisor, log: logOf(logs, service), edges, onPortMoved }),
    );
  }
  await bringAllUp([...runners.values()], broken.promise, signal);

  const started = stack.move();
  let closing: Promise<void> | undefined;
  return {
    entry: runnerOf(runners, plan.system.entry).address,
    sentinel: { host, port },
    proxy,
    processes: processControl(runners),
    containers: null,
    readyUrls: readyUrls(context, runners),
    broken: broken.promise,
    [Symbol.asyncDispose]: () => (closing ??= started.disposeAsync()),
  };
}

/** The other half of this program: TypeScript in the repository, JavaScript where it was built. */
function entryFile(path: string): string {
  return fileURLToPath(new URL(`${path}${extname(import.meta.url)}`, import.meta.url));
}

async function openEdges(
  { plan, signal }: UpContext,
  proxy: ProxyProcess,
  ports: ReadonlyMap<string, number>,
): Promise<ReadonlyMap<string, Address>> {
  const opened = plan.system.edges.map(async ({ name, callee, protocol, observe }) => {
    const upstream = `127.0.0.1:${ports.get(callee)}`;
    const address = await proxy.open({ edge: name, protocol, upstream, ...(observe === undefined ? {} : { observe }) }, signal);
    return [name, address] as const;
  });
  return new Map(await Promise.all(opened));
}

async function retarget({ plan, signal }: UpContext, proxy: ProxyProcess, service: string, { host, port }: Address): Promise<void> {
  const into = plan.system.edges.filter((edge) => edge.callee === service);
  await Promise.all(into.map((edge) => proxy.retarget(edge.name, `${host}:${port}`, signal)));
}

/** Starts all services at once; the first that fails ends the wait for the others. */
async function bringAllUp(runners: readonly ServiceRunner[], broken: Promise<never>, signal: AbortSignal): Promise<void> {
  const failed = new AbortController();
  const either = AbortSignal.any([signal, failed.signal]);
  const starts = runners.map((runner) =>
    runner.bringUp(either).catch((error: unknown) => {
      failed.abort(error);
      throw error;
    }),
  );
  try {
    await Promise.race([Promise.all(starts), broken]);
  } finally {
    if (!failed.signal.aborted) failed.abort(new HarnessError('Cannot go on waiting for the services: the environment is broken'));
    await Promise.allSettled(starts);
  }
}

async function closeAll(runners: readonly ServiceRunner[]): Promise<void> {
  const stops = await Promise.allSettled(runners.map((runner) => runner.close()));
  const failed = stops.find((stop) => stop.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}

function processControl(runners: ReadonlyMap<string, ServiceRunner>): ProcessControl {
  return {
    kill: async (service) => runnerOf(runners, service).kill(),
    start: async (service) => runnerOf(runners, service).start(),
    stop: async (service) => runnerOf(runners, service).halt(),
    pause: async (service) => runnerOf(runners, service).pause(),
    resume: async (service) => runnerOf(runners, service).resume(),
  };
}

function runnerOf(runners: ReadonlyMap<string, ServiceRunner>, service: string): ServiceRunner {
  const runner = runners.get(service);
  if (runner !== undefined) return runner;
  throw new RangeError(
    `Cannot act on a service as 'service' must be one of ${[...runners.keys()].join(', ')}: current value is '${service}'`,
  );
}

function readyUrls({ plan }: UpContext, runners: ReadonlyMap<string, ServiceRunner>): Readonly<Record<string, string>> {
  const urls = [...runners].flatMap(([service, { address }]) => {
    const { ready } = declarationOf(plan, service);
    return ready === undefined ? [] : [[service, `http://${address.host}:${address.port}${ready}`] as const];
  });
  return Object.fromEntries(urls);
}
