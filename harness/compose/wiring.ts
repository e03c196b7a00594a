import { nearest, type Problem } from '../model/problem.ts';
import type { Edge, System } from '../model/system.ts';
import { OWN_NETWORK, OWN_SERVICES, RELAY, SENTINEL, SENTINEL_EDGE, SENTINEL_EDGE_PORT, SENTINEL_PORT, TOXIPROXY } from './own-services.ts';
import type { ComposeProject } from './resolved.ts';
import { findAddress } from './variable.ts';

/** One edge with the port that it has at relay and Toxiproxy. */
export interface WiredEdge {
  readonly name: string;
  readonly protocol: Edge['protocol'];
  readonly observe?: Edge['observe'];
  readonly port: number;
  /** `host:port` of the callee, as Toxiproxy reaches it. */
  readonly upstream: string;
  /** Null for the sentinel's: the harness is its caller. */
  readonly variable: { readonly caller: string; readonly name: string; readonly value: string } | null;
}

export interface Wiring {
  /** The sentinel's edge first. */
  readonly edges: readonly WiredEdge[];
  /** Networks on which callers are, and those on which callees are; the own one first. */
  readonly relayNetworks: readonly string[];
  readonly toxiproxyNetworks: readonly string[];
  readonly warnings: readonly string[];
  /** Nothing can be written while there are any. */
  readonly problems: readonly Problem[];
}

/** Leads every edge of a system through relay and Toxiproxy, in the project that the compose files describe. */
export function wireEdges(project: ComposeProject, system: System): Wiring {
  const problems = projectProblems(project, system);
  const wired = problems.length > 0 ? [] : system.edges.map((edge, index) => wireEdge(project, system, { edge, index }));
  const sentinel: WiredEdge = {
    name: SENTINEL_EDGE,
    protocol: 'http',
    port: SENTINEL_EDGE_PORT,
    upstream: `${SENTINEL}:${SENTINEL_PORT}`,
    variable: null,
  };
  const networks = (of: 'callers' | 'callees'): readonly string[] => [...new Set([OWN_NETWORK, ...wired.flatMap((one) => one[of])])];
  return {
    edges: [sentinel, ...wired.map(({ edge }) => edge)],
    relayNetworks: networks('callers'),
    toxiproxyNetworks: networks('callees'),
    warnings: [...wired.flatMap(({ warnings }) => warnings), ...projectWarnings(project, system)],
    problems,
  };
}

/** Longest label of a host name (RFC 1035): services find each other by DNS. */
const LABEL_MAX = 63;

interface Wired {
  readonly edge: WiredEdge;
  readonly callers: readonly string[];
  readonly callees: readonly string[];
  readonly warnings: readonly string[];
}

function wireEdge(project: ComposeProject, system: System, { edge, index }: { readonly edge: Edge; readonly index: number }): Wired {
  const { name, caller, callee, env, url, protocol, observe } = edge;
  const found = findAddress(project, edge);
  const declared = system.services[callee]?.port;
  const port = found.port ?? declared ?? project.services[callee]?.exposed[0] ?? project.services[callee]?.ports[0]?.target ?? 8080;
  const own = SENTINEL_EDGE_PORT + 1 + index;
  const callers = networksOf(project, caller) ?? [];
  const callees = networksOf(project, callee) ?? [];
  const shared = callers.filter((network) => callees.includes(network));
  const warnings = [...found.warnings];
  if (declared !== undefined && declared !== port)
    warnings.push(
      `${name}: ${env} of ${caller} names port ${port} of ${callee}, the system file says ${declared}; the compose file's is taken`,
    );
  if (shared.length === 0)
    warnings.push(`${name}: ${caller} and ${callee} share no network; only through the relay do they reach each other`);
  const value = relayAddress(url, own);
  return {
    edge: {
      name,
      protocol,
      ...(observe === undefined ? {} : { observe }),
      port: own,
      upstream: `${ownerOf(project, callee)}:${port}`,
      variable: { caller, name: env, value },
    },
    callers: shared.length > 0 ? shared : callers,
    callees: shared.length > 0 ? shared : callees,
    warnings,
  };
}

