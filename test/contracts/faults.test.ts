import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Fault } from '../../harness/model/fault.ts';
import { POWERS } from '../../harness/model/plan.ts';
import { shapeProblems, type Names } from '../../harness/model/shape.ts';
import type { Edge, System } from '../../harness/model/system.ts';
import type { ContainerControl, ProcessControl } from '../../harness/run/environments/contract.ts';
import { bandwidth } from '../../harness/run/faults/bandwidth.ts';
import { blackhole } from '../../harness/run/faults/blackhole.ts';
import type { FaultContext, FaultDriver } from '../../harness/run/faults/contract.ts';
import { corrupt } from '../../harness/run/faults/corrupt.ts';
import { disconnect } from '../../harness/run/faults/disconnect.ts';
import { httpAbort } from '../../harness/run/faults/http-abort.ts';
import { httpCorrupt } from '../../harness/run/faults/http-corrupt.ts';
import { httpDelay } from '../../harness/run/faults/http-delay.ts';
import { httpEdit } from '../../harness/run/faults/http-edit.ts';
import { httpHang } from '../../harness/run/faults/http-hang.ts';
import { httpHold } from '../../harness/run/faults/http-hold.ts';
import { httpQuota } from '../../harness/run/faults/http-quota.ts';
import { httpStatus } from '../../harness/run/faults/http-status.ts';
import { httpTruncate } from '../../harness/run/faults/http-truncate.ts';
import { faultDrivers } from '../../harness/run/faults/index.ts';
import { kill } from '../../harness/run/faults/kill.ts';
import { latency } from '../../harness/run/faults/latency.ts';
import { limitData } from '../../harness/run/faults/limit-data.ts';
import { loss } from '../../harness/run/faults/loss.ts';
import { netem } from '../../harness/run/faults/netem.ts';
import { partition } from '../../harness/run/faults/partition.ts';
import { pause } from '../../harness/run/faults/pause.ts';
import { refuse } from '../../harness/run/faults/refuse.ts';
import { replyLate } from '../../harness/run/faults/reply-late.ts';
import { replyLost } from '../../harness/run/faults/reply-lost.ts';
import { reset } from '../../harness/run/faults/reset.ts';
import { restart } from '../../harness/run/faults/restart.ts';
import { slice } from '../../harness/run/faults/slice.ts';
import { slowBody } from '../../harness/run/faults/slow-body.ts';
import { slowClose } from '../../harness/run/faults/slow-close.ts';
import { squeeze } from '../../harness/run/faults/squeeze.ts';
import { stop } from '../../harness/run/faults/stop.ts';
import { unresolvable } from '../../harness/run/faults/unresolvable.ts';
import { connectProxy } from '../../harness/run/proxy/client.ts';
import type { ProxyProcess } from '../../harness/run/proxy/contract.ts';
import { startProxyServer } from '../../harness/run/proxy/server.ts';

const EDGE = 'orders->payments';
const target = {
  method: 'POST',
  path: '/charges/*',
  requestHeaders: { tenant: '*' },
  after: 1,
  first: 10,
  everyNth: 2,
  pattern: 'x.x',
  share: 0.95,
  next: 3,
};

