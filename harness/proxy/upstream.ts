import { isIPv6 } from 'node:net';

/** Where a callee is, and how an address of the proxy is written in its place. */
export interface Upstream {
  /** `host:port` to dial. */
  readonly address: string;
  /** The same address with the proxy's host and port in it. */
  readonly urlAt: (host: string, port: number) => string;
}

/**
 * Reads where a callee is: `host:port`, or an URL of it.
 *
 * @throws {TypeError} if it is neither, or an URL whose traffic the proxy could not read as HTTP
 */
export function readUpstream(protocol: 'http' | 'tcp', upstream: string): Upstream {
  const plain = /^(\[[^\]]+\]|[^:/[\]]+):([0-9]{1,5})$/.exec(upstream);
  if (plain !== null && Number(plain[2]) <= 65_535) {
    const scheme = protocol === 'http' ? 'http://' : '';
    return { address: upstream, urlAt: (host, port) => `${scheme}${bracketed(host)}:${port}` };
  }
  const expected = protocol === 'http' ? `'http://host:port' or 'host:port'` : `'host:port' or an URL with a port`;
  const wrong = (hint: string): TypeError =>
    new TypeError(`Cannot proxy a callee as 'upstream' must be ${expected}: current value is '${upstream}'${hint}`);
  if (!URL.canParse(upstream)) throw wrong('');
  const url = new URL(upstream);
  if (protocol === 'http' && url.protocol === 'https:') throw wrong('; TLS passes through as TCP: use tcp()');
  if (protocol === 'http' && url.protocol !== 'http:') throw wrong('; other protocols pass through as TCP: use tcp()');
  const port = url.port === '' ? ({ 'http:': '80', 'https:': '443' }[url.protocol] ?? '') : url.port;
  if (port === '' || url.hostname === '') throw wrong('');
  return {
    address: `${url.hostname}:${port}`,
    urlAt(host, newPort) {
      const moved = new URL(url);
      moved.host = `${bracketed(host)}:${newPort}`;
      // A base address is put before paths: `http://127.0.0.1:4010` must not gain a slash.
      return upstream.endsWith('/') ? moved.href : moved.href.replace(/\/$/, '');
    },
  };
}

function bracketed(host: string): string {
  return isIPv6(host) ? `[${host}]` : host;
}
