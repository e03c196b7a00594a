import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { freePort, type Toxi } from './servers.ts';

/** The services and callers beside a proxy, gone with the stack that they were made on. */
export interface Callee {
  readonly upstream: string;
  /** Resolves with the next connection that reaches it. */
  next(): Promise<Socket>;
}

const WITHIN_MS = 10_000;

/** A service that does `onSocket` with each connection; echoes by default. */
export async function startCallee(stack: AsyncDisposableStack, onSocket = echo): Promise<Callee> {
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    sockets.add(socket);
    // Resets are what some tests are about; they show at the other end as well.
    socket.on('error', () => socket.destroy());
    onSocket(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  stack.defer(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  });
  const next = async (): Promise<Socket> => ((await once(server, 'connection', { signal: AbortSignal.timeout(WITHIN_MS) })) as [Socket])[0];
  return { upstream: `127.0.0.1:${(server.address() as AddressInfo).port}`, next };
}

function echo(socket: Socket): void {
  socket.pipe(socket);
}

/** A service whose queue of connections is full, and stays so: who dials it waits. */
export async function startDeafCallee(stack: AsyncDisposableStack): Promise<string> {
  const program = `
    const server = require('node:net').createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
      require('node:fs').writeSync(1, String(server.address().port));
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 120_000);
    });`;
  const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
  stack.defer(() => void child.kill('SIGKILL'));
  const [printed] = (await once(child.stdout, 'data', { signal: AbortSignal.timeout(WITHIN_MS) })) as [Buffer];
  const port = Number(printed.toString());
  for (;;) {
    const socket = connect(port, '127.0.0.1');
    stack.defer(() => void socket.destroy());
    const isQueued = once(socket, 'connect', { signal: AbortSignal.timeout(300) }).then(
      () => true,
      () => false,
    );
    if (!(await isQueued)) return `127.0.0.1:${port}`;
  }
}

/** An address at which nobody listens. */
export async function deadAddress(): Promise<string> {
  return `127.0.0.1:${await freePort()}`;
}

/** Makes a proxy; answers its port. */
export async function openProxy(toxi: Toxi, name: string, upstream: string, fields: object = {}): Promise<number> {
  const { status, text } = await toxi.ask('POST', '/proxies', { name, upstream, listen: '127.0.0.1:0', ...fields });
  if (status !== 201) throw new Error(`proxy ${name} was not made: ${status} ${text}`);
  return Number((JSON.parse(text) as { readonly listen: string }).listen.split(':').at(-1));
}

export async function addToxic(toxi: Toxi, proxy: string, toxic: object): Promise<void> {
  const { status, text } = await toxi.ask('POST', `/proxies/${proxy}/toxics`, toxic);
  if (status !== 200) throw new Error(`the toxic was not added: ${status} ${text}`);
}

/** A caller's connection. Everything it waits for has a deadline. */
export class Caller {
  readonly socket: Socket;
  /** When it was connected, and when each piece of data came, in milliseconds. */
  readonly arrivals: { readonly atMs: number; readonly bytes: number }[] = [];
  #text = '';
  #received = 0;
  #how: Ending | null = null;
  readonly #waiting = new Set<() => void>();

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (data: Buffer) => {
      this.arrivals.push({ atMs: performance.now(), bytes: data.length });
      this.#received += data.length;
      if (this.#text.length < 64 * 1024) this.#text += data.toString('latin1');
      this.#wake();
    });
    socket.on('end', () => this.#finish('end'));
    socket.on('error', (error: NodeJS.ErrnoException) => this.#finish(error.code === 'ECONNRESET' ? 'reset' : 'error'));
    socket.on('close', () => this.#finish('closed'));
  }

  /** @throws {Error} with the code of what kept it from connecting */
  static async dial(stack: AsyncDisposableStack, port: number): Promise<Caller> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true });
    stack.defer(() => void socket.destroy());
    await once(socket, 'connect', { signal: AbortSignal.timeout(WITHIN_MS) });
    return new Caller(socket);
  }

  get text(): string {
    return this.#text;
  }

  get received(): number {
    return this.#received;
  }

  get how(): Ending | null {
    return this.#how;
  }

  /** Sends the text and answers how many milliseconds it took to come back. */
  async echo(text: string): Promise<number> {
    const sinceMs = performance.now();
    const wanted = this.#received + Buffer.byteLength(text);
    this.socket.write(text);
    await this.until(`the echo of ${text}`, () => this.#received >= wanted);
    return performance.now() - sinceMs;
  }

  /** Resolves with how the connection ended. */
  async ended(): Promise<Ending> {
    await this.until('the end', () => this.#how !== null);
    return this.#how as Ending;
  }

  until(what: string, isSo: () => boolean, withinMs = WITHIN_MS): Promise<void> {
    return new Promise((resolve, reject) => {
      const done = (): void => {
        clearTimeout(deadline);
        this.#waiting.delete(check);
      };
      const deadline = setTimeout(() => {
        done();
        reject(new Error(`not within ${withinMs} ms: ${what}; received ${this.#received} bytes, ended: ${this.#how}`));
      }, withinMs);
      const check = (): void => {
        if (!isSo()) return;
        done();
        resolve();
      };
      this.#waiting.add(check);
      check();
    });
  }

  #finish(how: Ending): void {
    this.#how ??= how;
    this.#wake();
  }

  #wake(): void {
    for (const check of this.#waiting) check();
  }
}

/** `end`: in order (FIN). `reset`: RST. */
export type Ending = 'end' | 'reset' | 'error' | 'closed';

/** Which of the callers' echoes a delay of 300 ms hits. */
export async function hits(callers: readonly Caller[]): Promise<readonly boolean[]> {
  const timesMs = await Promise.all(callers.map((caller) => caller.echo('x')));
  return timesMs.map((timeMs) => timeMs >= 299);
}
