import type { Problem } from './problem.ts';
import { show } from './shape.ts';

/** A place that a run sends load, questions or faults to, as `URL` reads it: no two readers can differ about it. */
export interface Target {
  /** Name or address, in lower case, without brackets: `localhost`, `127.0.0.1`, `::1`. */
  readonly host: string;
  readonly port: number;
  /** `http://host:port` with the host as above, in brackets where it is IPv6. */
  readonly origin: string;
  /** With the query; `/` where none was given. */
  readonly path: string;
}

/** Reads `http://host:port/path`; null if it is anything else: another scheme, a user's name, no URL at all. */
export function readTarget(text: unknown): Target | null {
  if (typeof text !== 'string' || !URL.canParse(text)) return null;
  const url = new URL(text);
  const hasUser = url.username !== '' || url.password !== '';
  if (url.protocol !== 'http:' || hasUser || url.hash !== '' || url.hostname === '') return null;
  return {
    host: url.hostname.replace(/^\[(.*)\]$/, '$1').replace(/\.$/, ''),
    port: url.port === '' ? 80 : Number(url.port),
    origin: url.origin,
    path: `${url.pathname}${url.search}`,
  };
}

/** A host's one spelling: `0x7f.1` is `127.0.0.1`. Null if the text is no bare host: it has a scheme, a port, a path, a user. */
export function canonicalHost(text: string): string | null {
  const isIpv6 = /^[0-9a-f:.]*:[0-9a-f:.]*$/i.test(text) && text.split(':').length > 2;
  if (/[\s/\\@?#*]/.test(text)) return null;
  const target = readTarget(`http://${isIpv6 ? `[${text}]` : text}:1`);
  return target === null || target.port !== 1 || target.path !== '/' ? null : target.host;
}

/** Whether a host, in its one spelling, is this machine and no other, whoever is asked: `localhost` by name, 127.0.0.0/8, ::1. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host) || /^::ffff:7f[0-9a-f]{2}:[0-9a-f]{1,4}$/.test(host);
}

const UNSPECIFIED = ['0.0.0.0', '::', '::ffff:0:0'];

/**
 * Why a run must not send anything to this host; null if it may. Loopback is allowed, and what `allowTargets` names: by the very name that
 * is used, whatever it resolves to.
 *
 * @param path where the host was named, for the problem
 */
export function targetProblem(host: string, allowTargets: readonly string[], path: string): Problem | null {
  if (isLoopback(host)) return null;
  const found = show(host);
  if (UNSPECIFIED.includes(host))
    return { path, expected: 'the address of one machine', found: `${found}, which stands for any of this one`, hint: 'write 127.0.0.1' };
  if (allowTargets.some((allowed) => canonicalHost(allowed) === host)) return null;
  return {
    path,
    expected: `this machine (localhost, 127.0.0.1, ::1) or a host that the configuration's allowTargets names`,
    found,
    hint: `allowTargets: [${[...allowTargets, host].map((allowed) => `'${allowed}'`).join(', ')}], if load and faults may go there`,
  };
}
