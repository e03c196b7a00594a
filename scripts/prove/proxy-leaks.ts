/** Connections of every kind of end, many of them: memory and open files come back to where they were. */
import { readdirSync } from 'node:fs';
import { table } from '../bench/markdown.ts';
import { claim, type Proof, type ProofOptions, type Proven } from './proof.ts';
import { deadAddress, dial, ownEngine, startCallee, startEcho, until, type Engine, type RunningProxy } from './proxy-rig.ts';

export interface LeakOptions {
  readonly engine: Engine;
  readonly connections: number;
  /** Loaded into the proxy beside what reports its memory. */
  readonly preload?: readonly string[];
  say?(line: string): void;
}

export interface LeakResult {
  readonly connections: number;
  /** What each connection left behind in memory after a collection, by least squares over the samples past the warm-up. */
  readonly bytesPerConnection: number;
  readonly rssFirstMb: number;
  readonly rssLastMb: number;
  /** Files that the process had open before the first connection, and once the last one had ended. */
  readonly filesBefore: number;
  readonly filesAfter: number;
  readonly samples: number;
}

const SAMPLES = 20;
/** Share of the samples in which caches fill and code is compiled. */
const WARM_UP = 0.3;
const AT_ONCE = 32;
const CHUNK = Buffer.alloc(16 * 1024, 'q');
/** What a callee has to send: more than any caller takes before it leaves. */
const SOURCE_BYTES = 256 * 1024;

/** Opens one connection to that port, and ends it the way that is wanted. */
type Visit = (port: number) => Promise<void>;

interface Kind {
  readonly name: string;
  readonly callee: 'echo' | 'source' | 'dead';
  readonly toxic?: Readonly<Record<string, unknown>>;
  readonly visit: Visit;
}

const ping: Visit = async (port) => {
  using peer = await dial(port);
  peer.socket.write('ping');
  await peer.until(4);
  peer.socket.end();
  await peer.over();
};
/** Says something and goes on listening until the proxy or the callee ends it. */
const wait: Visit = async (port) => {
  using peer = await dial(port);
  peer.socket.write('ping');
  await peer.over();
};
const leave: Visit = async (port) => {
  using peer = await dial(port);
  peer.socket.write('ping');
  await peer.until(1);
  peer.socket.resetAndDestroy();
};

const KINDS: readonly Kind[] = [
  { name: 'echo', callee: 'echo', visit: ping },
  { name: 'slow', callee: 'source', toxic: { type: 'latency', attributes: { latency: 5, jitter: 5 } }, visit: leave },
  { name: 'limited', callee: 'source', toxic: { type: 'limit_data', attributes: { bytes: 40_000 } }, visit: wait },
  { name: 'silent', callee: 'echo', toxic: { type: 'timeout', attributes: { timeout: 5 } }, visit: wait },
  { name: 'refused', callee: 'dead', visit: wait },
  { name: 'reset', callee: 'echo', toxic: { type: 'reset_peer', attributes: { timeout: 1 } }, visit: wait },
  { name: 'sliced', callee: 'source', toxic: { type: 'slicer', attributes: { average_size: 1000, delay: 50 } }, visit: leave },
  { name: 'lazy', callee: 'echo', toxic: { type: 'slow_close', attributes: { delay: 5 } }, visit: ping },
  { name: 'narrow', callee: 'source', toxic: { type: 'bandwidth', attributes: { rate: 1000 } }, visit: leave },
];

