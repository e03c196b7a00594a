import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import type { CanarySent } from '../model/event.ts';
import type { Address } from './environments/contract.ts';

/** Where a canary goes, and what it says there. */
export interface CanaryTarget {
  readonly address: Address;
  /** `http` asks for `path`; `tcp` says nothing and waits for the first byte. */
  readonly protocol: 'http' | 'tcp';
  readonly path: string;
}

/** What a caller would have met. */
export interface CanarySample {
  readonly outcome: CanarySent['outcome'];
  readonly durationMs: number;
  /** Bytes that came back, heads included. */
  readonly bytes: number;
}

/** Bytes of an answer after which a canary hangs up: it wants to know that there is one. */
const BYTES_MAX = 1024 * 1024;

/**
 * Opens one connection of the harness's own and tells how it ended; never fails. Null if the signal aborts first: then nothing is known.
 *
 * @param withinMs how long an answer is waited for
 */
export async function sendCanary(
  target: CanaryTarget,
  { withinMs, signal }: { readonly withinMs: number; readonly signal: AbortSignal },
): Promise<CanarySample | null> {
  if (signal.aborted) return null;
  const startedMs = performance.now();
  const { promise, resolve } = Promise.withResolvers<CanarySent['outcome'] | null>();
  const socket = target.protocol === 'http' ? askHttp(target, resolve) : listenTcp(target, resolve);
  const timer = setTimeout(() => resolve('timeout'), withinMs);
  const onAbort = (): void => resolve(null);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    const outcome = await promise;
    const durationMs = Math.round((performance.now() - startedMs) * 1000) / 1000;
    return outcome === null ? null : { outcome, durationMs, bytes: socket.bytesRead };
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
    // One that is left open and unread can freeze a Toxiproxy.
    socket.destroy();
  }
}

type Settle = (outcome: CanarySent['outcome']) => void;

function askHttp({ address: { host, port }, path }: CanaryTarget, settle: Settle): Socket {
  const socket = open({ host, port }, settle);
  const headers = {
    host: host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`,
    connection: 'close',
    'user-agent': 'halfopen-canary',
  };
  const asked = request({ createConnection: () => socket, path, headers });
  asked.once('response', (response) => {
    response.on('data', () => socket.bytesRead > BYTES_MAX && settle('answered'));
    response.once('end', () => settle('answered'));
    // The socket tells how it broke; a reply that merely stops is no answer.
    response.once('error', () => settle('closed'));
  });
  asked.once('error', () => settle('closed'));
  asked.end();
  return socket;
}

function listenTcp({ address }: CanaryTarget, settle: Settle): Socket {
  const socket = open(address, settle);
  socket.once('data', () => settle('answered'));
  socket.once('end', () => settle('closed'));
  return socket;
}

/** The first to settle decides: errors of the socket come before what follows from them. */
function open({ host, port }: Address, settle: Settle): Socket {
  let isConnected = false;
  const socket = connect({ host, port });
  socket.once('connect', () => (isConnected = true));
  socket.on('error', ({ code }: NodeJS.ErrnoException) => {
    // A reset may come before the news that the connection was there.
    if (code === 'ECONNRESET' || code === 'EPIPE') settle('reset');
    else settle(isConnected ? 'closed' : 'refused');
  });
  return socket;
}
