import { HarnessError } from '../../../model/problem.ts';
import { canonicalHost, isLoopback, targetProblem } from '../../../model/target.ts';
import type { RealToxiproxy } from '../../proxy/contract.ts';
import type { Address, UpContext } from '../contract.ts';
import type { AttachPlace } from './place.ts';

/** A proxy as the Toxiproxy tells it. */
export type ForeignProxy = Awaited<ReturnType<RealToxiproxy['proxies']>>[number];

/** What every name begins with that a run gives to something on a Toxiproxy of others. */
const OWN_PREFIX = 'halfopen-';

/** What the proxy before the run's sentinel is called. */
export function sentinelName(runId: string): string {
  return `${OWN_PREFIX}sentinel-${runId}`;
}

/** What a toxic of this run is called: its id is the mark by which whoever cleans up knows it. */
export function toxicName(runId: string, rest: string): string {
  // Toxiproxy takes a name with a slash and can never delete it.
  return `${OWN_PREFIX}${runId}-${encodeURIComponent(rest).replaceAll('~', '%7E').replaceAll('%', '~')}`;
}

/**
 * The proxies of the edges that the plan's faults act on, by edge.
 *
 * @throws {HarnessError} if one is missing, switched off, or carries toxics already
 */
export async function demandProxies(
  { plan, clock, sink, signal }: Pick<UpContext, 'plan' | 'clock' | 'sink' | 'signal'>,
  toxiproxy: Pick<RealToxiproxy, 'proxies' | 'controlUrl'>,
  place: AttachPlace,
): Promise<ReadonlyMap<string, ForeignProxy>> {
  const there = await toxiproxy.proxies(signal);
  const edges = [...new Set(plan.faults.flatMap(({ reach }) => reach.edges))];
  const wanted = edges.map((edge) => ({ edge, name: place.proxies[edge] ?? edge }));
  const missing = wanted.filter(({ name }) => !there.some((proxy) => proxy.name === name));
  if (missing.length > 0) {
    const names = missing.map(({ edge, name }) => `'${name}' (${edge})`).join(', ');
    const known = there.length === 0 ? 'none' : there.map(({ name }) => `'${name}'`).join(', ');
    throw new HarnessError(
      `Cannot attach: the Toxiproxy at ${toxiproxy.controlUrl} has no proxy ${names}; its proxies: ${known} (way out: config.attach.proxies)`,
    );
  }
  const found = new Map(
    wanted.flatMap(({ edge, name }) => there.filter((proxy) => proxy.name === name).map((proxy) => [edge, proxy] as const)),
  );
  for (const [edge, proxy] of found) demandUntouched(edge, proxy, place);
  for (const { name, toxics } of there) {
    if (toxics.length === 0) continue;
    const detail = `carries toxics of somebody else, which stay: ${toxicsOf(toxics)}`;
    sink({ table: 'events', row: { kind: 'environment', atUs: clock.nowUs(), what: 'toxics', subject: name, detail } });
  }
  return found;
}

function demandUntouched(edge: string, { name, isEnabled, toxics }: ForeignProxy, { besideToxics }: AttachPlace): void {
  if (!isEnabled) throw new HarnessError(`Cannot attach: the proxy '${name}' (${edge}) is switched off (way out: enable it)`);
  const left = toxics.filter((toxic) => toxic.startsWith(OWN_PREFIX));
  if (left.length > 0) {
    throw new HarnessError(
      `Cannot attach: the proxy '${name}' (${edge}) carries toxics of another run of halfopen: ${toxicsOf(left)} (way out: wait for it; halfopen clean if it is dead)`,
    );
  }
  if (toxics.length === 0 || besideToxics) return;
  throw new HarnessError(
    `Cannot attach: the proxy '${name}' (${edge}) carries toxics already, whose harm would be taken for the fault's: ${toxicsOf(toxics)} (way out: remove them, or attach.besideToxics: true, which leaves them in force)`,
  );
}

function toxicsOf(toxics: readonly string[]): string {
  return toxics.map((name) => `'${name}'`).join(', ');
}

/** Where this machine reaches the proxy of each edge; edges that it cannot reach, or must not, are left out. */
export function reachableEdges(proxies: ReadonlyMap<string, ForeignProxy>, place: AttachPlace): Readonly<Record<string, Address>> {
  const found = [...proxies].flatMap(([edge, { listen }]) => {
    const address = place.reach[edge] ?? addressOf(listen, place);
    return address === null ? [] : [[edge, { host: address.host, port: address.port }] as const];
  });
  return Object.fromEntries(found);
}

/** `[::]:20001` stands for each address of the Toxiproxy's machine; its loopback is ours only where it runs here. */
function addressOf(listen: string, { toxiproxy, allowTargets }: AttachPlace): Address | null {
  const { host: text, port } = splitAddress(listen);
  if (port === null) return null;
  const host = canonicalHost(text) ?? text;
  if (host === '' || host === '::' || host === '0.0.0.0') return { host: toxiproxy.host, port };
  if (isLoopback(host)) return isLoopback(toxiproxy.host) ? { host, port } : null;
  return targetProblem(host, allowTargets, listen) === null ? { host, port } : null;
}

/** `127.0.0.1:80`, `[::]:80`, `:80` in two. */
export function splitAddress(text: string): { readonly host: string; readonly port: number | null } {
  const [, host = '', port = ''] = /^(.*):(\d{1,5})$/.exec(text) ?? [];
  return { host: host.replace(/^\[(.*)\]$/, '$1'), port: port === '' ? null : Number(port) };
}
