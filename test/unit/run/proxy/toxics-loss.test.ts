import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { seededRandom } from '../../../../harness/model/random.ts';
import { loss } from '../../../../harness/run/proxy/toxics/loss.ts';
import { LossyChannel } from '../../../../harness/run/proxy/toxics/lossy-channel.ts';
import { advance, startToxic, stopTime, stream, type Rig } from './toxics-rig.ts';

const SEGMENT = 1460;

beforeEach(stopTime);
afterEach(() => void vi.useRealTimers());

/** Pieces of a stream as they leave, with the milliseconds that each waited. */
function stalls(rig: Rig): [number, number][] {
  return rig.chunks.map(({ data, atMs }) => [data.length, Math.round(atMs)]);
}

test('a lost segment and all behind it wait, what was before it does not', async () => {
  const rig = startToxic(loss, { loss: 100, rto: 1 });
  // Lost six times: 1 + 2 + 4 + 8 + 16 + 32 ms.
  rig.stage.chunk(stream(SEGMENT + 10));
  rig.stage.chunk(Buffer.from('behind'));
  rig.stage.end();
  expect([rig.text(), rig.endedAtMs]).toEqual(['', null]);
  await advance(130);
  expect(stalls(rig)).toEqual([
    [SEGMENT, 63],
    [10, 126],
    [6, 126],
  ]);
  expect(Math.round(rig.endedAtMs ?? 0)).toBe(126);
  expect(rig.bytes().equals(Buffer.concat([stream(SEGMENT + 10), Buffer.from('behind')]))).toBe(true);
  expect(rig.touches).toBeGreaterThan(0);
});

test('nothing is lost at 0 %, and nothing waits', () => {
  const rig = startToxic(loss, { loss: 0 });
  for (let count = 0; count < 100; count++) rig.stage.chunk(stream(SEGMENT));
  rig.stage.end();
  expect([rig.bytes().length, rig.touches, rig.endedAtMs]).toEqual([100 * SEGMENT, 0, 0]);
});

/** Which segments wait how long, when the stream comes in chunks of that size and time never presses. */
async function lostSegments(attributes: Record<string, number>, chunkBytes: number, segments: number): Promise<number[]> {
  const rig = startToxic(loss, { rto: 1, ...attributes });
  const waits: number[] = [];
  const total = segments * SEGMENT;
  for (let at = 0; at < total; at += chunkBytes) {
    const before = rig.bytes().length;
    rig.stage.chunk(Buffer.alloc(Math.min(chunkBytes, total - at)));
    if (rig.bytes().length === before + Math.min(chunkBytes, total - at)) continue;
    waits.push(Math.floor(rig.bytes().length / SEGMENT));
    while (rig.bytes().length < at + Math.min(chunkBytes, total - at)) await advance(1, 0.5);
  }
  return waits;
}

test('the same segments are lost however the bytes were cut into chunks', async () => {
  const whole = await lostSegments({ loss: 10 }, SEGMENT, 120);
  expect(whole.length).toBeGreaterThan(3);
  for (const chunkBytes of [365, 730, 292]) expect(await lostSegments({ loss: 10 }, chunkBytes, 120)).toEqual(whole);
});

test('the default wait is 200 ms', async () => {
  const rig = startToxic(loss, { loss: 100 });
  rig.stage.chunk(Buffer.from('a'));
  await advance(200 * 63 - 5, 5);
  expect(rig.text()).toBe('');
  await advance(10);
  expect(rig.text()).toBe('a');
});

test('as many transmissions are lost as the share says, and neighbours are correlated as much as wanted', () => {
  const count = 100_000;
  for (const [share, correlation] of [
    [0.05, 0],
    [0.3, 0],
    [0.3, 0.5],
    [0.1, 0.9],
  ] as const) {
    const channel = new LossyChannel(seededRandom(1, 'channel'));
    const lost = Array.from({ length: count }, () => Number(channel.loses(share, correlation)));
    const mean = lost.reduce((sum, value) => sum + value, 0) / count;
    const covariance = lost.slice(1).reduce((sum, value, index) => sum + (value - mean) * ((lost[index] ?? 0) - mean), 0) / count;
    // Bursts make the mean of dependent draws wider by √((1 + ρ) ÷ (1 − ρ)).
    const deviation = Math.sqrt(((share * (1 - share)) / count) * ((1 + correlation) / (1 - correlation)));
    expect(Math.abs(mean - share)).toBeLessThan(5 * deviation);
    expect(Math.abs(covariance / (mean * (1 - mean)) - correlation)).toBeLessThan(0.03);
  }
});

test('a channel that loses nothing, or everything, does so whatever came before', () => {
  const channel = new LossyChannel(seededRandom(1, 'channel'));
  for (const share of [1, 0, 1, 1, 0]) expect(channel.loses(share, 1)).toBe(share === 1);
});

test('an update lets everything go at once, in order, and takes effect with the next segment', async () => {
  const rig = startToxic(loss, { loss: 100, rto: 60_000 });
  const sent = stream(3 * SEGMENT);
  rig.stage.chunk(sent);
  rig.stage.end();
  rig.attributes['loss'] = 0;
  rig.stage.update();
  expect([rig.bytes().equals(sent), rig.endedAtMs]).toEqual([true, 0]);
  expect(vi.getTimerCount()).toBe(0);
});

test('a connection that ends with the first bytes of a chunk leaves nothing of the rest waiting', async () => {
  for (let seed = 0; seed < 20; seed++) {
    let passed = 0;
    const out = {
      chunk() {
        passed++;
        rig.stage.stop();
      },
      end: () => undefined,
    };
    const rig: Rig = startToxic(loss, { loss: 20, rto: 1 }, { seed, out });
    rig.stage.chunk(stream(40 * SEGMENT));
    if (passed === 0) rig.stage.update();
    expect([passed, vi.getTimerCount()]).toEqual([1, 0]);
    await advance(5, 1);
    expect(passed).toBe(1);
  }
});

test('it is full at 64 KiB', () => {
  const rig = startToxic(loss, { loss: 100 });
  rig.stage.chunk(Buffer.alloc(65_535));
  expect([rig.stage.full(), rig.flows]).toEqual([false, 0]);
  rig.stage.chunk(Buffer.alloc(1));
  expect([rig.stage.full(), rig.flows]).toEqual([true, 1]);
});
