/** Defects of the data path: bytes lost, memory kept, connections hit that no die has hit. */
import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import type { Defect, ProbeSize, Stood } from './proxy-defects.ts';
import { familyOf, livingProcesses } from './processes.ts';
import { openFiles } from './proxy-leaks.ts';
import { dial, dialRaw, startCallee, startEcho, until, type Engine, type Peer, type RunningProxy } from './proxy-rig.ts';

const CHUNK = Buffer.alloc(64 * 1024, 'q');

/** Sends so many bytes, then ends. */
function pour(socket: Socket, bytes: number): void {
  let left = bytes;
  const fill = (): void => {
    while (left > 0 && !socket.destroyed) {
      const piece = left >= CHUNK.length ? CHUNK : CHUNK.subarray(0, left);
      left -= piece.length;
      if (left === 0) socket.end(piece);
      else if (!socket.write(piece)) return;
    }
  };
  socket.on('drain', fill);
  fill();
}

const DOWNLOAD_BYTES = 24 * 1024 * 1024;

/** A toxic is removed while its reader stalls, longer than the real one waits before it drops what it holds. */
async function stalledRemoval(engine: Engine, { stallMs }: ProbeSize): Promise<Stood> {
  await using proxy = await engine.start();
  await using source = await startCallee((socket) => socket.once('data', () => pour(socket, DOWNLOAD_BYTES)));
  const port = await proxy.listen('p', source.address);
  await proxy.toxic('p', { type: 'latency', name: 't', attributes: { latency: 100 } });
  const reader = await dialRaw(port);
  reader.write('go');
  reader.pause();
  await until(() => [...source.sockets].some(({ writableNeedDrain }) => writableNeedDrain), 'a callee that must wait');
  // The call itself may wait for the reader; that is another claim.
  const removal = proxy.api('DELETE', '/proxies/p/toxics/t', undefined, stallMs + 30_000).catch((error: unknown) => error);
  await new Promise((resolve) => setTimeout(resolve, stallMs));
  let bytes = 0;
  reader.on('data', (data: Buffer) => (bytes += data.length));
  const ended = new Promise((resolve) => reader.once('close', resolve).once('end', resolve));
  reader.resume();
  await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 20_000))]);
  await removal;
  reader.destroy();
  const lost = DOWNLOAD_BYTES - bytes;
  return { holds: lost === 0, saw: lost === 0 ? `${bytes} bytes arrived` : `${lost} of ${DOWNLOAD_BYTES} bytes never came` };
}

const MEBIBYTE = 2 ** 20;
/** What aborted downloads may add to an idle proxy and its workers, however many they are. The real one adds 32 MB and more with each. */
const ADDED_MB_MAX = 400;
const ROUNDS = 4;

/** Of the process and its workers. */
function residentMb(proxy: RunningProxy): number {
  let pages = 0;
  for (const { pid } of familyOf([proxy.pid], livingProcesses())) pages += Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]);
  return (pages * 4096) / MEBIBYTE;
}

/** Downloads of which the toxic holds as much as it may, broken off by their readers; then their proxy is deleted. */
async function abortDownloads(
  proxy: RunningProxy,
  upstream: string,
  { name, count }: { readonly name: string; readonly count: number },
): Promise<void> {
  const port = await proxy.listen(name, upstream);
  await proxy.toxic(name, { type: 'latency', name: 't', attributes: { latency: 60_000 } });
  const readers: Peer[] = [];
  for (let index = 0; index < count; index++) {
    const reader = await dial(port);
    reader.socket.write('go');
    readers.push(reader);
  }
  // Until the queues in front of the toxic are full.
  await new Promise((resolve) => setTimeout(resolve, 1500));
  for (const { socket } of readers) socket.destroy();
  await proxy.api('DELETE', `/proxies/${name}`, undefined, 30_000);
}

