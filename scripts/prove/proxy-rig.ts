/** A proxy in a process of its own, ours or the real one, and peers that do with their sockets what peers do. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { realToxiproxy } from '../toxiproxy.ts';

/** One of the proxies that a claim is tried on. */
export interface Engine {
  readonly title: string;
  start(options?: EngineOptions): Promise<RunningProxy>;
}

export interface EngineOptions {
  readonly seed?: number;
  /** Most files that the process may have open. */
  readonly openFiles?: number;
  /** Modules that are loaded into the process first; only ours takes them. */
  readonly preload?: readonly string[];
}

export interface ApiAnswer {
  readonly status: number;
  readonly body: unknown;
}

export interface RunningProxy extends AsyncDisposable {
  readonly pid: number;
  readonly controlUrl: string;
  readonly child: ChildProcess;
  /** What it prints once it listens; only ours prints anything. */
  readonly lines: AsyncIterator<string> | null;
  /** Whether its process is still there. */
  readonly isAlive: boolean;
  /** Asks the control API; rejects when there is no answer within the deadline (2 s by default). */
  api(method: string, path: string, body?: unknown, deadlineMs?: number): Promise<ApiAnswer>;
  /** Makes a proxy of that name; answers its port. */
  listen(name: string, upstream: string): Promise<number>;
  /** Adds a toxic; throws if it is refused. */
  toxic(proxy: string, toxic: Readonly<Record<string, unknown>>): Promise<void>;
}

const ANSWER_MS = 2000;
const STARTS_WITHIN_MS = 15_000;

/** Our proxy, with that many workers beside its main thread. */
export function ownEngine({ workers = 0 }: { readonly workers?: number } = {}): Engine {
  const entry = fileURLToPath(new URL('../../harness/run/proxy/main.ts', import.meta.url));
  return {
    title: workers === 0 ? 'halfopen' : `halfopen, ${workers} workers`,
    async start({ seed = 1, openFiles, preload = [] } = {}) {
      const args = [
        entry,
        '--parent-stdin',
        '--port',
        '0',
        '--seed',
        String(seed),
        ...(workers === 0 ? [] : ['--workers', String(workers)]),
      ];
      const { NODE_OPTIONS: _, ...env } = process.env;
      const imports = preload.map((path) => `--import=${new URL(path, import.meta.url).href}`).join(' ');
      const child = start([process.execPath, ...args], { env: { ...env, NODE_OPTIONS: imports }, openFiles });
      const lines = createInterface({ input: child.stdout ?? process.stdin });
      const announced = once(lines, 'line', { signal: AbortSignal.timeout(STARTS_WITHIN_MS) }) as Promise<[string]>;
      const [line] = await Promise.race([announced, ended(child)]);
      const { port } = JSON.parse(line) as { readonly port: number };
      return runningProxy(child, `http://127.0.0.1:${port}`, lines[Symbol.asyncIterator]());
    },
  };
}

