import { lookup } from 'node:dns/promises';

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
  return number >= 0 && number <= 65_535 ? undefined : `address ${port}: invalid port`;
}

/** The address with a port where its own is empty. */
export function withPort(listen: string): string {
  return listen.endsWith(':') ? `${listen}0` : listen;
}

/** What is against listening on this address that can be known before anything is stopped for it, or undefined. */
export async function listenProblem(listen: string): Promise<string | undefined> {
  const problem = addressProblem(listen);
  if (problem !== undefined || listen === '') return problem;
  const host = listen.slice(0, listen.lastIndexOf(':')).replace(/^\[|\]$/g, '');
  if (host === '') return undefined;
  try {
    await lookup(host);
    return undefined;
  } catch {
    return `lookup ${host}: no such host`;
  }
}

/** The system's reasons in Go's words. */
const REASONS: readonly (readonly [code: RegExp, reason: string])[] = [
  [/: listen EADDRINUSE.*$/, ': bind: address already in use'],
  [/: listen EADDRNOTAVAIL.*$/, ': bind: cannot assign requested address'],
  [/: listen EACCES.*$/, ': bind: permission denied'],
  [/ [^ ]*: getaddrinfo \w+ (\S+)$/, ': lookup $1: no such host'],
];

export function inGosWords(message: string): string {
  return REASONS.reduce((text, [code, reason]) => text.replace(code, reason), message);
}
