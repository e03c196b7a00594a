// Goal: what is known to go wrong in Toxiproxy 2.12 does not go wrong here. The same probes show it on the real one: `npm run prove proxy-defects`.
import { expect, test } from 'vitest';
import { DEFECTS, QUICK } from '../../scripts/prove/proxy-defects.ts';
import { ownEngine } from '../../scripts/prove/proxy-rig.ts';

test.each(DEFECTS.map((defect) => [defect.id, defect.claim, defect] as const))('%s: %s', async (_, __, { probe }) => {
  const { holds, saw } = await probe(ownEngine(), QUICK);
  expect(holds, saw).toBe(true);
});
