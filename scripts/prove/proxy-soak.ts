/** Streams under churn: every byte arrives at its place while toxics that lose nothing come, change and go. */
import type { Socket } from 'node:net';
import { seededRandom, type Random } from '../../harness/model/random.ts';
import { table } from '../bench/markdown.ts';
import { claim, type Proof, type ProofOptions, type Proven } from './proof.ts';
import { dialRaw, ownEngine, startCallee, type Engine, type RunningProxy } from './proxy-rig.ts';

export interface SoakOptions {
  readonly engine: Engine;
  readonly connections: number;
  /** Fewest bytes of each direction of each connection; streams go on until the last change is made. */
  readonly bytesMin: number;
  /** How often a toxic is added, changed or removed. */
  readonly changes: number;
  readonly seed: number;
}

export interface SoakResult {
  readonly changes: number;
  /** What passed, both directions of all connections together. */
  readonly bytes: number;
  /** Streams: two for each connection. */
  readonly streams: number;
  /** What was wrong with a stream, by direction and connection. */
  readonly faults: readonly string[];
  /** Changes that were made, by what they did. */
  readonly made: Readonly<Record<string, number>>;
  readonly seconds: number;
}

const BLOCK = 64 * 1024;
const PROXY = 'soak';
/** More than any stream is long. */
const NEVER_BYTES = 1e12;
const TOXICS_MAX = 6;
const DRAIN_MS = 60_000;

/** Attributes that slow down and lose nothing. */
const LOSSLESS: Readonly<Record<string, (random: Random) => Readonly<Record<string, number>>>> = {
  latency: (random) => ({ latency: whole(random, 0, 15), jitter: whole(random, 0, 15) }),
  bandwidth: (random) => ({ rate: whole(random, 20_000, 400_000) }),
  slicer: (random) => ({ average_size: whole(random, 2000, 30_000), size_variation: whole(random, 0, 2000), delay: whole(random, 0, 20) }),
  slow_close: (random) => ({ delay: whole(random, 0, 50) }),
  limit_data: (random) => ({ bytes: NEVER_BYTES + whole(random, 0, 1000) }),
  noop: () => ({}),
};

function whole(random: Random, from: number, to: number): number {
  return from + Math.floor(random() * (to - from + 1));
}

/** Runs the streams and the churn beside each other. */
export async function soak(options: SoakOptions): Promise<SoakResult> {
  const startedMs = performance.now();
  await using stack = new AsyncDisposableStack();
  const proxy = stack.use(await options.engine.start({ seed: options.seed }));
  const churning = new AbortController();
  const streams: Promise<StreamResult>[] = [];
  const isDone = (sent: number): boolean => churning.signal.aborted && sent >= options.bytesMin;
  const callee = stack.use(
    await startCallee((socket) => {
      // The first four bytes say which connection it is.
      socket.once('readable', () => {
        const index = (socket.read(4) as Buffer).readUInt32LE();
        streams.push(receive(socket, `up ${index}`, index * 2), send(socket, index * 2 + 1, isDone));
      });
    }),
  );
  const port = await proxy.listen(PROXY, callee.address);
  for (let index = 0; index < options.connections; index++) {
    const socket = stack.adopt(await dialRaw(port), (peer) => void peer.destroy());
    const head = Buffer.alloc(4);
    head.writeUInt32LE(index);
    socket.write(head);
    streams.push(send(socket, index * 2, isDone), receive(socket, `down ${index}`, index * 2 + 1));
  }
  const made = await churn(proxy, options);
  churning.abort();
  const all = await Promise.race([settled(streams, options.connections * 4), tooLong(DRAIN_MS)]);
  const received = all.filter(({ what }) => what !== 'sent');
  const sent = all.filter(({ what }) => what === 'sent').reduce((sum, { bytes }) => sum + bytes, 0);
  const got = received.reduce((sum, { bytes }) => sum + bytes, 0);
  const faults = received.flatMap(({ fault }) => fault ?? []);
  return {
    changes: options.changes,
    bytes: got,
    streams: received.length,
    faults: sent === got ? faults : [...faults, `${sent} bytes were sent and ${got} arrived`],
    made,
    seconds: (performance.now() - startedMs) / 1000,
  };
}

/** Streams are added while the first ones run: those of the callee's side begin when their connection arrives there. */
async function settled(streams: readonly Promise<StreamResult>[], count: number): Promise<readonly StreamResult[]> {
  for (let known = -1; streams.length < count || known !== streams.length;) {
    known = streams.length;
    await Promise.race([Promise.all(streams), new Promise((resolve) => setTimeout(resolve, 50))]);
  }
  return Promise.all(streams);
}

function tooLong(ms: number): Promise<never> {
  return new Promise((_, reject) => {
    const timer = setTimeout(() => reject(new Error(`Cannot end the soak: streams were still open ${ms} ms after the last change`)), ms);
    timer.unref();
  });
}

interface StreamResult {
  readonly what: string;
  readonly bytes: number;
  readonly fault: string | null;
}

/** What a stream carries at a place: each four bytes tell their own offset, mixed with the stream's number. */
function contentAt(stream: number, offset: number, length: number): Buffer {
  const from = Math.floor(offset / 4);
  const words = new Uint32Array(Math.ceil((offset + length) / 4) - from);
  const mix = Math.imul(stream + 1, 0x9e3779b1);
  for (let index = 0; index < words.length; index++) words[index] = Math.imul(from + index, 0x85ebca6b) ^ mix;
  return Buffer.from(words.buffer).subarray(offset - from * 4, offset - from * 4 + length);
}

