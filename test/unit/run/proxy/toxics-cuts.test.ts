import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { limitData } from '../../../../harness/run/proxy/toxics/limit-data.ts';
import { limitTime } from '../../../../harness/run/proxy/toxics/limit-time.ts';
import { noop } from '../../../../harness/run/proxy/toxics/noop.ts';
import { resetPeer } from '../../../../harness/run/proxy/toxics/reset-peer.ts';
import { slowClose } from '../../../../harness/run/proxy/toxics/slow-close.ts';
import { timeout } from '../../../../harness/run/proxy/toxics/timeout.ts';
import { advance, startToxic, stopTime, stream, type Rig } from './toxics-rig.ts';

beforeEach(stopTime);
afterEach(() => void vi.useRealTimers());

const broken = (rig: Rig): [string, number][] => rig.broken.map(({ how, atMs }) => [how, Math.round(atMs)]);

test('timeout swallows, counts from its beginning and anew from each chunk, and closes', async () => {
  const idle = startToxic(timeout, { timeout: 50 });
  const busy = startToxic(timeout, { timeout: 50 });
  for (let count = 0; count < 4; count++) {
    await advance(25);
    busy.stage.chunk(Buffer.from('a'));
  }
  await advance(60);
  expect(broken(idle)).toEqual([['close', 50]]);
  expect(broken(busy)).toEqual([['close', 150]]);
  expect([idle.text(), busy.text(), idle.touches > 0]).toEqual(['', '', true]);
});

test('timeout 0 swallows for ever, passes the end on, and its withdrawal closes', async () => {
  const rig = startToxic(timeout, { timeout: 0 });
  rig.stage.chunk(Buffer.from('a'));
  await advance(1000, 10);
  expect([rig.text(), rig.broken]).toEqual(['', []]);
  rig.stage.release();
  expect(rig.broken.length).toBe(1);
  const ended = startToxic(timeout, { timeout: 10 });
  ended.stage.end();
  ended.stage.update();
  await advance(20);
  expect([ended.endedAtMs, ended.broken]).toEqual([0, []]);
});

test('timeout follows an update from then on', async () => {
  const rig = startToxic(timeout, { timeout: 1000 });
  await advance(20);
  rig.attributes['timeout'] = 30;
  rig.stage.update();
  await advance(31);
  expect(broken(rig)).toEqual([['close', 50]]);
});

test('reset_peer resets a while after the first chunk or the end, and never an idle connection', async () => {
  const [byChunk, byEnd, idle] = [1, 2, 3].map(() => startToxic(resetPeer, { timeout: 30 })) as [Rig, Rig, Rig];
  await advance(10);
  byChunk.stage.chunk(Buffer.from('a'));
  byEnd.stage.end();
  await advance(20);
  byChunk.stage.chunk(Buffer.from('b'));
  await advance(100);
  expect([broken(byChunk), broken(byEnd), broken(idle)]).toEqual([[['reset', 40]], [['reset', 40]], []]);
  expect([byChunk.text(), byEnd.endedAtMs]).toEqual(['', null]);
  const atOnce = startToxic(resetPeer, { timeout: 0 });
  atOnce.stage.chunk(Buffer.from('a'));
  expect(broken(atOnce)).toEqual([['reset', 0]]);
});

test('reset_peer withdrawn in time lets the connection live with all its bytes', async () => {
  const rig = startToxic(resetPeer, { timeout: 1000 });
  rig.stage.chunk(Buffer.from('a'));
  rig.stage.chunk(Buffer.from('b'));
  rig.stage.end();
  await advance(10);
  rig.stage.release();
  await advance(2000, 10);
  expect([rig.text(), rig.endedAtMs === null, rig.broken]).toEqual(['ab', false, []]);
});

test('reset_peer holds a megabyte and then makes the sender wait', () => {
  const rig = startToxic(resetPeer, { timeout: 1000 });
  rig.stage.chunk(Buffer.alloc(1024 * 1024 - 1));
  expect([rig.stage.full(), rig.flows]).toEqual([false, 0]);
  rig.stage.chunk(Buffer.alloc(1));
  expect([rig.stage.full(), rig.flows]).toEqual([true, 1]);
});

