import { describe, expect, it } from 'vitest';
import type { PlannedFault } from '../../harness/model/plan.ts';
import type { NewEvent, SinkRecord } from '../../harness/model/sink.ts';
import { startClock } from '../../harness/run/clock.ts';
import type { FaultDriver } from '../../harness/run/faults/contract.ts';
import { injectThroughWindows } from '../../harness/run/inject.ts';
import { FrozenProxyError } from '../../harness/run/proxy/frozen-proxy.ts';
import { firstOf, undoWithin } from '../../harness/run/teardown.ts';
import { SHOP } from '../recordings.ts';

// A fault driver that only keeps its order book: what is tested here is when it is called, on the real clock.
function order(overrides: Partial<FaultDriver> = {}) {
  const calls: string[] = [];
  const steps: string[] = [];
  const driver: FaultDriver = {
    kind: 'order',
    needs: [],
    schema: {},
    describe: () => 'order',
    reach: () => ({ edges: [], services: [], bite: 'window' }),
    inject: async () => void calls.push('inject'),
    withdraw: async () => void calls.push('withdraw'),
    ...overrides,
  };
  const planned: PlannedFault = {
    name: 'storm',
    fault: { kind: 'order' },
    summary: 'order',
    reach: { edges: [], services: [], bite: 'window' },
    windows: [
      { fromUs: 0, toUs: 20_000 },
      { fromUs: 40_000, toUs: 60_000 },
    ],
    needs: [],
  };
  const sink = (record: SinkRecord): void => {
    const row = record.row as NewEvent;
    if (row.kind === 'fault') steps.push(`${row.occurrence} ${row.step}`);
  };
  const run = (signal: AbortSignal): Promise<void> => {
    const clock = startClock();
    const untouched = new Proxy({}, { get: () => () => Promise.reject(new Error('a window fault asks the proxy nothing')) });
    const context = { seed: 1, system: SHOP, proxy: untouched as never, processes: untouched as never, containers: null };
    return injectThroughWindows({ planned, driver, context, clock, sink, loadStartUs: clock.nowUs(), signal });
  };
  return { calls, steps, run };
}

const STEPS = (occurrence: number): string[] =>
  ['requested', 'acknowledged', 'withdraw-requested', 'withdrawn'].map((step) => `${occurrence} ${step}`);

describe('a fault on the timeline', () => {
  it('is injected and withdrawn once in each of its windows, in order', async () => {
    const { calls, steps, run } = order();
    await run(new AbortController().signal);
    expect(calls).toEqual(['inject', 'withdraw', 'inject', 'withdraw']);
    expect(steps).toEqual([...STEPS(0), ...STEPS(1)]);
  });

  it('is withdrawn when the run is aborted while it is in force, and not injected again', async () => {
    const stop = new AbortController();
    const { calls, steps, run } = order({ inject: async () => stop.abort(new Error('Ctrl-C')) });
    await expect(run(stop.signal)).rejects.toThrow('Ctrl-C');
    expect(calls).toEqual(['withdraw']);
    expect(steps).toEqual(STEPS(0));
  });

  it('is withdrawn although its injection failed half-way, and the failure says which fault', async () => {
    const { calls, steps, run } = order({ inject: () => Promise.reject(new Error('no such edge')) });
    await expect(run(new AbortController().signal)).rejects.toThrow("Cannot inject the fault 'storm': no such edge");
    expect(calls).toEqual(['withdraw']);
    expect(steps).toEqual(['0 requested', '0 failed', '0 withdraw-requested', '0 withdrawn']);
  });

  it.each(['inject', 'withdraw'] as const)('whose %s freezes the Toxiproxy fails, and the run goes on to its next window', async (verb) => {
    let calls = 0;
    const freezesOnce = (): Promise<void> =>
      ++calls === 1 ? Promise.reject(new FrozenProxyError('Cannot add toxic: no answer within 2000 ms')) : Promise.resolve();
    const { steps, run } = order({ [verb]: freezesOnce });
    await run(new AbortController().signal);
    const first = verb === 'inject' ? STEPS(0).with(1, '0 failed') : STEPS(0).with(3, '0 failed');
    expect(steps).toEqual([...first, ...STEPS(1)]);
  });

  it('says so when it cannot be withdrawn', async () => {
    const { steps, run } = order({ withdraw: () => Promise.reject(new Error('proxy is gone')) });
    await expect(run(new AbortController().signal)).rejects.toThrow("Cannot withdraw the fault 'storm': proxy is gone");
    expect(steps).toEqual(['0 requested', '0 acknowledged', '0 withdraw-requested', '0 failed']);
  });
});

describe('an undo', () => {
  it('does not wait for ever, and aborts what it waited for', async () => {
    let isAborted = false;
    const never = (signal: AbortSignal): Promise<void> =>
      new Promise(() => {
        signal.addEventListener('abort', () => (isAborted = true));
      });
    await expect(undoWithin('heal the partition', 20, never)).rejects.toThrow('Cannot heal the partition within 20 ms');
    expect(isAborted).toBe(true);
  });

  it('keeps the first error first, and tells those of the clean-up behind it', () => {
    const first = new RangeError('the cause');
    const error = firstOf(new SuppressedError(new Error('the proxy is gone'), first));
    expect(error).toBe(first);
    expect(error.message).toBe('the cause; then, while cleaning up: the proxy is gone');
  });
});
