/** Defects of the control API: it stalls, dies, restarts, or stops half-way. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import type { Defect, Stood } from './proxy-defects.ts';
import { deadAddress, dial, dialRaw, startCallee, startEcho, until, type Engine, type RunningProxy } from './proxy-rig.ts';

/** A call of the API that takes longer is one that waits for the data path. */
const PROMPT_MS = 2000;
const CHUNK = Buffer.alloc(64 * 1024, 'q');

/** Sends for as long as the socket takes it. */
function flood(socket: Socket): void {
  const fill = (): void => {
    while (!socket.destroyed && socket.write(CHUNK));
  };
  socket.on('drain', fill);
  fill();
}

/** Times calls of the API one after the other; a call without an answer ends them. */
async function timeCalls(
  calls: readonly (() => Promise<unknown>)[],
): Promise<{ readonly ms: readonly number[]; readonly stuck: string | null }> {
  const ms: number[] = [];
  for (const call of calls) {
    const sinceMs = performance.now();
    try {
      await call();
    } catch (error) {
      return { ms, stuck: error instanceof Error ? error.message : String(error) };
    }
    ms.push(performance.now() - sinceMs);
  }
  return { ms, stuck: null };
}

function p99(values: readonly number[]): number {
  return values.toSorted((left, right) => left - right)[Math.ceil(values.length * 0.99) - 1] ?? Infinity;
}

/** A churn of toxics with a look at all proxies between any two changes. */
function churnCalls(proxy: RunningProxy, rounds: number): (() => Promise<unknown>)[] {
  const calls: (() => Promise<unknown>)[] = [];
  for (let round = 0; round < rounds; round++) {
    const name = `t${round}`;
    calls.push(
      () => proxy.api('POST', '/proxies/slow/toxics', { type: 'latency', name, attributes: { latency: 1 } }, PROMPT_MS),
      () => proxy.api('GET', '/proxies', undefined, PROMPT_MS),
      () => proxy.api('DELETE', `/proxies/slow/toxics/${name}`, undefined, PROMPT_MS),
    );
  }
  return calls;
}

/** A peer that does not read, and others that do nothing, while toxics come and go. */
async function stalledPeer(engine: Engine, connections: number): Promise<{ readonly during: Stood; readonly after: Stood }> {
  await using stack = new AsyncDisposableStack();
  const proxy = stack.use(await engine.start());
  const source = stack.use(await startCallee(flood));
  const echo = stack.use(await startEcho());
  const slow = await proxy.listen('slow', source.address);
  const idle = await proxy.listen('idle', echo.address);
  for (let index = 0; index < connections; index++) stack.use(await dial(idle));
  const reader = await dialRaw(slow);
  reader.pause();
  // It is stuck once its callee cannot send any more.
  let sent = -1;
  const isStuck = (): boolean => {
    const [sender] = source.sockets;
    const before = sent;
    sent = sender?.bytesWritten ?? -1;
    return sent > 0 && sent === before;
  };
  await until(() => delay(200).then(isStuck), 'a callee that cannot send any more');
  const told = ({ ms, stuck }: Awaited<ReturnType<typeof timeCalls>>): Stood =>
    stuck === null
      ? { holds: true, saw: `p99 ${p99(ms).toFixed(0)} ms over ${ms.length} calls` }
      : { holds: false, saw: `call ${ms.length + 1} had no answer within ${PROMPT_MS} ms` };
  const during = told(await timeCalls(churnCalls(proxy, 50)));
  reader.destroy();
  await delay(200);
  return { during, after: told(await timeCalls(churnCalls(proxy, 5))) };
}

/** Settings that have ended the real server, each on a fresh one. */
const DEADLY: readonly { readonly type: string; readonly attributes: Readonly<Record<string, number>> }[] = [
  { type: 'slicer', attributes: { average_size: 0, size_variation: 0, delay: 0 } },
  { type: 'slicer', attributes: { average_size: -1, size_variation: 0, delay: 0 } },
  { type: 'slicer', attributes: { average_size: 10, size_variation: 100, delay: 0 } },
  { type: 'bandwidth', attributes: { rate: -1 } },
  { type: 'latency', attributes: { latency: 0, jitter: 2 ** 62 } },
];

async function deadlyAttributes(engine: Engine): Promise<Stood> {
  const died: string[] = [];
  for (const { type, attributes } of DEADLY) {
    await using proxy = await engine.start();
    await using echo = await startEcho();
    const port = await proxy.listen('p', echo.address);
    await proxy.api('POST', '/proxies/p/toxics', { type, name: 't', attributes });
    using peer = await dial(port);
    peer.socket.write(CHUNK);
    const isUp = await peer
      .until(CHUNK.length, 1000)
      .catch(() => null)
      .then(() => proxy.api('GET', '/version'))
      .then(
        ({ status }) => status === 200,
        () => false,
      );
    if (!isUp || !proxy.isAlive) died.push(`${type} ${JSON.stringify(attributes)}`);
  }
  return died.length === 0
    ? { holds: true, saw: `${DEADLY.length} settings refused or harmless` }
    : { holds: false, saw: `dead of ${died.length} of ${DEADLY.length} settings` };
}