/** What a user sees of the process. What is free is used again: further rounds find room in what the first has taken. */
async function abortedDownloads(engine: Engine, { downloads }: ProbeSize): Promise<Stood> {
  await using proxy = await engine.start();
  await using source = await startCallee((socket) => socket.once('data', () => pour(socket, 64 * MEBIBYTE)));
  const residentMbs = [residentMb(proxy)];
  for (let round = 0; round < ROUNDS; round++) {
    await abortDownloads(proxy, source.address, { name: `p${round}`, count: downloads });
    residentMbs.push(residentMb(proxy));
  }
  const addedMb = Math.max(...residentMbs) - (residentMbs[0] ?? 0);
  const story = residentMbs.map((resident) => resident.toFixed(0)).join(', ');
  return { holds: addedMb < ADDED_MB_MAX, saw: `${story} MB resident, idle and after each round of ${downloads} downloads` };
}

/** Tasks of Go's that the real one runs; ours has none. */
async function goroutines(proxy: RunningProxy): Promise<number> {
  const { body } = await proxy.api('GET', '/metrics');
  return Number(/^go_goroutines (\d+)/m.exec(String(body))?.[1] ?? 0);
}

/** What is left of connections that reached their limit while their sender had more to say. */
async function limitedSenders(engine: Engine): Promise<Stood> {
  await using proxy = await engine.start();
  await using source = await startCallee((socket) => pour(socket, 64 * MEBIBYTE));
  const port = await proxy.listen('p', source.address);
  await proxy.toxic('p', { type: 'limit_data', name: 't', attributes: { bytes: 1000 } });
  const count = 100;
  const tasksBefore = await goroutines(proxy);
  const filesBefore = openFiles(proxy.pid);
  for (let index = 0; index < count; index++) {
    using peer = await dial(port);
    await peer.over();
  }
  let left = Infinity;
  const isFree = async (): Promise<boolean> => {
    left = Math.max((await goroutines(proxy)) - tasksBefore, openFiles(proxy.pid) - filesBefore, source.sockets.size);
    return left <= count / 10;
  };
  await until(isFree, 'an end of what is left', 5000).catch(() => undefined);
  return { holds: left <= count / 10, saw: `${Math.max(0, left)} files, senders or tasks left of ${count} connections` };
}

async function spared(engine: Engine): Promise<Stood> {
  await using proxy = await engine.start();
  await using echo = await startEcho();
  const port = await proxy.listen('p', echo.address);
  using old = await dial(port);
  old.socket.write('x');
  await old.until(1);
  await proxy.toxic('p', { type: 'reset_peer', name: 't', toxicity: 0, attributes: { timeout: 0 } });
  using missed = await dial(port);
  missed.socket.write('x');
  await missed.until(1);
  // Bytes that nobody has read turn any close into a reset: there are none.
  missed.socket.end();
  const ofMissed = await missed.over();
  await proxy.api('PATCH', '/proxies/p/toxics/t', { toxicity: 1 });
  old.socket.write('y');
  const ofOld = await old.over();
  const isRight = ofMissed === 'end' && ofOld === 'reset';
  return { holds: isRight, saw: `spared: ${ofMissed}; hit while open: ${ofOld}` };
}

async function pendingReset(engine: Engine): Promise<Stood> {
  await using proxy = await engine.start();
  await using echo = await startEcho();
  const port = await proxy.listen('p', echo.address);
  await proxy.toxic('p', { type: 'reset_peer', name: 't', attributes: { timeout: 4000 } });
  using peer = await dial(port);
  peer.socket.write('x');
  await new Promise((resolve) => setTimeout(resolve, 200));
  const sinceMs = performance.now();
  await proxy.api('DELETE', '/proxies/p/toxics/t', undefined, 10_000);
  const tookMs = performance.now() - sinceMs;
  return { holds: tookMs < 2000, saw: `removed after ${tookMs.toFixed(0)} ms of a wait of 4 s` };
}

const DICE = 40;
const HELD_MS = 1500;

