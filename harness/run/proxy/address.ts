import { isIPv4, isIPv6, SocketAddress } from 'node:net';

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

/** The address to listen on, as Toxiproxy reads it: an empty or any-address host is both. */
export function listenHost(host: string): string {
  const plain = plainHost(host);
  return plain === '' || plain === '0.0.0.0' ? '::' : plain;
}

/** The host as Go writes it: `localhost` is IPv4, an IPv6 address is as short as can be, and one that maps an IPv4 address is that. */
export function plainHost(host: string): string {
  if (host === 'localhost') return '127.0.0.1';
  if (!isIPv6(host) || host.includes('%')) return host;
  const { address } = new SocketAddress({ address: host, family: 'ipv6' });
  const mapped = address.replace(/^::ffff:/, '');
  return isIPv4(mapped) ? mapped : address;
}
