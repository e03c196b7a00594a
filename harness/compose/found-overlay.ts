import { canonicalJson } from '../model/canonical.ts';
import type { Problem } from '../model/problem.ts';
import type { System } from '../model/system.ts';
import { proxyNameOfEdge } from '../model/edge-name.ts';
import { OWN_SERVICES, RELAY, SENTINEL_EDGE, TOXIPROXY } from './own-services.ts';
import type { ComposeProject } from './resolved.ts';
import { missingServices, relayAddress } from './wiring.ts';

/** An edge as a project with an overlay has it. */
export interface FoundEdge {
  readonly edge: string;
  /** As the relay's configuration has it. */
  readonly protocol: unknown;
  readonly observe: unknown;
  /** Its port at the relay. */
  readonly port: number;
  /** Its proxy at the Toxiproxy, as that is made again where the first one froze. */
  readonly toxiproxy: { readonly name: string; readonly listen: string; readonly upstream: string };
}

/**
 * Reads the edges of a project that an overlay of `halfopen compose` belongs to.
 *
 * @returns null if there is none, or one that nobody can read any more
 */
export function readOverlay({ services, configs }: ComposeProject): readonly FoundEdge[] | null {
  if (!OWN_SERVICES.every((name) => name in services)) return null;
  const relay = listIn(configs[RELAY]);
  const toxiproxy = listIn(configs[TOXIPROXY]);
  if (relay === null || toxiproxy === null) return null;
  return relay.flatMap(({ edge, protocol, observe, listen }) => {
    const name = proxyNameOfEdge(String(edge));
    const behind = toxiproxy.find((proxy) => proxy['name'] === name);
    if (behind === undefined) return [];
    const port = Number(String(listen).split(':').at(-1));
    return [
      {
        edge: String(edge),
        protocol,
        observe,
        port,
        toxiproxy: { name, listen: String(behind['listen']), upstream: String(behind['upstream']) },
      },
    ];
  });
}

/** What of a project does not fit the system that is to run: the overlay is older than one of the two, or not merged last. */
export function overlayProblems(project: ComposeProject, edges: readonly FoundEdge[], system: System): readonly Problem[] {
  const missing = missingServices(project, system);
  if (missing.length > 0) return missing;
  const hint = 'write the overlay again: halfopen compose';
  const wanted = [SENTINEL_EDGE, ...system.edges.map(({ name }) => name)];
  const absent = wanted.filter((name) => !edges.some(({ edge }) => edge === name));
  const lost = absent.map((name) => ({ path: name, expected: 'an edge of the overlay', found: 'none of this name', hint }));
  const changed = system.edges.flatMap((edge): Problem[] => {
    const found = edges.find((one) => one.edge === edge.name);
    if (found === undefined) return [];
    const isSame = found.protocol === edge.protocol && canonicalJson(found.observe ?? null) === canonicalJson(edge.observe ?? null);
    if (!isSame) return [{ path: edge.name, expected: 'protocol and observe as in the system file', found: 'others in the overlay', hint }];
    const isSet = project.services[edge.caller]?.environment[edge.env] === relayAddress(edge.url, found.port);
    if (isSet) return [];
    const says = project.services[edge.caller]?.environment[edge.env] === undefined ? 'no such variable' : 'another address';
    return [
      {
        path: `${edge.name} › ${edge.env} of ${edge.caller}`,
        expected: `the relay's address, ${RELAY}:${found.port}`,
        found: says,
        hint: 'the overlay must be the last of the files; if it is, write it again: halfopen compose',
      },
    ];
  });
  return [...lost, ...changed];
}

function listIn(text: string | undefined): readonly Readonly<Record<string, unknown>>[] | null {
  if (text === undefined) return null;
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? (value as Readonly<Record<string, unknown>>[]) : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}
