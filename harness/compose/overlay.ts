import type { System } from '../model/system.ts';
import { proxyNameOfEdge } from '../model/edge-name.ts';
import {
  CODE_FOLDER,
  CONTROL_PORT,
  HOST_PORTS,
  MARK,
  OWN_NETWORK,
  RELAY,
  RELAY_CONFIG,
  SENTINEL,
  SENTINEL_EDGE_PORT,
  SENTINEL_PORT,
  TOXIPROXY,
  TOXIPROXY_CONFIG,
} from './own-services.ts';
import type { ComposeProject, ComposeService } from './resolved.ts';
import { namesApart } from './variable.ts';
import { relayConfig, type Wiring } from './wiring.ts';
import { mapping, writeYaml, type Entry, type Mapping, type Node } from './yaml.ts';

/** Where halfopen's own code is, for the containers that run it. */
export interface OwnCode {
  /** Folder of the package, relative to the compose project's folder. */
  readonly folder: string;
  /** Programs of the relay and the sentinel, relative to that folder. */
  readonly relay: string;
  readonly sentinel: string;
}

export interface OverlayRequest {
  readonly project: ComposeProject;
  readonly system: System;
  readonly wiring: Wiring;
  /** The command line that writes this file, and the one that starts it by hand. */
  readonly command: string;
  readonly start: string;
  readonly code: OwnCode;
  readonly nodeImage: string;
  readonly toxiproxyImage: string;
  /** Takes the users' services off the host's ports. */
  readonly isDroppingPorts: boolean;
  /** What each service is, where no other file says so. */
  readonly definitions?: Readonly<Record<string, Mapping>>;
}

/** The file that leads every edge of a system through relay and Toxiproxy. The same request gives the same bytes. */
export function overlayText(request: OverlayRequest): string {
  return `${headOf(request)}\n${writeYaml(document(request))}`;
}

function headOf({ system, command, start, definitions }: OverlayRequest): string {
  const what =
    definitions === undefined ? 'leads every call between services through' : 'starts the services, with every call between them through';
  return [
    `${MARK}: it ${what} a relay and a Toxiproxy.`,
    `# Do not edit: change the ${definitions === undefined ? 'compose files or the ' : ''}system file ('${system.name}'), and write it again with`,
    `#   ${command}`,
    '# By hand, without a harness:',
    `#   ${start}`,
    '#',
    '# A call goes caller -> halfopen-relay (sees each call, makes HTTP faults) -> halfopen-toxiproxy (makes TCP faults) -> callee.',
    `# On this machine alone: Toxiproxy's API on port ${HOST_PORTS.toxiproxy.port} (${HOST_PORTS.toxiproxy.variable}), the relay's on ${HOST_PORTS.relay.port} (${HOST_PORTS.relay.variable}).`,
  ].join('\n');
}

function document(request: OverlayRequest): Mapping {
  const { wiring } = request;
  return {
    entries: [
      {
        key: 'services',
        value: { entries: [relay(request), toxiproxy(request), sentinel(request), ...userServices(request)] },
      },
      {
        key: 'networks',
        comment: 'Between relay, Toxiproxy and sentinel.',
        value: mapping({ [OWN_NETWORK]: mapping({}) }),
      },
      {
        key: 'configs',
        value: {
          entries: [
            {
              key: RELAY,
              comment: "The relay's edges: what it listens on, where it passes calls to, what it reads from their answers.",
              value: mapping({ content: { literal: listing(relayConfig(wiring)) } }),
            },
            {
              key: TOXIPROXY,
              comment: "Toxiproxy's proxies, one for each edge, on the same ports.",
              value: mapping({ content: { literal: listing(toxiproxyConfig(wiring)) } }),
            },
          ],
        },
      },
    ],
  };
}

function relay({ wiring, code, nodeImage }: OverlayRequest): Entry {
  return {
    key: RELAY,
    comment: 'Our proxy: every caller speaks to it. Faults that are made here, and what was seen here, are read over its control port.',
    value: mapping({
      image: nodeImage,
      command: [...nodeCommand(code.relay), '--host', '0.0.0.0', '--port', String(CONTROL_PORT), '--config', RELAY_CONFIG],
      init: true,
      stop_grace_period: '2s',
      depends_on: [TOXIPROXY],
      networks: joined(wiring.relayNetworks),
      ports: [publish(HOST_PORTS.relay, CONTROL_PORT), publish(HOST_PORTS.sentinel, SENTINEL_EDGE_PORT)],
      volumes: [codeMount(code)],
      configs: [mapping({ source: RELAY, target: RELAY_CONFIG })],
      // A connection costs less than a program that asks: a check takes time from the services that are measured.
      healthcheck: mapping({
        test: ['CMD', 'bash', '-c', `: < /dev/tcp/127.0.0.1/${CONTROL_PORT} && : < /dev/tcp/${TOXIPROXY}/${CONTROL_PORT}`],
        interval: '1s',
        timeout: '2s',
        retries: 30,
      }),
    }),
  };
}

function toxiproxy({ wiring, toxiproxyImage }: OverlayRequest): Entry {
  return {
    key: TOXIPROXY,
    comment: 'The real Toxiproxy: latency, lost and slow connections between the relay and the callees.',
    value: mapping({
      image: toxiproxyImage,
      command: ['-host=0.0.0.0', `-config=${TOXIPROXY_CONFIG}`],
      stop_grace_period: '2s',
      networks: joined(wiring.toxiproxyNetworks),
      ports: [publish(HOST_PORTS.toxiproxy, CONTROL_PORT)],
      configs: [mapping({ source: TOXIPROXY, target: TOXIPROXY_CONFIG })],
    }),
  };
}

