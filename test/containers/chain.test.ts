import { get } from 'node:http';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Fault } from '../../harness/model/fault.ts';
import type { Edge, System } from '../../harness/model/system.ts';
import type { FaultContext, FaultDriver } from '../../harness/run/faults/contract.ts';
import { bandwidth } from '../../harness/run/faults/bandwidth.ts';
import { blackhole } from '../../harness/run/faults/blackhole.ts';
import { corrupt } from '../../harness/run/faults/corrupt.ts';
import { httpStatus } from '../../harness/run/faults/http-status.ts';
import { faultDrivers } from '../../harness/run/faults/index.ts';
import { latency } from '../../harness/run/faults/latency.ts';
import { limitData } from '../../harness/run/faults/limit-data.ts';
import { loss } from '../../harness/run/faults/loss.ts';
import { partition } from '../../harness/run/faults/partition.ts';
import { reset } from '../../harness/run/faults/reset.ts';
import { slice } from '../../harness/run/faults/slice.ts';
import { slowClose } from '../../harness/run/faults/slow-close.ts';
import { FrozenProxyError } from '../../harness/run/proxy/frozen-proxy.ts';
import { HTTP_ALONE, HTTP_EDGE, startChain, TCP_ALONE, TCP_EDGE, type ChainRig, type RigEdge } from './chain-rig.ts';
import { describeWithEngine } from './engine-at-hand.ts';

const GIVE_UP_MS = 1000;
const signal = (): AbortSignal => AbortSignal.timeout(20_000);

const edges: readonly Edge[] = [HTTP_EDGE, TCP_EDGE, HTTP_ALONE, TCP_ALONE].map((name) => {
  const [caller = '', callee = ''] = name.split('->');
  return { name, caller, callee, env: 'X', url: '', protocol: callee === 'payments' ? 'http' : 'tcp' };
});
const system: System = { name: 'rig', entry: 'orders', services: {}, edges, breakers: {} };

let rig: ChainRig;
/** Faults so far: each has a name of its own. */
let faults = 0;

/** What a caller meets on an edge: an answer, how the connection ended, or nothing in time. */
function ask(edge: RigEdge, path: string): Promise<string> {
  return edge === HTTP_EDGE || edge === HTTP_ALONE ? askHttp(edge, path) : askTcp(edge);
}

function askHttp(edge: RigEdge, path: string): Promise<string> {
  return new Promise((resolve) => {
    const request = get({ ...rig.address(edge), path, agent: false, timeout: GIVE_UP_MS }, (response) => {
      let body = '';
      response.on('data', (part: Buffer) => (body += part.toString('latin1')));
      response.on('end', () => resolve(`${response.statusCode} ${body}`));
      response.on('error', () => resolve('cut'));
    });
    request.on('timeout', () => request.destroy(new Error('gave up')));
    request.on('error', ({ message, code }: NodeJS.ErrnoException) => resolve(code === 'ECONNRESET' ? 'cut' : message));
  });
}

function askTcp(edge: RigEdge): Promise<string> {
  return new Promise((resolve) => {
    let reply = '';
    const socket = connect(rig.address(edge));
    const finish = (how: string): void => {
      clearTimeout(deadline);
      socket.destroy();
      resolve(how);
    };
    const deadline = setTimeout(() => finish('gave up'), GIVE_UP_MS);
    socket.on('data', (part) => {
      reply += part.toString('latin1');
      if (reply.length >= 5) finish(reply);
    });
    socket.on('end', () => finish('cut'));
    socket.on('error', () => finish('cut'));
    socket.write('hello');
  });
}

function contextOf(name: string, edge: RigEdge): FaultContext {
  const none = new Proxy({}, { get: () => () => Promise.reject(new Error('no fault on an edge asks for it')) });
  const proxy = edge === HTTP_ALONE || edge === TCP_ALONE ? rig.relay : rig.chain;
  return { name, seed: 1, system, proxy, processes: none as never, containers: null, signal: signal() };
}

