import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { ReadinessSampled } from '../../harness/model/event.ts';
import type { NewEvent } from '../../harness/model/sink.ts';
import { startClock } from '../../harness/run/clock.ts';
import { sampleReadiness } from '../../harness/run/probes/readiness.ts';
import { until } from './environment-rig.ts';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.closeAllConnections();
});

async function serving(
  status: () => number | 'silent',
  port = 0,
): Promise<{ readonly url: string; readonly port: number; readonly server: Server; sockets(): number }> {
  let sockets = 0;
  const server = createServer((_, response) => {
    const answer = status();
    if (answer !== 'silent') response.writeHead(answer).end('body');
  });
  server.on('connection', () => sockets++);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const bound = (server.address() as AddressInfo).port;
  return { url: `http://127.0.0.1:${bound}/readyz`, port: bound, server, sockets: () => sockets };
}

function sampling(urls: Readonly<Record<string, string>>) {
  const samples: NewEvent<ReadinessSampled>[] = [];
  const stop = new AbortController();
  const done = sampleReadiness({
    urls,
    everyMs: 20,
    clock: startClock(),
    sink: (record) => {
      if (record.table === 'events' && record.row.kind === 'readiness') samples.push(record.row);
    },
    signal: stop.signal,
  });
  const of = (service: string) => samples.filter((sample) => sample.service === service);
  return { of, done, stop };
}

describe('sampled readiness', () => {
  it('records each answer as it was asked and answered, over one connection a service', async () => {
    let status = 503;
    const service = await serving(() => status);
    const { of, done, stop } = sampling({ payments: service.url });
    await until(() => of('payments').length >= 3);
    status = 200;
    await until(() => of('payments').at(-1)?.ready === true);
    stop.abort();
    await done;
    const samples = of('payments');
    expect(samples[0]).toMatchObject({ ready: false, status: 503 });
    expect(samples.every(({ atUs, answeredUs }) => answeredUs >= atUs)).toBe(true);
    expect(samples.every(({ atUs }, index) => index === 0 || atUs >= (samples[index - 1]?.answeredUs ?? 0))).toBe(true);
    expect(service.sockets()).toBe(1);
  });

  it('counts silence and a refused connection as not ready, and sees the service come back', async () => {
    const service = await serving(() => 200);
    const { of, done, stop } = sampling({ payments: service.url });
    await until(() => of('payments').at(-1)?.ready === true);
    service.server.closeAllConnections();
    await new Promise((resolve) => service.server.close(resolve));
    await until(() => of('payments').at(-1)?.ready === false);
    expect(of('payments').at(-1)?.status).toBe(0);
    await serving(() => 200, service.port);
    await until(() => of('payments').at(-1)?.ready === true);
    stop.abort();
    await done;
  });

  it('is not held up in one service by another that never answers, and ends at once when it is stopped', async () => {
    const [hung, quick] = await Promise.all([serving(() => 'silent'), serving(() => 200)]);
    const { of, done, stop } = sampling({ hung: hung.url, quick: quick.url });
    await until(() => of('hung').length >= 1);
    expect(of('hung')[0]).toMatchObject({ ready: false, status: 0 });
    expect(of('quick').length).toBeGreaterThan(5 * of('hung').length);
    stop.abort();
    const stopped = performance.now();
    await done;
    expect(performance.now() - stopped).toBeLessThan(900);
    expect(of('hung').length).toBeLessThan(3);
  });
});
