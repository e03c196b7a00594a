import { expect, test } from 'vitest';
import { judgeFailedCall } from '../../../../../harness/run/load/k6/failed-call.ts';

test.each([
  ['refused', '', 'refused', null],
  ['reset', 'EOF', 'reset', null],
  ['timeout', '', 'timeout', null],
  ['dns', '', 'dns', null],
  ['tls', '', 'tls', null],
  ['canceled', '', 'aborted', null],
  ['other', 'connect: no route to host', 'refused', null],
  ['other', 'socket: too many open files', 'shed', 'socket: too many open files'],
  ['other', 'net/http: invalid header field value for "X"', 'shed', 'net/http: invalid header field value for "X"'],
  ['other', 'malformed HTTP response "nonsense"', 'wrong', 'no HTTP answer: malformed HTTP response "nonsense"'],
  ['other', 'something new', 'reset', 'failed with something new'],
] as const)('%s %s is %s', (err, words, outcome, mismatch) => {
  expect(judgeFailedCall(err, words)).toEqual({ outcome, observed: mismatch === null ? null : { mismatch } });
});
