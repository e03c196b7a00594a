import fc from 'fast-check';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { monotonicUs } from '../../../../harness/run/clock.ts';
import { LocalPace } from '../../../../harness/run/proxy/pace.ts';
import { bandwidth } from '../../../../harness/run/proxy/toxics/bandwidth.ts';
import type { Pace } from '../../../../harness/run/proxy/toxics/contract.ts';
import { advance, startToxic, stopTime, stream, turn, type Rig } from './toxics-rig.ts';

// Thousands of turns of the event loop: seconds on a busy machine.
vi.setConfig({ testTimeout: 60_000 });
beforeEach(stopTime);
afterEach(() => void vi.useRealTimers());

const sizes = ({ chunks }: Rig): number[] => chunks.map(({ data }) => data.length);
const times = ({ chunks }: Rig): number[] => chunks.map(({ atMs }) => Math.round(atMs));
const passed = (rig: Rig): number => rig.bytes().length;

test('a chunk leaves when the wire has carried it, in pieces of 100 ms where it is long', async () => {
  const rig = startToxic(bandwidth, { rate: 250 });
  const sent = stream(62_500);
  rig.stage.chunk(sent);
  rig.stage.end();
  await advance(99);
  expect(passed(rig)).toBe(0);
  await advance(152);
  expect(sizes(rig)).toEqual([25_000, 25_000, 12_500]);
  expect(times(rig)).toEqual([100, 200, 250]);
  expect(Math.round(rig.endedAtMs ?? 0)).toBe(250);
  expect(rig.bytes().equals(sent)).toBe(true);
});

test('the rate holds over many chunks however late timers are, after updates too', async () => {
  for (const updates of [0, 10]) {
    const rig = startToxic(bandwidth, { rate: 2000 });
    for (let count = 0; count < 200; count++) rig.stage.chunk(Buffer.alloc(1000));
    for (let count = 0; count < updates; count++) rig.stage.update();
    expect(rig.chunks.length).toBe(updates);
    await advance(105, 3.5);
    expect(passed(rig)).toBe(200_000);
    const lastMs = rig.chunks.at(-1)?.atMs ?? 0;
    expect(lastMs).toBeGreaterThanOrEqual((200 - updates) / 2);
    expect(lastMs).toBeLessThan((200 - updates) / 2 + 8);
  }
});

test('a wire that lay idle has not saved anything up', async () => {
  const rig = startToxic(bandwidth, { rate: 10 });
  rig.stage.chunk(Buffer.alloc(100));
  await advance(500);
  rig.stage.chunk(Buffer.alloc(100));
  await advance(9);
  expect(passed(rig)).toBe(100);
  await advance(2);
  expect(passed(rig)).toBe(200);
});

test('a rate of 0 stalls until another one comes, and pieces are cut anew by that', async () => {
  const rig = startToxic(bandwidth, { rate: 0 });
  const sent = stream(60_000);
  rig.stage.chunk(sent);
  await advance(500, 5);
  expect(passed(rig)).toBe(0);
  expect(vi.getTimerCount()).toBe(0);
  rig.attributes['rate'] = 100;
  rig.stage.update();
  await advance(99);
  expect(passed(rig)).toBe(0);
  await advance(2);
  expect(passed(rig)).toBe(10_000);
  rig.attributes['rate'] = 1;
  rig.stage.update();
  // What was on the wire leaves at once, and no more than 100 bytes at a time follow.
  expect(passed(rig)).toBe(20_000);
  await advance(210);
  expect(sizes(rig).slice(2)).toEqual([100, 100]);
  rig.attributes['rate'] = 1000;
  rig.stage.update();
  await advance(50);
  expect(rig.bytes().equals(sent)).toBe(true);
});

test('it is full when 128 KiB wait behind what is on the wire, or what a fast wire carries in 50 ms, up to 4 MiB', () => {
  for (const [rate, chunks] of [
    [0, 2],
    [1, 3],
    [100, 3],
    [65_536, 51],
    [1_000_000_000, 65],
  ] as const) {
    const rig = startToxic(bandwidth, { rate });
    for (let count = 1; count < chunks; count++) rig.stage.chunk(Buffer.alloc(65_536));
    expect([rig.stage.full(), rig.flows]).toEqual([false, 0]);
    rig.stage.chunk(Buffer.alloc(65_536));
    expect([rig.stage.full(), rig.flows]).toEqual([true, 1]);
    rig.stage.release();
    expect(rig.bytes().length).toBe(chunks * 65_536);
  }
});