/** The real Toxiproxy, or why there is none. */
export async function realEngine(): Promise<Engine | { readonly reason: string }> {
  const real = await realToxiproxy();
  if ('reason' in real) return real;
  return {
    title: `Toxiproxy ${real.version}`,
    async start({ seed = 1, openFiles } = {}) {
      const port = Number((await deadAddress()).split(':')[1]);
      const child = start([real.path, '-host', '127.0.0.1', '-port', String(port), '-seed', String(seed), '-runtime-metrics'], {
        env: { ...process.env, LOG_LEVEL: 'fatal' },
        openFiles,
      });
      const proxy = runningProxy(child, `http://127.0.0.1:${port}`, null);
      const untilMs = performance.now() + STARTS_WITHIN_MS;
      while (performance.now() < untilMs) {
        const answer = await Promise.race([proxy.api('GET', '/version').catch(() => null), ended(child)]);
        if (answer !== null) return proxy;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      await proxy[Symbol.asyncDispose]();
      throw new Error(`Cannot start ${real.path}: it did not answer within ${STARTS_WITHIN_MS} ms`);
    },
  };
}

function start(
  [program = '', ...args]: readonly string[],
  { env, openFiles }: { readonly env: NodeJS.ProcessEnv; readonly openFiles: number | undefined },
): ChildProcess {
  const stdio = ['pipe', 'pipe', 'pipe'] as const;
  return openFiles === undefined
    ? spawn(program, args, { env, stdio: [...stdio] })
    : spawn('sh', ['-c', `ulimit -n ${openFiles}; exec "$@"`, 'sh', program, ...args], { env, stdio: [...stdio] });
}

function ended(child: ChildProcess): Promise<never> {
  return new Promise((_, reject) =>
    child.once('exit', (code, signal) => reject(new Error(`Cannot go on as the proxy ended with ${signal ?? code}`))),
  );
}

function runningProxy(child: ChildProcess, controlUrl: string, lines: AsyncIterator<string> | null): RunningProxy {
  child.stderr?.resume();
  const isAlive = (): boolean => child.exitCode === null && child.signalCode === null;
  const api: RunningProxy['api'] = async (method, path, body, deadlineMs = ANSWER_MS) => {
    const response = await fetch(`${controlUrl}${path}`, {
      method,
      signal: AbortSignal.timeout(deadlineMs),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, body: /json/.test(response.headers.get('content-type') ?? '') ? JSON.parse(text) : text };
  };
  const expectStatus = (wanted: number, { status, body }: ApiAnswer): unknown => {
    if (status !== wanted) throw new Error(`Cannot prepare the proxy: ${status} ${JSON.stringify(body)}`);
    return body;
  };
  return {
    pid: child.pid ?? 0,
    child,
    lines,
    controlUrl,
    get isAlive() {
      return isAlive();
    },
    api,
    async listen(name, upstream) {
      const body = expectStatus(201, await api('POST', '/proxies', { name, listen: '127.0.0.1:0', upstream }));
      return Number((body as { readonly listen: string }).listen.split(':').at(-1));
    },
    async toxic(proxy, toxic) {
      expectStatus(200, await api('POST', `/proxies/${proxy}/toxics`, toxic));
    },
    async [Symbol.asyncDispose]() {
      if (!isAlive()) return;
      const exited = once(child, 'exit');
      child.kill('SIGKILL');
      await exited;
    },
  };
}

/** A callee in this process. */
export interface Callee extends AsyncDisposable {
  readonly address: string;
  readonly port: number;
  readonly sockets: ReadonlySet<Socket>;
  readonly server: Server;
}

/** Sockets may be half open, and a peer's reset is no error. */
export async function startCallee(onSocket: (socket: Socket) => void): Promise<Callee> {
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    onSocket(socket);
  });
  server.listen({ host: '127.0.0.1', port: 0, backlog: 1024 });
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    address: `127.0.0.1:${port}`,
    port,
    sockets,
    server,
    async [Symbol.asyncDispose]() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

export function startEcho(): Promise<Callee> {
  return startCallee((socket) => void socket.pipe(socket));
}

/** An address where nobody listens. */
export async function deadAddress(): Promise<string> {
  const callee = await startCallee(() => undefined);
  await callee[Symbol.asyncDispose]();
  return callee.address;
}

export type Ending = 'end' | 'reset' | 'open';

/** A caller's connection, with what it got and how it ended so far. */
export interface Peer extends Disposable {
  readonly socket: Socket;
  readonly got: () => Buffer;
  readonly ending: () => Ending;
  /** Resolves when it got so many bytes in all, or the connection ended; rejects at the deadline (10 s by default). */
  until(bytes: number, deadlineMs?: number): Promise<Buffer>;
  /** Resolves with how the connection ended. */
  over(deadlineMs?: number): Promise<Ending>;
}

const PEER_MS = 10_000;

/** Dials a port of this machine; what the socket reads is the caller's business. */
export async function dialRaw(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
  await once(socket, 'connect');
  socket.on('error', () => socket.destroy());
  return socket;
}

/** Dials a port of this machine and notes what comes. */
export async function dial(port: number): Promise<Peer> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
  const parts: Buffer[] = [];
  let bytes = 0;
  let ending: Ending = 'open';
  const waiting = new Set<() => void>();
  const changed = (how?: Ending): void => {
    if (how !== undefined && ending === 'open') ending = how;
    for (const check of waiting) check();
  };
  socket.on('data', (data: Buffer) => {
    parts.push(data);
    bytes += data.length;
    changed();
  });
  socket.on('end', () => changed('end'));
  socket.on('error', () => changed('reset'));
  socket.on('close', () => changed(ending === 'open' ? 'reset' : ending));
  const wait = (isDone: () => boolean, deadlineMs: number): Promise<void> =>
    new Promise((resolve, reject) => {
      const settle = (act: () => void): void => {
        clearTimeout(timer);
        waiting.delete(check);
        act();
      };
      const check = (): void => {
        if (isDone()) settle(resolve);
      };
      const timer = setTimeout(
        () => settle(() => reject(new Error(`Cannot go on: after ${deadlineMs} ms the peer has ${bytes} bytes and is '${ending}'`))),
        deadlineMs,
      );
      waiting.add(check);
      check();
    });
  await once(socket, 'connect');
  return {
    socket,
    got: () => Buffer.concat(parts),
    ending: () => ending,
    async until(wanted, deadlineMs = PEER_MS) {
      await wait(() => bytes >= wanted || ending !== 'open', deadlineMs);
      return Buffer.concat(parts);
    },
    async over(deadlineMs = PEER_MS) {
      await wait(() => ending !== 'open', deadlineMs);
      return ending;
    },
    [Symbol.dispose]: () => void socket.destroy(),
  };
}

/** Resolves when the condition holds; rejects at the deadline (10 s by default) with what was `seen`. */
export async function until(isDone: () => boolean | Promise<boolean>, what: string, deadlineMs = PEER_MS): Promise<void> {
  const untilMs = performance.now() + deadlineMs;
  while (!(await isDone())) {
    if (performance.now() > untilMs) throw new Error(`Cannot go on: ${what} did not come within ${deadlineMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