/** Which of the connections a toxic delays: each sends one byte and waits for it. */
async function hits(peers: readonly Peer[]): Promise<string> {
  const before = peers.map((peer) => peer.got().length);
  const sinceMs = performance.now();
  const ms = await Promise.all(
    peers.map(async (peer, index) => {
      peer.socket.write('x');
      await peer.until((before[index] ?? 0) + 1);
      return performance.now() - sinceMs;
    }),
  );
  return ms.map((took) => (took >= HELD_MS ? 'x' : '.')).join('');
}

async function withDice<R>(engine: Engine, seed: number, act: (proxy: RunningProxy, peers: readonly Peer[]) => Promise<R>): Promise<R> {
  await using stack = new AsyncDisposableStack();
  const proxy = stack.use(await engine.start({ seed }));
  const echo = stack.use(await startEcho());
  const port = await proxy.listen('p', echo.address);
  await proxy.toxic('p', { type: 'latency', name: 't', toxicity: 0.5, attributes: { latency: HELD_MS } });
  const peers: Peer[] = [];
  // One by one, each seen by its callee: the order is the same each time.
  for (let index = 0; index < DICE; index++) {
    peers.push(stack.use(await dial(port)));
    await until(() => echo.sockets.size > index, 'the connection at its callee');
  }
  return await act(proxy, peers);
}

function differing(left: string, right: string): number {
  return Array.from(left).filter((mark, index) => mark !== right[index]).length;
}

async function seededDice(engine: Engine): Promise<Stood> {
  const [first, second, other] = [
    await withDice(engine, 7, (_, peers) => hits(peers)),
    await withDice(engine, 7, (_, peers) => hits(peers)),
    await withDice(engine, 8, (_, peers) => hits(peers)),
  ];
  const isRight = first === second && first !== other && first.includes('x') && first.includes('.');
  return {
    holds: isRight,
    saw: `the same seed differs in ${differing(first, second)} of ${DICE} dice, another in ${differing(first, other)}`,
  };
}

async function stableDice(engine: Engine): Promise<Stood> {
  return withDice(engine, 7, async (proxy, peers) => {
    const before = await hits(peers);
    await proxy.api('PATCH', '/proxies/p/toxics/t', {}, 10_000);
    await proxy.toxic('p', { type: 'noop', name: 'behind' });
    const after = await hits(peers);
    const flipped = differing(before, after);
    return { holds: flipped === 0, saw: `${flipped} of ${DICE} dice fell anew` };
  });
}

async function halfClose(engine: Engine): Promise<Stood> {
  await using proxy = await engine.start();
  await using callee = await startCallee((socket) => {
    let bytes = 0;
    socket.on('data', (data: Buffer) => (bytes += data.length)).on('end', () => socket.end(`got ${bytes}`));
  });
  using peer = await dial(await proxy.listen('p', callee.address));
  peer.socket.end('hello');
  const ending = await peer.over();
  const got = peer.got().toString();
  return { holds: got === 'got 5' && ending === 'end', saw: `the reply was '${got}'` };
}

export const dataDefects: readonly Defect[] = [
  { id: '13b', claim: 'a toxic that is removed while its reader stalls loses no byte', probe: stalledRemoval },
  { id: '13c', claim: `aborted downloads through a latency toxic leave less than ${ADDED_MB_MAX} MB behind`, probe: abortedDownloads },
  { id: '8', claim: 'limit_data leaves nothing of a connection whose sender has more to say', probe: limitedSenders },
  { id: '3a', claim: 'reset_peer spares connections whose die missed, and resets those that are open already', probe: spared },
  { id: '3b', claim: 'a reset that is pending can be withdrawn', probe: pendingReset },
  { id: '4', claim: 'a seed fixes the dice', probe: seededDice },
  { id: '6', claim: 'a die falls once for each connection', probe: stableDice },
  { id: '10', claim: 'a caller that has said all still hears the answer', probe: halfClose },
];