/** Two calls under a fault: what the callers met, what the tap said of them, and how many it counted. */
async function underFault(edge: RigEdge, fault: Fault, path: string) {
  const driver: FaultDriver = faultDrivers[fault.kind as keyof typeof faultDrivers] as unknown as FaultDriver;
  const name = `${fault.kind}-${++faults}`;
  const context = contextOf(name, edge);
  // In an order that a run can have: withdrawn before it was there, and twice after.
  await driver.withdraw(fault, context);
  await driver.inject(fault, context);
  const met = [await ask(edge, path), await ask(edge, path)];
  const touched = await context.proxy.touched(name, context.signal);
  await driver.withdraw(fault, context);
  await driver.withdraw(fault, context);
  const seen = (): readonly string[] =>
    rig.taps(edge).flatMap(({ fault: by, outcome, touch }) => (by === name ? [`${outcome} by ${touch}`] : []));
  await expect.poll(() => seen().length, { timeout: 5000 }).toBe(touched);
  const after = await ask(edge, '/');
  expect(after).toMatch(/hello/);
  await expect.poll(() => rig.taps(edge).at(-1)?.fault, { timeout: 5000 }).toBeNull();
  return { met: met.map((text) => (/hello|cut|gave up|no/.test(text) ? text : 'garbled')), touched, seen: seen() };
}

/** Faults that a Toxiproxy does, and some that it leaves to the relay, on the edge that is given. */
const FAULTS: readonly (readonly [string, (edge: string) => Fault, string])[] = [
  ['latency of replies', (edge) => latency(edge, { delay: '60ms' }), '/'],
  ['latency of requests', (edge) => latency(edge, { delay: '60ms', jitter: '20ms', stream: 'upstream' }), '/'],
  ['latency beyond patience', (edge) => latency(edge, { delay: '3s' }), '/'],
  ['bandwidth', (edge) => bandwidth(edge, { kilobytesPerSecond: 8 }), '/'],
  ['slicing', (edge) => slice(edge, { averageBytes: 3, variationBytes: 1, delayUs: 5 }), '/'],
  ['an early end', (edge) => limitData(edge, { bytes: 3 }), '/'],
  ['no reply byte', (edge) => limitData(edge, { bytes: 0 }), '/'],
  ['reset', (edge) => reset(edge), '/'],
  ['blackhole', (edge) => blackhole(edge), '/'],
  ['a callee that never answers, under a blackhole', (edge) => blackhole(edge), '/hang'],
  ['slow close', (edge) => slowClose(edge, { delay: '100ms' }), '/last'],
  ['a long distribution of delays', (edge) => latency(edge, { delay: 5, jitter: 10, distribution: 'pareto' }), '/'],
  ['loss', (edge) => loss(edge, { percent: 100, retransmit: 1 }), '/'],
  ['corruption', (edge) => corrupt(edge, { perMillion: 1_000_000 }), '/'],
];

