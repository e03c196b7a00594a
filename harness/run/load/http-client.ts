import { Client, type Dispatcher } from 'undici';
import { LIMITS } from '../../model/limits.ts';
import type { Address } from '../environments/contract.ts';
import type { FilledRequest } from './fill.ts';
import { originOf } from './origin.ts';

/** How an exchange ended; `status` is 0 where no head came. */
export interface ExchangeEnd {
  readonly status: number;
  /** Bytes of the answer's body that came. */
  readonly bytes: number;
  /** The request went over a connection that an earlier one had opened. */
  readonly reused: boolean;
  /** The body, if it was wanted, up to `LIMITS.bodyBytes`. */
  readonly body: Buffer | null;
  readonly isCut: boolean;
  /** Null where the answer came whole. */
  readonly error: Error | null;
}

/** A request on its way. */
export interface HttpExchange {
  /** What came so far. */
  readonly sofar: () => ExchangeEnd;
  /** Gives up: closes the connection; nothing is reported any more. */
  abandon(): void;
}

export interface ExchangeListener {
  readonly wantsBody: boolean;
  onFirstByte(): void;
  onEnd(end: ExchangeEnd): void;
}

export interface HttpClient {
  send(request: FilledRequest, listener: ExchangeListener): HttpExchange;
  close(): Promise<void>;
}

/** One connection, and whether it is open right now. */
interface Connection {
  readonly client: Client;
  isOpen: boolean;
  wasOpened: boolean;
}

/**
 * Keep-alive connections without a cap: a request takes the one that was used last, or opens another, and never queues.
 * Own bookkeeping instead of undici's Pool, which searches all its clients for each request: with thousands in flight the
 * search would delay the schedule. Idle connections close before Node's servers close them (5 s).
 */
export function openHttpClient(address: Address): HttpClient {
  const origin = originOf(address);
  const idle: Connection[] = [];
  const all = new Set<Connection>();
  const retire = (connection: Connection): void => {
    all.delete(connection);
    connection.client.destroy(new Error('given up'), () => undefined);
  };
  return {
    send(request, listener) {
      const connection = idle.pop() ?? connect(origin, all);
      return dispatch(connection, request, listener, {
        onFree: () => idle.push(connection),
        onBroken: () => retire(connection),
      });
    },
    async close() {
      await Promise.all([...all].map(({ client }) => client.destroy()));
      all.clear();
    },
  };
}

function connect(origin: string, all: Set<Connection>): Connection {
  // No timeouts here: the request's own is the only one.
  const client = new Client(origin, {
    headersTimeout: 0,
    bodyTimeout: 0,
    connectTimeout: 0,
    keepAliveTimeout: 4000,
    pipelining: 1,
    allowH2: false,
  });
  const connection: Connection = { client, isOpen: false, wasOpened: false };
  client.on('connect', () => {
    connection.isOpen = true;
    connection.wasOpened = true;
  });
  client.on('disconnect', () => {
    connection.isOpen = false;
  });
  all.add(connection);
  return connection;
}

function dispatch(
  connection: Connection,
  request: FilledRequest,
  listener: ExchangeListener,
  { onFree, onBroken }: { onFree(): void; onBroken(): void },
): HttpExchange {
  const chunks: Buffer[] = [];
  let status = 0;
  let bytes = 0;
  let hasBegun = false;
  let isOver = false;
  let isDispatched = false;
  const startedOpen = connection.isOpen;
  connection.wasOpened = false;
  const endWith = (error: Error | null): ExchangeEnd => ({
    status,
    bytes,
    reused: startedOpen && !connection.wasOpened,
    body: listener.wantsBody && error === null ? Buffer.concat(chunks) : null,
    isCut: bytes > LIMITS.bodyBytes,
    error,
  });
  const fail = (error: Error): void => {
    if (isOver) return;
    isOver = true;
    onBroken();
    listener.onEnd(endWith(error));
  };
  const handler: Dispatcher.DispatchHandler = {
    // Undici tells an older kind of handler by this method's absence.
    onRequestStart: () => undefined,
    onResponseStarted() {
      if (!hasBegun && !isOver) listener.onFirstByte();
      hasBegun = true;
    },
    onResponseStart(_controller, statusCode) {
      if (statusCode >= 200) status = statusCode;
    },
    onResponseData(_controller, chunk) {
      bytes += chunk.length;
      if (listener.wantsBody && bytes <= LIMITS.bodyBytes) chunks.push(chunk);
    },
    onResponseEnd() {
      if (isOver) return;
      isOver = true;
      onFree();
      listener.onEnd(endWith(null));
    },
    onResponseError(_controller, error) {
      // What undici refuses outright, it refuses before dispatch returns; the sender is not ready for an end yet.
      if (isDispatched) fail(error);
      else queueMicrotask(() => fail(error));
    },
  };
  const { method, path, headers, body } = request;
  connection.client.dispatch({ method, path, headers, body }, handler);
  isDispatched = true;
  return {
    sofar: () => endWith(null),
    abandon() {
      if (isOver) return;
      isOver = true;
      onBroken();
    },
  };
}