/** At least one of each kind, with every option, as its constructor makes it; a new row needs one here. */
const examples: Readonly<Record<keyof typeof faultDrivers, readonly Fault[]>> = {
  latency: [
    latency(EDGE, { delay: '300ms', jitter: 20, stream: 'upstream' }),
    latency(EDGE, { delay: 1 }),
    latency(EDGE, { delay: 5, jitter: 10, distribution: 'pareto' }),
  ],
  bandwidth: [bandwidth(EDGE, { kilobytesPerSecond: 8, stream: 'upstream' }), bandwidth(EDGE, { kilobytesPerSecond: 8, scope: 'proxy' })],
  'slow-close': [slowClose(EDGE, { delay: '1s' })],
  blackhole: [blackhole(EDGE)],
  reset: [reset(EDGE), reset(EDGE, { after: '10ms' })],
  slice: [slice(EDGE, { averageBytes: 10, variationBytes: 3, delayUs: 5 }), slice(EDGE, { averageBytes: 1 })],
  'limit-data': [limitData(EDGE, { bytes: 0 })],
  loss: [loss(EDGE, { percent: 90, correlationPercent: 10, retransmit: 20, stream: 'upstream' }), loss(EDGE, { percent: 90 })],
  corrupt: [corrupt(EDGE, { perMillion: 1_000_000 }), corrupt(EDGE, { perMillion: 500_000.5, stream: 'upstream' })],
  refuse: [refuse(EDGE)],
  partition: [partition(['orders'], ['payments']), partition(['payments'], ['orders'], { direction: 'to' })],
  'http-status': [
    httpStatus(EDGE, { status: 503, body: 'no', headers: { a: 'b' }, retryAfter: '1s', ...target }),
    httpStatus(EDGE, { status: 500 }),
  ],
  'http-delay': [httpDelay(EDGE, { delay: '1s', jitter: '10ms', before: 'response', ...target }), httpDelay(EDGE, { delay: 1 })],
  'http-abort': [httpAbort(EDGE), httpAbort(EDGE, { at: 'after-bytes', bytes: 1, how: 'close', ...target })],
  'http-hang': [httpHang(EDGE), httpHang(EDGE, { at: 'after-bytes', bytes: 2, ...target })],
  'http-hold': [httpHold(EDGE), httpHold(EDGE, { at: 'response', ...target })],
  'http-truncate': [httpTruncate(EDGE, { bytes: 1, ...target }), httpTruncate(EDGE, { bytes: 0 })],
  'http-corrupt': [httpCorrupt(EDGE, { bytes: 2, ...target }), httpCorrupt(EDGE, { what: 'framing' })],
  'http-edit': [
    httpEdit(EDGE, { status: 418, setHeaders: { a: 'b' }, removeHeaders: ['date'], replace: [{ find: 'l', with: 'L' }], ...target }),
    httpEdit(EDGE, { of: 'request', body: 'y' }),
    httpEdit(EDGE, { of: 'request', setHeaders: { a: 'b' }, json: [{ pointer: '/a', value: null }] }),
  ],
  'http-quota': [
    httpQuota(EDGE, { limit: 1, window: '10s', status: 503, body: 'no', ...target }),
    httpQuota(EDGE, { limit: 1, window: '1m' }),
  ],
  'slow-body': [slowBody(EDGE, { pieceBytes: 1, delay: 5, ...target }), slowBody(EDGE, { pieceBytes: 2, delay: '100ms' })],
  'reply-lost': [replyLost(EDGE), replyLost(EDGE, target)],
  'reply-late': [replyLate(EDGE, { delay: '1s', ...target })],
  kill: [kill('payments')],
  pause: [pause('payments')],
  stop: [stop('payments')],
  restart: [restart('payments')],
  disconnect: [disconnect('payments')],
  unresolvable: [unresolvable('payments')],
  squeeze: [squeeze('payments', { cpus: 0.1, memoryMb: 64 }), squeeze('payments', { cpus: 2 }), squeeze('payments', { memoryMb: 6 })],
  netem: [netem('payments', { lossPercent: 0.1, delay: '100ms', jitter: 100 }), netem('payments', { delay: 1 })],
};

/** Kinds whose power no environment of this version has: plans that hold one are refused. */
const POWERLESS = ['netem'];

const edge: Edge = { name: EDGE, caller: 'orders', callee: 'payments', env: 'PAYMENTS_URL', url: 'http://{host}:{port}', protocol: 'http' };
const system: System = { name: 'shop', entry: 'orders', services: {}, edges: [edge], breakers: {} };
const names: Names = { service: ['orders', 'payments'], edge: [EDGE], breaker: [], fault: [], request: [] };

const rows = Object.entries(faultDrivers).flatMap(([kind, row]) => {
  const driver: FaultDriver = row;
  return examples[kind as keyof typeof faultDrivers].map((fault) => ({ kind, driver, fault }));
});

it('every kind of fault has an example', () => {
  expect(new Set(rows.map(({ kind }) => kind))).toEqual(new Set(Object.keys(faultDrivers)));
});