async function send(socket: Socket, stream: number, isDone: (sent: number) => boolean): Promise<StreamResult> {
  let sent = 0;
  while (!isDone(sent) && !socket.destroyed) {
    const more = socket.write(contentAt(stream, sent, BLOCK));
    sent += BLOCK;
    // A socket that never fills up must not starve the ones beside it.
    if (more) await new Promise((resolve) => setImmediate(resolve));
    else await drained(socket);
  }
  socket.end();
  return { what: 'sent', bytes: sent, fault: null };
}

/** Resolves when the socket takes more, or is gone. */
function drained(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    const settle = (): void => {
      socket.off('drain', settle).off('close', settle);
      resolve();
    };
    socket.on('drain', settle).on('close', settle);
    if (socket.destroyed) settle();
  });
}

/** Compares every byte with the one that was sent at its place. */
function receive(socket: Socket, what: string, stream: number): Promise<StreamResult> {
  return new Promise((resolve) => {
    let bytes = 0;
    let fault: string | null = null;
    let isEnded = false;
    socket.on('data', (data: Buffer) => {
      if (fault === null && !data.equals(contentAt(stream, bytes, data.length))) {
        const wanted = contentAt(stream, bytes, data.length);
        fault = `${what}: byte ${bytes + data.findIndex((byte, index) => byte !== wanted[index])} is not the one that was sent`;
      }
      bytes += data.length;
    });
    socket.on('end', () => {
      isEnded = true;
      resolve({ what, bytes, fault });
    });
    socket.on('close', () => resolve({ what, bytes, fault: fault ?? (isEnded ? null : `${what}: cut off after ${bytes} bytes`) }));
  });
}

/** Adds, changes and removes toxics one after the other, and takes all of them away in the end. */
async function churn(proxy: RunningProxy, { changes, seed }: SoakOptions): Promise<Record<string, number>> {
  const random = seededRandom(seed, 'soak');
  const types = Object.keys(LOSSLESS);
  const active: { readonly name: string; readonly type: string }[] = [];
  const made: Record<string, number> = { added: 0, changed: 0, removed: 0 };
  const toxicPath = (name: string): string => `/proxies/${PROXY}/toxics/${name}`;
  const expectOk = ({ status, body }: { readonly status: number; readonly body: unknown }): void => {
    if (status >= 300) throw new Error(`Cannot go on with the soak: ${status} ${JSON.stringify(body)}`);
  };
  for (let change = 0; change < changes; change++) {
    const die = random();
    const isLast = changes - change <= active.length;
    if (!isLast && (active.length === 0 || (die < 0.4 && active.length < TOXICS_MAX))) {
      const type = types[whole(random, 0, types.length - 1)] ?? 'noop';
      const name = `t${change}`;
      const stream = random() < 0.5 ? 'upstream' : 'downstream';
      await proxy.toxic(PROXY, { name, type, stream, toxicity: random() < 0.3 ? 0.5 : 1, attributes: LOSSLESS[type]?.(random) });
      active.push({ name, type });
      made['added'] = (made['added'] ?? 0) + 1;
    } else if (!isLast && die < 0.7) {
      const { name, type } = active[whole(random, 0, active.length - 1)] ?? { name: '', type: 'noop' };
      const toxicity = random() < 0.3 ? { toxicity: random() < 0.5 ? 0.5 : 1 } : {};
      expectOk(await proxy.api('PATCH', toxicPath(name), { attributes: LOSSLESS[type]?.(random), ...toxicity }, DRAIN_MS));
      made['changed'] = (made['changed'] ?? 0) + 1;
    } else {
      const [gone] = active.splice(whole(random, 0, active.length - 1), 1);
      expectOk(await proxy.api('DELETE', toxicPath(gone?.name ?? ''), undefined, DRAIN_MS));
      made['removed'] = (made['removed'] ?? 0) + 1;
    }
  }
  return made;
}

const RUNS: readonly { readonly workers: number; readonly connections: number; readonly seed: number }[] = [
  { workers: 0, connections: 4, seed: 1 },
  { workers: 0, connections: 16, seed: 2 },
  { workers: 2, connections: 4, seed: 3 },
];
const PROOF_BYTES = 50 * 1000 * 1000;
const PROOF_CHANGES = 1000;

export const proxySoakProof: Proof = {
  name: 'proxy-soak',
  title: 'Toxics that lose nothing lose nothing, however often they come, change and go',
  run,
};

async function run({ cases, signal, say }: ProofOptions): Promise<Proven> {
  const results: (SoakResult & { readonly title: string; readonly seed: number })[] = [];
  for (const { workers, connections, seed } of RUNS) {
    signal.throwIfAborted();
    const engine = ownEngine({ workers });
    const id = `${engine.title}, ${connections} connections, seed ${seed}`;
    const result = await cases.once(id, () => soak({ engine, connections, seed, bytesMin: PROOF_BYTES, changes: PROOF_CHANGES }));
    say(`${id}: ${(result.bytes / 1e6).toFixed(0)} MB, ${result.faults.length} faults, ${result.seconds.toFixed(0)} s`);
    results.push({ title: engine.title, seed, ...result });
  }
  const holds = results.every(({ faults }) => faults.length === 0);
  return {
    holds,
    markdown: [
      claim(
        holds,
        `each byte of each stream is the one that was sent at its place, and each stream ended in order (${PROOF_CHANGES} changes a run)`,
      ),
      '',
      table(
        ['proxy', 'seed', 'streams', 'MB', 'added', 'changed', 'removed', 'seconds', 'faults'],
        results.map(({ title, seed, streams, bytes, made, seconds, faults }) => [
          title,
          String(seed),
          String(streams),
          (bytes / 1e6).toFixed(0),
          ...['added', 'changed', 'removed'].map((what) => String(made[what])),
          seconds.toFixed(0),
          faults.length === 0 ? 'none' : faults.join('; '),
        ]),
      ),
    ].join('\n'),
  };
}
