/** Random HTTP through the proxy, with no rule or with rules that match nothing: nothing may differ from what passes without it. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, request as httpRequest, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import fc from 'fast-check';
import { table } from '../bench/markdown.ts';
import { claim, type Proof, type ProofOptions, type Proven } from './proof.ts';
import { dial, ownEngine, startCallee, until, type Callee, type Engine, type RunningProxy } from './proxy-rig.ts';
import { conversation, cut, speech, type Conversation, type Speech } from './proxy-traffic.ts';

export interface FuzzOptions {
  readonly engine: Engine;
  readonly seed: number;
  /** Conversations of each kind, each over every edge. */
  readonly runs: number;
  /** Sees each chunk on its way to the caller's comparison; a test plants a difference here. */
  readonly tamper?: (got: Buffer) => Buffer;
}

export interface FuzzResult {
  readonly runs: number;
  readonly seed: number;
  /** Bytes that were compared. */
  readonly bytes: number;
  /** Messages that node's parser read, and refusals among its answers. */
  readonly messages: number;
  readonly refused: number;
}

/** Rules that no exchange of these matches, each by another condition. */
const STRANGERS = [
  { name: 'method', action: { kind: 'status', status: 599 }, target: { method: 'BREW' } },
  { name: 'path', action: { kind: 'abort', at: 'before' }, target: { path: '/never/*' } },
  { name: 'header', action: { kind: 'hang' }, target: { headers: { 'x-nobody': 'sends this' } } },
  { name: 'trace', action: { kind: 'reply-lost' }, target: { traceId: 'f'.repeat(32) } },
];

async function openEdge(proxy: RunningProxy, edge: string, upstream: string, rules: readonly unknown[]): Promise<number> {
  const opened = await proxy.api('POST', '/halfopen/edges', { edge, protocol: 'http', upstream });
  if (opened.status !== 201) throw new Error(`Cannot open an edge: ${opened.status} ${JSON.stringify(opened.body)}`);
  for (const rule of rules) {
    const { status, body } = await proxy.api('POST', `/halfopen/edges/${edge}/rules`, rule);
    if (status !== 200) throw new Error(`Cannot add a rule: ${status} ${JSON.stringify(body)}`);
  }
  return (opened.body as { readonly port: number }).port;
}

/** A conversation that has not ended by then never will. */
const HANGS_AFTER_MS = 5000;

/** Both kinds of edges to one callee. */
async function openEdges(proxy: RunningProxy, upstream: string): Promise<readonly number[]> {
  return [await openEdge(proxy, 'bare', upstream, []), await openEdge(proxy, 'ruled', upstream, STRANGERS)];
}

/** Writes pieces in turns of the event loop of their own, so that most arrive apart. */
async function writeApart(socket: Socket, pieces: readonly Buffer[]): Promise<void> {
  for (const piece of pieces) {
    if (socket.destroyed) return;
    await new Promise<void>((resolve) => socket.write(piece, () => setImmediate(resolve)));
  }
}

/** Bytes that both sides say are bytes that both sides get, in conversations with a callee that follows a script. */
export async function fuzzBytes({ engine, seed, runs, tamper = (got) => got }: FuzzOptions): Promise<FuzzResult> {
  await using proxy = await engine.start();
  let script: Conversation = { turns: [], cuts: [], halfCloses: false };
  let heard: Promise<Buffer> = Promise.resolve(Buffer.alloc(0));
  await using callee = await startCallee((socket) => {
    heard = follow(socket, script);
  });
  const ports = await openEdges(proxy, callee.address);
  let bytes = 0;
  const property = fc.asyncProperty(conversation, async (said) => {
    for (const port of ports) {
      script = said;
      const all = said.turns.map(({ request }) => request).join('');
      const wanted = said.turns.map(({ reply }) => reply).join('');
      using caller = await dial(port);
      await writeApart(caller.socket, cut(all, said.cuts));
      if (said.halfCloses) caller.socket.end();
      const ending = await caller.over(HANGS_AFTER_MS);
      caller.socket.end();
      same('the callee', await heard, all);
      same('the caller', tamper(caller.got()), wanted);
      if (ending !== 'end') throw new Error(`the connection ended with ${ending}`);
      bytes += all.length + wanted.length;
    }
  });
  await check(property, { runs, seed });
  if (!proxy.isAlive) throw new Error('the proxy is gone');
  return { runs, seed, bytes, messages: 0, refused: 0 };
}