describeWithEngine('an edge through relay and Toxiproxy', () => {
  beforeAll(async () => {
    rig = await startChain();
  });
  afterAll(() => rig?.[Symbol.asyncDispose]());

  it('has one clock with this machine', async () => {
    const { offsetUs, uncertaintyUs } = await rig.chain.clock(signal());
    expect(Math.abs(offsetUs)).toBeLessThanOrEqual(uncertaintyUs);
  });

  describe.each([
    [HTTP_EDGE, HTTP_ALONE],
    [TCP_EDGE, TCP_ALONE],
  ] as const)('%s, beside the relay alone', (edge, alone) => {
    // Only a body that ends with its connection shows a slow close, and an echo has none.
    const felt = edge === HTTP_EDGE ? FAULTS : FAULTS.filter(([, , path]) => path === '/');
    it.each(felt)('%s: callers meet the same, and as much of it is counted and recorded', async (_, faultOn, path) => {
      const chained = await underFault(edge, faultOn(edge), path);
      const own = await underFault(alone, faultOn(alone), path);
      expect(chained).toEqual(own);
      expect(chained.touched).toBe(2);
    });
  });

  it('carries HTTP faults on the relay', async () => {
    const storm = await underFault(HTTP_EDGE, httpStatus(HTTP_EDGE, { status: 503, body: 'no' }), '/');
    expect(storm).toEqual({ met: ['503 no', '503 no'], touched: 2, seen: ['answered by status', 'answered by status'] });
  });

  it.each([
    ['to', 'gave up'],
    ['from', 'cut'],
    ['both', 'gave up'],
  ] as const)('is cut in one direction or both: %s', async (direction, met) => {
    const cut = await underFault(HTTP_EDGE, partition(['orders'], ['payments'], { direction }), '/');
    expect([cut.met, cut.touched]).toEqual([[met, met], 2]);
  });

  it('is as new after a reset, whatever was in force and under way', async () => {
    await rig.chain.addToxic(HTTP_EDGE, { name: 'old', type: 'timeout', stream: 'downstream', attributes: { timeout: 0 } }, signal());
    await rig.chain.addRule(HTTP_EDGE, { name: 'old', action: { kind: 'hang' }, target: { path: '/no' }, seed: 1 }, signal());
    const sockets = await Promise.all([HTTP_EDGE, TCP_EDGE].map((edge) => open(edge as RigEdge, 'GET /hang HTTP/1.1\r\nhost: x\r\n\r\n')));
    await expect.poll(async () => (await counters(HTTP_EDGE)).open + (await counters(TCP_EDGE)).open).toBe(2);
    const gone = sockets.map((socket) => new Promise((resolve) => socket.on('close', resolve).resume()));
    expect(await rig.chain.reset(signal())).toBe(
      'relay: 4 proxies, 0 toxics, 0 rules, 0 connections (2 were cut); Toxiproxy 2.12.0: 2 proxies, enabled, 0 toxics',
    );
    await Promise.all(gone);
    expect((await rig.toxiproxy().proxies(signal())).flatMap(({ toxics }) => toxics)).toEqual([]);
    expect([await ask(HTTP_EDGE, '/no'), await ask(TCP_EDGE, '')]).toEqual(['200 hello', 'hello']);
  });

  describe('when a caller that does not read freezes the Toxiproxy', () => {
    const slow = { name: 'slow', type: 'latency', stream: 'downstream', attributes: { latency: 20, jitter: 0 } } as const;
    let deaf: Socket;

    /** Asks for 64 MiB and reads none of it: every buffer on the way fills up, until nothing has moved for a second. */
    async function fillUp(): Promise<void> {
      const received = async (): Promise<number> => (await counters(HTTP_EDGE)).downstream.received;
      const samples = [await received()];
      deaf = await open(HTTP_EDGE, 'GET /big HTTP/1.1\r\nhost: x\r\n\r\n');
      const hasStopped = async (): Promise<boolean> => {
        samples.push(await received());
        const [now = 0, ...before] = samples.slice(-3).toReversed();
        return now - (samples[0] ?? 0) > 100_000 && before.every((sample) => sample === now);
      };
      await expect.poll(hasStopped, { timeout: 20_000, interval: 500 }).toBe(true);
    }

    it('the toxic fails within its deadline, and the edge works through another one', async () => {
      await fillUp();
      const before = rig.recreations.length;
      const atMs = performance.now();
      await expect(rig.chain.addToxic(HTTP_EDGE, slow, signal())).rejects.toBeInstanceOf(FrozenProxyError);
      expect(performance.now() - atMs).toBeLessThan(4000);
      await rig.chain.removeToxic(HTTP_EDGE, 'slow', signal());
      await rig.chain.addToxic(HTTP_EDGE, slow, signal());
      expect(rig.recreations.slice(before)).toEqual([
        expect.stringMatching(
          /^Cannot add toxic 'slow' to proxy 'orders--payments': .* did not answer within 2000 ms; another one took its place/,
        ),
      ]);
      const touched = await rig.chain.touched('slow', signal());
      expect(await ask(HTTP_EDGE, '/')).toBe('200 hello');
      expect((await rig.chain.touched('slow', signal())) - touched).toBe(1);
      await rig.chain.removeToxic(HTTP_EDGE, 'slow', signal());
      deaf.destroy();
    });

    it('so does a withdrawal', async () => {
      await rig.chain.addToxic(HTTP_EDGE, slow, signal());
      await fillUp();
      await expect(rig.chain.removeToxic(HTTP_EDGE, 'slow', signal())).rejects.toBeInstanceOf(FrozenProxyError);
      await rig.chain.reset(signal());
      expect((await rig.toxiproxy().proxies(signal())).map(({ isEnabled, toxics }) => [isEnabled, toxics])).toEqual([
        [true, []],
        [true, []],
      ]);
      expect(await ask(HTTP_EDGE, '/')).toBe('200 hello');
      deaf.destroy();
    });
  });
});

/** What the relay counts on an edge. */
async function counters(edge: RigEdge): Promise<{ readonly open: number; readonly downstream: { readonly received: number } }> {
  const answer = await fetch(`${rig.relay.controlUrl}/halfopen/state`);
  const { proxies } = (await answer.json()) as { proxies: { edge: string; counters: Awaited<ReturnType<typeof counters>> }[] };
  const found = proxies.find((proxy) => proxy.edge === edge);
  if (found === undefined) throw new TypeError(`the relay has no edge ${edge}`);
  return found.counters;
}

/** A connection that has sent this and reads nothing. */
function open(edge: RigEdge, sent: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(rig.address(edge));
    socket.pause();
    socket.on('error', reject);
    socket.write(sent, () => resolve(socket.off('error', reject).on('error', () => undefined)));
  });
}