/** What a caller's variable is set to. */
export function relayAddress(url: string, port: number): string {
  return url.replaceAll('{host}', RELAY).replaceAll('{port}', String(port));
}

/** The service whose network a service uses: itself, unless it says `network_mode: service:…`. */
export function ownerOf({ services }: ComposeProject, service: string): string {
  const mode = services[service]?.networkMode ?? '';
  return mode.startsWith('service:') ? mode.slice('service:'.length) : service;
}

/** Null where it has none that others could join. */
function networksOf(project: ComposeProject, name: string): readonly string[] | null {
  const service = project.services[ownerOf(project, name)];
  if (service === undefined || service.networkMode !== null) return null;
  return Object.keys(service.networks);
}

function projectProblems(project: ComposeProject, system: System): Problem[] {
  const known = Object.keys(project.services);
  const taken = OWN_SERVICES.filter((name) => known.includes(name)).map((name) => ({
    path: `services.${name}`,
    expected: 'no service of this name: halfopen adds it',
    found: 'one in the compose files (is the file that halfopen wrote among them?)',
  }));
  const networks = Object.keys(project.networks)
    .filter((name) => name === OWN_NETWORK)
    .map((name) => ({
      path: `networks.${name}`,
      expected: 'no network of this name: halfopen adds it',
      found: 'one in the compose files',
    }));
  const missing = missingServices(project, system);
  const long = known.flatMap((name) => {
    const longest = Math.max(...name.split('.').map(({ length }) => length));
    if (longest <= LABEL_MAX) return [];
    return [
      {
        path: `services.${name}`,
        expected: `a host name, with at most ${LABEL_MAX} characters between dots`,
        found: `${longest} characters`,
      },
    ];
  });
  const ends = new Set(system.edges.flatMap(({ caller, callee }) => [caller, callee]));
  const detached = [...ends].flatMap((name) => {
    if (!known.includes(name) || networksOf(project, name) !== null) return [];
    const { networkMode } = project.services[name] ?? { networkMode: null };
    return [
      {
        path: `services.${name}.network_mode`,
        expected: 'networks that a relay can join',
        found: `'${networkMode ?? ''}'`,
        hint: 'take the line out, or override it in a file of your own',
      },
    ];
  });
  return [...taken, ...networks, ...missing, ...long, ...detached];
}

/** Services of the system that are none of the compose files. */
export function missingServices({ services }: ComposeProject, system: System): Problem[] {
  const known = Object.keys(services);
  return Object.keys(system.services).flatMap((name) => {
    if (known.includes(name)) return [];
    const near = nearest(name, known);
    return [
      {
        path: `${system.name} › services.${name}`,
        expected: `a service of the compose files: ${known.join(', ')}`,
        found: 'none of this name',
        ...(near === undefined ? {} : { hint: `is it '${near}' there?` }),
      },
    ];
  });
}

function projectWarnings(project: ComposeProject, system: System): string[] {
  return Object.keys(system.services).flatMap((name) => {
    const service = project.services[name];
    if (service === undefined) return [];
    const warnings: string[] = [];
    if (service.replicas > 1)
      warnings.push(
        `${name}: has ${service.replicas} replicas; \`--env compose\` needs one (way out: scale it to 1 in a file of your own)`,
      );
    const outside = Object.keys(service.networks).filter((network) => project.networks[network]?.isExternal === true);
    if (outside.length > 0)
      warnings.push(
        `${name}: is on the external network ${outside.join(', ')}; whoever else has its name there may be reached in its place`,
      );
    return warnings;
  });
}

/** What the relay begins with: the body of a POST /halfopen/edges for each edge. */
export function relayConfig({ edges }: Pick<Wiring, 'edges'>): readonly object[] {
  return edges.map(({ name, protocol, observe, port }) => ({
    edge: name,
    protocol,
    listen: `0.0.0.0:${port}`,
    upstream: `${TOXIPROXY}:${port}`,
    ...(observe === undefined ? {} : { observe }),
  }));
}