describe.each(rows)('fault $kind', ({ kind, driver, fault }) => {
  it('stands in the table under its own kind, needs powers that exist, and reads as words that name what it acts on', () => {
    expect([driver.kind, fault.kind]).toEqual([kind, kind]);
    expect(driver.needs.length).toBeGreaterThan(0);
    expect(driver.needs.filter((power) => !POWERS.includes(power))).toEqual([]);
    for (const name of [fault.edge, fault.service, ...(fault.from ?? []), ...(fault.to ?? [])]) {
      if (name !== undefined) expect(driver.describe(fault)).toContain(name);
    }
  });

  it('survives JSON and fits its schema', () => {
    expect(JSON.parse(JSON.stringify(fault))).toEqual(fault);
    expect(shapeProblems(fault, driver.schema, names, 'inject', ['kind'])).toEqual([]);
  });

  it('with a misspelt name is refused by its schema, with the near one as a hint, and reaches nothing', () => {
    const wrong: Fault = {
      ...fault,
      ...(fault.edge === undefined ? {} : { edge: 'orders->paymets' }),
      ...(fault.service === undefined ? {} : { service: 'paymets' }),
      ...(fault.to === undefined ? {} : { from: ['orders'], to: ['paymets'] }),
    };
    const problems = shapeProblems(wrong, driver.schema, names, 'inject', ['kind']);
    expect(problems).toHaveLength(1);
    expect(problems[0]?.hint).toMatch(/did you mean '(orders->)?payments'\?/);
    expect(driver.reach(wrong, system).edges).toEqual([]);
  });

  it('with an unknown field, or one of its fields missing, is refused', () => {
    expect(shapeProblems({ ...fault, dleay: 1 }, driver.schema, names, 'inject', ['kind'])).toHaveLength(1);
    for (const [field, { optional }] of Object.entries(driver.schema)) {
      if (optional === true) continue;
      const { [field as 'kind']: _, ...rest } = fault;
      expect(shapeProblems(rest, driver.schema, names, 'inject', ['kind'])).toHaveLength(1);
    }
  });

  it('reaches the edge on which it must be felt', () => {
    const reach = driver.reach(fault, system);
    expect(reach.edges).toEqual([EDGE]);
    expect(reach).toEqual(
      fault.service === undefined
        ? { edges: [EDGE], services: [], bite: 'tap' }
        : { edges: [EDGE], services: ['payments'], bite: kind === 'squeeze' ? 'slower' : 'window' },
    );
  });
});