/** Answers each turn when its request has come as far as it waits for it; resolves with all that came. */
async function follow(socket: Socket, { turns, cuts }: Conversation): Promise<Buffer> {
  const parts: Buffer[] = [];
  let bytes = 0;
  let wanted = 0;
  let wake: () => void = () => undefined;
  const arrived = (): Promise<void> =>
    new Promise((resolve) => {
      wake = resolve;
    });
  socket.on('data', (data: Buffer) => {
    parts.push(data);
    bytes += data.length;
    wake();
  });
  socket.on('end', () => wake());
  socket.on('close', () => wake());
  for (const { request, reply, answersAt } of turns) {
    const head = request.indexOf('\r\n\r\n');
    const from = wanted;
    wanted += request.length;
    const enough = answersAt === 'start' ? Math.min(from + 1, wanted) : answersAt === 'head' && head >= 0 ? from + head + 4 : wanted;
    while (bytes < enough && !socket.readableEnded && !socket.destroyed) await arrived();
    await writeApart(socket, cut(reply, cuts));
  }
  while (bytes < wanted && !socket.readableEnded && !socket.destroyed) await arrived();
  socket.end();
  return Buffer.concat(parts);
}

/** fast-check keeps the reason beside its message; here it belongs into it. */
async function check<T>(property: fc.IAsyncProperty<T>, { runs, seed }: Pick<FuzzOptions, 'runs' | 'seed'>): Promise<void> {
  const details = await fc.check(property, { numRuns: runs, seed });
  if (!details.failed) return;
  const reason = details.errorInstance instanceof Error ? details.errorInstance.message : String(details.errorInstance);
  const { counterexamplePath, counterexample } = details;
  throw new Error(`${reason}\nseed: ${seed}, path: ${counterexamplePath}, counterexample: ${JSON.stringify(counterexample)}`);
}

function same(who: string, got: Buffer, wanted: string): void {
  const text = got.toString('latin1');
  if (text === wanted) return;
  let at = 0;
  while (at < text.length && text[at] === wanted[at]) at++;
  const around = (from: string): string => JSON.stringify(from.slice(Math.max(0, at - 20), at + 40));
  throw new Error(`${who} got ${text.length} bytes of ${wanted.length}; at ${at} ${around(text)} instead of ${around(wanted)}`);
}

/** What node's own parser reads of random requests, and what it answers: the same with the proxy and without. */
export async function fuzzMessages({ engine, seed, runs, tamper = (got) => got }: FuzzOptions): Promise<FuzzResult> {
  await using proxy = await engine.start();
  await using reader = await startReader();
  const ports = await openEdges(proxy, reader.address);
  const total = { bytes: 0, messages: 0, refused: 0 };
  const property = fc.asyncProperty(speech, async (said) => {
    const direct = await say(reader, reader.port, said);
    for (const port of ports) {
      const proxied = await say(reader, port, said);
      same('the caller', tamper(proxied.got), direct.got.toString('latin1'));
      if (proxied.read !== direct.read) throw new Error(`node read ${proxied.read} instead of ${direct.read}`);
    }
    total.bytes += direct.got.length + [...said.requests, said.odd].join('').length;
    total.messages += direct.messages;
    total.refused += direct.got.includes('HTTP/1.1 400 ') ? 1 : 0;
  });
  await check(property, { runs, seed });
  if (!proxy.isAlive) throw new Error('the proxy is gone');
  return { runs, seed, ...total };
}

interface Reader extends AsyncDisposable {
  readonly address: string;
  readonly port: number;
  readonly server: Server;
  /** What it read since it was last emptied. */
  readonly read: string[];
  /** The connection that it serves, and requests that it has not answered. */
  socket: Socket | null;
  open: number;
}

