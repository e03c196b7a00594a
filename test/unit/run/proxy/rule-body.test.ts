/** Goal: every rule that can act is taken as it is, everything else is refused with all of its problems, each with the way out. */
import { describe, expect, test } from 'vitest';
import { ApiError } from '../../../../harness/run/proxy/api/reply.ts';
import { readRelease, readRule } from '../../../../harness/run/proxy/api/rule-body.ts';
import type { HttpAction } from '../../../../harness/run/proxy/contract.ts';

const refusalOf = (read: () => unknown): string => {
  try {
    read();
  } catch (error) {
    if (error instanceof ApiError && error.status === 400) return error.message;
    throw error;
  }
  throw new Error('it was taken');
};
const rule = (action: unknown, target: unknown = {}): unknown => ({ name: 'storm', action, target });
const refusal = (action: unknown, target?: unknown): string => refusalOf(() => readRule(rule(action, target)));

const actions: readonly HttpAction[] = [
  { kind: 'status', status: 503, body: 'no', headers: { 'x-a': 'b c' }, retryAfterS: 2 },
  { kind: 'delay', before: 'response', delayMs: 0.5, jitterMs: 0.5 },
  { kind: 'slow-body', pieceBytes: 1, delayMs: 10 },
  { kind: 'abort', at: 'after-bytes', bytes: 0, how: 'close' },
  { kind: 'abort', at: 'before' },
  { kind: 'hang' },
  { kind: 'hang', at: 'after-bytes', bytes: 7 },
  { kind: 'truncate', bytes: 0 },
  { kind: 'truncate', share: 0.5 },
  { kind: 'corrupt', bytes: 1, what: 'framing' },
  { kind: 'edit', of: 'response', status: 404, setHeaders: { etag: '' }, removeHeaders: ['Set-Cookie'], body: '' },
  {
    kind: 'edit',
    of: 'request',
    replace: [{ find: 'a', with: '' }],
    json: [
      { pointer: '', value: null },
      { pointer: '/a~0b~1c/0', value: [] },
    ],
  },
  { kind: 'quota', limit: 0, windowMs: 1, status: 503, body: 'slow down' },
  { kind: 'hold', at: 'request', maxMs: 1000 },
  { kind: 'reply-lost' },
  { kind: 'reply-late', delayMs: 86_400_000 },
  { kind: 'refuse' },
];

test.each(actions)('takes $kind as it is: %o', (action) => {
  const target = {
    method: 'POST',
    path: '/a/*',
    headers: { tenant: 'a*' },
    traceId: '0af7651916cd43dd8448eb211c80319c',
    after: 0,
    first: 1,
    everyNth: 2,
    pattern: '.x',
    share: 0.5,
    next: 3,
  };
  const given = { name: 'storm', action, target, seed: 3, owner: 'ci', ttlMs: 500 };
  expect(readRule(given)).toEqual(given);
});

test('what is left out is filled in, and what a listing adds does no harm', () => {
  expect(readRule({ name: 'a', action: { kind: 'refuse' }, sinceUs: 1, matched: 2, hit: 3, held: 4 })).toEqual({
    name: 'a',
    action: { kind: 'refuse' },
    target: {},
  });
});

