/** What the bench asks of a proxy's control API. Every call has a deadline: the real server may never answer. */

const ANSWERS_WITHIN_MS = 10_000;

/** @throws {Error} on any answer but a good one */
export async function callApi(controlUrl: string, method: string, path: string, body?: unknown): Promise<unknown> {
  const response = await fetch(`${controlUrl}${path}`, {
    method,
    signal: AbortSignal.timeout(ANSWERS_WITHIN_MS),
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`Cannot ${method} ${path}: ${response.status} ${text.trim()}`);
  return text === '' ? null : JSON.parse(text);
}

/** Opens a proxy as any Toxiproxy client does. */
export async function openProxy(
  controlUrl: string,
  { proxy, upstreamPort }: { readonly proxy: string; readonly upstreamPort: number },
): Promise<{ readonly port: number; readonly proxy: string }> {
  const body = { name: proxy, listen: '127.0.0.1:0', upstream: `127.0.0.1:${upstreamPort}`, enabled: true };
  const { listen } = (await callApi(controlUrl, 'POST', '/proxies', body)) as { readonly listen: string };
  return { port: Number(listen.slice(listen.lastIndexOf(':') + 1)), proxy };
}

/** Opens a tapped edge of halfopen's. */
export async function openEdge(
  controlUrl: string,
  { edge, protocol, upstreamPort }: { readonly edge: string; readonly protocol: 'tcp' | 'http'; readonly upstreamPort: number },
): Promise<{ readonly port: number; readonly proxy: string }> {
  const body = { edge, protocol, upstream: `127.0.0.1:${upstreamPort}` };
  return (await callApi(controlUrl, 'POST', '/halfopen/edges', body)) as { readonly port: number; readonly proxy: string };
}

export async function addLatency(controlUrl: string, proxy: string, latencyMs: number): Promise<void> {
  await callApi(controlUrl, 'POST', `/proxies/${proxy}/toxics`, {
    type: 'latency',
    stream: 'downstream',
    attributes: { latency: latencyMs, jitter: 0 },
  });
}
