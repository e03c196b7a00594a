// Goal: the outcome of a journey says who is to blame, and its reason what it waited for, in one line.
import { expect, test } from 'vitest';
import { judgeDone, judgeThrown, reasonOf, waitIn } from '../../../../../harness/run/load/playwright/journey-end.ts';

/** As Playwright throws it, colours and all. */
const timeout = Object.assign(
  new Error("locator.click: Timeout 300ms exceeded.\nCall log:\n\u001B[2m  - waiting for locator('#never')\u001B[22m\n"),
  {
    name: 'TimeoutError',
  },
);

test('a network error in a navigation is the outcome of a request that failed so', () => {
  const of = (text: string) =>
    judgeThrown(new Error(`page.goto: ${text} at http://x/\nCall log:\n  - navigating to "http://x/"`), 0).outcome;
  expect(['net::ERR_CONNECTION_REFUSED', 'net::ERR_EMPTY_RESPONSE', 'net::ERR_TIMED_OUT', 'net::ERR_NAME_NOT_RESOLVED'].map(of)).toEqual([
    'refused',
    'reset',
    'timeout',
    'dns',
  ]);
  expect(of('net::ERR_CERT_AUTHORITY_INVALID')).toBe('tls');
});

test('a selector that never comes is a timeout, unless the page itself was an error', () => {
  expect(judgeThrown(timeout, 200)).toEqual({
    outcome: 'timeout',
    step: 'timeout',
    reason: "locator.click: Timeout 300ms exceeded. (waiting for locator('#never'))",
  });
  expect(judgeThrown(timeout, 503).outcome).toBe('http-error');
});

test('whatever else is thrown makes the answer wrong', () => {
  expect(judgeThrown(new Error('Expected values to be strictly equal:\n\n1 !== 2\n'), 200)).toEqual({
    outcome: 'wrong',
    step: 'failed',
    reason: 'Expected values to be strictly equal: 1 !== 2',
  });
  expect(judgeThrown('a text', 399)).toMatchObject({ outcome: 'wrong', reason: 'a text' });
});

test('a journey that ends well ends as its last page did', () => {
  expect(judgeDone(200, false).outcome).toBe('ok');
  expect(judgeDone(0, false).outcome).toBe('ok');
  expect(judgeDone(399, true).outcome).toBe('degraded');
  expect(judgeDone(400, true)).toEqual({ outcome: 'http-error', step: 'failed', reason: 'the last page was answered with 400' });
});

test('a reason is short and never empty', () => {
  expect(reasonOf(new Error('x'.repeat(2000)))).toHaveLength(300);
  expect(reasonOf(new Error(''))).toBe('it threw nothing that has a message');
  expect(waitIn(timeout)).toBe("waiting for locator('#never')");
  expect(waitIn(new Error('no log'))).toBeUndefined();
});
