/** One seed, one serial sequence of calls: the same ones are hit. And under concurrency each block still has its exact share. */
import { startProxy, type Exchange, type FaultProxy } from '../../harness/proxy/index.ts';
import { table } from '../bench/markdown.ts';
import { claim, type Proof, type ProofOptions, type Proven } from './proof.ts';
import { dial, startCallee, startEcho } from './proxy-rig.ts';

export interface Traces {
  /** Connections that the toxic's die hit, in their order: `x` or `.`. */
  readonly dice: string;
  /** Calls that the rule's share hit, in their order. */
  readonly share: string;
  /** Round trips through a jitter, in milliseconds, in their order. */
  readonly jitterMs: readonly number[];
}

const CONNECTIONS = 40;
const CALLS = 60;
const PINGS = 20;
const JITTER_MS = 60;
const SHARE = 0.3;
const TOXICITY = 0.5;

/** What a seed decides, seen from outside. */
export async function traces(seed: number): Promise<Traces> {
  await using faults = await startProxy({ seed, process: 'child' });
  return { dice: await diceOf(faults), share: await shareOf(faults), jitterMs: await jitterOf(faults) };
}

function marks(exchanges: readonly Exchange[]): string {
  return exchanges
    .toSorted((left, right) => left.connection - right.connection || left.startedUs - right.startedUs)
    .map(({ fault }) => (fault === null ? '.' : 'x'))
    .join('');
}

async function diceOf(faults: FaultProxy): Promise<string> {
  await using echo = await startEcho();
  const callee = await faults.tcp({ upstream: echo.address });
  await using _ = await callee.toxic('latency', { latency: 1 }, { toxicity: TOXICITY });
  for (let index = 0; index < CONNECTIONS; index++) {
    using peer = await dial(callee.port);
    peer.socket.write('x');
    await peer.until(1);
    peer.socket.end();
    await peer.over();
  }
  const seen: Exchange[] = [];
  for (let index = 0; index < CONNECTIONS; index++) seen.push(await callee.nextExchange());
  return marks(seen);
}

