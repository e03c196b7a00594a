import { expect, test } from 'vitest';
import { judgeFailure } from '../../../../harness/run/load/failure.ts';

const coded = (code: string): Error => Object.assign(new Error('failed'), { code });

test.each([
  ['refused', coded('ECONNREFUSED')],
  ['refused', new AggregateError([coded('ECONNREFUSED'), coded('ECONNREFUSED')])],
  ['reset', coded('ECONNRESET')],
  ['reset', coded('UND_ERR_SOCKET')],
  ['timeout', coded('ETIMEDOUT')],
  ['dns', coded('ENOTFOUND')],
  ['dns', new Error('outer', { cause: coded('EAI_AGAIN') })],
  ['tls', coded('DEPTH_ZERO_SELF_SIGNED_CERT')],
  ['tls', coded('ERR_TLS_CERT_ALTNAME_INVALID')],
  ['shed', coded('EMFILE')],
  ['shed', coded('EADDRNOTAVAIL')],
])('the outcome is %s for %s', (outcome, error) => {
  expect(judgeFailure(error)).toEqual({ outcome, observed: null });
});

test('a code that nobody foresaw is named', () => {
  expect(judgeFailure(coded('ENEWCODE'))).toEqual({ outcome: 'reset', observed: { mismatch: 'failed with ENEWCODE' } });
});