test('limit_data passes its bytes, cuts what is beyond and closes behind them, also when they fit exactly', () => {
  for (const [chunks, text] of [
    [['0123', '456789', 'x'], '01234567'],
    [['0123', '4567'], '01234567'],
  ] as const) {
    const rig = startToxic(limitData, { bytes: 8 });
    for (const chunk of chunks) rig.stage.chunk(Buffer.from(chunk));
    rig.stage.end();
    expect([rig.text(), rig.endedAtMs, rig.closesAfterEnd, rig.touches]).toEqual([text, 0, true, 1]);
  }
  const below = startToxic(limitData, { bytes: 8 });
  below.stage.chunk(Buffer.from('0123456'));
  below.stage.end();
  expect([below.text(), below.endedAtMs, below.closesAfterEnd, below.touches]).toEqual(['0123456', 0, false, 0]);
});

test('limit_data keeps its count over updates, and with nothing left waits for data before it closes', () => {
  const rig = startToxic(limitData, { bytes: 10 });
  rig.stage.chunk(Buffer.from('01234'));
  rig.attributes['bytes'] = 8;
  rig.stage.update();
  rig.stage.chunk(Buffer.from('56789'));
  expect([rig.text(), rig.closesAfterEnd]).toEqual(['01234567', true]);
  const lowered = startToxic(limitData, { bytes: 10 });
  lowered.stage.chunk(Buffer.from('01234'));
  lowered.attributes['bytes'] = 2;
  lowered.stage.update();
  expect(lowered.endedAtMs).toBeNull();
  lowered.stage.chunk(Buffer.from('5'));
  expect([lowered.text(), lowered.closesAfterEnd]).toEqual(['01234', true]);
  const none = startToxic(limitData, { bytes: 0 });
  expect(none.endedAtMs).toBeNull();
  none.stage.chunk(Buffer.from('0'));
  expect([none.text(), none.closesAfterEnd]).toEqual(['', true]);
});

test('limit_time passes everything until its time is over, whatever flows, then closes or resets', async () => {
  for (const [attributes, how] of [
    [{ time: 50 }, 'close'],
    [{ time: 50, reset: 0 }, 'close'],
    [{ time: 50, reset: 1 }, 'reset'],
  ] as const) {
    const rig = startToxic(limitTime, { ...attributes });
    for (let count = 0; count < 4; count++) {
      rig.stage.chunk(Buffer.from('a'));
      await advance(12);
    }
    expect([rig.text(), rig.broken, rig.touches]).toEqual(['aaaa', [], 0]);
    await advance(5);
    expect([broken(rig), rig.touches]).toEqual([[[how, 50]], 1]);
  }
});

test('limit_time counts an update from the same beginning, and a withdrawal ends it', async () => {
  const longer = startToxic(limitTime, { time: 30 });
  const over = startToxic(limitTime, { time: 1000 });
  const withdrawn = startToxic(limitTime, { time: 30 });
  await advance(20);
  longer.attributes['time'] = 60;
  longer.stage.update();
  over.attributes['time'] = 10;
  over.stage.update();
  withdrawn.stage.release();
  await advance(100);
  expect([broken(longer), broken(over), broken(withdrawn)]).toEqual([[['close', 60]], [['close', 20]], []]);
});

test('slow_close holds only the end back; an update starts the wait anew and a withdrawal ends it', async () => {
  const [plain, updated, withdrawn] = [1, 2, 3].map(() => startToxic(slowClose, { delay: 50 })) as [Rig, Rig, Rig];
  for (const rig of [plain, updated, withdrawn]) {
    rig.stage.chunk(Buffer.from('a'));
    expect([rig.text(), rig.touches]).toEqual(['a', 0]);
    rig.stage.end();
  }
  await advance(20);
  updated.stage.update();
  withdrawn.stage.release();
  await advance(60);
  expect([plain, updated, withdrawn].map(({ endedAtMs }) => Math.round(endedAtMs ?? -1))).toEqual([50, 70, 20]);
  const none = startToxic(slowClose, { delay: 0 });
  none.stage.end();
  expect([none.endedAtMs, none.touches]).toEqual([0, 0]);
});

test('noop passes everything on as it is', () => {
  const rig = startToxic(noop, {});
  const data = stream(10);
  rig.stage.chunk(data);
  rig.stage.end();
  expect(rig.chunks[0]?.data).toBe(data);
  expect([rig.endedAtMs, rig.touches, rig.stage.full()]).toEqual([0, 0, false]);
});

test('a connection that is gone leaves no timer behind', () => {
  for (const rig of [
    startToxic(timeout, { timeout: 50 }),
    startToxic(limitTime, { time: 50 }),
    startToxic(slowClose, { delay: 50 }),
    startToxic(resetPeer, { timeout: 50 }),
  ]) {
    rig.stage.end();
    rig.stage.stop();
  }
  expect(vi.getTimerCount()).toBe(0);
});
