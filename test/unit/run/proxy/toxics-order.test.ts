import fc from 'fast-check';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { toxicKinds, type ToxicType } from '../../../../harness/run/proxy/toxics/index.ts';
import { LocalPace } from '../../../../harness/run/proxy/pace.ts';
import type { Attributes, Sink } from '../../../../harness/run/proxy/toxics/contract.ts';
import { advance, startToxic, stopTime, stream, type Rig } from './toxics-rig.ts';

// Thousands of turns of the event loop: seconds on a busy machine.
vi.setConfig({ testTimeout: 60_000 });
beforeEach(stopTime);
afterEach(() => void vi.useRealTimers());

/** Settings of the toxics that neither drop nor change a byte. */
const gentle: Partial<Record<ToxicType, fc.Arbitrary<Attributes>>> = {
  latency: fc.record({
    latency: fc.nat(30),
    jitter: fc.nat(30),
    distribution: fc.constantFrom('uniform', 'normal', 'pareto'),
    shape: fc.integer({ min: 1, max: 5 }),
  }),
  bandwidth: fc.record({ rate: fc.oneof(fc.nat(200), fc.nat(20_000)), scope: fc.constantFrom('connection', 'proxy') }),
  slow_close: fc.record({ delay: fc.nat(30) }),
  slicer: fc.record({ average_size: fc.integer({ min: 20, max: 300 }), size_variation: fc.nat(20), delay: fc.nat(3000) }),
  loss: fc.record({ loss: fc.nat(100), rto: fc.nat(5), correlation: fc.nat(100) }),
  noop: fc.constant({}),
};

type Step =
  | { readonly kind: 'chunk'; readonly bytes: number }
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'update'; readonly attributes: Attributes };

const stepsOf = (attributes: fc.Arbitrary<Attributes>): fc.Arbitrary<Step[]> =>
  fc.array(
    fc.oneof(
      { weight: 4, arbitrary: fc.record({ kind: fc.constant('chunk' as const), bytes: fc.integer({ min: 1, max: 3000 }) }) },
      { weight: 3, arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 12 }) }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('update' as const), attributes }) },
    ),
    { maxLength: 14 },
  );

/** Sends a stream along the steps; `sent` is what has been given to the first stage. */
async function walk(rig: Rig, steps: readonly Step[], source: Buffer): Promise<number> {
  let sent = 0;
  for (const step of steps) {
    if (step.kind === 'chunk') {
      const data = source.subarray(sent, sent + step.bytes);
      sent += data.length;
      if (data.length > 0) rig.stage.chunk(data);
    } else if (step.kind === 'wait') {
      await advance(step.ms, 1);
    } else {
      Object.assign(rig.attributes, step.attributes);
      rig.stage.update();
    }
  }
  return sent;
}

const SOURCE = stream(45_000);

for (const [type, attributes] of Object.entries(gentle)) {
  test(`${type}: no byte is lost, changed or out of order, whatever happens to it, and the end comes last`, async () => {
    await fc.assert(
      fc.asyncProperty(attributes, stepsOf(attributes), fc.boolean(), fc.integer(), async (first, steps, endsEarly, seed) => {
        const rig = startToxic(toxicKinds[type as ToxicType], { ...first }, { seed });
        const sent = await walk(rig, steps, SOURCE);
        const soFar = rig.bytes();
        expect(soFar.equals(SOURCE.subarray(0, soFar.length))).toBe(true);
        if (endsEarly) {
          rig.stage.end();
          await advance(5, 1);
        }
        rig.stage.release();
        expect(rig.bytes().equals(SOURCE.subarray(0, sent))).toBe(true);
        expect(rig.endedAtMs !== null).toBe(endsEarly);
        expect([rig.broken, rig.stage.full()]).toEqual([[], false]);
        await advance(40, 5);
        expect(rig.bytes().length).toBe(sent);
        expect(vi.getTimerCount()).toBe(0);
      }),
      { numRuns: 60 },
    );
  });
}

test('stacked toxics keep the stream, and one that is withdrawn from the middle lets its bytes go before those behind', async () => {
  const kinds = ['latency', 'bandwidth', 'slicer', 'loss', 'latency', 'slow_close'] as const;
  const settings = { latency: 5, jitter: 4, rate: 500, average_size: 100, size_variation: 50, delay: 300, loss: 20, rto: 2 };
  for (let withdrawn = 0; withdrawn < kinds.length; withdrawn++) {
    const got: Buffer[] = [];
    let ended = 0;
    const exit: Sink = { chunk: (data) => void got.push(data), end: () => void ended++ };
    const pace = new LocalPace();
    const rigs: Rig[] = [];
    for (const [index, type] of kinds.entries()) {
      const next = (): Sink => rigs[index + 1]?.stage ?? exit;
      const out: Sink = { chunk: (data) => next().chunk(data), end: () => next().end() };
      rigs.push(startToxic(toxicKinds[type], { ...settings, delay: type === 'slow_close' ? 5 : 300 }, { out, pace, seed: index }));
    }
    const source = stream(20_000);
    for (let from = 0; from < source.length; from += 2500) {
      rigs[0]?.stage.chunk(source.subarray(from, from + 2500));
      await advance(2, 1);
    }
    rigs[0]?.stage.end();
    rigs[withdrawn]?.stage.release();
    await advance(400, 2);
    expect(Buffer.concat(got).equals(source)).toBe(true);
    expect(ended).toBe(1);
  }
});

test('a connection that ends under a stage gets no byte more, and no timer stays', async () => {
  for (const [type, attributes] of Object.entries(gentle)) {
    await fc.assert(
      fc.asyncProperty(attributes, fc.integer({ min: 1, max: 4 }), async (settings, chunks) => {
        const got: Buffer[] = [];
        const rig: Rig = startToxic(
          toxicKinds[type as ToxicType],
          { ...settings },
          {
            out: {
              chunk(data) {
                got.push(data);
                rig.stage.stop();
              },
              end: () => rig.stage.stop(),
            },
          },
        );
        for (let count = 0; count < chunks && got.length === 0; count++) rig.stage.chunk(SOURCE.subarray(0, 2000));
        if (got.length === 0) await advance(40, 2);
        if (got.length === 0) rig.stage.release();
        const atOnce = got.length;
        await advance(40, 5);
        expect(got.length).toBe(atOnce);
        rig.stage.stop();
        expect(vi.getTimerCount()).toBe(0);
      }),
      { numRuns: 15 },
    );
  }
});
