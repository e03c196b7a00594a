import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';

export type Json = Readonly<Record<string, unknown>>;

/** One service of the shop as a child process. */
export interface RunningService extends AsyncDisposable {
  readonly url: string;
  /** Protocol lines printed on stdout so far. */
  readonly printed: readonly Json[];
}

/** Starts `fixtures/shop/<name>.ts` on a free port and resolves when it listens. */
export async function startShopService(name: string, env: Readonly<Record<string, string>> = {}): Promise<RunningService> {
  const child = spawnService(name, env);
  const printed: Json[] = [];
  createInterface({ input: child.stdout! }).on('line', (line) => printed.push(JSON.parse(line) as Json));
  const port = await new Promise<number>((resolve, reject) => {
    const said: string[] = [];
    createInterface({ input: child.stderr! }).on('line', (line) => {
      said.push(line);
      const entry = line.startsWith('{') ? (JSON.parse(line) as Json) : {};
      if (entry['message'] === 'listening') resolve(Number(entry['port']));
    });
    child.once('exit', (code) => reject(new Error(`${name} ended with ${code}: ${said.join('\n')}`)));
  });
  return {
    url: `http://127.0.0.1:${port}`,
    printed,
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    },
  };
}

/** Starts a service that is expected to end by itself; resolves with its exit code and what it said on stderr. */
export async function runToItsEnd(
  name: string,
  env: Readonly<Record<string, string>>,
): Promise<{ readonly code: number; readonly stderr: string }> {
  const child = spawnService(name, env);
  let stderr = '';
  child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString('utf8')));
  const [code] = (await once(child, 'close')) as [number];
  return { code, stderr };
}

function spawnService(name: string, env: Readonly<Record<string, string>>): ChildProcess {
  const file = new URL(`../../fixtures/shop/${name}.ts`, import.meta.url).pathname;
  return spawn(process.execPath, [file], { stdio: ['ignore', 'pipe', 'pipe'], env: { PATH: process.env['PATH'] ?? '', ...env } });
}

/** The whole shop, with addresses that replace those of real services where given. */
export async function startShop(
  replaced: Readonly<Record<string, string>> = {},
  env: Readonly<Record<string, Readonly<Record<string, string>>>> = {},
): Promise<AsyncDisposable & Readonly<Record<'gateway' | 'orders', RunningService>>> {
  await using stack = new AsyncDisposableStack();
  const start = async (name: string, calls: Readonly<Record<string, string>> = {}): Promise<RunningService> =>
    stack.use(await startShopService(name, { ...calls, ...env[name] }));
  const url = async (name: string): Promise<string> => replaced[name] ?? (await start(name)).url;
  const [payments, inventory, shipping, catalog] = await Promise.all(['payments', 'inventory', 'shipping', 'catalog'].map(url));
  const orders = await start('orders', { PAYMENTS_URL: payments!, INVENTORY_URL: inventory!, SHIPPING_URL: shipping! });
  const gateway = await start('gateway', { ORDERS_URL: orders.url, CATALOG_URL: catalog! });
  const owned = stack.move();
  if (replaced['payments'] === undefined) await until(async () => (await fetch(`${payments}/readyz`)).status === 200, 'payments is ready');
  return { gateway, orders, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** A callee that the test plays itself. */
export interface PlayedService extends AsyncDisposable {
  readonly url: string;
  readonly seen: readonly {
    readonly method: string;
    readonly path: string;
    readonly key: string | undefined;
    readonly traceparent: string;
    readonly atMs: number;
  }[];
}

/** Serves with `play`, which is asked for each request. */
export async function playService(play: (request: IncomingMessage, response: ServerResponse) => void): Promise<PlayedService> {
  const seen: PlayedService['seen'][number][] = [];
  const server: Server = createServer((request, response) => {
    seen.push({
      method: request.method ?? '',
      path: request.url ?? '',
      key: request.headers['idempotency-key']?.toString(),
      traceparent: request.headers['traceparent']?.toString() ?? '',
      atMs: performance.now(),
    });
    request.resume();
    play(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
    },
  };
}

export function reply(response: ServerResponse, status: number, body: Json): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

export async function getJson(
  url: string,
  init: RequestInit = {},
): Promise<{ readonly status: number; readonly body: Json; readonly headers: Headers }> {
  const answer = await fetch(url, { signal: AbortSignal.timeout(10_000), ...init });
  return { status: answer.status, headers: answer.headers, body: (await answer.json()) as Json };
}

export function order(gateway: string, key: string, traceId?: string): ReturnType<typeof getJson> {
  const trace = traceId === undefined ? {} : { traceparent: `00-${traceId}-00000000000000aa-01` };
  return getJson(`${gateway}/orders`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': key, ...trace },
    body: JSON.stringify({ sku: 'kettle' }),
  });
}

/** Resolves when `isTrue` is; rejects after ten seconds. */
export async function until(isTrue: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const deadlineMs = performance.now() + 10_000;
  while (!(await isTrue())) {
    if (performance.now() > deadlineMs) throw new Error(`Gave up waiting until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

export function states(service: RunningService, breaker: string): unknown[] {
  return service.printed.flatMap((line) => (line['halfopen'] === 'breaker' && line['name'] === breaker ? [line['state']] : []));
}
