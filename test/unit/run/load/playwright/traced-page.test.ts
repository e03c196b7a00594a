// Goal: a page that asks twice does not look like one that retries, and all that it asks can be found by its arrival's trace id.
import { expect, test } from 'vitest';
import { traceIds } from '../../../../../harness/run/load/playwright/traced-page.ts';

test('the first request has the arrival’s trace id, and each one its own with the same beginning', () => {
  const first = '0123456789abcdef0123456789fffffe';
  const next = traceIds(first);
  const ids = [next(), next(), next()];
  expect(ids).toEqual([first, '0123456789abcdef0123456789ffffff', '0123456789abcdef0123456789000000']);
});
