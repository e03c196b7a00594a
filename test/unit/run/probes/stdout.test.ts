import { describe, expect, it } from 'vitest';
import type { BreakerMoved, ProbeReported } from '../../../../harness/model/event.ts';
import type { NewEvent, SinkRecord } from '../../../../harness/model/sink.ts';
import type { RunClock } from '../../../../harness/run/clock.ts';
import type { Watch } from '../../../../harness/run/probes/contract.ts';
import { stdoutEvents, stdoutEventsDriver, type StdoutEvents } from '../../../../harness/run/probes/stdout.ts';

/** A probe on the breaker `orders.payments`, with what it has written. Run start is 1 s on the machine's clock. */
function watching(probe: StdoutEvents = stdoutEvents()) {
  const records: SinkRecord[] = [];
  const clock: RunClock = { originUs: 1_000_000, nowUs: () => 9_000_000, until: () => Promise.resolve() };
  const declaration = { service: 'orders', edge: 'orders->payments', probe };
  const watch: Watch = stdoutEventsDriver.watch({ breaker: 'orders.payments', declaration, clock, sink: (record) => records.push(record) });
  const events = records as { readonly row: NewEvent }[];
  return {
    hear: (atUs: number, text: string) => watch.onLine({ service: 'orders', instance: 'orders-1', atUs, text }),
    exit: (atUs: number) => watch.onProcess({ service: 'orders', instance: 'orders-1', atUs, state: 'exited', detail: 'killed' }),
    restart: (atUs: number) => watch.onProcess({ service: 'orders', instance: 'orders-1', atUs, state: 'started', detail: '' }),
    end: () => watch[Symbol.dispose](),
    moves: () => events.map(({ row }) => row).filter((row) => row.kind === 'breaker'),
    reports: () => events.map(({ row }) => row).filter((row): row is NewEvent<ProbeReported> => row.kind === 'probe'),
  };
}

const line = (state: string, name = 'orders.payments', extra = {}): string =>
  JSON.stringify({ halfopen: 'breaker', name, state, ...extra });
const steps = (moves: readonly Omit<BreakerMoved, 'id'>[]): string[] =>
  moves.map((move) => `${move.from}>${move.to} ${move.earliestUs}-${move.latestUs} ${move.source}`);

describe('the probe on stdout', () => {
  it('knows nothing before the first line and then follows each transition as a point in time', () => {
    const probe = watching();
    probe.hear(10, line('closed'));
    probe.hear(20, 'GET /orders 200');
    probe.hear(30, line('open'));
    probe.hear(40, line('half-open'));
    expect(steps(probe.moves())).toEqual(['unknown>closed 10-10 event', 'closed>open 30-30 event', 'open>half-open 40-40 event']);
    expect(probe.reports().map(({ state }) => state)).toEqual(['watching']);
  });

  it('says unknown from the exit of the process on', () => {
    const probe = watching();
    probe.hear(10, line('open'));
    probe.hear(25, 'an ordinary line shows that it still lives');
    probe.exit(40);
    probe.restart(60);
    probe.hear(90, line('closed'));
    expect(steps(probe.moves())).toEqual(['unknown>open 10-10 event', 'open>unknown 40-40 process', 'unknown>closed 90-90 event']);
  });

  it("believes the service's own clock only where the line could have been under way that long", () => {
    const probe = watching();
    probe.hear(500_000, line('closed', 'orders.payments', { monoNs: '1400000000' }));
    probe.hear(600_000, line('open', 'orders.payments', { monoNs: '1700000000' }));
    probe.hear(8_000_000, line('closed', 'orders.payments', { monoNs: '1000000001' }));
    probe.hear(8_000_001, line('open', 'orders.payments', { monoNs: 'soon' }));
    expect(probe.moves().map(({ atUs }) => atUs)).toEqual([400_000, 600_000, 8_000_000, 8_000_001]);
  });

  it('ignores other breakers, repeated states and lines that only quote a statement', () => {
    const probe = watching();
    probe.hear(10, line('closed'));
    probe.hear(20, line('open', 'orders.stock'));
    probe.hear(30, line('closed'));
    probe.hear(40, 'sent {"halfopen":"breaker"} to the log');
    probe.hear(50, '{"halfopen":"effect","effect":"charge","key":"1"}');
    expect(probe.moves()).toHaveLength(1);
    expect(probe.reports()).toHaveLength(1);
  });

  it.each([
    ['broken JSON', '{"halfopen":"breaker","name":"orders.payments","state":"op', 'is no JSON'],
    ['a state that no breaker has', line('halfOpen'), 'current value is "halfOpen"'],
    ['a claim to know nothing', line('unknown'), "'state' must be one of closed, open"],
    ['no name', '{"halfopen":"breaker","state":"open"}', "'name' must be a text"],
  ])('counts %s as garbage and never as a state', (_, text, reason) => {
    const probe = watching();
    probe.hear(10, text);
    expect(probe.moves()).toEqual([]);
    expect(probe.reports()).toMatchObject([{ state: 'garbage', detail: expect.stringContaining(reason) }]);
  });

  it('stays bounded under a flood of garbage and says how much there was', () => {
    const probe = watching();
    for (let index = 0; index < 1000; index++) probe.hear(index, '{"halfopen":');
    probe.end();
    expect(probe.reports().length).toBeLessThan(30);
    expect(probe.reports().at(-1)).toMatchObject({ state: 'garbage', detail: '1000 unreadable lines in all' });
  });

  it('says that it was silent, and which names it heard in place of its own', () => {
    const probe = watching(stdoutEvents({ name: 'paymentsBreaker' }));
    probe.hear(10, line('open', 'orders.payments'));
    probe.end();
    expect(probe.moves()).toEqual([]);
    expect(probe.reports()).toMatchObject([
      { state: 'silent', detail: "no line about 'paymentsBreaker' on the stdout of orders; it speaks of 'orders.payments'" },
    ]);
  });
});
