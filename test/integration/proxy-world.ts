import { createServer, type RequestListener, type Server } from 'node:http';
import { connect, createServer as createTcpServer, type AddressInfo, type Server as TcpServer, type Socket } from 'node:net';
import { connectProxy } from '../../harness/run/proxy/client.ts';
import type { EdgeSpec, ProxyProcess, TapRecord } from '../../harness/run/proxy/contract.ts';
import { startProxyServer } from '../../harness/run/proxy/server.ts';

export const never = new AbortController().signal;

export interface World extends AsyncDisposable {
  readonly proxy: ProxyProcess;
  readonly controlUrl: string;
  readonly records: TapRecord[];
  open(edge: EdgeSpec): Promise<number>;
  /** Records so far, after everything under way was ended as unfinished. */
  taps(): Promise<readonly TapRecord[]>;
  /** Resolves when a record satisfies the condition. */
  tap(condition: (record: TapRecord) => boolean): Promise<TapRecord>;
  defer(undo: () => void): void;
}

/** A proxy server with a client on it, real sockets throughout. */
export async function startWorld(): Promise<World> {
  const stack = new AsyncDisposableStack();
  const server = stack.use(await startProxyServer({ port: 0, seed: 7 }));
  const controlUrl = `http://${server.host}:${server.port}`;
  const records: TapRecord[] = [];
  const waiters = new Set<() => void>();
  const proxy = stack.use(
    await connectProxy({
      controlUrl,
      signal: never,
      onTap(batch) {
        records.push(...batch);
        waiters.forEach((waiter) => waiter());
      },
      onLost: (count) => {
        throw new Error(`${count} records lost`);
      },
    }),
  );
  return {
    proxy,
    controlUrl,
    records,
    async open(edge) {
      const { port } = await proxy.open(edge, never);
      return port;
    },
    async taps() {
      await proxy.flush(never);
      return records;
    },
    tap: (condition) =>
      new Promise((resolve, reject) => {
        const deadline = setTimeout(() => reject(new Error(`no such record in ${JSON.stringify(records)}`)), 10_000);
        const check = (): void => {
          const found = records.find(condition);
          if (found === undefined) return;
          clearTimeout(deadline);
          waiters.delete(check);
          resolve(found);
        };
        waiters.add(check);
        check();
      }),
    defer: (undo) => stack.defer(undo),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

/** An HTTP callee; `asked` lists the requests that reached it. */
export async function startCallee(world: World, listener: RequestListener): Promise<{ upstream: string; asked: string[]; server: Server }> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    listener(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  world.defer(() => {
    server.closeAllConnections();
    server.close();
  });
  return { upstream: `127.0.0.1:${(server.address() as AddressInfo).port}`, asked, server };
}

export async function startTcpCallee(world: World, onSocket: (socket: Socket) => void): Promise<{ upstream: string; server: TcpServer }> {
  const sockets = new Set<Socket>();
  const server = createTcpServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    // A peer's reset is what some tests are about; it shows at the other end.
    socket.on('error', () => socket.destroy());
    onSocket(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  world.defer(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { upstream: `127.0.0.1:${(server.address() as AddressInfo).port}`, server };
}

/** An address where nobody listens. */
export async function deadAddress(): Promise<string> {
  const server = createTcpServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return `127.0.0.1:${port}`;
}

export interface Dialogue {
  readonly text: string;
  readonly bytes: Buffer;
  readonly how: 'end' | 'reset';
}

/** Dials, sends, and reads until the connection ends. */
export function converse(
  port: number,
  send: string | Buffer | ((socket: Socket) => void),
  options: { readonly ends?: boolean } = {},
): Promise<Dialogue> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
    const finish = (how: Dialogue['how']): void => {
      clearTimeout(deadline);
      socket.destroy();
      const bytes = Buffer.concat(parts);
      resolve({ bytes, text: bytes.toString('latin1'), how });
    };
    const deadline = setTimeout(() => {
      socket.destroy();
      reject(new Error(`the connection did not end; so far: ${Buffer.concat(parts).toString('latin1')}`));
    }, 15_000);
    socket.on('data', (data) => parts.push(data));
    socket.on('end', () => finish('end'));
    socket.on('error', () => finish('reset'));
    socket.on('connect', () => {
      if (typeof send === 'function') send(socket);
      else if (options.ends === true) socket.end(send);
      else socket.write(send);
    });
  });
}