function sentinel({ code, nodeImage }: OverlayRequest): Entry {
  return {
    key: SENTINEL,
    comment: 'Answers at once, behind the same two proxies: how slow it looks is how slow the machine is.',
    value: mapping({
      image: nodeImage,
      command: [...nodeCommand(code.sentinel), '--host', '0.0.0.0', '--port', String(SENTINEL_PORT)],
      init: true,
      stop_grace_period: '2s',
      networks: joined([OWN_NETWORK]),
      volumes: [codeMount(code)],
    }),
  };
}

function nodeCommand(program: string): readonly string[] {
  return ['node', '--disable-warning=ExperimentalWarning', `${CODE_FOLDER}/${program}`];
}

function codeMount({ folder }: OwnCode): Mapping {
  return mapping({ type: 'bind', source: folder, target: CODE_FOLDER, read_only: true });
}

function joined(networks: readonly string[]): Mapping {
  return mapping(Object.fromEntries(networks.map((name) => [name, mapping({})])));
}

/** On loopback alone: whoever reaches these ports can reach what the containers can. */
export function publish({ variable, port }: { readonly variable: string; readonly port: number }, target: number): Node {
  return { verbatim: `127.0.0.1:\${${variable}:-${port}}:${target}` };
}

function userServices(request: OverlayRequest): Entry[] {
  const { project, definitions = {} } = request;
  return Object.entries(project.services).flatMap(([name, service]) => {
    const { entries, reasons } = changesOf(request, name, service);
    const defined = definitions[name];
    const comment = `${name}: ${[...(defined === undefined ? [] : placeOf(request.system, name)), ...reasons].join('; ')}.`;
    if (defined !== undefined) return [{ key: name, comment, value: merged(defined, entries) }];
    return entries.length === 0 ? [] : [{ key: name, comment, value: { entries } }];
  });
}

/** What a service is in its system. */
function placeOf({ entry, edges }: System, name: string): string[] {
  const callers = edges.flatMap(({ caller, callee }) => (callee === name ? [caller] : []));
  return [...(name === entry ? ['users come in here'] : []), ...(callers.length === 0 ? [] : [`called by ${callers.join(' and ')}`])];
}

interface Changes {
  readonly entries: readonly Entry[];
  readonly reasons: readonly string[];
}

function changesOf({ project, wiring, isDroppingPorts }: OverlayRequest, name: string, service: ComposeService): Changes {
  const entries: Entry[] = [];
  const reasons: string[] = [];
  const calls = wiring.edges.flatMap((edge) => (edge.variable?.caller === name ? [{ ...edge.variable, edge: edge.name }] : []));
  if (calls.length > 0) {
    entries.push(
      { key: 'environment', value: mapping(Object.fromEntries(calls.map((call) => [call.name, call.value]))) },
      { key: 'depends_on', value: mapping({ [RELAY]: mapping({ condition: 'service_healthy' }) }) },
    );
    reasons.push(`its calls (${calls.map(({ edge }) => edge).join(', ')}) go to the relay`);
  }
  if (service.containerName !== null) {
    entries.push({ key: 'container_name', value: { tag: '!reset', value: null } });
    const networks = aliasedNetworks(project, name, service.containerName);
    if (networks.length > 0) {
      const alias = mapping({ aliases: [service.containerName] });
      entries.push({ key: 'networks', value: mapping(Object.fromEntries(networks.map((network) => [network, alias]))) });
    }
    reasons.push('its container is named by the project, so that two projects can be up at once; the fixed name goes on leading to it');
  }
  if (isDroppingPorts && service.ports.length > 0) {
    entries.push({ key: 'ports', value: { tag: '!reset', value: [] } });
    reasons.push('it leaves the ports of this machine alone');
  }
  return { entries, reasons };
}

/** Networks on which a fixed container name is to go on leading to its service: those where it is nobody else's name. */
function aliasedNetworks({ services }: ComposeProject, name: string, containerName: string): readonly string[] {
  if (containerName === name) return [];
  const own = services[name];
  if (own === undefined || own.networkMode !== null) return [];
  return Object.keys(own.networks).filter((network) => {
    if (own.networks[network]?.includes(containerName) === true) return false;
    const others = Object.entries(services).filter(([other, service]) => other !== name && network in service.networks);
    return !others.some(
      ([other, service]) =>
        other === containerName || (service.networks[network] ?? []).includes(containerName) || namesApart(service).includes(containerName),
    );
  });
}

/** A definition with changes of the overlay in it, where no compose is there to merge two files. */
function merged(definition: Mapping, changes: readonly Entry[]): Mapping {
  const byKey = new Map(changes.map((change) => [change.key, change]));
  const kept = definition.entries.map((entry) => {
    const change = byKey.get(entry.key);
    byKey.delete(entry.key);
    if (change === undefined || !isMapping(change.value) || !isMapping(entry.value)) return change ?? entry;
    const over = change.value.entries;
    const under = entry.value.entries.filter(({ key }) => !over.some((one) => one.key === key));
    return { ...entry, value: { entries: [...under, ...over] } };
  });
  return { entries: [...kept, ...byKey.values()] };
}

function isMapping(node: Node): node is Mapping {
  return typeof node === 'object' && node !== null && 'entries' in node;
}

function toxiproxyConfig({ edges }: Wiring): readonly object[] {
  return edges.map(({ name, port, upstream }) => ({ name: proxyNameOfEdge(name), listen: `0.0.0.0:${port}`, upstream }));
}

/** A list with one entry a line, in ASCII: a person finds an edge at a glance. */
function listing(entries: readonly object[]): string {
  const rows = entries.map((entry) =>
    JSON.stringify(entry).replace(/[^\x20-\x7e]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`),
  );
  return `[\n${rows.map((row) => `  ${row}`).join(',\n')}\n]\n`;
}