async function startReplies(): ReturnType<typeof startCallee> {
  return startCallee((socket) => {
    socket.on('data', () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'));
    socket.on('end', () => socket.end());
  });
}

async function shareOf(faults: FaultProxy): Promise<string> {
  await using replies = await startReplies();
  const callee = await faults.http({ upstream: replies.address });
  await using _ = await callee.inject({ kind: 'status', status: 503 }, { share: SHARE });
  for (let call = 0; call < CALLS; call++) await (await fetch(callee.url)).arrayBuffer();
  const seen: Exchange[] = [];
  for (let call = 0; call < CALLS; call++) seen.push(await callee.nextExchange());
  return seen
    .toSorted((left, right) => left.startedUs - right.startedUs)
    .map(({ fault }) => (fault === null ? '.' : 'x'))
    .join('');
}

async function jitterOf(faults: FaultProxy): Promise<readonly number[]> {
  await using echo = await startEcho();
  const callee = await faults.tcp({ upstream: echo.address });
  await using _ = await callee.toxic('latency', { latency: JITTER_MS, jitter: JITTER_MS });
  using peer = await dial(callee.port);
  const ms: number[] = [];
  for (let ping = 1; ping <= PINGS; ping++) {
    const sinceMs = performance.now();
    peer.socket.write('x');
    await peer.until(ping);
    ms.push(performance.now() - sinceMs);
  }
  return ms;
}

/** Pearson's correlation of two sequences. */
export function correlation(left: readonly number[], right: readonly number[]): number {
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [meanLeft, meanRight] = [mean(left), mean(right)];
  const products = left.map((value, index) => (value - meanLeft) * ((right[index] ?? 0) - meanRight));
  const spread = (values: readonly number[], around: number): number =>
    Math.sqrt(values.reduce((sum, value) => sum + (value - around) ** 2, 0));
  return products.reduce((sum, product) => sum + product, 0) / (spread(left, meanLeft) * spread(right, meanRight));
}

export interface Blocks {
  readonly calls: number;
  /** Hits in each block of 20 calls, in the order in which the proxy took them. */
  readonly hits: readonly number[];
}

/** Many callers at once: hits in each block of the order in which their calls arrived. */
export async function concurrentBlocks(callers: number, callsEach: number): Promise<Blocks> {
  await using faults = await startProxy({ seed: 5, process: 'child' });
  await using replies = await startReplies();
  const callee = await faults.http({ upstream: replies.address });
  await using _ = await callee.inject({ kind: 'status', status: 503 }, { share: SHARE });
  await Promise.all(
    Array.from({ length: callers }, async () => {
      for (let call = 0; call < callsEach; call++) await (await fetch(callee.url)).arrayBuffer();
    }),
  );
  const calls = callers * callsEach;
  const seen: Exchange[] = [];
  for (let call = 0; call < calls; call++) seen.push(await callee.nextExchange());
  const ordered = seen.toSorted((left, right) => left.startedUs - right.startedUs);
  const hits = Array.from(
    { length: Math.floor(calls / 20) },
    (__, block) => ordered.slice(block * 20, block * 20 + 20).filter(({ fault }) => fault !== null).length,
  );
  return { calls, hits };
}

/** Pairs of calls that arrive within one microsecond cannot be told apart afterwards; their order may be the other one. */
export const EXACT_HITS = 20 * SHARE;

const SEEDS = [1, 2, 3, 4, 5] as const;
const CALLERS = 32;
const CALLS_EACH = 100;

export const proxyReplayProof: Proof = {
  name: 'proxy-replay',
  title: 'A seed replays: the same calls and connections are hit again, and shares are exact under concurrency',
  run,
};

async function run({ cases, signal, say }: ProofOptions): Promise<Proven> {
  const rows: {
    readonly seed: number;
    readonly isSame: boolean;
    readonly together: number;
    readonly apart: number;
    readonly trace: Traces;
  }[] = [];
  for (const seed of SEEDS) {
    signal.throwIfAborted();
    const [first, second, other] = await cases.once(`seed ${seed}`, async () => [
      await traces(seed),
      await traces(seed),
      await traces(seed + 100),
    ]);
    if (first === undefined || second === undefined || other === undefined) throw new Error('a stored case is not whole');
    const isSame = first.dice === second.dice && first.share === second.share && first.dice !== other.dice && first.share !== other.share;
    rows.push({
      seed,
      isSame,
      together: correlation(first.jitterMs, second.jitterMs),
      apart: correlation(first.jitterMs, other.jitterMs),
      trace: first,
    });
    say(`seed ${seed}: ${isSame ? 'the same' : 'different'}`);
  }
  const { calls, hits } = await cases.once('blocks', () => concurrentBlocks(CALLERS, CALLS_EACH));
  const isExact = hits.every((count) => count === EXACT_HITS);
  const isSame = rows.every((row) => row.isSame);
  const isJitterSame = rows.every(({ together, apart }) => together > 0.9 && apart < 0.9);
  return {
    holds: isSame && isJitterSame && isExact,
    markdown: [
      claim(isSame, `the same seed hits the same of ${CONNECTIONS} connections and the same of ${CALLS} calls, another seed others`),
      claim(isJitterSame, `it draws the same jitter: round trips correlate above 0.9 with the same seed, below with another`),
      claim(
        isExact,
        `each of ${hits.length} blocks of 20 among ${calls} calls of ${CALLERS} callers at once has exactly ${EXACT_HITS} hits`,
      ),
      '',
      table(
        ['seed', 'connections hit', 'calls hit', 'jitter, same seed', 'jitter, another'],
        rows.map(({ seed, trace, together, apart }) => [String(seed), trace.dice, trace.share, together.toFixed(3), apart.toFixed(3)]),
      ),
    ].join('\n'),
  };
}