/** A server of node's that answers each request with what it read of it. */
async function startReader(): Promise<Reader> {
  const server = createServer({ keepAliveTimeout: 60_000 });
  const reader: Reader = {
    address: '',
    port: 0,
    server,
    read: [],
    socket: null,
    open: 0,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
  server.on('connection', (socket: Socket) => {
    socket.on('error', () => socket.destroy());
    reader.socket = socket;
  });
  server.on('request', (request, response) => {
    reader.open++;
    const hash = createHash('sha256');
    request.on('data', (data: Buffer) => hash.update(data));
    response.on('close', () => reader.open--);
    request.on('end', () => {
      const text = JSON.stringify([request.method, request.url, request.rawHeaders, hash.digest('hex'), request.rawTrailers]);
      reader.read.push(text);
      response.sendDate = false;
      if (request.url?.includes('a') === true) response.end(text);
      else {
        response.write(text.slice(0, 10));
        response.end(text.slice(10));
      }
    });
  });
  server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    reader.read.push(`upgrade ${request.url}`);
    socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: raw\r\nConnection: upgrade\r\n\r\n');
    socket.write(head);
    socket.pipe(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return Object.assign(reader, { port, address: `127.0.0.1:${port}` });
}

interface Said {
  readonly got: Buffer;
  readonly read: string;
  readonly messages: number;
}

/** Says it all, and ends when the server has read every byte and answered what it read (or has closed). */
async function say(reader: Reader, port: number, { requests, cuts, odd }: Speech): Promise<Said> {
  reader.read.length = 0;
  reader.socket = null;
  const text = requests.join('');
  using caller = await dial(port);
  await writeApart(caller.socket, cut(text, cuts));
  const answered = (bytes: number): Promise<void> =>
    until(
      () => caller.ending() !== 'open' || (reader.open === 0 && (bytes === 0 || (reader.socket?.bytesRead ?? 0) >= bytes)),
      'the answer to everything that was said',
    );
  await answered(text.length);
  // A server that refuses one request forgets what it has not yet answered of those before: they are not what is compared.
  if (odd !== '') caller.socket.write(odd, 'latin1');
  await answered(text.length + odd.length);
  caller.socket.end();
  await caller.over();
  // Node dates the refusals that it makes by itself.
  const got = Buffer.from(
    caller
      .got()
      .toString('latin1')
      .replaceAll(/\r\nDate: [^\r]*/g, ''),
    'latin1',
  );
  return { got, read: reader.read.join('\n'), messages: reader.read.length };
}

/** What node's client reads of random replies: the same with the proxy and without. */
export async function fuzzReplies({ engine, seed, runs }: FuzzOptions): Promise<FuzzResult> {
  await using proxy = await engine.start();
  let script: Conversation = { turns: [], cuts: [], halfCloses: false };
  await using callee: Callee = await startCallee((socket) => {
    socket.once('data', () => {
      const [turn] = script.turns;
      void writeApart(socket, cut(turn?.reply ?? '', script.cuts)).then(() => socket.end());
    });
  });
  const ports = await openEdges(proxy, callee.address);
  const total = { bytes: 0, messages: 0, refused: 0 };
  const property = fc.asyncProperty(conversation, async (said) => {
    const [first] = said.turns;
    const method = /^(GET|HEAD|POST|PUT|DELETE|OPTIONS|PATCH) /.exec(first?.request ?? '')?.[1] ?? 'GET';
    script = said;
    const direct = await readReply(callee.port, method);
    for (const port of ports) {
      const proxied = await readReply(port, method);
      if (proxied !== direct) throw new Error(`node read ${proxied} instead of ${direct}`);
    }
    total.bytes += first?.reply.length ?? 0;
    total.messages++;
    total.refused += direct.startsWith('error') ? 1 : 0;
  });
  await check(property, { runs, seed });
  return { runs, seed, ...total };
}

function readReply(port: number, method: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const deadline = setTimeout(() => reject(new Error('no reply came to its end')), 10_000);
    const settle = (text: string): void => {
      clearTimeout(deadline);
      resolve(text);
    };
    const request = httpRequest({ port, host: '127.0.0.1', method, agent: false });
    const interim: number[] = [];
    request.on('information', ({ statusCode }) => interim.push(statusCode));
    request.on('error', (error: NodeJS.ErrnoException) => settle(`error ${error.code ?? error.message}`));
    request.on('upgrade', (response, socket) => {
      socket.destroy();
      settle(`upgrade ${response.statusCode}`);
    });
    request.on('response', (response) => {
      const hash = createHash('sha256');
      response.on('data', (data: Buffer) => hash.update(data));
      response.on('error', () => undefined);
      response.on('close', () => {
        const { statusCode, rawHeaders, rawTrailers, complete } = response;
        settle(JSON.stringify([interim, statusCode, rawHeaders, complete ? hash.digest('hex') : 'cut off', rawTrailers]));
      });
    });
    request.end();
  });
}

const RUNS = 2000;
const KINDS = [
  { title: 'bytes, scripted callee', fuzz: fuzzBytes },
  { title: "requests as node's server reads them", fuzz: fuzzMessages },
  { title: "replies as node's client reads them", fuzz: fuzzReplies },
] as const;

export const proxyFuzzProof: Proof = {
  name: 'proxy-fuzz',
  title: 'Random HTTP traffic without a rule that matches: nothing that passes the proxy differs from what passes without it',
  run,
};

async function run({ runs = RUNS, cases, signal, say: tell }: ProofOptions): Promise<Proven> {
  const rows: string[][] = [];
  let holds = true;
  for (const workers of [0, 2]) {
    for (const { title, fuzz } of KINDS) {
      signal.throwIfAborted();
      const engine = ownEngine({ workers });
      const seed = workers + 1;
      const result = await cases.once(`${engine.title}, ${title}, ${runs} runs, seed ${seed}`, () =>
        fuzz({ engine, seed, runs }).catch((error: unknown) => ({ failure: error instanceof Error ? error.message : String(error) })),
      );
      const failure = 'failure' in result ? result.failure : null;
      holds &&= failure === null;
      tell(`${engine.title}, ${title}: ${failure ?? 'the same'}`);
      const numbers =
        'failure' in result ? ['', '', ''] : [(result.bytes / 1e6).toFixed(0), String(result.messages), String(result.refused)];
      rows.push([title, engine.title, String(seed), String(runs), ...numbers, failure === null ? 'none' : (failure.split('\n')[0] ?? '')]);
    }
  }
  return {
    holds,
    markdown: [
      claim(
        holds,
        `${runs} conversations of each kind, each over an edge without rules and one with rules that match nothing, pass unchanged`,
      ),
      '',
      table(['what is compared', 'proxy', 'seed', 'runs', 'MB', "messages by node's parser", 'refused by it', 'differences'], rows),
    ].join('\n'),
  };
}
