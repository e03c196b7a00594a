import { expect, it } from 'vitest';
import { allOrFirstError } from '../../../../harness/run/faults/settle.ts';

it('an action that fails is told only when the others have ended too, so that a withdrawal cannot be overtaken', async () => {
  const slow = Promise.withResolvers<void>();
  let isTold = false;
  const all = allOrFirstError([Promise.reject(new Error('edge is gone')), slow.promise]).finally(() => (isTold = true));
  const told = all.catch((error: unknown) => String(error));
  await new Promise(setImmediate);
  expect(isTold).toBe(false);
  slow.resolve();
  expect(await told).toBe('Error: edge is gone');
  expect(isTold).toBe(true);
});
