import { isIPv6 } from 'node:net';

export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/** Reads `host:port`, `[::1]:port` or `:port`; null where it is none. */
export function parseHostPort(text: string): HostPort | null {
  const match = /^(?:\[([^\]]*)\]|([^:[\]]*)):([0-9]{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  if (match === null || port > 65_535) return null;
  return { host: match[1] ?? match[2] ?? '', port };
}

export function formatHostPort({ host, port }: HostPort): string {
  return isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;
}

/** The address to listen on, as Toxiproxy reads it: `localhost` is IPv4, an empty or any-address host is both. */
export function listenHost(host: string): string {
  if (host === 'localhost') return '127.0.0.1';
  return host === '' || host === '0.0.0.0' ? '::' : host;
}