describe('refuses', () => {
  test.each([
    [{ kind: 'status', status: 99 }, "'action.status' must be a whole number from 200 to 599: current value is 99"],
    [{ kind: 'stauts' }, `'action.kind' must be one of "status", `],
    [{}, 'current value is nothing'],
    [{ kind: 'toString' }, "'action.kind' must be one of"],
    [{ kind: 'status', status: 500, headers: { 'content-length': '1' } }, "'action.headers.content-length' must be none of connection, "],
    [{ kind: 'status', status: 500, headers: { a: 'b\r\nc: d' } }, "'action.headers.a' must be a text of one line in Latin-1"],
    [{ kind: 'status', status: 500, headers: { 'a b': 'c' } }, "'action.headers.a b' must be the name of a header"],
    [{ kind: 'status', status: 500, body: 'x'.repeat(1024 * 1024 + 1) }, "'action.body' must be a text of at most 1048576 bytes"],
    [{ kind: 'delay', before: 'body', delayMs: 1 }, `'action.before' must be one of "request", "response": current value is "body"`],
    [{ kind: 'delay', before: 'request', delayMs: 86_400_001 }, "'action.delayMs' must be a number from 0 to 86400000 ms"],
    [{ kind: 'delay', before: 'request', delayMs: 5, jitterMs: 6 }, "'action.jitterMs' must be at most 'delayMs' (5): current value is 6"],
    [{ kind: 'slow-body', pieceBytes: 0, delayMs: 1 }, "'action.pieceBytes' must be a whole number of at least 1: current value is 0"],
    [{ kind: 'abort', at: 'after-bytes' }, "'action.bytes' must be a whole number where 'at' is after-bytes: current value is nothing"],
    [{ kind: 'abort', at: 'before', bytes: 1 }, "'action.bytes' must be left out where 'at' is not after-bytes: current value is 1"],
    [{ kind: 'hang', bytes: 1 }, "'action.bytes' must be left out"],
    [{ kind: 'truncate' }, "'action.bytes' must be given, or 'share', and not both: current value is nothing"],
    [{ kind: 'truncate', bytes: 1, share: 0.5 }, "'action.bytes' must be given, or 'share', and not both: current value is 1"],
    [{ kind: 'truncate', share: 1 }, "'action.share' must be below 1: current value is 1"],
    [{ kind: 'corrupt', bytes: 65_537 }, "'action.bytes' must be a whole number from 1 to 65536"],
    [{ kind: 'edit', of: 'request' }, "'action.of' must be followed by at least one edit"],
    [{ kind: 'edit', of: 'request', status: 200 }, "'action.status' must be left out for a request"],
    [{ kind: 'edit', of: 'response', body: 'a', json: [{ pointer: '/a', value: 1 }] }, "'action.json' must be left out beside 'body'"],
    [{ kind: 'edit', of: 'response', json: [{ pointer: 'a', value: 1 }] }, "'action.json[0].pointer' must be a JSON pointer"],
    [{ kind: 'edit', of: 'response', json: [{ pointer: '/a~2', value: 1 }] }, "'action.json[0].pointer' must be a JSON pointer"],
    [{ kind: 'edit', of: 'response', json: [{ pointer: '/a' }] }, "'action.json[0].value' must be a value: current value is nothing"],
    [{ kind: 'edit', of: 'response', replace: [{ find: '', with: 'a' }] }, "'action.replace[0].find' must be a text that is not empty"],
    [{ kind: 'edit', of: 'response', replace: [] }, "'action.replace' must be a list of objects: current value is []"],
    [
      { kind: 'edit', of: 'response', removeHeaders: ['Content-Length'] },
      "'action.removeHeaders[0]' must be the name of a header, none of",
    ],
    [{ kind: 'quota', limit: -1, windowMs: 0 }, "'action.windowMs' must be a whole number from 1 to 86400000 ms: current value is 0"],
    [{ kind: 'hold', at: 'request', maxMs: 0 }, "'action.maxMs' must be"],
    [{ kind: 'reply-lost', delayMs: 1 }, "'action.delayMs' must be left out: current value is the unknown field 'delayMs'"],
  ])('%o', (action, message) => {
    expect(refusal(action)).toContain(message);
  });

  test.each([
    [{ everyNht: 2 }, "the unknown field 'everyNht' (did you mean 'everyNth'?)"],
    [{ everyNth: 0 }, "'target.everyNth' must be a whole number of at least 1: current value is 0"],
    [{ share: 1.5 }, "'target.share' must be a number from 0 to 1: current value is 1.5"],
    [{ first: 0.5 }, "'target.first' must be a whole number of at least 1"],
    [{ after: -1 }, "'target.after' must be a whole number of at least 0"],
    [{ pattern: '..' }, "'target.pattern' must be 'x' (hit) and '.' (spared), with at least one 'x'"],
    [{ traceId: 'abc' }, "'target.traceId' must be 32 hexadecimal digits"],
    [{ path: 'charges' }, "'target.path' must be a path that starts with '/' or '*'"],
    [{ method: 'G T' }, "'target.method' must be a method"],
    [{ headers: { a: 1 } }, "'target.headers.a' must be a text of one line in Latin-1: current value is 1"],
    [[], "'target' must be an object: current value is []"],
  ])('a target %o', (target, message) => {
    expect(refusal({ kind: 'refuse' }, target)).toContain(message);
  });

  test('what is no rule, and a rule’s own fields', () => {
    expect(refusalOf(() => readRule([]))).toBe("Cannot put the rule in force as 'rule' must be an object: current value is []");
    const texts = refusalOf(() => readRule({ name: '', action: { kind: 'refuse' }, taget: {}, owner: 'a\n', ttlMs: 0.5, seed: '1' })).split(
      '; ',
    );
    expect(texts.map((text) => /'(\w+)' must be/.exec(text)?.[1])).toEqual(['name', 'seed', 'owner', 'ttlMs', 'taget']);
  });

  test('all at once', () => {
    expect(refusal({ kind: 'status', status: 99, boddy: '' }, { share: 2 })).toBe(
      "Cannot put the rule in force as 'target.share' must be a number from 0 to 1: current value is 2; " +
        "'action.status' must be a whole number from 200 to 599: current value is 99; " +
        "'action.boddy' must be one of status, body, headers, retryAfterS: current value is the unknown field 'boddy' (did you mean 'body'?)",
    );
  });
});

describe('a release', () => {
  test.each([
    {},
    { count: 0 },
    { count: 3, ordinals: [1, 2], outcome: { kind: 'pass' } },
    { outcome: { kind: 'status', status: 504, body: 'late', headers: { a: 'b' } } },
    { outcome: { kind: 'close' } },
  ])('takes %o', (request) => {
    expect(readRelease(request)).toEqual(request);
  });

  test.each([
    [{ count: -1 }, "'count' must be a whole number of at least 0: current value is -1"],
    [{ ordinals: [0] }, "'ordinals[0]' must be a whole number of at least 1: current value is 0"],
    [{ outcome: { kind: 'drop' } }, `'outcome.kind' must be one of "pass", "reset", "close", "status": current value is "drop"`],
    [{ outcome: { kind: 'status' } }, "'outcome.status' must be a whole number from 200 to 599: current value is nothing"],
    [{ cuont: 1 }, "did you mean 'count'?"],
  ])('refuses %o', (request, message) => {
    expect(refusalOf(() => readRelease(request))).toContain(message);
  });
});
