import type { Address } from '../environments/contract.ts';

/** A host as it stands in a URL: an IPv6 address in brackets. */
export function hostInUrl(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

/** `http://127.0.0.1:8080` */
export function originOf({ host, port }: Pick<Address, 'host' | 'port'>): string {
  return `http://${hostInUrl(host)}:${port}`;
}