test('a wire that lay idle while it was wanted makes up for 100 ms', async () => {
  const pace = new LocalPace();
  const startUs = monotonicUs();
  const freeMs = (lengthMs: number, sinceMs: number): number => {
    let free = NaN;
    pace.reserve(
      { lengthUs: lengthMs * 1000, sinceUs: startUs + sinceMs * 1000 },
      (freeUs) => (free = Math.round((freeUs - startUs) / 1000)),
    );
    return free;
  };
  expect([freeMs(10, 0), freeMs(10, 0)]).toEqual([10, 20]);
  await advance(50);
  expect([freeMs(10, 0), freeMs(10, 45), freeMs(10, 45)]).toEqual([30, 55, 65]);
  await advance(450);
  expect([freeMs(10, 0), freeMs(10, 0)]).toEqual([410, 420]);
});

test('the wire is wanted as long as something waits for it, and a pause after a late piece is none', async () => {
  const startUs = monotonicUs();
  const wants: { sinceMs: number; granted: (freeUs: number) => void }[] = [];
  const pace: Pace = { reserve: ({ sinceUs }, granted) => void wants.push({ sinceMs: Math.round((sinceUs - startUs) / 1000), granted }) };
  const rig = startToxic(bandwidth, { rate: 10, scope: 'proxy' }, { pace });
  const sinceMs = (): number[] => wants.map((want) => want.sinceMs);
  rig.stage.chunk(stream(200));
  await advance(40);
  rig.stage.chunk(stream(100));
  // Both are granted 20 ms late.
  wants[0]?.granted(startUs + 10_000);
  wants[1]?.granted(startUs + 20_000);
  await advance(1);
  expect(sinceMs()).toEqual([0, 0, 0]);
  wants[2]?.granted(startUs + 30_000);
  await advance(2);
  expect(passed(rig)).toBe(300);
  rig.stage.chunk(stream(100));
  // 11 ms late, 2 ms ago.
  expect(sinceMs()[3]).toBe(43 - 11);
  wants[3]?.granted(startUs + 42_000);
  await advance(20);
  rig.stage.chunk(stream(100));
  expect(sinceMs()[4]).toBe(63);
});

test('the rate holds on a machine that stands still half of the time', async () => {
  vi.useRealTimers();
  const rate = 20_000;
  const bytes = rate * 300;
  let left = 0;
  const { stage } = startToxic(bandwidth, { rate }, { out: { chunk: ({ length }) => void (left += length), end: () => undefined } });
  const data = Buffer.alloc(64 * 1024);
  const startUs = monotonicUs();
  const tookMs = (): number => (monotonicUs() - startUs) / 1000;
  let [given, stalls] = [0, 0];
  while (left < bytes) {
    if (given < bytes && !stage.full()) {
      stage.chunk(data);
      given += data.length;
    }
    await turn();
    if (tookMs() < 40 * (stalls + 1)) continue;
    const untilMs = tookMs() + 20;
    while (tookMs() < untilMs);
    stalls++;
  }
  expect(stalls).toBeGreaterThan(3);
  expect(tookMs()).toBeGreaterThan(299);
  expect(tookMs()).toBeLessThan(300 * 1.2);
});

test('connections of a proxy share one wire evenly, whoever sends more', async () => {
  const pace = new LocalPace();
  const start = (): Rig => startToxic(bandwidth, { rate: 1000, scope: 'proxy' }, { pace });
  const greedy = start();
  greedy.stage.chunk(stream(400_000));
  const modest = [start(), start(), start()];
  for (const rig of modest) rig.stage.chunk(stream(20_000));
  await advance(100);
  const total = [greedy, ...modest].map(passed).reduce((sum, bytes) => sum + bytes, 0);
  expect(total).toBeLessThanOrEqual(100_000);
  expect(total).toBeGreaterThanOrEqual(80_000);
  expect(modest.map(passed)).toEqual([20_000, 20_000, 20_000]);
  await advance(50);
  expect(passed(greedy)).toBeGreaterThanOrEqual(70_000);
  expect(passed(greedy)).toBeLessThanOrEqual(90_000);
});