/** A callee whose queue of connections is full and which accepts none: whoever dials it waits. */
async function startDeaf(): Promise<AsyncDisposable & { readonly address: string }> {
  const program = `require('node:net').createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, function () { console.log(this.address().port) })`;
  const child = spawn(process.execPath, ['-e', program], { stdio: ['pipe', 'pipe', 'inherit'] });
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  const exited = once(child, 'exit');
  child.kill('SIGSTOP');
  const fillers: Socket[] = [];
  for (let isFull = false; !isFull && fillers.length < 10;) {
    const filler = connect(Number(line), '127.0.0.1');
    filler.on('error', () => filler.destroy());
    fillers.push(filler);
    isFull = await Promise.race([
      once(filler, 'connect').then(() => false),
      new Promise<boolean>((resolve) => setTimeout(() => resolve(true), 500)),
    ]);
  }
  return {
    address: `127.0.0.1:${line}`,
    async [Symbol.asyncDispose]() {
      for (const filler of fillers) filler.destroy();
      child.kill('SIGKILL');
      await exited;
    },
  };
}

async function hangingDial(engine: Engine): Promise<Stood> {
  await using deaf = await startDeaf();
  await using proxy = await engine.start();
  const port = await proxy.listen('deaf', deaf.address);
  using first = await dial(port);
  using second = await dial(port);
  const sinceMs = performance.now();
  const { stuck } = await timeCalls([() => proxy.api('PATCH', '/proxies/deaf', { enabled: false }, PROMPT_MS)]);
  const tookMs = performance.now() - sinceMs;
  if (stuck !== null) return { holds: false, saw: `disabling its proxy had no answer within ${PROMPT_MS} ms` };
  await Promise.all([first.over(), second.over()]);
  return { holds: true, saw: `its proxy was disabled in ${tookMs.toFixed(0)} ms` };
}

async function resetGoesOn(engine: Engine): Promise<Stood> {
  await using proxy = await engine.start();
  await using echo = await startEcho();
  const names = Array.from({ length: 12 }, (_, index) => `p${String.fromCharCode(97 + index)}`);
  for (const name of names) {
    await proxy.listen(name, echo.address);
    await proxy.toxic(name, { type: 'noop', name: 't' });
  }
  // Its port is somebody else's once it is disabled: it cannot be started again.
  const failing = await deadAddress();
  await proxy.api('POST', '/proxies', { name: 'pa0', listen: failing, upstream: echo.address });
  await proxy.api('PATCH', '/proxies/pa0', { enabled: false });
  await proxy.api('POST', '/proxies', { name: 'squatter', listen: failing, upstream: echo.address });
  const { status } = await proxy.api('POST', '/reset');
  const { body } = await proxy.api('GET', '/proxies');
  const all = body as Readonly<Record<string, { readonly toxics: readonly unknown[] }>>;
  const left = names.filter((name) => (all[name]?.toxics.length ?? 0) > 0);
  return { holds: status === 500 && left.length === 0, saw: `${status}, ${left.length} of ${names.length} proxies kept their toxic` };
}

async function samePopulate(engine: Engine): Promise<Stood> {
  await using proxy = await engine.start();
  await using echo = await startEcho();
  const port = (await deadAddress()).split(':')[1];
  const list = [{ name: 'p', listen: `0.0.0.0:${port}`, upstream: echo.address }];
  await proxy.api('POST', '/populate', list);
  using peer = await dial(Number(port));
  peer.socket.write('a');
  await peer.until(1);
  await proxy.api('POST', '/populate', list);
  peer.socket.write('b');
  await peer.until(2);
  return peer.ending() === 'open' && peer.got().toString() === 'ab'
    ? { holds: true, saw: 'its connection lives on' }
    : { holds: false, saw: 'its connection was cut' };
}

async function partialApply(engine: Engine): Promise<Stood> {
  await using proxy = await engine.start();
  await proxy.listen('p', await deadAddress());
  await proxy.toxic('p', { type: 'latency', name: 't', attributes: { latency: 1, jitter: 2 } });
  const { status } = await proxy.api('PATCH', '/proxies/p/toxics/t', { attributes: { latency: 500, jitter: 'much' } });
  const { body } = await proxy.api('GET', '/proxies/p/toxics/t');
  const { latency } = (body as { readonly attributes: { readonly latency: number } }).attributes;
  return { holds: status === 400 && latency === 1, saw: `${status}, latency is ${latency} of 1` };
}

async function slashInName(engine: Engine): Promise<Stood> {
  await using proxy = await engine.start();
  const { status } = await proxy.api('POST', '/proxies', { name: 'a/b', listen: '127.0.0.1:0', upstream: '127.0.0.1:1' });
  const gone = await proxy.api('DELETE', '/proxies/a%2Fb');
  const { body } = await proxy.api('GET', '/proxies');
  const isStuck = Object.hasOwn(body as object, 'a/b');
  return { holds: !isStuck, saw: isStuck ? `made (${status}), and cannot be deleted (${gone.status})` : `refused with ${status}` };
}

export const controlDefects: readonly Defect[] = [
  {
    id: '1',
    claim: 'the control API answers while a peer does not read and toxics come and go',
    probe: async (engine, { connections }) => (await stalledPeer(engine, connections)).during,
  },
  {
    id: '13a',
    claim: 'it answers once that peer is gone',
    probe: async (engine, { connections }) => (await stalledPeer(engine, connections)).after,
  },
  { id: '2', claim: 'no attribute value ends the server', probe: deadlyAttributes },
  { id: '9', claim: 'a dial that hangs holds up nothing else', probe: hangingDial },
  { id: '13d', claim: '/reset goes on behind a proxy that cannot be started', probe: resetGoesOn },
  { id: '7', claim: 'the same /populate again leaves connections alone', probe: samePopulate },
  { id: '12a', claim: 'a refused update changes nothing', probe: partialApply },
  { id: '12b', claim: 'no proxy can be made that cannot be deleted', probe: slashInName },
];
