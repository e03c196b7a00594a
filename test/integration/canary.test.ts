/** Goal: a canary tells what a caller would have met, on real sockets; it never fails, never waits too long, and there are few of it. */
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { CanarySent } from '../../harness/model/event.ts';
import type { PlannedFault } from '../../harness/model/plan.ts';
import type { NewEvent, SinkRecord } from '../../harness/model/sink.ts';
import { canariesFor } from '../../harness/run/canary.ts';
import { sendCanary, type CanaryTarget } from '../../harness/run/canary-connection.ts';
import { startClock } from '../../harness/run/clock.ts';
import type { FaultDriver } from '../../harness/run/faults/contract.ts';
import { injectThroughWindows } from '../../harness/run/inject.ts';
import type { ProxyControl, ToxicSpec } from '../../harness/run/proxy/contract.ts';
import { SHOP } from '../recordings.ts';

const EDGE = 'orders->payments';
const undo: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const done of undo.splice(0)) await done();
});

/** A server that does this with each connection; counts them. */
async function serverThat(onSocket: (socket: Socket) => void): Promise<{ readonly port: number; readonly seen: () => number }> {
  const sockets = new Set<Socket>();
  let seen = 0;
  const server: Server = createServer((socket) => {
    seen++;
    sockets.add(socket);
    socket.on('error', () => sockets.delete(socket));
    onSocket(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  undo.push(
    () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  );
  return { port: (server.address() as AddressInfo).port, seen: () => seen };
}

const target = (port: number, protocol: CanaryTarget['protocol'] = 'http'): CanaryTarget => ({
  address: { host: '127.0.0.1', port },
  protocol,
  path: '/readyz',
});
const send = (to: CanaryTarget, withinMs = 300): ReturnType<typeof sendCanary> =>
  sendCanary(to, { withinMs, signal: new AbortController().signal });
const answer = (text: string) => (socket: Socket) => socket.once('data', () => socket.end(text));

describe('a canary', () => {
  it.each<[string, CanaryTarget['protocol'], (socket: Socket) => void, CanarySent['outcome']]>([
    ['an answer', 'http', answer('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'), 'answered'],
    ['an answer that says no', 'http', answer('HTTP/1.1 503 No\r\ncontent-length: 0\r\n\r\n'), 'answered'],
    ['an answer that ends with its connection', 'http', answer('HTTP/1.1 200 OK\r\n\r\nok'), 'answered'],
    ['a reset', 'http', (socket) => socket.once('data', () => socket.resetAndDestroy()), 'reset'],
    ['a close without an answer', 'http', (socket) => socket.once('data', () => socket.end()), 'closed'],
    ['half an answer', 'http', answer('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nok'), 'closed'],
    ['what is no HTTP', 'http', answer('+PONG\r\n'), 'closed'],
    ['silence', 'http', () => undefined, 'timeout'],
    ['a greeting', 'tcp', (socket) => socket.write('220 hello\r\n'), 'answered'],
    ['a reset instead of a greeting', 'tcp', (socket) => socket.resetAndDestroy(), 'reset'],
    ['a close instead of a greeting', 'tcp', (socket) => socket.end(), 'closed'],
    ['silence of who waits to be spoken to', 'tcp', () => undefined, 'timeout'],
  ])('meets %s (%s)', async (_, protocol, onSocket, outcome) => {
    const { port } = await serverThat(onSocket);
    expect((await send(target(port, protocol)))?.outcome).toBe(outcome);
  });

  it('meets a refused connection', async () => {
    const { port } = await serverThat(() => undefined);
    for (const done of undo.splice(0)) await done();
    expect((await send(target(port)))?.outcome).toBe('refused');
  });

  it('asks for the path, names itself and asks to close', async () => {
    const { promise, resolve } = Promise.withResolvers<string>();
    const { port } = await serverThat((socket) => socket.once('data', (chunk: Buffer) => resolve(chunk.toString())));
    await send(target(port), 50);
    expect(await promise).toMatch(/^GET \/readyz HTTP\/1\.1\r\n(?=[\s\S]*user-agent: halfopen-canary)(?=[\s\S]*connection: close)/i);
  });

  it('waits no longer than it was told', async () => {
    const { port } = await serverThat(() => undefined);
    const sample = await send(target(port), 80);
    expect(sample?.durationMs).toBeGreaterThanOrEqual(79);
    expect(sample?.durationMs).toBeLessThan(2000);
  });

  it('knows nothing when it is called back', async () => {
    const { port } = await serverThat(() => undefined);
    expect(await sendCanary(target(port), { withinMs: 5000, signal: AbortSignal.timeout(20) })).toBeNull();
    expect(await sendCanary(target(port), { withinMs: 5000, signal: AbortSignal.abort() })).toBeNull();
  });

  it('hangs up on an endless answer', async () => {
    const { port } = await serverThat((socket) => {
      const chunk = Buffer.alloc(64 * 1024);
      const more = (): void => {
        while (!socket.destroyed && socket.write(chunk));
      };
      socket.once('data', () => socket.write('HTTP/1.1 200 OK\r\n\r\n', more));
      socket.on('drain', more);
    });
    expect((await send(target(port), 5000))?.outcome).toBe('answered');
  });
});

/** A fault of these toxics on one edge, whose effect is to be played by a server. */
function faultOf(toxics: readonly ToxicSpec[], onChange: (isInForce: boolean) => void, windowMs: readonly (readonly [number, number])[]) {
  const driver: FaultDriver = {
    kind: 'played',
    needs: ['tcp'],
    schema: {},
    describe: () => 'played',
    reach: () => ({ edges: [EDGE], services: [], bite: 'tap' }),
    inject: async (_fault, { proxy, signal }) => {
      for (const toxic of toxics) await proxy.addToxic(EDGE, toxic, signal);
      onChange(true);
    },
    withdraw: async () => onChange(false),
  };
  const planned: PlannedFault = {
    name: 'harm',
    fault: { kind: 'played' },
    summary: 'played',
    reach: { edges: [EDGE], services: [], bite: 'canary' },
    windows: windowMs.map(([fromMs, toMs]) => ({ fromUs: fromMs * 1000, toUs: toMs * 1000 })),
    needs: ['tcp'],
  };
  return { driver, planned };
}

const swallowing: ToxicSpec = { name: 'harm#up', type: 'timeout', stream: 'upstream', attributes: { timeout: 0 } };
const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';

describe('canaries around a fault', () => {
  async function played(options: {
    readonly shows: boolean;
    readonly windowMs?: readonly (readonly [number, number])[];
    readonly signal?: AbortSignal;
  }) {
    let isInForce = false;
    const { port, seen } = await serverThat((socket) =>
      socket.once('data', () => (isInForce && options.shows ? undefined : socket.end(OK))),
    );
    const { driver, planned } = faultOf([swallowing], (now) => (isInForce = now), options.windowMs ?? [[1000, 2000]]);
    const events: NewEvent[] = [];
    const sink = (record: SinkRecord): void => void events.push(record.row as NewEvent);
    const added: string[] = [];
    const proxy = { addToxic: async (_edge: string, { name }: ToxicSpec) => void added.push(name) } as unknown as ProxyControl;
    const clock = startClock();
    const context = { seed: 1, system: SHOP, proxy, processes: {} as never, containers: null };
    const edges = { [EDGE]: { host: '127.0.0.1', port } };
    const signal = options.signal ?? new AbortController().signal;
    const loadStartUs = clock.nowUs();
    await injectThroughWindows({ planned, driver, context, clock, sink, loadStartUs, signal, edges });
    const canaries = events.filter((event) => event.kind === 'canary');
    const steps = events.filter((event) => event.kind === 'fault').map(({ step, atUs }) => ({ step, atMs: (atUs - loadStartUs) / 1000 }));
    return {
      loadStartUs,
      canaries,
      steps,
      seen,
      added,
      order: events.map((event) => (event.kind === 'canary' ? event.moment : event.kind === 'fault' ? event.step : event.kind)),
    };
  }

  it('fly before, during and after it, and tell which of them show it', async () => {
    const { canaries, order, added } = await played({ shows: true });
    expect(added).toEqual(['harm#up']);
    expect(canaries.map(({ moment, outcome, isBitten }) => [moment, outcome, isBitten])).toEqual([
      ['before', 'answered', false],
      ['before', 'answered', false],
      ['before', 'answered', false],
      ['during', 'timeout', true],
      ['after', 'answered', false],
    ]);
    expect(order).toEqual([
      'before',
      'before',
      'before',
      'requested',
      'acknowledged',
      'during',
      'withdraw-requested',
      'withdrawn',
      'after',
    ]);
  });

  it('are home before the fault is due and before it ends: neither waits for them', async () => {
    const { steps } = await played({ shows: true, windowMs: [[1000, 1200]] });
    const at = Object.fromEntries(steps.map(({ step, atMs }) => [step, atMs]));
    expect(at['requested']).toBeGreaterThanOrEqual(999);
    expect(at['requested']).toBeLessThan(1150);
    expect(at['withdraw-requested']).toBeLessThan(1350);
  });

  it('fly in the last second before it: what was well long ago says little', async () => {
    const { canaries, loadStartUs } = await played({ shows: true, windowMs: [[2000, 2800]] });
    const before = canaries.filter(({ moment }) => moment === 'before').map(({ atUs }) => (atUs - loadStartUs) / 1000);
    expect(before).toHaveLength(3);
    for (const atMs of before) expect(atMs).toBeGreaterThan(990);
  });

  it('tell nothing of a fault that was over before they could know', async () => {
    const { canaries } = await played({ shows: true, windowMs: [[1000, 1200]] });
    expect(canaries.filter(({ moment }) => moment === 'during')).toEqual([]);
  });

  it('say of a fault that does nothing that it was not felt, and are at most three a moment', async () => {
    const { canaries, seen } = await played({ shows: false });
    expect(canaries.filter(({ moment }) => moment === 'during').map(({ isBitten }) => isBitten)).toEqual([false, false, false]);
    expect(seen()).toBeLessThanOrEqual(9);
  });

  it('fly around each of its windows', async () => {
    const { canaries } = await played({
      shows: true,
      windowMs: [
        [300, 1000],
        [1400, 2100],
      ],
    });
    for (const occurrence of [0, 1]) {
      const own = canaries.filter((canary) => canary.occurrence === occurrence);
      expect(own.some(({ moment, isBitten }) => moment === 'during' && isBitten === true)).toBe(true);
      expect(own.some(({ moment, isBitten }) => moment === 'before' && isBitten === false)).toBe(true);
    }
  });

  it('do not hold up a run that is aborted', async () => {
    const startedMs = performance.now();
    await expect(played({ shows: true, windowMs: [[0, 60_000]], signal: AbortSignal.timeout(200) })).rejects.toThrow();
    expect(performance.now() - startedMs).toBeLessThan(3000);
  });

  it('do not fly for a fault that the tap shows, nor where the proxy cannot be reached', async () => {
    const { planned } = faultOf([swallowing], () => undefined, [[0, 100]]);
    const events: unknown[] = [];
    const options = { occurrence: 0, system: SHOP, clock: startClock(), sink: (record: SinkRecord) => void events.push(record) };
    const { port, seen } = await serverThat((socket) => socket.once('data', () => socket.end(OK)));
    const edges = { [EDGE]: { host: '127.0.0.1', port } };
    const tapped = { ...planned, reach: { ...planned.reach, bite: 'tap' } } as const;
    const signal = new AbortController().signal;
    for (const canaries of [canariesFor({ ...options, planned: tapped, edges }), canariesFor({ ...options, planned, edges: {} })]) {
      await canaries.before(Infinity, signal);
      await canaries.during(Infinity, signal);
      await canaries.after(Infinity, signal);
    }
    expect([events, seen()]).toEqual([[], 0]);
  });
});
