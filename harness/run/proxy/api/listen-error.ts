import { lookup } from 'node:dns/promises';
import { isIP, isIPv4 } from 'node:net';
import { formatHostPort, listenHost, plainHost, type HostPort } from '../address.ts';

/** What Go's parser of addresses has against this one, or undefined. An empty text is an address: any host, a free port. */
export function addressProblem(listen: string): string | undefined {
  if (listen === '') return undefined;
  const because = (why: string): string => `address ${listen}: ${why}`;
  const match = /^(?:\[([^\]]*)\]|([^[]*?)):([^:]*)$/.exec(listen);
  if (match === null) {
    if (listen.startsWith('[') && !listen.includes(']')) return because("missing ']' in address");
    return because(/(?:^[^[].*|\]):.*:/.test(listen) ? 'too many colons in address' : 'missing port in address');
  }
  const [, , host = '', port = ''] = match;
  if (host.includes(':')) return because('too many colons in address');
  if (host.includes(']')) return because("unexpected ']' in address");
  if (!/^[+-]?\d*$/.test(port)) return `lookup tcp/${port}: unknown port`;
  const number = Number(port);
  if (!(number >= 0 && number <= 65_535)) return `address ${port}: invalid port`;
  // C reads these as IPv4, Go as names.
  return NUMBERS.test(host) && !isIPv4(host) ? `lookup ${host}: no such host` : undefined;
}

/** `127.1`, `0x7f.1`, `2130706433`. */
const NUMBERS = /^(?:0x[\da-f]*|\d+)(?:\.(?:0x[\da-f]*|\d+)){0,3}$/i;

/** The address with a port where its own is empty. */
export function withPort(listen: string): string {
  return listen.endsWith(':') ? `${listen}0` : listen;
}

/** An address with its host looked up, IPv4 before IPv6, or what is against it. */
export type Resolved = (HostPort & { readonly problem?: undefined }) | { readonly problem: string };

/** What can be known of an address before anything is stopped for it. */
export async function resolveListen(listen: string): Promise<Resolved> {
  const problem = addressProblem(listen);
  if (problem !== undefined) return { problem };
  const colon = listen.lastIndexOf(':');
  const port = Number(listen.slice(colon + 1));
  const host = plainHost(listen.slice(0, Math.max(0, colon)).replace(/^\[|\]$/g, ''));
  if (host === '' || isIP(host) !== 0) return { host, port };
  try {
    const { address } = await lookup(host, { order: 'ipv4first' });
    return { host: address, port };
  } catch {
    return { problem: `lookup ${host}: no such host` };
  }
}

/** Whether this is what a proxy has: an address to the letter, or the one that it was bound to. */
export function isSameAddress(wanted: HostPort, listen: string): boolean {
  return listen === formatHostPort(wanted) || listen === formatHostPort({ ...wanted, host: listenHost(wanted.host) });
}

/** The system's reasons in Go's words. */
const REASONS: readonly (readonly [code: RegExp, reason: string])[] = [
  [/: listen EADDRINUSE.*$/, ': bind: address already in use'],
  [/: listen EADDRNOTAVAIL.*$/, ': bind: cannot assign requested address'],
  [/: listen EACCES.*$/, ': bind: permission denied'],
  [/^listen tcp .*: getaddrinfo \w+ (.*)$/s, 'listen tcp: lookup $1: no such host'],
];

export function inGosWords(message: string): string {
  return REASONS.reduce((text, [code, reason]) => text.replace(code, reason), message);
}
