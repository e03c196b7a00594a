import { expect, test } from 'vitest';
import { mark, type Sign } from '../../../../harness/run/proxy/toxics/mark.ts';
import { startToxic } from './toxics-rig.ts';

/** What is done to a connection, and whether it shows by a sign. */
const ACTS = { chunk: 'bytes', end: 'the end', release: 'the withdrawal', stop: 'a break' } as const;

test.each<[Sign, readonly (keyof typeof ACTS)[]]>([
  ['bytes', ['chunk']],
  ['cut', ['chunk', 'release']],
  ['end', ['end']],
  ['break', ['end', 'stop']],
])('by %s only %j touches, and everything passes', (sign, touching) => {
  for (const act of Object.keys(ACTS) as (keyof typeof ACTS)[]) {
    const rig = startToxic(mark, { of: 'timeout', sign });
    if (act === 'chunk') rig.stage.chunk(Buffer.from('hello'));
    else rig.stage[act]();
    expect([act, rig.touches > 0]).toEqual([act, touching.includes(act)]);
    expect([rig.text(), rig.endedAtMs !== null]).toEqual([act === 'chunk' ? 'hello' : '', act === 'end']);
    expect([rig.broken, rig.closesAfterEnd, rig.stage.full()]).toEqual([[], false, false]);
  }
});

test('spares the first bytes of a connection, however they are cut', () => {
  const rig = startToxic(mark, { of: 'limit_data', sign: 'bytes', after: 5 });
  rig.stage.chunk(Buffer.from('12'));
  rig.stage.chunk(Buffer.from('34'));
  expect(rig.touches).toBe(0);
  rig.stage.chunk(Buffer.from('5'));
  expect([rig.touches, rig.text()]).toEqual([1, '12345']);
});

test('reports the toxic that it stands for', () => {
  expect([mark.touchOf?.({ of: 'latency' }), mark.touchOf?.({})]).toEqual(['latency', 'mark']);
});
