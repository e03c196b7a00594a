// Goal: without a rule that matches, HTTP passes the proxy byte for byte, whatever it is and however it is cut, and node's own parsers read the
// same on both sides. More runs, and workers, in `npm run prove proxy-fuzz`.
import { expect, test } from 'vitest';
import { fuzzBytes, fuzzMessages, fuzzReplies } from '../../scripts/prove/proxy-fuzz.ts';
import { ownEngine } from '../../scripts/prove/proxy-rig.ts';

const engine = ownEngine();

test('conversations pass byte for byte: valid, pipelined, early, upgraded, broken, cut off', async () => {
  const { bytes } = await fuzzBytes({ engine, seed: 3, runs: 120 });
  expect(bytes).toBeGreaterThan(1_000_000);
});

test("node's server reads the same requests and gives the same answers", async () => {
  const { messages, refused } = await fuzzMessages({ engine, seed: 4, runs: 100 });
  expect(messages).toBeGreaterThan(100);
  expect(refused).toBeGreaterThan(5);
});

test("node's client reads the same replies, and the same errors", async () => {
  const { messages, refused } = await fuzzReplies({ engine, seed: 5, runs: 100 });
  expect(messages).toBe(100);
  expect(refused).toBeGreaterThan(0);
});

test('the comparisons can fail: one byte that changes on its way is found, with its seed', async () => {
  const tamper = (got: Buffer): Buffer => {
    const copy = Buffer.from(got);
    if (copy.length > 30) copy[30] = (copy[30] ?? 0) ^ 1;
    return copy;
  };
  await expect(fuzzBytes({ engine, seed: 6, runs: 5, tamper })).rejects.toThrow(/the caller got \d+ bytes of \d+; at 30 [^]*seed: 6/);
  await expect(fuzzMessages({ engine, seed: 6, runs: 5, tamper })).rejects.toThrow(/the caller got[^]*seed: 6/);
});
