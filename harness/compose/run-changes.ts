import type { Plan } from '../model/plan.ts';
import type { System } from '../model/system.ts';
import type { FoundEdge } from './found-overlay.ts';
import { CODE_FOLDER, CONTROL_PORT, OWN_NETWORK, OWN_SERVICES, RELAY, RELAY_CONFIG, SENTINEL, SENTINEL_PORT } from './own-services.ts';
import type { ComposeProject } from './resolved.ts';
import { ownerOf } from './wiring.ts';
import { mapping, writeYaml, type Entry, type Mapping, type Node } from './yaml.ts';

/** A port of a container that this machine has to reach, and the port of this machine that leads there. */
export interface Reached {
  readonly service: string;
  /** The service whose container has the port: another one where they share a network. */
  readonly owner: string;
  readonly target: number;
  readonly host: number;
  /** The files publish it themselves. */
  readonly isPublished: boolean;
}

export interface RunChangesRequest {
  readonly project: ComposeProject;
  /** Of the run: everything that compose makes carries them. */
  readonly labels: Readonly<Record<string, string>>;
  readonly overrides: Plan['overrides'];
  readonly reached: readonly Reached[];
  /** Name of the compose project that is started. */
  readonly name: string;
  readonly seed: number;
  /** The running halfopen's own code: relay and harness must be of one version. */
  readonly code: { readonly folder: string; readonly relay: string; readonly sentinel: string };
}

const USUAL_PORT = 8080;

/** Ports inside containers at which this machine reaches the system's services. */
export function portsInside(project: ComposeProject, edges: readonly FoundEdge[], { services }: System): ReadonlyMap<string, number> {
  return new Map(
    Object.entries(services).map(([name, { port }]) => {
      const { exposed = [], ports = [] } = project.services[name] ?? {};
      const upstream = edges.find(({ edge, toxiproxy }) => edge.endsWith(`->${name}`) && toxiproxy.upstream !== '')?.toxiproxy.upstream;
      const asCallee = upstream === undefined ? undefined : Number(upstream.split(':').at(-1));
      return [name, asCallee ?? port ?? exposed[0] ?? ports[0]?.target ?? USUAL_PORT] as const;
    }),
  );
}

/** Ports that the files already lead to, on every interface or on loopback. */
export function publishedPort(project: ComposeProject, service: string, target: number): number | null {
  const found = project.services[ownerOf(project, service)]?.ports.find(
    ({ target: inside, published, hostIp, protocol }) =>
      inside === target && published !== null && protocol === 'tcp' && (hostIp === null || hostIp === '0.0.0.0' || hostIp === '127.0.0.1'),
  );
  return found?.published ?? null;
}

/** The file that compose merges last: what makes a project this run's own, and lets the harness reach it. */
export function runChangesText(request: RunChangesRequest): string {
  const { project, labels, name } = request;
  const marked = (entries: Readonly<Record<string, { readonly isExternal: boolean }>>): Mapping => ({
    entries: Object.entries(entries).flatMap(([key, { isExternal }]): Entry[] =>
      // A fixed name would be another project's network, or its data.
      isExternal ? [] : [{ key, value: mapping({ name: `${name}_${key}`, labels: mapping(labels) }) }],
    ),
  });
  return writeYaml(
    mapping({
      services: { entries: Object.keys(project.services).map((service) => ({ key: service, value: serviceChanges(request, service) })) },
      networks: marked(project.networks),
      volumes: marked(project.volumes),
    }),
  );
}

function serviceChanges(request: RunChangesRequest, service: string): Mapping {
  const { project, labels, overrides, reached } = request;
  const published = reached.filter(({ owner, isPublished }) => owner === service && !isPublished);
  const own = project.services[service];
  const isShutIn =
    published.length > 0 &&
    own?.networkMode === null &&
    Object.keys(own.networks).length > 0 &&
    Object.keys(own.networks).every((network) => project.networks[network]?.isInternal === true);
  const waits = own?.dependsOn.includes(RELAY) === true;
  return mapping({
    labels: mapping(labels),
    // Who comes back, and when, is for the faults to say.
    restart: 'no',
    ...(overrides[service] === undefined ? {} : { environment: mapping(overrides[service]) }),
    ...(published.length === 0 ? {} : { ports: published.map(({ host, target }) => `127.0.0.1:${host}:${target}`) }),
    // Ports of a container that is on internal networks alone lead nowhere.
    ...(isShutIn ? { networks: mapping({ [OWN_NETWORK]: mapping({}) }) } : {}),
    // The harness has asked the relay itself before it starts anybody else.
    ...(waits ? { depends_on: mapping({ [RELAY]: mapping({ condition: 'service_started' }) }) } : {}),
    ...(OWN_SERVICES.includes(service) ? ownChanges(request, service) : {}),
  });
}

function ownChanges({ seed, code }: RunChangesRequest, service: string): Readonly<Record<string, Node>> {
  const programs: Readonly<Record<string, readonly string[]>> = {
    [RELAY]: [code.relay, '--host', '0.0.0.0', '--port', String(CONTROL_PORT), '--seed', String(seed), '--config', RELAY_CONFIG],
    [SENTINEL]: [code.sentinel, '--host', '0.0.0.0', '--port', String(SENTINEL_PORT)],
  };
  const program = programs[service];
  if (program === undefined) return {};
  const [path = '', ...args] = program;
  return {
    command: ['node', '--disable-warning=ExperimentalWarning', `${CODE_FOLDER}/${path}`, ...args],
    volumes: [mapping({ type: 'bind', source: code.folder, target: CODE_FOLDER, read_only: true })],
    // A check takes time from the services that are measured.
    healthcheck: mapping({ disable: true }),
  };
}