export async function leaks({ engine, connections, preload = [], say }: LeakOptions): Promise<LeakResult> {
  await using stack = new AsyncDisposableStack();
  const proxy = stack.use(await engine.start({ preload: ['./memory-on-signal.ts', ...preload] }));
  const visits = await openAll(proxy, stack);
  stack.use(await drainTaps(proxy));
  const filesBefore = openFiles(proxy.pid);
  const samples: { readonly connections: number; readonly heldBytes: number; readonly rssBytes: number }[] = [];
  let done = 0;
  for (let sample = 1; sample <= SAMPLES; sample++) {
    const target = Math.round((connections * sample) / SAMPLES);
    await Promise.all(
      Array.from({ length: AT_ONCE }, async () => {
        while (done < target) await visits[done++ % visits.length]?.();
      }),
    );
    await until(
      () => openFiles(proxy.pid) <= filesBefore,
      `the end of the connections that are over (${openFiles(proxy.pid)} files are open)`,
    ).catch(() => undefined);
    samples.push({ connections: done, ...(await memoryOf(proxy)) });
    say?.(`${done} connections: ${Math.round((samples.at(-1)?.heldBytes ?? 0) / 1e3)} kB held, ${openFiles(proxy.pid)} files open`);
  }
  const settled = samples.slice(Math.floor(SAMPLES * WARM_UP));
  const megabytes = (bytes: number | undefined): number => (bytes ?? 0) / 1e6;
  return {
    connections: done,
    bytesPerConnection: slope(settled.map(({ connections: at, heldBytes }) => [at, heldBytes])),
    rssFirstMb: megabytes(settled[0]?.rssBytes),
    rssLastMb: megabytes(settled.at(-1)?.rssBytes),
    filesBefore,
    filesAfter: openFiles(proxy.pid),
    samples: settled.length,
  };
}

