import { expect, test } from 'vitest';
import { startPace } from '../../../../harness/run/load/pacer.ts';

const nowUs = (): number => performance.now() * 1000;

function paced(dueTimes: readonly number[], fireWith: (index: number) => void = () => undefined) {
  const { promise, resolve } = Promise.withResolvers<void>();
  const firedUs: number[] = [];
  const stop = startPace({
    nowUs,
    dueUs: () => dueTimes[firedUs.length] ?? null,
    fire() {
      firedUs.push(nowUs());
      fireWith(firedUs.length - 1);
    },
    onDone: resolve,
  });
  return { firedUs, done: promise, stop };
}

test('nothing is sent before its time, everything is sent once and in order', async () => {
  const beganUs = nowUs();
  const due = Array.from({ length: 40 }, (_, index) => beganUs + index * 2300);
  const { firedUs, done } = paced(due);
  await done;
  expect(firedUs).toHaveLength(40);
  for (const [index, atUs] of firedUs.entries()) expect(atUs).toBeGreaterThanOrEqual(due[index] ?? Infinity);
});

test('what a blocked loop missed is caught up, all of it, and answers get their turn in between', async () => {
  const beganUs = nowUs();
  const due = Array.from({ length: 300 }, (_, index) => beganUs + index * 10);
  let turns = 0;
  const countTurns = (): void => {
    turns++;
    if (pace.firedUs.length < 300) setImmediate(countTurns);
  };
  const pace = paced(due, (index) => {
    if (index !== 0) return;
    setImmediate(countTurns);
    while (nowUs() < beganUs + 5000);
  });
  await pace.done;
  expect(pace.firedUs).toHaveLength(300);
  expect(turns).toBeGreaterThan(2);
});

test('a stopped pace sends nothing more', async () => {
  const beganUs = nowUs();
  const pace = paced([beganUs, beganUs + 20_000, beganUs + 40_000], (index) => {
    if (index === 1) pace.stop();
  });
  const later = paced([beganUs + 60_000]);
  await later.done;
  expect(pace.firedUs).toHaveLength(2);
});