describe('faults on a real proxy', () => {
  const stack = new AsyncDisposableStack();
  let proxy: ProxyProcess;
  let url: string;

  beforeAll(async () => {
    const callee: Server = createServer((request, response) => {
      request.resume();
      // The end of the connection is the end of the body: the one kind of reply on which a slow close shows.
      response.useChunkedEncodingByDefault = false;
      response.shouldKeepAlive = false;
      response.write('hel');
      response.end('lo');
    });
    await new Promise<void>((resolve) => callee.listen(0, '127.0.0.1', resolve));
    stack.defer(() => {
      callee.closeAllConnections();
      callee.close();
    });
    const server = stack.use(await startProxyServer({ host: '127.0.0.1', port: 0, seed: 1 }));
    const controlUrl = `http://${server.host}:${server.port}`;
    proxy = stack.use(
      await connectProxy({ controlUrl, onTap: () => undefined, onLost: () => undefined, signal: new AbortController().signal }),
    );
    const upstream = `127.0.0.1:${(callee.address() as AddressInfo).port}`;
    const { host, port } = await proxy.open({ edge: EDGE, protocol: 'http', upstream }, AbortSignal.timeout(5000));
    url = `http://${host}:${port}/charges/7`;
  });
  afterAll(() => stack.disposeAsync());

  const contextOf = (name: string, { control, containers }: Services, withinMs: number): FaultContext => ({
    name,
    seed: 1,
    system,
    proxy,
    processes: control,
    containers,
    signal: AbortSignal.timeout(withinMs),
  });

  it.each(rows)(
    '$kind is withdrawn before it was injected, twice after it, and leaves calls as they were',
    async ({ kind, driver, fault }) => {
      const recorded = recordingServices();
      const context = contextOf('storm', recorded, 10_000);
      await driver.withdraw(fault, context);
      if (POWERLESS.includes(kind)) await expect(driver.inject(fault, context)).rejects.toThrow(/^Cannot .* payments: no environment/);
      else await driver.inject(fault, context);
      await driver.withdraw(fault, context);
      await driver.withdraw(fault, context);
      const answer = await fetch(url, { method: 'POST', headers: { connection: 'close', tenant: 'a' }, signal: AbortSignal.timeout(5000) });
      expect([answer.status, await answer.text()]).toEqual([200, 'hello']);
      expect(recorded.log.length > 0).toBe(fault.service !== undefined && !POWERLESS.includes(kind));
      // What brings a service back comes last, however often it is asked.
      for (const entry of recorded.log.slice(-2)) expect(entry).toMatch(/^(start|resume|connect|name|relax) payments$/);
    },
  );

  it.each(rows.filter(({ kind, fault }) => fault.service !== undefined && !POWERLESS.includes(kind)))(
    '$kind is undone where its injection failed half-way',
    async ({ driver, fault }) => {
      const recorded = recordingServices({ failingAt: 1 });
      await expect(driver.inject(fault, contextOf('storm', recorded, 10_000))).rejects.toThrow('the engine went away');
      const before = recorded.log.length;
      await driver.withdraw(fault, contextOf('storm', recorded, 10_000));
      expect(recorded.log.slice(before)).not.toEqual([]);
      expect(recorded.held()).toEqual([]);
    },
  );

  it.each(rows.filter(({ driver }) => driver.needs.includes('container')))(
    '$kind says that services are no containers where they are none, and has nothing to undo there',
    async ({ driver, fault }) => {
      const context = contextOf('storm', { control: recordingServices().control, containers: null }, 10_000);
      await expect(driver.inject(fault, context)).rejects.toThrow(/payments.*: services are no containers here \(way out: --env docker\)/);
      await driver.withdraw(fault, context);
    },
  );

  it.each(['request', 'response'] as const)('http-hold passes on the %ss that it holds when it is withdrawn', async (at) => {
    const fault = httpHold(EDGE, { at });
    const context = contextOf('gate', recordingServices(), 10_000);
    const { signal } = context;
    await faultDrivers['http-hold'].inject(fault, context);
    const call = fetch(url, { headers: { connection: 'close' }, signal });
    while ((await proxy.held(EDGE, 'gate', signal)).length === 0) await new Promise((resolve) => setImmediate(resolve));
    await faultDrivers['http-hold'].withdraw(fault, context);
    expect(await (await call).text()).toBe('hello');
  });

  it.each(rows.filter(({ fault }) => fault.service === undefined))(
    '$kind is felt while it is in force, and counted',
    async ({ driver, fault }) => {
      const name = `bite-${rows.findIndex((row) => row.fault === fault)}`;
      const context = contextOf(name, recordingServices(), 20_000);
      await driver.inject(fault, context);
      // Targets hit a share of every second one: eight calls are more than enough for a first hit.
      const calls = Array.from({ length: 8 }, () =>
        fetch(url, { method: 'POST', body: 'x', headers: { connection: 'close', tenant: 'a' }, signal: AbortSignal.timeout(700) })
          .then((answer) => answer.text())
          .catch((error: unknown) => String(error)),
      );
      await Promise.all(calls);
      expect(await proxy.touched(name, context.signal)).toBeGreaterThan(0);
      await driver.withdraw(fault, context);
    },
  );
});

interface Services {
  readonly control: ProcessControl;
  readonly containers: ContainerControl | null;
}

interface Recorded extends Services {
  readonly log: readonly string[];
  /** What was done to a service and not undone. */
  held(): readonly string[];
}

const UNDONE_BY: Readonly<Record<string, string>> = {
  kill: 'start',
  stop: 'start',
  pause: 'resume',
  disconnect: 'connect',
  unname: 'name',
  squeeze: 'relax',
};

/**
 * Services that only note what is asked of them: real processes are in test/integration/environment.test.ts, real containers in
 * test/containers/container-faults.test.ts. With `failingAt`, that call does its work and then fails, as one does whose answer is lost.
 */
function recordingServices({ failingAt = 0 }: { readonly failingAt?: number } = {}): Recorded {
  const log: string[] = [];
  let held: string[] = [];
  const note = (verb: string) => (service: string) => {
    log.push(`${verb} ${service}`);
    held = verb in UNDONE_BY ? [...held, verb] : held.filter((entry) => UNDONE_BY[entry] !== verb);
    return log.length === failingAt ? Promise.reject(new Error('the engine went away')) : Promise.resolve();
  };
  return {
    control: { kill: note('kill'), start: note('start'), stop: note('stop'), pause: note('pause'), resume: note('resume') },
    containers: {
      disconnect: note('disconnect'),
      connect: note('connect'),
      unname: note('unname'),
      name: note('name'),
      squeeze: note('squeeze'),
      relax: note('relax'),
    },
    log,
    held: () => held,
  };
}