test('alone on the shared wire a connection has the whole rate; on wires of their own each has', async () => {
  const alone = startToxic(bandwidth, { rate: 5000, scope: 'proxy' });
  alone.stage.chunk(stream(500_000));
  const pace = new LocalPace();
  const own = [1, 2].map(() => startToxic(bandwidth, { rate: 5000, scope: 'connection' }, { pace }));
  for (const rig of own) rig.stage.chunk(stream(500_000));
  await advance(101);
  for (const rig of [alone, ...own]) expect(passed(rig)).toBeGreaterThanOrEqual(490_000);
});

test('a shared wire follows another rate soon', async () => {
  const pace = new LocalPace();
  const rigs = Array.from({ length: 20 }, () => startToxic(bandwidth, { rate: 1, scope: 'proxy' }, { pace }));
  for (const rig of rigs) rig.stage.chunk(stream(1000));
  await advance(100);
  for (const rig of rigs) {
    rig.attributes['rate'] = 1000;
    rig.stage.update();
  }
  // Two pieces of 10 ms for each of 20 connections were promised at most.
  await advance(450);
  expect(rigs.map(passed)).toEqual(Array(20).fill(1000));
});

test('places on the wire that are granted late, or in another order, keep the order of the bytes', async () => {
  const grants: { lengthUs: number; granted: (freeUs: number) => void }[] = [];
  const pace: Pace = { reserve: ({ lengthUs }, granted) => void grants.push({ lengthUs, granted }) };
  const rig = startToxic(bandwidth, { rate: 10, scope: 'proxy' }, { pace });
  const sent = stream(1000);
  rig.stage.chunk(sent);
  rig.stage.end();
  await advance(50);
  expect(passed(rig)).toBe(0);
  expect(grants.map(({ lengthUs }) => lengthUs)).toEqual([10_000, 10_000]);
  grants[1]?.granted(0);
  await turn();
  expect(passed(rig)).toBe(0);
  grants[0]?.granted(0);
  for (let count = 2; passed(rig) < 1000 && count < 100; count++) {
    await turn();
    grants[count]?.granted(0);
  }
  await turn();
  expect(rig.bytes().equals(sent)).toBe(true);
  expect(rig.endedAtMs).not.toBeNull();
});

test('a place that is granted after the end of the stage is nobody’s', async () => {
  const grants: ((freeUs: number) => void)[] = [];
  const pace: Pace = { reserve: (_, granted) => void grants.push(granted) };
  const released = startToxic(bandwidth, { rate: 10, scope: 'proxy' }, { pace });
  released.stage.chunk(stream(300));
  released.stage.release();
  const stopped = startToxic(bandwidth, { rate: 10, scope: 'proxy' }, { pace });
  stopped.stage.chunk(stream(300));
  stopped.stage.stop();
  for (const granted of grants) granted(0);
  await advance(5);
  expect([passed(released), passed(stopped)]).toEqual([300, 0]);
});

test('whatever the rates, never more leaves than the wire has carried', async () => {
  const chunks = fc.array(fc.integer({ min: 1, max: 3000 }), { minLength: 1, maxLength: 20 });
  await fc.assert(
    fc.asyncProperty(chunks, fc.integer({ min: 1, max: 400 }), fc.constantFrom('connection', 'proxy'), async (lengths, rate, scope) => {
      const rig = startToxic(bandwidth, { rate, scope });
      for (const length of lengths) rig.stage.chunk(Buffer.alloc(length));
      await advance(30, 1);
      let soFar = 0;
      for (const { data, atMs } of rig.chunks) {
        soFar += data.length;
        expect(soFar).toBeLessThanOrEqual(rate * (atMs + 0.05));
      }
      rig.stage.stop();
    }),
    { numRuns: 50 },
  );
});
