import type { Edge } from '../model/system.ts';
import type { ComposeProject, ComposeService } from './resolved.ts';

/** What a caller's variable says of the callee today. */
export interface FoundAddress {
  /** Null where the variable does not say. */
  readonly port: number | null;
  /** What a person should know before relying on the edge. */
  readonly warnings: readonly string[];
}

const HTTP_PORTS: Readonly<Record<string, number>> = { 'http:': 80, 'https:': 443 };

/**
 * Holds the variable of an edge against what the compose file gives the caller. Warnings name no values: those may hold passwords.
 */
export function findAddress(project: ComposeProject, edge: Edge): FoundAddress {
  const { name, caller, callee, env } = edge;
  const environment: ComposeService['environment'] = project.services[caller]?.environment ?? {};
  const names = namesOf(project, caller, callee);
  const value = environment[env];
  if (value === undefined) {
    const near = Object.keys(environment).filter((other) => points(environment[other] ?? '', names));
    const hint = near.length === 0 ? 'is it read at all?' : `did you mean ${near.join(' or ')}, which points at ${callee}?`;
    return { port: null, warnings: [`${name}: ${caller} has no variable ${env} in the compose file (${hint})`] };
  }
  const used = names.find((one) => points(value, [one]));
  if (used === undefined) {
    const elsewhere = hostIn(value);
    const where = elsewhere === null ? 'names no host' : `leads to '${elsewhere}'`;
    return {
      port: null,
      warnings: [`${name}: ${env} of ${caller} does not point at ${callee}: it ${where} (${names.join(', ')} would do)`],
    };
  }
  const port = portIn(value, used);
  return { port, warnings: restOf(edge, value, { host: used, port }) };
}

/** All names by which the caller can reach the callee. */
export function namesOf({ services }: ComposeProject, caller: string, callee: string): readonly string[] {
  const service = services[callee];
  if (service === undefined) return [callee];
  const links = (services[caller]?.links ?? []).flatMap(([to, alias]) => (to === callee ? [alias] : []));
  const shared = service.networkMode?.startsWith('service:') === true ? [service.networkMode.slice('service:'.length)] : [];
  return [...new Set([callee, ...namesApart(service), ...links, ...shared])];
}

/** Names that a service has besides its own. */
export function namesApart({ containerName, networks }: ComposeService): readonly string[] {
  return [...(containerName === null ? [] : [containerName]), ...Object.values(networks).flat()];
}

function points(value: string, names: readonly string[]): boolean {
  const words = value.split(/[^A-Za-z0-9_.-]+/);
  return names.some((name) => words.includes(name));
}

function portIn(value: string, host: string): number | null {
  const match = new RegExp(`(?<![A-Za-z0-9_.-])${host.replace(/[.]/g, '\\.')}:(\\d{1,5})(?!\\d)`).exec(value);
  if (match !== null) return Number(match[1]);
  return URL.canParse(value) ? (HTTP_PORTS[new URL(value).protocol] ?? null) : null;
}

function hostIn(value: string): string | null {
  return /^(?:[a-z][a-z0-9+.:-]*:\/\/)?(?:[^@/]*@)?([A-Za-z0-9_.-]+)(?:[:/?#,]|$)/i.exec(value)?.[1] ?? null;
}

/** The overlay writes the whole variable anew: what the template lacks of it would be gone. */
function restOf(
  { name, caller, env, url }: Edge,
  value: string,
  { host, port }: { readonly host: string; readonly port: number | null },
): string[] {
  const written = url.replaceAll('{host}', host).replaceAll('{port}', String(port ?? ''));
  const same = (text: string): string => text.replace(/\/$/, '').replace(/:(?=\/|$)/, '');
  const withoutPort = same(written.replace(new RegExp(`:${port ?? ''}(?=/|$)`), ''));
  if (same(value) === same(written) || same(value) === withoutPort) return [];
  return [
    `${name}: ${env} of ${caller} differs from the system file's template '${redacted(url)}' in more than host and port; through the relay it gets what the template says`,
  ];
}

/** A template may name a password. */
function redacted(url: string): string {
  return url.replace(/\/\/[^@/]*@/, '//…@');
}
