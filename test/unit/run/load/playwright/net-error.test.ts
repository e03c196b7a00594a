// Goal: what Chromium calls its network errors, and what the builtin driver calls its own, end as the same outcomes.
import { expect, test } from 'vitest';
import { judgeFailure } from '../../../../../harness/run/load/failure.ts';
import { judgeNetError, netErrorIn } from '../../../../../harness/run/load/playwright/net-error.ts';

test.each([
  ['ERR_CONNECTION_REFUSED', 'ECONNREFUSED'],
  ['ERR_ADDRESS_UNREACHABLE', 'EHOSTUNREACH'],
  ['ERR_CONNECTION_RESET', 'ECONNRESET'],
  ['ERR_EMPTY_RESPONSE', 'UND_ERR_SOCKET'],
  ['ERR_INCOMPLETE_CHUNKED_ENCODING', 'UND_ERR_SOCKET'],
  ['ERR_CONTENT_LENGTH_MISMATCH', 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH'],
  ['ERR_CONNECTION_TIMED_OUT', 'ETIMEDOUT'],
  ['ERR_NAME_NOT_RESOLVED', 'ENOTFOUND'],
  ['ERR_INSUFFICIENT_RESOURCES', 'EMFILE'],
  ['ERR_SSL_PROTOCOL_ERROR', 'EPROTO'],
  ['ERR_INVALID_HTTP_RESPONSE', 'HTTPParserError'],
])('%s ends as %s does', (chromium, node) => {
  expect(judgeNetError(chromium).outcome).toBe(judgeFailure(Object.assign(new Error('it failed'), { code: node })).outcome);
});

test('one that nobody knows is named', () => {
  expect(judgeNetError('ERR_NEW')).toEqual({ outcome: 'reset', observed: { mismatch: 'failed with ERR_NEW' } });
  expect(netErrorIn('page.goto: net::ERR_ABORTED at http://x')).toBe('ERR_ABORTED');
  expect(netErrorIn('ERR_ABORTED')).toBeNull();
});