/** One proxy for each kind, and an HTTP edge with a rule; each answers how it is visited. */
async function openAll(proxy: RunningProxy, stack: AsyncDisposableStack): Promise<readonly (() => Promise<void>)[]> {
  const echo = stack.use(await startEcho());
  const source = stack.use(
    await startCallee((socket) => {
      // More than any caller takes: what is in flight when the connection ends must be let go of.
      const fill = (): void => {
        while (!socket.destroyed && socket.bytesWritten < SOURCE_BYTES && socket.write(CHUNK));
      };
      socket.on('drain', fill).resume();
      fill();
    }),
  );
  const addresses = { echo: echo.address, source: source.address, dead: await deadAddress() };
  const visits: (() => Promise<void>)[] = [];
  for (const { name, callee, toxic, visit } of KINDS) {
    const port = await proxy.listen(name, addresses[callee]);
    if (toxic !== undefined) await proxy.toxic(name, toxic);
    visits.push(() => visit(port));
  }
  const replies = stack.use(
    await startCallee((socket) => {
      socket.on('data', () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'));
      socket.on('end', () => socket.end());
    }),
  );
  const edge = await proxy.api('POST', '/halfopen/edges', { edge: 'http', protocol: 'http', upstream: replies.address });
  await proxy.api('POST', '/halfopen/edges/http/rules', { name: 'half', action: { kind: 'status', status: 503 }, target: { share: 0.5 } });
  visits.push(() => visitHttp((edge.body as { readonly port: number }).port));
  return visits;
}

/** Three calls on one connection, of which about half are answered by the proxy. */
async function visitHttp(port: number): Promise<void> {
  using peer = await dial(port);
  let seen = 0;
  for (let call = 0; call < 3; call++) {
    peer.socket.write('GET /a HTTP/1.1\r\nHost: x\r\n\r\n');
    await until(() => replies(peer.got()) > seen || peer.ending() !== 'open', 'a reply');
    seen = replies(peer.got());
  }
  peer.socket.end();
  await peer.over();
}

function replies(got: Buffer): number {
  return got.toString('latin1').split('HTTP/1.1 ').length - 1;
}

/** Reads the taps and forgets them: records that nobody reads are kept up to a limit, which is no leak. */
async function drainTaps(proxy: RunningProxy): Promise<AsyncDisposable> {
  const ending = new AbortController();
  const response = await fetch(`${proxy.controlUrl}/halfopen/taps`, { signal: ending.signal });
  const reading = (async () => {
    for await (const _ of response.body as unknown as AsyncIterable<Uint8Array>);
  })().catch((error: unknown) => error);
  return {
    async [Symbol.asyncDispose]() {
      ending.abort();
      await reading;
    },
  };
}

async function memoryOf(proxy: RunningProxy): Promise<{ readonly heldBytes: number; readonly rssBytes: number }> {
  if (proxy.lines === null) throw new Error('Cannot ask this proxy for its memory as it must be ours');
  proxy.child.kill('SIGUSR2');
  const { value } = await proxy.lines.next();
  return JSON.parse(String(value)) as { readonly heldBytes: number; readonly rssBytes: number };
}

/** Files and sockets that a process has open (Linux). */
export function openFiles(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

/** Slope of the line with the least squared distance to the points. */
export function slope(points: readonly (readonly [number, number])[]): number {
  const mean = (index: 0 | 1): number => points.reduce((sum, point) => sum + point[index], 0) / points.length;
  const [x, y] = [mean(0), mean(1)];
  const over = points.reduce((sum, point) => sum + (point[0] - x) * (point[1] - y), 0);
  return over / points.reduce((sum, point) => sum + (point[0] - x) ** 2, 0);
}

const CONNECTIONS = 100_000;
/** The least that one connection could leave behind is its socket's object: hundreds of bytes. */
export const LEAK_BYTES = 100;
const RSS_RATIO_MAX = 1.1;

export const proxyLeaksProof: Proof = {
  name: 'proxy-leaks',
  title: 'A hundred thousand connections, ended in every way, leave nothing behind',
  run,
};

async function run({ runs = CONNECTIONS, cases, signal, say }: ProofOptions): Promise<Proven> {
  const rows: { readonly title: string; readonly result: LeakResult; readonly isClean: boolean }[] = [];
  for (const [title, workers, preload] of [
    ['halfopen', 0, []],
    ['halfopen, 2 workers', 2, []],
    ['halfopen with a planted leak', 0, ['./planted-leak.ts']],
  ] as const) {
    signal.throwIfAborted();
    const connections = preload.length > 0 ? Math.min(runs, 10_000) : runs;
    const result = await cases.once(`${title}, ${connections}`, () => leaks({ engine: ownEngine({ workers }), connections, preload, say }));
    const isClean =
      result.bytesPerConnection < LEAK_BYTES &&
      result.filesAfter <= result.filesBefore &&
      (connections < CONNECTIONS || result.rssLastMb <= result.rssFirstMb * RSS_RATIO_MAX);
    say(`${title}: ${result.bytesPerConnection.toFixed(0)} B a connection`);
    rows.push({ title, result, isClean });
  }
  const own = rows.filter(({ title }) => !title.includes('planted'));
  const planted = rows.filter(({ title }) => title.includes('planted'));
  return {
    holds: own.every(({ isClean }) => isClean) && planted.every(({ isClean }) => !isClean),
    markdown: [
      claim(
        own.every(({ isClean }) => isClean),
        `memory after a collection grows by less than ${LEAK_BYTES} B a connection, resident memory by less than ${((RSS_RATIO_MAX - 1) * 100).toFixed(0)} % past the warm-up, and every file is closed`,
      ),
      claim(
        planted.every(({ isClean }) => !isClean),
        'a leak that is planted is found',
      ),
      '',
      table(
        ['proxy', 'connections', 'held, B a connection', 'RSS after warm-up, MB', 'RSS at the end, MB', 'files before', 'files after'],
        rows.map(({ title, result }) => [
          title,
          String(result.connections),
          result.bytesPerConnection.toFixed(1),
          result.rssFirstMb.toFixed(0),
          result.rssLastMb.toFixed(0),
          String(result.filesBefore),
          String(result.filesAfter),
        ]),
      ),
      '',
      `Connections end in ten ways, in turn: ${[...KINDS.map(({ name }) => name), 'http with a rule that answers half of the calls'].join(', ')}.`,
    ].join('\n'),
  };
}
