import type { TapRecord } from '../run/proxy/contract.ts';
import { startProxyServer } from '../run/proxy/server.ts';
import { readTaps } from '../run/proxy/tap-client.ts';
import type { Observe } from '../model/system.ts';
import { startChildProxy } from './child-process.ts';
import { controlOf, type Control } from './control.ts';
import { proxiedCallee, type ProxiedCallee, type ProxiedHttp } from './callee.ts';
import { Exchanges } from './exchanges.ts';
import { readUpstream } from './upstream.ts';

export interface FaultProxyOptions {
  /** Fixes every die: shares of exchanges, shares of connections, jitter. @default 1 */
  readonly seed?: number;
  /** Port of the control API on 127.0.0.1, for other clients. @default a free one */
  readonly port?: number;
  /** Where the proxy runs: in this process, or in a child, which goes on while this one is busy or its timers are faked. @default 'own' */
  readonly process?: 'own' | 'child';
}

export interface ProxiedOptions {
  /** Where the callee is: `host:port`, or an URL of it. */
  readonly upstream: string;
  /** Names it in errors and exchanges; part of what its dice are seeded with. @default its protocol and an ordinal */
  readonly name?: string;
  /** JSON pointers at what is read from a reply's body for `exchanges`; the body itself is never kept. */
  readonly observe?: Observe;
}

/** A fault proxy that runs. Disposing it withdraws every fault and closes every port. */
export interface FaultProxy extends AsyncDisposable {
  /** Toxiproxy's HTTP API, and ours under `/halfopen/`. */
  readonly controlUrl: string;
  /** Exchanges that did not fit into the proxy's buffer and are missing from `exchanges`. */
  readonly lost: number;
  /** Puts the proxy in front of a callee that speaks HTTP/1.1. */
  http(options: ProxiedOptions): Promise<ProxiedHttp>;
  /** Puts the proxy in front of a callee of any protocol. */
  tcp(options: Omit<ProxiedOptions, 'observe'>): Promise<ProxiedCallee>;
  /** Withdraws every fault and opens every port again. */
  reset(): Promise<void>;
}

interface Running extends AsyncDisposable {
  readonly url: string;
  whyGone(): string | null;
}

/** How long the tap may take to open, in milliseconds. */
const TAP_OPENS_MS = 5000;

/**
 * Starts a fault proxy on loopback, for a test of any kind.
 *
 * @example
 * ```ts
 * import assert from 'node:assert/strict';
 * import { createServer } from 'node:http';
 * import { startProxy } from 'halfopen/proxy';
 *
 * const callee = createServer((_, response) => response.end('paid')).listen(0, '127.0.0.1');
 * await new Promise((listening) => callee.once('listening', listening));
 * const { port } = callee.address() as { port: number };
 * {
 *   await using faults = await startProxy({ seed: 7 });
 *   const payments = await faults.http({ upstream: `http://127.0.0.1:${port}` });
 *   await using storm = await payments.inject({ kind: 'status', status: 503 }, { first: 2 });
 *
 *   const statuses = [];
 *   for (let attempt = 1; attempt <= 3; attempt++) statuses.push((await fetch(`${payments.url}/charges`)).status);
 *   assert.deepEqual(statuses, [503, 503, 200]);
 *   assert.equal(await storm.touched(), 2);
 * }
 * callee.close();
 * ```
 * @throws {HarnessError} if the control port cannot be had
 */
export async function startProxy(options: FaultProxyOptions = {}): Promise<FaultProxy> {
  const { seed = 1 } = options;
  if (!Number.isSafeInteger(seed))
    throw new RangeError(`Cannot start the proxy as 'seed' must be a whole number: current value is ${seed}`);
  await using stack = new AsyncDisposableStack();
  const running = stack.use(await run(options, seed));
  const control = controlOf(running.url, running.whyGone);
  const callees = new Map<string, Exchanges>();
  let lost = 0;
  const taps = await readTaps(
    {
      controlUrl: running.url,
      signal: new AbortController().signal,
      onTap: (records: readonly TapRecord[]) => {
        for (const record of records) callees.get(record.edge)?.add(record);
      },
      onLost: (count: number) => (lost += count),
    },
    TAP_OPENS_MS,
  );
  stack.defer(async () => {
    control.close();
    for (const exchanges of callees.values()) exchanges.end('the proxy was disposed');
    await taps.close();
  });
  const open = opener({ control, seed, callees });
  const owned = stack.move();
  return {
    controlUrl: running.url,
    get lost() {
      return lost;
    },
    http: (callee) => open('http', callee),
    tcp: (callee) => open('tcp', callee),
    async reset() {
      await control.ask({ what: 'reset the proxy', method: 'POST', path: '/reset' });
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

async function run({ port = 0, process: where = 'own' }: FaultProxyOptions, seed: number): Promise<Running> {
  if (where === 'child') return startChildProxy(['--port', String(port), '--seed', String(seed)]);
  const server = await startProxyServer({ port, seed });
  return { url: `http://${server.host}:${server.port}`, whyGone: () => null, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

interface Opening {
  readonly control: Control;
  readonly seed: number;
  readonly callees: Map<string, Exchanges>;
}

function opener({ control, seed, callees }: Opening): (protocol: 'http' | 'tcp', options: ProxiedOptions) => Promise<ProxiedHttp> {
  const names = new Set<string>();
  let ordinal = 0;
  return async (protocol, options) => {
    const upstream = readUpstream(protocol, options.upstream);
    const name = options.name ?? `${protocol}-${++ordinal}`;
    if (name === '' || callees.has(name))
      throw new TypeError(`Cannot proxy a callee as 'name' must be one that no other has: current value is '${name}'`);
    const exchanges = new Exchanges(name);
    callees.set(name, exchanges);
    const body = {
      edge: name,
      protocol,
      upstream: upstream.address,
      ...(options.observe === undefined ? {} : { observe: options.observe }),
    };
    const what = `proxy ${options.upstream}`;
    try {
      const opened = await control.ask({ what, method: 'POST', path: '/halfopen/edges', body });
      const { host, port } = opened as { readonly host: string; readonly port: number };
      const onClosed = (): void => void callees.delete(name);
      const read = (to: string): ReturnType<typeof readUpstream> => readUpstream(protocol, to);
      return proxiedCallee({ control, name, seed, upstream, host, port, exchanges, names, readUpstream: read, onClosed });
    } catch (error) {
      callees.delete(name);
      throw error;
    }
  };
}
